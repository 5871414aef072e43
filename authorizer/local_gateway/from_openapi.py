"""An OpenAPI document with API Gateway's extensions → its API.

Source: API Gateway Developer Guide, "OpenAPI extensions for API Gateway". What authenticates otherwise than by a Lambda
authorizer is refused: serving it open would be a lie.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from authorizer.errors import SettingsError
from authorizer.local_gateway.api import ANY, DEFAULT, Api, Cors, Door, GatewayResponse, Route
from authorizer.local_gateway.from_access import API_IDS, STAGE, Where
from authorizer.local_gateway.kinds import (
    HTTP_1,
    HTTP_2,
    HTTP_SIMPLE,
    REST_REQUEST,
    REST_TOKEN,
    Kind,
    Protocol,
)
from authorizer.local_gateway.sources import read_source

_AUTHORIZER: Final = "x-amazon-apigateway-authorizer"
_INTEGRATION: Final = "x-amazon-apigateway-integration"
_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_ANY_METHOD: Final = "x-amazon-apigateway-any-method"
_KEY: Final = "an API key"


def is_openapi(tree: object) -> bool:
    return isinstance(tree, Mapping) and ("openapi" in tree or "swagger" in tree)


def protocol_of(tree: Mapping[str, Any]) -> Protocol:
    """An HTTP API's documents say something that a REST API's cannot: CORS, payload versions, a default route."""
    http = "x-amazon-apigateway-cors" in tree or f"/{DEFAULT}" in tree.get("paths", {})
    authorizers = (scheme.get(_AUTHORIZER, {}) for scheme in _schemes(tree).values())
    http = http or any("authorizerPayloadFormatVersion" in each for each in authorizers)
    integrations = (each.get(_INTEGRATION) or {} for _, _, each in _operations(tree))
    return "HTTP" if http or any("payloadFormatVersion" in each for each in integrations) else "REST"


def openapi_api(
    tree: Mapping[str, Any], where: str, place: Where, *, protocol: Protocol, stage: str | None = None
) -> Api:
    """Raises `SettingsError` with every problem."""
    problems: list[str] = []
    doors = {name: _door(name, scheme, protocol, where) for name, scheme in _schemes(tree).items()}
    routes = tuple(_route(tree, each, doors, where, problems) for each in _operations(tree))
    if not routes:
        problems.append(f"{where}: has no routes: expected `paths`")
    if problems:
        raise SettingsError(problems)
    return Api(
        protocol=protocol,
        api_id=API_IDS[protocol],
        stage=stage or (DEFAULT if protocol == "HTTP" else STAGE),
        routes=routes,
        cors=_cors(tree) if protocol == "HTTP" else _mocked_cors(tree),
        gateway_responses=_gateway_responses(tree.get("x-amazon-apigateway-gateway-responses") or {}),
        key_source="AUTHORIZER"
        if tree.get("x-amazon-apigateway-api-key-source") == "AUTHORIZER"
        else "HEADER",
        binary_media_types=listed(tree.get("x-amazon-apigateway-binary-media-types")),
        payload=_payload(tree),
        **place,
    )


def _schemes(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    return tree.get("components", {}).get("securitySchemes") or tree.get("securityDefinitions") or {}


def _operations(tree: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in (tree.get("paths") or {}).items():
        for name, operation in (item or {}).items():
            if isinstance(operation, Mapping) and (name in _METHODS or name == _ANY_METHOD):
                method = ANY if name == _ANY_METHOD else name.upper()
                yield ("", DEFAULT, operation) if path == f"/{DEFAULT}" else (method, path, operation)


def _route(
    tree: Mapping[str, Any],
    at: tuple[str, str, Mapping[str, Any]],
    doors: Mapping[str, Door | str],
    where: str,
    problems: list[str],
) -> Route:
    method, path, operation = at
    door: Door | None = None
    key = False
    for requirement in operation.get("security", tree.get("security", [])) or []:
        for name in requirement:
            found = doors.get(name, f"no security scheme is called {name!r}")
            if found == _KEY:
                key = True
            elif isinstance(found, str):
                problems.append(f"{where}: {method} {path}: {found}")
            else:
                door = found
    return Route(method=method, path=path, door=door, needs_key=key)


def _door(name: str, scheme: Any, protocol: Protocol, where: str) -> Door | str:
    """The authorizer; `_KEY`; or what is wrong with it, which counts where a route asks for it."""
    said = scheme.get(_AUTHORIZER) if isinstance(scheme, Mapping) else None
    if not isinstance(said, Mapping):
        key = isinstance(scheme, Mapping) and scheme.get("type") == "apiKey"
        if key and str(scheme.get("name", "")).lower() == "x-api-key":
            return _KEY
        return f"{name} is no Lambda authorizer: this gateway serves no other"
    form = str(said.get("type", "")).lower()
    if form not in ("token", "request"):
        return f"{name} is of type {form or '?'}, which is no Lambda authorizer: this gateway serves no other"
    header = f"method.request.header.{scheme.get('name', 'Authorization')}"
    kind = kind_of(
        protocol,
        token=form == "token",
        version=str(said.get("authorizerPayloadFormatVersion", "1.0")),
        simple=_true(said.get("enableSimpleResponses")),
    )
    try:
        return made_door(
            name,
            kind,
            list(listed(said.get("identitySource", header if form == "token" else ""))),
            said.get("authorizerResultTtlInSeconds"),
            where,
            expression=said.get("identityValidationExpression"),
        )
    except SettingsError as error:
        return "; ".join(error.problems)


def kind_of(protocol: Protocol, *, token: bool, version: str, simple: bool) -> Kind:
    """Which kind of authorizer is configured so."""
    if protocol == "REST":
        return REST_TOKEN if token else REST_REQUEST
    if version != "2.0":
        return HTTP_1
    return HTTP_SIMPLE if simple else HTTP_2


def made_door(
    name: str, kind: Kind, sources: list[str], ttl: object, where: str, *, expression: str | None = None
) -> Door:
    """Without a TTL a REST API repeats answers for 300 s, and an HTTP API never. Raises `SettingsError`."""
    default = 300.0 if kind.protocol == "REST" else 0.0
    try:
        seconds = default if ttl is None else float(str(ttl))
    except ValueError:
        raise SettingsError([f"{where}: {name}: the TTL {ttl!r} is no number of seconds"]) from None
    return Door(
        name=name,
        kind=kind,
        sources=tuple(read_source(text, f"{where}: {name}") for text in sources),
        ttl=seconds,
        expression=expression,
    )


def _cors(tree: Mapping[str, Any]) -> Cors:
    said = tree.get("x-amazon-apigateway-cors") or {}
    age = said.get("maxAge")
    return Cors(
        origins=listed(said.get("allowOrigins")),
        methods=listed(said.get("allowMethods")),
        headers=listed(said.get("allowHeaders")),
        exposed=listed(said.get("exposeHeaders")),
        max_age=None if age is None else int(age),
        credentials=_true(said.get("allowCredentials")),
    )


def _mocked_cors(tree: Mapping[str, Any]) -> Cors:
    """What a REST API's mock `OPTIONS` answers."""
    for method, _, operation in _operations(tree):
        integration = operation.get(_INTEGRATION) or {}
        if method == "OPTIONS" and str(integration.get("type", "")).lower() == "mock":
            for response in (integration.get("responses") or {}).values():
                headers = {
                    key.rpartition(".")[2].lower(): str(value).strip("'")
                    for key, value in (response.get("responseParameters") or {}).items()
                }
                return Cors(
                    origins=listed(headers.get("access-control-allow-origin")),
                    methods=listed(headers.get("access-control-allow-methods")),
                    headers=listed(headers.get("access-control-allow-headers")),
                )
    return Cors()


def _gateway_responses(said: Mapping[str, Any]) -> dict[str, GatewayResponse]:
    return {
        name: gateway_response(
            each.get("statusCode"),
            {
                key.removeprefix("gatewayresponse.header."): value
                for key, value in (each.get("responseParameters") or {}).items()
            },
            each.get("responseTemplates") or {},
        )
        for name, each in said.items()
    }


def gateway_response(
    status: object, headers: Mapping[str, Any], templates: Mapping[str, Any]
) -> GatewayResponse:
    return GatewayResponse(
        status=None if status is None else int(str(status)),
        headers={name: str(value) for name, value in headers.items()},
        body=templates.get("application/json"),
    )


def _payload(tree: Mapping[str, Any]) -> Any:
    said = (each.get(_INTEGRATION) or {} for _, _, each in _operations(tree))
    found = next((each["payloadFormatVersion"] for each in said if "payloadFormatVersion" in each), "2.0")
    return "1.0" if str(found) == "1.0" else "2.0"


def listed(said: object) -> tuple[str, ...]:
    """A list, or a text with commas; nothing that is empty."""
    parts = said if isinstance(said, list) else str(said or "").split(",")
    return tuple(text for part in parts if (text := str(part).strip().strip("'")))


def _true(said: object) -> bool:
    return said is True or str(said).lower() == "true"
