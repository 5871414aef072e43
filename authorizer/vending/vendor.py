"""Vends credentials: from memory if they still live long enough, else from STS, once for all who ask at the
same time."""

import asyncio
from collections.abc import Awaitable, Callable

import aioboto3

from authorizer.errors import AssumeRoleDenied, CredentialsTooShort, StsUnavailable, VendingFailure
from authorizer.model import Credentials, Identity, RouteArn, SessionPolicy
from authorizer.settings.schema import Settings
from authorizer.vending import context
from authorizer.vending.cache import Counts, CredentialCache
from authorizer.vending.flights import Flight, Flights
from authorizer.vending.lifetime import Lifetime
from authorizer.vending.request import AssumeRoleRequest, assume_role_request
from authorizer.vending.sts import Sts

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
    ) -> None:
        """`session` is whose credentials call STS: the function's own by default. `pause` waits between
        retries."""
        self.counts = Counts()
        self._context = settings.session.context
        self._end_with_token = settings.session.end_with_token
        self._lifetime = Lifetime.of(settings.gateway)
        self._cache = CredentialCache(settings.session.cache_entries, self._lifetime, self.counts)
        self._flights: Flights[Credentials] = Flights()
        self._sts = Sts(session or aioboto3.Session(), self.counts, pause=pause)

    async def warm(self) -> None:
        """Make the STS client ahead of the first request. Raises `SettingsError` where no Region is
        configured."""
        await self._sts.open()

    async def vend(
        self, identity: Identity, policy: SessionPolicy, now: float, deadline: float
    ) -> Credentials:
        """Credentials for `identity`, narrowed by `policy`, that live as long as an answer given at `now` may
        be used.

        `now` and `deadline` are seconds since the epoch; no answer by then is a failure. Raises
        `RequestInvalid`, `PolicyTooLarge`, `PolicyInvalid`, `ClaimAbsent`, or another `VendingFailure`.
        """
        request = assume_role_request(identity, policy, end_with_token=self._end_with_token)
        if credentials := self._cache.find(request.key, now):
            return credentials
        return await self._fetch(request, now, deadline - now)

    async def context(self, credentials: Credentials, identity: Identity, route: RouteArn) -> dict[str, str]:
        """What the authorizer's context says of the credentials, as `[session] context` has it: flat strings."""
        if self._context == "none":
            return {"roleArn": credentials.role_arn}
        return context.plain(credentials)

    async def maintain(self, now: float) -> None:
        """After the answer: fetch anew what was handed out past half of its life. A failure here costs nobody
        anything."""
        due = self._cache.take_due()
        if not due:
            return
        outcomes = await asyncio.gather(
            *(self._fetch(request, now, REFRESH_BUDGET) for request in due), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, Credentials):
                self.counts.refreshed += 1
            elif isinstance(outcome, VendingFailure):
                self.counts.refresh_failures += 1
            else:
                raise outcome

    def forget(self) -> None:
        """Forget every role session, as after a restored snapshot."""
        self._cache.clear()

    async def close(self) -> None:
        await self._sts.close()

    async def _fetch(self, request: AssumeRoleRequest, now: float, budget: float) -> Credentials:
        if budget <= 0:
            raise StsUnavailable("no time is left to ask STS")
        if request.key in self._flights:
            self.counts.joined += 1
        try:
            credentials = await self._flights.join(
                request.key, lambda flight: self._assume(request, now, flight), budget=budget
            )
        except TimeoutError:
            raise StsUnavailable(f"STS did not answer within {budget:.1f} s") from None
        # Again for this caller: one who joins late has a later `now` than the one who fetched.
        self._check(credentials, now)
        return credentials

    async def _assume(
        self, request: AssumeRoleRequest, now: float, flight: Flight[Credentials]
    ) -> Credentials:
        try:
            credentials = await self._sts.assume_role(request, now=now, remaining=flight.remaining)
        except AssumeRoleDenied as error:
            self._cache.deny(request.key, error, now)
            raise
        self._check(credentials, now)
        self._cache.keep(request, credentials)
        return credentials

    def _check(self, credentials: Credentials, now: float) -> None:
        missing = self._lifetime.missing(credentials, now)
        if missing > 0:
            raise CredentialsTooShort(
                f"STS's credentials for role {credentials.role_arn!r} end {missing:.0f} s before the last "
                "request that a "
                "cached answer serves: compare the clocks, or lower result_ttl or backend_time",
                missing=missing,
            )
