"""What one environment remembers: how long, how much, and what leaves first."""

import pytest

from authorizer.errors import AssumeRoleDenied
from authorizer.model import Credentials, Shape
from authorizer.vending.cache import Counts, CredentialCache
from authorizer.vending.lifetime import Lifetime
from tests.vending.factories import NOW, make_credentials, make_gateway

LIFETIME = Lifetime.of(make_gateway(), Shape.REST_REQUEST)


def cache_of(size: int) -> CredentialCache:
    return CredentialCache(size, Counts())


def found(cache: CredentialCache, key: str, now: float = NOW) -> Credentials | None:
    return cache.find(key, LIFETIME, now)


def is_denied(cache: CredentialCache, key: str, now: float = NOW) -> bool:
    try:
        return found(cache, key, now) is not None
    except AssumeRoleDenied:
        return True


def denial(role: str = "editor") -> AssumeRoleDenied:
    return AssumeRoleDenied("STS denies it", role_arn=role)


def test_a_new_environment_has_counted_nothing() -> None:
    assert set(vars(Counts()).values()) == {0}


def test_sessions_that_were_renewed_leave_after_those_that_were_not() -> None:
    cache = cache_of(2)
    for key, later in (("renewed", 0), ("other", 0), ("renewed", 60), ("newest", 60)):
        cache.keep(key, make_credentials(expiration=NOW + 3600 + later))
    assert found(cache, "other") is None
    assert found(cache, "renewed") == make_credentials(expiration=NOW + 3660)
    assert found(cache, "newest") is not None


def test_older_sessions_never_replace_newer_ones() -> None:
    """Two fetches of one user can overtake each other: one for a request, one for a connection."""
    cache = cache_of(2)
    newer = make_credentials(expiration=NOW + 3600)
    for credentials in (newer, make_credentials(expiration=NOW + 3599)):
        cache.keep("key", credentials)
    assert found(cache, "key") is newer


def test_who_was_denied_last_is_remembered_longest() -> None:
    cache = cache_of(2)
    for key in ("again", "other", "again", "newest"):
        cache.deny(key, denial(), NOW)
    assert [is_denied(cache, key) for key in ("again", "other", "newest")] == [True, False, True]


@pytest.mark.parametrize(
    ("later", "denied"),
    [
        pytest.param(0.0, True, id="at once"),
        pytest.param(4.9, True, id="within five seconds"),
        pytest.param(5.0, False, id="after five seconds: whoever mends a trust policy is waiting"),
        pytest.param(-0.1, False, id="where the clock was set back, which prolongs no denial"),
    ],
)
def test_a_denial_answers_for_five_seconds(later: float, denied: bool) -> None:
    cache = cache_of(1)
    cache.deny("key", denial(), NOW)
    assert is_denied(cache, "key", NOW + later) is denied


def test_who_is_granted_is_denied_no_longer() -> None:
    cache = cache_of(1)
    cache.deny("key", denial(), NOW)
    cache.keep("key", make_credentials(expiration=NOW + 1))
    assert not is_denied(cache, "key")


def test_nothing_shows_of_whom_an_environment_remembers() -> None:
    cache = cache_of(2)
    cache.keep("one", make_credentials())
    cache.deny("two", denial("arn:aws:iam::123456789012:role/secret"), NOW)
    shown = repr(cache)
    for remembered in ("ASIACANARY", make_credentials().session_name, "one", "two", "denies"):
        assert remembered not in shown
