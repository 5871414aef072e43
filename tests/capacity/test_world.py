"""The model against what can be worked out by hand, and against itself."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from authorizer.capacity import Load, Measured, longest_ttl, simulated, spread, suited
from authorizer.capacity.clock import VirtualLoop
from authorizer.capacity.load import environments_for
from authorizer.capacity.surroundings import Quota
from authorizer.capacity.world import World
from tests.vending.factories import make_gateway, make_role, make_settings

SMALL = Load(users=2_000, tenants=20, rps=40, environments=20, window=1200, lead=1200)


@cache
def run(*, ttl: float = 60, shared: bool = False, **changes: Any) -> Measured:
    return simulated(make_settings(), replace(SMALL, **changes), ttl=ttl, shared=shared)


def test_as_many_requests_come_as_were_asked_for() -> None:
    found = run()
    assert found.requests / SMALL.window == pytest.approx(40, rel=0.15)


def test_the_gateway_answers_what_its_cache_holds() -> None:
    """A session of 15 minutes with a request every 10 s asks 91 times: each 70 s, and once at the beginning, it gets
    through, which is 1 + 900/70 times."""
    assert run().gateway_rate == pytest.approx(1 - (1 + 900 / 70) / 91, abs=0.01)
    assert run(ttl=0).gateway_rate == 0


def test_every_request_that_comes_is_answered_from_memory_the_table_or_sts() -> None:
    for shared in (False, True):
        found = run(shared=shared)
        counts = found.counts
        assert found.reached == pytest.approx(counts["hits"] + counts["misses"], abs=5)
        first = counts["calls"] - counts["refreshed"]
        assert counts["misses"] == pytest.approx(counts["shared_hits"] + first, abs=5 + counts["retries"])
        assert counts["refreshed"] or not shared
        assert found.failed == 0


def test_the_shared_level_asks_sts_once_for_each_user_in_place_of_once_in_each_environment() -> None:
    alone, together = run(environments=200), run(environments=200, shared=True)
    assert alone.shared_rate == 0
    assert together.shared_rate > 0.5
    assert together.calls < alone.calls / 3
    assert together.read_units > 0 < together.write_units
    assert together.cost != alone.cost


def test_more_environments_remember_less() -> None:
    assert run(environments=200).memory_rate < run().memory_rate / 2


def test_where_answers_live_as_long_as_sessions_nothing_is_remembered_long_enough() -> None:
    found = run(ttl=longest_ttl(make_settings()), shared=True)
    assert found.memory_rate + found.shared_rate < 0.05


def test_what_sts_does_not_take_is_tried_again_and_then_fails() -> None:
    found = run(ttl=0, rps=900, users=40_000, environments=2000, window=8, lead=4, session=20)
    assert found.throttled
    assert found.failed
    assert found.headroom < 0
    assert found.counts["retries"]
    assert found.calls - found.throttled <= 600 * 8 + 600
    assert found.quantile(0.99) > 10 * found.quantile(0.01)


def test_who_finds_no_environment_free_waits() -> None:
    short = {"ttl": 0, "rps": 60, "lead": 60, "window": 60}
    crowded, roomy = run(environments=1, **short), run(environments=20, **short)
    assert crowded.queued > roomy.queued == 0
    assert crowded.quantile(0.8) > 1.3 * roomy.quantile(0.5)


def test_environments_come_and_go() -> None:
    found = run(environments=200, lead=300, window=1200)
    assert found.cold > 20


def test_the_same_seed_gives_the_same_answer_and_another_one_nearly() -> None:
    first, again = (simulated(make_settings(), SMALL, ttl=60, shared=False) for _ in range(2))
    assert first.plain() == again.plain()
    other = simulated(make_settings(), SMALL, ttl=60, shared=False, seed=2)
    assert other.plain() != first.plain()
    assert other.gateway_rate == pytest.approx(first.gateway_rate, abs=0.02)


def test_a_share_of_the_tenants_tells_what_all_of_them_would() -> None:
    whole, part = run(rps=120), run(rps=120, modelled=5)
    assert part.load.share == 4
    assert part.reached < whole.reached / 3
    assert part.calls_per_second == pytest.approx(whole.calls_per_second, rel=0.25)
    assert part.memory_rate == pytest.approx(whole.memory_rate, abs=0.06)


def test_an_answer_takes_fewer_tenants_before_it_takes_less_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.capacity.load.MOST_REACHED", 90_000)
    assert suited(SMALL, 300) == replace(SMALL, modelled=20)
    large = suited(replace(SMALL, rps=2000, environments=1000), 60)
    assert (large.modelled, large.window) == (2, SMALL.window)
    vast = suited(replace(SMALL, rps=1_000_000, environments=50), 0)
    assert vast.share <= 50 / 8 * 1.2
    assert vast.window == 600


def test_renewals_of_sessions_that_began_together_are_spread() -> None:
    load = replace(SMALL, rps=1000, users=40_000, environments=40, window=3600)
    by_minute = spread(make_settings(), load, ttl=300, shared=True)
    first = by_minute[0] + by_minute[1]
    renewals = {minute: calls for minute, calls in by_minute.items() if minute >= 2 and calls}
    assert first > 300
    assert min(renewals) >= 33
    assert max(renewals) <= 51
    assert len(renewals) >= 10
    assert max(renewals.values()) < first / 3


def test_a_ttl_that_would_not_load_is_refused_with_the_longest_one() -> None:
    with pytest.raises(ValueError, match=r"3600 s does not load: expected 0 to 3560 s"):
        run(ttl=3600)
    short = make_settings(role=make_role(duration=900), gateway=make_gateway(backend_time=60.0))
    assert longest_ttl(short) == 830


def test_a_quota_takes_a_second_s_worth_at_once_and_its_rate_from_then_on() -> None:
    loop = VirtualLoop(0.0)
    quota = Quota(10, 1, loop)
    assert [quota.takes() for _ in range(11)] == [True] * 10 + [False]
    loop.now = 0.55
    assert [quota.takes() for _ in range(6)] == [True] * 5 + [False]
    share = Quota(10, 5, loop)
    assert [share.takes() for _ in range(11)] == [True] * 10 + [False]
    loop.now += 1.0
    assert [share.takes() for _ in range(3)] == [True, True, False]


def test_a_table_that_is_throttled_costs_a_call_of_sts_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.capacity.surroundings.Quota.takes", lambda quota: quota._most == 600)
    found = simulated(make_settings(), SMALL, ttl=60, shared=True)
    assert found.counts["shared_failures"]
    assert found.shared_rate == 0
    assert found.failed == 0


def test_the_table_forgets_what_is_over() -> None:
    world = World(make_settings(), SMALL, ttl=60, shared=True, seed=1)
    world.begin()
    world.run(world.loop.now + 600)
    world.ended()
    assert world.table._items
    world.loop.now += 7200
    world.table.sweep()
    assert world.table._items == {}


def test_what_is_no_refusal_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise LookupError("broken")

    monkeypatch.setattr("authorizer.capacity.surroundings.StsModel.assume_role", broken)
    world = World(make_settings(), SMALL, ttl=60, shared=False, seed=1)
    world._ask(world._somebody(world.loop.now + 60))
    with pytest.raises(LookupError, match="broken"):
        world.run(world.loop.now + 60)


def test_nothing_is_measured_where_nobody_comes() -> None:
    found = Measured(load=SMALL, ttl=0, shared=False)
    plain = found.plain()
    assert (plain["gateway_rate"], plain["memory_rate"], plain["shared_rate"], plain["failure_rate"]) == (
        0,
        0,
        0,
        0,
    )
    assert (plain["p50"], plain["dollars_per_million"]) == (0, 0)
    assert found.tenants_of(noisy=True).failure_rate == 0


def test_as_many_environments_are_guessed_as_the_load_keeps_a_quarter_busy() -> None:
    assert environments_for(1000) == 240
    assert environments_for(1) == 20
