"""The kinds of API and authorizer that are served, and the quotas of each: literal tables.

Sources: API Gateway Developer Guide, "Quotas for configuring and running a REST API", "Quotas for configuring and
running an HTTP API", "Quotas for configuring and running a WebSocket API", "Input to an API Gateway Lambda
authorizer". What is not published is marked so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from authorizer.model import Shape

Protocol = Literal["REST", "HTTP", "WEBSOCKET"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of Lambda authorizer on one kind of API."""

    name: str
    """As the command's options say it."""
    protocol: Protocol
    shape: Shape
    """The event that the authorizer gets."""
    simple: bool = False
    """True: it answers with `isAuthorized`."""


REST_TOKEN: Final = Kind(name="rest-token", protocol="REST", shape=Shape.REST_TOKEN)
REST_REQUEST: Final = Kind(name="rest-request", protocol="REST", shape=Shape.REST_REQUEST)
HTTP_1: Final = Kind(name="http-1", protocol="HTTP", shape=Shape.HTTP_1)
HTTP_2: Final = Kind(name="http-2", protocol="HTTP", shape=Shape.HTTP_2)
HTTP_SIMPLE: Final = Kind(name="http-simple", protocol="HTTP", shape=Shape.HTTP_2, simple=True)
WEBSOCKET: Final = Kind(name="websocket", protocol="WEBSOCKET", shape=Shape.WEBSOCKET)

KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind for kind in (REST_TOKEN, REST_REQUEST, HTTP_1, HTTP_2, HTTP_SIMPLE)
}
"""Those of requests. A WebSocket API is served beside any of them, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """What the gateway itself bounds. Seconds and bytes."""

    authorizer_seconds: float
    """HTTP API: "Timeout for Lambda authorizer response". REST and WebSocket: not published; 30 s was observed."""
    integration_seconds: float
    header_bytes: int
    """Request line and headers together."""
    body_bytes: int
    arn_bytes: int = 1600
    """A longer method ARN is answered with 414 ("Output from an API Gateway Lambda authorizer")."""
    resource_characters: int = 512
    """Of a resource in the authorizer's policy (the same page)."""
    result_bytes: int = 6 * 1024 * 1024
    """Of the authorizer's answer: Lambda's own limit, but for WebSocket APIs."""
    payload_bytes: int = 6 * 1024 * 1024
    """Of a function's event, and of its answer (Lambda Developer Guide, "Lambda quotas", invocation payload)."""
    idle_seconds: float = 600
    """Of a WebSocket's connection, and its longest ("Quotas for configuring and running a WebSocket API")."""
    connection_seconds: float = 7200


QUOTAS: Final[Mapping[Protocol, Quotas]] = {
    "REST": Quotas(
        authorizer_seconds=30, integration_seconds=29, header_bytes=10_240, body_bytes=10 * 1024 * 1024
    ),
    "HTTP": Quotas(
        authorizer_seconds=10, integration_seconds=30, header_bytes=10_240, body_bytes=10 * 1024 * 1024
    ),
    "WEBSOCKET": Quotas(
        authorizer_seconds=30,
        integration_seconds=29,
        header_bytes=10_240,
        body_bytes=128 * 1024,
        result_bytes=8 * 1024,
    ),
}
