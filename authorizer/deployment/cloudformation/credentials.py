"""`GET /credentials`: the function that hands callers their own credentials, and its route on each kind of API.

Off until a parameter turns it on. Then it has a role of its own, which may assume what is handed out and nothing else;
the authorizer's role may not assume that.
"""

from typing import Any, Final

from authorizer.deployment.alarms import CREDENTIALS_ALARMS
from authorizer.deployment.cloudformation import function, watch
from authorizer.deployment.cloudformation.intrinsics import Value, equals, get, ref, sub
from authorizer.deployment.cloudformation.parameters import CREDENTIALS

Resource = dict[str, Any]
ON: Final = "HandsOut"
REST: Final = "HandsOutRest"
HTTP: Final = "HandsOutHttp"
TRACES: Final = "HandsOutTraces"
PATH: Final = "credentials"
DESCRIPTION: Final = "Hands callers credentials of their own"
HANDLER: Final = "authorizer.own_handler.lambda_handler"
URI: Final = sub(
    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${CredentialsFunction.Arn}"
    "/invocations"
)
TOKEN: Final = "method.request.header.Authorization"
PARAMETER: Final = next(iter(CREDENTIALS))


def conditions(*, rest: bool) -> Resource:
    """When there is what. `rest`: the deployment may be in front of a REST API."""

    def both(other: str) -> Value:
        return {"Fn::And": [{"Condition": ON}, {"Condition": other}]}

    found = {ON: equals(PARAMETER, "yes"), HTTP: both("Http"), TRACES: both("Traces")}
    return found | ({REST: both("Rest")} if rest else {})


def rules(*, rest: bool) -> Resource:
    """What is refused before anything is made."""
    apis = [{"Fn::Not": [equals(name, "")]} for name in ("HttpApiId", *(["RestApiId"] if rest else []))]
    somewhere: Value = {"Fn::Or": apis} if rest else apis[0]
    found = [
        {
            "Assert": somewhere,
            "AssertDescription": "GET /credentials needs an API: name a REST or an HTTP API.",
        }
    ]
    if rest:
        root = {"Fn::Or": [equals("RestApiId", ""), {"Fn::Not": [equals("RestApiRootResourceId", "")]}]}
        said = "GET /credentials of a REST API needs RestApiRootResourceId, the id of its resource `/`."
        found.append({"Assert": root, "AssertDescription": said})
    return {"CredentialsNeedAnApi": {"RuleCondition": equals(PARAMETER, "yes"), "Assertions": found}}


def resources(
    execution: Value,
    environment: dict[str, Value],
    *,
    form: str,
    code: str,
    rest: bool,
) -> dict[str, Resource]:
    """All of it. `execution` is what its role may do, `code` where SAM finds the zip."""
    own = function.own_resources(execution, "Credentials")
    made = {name: {"Condition": ON, **resource} for name, resource in own.items()}
    made["CredentialsMayTrace"]["Condition"] = TRACES
    watched = watch.alarms(ref("CredentialsFunction"), "AlarmTopicArn", CREDENTIALS_ALARMS)
    return {
        "CredentialsFunction": {"Condition": ON, **_function(environment, form, code)},
        **made,
        **({name: {"Condition": REST, **one} for name, one in _rest().items()} if rest else {}),
        **{name: {"Condition": HTTP, **one} for name, one in _http().items()},
        **{name: {"Condition": ON, **alarm} for name, alarm in watched.items()},
    }


def _function(environment: dict[str, Value], form: str, code: str) -> Resource:
    """The authorizer's zip, pointed elsewhere. No version and no alias: a caller whose page asks twice gets the new one
    the second time."""
    properties = {
        **function.properties(environment),
        "FunctionName": sub("${AWS::StackName}-credentials"),
        "Description": DESCRIPTION,
        "Handler": HANDLER,
        "Role": get("CredentialsRole", "Arn"),
        "LoggingConfig": {"LogGroup": ref("CredentialsLogs")},
    }
    del properties["SnapStart"]  # of published versions
    common = {"DependsOn": ["CredentialsMayVend"]}
    if form == "sam":
        sam = {**properties, "Tracing": ref("Tracing"), "CodeUri": code}
        return {
            "Type": "AWS::Serverless::Function",
            **common,
            "Metadata": {"SkipBuild": True},
            "Properties": sam,
        }
    plain = {
        **properties,
        "TracingConfig": {"Mode": ref("Tracing")},
        "Code": {"S3Bucket": ref("CodeBucket"), "S3Key": ref("CodeKey")},
    }
    return {"Type": "AWS::Lambda::Function", **common, "Properties": plain}


def _rest() -> dict[str, Resource]:
    """A stage that caches keys by nothing but the path unless it is told: keyed by the token, it could repeat a
    caller's answer to that caller alone (API Gateway Developer Guide, "Cache settings for REST APIs")."""
    proxy = {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": URI}
    return {
        "CredentialsResource": {
            "Type": "AWS::ApiGateway::Resource",
            "Properties": {
                "RestApiId": ref("RestApiId"),
                "ParentId": ref("RestApiRootResourceId"),
                "PathPart": PATH,
            },
        },
        "CredentialsMethod": _method(
            "GET",
            AuthorizationType="CUSTOM",
            AuthorizerId=ref("RestAuthorizer"),
            RequestParameters={TOKEN: True},
            Integration={**proxy, "CacheKeyParameters": [TOKEN]},
        ),
        # The function knows the origins. A preflight has no token (Fetch Standard, "CORS-preflight fetch").
        "CredentialsPreflight": _method(
            "OPTIONS", AuthorizationType="NONE", Integration={**proxy, "CacheKeyParameters": []}
        ),
        "RestMayHandOut": _permission("RestApiId"),
    }


def _method(name: str, **properties: Value) -> Resource:
    return {
        "Type": "AWS::ApiGateway::Method",
        "Properties": {
            "RestApiId": ref("RestApiId"),
            "ResourceId": ref("CredentialsResource"),
            "HttpMethod": name,
            **properties,
        },
    }


def _http() -> dict[str, Resource]:
    target = sub("integrations/${CredentialsIntegration}")

    def route(method: str, **properties: Value) -> Resource:
        key = {"ApiId": ref("HttpApiId"), "RouteKey": f"{method} /{PATH}", "Target": target}
        return {"Type": "AWS::ApiGatewayV2::Route", "Properties": {**key, **properties}}

    return {
        "CredentialsIntegration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": ref("HttpApiId"),
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": get("CredentialsFunction", "Arn"),
                "PayloadFormatVersion": "2.0",
            },
        },
        "CredentialsHttpRoute": route("GET", AuthorizationType="CUSTOM", AuthorizerId=ref("HttpAuthorizer")),
        "CredentialsHttpPreflight": route("OPTIONS", AuthorizationType="NONE"),
        "HttpMayHandOut": _permission("HttpApiId"),
    }


def _permission(api: str) -> Resource:
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": ref("CredentialsFunction"),
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": sub(
                f"arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{api}}}/*/*/{PATH}"
            ),
        },
    }
