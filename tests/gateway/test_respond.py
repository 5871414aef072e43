"""What goes back to API Gateway."""

import json
import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from authorizer.errors import ResponseTooLarge
from authorizer.gateway.respond import (
    MAX_WEBSOCKET_BYTES,
    _allowing,
    _at_most,
    _policy,
    allow,
    context_of,
    deny,
)
from authorizer.model import Routes, Shape
from tests.make import SUB, make_identity, make_request, make_settings, sample_settings

STAGE = "arn:aws:execute-api:eu-west-1:123456789012:a/prod"
ROUTES = Routes(patterns=(f"{STAGE}/GET/files",), closed=(f"{STAGE}/*//*",), matched="GET /files")
SECRETS = {"accessKeyId": "ASIAEXAMPLE", "secretAccessKey": "secret", "sessionToken": "session"}


def test_an_allow_names_the_open_routes_and_hands_over_the_credentials() -> None:
    response = allow(make_request(), make_identity(), ROUTES, SECRETS, sample_settings())
    assert response["principalId"] == SUB
    assert response["policyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": list(ROUTES.patterns)},
            {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": list(ROUTES.closed)},
        ],
    }
    assert response["context"] == {
        "sub": SUB,
        "issuer": next(iter(sample_settings().issuers)),
        "username": "erin",
        "groups": '["editors"]',
        "scopes": "data:read files:read",
        "tenant": "acme",
        **SECRETS,
    }


def principal_id(principal: str) -> str:
    return str(deny(make_request(), principal, "no_route")["principalId"])


@given(st.lists(st.text(min_size=1), unique=True, min_size=2, max_size=2))
@example(['"', "%22"])
def test_a_principal_id_is_safe_to_print_and_no_two_principals_have_the_same(principals: list[str]) -> None:
    one, other = map(principal_id, principals)
    assert one != other
    assert re.fullmatch(r"[A-Za-z0-9_.~%|:@/+=,-]+", one)
    assert unquote(one) == principals[0]


@pytest.mark.parametrize(
    "principal", [SUB, "1example23456789machine", "auth0|5f7c8ec7c33c6c004bbafe82", "a@b.example"]
)
def test_a_principal_id_is_the_principal_where_nothing_in_it_could_break_a_log(principal: str) -> None:
    assert principal_id(principal) == principal


def test_a_websocket_has_no_paths_to_deny() -> None:
    routes = Routes(patterns=(f"{STAGE}/$connect",), closed=(), matched="$connect")
    response: Any = allow(
        make_request(shape=Shape.WEBSOCKET), make_identity(), routes, SECRETS, sample_settings()
    )
    [statement] = response["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"


def test_a_simple_allow_is_a_json_boolean() -> None:
    response = allow(make_request(simple_response=True), make_identity(), ROUTES, SECRETS, sample_settings())
    assert response["isAuthorized"] is True
    assert "policyDocument" not in response


@pytest.mark.parametrize("shape", list(Shape))
def test_a_context_is_flat_text_whatever_the_shape(shape: Shape) -> None:
    identity = make_identity(groups=('a"b', "c,d"), username=None)
    response = allow(make_request(shape=shape), identity, ROUTES, SECRETS, sample_settings())
    context = response["context"]
    assert isinstance(context, dict)
    assert all(isinstance(value, str) for value in context.values())
    assert all(key.replace("_", "").isalnum() for key in context)
    assert json.loads(context["groups"]) == ['a"b', "c,d"]


def test_a_claim_that_the_caller_lacks_is_left_out_of_the_context() -> None:
    assert "tenant" not in context_of(make_identity(claims={}), sample_settings())


def test_a_list_claim_is_json_in_the_context() -> None:
    assert (
        context_of(make_identity(claims={"tenant": ("a", "b")}), sample_settings())["tenant"] == '["a", "b"]'
    )


def test_a_denial_is_explicit_and_holds_for_the_whole_stage() -> None:
    response = deny(make_request(), SUB, "no_role")
    assert response == {
        "principalId": SUB,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Deny",
                    "Resource": ["arn:aws:execute-api:eu-west-1:123456789012:rest0reqst/prod/*"],
                },
            ],
        },
        "context": {"code": "no_role"},
    }


def test_a_simple_denial_says_is_authorized_false() -> None:
    response = deny(make_request(simple_response=True), SUB, "no_role")
    assert response == {"isAuthorized": False, "context": {"code": "no_role"}}


@pytest.mark.parametrize(
    ("shape", "sent"),
    [(Shape.REST_TOKEN, True), (Shape.REST_REQUEST, True), (Shape.HTTP_1, False), (Shape.WEBSOCKET, False)],
)
def test_a_usage_key_is_for_rest_apis(shape: Shape, sent: bool) -> None:
    settings = make_settings(gateway={"usage_key_claim": "tenant"})
    response = allow(make_request(shape=shape), make_identity(), ROUTES, SECRETS, settings)
    assert (response.get("usageIdentifierKey") == "acme") is sent


def test_an_answer_that_a_websocket_api_would_not_take_is_refused() -> None:
    big = {**SECRETS, "sessionToken": "x" * MAX_WEBSOCKET_BYTES}
    with pytest.raises(ResponseTooLarge, match="8192"):
        allow(make_request(shape=Shape.WEBSOCKET), make_identity(), ROUTES, big, sample_settings())
    assert allow(make_request(), make_identity(), ROUTES, big, sample_settings())


@pytest.mark.slow
@given(
    context=st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=8),
    resources=st.lists(st.text(max_size=50), max_size=8).map(tuple),
    principal=st.text(max_size=255),
)
def test_the_guess_of_an_answers_size_is_never_too_low(
    context: dict[str, str], resources: tuple[str, ...], principal: str
) -> None:
    half = len(resources) // 2
    routes = Routes(patterns=resources[:half], closed=resources[half:], matched="GET /a")
    response = _policy(principal, _allowing(routes), context)
    response["usageIdentifierKey"] = principal
    assert _at_most(context, resources) >= len(json.dumps(response).encode())
