"""What each of the 27 condition operators compares, as one table, and how a condition of a statement is judged.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys".

A judgement is True, False, or None: it cannot be told, because the request's or the policy's value has not
the form that the operator compares. Who asks decides against the caller then: such an Allow does not match,
such a Deny does.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, TypeAlias

from authorizer.engine.document import Operator, parse_operator, seconds_of
from authorizer.engine.evaluate.patterns import Concrete, Lookup, arn_fields, matches, parse_pattern, resolve

Judgement: TypeAlias = bool | None


# ── what one value of the request is to one value of the policy ─────────────────────────────────────────────


def _pattern(text: str, lookup: Lookup, *, wildcards: bool) -> Concrete | None:
    return resolve(parse_pattern(text, wildcards=wildcards), lookup)


def _equals(text: str, value: str, lookup: Lookup) -> Judgement:
    pattern = _pattern(text, lookup, wildcards=False)
    return pattern is not None and matches(pattern, value)


def _equals_ignoring_case(text: str, value: str, lookup: Lookup) -> Judgement:
    pattern = _pattern(text, lookup, wildcards=False)
    return pattern is not None and "".join(map(str, pattern)).lower() == value.lower()


def _like(text: str, value: str, lookup: Lookup) -> Judgement:
    pattern = _pattern(text, lookup, wildcards=True)
    return pattern is not None and matches(pattern, value)


def _arn_like(text: str, value: str, lookup: Lookup) -> Judgement:
    pattern = _pattern(text, lookup, wildcards=True)
    fields = None if pattern is None else arn_fields(pattern)
    values = value.split(":", 5)
    if fields is None or len(values) < 6:
        return False
    return all(matches(field, part) for field, part in zip(fields, values, strict=True))


def _bool(text: str, value: str, _: Lookup) -> Judgement:
    known = ("true", "false")
    if text.lower() not in known or value.lower() not in known:
        return None
    return text.lower() == value.lower()


def _binary(text: str, value: str, _: Lookup) -> Judgement:
    try:
        return base64.b64decode(text, validate=True) == base64.b64decode(value, validate=True)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _ip_address(text: str, value: str, _: Lookup) -> Judgement:
    network, address = _network(text), _network(value)
    if network is None or address is None or "/" in value:
        return None
    return address.network_address in network


def _compare(read: Callable[[str], Decimal | None], wanted: tuple[int, ...]) -> "Test":
    """A test that reads both sides and wants `value <=> text` to be one of -1, 0, 1."""

    def test(text: str, value: str, _: Lookup) -> Judgement:
        left, right = read(value), read(text)
        if left is None or right is None:
            return None
        return (left > right) - (left < right) in wanted

    return test


_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")


@lru_cache(maxsize=1024)
def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


# ── the table ───────────────────────────────────────────────────────────────────────────────────────────────

Test: TypeAlias = Callable[[str, str, Lookup], Judgement]
"""(text of the policy, value of the request, lookup for variables) → judgement."""


TESTS: Final[Mapping[str, Test]] = {
    "StringEquals": _equals,
    "StringNotEquals": _equals,
    "StringEqualsIgnoreCase": _equals_ignoring_case,
    "StringNotEqualsIgnoreCase": _equals_ignoring_case,
    "StringLike": _like,
    "StringNotLike": _like,
    "NumericEquals": _compare(_number, (0,)),
    "NumericNotEquals": _compare(_number, (0,)),
    "NumericLessThan": _compare(_number, (-1,)),
    "NumericLessThanEquals": _compare(_number, (-1, 0)),
    "NumericGreaterThan": _compare(_number, (1,)),
    "NumericGreaterThanEquals": _compare(_number, (0, 1)),
    "DateEquals": _compare(seconds_of, (0,)),
    "DateNotEquals": _compare(seconds_of, (0,)),
    "DateLessThan": _compare(seconds_of, (-1,)),
    "DateLessThanEquals": _compare(seconds_of, (-1, 0)),
    "DateGreaterThan": _compare(seconds_of, (1,)),
    "DateGreaterThanEquals": _compare(seconds_of, (0, 1)),
    "Bool": _bool,
    "BinaryEquals": _binary,
    "IpAddress": _ip_address,
    "NotIpAddress": _ip_address,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "ArnNotEquals": _arn_like,
    "ArnNotLike": _arn_like,
}
"""By operator, negated ones with the test that must not hold. `Null` compares nothing: `judge` answers it."""


# ── judging ─────────────────────────────────────────────────────────────────────────────────────────────────


def judge(written: str, texts: Sequence[str], values: Sequence[str], lookup: Lookup) -> Judgement:
    """Whether a condition holds.

    Raises ValueError for an operator that IAM does not know. `texts` are the policy's, any of which will do
    (none of which may match, for a negated operator); `values` the request's for the condition's key. An
    absent key has no values, and a key without values counts as absent: the User Guide's "null dataset".
    """
    operator = known_operator(written)
    if operator.kind == "null":
        return _judge_null(texts, absent=not values)
    if not values:
        if operator.if_exists or operator.qualifier == "ForAllValues":
            return True
        return operator.negated and operator.qualifier is None
    if operator.qualifier is None and len(values) > 1:
        # AWS leaves open what an operator without a prefix makes of several values.
        return None
    each = (_judge_value(operator, texts, value, lookup) for value in values)
    return _any(each) if operator.qualifier == "ForAnyValue" else _not(_any(_not(one) for one in each))


@lru_cache(maxsize=512)
def known_operator(written: str) -> Operator:
    """The operator taken apart. Raises ValueError for one that IAM does not know."""
    operator = parse_operator(written)
    if operator is None:
        raise ValueError(f"unknown condition operator: {written!r}")
    return operator


def _judge_value(operator: Operator, texts: Sequence[str], value: str, lookup: Lookup) -> Judgement:
    fits = _any(TESTS[operator.name](text, value, lookup) for text in texts)
    return _not(fits) if operator.negated else fits


def _judge_null(texts: Sequence[str], *, absent: bool) -> Judgement:
    wanted = {text.lower() for text in texts}
    if ("true" if absent else "false") in wanted:
        return True
    return False if wanted <= {"true", "false"} else None


def _not(judgement: Judgement) -> Judgement:
    return None if judgement is None else not judgement


def _any(judgements: Iterable[Judgement]) -> Judgement:
    answer: Judgement = False
    for judgement in judgements:
        if judgement:
            return True
        if judgement is None:
            answer = None
    return answer
