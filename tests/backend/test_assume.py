"""Backend-side vending: claims as API Gateway's native authorizers write them, and the caller's role behind them."""

from datetime import UTC, datetime
from typing import Any

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
    TokenUseRefused,
    Unauthorized,
)
from tests.make import ACCESS, NOW, SUB, make_settings, sample_environment, sample_settings
from tests.vending.fake_sts import FakeSts

ISSUER = next(iter(sample_settings().issuers))
CLIENT = "1example23456789app"
EDITOR = sample_settings().roles["editor"].arn
VIEWER = sample_settings().roles["viewer"].arn


def java(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")


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
    return Assumer(sample_settings())


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


async def test_a_role_can_be_asked_for_if_it_is_the_callers(sts: FakeSts) -> None:
    sts.clock = NOW
    settings = make_settings(
        resolution={"role_header": "X-Role"}, gateway={"identity_sources": ["authorization", "x-role"]}
    )
    assumer = Assumer(settings)
    both = {"cognito:roles": f"{EDITOR},{VIEWER}"}
    credentials = await assumer.assume(rest(**both) | {"headers": {"x-Role": "viewer"}}, NOW)
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
    assert await backend.assume(rest(), now=NOW) is first
    assert len(sts.requests) == 1
    await assuming._assumers[0].vendor.close()
