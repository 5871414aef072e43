"""Single flight: however many callers miss at once, one of them fetches and all of them get its outcome."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Outcome = TypeVar("Outcome")


class Flight(Generic[Outcome]):
    """One fetch under way, and those who wait for it."""

    __slots__ = ("deadline", "task", "waiting")

    def __init__(self) -> None:
        self.deadline = 0.0
        """In the loop's time: the latest of its callers' own."""
        self.waiting = 0
        self.task: asyncio.Future[Outcome]

    def remaining(self) -> float:
        """Seconds until nobody waits any more."""
        return self.deadline - asyncio.get_running_loop().time()


class Flights(Generic[Outcome]):
    """Fetches under way, by key."""

    def __init__(self) -> None:
        self._flights: dict[str, Flight[Outcome]] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._flights

    async def join(
        self, key: str, fetch: Callable[[Flight[Outcome]], Awaitable[Outcome]], *, budget: float
    ) -> Outcome:
        """The outcome of the fetch for `key`, started here if none is under way. Its error is every caller's error.

        Raises `TimeoutError` after `budget` seconds. A caller who leaves does not end the fetch for the
        others; the last one does, so that no fetch outlives its invocation: Lambda would freeze it, and its
        socket would be dead when the next invocation thawed it. One that was frozen all the same, as work
        beside requests is, has nobody's time left, and is not joined.
        """
        loop = asyncio.get_running_loop()
        flight = self._flights.get(key)
        if flight is not None and flight.remaining() < 0:
            self._end(key, flight)
            flight = None
        if flight is None:
            flight = self._flights[key] = Flight()
            flight.task = asyncio.ensure_future(fetch(flight))
            flight.task.add_done_callback(lambda task: self._land(key, task))
        flight.deadline = max(flight.deadline, loop.time() + budget)
        flight.waiting += 1
        try:
            # Not awaited itself: neither does a caller who is cancelled take it from the others, nor is
            # who waits for one that was ended taken for cancelled.
            await asyncio.wait({flight.task}, timeout=budget)
        finally:
            flight.waiting -= 1
            if flight.waiting == 0 and not flight.task.done():
                self._end(key, flight)
                await asyncio.sleep(0)  # now, and not when Lambda thaws the environment
        if not flight.task.done() or flight.task.cancelled():
            raise TimeoutError
        return flight.task.result()

    def _end(self, key: str, flight: Flight[Outcome]) -> None:
        # Forgotten at once: whoever comes next must not join a fetch that is being cancelled.
        self._forget(key, flight.task)
        flight.task.cancel()

    def _land(self, key: str, task: "asyncio.Future[Outcome]") -> None:
        self._forget(key, task)
        if not task.cancelled():
            task.exception()  # seen, so that asyncio does not print it when nobody is left to raise it

    def _forget(self, key: str, task: "asyncio.Future[Outcome]") -> None:
        flight = self._flights.get(key)
        if flight is not None and flight.task is task:
            del self._flights[key]
