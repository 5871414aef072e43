"""How long credentials may be handed out. Pure arithmetic over seconds since the epoch.

API Gateway caches an answer, credentials included, for `result_ttl`; a request that is served from that cache
at its last moment works with them for `backend_time` more. So an answer given at `now` is right only if

    expiration ≥ now + result_ttl + backend_time

A WebSocket is answered once, at `$connect`, and its messages carry those credentials: there they must live for
`connection_time`. `authorizer.settings` refuses sessions too short for either.

So credentials serve from `issued_at` until that long before their `expiration`. When four fifths of that are over, or
up to a fifth earlier, the request that finds them asks for fresh ones before it answers: Lambda freezes the process
between requests, and what is left for later does not happen. What this costs, for sessions of an hour and the default
`backend_time`, and a caller whose answers are cached for five minutes: an AssumeRole every 40 minutes in place of every
55, and one of eight requests that come by waits for STS. What it buys: for eleven minutes at least STS can be down
before anybody notices, and sessions that began together, at nine o'clock or behind a new deployment, are renewed over
eleven minutes in place of all at once.
"""

import zlib
from dataclasses import dataclass

from authorizer.model import Credentials, Shape
from authorizer.settings.schema import Gateway

RENEWED_AFTER = 0.8
"""Part of the time for which credentials serve, after which fresh ones are asked for at the latest."""
SPREAD = 0.2
"""Part of it by which one session may be asked for earlier than another."""


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
        return now >= credentials.issued_at + (RENEWED_AFTER - SPREAD * _turn(credentials)) * serves_for


def _turn(credentials: Credentials) -> float:
    """From 0 to 1, evenly among sessions, and the same in every environment that shares one: its key's id tells it."""
    return zlib.crc32(credentials.access_key_id.encode()) / 0xFFFFFFFF


CALLERS = Lifetime(need=300.0)
"""What callers hold themselves serves them for five minutes at least, or until their token ends: their SDK asks again
before it does."""
