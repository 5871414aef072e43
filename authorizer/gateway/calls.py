"""A call of the API itself → `Request`: what a Lambda integration is given, by a table with one row a shape.

For the one route behind the authorizer that this project serves itself: `GET /credentials` (`authorizer.own`). Of the
event it believes what API Gateway writes, the route and the caller's address, and takes the token from where every
client puts it. What an authorizer has said of the caller is not read: the token is verified again, so that this holds
behind any authorizer, and behind none.
"""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import NamedTuple

from authorizer.errors import EventUnknown
from authorizer.gateway.parse import HEADERS, Event, bearer, requested_role, token_value
from authorizer.model import Request, RouteArn, Shape
from authorizer.settings.schema import Settings
from authorizer.syntax.kinds import kind_of

AUTHORIZATION = "authorization"
"""The one place of the token. One in the query would stand in logs and histories, and a cookie is sent by any page."""
ORIGIN = "origin"


class Row(NamedTuple):
    """How one shape is told from the others, and where it keeps what a `Request` holds."""

    shape: Shape
    version: str | None
    route: Callable[[Mapping[str, object]], object]
    """Method and path of the route as configured, from `requestContext`: `GET /credentials`."""
    address: Callable[[Mapping[str, object]], object]


class Call(NamedTuple):
    """What is asked, and by whose page."""

    method: str
    path: str
    origin: str | None
    """The header `Origin`. A browser sends one; several are no page's, and so is what they are joined to here."""
    event: Event
    row: Row
    context: Mapping[str, object]


def call_of(event: object) -> Call:
    """What can be said of an integration's event before anybody is asked who is there. Raises `EventUnknown`."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(context, dict) or "type" in event:
        raise EventUnknown(
            f"the event is none of a Lambda integration: expected one with `requestContext`, found {kind_of(event)}"
        )
    version = event.get("version")
    row = next((row for row in SHAPES if row.version == version), None)
    key = row.route(context) if row else None
    method, _, path = key.partition(" ") if isinstance(key, str) else ("", "", "")
    if row is None or not method or not path.startswith("/"):
        raise EventUnknown(
            "the event tells no route of an API: expected a Lambda proxy integration of a REST API or an HTTP API, "
            "on a route of its own such as `GET /credentials`"
        )
    origins = HEADERS(event, frozenset((ORIGIN,))).get(ORIGIN, ())
    origin = ", ".join(origins) if origins else None
    return Call(method=method, path=path, origin=origin, event=event, row=row, context=context)


def request_of(call: Call, settings: Settings) -> Request:
    """Who asks. Raises an `Unauthorized` as the authorizer does, and `EventUnknown` where the event does not tell the
    caller's address and `callers.same_address` needs it."""
    role_header = settings.resolution.role_header
    wanted = {AUTHORIZATION, *filter(None, (role_header,))}
    headers = HEADERS(call.event, frozenset(wanted))
    _, token = token_value((("header", AUTHORIZATION),), headers, {})
    context = call.context
    request_id = context.get("requestId")
    return Request(
        shape=call.row.shape,
        route=RouteArn(
            partition="aws",
            region="",
            account_id=_text(context, "accountId"),
            api_id=_text(context, "apiId"),
            stage=_text(context, "stage"),
            method=call.method,
            path=call.path,
        ),
        route_key=None,
        token=bearer(token),
        requested_role=requested_role(headers, role_header),
        request_id=request_id if isinstance(request_id, str) else None,
        simple_response=False,
        address=_address(call) if settings.callers.same_address else None,
        origin=call.origin,
    )


def _text(context: Mapping[str, object], key: str) -> str:
    value = context.get(key)
    if not isinstance(value, str):
        raise EventUnknown(f"`requestContext.{key}` of the event is no text: found {kind_of(value)}")
    return value


def _address(call: Call) -> str:
    """As IAM writes it, so that nothing but an address can reach a policy."""
    said = call.row.address(call.context)
    try:
        return str(ip_address(said if isinstance(said, str) else ""))
    except ValueError:
        raise EventUnknown(
            "the event does not tell the caller's address, and callers.same_address needs it: expected an IP address "
            f"in `requestContext`, found {kind_of(said)}"
        ) from None


def _inside(context: Mapping[str, object], key: str, name: str) -> object:
    inner = context.get(key)
    return inner.get(name) if isinstance(inner, dict) else None


def _rest_route(context: Mapping[str, object]) -> object:
    return f"{context.get('httpMethod')} {context.get('resourcePath')}"


SHAPES = (
    # API Gateway Developer Guide, "Input format of a Lambda function for proxy integration", "Create AWS Lambda proxy
    # integrations for HTTP APIs".
    Row(Shape.REST_REQUEST, None, _rest_route, lambda c: _inside(c, "identity", "sourceIp")),
    Row(Shape.HTTP_1, "1.0", _rest_route, lambda c: _inside(c, "identity", "sourceIp")),
    Row(Shape.HTTP_2, "2.0", lambda c: c.get("routeKey"), lambda c: _inside(c, "http", "sourceIp")),
)
