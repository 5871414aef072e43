"""Panel 9: the authorizer cache: entries, keys, time left, and what would be answered without it."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from authorizer.local.world import Local
from authorizer.local_gateway.asking import Asked, Outcome
from authorizer.local_gateway.cache import Cache, Entry
from authorizer.local_gateway.console.shown import Shown, persona_of
from authorizer.local_gateway.decisions import Served
from authorizer.local_gateway.kinds import KINDS, QUOTAS
from authorizer.local_gateway.verdicts import Malformed, judge, read_answer

MOST: Final = 100
"""Most entries that are shown, the newest first."""


def cached(cache: Cache, decisions: Sequence[Served], local: Local | None) -> dict[str, Any]:
    """Each entry by a digest of what it is keyed by, tokens among it, and the decision that made it."""
    entries = cache.entries()
    made = {
        id(each.answer): each for each in decisions if each.answer is not None and each.record is not None
    }
    return {
        "count": len(entries),
        "entries": [
            {
                "authorizer": name,
                "key": key_of(name, entry),
                "sources": len(entry.values),
                "age": entry.ends - entry.made - left,
                "left": left,
                "principal": entry.answer.principal,
                "persona": persona_of(entry.answer.principal, local),
                "number": made[id(entry.answer)].number if id(entry.answer) in made else None,
            }
            for name, entry, left in reversed(entries[-MOST:])
        ],
    }


def key_of(name: str, entry: Entry) -> str:
    """Twelve hex digits: tells entries apart, and tells nothing of a token."""
    return sha256(repr((name, entry.values)).encode()).hexdigest()[:12]


async def without(shown: Shown, asked: Asked) -> dict[str, Any] | None:
    """What the authorizer would answer now, and whether that opens the decision's own route; None where it cannot be
    asked: its event is not kept, or there is none. The cache stays as it is."""
    origin = shown.origin
    if origin is None or origin.event is None:
        return None
    kind = KINDS.get(origin.kind)
    outcome = await asked(origin.event, simple=kind is not None and kind.simple)
    return {"code": outcome.code, **_judged(shown, outcome)}


def _judged(shown: Shown, outcome: Outcome) -> dict[str, Any]:
    kind = KINDS.get(shown.served.kind)
    if outcome.response is None or kind is None:
        return {"state": "no answer", "why": [outcome.error or "an answer for a WebSocket is never cached"]}
    try:
        answer = read_answer(outcome.response, kind, QUOTAS[kind.protocol])
    except Malformed as malformed:
        return {"state": "no answer", "why": [str(malformed)]}
    result = judge(answer, shown.served.arn or "")
    return {"state": "allowed" if result.allowed else "denied", "why": list(result.why)}
