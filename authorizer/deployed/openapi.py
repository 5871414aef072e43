"""An API that is defined by an OpenAPI document: its authorizers and routes.

Source: API Gateway Developer Guide, "OpenAPI extensions to API Gateway" (`x-amazon-apigateway-authorizer`,
`…-authtype`, `…-any-method`, `…-policy`, `…-integration`); OpenAPI Specification 2.0 and 3.0, "Security
Requirement Object".
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from authorizer.deployed.apis import ApiAuthorizer, ApiKind, Integration, function_of, source_of
from authorizer.deployed.errors import DeploymentInvalid
from authorizer.deployed.found_apis import FoundRoute, mapped_of
from authorizer.deployed.gather import Gathered, truth, whole
from authorizer.deployed.names import is_open
from authorizer.deployed.tree import place_of, read_tree

AUTHORIZER: Final = "x-amazon-apigateway-authorizer"
INTEGRATION: Final = "x-amazon-apigateway-integration"
POLICY: Final = "x-amazon-apigateway-policy"
ANY: Final = "x-amazon-apigateway-any-method"
_METHODS: Final = ("get", "post", "put", "patch", "delete", "head", "options", ANY)
_REST_TTL: Final = 300


def read_body(
    body: object, api_id: str, kind: ApiKind, place: str, gathered: Gathered, *, usual: bool
) -> None:
    """The document's authorizers, routes and policy, into `gathered`. `usual`: the API has a default authorizer for
    what says nothing itself, as SAM writes it into the document."""
    if isinstance(body, str) and not is_open(body):
        try:
            body = read_tree(body, place)
        except DeploymentInvalid:
            body = None
    paths = body.get("paths") if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(paths, Mapping):
        gathered.leave("apis", place, "the API's definition could not be read")
        return
    _Body(body, api_id, kind, place, gathered, usual=usual).read(paths)


class _Body:
    def __init__(
        self,
        body: Mapping[str, Any],
        api_id: str,
        kind: ApiKind,
        place: str,
        gathered: Gathered,
        *,
        usual: bool,
    ) -> None:
        self._body, self._id, self._kind, self._place = body, api_id, kind, place
        self._gathered, self._usual = gathered, usual
        components = body.get("components")
        schemes = components.get("securitySchemes") if isinstance(components, Mapping) else None
        self._schemes: Mapping[str, Any] = next(
            (each for each in (schemes, body.get("securityDefinitions")) if isinstance(each, Mapping)), {}
        )

    def read(self, paths: Mapping[str, Any]) -> None:
        self._gathered.policy_on(f"arn:*:execute-api:*:*:{self._id}/*", self._body.get(POLICY), self._place)
        for name, scheme in self._schemes.items():
            if isinstance(scheme, Mapping) and isinstance(scheme.get(AUTHORIZER), Mapping):
                self._gathered.apis.authorizers.append(self._authorizer(name, scheme, scheme[AUTHORIZER]))
        for path, item in paths.items():
            for method, said in self._methods(item):
                self._gathered.apis.routes.append(self._route(str(path), method, said))

    def _methods(self, item: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if not isinstance(item, Mapping) or not all(
            isinstance(item[method], Mapping) for method in _METHODS if method in item
        ):
            self._gathered.leave("apis", self._place, "a path of the API's definition could not be read")
            return
        for method in _METHODS:
            if method in item:
                yield method, item[method]

    def _authorizer(self, name: str, scheme: Mapping[str, Any], said: Mapping[str, Any]) -> ApiAuthorizer:
        kind = str(said.get("type") or "").upper()
        sources, ttl = said.get("identitySource"), said.get("authorizerResultTtlInSeconds")
        header = scheme.get("name")
        found: tuple[str, ...] | None
        if kind == "TOKEN":
            found = (str(header).lower(),) if isinstance(header, str) and not is_open(header) else None
        elif isinstance(sources, str):
            found = None if is_open(sources) else tuple(map(source_of, sources.split(",")))
        else:
            found = () if sources is None else None
        usual = _REST_TTL if self._kind == "REST" else None
        payload = said.get("authorizerPayloadFormatVersion")
        return ApiAuthorizer(
            id=f"{self._id}/authorizers/{name}",
            api=self._id,
            kind=self._kind,
            place=place_of(scheme, self._place),
            type=kind,
            function=function_of(said.get("authorizerUri")),
            identity_sources=found,
            ttl=usual if ttl is None else whole(ttl),
            payload=None if payload is None else str(payload),
            simple=truth(said.get("enableSimpleResponses")),
            expression=said.get("identityValidationExpression"),
        )

    def _route(self, path: str, method: str, said: Mapping[str, Any]) -> FoundRoute:
        """What several security requirements say, the gateway takes one of: only one by itself is known."""
        security = said.get("security", self._body.get("security"))
        authorization, authorizer = ("NONE" if security in (None, []) else None), None
        if isinstance(security, list) and len(security) == 1 and isinstance(security[0], Mapping):
            (names,) = (tuple(security[0]),)
            authorization, authorizer = self._by(names) if len(names) == 1 else (None, None)
        integration = said.get(INTEGRATION)
        is_default = path in ("/$default", "$default")
        return FoundRoute(
            api=self._id,
            place=place_of(said, self._place),
            method="" if is_default else "ANY" if method == ANY else method.upper(),
            path="$default" if is_default else path,
            authorization=authorization,
            authorizer=authorizer,
            usual=self._usual and security is None,
            integration=_integration(integration, self._place)
            if isinstance(integration, Mapping)
            else str(integration or ""),
        )

    def _by(self, names: tuple[str, ...]) -> tuple[str | None, str | None]:
        scheme = self._schemes.get(names[0])
        if isinstance(scheme, Mapping) and AUTHORIZER in scheme:
            return "CUSTOM", f"{self._id}/authorizers/{names[0]}"
        if isinstance(scheme, Mapping) and scheme.get("x-amazon-apigateway-authtype") == "awsSigv4":
            return "AWS_IAM", None
        # An API key, or OAuth2 as documentation: the gateway asks nobody.
        return ("NONE", None) if isinstance(scheme, Mapping) else (None, None)


def _integration(said: Mapping[str, Any], place: str) -> Integration:
    uri = said.get("uri")
    mapped, unread = mapped_of(said.get("requestParameters"), said.get("requestTemplates"))
    return Integration(
        type=str(said.get("type") or "").upper(),
        uri=uri if isinstance(uri, str) else "",
        function=function_of(uri),
        mapped=mapped,
        place=place_of(said, place),
        unread=unread,
    )
