"""One fetch for all who ask at the same time, each with a deadline of their own."""

import asyncio
import time

import pytest

from authorizer.waiting.flights import Flight, Flights


class Fetch:
    """Answers with its number once `open` is set."""

    def __init__(self) -> None:
        self.made = 0
        self.ended = 0
        self.begun = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, flight: Flight[int]) -> int:
        self.made += 1
        number = self.made
        self.begun.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.ended += 1
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
    fetch.open.set()
    assert await after == 2
    assert (fetch.made, fetch.ended) == (2, 1)


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
