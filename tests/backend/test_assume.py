"""Backend-side vending: claims as API Gateway's native authorizers write them, and the caller's role behind them."""

import time
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from authorizer import backend
from authorizer.backend import assuming
from authorizer.backend.assuming import Assumer
from authorizer.backend.native import native_claims
from authorizer.errors import (
    ClaimAbsent,
    ClientRefused,
    CredentialsAbsent,
    IssuerUnknown,
    NoRole,
    RequestedRoleRefused,
    RoleNotListed,
    TokenClaimMalformed,
    TokenExpired,
    TokenNotYetValid,
    TokenUseRefused,
    Unauthorized,
)
from tests.make import ACCESS, NOW, SUB, make_access, sample_access, sample_environment, sample_settings
from tests.vending.fake_sts import FakeSts

ISSUER = next(iter(sample_settings().issuers))
CLIENT = "1example23456789app"
EDITOR = sample_settings().roles["editor"].arn
VIEWER = sample_settings().roles["viewer"].arn


def java(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")


def said(**changes: Any) -> dict[str, Any]:
    claims = {
        "sub": SUB,
        "iss": ISSUER,
        "aud": CLIENT,
        "token_use": "id",
        "cognito:username": "erin",
        "custom:tenant_id": "acme",
        "email_verified": "true",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def rest(**changes: Any) -> dict[str, Any]:
    """A REST API with a COGNITO_USER_POOLS authorizer."""
    times = {"exp": java(NOW + 3000), "iat": java(NOW - 600), "auth_time": str(int(NOW - 600))}
    claims = said(
        **{**times, "cognito:groups": "editors,viewers", "cognito:preferred_role": EDITOR, **changes}
    )
    context = {"apiId": "r", "stage": "prod", "authorizer": {"claims": claims}}
    return {"httpMethod": "GET", "path": "/files", "headers": {}, "requestContext": context}


def http(version: Any = "2.0", **changes: Any) -> dict[str, Any]:
    """An HTTP API with a JWT authorizer."""
    times = {"exp": str(int(NOW + 3000)), "iat": str(int(NOW - 600))}
    claims = said(
        **{**times, "cognito:groups": "[editors viewers]", "cognito:preferred_role": EDITOR, **changes}
    )
    authorizer = (
        {"jwt": {"claims": claims, "scopes": None}}
        if version == "2.0"
        else {"claims": claims, "scopes": None}
    )
    context = {
        "apiId": "h",
        "stage": "$default",
        "authorizer": authorizer,
        "http": {"method": "GET", "path": "/files"},
    }
    return {"version": version, "routeKey": "GET /files", "headers": {}, "requestContext": context}


SHAPES = [
    pytest.param(rest, id="REST"),
    pytest.param(http, id="HTTP API 2.0"),
    pytest.param(lambda **changes: http("1.0", **changes), id="HTTP API 1.0"),
]


@pytest.fixture
def assumer(sts: FakeSts) -> Assumer:
    sts.clock = NOW
    return Assumer(sample_access())


@pytest.mark.parametrize("shape", SHAPES)
async def test_the_callers_role_is_assumed_with_their_policy(
    shape: Any, assumer: Assumer, sts: FakeSts
) -> None:
    credentials = await assumer.assume(shape(), NOW)
    await assumer.vendor.close()
    [request] = sts.requests
    assert credentials.role_arn == request["RoleArn"] == EDITOR
    assert request["RoleSessionName"] == SUB
    assert SUB in request["Policy"]
    assert request["Tags.member.1.Value"] == "acme"


@pytest.mark.parametrize("shape", SHAPES)
def test_lists_and_times_are_read_as_each_api_writes_them(shape: Any) -> None:
    claims = native_claims(shape(), sample_settings(), NOW)
    assert claims.groups == ("editors", "viewers")
    assert (claims.issued_at, claims.expires_at) == (NOW - 600, NOW + 3000)
    assert claims.preferred_role == EDITOR
    assert not claims.machine


@pytest.mark.parametrize(
    ("event", "groups"),
    [
        pytest.param(rest(**{"cognito:groups": "editors"}), ("editors",), id="REST, one group"),
        pytest.param(http(**{"cognito:groups": "[editors]"}), ("editors",), id="HTTP, one group"),
        pytest.param(
            http(**{"cognito:groups": "editors"}), ("editors",), id="HTTP, one group without brackets"
        ),
        pytest.param(http(**{"cognito:groups": "[]"}), (), id="HTTP, an empty list"),
        pytest.param(http(**{"cognito:groups": ["a b", "c"]}), ("a b", "c"), id="HTTP, a real list"),
        pytest.param(http(**{"cognito:groups": None}), (), id="no groups"),
    ],
)
def test_lists_of_any_length(event: dict[str, Any], groups: tuple[str, ...]) -> None:
    assert native_claims(event, sample_settings(), NOW).groups == groups


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        pytest.param({}, CredentialsAbsent, id="no event of API Gateway"),
        pytest.param({"requestContext": {"authorizer": {"claims": None}}}, CredentialsAbsent, id="no claims"),
        pytest.param(
            {"requestContext": {"authorizer": {"lambda": {}}}}, CredentialsAbsent, id="another authorizer"
        ),
        pytest.param({"requestContext": {"authorizer": None}}, CredentialsAbsent, id="no authorizer"),
        pytest.param(
            {"requestContext": {"authorizer": {"claims": {}}}}, CredentialsAbsent, id="empty claims"
        ),
        pytest.param(
            {"requestContext": {"authorizer": {"claims": "sub"}}},
            CredentialsAbsent,
            id="claims that are a text",
        ),
        pytest.param(rest(iss="https://evil.example"), IssuerUnknown, id="another pool"),
        pytest.param(rest(iss=None), IssuerUnknown, id="no issuer"),
        pytest.param(rest(aud="another-client"), ClientRefused, id="an app client that is not listed"),
        pytest.param(rest(token_use="refresh"), TokenUseRefused, id="another kind of token"),
        pytest.param(rest(exp=java(NOW)), TokenExpired, id="expired, REST"),
        pytest.param(http(exp=str(int(NOW))), TokenExpired, id="expired, out of the gateway's cache"),
        pytest.param(rest(exp=None), Unauthorized, id="no expiry"),
        pytest.param(rest(exp="tomorrow"), TokenClaimMalformed, id="a time that is none"),
        pytest.param(http(exp={}), TokenClaimMalformed, id="a time that is an object"),
        pytest.param(http(**{"cognito:groups": "a b"}), TokenClaimMalformed, id="a list without brackets"),
        pytest.param(http(**{"cognito:groups": "[editors"}), TokenClaimMalformed, id="a list without an end"),
        pytest.param(
            http(**{"cognito:groups": "editors]"}), TokenClaimMalformed, id="a list without a beginning"
        ),
        pytest.param(
            http(**{"cognito:groups": ["editors", 7]}), TokenClaimMalformed, id="a group that is no text"
        ),
        pytest.param(rest(nbf=java(NOW + 60)), TokenNotYetValid, id="not valid yet, REST"),
        pytest.param(http(nbf=str(int(NOW + 60))), TokenNotYetValid, id="not valid yet, HTTP API"),
        pytest.param(http(**{"cognito:groups": "[a  b]"}), TokenClaimMalformed, id="an empty group"),
        pytest.param(
            rest(**{"cognito:groups": "a,,b"}), TokenClaimMalformed, id="an empty group between commas"
        ),
        pytest.param(rest(**{"cognito:groups": {"a": 1}}), TokenClaimMalformed, id="groups that are no text"),
    ],
)
def test_claims_are_checked_as_a_token_would_be(event: dict[str, Any], refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        native_claims(event, sample_settings(), NOW)


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        pytest.param(
            http(**{"cognito:groups": "a b"}),
            "`cognito:groups` is no list as API Gateway writes one",
            id="a list without brackets",
        ),
        pytest.param(
            rest(exp="tomorrow"), "`exp` is no time as API Gateway writes one", id="a time that is none"
        ),
    ],
)
def test_an_unknown_spelling_is_told_from_a_malformed_token(event: dict[str, Any], problem: str) -> None:
    """Should API Gateway ever write claims in another way, this is what tells."""
    with pytest.raises(TokenClaimMalformed, match=problem):
        native_claims(event, sample_settings(), NOW)


def test_times_of_a_rest_api_are_utc_wherever_the_backend_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XYZ-9")
    time.tzset()
    try:
        assert native_claims(rest(), sample_settings(), NOW).expires_at == NOW + 3000
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        pytest.param({"cognito:preferred_role": EDITOR + "x"}, RoleNotListed, id="a role that is not listed"),
        pytest.param({"cognito:preferred_role": None, "cognito:groups": "nobody"}, NoRole, id="no role"),
        pytest.param({"custom:tenant_id": None}, ClaimAbsent, id="no tenant"),
    ],
)
async def test_what_the_authorizer_would_deny_is_denied_without_a_call(
    changes: dict[str, Any],
    refusal: type[Exception],
    assumer: Assumer,
    sts: FakeSts,
) -> None:
    with pytest.raises(refusal):
        await assumer.assume(rest(**changes), NOW)
    assert sts.requests == []


async def test_a_role_that_depends_on_what_the_gateway_does_not_tell_is_not_assumed(sts: FakeSts) -> None:
    sts.clock = NOW
    rule = {"claim": "custom:staff", "match": "Contains", "value": "admin", "role": "admin"}
    assumer = Assumer(make_access(rules=[rule]))
    with pytest.raises(TokenClaimMalformed, match="declare it under"):
        await assumer.assume(rest(**{"cognito:preferred_role": None, "custom:staff": "non-admin"}), NOW)
    assert sts.requests == []


async def test_a_backend_waits_eight_seconds_for_a_role_at_most(assumer: Assumer) -> None:
    """An HTTP API gives up after 30, and the backend has its own work to do."""
    waits: list[float] = []

    class Slow:
        async def vend(self, *arguments: Any) -> None:
            waits.append(arguments[-1].remaining())

    assumer.vendor = cast(Any, Slow())
    await assumer.assume(rest(), NOW)
    assert 7 < waits[0] <= 8


async def test_a_role_can_be_asked_for_if_it_is_the_callers(sts: FakeSts) -> None:
    sts.clock = NOW
    access = make_access(
        resolution={"role_header": "X-Role"}, gateway={"identity_sources": ["authorization", "x-role"]}
    )
    assumer = Assumer(access)
    both = {"cognito:roles": f"{EDITOR},{VIEWER}"}
    headers = {"accept": "admin", "x-Role": "viewer"}
    credentials = await assumer.assume(rest(**both) | {"headers": headers}, NOW)
    assert credentials.role_arn == VIEWER
    assert (await assumer.assume(rest(**both), NOW)).role_arn == EDITOR
    with pytest.raises(RequestedRoleRefused):
        await assumer.assume(rest(**both) | {"headers": {"x-role": "admin"}}, NOW)
    await assumer.vendor.close()


async def test_the_function_reads_access_toml_once(sts: FakeSts, monkeypatch: pytest.MonkeyPatch) -> None:
    sts.clock = NOW
    monkeypatch.setattr(assuming, "_assumers", [])
    monkeypatch.setenv("AUTHORIZER_ACCESS", str(ACCESS))
    for name, value in sample_environment().items():
        monkeypatch.setenv(name, value)
    first = await backend.assume(rest(), now=NOW)
    monkeypatch.setenv("AUTHORIZER_ACCESS", "absent")
    monkeypatch.setattr("time.time", lambda: NOW)
    assert await backend.assume(rest()) is first
    assert len(sts.requests) == 1
    await assuming._assumers[0].vendor.close()
