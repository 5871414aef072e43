"""The resources of Terraform's AWS provider that APIs are made of, as CloudFormation's types.

Source: the AWS provider's documentation of these resources.
"""

from collections.abc import Mapping
from typing import Any, Final

from authorizer.deployed.provider_type import Type, first


def _parameters(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "RequestParameters": values.get("request_parameters"),
        "RequestTemplates": values.get("request_templates"),
    }


def _rest_stage(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"AccessLogSetting": {"Format": first(values, "access_log_settings").get("format")}}


def _method_settings(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"MethodSettings": [{"DataTraceEnabled": first(values, "settings").get("data_trace_enabled")}]}


def _stage(values: Mapping[str, Any]) -> Mapping[str, Any]:
    usual = first(values, "default_route_settings").get("data_trace_enabled")
    routes = values.get("route_settings") or []
    return {
        "DefaultRouteSettings": {"DataTraceEnabled": usual},
        "RouteSettings": {
            str(number): {"DataTraceEnabled": row.get("data_trace_enabled")}
            for number, row in enumerate(routes)
        },
        "AccessLogSettings": {"Format": first(values, "access_log_settings").get("format")},
    }


_REST: Final = {"RestApiId": "rest_api_id"}
_API: Final = {"ApiId": "api_id"}
API_TYPES: Final[Mapping[str, Type]] = {
    "aws_api_gateway_rest_api": Type(
        kind="AWS::ApiGateway::RestApi", properties={"Body": "body", "Policy": "policy"}
    ),
    "aws_api_gateway_rest_api_policy": Type(
        kind="", properties={"PolicyDocument": "policy", "Target": "rest_api_id"}
    ),
    "aws_api_gateway_authorizer": Type(
        kind="AWS::ApiGateway::Authorizer",
        properties={
            **_REST,
            "Type": "type",
            "AuthorizerUri": "authorizer_uri",
            "IdentitySource": "identity_source",
            "IdentityValidationExpression": "identity_validation_expression",
            "AuthorizerResultTtlInSeconds": "authorizer_result_ttl_in_seconds",
        },
    ),
    "aws_api_gateway_resource": Type(
        kind="AWS::ApiGateway::Resource",
        properties={**_REST, "ParentId": "parent_id", "PathPart": "path_part"},
    ),
    "aws_api_gateway_method": Type(
        kind="AWS::ApiGateway::Method",
        properties={
            **_REST,
            "ResourceId": "resource_id",
            "HttpMethod": "http_method",
            "AuthorizationType": "authorization",
            "AuthorizerId": "authorizer_id",
        },
    ),
    "aws_api_gateway_integration": Type(
        kind="",
        properties={
            **_REST,
            "ResourceId": "resource_id",
            "HttpMethod": "http_method",
            "Type": "type",
            "Uri": "uri",
        },
        shape=_parameters,
    ),
    "aws_api_gateway_stage": Type(kind="AWS::ApiGateway::Stage", properties=_REST, shape=_rest_stage),
    "aws_api_gateway_method_settings": Type(
        kind="AWS::ApiGateway::Stage", properties=_REST, shape=_method_settings
    ),
    "aws_apigatewayv2_api": Type(
        kind="AWS::ApiGatewayV2::Api",
        properties={
            "ProtocolType": "protocol_type",
            "Body": "body",
            "Target": "target",
            "RouteKey": "route_key",
        },
    ),
    "aws_apigatewayv2_authorizer": Type(
        kind="AWS::ApiGatewayV2::Authorizer",
        properties={
            **_API,
            "AuthorizerType": "authorizer_type",
            "AuthorizerUri": "authorizer_uri",
            "IdentitySource": "identity_sources",
            "AuthorizerPayloadFormatVersion": "authorizer_payload_format_version",
            "AuthorizerResultTtlInSeconds": "authorizer_result_ttl_in_seconds",
            "EnableSimpleResponses": "enable_simple_responses",
        },
    ),
    "aws_apigatewayv2_route": Type(
        kind="AWS::ApiGatewayV2::Route",
        properties={
            **_API,
            "RouteKey": "route_key",
            "AuthorizationType": "authorization_type",
            "AuthorizerId": "authorizer_id",
            "Target": "target",
        },
    ),
    "aws_apigatewayv2_integration": Type(
        kind="AWS::ApiGatewayV2::Integration",
        properties={
            "IntegrationType": "integration_type",
            "IntegrationUri": "integration_uri",
            "RequestParameters": "request_parameters",
        },
    ),
    "aws_apigatewayv2_stage": Type(kind="AWS::ApiGatewayV2::Stage", properties=_API, shape=_stage),
}
"""Every such type. None has a name that it is known by: each is its id."""
