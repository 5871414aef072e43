"""Vends credentials: from memory if they still live long enough, else from STS, once for all who ask at the
same time.

All of it happens inside the request: Lambda freezes the process as soon as it has answered, so nothing is left to be
done beside later requests.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import aioboto3
from botocore.exceptions import BotoCoreError

from authorizer.errors import (
    AssumeRoleDenied,
    CredentialsTooShort,
    PackedPolicyTooLarge,
    PolicyMalformed,
    RequestInvalid,
    StsRefused,
    StsUnavailable,
    TokenExpired,
    TooManySessions,
)
from authorizer.model import Credentials, Identity, SessionPolicy, Shape
from authorizer.sealing.sealers import Sealers
from authorizer.settings.schema import Settings
from authorizer.vending.cache import Counts, CredentialCache
from authorizer.vending.lifetime import CALLERS, Lifetime
from authorizer.vending.request import AssumeRoleRequest, assume_role_request, end_of_token
from authorizer.vending.seats import Seats
from authorizer.vending.shares import Owners
from authorizer.vending.sts import Sts
from authorizer.waiting.cooldown import Cooldown
from authorizer.waiting.deadline import Deadline
from authorizer.waiting.flights import Flight, Flights
from authorizer.waiting.running import loop_needed

OF_THE_SESSION: Final = (
    AssumeRoleDenied,
    CredentialsTooShort,
    PackedPolicyTooLarge,
    PolicyMalformed,
    RequestInvalid,
    StsRefused,
    TooManySessions,
)
"""Failures of one session's renewal. Any other is STS's or the environment's, and puts off everybody's: one user whose
role trusts the function no longer, and who comes by every second, must not end the renewals of all."""
RENEWAL_BUDGET = 1.0
"""Seconds that a request waits for fresh credentials while the old ones still serve. STS answers in tens of
milliseconds."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Credentials, and whether this caller is the one who should share them."""

    credentials: Credentials
    to_share: bool


class Wanted(NamedTuple):
    """What is asked of STS, how long it must live, whom it is for, and whether they take a seat for it: not where a
    backend gets it."""

    request: AssumeRoleRequest
    lifetime: Lifetime
    identity: Identity
    seated: bool


class Vendor:
    """The credentials of one environment. Used on one event loop, from `warm` to `close`."""

    def __init__(
        self,
        settings: Settings,
        *,
        session: aioboto3.Session | None = None,
        sealers: Sealers | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`session` is whose credentials call STS: the function's own by default. `sealers` are the environment's, of
        its own by default. `pause` waits between retries."""
        self.counts = Counts()
        self.sealers = sealers or Sealers(settings)
        self._settings = settings
        self._lifetimes = {shape: Lifetime.of(settings.gateway, shape) for shape in Shape}
        self._cache = CredentialCache(settings.session.cache_entries, self.counts)
        self._flights: Flights[Fetched] = Flights()
        self._seats: Seats | None = None
        self._nobody = frozenset(
            (claim, "") for policy in settings.policies.values() for claim in policy.isolates
        )
        self._renewals = Cooldown()
        session = session or aioboto3.Session()
        self._sts = Sts(session, self.counts, pause=pause)
        self._shared = None
        if settings.shared_cache:
            from authorizer.vending.shared import SharedLevel  # noqa: PLC0415 - only where it is used

            self._shared = SharedLevel(settings.shared_cache, session, self.counts, seal=self.sealers.private)

        if settings.callers.roles:
            self._seats = Seats(settings.callers.sessions, self._shared, settings.issuers)

    async def warm(self) -> None:
        """Make the clients ahead of the first request. Raises `SettingsError` where no Region is configured."""
        # The function's own credentials are asked for again by the request that needs them.
        with suppress(BotoCoreError, OSError):
            await self._sts.open()
        if self._shared:
            await self._shared.open()

    async def vend(
        self,
        identity: Identity,
        policy: SessionPolicy,
        shape: Shape,
        now: float,
        deadline: Deadline,
        *,
        address: str | None = None,
    ) -> Credentials:
        """Credentials for `identity`, narrowed by `policy`, that live as long as an answer of this shape, given at
        `now`, may be used. What is handed to callers ends with their token, and serves from `address` alone where one
        is given. Where they end with the token their `expiration` says so: nobody is told of permissions that are dead.

        `now` is seconds since the epoch; no answer by `deadline` is a failure. Raises `RequestInvalid`,
        `PolicyTooLarge`, `PolicyInvalid`, `ClaimAbsent`, or another `VendingFailure`; `TokenExpired` where the session
        would end with a token that is over, and taken within its issuer's leeway.
        """
        handed_out = identity.role.name in self._settings.callers.handed_out
        end_with_token = self._settings.session.end_with_token or handed_out
        request = assume_role_request(identity, policy, end_with_token=end_with_token, address=address)
        if not end_with_token:
            return await self._vended(request, identity, shape, now, deadline, handed_out=handed_out)
        ends = end_of_token(identity)
        if ends <= now:
            raise TokenExpired(
                f"the token expired {now - ends:.0f} s ago, and a session that ends with it is over: a fresh one is "
                "needed; `leeway` lengthens no session"
            )
        found = await self._vended(request, identity, shape, now, deadline, handed_out=handed_out)
        return found if found.expiration <= ends else replace(found, expiration=ends)

    async def _vended(
        self,
        request: AssumeRoleRequest,
        identity: Identity,
        shape: Shape,
        now: float,
        deadline: Deadline,
        *,
        handed_out: bool,
    ) -> Credentials:
        """The role session's credentials, with its own end."""
        lifetime = CALLERS if handed_out else self._lifetimes[shape]
        wanted = Wanted(request, lifetime, identity, handed_out)
        held = self._cache.find(request.key, lifetime, now)
        fetched = None
        if held is None:
            fetched = await self._fetch(wanted, now, deadline, ahead=False)
            held = fetched.credentials
        # What the table gave may be due, too: where environments are many, hardly one of them meets a user twice, and
        # nobody would renew ahead of the end.
        if (
            lifetime.is_due(held, now)
            and self._may_renew(request, now)
            and not (fetched and fetched.to_share)
        ):
            fetched = await self._renew(wanted, held, now, deadline)
        if fetched is None:
            return held
        if self._shared and fetched.to_share:
            await self._shared.publish(request, fetched.credentials, now, deadline)
        return fetched.credentials

    def forget(self) -> None:
        """Forget every role session, as after a restored snapshot."""
        self._cache.clear()
        if self._seats:
            self._seats.clear()

    async def close(self) -> None:
        await self._sts.close()
        if self._shared:
            await self._shared.close()

    def _may_renew(self, request: AssumeRoleRequest, now: float) -> bool:
        return self._renewals.is_over(now) and not self._cache.is_put_off(request.key, now)

    async def _renew(self, wanted: Wanted, held: Credentials, now: float, deadline: Deadline) -> Fetched:
        """Fresh credentials in place of `held`, which serve on where none are to be had in time."""
        try:
            fetched = await self._fetch(wanted, now, deadline.within(RENEWAL_BUDGET), ahead=True)
        except Exception as error:
            # Whatever it is: the caller has credentials, and who finds none any more is told.
            self.counts.refresh_failures += 1
            if isinstance(error, OF_THE_SESSION):
                self._cache.put_off(wanted.request.key, now)
            else:
                self._renewals.failed(now)
            return Fetched(held, to_share=False)
        self.counts.refreshed += 1
        self._renewals.succeeded()
        return fetched

    async def _fetch(self, wanted: Wanted, now: float, deadline: Deadline, *, ahead: bool) -> Fetched:
        request, lifetime, *_ = wanted
        budget = deadline.remaining()
        if budget <= 0:
            raise StsUnavailable(
                f"no time is left to ask STS for role {request.role_arn!r}: the deadline passed {-budget:.1f} s ago; "
                "look at what came before, or give the function a longer time-out"
            )
        await loop_needed()
        # What is enough for a request is not enough for a connection: they do not share a flight.
        flight_key = f"{request.key}/{lifetime.need}"
        joins = flight_key in self._flights
        if joins:
            self.counts.joined += 1
        try:
            fetched = await self._flights.join(
                flight_key,
                lambda flight: self._assume(wanted, now, deadline, flight, ahead=ahead),
                budget=budget,
            )
        except TimeoutError:
            raise StsUnavailable(
                f"STS did not answer for role {request.role_arn!r} within {budget:.1f} s, all that was left"
            ) from None
        # For this caller: one who joins late has a later `now` than the one who fetched.
        _check(fetched.credentials, lifetime, now)
        return Fetched(fetched.credentials, to_share=fetched.to_share and not joins)

    async def _assume(
        self, wanted: Wanted, now: float, deadline: Deadline, flight: Flight[Fetched], *, ahead: bool
    ) -> Fetched:
        request, lifetime, identity, seated = wanted
        if self._shared and (found := await self._shared.find(request, lifetime, now, deadline, ahead=ahead)):
            self._cache.keep(request.key, found)
            return Fetched(found, to_share=False)
        seat = None
        if self._seats and seated:
            ends = min(now + request.duration, identity.expires_at)
            seat = await self._seats.take(identity, request.key, ends, now, deadline)
        try:
            credentials = await self._sts.assume_role(
                request, now=now, remaining=flight.remaining, owners=self._owners(identity)
            )
        except BaseException as error:
            if seat:
                seat.leave()
                # Who is cancelled has no time left, and nothing outlives its invocation.
                if isinstance(error, Exception):
                    await seat.give_back()
            if isinstance(error, AssumeRoleDenied):
                self._cache.deny(request.key, error, now)
            raise
        self._cache.keep(request.key, credentials)
        if seat:
            await seat.keep()
        return Fetched(credentials, to_share=True)

    def _owners(self, identity: Identity) -> Owners:
        """What the policies keep apart, of this identity. Those for whom they keep nothing apart are one together: else
        theirs would be the only calls that are never held back."""
        policies = (self._settings.policies.get(name) for name in identity.role.policies)
        claims = {claim for policy in policies if policy for claim in policy.isolates}
        owners = {(claim, value) for claim in claims if isinstance(value := identity.claims.get(claim), str)}
        return owners or self._nobody


def _check(credentials: Credentials, lifetime: Lifetime, now: float) -> None:
    missing = lifetime.missing(credentials, now)
    if missing > 0:
        raise CredentialsTooShort(
            f"STS's credentials for role {credentials.role_arn!r} end {missing:.0f} s before the last request that "
            "this answer serves: compare the clocks, or lower result_ttl, backend_time or connection_time",
            missing=missing,
        )
