"""Is a new set of policies no wider than the old one? If it is wider: who may now do what they could not before.

Both sets speak about the same user. Every way through both sets of templates together is explored, so that a scope, a
claim that is absent or a list's length means the same on both sides, and with lists as long as can make a difference
(`authorizer.engine.template.loops`). A user for whom the old set renders no policy, because of a claim that is absent
or a list that is now a text, could do nothing before. Users whom the old set failed otherwise are not compared: those
whose policy was longer than STS takes, and those with a malformed claim that the new set does not look at any more.

NO WIDER is proven by containment of what each way renders to; WIDER needs a request that the new policy allows and the
old one does not, both really rendered; anything between is UNKNOWN.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal, TypeAlias

from authorizer.engine.document import Document, Statement
from authorizer.engine.prove.changes import Change, in_changes
from authorizer.engine.prove.containment import Excess, disjoint, find_excess
from authorizer.engine.prove.groups import Overlap, always_needed, groups
from authorizer.engine.prove.sides import Both, Side, Sides, is_within
from authorizer.engine.prove.symbolic import SymbolicStatement, read_statement
from authorizer.engine.prove.users import Way, placeholders_of
from authorizer.engine.prove.wider import find_gain
from authorizer.engine.prove.witness import Party

Verdict: TypeAlias = Literal["NO WIDER", "WIDER", "UNKNOWN"]
MAX_WHOLE: Final = 256
"""Most ways through both sets that are compared whole; where there are more, parts are
(`authorizer.engine.prove.groups`)."""
MAX_WAYS: Final = 1024
"""Most ways through parts that are compared together; beyond them the verdict is UNKNOWN."""
_TOO_MANY: Final = (
    f"more than {MAX_WAYS} ways through statements that have to be compared together: put tests around whole "
    "statements, and let fewer of them be about the same actions on the same resources"
)


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
    doubts: list[str] = []
    whole = list(islice(sides.ways(), MAX_WHOLE + 1))
    of = len(whole) if len(whole) <= MAX_WHOLE else None
    if of is not None:
        gains, losses = [whole], [[(way, now, before) for way, before, now in whole]]
    else:
        gains, doubts = _in_groups(sides)
        losses, _ = _in_groups(sides, lost=True)
    gained = [
        [(way, excess) for way, before, now in ways for excess in _excess(now, before, sides)]
        for ways in gains
    ]
    lost = [
        [(way, excess) for way, before, now in ways for excess in _excess(now, before, sides)]
        for ways in losses
    ]
    doubts += _doubts(sides)
    found = [each for group in gained for each in group]
    ways = [each for group in gains for each in group]
    witness = find_gain(sides, found, ways) if found or doubts else None
    if witness is not None:
        verdict: Verdict = "WIDER"
        reason = "the new policy allows a request that the old one did not"
    elif found:
        verdict = "UNKNOWN"
        said = "not shown to be contained, and no request found that only the new one allows"
        reason = "; ".join((said, *doubts))
    elif doubts:
        verdict, reason = "UNKNOWN", "; ".join(doubts)
    else:
        verdict, reason = "NO WIDER", "whatever the new policy allows, the old one did"
    return RoleDiff(
        role=role,
        verdict=verdict,
        reason=reason,
        gained=_changes(gained, of, sides),
        lost=_changes(lost, of, sides),
        witness=witness,
    )


def _in_groups(sides: Sides, *, lost: bool = False) -> tuple[list[list[Both]], list[str]]:
    """The ways of each group of parts that has to be compared, and why some could not be; with `lost` the other way
    round: what the old set allows comes last."""
    mine, theirs = sides.parts(sides.new), sides.parts(sides.old)
    if lost:
        mine, theirs = theirs, mine
    needed = always_needed(mine)
    found: list[list[Both]] = []
    doubts: dict[str, None] = {}
    for group in groups(mine, theirs, overlap=_overlapping(sides), alike=sides.alike):
        ways = list(islice(sides.ways_through(group, defined=needed, lost=lost), MAX_WAYS + 1))
        doubts |= {_TOO_MANY: None} if len(ways) > MAX_WAYS else {}
        found.append([(way, now, before) for way, before, now in ways] if lost else ways)
    return found, list(doubts)


def _changes(
    found: Iterable[Sequence[tuple[Way, Excess]]], of: int | None, sides: Sides
) -> tuple[Change, ...]:
    changes = [
        change for excess in found for change in in_changes(excess, of=of, placeholders=sides.placeholders)
    ]
    return tuple(dict.fromkeys(changes))


def _overlapping(sides: Sides) -> Overlap:
    reader = _reader(sides)
    return lambda one, other: not disjoint(one, other, reader)


def _excess(policy: Document, other: Document, sides: Sides) -> tuple[Excess, ...]:
    return find_excess(policy, other, read=_reader(sides))


def _reader(sides: Sides) -> Callable[[Statement], SymbolicStatement]:
    def read(statement: Statement) -> SymbolicStatement:
        holes = {char: sides.placeholders.origin(char)[0] for char in placeholders_of(statement)}
        return read_statement(statement, holes=holes, claims=sides.claims, isolates=None)

    return read


def _doubts(sides: Sides) -> list[str]:
    """What containment of documents does not see."""
    doubts: list[str] = []
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
