"""An event loop whose clock jumps to what is waited for: an hour passes in no time, and time-outs are exact. And an
authorizer on such a loop."""

import asyncio
import heapq
from collections.abc import Callable
from typing import Any, Protocol

from typing_extensions import override

from authorizer.pipeline import Stages
from authorizer.runtime import Authorizer
from authorizer.settings.schema import Access


class JumpingLoop(asyncio.SelectorEventLoop):
    """Nothing on it may wait for a socket or a thread: what should take time sleeps."""

    def __init__(self) -> None:
        self._now = 0.0
        self.thread_time = 0.0
        """How long whatever is done in a thread takes."""
        super().__init__()

    @override
    def time(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass without running anything, as in an environment that is frozen."""
        self._now += seconds

    @override
    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":  # type: ignore[override]  # any result
        done: asyncio.Future[Any] = self.create_future()

        def finish() -> None:
            if done.done():
                return  # nobody waited so long
            try:
                done.set_result(func(*args))
            except Exception as error:
                done.set_exception(error)

        if self.thread_time:
            self.call_later(self.thread_time, finish)
        else:
            finish()
        return done

    def _run_once(self) -> None:
        loop: Any = self  # asyncio's own: the heap of timers and the queue of what may run
        while loop._scheduled and loop._scheduled[0]._cancelled:
            loop._timer_cancelled_count -= 1
            heapq.heappop(loop._scheduled)._scheduled = False
        if not loop._ready and not loop._stopping:
            assert loop._scheduled, "waits for something that never comes"
            self._now = max(self._now, loop._scheduled[0]._when)
        super()._run_once()  # type: ignore[misc]  # asyncio's stubs leave it out


class Surroundings(Protocol):
    """What stands around an authorizer."""

    loop: JumpingLoop
    access: Access
    lines: list[str]

    def clock(self) -> float: ...
    def stages(self) -> Stages: ...


class AuthorizerOf(Authorizer):
    """What Lambda calls, on a scene's loop and with its edges; all else is as Lambda has it."""

    def __init__(self, scene: Surroundings) -> None:
        self._scene = scene
        super().__init__(scene.access, clock=scene.clock, monotonic=scene.loop.time, emit=scene.lines.append)
        self._loop.close()
        self._loop = scene.loop

    @override
    def _make_stages(self) -> Stages:
        return self._scene.stages()
