"""The keys of one issuer and their life: fetched, held, renewed, retired.

::

    age of the fetched set    0 ──────────── max_age ──────────── max_age + grace ────────▶
    a key that is held        serves         serves; a fetch      serves no more;
                                             is due (`maintain`)  the caller waits for a fetch

A fetch that fails, or that brings no usable key set, changes nothing but the time of the attempt. Within
`cooldown` of any attempt nobody makes another one. Pinned keys have no age: they serve from the start and
until the first fetch succeeds, which is due after the first answer; from then on only fetched keys count, so
that a key that the issuer has withdrawn is gone here too.
"""

import asyncio
from collections.abc import Mapping
from math import inf

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from authorizer.errors import KeysUnavailable, KeyUnknown
from authorizer.settings.schema import Keys
from authorizer.tokens.fetch import Fetch, FetchFailed
from authorizer.tokens.jwk import KeySetRefused, parse_key_set


class KeyStore:
    """One issuer's keys. One event loop uses it; times are seconds since the epoch, given by the caller."""

    def __init__(
        self, uri: str, keys: Keys, fetch: Fetch, pinned: Mapping[str, RSAPublicKey] | None = None
    ) -> None:
        self._uri = uri
        self._policy = keys
        self._fetch = fetch
        self._held: Mapping[str, RSAPublicKey] = dict(pinned or {})
        self._fetched_at: float | None = None
        self._expires_at = inf
        self._attempted_at: float | None = None
        self._failure: str | None = None
        """Why the latest attempt failed; None: it did not, or there was none."""
        self._in_flight: asyncio.Task[None] | None = None

    def held(self, kid: str, now: float) -> RSAPublicKey | None:
        """The key that serves under this `kid` now, without waiting for anything."""
        return self._held.get(kid) if now <= self._expires_at else None

    async def key(self, kid: str, now: float) -> RSAPublicKey:
        """The key with this `kid`; waits for a fetch only if it is not held.

        Raises `KeyUnknown` if a set that was fetched within `cooldown` does not have it, `KeysUnavailable` if
        no such set can be had: the issuer may have published the key meanwhile.
        """
        held = self.held(kid, now)
        if held is not None:
            return held
        await asyncio.sleep(0)  # what follows needs an event loop: the runtime starts one at this yield
        await self._renew(now)
        held = self.held(kid, now)
        if held is not None:
            return held
        if self._failure is not None or self._fetched_at is None or now > self._expires_at:
            raise KeysUnavailable(
                f"the keys at '{self._uri}' cannot be had: {self._failure or 'no fetch has ended'}"
            )
        # The `kid` is a stranger's text, and stays out of the log; those that are held are the issuer's.
        known = ", ".join(map(repr, self._held))
        raise KeyUnknown(f"the token's `kid` is not in the key set at '{self._uri}', which has {known}")

    async def warm(self, now: float) -> None:
        """Fetch ahead of the first request, unless pinned keys serve it. Never raises."""
        if not self._held:
            await self._renew(now)

    async def maintain(self, now: float) -> None:
        """Fetch if keys are held and a fetch is due. For the time after an answer. Never raises."""
        if self.is_due(now):
            await self._renew(now)

    async def close(self) -> None:
        """Stop the fetch that is under way. Never raises; a later call makes a new one."""
        if self._in_flight is not None and not self._in_flight.done():
            self._in_flight.cancel()
            await asyncio.wait([self._in_flight])

    def is_due(self, now: float) -> bool:
        """Whether `maintain` would fetch."""
        if not self._held:
            return False
        # A clock that was set back makes the age negative: unknown, so a fetch is due.
        return self._fetched_at is None or not 0 <= now - self._fetched_at < self._policy.max_age

    def _has_tried_within(self, seconds: float, now: float) -> bool:
        return self._attempted_at is not None and abs(now - self._attempted_at) < seconds

    async def _renew(self, now: float) -> None:
        """Join the fetch that is under way, or make one unless it is too early for that."""
        flight = None if self._in_flight is None or self._in_flight.done() else self._in_flight
        # A fetch that is older than its own time-out was stopped with its environment, and will only fail.
        joinable = flight is not None and self._has_tried_within(self._policy.timeout, now)
        if not joinable and not self._has_tried_within(self._policy.cooldown, now):
            self._attempted_at = now  # before the fetch: what counts are attempts, however they end
            flight = self._in_flight = asyncio.create_task(self._fetch_once(now))
        if flight is not None:
            # Many requests wait for this one: one of them that is cancelled must not take it from the others.
            await asyncio.shield(flight)

    async def _fetch_once(self, now: float) -> None:
        failure: str | None = None
        fetched: Mapping[str, RSAPublicKey] = {}
        try:
            fetched = parse_key_set(await self._fetch(self._uri, self._policy.timeout))
        except (FetchFailed, KeySetRefused) as failed:
            failure = str(failed)
        except Exception as unforeseen:  # a fetch must not take the good keys with it, whatever it does
            failure = f"unforeseen {type(unforeseen).__name__}"
        if asyncio.current_task() is not self._in_flight:
            return  # overtaken by a later attempt, which knows better
        self._failure = failure
        if failure is None:
            # An unchanged key stays the same object: what was verified with it stays verified.
            unchanged = {kid: old for kid, old in self._held.items() if old == fetched.get(kid)}
            self._held = {**fetched, **unchanged}
            self._fetched_at = now
            self._expires_at = now + self._policy.max_age + self._policy.grace
