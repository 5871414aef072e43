"""The authorizers of each kind of API, and what a REST API answers in their place."""

import json
from typing import Any, Final

from authorizer.deployment.cloudformation.intrinsics import NO_VALUE, Value, ref, sub, when
from authorizer.deployment.plan import TOKEN, Doors

Resource = dict[str, Any]
ALIAS: Final = ref("AuthorizerFunctionAliaslive")
"""The ARN of the alias: SAM calls it so, and CloudFormation's own form does too."""
URI: Final = sub(
    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${AuthorizerFunctionAliaslive}"
    "/invocations"
)
METADATA: Final = "/.well-known/oauth-protected-resource"
"""RFC 9728 §3."""


def rest_source(source: str) -> str:
    """An identity source of access.toml, as REST APIs write it."""
    if source.startswith("query:"):
        return f"method.request.querystring.{source.removeprefix('query:')}"
    if source.startswith("$"):
        return source.removeprefix("$")
    return f"method.request.header.{_title(source)}"


def http_source(source: str) -> str:
    """The same, as HTTP APIs write it."""
    if source.startswith("query:"):
        return f"$request.querystring.{source.removeprefix('query:')}"
    return source if source.startswith("$") else f"$request.header.{_title(source)}"


def websocket_source(source: str) -> str:
    """Where a token stands, as WebSocket APIs write it."""
    if source.startswith("query:"):
        return f"route.request.querystring.{source.removeprefix('query:')}"
    return f"route.request.header.{_title(source.removeprefix('header:'))}"


def _title(header: str) -> str:
    return "-".join(word.capitalize() for word in header.split("-"))


def authorizers(doors: Doors, ttl: Value, *, simple: bool | None) -> dict[str, Resource]:
    """One for each kind of API, each where the API's id is given. `simple`: None where a parameter says it."""
    by_request = ",".join(map(rest_source, doors.keyed))
    keyed = [http_source(source) for source in doors.keyed]
    by_token = None if doors.token_header is None else rest_source(doors.token_header)
    found: dict[str, Resource] = {}
    if simple is not True:
        found["RestAuthorizer"] = {
            "Type": "AWS::ApiGateway::Authorizer",
            "Condition": "Rest",
            "Properties": {
                "RestApiId": ref("RestApiId"),
                "Name": ref("AWS::StackName"),
                "Type": ref("RestAuthorizerType") if by_token else "REQUEST",
                "AuthorizerUri": URI,
                "AuthorizerResultTtlInSeconds": ttl,
                "IdentitySource": when("RestByToken", by_token, by_request) if by_token else by_request,
                "IdentityValidationExpression": when("RestByToken", TOKEN) if by_token else NO_VALUE,
            },
        }
        found["WebSocketAuthorizer"] = {
            "Type": "AWS::ApiGatewayV2::Authorizer",
            "Condition": "WebSocket",
            "Properties": {
                "ApiId": ref("WebSocketApiId"),
                "Name": ref("AWS::StackName"),
                "AuthorizerType": "REQUEST",
                "AuthorizerUri": URI,
                "IdentitySource": [websocket_source(doors.connect)],
            },
        }
    token = [http_source(doors.token_header)] if doors.token_header else keyed
    found["HttpAuthorizer"] = {
        "Type": "AWS::ApiGatewayV2::Authorizer",
        "Condition": "Http",
        "Properties": {
            "ApiId": ref("HttpApiId"),
            "Name": ref("AWS::StackName"),
            "AuthorizerType": "REQUEST",
            "AuthorizerUri": URI,
            "AuthorizerPayloadFormatVersion": "2.0",
            "EnableSimpleResponses": when("Simple", True, False) if simple is None else simple,
            "AuthorizerResultTtlInSeconds": {None: when("Simple", 0, ttl), True: 0, False: ttl}[simple],
            # A simple answer is about one request: what it is keyed by does not matter, and a missing one is a 401.
            "IdentitySource": {None: when("Simple", token, keyed), True: token, False: keyed}[simple],
        },
    }
    for kind in ("Rest", "Http", "WebSocket"):
        if f"{kind}Authorizer" in found:
            found[f"{kind}MayAuthorize"] = {
                "Type": "AWS::Lambda::Permission",
                "Condition": kind,
                "Properties": {
                    "Action": "lambda:InvokeFunction",
                    "FunctionName": ALIAS,
                    "Principal": "apigateway.amazonaws.com",
                    "SourceArn": sub(
                        "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:"
                        f"${{{kind}ApiId}}/authorizers/${{{kind}Authorizer}}"
                    ),
                },
            }
    return found


CHALLENGE: Final = sub(f"'Bearer resource_metadata=\"${{ResourceUrl}}{METADATA}\"'")
ANSWERS: Final[tuple[tuple[str, str, int, str], ...]] = (
    # Resource, gateway response, status, body. `$context…` is filled in by the gateway.
    ("RestUnauthorized", "UNAUTHORIZED", 401, '{"message":"Unauthorized"}'),
    ("RestDenied", "ACCESS_DENIED", 403, '{"message":"Forbidden","code":"$context.authorizer.code"}'),
    ("RestUndecided", "AUTHORIZER_FAILURE", 500, '{"message":"Internal server error"}'),
    ("RestMisconfigured", "AUTHORIZER_CONFIGURATION_ERROR", 500, '{"message":"Internal server error"}'),
)


def answers() -> dict[str, Resource]:
    """What a REST API answers where the authorizer lets nobody in: readable by pages of the allowed origin, and a 401
    says how to authenticate (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1)."""
    found = {}
    for name, kind, status, body in ANSWERS:
        headers = {
            "gatewayresponse.header.Access-Control-Allow-Origin": when(
                "AllowsOrigin", sub("'${AllowOrigin}'")
            ),
            "gatewayresponse.header.Cache-Control": "'no-store'",
        }
        if status == 401:
            headers["gatewayresponse.header.WWW-Authenticate"] = when("HasMetadata", CHALLENGE, "'Bearer'")
            headers["gatewayresponse.header.Access-Control-Expose-Headers"] = when(
                "AllowsOrigin", "'WWW-Authenticate'"
            )
        found[name] = {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Condition": "RestAnswers",
            "Properties": {
                "RestApiId": ref("RestApiId"),
                "ResponseType": kind,
                "StatusCode": str(status),
                "ResponseParameters": headers,
                "ResponseTemplates": {"application/json": body},
            },
        }
    return found


def metadata(document: Value) -> dict[str, Resource]:
    """Where a client learns who signs its tokens: `METADATA`, open to everybody."""

    def resource(parent: Value, part: str) -> Resource:
        return {
            "Type": "AWS::ApiGateway::Resource",
            "Condition": "HasMetadata",
            "Properties": {"RestApiId": ref("RestApiId"), "ParentId": parent, "PathPart": part},
        }

    return {
        "WellKnown": resource(ref("RestApiRootResourceId"), ".well-known"),
        "ProtectedResource": resource(ref("WellKnown"), "oauth-protected-resource"),
        "ResourceMetadata": {
            "Type": "AWS::ApiGateway::Method",
            "Condition": "HasMetadata",
            "Properties": {
                "RestApiId": ref("RestApiId"),
                "ResourceId": ref("ProtectedResource"),
                "HttpMethod": "GET",
                "AuthorizationType": "NONE",
                "Integration": {
                    "Type": "MOCK",
                    "RequestTemplates": {"application/json": '{"statusCode": 200}'},
                    "IntegrationResponses": [
                        {"StatusCode": "200", "ResponseTemplates": {"application/json": document}}
                    ],
                },
                "MethodResponses": [{"StatusCode": "200"}],
            },
        },
    }


def metadata_text(issuers: tuple[str, ...], scopes: tuple[str, ...]) -> str:
    """RFC 9728 §2, with `zzqresourceqzz` for the URL. A template of API Gateway reads `$` and `#` as its own: JSON has
    another way to write them."""
    text = json.dumps(
        {
            "resource": "zzqresourceqzz",
            "authorization_servers": list(issuers),
            "scopes_supported": sorted(scopes),
            "bearer_methods_supported": ["header"],
        }
    )
    return text.replace("$", "\\u0024").replace("#", "\\u0023")
