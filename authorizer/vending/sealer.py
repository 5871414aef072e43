"""The authorizer's seal: its keys are read in the background of a running loop, and again every five
minutes."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from authorizer.deadline import Deadline
from authorizer.errors import SealingKeysUnavailable, SettingsError
from authorizer.settings.schema import Sealing
from authorizer.vending.keys import read_keys

if TYPE_CHECKING:
    from authorizer.vending.seal import Seal

KEYS_MAX_AGE = 300.0
"""Seconds after which keys of Secrets Manager are read again: how long a rotation takes to reach every
environment."""


class Sealer:
    """`ready` gives the seal, `renew` looks for new keys after the answer."""

    def __init__(self, settings: Sealing, *, clients: Callable[[str], Any]) -> None:
        self._settings = settings
        self._clients = clients
        self._seal: Seal | None = None
        self._due_at = 0.0

    async def ready(self, deadline: Deadline) -> "Seal":
        """The seal, its keys read on first use and waited for until `deadline`. Raises `SealingKeysUnavailable`, or
        `SettingsError` for keys that are none."""
        if self._seal is None:
            await asyncio.sleep(0)  # what follows needs an event loop: the runtime starts one at this yield
            try:
                async with asyncio.timeout(deadline.remaining()):
                    self._seal = await self._read()
            except TimeoutError:
                raise SealingKeysUnavailable(
                    f"the sealing keys could not be read from {self._settings.source} in time"
                ) from None
        return self._seal

    def is_due(self, now: float) -> bool:
        """Whether `renew` would read."""
        return self._seal is not None and self._settings.source != "environment" and now >= self._due_at

    async def renew(self, now: float) -> None:
        """Read the keys again if they are old. The old ones stay if that fails: what they seal still
        opens."""
        if not self.is_due(now):
            return
        self._due_at = now + KEYS_MAX_AGE
        try:
            self._seal = await self._read()
        except (SealingKeysUnavailable, SettingsError):
            return

    async def _read(self) -> "Seal":
        try:
            from authorizer.vending.seal import Seal  # noqa: PLC0415 - joserfc loads only where sealing is on
        except ModuleNotFoundError as error:
            raise SettingsError(
                [f"sealing needs the package {error.name!r}: install the extra `sealed`"]
            ) from None

        # boto3 blocks: a thread, so that the loop's other work goes on.
        keys = await asyncio.to_thread(read_keys, self._settings, self._clients)
        return Seal(keys)
