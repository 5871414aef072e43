"""`--api`: what is read of OpenAPI documents and SAM templates, and what of them is refused."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from authorizer.errors import SettingsError
from authorizer.local_gateway.api import Api, Cors, Source
from authorizer.local_gateway.configured import Options, configured
from authorizer.local_gateway.from_document import apis_in
from tests.cli.test_commands import run
from tests.local_gateway.stage import Stage
from tests.make import ROOT, sample_settings

AUTHORIZER = "x-amazon-apigateway-authorizer"
HEADER = Source(place="header", name="authorization")


def read(
    tmp_path: Path, tree: object, name: str | None = None, cors: Cors | None = None
) -> tuple[Api | None, Api | None]:
    file = tmp_path / "api.json"
    file.write_text(tree if isinstance(tree, str) else json.dumps(tree))
    return apis_in(file, sample_settings(), "eu-west-1", name=name, cors=cors or Cors())


def openapi(authorizer: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    scheme = {"type": "apiKey", "name": "Authorization", "in": "header"}
    return {
        "openapi": "3.0.1",
        "paths": {"/a": {"get": {"security": [{"mine": []}]}, "parameters": []}, "/b": {"post": {}}},
        "components": {"securitySchemes": {"mine": {**scheme, AUTHORIZER: authorizer or {"type": "token"}}}},
        **more,
    }


def test_the_binary_media_types_of_a_document_and_of_a_template(tmp_path: Path) -> None:
    said: dict[str, Any] = {"x-amazon-apigateway-binary-media-types": ["image/png"]}
    assert binary_of(tmp_path, openapi(**said)) == ("image/png",)
    assert binary_of(tmp_path, openapi()) == ()
    written = {"StageName": "s", "BinaryMediaTypes": ["image~1png", "*/*"]}
    for more, expected in (
        ({}, ("image/png", "*/*")),
        ({"DefinitionBody": openapi()}, ("image/png", "*/*")),
        ({"DefinitionBody": openapi(**said)}, ("image/png",)),
    ):
        api = {"Type": "AWS::Serverless::Api", "Properties": {**written, **more}}
        assert binary_of(tmp_path, {"Resources": {"A": api}}) == expected


def binary_of(tmp_path: Path, tree: object) -> tuple[str, ...]:
    http, _ = read(tmp_path, tree)
    assert http is not None
    return http.binary_media_types


def test_a_rest_apis_document(tmp_path: Path) -> None:
    http, websocket = read(
        tmp_path,
        openapi(
            {
                "type": "request",
                "identitySource": "method.request.header.Authorization, method.request.querystring.t, context.path",
                "authorizerResultTtlInSeconds": 60,
            },
            **{
                "x-amazon-apigateway-api-key-source": "AUTHORIZER",
                "x-amazon-apigateway-gateway-responses": {
                    "UNAUTHORIZED": {
                        "statusCode": 418,
                        "responseParameters": {"gatewayresponse.header.X": "'1'"},
                        "responseTemplates": {"application/json": "{}"},
                    }
                },
            },
        ),
    )
    assert websocket is None
    assert http is not None
    first, second = http.routes
    assert (first.key, second.key, second.door) == ("GET /a", "POST /b", None)
    assert first.door is not None
    assert (first.door.kind.name, first.door.ttl) == ("rest-request", 60)
    assert first.door.sources == (
        HEADER, Source(place="querystring", name="t"), Source(place="context", name="path"),
    )  # fmt: skip
    assert (http.key_source, http.stage) == ("AUTHORIZER", "local")
    words = http.gateway_responses["UNAUTHORIZED"]
    assert (words.status, dict(words.headers), words.body) == (418, {"X": "'1'"}, "{}")


def test_a_token_authorizer_reads_its_schemes_header_for_300_seconds(tmp_path: Path) -> None:
    http, _ = read(tmp_path, openapi({"type": "token", "identityValidationExpression": "^x$"}))
    assert http is not None
    door = http.routes[0].door
    assert door is not None
    assert (door.kind.name, door.sources, door.ttl, door.expression) == ("rest-token", (HEADER,), 300, "^x$")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"authorizerPayloadFormatVersion": "1.0"}, "http-1"),
        ({"authorizerPayloadFormatVersion": "2.0"}, "http-2"),
        ({"authorizerPayloadFormatVersion": "2.0", "enableSimpleResponses": True}, "http-simple"),
    ],
)
def test_an_http_apis_document(tmp_path: Path, said: dict[str, Any], kind: str) -> None:
    document = openapi(
        {"type": "request", "identitySource": "$request.header.Authorization", **said},
        **{
            "x-amazon-apigateway-cors": {"allowOrigins": ["https://a"], "allowCredentials": True, "maxAge": 5}
        },
    )
    document["paths"]["/$default"] = {
        "x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": {"payloadFormatVersion": "1.0"}}
    }
    http, _ = read(tmp_path, document)
    assert http is not None
    door = http.routes[0].door
    assert door is not None
    assert (door.kind.name, door.ttl, door.sources) == (kind, 0, (HEADER,))
    assert (http.protocol, http.stage, http.payload) == ("HTTP", "$default", "1.0")
    assert http.routes[-1].key == "$default"
    assert (http.cors.origins, http.cors.credentials, http.cors.max_age) == (("https://a",), True, 5)


def test_a_payload_version_alone_makes_it_an_http_api(tmp_path: Path) -> None:
    document = openapi()
    document["paths"]["/a"]["get"] = {"x-amazon-apigateway-integration": {"payloadFormatVersion": "2.0"}}
    http, _ = read(tmp_path, document)
    assert http is not None
    assert http.protocol == "HTTP"


def test_a_mock_of_options_is_the_cors_of_a_rest_api(tmp_path: Path) -> None:
    document = openapi()
    mocked = {
        "type": "mock",
        "responses": {
            "default": {
                "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'https://a'"}
            }
        },
    }
    document["paths"]["/a"]["options"] = {"x-amazon-apigateway-integration": mocked}
    http, _ = read(tmp_path, document)
    assert http is not None
    assert http.cors.origins == ("https://a",)


def test_cors_of_the_command_stands_in_where_there_is_none(tmp_path: Path) -> None:
    http, _ = read(tmp_path, openapi(), cors=Cors(origins=("https://b",)))
    assert http is not None
    assert http.cors.origins == ("https://b",)


def test_an_api_key_is_no_authorizer(tmp_path: Path) -> None:
    document = openapi(security=[{"mine": [], "key": []}])
    document["components"]["securitySchemes"]["key"] = {"type": "apiKey", "name": "X-API-Key", "in": "header"}
    http, _ = read(tmp_path, document)
    assert http is not None
    assert [(route.needs_key, route.door is None) for route in http.routes] == [(False, False), (True, False)]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (openapi({"type": "jwt"}), "GET /a: mine is of type jwt, which is no Lambda authorizer"),
        (
            openapi(components={"securitySchemes": {"mine": {"type": "oauth2"}}}),
            "mine is no Lambda authorizer",
        ),
        (openapi(components={}), "no security scheme is called 'mine'"),
        (openapi({"type": "request", "identitySource": "body.x"}), "'body.x' is no identity source"),
        (openapi({"type": "token", "authorizerResultTtlInSeconds": "x"}), "the TTL 'x' is no number"),
        (openapi(paths={}), "has no routes"),
        (openapi(paths=[1]), "is no OpenAPI document and no SAM template"),
        ({"a": 1}, "has no Resources"),
        ("{", "is neither YAML nor JSON"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_served_is_refused(tmp_path: Path, document: object, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        read(tmp_path, document)


def sample(name: str) -> Api:
    http, _ = apis_in(
        ROOT / "deploy" / "template.yaml", sample_settings(), "eu-west-1", name=name, cors=Cors()
    )
    assert http is not None
    return http


@pytest.mark.slow
def test_the_samples_rest_api() -> None:
    api = sample("RestApi")
    kinds = {route.key: route.door.kind.name for route in api.routes if route.door}
    assert kinds == {"ANY /{proxy+}": "rest-token", "ANY /files/{proxy+}": "rest-request"}
    assert api.stage == "live"
    assert api.routes[0].door is not None
    assert str(api.routes[0].door.expression).startswith("^[Bb]")
    assert api.gateway_responses["UNAUTHORIZED"].headers["WWW-Authenticate"] == "'Bearer'"


def test_the_samples_http_api_has_both_forms_and_a_route_that_is_open() -> None:
    api = sample("HttpApi")
    kinds = {route.key: route.door.kind.name if route.door else None for route in api.routes}
    assert kinds == {
        "ANY /{proxy+}": "http-2",
        "OPTIONS /{proxy+}": None,
        "ANY /files/{proxy+}": "http-simple",
    }


def test_the_samples_websocket_api() -> None:
    _, api = apis_in(
        ROOT / "deploy" / "template.yaml", sample_settings(), "eu-west-1", name="RestApi", cors=Cors()
    )
    assert api is not None
    assert [(route.key, route.door is not None) for route in api.routes] == [
        ("$connect", True),
        ("$default", False),
    ]
    assert api.routes[0].door is not None
    assert api.routes[0].door.sources == (Source(place="querystring", name="token"),)


ROUTE = {"Path": "/a", "Method": "get"}
POOL = {"Authorizers": {"Pool": {"UserPoolArn": "x"}}}


def template(**resources: Any) -> dict[str, Any]:
    return {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}


def function(**events: Any) -> dict[str, Any]:
    return {"Type": "AWS::Serverless::Function", "Properties": {"Events": events}}


def test_an_api_that_sam_makes_has_what_the_globals_say(tmp_path: Path) -> None:
    tree = template(
        F=function(
            A={"Type": "Api", "Properties": {"Path": "/a", "Method": "get"}},
            B={"Type": "Api", "Properties": {"Path": "/b", "Method": "any", "Auth": {"Authorizer": "NONE"}}},
            S={"Type": "SQS", "Properties": {}},
        ),
        Off={"Type": "AWS::Serverless::Api", "Condition": "Never", "Properties": {}},
        Odd=1,
    )
    tree["Conditions"] = {"Never": {"Fn::Equals": ["a", "b"]}}
    tree["Globals"] = {
        "Api": {
            "Cors": "'https://a'",
            "ApiKeySourceType": "AUTHORIZER",
            "Auth": {
                "DefaultAuthorizer": "Mine",
                "ApiKeyRequired": True,
                "Authorizers": {"Mine": {"FunctionArn": "arn", "Identity": {"Header": "X-Auth"}}},
            },
        }
    }
    http, websocket = read(tmp_path, tree)
    assert websocket is None
    assert http is not None
    assert [(route.key, route.needs_key) for route in http.routes] == [("GET /a", True), ("ANY /b", True)]
    assert http.routes[0].door is not None
    assert http.routes[0].door.sources == (Source(place="header", name="x-auth"),)
    assert (http.cors.origins, http.key_source, http.routes[1].door) == (("https://a",), "AUTHORIZER", None)


def test_an_http_api_with_cors_for_all_and_a_default_route(tmp_path: Path) -> None:
    tree = template(
        Mine={"Type": "AWS::Serverless::HttpApi", "Properties": {"CorsConfiguration": True}},
        F=function(A={"Type": "HttpApi", "Properties": {"ApiId": {"Ref": "Mine"}}}),
    )
    http, _ = read(tmp_path, tree)
    assert http is not None
    assert ([route.key for route in http.routes], http.cors.origins) == (["$default"], ("*",))


def test_a_definition_body_is_a_document(tmp_path: Path) -> None:
    tree = template(
        Mine={
            "Type": "AWS::Serverless::Api",
            "Properties": {"StageName": "prod", "DefinitionBody": openapi()},
        }
    )
    http, _ = read(tmp_path, tree)
    assert http is not None
    assert (http.stage, [route.key for route in http.routes]) == ("prod", ["GET /a", "POST /b"])


@pytest.mark.parametrize(
    ("tree", "why"),
    [
        (
            template(F=function(A={"Type": "Api", "Properties": {**ROUTE, "Auth": {"Authorizer": "AWS_IAM"}}})),
            "GET /a: AWS_IAM is no Lambda authorizer",
        ),
        (
            template(
                M={"Type": "AWS::Serverless::Api", "Properties": {"Auth": POOL}}
            ),
            "Pool is no Lambda authorizer",
        ),
        (
            template(
                W={"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "WEBSOCKET"}},
                R={
                    "Type": "AWS::ApiGatewayV2::Route",
                    "Properties": {"ApiId": {"Ref": "W"}, "RouteKey": "$connect", "AuthorizationType": "AWS_IAM"},
                },
            ),
            r"\$connect has no Lambda authorizer",
        ),
    ],
    ids=["IAM", "a user pool", "IAM at a WebSocket"],
)  # fmt: skip
def test_a_route_that_would_stand_open_here_is_refused(tmp_path: Path, tree: object, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        read(tmp_path, tree)


def test_a_websocket_api_alone_is_served_alone(tmp_path: Path) -> None:
    tree = template(
        W={"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "WEBSOCKET"}},
        H={"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "HTTP"}},
    )
    http, websocket = read(tmp_path, tree)
    assert http is None
    assert websocket is not None
    assert (websocket.routes, websocket.stage) == ((), "local")


def test_one_of_several_must_be_chosen(tmp_path: Path) -> None:
    file = ROOT / "deploy" / "template.yaml"
    with pytest.raises(SettingsError, match="has several APIs: choose one with --api-name: RestApi, HttpApi"):
        apis_in(file, sample_settings(), "eu-west-1", name=None, cors=Cors())
    with pytest.raises(SettingsError, match=r"--api-name Other: .* found RestApi, HttpApi"):
        apis_in(file, sample_settings(), "eu-west-1", name="Other", cors=Cors())


def test_a_kind_and_a_document_are_one_too_many(tmp_path: Path) -> None:
    done = run("serve", "--kind", "http-2", "--api", str(ROOT / "deploy" / "template.yaml"))
    assert done.returncode == 2
    assert "one of them" in done.stderr


def test_the_samples_http_api_answers_each_route_in_its_form(
    stages: Callable[[str], Stage], tmp_path: Path
) -> None:
    stage = stages("http-2")
    options = Options(
        access=ROOT / "policies" / "access.toml", api=ROOT / "deploy" / "template.yaml", api_name="HttpApi"
    )
    outside = stage.serving._environment
    with mock.patch.dict(os.environ, {**outside, **stage.serving._aws.environment}):
        loaded = configured(options, outside)
        loaded.function.warm()
    kept = stage.serving.configured
    stage.serving.configured = replace(kept, http=loaded.http)
    stage.told.real = loaded.function
    try:
        headers = {"Authorization": stage.token("editor"), "X-Role": "default"}
        for path in ("/data", "/files/a"):
            assert stage.client.get(path, headers=headers).status_code == 200, stage.last
        assert "policyDocument" in (stage.stream.decisions[-2].response or {})
        assert (stage.last.response or {})["isAuthorized"] is True
        assert stage.client.get("/users", headers=headers).status_code == 403
    finally:
        stage.serving.configured, stage.told.real = kept, kept.function
        loaded.close()


@pytest.mark.parametrize(
    ("tree", "lacks"),
    [
        pytest.param(
            {"Resources": {"B": {"Type": "AWS::S3::Bucket"}}}, "API", id="a template without an API"
        ),
        pytest.param(
            {"Resources": {"A": {"Type": "AWS::Serverless::Api"}}}, "route", id="an API without events"
        ),
    ],
)
def test_what_has_nothing_to_serve_is_refused(tree: object, lacks: str, tmp_path: Path) -> None:
    file = tmp_path / "api.json"
    file.write_text(json.dumps(tree))
    with pytest.raises(
        SettingsError, match=f"api.json: has no {lacks}, so that nothing would be served: expected an"
    ):
        configured(Options(access=ROOT / "policies/access.toml", api=file), os.environ)
