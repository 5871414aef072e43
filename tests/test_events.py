"""Every sample event: its verdict, its status, its role, its routes, and the exact request that reaches STS."""

import json
from typing import Any, NamedTuple

import pytest

from authorizer.record import STAGES
from authorizer.settings.walks import GLOBS
from tests.make import ROOT
from tests.world import World

ARN = "arn:aws:iam::123456789012:role/vend/"
PREFIX = "arn:aws:execute-api:eu-west-1:123456789012:"
EDITOR = "11111111-1111-4111-8111-111111111111"
VIEWER = "22222222-2222-4222-8222-222222222222"
AUDITOR = "99999999-9999-4999-8999-999999999999"
ADMIN = "33333333-3333-4333-8333-333333333333"
TWO_ROLES = "44444444-4444-4444-8444-444444444444"
MACHINE = "1example23456789machine"


class Allowed(NamedTuple):
    """What an allowing sample becomes."""

    role: str
    principal: str
    """Also the session's name."""
    stage: str
    routes: tuple[str, ...]
    tenant: str | None
    named: tuple[str, ...]
    """Whom the session policy must name; nobody else may be in it."""
    route: str | None
    """The entry of [scopes] that opens the route that is asked for. None: it is closed, and the answer opens others."""
    rule: str = "cognito:preferred_role"

    @property
    def decided(self) -> tuple[str, str]:
        """Verdict and code."""
        return ("allow", "allowed") if self.route else ("deny", "route_closed")


class Refused(NamedTuple):
    verdict: str
    code: str


READ = ("GET/data", "GET/data/*")
REPORTS = "GET /tenants/{tenant}/reports/*"
AUDIT = (*READ, "GET/tenants/globex/reports/*")
EDIT = (
    *READ,
    *("POST/data", "PUT/data/*", "DELETE/data/*"),
    *("GET/files", "GET/files/*", "PUT/files/*", "DELETE/files/*"),
)
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
ADMINISTER = (*EDIT, *(f"{method}{path}" for path in ("/users", "/users/*") for method in METHODS))
IMPORT = ("POST/imports", "PUT/imports/*")
SESSION_TAGS = {
    "importer": ("client",),
    "editor": ("tenant", "sub"),
    "viewer": ("tenant",),
    "admin": ("tenant",),
}
GROUP_MAP, RULE, REQUESTED = "group map", "rule 1: client_id Equals", "requested by the caller"

EVENTS: dict[str, Allowed | Refused] = {
    "rest-token-allow": Allowed(
        "editor", EDITOR, "rest0token/live", EDIT, "acme", ("acme", EDITOR), "GET /data/*"
    ),
    "rest-request-allow": Allowed(
        "editor", EDITOR, "rest0reqst/live", EDIT, "acme", ("acme", EDITOR), "PUT /files/*"
    ),
    "http-1-allow": Allowed(
        "admin", ADMIN, "http1api00/$default", ADMINISTER, "acme", ("acme",), "GET /files/*", rule=GROUP_MAP
    ),
    "http-2-allow": Allowed("viewer", VIEWER, "http2api00/live", READ, "globex", ("globex",), "GET /data/*"),
    "own-tenant-allow": Allowed("viewer", AUDITOR, "http2api00/live", AUDIT, "globex", ("globex",), REPORTS),
    "other-tenant-deny": Allowed("viewer", AUDITOR, "http2api00/live", AUDIT, "globex", ("globex",), None),
    "websocket-allow": Allowed(
        "viewer", VIEWER, "wsock0api0/live", ("$connect",), "globex", ("globex",), "$connect"
    ),
    "machine-allow": Allowed(
        "importer", MACHINE, "http2api00/live", IMPORT, None, (MACHINE,), "POST /imports", rule=RULE
    ),
    "requested-role-allow": Allowed(
        "viewer",
        TWO_ROLES,
        "rest0reqst/live",
        ADMINISTER,
        "acme",
        ("acme",),
        "GET /files/*",
        rule=REQUESTED,
    ),
    "closed-route-deny": Allowed("viewer", VIEWER, "rest0token/live", READ, "globex", ("globex",), None),
    "requested-role-deny": Refused("deny", "requested_role_refused"),
    "ambiguous-role-deny": Refused("deny", "role_ambiguous"),
    "no-role-deny": Refused("deny", "no_role"),
    "hostile-claim-deny": Refused("deny", "claim_refused"),
    "expired-unauthorized": Refused("unauthorized", "token_expired"),
    "no-token-unauthorized": Refused("unauthorized", "token_missing"),
    "not-a-token-unauthorized": Refused("unauthorized", "token_malformed"),
    "unknown-shape-failure": Refused("failure", "event_unknown"),
}
ALLOWED = {name: row for name, row in EVENTS.items() if isinstance(row, Allowed)}
REFUSED = {name: row for name, row in EVENTS.items() if isinstance(row, Refused)}


def test_every_sample_event_has_a_row_here() -> None:
    assert {file.stem for file in (ROOT / "events").glob("*.json")} == set(EVENTS)


@pytest.mark.parametrize(("name", "expected"), ALLOWED.items())
def test_an_allowing_event(name: str, expected: Allowed, world: World) -> None:
    decision, record = world.sample(name)
    assert (decision.verdict, decision.code) == expected.decided, record.refusal
    assert decision.response is not None
    response: Any = decision.response
    allowed, *denied = response["policyDocument"]["Statement"]
    assert response["principalId"] == expected.principal
    assert allowed["Effect"] == "Allow"
    assert set(allowed["Resource"]) == {f"{PREFIX}{expected.stage}/{route}" for route in expected.routes}
    closed = [] if name == "websocket-allow" else [f"{PREFIX}{expected.stage}/{glob}" for glob in GLOBS]
    assert [(each["Effect"], each["Resource"]) for each in denied] == ([("Deny", closed)] if closed else [])

    [request] = world.sts.requests
    policy = json.loads(request.pop("Policy"))
    values = {"tenant": expected.tenant, "sub": expected.principal, "client": expected.principal}
    tags: dict[str, str | None] = {}
    for number, key in enumerate(SESSION_TAGS[expected.role], 1):
        tags |= {f"Tags.member.{number}.Key": key, f"Tags.member.{number}.Value": values[key]}
    assert request == {
        **tags,
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": f"{ARN}{expected.role}",
        "RoleSessionName": expected.principal,
        "DurationSeconds": "3600",
    }
    assert policy["Version"] == "2012-10-17"
    text = json.dumps(policy)
    assert all(value in text for value in expected.named)
    others = {"acme", "globex", EDITOR, VIEWER, ADMIN, TWO_ROLES, MACHINE} - set(expected.named)
    assert not any(other in text for other in others)

    context = response["context"]
    assert context["secretAccessKey"] == "canary-secret-1"
    assert context["sessionToken"] == "canary-session-1"
    assert context["roleArn"] == f"{ARN}{expected.role}"
    assert context["expiration"].endswith("Z")
    assert all(isinstance(value, str) for value in context.values())

    line = world.last
    assert (line["verdict"], line["code"]) == expected.decided
    assert (line["role"], line["rule"], line["route"]) == (expected.role, expected.rule, expected.route)
    assert line["this_route"] is (expected.route is not None)
    assert (line["sub"], line["expiration"]) == (context["sub"], context["expiration"])
    assert tuple(line["stages"]) == STAGES


@pytest.mark.parametrize(("name", "expected"), REFUSED.items())
def test_a_refusing_event(name: str, expected: Refused, world: World) -> None:
    decision, record = world.sample(name)
    assert Refused(decision.verdict, decision.code) == expected
    assert world.sts.requests == []
    assert record.refusal is not None
    assert Refused(world.last["verdict"], world.last["code"]) == expected
    assert world.last["reason"] == str(record.refusal)
    if expected.verdict == "deny":
        response: Any = decision.response
        [statement] = response["policyDocument"]["Statement"]
        assert statement["Effect"] == "Deny"
        assert response["context"] == {"code": expected.code}
    else:
        assert decision.response is None
