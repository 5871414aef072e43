"""Condition operators: all that IAM has, taken apart, and the one form that values of each have."""

import pytest

from authorizer.engine.document.operators import OPERATORS, expected_value, parse_operator


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("StringLike", ("StringLike", "string", None, False, False)),
        ("ForAllValues:StringNotLikeIfExists", ("StringNotLike", "string", "ForAllValues", True, True)),
        ("ForAnyValue:ArnEquals", ("ArnEquals", "arn", "ForAnyValue", False, False)),
        ("BoolIfExists", ("Bool", "bool", None, True, False)),
        ("Null", ("Null", "null", None, False, False)),
        ("NotIpAddress", ("NotIpAddress", "ip", None, False, True)),
    ],
)
def test_an_operator_is_taken_apart(text: str, parts: tuple[object, ...]) -> None:
    operator = parse_operator(text)
    assert operator is not None
    assert (operator.name, operator.kind, operator.qualifier, operator.if_exists, operator.negated) == parts


@pytest.mark.parametrize(
    ("text", "wild"),
    [
        *((text, True) for text in ("StringLike", "StringNotLike", "ForAllValues:StringLikeIfExists")),
        *(
            (text, True)
            for text in ("ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals", "ArnEqualsIfExists")
        ),
        *((text, False) for text in ("StringEquals", "StringNotEqualsIgnoreCase", "NumericEquals", "Null")),
    ],
)
def test_wildcards_are_for_like_and_for_every_operator_of_arns(text: str, wild: bool) -> None:
    """IAM User Guide, "Condition operators": `ArnEquals` and `ArnLike` behave alike."""
    operator = parse_operator(text)
    assert operator is not None
    assert operator.takes_wildcards is wild


def test_there_are_the_27_operators_of_iam() -> None:
    compared = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    strings = ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
    expected = {
        **dict.fromkeys((f"String{each}" for each in strings), "string"),
        **dict.fromkeys((f"Numeric{each}" for each in compared), "numeric"),
        **dict.fromkeys((f"Date{each}" for each in compared), "date"),
        **dict.fromkeys((f"Arn{each}" for each in ("Equals", "Like", "NotEquals", "NotLike")), "arn"),
        **dict.fromkeys(("IpAddress", "NotIpAddress"), "ip"),
        "Bool": "bool",
        "BinaryEquals": "binary",
        "Null": "null",
    }
    assert expected == OPERATORS


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", ["", "a", "*"], []),
        ("arn", ["a:b:c:d:e:f", "arn:aws:s3:::a:b"], ["arn:aws:s3:::"[:-1], ""]),
        ("numeric", ["0", "-1.5", "9" * 18, "1." + "9" * 18], ["", "+1", "1.", "9" * 19, "1." + "9" * 19, "1e3", "1 "]),
        (
            "date",
            [
                *("2026-01-31T23:59:59Z", "2026-12-01T00:00:00+23:59", "2026-10-19T19:00:00-01:00"),
                *("123456789", "12345678901"),
            ],
            [
                *("2026-01-01", "20261-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-32T00:00:00Z"),
                *("2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01t00:00:00Z", "2026-01-01T00:00:00Z "),
                *("12345678", "123456789012", "+123456789"),
            ],
        ),
        ("bool", ["true", "false"], ["True", "", "1"]),
        ("null", ["true", "false"], ["True", "", "0"]),
        (
            "binary",
            ["QQ==", "QUI=", "QUJD", "QUJDQQ=="],
            ["", "Q", "QQ", "QUJ", "QUJ==", "QUJDQ", "QUJD=", "QQ=", "Q-=="],
        ),
        ("ip", ["10.0.0.0/8", "10.0.0.1", "::1", "2001:db8::/32"], ["10.0.0.1/8", "10.0.0", "", "10.0.0.0/33"]),
    ],
)  # fmt: skip
def test_a_value_is_taken_only_in_its_one_form(kind: str, good: list[str], bad: list[str]) -> None:
    assert [text for text in good if expected_value(kind, text) is not None] == []  # type: ignore[arg-type] # of Kind
    assert [text for text in bad if expected_value(kind, text) is None] == []  # type: ignore[arg-type] # of Kind


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("9" * 18, True),
        ("9" * 19, False),
        (f"-{'9' * 18}.{'9' * 18}", True),
        (f"1.{'9' * 19}", False),
    ],
)
def test_a_number_has_no_more_digits_than_every_reader_keeps(text: str, fits: bool) -> None:
    assert (expected_value("numeric", text) is None) is fits
