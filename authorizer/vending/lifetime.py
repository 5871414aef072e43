"""How long credentials may be handed out. Pure arithmetic over seconds since the epoch.

API Gateway caches an answer, credentials included, for `result_ttl`; a request that is served from that cache
at its last moment works with them for `backend_time` more. So an answer given at `now` is right only if

    expiration ≥ now + result_ttl + backend_time

A WebSocket is answered once, at `$connect`, and its messages carry those credentials: there they must live for
`connection_time`. `authorizer.settings` refuses sessions too short for either.

So credentials serve from `issued_at` until that long before their `expiration`. When four fifths of that are over,
the request that finds them asks for fresh ones before it answers: Lambda freezes the process between requests, and
what is left for later does not happen. What this costs, for sessions of an hour and the default `backend_time`, and a
caller whose answers are cached for five minutes: an AssumeRole every 45 minutes in place of every 55, and one of nine
requests that come by waits for STS. What it buys: for eleven minutes STS can be down before anybody notices.
"""

from dataclasses import dataclass

from authorizer.model import Credentials, Shape
from authorizer.settings.schema import Gateway

RENEWED_AFTER = 0.8
"""Part of the time for which credentials serve, after which fresh ones are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """What one answer needs of its credentials."""

    need: float
    """Seconds that credentials must still live when it leaves."""

    @classmethod
    def of(cls, gateway: Gateway, shape: Shape) -> "Lifetime":
        """What an answer of this shape needs."""
        if shape is Shape.WEBSOCKET:
            return cls(need=max(gateway.connection_time, gateway.backend_time))
        return cls(need=gateway.result_ttl + gateway.backend_time)

    def missing(self, credentials: Credentials, now: float) -> float:
        """By how many seconds they would expire too early in an answer given at `now`; zero or less: they serve."""
        return now + self.need - credentials.expiration

    def serves(self, credentials: Credentials, now: float) -> bool:
        return self.missing(credentials, now) <= 0

    def is_due(self, credentials: Credentials, now: float) -> bool:
        """Whether fresh ones should be asked for while these still serve."""
        serves_for = credentials.expiration - self.need - credentials.issued_at
        return now >= credentials.issued_at + RENEWED_AFTER * serves_for


CALLERS = Lifetime(need=300.0)
"""What callers hold themselves serves them for five minutes at least: their SDK asks again before it ends."""
