"""How a request runs: without an event loop while it waits for nothing, and on one from its first wait on.

Starting and stopping a loop costs as much as verifying a signature, and most requests of a warm environment wait for
nothing. The contract: what is awaited on the way of a request either comes back at once, or has awaited `loop_needed`
before anything that needs a running loop.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from authorizer.waiting.deadline import Deadline

Outcome = TypeVar("Outcome")


async def loop_needed() -> None:
    """What follows needs a running loop: awaited without one, `run` starts it here."""
    await asyncio.sleep(0)


def run(
    coroutine: Coroutine[Any, Any, Outcome],
    loop: asyncio.AbstractEventLoop,
    *,
    deadline: Deadline,
    late: float,
) -> Outcome:
    """The outcome of `coroutine`, begun without a loop and ended on `loop` where it waits. It is cancelled where it
    still waits `late` seconds behind its deadline: nothing of it is left behind."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        outcome: Outcome = ended.value
        return outcome
    task = loop.create_task(coroutine)
    stop = loop.call_later(deadline.remaining() + late, task.cancel)
    try:
        return loop.run_until_complete(task)
    finally:
        stop.cancel()
