"""One fetch for all who ask at the same time, each with a deadline of their own."""

import asyncio
import gc
import time
from typing import Any

import pytest

from authorizer.waiting.flights import Flight, Flights


class Fetch:
    """Answers with its number once `open` is set."""

    def __init__(self) -> None:
        self.made = 0
        self.ended = 0
        self.seen: list[str] = []
        self.begun = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, flight: Flight[int]) -> int:
        self.made += 1
        number = self.made
        self.seen.append(f"begun {number}")
        self.begun.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.ended += 1
            self.seen.append(f"ended {number}")
            raise
        return number


async def test_who_is_out_of_time_leaves_the_fetch_to_those_with_more() -> None:
    flights, fetch = Flights[int](), Fetch()
    patient = [asyncio.ensure_future(flights.join("key", fetch, budget=30)) for _ in range(3)]
    with pytest.raises(TimeoutError):
        await flights.join("key", fetch, budget=0.01)
    fetch.open.set()
    assert await asyncio.gather(*patient) == [1, 1, 1]
    assert (fetch.made, fetch.ended) == (1, 0)


async def test_who_begins_a_fetch_and_runs_out_of_time_leaves_it_to_those_with_more() -> None:
    flights, fetch = Flights[int](), Fetch()
    hasty = asyncio.ensure_future(flights.join("key", fetch, budget=0.01))
    await fetch.begun.wait()
    patient = asyncio.ensure_future(flights.join("key", fetch, budget=30))
    with pytest.raises(TimeoutError):
        await hasty
    fetch.open.set()
    assert await patient == 1
    assert (fetch.made, fetch.ended) == (1, 0)


async def test_a_fetch_ends_with_the_last_who_waits_for_it() -> None:
    flights, fetch = Flights[int](), Fetch()
    with pytest.raises(TimeoutError):
        await flights.join("key", fetch, budget=0.01)
    assert "key" not in flights
    assert (fetch.made, fetch.ended) == (1, 1), "before its caller goes on"


async def test_a_fetch_that_was_frozen_is_not_joined() -> None:
    flights, fetch = Flights[int](), Fetch()
    frozen = asyncio.ensure_future(flights.join("key", fetch, budget=0.01))
    await fetch.begun.wait()
    time.sleep(0.02)  # noqa: ASYNC251 - the whole process stands, timers and all
    after = asyncio.ensure_future(flights.join("key", fetch, budget=30))
    with pytest.raises(TimeoutError):
        await frozen
    third = asyncio.ensure_future(flights.join("key", fetch, budget=30))
    await asyncio.sleep(0)
    fetch.open.set()
    assert list(await asyncio.gather(after, third)) == [2, 2], (
        "the end of the first is not the end of the second"
    )
    assert fetch.seen == ["begun 1", "ended 1", "begun 2"], "never two at a time"


@pytest.mark.slow
async def test_nothing_of_a_fetch_is_left_for_the_loop_to_complain_of() -> None:
    """What it complains of is printed, and Lambda's log has it beside the records."""
    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    flights = Flights[int]()

    async def endless(_: Flight[int]) -> int:
        await asyncio.sleep(30)
        return 1

    async def spiteful(_: Flight[int]) -> int:
        try:
            return await endless(_)
        finally:
            raise ZeroDivisionError

    with pytest.raises(TimeoutError):
        await flights.join("key", endless, budget=0.01)
    for fetch in (endless, spiteful):
        alone = asyncio.ensure_future(flights.join("key", fetch, budget=30))
        await asyncio.sleep(0.01)
        alone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await alone
    del alone
    for _ in range(3):  # the loop lets go of what it called last, and only then is it collected
        await asyncio.sleep(0)
        gc.collect()
    assert [context["message"] for context in said] == []


async def test_who_waits_for_a_fetch_that_is_ended_from_outside_is_told_so_and_not_cancelled() -> None:
    flights = Flights[int]()

    async def ended(_: Flight[int]) -> int:
        raise asyncio.CancelledError

    with pytest.raises(TimeoutError):
        await flights.join("key", ended, budget=30)


async def test_an_error_is_everybody_s() -> None:
    flights = Flights[int]()

    async def failing(_: Flight[int]) -> int:
        raise ZeroDivisionError

    joined = [flights.join("key", failing, budget=30) for _ in range(3)]
    outcomes = await asyncio.gather(*joined, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError] * 3
    assert "key" not in flights
