"""A SAM template → its APIs: those of `AWS::Serverless::Api` and `HttpApi`, and WebSocket APIs of plain CloudFormation.

Source: SAM Developer Guide, "AWS::Serverless::Api", "AWS::Serverless::HttpApi", event sources `Api` and `HttpApi`,
"Generated CloudFormation resources"; CloudFormation Template Reference, `AWS::ApiGatewayV2`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from authorizer.deployed import Resource, read_resources
from authorizer.errors import SettingsError
from authorizer.local_gateway.api import ANY, DEFAULT, Api, Cors, Door, Route
from authorizer.local_gateway.from_access import API_IDS, STAGE, Where
from authorizer.local_gateway.from_openapi import gateway_response, kind_of, listed, made_door, openapi_api
from authorizer.local_gateway.kinds import WEBSOCKET, Protocol

_FORMS: Final[Mapping[str, tuple[Protocol, str, str, str]]] = {
    # Type → protocol, the event's type, its reference to the API, and the API that SAM makes where it has none.
    "AWS::Serverless::Api": ("REST", "Api", "RestApiId", "ServerlessRestApi"),
    "AWS::Serverless::HttpApi": ("HTTP", "HttpApi", "ApiId", "ServerlessHttpApi"),
}
_PLACES: Final = {
    "Headers": "header",
    "QueryStrings": "querystring",
    "StageVariables": "stageVariables",
    "Context": "context",
}


def template_apis(tree: object, where: str, place: Where, *, region: str) -> dict[str, Api]:
    """By logical id. Raises `SettingsError`, and `DeploymentInvalid` for what is no template."""
    resources, shared = read_resources(tree, where, region=region)
    problems: list[str] = []
    found: dict[str, Api] = {}
    for kind, (protocol, event, refers, implicit) in _FORMS.items():
        events = list(_events(resources, event))
        said = {name: each for name, each in resources.items() if each.type == kind}
        if any(refers not in each for each in events):
            said[implicit] = Resource(type=kind, properties={}, reference=implicit)
        for name, resource in said.items():
            theirs = [each for each in events if each.get(refers, implicit) == resource.reference]
            properties = {**shared.get(event, {}), **resource.properties}
            reader = _Reader(name, protocol, properties, f"{where}: {name}", place)
            try:
                found[name] = reader.api(theirs)
            except SettingsError as error:
                problems.extend(error.problems)
    try:
        found |= _websockets(resources, where, place)
    except SettingsError as error:
        problems.extend(error.problems)
    if problems:
        raise SettingsError(problems)
    return found


def _events(resources: Mapping[str, Resource], kind: str) -> Iterator[Mapping[str, Any]]:
    for resource in resources.values():
        if resource.type == "AWS::Serverless::Function":
            for event in (resource.properties.get("Events") or {}).values():
                if event.get("Type") == kind:
                    yield event.get("Properties") or {}


class _Reader:
    """One REST or HTTP API."""

    def __init__(
        self, name: str, protocol: Protocol, properties: Mapping[str, Any], where: str, place: Where
    ) -> None:
        self._name, self._protocol, self._said = name, protocol, properties
        self._where, self._place = where, place
        self._auth: Mapping[str, Any] = properties.get("Auth") or {}

    def api(self, events: list[Mapping[str, Any]]) -> Api:
        body = self._said.get("DefinitionBody")
        stage = self._said.get("StageName")
        if isinstance(body, Mapping) and not events:
            made = openapi_api(body, self._where, self._place, protocol=self._protocol, stage=stage)
            return replace(made, binary_media_types=made.binary_media_types or self._binary())
        doors = {name: self._door(name, each) for name, each in (self._auth.get("Authorizers") or {}).items()}
        return Api(
            protocol=self._protocol,
            api_id=API_IDS[self._protocol],
            stage=str(stage or (DEFAULT if self._protocol == "HTTP" else STAGE)),
            routes=tuple(self._route(event, doors) for event in events),
            cors=self._cors(),
            gateway_responses={
                name: gateway_response(
                    each.get("StatusCode"),
                    (each.get("ResponseParameters") or {}).get("Headers") or {},
                    each.get("ResponseTemplates") or {},
                )
                for name, each in (self._said.get("GatewayResponses") or {}).items()
            },
            binary_media_types=self._binary(),
            key_source="AUTHORIZER" if self._said.get("ApiKeySourceType") == "AUTHORIZER" else "HEADER",
            **self._place,
        )

    def _route(self, event: Mapping[str, Any], doors: Mapping[str, Door]) -> Route:
        auth = event.get("Auth") or {}
        name = auth.get("Authorizer", self._auth.get("DefaultAuthorizer", "NONE"))
        method, path = str(event.get("Method", "")).upper(), str(event.get("Path", DEFAULT))
        if name != "NONE" and name not in doors:
            raise SettingsError(
                [
                    f"{self._where}: {method} {path}: {name} is no Lambda authorizer: this gateway serves no other"
                ]
            )
        key = auth.get("ApiKeyRequired", self._auth.get("ApiKeyRequired", False))
        return Route(
            method=ANY if method == "X-AMAZON-APIGATEWAY-ANY-METHOD" else method,
            path=path,
            door=None if name == "NONE" else doors[name],
            needs_key=key is True,
        )

    def _door(self, name: str, said: Mapping[str, Any]) -> Door:
        if "FunctionArn" not in said:
            raise SettingsError(
                [f"{self._where}: {name} is no Lambda authorizer: this gateway serves no other"]
            )
        identity = said.get("Identity") or {}
        token = self._protocol == "REST" and str(said.get("FunctionPayloadType", "TOKEN")).upper() == "TOKEN"
        sources = [
            f"$request.{place}.{each}" if place in ("header", "querystring") else f"{place}.{each}"
            for key, place in _PLACES.items()
            for each in listed(identity.get(key))
        ]
        if token:
            sources = [f"method.request.header.{identity.get('Header', 'Authorization')}"]
        simple = said.get("EnableSimpleResponses") is True
        version = str(said.get("AuthorizerPayloadFormatVersion", "1.0"))
        kind = kind_of(self._protocol, token=token, version=version, simple=simple)
        return made_door(
            name,
            kind,
            sources,
            identity.get("ReauthorizeEvery"),
            self._where,
            expression=identity.get("ValidationExpression"),
        )

    def _binary(self) -> tuple[str, ...]:
        """`~1` stands for a slash there, as in a JSON pointer."""
        return tuple(each.replace("~1", "/") for each in listed(self._said.get("BinaryMediaTypes")))

    def _cors(self) -> Cors:
        said = self._said.get("CorsConfiguration" if self._protocol == "HTTP" else "Cors")
        if said is True or isinstance(said, str):
            return Cors(origins=("*",) if said is True else listed(said))
        said = said or {}
        age = said.get("MaxAge")
        return Cors(
            origins=listed(said.get("AllowOrigins", said.get("AllowOrigin"))),
            methods=listed(said.get("AllowMethods")),
            headers=listed(said.get("AllowHeaders")),
            exposed=listed(said.get("ExposeHeaders")),
            max_age=None if age is None else int(str(age).strip("'")),
            credentials=said.get("AllowCredentials") is True,
        )


def _websockets(resources: Mapping[str, Resource], where: str, place: Where) -> Iterator[tuple[str, Api]]:
    """WebSocket APIs, with the routes, the stage and the authorizers that name them."""
    for name, api in resources.items():
        if api.type != "AWS::ApiGatewayV2::Api" or api.properties.get("ProtocolType") != "WEBSOCKET":
            continue
        theirs = [each for each in resources.values() if each.properties.get("ApiId") == api.reference]
        doors = {
            each.reference: made_door(
                each.reference,
                WEBSOCKET,
                list(listed(each.properties.get("IdentitySource"))),
                0,
                f"{where}: {name}",
            )
            for each in theirs
            if each.type == "AWS::ApiGatewayV2::Authorizer"
        }
        routes = [each.properties for each in theirs if each.type == "AWS::ApiGatewayV2::Route"]
        stages = [each.properties for each in theirs if each.type == "AWS::ApiGatewayV2::Stage"]
        if wrong := [
            each["RouteKey"]
            for each in routes
            if each.get("AuthorizationType", "NONE") not in ("NONE", "CUSTOM")
        ]:
            raise SettingsError(
                [f"{where}: {name}: {wrong[0]} has no Lambda authorizer: this gateway serves no other"]
            )
        yield (
            name,
            Api(
                protocol="WEBSOCKET",
                api_id=API_IDS["WEBSOCKET"],
                stage=str(stages[0].get("StageName", STAGE)) if stages else STAGE,
                routes=tuple(
                    Route(method="", path=str(each["RouteKey"]), door=doors.get(each.get("AuthorizerId", "")))
                    for each in routes
                ),
                selection=str(api.properties.get("RouteSelectionExpression", "$request.body.action")),
                **place,
            ),
        )
