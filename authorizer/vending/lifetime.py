"""How long credentials may be handed out. Pure arithmetic over seconds since the epoch.

API Gateway caches an answer, credentials included, for `result_ttl`; a request that is served from that cache
at its last moment works with them for `backend_time` more. So an answer given at `now` is right only if

    expiration ≥ now + result_ttl + backend_time

`authorizer.settings` refuses sessions too short for that. Fresh credentials are asked for once half of their
life is over.
"""

from dataclasses import dataclass

from authorizer.model import Credentials
from authorizer.settings.schema import Gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """What one answer needs of its credentials."""

    result_ttl: float
    backend_time: float

    @classmethod
    def of(cls, gateway: Gateway) -> "Lifetime":
        return cls(result_ttl=gateway.result_ttl, backend_time=gateway.backend_time)

    @property
    def need(self) -> float:
        """Seconds that credentials must still live when an answer leaves."""
        return self.result_ttl + self.backend_time

    def missing(self, credentials: Credentials, now: float) -> float:
        """By how many seconds they would expire too early in an answer given at `now`; zero or less: they
        serve."""
        return now + self.need - credentials.expiration

    def serves(self, credentials: Credentials, now: float) -> bool:
        return self.missing(credentials, now) <= 0

    def half_over(self, credentials: Credentials, now: float) -> bool:
        return now >= (credentials.issued_at + credentials.expiration) / 2
