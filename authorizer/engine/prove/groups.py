"""Which parts of two sets of templates have to be compared together, where all of both have too many ways.

A user whom the new set allows something owes it to one Allow, in one part of a template. Of the old set three things
matter to it: parts with an Allow that overlaps it, which may cover it; each part with a Deny that the new set has not,
which may have forbidden it; and each part that needs a claim which the new set does not, for want of which the user had
no policy. A part that both sets have, word for word, covers itself, forbids the same, and fails for the same users.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, TypeAlias

from authorizer.engine.document import Statement
from authorizer.engine.template import For, If, IsDefined, Node, Place, Program, Ways, cut

Overlap: TypeAlias = Callable[[Statement, Statement], bool]
"""Whether a request may match both."""
Explore: TypeAlias = Callable[[Program], Ways]

_NOWHERE: Final = Place("", 0)


@dataclass(frozen=True)
class Part:
    """One part of a set of templates."""

    program: Program
    ways: Ways

    @cached_property
    def text(self) -> Program:
        """The program whatever the lines that it stands in."""
        return _placeless(self.program)

    @cached_property
    def allows(self) -> frozenset[Statement]:
        return self._with_effect("Allow")

    @cached_property
    def denies(self) -> frozenset[Statement]:
        return self._with_effect("Deny")

    @cached_property
    def needs(self) -> frozenset[str]:
        """Claims without which some user has no policy because of it."""
        return frozenset(
            atom.claim
            for way in self.ways
            for atom, chosen in way.chosen.items()
            if isinstance(atom, IsDefined) and chosen
        )

    @cached_property
    def always(self) -> frozenset[str]:
        """Claims without which nobody has a policy because of it."""
        return frozenset(
            claim for claim in self.needs if all(way.chosen.get(IsDefined(claim)) for way in self.ways)
        )

    def _with_effect(self, effect: str) -> frozenset[Statement]:
        return frozenset(
            replace(statement, sid=None)
            for way in self.ways
            for statement in way.document.statements
            if statement.effect == effect
        )


@dataclass(frozen=True, slots=True)
class Group:
    """Parts to compare: whatever `focus` allows, on every way through all of these, `theirs` must."""

    focus: Program
    beside: tuple[Program, ...]
    """More of the same side: they deny, and they fail for want of a claim."""
    theirs: tuple[Program, ...]


def parts_of(programs: Sequence[Program], explore: Explore) -> list[Part]:
    """Every part of these programs."""
    return [Part(part, explore(part)) for program in programs for part in cut(program)]


def always_needed(parts: Sequence[Part]) -> frozenset[str]:
    """Claims without which nobody has a policy."""
    return frozenset[str]().union(*(part.always for part in parts))


def groups(mine: Sequence[Part], theirs: Sequence[Part], *, overlap: Overlap, alike: bool) -> Iterator[Group]:
    """What has to be compared to know that `mine` allow no more than `theirs`. `alike`: whether the same text means the
    same on both sides."""
    kept = {part.text for part in mine} & {part.text for part in theirs} if alike else frozenset()
    gone = [part for part in theirs if part.text not in kept]
    needed = always_needed(mine)
    obstacles = [
        (part, [other for other in mine if _meet(part.denies, other.denies, overlap)])
        for part in gone
        if part.denies or part.needs - needed
    ]
    for part in mine:
        if not part.allows:
            continue
        covering = [
            other
            for other in theirs
            if (other.text == part.text if part.text in kept else _meet(part.allows, other.allows, overlap))
        ]
        # What both have is on both sides, so that it fails for the same users on both.
        both = [other for other in covering if other.text in kept]
        if part.text not in kept:
            yield _group(part, both, covering)
        for obstacle, denying in obstacles:
            yield _group(part, [*both, *denying], [obstacle, *covering])


def _group(focus: Part, beside: Sequence[Part], theirs: Sequence[Part]) -> Group:
    ours, others = ({part.text: part.program for part in parts} for parts in (beside, theirs))
    ours.pop(focus.text, None)
    return Group(focus.program, tuple(ours.values()), tuple(others.values()))


def _meet(ones: frozenset[Statement], others: frozenset[Statement], overlap: Overlap) -> bool:
    return any(overlap(one, other) for one in ones for other in others)


def _placeless(program: Program) -> Program:
    return tuple(map(_without_place, program))


def _without_place(node: Node) -> Node:
    if isinstance(node, If):
        return replace(node, then=_placeless(node.then), otherwise=_placeless(node.otherwise), place=_NOWHERE)
    if isinstance(node, For):
        return replace(node, body=_placeless(node.body), place=_NOWHERE)
    return replace(node, place=_NOWHERE)
