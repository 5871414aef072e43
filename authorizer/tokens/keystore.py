"""The keys of one issuer and their life: fetched, held, renewed, retired.

::

    age of the fetched set    0 ──────────── max_age ──────────── max_age + grace ────────▶
    a key that is held        serves         is fetched anew      serves no more:
                                             before it serves;     no answer without
                                             serves all the same   a fetch
                                             if that fails

Lambda freezes the environment between requests: a fetch beside or after them would stand still in the middle
of its TLS handshake, and be called a failure of the issuer when it thaws. So whoever finds a fetch due waits for
it, and a fetch ends with the last request that waits for it: none is under way while the environment is frozen.

A fetch that fails, or that brings no usable key set, changes nothing but the time of the attempt. Within
`cooldown` of any attempt nobody makes another one, and nobody waits. One that its request had no time for, and that
may never have been sent, says nothing of the issuer: whoever has no key makes another after as long as that one lasted,
else one late request would have all others of the environment refused. Pinned keys serve from the first moment, and
their age counts from there: they are due after `cooldown`, and serve `grace` longer if no fetch succeeds. The first
that does replaces them, so that a key that the issuer has withdrawn is gone here too.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from math import inf

from authorizer.errors import KeysUnavailable, KeyUnknown
from authorizer.settings.schema import Keys
from authorizer.tokens.algorithms import Algorithm
from authorizer.tokens.fetch import Fetch, FetchFailed
from authorizer.tokens.jwk import KeySetRefused, parse_key_set
from authorizer.tokens.public_keys import PublicKey
from authorizer.waiting.deadline import Deadline
from authorizer.waiting.flights import Flights
from authorizer.waiting.running import loop_needed

MOST_TOLD = 8
"""Key ids that a refusal tells: with a set of 100, each stranger's token would leave 25 kB in the log."""
LEFT = "no answer came in the time that its requests had"
"""Why there are no keys where a fetch was not begun, or was cancelled."""
RENEWAL_SHARE = 0.5
"""Part of a request's time that it may spend on renewing keys that still serve: an issuer that is silent must leave
time for STS."""


@dataclass(slots=True, kw_only=True)
class FetchCounts:
    """Fetches of key sets, each once however many requests waited for it. What an operator is told of an issuer
    that does not answer: requests that it hits may be a stranger's."""

    key_fetches: int = 0
    key_fetch_failures: int = 0
    """No usable key set came back, or none in time."""

    def take(self) -> dict[str, int]:
        """What is not zero since the last time."""
        if self.key_fetches or self.key_fetch_failures:
            taken = {"key_fetches": self.key_fetches, "key_fetch_failures": self.key_fetch_failures}
            self.key_fetches = self.key_fetch_failures = 0
            return {name: count for name, count in taken.items() if count}
        return {}  # as at almost every request


class KeyStore:
    """One issuer's keys for its algorithm. One event loop uses it; times are given by the caller, in seconds since the
    epoch."""

    def __init__(
        self,
        uri: str,
        algorithm: Algorithm,
        keys: Keys,
        fetch: Fetch,
        pinned: Mapping[str, PublicKey] | None = None,
        *,
        counts: FetchCounts | None = None,
    ) -> None:
        self._uri = uri
        self._algorithm = algorithm
        self._policy = keys
        self._fetch = fetch
        self._counts = counts or FetchCounts()
        self._flights: Flights[None] = Flights()
        self._held: Mapping[str, PublicKey] = dict(pinned or {})
        self._held_since: float | None = None
        """None until somebody looks; these two are told from then on."""
        self._due_at: float
        self._expires_at: float
        self._attempted_at = -inf
        self._began_at: float
        """The same on the monotonic clock."""
        self._cut_after: float | None = None
        """How long the latest attempt lasted, in seconds, if its requests' time ended it and nothing else did."""
        self._failure: str | None = None
        """Why the latest attempt brought nothing; None: it did, or there was none."""
        self._serves_from = self._serves_until = -inf
        """Between these, held keys serve without a look at anything else."""

    def held(self, kid: str, now: float) -> PublicKey | None:
        """The key that serves under this `kid` now, without waiting for anything."""
        return self._held.get(kid) if self._serves_from <= now < self._serves_until else None

    async def key(self, kid: str, now: float, deadline: Deadline) -> PublicKey:
        """The key with this `kid`; waits for a fetch if one is due, or if it is not held.

        Raises `KeyUnknown` if a set that was fetched within `cooldown` does not have it, `KeysUnavailable` if
        no such set can be had: the issuer may have published the key meanwhile.
        """
        self._look_at_the_clock(now)
        serving = self._serving(kid, now)
        if serving is None:
            await self._renew(now, deadline)
        elif now >= self._due_at:
            budget = deadline.within(RENEWAL_SHARE * deadline.remaining())
            await self._renew(now, budget, serving=True)
        key = self._serving(kid, now)
        if key is not None:
            return key
        if self._failure is not None or now >= self._expires_at:
            raise KeysUnavailable(
                f"the keys at '{self._uri}' cannot be had: {self._failure or 'the last ones are too old'}"
            )
        # The `kid` is a stranger's text, and stays out of the log; those that are held are the issuer's.
        known = ", ".join(map(repr, islice(self._held, MOST_TOLD)))
        raise KeyUnknown(
            f"the token's `kid` is not in the key set at '{self._uri}', which has {len(self._held)}: {known}"
        )

    async def warm(self, now: float) -> None:
        """Fetch ahead of the first request, unless pinned keys serve it. Never raises."""
        self._look_at_the_clock(now)
        if not self._held:
            await self._renew(now, Deadline.after(self._policy.timeout))

    def _serving(self, kid: str, now: float) -> PublicKey | None:
        return self._held.get(kid) if now < self._expires_at else None

    def _look_at_the_clock(self, now: float) -> None:
        """Pinned keys age from when they are first looked at. Where the clock was set back behind them, nobody knows
        how old keys are: they age from now, and a fetch is due."""
        if self._held_since is None:
            self._age(now, self._policy.cooldown)
        elif now < self._held_since - self._policy.cooldown:
            self._age(now, 0)

    def _age(self, now: float, lasts: float) -> None:
        """The keys that are held count as new at `now`, and need no fetch while that `lasts`."""
        self._held_since = now
        self._due_at = now + lasts
        self._expires_at = self._due_at + self._policy.grace
        self._plan(now)

    def _plan(self, now: float) -> None:
        """No fetch is made before one is due, nor before the cool-down of the latest attempt is over."""
        self._serves_from = now
        self._serves_until = min(
            max(self._due_at, self._attempted_at + self._policy.cooldown), self._expires_at
        )

    def _may_wait(self, now: float, *, serving: bool) -> bool:
        """Whether there is a fetch to wait for: one under way, or one that may be made. `serving`: a key serves."""
        pause = self._policy.cooldown
        if self._cut_after is not None and not serving:
            pause = min(pause, 2 * self._cut_after)  # from its begin: as long again as it lasted
        return self._uri in self._flights or abs(now - self._attempted_at) >= pause

    async def _renew(self, now: float, deadline: Deadline, *, serving: bool = False) -> None:
        """Wait for the fetch that is under way, or for a new one, unless it is too early for that."""
        if not self._may_wait(now, serving=serving):
            return
        await loop_needed()
        if not self._may_wait(now, serving=serving):
            return  # another request's fetch has ended meanwhile
        if self._uri not in self._flights:
            if deadline.remaining() == 0:
                self._failure = self._failure or LEFT
                return  # an attempt that nobody makes
            self._attempted_at = now  # before the fetch: what counts are attempts, however they end
            self._began_at = time.monotonic()
            self._cut_after = None
            self._failure = "no fetch has ended"
            self._plan(now)
        try:
            await self._flights.join(self._uri, lambda _: self._fetch_once(now), budget=deadline.remaining())
        except TimeoutError:
            if self._uri not in self._flights and deadline.remaining() == 0:
                self._cut_after = time.monotonic() - self._began_at

    async def _fetch_once(self, now: float) -> None:
        self._counts.key_fetches += 1
        failure: str | None = LEFT
        try:
            fetched = parse_key_set(await self._fetch(self._uri, self._policy.timeout), self._algorithm)
            failure = None
        except (FetchFailed, KeySetRefused) as failed:
            failure = str(failed)
        except Exception as unforeseen:  # a fetch must not take the good keys with it, whatever it does
            failure = f"unforeseen {type(unforeseen).__name__}"
        finally:
            self._failure = failure
            self._counts.key_fetch_failures += failure is not None
        if failure is None:
            # An unchanged key stays the same object: what was verified with it stays verified.
            unchanged = {kid: old for kid, old in self._held.items() if old == fetched.get(kid)}
            self._held = {**fetched, **unchanged}
            self._age(now, self._policy.max_age)
