"""Session names and source identities: what STS takes, one person each."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.errors import ClaimAbsent, RequestInvalid
from authorizer.vending.session_name import delegated, fill, sanitise
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


@pytest.mark.parametrize(
    ("template", "values"),
    [
        pytest.param("{tenant}.{sub}", ("acme", SUB), id="a separator that stands once"),
        pytest.param("{tenant}--{sub}", ("a-b", "c-d"), id="a separator of two characters"),
        pytest.param("app-{tenant}.{sub}-x", ("acme", "u1"), id="text before and after"),
        pytest.param("{tenant}{sub}", ("a", "b"), id="two characters of two claims"),
        pytest.param("a.b{tenant}.{sub}.c", ("u", "v"), id="a separator that stands before and after, too"),
        pytest.param("{tenant}-.{sub}", ("u", "v"), id="a separator that reads differently backwards"),
    ],
)
def test_several_claims_are_joined_where_that_says_whose_name_it_is(
    template: str, values: tuple[str, str]
) -> None:
    claims = dict(zip(("tenant", "sub"), values, strict=True))
    name = fill(template, claims, parameter="RoleSessionName")
    assert name == template.format(**claims)


@pytest.mark.parametrize(
    ("template", "one", "other"),
    [
        pytest.param("{tenant}-{name}", ("a-b", "c"), ("a", "b-c"), id="the separator in a claim"),
        pytest.param("{tenant}{name}", ("ab", "c"), ("a", "bc"), id="no separator"),
        pytest.param("{tenant}--{name}", ("a", "-b"), ("a-", "b"), id="separators that overlap"),
        pytest.param("x{tenant}x{name}x", ("x", "y"), ("xxy", "xx"), id="a separator that is a claim too"),
        pytest.param("{tenant} {name}", ("a-b", "c"), ("a", "b-c"), id="a separator that STS does not take"),
    ],
)
def test_a_text_that_several_callers_could_have_is_nobodys_name(
    template: str, one: tuple[str, str], other: tuple[str, str]
) -> None:
    names = [
        fill(template, {"tenant": tenant, "name": name}, parameter="SourceIdentity")
        for tenant, name in (one, other)
    ]
    assert len(set(names)) == 2
    for name in names:
        assert TAKEN.fullmatch(name)
    assert re.fullmatch(r"a-b-c=[0-9a-f]{24}", names[0]) or template != "{tenant}-{name}"


def test_a_separator_is_not_found_within_the_one_before() -> None:
    claims = {"tenant": "a", "name": "-", "sub": "b"}
    assert fill("{tenant}--{name}--{sub}", claims, parameter="RoleSessionName") == "a-----b"


def test_the_second_of_two_separators_can_be_the_one_that_stands_twice() -> None:
    template = "{tenant}.{name}-{sub}"
    one, two = ({"tenant": "a", "name": "b-c", "sub": "d"}, {"tenant": "a", "name": "b", "sub": "c-d"})
    assert fill(template, one, parameter="SourceIdentity") != fill(template, two, parameter="SourceIdentity")


LITERALS = st.sampled_from(["", "-", ".", "--", "=", "a", " ", "x-"])
CLAIMS = st.text("ab-.= x", min_size=1, max_size=5) | st.text(min_size=1, max_size=40)
NAMES = ("one", "two", "three")


@st.composite
def templates(draw: st.DrawFn) -> tuple[str, tuple[str, ...]]:
    """A template, and the claims that it names."""
    named = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4))
    text = draw(LITERALS) + "".join(f"{{{name}}}{draw(LITERALS)}" for name in named)
    return text, tuple(dict.fromkeys(named))


@given(templates(), st.tuples(CLAIMS, CLAIMS, CLAIMS), st.tuples(CLAIMS, CLAIMS, CLAIMS), st.data())
def test_two_callers_whose_claims_differ_never_share_a_name(
    template: tuple[str, tuple[str, ...]],
    first: tuple[str, str, str],
    second: tuple[str, str, str],
    data: st.DataObject,
) -> None:
    text, named = template
    callers = [dict(zip(NAMES, values, strict=True)) for values in (first, second)]
    if len(named) > 1 and data.draw(st.booleans()):
        # The same text cut elsewhere, where it can be: what a random pair would hardly ever be.
        joined = callers[0][named[0]] + callers[0][named[1]]
        cut = data.draw(st.integers(1, len(joined) - 1))
        callers[1] = callers[0] | {named[0]: joined[:cut], named[1]: joined[cut:]}
    if data.draw(st.booleans()):
        # And who has taken the other's name for a claim.
        taken = fill(text, callers[0], parameter="RoleSessionName")
        callers[1] = callers[1] | {named[-1]: taken}
    one, two = (fill(text, caller, parameter="RoleSessionName") for caller in callers)
    assert TAKEN.fullmatch(one)
    assert TAKEN.fullmatch(two)
    assert (one == two) == ([callers[0][name] for name in named] == [callers[1][name] for name in named])


def test_the_name_of_one_claim_is_that_of_its_text() -> None:
    who = {"sub": "ada lovelace"}
    assert fill("{sub}", who, parameter="RoleSessionName") == sanitise("ada lovelace")
    assert fill("x-{sub}", who, parameter="RoleSessionName") == sanitise("x-ada lovelace")
    assert fill("{sub}{sub}", {"sub": "ab"}, parameter="RoleSessionName") == "abab"


def test_every_pair_of_short_claims_has_a_name_of_its_own() -> None:
    """All of them, for each separator: whoever can choose a claim can choose any of these."""
    words = ["".join(letters) for size in (1, 2, 3) for letters in product("a-", repeat=size)]
    for template in (
        *("{one}-{two}", "{one}{two}", "{one}--{two}", "-{one}-{two}-", "{one}-{two}-{one}"),
        *("{one}--{two}--{one}", "{one}a-{two}a-{one}", "{one}={two}-x{one}"),
    ):
        names = {
            fill(template, {"one": one, "two": two}, parameter="RoleSessionName")
            for one in words
            for two in words
        }
        assert len(names) == len(words) ** 2, template


def test_a_claim_that_looks_like_a_hole_is_not_filled_again() -> None:
    name = fill("{tenant}", {"tenant": "{sub}", "sub": "u1"}, parameter="RoleSessionName")
    assert "u1" not in name
    assert name.startswith("-sub-=")


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"sub": ""}, id="empty"),
        pytest.param({"sub": ("a", "b")}, id="a list"),
    ],
)
def test_a_name_needs_one_text_for_each_hole(claims: dict[str, str | tuple[str, ...]]) -> None:
    with pytest.raises(RequestInvalid, match="needs the claim `sub`") as refused:
        fill("{sub}", claims, parameter="SourceIdentity")
    assert refused.value.parameter == "SourceIdentity"


def test_a_claim_that_the_token_does_not_carry_is_for_an_administrator() -> None:
    with pytest.raises(ClaimAbsent, match="needs the claim 'sub', which the token does not carry"):
        fill("{tenant}.{sub}", {"tenant": "acme"}, parameter="SourceIdentity")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(("u", "+b"), ("u+", "b"), id="a separator that stands elsewhere"),
        pytest.param(("u", "a+"), ("u", "a"), id="an actor with a plus"),
    ],
)
def test_two_pairs_of_user_and_actor_never_share_a_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert delegated(*one) != delegated(*other)


def test_an_actor_whose_name_would_pass_for_a_hash_is_hashed() -> None:
    actor = f"agent={'0' * 24}"
    assert delegated("user", actor) != f"user++{actor}"
    assert delegated("user", "agent") == "user++agent"
