"""An event loop on a virtual clock: code that waits runs as it is, and an hour that it waits passes in no time.

asyncio's tasks, futures and time-outs are the real ones; what a selector would wait for, sockets and threads, is not
there. Handles run in the order of their times, and of one time in the order in which they were made.
"""

import asyncio
import heapq
from asyncio.events import _set_running_loop
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import Any, cast


class VirtualLoop:
    """No event loop by its class, which asks for fifty methods: as much of one as tasks, futures, `wait`, `sleep` and
    time-outs ask for. `now` is seconds since the epoch."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._ready: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._made = 0
        self._failure: BaseException | None = None

    def time(self) -> float:
        return self.now

    def run_until(self, end: float) -> None:
        """Run all that is due before `end`, and leave the clock there. Raises what a callback raised."""
        _set_running_loop(cast("Any", self))
        try:
            while True:
                while self._ready:
                    handle = self._ready.popleft()
                    if not handle.cancelled():
                        handle._run()
                        if self._failure is not None:
                            raise self._failure
                if not self._timers or self._timers[0][0] >= end:
                    break
                when, _, timer = heapq.heappop(self._timers)
                if not timer.cancelled():
                    self.now = max(self.now, when)
                    self._ready.append(timer)
        finally:
            _set_running_loop(None)
        self.now = end

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, cast("Any", self), context)
        self._ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, cast("Any", self), context)
        self._made += 1
        heapq.heappush(self._timers, (when, self._made, timer))
        return timer

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.Future(loop=cast("Any", self))

    def create_task(self, coro: Any, **options: Any) -> "asyncio.Task[Any]":
        return asyncio.Task(coro, loop=cast("Any", self), **options)

    def get_debug(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """A callback has failed: the model is wrong, and says so."""
        self._failure = self._failure or context.get("exception") or RuntimeError(context["message"])

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is passed over when its time comes."""
