"""A Lambda handler that shows what the runtime does with each kind of answer. Run by awslambdaric alone."""

import asyncio
import datetime as dt
import itertools
import os
import threading
import time
from typing import Any

from snapshot_restore_py import (  # type: ignore[import-untyped] # it has no types
    register_after_restore,
    register_before_snapshot,
)

LOOP = asyncio.new_event_loop()
STEPS = ["loaded"]
COUNT = itertools.count(1)
TICKS: list[float] = []


def answer(event: dict[str, Any], context: Any) -> object:
    count = next(COUNT)
    match event.get("do", "echo"):
        case "echo":
            return {"event": event, "count": count, "request_id": context.aws_request_id}
        case "loop":
            return LOOP.run_until_complete(_name())
        case "unauthorized":
            raise Exception("Unauthorized")  # noqa: TRY002 - the text is the contract
        case "datetime":
            return {"Expiration": dt.datetime.now(dt.UTC)}
        case "environment":
            return sorted(os.environ)
        case "print":
            print("a line of the log")
        case "steps":
            return STEPS
        case "tick":
            threading.Thread(target=_tick, daemon=True).start()
        case "ticks":
            return TICKS
        case "die":
            os._exit(7)
    return None


def _tick() -> None:
    while True:
        TICKS.append(time.time())
        time.sleep(0.01)


async def _name() -> int:
    await asyncio.sleep(0)
    return id(asyncio.get_running_loop())


def _before_snapshot() -> None:
    STEPS.append("before snapshot")


def _after_restore() -> None:
    if os.environ.get("FAIL_RESTORE"):
        raise RuntimeError("no network after restore")
    STEPS.append("after restore")


register_before_snapshot(_before_snapshot)
register_after_restore(_after_restore)
