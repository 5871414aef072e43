"""Vending against a fake STS: one call for many, memory that lives no longer than it may."""

import asyncio
import time
from itertools import pairwise
from statistics import mean

import pytest

from authorizer.errors import (
    AssumeRoleDenied,
    CredentialsTooShort,
    RequestInvalid,
    StsThrottled,
    StsUnavailable,
    TokenExpired,
    TooManySessions,
)
from authorizer.model import Credentials, Identity, Shape
from authorizer.settings.callers import Callers
from authorizer.settings.schema import Session
from authorizer.vending import vendor as vendor_module
from authorizer.vending.cache import DENIAL_TTL, Counts, CredentialCache
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from authorizer.waiting.flights import Flight, Flights
from tests.make import PATIENT
from tests.vending.conftest import SESSION, new_vendor
from tests.vending.factories import (
    EDITOR,
    NOW,
    ROUTE,
    SUB,
    make_gateway,
    make_identity,
    make_policy,
    make_role,
    make_settings,
)
from tests.vending.fake_sts import CUT_OFF, HANG_UP, Failure, FakeSts

THROTTLED = Failure("Throttling", "Rate exceeded")


async def vend(
    vendor: Vendor, identity: Identity | None = None, *, now: float = NOW, budget: float = 8.0
) -> Credentials:
    return await vendor.vend(
        identity or make_identity(), make_policy(), Shape.REST_REQUEST, now, Deadline.after(budget)
    )


async def test_credentials_come_with_everything_that_the_answer_needs(vendor: Vendor, sts: FakeSts) -> None:
    credentials = await vend(vendor)
    assert credentials == Credentials(
        access_key_id="ASIA000000000001",
        secret_access_key="canary-secret/1+=",
        session_token="canary-session/1+==",
        expiration=NOW + 3600,
        role_arn=EDITOR,
        session_name=SUB,
        packed_policy_size=12,
        issued_at=NOW,
    )
    assert sts.requests[0]["Policy"] == make_policy().text
    assert "canary" not in repr(credentials)


async def test_a_second_request_of_the_same_person_is_answered_from_memory(
    vendor: Vendor, sts: FakeSts
) -> None:
    assert await vend(vendor) is await vend(vendor, now=NOW + 60)
    assert len(sts.requests) == 1
    assert (vendor.counts.hits, vendor.counts.misses, vendor.counts.calls) == (1, 1, 1)


async def test_a_thousand_concurrent_callers_of_one_user_make_one_call(vendor: Vendor, sts: FakeSts) -> None:
    sts.gate.clear()
    callers = [asyncio.ensure_future(vend(vendor)) for _ in range(1000)]
    await sts.arrived.wait()
    sts.gate.set()
    assert len({id(credentials) for credentials in await asyncio.gather(*callers)}) == 1
    assert len(sts.requests) == 1
    assert vendor.counts.joined == 999


async def test_many_users_at_once_wait_for_sts_and_not_for_each_other(vendor: Vendor, sts: FakeSts) -> None:
    """botocore would have ten connections, aiohttp a hundred."""
    sts.gate.clear()
    users = [asyncio.ensure_future(vend(vendor, make_identity(principal=f"u{n}"))) for n in range(110)]
    async with asyncio.timeout(5):
        while len(sts.requests) < len(users):
            sts.arrived.clear()
            await sts.arrived.wait()
    sts.gate.set()
    await asyncio.gather(*users)
    assert sts.most_connections == len(users)


async def test_two_users_at_once_make_two_calls(vendor: Vendor, sts: FakeSts) -> None:
    first, second = await asyncio.gather(vend(vendor), vend(vendor, make_identity(principal="another")))
    assert first.access_key_id != second.access_key_id
    assert {request["RoleSessionName"] for request in sts.requests} == {SUB, "another"}


async def test_a_caller_who_leaves_does_not_end_the_call_for_the_others(vendor: Vendor, sts: FakeSts) -> None:
    sts.gate.clear()
    first, second = asyncio.ensure_future(vend(vendor)), asyncio.ensure_future(vend(vendor))
    await sts.arrived.wait()
    first.cancel()
    sts.gate.set()
    assert (await second).session_name == SUB
    assert len(sts.requests) == 1


async def test_the_last_caller_to_leave_ends_the_call_and_the_next_one_starts_anew(
    vendor: Vendor, sts: FakeSts
) -> None:
    sts.gate.clear()
    only = asyncio.ensure_future(vend(vendor))
    await sts.arrived.wait()
    only.cancel()
    with pytest.raises(asyncio.CancelledError):
        await only
    sts.gate.set()
    await vend(vendor)
    assert len(sts.requests) == 2


async def test_a_vendor_that_shares_nothing_counts_nothing_of_it(vendor: Vendor) -> None:
    await vend(vendor)
    assert vendor.counts.take() == {"misses": 1, "calls": 1}


async def test_every_permission_ends_with_the_token_where_that_is_configured(sts: FakeSts) -> None:
    vendor = new_vendor(make_settings(session=Session(end_with_token=True)))
    await vend(vendor, make_identity(expires_at=NOW + 60))
    await vendor.close()
    assert '"DateLessThan":{"aws:CurrentTime":"2027-01-15T08:01:00Z"}' in sts.requests[0]["Policy"]


@pytest.mark.parametrize(
    ("configured", "token", "ends"),
    [
        pytest.param(True, 60.9, 60, id="with the token"),
        pytest.param(True, 7200, 3600, id="before the token"),
        pytest.param(False, 60, 3600, id="whenever the token does"),
    ],
)
async def test_credentials_say_when_their_permissions_end(
    sts: FakeSts, configured: bool, token: float, ends: float
) -> None:
    vendor = new_vendor(make_settings(session=Session(end_with_token=configured)))
    identity = make_identity(expires_at=NOW + token)
    assert [(await vend(vendor, identity)).expiration for _ in range(2)] == [NOW + ends] * 2
    await vendor.close()
    assert len(sts.requests) == 1


@pytest.mark.parametrize("later", [60, 60.5, 90])
async def test_a_token_that_is_over_and_taken_within_its_leeway_makes_no_session_that_ends_with_it(
    sts: FakeSts, later: float
) -> None:
    """Whatever was held for it is dead as well."""
    vendor = new_vendor(make_settings(session=Session(end_with_token=True)))
    identity = make_identity(expires_at=NOW + 60.7)
    await vend(vendor, identity)
    with pytest.raises(TokenExpired, match="ends with it"):
        await vend(vendor, identity, now=NOW + later)
    await vendor.close()
    assert len(sts.requests) == 1


async def test_silence_ends_at_the_deadline(vendor: Vendor, sts: FakeSts) -> None:
    sts.gate.clear()
    with pytest.raises(StsUnavailable, match=r"within 0\.1 s"):
        await vend(vendor, budget=0.1)


def test_a_step_has_a_limit_of_its_own_within_the_deadline() -> None:
    deadline = Deadline.after(8, clock=lambda: NOW)
    assert deadline.within(3).remaining() == 3
    assert deadline.within(9).remaining() == 8
    assert deadline.within(3).within(5).remaining() == 3


async def test_no_time_left_is_a_failure_and_no_call(vendor: Vendor, sts: FakeSts) -> None:
    with pytest.raises(StsUnavailable, match="no time is left"):
        await vend(vendor, budget=0)
    assert sts.requests == []


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(THROTTLED, id="throttling is tried again"),
        pytest.param(Failure("ServiceUnavailable", status=503), id="a fault of STS is tried again"),
        pytest.param(Failure("InternalFailure", status=500), id="an internal failure is tried again"),
        pytest.param(Failure("", status=502, body="<html>"), id="a proxy's page is tried again"),
        pytest.param(HANG_UP, id="a connection that Lambda froze is made anew"),
        pytest.param(CUT_OFF, id="a reply that ends in the middle is asked for again"),
    ],
)
async def test_what_passes_is_tried_again(vendor: Vendor, sts: FakeSts, failure: Failure) -> None:
    sts.failures = [failure, failure]
    assert (await vend(vendor)).access_key_id == "ASIA000000000003"
    assert (vendor.counts.calls, vendor.counts.retries) == (3, 2)


async def test_throttling_that_lasts_is_a_failure_after_four_calls(vendor: Vendor, sts: FakeSts) -> None:
    sts.always = THROTTLED
    with pytest.raises(StsThrottled, match="600 calls a second"):
        await vend(vendor)
    assert len(sts.requests) == 4


async def test_no_retry_starts_that_the_deadline_would_cut(
    sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    sts.always = THROTTLED
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("random.random", lambda: 1.0)
    vendor = Vendor(make_settings(), session=SESSION, pause=pause)
    await vend_once_throttled(vendor, budget=8.0)
    assert pauses == [0.1, 0.2, 0.4]
    pauses.clear()
    monkeypatch.setattr("authorizer.vending.sts.FIRST_PAUSE", 10.0)
    await vend_once_throttled(vendor, budget=8.0)
    assert pauses == []
    await vendor.close()


async def vend_once_throttled(vendor: Vendor, *, budget: float) -> None:
    with pytest.raises(StsThrottled):
        await vend(vendor, budget=budget)


async def test_who_joins_late_is_checked_by_their_own_time(vendor: Vendor, sts: FakeSts) -> None:
    sts.gate.clear()
    first = asyncio.ensure_future(vend(vendor))
    await sts.arrived.wait()
    late = asyncio.ensure_future(vend(vendor, now=NOW + 3271))
    await asyncio.sleep(0)
    sts.gate.set()
    assert (await first).session_name == SUB
    with pytest.raises(CredentialsTooShort) as refused:
        await late
    assert refused.value.missing == 1


async def test_the_last_to_leave_ends_the_fetch_itself() -> None:
    """A fetch that outlived its invocation would be frozen with it, and its socket dead when it thaws."""
    flights: Flights[str] = Flights()
    started, ended = asyncio.Event(), asyncio.Event()

    async def fetch(_flight: Flight[str]) -> str:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    only = asyncio.ensure_future(flights.join("key", fetch, budget=8.0))
    await started.wait()
    assert "key" in flights
    only.cancel()
    await asyncio.wait_for(ended.wait(), 5)
    assert "key" not in flights


async def test_a_failure_is_not_remembered(vendor: Vendor, sts: FakeSts) -> None:
    sts.failures = [Failure("MalformedPolicyDocument")]
    with pytest.raises(Exception, match="does not accept the session policy"):
        await vend(vendor)
    assert (await vend(vendor)).session_name == SUB


async def test_a_denial_is_remembered_for_a_moment_only(vendor: Vendor, sts: FakeSts) -> None:
    sts.failures = [Failure("AccessDenied", status=403)]
    for later in (0.0, DENIAL_TTL - 0.1):
        with pytest.raises(AssumeRoleDenied) as denied:
            await vend(vendor, now=NOW + later)
        assert denied.value.role_arn == EDITOR
    assert len(sts.requests) == 1
    assert vendor.counts.denials_remembered == 1
    assert (await vend(vendor, now=NOW + DENIAL_TTL)).session_name == SUB


async def test_cached_credentials_serve_while_sts_is_down(vendor: Vendor, sts: FakeSts) -> None:
    first = await vend(vendor)
    sts.always = Failure("ServiceUnavailable", status=503)
    assert await vend(vendor, now=NOW + 3000) is first
    assert vendor.counts.refresh_failures == 1
    assert await vend(vendor, now=NOW + 3270) is first
    with pytest.raises(StsUnavailable):
        await vend(vendor, now=NOW + 3271)


async def test_credentials_that_are_due_are_fetched_anew_by_the_request_that_finds_them(
    vendor: Vendor, sts: FakeSts
) -> None:
    """Of the 3,600 s, 3,270 s serve: a cached answer lives 300 s, a backend works for 30 s. Four fifths are 2,616 s,
    three fifths 1,962 s."""
    first = await vend(vendor)
    assert await vend(vendor, now=NOW + 1961) is first
    assert len(sts.requests) == 1
    sts.clock = NOW + 2616
    assert (await vend(vendor, now=NOW + 2616)).expiration == NOW + 2616 + 3600
    assert await vend(vendor, now=NOW + 2700) is await vend(vendor, now=NOW + 2701)
    assert len(sts.requests) == 2
    assert vendor.counts.refreshed == 1


@pytest.mark.parametrize(
    ("failure", "others_are_renewed"),
    [
        pytest.param(Failure("AccessDenied", status=403), True, id="the role trusts the function no longer"),
        pytest.param(Failure("MalformedPolicyDocument"), True, id="STS refuses the policy"),
        pytest.param(Failure("PackedPolicyTooLarge"), True, id="the policy packs to too much"),
        pytest.param(Failure("ValidationError"), True, id="STS refuses the request"),
        pytest.param(Failure("", status=200, body="<a/>"), True, id="STS's reply is not whole"),
        pytest.param(THROTTLED, False, id="STS throttles"),
        pytest.param(Failure("ServiceUnavailable", status=503), False, id="STS has a fault"),
        pytest.param(Failure("InvalidClientTokenId", status=403), False, id="the function's own credentials"),
        pytest.param(HANG_UP, False, id="STS hangs up"),
    ],
)
async def test_whose_renewal_is_refused_puts_off_nobody_else_s(
    vendor: Vendor, sts: FakeSts, failure: Failure, others_are_renewed: bool
) -> None:
    """One who comes by each second would end the renewals of a whole environment."""
    other = make_identity(principal="another")
    first = await vend(vendor, other)
    await vend(vendor)
    sts.clock = NOW + 3000
    sts.failures = [failure] * (4 if failure in {THROTTLED, HANG_UP} or failure.status == 503 else 1)
    await vend(vendor, now=NOW + 3000)
    assert (vendor.counts.refresh_failures, vendor.counts.refreshed) == (1, 0)
    sts.failures = []
    assert ((await vend(vendor, other, now=NOW + 3000.5)) is not first) == others_are_renewed
    before = len(sts.requests)
    await vend(vendor, now=NOW + 3000.9)
    assert len(sts.requests) == before, "its own is left alone for a second either way"
    sts.clock = NOW + 3001
    assert (await vend(vendor, now=NOW + 3001)).expiration == NOW + 6601


async def test_sessions_that_were_put_off_are_as_many_as_are_remembered() -> None:
    cache = CredentialCache(2, Counts())
    for name in ("first", "second", "third"):
        cache.put_off(name, NOW)
    assert [cache.is_put_off(name, NOW) for name in ("first", "second", "third")] == [False, True, True]
    cache.put_off("second", NOW)
    cache.put_off("fourth", NOW)
    assert [cache.is_put_off(name, NOW) for name in ("second", "third", "fourth")] == [True, False, True]
    cache.put_off("third", NOW)
    assert not cache.is_put_off("third", NOW + 1)
    cache.put_off("third", NOW + 1)
    assert cache.is_put_off("third", NOW + 2.9)
    cache.clear()
    assert not cache.is_put_off("third", NOW + 1)


@pytest.mark.parametrize(
    "error",
    [
        *(TooManySessions("five are alive"), RequestInvalid("Tags", "has a key too many")),
        CredentialsTooShort("they end sooner", missing=1.0),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_only_one_session_lacks_puts_off_no_other(
    vendor: Vendor, sts: FakeSts, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    first, other = await vend(vendor), make_identity(principal="another")
    await vend(vendor, other)
    sts.clock = NOW + 3000
    with monkeypatch.context() as broken:

        async def fails(*_: object, **__: object) -> None:
            raise error

        broken.setattr(vendor, "_fetch", fails)
        assert await vend(vendor, now=NOW + 3000) is first
    assert (await vend(vendor, other, now=NOW + 3000)).expiration == NOW + 6600


async def test_a_pause_of_all_renewals_ends_with_the_next_success(vendor: Vendor, sts: FakeSts) -> None:
    await vend(vendor)
    sts.always = Failure("ServiceUnavailable", status=503)
    for second in (3000, 3001, 3003):
        await vend(vendor, now=NOW + second)
    assert vendor.counts.refresh_failures == 3
    sts.always, sts.clock = None, NOW + 3007
    assert (await vend(vendor, now=NOW + 3007)).expiration == NOW + 6607
    sts.always = Failure("ServiceUnavailable", status=503)
    await vend(vendor, now=NOW + 6000)
    sts.always, sts.clock = None, NOW + 6001
    assert (await vend(vendor, now=NOW + 6001)).expiration == NOW + 9601, (
        "a first failure pauses for a second"
    )


async def test_what_was_just_fetched_is_not_asked_for_again(vendor: Vendor, sts: FakeSts) -> None:
    """Credentials that serve for no second longer are due as soon as they are there."""
    sts.life = 330
    await vend(vendor)
    assert len(sts.requests) == 1


async def test_nothing_is_shared_or_counted_where_nothing_asks_for_it(vendor: Vendor) -> None:
    assert (vendor._shared, vendor._seats) == (None, None)


async def test_what_callers_hold_serves_them_for_five_minutes_whatever_the_gateway_keeps(
    sts: FakeSts,
) -> None:
    """And a role for backends takes no seat."""
    held = make_role(name="browser")
    vendor = new_vendor(make_settings(callers=Callers(roles={"editor": "browser"}, sessions=1)))
    theirs = make_identity(role=held, expires_at=NOW + 7200)
    first = await vend(vendor, theirs)
    sts.always = Failure("ServiceUnavailable", status=503)
    assert await vend(vendor, theirs, now=NOW + 3299) is first
    with pytest.raises(StsUnavailable):
        await vend(vendor, theirs, now=NOW + 3301)
    sts.always = None
    for number in range(3):
        await vend(vendor, make_identity(expires_at=NOW + 7200 + number, claims={"sub": f"u{number}"}))
    await vendor.close()


async def test_what_it_costs_to_renew_early_is_what_is_told(vendor: Vendor, sts: FakeSts) -> None:
    """authorizer/vending/lifetime.py: one who comes by every five minutes, for ninety hours."""
    waited = []
    for now in range(0, 90 * 3600, 300):
        sts.clock = NOW + now
        before = len(sts.requests)
        await vend(vendor, now=NOW + now)
        if len(sts.requests) > before:
            waited.append(now)
    apart = [later - earlier for earlier, later in pairwise(waited)]
    assert {seconds / 60 for seconds in apart} == {35, 40, 45}
    assert mean(apart) / 60 == pytest.approx(40, abs=1)
    assert len(waited) == pytest.approx(1080 / 8, rel=0.03)


async def test_the_old_ones_serve_where_fresh_ones_are_long_in_coming(
    vendor: Vendor, sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vendor_module.RENEWAL_BUDGET <= 1
    monkeypatch.setattr(vendor_module, "RENEWAL_BUDGET", 0.05)
    first = await vend(vendor)
    sts.gate.clear()
    began = time.monotonic()
    for _ in range(20):
        assert await vend(vendor, now=NOW + 3000) is first
    assert time.monotonic() - began < 0.9, "and only one of many requests waits"
    assert vendor.counts.refresh_failures == 1
    sts.gate.set()
    sts.clock = NOW + 3001
    assert (await vend(vendor, now=NOW + 3001)).expiration == NOW + 3001 + 3600


async def test_a_pause_after_a_failed_renewal_ends_with_the_next_success(
    vendor: Vendor, sts: FakeSts
) -> None:
    await vend(vendor)
    sts.always = Failure("AccessDenied", status=403)
    for second in range(3000, 3017):
        await vend(vendor, now=NOW + second)
    assert vendor.counts.refresh_failures == 5  # at 0, 1, 3, 7 and 15 s
    sts.always = None
    sts.clock = NOW + 3031
    assert (await vend(vendor, now=NOW + 3031)).expiration == NOW + 6631
    assert vendor.counts.refreshed == 1
    sts.failures = [Failure("AccessDenied", status=403)]
    for later in (6000.0, 6000.9, 6001.0):
        sts.clock = NOW + later
        renewed = (await vend(vendor, now=NOW + later)).expiration > NOW + 6631
        assert renewed is (later == 6001.0)


async def test_a_renewal_by_many_at_once_is_one_call(vendor: Vendor, sts: FakeSts) -> None:
    await vend(vendor)
    sts.clock = NOW + 3000
    await asyncio.gather(*(vend(vendor, now=NOW + 3000) for _ in range(100)))
    assert len(sts.requests) == 2


async def test_credentials_that_nobody_asks_for_are_not_fetched_anew(vendor: Vendor, sts: FakeSts) -> None:
    await vend(vendor)
    await vend(vendor, make_identity(principal="another"), now=NOW + 3000)
    assert [request["RoleSessionName"] for request in sts.requests] == [SUB, "another"]


async def test_credentials_shorter_than_an_answer_needs_are_refused(vendor: Vendor, sts: FakeSts) -> None:
    sts.life = 329
    with pytest.raises(CredentialsTooShort) as refused:
        await vend(vendor)
    assert refused.value.missing == 1
    sts.life = 330
    assert (await vend(vendor)).session_name == SUB


@pytest.mark.parametrize("ttl", [0.0, 60.0, 300.0, 3000.0])
@pytest.mark.parametrize("duration", [900, 1800, 3600])
async def test_no_answer_carries_credentials_that_could_expire_in_use(
    sts: FakeSts, ttl: float, duration: int
) -> None:
    """The whole grid of TTL × duration × age, seconds around every border included."""
    need = ttl + 30.0
    vendor = new_vendor(make_settings(gateway=make_gateway(result_ttl=ttl)))
    identity = make_identity(role=make_role(duration=duration))
    borders = (0.0, duration / 2, duration - need, duration)
    ages = sorted({border + step for border in borders for step in (-1.0, -0.5, 0.0, 0.5, 1.0)} | {0.0})
    for age in [age for age in ages if age >= 0]:
        sts.clock = NOW + age
        try:
            credentials = await vend(vendor, identity, now=NOW + age)
        except CredentialsTooShort:
            assert duration < need
        else:
            assert credentials.expiration >= NOW + age + need
    await vendor.close()


async def test_the_cache_is_bounded_and_forgets_the_least_recently_used(sts: FakeSts) -> None:
    vendor = new_vendor(make_settings(session=Session(cache_entries=2)))
    for principal in ("a1", "b1", "a1", "c1", "a1", "b1"):
        await vend(vendor, make_identity(principal=principal))
    assert [request["RoleSessionName"] for request in sts.requests] == ["a1", "b1", "c1", "b1"]
    assert vendor.counts.evicted == 2
    await vendor.close()


async def test_after_forgetting_every_role_session_is_new(vendor: Vendor, sts: FakeSts) -> None:
    await vend(vendor)
    vendor.forget()
    assert (await vend(vendor)).access_key_id == "ASIA000000000002"


async def test_after_forgetting_a_denial_is_asked_for_again(vendor: Vendor, sts: FakeSts) -> None:
    sts.failures = [Failure("AccessDenied", status=403)]
    with pytest.raises(AssumeRoleDenied):
        await vend(vendor)
    vendor.forget()
    assert (await vend(vendor)).session_name == SUB


async def test_a_vendor_without_a_region_says_so(sts: FakeSts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "absent")
    with pytest.raises(Exception, match="set AWS_DEFAULT_REGION"):
        await new_vendor(make_settings()).warm()


async def test_the_context_carries_flat_strings(vendor: Vendor, sts: FakeSts) -> None:
    identity = make_identity()
    assert await vendor.sealers.context(await vend(vendor), identity, ROUTE, NOW, PATIENT) == {
        "accessKeyId": "ASIA000000000001",
        "secretAccessKey": "canary-secret/1+=",
        "sessionToken": "canary-session/1+==",
        "expiration": "2027-01-15T09:00:00Z",
        "roleArn": EDITOR,
    }


async def test_a_context_without_credentials_names_the_role_only(sts: FakeSts) -> None:
    vendor = new_vendor(make_settings(session=Session(context="none")))
    assert await vendor.sealers.context(await vend(vendor), make_identity(), ROUTE, NOW, PATIENT) == {
        "roleArn": EDITOR
    }
    await vendor.close()


async def test_denials_are_bounded_like_entries(sts: FakeSts) -> None:
    vendor = new_vendor(make_settings(session=Session(cache_entries=1)))
    sts.always = Failure("AccessDenied", status=403)
    for principal in ("a1", "b1", "a1", "a1"):
        with pytest.raises(AssumeRoleDenied):
            await vend(vendor, make_identity(principal=principal))
    assert len(sts.requests) == 3
    await vendor.close()


async def test_what_nobody_foresaw_ahead_of_need_is_counted(
    vendor: Vendor, sts: FakeSts, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await vend(vendor)
    for error, later in ((ZeroDivisionError(), 3000), (asyncio.CancelledError(), 3100)):

        async def broken(*_: object, error: BaseException = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(vendor._sts, "assume_role", broken)
        assert await vend(vendor, now=NOW + later) is first
    assert vendor.counts.refresh_failures == 2


async def test_what_is_enough_for_a_request_is_not_enough_for_a_connection(
    vendor: Vendor, sts: FakeSts
) -> None:
    async def of(shape: Shape, now: float) -> str:
        sts.clock = now
        return (
            await vendor.vend(make_identity(), make_policy(), shape, now, Deadline.after(8))
        ).access_key_id

    first = await of(Shape.REST_REQUEST, NOW)
    assert await of(Shape.WEBSOCKET, NOW + 1079) == first
    assert await of(Shape.REST_REQUEST, NOW + 1801) == first
    fresh = await of(Shape.WEBSOCKET, NOW + 1801)
    assert fresh != first
    assert await of(Shape.REST_REQUEST, NOW + 1801) == fresh


async def test_a_connection_joins_no_fetch_whose_credentials_may_be_too_short_for_it(
    vendor: Vendor, sts: FakeSts
) -> None:
    shapes = (Shape.REST_REQUEST, Shape.HTTP_2, Shape.WEBSOCKET)
    await asyncio.gather(
        *(vendor.vend(make_identity(), make_policy(), shape, NOW, Deadline.after(8)) for shape in shapes)
    )
    assert len(sts.requests) == 2


async def test_a_vendor_that_shares_nothing_is_warmed_as_well(vendor: Vendor, sts: FakeSts) -> None:
    await vendor.warm()
    assert sts.requests == []
