"""Whether two texts name the same thing, stand-ins and all."""

import pytest

from authorizer.deployed.names import UNKNOWN_ACCOUNT, Names, is_known, is_open, same

NAMES = Names()
MADE, OTHER = NAMES.made("Role"), NAMES.made("Other")
OPEN, ANY = NAMES.open("an import"), NAMES.open("another import")
ARN = "arn:aws:iam::{}:role/{}"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("viewer", "viewer", True),
        ("viewer", "editor", False),
        (MADE, MADE, True),
        (MADE, OTHER, False),
        (f"eu-west-1_{MADE}", f"eu-west-1_{OTHER}", False),
        (OPEN, OPEN, True),
        (OPEN, ANY, None),
        (OPEN, "viewer", None),
        (OPEN, MADE, None),
        (MADE, "stack-Role-1A2B", None),
        (f"eu-west-1_{MADE}", "eu-west-1_AbCdEf123", None),
        (f"eu-west-1_{MADE}", "us-east-1_AbCdEf123", False),
        (f"{OPEN}-viewer", "team-editor", False),
        (f"a{OPEN}a", "a", False),
        (ARN.format(UNKNOWN_ACCOUNT, "viewer"), ARN.format("123456789012", "viewer"), None),
        (ARN.format(UNKNOWN_ACCOUNT, "viewer"), ARN.format("123456789012", "editor"), False),
        (ARN.format(UNKNOWN_ACCOUNT, "viewer"), ARN.format(UNKNOWN_ACCOUNT, "editor"), False),
        (ARN.format(UNKNOWN_ACCOUNT, MADE), ARN.format("123456789012", "viewer"), None),
        (ARN.format(UNKNOWN_ACCOUNT, MADE), ARN.format(UNKNOWN_ACCOUNT, OTHER), False),
        (f"{OPEN}{MADE}", f"{MADE}{ANY}", None),
    ],
)
def test_two_texts_are_the_same_or_not_or_it_cannot_be_told(
    one: str, other: str, expected: bool | None
) -> None:
    assert same(one, other) is expected
    assert same(other, one) is expected


def test_the_hundred_thousandth_stand_in_is_one_too() -> None:
    names = Names()
    names._labels.extend(["x"] * 100_000)  # one by one takes a while
    text = names.open("the last")
    assert is_open(text)
    assert not is_known(text)
    assert names.show(text) == "${the last}"


def test_a_text_that_looks_like_a_stand_in_is_shown_as_it_is() -> None:
    assert Names().show("zq00007made of 000000000000") == "zq00007made of ${AWS::AccountId}"
