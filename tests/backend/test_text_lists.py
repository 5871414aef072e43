"""Lists that a token may write as text, behind API Gateway's own authorizers: the same verdict, or a refusal."""

from collections.abc import Mapping
from typing import Any

import pytest

from authorizer.backend.readings import settled
from authorizer.engine import ValueRefused
from authorizer.identity.claims import said
from authorizer.settings.schema import Settings
from tests.backend.test_same_verdict import http_text, rest_text
from tests.make import make_settings


def settings_of(written: str, **spec: Any) -> Settings:
    kind = {"type": "opaque", "max_length": 12, "list": written, "max_items": 3, "claim": "custom:x", **spec}
    return make_settings(claims={"x": kind}, gateway={"context_claims": ["x"]})


COMMA, SPACE, JSON = settings_of("comma", exclude=","), settings_of("space", exclude=" "), settings_of("json")


def outcome(settings: Settings, payload: Mapping[str, object]) -> object:
    try:
        return said(payload, settings.claims["x"])
    except ValueRefused:
        return "refused"


@pytest.mark.parametrize(
    ("settings", "value", "http", "rest"),
    [
        pytest.param(COMMA, "a,b", ("a", "b"), ("a", "b"), id="a text by commas"),
        pytest.param(COMMA, ["a", "b"], "refused", ("a", "b"), id="a list, where commas are declared"),
        pytest.param(COMMA, ["a"], "refused", ("a",), id="a list of one, where commas are declared"),
        pytest.param(COMMA, "[a", ("[a",), ("[a",), id="a text that is no list of the gateway's"),
        pytest.param(SPACE, "a b", ("a", "b"), ("a", "b"), id="a text by spaces"),
        pytest.param(SPACE, ["a", "b"], "refused", "refused", id="a list, where spaces are declared"),
        pytest.param(SPACE, "a,b c", ("a,b", "c"), "refused", id="a text that may have been a list"),
        pytest.param(JSON, '["a", "b"]', ("a", "b"), ("a", "b"), id="a JSON text"),
        pytest.param(JSON, ["a", "b"], "refused", "refused", id="a list, where JSON is declared"),
    ],
)
def test_a_text_is_read_where_it_can_have_been_nothing_else(
    settings: Settings, value: object, http: object, rest: object
) -> None:
    for spelled, is_http, expected in ((http_text(value), True, http), (rest_text(value), False, rest)):
        found = outcome(settings, settled({"custom:x": spelled}, settings, http=is_http))
        assert found == expected
        assert found in ("refused", outcome(settings, {"custom:x": value}))


@pytest.mark.parametrize("http", [True, False])
def test_a_claim_with_a_dot_in_its_name_is_settled_like_any(http: bool) -> None:
    settings = make_settings(
        claims={"x": {"type": "slug", "list": True, "max_items": 3, "claim": '"org.x"'}},
        gateway={"context_claims": ["x"]},
    )
    assert settled({"org.x": "[a]" if http else "a"}, settings, http=http) == {"org.x": ["a"]}
    inside = make_settings(
        claims={"x": {"type": "slug", "list": True, "max_items": 3, "claim": "org.x"}},
        gateway={"context_claims": ["x"]},
    )
    assert settled({"org": "a", "org.x": "a"}, inside, http=http) == {"org": "a", "org.x": "a"}
    spaced = make_settings(
        claims={"x": {"type": "slug", "list": "space", "max_items": 3, "claim": "org.x"}},
        gateway={"context_claims": ["x"]},
    )
    for text in ("[a b]", "a,b"):
        assert settled({"org": text}, spaced, http=http) == {"org": text}


def test_a_list_that_is_one_or_the_other_in_two_declarations_is_left_as_text() -> None:
    both = make_settings(
        claims={
            "x": {"type": "slug", "list": True, "max_items": 3, "claim": "custom:x"},
            "y": {"type": "slug", "list": "comma", "max_items": 3, "claim": "custom:x"},
        },
        gateway={"context_claims": ["x", "y"]},
    )
    assert settled({"custom:x": "a"}, both, http=False) == {"custom:x": "a"}


@pytest.mark.parametrize("http", [True, False])
@pytest.mark.parametrize(
    "payload", [{}, {"custom:x": None}, {"custom:x": 7}, {"custom:x": ["a", "b"]}], ids=str
)
def test_what_is_no_text_is_left_as_it_is(payload: dict[str, object], http: bool) -> None:
    for settings in (COMMA, SPACE, JSON):
        assert settled(payload, settings, http=http) == payload
