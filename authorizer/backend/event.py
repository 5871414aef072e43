"""Where an authorizer's context stands in what a backend gets: one row for each event shape, and one for headers."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from authorizer.errors import CredentialsAbsent
from authorizer.syntax.kinds import kind_of

HEADERS: Final = {
    "credentials": "x-vended-credentials",
    "accessKeyId": "x-vended-access-key-id",
    "secretAccessKey": "x-vended-secret-access-key",
    "sessionToken": "x-vended-session-token",
    "expiration": "x-vended-expiration",
    "roleArn": "x-vended-role-arn",
    "sub": "x-vended-sub",
}
"""Context field → header, for the parameter mapping of an HTTP integration. `x-amz-*` cannot be mapped (API
Gateway Developer Guide, "Transform API requests and responses for HTTP APIs", Reserved headers)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What an authorizer handed over, and what this backend knows of itself."""

    fields: Mapping[str, str] = field(repr=False)
    audience: str
    """`API_ID/STAGE`."""
    principal: str | None
    """`sub` beside the credentials. None: the way here carries none."""
    connection_id: str | None = None
    """The WebSocket's connection."""


def _lambda_fields(context: Mapping[str, Any]) -> Any:
    """HTTP API, payload 2.0: `requestContext.authorizer.lambda`."""
    return context["authorizer"].get("lambda")


def _flat_fields(context: Mapping[str, Any]) -> Any:
    """REST, WebSocket and HTTP API payload 1.0: `requestContext.authorizer` itself."""
    return context["authorizer"]


FIELDS: Final[Mapping[str | None, Callable[[Mapping[str, Any]], Any]]] = {
    "2.0": _lambda_fields,
    "1.0": _flat_fields,
    None: _flat_fields,
}
"""By the event's `version`. REST and WebSocket events have none."""


def context_of_event(event: Mapping[str, Any]) -> Context:
    """The authorizer's context in a Lambda integration's event. Raises `CredentialsAbsent`.

    Only `requestContext` is read: API Gateway writes it, while headers are whatever the caller sent.
    """
    try:
        request_context = event["requestContext"]
        fields = FIELDS[event.get("version")](request_context)
        audience = f"{request_context['apiId']}/{request_context['stage']}"
        connection_id = request_context.get("connectionId")
    except (AttributeError, KeyError, TypeError):
        raise CredentialsAbsent(
            "the event has no `requestContext.authorizer`: is it an API Gateway event, of a route with the "
            "authorizer?"
        ) from None
    if not isinstance(fields, Mapping):
        raise CredentialsAbsent(
            f"the event's `requestContext.authorizer` is not of a Lambda authorizer: found {kind_of(fields)}; behind "
            "API Gateway's own, call `assume`"
        )
    texts = {name: value for name, value in fields.items() if isinstance(value, str)}
    if not texts.get("sub"):
        raise CredentialsAbsent(
            "the authorizer's context has no `sub`: it is of another authorizer; attach this project's to the route"
        )
    return Context(
        fields=texts,
        audience=audience,
        principal=texts["sub"],
        connection_id=connection_id if isinstance(connection_id, str) else None,
    )


Headers = Mapping[str, Any] | Iterable[tuple[Any, Any]]
"""A server's headers: anything with `items()`, or pairs of name and value. Each is text or bytes; a value may be a
list."""


def context_of_headers(headers: Headers, audience: str) -> Context:
    """The same of an HTTP integration's headers, whatever their case. Raises `CredentialsAbsent`.

    Hand over what the server itself holds: every pair counts, and a `dict()` made of it may already have dropped one.
    """
    by_header = {header: name for name, header in HEADERS.items()}
    fields: dict[str, str] = {}
    for header, value in _pairs(headers):
        # WSGI writes `_` for `-`, so that a caller's `X_Vended_Sub` would be the gateway's header there.
        name = by_header.get(header.lower().replace("_", "-"))
        if name is None:
            continue
        if name in fields or ("," in value and name != "sub"):
            # Two values: the mapping appends, and one of them is the caller's own.
            raise CredentialsAbsent(f"the header `{HEADERS[name]}` comes twice: map it with `overwrite:`")
        fields[name] = value
    # Of all these only a `sub` may itself have a comma: `uid=ada,ou=people`. The seal knows the whole of it, and opens
    # for nothing else; in the clear nothing tells it from a caller's own before the gateway's.
    if "," in fields.get("sub", "") and "credentials" not in fields:
        raise CredentialsAbsent(
            f"the header `{HEADERS['sub']}` comes twice: map it with `overwrite:`; or the `sub` has a comma: then seal "
            'the credentials (`[session] context = "sealed"`), since in the clear the two are the same'
        )
    return Context(fields=fields, audience=audience, principal=fields.get("sub"))


def _pairs(headers: Headers) -> Iterator[tuple[str, str]]:
    """Every pair, as `http.server`, WSGI and ASGI servers, and the frameworks on them, keep their headers."""
    for name, values in headers.items() if hasattr(headers, "items") else headers:
        for value in values if isinstance(values, list | tuple) else (values,):
            yield _text(name), _text(value)


def _text(part: object) -> str:
    return part.decode("latin-1") if isinstance(part, bytes) else str(part)  # RFC 9110 §5.5
