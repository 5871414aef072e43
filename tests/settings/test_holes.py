"""Routes with claims in them: which of them load."""

import re
from dataclasses import replace
from string import ascii_letters, digits
from typing import Any
from urllib.parse import quote, unquote

import pytest

from authorizer.engine import declare
from authorizer.errors import SettingsError
from authorizer.settings.holes import UNRESERVED, segment_problem
from authorizer.settings.schema import Route, Terms
from tests.make import make_settings

ORG = {"claim": "custom:org", "type": "slug", "max_length": 16}
ISSUER = {"user_pool": "eu-west-1_EXAMPLE01", "client_ids": ["app"], "token_use": ["id"]}


def loaded(*routes: str, **changes: Any) -> tuple[Route, ...]:
    return make_settings(**{"claims": {"org": ORG}, **changes}, scopes={"x": list(routes)}).scopes["x"]


def problems(*routes: str, **changes: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        loaded(*routes, **changes)
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "path", "holes"),
    [
        pytest.param("GET /orgs/{org}", "/orgs/{org}", ("org",), id="at the end"),
        pytest.param("GET /{org}/files/*", "/{org}/files/*", ("org",), id="at the beginning"),
        pytest.param("ANY /o/{org}/{proxy+}", "/o/{org}/*", ("org",), id="before a greedy parameter"),
        pytest.param("PUT /o/{org}/u/{sub}", "/o/{org}/u/{sub}", ("org", "sub"), id="two claims"),
        pytest.param("GET /o/{org}/by/{org}", "/o/{org}/by/{org}", ("org", "org"), id="one claim twice"),
        pytest.param("GET /o/*", "/o/*", (), id="none"),
    ],
)
def test_a_claim_stands_in_a_route(text: str, path: str, holes: tuple[str, ...]) -> None:
    [route] = loaded(text)
    assert (route.path, route.holes) == (path, holes)
    assert route.entry == f"{route.method} {path}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "GET /orgs/{org}*", "a claim as a whole segment", id="a star behind it: `a` would open `ab`"
        ),
        pytest.param("GET /orgs/{org}.json", "a claim as a whole segment", id="text behind it"),
        pytest.param("GET /orgs/x-{org}", "a claim as a whole segment", id="text before it"),
        pytest.param("GET /orgs/{org}{sub}", "a claim as a whole segment", id="two in one segment"),
        pytest.param("GET /orgs/{org+}/x", "a claim as a whole segment", id="a greedy one"),
        pytest.param("GET /orgs/{org+}", "a claim as a whole segment", id="a greedy one at the end"),
        pytest.param("GET /{proxy+}/x", "a claim as a whole segment", id="a proxy that is not the end"),
        pytest.param("GET /orgs/{}", "a claim as a whole segment", id="a nameless one"),
        pytest.param("GET /orgs/{{ org }}", "a claim as a whole segment", id="a template's hole"),
        pytest.param("GET /orgs/${org}", "a claim as a whole segment", id="a policy variable"),
        pytest.param("GET /orgs/org}", "a claim as a whole segment", id="half a hole"),
        pytest.param("GET /orgs/{custom:org}", "a claim as a whole segment", id="the token's own name"),
        pytest.param("GET /*/{org}", "behind a `*`, which crosses `/`", id="a star before it"),
        pytest.param(
            "GET /a*/{org}/x", "behind a `*`, which crosses `/`", id="a star in a segment before it"
        ),
        pytest.param("GET /users/{id}", "there is no claim 'id'", id="a path parameter of API Gateway"),
        pytest.param("GET /o/{proxy}", "there is no claim 'proxy'", id="a proxy that is not greedy"),
        pytest.param("$connect/{org}", 'expected "METHOD /path"', id="a WebSocket's route"),
        pytest.param("GET /orgs/{org}/?", 'expected "METHOD /path"', id="a question mark elsewhere"),
        pytest.param("GET /orgs/{org}/../x", "opens nothing", id="a path that walks"),
    ],
)
def test_a_hole_that_could_open_another_s_route_does_not_load(text: str, said: str) -> None:
    [problem] = problems(text)
    assert problem.startswith("policies/access.toml")
    assert "scopes.x: " in problem
    assert repr(text.replace("{proxy+}", "*"))[1:-1] in problem or text in problem
    assert said in problem


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        pytest.param({"type": "opaque"}, "! # %", id="any text"),
        pytest.param({"type": "email"}, "%", id="an e-mail address"),
        pytest.param({"type": "arn"}, "/", id="an ARN, with slashes"),
        pytest.param({"type": "enum", "values": ["a", "b c"]}, "' '", id="a blank"),
        pytest.param({"type": "enum", "values": ["a;b"]}, "';'", id="a semicolon"),
        pytest.param({"type": "enum", "values": ["a+b"]}, "'+'", id="a plus, a blank to some"),
        pytest.param({"type": "enum", "values": ["é"]}, "'é'", id="a letter that is spelt in two ways"),
        pytest.param({"type": "enum", "values": ["a@b"]}, "'@'", id="an at sign, that clients encode"),
    ],
)
def test_a_type_that_a_path_means_otherwise_does_not_load(kind: dict[str, Any], found: str) -> None:
    [problem] = problems("GET /o/{org}", claims={"org": {"claim": "custom:org", **kind}})
    assert (
        "scopes.x: 'GET /o/{org}' has {org}, and a value of the claim 'org' of its type may have" in problem
    )
    assert found in problem


@pytest.mark.parametrize(
    "kind",
    [
        {"type": "uuid"},
        {"type": "slug"},
        {"type": "digits"},
        {"type": "enum", "values": ["a.b", "...", "~x", "-"]},
        {"type": "opaque", "exclude": "".join(chr(code) for code in range(0x20, 0x100)
         if chr(code) not in "*?$\"\\{}/" and chr(code) not in ascii_letters + digits + "-._~"
         and chr(code) not in {chr(0x7F), chr(0xA0), chr(0xAD)} and not 0x80 <= code < 0xA0)},
        {"type": "slug", "list": True, "max_items": 5},
    ],
    ids=lambda kind: str(kind)[:40],
)  # fmt: skip
def test_a_type_of_unreserved_characters_fits(kind: dict[str, Any]) -> None:
    assert segment_problem(declare(kind)) is None


def test_a_type_that_takes_dots_alone_is_refused() -> None:

    for text in (".", ".."):
        for kind in (declare({"type": "slug"}), declare({"type": "slug", "list": True, "max_items": 2})):
            loose = replace(kind, _match=re.compile(re.escape(text)).fullmatch)
            assert "walk to another path" in (segment_problem(loose) or "")


def test_the_characters_are_those_that_no_spelling_changes() -> None:
    assert frozenset(char for char in map(chr, range(0x110000 >> 4)) if quote_is_same(char)) == UNRESERVED
    assert all(unquote(char) == char for char in UNRESERVED)


def quote_is_same(char: str) -> bool:
    try:
        return quote(char, safe="") == char
    except UnicodeEncodeError:
        return False


def test_one_list_a_route() -> None:
    lists = {
        "a": {"type": "slug", "list": True, "max_items": 2},
        "b": {"type": "slug", "list": True, "max_items": 2},
    }
    [problem] = problems("GET /{a}/{b}", claims=lists)
    assert "several claims that are lists" in problem
    assert loaded("GET /{a}/{a}", "GET /{a}/{org}", claims={**lists, "org": ORG})


def test_what_is_shared_has_a_hole_and_a_scope() -> None:
    settings = make_settings(
        claims={"org": ORG},
        scopes={"x": ["GET /o/{org}"], "staff": ["GET /o/*"]},
        routes={"shared": {"org": ["staff"]}},
    )
    assert settings.shared_routes == {"org": {"staff": Terms()}}
    told = {"scope": "staff", "reason": "support", "owner": "ops", "until": "2027-01-31"}
    settings = make_settings(
        claims={"org": ORG},
        scopes={"x": ["GET /o/{org}"], "staff": ["GET /o/*"]},
        routes={"shared": {"org": [told]}},
    )
    assert settings.shared_routes == {
        "org": {"staff": Terms(reason="support", owner="ops", until="2027-01-31")}
    }


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        pytest.param(["staff", {"scope": "staff"}], "routes.shared.org[0]: expected a table", id="a text first"),
        pytest.param([{"reason": "r"}], "routes.shared.org[0].scope: is required", id="no scope"),
        pytest.param([{"scope": "staff", "ends": "x"}], "routes.shared.org[0].ends: unknown", id="no such key"),
        pytest.param([{"scope": "staff", "until": "soon"}], "routes.shared.org[0].until: expected a day", id="no day"),
    ],
)  # fmt: skip
def test_what_is_shared_says_why_in_one_form(rows: list[Any], problem: str) -> None:
    with pytest.raises(SettingsError) as caught:
        make_settings(
            claims={"org": ORG},
            scopes={"x": ["GET /o/{org}"], "staff": ["GET /o/*"]},
            routes={"shared": {"org": rows}},
        )
    assert all("routes.shared.org" in told for told in caught.value.problems)
    assert any(problem in told for told in caught.value.problems), caught.value.problems


def test_what_is_shared_of_nothing_does_not_load() -> None:
    with pytest.raises(SettingsError) as caught:
        make_settings(
            claims={"org": ORG},
            scopes={"x": ["GET /o/{org}"]},
            routes={"shared": {"sub": ["x"], "org": ["nobody"]}, "other": 1},
        )
    told = "\n".join(caught.value.problems)
    assert "routes.shared.sub: no route of [scopes] has {sub}: there is nothing to share" in told
    assert "routes.shared.org: there is no scope 'nobody'" in told
    assert "routes.other: unknown setting" in told
    assert len(caught.value.problems) == 3


def test_a_partner_says_which_values_it_may_speak_for_where_a_route_is_tied_to_a_claim() -> None:
    partner: dict[str, Any] = {
        **ISSUER, "user_pool": "eu-west-1_Partner01",
        "speaks_for": {"roles": ["viewer"], "groups": [], "scopes": ["x"], "claims": {"tenant": "any"}},
    }  # fmt: skip
    own = {**ISSUER, "speaks_for": "any"}
    [problem] = problems("GET /o/{org}", issuers=[own, partner])
    assert "issuers[1]: says not which values of 'org' it may speak for, and routes are tied to it" in problem
    partner["speaks_for"]["claims"]["org"] = ["acme"]
    assert loaded("GET /o/{org}", issuers=[own, partner])
