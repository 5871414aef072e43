"""APIs, whatever file says so: the same routes, authorizers, integrations and logs."""

# ruff: noqa: E501 - texts as templates have them

import json
from typing import Any

import pytest

from authorizer.deployed.apis import ApiAuthorizer, ApiRoute, function_of, source_of
from authorizer.deployed.deployment import Deployment
from tests.deployed.factories import ACCOUNT, from_account, from_state, from_template, resource
from tests.deployed.sample import asking, http_api, rest_api

FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:authorizer"
BACKEND = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:backend"
PARAMETERS = {"AWS::AccountId": ACCOUNT}


def routes(deployed: Deployment) -> list[tuple[str, str | None, str | None]]:
    """(entry, authorization, authorizer) of each route."""
    return [
        (route.entry, route.authorization, route.authorizer and deployed.names.show(route.authorizer))
        for route in deployed.routes
    ]


def why(deployed: Deployment) -> list[str]:
    return [each.why for each in deployed.unread if each.area == "apis"]


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("method.request.header.X-Role", "x-role"),
        (" method.request.querystring.Token", "query:Token"),
        ("$request.header.Authorization", "authorization"),
        ("$request.querystring.token", "query:token"),
        ("route.request.header.Auth", "auth"),
        ("route.request.querystring.token", "query:token"),
        ("$context.routeKey", "$context.routeKey"),
        ("context.identity.sourceIp", "$context.identity.sourceIp"),
        ("stageVariables.v", "$stageVariables.v"),
    ],
)
def test_an_identity_source_is_told_as_access_toml_has_it(text: str, expected: str) -> None:
    assert source_of(text) == expected


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (asking(), FUNCTION),
        (FUNCTION, FUNCTION),
        (f"{FUNCTION}:live", FUNCTION),
        ("https://x.example/functions/y/invocations", None),
        ("arn:aws:apigateway:eu-west-1:s3:path/b/k/x", None),
        ({"Ref": "x"}, None),
        (None, None),
    ],
)
def test_a_function_is_known_by_its_uri(uri: object, expected: str | None) -> None:
    assert function_of(uri) == expected


# ── the three formats ────────────────────────────────────────────────────────────────────────────────────────────────

REST = f"""
Resources:
  Api: {{Type: 'AWS::ApiGateway::RestApi', Properties: {{Name: a}}}}
  Auth: {{Type: 'AWS::ApiGateway::Authorizer', Properties: {{RestApiId: !Ref Api, Type: REQUEST, AuthorizerUri: '{asking()}', IdentitySource: 'method.request.header.Authorization, context.routeKey'}}}}
  Data: {{Type: 'AWS::ApiGateway::Resource', Properties: {{RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: data}}}}
  All: {{Type: 'AWS::ApiGateway::Resource', Properties: {{RestApiId: !Ref Api, ParentId: !Ref Data, PathPart: '{{proxy+}}'}}}}
  Get: {{Type: 'AWS::ApiGateway::Method', Properties: {{RestApiId: !Ref Api, ResourceId: !Ref All, HttpMethod: GET, AuthorizationType: CUSTOM, AuthorizerId: !Ref Auth, Integration: {{Type: HTTP, Uri: 'http://x', RequestParameters: {{a: b, c: [d]}}, RequestTemplates: {{application/json: t}}}}}}}}
  Root: {{Type: 'AWS::ApiGateway::Method', Properties: {{RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: GET}}}}
  Stage: {{Type: 'AWS::ApiGateway::Stage', Properties: {{RestApiId: !Ref Api, MethodSettings: [{{DataTraceEnabled: true}}], AccessLogSetting: {{Format: f}}}}}}
"""


def test_a_rest_api_has_the_paths_of_its_resources() -> None:
    deployed = from_template(REST, parameters=PARAMETERS)
    assert routes(deployed) == [("GET /data/{proxy+}", "CUSTOM", "${Auth}"), ("GET /", "NONE", None)]
    (authorizer,) = deployed.authorizers
    assert (authorizer.type, authorizer.function, authorizer.ttl) == ("REQUEST", FUNCTION, 300)
    assert authorizer.identity_sources == ("authorization", "$context.routeKey")
    behind = deployed.routes[0].integration
    assert behind is not None
    assert (behind.type, behind.uri, behind.function) == ("HTTP", "http://x", None)
    assert behind.mapped == {"a": "b", "template of application/json": "t"}
    assert deployed.routes[1].integration is None
    assert [(stage.traces, stage.log_format) for stage in deployed.stages] == [(True, "f")]
    assert {route.api for route in deployed.routes} == {api.id for api in deployed.apis}


V2 = f"""
Resources:
  Api: {{Type: 'AWS::ApiGatewayV2::Api', Properties: {{ProtocolType: WEBSOCKET}}}}
  Auth: {{Type: 'AWS::ApiGatewayV2::Authorizer', Properties: {{ApiId: !Ref Api, AuthorizerType: REQUEST, AuthorizerUri: '{asking()}', EnableSimpleResponses: !ImportValue x}}}}
  Connect: {{Type: 'AWS::ApiGatewayV2::Route', Properties: {{ApiId: !Ref Api, RouteKey: $connect, AuthorizationType: CUSTOM, AuthorizerId: !Ref Auth, Target: !Sub 'integrations/${{Server}}'}}}}
  Server: {{Type: 'AWS::ApiGatewayV2::Integration', Properties: {{ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: '{asking("backend")}'}}}}
  Stage: {{Type: 'AWS::ApiGatewayV2::Stage', Properties: {{ApiId: !Ref Api, RouteSettings: {{a: {{DataTraceEnabled: !ImportValue x}}}}}}}}
  Quick: {{Type: 'AWS::ApiGatewayV2::Api', Properties: {{ProtocolType: HTTP, Target: '{BACKEND}'}}}}
  Quicker: {{Type: 'AWS::ApiGatewayV2::Api', Properties: {{ProtocolType: HTTP, Target: 'https://x', RouteKey: GET /x}}}}
"""


def test_a_websocket_and_an_http_api_are_told_apart() -> None:
    deployed = from_template(V2, parameters=PARAMETERS)
    assert [api.kind for api in deployed.apis] == ["WEBSOCKET", "HTTP", "HTTP"]
    (authorizer,) = deployed.authorizers
    assert (authorizer.kind, authorizer.ttl, authorizer.simple) == ("WEBSOCKET", None, None)
    assert set(routes(deployed)) == {
        ("$connect", "CUSTOM", "${Auth}"),
        ("$default", "NONE", None),
        ("GET /x", "NONE", None),
    }
    assert {route.integration and route.integration.type for route in deployed.routes} == {
        "AWS_PROXY",
        "HTTP_PROXY",
    }
    assert {route.integration and route.integration.function for route in deployed.routes} == {BACKEND, None}
    assert [stage.traces for stage in deployed.stages] == [True], "what is open may be on"


def test_an_authorizer_whose_api_is_elsewhere_is_told_by_its_identity_sources() -> None:
    def kind(source: str) -> str:
        (found,) = from_template(
            "Resources:\n  A: {Type: 'AWS::ApiGatewayV2::Authorizer', Properties: {ApiId: a, AuthorizerType: REQUEST, "
            f"IdentitySource: ['{source}']}}}}\n"
        ).authorizers
        return found.kind

    assert kind("route.request.querystring.token") == "WEBSOCKET"
    assert kind("$request.header.Authorization") == "HTTP"


STATE = (
    resource("aws_api_gateway_rest_api.a", id="r1", name="a", arn="arn:aws:apigateway:eu-west-1::/restapis/r1", root_resource_id="root", policy='{"Version":"2012-10-17","Statement":[]}'),
    resource("aws_api_gateway_rest_api_policy.p", id="r1", rest_api_id="r1", policy='{"Version":"2012-10-17","Statement":[]}'),
    resource("aws_api_gateway_authorizer.z", id="z1", name="z", rest_api_id="r1", type="TOKEN", authorizer_uri=asking(), identity_source="method.request.header.Authorization", identity_validation_expression="x", authorizer_result_ttl_in_seconds=60),
    resource("aws_api_gateway_resource.d", id="d1", rest_api_id="r1", parent_id="root", path_part="data"),
    resource("aws_api_gateway_method.m", id="m", rest_api_id="r1", resource_id="d1", http_method="GET", authorization="CUSTOM", authorizer_id="z1"),
    resource("aws_api_gateway_integration.i", id="i", rest_api_id="r1", resource_id="d1", http_method="GET", type="HTTP_PROXY", uri="https://x", request_parameters={"a": "b"}),
    resource("aws_api_gateway_stage.s", id="s", rest_api_id="r1", access_log_settings=[{"format": "f"}]),
    resource("aws_api_gateway_method_settings.s", id="t", rest_api_id="r1", settings=[{"data_trace_enabled": True}]),
    resource("aws_apigatewayv2_api.h", id="h1", name="h", protocol_type="HTTP"),
    resource("aws_apigatewayv2_authorizer.y", id="y1", name="y", api_id="h1", authorizer_type="REQUEST", authorizer_uri=asking(), identity_sources=["$request.header.Authorization"], authorizer_payload_format_version="2.0", enable_simple_responses=True, authorizer_result_ttl_in_seconds=0),
    resource("aws_apigatewayv2_integration.j", id="j1", api_id="h1", integration_type="AWS_PROXY", integration_uri=asking("backend")),
    resource("aws_apigatewayv2_route.k", id="k1", api_id="h1", route_key="GET /x", authorization_type="CUSTOM", authorizer_id="y1", target="integrations/j1"),
    resource("aws_apigatewayv2_stage.u", id="u", api_id="h1", default_route_settings=[{"data_trace_enabled": False}], route_settings=[{"route_key": "x", "data_trace_enabled": True}], access_log_settings=[{"format": "g"}]),
)  # fmt: skip


def test_a_terraform_state_says_the_same() -> None:
    deployed = from_state(*STATE)
    assert routes(deployed) == [("GET /data", "CUSTOM", "z1"), ("GET /x", "CUSTOM", "y1")]
    rest, http = (route.integration for route in deployed.routes)
    assert rest is not None
    assert http is not None
    assert (rest.type, rest.uri, rest.mapped) == ("HTTP_PROXY", "https://x", {"a": "b"})
    assert (http.type, http.function) == ("AWS_PROXY", BACKEND)
    token, simple = deployed.authorizers
    assert (token.type, token.ttl, token.expression, token.function) == ("TOKEN", 60, "x", FUNCTION)
    assert (simple.kind, simple.payload, simple.simple, simple.ttl) == ("HTTP", "2.0", True, 0)
    assert [(stage.api, stage.traces, stage.log_format) for stage in deployed.stages] == [
        ("r1", False, "f"),
        ("r1", True, ""),
        ("h1", True, "g"),
    ]
    assert [policy.arn for policy in deployed.policies] == [
        f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:r1/*"
    ] * 2


def test_a_plan_follows_what_is_known_after_apply() -> None:
    unknown = {"id", "arn", "root_resource_id", "invoke_arn"}
    refer = {
        "rest_api_id": ["aws_api_gateway_rest_api.a.id", "aws_api_gateway_rest_api.a"],
        "parent_id": ["aws_api_gateway_rest_api.a.root_resource_id", "aws_api_gateway_rest_api.a"],
        "resource_id": ["aws_api_gateway_resource.d.id", "aws_api_gateway_resource.d"],
        "authorizer_id": ["aws_api_gateway_authorizer.z.id", "aws_api_gateway_authorizer.z"],
        "authorizer_uri": ["aws_lambda_function.f.invoke_arn", "aws_lambda_function.f"],
    }
    rows = [
        {
            **row,
            "values": {key: value for key, value in row["values"].items() if key not in {*unknown, *refer}},
        }
        for row in STATE[:6]
        if row["type"] != "aws_api_gateway_rest_api_policy"
    ]
    rows.append(resource("aws_lambda_function.f", function_name="authorizer"))
    configured = [
        {
            "address": row["address"],
            "expressions": {name: {"references": found} for name, found in refer.items()},
        }
        for row in rows
    ]
    deployed = from_state(*rows, configuration={"root_module": {"resources": configured}})
    (route,), (authorizer,), (api,) = deployed.routes, deployed.authorizers, deployed.apis
    assert (route.entry, route.api, route.authorizer) == ("GET /data", api.id, authorizer.id)
    assert route.integration is not None
    assert authorizer.function == FUNCTION
    assert authorizer.api == api.id


def test_a_plan_follows_resources_that_are_counted() -> None:
    """Terraform names the attribute, the resource with its index, and without it."""

    def counted(address: str, **values: Any) -> dict[str, Any]:
        return {**resource(address, **values), "address": f"module.m.{address}[0]"}

    def to(address: str, attribute: str) -> dict[str, list[str]]:
        return {"references": [f"{address}[0].{attribute}", f"{address}[0]", address]}

    in_it = {"resource_id": to("aws_api_gateway_resource.c", "id")}
    refer: dict[str, dict[str, Any]] = {
        "aws_lambda_function.c": {"role": to("aws_iam_role.c", "arn")},
        "aws_api_gateway_method.c": {**in_it, "authorizer_id": to("aws_api_gateway_authorizer.c", "id")},
        "aws_api_gateway_integration.c": {**in_it, "uri": to("aws_lambda_function.c", "invoke_arn")},
    }
    get = {"rest_api_id": "r1", "http_method": "GET"}
    child = [
        counted("aws_iam_role.c", name="credentials"),
        counted("aws_lambda_function.c", function_name="credentials", handler="h"),
        counted("aws_api_gateway_authorizer.c", rest_api_id="r1", type="TOKEN"),
        counted("aws_api_gateway_resource.c", rest_api_id="r1", parent_id="root", path_part="credentials"),
        counted("aws_api_gateway_method.c", **get, authorization="CUSTOM"),
        counted("aws_api_gateway_integration.c", **get, type="AWS_PROXY"),
    ]
    module = {"resources": [{"address": name, "expressions": found} for name, found in refer.items()]}
    deployed = from_state(
        values={"root_module": {"child_modules": [{"address": "module.m", "resources": child}]}},
        configuration={"root_module": {"module_calls": {"m": {"module": module}}}},
    )
    (role,), (function,), (route,) = deployed.roles, deployed.functions, deployed.routes
    assert function.role == role.arn
    assert (route.entry, route.authorizer) == ("GET /credentials", deployed.authorizers[0].id)
    assert route.integration is not None
    assert route.integration.function == function.arn


def test_an_account_says_the_same() -> None:
    document = '{\\"Version\\":\\"2012-10-17\\",\\"Statement\\":[]}'
    rest = rest_api(
        api={"id": "rest0", "policy": document},
        stages=[
            {"methodSettings": {"*/*": {"dataTraceEnabled": True}}, "accessLogSettings": {"format": "f"}}
        ],
    )
    deployed = from_account(rest_apis=[rest], apis=[http_api()])
    assert routes(deployed) == [
        ("ANY /data/{proxy+}", "CUSTOM", "token1"),
        ("ANY /data/{proxy+}", "CUSTOM", "request1"),
    ]
    assert {route.integration and route.integration.function for route in deployed.routes} == {BACKEND}
    token, request = deployed.authorizers
    assert (token.kind, token.type, token.function, token.identity_sources) == (
        "REST",
        "TOKEN",
        FUNCTION,
        ("authorization",),
    )
    assert (request.kind, request.payload, request.simple) == ("HTTP", "2.0", False)
    assert request.identity_sources == ("authorization", "x-role")
    assert [(stage.traces, stage.log_format) for stage in deployed.stages] == [(True, "f"), (False, "")]
    (policy,) = deployed.policies
    assert policy.arn == "arn:*:execute-api:*:*:rest0/*"
    assert from_account(rest_apis=[rest_api()]).policies == ()


# ── SAM ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def sam(api: str, *events: str, more: str = "", kind: str = "Api") -> Deployment:
    """A SAM template with one API, and a function with these events."""
    own = f"  Mine: {{Type: 'AWS::Serverless::{kind}', Properties: {api}}}\n" if api else ""
    said = ", ".join(f"E{number}: {event}" for number, event in enumerate(events))
    return from_template(
        f"Transform: AWS::Serverless-2016-10-31\n{more}\nResources:\n{own}"
        f"  Backend: {{Type: 'AWS::Serverless::Function', Properties: {{FunctionName: backend, Events: {{{said}}}}}}}\n",
        parameters=PARAMETERS,
    )


def event(path: str = "/x", auth: str = "", kind: str = "Api", api: str = "!Ref Mine") -> str:
    of = {"Api": "RestApiId", "HttpApi": "ApiId"}[kind]
    named = f", {of}: {api}" if api else ""
    return f"{{Type: {kind}, Properties: {{Path: '{path}', Method: get{named}{auth}}}}}"


def test_a_route_of_sam_has_its_own_authorizer_or_the_usual_one() -> None:
    deployed = sam(
        f"{{StageName: live, Auth: {{DefaultAuthorizer: One, Authorizers: {{One: {{FunctionArn: '{FUNCTION}'}}, Two: {{UserPoolArn: x}}}}}}}}",
        event("/usual"),
        event("/other", ", Auth: {Authorizer: Two}"),
        event("/none", ", Auth: {Authorizer: NONE}"),
        event("/signed", ", Auth: {Authorizer: AWS_IAM}"),
        event("/open", ", Auth: !ImportValue x"),
        event("/key", ", Auth: {OverrideApiAuth: true, ApiKeyRequired: true}"),
        event("/both", ", Auth: {ApiKeyRequired: true}"),
        "{Type: SQS, Properties: {Queue: q}}",
        "text",
    )
    found = routes(deployed)
    assert found[:4] == [
        ("GET /usual", "CUSTOM", "${Mine}/authorizers/One"),
        ("GET /other", "CUSTOM", "${Mine}/authorizers/Two"),
        ("GET /none", "NONE", None),
        ("GET /signed", "AWS_IAM", None),
    ]
    assert found[4][1] == "CUSTOM"
    assert found[4][2] not in {each.id for each in deployed.authorizers}
    assert found[5:] == [("GET /key", "NONE", None), ("GET /both", "CUSTOM", "${Mine}/authorizers/One")]
    assert [each.type for each in deployed.authorizers] == ["TOKEN", "COGNITO_USER_POOLS"]
    assert deployed.authorizers[0].identity_sources == ("authorization",)
    assert deployed.authorizers[0].ttl == 300
    assert {route.integration and route.integration.function for route in deployed.routes} == {BACKEND}


def test_an_api_of_sam_without_a_usual_authorizer_is_open() -> None:
    assert routes(sam("{StageName: live}", event())) == [("GET /x", "NONE", None)]
    assert routes(sam("{Auth: {DefaultAuthorizer: AWS_IAM}}", event())) == [("GET /x", "AWS_IAM", None)]


def test_the_apis_that_sam_makes_are_told_by_the_globals() -> None:
    more = (
        f"Globals:\n  Api: {{Auth: {{DefaultAuthorizer: A, Authorizers: {{A: {{FunctionArn: '{FUNCTION}', FunctionPayloadType: REQUEST, "
        "Identity: {Headers: [X], QueryStrings: [q], Context: [c], StageVariables: [s], ReauthorizeEvery: 5}}}}}\n"
        "  HttpApi: {Auth: {DefaultAuthorizer: J, Authorizers: {J: {JwtConfiguration: {}}}}, RouteSettings: {x: {DataTraceEnabled: true}}}\n"
    )
    deployed = sam("", event(api=""), event(kind="HttpApi", api=""), "{Type: HttpApi}", more=more)
    assert routes(deployed) == [
        ("GET /x", "CUSTOM", "ServerlessRestApi/authorizers/A"),
        ("GET /x", "CUSTOM", "ServerlessHttpApi/authorizers/J"),
        ("$default", "CUSTOM", "ServerlessHttpApi/authorizers/J"),
    ]
    assert {api.id for api in deployed.apis} == {"ServerlessRestApi", "ServerlessHttpApi"}
    asked = {each.type: each for each in deployed.authorizers}
    assert asked["REQUEST"].identity_sources == ("x", "query:q", "$context.c", "$stageVariables.s")
    assert (asked["REQUEST"].ttl, asked["JWT"].ttl) == (5, None)
    assert {stage.traces for stage in deployed.stages} == {True, False}


def test_identity_sources_of_sam_that_are_open_are_not_known() -> None:
    api = f"{{Auth: {{Authorizers: {{A: {{FunctionArn: '{FUNCTION}', Identity: {{Headers: [!ImportValue x]}}}}, B: text}}}}}}"
    (found,) = sam(api, event(kind="HttpApi"), kind="HttpApi").authorizers
    assert found.identity_sources is None
    listed = (
        f"{{Auth: {{Authorizers: {{A: {{FunctionArn: '{FUNCTION}', Identity: {{Headers: {{a: b}}}}}}}}}}}}"
    )
    (found,) = sam(listed, event(kind="HttpApi"), kind="HttpApi").authorizers
    assert found.identity_sources is None


@pytest.mark.parametrize(
    ("policy", "effects"),
    [
        (
            "{CustomStatements: [{Effect: Deny, Principal: '*', Action: 'execute-api:Invoke', Resource: 'execute-api:/*'}]}",
            ["Deny"],
        ),
        ("{IpRangeWhitelist: ['1.2.3.4']}", ["Allow"]),
        ("!ImportValue x", ["Allow"]),
    ],
    ids=["one's own statements", "a list, of which SAM makes an Allow", "open"],
)
def test_a_policy_of_an_api_of_sam_is_one(policy: str, effects: list[str]) -> None:
    deployed = sam(f"{{Auth: {{ResourcePolicy: {policy}}}}}", event())
    found = [
        rule.statement and rule.statement.effect for each in deployed.policies for rule in each.policy.rules
    ]
    assert found == effects
    assert (
        deployed.names.show(deployed.policies[0].arn)
        == f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:${{Mine}}/*"
    )


def test_a_policy_of_a_path_is_one_of_its_api() -> None:
    deployed = sam(
        "{StageName: live}", event("/x", ", Auth: {ResourcePolicy: {IpRangeWhitelist: ['1.2.3.4']}}")
    )
    ((arn, rule),) = ((each.arn, rule) for each in deployed.policies for rule in each.policy.rules)
    assert deployed.names.show(arn) == "arn:*:execute-api:*:*:${Mine}/*"
    assert rule.statement is not None
    assert rule.statement.effect == "Allow"


def test_a_deployment_may_make_a_stage() -> None:
    deployed = from_template(
        "Resources:\n"
        "  A: {Type: 'AWS::ApiGateway::Deployment', Properties: {RestApiId: a, StageDescription: {MethodSettings: [{DataTraceEnabled: true}], AccessLogSetting: {Format: f}}}}\n"
        "  B: {Type: 'AWS::ApiGateway::Deployment', Properties: {RestApiId: b, StageDescription: {DataTraceEnabled: true}}}\n"
        "  C: {Type: 'AWS::ApiGateway::Deployment', Properties: {RestApiId: c}}\n"
    )
    found = [(stage.api, stage.traces, stage.log_format) for stage in deployed.stages]
    assert found == [("a", True, "f"), ("b", True, "")]


def test_what_is_open_of_a_stage_may_be_on() -> None:
    deployed = from_template(
        "Resources:\n"
        "  A: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: a, MethodSettings: !ImportValue x}}\n"
        "  B: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: b, MethodSettings: [!ImportValue x]}}\n"
        "  C: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: c}}\n"
    )
    assert [stage.traces for stage in deployed.stages] == [True, True, False]


def test_what_makes_routes_and_is_not_read_is_said() -> None:
    deployed = from_template(
        "Resources:\n  S: {Type: 'AWS::Serverless::StateMachine', Properties: {Events: {A: {Type: Api}, B: {Type: Schedule}, C: x}}}\n"
        "  T: {Type: 'AWS::Serverless::StateMachine', Properties: {}}\n"
        "  D: {Type: 'AWS::Serverless::Api', Properties: {DefinitionUri: s3://b/k}}\n"
        "  O: {Type: 'AWS::ApiGatewayV2::ApiGatewayManagedOverrides', Properties: {ApiId: a}}\n"
    )
    assert why(deployed) == [
        "a state machine's event makes a route",
        "the API's definition stands elsewhere: write it into the template",
        "it overrides a route or a stage that API Gateway made: write the route itself",
    ]


# ── OpenAPI ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def scheme(**said: Any) -> dict[str, Any]:
    """A security scheme that asks the authorizer."""
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": asking(), **said},
    }


def api(paths: Any, schemes: Any = None, kind: str = "rest", **more: Any) -> Deployment:
    """An API whose body is this OpenAPI document, as Terraform has one."""
    body = json.dumps({"paths": paths, "components": {"securitySchemes": schemes or {}}, **more})
    if kind == "rest":
        return from_state(resource("aws_api_gateway_rest_api.a", id="r1", name="a", body=body))
    return from_state(resource("aws_apigatewayv2_api.a", id="r1", name="a", protocol_type="HTTP", body=body))


def one(deployed: Deployment) -> ApiAuthorizer:
    (found,) = deployed.authorizers
    return found


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param({}, ("NONE", None), id="nothing"),
        pytest.param({"security": []}, ("NONE", None), id="none"),
        pytest.param({"security": [{"mine": []}]}, ("CUSTOM", "r1/authorizers/mine"), id="an authorizer"),
        pytest.param({"security": [{"signed": []}]}, ("AWS_IAM", None), id="a signature"),
        pytest.param({"security": [{"key": []}]}, ("NONE", None), id="an API key alone"),
        pytest.param({"security": [{"gone": []}]}, (None, None), id="a scheme that is not there"),
        pytest.param({"security": [{"mine": []}, {"key": []}]}, (None, None), id="one of two"),
        pytest.param({"security": [{"mine": [], "key": []}]}, (None, None), id="both of two"),
        pytest.param({"security": "mine"}, (None, None), id="no list"),
    ],
)
def test_who_stands_before_a_route_of_openapi(said: dict[str, Any], expected: tuple[str | None, ...]) -> None:
    schemes = {
        "mine": scheme(),
        "signed": {"x-amazon-apigateway-authtype": "awsSigv4"},
        "key": {"type": "apiKey"},
    }
    (route,) = api({"/x": {"get": said, "parameters": []}}, schemes).routes
    assert (route.entry, route.authorization, route.authorizer) == ("GET /x", *expected)


def test_a_document_s_own_security_is_that_of_each_route_without_one() -> None:
    found = api(
        {"/x": {"get": {}, "put": {"security": []}}}, {"mine": scheme()}, security=[{"mine": []}]
    ).routes
    assert [route.authorization for route in found] == ["CUSTOM", "NONE"]


def test_methods_and_integrations_of_openapi() -> None:
    found = api(
        {
            "/x": {
                "x-amazon-apigateway-any-method": {
                    "x-amazon-apigateway-integration": {
                        "type": "http_proxy",
                        "uri": "https://x",
                        "requestParameters": {"a": "b"},
                        "requestTemplates": {"c": "d"},
                    }
                }
            },
            "/$default": {"x-amazon-apigateway-any-method": {}},
        },
        kind="http",
    ).routes
    assert [route.entry for route in found] == ["ANY /x", "$default"]
    behind = found[0].integration
    assert behind is not None
    assert (behind.type, behind.uri, behind.mapped) == (
        "HTTP_PROXY",
        "https://x",
        {"a": "b", "template of c": "d"},
    )
    assert found[1].integration is None


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        ("rest", {"type": "token"}, ("TOKEN", ("authorization",), 300, None, False)),
        ("rest", {"type": "request", "identitySource": "method.request.header.A, context.b", "authorizerResultTtlInSeconds": 5}, ("REQUEST", ("a", "$context.b"), 5, None, False)),
        ("http", {"type": "request", "authorizerPayloadFormatVersion": "2.0", "enableSimpleResponses": True}, ("REQUEST", (), None, "2.0", True)),
        ("http", {"type": "request", "identitySource": ["x"]}, ("REQUEST", None, None, None, False)),
    ],
    ids=["by token", "by request", "simple", "no text"],
)  # fmt: skip
def test_an_authorizer_of_openapi(kind: str, said: dict[str, Any], expected: tuple[object, ...]) -> None:
    found = one(api({}, {"mine": scheme(**said), "text": "x"}, kind=kind))
    assert (found.type, found.identity_sources, found.ttl, found.payload, found.simple) == expected
    assert (found.function, found.id, found.api) == (FUNCTION, "r1/authorizers/mine", "r1")


def test_the_second_version_of_openapi_has_its_schemes_elsewhere() -> None:
    body = json.dumps({"paths": {}, "securityDefinitions": {"mine": scheme(name=None) | {"name": None}}})
    found = one(from_state(resource("aws_api_gateway_rest_api.a", id="r1", name="a", body=body)))
    assert (found.type, found.identity_sources) == ("TOKEN", None)


@pytest.mark.parametrize(
    "body",
    ["{", "[]", '{"paths": []}', '{"paths": {"/x": "y"}}', '{"paths": {"/x": {"get": "y"}}}'],
    ids=["no JSON", "a list", "no paths", "no path", "no method"],
)
def test_a_definition_that_cannot_be_read_is_said(body: str) -> None:
    deployed = from_state(resource("aws_api_gateway_rest_api.a", id="r1", name="a", body=body))
    assert len(why(deployed)) == 1
    assert "could not be read" in why(deployed)[0]


def test_a_definition_in_a_template_takes_the_usual_authorizer_of_sam() -> None:
    body = "{paths: {/x: {get: {}, put: {security: [{Two: []}]}}}}"
    deployed = sam(
        f"{{DefinitionBody: {body}, Auth: {{DefaultAuthorizer: One, Authorizers: {{One: {{FunctionArn: '{FUNCTION}'}}}}}}}}"
    )
    assert routes(deployed) == [("GET /x", "CUSTOM", "${Mine}/authorizers/One"), ("PUT /x", None, None)]
    opened = sam("{DefinitionBody: !ImportValue x}")
    assert why(opened) == ["the API's definition could not be read"]


def test_routes_are_told_as_a_person_writes_them() -> None:
    route = ApiRoute(
        api="a", method="", path="$connect", place="p", authorization=None, authorizer=None, integration=None
    )
    assert route.entry == "$connect"
