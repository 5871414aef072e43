"""Is a new set of policies no wider than the old one? If it is wider: who may now do what they could not before.

Both sets speak about the same user. Every way through both sets of templates together is explored, so that a scope, a
claim that is absent or a list's length means the same on both sides, and with lists as long as can make a difference
(`authorizer.engine.template.loops`). A user for whom the old set renders no policy, because of a claim that is absent
or a list that is now a text, could do nothing before. Users whom the old set failed otherwise are not compared: those
whose policy was longer than STS takes, and those with a malformed claim that the new set does not look at any more.

NO WIDER is proven by containment of what each way renders to; WIDER needs a request that the new policy allows and the
old one does not, both really rendered; anything between is UNKNOWN.
"""

from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, TypeAlias

from authorizer.engine.document import Document, Statement
from authorizer.engine.prove.changes import Change, in_changes
from authorizer.engine.prove.containment import Excess, find_excess
from authorizer.engine.prove.sides import Side, Sides, is_within
from authorizer.engine.prove.symbolic import SymbolicStatement, read_statement
from authorizer.engine.prove.users import placeholders_of
from authorizer.engine.prove.wider import find_gain
from authorizer.engine.prove.witness import Party

Verdict: TypeAlias = Literal["NO WIDER", "WIDER", "UNKNOWN"]
MAX_WAYS: Final = 4096
"""Most ways through both sets that are explored; beyond them the verdict is UNKNOWN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDiff:
    """What became of one role."""

    role: str
    verdict: Verdict
    reason: str
    gained: tuple[Change, ...]
    lost: tuple[Change, ...]
    witness: Party | None
    """Who may now do what they could not before."""


def diff_role(role: str, *, old: Side | None, new: Side | None) -> RoleDiff:
    """Compare what a role's session policies allow. A side is None where the role does not exist."""
    sides = Sides(old, new)
    ways = list(islice(sides.ways(), MAX_WAYS + 1))
    gained = [(way, excess) for way, before, now in ways for excess in _excess(now, before, sides)]
    lost = [(way, excess) for way, before, now in ways for excess in _excess(before, now, sides)]
    doubts = _doubts(sides, len(ways))
    witness = find_gain(sides, gained, ways) if gained or doubts else None
    if witness is not None:
        verdict: Verdict = "WIDER"
        reason = "the new policy allows a request that the old one did not"
    elif gained:
        verdict = "UNKNOWN"
        reason = "not shown to be contained, and no request found that only the new one allows"
    elif doubts:
        verdict, reason = "UNKNOWN", "; ".join(doubts)
    else:
        verdict, reason = "NO WIDER", "whatever the new policy allows, the old one did"
    return RoleDiff(
        role=role,
        verdict=verdict,
        reason=reason,
        gained=in_changes(gained, of=len(ways), placeholders=sides.placeholders),
        lost=in_changes(lost, of=len(ways), placeholders=sides.placeholders),
        witness=witness,
    )


def _excess(policy: Document, other: Document, sides: Sides) -> tuple[Excess, ...]:
    def read(statement: Statement) -> SymbolicStatement:
        holes = {char: sides.placeholders.origin(char)[0] for char in placeholders_of(statement)}
        return read_statement(statement, holes=holes, claims=sides.claims, isolates=None)

    return find_excess(policy, other, read=read)


def _doubts(sides: Sides, ways: int) -> list[str]:
    """What containment of documents does not see."""
    doubts = [f"more than {MAX_WAYS} ways to compare"] if ways > MAX_WAYS else []
    if sides.old is not None and sides.new is not None:
        used, before, sources = sides.new.claims, sides.old.templates.claims, sides.old.sources
        doubts += [
            f"claim `{name}` takes values that its type refused before"
            for name in sorted(used.keys() & before.keys())
            if not is_within(used[name], before[name])
        ]
        doubts += [
            f"claim `{name}` is read from `{source}`, and was from `{sources[name]}`"
            for name, source in sides.new.sources.items()
            if name in used and sources.get(name, source) != source
        ]
    return doubts
