"""The sessions that one environment remembers."""

from dataclasses import replace

from authorizer.vending.cache import Counts, CredentialCache
from authorizer.vending.lifetime import Lifetime
from tests.vending.factories import NOW, make_credentials

LIFETIME = Lifetime(need=60)
OLDER = make_credentials(access_key_id="ASIAOLDER")
NEWER = replace(OLDER, access_key_id="ASIANEWER", expiration=OLDER.expiration + 1)


def test_older_credentials_never_replace_newer_ones() -> None:
    cache = CredentialCache(2, Counts())
    for credentials in (NEWER, OLDER):
        cache.keep("key", credentials)
    assert cache.find("key", LIFETIME, NOW) is NEWER


def test_newer_credentials_replace_older_ones() -> None:
    cache = CredentialCache(2, Counts())
    for credentials in (OLDER, NEWER):
        cache.keep("key", credentials)
    assert cache.find("key", LIFETIME, NOW) is NEWER


def test_older_credentials_that_are_not_kept_still_say_that_their_caller_is_active() -> None:
    cache = CredentialCache(2, Counts())
    for key, credentials in (("one", NEWER), ("two", NEWER), ("one", OLDER), ("three", NEWER)):
        cache.keep(key, credentials)
    assert cache.find("one", LIFETIME, NOW) is NEWER
    assert cache.find("two", LIFETIME, NOW) is None
