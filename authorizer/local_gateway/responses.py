"""What the gateway answers by itself: a row for each reason, a column for each kind of API.

Sources: API Gateway Developer Guide, "Gateway response types for API Gateway" (REST: types and statuses), "Set up
gateway responses to customize error responses"; "Control access to HTTP APIs with AWS Lambda authorizers"; bodies and
`x-amzn-ErrorType` as they were observed: no page lists them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from authorizer.local_gateway.api import Api, GatewayResponse
from authorizer.local_gateway.incoming import Incoming


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer on its way to the client."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One reason. Status and message of each kind of API."""

    rest: tuple[int, str | None]
    error: str
    """`x-amzn-ErrorType`, REST alone."""
    http: tuple[int, str]
    member: str = "message"


ROWS: Final[Mapping[str, Row]] = {
    "UNAUTHORIZED": Row(
        rest=(401, "Unauthorized"), error="UnauthorizedException", http=(401, "Unauthorized")
    ),
    "ACCESS_DENIED": Row(
        rest=(403, "User is not authorized to access this resource"),
        error="AccessDeniedException",
        http=(403, "Forbidden"),
        member="Message",
    ),
    "AUTHORIZER_FAILURE": Row(
        rest=(500, None), error="AuthorizerFailureException", http=(500, "Internal Server Error")
    ),
    "AUTHORIZER_CONFIGURATION_ERROR": Row(
        rest=(500, None), error="AuthorizerConfigurationException", http=(500, "Internal Server Error")
    ),
    "INVALID_API_KEY": Row(rest=(403, "Forbidden"), error="ForbiddenException", http=(403, "Forbidden")),
    "MISSING_AUTHENTICATION_TOKEN": Row(
        rest=(403, "Missing Authentication Token"),
        error="MissingAuthenticationTokenException",
        http=(404, "Not Found"),
    ),
    "REQUEST_TOO_LARGE": Row(
        rest=(413, "Request Too Long"),
        error="RequestTooLargeException",
        http=(413, "Request Entity Too Large"),
    ),
    "HEADERS_TOO_LARGE": Row(
        rest=(431, "Request Header Fields Too Large"),
        error="RequestTooLargeException",
        http=(431, "Request Header Fields Too Large"),
    ),
    "URI_TOO_LONG": Row(
        rest=(414, "Request URI too long"),
        error="RequestTooLargeException",
        http=(414, "Request URI too long"),
    ),
    "INTEGRATION_TIMEOUT": Row(
        rest=(504, "Endpoint request timed out"),
        error="InternalServerErrorException",
        http=(503, "Service Unavailable"),
    ),
    "INTEGRATION_FAILURE": Row(
        rest=(504, "Network error communicating with endpoint"),
        error="InternalServerErrorException",
        http=(503, "Service Unavailable"),
    ),
    "BAD_GATEWAY": Row(
        rest=(502, "Internal server error"),
        error="InternalServerErrorException",
        http=(500, "Internal Server Error"),
    ),
}
"""`HEADERS_TOO_LARGE`, `URI_TOO_LONG` and `BAD_GATEWAY` are no types of AWS's: REST APIs answer them by the two
defaults."""
_VARIABLE: Final = re.compile(r"\$context\.([A-Za-z][A-Za-z0-9_.]*)|\$\{context\.([A-Za-z][A-Za-z0-9_.]*)\}")


def gateway_reply(
    reason: str,
    api: Api,
    incoming: Incoming,
    *,
    explicit: bool = False,
    context: Mapping[str, str] | None = None,
) -> Reply:
    """The answer for one reason. `context` is the authorizer's, for a REST API's own words."""
    row = ROWS[reason]
    if api.protocol == "HTTP":
        status, message = row.http
        return _json(status, {"message": message}, request_headers(api, incoming))
    status, text = row.rest
    if text is not None and explicit:
        text += " with an explicit deny"
    headers = (*request_headers(api, incoming), ("x-amzn-ErrorType", row.error))
    if api.protocol == "WEBSOCKET":
        said = {"message": text or "Internal server error", "requestId": incoming.extended_id}
        return _json(status, said, headers)
    own = api.gateway_responses.get(reason) or _default(api, status)
    if own is None:
        return _json(status, {row.member: text}, headers)
    return _worded(
        own, status, {row.member: text}, headers, _variables(reason, text, api, incoming, context or {})
    )


def request_headers(api: Api, incoming: Incoming) -> tuple[tuple[str, str], ...]:
    """By which a request is found again."""
    if api.protocol == "HTTP":
        return (("Apigw-Requestid", incoming.extended_id),)
    return (("x-amzn-RequestId", incoming.request_id), ("x-amz-apigw-id", incoming.extended_id))


def _json(status: int, body: Mapping[str, object], headers: tuple[tuple[str, str], ...]) -> Reply:
    return Reply(
        status=status,
        headers=(("Content-Type", "application/json"), *headers),
        body=json.dumps(body, separators=(",", ":")).encode(),
    )


def _default(api: Api, status: int) -> GatewayResponse | None:
    return api.gateway_responses.get("DEFAULT_4XX" if status < 500 else "DEFAULT_5XX")


def _worded(
    own: GatewayResponse,
    status: int,
    said: Mapping[str, object],
    headers: tuple[tuple[str, str], ...],
    variables: Mapping[str, str],
) -> Reply:
    def fill(template: str) -> str:
        return _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], ""), template)

    more = tuple(
        (name, value[1:-1] if value.startswith("'") else fill(f"${value}" if value[0] != "$" else value))
        for name, value in own.headers.items()
        if value
    )
    body = json.dumps(said, separators=(",", ":")) if own.body is None else fill(own.body)
    shown = tuple((name, value) for name, value in more if _may_stand(value))
    return Reply(
        status=own.status or status,
        headers=(("Content-Type", "application/json"), *headers, *shown),
        body=body.encode(),
    )


def _may_stand(value: str) -> bool:
    """Whether a header may have it: what a variable stands for may be a stranger's."""
    return bool(value) and value.isprintable()


def _variables(
    reason: str, text: str | None, api: Api, incoming: Incoming, context: Mapping[str, str]
) -> dict[str, str]:
    """Simple replacement, as in a gateway response's templates; what is not known is left out."""
    return {
        "error.message": text or "",
        "error.messageString": json.dumps(text),
        "error.responseType": reason,
        "requestId": incoming.request_id,
        "extendedRequestId": incoming.extended_id,
        "stage": api.stage,
        "apiId": api.api_id,
        "path": incoming.path,
        "httpMethod": incoming.method,
        **{f"authorizer.{name}": value for name, value in context.items()},
    }


def preflight_reply(api: Api, incoming: Incoming) -> Reply | None:
    """The HTTP API's own answer to a CORS preflight, before any route and any authorizer ("Configure CORS for HTTP
    APIs"); a REST API's mock `OPTIONS` says the same. None where the API has no CORS, or the request is none."""
    asked = incoming.header("access-control-request-method")
    origin = incoming.header("origin")
    if not api.cors.origins or incoming.method != "OPTIONS" or asked is None or origin is None:
        return None
    headers = [*request_headers(api, incoming), *cors_headers(api, incoming)]
    if api.cors.allows(origin):
        headers += [("Access-Control-Allow-Methods", ",".join(api.cors.methods))] * bool(api.cors.methods)
        headers += [("Access-Control-Allow-Headers", ",".join(api.cors.headers))] * bool(api.cors.headers)
        if api.cors.max_age is not None:
            headers.append(("Access-Control-Max-Age", str(api.cors.max_age)))
    return Reply(status=204 if api.protocol == "HTTP" else 200, headers=tuple(headers))


def cors_headers(api: Api, incoming: Incoming) -> tuple[tuple[str, str], ...]:
    """What an HTTP API puts on every answer to a page; it overwrites the backend's own."""
    origin = incoming.header("origin")
    if origin is None or not api.cors.origins or not api.cors.allows(origin):
        return ()
    said = "*" if "*" in api.cors.origins else origin
    headers = [("Access-Control-Allow-Origin", said)]
    headers += [("Access-Control-Allow-Credentials", "true")] * api.cors.credentials
    headers += [("Access-Control-Expose-Headers", ",".join(api.cors.exposed))] * bool(api.cors.exposed)
    return tuple(headers)
