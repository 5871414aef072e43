"""The line that every request leaves: what it says, and that it is JSON whatever a stranger sent."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from authorizer.errors import NoRole
from authorizer.model import Credentials, Routes, SessionPolicy
from authorizer.record import Record
from tests.make import NOW, make_claims, make_identity, make_request

TEXTS = st.text(max_size=20)


def whole(tick: float = 0.0015, **changes: Any) -> Record:
    """A record of a request that went all the way, each step `tick` seconds long."""
    ticks = iter(range(100))
    record = Record(NOW, tick=lambda: next(ticks) * tick)
    record.parsed(make_request(**changes.get("request", {})))
    record.verified(make_claims(**changes.get("claims", {})))
    record.resolved(make_identity(**changes.get("identity", {})))
    record.permitted(Routes(patterns=("a", "b"), closed=(), matched="GET /files/*"))
    record.rendered(SessionPolicy(text="{}", digest="00ff", templates=("s3-home",)))
    record.vended(
        Credentials(
            access_key_id="canary-id",
            secret_access_key="canary-secret",
            session_token="canary-token",
            expiration=NOW + 3600.9,
            role_arn="arn:aws:iam::123456789012:role/editor",
            session_name="someone",
            packed_policy_size=changes.get("packed", 12),
            issued_at=NOW - 1,
        )
    )
    record.responded({})
    return record


def test_the_line_says_what_every_stage_made() -> None:
    assert json.loads(whole().line("allow")) == {
        "_aws": {
            "Timestamp": int(NOW * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": "CognitoAuthorizer",
                    "Dimensions": [["verdict"], ["verdict", "code"]],
                    "Metrics": [{"Name": "decisions"}, {"Name": "duration", "Unit": "Milliseconds"}],
                }
            ],
        },
        "decisions": 1,
        "duration": 12.0,
        "verdict": "allow",
        "code": "allowed",
        "shape": "REST REQUEST",
        "api": "rest0reqst",
        "stage": "prod",
        "method": "GET",
        "route": "GET /files/*",
        "request_id": "request-1",
        "sub": make_claims().sub,
        "issuer": make_claims().issuer,
        "token_use": "id",
        "machine": False,
        "role": "editor",
        "rule": "cognito:preferred_role",
        "scopes": ["data:read", "files:read"],
        "routes": 2,
        "this_route": True,
        "templates": ["s3-home"],
        "policy": "00ff",
        "policy_characters": 2,
        "session_name": "someone",
        "expiration": "2026-11-21T10:00:00Z",
        "packed_policy_size": 12,
        "credentials_cached": True,
        "stages": dict.fromkeys(("parse", "verify", "resolve", "permit", "render", "vend", "respond"), 1.5),
    }


def test_a_refused_request_says_why_and_how_far_it_came() -> None:
    record = Record(NOW)
    record.parsed(make_request(request_id=None))
    record.refused(NoRole('no "role"'))
    said = json.loads(record.line("deny"))
    assert (said["verdict"], said["code"], said["reason"]) == ("deny", "no_role", 'no "role"')
    assert said["request_id"] is None
    assert list(said["stages"]) == ["parse"]
    assert said["route"] is None
    assert "sub" not in said


def test_a_size_that_sts_does_not_tell_is_null() -> None:
    assert json.loads(whole(packed=None).line("allow"))["packed_policy_size"] is None


@given(method=TEXTS, number=TEXTS, sub=TEXTS, rule=TEXTS, scope=TEXTS, path=TEXTS)
def test_the_line_is_one_line_of_json_whatever_a_stranger_sent(
    method: str, number: str, sub: str, rule: str, scope: str, path: str
) -> None:
    record = whole(
        request={"method": method, "request_id": number, "path": f"/canary{path}"},
        claims={"sub": sub},
        identity={"rule": rule, "scopes": frozenset((scope,))},
    )
    line = record.line("allow")
    assert "\n" not in line
    said = json.loads(line)
    found = said["method"], said["request_id"], said["sub"], said["rule"], said["scopes"]
    assert found == (method, number, sub, rule, [scope])
    assert "canary" not in line


def test_milliseconds_are_told_by_stage() -> None:
    assert whole().milliseconds == json.loads(whole().line("allow"))["stages"]
