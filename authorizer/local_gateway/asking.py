"""The authorizer as the gateway asks it: one environment of its function, one request at a time."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from authorizer.record import Record
from authorizer.runtime import UNAUTHORIZED, Authorizer

UNAUTHORIZED_TEXT = UNAUTHORIZED


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What Lambda gives back to the gateway: a response, or the text of an error."""

    response: Mapping[str, Any] | None = field(repr=False)
    error: str | None
    """Exactly `Unauthorized` is a 401, any other a 500."""
    code: str
    """The authorizer's own word for it."""
    record: Record | None = field(default=None, repr=False)


class Asked(Protocol):
    """An authorizer's function."""

    async def __call__(self, event: Mapping[str, Any]) -> Outcome: ...


class LocalFunction:
    """This project's own authorizer. It has one event loop, and so one thread."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="authorizer")

    async def __call__(self, event: Mapping[str, Any]) -> Outcome:
        loop = asyncio.get_running_loop()
        decision, record = await loop.run_in_executor(self._thread, self._authorizer.decide, event)
        error = None
        if decision.response is None:
            error = (
                UNAUTHORIZED if decision.verdict == "unauthorized" else f"authorizer failure: {decision.code}"
            )
        return Outcome(response=decision.response, error=error, code=decision.code, record=record)

    def warm(self) -> None:
        """Clients and keys, before anybody asks: as the deployed function does in its init phase."""
        self._thread.submit(self._authorizer.warm).result()

    def close(self) -> None:
        """After what is being decided."""
        self._thread.submit(self._authorizer.close).result()
        self._thread.shutdown()
