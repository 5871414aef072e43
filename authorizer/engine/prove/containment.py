"""Does a policy allow nothing that another does not? Statement by statement, with claims still open.

Both policies speak about one user, so that a claim's placeholder is the same text on both sides. An Allow is contained
if for each of its actions and resources there are statements on the other side whose conditions ask no more, and which
together cover it. All of this errs on one side: what is called contained, is.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from authorizer.engine.document import Condition, Document, Statement
from authorizer.engine.evaluate import Parts, known_operator, parse_action, parse_pattern, parse_resource
from authorizer.engine.prove.automaton import find_overlap
from authorizer.engine.prove.inclusion import find_uncovered
from authorizer.engine.prove.separation import Apart, compare
from authorizer.engine.prove.symbolic import SymbolicStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """What one policy allows and the other may not: one action on one resource, under the statement's conditions."""

    statement: Statement
    """With this one action and resource alone."""
    lifted: Statement | None = None
    """The Deny of the other side that this side has not, where that is what makes the difference."""


def find_excess(
    policy: Document, other: Document, *, read: Callable[[Statement], SymbolicStatement]
) -> tuple[Excess, ...]:
    """What `policy` allows beyond `other`, as far as it cannot be shown that it does not; both with placeholders.

    `read` makes a statement symbolic. An empty answer is a proof.
    """
    allows, denies = _split(policy)
    other_allows, other_denies = _split(other)
    excess = [Excess(statement=part) for statement in allows for part in _uncovered(statement, other_allows)]
    for deny in other_denies:
        if not _uncovered(deny, denies):
            continue
        excess += [
            Excess(statement=statement, lifted=deny)
            for statement in allows
            if not disjoint(statement, deny, read)
        ]
    return tuple(excess)


def _split(document: Document) -> tuple[list[Statement], list[Statement]]:
    allows = [statement for statement in document.statements if statement.effect == "Allow"]
    return allows, [statement for statement in document.statements if statement.effect != "Allow"]


def _uncovered(statement: Statement, others: Sequence[Statement]) -> list[Statement]:
    """The parts of a statement that the others do not cover, each one action on one resource."""
    if statement.not_actions or statement.not_resources:
        return [] if any(replace(other, sid=statement.sid) == statement for other in others) else [statement]
    fitting = [
        other
        for other in others
        if not (other.not_actions or other.not_resources)
        and all(_implied(wanted, statement.conditions) for wanted in other.conditions)
    ]
    return [
        replace(statement, actions=(action,), resources=(resource,))
        for action in statement.actions
        for resource in statement.resources
        if not _covered(action, resource, fitting)
    ]


def _covered(action: str, resource: str, others: Sequence[Statement]) -> bool:
    """Whether the others together cover it: those that cover the whole resource by their actions, or those that cover
    the whole action by their resources."""
    on_resource = [other for other in others if _within(parse_resource, resource, other.resources)]
    if _within(parse_action, action, [text for other in on_resource for text in other.actions]):
        return True
    for_action = [other for other in others if _within(parse_action, action, other.actions)]
    return _within(parse_resource, resource, [text for other in for_action for text in other.resources])


def _within(parse: Callable[[str], Parts], text: str, others: Sequence[str]) -> bool:
    return text in others or (bool(others) and _included(parse(text), tuple(map(parse, others))))


@lru_cache(maxsize=4096)
def _included(pattern: Parts, others: tuple[Parts, ...]) -> bool:
    return find_uncovered(pattern, others) is None


def _implied(wanted: Condition, given: Sequence[Condition]) -> bool:
    return any(_implies(each, wanted) for each in given if each.key.lower() == wanted.key.lower())


def _implies(given: Condition, wanted: Condition) -> bool:
    """Whether every request that satisfies the one condition satisfies the other, on the same key."""
    mine, theirs = known_operator(given.operator), known_operator(wanted.operator)
    if theirs.kind == "null" and mine.kind != "null":
        # Only a condition that fails on an absent key says that the key is there.
        present = not (mine.negated or mine.if_exists or mine.qualifier == "ForAllValues")
        return present and "false" in {value.lower() for value in wanted.values}
    if (mine.kind, mine.qualifier, mine.negated) != (theirs.kind, theirs.qualifier, theirs.negated):
        return False
    if mine.if_exists and not theirs.if_exists:
        return False
    narrow, wide = (wanted, given) if mine.negated else (given, wanted)
    if mine.kind == "string" and mine.folds_case == theirs.folds_case:
        others = tuple(_pattern(text, wide) for text in wide.values)
        return all(_included(_pattern(text, narrow), others) for text in narrow.values)
    return mine.name == theirs.name and set(narrow.values) <= set(wide.values)


def _pattern(text: str, condition: Condition) -> Parts:
    operator = known_operator(condition.operator)
    return parse_pattern(text.lower() if operator.folds_case else text, wildcards=operator.takes_wildcards)


def disjoint(one: Statement, other: Statement, read: Callable[[Statement], SymbolicStatement]) -> bool:
    """Whether no request matches both."""
    if other.not_actions and all(_within(parse_action, action, other.not_actions) for action in one.actions):
        return bool(one.actions)
    if other.not_resources and all(
        _within(parse_resource, text, other.not_resources) for text in one.resources
    ):
        return bool(one.resources)
    if not (one.not_actions or other.not_actions) and not any(
        _overlap(action, another) for action in one.actions for another in other.actions
    ):
        return True
    return isinstance(compare(read(one), read(other)), Apart)


def _overlap(action: str, other: str) -> bool:
    return find_overlap(parse_action(action), parse_action(other)) is not None
