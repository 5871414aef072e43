"""No value changes a policy: it is refused, or the policy is a plain user's with that value in its place."""

import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from authorizer.engine.document.document import parse_session
from authorizer.engine.document.statement import Document
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.engine.language.claims import ClaimType, ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import PolicyTooLarge, ValueRefused
from authorizer.engine.language.languages import FORBIDDEN, PRINTABLE
from authorizer.engine.template.template import TemplateSet
from tests.engine.bundled import CLAIMS, NAMES, PLAIN, SCOPES, SOURCES, VARIABLES, compiled
from tests.engine.hostile import HOSTILE
from tests.strategies import pairs

BUNDLED = compiled()
WIDE: dict[str, ClaimType] = dict.fromkeys(CLAIMS, declare({"type": "opaque", "max_length": 64}))
"""The widest type there is, so that as many hostile values as can be get past the first layer."""
LOOSE = TemplateSet.compile(SOURCES, claims=WIDE, variables=VARIABLES)


class Anything:
    """A type that checks nothing."""

    is_list = False
    max_items = 1
    max_length = 100
    fallback = None

    def check(self, value: ClaimValue) -> ClaimValue:
        return value


UNCHECKED: Any = dict.fromkeys(CLAIMS, Anything())
NAKED = TemplateSet.compile(SOURCES, claims=UNCHECKED, variables=VARIABLES)
MARK = "zq0mark0qz"


def substitute(document: Document, value: str) -> list[Any]:
    """The document of a user whose value is `MARK`, as it must look for a user with `value`."""

    def put(texts: tuple[str, ...]) -> list[str]:
        return [text.replace(MARK, value) for text in texts]

    return [
        (
            statement.effect,
            statement.actions,
            put(statement.resources),
            [
                (condition.operator, condition.key, put(condition.values))
                for condition in statement.conditions
            ],
        )
        for statement in document.statements
    ]


def check(templates: TemplateSet, name: str, claim: str, value: str, scopes: frozenset[str]) -> bool:
    """Whether the value was taken; fails the test if it changed anything."""
    plain = parse_session(templates.render([name], {**PLAIN, claim: MARK}, scopes=scopes))
    try:
        text = templates.render([name], {**PLAIN, claim: value}, scopes=scopes)
    except (ValueRefused, PolicyTooLarge):
        return False
    assert all(" " <= char <= "ÿ" for char in text)
    assert substitute(parse_session(text), MARK) == substitute(plain, value)
    return True


@pytest.mark.parametrize("name", NAMES)
def test_no_hand_picked_value_changes_a_bundled_template(name: str) -> None:
    assert len(HOSTILE) >= 200
    (claim,) = LOOSE.uses(name)
    for scopes in SCOPES:
        for value in HOSTILE:
            taken = check(LOOSE, name, claim, value, scopes)
            assert taken == accepted(WIDE[claim], value), ascii(value[:40])


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value[:24]))
def test_the_declared_types_refuse_every_hand_picked_value_but_plain_ones(value: str) -> None:
    for name, claim_type in CLAIMS.items():
        if accepted(claim_type, value):
            assert value.replace("-", "").replace("_", "").isalnum(), name
            assert value.isascii()


def accepted(claim_type: ClaimType, value: object) -> bool:
    try:
        claim_type.check(value)
    except ValueRefused:
        return False
    return True


TAKEN = "".join(sorted(PRINTABLE - {"/"}))
"""What a value of the widest type may hold."""
ESCAPED = "".join(sorted(FORBIDDEN))
ANYTHING = ESCAPED + TAKEN + "/"
"""And everything else that a policy may hold."""


@pytest.mark.parametrize("name", NAMES)
@given(
    value=st.text(TAKEN, max_size=64) | st.text(ANYTHING, max_size=8) | st.text(max_size=80),
    scopes=st.sampled_from(SCOPES),
)
@example(value="\U000f0000", scopes=SCOPES[0])
def test_no_text_changes_a_bundled_template(name: str, value: str, scopes: frozenset[str]) -> None:
    (claim,) = LOOSE.uses(name)
    check(LOOSE, name, claim, value, scopes)


@given(pairs(st.text(TAKEN, min_size=1, max_size=60).filter(lambda text: not set(text) <= {"."}), TAKEN))
@example(("acme", "acme "))
@example(("a", "ab"))
def test_a_value_reaches_its_own_objects_only(pair: tuple[str, str]) -> None:
    value, other = pair
    policy = parse_session(LOOSE.render(["s3-tenant"], {"tenant": value}, scopes=frozenset()))
    for who in (value, other):
        request = AccessRequest(
            action="s3:GetObject", resource=f"arn:aws:s3:::{VARIABLES['bucket']}/tenants/{who}/file"
        )
        outcome = evaluate(identity=None, session=policy, boundary=None, request=request)
        assert outcome.allowed == (who == value or who.startswith(f"{value}/"))


@given(
    pairs(
        st.text(ESCAPED + "a", min_size=1, max_size=8) | st.text(ANYTHING, min_size=1, max_size=40), ANYTHING
    )
)
@example(("*", "${*}"))
@example(("$", "${$}"))
@example(("\\", "\\\\"))
def test_rendering_is_injective(pair: tuple[str, str]) -> None:
    """By its escapes alone: with types that check nothing, so that every value gets as far as the policy."""
    one, other = (NAKED.render(["s3-home"], {"sub": value}, scopes=frozenset()) for value in pair)
    assert (one == other) == (pair[0] == pair[1])


@given(st.text(max_size=12))
def test_a_value_is_never_normalised(value: str) -> None:
    """Two texts that Unicode calls equivalent are two values, or one of them is refused."""
    same = unicodedata.normalize("NFD", value)
    if same != value:
        assert not (accepted(WIDE["tenant"], value) and accepted(WIDE["tenant"], same))


@given(
    st.lists(st.one_of(st.text(max_size=10), st.integers(), st.none()), max_size=4)
    | st.dictionaries(st.text(), st.text())
)
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(ValueRefused):
        BUNDLED.render(["s3-home"], {"sub": value}, scopes=frozenset())  # type: ignore[dict-item] # hostile on purpose


def test_the_second_layer_holds_where_the_first_is_missing() -> None:
    """With a type that checks nothing, escaping alone keeps every value literal."""
    for value in HOSTILE:
        if not value or len(value) > 1000 or not all(" " <= char <= "ÿ" for char in value) or "/" in value:
            continue
        text = NAKED.render(["s3-tenant"], {"tenant": value}, scopes=frozenset())
        policy = parse_session(text)
        assert [statement.effect for statement in policy.statements] == ["Allow", "Allow"]
        for who in (value, "other", "x" * len(value)):
            request = AccessRequest(
                action="s3:GetObject", resource=f"arn:aws:s3:::{VARIABLES['bucket']}/tenants/{who}/file"
            )
            outcome = evaluate(identity=None, session=policy, boundary=None, request=request)
            assert outcome.allowed == (who == value), ascii(value)
