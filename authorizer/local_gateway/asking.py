"""The authorizer as the gateway asks it: one environment of its function, one request at a time."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol

from authorizer.local_gateway.written import Written
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
    written: Written | None = field(default=None, repr=False)
    """What this project's own authorizer decided by."""


class Asked(Protocol):
    """An authorizer's function."""

    async def __call__(self, event: Mapping[str, Any], *, simple: bool) -> Outcome: ...


class LocalFunction:
    """This project's own authorizer: one for each form of answer that is asked for, whether simple. Each has one event
    loop, and all of them one thread."""

    def __init__(self, authorizers: Mapping[bool, Authorizer], written: Mapping[bool, Written]) -> None:
        self._authorizers = authorizers
        self._written = written
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="authorizer")

    async def __call__(self, event: Mapping[str, Any], *, simple: bool) -> Outcome:
        loop = asyncio.get_running_loop()
        form = simple if simple in self._authorizers else next(iter(self._authorizers))
        authorizer = self._authorizers[form]
        decision, record = await loop.run_in_executor(self._thread, authorizer.decide, event)
        error = None
        if decision.response is None:
            error = (
                UNAUTHORIZED if decision.verdict == "unauthorized" else f"authorizer failure: {decision.code}"
            )
        return Outcome(
            response=decision.response,
            error=error,
            code=decision.code,
            record=record,
            written=self._written[form],
        )

    def warm(self) -> None:
        """Clients and keys, before anybody asks: as the deployed function does in its init phase."""
        for authorizer in self._authorizers.values():
            self._thread.submit(authorizer.warm).result()

    def close(self) -> None:
        """After what is being decided."""
        for authorizer in self._authorizers.values():
            self._thread.submit(authorizer.close).result()
        self._thread.shutdown()
