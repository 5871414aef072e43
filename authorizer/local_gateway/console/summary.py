"""Panel 1: requests as they came, a row each."""

from collections.abc import Sequence
from typing import Any, Final

from authorizer.local.world import Local
from authorizer.local_gateway.console.shown import persona_of
from authorizer.local_gateway.decisions import Served

WINDOW: Final = 100
"""Most rows that a page is given at once, whatever is kept."""


def row(served: Served, local: Local | None) -> dict[str, Any]:
    return {
        "number": served.number,
        "time": served.time,
        "kind": served.kind,
        "method": served.method,
        "path": served.path,
        "route": served.route,
        "persona": persona_of(served.principal, local),
        "principal": served.principal,
        "outcome": served.outcome,
        "code": served.code,
        "status": served.status,
        "milliseconds": served.milliseconds.get("total"),
        "cache": served.cache,
        "age": served.age,
    }


def window(
    decisions: Sequence[Served], local: Local | None, *, after: int = 0, before: int | None = None
) -> list[dict[str, Any]]:
    """The newest first, at most `WINDOW`: those with a number above `after`, and below `before` where it is given."""
    first = decisions[0].number if decisions else 1
    start = max(0, after + 1 - first)
    end = len(decisions) if before is None else min(max(0, before - first), len(decisions))
    kept = decisions[max(start, end - WINDOW) : end]
    return [row(each, local) for each in reversed(kept)]
