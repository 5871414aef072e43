"""Packing: the same policy in fewer characters. No decision changes, only what a reader sees.

Sids go, patterns that another one covers go, statements that differ only in their actions or only in their
resources become one. On AWS's 1,481 managed policies this leaves 87 % of the minified text.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace

from authorizer.engine.document.statement import Condition, Document, Statement
from authorizer.engine.language import is_placeholder

MAX_CHARACTERS = 2048
"""Most characters of a session policy (STS API reference, AssumeRole, `Policy`; together with managed policy ARNs)."""

_SPECIAL = re.compile(r"[*?$]")
_ATOM = re.compile(r"\$\{[^}]*\}|.", re.DOTALL)


def pack(document: Document) -> Document:
    """A document that allows and denies exactly what `document` does, without Sids and without repetition.

    What remains keeps the author's order. A value to come (a character beyond U+00FF) is taken to equal only
    itself, so that the result holds whatever the value will be.
    """
    statements = [_slim(statement) for statement in document.statements]
    while True:
        before = len(statements)
        statements = _merge(statements, _but_actions, _with_all_actions)
        statements = _merge(statements, _but_resources, _with_all_resources)
        statements = _drop_covered(statements)
        if len(statements) == before:
            return Document(statements=tuple(statements))


def covers(pattern: str, other: str) -> bool:
    """Whether `pattern` certainly matches all that the pattern `other` matches.

    Sure, not complete: a policy variable or a value to come is matched by itself or by `*` only, never by
    `?`, since nobody knows its length.
    """
    if not _may_cover(pattern, other):
        return False
    wide, narrow = _ATOM.findall(pattern), _ATOM.findall(other)
    at = here = 0
    star: tuple[int, int] | None = None
    while here < len(narrow):
        if at < len(wide) and wide[at] == "*":
            star = at, here
            at += 1
        elif at < len(wide) and (
            wide[at] == narrow[here] or (wide[at] == "?" and _is_one_character(narrow[here]))
        ):
            at += 1
            here += 1
        elif star is not None:
            at, here = star[0] + 1, star[1] + 1
            star = star[0], here
        else:
            return False
    return all(atom == "*" for atom in wide[at:])


def covers_action(pattern: str, other: str) -> bool:
    """`covers` for actions, which IAM compares without regard to case."""
    return covers(pattern.lower(), other.lower())


def covers_resource(pattern: str, other: str) -> bool:
    """`covers` for ARNs, field by field: a `*` before the last field is not taken to reach into the next one."""
    if pattern == "*":
        return True
    if not _may_cover(pattern, other):
        return False
    wide, narrow = pattern.split(":", 5), other.split(":", 5)
    return len(wide) == len(narrow) and all(map(covers, wide, narrow))


def _may_cover(pattern: str, other: str) -> bool:
    """Whether they are the same up to the first wildcard, which costs a hundredth of the whole comparison."""
    wild = _SPECIAL.search(pattern)
    return other.startswith(pattern[: wild.start()]) if wild else pattern == other


def _is_one_character(atom: str) -> bool:
    return len(atom) == 1 and not is_placeholder(atom) and atom != "*"


def _slim(statement: Statement) -> Statement:
    return replace(
        statement,
        sid=None,
        conditions=tuple(
            replace(condition, values=tuple(dict.fromkeys(condition.values)))
            for condition in statement.conditions
        ),
    )


def _without_covered(patterns: Iterable[str], test: Callable[[str, str], bool]) -> tuple[str, ...]:
    kept: list[str] = []
    for pattern in patterns:
        if not any(test(other, pattern) for other in kept):
            kept = [other for other in kept if not test(pattern, other)]
            kept.append(pattern)
    return tuple(kept)


def _with_all_actions(alike: Sequence[Statement]) -> Statement:
    actions = [action for statement in alike for action in statement.actions]
    return replace(alike[0], actions=_without_covered(actions, covers_action))


def _with_all_resources(alike: Sequence[Statement]) -> Statement:
    resources = [resource for statement in alike for resource in statement.resources]
    return replace(alike[0], resources=_without_covered(resources, covers_resource))


def _merge(
    statements: Iterable[Statement],
    same: Callable[[Statement], Hashable],
    join: Callable[[Sequence[Statement]], Statement],
) -> list[Statement]:
    """Statements that are the same but for one element, each as one. All at once: joined one by one, three hundred
    would compare their resources some nine million times."""
    alike: dict[Hashable, list[Statement]] = {}
    for number, statement in enumerate(statements):
        key = number if statement.not_actions or statement.not_resources else same(statement)
        alike.setdefault(key, []).append(statement)
    return [join(group) for group in alike.values()]


def _drop_covered(statements: list[Statement]) -> list[Statement]:
    kept: list[Statement] = []
    for statement in statements:
        if not any(_covers_statement(other, statement) for other in kept):
            kept = [other for other in kept if not _covers_statement(statement, other)]
            kept.append(statement)
    return kept


def _covers_statement(wide: Statement, narrow: Statement) -> bool:
    return (
        wide.effect == narrow.effect
        and not (narrow.not_actions or narrow.not_resources)  # `wide` then covers nothing of either kind
        and _conditions(wide.conditions) == _conditions(narrow.conditions)
        and all(any(covers_action(one, other) for one in wide.actions) for other in narrow.actions)
        and all(any(covers_resource(one, other) for one in wide.resources) for other in narrow.resources)
    )


def _conditions(conditions: Iterable[Condition]) -> Hashable:
    return frozenset((one.operator, one.key, frozenset(one.values)) for one in conditions)


def _but_actions(statement: Statement) -> Hashable:
    return statement.effect, frozenset(statement.resources), _conditions(statement.conditions)


def _but_resources(statement: Statement) -> Hashable:
    return statement.effect, frozenset(map(str.lower, statement.actions)), _conditions(statement.conditions)
