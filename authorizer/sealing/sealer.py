"""One table's seal, `[sealing]` or `[private_sealing]`: its keys are read on first use, and again by the request that
finds them old.

Lambda freezes the process between requests, so nothing here happens later or beside: keys that are overdue are read
before they seal, within a budget. While they cannot be read the old ones serve on, and no longer than `KEYS_LAST`: a
key that was taken out of its secret seals for five minutes more, and for an hour where AWS does not answer.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from authorizer.errors import SealingKeysUnavailable, SettingsError
from authorizer.sealing.keys import SealingKeys, read_keys
from authorizer.settings.schema import Sealing
from authorizer.waiting.cooldown import Cooldown
from authorizer.waiting.deadline import Deadline
from authorizer.waiting.flights import Flights
from authorizer.waiting.running import loop_needed

if TYPE_CHECKING:
    from authorizer.sealing.seal import Seal

KEYS_MAX_AGE = 300.0
"""Seconds after which keys of Secrets Manager or KMS are read again. Those of the environment cannot change: Lambda
starts new environments for new values."""
KEYS_LAST = 3600.0
"""Seconds since they were read for which keys serve while they cannot be read again."""
RENEWAL_BUDGET = 1.0
"""Seconds that a request waits for new keys while the old ones serve. AWS answers in tens of milliseconds."""


@dataclass
class SealingCounts:
    """What happened to the keys since `take` was last asked."""

    key_failures: int = 0
    """Times that they could not be read when they were due; the old ones served on, for an hour at most."""

    def take(self) -> dict[str, int]:
        """What is not zero."""
        taken = {"key_failures": self.key_failures} if self.key_failures else {}
        self.key_failures = 0
        return taken


class Sealer:
    """`ready` gives the seal, with keys as young as they must be. `now` is seconds since the epoch."""

    def __init__(self, settings: Sealing, counts: SealingCounts, *, clients: Callable[[str], Any]) -> None:
        self._settings = settings
        self._counts = counts
        self._clients = clients
        self._seal: Seal | None = None
        self._read_at = -math.inf
        self._readings: Flights[SealingKeys] = Flights()
        self._cooldown = Cooldown()

    @property
    def held(self) -> frozenset[bytes]:
        """The bytes of the keys that were read last; none before that."""
        return frozenset(self._seal.keys.by_kid.values()) if self._seal else frozenset()

    async def ready(self, now: float, deadline: Deadline) -> "Seal":
        """The seal; keys that are due are read first, until `deadline`. Raises `SealingKeysUnavailable`."""
        if (seal := self._serving(now)) is not None:
            return seal
        old = self._seal if abs(now - self._read_at) < KEYS_LAST else None
        if old is not None and not self._cooldown.is_over(now):
            return old
        try:
            return await self.read(now, deadline.within(RENEWAL_BUDGET) if old else deadline)
        except Exception as error:
            self._counts.key_failures += 1
            self._cooldown.failed(now)
            if old is not None:
                return old
            raise SealingKeysUnavailable(_told(error, self._settings.table)) from None

    async def read(self, now: float, deadline: Deadline) -> "Seal":
        """The seal, its keys read anew; one reading for all who ask at once.

        Raises `SettingsError` for a set that is none, `SealingKeysUnavailable` if it is not handed out by `deadline`.
        """
        await loop_needed()
        try:
            # boto3 blocks: a thread, so that the deadline is obeyed and the loop's other work goes on.
            keys = await self._readings.join(
                "keys",
                lambda _: asyncio.to_thread(read_keys, self._settings, self._clients),
                budget=deadline.remaining(),
            )
            self._seal, self._read_at = _seal(keys), now
        except TimeoutError:
            raise SealingKeysUnavailable(
                f"the sealing keys could not be read from {self._settings.source} in time"
            ) from None
        except SettingsError as error:
            raise SettingsError(f"[{self._settings.table}] {problem}" for problem in error.problems) from None
        self._cooldown.succeeded()
        return self._seal

    def _serving(self, now: float) -> "Seal | None":
        """The seal, if its keys need no reading. A clock that was set back makes them due."""
        lasting = self._settings.source == "environment"
        return self._seal if lasting or 0 <= now - self._read_at < KEYS_MAX_AGE else None


def _told(error: Exception, table: str) -> str:
    """What may be said of it: our own words, and of a library's error no more than its kind, since its text may quote
    the secret."""
    if isinstance(error, SettingsError):
        return "; ".join(error.problems)  # each begins with its table
    if isinstance(error, SealingKeysUnavailable):
        return f"[{table}] {error}"
    return f"[{table}] the sealing keys could not be read: {type(error).__name__}"


def _seal(keys: SealingKeys) -> "Seal":
    try:
        from authorizer.sealing.seal import Seal  # noqa: PLC0415 - joserfc loads only where sealing is on
    except ModuleNotFoundError as error:
        raise SettingsError(
            [f"sealing needs the package {error.name!r}: install the extra `sealed`"]
        ) from None
    return Seal(keys)
