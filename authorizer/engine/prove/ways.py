"""Fewer words for the same users: ways through templates, joined where a choice makes no difference.

A way is what was chosen about a user (`authorizer.engine.template.run.explore`); a set of ways means whoever goes one
of them. What comes out means the same users as what went in.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from authorizer.engine.document import Condition
from authorizer.engine.language import is_placeholder
from authorizer.engine.prove.users import Origin
from authorizer.engine.template import Atom, Contains, Equals, HasItems, InScopes, IsDefined, VariableIs

Literals: TypeAlias = frozenset[tuple[Atom, bool | int]]
"""A way as a set: choices that are not in it make no difference."""


def simplify(
    ways: Iterable[Mapping[Atom, bool | int]], *, lengths: Mapping[str, Collection[int]]
) -> list[Literals]:
    """The fewest words that were found for whoever goes one of the ways. `lengths`: list claim → the numbers of items
    that stand for all. One empty way means everybody."""
    found = {frozenset(way.items()) for way in ways}
    while True:
        joined = _without_what_was_asked(_joined(found, lengths))
        if joined == found:
            return sorted(found, key=lambda way: (len(way), sorted(map(in_words, way))))
        found = joined


def _joined(ways: set[Literals], lengths: Mapping[str, Collection[int]]) -> set[Literals]:
    """Where all answers to a question are there, beside the same other choices, the question goes."""
    for atom in {atom for way in ways for atom, _ in way}:
        answers: dict[Literals, set[bool | int]] = {}
        for way in ways:
            for literal in way:
                if literal[0] == atom:
                    answers.setdefault(way - {literal}, set()).add(literal[1])
        every = set(lengths[atom.claim]) if isinstance(atom, HasItems) else {True, False}
        whole = {rest for rest, given in answers.items() if given >= every}
        ways = {
            way for way in ways if not any(literal[0] == atom and way - {literal} in whole for literal in way)
        }
        ways |= whole
    return ways


def _without_what_was_asked(ways: set[Literals]) -> set[Literals]:
    """A choice goes where those who chose otherwise are among the users of another way; and so do ways that mean no
    user beyond another's."""
    for way in sorted(ways, key=len, reverse=True):
        for atom, chosen in way:
            if isinstance(atom, HasItems):
                continue
            flipped = (way - {(atom, chosen)}) | {(atom, not chosen)}
            if any(other <= flipped for other in ways if other != way):
                return (ways - {way}) | {way - {(atom, chosen)}}
    return {way for way in ways if not any(other < way for other in ways)}


def in_words(literal: tuple[Atom, bool | int]) -> str:
    """One choice as a reader says it: `with scope data:write`, `without tenant`, `plan is not pro`."""
    atom, chosen = literal
    match atom:
        case InScopes(scope=scope):
            return f"{'with' if chosen else 'without'} scope {scope}"
        case IsDefined(claim=claim):
            return f"{'with' if chosen else 'without'} {claim}"
        case Equals(claim=claim, value=value):
            return f"{claim} {'=' if chosen else 'is not'} {value}"
        case Contains(claim=claim, value=value):
            return f"{claim} {'has' if chosen else 'has not'} {value}"
        case VariableIs():
            raise TypeError("a constant of the deployment is nobody's choice")
        case HasItems(claim=claim):  # pragma: no branch - mypy proves that no atom is left
            return f"{claim} has {chosen} item{'' if chosen == 1 else 's'}"


def in_template(condition: Condition, origin: Origin) -> str:
    """A condition as a reader says it, claims as in templates: `StringLike s3:prefix 'home/{{ sub }}/*'`."""
    values = " or ".join(repr(shown(value, origin)) for value in condition.values)
    return f"{condition.operator} {condition.key} {values}"


def shown(text: str, origin: Origin) -> str:
    """A text with claims as in templates: `home/{{ sub }}/*`."""
    return "".join(f"{{{{ {origin(char)[0]} }}}}" if is_placeholder(char) else char for char in text)
