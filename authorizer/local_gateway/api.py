"""An API as API Gateway has one: its routes, the authorizer of each, and what it answers by itself. Frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from authorizer.local_gateway.kinds import Kind, Protocol

ANY = "ANY"
DEFAULT = "$default"
CONNECT = "$connect"
DISCONNECT = "$disconnect"
MANAGED = (CONNECT, DISCONNECT)
"""Routes of a WebSocket API that no message takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One identity source."""

    place: Literal["header", "querystring", "context", "stageVariables"]
    name: str
    """Lower-case for a header; a query parameter's has its case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An authorizer as the API is configured with it. Its name tells its part of the cache from others'."""

    name: str
    kind: Kind
    sources: tuple[Source, ...]
    ttl: float
    """Seconds for which an answer is repeated; 0: never."""
    expression: str | None = None
    """`identityValidationExpression` of a TOKEN authorizer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`method` and `path` as configured: `GET`, `/files/{proxy+}`. A WebSocket's have no method."""

    method: str
    path: str
    door: Door | None
    """None: open to everybody, as its owner configured it."""
    needs_key: bool = False
    """Whether an API key of a usage plan is asked for. REST alone."""

    @property
    def key(self) -> str:
        """The route key: `GET /files/{proxy+}`, `$default`."""
        return f"{self.method} {self.path}".lstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """What the gateway answers to a preflight by itself."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age: int | None = None
    credentials: bool = False

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may call: by name, by `*`, or by a form such as `https://*`."""
        return any(
            known in ("*", origin) or (known.endswith("://*") and origin.startswith(known[:-1]))
            for known in self.origins
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayResponse:
    """A REST API's own words for one of its answers. Templates hold `$context` variables."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One API and its stage."""

    protocol: Protocol
    api_id: str
    stage: str
    region: str
    account: str
    partition: str
    routes: tuple[Route, ...]
    cors: Cors = Cors()
    gateway_responses: Mapping[str, GatewayResponse] = field(default_factory=dict)
    """By type, such as `UNAUTHORIZED` or `DEFAULT_4XX`."""
    stage_variables: Mapping[str, str] = field(default_factory=dict)
    key_source: Literal["HEADER", "AUTHORIZER"] = "HEADER"
    """Where an API key is read from, on routes that need one."""
    binary_media_types: tuple[str, ...] = ()
    """REST: the bodies that are base64 for a function; all others are text, in both directions."""
    payload: Literal["1.0", "2.0"] = "2.0"
    """Of what a function behind an HTTP API gets."""
    selection: str = "$request.body.action"
    """A WebSocket API's `routeSelectionExpression`."""

    @property
    def stage_arn(self) -> str:
        return f"arn:{self.partition}:execute-api:{self.region}:{self.account}:{self.api_id}/{self.stage}"

    @property
    def domain(self) -> str:
        return f"{self.api_id}.execute-api.{self.region}.amazonaws.com"

    def is_binary(self, media_types: str | None) -> bool:
        """Whether a body of this `Content-Type`, or for the first type of this `Accept`, is (API Gateway Developer
        Guide, "Return binary media from a Lambda proxy integration")."""
        first = (media_types or "").split(",")[0].split(";")[0].strip().lower()
        return any(known in ("*/*", first) for known in self.binary_media_types)

    def arn(self, method: str, path: str) -> str:
        """Of a request: `…/live/GET/files/a`; of a WebSocket's connection `…/live/$connect`."""
        return f"{self.stage_arn}/{method}{path}" if method else f"{self.stage_arn}/{path}"
