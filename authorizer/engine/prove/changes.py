"""What a role gained or lost, in words for its reviewer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from authorizer.engine.document import Condition
from authorizer.engine.language import Placeholders, is_placeholder
from authorizer.engine.prove.containment import Excess
from authorizer.engine.prove.users import Way
from authorizer.engine.template import Equals, InScopes, IsDefined

_OTHERS: Final = "others"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that a role gained or lost."""

    action: str
    resource: str
    """Claims as in templates: `{{ tenant }}`."""
    conditions: tuple[str, ...]
    users: tuple[str, ...]
    """For which users, in words; empty for all."""


def in_changes(
    found: Iterable[tuple[Way, Excess]], *, of: int | None, placeholders: Placeholders
) -> tuple[Change, ...]:
    """What was found on some of the ways, of which there are `of`: the same thing once, with whom it is about. Without
    `of` a way stands for all users who answer what it asks: those of one that asks nothing are all."""
    users: dict[tuple[str, str, tuple[str, ...]], list[Way]] = {}
    for way, excess in found:
        statement = excess.statement
        conditions = [*statement.conditions, *(excess.lifted.conditions if excess.lifted else ())]
        key = (
            ", ".join(statement.actions),
            ", ".join(_show(text, placeholders) for text in statement.resources),
            tuple(_describe(condition, placeholders) for condition in conditions),
        )
        users.setdefault(key, []).append(way)
    return tuple(
        Change(
            action=action,
            resource=resource,
            conditions=conditions,
            users=_users(found_on, of),
        )
        for (action, resource, conditions), found_on in users.items()
    )


def _users(found_on: Sequence[Way], of: int | None) -> tuple[str, ...]:
    words = set(map(_in_words, found_on))
    everybody = _OTHERS in words if of is None else len(found_on) == of
    return () if everybody else tuple(sorted(words))


def _describe(condition: Condition, placeholders: Placeholders) -> str:
    values = " or ".join(repr(_show(value, placeholders)) for value in condition.values)
    return f"{condition.operator} {condition.key} {values}"


def _show(text: str, placeholders: Placeholders) -> str:
    return "".join(
        f"{{{{ {placeholders.origin(char)[0]} }}}}" if is_placeholder(char) else char for char in text
    )


def _in_words(way: Way) -> str:
    """Which users go this way: `with scope data:write, without tenant`."""
    words = []
    for atom, chosen in way.items():
        if isinstance(atom, InScopes):
            words.append(f"{'with' if chosen else 'without'} scope {atom.scope}")
        elif isinstance(atom, IsDefined):
            words += [] if chosen else [f"without {atom.claim}"]
        elif isinstance(atom, Equals):
            words.append(f"{atom.claim} {'is' if chosen else 'is not'} {atom.value}")
    return ", ".join(words) or _OTHERS
