"""What to set: findings from what was measured with these settings and with others."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from authorizer.capacity.facts import QUOTA
from authorizer.capacity.measured import Measured

TIGHT = 0.7
"""The part of STS's quota above which other callers of the account, and bursts, are in danger."""


class Finding(NamedTuple):
    """One sentence of advice, and why."""

    advice: str
    because: str


def findings(asked: Measured, others: Sequence[Measured]) -> list[Finding]:
    """What to set, most urgent first. `others` are the same load with other settings."""
    return list(_findings(asked, others))


def _findings(asked: Measured, others: Sequence[Measured]) -> Iterator[Finding]:
    used = 1 - asked.headroom
    if used > TIGHT:
        told = f"STS is asked {asked.calls_per_second:,.0f} times a second of {QUOTA:,.0f}"
        enough = [other for other in others if 1 - other.headroom <= TIGHT]
        for other in sorted(enough, key=lambda other: (other.shared is not asked.shared, other.cost))[:1]:
            yield Finding(
                f"{_change(asked, other)}",
                f"{told}; with it {other.calls_per_second:,.0f}, for ${other.cost:.2f} a million requests",
            )
        if not enough:
            yield Finding(
                "divide the users among accounts or Regions, or ask AWS for more",
                f"{told}, and neither the TTL nor the shared level brings it under {TIGHT:.0%}",
            )
    elif asked.shared:
        for other in others:
            if not other.shared and other.ttl == asked.ttl and 1 - other.headroom <= TIGHT / 2:
                yield Finding(
                    "leave out [shared_cache]",
                    f"without it STS is asked {other.calls_per_second:,.0f} times a second of {QUOTA:,.0f}, and a "
                    f"million requests cost ${other.cost:.2f} in place of ${asked.cost:.2f}",
                )
    if asked.failed and used <= TIGHT:
        yield Finding(
            "look at the deadline", f"{asked.failure_rate:.3%} of requests fail though STS has room"
        )
    if asked.queued > asked.reached / 100:
        yield Finding(
            "raise the function's concurrency",
            f"{min(1.0, asked.queued / asked.reached):.0%} of the requests that reach the authorizer find no "
            "environment free",
        )


def _change(asked: Measured, other: Measured) -> str:
    changes = []
    if other.ttl != asked.ttl:
        changes.append(f"set gateway.result_ttl to {other.ttl:.0f}s")
    if other.shared and not asked.shared:
        changes.append("add [shared_cache]")
    if asked.shared and not other.shared:
        changes.append("leave out [shared_cache]")
    return " and ".join(changes)
