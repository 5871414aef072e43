"""What is asked: so many users, so many requests, so many environments; and the settings that suit the question."""

import base64
import json
import math
from dataclasses import dataclass, replace

from authorizer.settings.schema import CLOCK_SKEW, Sealing, Settings, SharedCache

MOST_REACHED = 12_000
"""Decisions that one answer may take: one to four seconds of one core."""
SHORTEST = 600.0
"""Seconds that are measured at least."""
PER_ENVIRONMENT = 0.25
"""The share of its time for which an environment is busy where nobody says how many there are: bursts need the rest."""
BUSY = 0.06
"""Seconds that a decision holds an environment on average, a call of STS included: for that guess alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Who comes, and how often. Times are seconds."""

    users: int
    """The population; of its members some come often and most seldom (Zipf, exponent 1, within each tenant)."""
    rps: float
    """Requests a second at API Gateway."""
    environments: int
    tenants: int = 100
    session: float = 900.0
    """How long one token is used, on average: exponential."""
    think: float = 10.0
    """Between two requests of one session, on average: exponential."""
    window: float = 3600.0
    """What is measured."""
    lead: float = 3600.0
    """What runs before it, so that memories are as full as they get."""
    noisy: float = 1.0
    """How many times as many sessions as any other the first tenant begins."""
    modelled: int | None = None
    """How many of the tenants the model runs, None for all, with their part of the requests, of the quotas, and of what
    environments remember and have time for. Environments are all there, since what matters of them is over how many
    of them one user's requests are spread; a quota's burst is whole, so that its queue is the same on a slower clock.
    """

    @property
    def share(self) -> float:
        """The model runs one of so many shares."""
        return self.tenants / self.modelled if self.modelled else 1.0

    def with_environments(self, environments: int) -> "Load":
        """The same on so many environments."""
        return replace(self, environments=environments)

    @property
    def begun(self) -> float:
        """Sessions that begin in a second."""
        return self.rps / (1 + self.session / self.think)

    def reached(self, ttl: float) -> float:
        """Requests a second that reach the authorizer, roughly."""
        return min(self.rps, self.begun * (1 + self.session / (ttl + self.think)))


def suited(load: Load, ttl: float) -> Load:
    """`load` with so few of its tenants that an answer takes no longer than it should; where that is not enough, for a
    shorter time."""
    decisions = load.reached(ttl) * (load.window + load.lead)
    # Of smaller shares, a single request would be too much of what can be under way.
    most = max(1.0, min(load.environments / 8, decisions / MOST_REACHED))
    fewer = replace(load, modelled=max(1, round(load.tenants / most)))
    shorter = max(SHORTEST / load.window, min(1.0, fewer.share * MOST_REACHED / decisions))
    return replace(fewer, window=load.window * shorter, lead=load.lead * shorter)


def environments_for(rps: float) -> int:
    """How many environments so many decisions a second keep (Little's law)."""
    return max(20, math.ceil(rps * BUSY / PER_ENVIRONMENT))


def longest_ttl(settings: Settings) -> float:
    """The longest `gateway.result_ttl` that loads: sessions outlive it by `backend_time` and the clocks' skew."""
    kept = [role for role in settings.roles.values() if role.name not in settings.callers.handed_out]
    shortest = min((role.duration for role in kept), default=3600)
    return min(3600.0, shortest - settings.gateway.backend_time - CLOCK_SKEW)


def settings_with(settings: Settings, *, ttl: float, shared: bool, share: float = 1) -> Settings:
    """`settings` as the question has them, for one of so many shares of the users. Sealing keys are the model's own: no
    real one is read.

    Raises `ValueError` for a TTL that would not load.
    """
    longest = longest_ttl(settings)
    if not 0 <= ttl <= longest:
        raise ValueError(
            f"a result_ttl of {ttl:.0f} s does not load: expected 0 to {longest:.0f} s, so that sessions outlive it by "
            f"backend_time and {CLOCK_SKEW:.0f} s of clock skew"
        )
    key = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
    keys = json.dumps({"keys": [{"kty": "oct", "kid": "model", "k": key}]})
    return replace(
        settings,
        gateway=replace(settings.gateway, result_ttl=ttl),
        session=replace(settings.session, cache_entries=max(1, int(settings.session.cache_entries / share))),
        sealing=None,
        private_sealing=Sealing(source="environment", keys=keys, private=True) if shared else None,
        shared_cache=SharedCache(table="model", region=None) if shared else None,
    )
