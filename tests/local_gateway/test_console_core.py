"""Panels of decisions that no sample persona brings about: each is a function from a record."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import jwt
import pytest

from authorizer.engine.evaluate import AccessRequest
from authorizer.errors import ClaimAbsent, PolicyTooLarge, Refusal
from authorizer.identity.permit import permit
from authorizer.identity.resolve import resolve
from authorizer.local_gateway.api import Cors, Route
from authorizer.local_gateway.console.candidates import candidates
from authorizer.local_gateway.console.keeping import case_text
from authorizer.local_gateway.console.route_table import route_table
from authorizer.local_gateway.console.session_policy import marked
from authorizer.local_gateway.console.shown import Shown, persona_of
from authorizer.local_gateway.console.stages import stages
from authorizer.local_gateway.console.token_panel import next_failure, token
from authorizer.local_gateway.console.trying import judged
from authorizer.local_gateway.decisions import Served
from authorizer.local_gateway.from_access import api_of
from authorizer.local_gateway.kinds import REST_TOKEN
from authorizer.local_gateway.written import Written
from authorizer.model import Claims
from authorizer.record import Record
from tests.local_gateway.console_page import lines_of, written
from tests.make import NOW, make_claims, make_request

OWN = "arn:aws:s3:::example-data/home/11111111-1111-4111-8111-111111111111/notes.txt"
UNLISTED = "arn:aws:iam::123456789012:role/x"


def _record(
    loaded: Written, claims: Claims | None = None, *, role: str | None = None, **request: Any
) -> Record:
    """As far as the role: refused there, or not."""
    record = Record(NOW)
    record.parsed(make_request(requested_role=role, **request))
    record.verified(claims or make_claims())
    assert record.claims is not None
    try:
        record.resolved(resolve(record.claims, role, loaded.access.settings))
    except Refusal as refusal:
        record.refused(refusal)
    return record


def _shown(record: Record, loaded: Written) -> Shown:
    served = Served(
        number=1, time=NOW, request_id="", kind="rest-token", method="GET", path="/data", route=None, arn=None,
        outcome="allow", code="allowed", status=200, principal=None, cache=None, age=None, milliseconds={},
        why=(), record=record,
    )  # fmt: skip
    return Shown(served=served, origin=served, written=loaded, local=None)


@pytest.mark.parametrize(
    ("changes", "claims", "role", "line", "candidate"),
    [
        (
            {},
            make_claims(preferred_role=UNLISTED),
            None,
            "[groups.editors]",
            "access.toml lists no such role",
        ),
        ({}, make_claims(), "editor", 'role_header = "x-role"   # a caller', "asks for editor"),
        (
            {"resolution": {"ambiguous": "viewer"}},
            make_claims(preferred_role=None, roles=(), groups=("editors", "auditors", "unknown")),
            None,
            'ambiguous   = "deny"',
            "access.toml does not have it",
        ),
        (
            {"groups": {"editors": {"role": None}}},
            make_claims(preferred_role=None, roles=(), groups=("editors", "viewers")),
            None,
            "[groups.viewers]",
            "has no role",
        ),
    ],
    ids=[
        "one that is not listed",
        "one that is asked for",
        "several, and one for that case",
        "a group without one",
    ],
)
def test_how_a_role_came_about_is_told(
    changes: Mapping[str, Any], claims: Claims, role: str | None, line: str, candidate: str
) -> None:
    loaded = written(**changes)
    shown = _shown(_record(loaded, claims, role=role), loaded)
    assert any(each.startswith(line) for each in lines_of(stages(shown)[2]["lines"]))
    told = candidates(shown)
    assert told is not None
    assert candidate in [each["why"] for way in told["ways"] for each in way["candidates"]]


def test_a_rule_behind_the_first_that_matches_lost() -> None:
    rule = {"claim": "sub", "match": "StartsWith", "role": "viewer"}
    loaded = written(rules=[{**rule, "value": "1"}, {**rule, "value": "11"}])
    told = candidates(_shown(_record(loaded, make_claims(preferred_role=None, roles=())), loaded))
    assert told is not None
    assert [each["why"] for each in told["ways"][2]["candidates"]] == ["matches", "rule 1 matched before"]


def test_a_claim_that_is_missing_is_shown_where_a_template_needs_it() -> None:
    loaded = written()
    record = _record(loaded, make_claims(values={"custom:tenant_id": "acme"}))
    assert record.identity is not None
    record.identity = replace(record.identity, claims={"sub": record.identity.claims["sub"]})
    record.permitted(permit(record.identity, make_request(), loaded.access.settings))
    record.refused(ClaimAbsent("no tenant"))
    row = stages(_shown(record, loaded))[4]
    assert (row["stage"], row["state"]) == ("render", "stopped")
    assert {each["what"].partition(":")[0] for each in row["lines"]} == {
        "_dynamodb-keys.json.j2",
        "roles.editor.policies",
    }
    assert (
        judged(loaded, record.identity, AccessRequest(action="s3:GetObject", resource=OWN))["state"]
        == "no session"
    )


def test_a_policy_that_is_too_long_is_shown_at_its_role() -> None:
    loaded = written()
    record = _record(loaded)
    assert record.identity is not None
    record.permitted(permit(record.identity, make_request(), loaded.access.settings))
    record.refused(PolicyTooLarge("too long"))
    [line] = stages(_shown(record, loaded))[4]["lines"]
    assert line["what"] == "roles.editor.policies"


def test_a_route_without_an_authorizer_is_open_to_everybody() -> None:
    loaded = written()
    settings = loaded.access.settings
    api = api_of(settings, REST_TOKEN, "eu-west-1", cors=Cors(), with_keys=False)
    routes = (replace(api.routes[0], door=None), Route(method="GET", path="/other", door=api.routes[0].door))
    loaded = replace(loaded, apis=(replace(api, routes=routes),))
    rows = route_table(_shown(_record(loaded), loaded)) or []
    assert [(row["state"], row["why"]) for row in rows] == [
        ("open to everybody", "it has no authorizer"),
        ("closed", "no scope opens it to these claims"),
    ]


def test_a_list_stands_in_a_route_with_its_first_member() -> None:
    loaded = written(
        claims={"orgs": {"claim": "custom:orgs", "type": "slug", "list": True, "max_items": 3}},
        scopes={"data:read": ["GET /orgs/{orgs}"]},
    )
    api = api_of(loaded.access.settings, REST_TOKEN, "eu-west-1", cors=Cors(), with_keys=False)
    loaded = replace(loaded, apis=(api,))
    record = _record(loaded, make_claims(values={"custom:tenant_id": "acme", "custom:orgs": ["one", "two"]}))
    rows = {row["route"]: row for row in route_table(_shown(record, loaded)) or []}
    assert (rows["GET /orgs/{orgs}"]["state"], rows["GET /orgs/{orgs}"]["example"]) == (
        "open",
        "GET /orgs/one",
    )


def test_a_policy_without_claims_has_nothing_marked() -> None:
    assert marked("{}", {}) == [{"text": "{}", "claim": None}]
    assert [piece["claim"] for piece in marked("a/one,two-one", {"orgs": ("one", "two")})] == [
        None,
        "orgs",
        None,
        "orgs",
        None,
        "orgs",
    ]
    assert [piece["claim"] for piece in marked("acmes", {"tenant": "acme"})] == [None]


def test_who_signed_in_too_long_ago_fails_next() -> None:
    loaded = written(
        issuers=[
            {"user_pool": "env:USER_POOL_ID", "client_ids": "any", "token_use": ["id"], "max_auth_age": "10m"}
        ]
    )
    [issuer, *_] = loaded.access.settings.issuers.values()
    values = {"token_use": "id", "exp": NOW + 3600, "iat": NOW, "auth_time": NOW, "aud": "x"}
    claims = make_claims(values=values, issuer=issuer.issuer)
    found = next_failure(claims, issuer, NOW)
    assert (found["check"], found["code"]) == ("authenticated lately", "authentication_too_old")
    assert found["in"] == pytest.approx(600 + issuer.leeway, abs=1)
    assert next_failure(claims, issuer, NOW + 9999)["in"] == 0


def test_a_claim_that_the_issuer_fixes_is_not_the_tokens_to_say() -> None:
    loaded = written()
    settings = loaded.access.settings
    [issuer, *_] = settings.issuers.values()
    fixed = replace(issuer, fixed_claims={"tenant": "acme"})
    loaded = replace(
        loaded, access=loaded.access._replace(settings=replace(settings, issuers={issuer.issuer: fixed}))
    )
    payload = {"iss": issuer.issuer, "custom:tenant_id": "acme", "long": "x" * 600}
    record = Record(NOW)
    record.parsed(make_request(token=jwt.encode(payload, "k" * 32)))
    told = token(_shown(record, loaded), NOW)
    assert told is not None
    rows = {row["claim"]: row for row in told["claims"]}
    assert rows["custom:tenant_id"]["declared"][0]["why"] == "fixed by its issuer: acme"
    assert rows["long"]["value"].endswith("(600 characters)")
    assert told["expires_in"] is None


def test_nobody_is_a_persona_where_tokens_are_real() -> None:
    assert persona_of("somebody", None) is None


def test_a_websockets_case_has_no_method() -> None:
    loaded = written()
    text = case_text("x", loaded, _record(loaded, path="$connect", method=""), None)
    assert "method" not in text
    assert 'path   = "$connect"' in text


def test_a_list_claim_is_kept_as_a_list() -> None:
    orgs = {"claim": "custom:orgs", "type": "slug", "list": True, "max_items": 3}
    loaded = written(claims={"orgs": orgs}, scopes={"data:read": ["GET /orgs/{orgs}"]})
    claims = make_claims(values={"custom:tenant_id": "acme", "custom:orgs": ["one", "two"]})
    assert 'orgs" = ["one", "two"]' in case_text("x", loaded, _record(loaded, claims), None)
