"""Session names and source identities: what STS takes, one person each."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.errors import RequestInvalid
from authorizer.vending.session_name import fill, sanitise
from tests.vending.factories import SUB

TAKEN = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SUB, id="a Cognito sub"),
        pytest.param("ada@example.com", id="an address"),
        pytest.param("ab", id="two characters"),
        pytest.param("x" * 64, id="sixty-four characters"),
    ],
)
def test_what_sts_takes_stays_as_it_is(text: str) -> None:
    assert sanitise(text) == text


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        pytest.param("ada lovelace", "ada-lovelace=", id="a space"),
        pytest.param("aws:ada", "aws-ada=", id="a colon, and with it the prefix that STS reserves"),
        pytest.param("x" * 65, "x" * 39 + "=", id="one character too many"),
        pytest.param("a", "a=", id="one character"),
        pytest.param("Ädä", "-d-=", id="letters beyond ASCII, which STS's \\w does not mean"),
        pytest.param("", "=", id="nothing"),
    ],
)
def test_what_sts_does_not_take_ends_in_its_hash(text: str, begins: str) -> None:
    name = sanitise(text)
    assert name.startswith(begins)
    assert re.fullmatch(r"[0-9a-f]{24}", name.removeprefix(begins))
    assert TAKEN.fullmatch(name)


def test_nobody_can_register_under_the_name_that_another_is_given() -> None:
    victim = sanitise("ada lovelace")
    assert sanitise(victim) != victim


@given(st.text(max_size=100), st.text(max_size=100))
def test_two_texts_never_share_a_name(first: str, second: str) -> None:
    assert TAKEN.fullmatch(sanitise(first))
    assert (sanitise(first) == sanitise(second)) == (first == second)


@given(st.text(max_size=100))
def test_not_even_with_a_name_made_from_the_other(text: str) -> None:
    assert sanitise(sanitise(text)) != sanitise(text) or sanitise(text) == text


def test_holes_are_filled_with_claims() -> None:
    assert fill("{tenant}.{sub}", {"tenant": "acme", "sub": "u1"}, parameter="RoleSessionName") == "acme.u1"


def test_a_claim_that_looks_like_a_hole_is_not_filled_again() -> None:
    name = fill("{tenant}", {"tenant": "{sub}", "sub": "u1"}, parameter="RoleSessionName")
    assert "u1" not in name
    assert name.startswith("-sub-=")


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({}, id="absent"),
        pytest.param({"sub": ""}, id="empty"),
        pytest.param({"sub": ("a", "b")}, id="a list"),
    ],
)
def test_a_name_needs_one_text_for_each_hole(claims: dict[str, str | tuple[str, ...]]) -> None:
    with pytest.raises(RequestInvalid, match="needs the claim `sub`") as refused:
        fill("{sub}", claims, parameter="SourceIdentity")
    assert refused.value.parameter == "SourceIdentity"
