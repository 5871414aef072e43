"""What a Deny leaves of an Allow: statements that allow at least all that the one allows and the other does not deny.

Whoever gets past a Deny asks for an action that it is not about, or for a resource, or one of its conditions is False.
Each of these is a statement of its own: the Allow, narrowed by what was not so. What no statement says, such as a
resource that a Deny covers in part, is left in whole, so that nothing allowed is missing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from authorizer.engine.document import Statement
from authorizer.engine.evaluate import Parts, parse_action, parse_resource
from authorizer.engine.prove.implication import is_implied, where_false
from authorizer.engine.prove.texts import may_meet, narrower, within

MAX_LEFT: Final = 16
"""Most statements that one is taken apart into; a Deny that would make more of it is left out of account."""


def left_of(allow: Statement, denies: Iterable[Statement]) -> tuple[Statement, ...]:
    """What these Denies leave of an Allow, all with the same claims; nothing where they take it all."""
    left: tuple[Statement, ...] = (allow,)
    for deny in denies:
        after = tuple(dict.fromkeys(each for statement in left for each in _left(statement, deny)))
        if len(after) <= MAX_LEFT:
            left = after
    return left


def _left(allow: Statement, deny: Statement) -> tuple[Statement, ...]:
    if allow.not_actions or allow.not_resources:
        return (allow,)
    left: list[Statement] = []
    if spared := _beyond(parse_action, allow.actions, deny.actions, deny.not_actions):
        left.append(replace(allow, actions=spared))
    if about := _about(allow, deny):
        if elsewhere := _beyond(parse_resource, about.resources, deny.resources, deny.not_resources):
            left.append(replace(about, resources=elsewhere))
        for condition in deny.conditions:
            if not is_implied(condition, about.conditions):
                conditions = (*about.conditions, *(where_false(condition) or ()))
                left.append(replace(about, conditions=tuple(dict.fromkeys(conditions))))
    return (allow,) if allow in left else tuple(left)


def _about(allow: Statement, deny: Statement) -> Statement | None:
    """The Allow for the actions that the Deny may be about."""
    actions = tuple(
        action
        for action in allow.actions
        if not _is_spared(parse_action, action, deny.actions, deny.not_actions)
    )
    return replace(allow, actions=actions) if actions else None


def _beyond(
    parse: Callable[[str], Parts], texts: Sequence[str], denied: Sequence[str], excepted: Sequence[str]
) -> tuple[str, ...]:
    """Texts for at least what is not denied of these."""
    if excepted:
        return narrower(parse, excepted, texts)
    return tuple(text for text in texts if not within(parse, text, denied))


def _is_spared(
    parse: Callable[[str], Parts], text: str, denied: Sequence[str], excepted: Sequence[str]
) -> bool:
    """Whether a Deny is about nothing that the text matches; never wrongly True."""
    if excepted:
        return within(parse, text, excepted)
    return not any(may_meet(parse, text, each) for each in denied)
