"""What each panel tells of a decision, asked as the page asks."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import jwt
import pytest

from authorizer.local_aws import Line
from authorizer.local_gateway.decisions import MASK
from authorizer.settings.schema import Access, Sealing
from tests.local_gateway.console_page import Page, lines_of, opened, stages_of
from tests.local_gateway.stage import Stage, says


@pytest.fixture
def page(stages: Callable[[str], Stage]) -> Page:
    return opened(stages("rest-token"))


NOWHERE = "http://127.0.0.1:9/jwks.json"
TENANT = 'tenant = { claim = "custom:tenant_id", type = "slug", max_length = 32 }'
STAGES = ["parse", "verify", "resolve", "permit", "render", "vend", "seal", "respond"]


def test_a_row_tells_a_request(page: Page) -> None:
    number = page.sent("editor", "/files/a%3Cb%3E")
    first = page.get("requests")["rows"][0]
    told = {
        name: first[name]
        for name in ("number", "method", "path", "persona", "outcome", "status", "code", "cache")
    }
    assert told == {
        "number": number, "method": "GET", "path": "/files/a%3Cb%3E", "persona": "editor", "outcome": "allow",
        "status": 200, "code": "allowed", "cache": "miss",
    }  # fmt: skip
    page.stage.clock.now += 7
    page.sent("editor", "/files")
    assert (page.get("requests")["rows"][0]["cache"], page.get("requests")["rows"][0]["age"]) == ("hit", 7)


def test_a_machine_is_a_persona_too(page: Page) -> None:
    page.sent("machine", "/imports", method="POST")
    assert page.get("requests")["rows"][0]["persona"] == "machine"


def test_rows_come_in_windows(page: Page) -> None:
    for _ in range(3):
        last = page.sent("editor", "/data")
    assert [row["number"] for row in page.get("requests", after=last - 2)["rows"]] == [last, last - 1]
    assert [row["number"] for row in page.get("requests", before=last)["rows"]][:2] == [last - 1, last - 2]
    assert page.get("requests", after=last)["rows"] == []
    assert page.get("requests", before=1)["rows"] == []
    assert "editor" in page.get("requests")["personas"]


def test_an_allowed_request_passes_every_stage(page: Page) -> None:
    decision = page.decision(page.sent("editor", "/files/notes.txt"))
    assert stages_of(decision) == dict.fromkeys(STAGES, "passed")
    rows = {row["stage"]: row for row in decision["stages"]}
    assert all(
        row["milliseconds"] is not None and row["in"] and row["out"] and row["lines"] for row in rows.values()
    )
    assert lines_of(rows["parse"]["lines"]) == ['token_sources    = ["header:authorization", "query:token"]']
    assert lines_of(rows["verify"]["lines"]) == ["[[issuers]]"]
    assert lines_of(rows["resolve"]["lines"]) == ["[roles.editor]"]
    assert lines_of(rows["permit"]["lines"]) == ['"files:read"     = ["GET /files", "GET /files/*"]']
    assert '"Sid": "OwnObjects",' in [each["text"].strip() for each in rows["render"]["lines"][0]["text"]]
    assert rows["render"]["lines"][0]["what"].startswith("s3-home.json.j2:")
    assert lines_of(rows["vend"]["lines"])[0] == 'arn          = "env:EDITOR_ROLE_ARN"'
    assert "this route is open by GET /files/*" in rows["permit"]["out"]
    assert rows["parse"]["lines"][0]["file"].endswith("policies/access.toml")


@pytest.mark.parametrize(
    ("persona", "path", "stopped", "code", "line"),
    [
        ("expired", "/data", "verify", "token_expired", "[[issuers]]"),
        ("hostile", "/data", "resolve", "claim_refused", TENANT),
        ("ambiguous", "/data", "resolve", "role_ambiguous", "[groups.editors]"),
        ("no-groups", "/data", "resolve", "no_role", None),
        ("viewer", "/files", "permit", "route_closed", '"files:read"     = ["GET /files", "GET /files/*"]'),
    ],
)  # fmt: skip
def test_the_stage_that_stopped_says_why_and_by_which_line(
    page: Page, persona: str, path: str, stopped: str, code: str, line: str | None
) -> None:
    decision = page.decision(page.sent(persona, path))
    [row] = [row for row in decision["stages"] if row["state"] == "stopped"]
    assert (row["stage"], row["refusal"]["code"]) == (stopped, code)
    assert line in lines_of(row["lines"]) if line else row["lines"] == []
    after = [row["state"] for row in decision["stages"][STAGES.index(stopped) + 1 :]]
    assert set(after) <= {"not reached"} or code == "route_closed"


def test_a_machines_rule_is_shown(page: Page) -> None:
    decision = page.decision(page.sent("machine", "/imports", method="POST"))
    rows = {row["stage"]: row for row in decision["stages"]}
    assert lines_of(rows["resolve"]["lines"])[0] == "[[rules]]"
    [way] = [way for way in decision["role"]["ways"] if way["state"] == "decides"]
    assert (way["role"], way["candidates"][0]["why"]) == ("importer", "matches")


def test_an_access_tokens_role_comes_of_its_groups(page: Page) -> None:
    local = page.stage.serving.configured.local
    assert local is not None
    number = page.asked({"Authorization": f"Bearer {local.mint('two-roles', 'access')}"}, "/data")
    decision = page.decision(number)
    rows = {row["stage"]: row for row in decision["stages"]}
    assert lines_of(rows["resolve"]["lines"])[0] == "[groups.admins]"
    way = decision["role"]["ways"][-1]
    assert [(each["what"], each["why"]) for each in way["candidates"]] == [
        ("group admins", "precedence 1: the best"),
        ("group viewers", "precedence 20: another group's is better"),
    ]
    assert decision["share"]["event"].count("local:two-roles:access") == 1


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}])
def test_what_the_authorizer_was_not_asked_has_no_stages(page: Page, headers: dict[str, str]) -> None:
    decision = page.decision(page.asked(headers, "/data"))
    assert set(stages_of(decision).values()) == {"not reached"}
    assert (decision["token"], decision["role"], decision["routes"], decision["policy"]) == (
        None,
        None,
        None,
        None,
    )
    assert (decision["asked"], decision["share"], decision["event"]) == (False, None, None)
    assert decision["why"] == ["an identity source is missing"]


def test_a_request_without_a_token_that_can_be_told_stops_at_the_first_stage(page: Page) -> None:
    decision = page.decision(page.asked({"Authorization": "Basic abc"}, "/data"))
    assert stages_of(decision)["parse"] == "stopped"
    assert decision["token"] is None
    assert "Basic abc" not in json.dumps(decision)


@pytest.mark.parametrize("token", ["x.y.z", "nothing", "eyJhbGciOiJub25lIn0..", "é.é.é", "W10.W10."])
def test_a_token_that_is_none_is_shown_as_far_as_it_can_be_read(page: Page, token: str) -> None:
    decision = page.decision(page.asked({"Authorization": f"Bearer {token}".encode()}, "/data"))
    assert stages_of(decision)["verify"] == "stopped"
    assert decision["token"]["verified"] is False
    assert decision["token"]["next"] is None


def test_a_cached_answer_is_explained_by_the_request_that_it_was_given_to(page: Page) -> None:
    first = page.sent("editor", "/files")
    second = page.decision(page.sent("editor", "/data"))
    assert (second["cache"], second["origin"], second["asked"]) == ("hit", first, True)
    assert stages_of(second) == dict.fromkeys(STAGES, "passed")


def test_a_cached_answer_whose_request_is_forgotten_has_no_stages(page: Page) -> None:
    page.sent("editor", "/files")
    number = page.sent("editor", "/data")
    kept = page.stage.stream._kept
    forgotten = [kept[at] for at in range(len(kept)) if kept[at].number < number]
    for _ in forgotten:
        kept.popleft()
    try:
        decision = page.decision(number)
        assert (decision["origin"], decision["asked"]) == (None, False)
        assert page.raw("POST", "reveal", json={"number": number}).status_code == 404
        assert page.raw("POST", "uncached", json={"number": number}).status_code == 404
        assert page.raw("GET", "decision", params={"number": number - 1}).status_code == 404
    finally:
        kept.extendleft(reversed(forgotten))


# ── the token ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_token_tells_its_claims_their_types_and_verdicts(page: Page) -> None:
    token = page.decision(page.sent("hostile", "/data"))["token"]
    claims = {row["claim"]: row for row in token["claims"]}
    [tenant] = claims["custom:tenant_id"]["declared"]
    assert (tenant["name"], tenant["type"], tenant["verdict"]) == ("tenant", "slug", "refused")
    assert "could change the meaning of a policy" in tenant["why"]
    [sub] = claims["sub"]["declared"]
    assert (sub["verdict"], sub["why"], claims["exp"]["checked"], claims["exp"]["declared"]) == (
        "ok",
        "",
        True,
        [],
    )
    [client] = token["absent"]
    assert (client["name"], client["verdict"], client["why"]) == ("client", "absent", "there is no fallback")
    assert {"name": "alg", "value": "RS256"} in token["header"]


def test_the_check_that_fails_next_is_expiry(page: Page) -> None:
    token = page.decision(page.sent("editor", "/data"))["token"]
    assert (token["next"]["check"], token["next"]["code"]) == ("not expired", "token_expired")
    assert token["next"]["in"] == pytest.approx(token["expires_in"], abs=61)
    assert 0 < token["expires_in"] <= 3600


def test_an_expired_token_is_not_believed(page: Page) -> None:
    token = page.decision(page.sent("expired", "/data"))["token"]
    assert (token["verified"], token["next"]) == (False, None)
    assert token["expires_in"] < 0


@pytest.mark.parametrize(
    "exp", [10**400, -(10**400), -1, True, "tomorrow", None, [1]], ids=lambda exp: f"{exp!r:.10}"
)
def test_a_stranger_s_end_that_is_no_time_is_shown_as_none(page: Page, exp: object) -> None:
    parts = [{"alg": "RS256", "kid": "a"}, {"exp": exp}, {}]
    encoded = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    number = page.asked({"Authorization": f"Bearer {'.'.join(encoded)}"}, "/data")
    token = page.decision(number)["token"]
    assert token["expires_in"] is None
    assert [row["claim"] for row in token["claims"]] == ["exp"]


# ── role, routes, policy ────────────────────────────────────────────────────────────────────────────────────


def test_every_way_to_a_role_is_told_in_order(page: Page) -> None:
    role = page.decision(page.sent("editor", "/data"))["role"]
    assert (role["role"], role["rule"]) == ("editor", "cognito:preferred_role")
    assert [way["state"] for way in role["ways"]] == ["nothing", "decides", "nothing", "too late", "too late"]
    assert role["ways"][3]["why"] == "the token's preferred role decided before"
    assert role["ways"][3]["role"] == "editor"
    assert "does not match" in role["ways"][2]["candidates"][0]["why"]
    assert role["ways"][0]["candidates"][0]["why"] == "was not sent"


def test_several_roles_are_told_as_what_they_are(page: Page) -> None:
    role = page.decision(page.sent("ambiguous", "/data"))["role"]
    assert (role["role"], role["ways"][3]["state"]) == (None, "several")
    assert "fit equally well" in role["refusal"]
    assert role["ways"][1]["candidates"][0]["why"] == "the token has none"


def test_the_routes_are_told_open_and_closed_and_by_which_scope(page: Page) -> None:
    routes = {row["route"]: row for row in page.decision(page.sent("auditor", "/data"))["routes"]}
    reports = routes["GET /tenants/{tenant}/reports/{proxy+}"]
    assert (reports["state"], reports["example"]) == ("open", "GET /tenants/globex/reports/x")
    assert reports["scopes"] == ["reports:read: GET /tenants/{tenant}/reports/*"]
    assert lines_of(reports["lines"]) == ['"reports:read"   = ["GET /tenants/{tenant}/reports/*"]']
    assert (routes["ANY /users"]["state"], routes["ANY /users"]["why"]) == (
        "closed",
        "it needs the scope users:manage",
    )
    assert routes["GET /data"]["why"] == "by scope data:read"


def test_the_policy_stands_beside_its_templates_with_the_claims_marked(page: Page) -> None:
    policy = page.decision(page.sent("editor", "/files"))["policy"]
    assert [each["file"].rpartition("/")[2] for each in policy["templates"]] == [
        "s3-home.json.j2", "dynamodb-tenant.json.j2",
    ]  # fmt: skip
    holes = {
        (piece["claim"], piece["text"])
        for each in policy["templates"]
        for piece in each["text"]
        if piece["claim"]
    }
    assert ("sub", "{{ sub }}") in holes
    values = {(piece["claim"], piece["text"]) for piece in policy["rendered"] if piece["claim"]}
    assert values == {("sub", "11111111-1111-4111-8111-111111111111"), ("tenant", "acme")}
    sent = "".join(piece["text"] for piece in policy["sent"])
    assert len(sent) == policy["characters"] <= policy["limit"] == 2048
    assert {*json.loads(sent)} == {"Version", "Statement"}
    assert '"Sid": "OwnObjects"' in "".join(piece["text"] for piece in policy["rendered"])
    assert "known to AWS alone" in policy["packed"]


# ── try an action ───────────────────────────────────────────────────────────────────────────────────────────

OWN = "arn:aws:s3:::example-data/home/11111111-1111-4111-8111-111111111111/notes.txt"


def test_an_action_is_judged_statement_by_statement(page: Page) -> None:
    number = page.sent("editor", "/files")
    found = page.post("try", number=number, action="s3:GetObject", resource=OWN)
    assert (found["state"], found["statements"][0]["sid"], found["statements"][0]["decided"]) == (
        "allowed",
        "OwnObjects",
        True,
    )
    assert found["statements"][0]["place"].startswith("s3-home.json.j2:")
    found = page.post("try", number=number, action="s3:PutBucketPolicy", resource=OWN)
    assert found["state"] == "denied"
    assert not any(row["matched"] for row in found["statements"])


def test_one_click_asks_as_another_user(page: Page) -> None:
    number = page.sent("editor", "/files")
    asked = {"number": number, "action": "s3:GetObject", "resource": OWN}
    states = {
        name: page.post("try", persona=name, **asked)["state"]
        for name in ("editor", "viewer", "hostile", "machine")
    }
    assert states == {
        "editor": "allowed",
        "viewer": "denied",
        "hostile": "no session",
        "machine": "denied",
    }


def decided_by(page: Page, **changes: Any) -> None:
    """The last decision's settings, made otherwise behind its back."""
    served = page.stage.stream._kept[-1]
    written = served.written
    assert written is not None
    access = Access(replace(written.access.settings, **changes), written.access.templates)
    page.stage.stream._kept[-1] = replace(served, written=replace(written, access=access))


def test_another_user_is_asked_about_a_decision_of_before_a_reload(page: Page) -> None:
    """Edit, save, look again: the issuer of then is gone."""
    number = page.sent("editor", "/files")
    issuers = page.stage.serving.configured.written.access.settings.issuers
    decided_by(page, issuers={iss: replace(entry, jwks_uri=NOWHERE) for iss, entry in issuers.items()})
    asked = {"number": number, "action": "s3:GetObject", "resource": OWN}
    assert page.post("try", persona="editor", **asked)["state"] == "allowed"


def test_another_user_is_asked_where_the_request_had_no_token(page: Page) -> None:
    number = page.asked({}, "/data")
    asked = {"number": number, "action": "s3:GetObject", "resource": OWN}
    assert "was not asked" in page.post("try", **asked)["heading"]
    assert page.post("try", persona="editor", **asked)["state"] == "allowed"
    none = page.asked({}, "/nothing")
    assert page.post("try", persona="editor", **{**asked, "number": none})["state"] in (
        "allowed",
        "no session",
    )


def test_a_condition_key_counts(page: Page) -> None:
    number = page.sent("editor", "/files")
    asked: dict[str, Any] = {
        "number": number,
        "action": "s3:ListBucket",
        "resource": "arn:aws:s3:::example-data",
    }
    assert page.post("try", **asked)["state"] == "denied"
    prefix = {"s3:prefix": "home/11111111-1111-4111-8111-111111111111/"}
    assert page.post("try", context=prefix, **asked)["state"] == "allowed"


# ── AWS calls, cache ────────────────────────────────────────────────────────────────────────────────────────


def test_calls_of_the_backend_are_told_with_their_reason(page: Page) -> None:
    number = page.sent("editor", "/files")
    call = Line(
        time=1.0, who="arn:aws:sts::123456789012:assumed-role/editor/x", service="s3", operation="GetObject",
        status=403, refused="AccessDenied", actions=(("s3:GetObject", "arn:aws:s3:::b/k", False),), why=("denied",),
    )  # fmt: skip
    page.stage.stream._kept[-1] = replace(page.stage.last, calls=(call,))
    [told] = page.decision(number)["calls"]
    assert (told["operation"], told["refused"], told["why"]) == ("GetObject", "AccessDenied", ["denied"])
    assert told["needs"] == [{"action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "allowed": False}]


def test_the_cache_is_told_without_its_keys_and_flushed(page: Page) -> None:
    number = page.sent("editor", "/files")
    page.stage.clock.now += 10
    [entry] = page.get("cache")["entries"]
    assert (entry["age"], entry["left"], entry["persona"], entry["number"]) == (10, 290, "editor", number)
    assert len(entry["key"]) == 12
    assert "eyJ" not in json.dumps(entry)
    page.sent("viewer", "/data")
    assert len({each["key"] for each in page.get("cache")["entries"]}) == 2
    assert page.post("flush") == {"count": 0, "entries": []}
    assert page.stage.serving.gateway.cache.entries() == ()


def test_what_would_be_answered_without_the_cache(page: Page) -> None:
    page.sent("editor", "/files")
    number = page.sent("editor", "/reports")
    found = page.post("uncached", number=page.sent("editor", "/data"))
    assert (found["state"], found["code"]) == ("allowed", "allowed")
    closed = page.post("uncached", number=page.sent("editor", "/users"))
    assert closed["state"] == "denied"
    assert page.raw("POST", "uncached", json={"number": number}).status_code == 404
    assert len(page.get("cache")["entries"]) == 1


@pytest.mark.parametrize(
    ("outcome", "why"),
    [(says(error="Unauthorized"), "Unauthorized"), (says({"principalId": ""}), "`principalId` is no text")],
)
def test_no_answer_anew_is_told(page: Page, outcome: Any, why: str) -> None:
    number = page.sent("editor", "/data")
    page.stage.told.says = outcome
    found = page.post("uncached", number=number)
    assert (found["state"], found["why"]) == ("no answer", [why])


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_secret_is_told_until_it_is_asked_for(page: Page) -> None:
    token = page.stage.tokens["editor"]
    number = page.asked(
        {"Authorization": f"Bearer {token}", "X-Mine": token}, f"/files/{token[:30]}.{token[31:60]}"
    )
    other = page.sent("viewer", "/data")
    response = page.stage.stream._kept[-2].response
    assert response is not None
    secrets = [token, response["context"]["secretAccessKey"], response["context"]["sessionToken"]]
    told = json.dumps([page.decision(number), page.decision(other), page.get("requests"), page.get("cache")])
    assert not [secret for secret in secrets if secret in told]
    assert MASK in told
    revealed = json.dumps(page.post("reveal", number=number))
    assert all(json.dumps(secret)[1:-1] in revealed for secret in secrets)
    assert not [secret for secret in secrets if secret in json.dumps(page.post("reveal", number=other))]


@pytest.mark.parametrize("setting", ["external_id", "keys"])
def test_what_access_toml_keeps_secret_is_masked_wherever_it_turns_up(page: Page, setting: str) -> None:
    secret = "of-the-other-company"
    number = page.asked({"Authorization": page.stage.token("editor")}, f"/data/{secret}")
    assert secret in json.dumps(page.decision(number))
    roles = page.stage.serving.configured.written.access.settings.roles
    changes: dict[str, Mapping[str, Any]] = {
        "external_id": {"roles": {name: replace(role, external_id=secret) for name, role in roles.items()}},
        "keys": {"sealing": Sealing(source="environment", keys=secret)},
    }
    decided_by(page, **changes[setting])
    assert secret not in json.dumps(page.decision(number))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"sealing": Sealing(source="kms", keys="ciphertext")}, id="what KMS has encrypted"),
        pytest.param(
            {"sealing": Sealing(source="environment", keys="short")}, id="a text that is everywhere"
        ),
    ],
)
def test_what_is_no_secret_is_not_masked(page: Page, changes: dict[str, Any]) -> None:
    number = page.asked({"Authorization": page.stage.token("editor")}, "/data/ciphertext-short")
    decided_by(page, **changes)
    assert "ciphertext-short" in json.dumps(page.decision(number))


def test_a_token_is_masked_wherever_it_turns_up(page: Page) -> None:
    """Also one that does not look like any, and in a row of the list one that does."""
    opaque = "opaque-and-secret"
    number = page.asked({"Authorization": f"Bearer {opaque}"}, f"/data/{opaque}")
    assert opaque not in json.dumps(page.decision(number))
    token = page.stage.tokens["viewer"]
    page.asked({}, f"/data/{token}")
    assert token not in json.dumps(page.get("requests"))


def test_a_decision_is_copied_as_a_command_that_signs_its_persona_in(page: Page) -> None:
    share = page.decision(page.sent("editor", "/files/notes.txt"))["share"]
    event = json.loads(share["event"])
    assert event["authorizationToken"] == "Bearer local:editor"
    assert event["methodArn"].endswith("/GET/files/notes.txt")
    assert share["command"].startswith("authorizer invoke - --access ")
    assert share["command"].endswith("\nEVENT\n")


def test_what_is_copied_of_a_stranger_is_masked(page: Page) -> None:
    token = jwt.encode({"sub": "somebody", "iss": "https://evil.example"}, "k" * 32)
    share = page.decision(page.asked({"Authorization": f"Bearer {token}"}, "/data"))["share"]
    assert json.loads(share["event"])["authorizationToken"] == MASK


@pytest.mark.parametrize("kind", ["rest-request", "http-1", "http-2"])
def test_events_of_every_kind_are_copied_without_secrets(stages: Callable[[str], Stage], kind: str) -> None:
    page = opened(stages(kind))
    token = page.stage.tokens["editor"]
    headers = {
        "Authorization": f"Bearer {token}",
        "X-Role": "default",
        "Cookie": "a=secret",
        "X-Api-Key": "a-key",
    }
    number = page.asked(headers, f"/data?token2={token}&password=one")
    decision = page.decision(number)
    share = decision["share"]["event"]
    assert "Bearer local:editor" in share
    assert token not in share
    assert "a=secret" not in share
    assert "a-key" not in share
    assert "eyJ" not in share
    assert "eyJ" not in json.dumps(decision)
    event = json.loads(share)
    if kind == "http-2":
        assert (
            event["identitySource"] == ["Bearer local:editor", "default"]
            or event["identitySource"][0] == "Bearer local:editor"
        )
        assert event["rawQueryString"] == MASK


@pytest.mark.parametrize("kind", ["rest-request", "http-1", "http-2"])
def test_what_is_copied_has_nothing_that_nobody_knows_to_be_harmless(
    stages: Callable[[str], Stage], kind: str
) -> None:
    """A list of the names of secrets lacks one."""
    page = opened(stages(kind))
    headers = {
        "Authorization": f"Bearer {page.stage.tokens['editor']}",
        "X-Role": "default",
        "Proxy-Authorization": "Basic SECRET",
        "X-Amz-Security-Token": "SECRET",
        "Api-Key": "SECRET",
        "Referer": "https://app.example.com/?SECRET",
        "X-Twice": "SECRET",
        "User-Agent": "me/1",
    }
    decision = page.decision(page.asked(headers, "/data?password=SECRET&sig=SECRET"))
    assert "SECRET" not in json.dumps([decision["share"], decision["event"]])
    event = json.loads(decision["share"]["event"])
    sent = {name.lower(): value for name, value in event["headers"].items()}
    assert (sent["x-role"], sent["user-agent"], sent["api-key"]) == ("default", "me/1", MASK)
    assert sent["authorization"] == "Bearer local:editor"
    assert event["queryStringParameters"] == {"password": MASK, "sig": MASK}
    if kind != "rest-request":
        assert "default" in str(event["identitySource"]), "else the command would be answered with a 500"
    assert event["requestContext"]["stage"]


@pytest.mark.parametrize(
    "hostile", ["<img src=x onerror=alert(1)>", '"><script>alert(1)</script>', "\u202etxt"]
)
def test_markup_is_a_text_like_any_other(page: Page, hostile: str) -> None:
    """It is data here, and a text node on the page: tests/browser shows it there."""
    token = jwt.encode({"sub": hostile, "iss": hostile, hostile: hostile}, "k" * 32, headers={"kid": hostile})
    decision = page.decision(page.asked({"Authorization": f"Bearer {token}"}, "/data"))
    assert hostile in [row["claim"] for row in decision["token"]["claims"]]
    assert (
        page.stage.client.get("/_console/api/requests", headers={"x-console": page.key}).headers[
            "content-type"
        ]
        == "application/json"
    )
