"""Vends credentials: from memory if they still live long enough, else from STS, once for all who ask at the
same time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aioboto3
from botocore.exceptions import BotoCoreError

from authorizer.deadline import Deadline
from authorizer.errors import (
    AssumeRoleDenied,
    CredentialsTooShort,
    SealingKeysUnavailable,
    SettingsError,
    StsUnavailable,
)
from authorizer.flights import Flight, Flights
from authorizer.model import Credentials, Identity, RouteArn, SessionPolicy
from authorizer.settings.schema import Settings
from authorizer.vending import context
from authorizer.vending.cache import Counts, CredentialCache
from authorizer.vending.lifetime import Lifetime
from authorizer.vending.request import AssumeRoleRequest, assume_role_request
from authorizer.vending.sealer import Sealer
from authorizer.vending.sts import Sts

if TYPE_CHECKING:
    from authorizer.vending.seal import Seal
    from authorizer.vending.shared import SharedLevel

WARM_BUDGET = 5.0
"""Seconds for reading sealing keys in Lambda's init phase, which ends after 10 s."""
REFRESH_BUDGET = 2.0
"""Seconds that refreshing ahead of need may take in all: the caller has their answer, and the next one
waits."""


class Vendor:
    """The credentials of one environment. Used on one event loop, from `warm` to `close`."""

    def __init__(
        self,
        settings: Settings,
        *,
        session: aioboto3.Session | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clients: Callable[[str], Any] | None = None,
    ) -> None:
        """`session` is whose credentials call STS: the function's own by default. `pause` waits between
        retries."""
        self.counts = Counts()
        self._settings = settings
        self._lifetime = Lifetime.of(settings.gateway)
        self._cache = CredentialCache(settings.session.cache_entries, self._lifetime, self.counts)
        self._flights: Flights[Credentials] = Flights()
        session = session or aioboto3.Session()
        self._sts = Sts(session, self.counts, pause=pause)
        self._sealer = (
            Sealer(settings.sealing, clients=clients or blocking_client) if settings.sealing else None
        )
        self._private_sealer = (
            Sealer(settings.private_sealing, clients=clients or blocking_client)
            if settings.private_sealing
            else None
        )
        self._sealers = tuple(filter(None, (self._sealer, self._private_sealer)))
        self._shared = shared_level(settings, session, self.counts)

    async def warm(self) -> None:
        """Make the clients and read the sealing keys ahead of the first request.

        Raises `SettingsError` where no Region is configured or keys are malformed.
        """
        # The function's own credentials are asked for again by the request that needs them.
        with suppress(BotoCoreError, OSError):
            await self._sts.open()
        for sealer in self._sealers:
            # Keys that AWS does not hand out just now are asked for again by the request that needs them.
            with suppress(SealingKeysUnavailable):
                await sealer.ready(Deadline.after(WARM_BUDGET))
        if self._shared:
            await self._shared.open()

    async def vend(
        self, identity: Identity, policy: SessionPolicy, now: float, deadline: Deadline
    ) -> Credentials:
        """Credentials for `identity`, narrowed by `policy`, that live as long as an answer given at `now` may
        be used.

        `now` is seconds since the epoch; no answer by `deadline` is a failure. Raises
        `RequestInvalid`, `PolicyTooLarge`, `PolicyInvalid`, `ClaimAbsent`, or another `VendingFailure`.
        """
        request = assume_role_request(identity, policy, end_with_token=self._settings.session.end_with_token)
        if credentials := self._cache.find(request.key, now):
            return credentials
        return await self._fetch(request, now, deadline.remaining())

    async def context(
        self, credentials: Credentials, identity: Identity, route: RouteArn, deadline: Deadline
    ) -> dict[str, str]:
        """What the authorizer's context says of the credentials: flat strings, as `[session] context` has it.

        Raises `SealTooLarge`, `SealingKeysUnavailable`, and `SettingsError` for sealing keys that are none.
        """
        mode = self._settings.session.context
        if mode == "none":
            return {"roleArn": credentials.role_arn}
        if mode == "plain":
            return context.plain(credentials)
        if self._sealer is None:
            raise SealingKeysUnavailable(
                "credentials are to be sealed, and no `[sealing]` keys are configured"
            )
        seal = await self._sealer.ready(deadline)
        return context.sealed(credentials, seal=seal, route=route, principal=identity.principal)

    def is_due(self, now: float) -> bool:
        """Whether `maintain` has anything to do."""
        return bool(
            self._cache.is_due()
            or (self._shared and self._shared.is_due())
            or any(sealer.is_due(now) for sealer in self._sealers)
        )

    async def maintain(self, now: float) -> None:
        """After the answer: fetch anew what was handed out past half of its life, share what was fetched,
        look for new keys. A failure here is counted and costs nobody anything."""
        if due := self._cache.take_due():
            await self._refresh(due, now)
        if self._shared and (seal := await self._shared_seal()):
            await self._shared.flush(seal)
        for sealer in self._sealers:
            await sealer.renew(now)

    async def _refresh(self, due: list[AssumeRoleRequest], now: float) -> None:
        outcomes = await asyncio.gather(
            *(self._fetch(request, now, REFRESH_BUDGET, ahead=True) for request in due),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, Credentials):
                self.counts.refreshed += 1
            elif isinstance(outcome, Exception):
                # Whatever it is: raised here it would be asyncio's to print, text and all, after the answer.
                self.counts.refresh_failures += 1
            else:
                raise outcome  # the loop is being shut down

    def forget(self) -> None:
        """Forget every role session, as after a restored snapshot."""
        self._cache.clear()

    async def close(self) -> None:
        await self._sts.close()
        if self._shared:
            await self._shared.close()

    async def _fetch(
        self, request: AssumeRoleRequest, now: float, budget: float, *, ahead: bool = False
    ) -> Credentials:
        if budget <= 0:
            raise StsUnavailable("no time is left to ask STS")
        await asyncio.sleep(0)  # what follows needs an event loop: the runtime starts one at this yield
        if request.key in self._flights:
            self.counts.joined += 1
        try:
            credentials = await self._flights.join(
                request.key, lambda flight: self._assume(request, now, flight, ahead=ahead), budget=budget
            )
        except TimeoutError:
            raise StsUnavailable(f"STS did not answer within {budget:.1f} s") from None
        # Again for this caller: one who joins late has a later `now` than the one who fetched.
        self._check(credentials, now)
        return credentials

    async def _assume(
        self, request: AssumeRoleRequest, now: float, flight: Flight[Credentials], *, ahead: bool
    ) -> Credentials:
        if credentials := await self._shared_before(request, now, ahead=ahead):
            return credentials
        try:
            credentials = await self._sts.assume_role(request, now=now, remaining=flight.remaining)
        except AssumeRoleDenied as error:
            self._cache.deny(request.key, error, now)
            raise
        self._check(credentials, now)
        self._cache.keep(request, credentials)
        if self._shared:
            self._shared.offer(request, credentials)
        return credentials

    async def _shared_before(
        self, request: AssumeRoleRequest, now: float, *, ahead: bool
    ) -> Credentials | None:
        """Credentials that another environment has shared, if they serve; ahead of need, only if they are the
        younger."""
        if not self._shared or not (seal := await self._shared_seal()):
            return None
        found = await self._shared.find(request, seal, now)
        if found is None or not self._lifetime.serves(found, now):
            return None
        if ahead and self._lifetime.half_over(found, now):
            return None
        self._cache.keep(request, found)
        return found

    async def _shared_seal(self) -> "Seal | None":
        """The seal of the shared cache. None where its keys are not to be had: a call of STS is better than
        no answer."""
        try:
            return (
                await self._private_sealer.ready(Deadline.after(REFRESH_BUDGET))
                if self._private_sealer
                else None
            )
        except (SealingKeysUnavailable, SettingsError):
            self.counts.shared_failures += 1
            return None

    def _check(self, credentials: Credentials, now: float) -> None:
        missing = self._lifetime.missing(credentials, now)
        if missing > 0:
            raise CredentialsTooShort(
                f"STS's credentials for role {credentials.role_arn!r} end {missing:.0f} s before the last request that "
                "a cached answer serves: compare the clocks, or lower result_ttl or backend_time",
                missing=missing,
            )


def shared_level(settings: Settings, session: aioboto3.Session, counts: Counts) -> "SharedLevel | None":
    if settings.shared_cache is None:
        return None
    from authorizer.vending.shared import SharedLevel  # noqa: PLC0415 - loads joserfc, only where it is used

    return SharedLevel(settings.shared_cache, session, counts)


def blocking_client(service: str) -> Any:
    """A boto3 client of the function's own credentials, for what is read once and off the request path."""
    import boto3  # noqa: PLC0415 - only where AWS holds the sealing keys

    return boto3.client(service)
