"""APIs as they are deployed: their routes, their authorizers, what stands behind a route, and what is logged.

Frozen values, whatever file said so. A text that a file leaves open holds a stand-in (`Names`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

ApiKind: TypeAlias = Literal["REST", "HTTP", "WEBSOCKET"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One API."""

    id: str
    kind: ApiKind
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAuthorizer:
    """An authorizer of an API, whatever it asks."""

    id: str
    api: str
    kind: ApiKind
    place: str
    type: str
    """`TOKEN`, `REQUEST`, `JWT`, `COGNITO_USER_POOLS`."""
    function: str | None
    """ARN of the function that it asks, without version and alias; None where it asks none, or that is open."""
    identity_sources: tuple[str, ...] | None
    """As `[gateway]` of access.toml has them: `authorization`, `query:token`, `$context.routeKey`. None: open."""
    ttl: int | None
    """Seconds for which an answer is repeated; None where the files leave it open."""
    payload: str | None = None
    """Of an HTTP API: `1.0` or `2.0`."""
    simple: bool | None = False
    """Of an HTTP API, whether it takes simple responses; None where that is open."""
    expression: str | None = None
    """Of a TOKEN authorizer: what a token must match to get to the function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """What stands behind a route."""

    type: str
    """`AWS_PROXY`, `HTTP_PROXY`, `HTTP`, `AWS`, `MOCK`; empty where the files leave it open."""
    uri: str
    function: str | None
    """ARN of the function that it is, without version and alias."""
    mapped: Mapping[str, str]
    """What of a request is set, and to what, as the file writes both."""
    place: str
    unread: tuple[str, ...] = ()
    """What else it maps, and could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoute:
    """One route of an API."""

    api: str
    method: str
    """Empty for `$connect`, `$default` and the other routes of a WebSocket API."""
    path: str
    place: str
    authorization: str | None
    """`NONE`, `CUSTOM`, `AWS_IAM`, `JWT`, `COGNITO_USER_POOLS`; None where the files leave it open."""
    authorizer: str | None
    """The authorizer's id."""
    integration: Integration | None
    elsewhere: str = ""
    """The integration that it names, where that is in no file."""

    @property
    def entry(self) -> str:
        """As a person writes it."""
        return f"{self.method} {self.path}".lstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiStage:
    """What a stage of an API logs."""

    api: str
    place: str
    traces: bool
    """Whether data tracing logs whole requests, and what authorizers answer."""
    log_format: str


def source_of(text: str) -> str:
    """An identity source as `[gateway]` of access.toml has it, from what REST, HTTP or WebSocket APIs write.

    Source: API Gateway Developer Guide, "Configure a Lambda authorizer", "Identity sources for HTTP APIs".
    """
    text = text.strip().removeprefix("$")
    for beginning in ("method.request.", "route.request.", "request."):
        if text.startswith(f"{beginning}header."):
            return text.removeprefix(f"{beginning}header.").lower()
        if text.startswith(f"{beginning}querystring."):
            return f"query:{text.removeprefix(f'{beginning}querystring.')}"
    return f"${text}"


def function_of(uri: object) -> str | None:
    """The function of an ARN or of an invocation's URI, without version and alias; None where there is none."""
    text = uri if isinstance(uri, str) else ""
    text = text.partition("/functions/")[2].removesuffix("/invocations") or text
    fields = text.split(":")
    return ":".join(fields[:7]) if len(fields) >= 7 and fields[2] == "lambda" else None
