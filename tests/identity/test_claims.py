"""What a token says of a declared claim: read as the declaration says, from where it stands, or refused."""

from collections.abc import Mapping
from typing import Any

import pytest

from authorizer.errors import ClaimRefused, IssuerNotEntitled
from authorizer.identity.resolve import resolve
from authorizer.settings.schema import Settings
from tests.identity.test_authority import MAY, OWN, PARTNER, signed
from tests.make import make_claims, make_settings

PARTNERS_TENANT = {**MAY, "claims": {"tenant": ["acme"]}}


def settings_of(**claims: Mapping[str, Any]) -> Settings:
    """The bundled settings, with these claims told to the backend."""
    return make_settings(claims=claims, gateway={"context_claims": list(claims)})


def said(spec: Mapping[str, Any], values: Mapping[str, Any]) -> object:
    return resolve(make_claims(values=values), None, settings_of(x=spec)).claims.get("x")


@pytest.mark.parametrize(
    ("spec", "values", "value"),
    [
        pytest.param(
            {"type": "slug", "list": "comma", "max_items": 3}, {"x": "a,b"}, ("a", "b"), id="text by comma"
        ),
        pytest.param(
            {"type": "slug", "list": "json", "max_items": 3}, {"x": '["a"]'}, ("a",), id="JSON text"
        ),
        pytest.param({"type": "boolean"}, {"x": True}, "true", id="a boolean"),
        pytest.param({"type": "integer"}, {"x": 7}, "7", id="a number"),
        pytest.param(
            {"type": "email", "lower_case": True}, {"x": "Erin@B.org"}, "erin@b.org", id="in lower case"
        ),
        pytest.param({"type": "slug", "fallback": "_none"}, {}, "_none", id="the fallback"),
        pytest.param(
            {"type": "slug", "fallback": "public"}, {"x": "public"}, "public", id="a fallback that is said"
        ),
        pytest.param({"type": "slug"}, {}, None, id="nothing"),
        pytest.param({"type": "slug", "claim": '"x.y"'}, {"x.y": "a"}, "a", id="a name with a dot"),
        pytest.param({"type": "slug", "claim": "x.y"}, {"x": {"y": "a"}}, "a", id="inside an object"),
        pytest.param(
            {"type": "slug", "claim": '"https://h.io/claims".x-org'},
            {"https://h.io/claims": {"x-org": "a"}},
            "a",
            id="inside an object that a URI names",
        ),
    ],
)
def test_a_claim_is_read_as_it_is_declared(
    spec: Mapping[str, Any], values: Mapping[str, Any], value: object
) -> None:
    assert said(spec, values) == value


@pytest.mark.parametrize(
    ("spec", "values", "why"),
    [
        ({"type": "slug", "list": "comma", "max_items": 3}, {"x": "a, b"}, "item 2 is not of type `slug`"),
        ({"type": "slug", "list": "comma", "max_items": 3}, {"x": ""}, "has 0 items"),
        ({"type": "slug", "list": True, "max_items": 3}, {"x": "a,b"}, "is no list"),
        ({"type": "boolean"}, {"x": 1}, "expected true or false"),
        ({"type": "integer", "max": 5}, {"x": 6}, "expected a whole number from 0 to 5"),
        ({"type": "slug", "fallback": "_none"}, {"x": "_none"}, "is the fallback of those without it"),
        ({"type": "slug", "fallback": "_none"}, {"x": None}, "is no text"),
        ({"type": "slug", "fallback": "_none"}, {"x": ""}, "is empty"),
        ({"type": "slug", "fallback": "a", "claim": "x.y"}, {"x": "flat"}, "is no text"),
    ],
    ids=str,
)
def test_a_claim_that_is_said_otherwise_is_refused(
    spec: Mapping[str, Any], values: Mapping[str, Any], why: str
) -> None:
    with pytest.raises(ClaimRefused, match=why):
        said(spec, values)


def own(**claims: Mapping[str, Any]) -> Settings:
    """One partner that may say `tenant = acme`, with other declarations."""
    return make_settings(
        issuers=[OWN, {**PARTNER, "speaks_for": PARTNERS_TENANT}],
        claims={"tenant": {"claim": "custom:org", **claims["tenant"]}},
        gateway={"context_claims": ["tenant"]},
    )


@pytest.mark.parametrize(
    ("spec", "values", "allowed"),
    [
        ({"type": "slug", "lower_case": True}, {"custom:org": "ACME"}, True),
        ({"type": "slug", "lower_case": True}, {"custom:org": "Globex"}, False),
        ({"type": "slug"}, {"custom:org": "ACME"}, False),
        ({"type": "slug", "fallback": "acme"}, {}, True),
        ({"type": "slug", "fallback": "globex"}, {}, False),
        ({"type": "slug", "fallback": "_none"}, {}, False),
        ({"type": "slug"}, {}, True),
    ],
    ids=str,
)
def test_an_issuer_is_held_to_what_its_token_comes_to(
    spec: Mapping[str, Any], values: Mapping[str, Any], allowed: bool
) -> None:
    token = signed(values=values)
    if allowed:
        assert resolve(token, None, own(tenant=spec)).issuer == token.issuer
        return
    with pytest.raises(IssuerNotEntitled, match="may not speak for this value of the claim 'custom:org'"):
        resolve(token, None, own(tenant=spec))


@pytest.mark.parametrize(
    "values", [{}, {"custom:teams": ["blue"]}, {"custom:teams": "blue"}], ids=["silent", "a list", "a text"]
)
def test_a_list_is_fixed_to_its_one_item(values: Mapping[str, Any]) -> None:
    spec = {"claim": "custom:teams", "type": "slug", "list": "comma", "max_items": 2}
    partner = {**PARTNER, "speaks_for": PARTNERS_TENANT, "fixed_claims": {"teams": "blue"}}
    settings = make_settings(
        issuers=[OWN, partner], claims={"teams": spec}, gateway={"context_claims": ["teams"]}
    )
    assert resolve(signed(values=values), None, settings).claims["teams"] == ("blue",)
    for other in ("red", ["blue", "red"], "blue,red", 5):
        with pytest.raises(IssuerNotEntitled, match="fixed to another value"):
            resolve(signed(values={"custom:teams": other}), None, settings)
