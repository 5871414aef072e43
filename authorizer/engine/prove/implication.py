"""Conditions beside one another: what one of them says of another, and what holds where one does not.

A condition is True, False, or None where it cannot be told; an Allow applies where all of its conditions are True, a
Deny where none is False (`authorizer.engine.evaluate`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from authorizer.engine.document import Condition, Operator
from authorizer.engine.evaluate import Parts, known_operator, parse_pattern
from authorizer.engine.prove.texts import included

_QUALIFIERS: Final = {None: "", "ForAllValues": "ForAnyValue:", "ForAnyValue": "ForAllValues:"}
"""Of a condition → of the one that holds where it does not."""


def is_implied(wanted: Condition, given: Sequence[Condition]) -> bool:
    """Whether every request that satisfies all that is given satisfies what is wanted; never wrongly True."""
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
        return all(included(_pattern(text, narrow), others) for text in narrow.values)
    return mine.name == theirs.name and set(narrow.values) <= set(wide.values)


def _pattern(text: str, condition: Condition) -> Parts:
    operator = known_operator(condition.operator)
    return parse_pattern(text.lower() if operator.folds_case else text, wildcards=operator.takes_wildcards)


def where_false(condition: Condition) -> tuple[Condition, ...] | None:
    """Conditions that all hold where this one is False, and nowhere else: what a Deny under it leaves. None where no
    operator says so."""
    operator = known_operator(condition.operator)
    if operator.kind == "null":
        return _other_null(condition)
    if operator.kind not in ("string", "arn"):
        return None
    opposite = f"{_QUALIFIERS[operator.qualifier]}{_other_name(operator)}"
    found = replace(condition, operator=opposite)
    if _holds_without(operator) and _holds_without(known_operator(opposite)):
        return found, Condition(operator="Null", key=condition.key, values=("false",))
    return (found,)


def _other_null(condition: Condition) -> tuple[Condition, ...] | None:
    wanted = {value.lower() for value in condition.values}
    if not wanted <= {"true", "false"}:
        return None
    # Of a condition that always holds there are two, which never hold together.
    return tuple(
        replace(condition, values=("false" if value == "true" else "true",)) for value in sorted(wanted)
    )


def _other_name(operator: Operator) -> str:
    if operator.negated:
        return operator.name.replace("Not", "", 1)
    kind = "String" if operator.kind == "string" else "Arn"
    return operator.name.replace(kind, f"{kind}Not", 1)


def _holds_without(operator: Operator) -> bool:
    """Whether a condition holds of a request without its key."""
    if operator.if_exists or operator.qualifier == "ForAllValues":
        return True
    return operator.negated and operator.qualifier is None
