"""What came of a run: counts of its window, and the rates, times and costs that follow from them."""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from authorizer.capacity.facts import QUOTA, fact
from authorizer.capacity.load import Load


@dataclass(slots=True)
class Tenant:
    """What one tenant, or all but one, met."""

    reached: int = 0
    failed: int = 0

    @property
    def failure_rate(self) -> float:
        return self.failed / self.reached if self.reached else 0.0


@dataclass(kw_only=True)
class Measured:
    """One share's counts; every property speaks of the whole. `ttl` in seconds."""

    load: Load
    ttl: float
    shared: bool
    repeated: float = 0.0
    """Requests that API Gateway answered from its cache."""
    reached: int = 0
    """Requests that reached the authorizer."""
    failed: int = 0
    cold: int = 0
    """Those for which an environment had to start."""
    queued: int = 0
    """Those that found no environment free."""
    calls: int = 0
    """AssumeRole calls, retries included."""
    throttled: int = 0
    read_units: float = 0.0
    write_units: float = 0.0
    busy: float = 0.0
    """Seconds of environments."""
    counts: Counter[str] = field(default_factory=Counter)
    """What the vendors counted."""
    took: "array[float]" = field(default_factory=lambda: array("d"), repr=False)
    """Seconds that each request waited for the authorizer, of those that reached it."""
    tenants: dict[int, Tenant] = field(default_factory=dict, repr=False)

    @property
    def requests(self) -> float:
        return self.repeated + self.reached

    @property
    def calls_per_second(self) -> float:
        return self.calls * self.load.share / self.load.window

    @property
    def headroom(self) -> float:
        """The part of STS's quota that nobody uses; below zero: more is asked than there is."""
        return 1 - self.calls_per_second / QUOTA

    @property
    def gateway_rate(self) -> float:
        """The part of all requests that API Gateway answered itself."""
        return self.repeated / self.requests if self.requests else 0.0

    @property
    def memory_rate(self) -> float:
        """The part of those that reached the authorizer that an environment's memory answered."""
        return self.counts["hits"] / self.reached if self.reached else 0.0

    @property
    def shared_rate(self) -> float:
        """The part of them that the shared table answered."""
        return self.counts["shared_hits"] / self.reached if self.reached else 0.0

    @property
    def failure_rate(self) -> float:
        """The part of all requests that failed."""
        return self.failed / self.requests if self.requests else 0.0

    @property
    def cost(self) -> float:
        """$ of the authorizer for a million requests at API Gateway, which is not counted itself."""
        gigabytes = fact("lambda_memory")
        spent = self.reached * fact("lambda_requests") / 1e6
        spent += self.busy * gigabytes * fact("lambda_time")
        spent += (self.read_units * fact("reads") + self.write_units * fact("writes")) / 1e6
        return spent * 1e6 / self.requests if self.requests else 0.0

    def quantile(self, part: float) -> float:
        """Seconds that this part of the requests that reached the authorizer waited for it at most."""
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else 0.0

    def tenants_of(self, noisy: bool) -> Tenant:
        """The first tenant, or all others together."""
        found = [tenant for number, tenant in self.tenants.items() if (number == 0) is noisy]
        return Tenant(sum(each.reached for each in found), sum(each.failed for each in found))

    def plain(self) -> dict[str, Any]:
        """For machines: rates from 0 to 1, seconds, dollars."""
        return {
            "ttl": self.ttl,
            "shared": self.shared,
            "sts_calls_per_second": round(self.calls_per_second, 2),
            "sts_headroom": round(self.headroom, 4),
            "gateway_rate": round(self.gateway_rate, 4),
            "memory_rate": round(self.memory_rate, 4),
            "shared_rate": round(self.shared_rate, 4),
            "failure_rate": round(self.failure_rate, 6),
            "p50": round(self.quantile(0.5), 4),
            "p99": round(self.quantile(0.99), 4),
            "dollars_per_million": round(self.cost, 4),
            "share": self.load.share,
        }
