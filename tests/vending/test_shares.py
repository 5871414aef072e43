"""Whose calls STS gets while it throttles."""

import random
from collections.abc import AsyncIterator

import pytest

from authorizer.errors import StsThrottled
from authorizer.model import Identity
from authorizer.settings.schema import Policy
from authorizer.vending.request import assume_role_request
from authorizer.vending.shares import LAST, MOST, Shares
from authorizer.vending.sts import ENOUGH, FIRST_PAUSE
from authorizer.vending.vendor import Vendor
from tests.vending.conftest import new_vendor
from tests.vending.factories import NOW, make_identity, make_policy, make_role, make_settings
from tests.vending.fake_sts import Failure, FakeSts
from tests.vending.test_vendor import vend

LOUD, QUIET = frozenset({("tenant", "loud")}), frozenset({("tenant", "quiet")})


@pytest.fixture(autouse=True)
def _seed() -> None:
    random.seed(1)


def crowd(shares: Shares, *, loud: int, quiet: int) -> None:
    """So many calls of the one, so many of the other."""
    for owners in (*(LOUD,) * loud, *(QUIET,) * quiet):
        assert shares.admits(owners, last=False)


def admitted(shares: Shares, owners: frozenset[tuple[str, str]], *, calls: int = 200) -> int:
    return sum(shares.admits(owners, last=False) for _ in range(calls))


def test_nobody_is_held_back_while_sts_takes_all() -> None:
    shares = Shares()
    assert admitted(shares, LOUD) == 200
    assert admitted(shares, QUIET) == 200


def test_under_pressure_whoever_had_most_of_the_calls_is_held_back_and_nobody_else() -> None:
    shares = Shares()
    crowd(shares, loud=50, quiet=5)
    for _ in range(4):
        shares.throttled()
    assert shares.admits(QUIET, last=False)
    assert not shares.admits(LOUD, last=False)
    assert shares.admits(QUIET, last=False)


def test_whoever_is_alone_is_never_held_back() -> None:
    shares = Shares()
    crowd(shares, loud=60, quiet=0)
    for _ in range(20):
        shares.throttled()
    assert admitted(shares, LOUD) == 200


def test_a_call_for_nobody_is_never_held_back() -> None:
    shares = Shares()
    crowd(shares, loud=60, quiet=3)
    for _ in range(20):
        shares.throttled()
    assert admitted(shares, frozenset()) == 200


def test_two_claims_of_one_caller_count_each_among_its_own() -> None:
    """A tenant's share is one of tenants, not one of users."""
    shares = Shares()
    for user in range(30):
        assert shares.admits(LOUD | {("sub", f"user-{user}")}, last=False)
    crowd(shares, loud=0, quiet=3)
    for _ in range(8):
        shares.throttled()
    assert not shares.admits(LOUD | {("sub", "new")}, last=False)
    assert shares.admits(QUIET | {("sub", "new")}, last=False)


@pytest.mark.parametrize("relief", ["answered", "held back"])
def test_pressure_ends_with_calls_that_are_answered_or_held_back(relief: str) -> None:
    shares = Shares()
    crowd(shares, loud=50, quiet=5)
    for _ in range(100):
        shares.throttled()
    assert shares._draws == MOST
    for _ in range(80 + 1):
        if relief == "answered":
            shares.answered()
        else:
            shares.admits(LOUD, last=False)
    assert shares._draws <= 1.0
    for _ in range(80):
        shares.answered()
    assert shares._draws == 0
    assert shares.admits(LOUD, last=False)


def test_calls_of_long_ago_are_forgotten() -> None:
    shares = Shares()
    crowd(shares, loud=50, quiet=LAST)
    for _ in range(8):
        shares.throttled()
    assert shares.admits(LOUD, last=False)
    assert not shares.admits(QUIET, last=False)


@pytest.fixture
async def tenants(sts: FakeSts) -> AsyncIterator[Vendor]:
    """A vendor whose role's template isolates the tenant, behind fifty calls of one."""
    policy = Policy(name="s3-home", isolates=("tenant",), shared=(), terms=())
    vendor = new_vendor(make_settings(policies={policy.name: policy}))
    for number in range(50):
        assert vendor._sts._shares.admits({("tenant", "loud" if number else "quiet")}, last=False)
    yield vendor
    await vendor.close()


async def test_who_is_held_back_asks_sts_once_in_place_of_four_times(tenants: Vendor, sts: FakeSts) -> None:
    for _ in range(50):
        tenants._sts._shares.throttled()
    sts.always = Failure("Throttling")
    asked = []
    for tenant in ("loud", "quiet"):
        with pytest.raises(StsThrottled):
            await vend(tenants, identity=make_identity(claims={"sub": "u", "tenant": tenant}))
        asked.append((len(sts.requests), tenants.counts.calls))
    assert asked == [(1, 1), (5, 5)]


async def test_nobody_is_refused_whom_sts_might_have_answered(tenants: Vendor, sts: FakeSts) -> None:
    for _ in range(50):
        tenants._sts._shares.throttled()
    await vend(tenants, identity=make_identity(claims={"sub": "u", "tenant": "loud"}))
    assert (len(sts.requests), tenants.counts.retries) == (1, 3)


async def test_who_has_no_time_for_another_try_is_not_held_back(tenants: Vendor, sts: FakeSts) -> None:
    for _ in range(50):
        tenants._sts._shares.throttled()
    await vend(tenants, identity=make_identity(claims={"sub": "u", "tenant": "loud"}), budget=0.5)
    assert len(sts.requests) == 1


async def test_what_sts_throttles_is_pressure_and_what_it_answers_takes_it_away(
    tenants: Vendor, sts: FakeSts
) -> None:
    sts.failures = [Failure("Throttling")] * 3
    await vend(tenants, identity=make_identity(claims={"sub": "u", "tenant": "quiet"}))
    assert tenants._sts._shares._draws == pytest.approx(3 - 0.1)


async def test_other_refusals_of_sts_are_no_pressure(tenants: Vendor, sts: FakeSts) -> None:
    sts.failures = [Failure("MalformedPolicyDocument")]
    with pytest.raises(Exception, match="does not accept"):
        await vend(tenants)
    assert tenants._sts._shares._draws == 0


def test_whom_a_call_is_for_is_what_the_role_s_templates_isolate() -> None:
    both = Policy(name="both", isolates=("tenant", "sub", "absent", "many"), shared=(), terms=())
    vendor = new_vendor(make_settings(policies={"both": both}))
    role = make_role(policies=("both", "unknown"))
    identity = make_identity(
        role=role, claims={"sub": "u", "tenant": "acme", "many": ("a", "b"), "other": "x"}
    )
    assert vendor._owners(identity) == {("tenant", "acme"), ("sub", "u")}


@pytest.mark.parametrize(
    "identity",
    [
        pytest.param(make_identity(role=make_role(policies=("open",))), id="whose role isolates nothing"),
        pytest.param(
            make_identity(role=make_role(policies=("unknown",))), id="whose policy nobody described"
        ),
        pytest.param(
            make_identity(role=make_role(policies=("mine",)), claims={"sub": "u"}),
            id="who lacks the claim that theirs isolates",
        ),
    ],
)
def test_those_for_whom_nothing_is_kept_apart_are_one_together(identity: Identity) -> None:
    """Nobody's calls would never be held back, and tenants would be on their behalf."""
    policies = {
        "mine": Policy(name="mine", isolates=("tenant",), shared=(), terms=()),
        "both": Policy(name="both", isolates=("tenant", "project"), shared=(), terms=()),
        "open": Policy(name="open", isolates=(), shared=(), terms=()),
    }
    vendor = new_vendor(make_settings(policies=policies))
    assert vendor._owners(identity) == {("tenant", ""), ("project", "")}
    assert new_vendor(make_settings(policies={}))._owners(identity) == frozenset()


async def test_who_has_no_tenant_takes_sts_from_no_tenant(tenants: Vendor, sts: FakeSts) -> None:
    nobody = make_identity(role=make_role(policies=("unknown",)))
    for _ in range(50):
        tenants._sts._shares.admits({("tenant", "")}, last=False)
        tenants._sts._shares.throttled()
    sts.always = Failure("Throttling")
    with pytest.raises(StsThrottled):
        await vend(tenants, identity=nobody)
    assert len(sts.requests) == 1


def test_calls_are_remembered_by_their_last_and_told_to_nobody() -> None:
    assert LAST == 64
    shares = Shares()
    crowd(shares, loud=100, quiet=0)
    assert len(shares._last) == 64
    assert "loud" not in repr(shares)


def test_who_has_more_and_meets_others_alone_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = Shares()
    crowd(shares, loud=50, quiet=5)
    for _ in range(4):
        shares.throttled()
    monkeypatch.setattr(random, "choices", lambda _, k: [QUIET] * k)
    assert shares.admits(LOUD, last=False)


async def test_a_try_with_as_much_time_behind_it_as_sts_takes_is_the_last(
    tenants: Vendor, sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "random", lambda: 1.0)
    for _ in range(50):
        tenants._sts._shares.throttled()
    request = assume_role_request(make_identity(), make_policy())
    left = FIRST_PAUSE * 2 * 1.0 + ENOUGH
    await tenants._sts.assume_role(request, now=NOW, remaining=lambda: left, owners={("tenant", "loud")})
    assert (len(sts.requests), tenants.counts.retries) == (1, 0)


async def test_the_last_try_leaves_sts_time_to_answer(
    tenants: Vendor, sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pauses are up to 0.1, 0.2 and 0.4 s; with half as much left behind one as STS takes, it was sent in vain."""
    monkeypatch.setattr(random, "random", lambda: 1.0)
    for _ in range(50):
        tenants._sts._shares.throttled()
    left = iter([0.45, 0.45, 0.35, 0.35])
    request = assume_role_request(make_identity(), make_policy())
    await tenants._sts.assume_role(
        request, now=NOW, remaining=lambda: next(left), owners={("tenant", "loud")}
    )
    assert (len(sts.requests), tenants.counts.retries) == (1, 1)
