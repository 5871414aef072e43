"""Condition operators: each row of the table, absent keys, several values, and what cannot be told."""

from collections.abc import Sequence

import pytest

from authorizer.engine.document.operators import OPERATORS
from authorizer.engine.evaluate.conditions import TESTS, judge

NOTHING: dict[str, str] = {}
ARN = "arn:aws:sns:eu-west-1:123456789012:topic:sub"

ROWS = [
    # operator, the policy's values, the request's value, holds
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", ["a*"], "a*", True),
    ("StringEquals", ["a*"], "ab", False),
    ("StringEquals", ["A"], "a", False),
    ("StringEquals", ["${*}"], "*", True),
    ("StringEquals", [""], "", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", ["a", "b"], "c", True),
    ("StringEqualsIgnoreCase", ["Ab"], "aB", True),
    ("StringEqualsIgnoreCase", ["A*"], "ab", False),
    ("StringEqualsIgnoreCase", ["A*?"], "a*?", True),
    ("StringNotEqualsIgnoreCase", ["Ab"], "aB", False),
    ("StringNotEqualsIgnoreCase", ["Ab"], "x", True),
    ("StringLike", ["a/*", "b?"], "a/b/c", True),
    ("StringLike", ["a/*", "b?"], "bc", True),
    ("StringLike", ["a/*"], "A/b", False),
    ("StringLike", ["${*}"], "x", False),
    ("StringNotLike", ["a*"], "ab", False),
    ("StringNotLike", ["a*"], "b", True),
    ("NumericEquals", ["10"], "10.0", True),
    ("NumericEquals", ["10"], "9", False),
    ("NumericNotEquals", ["10"], "10.0", False),
    ("NumericNotEquals", ["10"], "11", True),
    ("NumericLessThan", ["10"], "9", True),
    ("NumericLessThan", ["10"], "10", False),
    ("NumericLessThanEquals", ["10"], "9", True),
    ("NumericLessThanEquals", ["10"], "10", True),
    ("NumericLessThanEquals", ["10"], "10.1", False),
    ("NumericGreaterThan", ["10"], "100", True),
    ("NumericGreaterThan", ["10"], "10", False),
    ("NumericGreaterThanEquals", ["-1.5"], "-1", True),
    ("NumericGreaterThanEquals", ["-1.5"], "-1.5", True),
    ("NumericGreaterThanEquals", ["-1.5"], "-2", False),
    ("NumericEquals", ["1e3"], "1000", None),
    ("NumericNotEquals", ["10"], "ten", None),
    ("NumericEquals", ["10"], "１０", None),
    ("NumericEquals", ["1" * 40], "1" * 40, True),
    ("NumericEquals", ["1" * 41], "1" * 41, None),
    ("NumericEquals", [f"0.{'1' * 40}"], f"0.{'1' * 40}", True),
    ("NumericEquals", [f"0.{'1' * 41}"], f"0.{'1' * 41}", None),
    ("DateEquals", ["2026-01-02T03:04:05Z"], "2026-01-02T04:04:05+01:00", True),
    ("DateEquals", ["2026-01-02T03:04:05Z"], "1767323045", True),
    ("DateEquals", ["2026-01-02T03:04Z"], "2026-01-02T03:04:00.5Z", False),
    ("DateEquals", ["2026-01-02T03:04:05.5Z"], "1767323045.5", True),
    ("DateEquals", ["2026-01-02T00:00Z"], "2026-01-02T00:30+00:30", True),
    ("DateEquals", ["2026-01-02T00:00Z"], "2026-01-01T22:30-01:30", True),
    ("DateEquals", ["2026"], "2026-01-01", True),
    ("DateEquals", ["2026-01-01"], "02026-01-01", None),
    ("DateEquals", ["2026-01-01"], "2026-001-01", None),
    ("DateEquals", ["2026-01-01"], "2026-01-001", None),
    ("DateEquals", ["2026-01-01"], "2026-01-01T000:00Z", None),
    ("DateEquals", ["2026-01-01"], "2026-01-01T00:000Z", None),
    ("DateEquals", ["2026-01-01"], "2026-01-01T00:00:000Z", None),
    ("DateEquals", ["2026-01-01"], "2026-01-01T00:00:00.0000000000Z", None),
    ("DateEquals", ["2026-01-01"], "2026-01-01T00:00:00+000:00", None),
    ("DateEquals", ["2026-01-01"], "2026-01-01T00:00:00+00:000", None),
    ("DateEquals", ["2026-01-01"], "2026-01-01 or so", None),
    ("DateEquals", ["2026-01-02T03:04:05Z"], "1767323045.0000000000", None),
    ("DateEquals", ["2026-01-02T03:04:05Z"], "1767323045000", None),
    ("DateEquals", ["1767323045000"], "1767323045000", None),
    ("DateNotEquals", ["2026-01"], "2026-01-01T00:00:00Z", False),
    ("DateNotEquals", ["2026-01"], "2026-02", True),
    ("DateLessThan", ["2026-01-02"], "2026-01-01T23:59:59.999Z", True),
    ("DateLessThan", ["2026-01-02"], "2026-01-02", False),
    ("DateLessThanEquals", ["2026-01-02"], "2026-01-01", True),
    ("DateLessThanEquals", ["2026-01-02"], "2026-01-02", True),
    ("DateLessThanEquals", ["2026-01-02"], "2026-01-03", False),
    ("DateGreaterThan", ["2026-01-02T00:00:00-01:00"], "2026-01-02T01:00:01Z", True),
    ("DateGreaterThan", ["2026-01-02"], "2026-01-02", False),
    ("DateGreaterThanEquals", ["2026-01-02"], "2026-01-03", True),
    ("DateGreaterThanEquals", ["2026-01-02"], "2026-01-02", True),
    ("DateGreaterThanEquals", ["2026-01-02"], "2026-01-01", False),
    ("DateLessThan", ["2026-13-01"], "2026-01-01", None),
    ("DateLessThan", ["tomorrow"], "2026-01-01", None),
    ("Bool", ["true"], "True", True),
    ("Bool", ["true"], "false", False),
    ("Bool", ["TRUE"], "true", True),
    ("Bool", ["true"], "yes", None),
    ("Bool", ["yes"], "true", None),
    ("BinaryEquals", ["QmluYXJ5"], "QmluYXJ5", True),
    ("BinaryEquals", ["QmluYXJ5"], "QmluYXJ6", False),
    ("BinaryEquals", ["QmluYXJ5"], "not base64!", None),
    ("BinaryEquals", ["QmluYXJ5"], "Qmlu YXJ5", None),
    ("BinaryEquals", ["Qmlu YXJ5"], "QmluYXJ5", None),
    ("BinaryEquals", ["QmluYXJ5"], "Qmlü", None),
    ("IpAddress", ["203.0.113.0/24"], "203.0.113.7", True),
    ("IpAddress", ["203.0.113.0/24"], "203.0.114.7", False),
    ("IpAddress", ["203.0.113.7"], "203.0.113.7", True),
    ("IpAddress", ["2001:db8::/32", "10.0.0.0/8"], "2001:db8::1", True),
    ("IpAddress", ["10.0.0.0/8"], "2001:db8::1", False),
    ("IpAddress", ["10.0.0.0/8"], "10.0.0.0/8", None),
    ("IpAddress", ["10.0.0.0/8"], "here", None),
    ("IpAddress", ["10.1.2.3/8"], "10.9.9.9", True),
    ("IpAddress", ["the office"], "10.9.9.9", None),
    ("NotIpAddress", ["203.0.113.0/24"], "203.0.113.7", False),
    ("NotIpAddress", ["203.0.113.0/24"], "10.0.0.1", True),
    ("ArnEquals", ["arn:aws:sns:*:123456789012:topic:*"], ARN, True),
    ("ArnEquals", ["arn:aws:sns:*:*:topic"], ARN, False),
    ("ArnNotEquals", ["arn:aws:sns:*:*:topic"], ARN, True),
    ("ArnNotLike", ["arn:aws:sns:*:*:t*"], ARN, False),
    ("ArnLike", ["arn:aws:sns:*:topic*"], ARN, False),
    ("ArnLike", ["arn:aws:sns:*:*:t?pic:sub"], ARN, True),
    ("ArnLike", ["*"], ARN, False),
    ("ArnLike", ["arn:aws:sns:*:*:*"], "no arn", False),
    ("ArnLike", ["arn:aws:sns:*:*:*"], "arn:aws:sns", False),
    ("ArnNotEquals", ["arn:aws:sns:*:*:topic:sub"], ARN, False),
    ("ArnNotLike", ["arn:aws:sqs:*:*:*"], ARN, True),
    ("Null", ["true"], "here", False),
    ("Null", ["false"], "here", True),
    ("Null", ["FALSE"], "here", True),
    ("Null", ["perhaps"], "here", None),
]


@pytest.mark.parametrize(("operator", "texts", "value", "holds"), ROWS)
def test_one_value(operator: str, texts: Sequence[str], value: str, holds: bool | None) -> None:
    assert judge(operator, texts, [value], NOTHING.get) is holds
    if operator != "Null":
        for written in (f"{operator}IfExists", f"ForAnyValue:{operator}", f"ForAllValues:{operator}IfExists"):
            assert judge(written, texts, [value], NOTHING.get) is holds


def test_every_operator_of_iam_is_judged_and_tested_both_ways() -> None:
    assert set(TESTS) == set(OPERATORS) - {"Null"}
    tested = {(operator, holds) for operator, *_, holds in ROWS if holds is not None}
    assert tested == {(operator, holds) for operator in OPERATORS for holds in (True, False)}


NEGATED = {name for name in OPERATORS if "Not" in name}


@pytest.mark.parametrize("name", sorted(set(OPERATORS) - {"Null"}))
def test_an_absent_key(name: str) -> None:
    assert judge(name, ["1"], [], NOTHING.get) is (name in NEGATED)
    assert judge(f"{name}IfExists", ["1"], [], NOTHING.get) is True
    assert judge(f"ForAllValues:{name}", ["1"], [], NOTHING.get) is True
    assert judge(f"ForAnyValue:{name}", ["1"], [], NOTHING.get) is False
    assert judge(f"ForAnyValue:{name}IfExists", ["1"], [], NOTHING.get) is True


def test_null_of_an_absent_key() -> None:
    assert judge("Null", ["true"], [], NOTHING.get) is True
    assert judge("Null", ["false"], [], NOTHING.get) is False
    assert judge("Null", ["true", "false"], [], NOTHING.get) is True


@pytest.mark.parametrize(
    ("operator", "values", "holds"),
    [
        pytest.param("ForAllValues:StringEquals", ["a", "b"], True, id="all of them are listed"),
        pytest.param("ForAllValues:StringEquals", ["a", "c"], False, id="one of them is not listed"),
        pytest.param("ForAnyValue:StringEquals", ["c", "a"], True, id="one of them is listed"),
        pytest.param("ForAnyValue:StringEquals", ["c", "d"], False, id="none of them is listed"),
        pytest.param("ForAllValues:StringNotEquals", ["c", "d"], True, id="all differ"),
        pytest.param("ForAllValues:StringNotEquals", ["c", "a"], False, id="not all differ"),
        pytest.param("ForAnyValue:StringNotEquals", ["a", "c"], True, id="one differs"),
        pytest.param("ForAnyValue:StringNotEquals", ["a", "b"], False, id="none differs"),
        pytest.param("StringEquals", ["a", "b"], None, id="without a prefix it cannot be told"),
        pytest.param("StringNotEquals", ["c", "d"], None, id="without a prefix, negated, it cannot be told"),
    ],
)
def test_several_values(operator: str, values: Sequence[str], holds: bool | None) -> None:
    assert judge(operator, ["a", "b"], values, NOTHING.get) is holds


def test_what_cannot_be_told_gives_way_to_what_can() -> None:
    assert judge("NumericEquals", ["ten", "10"], ["10"], NOTHING.get) is True
    assert judge("NumericNotEquals", ["ten", "10"], ["10"], NOTHING.get) is False
    assert judge("NumericNotEquals", ["ten", "10"], ["11"], NOTHING.get) is None


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        pytest.param("StringEquals", False, id="equals"),
        pytest.param("StringNotEquals", True, id="not equals"),
        pytest.param("StringLike", False, id="like"),
        pytest.param("StringEqualsIgnoreCase", False, id="equals ignoring case"),
        pytest.param("ArnLike", False, id="ARN like"),
        pytest.param("ArnNotLike", True, id="ARN not like"),
    ],
)
def test_a_variable_without_a_value_matches_nothing(operator: str, holds: bool) -> None:
    assert judge(operator, ["${aws:userid}"], ["${aws:userid}"], NOTHING.get) is holds


def test_a_variable_with_a_value_is_compared_literally() -> None:
    assert judge("StringLike", ["${a:b}/*"], ["*/x"], {"a:b": "*"}.get) is True
    assert judge("StringLike", ["${a:b}/*"], ["c/x"], {"a:b": "*"}.get) is False
    assert judge("ArnLike", ["${a:b}"], [ARN], {"a:b": ARN}.get) is True


@pytest.mark.parametrize(
    "written", ["StringEqual", "stringEquals", "ForAll:StringEquals", "NullIfExists", ""]
)
def test_an_unknown_operator_is_an_error(written: str) -> None:
    with pytest.raises(ValueError, match="unknown condition operator"):
        judge(written, ["a"], ["a"], NOTHING.get)
