"""Work that takes long, beside the server: on a thread that holds up nobody who wants to end it."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Found = TypeVar("Found")


async def in_background(work: Callable[[], Found]) -> Found:
    """What `work` returns or raises. Its thread ends with the process, whatever it is at."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Found] = loop.create_future()

    def settle(set_it: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the server has ended meanwhile, and its loop is closed
            loop.call_soon_threadsafe(lambda: None if done.done() else set_it())

    def run() -> None:
        try:
            found = work()
        except Exception as error:
            failed = error
            settle(lambda: done.set_exception(failed))
        else:
            settle(lambda: done.set_result(found))

    threading.Thread(target=run, name="console", daemon=True).start()
    return await done
