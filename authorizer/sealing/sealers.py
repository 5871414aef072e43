"""The seals of one environment: what hands credentials to a backend, and what only the authorizer itself can open."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from authorizer.aws.blocking import blocking_client
from authorizer.errors import SealingKeysUnavailable, SettingsError
from authorizer.model import Credentials, Identity, RouteArn
from authorizer.sealing import context
from authorizer.sealing.sealer import Sealer, SealingCounts
from authorizer.settings.schema import Settings
from authorizer.waiting.deadline import Deadline

if TYPE_CHECKING:
    from authorizer.sealing.seal import Seal

WARM_BUDGET = 5.0
"""Seconds for reading sealing keys in Lambda's init phase, which ends after 10 s."""
ONE_KEY = "[private_sealing] holds a key of [sealing], and so does every backend: expected keys of the authorizer's own"


class Sealers:
    """The seals of `[sealing]` and `[private_sealing]`, as far as there are such tables. Used on one event loop."""

    def __init__(self, settings: Settings, *, clients: Callable[[str], Any] | None = None) -> None:
        """`clients` makes a boto3 client of a service, by its name."""
        self.counts = SealingCounts()
        self._mode = settings.session.context
        self._handing, self._private = (
            Sealer(table, self.counts, clients=clients or blocking_client) if table else None
            for table in (settings.sealing, settings.private_sealing)
        )

    async def warm(self, now: float) -> None:
        """Read the keys ahead of the first request.

        Raises `SettingsError` where keys are malformed, and where one key serves both purposes.
        """
        deadline = Deadline.after(WARM_BUDGET)
        for sealer in (self._handing, self._private):
            # Keys that AWS does not hand out just now are asked for again by the request that needs them.
            with suppress(SealingKeysUnavailable):
                if sealer:
                    await sealer.read(now, deadline)
        if self._holds_one_key_twice():
            raise SettingsError([ONE_KEY])

    async def context(
        self, credentials: Credentials, identity: Identity, route: RouteArn, now: float, deadline: Deadline
    ) -> dict[str, str]:
        """What the authorizer's context says of the credentials: flat strings, as `[session] context` has it.

        Raises `SealTooLarge` and `SealingKeysUnavailable`.
        """
        if self._mode == "none":
            return {"roleArn": credentials.role_arn}
        if self._mode == "plain":
            return context.plain(credentials)
        if self._handing is None:
            raise SealingKeysUnavailable(
                "credentials are to be sealed, and no `[sealing]` keys are configured"
            )
        seal = await self._handing.ready(now, deadline)
        return context.sealed(credentials, seal=seal, route=route, principal=identity.principal)

    async def private(self, now: float, deadline: Deadline) -> "Seal":
        """The seal that no backend can open, for what the authorizer puts down and reads again itself.

        Raises `SealingKeysUnavailable`, also while one of its keys is among those of `[sealing]`, or it cannot be told.
        """
        if self._private is None:
            raise SealingKeysUnavailable("no `[private_sealing]` keys are configured: expected such a table")
        seal = await self._private.ready(now, deadline)
        if self._handing:
            await self._handing.ready(now, deadline)
        if self._holds_one_key_twice():
            raise SealingKeysUnavailable(ONE_KEY)
        return seal

    def _holds_one_key_twice(self) -> bool:
        """Whether the same bytes are in both sets, under whatever names and however they were reached."""
        return bool(self._handing and self._private and self._handing.held & self._private.held)
