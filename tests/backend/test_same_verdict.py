"""Behind API Gateway's own authorizers the verdict is the authorizer's, or a refusal: every case of `tests/identity`,
in both spellings of the gateway."""

import json
import re
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from authorizer.backend import readings
from authorizer.backend.native import native_claims
from authorizer.backend.readings import check_certain
from authorizer.errors import NoRole, Refusal, TokenClaimMalformed, TokenUseRefused
from authorizer.identity import resolve as resolving
from authorizer.identity import roles
from authorizer.model import Claims
from authorizer.settings.kinds import KINDS
from authorizer.settings.schema import Settings
from authorizer.syntax.claim_path import path_of
from authorizer.tokens.claims_set import claims_of, parse_claims_set
from tests.identity import test_roles
from tests.identity.test_resolve import *  # noqa: F403 - each of its tests runs here too, on what the gateway wrote
from tests.identity.test_roles import *  # noqa: F403
from tests.make import NOW, SUB, make_claims, make_settings

TOKEN_CHOICE = roles.choose


def payload_of(claims: Claims) -> dict[str, Any]:
    """The token that says what `claims` says."""
    names = {"id": ("aud", "cognito:username"), "access": ("client_id", "username")}[claims.token_use]
    sub = claims.values["client_id"] if claims.machine else claims.sub
    client = sub if claims.machine else claims.client_id
    lists = {"cognito:groups": claims.groups, "cognito:roles": claims.roles}
    texts = {
        **dict(zip(names, (client, None if claims.machine else claims.username), strict=True)),
        "cognito:preferred_role": claims.preferred_role,
        "scope": " ".join(claims.scopes) if claims.scopes else None,
    }
    return {
        **{name: value for name, value in claims.values.items() if name not in ("sub", *names)},
        **{name: list(items) for name, items in lists.items() if items},
        **{name: text for name, text in texts.items() if text is not None},
        "sub": sub,
        "iss": claims.issuer,
        "token_use": claims.token_use,
        "iat": int(NOW - 60),
        "exp": int(NOW + 3540),
    }


def http_text(value: object) -> str:
    """As an HTTP API's JWT authorizer writes a claim."""
    if isinstance(value, list):
        return f"[{' '.join(map(http_text, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{http_text(inner)}' for key, inner in value.items())}]"
    if value is None:
        return "<nil>"
    return value if isinstance(value, str) else json.dumps(value)


def rest_text(value: object) -> str:
    """As a REST API's Cognito authorizer writes a claim."""
    if isinstance(value, list):
        return ",".join(map(rest_text, value))
    return value if isinstance(value, str) else json.dumps(value)


def event_of(payload: Mapping[str, Any], *, http: bool) -> dict[str, Any]:
    said = {name: (http_text if http else rest_text)(value) for name, value in payload.items()}
    authorizer: dict[str, Any] = {"jwt": {"claims": said}} if http else {"claims": said}
    context = {"apiId": "a", "stage": "s", "authorizer": authorizer}
    return {"requestContext": context, "headers": {}, **({"version": "2.0"} if http else {})}


def outcome(of: Any) -> Any:
    """The role, or the class of the refusal. Which rule chose the role may be another one."""
    try:
        return of().role
    except Refusal as refusal:
        return type(refusal)


def of_the_token(payload: Mapping[str, Any], settings: Settings) -> Claims:
    issuer = settings.issuers[payload["iss"]]
    return claims_of(parse_claims_set(dict(payload), "jwt", KINDS[issuer.kind]), issuer)


def native_choice(
    payload: Mapping[str, Any], requested: str | None, settings: Settings, *, http: bool
) -> Any:
    claims = native_claims(event_of(payload, http=http), settings, NOW)
    check_certain(claims, requested, settings, http=http)
    return TOKEN_CHOICE(claims, requested, settings)


def both_ways(claims: Claims, requested: str | None, settings: Settings) -> roles.Choice:
    """The token's choice, after both of the gateway's spellings have come to the same one, or were refused."""
    payload = payload_of(claims)
    token = outcome(lambda: TOKEN_CHOICE(of_the_token(payload, settings), requested, settings))
    for http in (False, True):
        native = outcome(lambda http=http: native_choice(payload, requested, settings, http=http))
        assert native in (token, TokenClaimMalformed)
    return TOKEN_CHOICE(claims, requested, settings)


@pytest.fixture(autouse=True)
def on_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(test_roles, "choose", both_ways)
    monkeypatch.setattr(resolving, "choose", both_ways)


VALUES = st.one_of(
    st.text("ab ,[]{7", max_size=6),
    st.lists(st.text("ab ,7", min_size=1, max_size=3), max_size=3),
    st.lists(st.sampled_from(["a", 7, True, None, {"a": "b"}]), max_size=2),
    st.sampled_from(
        [
            "[" * 5000,
            "9" * 5000,
            7,
            7.5,
            True,
            False,
            None,
            {"a": "b"},
            {},
            "true",
            "7",
            "null",
            "map[a:b]",
            "<nil>",
        ]
    ),
)
RULE = st.fixed_dictionaries(
    {
        "claim": st.sampled_from(["custom:x", "custom:y", "of.x", '"of.y"']),
        "match": st.sampled_from(["Equals", "NotEqual", "StartsWith", "Contains"]),
        "value": st.text("ab ,7", min_size=1, max_size=3)
        | st.sampled_from(["true", "7", "null", "map", "[a"]),
        "role": st.sampled_from(["viewer", "editor", "admin"]),
    }
)


@given(st.lists(RULE, min_size=1, max_size=3), VALUES, VALUES)
@example([{"claim": "of.x", "match": "Equals", "value": "a", "role": "admin"}], "a", None)
@example([{"claim": '"of.y"', "match": "Equals", "value": "a", "role": "admin"}], None, ["a"])
def test_no_rule_finds_another_role_in_what_the_gateway_wrote(rules: Any, x: object, y: object) -> None:
    """Inside an object, and under a name with a dot in it, as well."""
    settings = make_settings(rules=rules)
    claims = make_claims(
        roles=(),
        preferred_role=None,
        groups=("viewers",),
        values={"custom:x": x, "custom:y": y, "of": {"x": x}, "of.y": y},
    )
    assert outcome(lambda: both_ways(claims, None, settings)) in settings.roles.values()


@pytest.mark.parametrize("http", [False, True], ids=["REST", "HTTP API"])
@pytest.mark.parametrize("staff", [["non-admin-staff"], ["staff", "non-admin"]], ids=repr)
def test_a_part_of_a_member_s_name_never_picks_a_role(staff: object, http: bool) -> None:
    rule = {"claim": "custom:staff", "match": "Contains", "value": "admin", "role": "admin"}
    claims = make_claims(roles=(), preferred_role=None, values={"custom:staff": staff})
    with pytest.raises(TokenClaimMalformed, match="declare it under"):
        native_choice(payload_of(claims), None, make_settings(rules=[rule]), http=http)


@pytest.mark.parametrize("teams", ["x", 7, True, None], ids=repr)
def test_a_declared_list_that_arrives_as_something_else_hides_no_other_claim(teams: object) -> None:
    """Who may write an attribute of their own would else switch the look at all others off."""
    rules = [
        {"claim": "custom:teams", "match": "Contains", "value": "ops", "role": "admin"},
        {"claim": "custom:status", "match": "NotEqual", "value": "banned", "role": "editor"},
    ]
    declared = {"teams": {"type": "slug", "list": True, "max_items": 3, "claim": "custom:teams"}}
    settings = make_settings(rules=rules, claims=declared)
    values = {"custom:status": ["banned"], "custom:teams": teams}
    claims = make_claims(roles=(), preferred_role=None, groups=(), values=values)
    with pytest.raises(NoRole):
        TOKEN_CHOICE(claims, None, settings)
    with pytest.raises(TokenClaimMalformed, match="declare it under"):
        native_choice(payload_of(claims), None, settings, http=True)


def test_a_declared_list_that_is_a_number_matches_nothing() -> None:
    rule = {"claim": "custom:teams", "match": "NotEqual", "value": "ops", "role": "editor"}
    declared = {"teams": {"type": "slug", "list": True, "max_items": 3, "claim": "custom:teams"}}
    claims = make_claims(roles=(), preferred_role=None, groups=(), values={"custom:teams": 7})
    with pytest.raises(TokenClaimMalformed, match="declare it under"):
        native_choice(payload_of(claims), None, make_settings(rules=[rule], claims=declared), http=True)


@pytest.mark.parametrize("status", [[["banned"]], [{"banned": True}, "x"], [["banned", "x"], "y"]], ids=repr)
def test_a_list_in_a_list_is_neither_a_text_nor_a_list_of_texts(status: object) -> None:
    rule = {"claim": "custom:status", "match": "NotEqual", "value": "banned", "role": "editor"}
    claims = make_claims(roles=(), preferred_role=None, groups=(), values={"custom:status": status})
    with pytest.raises(TokenClaimMalformed, match="declare it under"):
        native_choice(payload_of(claims), None, make_settings(rules=[rule]), http=True)


@pytest.mark.parametrize("http", [False, True], ids=["REST", "HTTP API"])
def test_a_claim_that_is_declared_is_read_as_declared(http: bool) -> None:
    rule = {"claim": "custom:level", "match": "Equals", "value": "7", "role": "admin"}
    payload = payload_of(make_claims(roles=(), preferred_role=None, values={"custom:level": "7"}))
    with pytest.raises(TokenClaimMalformed):
        native_choice(payload, None, make_settings(rules=[rule]), http=http)
    declared = make_settings(rules=[rule], claims={"level": {"claim": "custom:level", "type": "digits"}})
    assert native_choice(payload, None, declared, http=http).role.name == "admin"


@pytest.mark.parametrize("http", [False, True], ids=["REST", "HTTP API"])
def test_a_rule_that_looks_into_an_object_is_told_that_it_cannot(http: bool) -> None:
    settings = make_settings(
        rules=[{"claim": "account.state", "match": "Equals", "value": "suspended", "role": "viewer"}]
    )
    there = make_claims(roles=(), preferred_role=None, values={"account": {"state": "suspended"}})
    with pytest.raises(TokenClaimMalformed, match="a rule looks into 'account'"):
        native_choice(payload_of(there), None, settings, http=http)
    absent = make_claims(roles=(), preferred_role=None, groups=("editors",))
    assert native_choice(payload_of(absent), None, settings, http=http).role.name == "editor"


@pytest.mark.parametrize("http", [False, True], ids=["REST", "HTTP API"])
def test_a_list_of_one_is_a_list_where_it_is_declared_and_a_longer_one_is_left_to_its_type(
    http: bool,
) -> None:
    settings = make_settings(
        claims={"sites": {"claim": "custom:sites", "type": "slug", "list": True, "max_items": 3}}
    )
    for sites, read in ((["a"], ["a"]), (["a", "b"], "[a b]" if http else "a,b")):
        payload = payload_of(make_claims(values={"custom:sites": sites}))
        assert native_claims(event_of(payload, http=http), settings, NOW).values["custom:sites"] == read


@pytest.mark.parametrize(
    ("match", "wanted", "value", "told"),
    [
        pytest.param("Equals", "a", "a", True, id="an equal text"),
        pytest.param("Equals", "a", "ab", True, id="another text"),
        pytest.param("Equals", "a", ["a", "b"], True, id="no text at all"),
        pytest.param("NotEqual", "a", "b", True, id="an unequal text"),
        pytest.param("StartsWith", "a", "ab", True, id="a text's beginning"),
        pytest.param("Contains", "a", "a", True, id="a text that is all of it"),
        pytest.param("Contains", "a", "bab", False, id="a part of a text, or of a member"),
        pytest.param("Contains", "a", ["x", "a"], False, id="a member, or a part of a text"),
        pytest.param("Equals", "7", "7", False, id="a text, or a number"),
    ],
)
@pytest.mark.parametrize("http", [False, True], ids=["REST", "HTTP API"])
def test_what_can_be_told_is_told(match: str, wanted: str, value: object, told: bool, http: bool) -> None:
    settings = make_settings(rules=[{"claim": "custom:x", "match": match, "value": wanted, "role": "admin"}])
    payload = payload_of(make_claims(roles=(), preferred_role=None, values={"custom:x": value}))
    native = outcome(lambda: native_choice(payload, None, settings, http=http))
    token = outcome(lambda: TOKEN_CHOICE(of_the_token(payload, settings), None, settings))
    # An HTTP API writes every list in brackets: what has none is no list there.
    certain = told or (http and match == "Contains" and isinstance(value, str))
    assert native == (token if certain else TokenClaimMalformed)


@pytest.mark.parametrize("http", [False, True], ids=["REST", "HTTP API"])
def test_an_openid_token_is_refused_since_nothing_tells_its_use(http: bool) -> None:
    oidc = {"kind": "oidc", "issuer": "https://idp.example", "client_ids": ["app"], "token_use": ["id"]}
    settings = make_settings(issuers=[oidc])
    payload = payload_of(make_claims(issuer="https://idp.example", client_id="app"))
    with pytest.raises(
        TokenUseRefused, match=r"whether a token of 'https://idp\.example' is an ID or an access token"
    ):
        native_claims(event_of(payload, http=http), settings, NOW)


def test_a_list_too_long_to_look_at_is_refused() -> None:
    rule = {"claim": "custom:x", "match": "Contains", "value": "a", "role": "admin"}
    payload = payload_of(make_claims(roles=(), preferred_role=None, values={"custom:x": list("bcdefghij")}))
    with pytest.raises(TokenClaimMalformed, match="up to 9 members: expected 8 at most"):
        native_choice(payload, None, make_settings(rules=[rule]), http=True)


SLUG = {"claim": "custom:x", "type": "slug", "max_length": 20}
DECLARED: dict[str, dict[str, Any]] = {
    "": {},
    "a text": {"claims": {"x": {"claim": "custom:x", "type": "opaque", "max_length": 20}}},
    "a list": {"claims": {"x": {**SLUG, "list": True, "max_items": 9}}},
}


def native_role(
    written: Mapping[str, str], rules: list[Any], *, http: bool, declared: str = "", **claims: Any
) -> Any:
    """The role of an editor whose claims the gateway wrote so, or the class of the refusal."""
    rows = [dict(zip(("claim", "match", "value", "role"), rule, strict=True)) for rule in rules]
    settings = make_settings(rules=rows, **DECLARED[declared])
    payload = payload_of(make_claims(roles=(), preferred_role=None, values=dict(written), **claims))
    found = outcome(lambda: native_choice(payload, None, settings, http=http))
    return getattr(found, "name", found)


@pytest.mark.parametrize(
    ("http", "written", "declared", "match", "wanted", "verdict"),
    [
        pytest.param(True, "[x-admin", "", "Contains", "admin", "admin", id="no list: it does not end"),
        pytest.param(True, "x-admin]", "", "Contains", "admin", "admin", id="no list: it does not begin"),
        pytest.param(True, "[admin-x", "", "Contains", "admin", "admin", id="no list: nor does this end"),
        pytest.param(
            True, "[a b c d e f g h]", "", "NotEqual", "z", "admin", id="eight members are looked at"
        ),
        pytest.param(
            False, "7,a", "", "NotEqual", "z", TokenClaimMalformed, id="a member may be a number, REST"
        ),
        pytest.param(
            True, "[7 a]", "", "NotEqual", "z", TokenClaimMalformed, id="a member may be a number, HTTP API"
        ),
        pytest.param(
            False, "7,a", "a list", "NotEqual", "z", "admin", id="no member of a declared list is one, REST"
        ),
        pytest.param(
            True, "[7 a]", "a list", "NotEqual", "z", "admin", id="nor is one of it, HTTP API"
        ),
        pytest.param(
            False, "x,y", "", "Contains", "x y", "editor", id="a comma is never a space in a member, REST"
        ),
        pytest.param(
            True, "[x y]", "", "Contains", "x,y", "editor", id="a space is never a comma in one, HTTP API"
        ),
        pytest.param(
            False, "non-admin", "a text", "Contains", "admin", "admin", id="a declared text is no list, REST"
        ),
        pytest.param(
            True, "[non-admin]", "a text", "Contains", "admin", "admin", id="nor is this one, HTTP API"
        ),
        pytest.param(
            *(False, "staff,non-admin", "a list", "Contains", "admin", TokenClaimMalformed),
            id="a part of a member's name in a declared list, REST",
        ),
        pytest.param(
            *(True, "[staff non-admin]", "a list", "Contains", "admin", TokenClaimMalformed),
            id="a part of a member's name in a declared list, HTTP API",
        ),
    ],
)  # fmt: skip
def test_what_a_text_may_have_been_decides(
    http: bool, written: str, declared: str, match: str, wanted: str, verdict: object
) -> None:
    rules = [("custom:x", match, wanted, "admin")]
    assert native_role({"custom:x": written}, rules, http=http, declared=declared) == verdict


@pytest.mark.parametrize(
    ("declared", "verdict"),
    [
        pytest.param("", TokenClaimMalformed, id="not declared"),
        pytest.param("a text", TokenClaimMalformed, id="one is a text"),
        pytest.param("a list", "editor", id="one is a list"),
    ],
)
@pytest.mark.parametrize(
    ("http", "x", "part"), [(False, "a,b", "a,"), (True, "[a b]", "[a")], ids=["REST", "HTTP API"]
)
def test_two_claims_are_read_in_every_way_together(
    http: bool, x: str, part: str, declared: str, verdict: object
) -> None:
    """An admin is who has a number for y and a text for x."""
    rules = [("custom:y", "Equals", "7", "editor"), ("custom:x", "Contains", part, "admin")]
    written = {"custom:x": x, "custom:y": "7"}
    assert native_role(written, rules, http=http, declared=declared) == verdict


def test_a_caller_who_has_a_role_in_one_reading_only_is_refused_as_uncertain() -> None:
    rules = [("custom:x", "Contains", "admin", "admin")]
    assert native_role({"custom:x": "x,admin"}, rules, http=False, groups=()) is TokenClaimMalformed
    assert native_role({"custom:x": "x"}, rules, http=False, groups=()) is NoRole


@pytest.mark.parametrize(
    "name",
    ["sub", "iss", "jti", "origin_jti", "client_id", "scope", "token_use", "username", "cognito:username"],
)
@pytest.mark.parametrize("http", [False, True], ids=["REST", "HTTP API"])
def test_what_cognito_always_writes_as_text_is_certain(name: str, http: bool) -> None:
    """A part of it may pick the role, as it does by the token itself."""
    written = {
        "jti": "[aXa]",
        "origin_jti": "[aXa]",
        "client_id": "[aXa]",
        "scope": "[a X/a]",
        "username": "[aXa]",
    }
    claims = make_claims(roles=(), preferred_role=None, values=written, username="[aXa]")
    payload = payload_of(claims)
    part = {"sub": SUB[1:5], "iss": "cognito-idp", "token_use": "i", "scope": "X/a]"}.get(name, "X")
    rule = {"claim": name, "match": "Contains", "value": part, "role": "admin"}
    elsewhere = {
        "sub": {"claim": "custom:s"},
        "client": {"claim": "custom:c"},
    }  # else they are declared as texts
    settings = make_settings(rules=[rule], claims=elsewhere)
    assert native_choice(payload, None, settings, http=http).role.name == "admin"


@pytest.mark.parametrize(
    ("http", "written", "read"),
    [
        pytest.param(False, None, None, id="an absent one, REST"),
        pytest.param(True, None, None, id="an absent one, HTTP API"),
        pytest.param(True, "[]", [], id="none, HTTP API"),
        pytest.param(True, "a", "a", id="a text without brackets, HTTP API"),
    ],
)
def test_a_declared_list_is_a_list_where_only_one_is_written_so(
    http: bool, written: str | None, read: object
) -> None:
    payload = payload_of(make_claims(values={} if written is None else {"custom:x": written}))
    claims = native_claims(event_of(payload, http=http), make_settings(**DECLARED["a list"]), NOW)
    assert claims.values.get("custom:x") == read


@pytest.mark.parametrize(("http", "written"), [(False, "`a,b`"), (True, "`[a b]`")], ids=["REST", "HTTP API"])
def test_what_is_no_list_is_told_with_the_way_in_which_this_gateway_writes_one(
    http: bool, written: str
) -> None:
    event = event_of({**payload_of(make_claims()), "cognito:groups": "x"}, http=http)
    authorizer = event["requestContext"]["authorizer"]
    claims = authorizer["jwt"]["claims"] if http else authorizer["claims"]
    claims["cognito:groups"] = {"not": "a list"}
    with pytest.raises(TokenClaimMalformed, match=re.escape(f"expected {written}, found an object")):
        native_claims(event, make_settings(), NOW)


def by_every_combination(
    claims: Claims, requested: str | None, settings: Settings, *, http: bool
) -> set[object]:
    """What comes of each reading of one claim with each of all others: right, and 2ⁿ of them."""
    paths = [path_of(rule.claim) for rule in settings.rules]
    texts = {
        name: text
        for name, *_ in paths
        if isinstance(text := claims.values.get(name), str) and name not in readings.TEXTS
    }
    ways = [
        readings.readings(text, is_list=readings._declared(name, settings), http=http)
        for name, text in texts.items()
    ]
    found = {readings._outcome(claims, requested, settings)}
    for way in product(*ways):
        values = {**claims.values, **dict(zip(texts, way, strict=True))}
        found.add(readings._outcome(replace(claims, values=values), requested, settings))
    return found


READ = st.fixed_dictionaries(
    {
        "claim": st.sampled_from(["custom:a", "custom:b", "custom:c", "custom:real", "scope"]),
        "match": st.sampled_from(["Equals", "NotEqual", "StartsWith", "Contains"]),
        "value": st.sampled_from(["x", "y", "x,y", "x y", "[x", "7"]),
        "role": st.sampled_from(["viewer", "editor", "admin"]),
    }
)
WRITTEN = st.sampled_from(["x", "x,y", "[x y]", "[x]", "[]", "", "7", "x,7", "map[a:b]", "y,x,y", "{}"])


@given(
    st.lists(READ, min_size=1, max_size=6),
    st.dictionaries(st.sampled_from(["custom:a", "custom:b", "custom:c"]), WRITTEN),
    st.sampled_from([None, "admin"]),
    st.sampled_from(["nothing", "a text", "a list"]),
    st.booleans(),
)
def test_a_role_is_certain_where_no_combination_of_readings_leads_to_another(
    rules: Any, said: dict[str, object], requested: str | None, declared: str, http: bool
) -> None:
    claim = {"claim": "custom:a", "type": "opaque", "max_length": 9}
    types = {"nothing": {}, "a text": {"d": claim}, "a list": {"d": {**claim, "list": True, "max_items": 3}}}
    settings = make_settings(
        rules=rules, claims=types[declared], gateway={"context_claims": [*types[declared]]}
    )
    claims = make_claims(
        roles=(), preferred_role=None, groups=("viewers",), values={**said, "custom:real": ["x", "y"]}
    )
    certain = len(by_every_combination(claims, requested, settings, http=http)) == 1
    with nullcontext() if certain else pytest.raises(TokenClaimMalformed):
        check_certain(claims, requested, settings, http=http)


@pytest.mark.parametrize("value", ["x,y", "a,b,c,d,e,f,g,x"])
def test_many_rules_about_many_claims_are_read_as_many_times_as_there_are_rules(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    """Sixteen such claims had 65,536 combinations: near a second for each request of anybody who has them."""
    asked: list[object] = []

    def counting(*given: Any) -> roles.Choice:
        asked.append(given)
        return TOKEN_CHOICE(*given)

    monkeypatch.setattr(readings, "choose", counting)
    names = [f"custom:c{number}" for number in range(12)]
    rules = [{"claim": name, "match": "Contains", "value": "x", "role": "viewer"} for name in names]
    claims = make_claims(
        roles=(), preferred_role=None, groups=("viewers",), values=dict.fromkeys(names, value)
    )
    check_certain(claims, None, make_settings(rules=rules), http=False)
    assert len(asked) <= len(rules) + 2
