"""What two statements need not be kept apart in, because the author declared it common to all.

A declaration is about a statement, some of its actions and some of its resources, and leaves out no more than that. It
never leaves out what is one user's own: a resource or a condition that mentions a claim by which users are kept apart.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from authorizer.engine.document import WITHOUT_RESOURCE_LEVEL, Sharing, Statement
from authorizer.engine.evaluate import Parts, parse_action, parse_resource
from authorizer.engine.language import is_placeholder
from authorizer.engine.prove.allows import Templates
from authorizer.engine.prove.automaton import find_overlap
from authorizer.engine.prove.inclusion import find_uncovered
from authorizer.engine.prove.proof import Promise
from authorizer.engine.prove.symbolic import SymbolicStatement

Pair: TypeAlias = tuple[Sharing | None, Sharing | None]
"""The declaration that leaves something out, on the side of the statement that it is about."""


class Common:
    """What the templates of two promises share, where users differ in `claim`."""

    def __init__(self, templates: Templates, one: Promise, other: Promise, *, claim: str) -> None:
        self._origin = templates.origin
        self._one, self._other = one, other
        self._own = frozenset((claim, *one.isolates, *other.isolates, *one.own, *other.own))

    def between(self, one: SymbolicStatement, other: SymbolicStatement) -> Mapping[tuple[int, int], Pair]:
        """The pairs of resources that are left out, by their numbers, each with what declared it."""
        mine, theirs = one.statement, other.statement
        by_mine = self._declared(mine, self._one.shared)
        by_theirs = self._declared(theirs, self._other.shared)
        found: dict[tuple[int, int], Pair] = {}
        for number in range(len(mine.resources)) if by_mine or by_theirs else ():
            for other_number in range(len(theirs.resources)):
                left, right = by_mine.get(number), by_theirs.get(other_number)
                pair: Pair = (
                    None if self._reaches_own(mine, number, theirs, other_number) else left,
                    None if self._reaches_own(theirs, other_number, mine, number) else right,
                )
                if pair != (None, None):
                    found[number, other_number] = pair
        return found

    def _declared(self, statement: Statement, shared: Sequence[Sharing]) -> dict[int, Sharing]:
        """Which of its resources are declared common to all for each of its actions."""
        return {
            number: sharing
            for number, resource in enumerate(statement.resources)
            if not owned(statement, resource, self._own, self._origin)
            for sharing in shared
            if covers(sharing, statement, resource)
        }

    def _reaches_own(self, shared: Statement, at: int, other: Statement, number: int) -> bool:
        """Whether a shared statement would open what the other one keeps for one user."""
        if WITHOUT_RESOURCE_LEVEL.issuperset(map(str.lower, shared.actions)):
            return False  # it touches nothing that has a name
        if _of_another_kind(shared.resources[at], other.resources[number]):
            return False
        if _mentions(other.resources[number], self._own, self._origin):
            return True
        return owned(other, other.resources[number], self._own, self._origin) and any(
            find_overlap(parse_action(action), parse_action(another)) is not None
            for action in shared.actions
            for another in other.actions
        )


def covers(sharing: Sharing, statement: Statement, resource: str) -> bool:
    """Whether it declares this resource of the statement common to all, for each of its actions."""
    return (
        sharing.statement == statement.sid
        and not (statement.not_actions or statement.not_resources)
        and all(_within(parse_action, action, sharing.actions) for action in statement.actions)
        and _within(parse_resource, resource, sharing.resources)
    )


def owned(
    statement: Statement, resource: str, own: frozenset[str], origin: Callable[[str], tuple[str, int]]
) -> bool:
    """Whether a statement is about what is one user's own, on this resource: whether that, or a condition, mentions one
    of the claims `own`."""
    values = [value for condition in statement.conditions for value in condition.values]
    return any(_mentions(text, own, origin) for text in (resource, *values))


def _of_another_kind(one: str, other: str) -> bool:
    """Whether two ARNs differ before their fifth colon. There a star stays in its field (IAM User Guide, "IAM JSON
    policy elements: Resource"), while the automata let it cross colons."""
    heads = list(zip(one.split(":", 5)[:5], other.split(":", 5)[:5], strict=False))
    return len(heads) == 5 and any(
        find_overlap(parse_action(mine), parse_action(theirs)) is None for mine, theirs in heads
    )


def _mentions(text: str, own: frozenset[str], origin: Callable[[str], tuple[str, int]]) -> bool:
    return any(is_placeholder(char) and origin(char)[0] in own for char in text)


def _within(parse: Callable[[str], Parts], text: str, patterns: Sequence[str]) -> bool:
    return find_uncovered(parse(text), [parse(pattern) for pattern in patterns]) is None
