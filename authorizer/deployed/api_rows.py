"""What each of API Gateway's own types of resource says of an API.

Source: CloudFormation Template Reference, `AWS::ApiGateway::…` and `AWS::ApiGatewayV2::…`.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from authorizer.deployed.apis import (
    Api,
    ApiAuthorizer,
    ApiKind,
    ApiStage,
    Integration,
    function_of,
    source_of,
)
from authorizer.deployed.found_apis import FoundRoute, mapped_of
from authorizer.deployed.gather import texts, truth, whole
from authorizer.deployed.names import is_open
from authorizer.deployed.openapi import read_body
from authorizer.deployed.tree import place_of

if TYPE_CHECKING:
    from authorizer.deployed.rows import Row

REST_TTL: Final = 300
"""Seconds, where a REST API's authorizer says none (API Gateway API Reference, CreateAuthorizer). Of an HTTP API's none
are documented."""


def _kind(row: "Row") -> ApiKind:
    return "WEBSOCKET" if str(row.get("ProtocolType")).upper() == "WEBSOCKET" else "HTTP"


# ── REST APIs ────────────────────────────────────────────────────────────────────────────────────────────────────────


def rest_api(row: "Row") -> None:
    """`AWS::ApiGateway::RestApi`."""
    row.found.apis.append(Api(id=row.reference, kind="REST", place=row.place))
    body_of(row, "REST", row.get("Body"), elsewhere=row.get("BodyS3Location"))


def rest_authorizer(row: "Row") -> None:
    kind = str(row.get("Type") or "TOKEN")
    said = row.get("IdentitySource")
    sources = texts([] if said is None else said)
    ttl = row.get("AuthorizerResultTtlInSeconds")
    row.found.authorizers.append(
        ApiAuthorizer(
            id=row.reference,
            api=row.named("RestApiId"),
            kind="REST",
            place=row.place,
            type=kind,
            function=function_of(row.get("AuthorizerUri")),
            identity_sources=None
            if sources is None
            else _sources([*",".join(sources).split(",")] if sources else []),
            ttl=REST_TTL if ttl is None else whole(ttl),
            expression=row.get("IdentityValidationExpression"),
        )
    )


def rest_resource(row: "Row") -> None:
    row.found.resources[row.reference] = (str(row.get("ParentId")), str(row.get("PathPart") or ""))


def rest_method(row: "Row") -> None:
    said = row.get("Integration")
    row.found.routes.append(
        FoundRoute(
            api=row.named("RestApiId"),
            place=row.place,
            method=str(row.get("HttpMethod")),
            path=None,
            resource=str(row.get("ResourceId")),
            authorization=_known(row.get("AuthorizationType") or "NONE"),
            authorizer=text_of(row.get("AuthorizerId")),
            integration=_integration(said, row.place)
            if isinstance(said, Mapping)
            else None
            if said is None
            else str(said),
        )
    )


def rest_integration(row: "Row") -> None:
    """A method's, where a file has it apart, as Terraform does."""
    of = " ".join(str(row.get(name)) for name in ("RestApiId", "ResourceId", "HttpMethod"))
    row.found.integrations[of] = _integration(row.properties, row.place)


def rest_stage(row: "Row") -> None:
    rest_logs(row, row.named("RestApiId"))


def deployment(row: "Row") -> None:
    """What makes a stage beside itself, if it does."""
    settings = row.get("StageDescription")
    if isinstance(settings, Mapping):
        listed = settings.get("MethodSettings")
        every = [settings, *(listed if isinstance(listed, list) else [listed])]
        _stage(row, row.named("RestApiId"), every, row.get("StageDescription", "AccessLogSetting", "Format"))


def rest_logs(row: "Row", api_id: str) -> None:
    """What a stage of a REST API logs."""
    _stage(row, api_id, row.get("MethodSettings"), row.get("AccessLogSetting", "Format"))


# ── HTTP and WebSocket APIs ──────────────────────────────────────────────────────────────────────────────────────────


def api(row: "Row") -> None:
    """`AWS::ApiGatewayV2::Api`."""
    row.found.apis.append(Api(id=row.reference, kind=_kind(row), place=row.place))
    body_of(row, "HTTP", row.get("Body"), elsewhere=row.get("BodyS3Location"))
    if row.get("Target") is not None:
        method, _, path = str(row.get("RouteKey") or "$default").rpartition(" ")
        uri = str(row.get("Target"))
        row.found.routes.append(
            FoundRoute(
                api=row.reference,
                place=row.place,
                method=method,
                path=path,
                authorization="NONE",
                integration=Integration(
                    type="AWS_PROXY" if function_of(uri) else "HTTP_PROXY",
                    uri=uri,
                    function=function_of(uri),
                    mapped={},
                    place=row.place,
                ),
            )
        )


def authorizer(row: "Row") -> None:
    """`AWS::ApiGatewayV2::Authorizer`. Of which kind its API is, the API says."""
    ttl = row.get("AuthorizerResultTtlInSeconds")
    sources = row.get("IdentitySource")
    row.found.authorizers.append(
        ApiAuthorizer(
            id=row.reference,
            api=row.named("ApiId"),
            kind=_kind_by(sources),
            place=row.place,
            type=str(row.get("AuthorizerType")),
            function=function_of(row.get("AuthorizerUri")),
            identity_sources=_sources(sources or []),
            ttl=None if ttl is None else whole(ttl),
            payload=text_of(row.get("AuthorizerPayloadFormatVersion")),
            simple=truth(row.get("EnableSimpleResponses")),
        )
    )


def _kind_by(sources: object) -> ApiKind:
    """A WebSocket API's identity sources begin with `route.`, and an HTTP API's with `$`."""
    found = texts(sources) or ()
    return "WEBSOCKET" if any(each.startswith("route.") for each in found) else "HTTP"


def route(row: "Row") -> None:
    method, _, path = str(row.get("RouteKey")).rpartition(" ")
    row.found.routes.append(
        FoundRoute(
            api=row.named("ApiId"),
            place=row.place,
            method=method,
            path=path,
            authorization=_known(row.get("AuthorizationType") or "NONE"),
            authorizer=text_of(row.get("AuthorizerId")),
            integration=str(row.get("Target") or "").removeprefix("integrations/"),
        )
    )


def integration(row: "Row") -> None:
    row.found.integrations[row.reference] = _integration(
        {
            "Type": row.get("IntegrationType"),
            "Uri": row.get("IntegrationUri"),
            "RequestParameters": row.get("RequestParameters"),
        },
        row.place,
    )


def stage(row: "Row") -> None:
    logs(row, row.named("ApiId"))


def overrides(row: "Row") -> None:
    row.gathered.leave(
        "apis", row.place, "it overrides a route or a stage that API Gateway made: write the route itself"
    )


def logs(row: "Row", api_id: str) -> None:
    """What a stage of an HTTP or WebSocket API logs."""
    routes = row.get("RouteSettings")
    every = [row.get("DefaultRouteSettings"), *(routes.values() if isinstance(routes, Mapping) else ())]
    _stage(row, api_id, every, row.get("AccessLogSettings", "Format"))


# ── what they share ──────────────────────────────────────────────────────────────────────────────────────────────────


def text_of(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _known(value: object) -> str | None:
    return value if isinstance(value, str) and not is_open(value) else None


def _sources(value: object) -> tuple[str, ...] | None:
    found = texts(value)
    return None if found is None or any(map(is_open, found)) else tuple(map(source_of, found))


def _integration(said: Mapping[str, Any], place: str) -> Integration:
    uri = said.get("Uri")
    mapped, unread = mapped_of(said.get("RequestParameters"), said.get("RequestTemplates"))
    return Integration(
        type=str(said.get("Type") or "").upper(),
        uri=uri if isinstance(uri, str) else "",
        function=function_of(uri),
        mapped=mapped,
        place=place_of(said, place),
        unread=unread,
    )


def _may_trace(settings: object) -> bool:
    """Whether settings turn data tracing on; what is open may."""
    if isinstance(settings, Mapping):
        return truth(settings.get("DataTraceEnabled")) is not False
    return settings is not None and is_open(str(settings))


def _stage(row: "Row", api_id: str, settings: object, log_format: object) -> None:
    rows = settings if isinstance(settings, list) else [settings]
    row.found.stages.append(
        ApiStage(
            api=api_id,
            place=row.place,
            traces=any(map(_may_trace, rows)),
            log_format=log_format if isinstance(log_format, str) else "",
        )
    )


def body_of(row: "Row", kind: ApiKind, body: object, *, elsewhere: object, usual: bool = False) -> None:
    if elsewhere is not None:
        row.gathered.leave(
            "apis", row.place, "the API's definition stands elsewhere: write it into the template"
        )
    if body is not None:
        read_body(body, row.reference, kind, row.place, row.gathered, usual=usual)


API_ROWS: "Final[Mapping[str, Callable[[Row], None]]]" = {
    "AWS::ApiGateway::RestApi": rest_api,
    "AWS::ApiGateway::Authorizer": rest_authorizer,
    "AWS::ApiGateway::Resource": rest_resource,
    "AWS::ApiGateway::Method": rest_method,
    "AWS::ApiGateway::Stage": rest_stage,
    "AWS::ApiGateway::Deployment": deployment,
    "AWS::ApiGatewayV2::Api": api,
    "AWS::ApiGatewayV2::Authorizer": authorizer,
    "AWS::ApiGatewayV2::Route": route,
    "AWS::ApiGatewayV2::Integration": integration,
    "AWS::ApiGatewayV2::Stage": stage,
    "AWS::ApiGatewayV2::ApiGatewayManagedOverrides": overrides,
}
