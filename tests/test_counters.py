"""What the stages count reaches the record, once: of the request itself and of what went on beside it."""

import time
from dataclasses import fields
from typing import Any

from authorizer.metrics import COUNTERS
from authorizer.sealing.sealer import SealingCounts
from authorizer.tokens.keystore import FetchCounts
from authorizer.vending.cache import Counts
from tests.test_record import taken, whole
from tests.world import World, sample_event


def counted(world: World) -> dict[str, Any]:
    """The counters in the last record."""
    return {name: value for name, value in world.last.items() if name in COUNTERS}


def test_every_counter_is_a_row_of_the_table_and_belongs_to_one_stage() -> None:
    names = [each.name for counts in (Counts, FetchCounts, SealingCounts) for each in fields(counts)]
    assert sorted(names) == sorted(COUNTERS)
    declared = taken(whole().line("allow", dict.fromkeys(names, 1)))
    assert {key for key in declared if len(key) == 2} == {(name, "authorizer-live") for name in COUNTERS}


def test_what_was_counted_is_taken_once() -> None:
    counts = Counts()
    assert counts.take() == {}
    counts.calls += 2
    counts.shared_failures += 1
    assert counts.take() == {"calls": 2, "shared_failures": 1}
    assert counts.take() == {}
    counts.calls += 1
    assert counts.take() == {"calls": 1}


def test_hits_are_no_news_but_go_with_some() -> None:
    counts = Counts()
    counts.hits += 3
    assert counts.take() == {}
    counts.evicted += 1
    assert counts.take() == {"hits": 3, "evicted": 1}
    assert counts.take() == {}


def test_a_record_tells_what_its_request_cost_and_one_from_memory_nothing_more(world: World) -> None:
    event = world.local.sign_in(sample_event("rest-token-allow"))
    world.authorizer.decide(event)
    assert counted(world) == {"key_fetches": 1, "misses": 1, "calls": 1}
    assert ("calls", "local") in taken(world.lines[-1])
    world.authorizer.decide(event)
    assert counted(world) == {}
    assert len(world.last["_aws"]["CloudWatchMetrics"]) == 1
    world.sample("http-1-allow")
    assert counted(world) == {"hits": 1, "misses": 1, "calls": 1}


def test_a_refused_request_tells_what_it_cost_too(world: World) -> None:
    world.sts.refuse(403, "AccessDenied", "no")
    for expected in ({"misses": 1, "calls": 1}, {"denials_remembered": 1}):
        world.sample("rest-token-allow")
        assert world.last["code"] == "assume_role_denied"
        assert counted(world).items() >= expected.items()


def test_what_failed_while_the_old_ones_serve_is_told(world: World) -> None:
    event = world.local.sign_in(sample_event("rest-token-allow"))
    world.authorizer.decide(event)
    world.sts.refuse(403, "AccessDenied", "no")
    world.authorizer._clock = lambda: time.time() + 3000  # so late that a session is renewed ahead of need
    world.authorizer.decide(event)
    assert world.last["verdict"] == "allow"
    assert counted(world)["refresh_failures"] == 1
