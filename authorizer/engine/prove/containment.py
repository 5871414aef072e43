"""Does a policy allow nothing that another does not? Statement by statement, with claims still open.

Both policies speak about one user, so that a claim's placeholder is the same text on both sides. An Allow is contained
if for each of its actions and resources there are statements on the other side whose conditions ask no more, and which
together cover it. All of this errs on one side: what is called contained, is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from authorizer.engine.document import Document, Statement
from authorizer.engine.evaluate import parse_action, parse_resource
from authorizer.engine.prove.implication import is_implied
from authorizer.engine.prove.leaving import left_of
from authorizer.engine.prove.separation import Apart, compare
from authorizer.engine.prove.symbolic import SymbolicStatement
from authorizer.engine.prove.texts import Parse, may_meet, narrower, within


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
    left = [each for statement in allows for each in left_of(statement, denies)]
    # What the other side allows, or this side denies, is no excess.
    excess = [
        Excess(statement=part)
        for statement in left
        for part in _uncovered(statement, (*other_allows, *denies))
    ]
    for deny in other_denies:
        if _uncovered(deny, denies):
            excess += [
                Excess(statement=statement, lifted=deny)
                for statement in left
                if not disjoint(statement, deny, read) and _uncovered(_both(statement, deny), denies)
            ]
    return tuple(excess)


def _both(allow: Statement, deny: Statement) -> Statement:
    """At least what an Allow allows of what a Deny denies."""
    if allow.not_actions or allow.not_resources:
        return deny
    return replace(
        allow,
        actions=narrower(parse_action, deny.actions, allow.actions) if deny.actions else allow.actions,
        resources=narrower(parse_resource, deny.resources, allow.resources)
        if deny.resources
        else allow.resources,
        conditions=tuple(dict.fromkeys((*allow.conditions, *deny.conditions))),
    )


def _split(document: Document) -> tuple[list[Statement], list[Statement]]:
    allows = [statement for statement in document.statements if statement.effect == "Allow"]
    return allows, [statement for statement in document.statements if statement.effect != "Allow"]


def _uncovered(statement: Statement, others: Sequence[Statement]) -> list[Statement]:
    """The parts of a statement that the others do not cover, each one action on one resource, or all but some."""
    fitting = [
        other
        for other in others
        if all(is_implied(wanted, statement.conditions) for wanted in other.conditions)
    ]
    return [part for part in _parts(statement) if not _covered(_actions(part), _resources(part), fitting)]


def _parts(statement: Statement) -> Iterator[Statement]:
    for action in statement.actions or (None,):
        for resource in statement.resources or (None,):
            yield replace(
                statement,
                actions=() if action is None else (action,),
                resources=() if resource is None else (resource,),
            )


class _Set(NamedTuple):
    """Some actions, or some resources: those that are listed, or all but those that are excepted."""

    parse: Parse
    listed: tuple[str, ...]
    excepted: tuple[str, ...]

    def is_within(self, others: Sequence["_Set"]) -> bool:
        """Whether the others together have all of it; never wrongly True."""
        if any(other.excepted and self._is_beside(other.excepted) for other in others):
            return True
        texts = [text for other in others for text in other.listed]
        return all(within(self.parse, text, texts) for text in self.listed or ("*",))

    def _is_beside(self, excepted: Sequence[str]) -> bool:
        if self.excepted:
            return all(within(self.parse, text, self.excepted) for text in excepted)
        return not any(may_meet(self.parse, text, other) for text in self.listed for other in excepted)


def _actions(statement: Statement) -> _Set:
    return _Set(parse_action, statement.actions, statement.not_actions)


def _resources(statement: Statement) -> _Set:
    return _Set(parse_resource, statement.resources, statement.not_resources)


def _covered(actions: _Set, resources: _Set, others: Sequence[Statement]) -> bool:
    """Whether the others together cover it: those that cover the whole resource by their actions, or those that cover
    the whole action by their resources."""
    on_resource = [other for other in others if resources.is_within([_resources(other)])]
    if actions.is_within([*map(_actions, on_resource)]):
        return True
    for_action = [other for other in others if actions.is_within([_actions(other)])]
    return resources.is_within([*map(_resources, for_action)])


def disjoint(one: Statement, other: Statement, read: Callable[[Statement], SymbolicStatement]) -> bool:
    """Whether no request matches both."""
    if other.not_actions and all(within(parse_action, action, other.not_actions) for action in one.actions):
        return bool(one.actions)
    if other.not_resources and all(
        within(parse_resource, text, other.not_resources) for text in one.resources
    ):
        return bool(one.resources)
    if not (one.not_actions or other.not_actions) and not any(
        may_meet(parse_action, action, another) for action in one.actions for another in other.actions
    ):
        return True
    return isinstance(compare(read(one), read(other)), Apart)
