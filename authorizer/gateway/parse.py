"""Event → `Request`, by a table with one row a shape."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from authorizer.errors import EventUnknown, SchemeRefused, TokenAmbiguous, TokenMissing
from authorizer.gateway.arns import parse_route_arn
from authorizer.model import Request, Shape
from authorizer.settings.schema import Settings

Event = Mapping[str, object]
Values = Mapping[str, tuple[str, ...]]
"""Header or query parameter → every value the client sent; header names in lower case."""

_BEARER = "bearer"


class Row(NamedTuple):
    """How one shape is told from the others, and where it keeps what a `Request` holds."""

    shape: Shape
    recognises: Callable[[Event], bool]
    arn: str
    headers: Callable[[Event], Values]
    query: Callable[[Event], Values]
    route_key: Callable[[Event], object]


def parse(event: object, settings: Settings) -> Request:
    """What API Gateway asks, whatever the kind of API.

    Raises `EventUnknown` where the event is none of the five shapes, and an `Unauthorized` where it carries no token,
    several tokens, or a token in another scheme than Bearer. The body of a request never reaches an authorizer.
    """
    if not isinstance(event, Mapping):
        raise EventUnknown("the event is no JSON object")
    for row in SHAPES:
        if row.recognises(event):
            break
    else:
        raise EventUnknown(
            "the event has none of the five shapes of an API Gateway authorizer: expected `type` TOKEN or REQUEST"
        )
    route = parse_route_arn(event.get(row.arn), websocket=row.shape is Shape.WEBSOCKET)
    headers = row.headers(event)
    route_key = row.route_key(event)
    return Request(
        shape=row.shape,
        route=route,
        route_key=route_key if isinstance(route_key, str) else None,
        token=_token(row.shape, headers, row.query(event), settings.gateway.token_sources),
        requested_role=_requested_role(headers, settings.resolution.role_header),
        request_id=_request_id(event),
        simple_response=row.shape is Shape.HTTP_2 and settings.gateway.response == "simple",
    )


def _token(shape: Shape, headers: Values, query: Values, sources: Sequence[str]) -> str:
    """The one token of the request. Two places that could hold one, both filled, are refused: a proxy in front and
    this function might pick different ones."""
    found = []
    for source in sources:
        place, _, name = source.partition(":")
        values = (headers if place == "header" else query).get(name, ())
        # Blank is what HTTP trims (RFC 9110 §5.5), no more: what the gateway's cache takes for a value counts as one.
        found += [(place, value) for value in values if value.strip(" \t")]
    if shape is Shape.REST_TOKEN:
        found = [("header", value) for value in headers.get("authorizationtoken", ()) if value.strip(" \t")]
    if not found:
        raise TokenMissing(f"the request carries no token: expected one in {', '.join(sources)}")
    if len(found) > 1:
        raise TokenAmbiguous("the request carries several tokens: expected exactly one")
    [(place, value)] = found
    if place == "query":
        return value
    return _bearer(value)


def _bearer(value: str) -> str:
    """The token of `Bearer <token>` (RFC 6750 §2.1; the scheme's case does not matter, RFC 9110 §11.1)."""
    scheme, _, rest = value.strip(" ").partition(" ")
    if scheme.lower() != _BEARER:
        raise SchemeRefused("the header that carries the token has another scheme: expected `Bearer <token>`")
    token = rest.strip(" ")
    if not token:
        raise TokenMissing("nothing follows `Bearer`: expected a token")
    if " " in token or "," in token:
        # HTTP APIs join repeated headers with a comma, so this may be two headers that became one.
        raise TokenAmbiguous("more than one value follows `Bearer`: expected exactly one token")
    return token


def _requested_role(headers: Values, header: str | None) -> str | None:
    values = headers.get(header, ()) if header else ()
    if not values:
        return None
    # Several values can never all be the one role: the resolution refuses what no role is called.
    return values[0] if len(values) == 1 else ", ".join(values)


def _request_id(event: Event) -> str | None:
    context = event.get("requestContext")
    value = context.get("requestId") if isinstance(context, Mapping) else None
    return value if isinstance(value, str) else None


def _merged(single: str, multiple: str, *, lower: bool) -> Callable[[Event], Values]:
    """A reader of REST's pair of maps: the multi-value map tells all, the single-value map only the last."""

    def read(event: Event) -> Values:
        found: dict[str, tuple[str, ...]] = {}
        many = event.get(multiple)
        one = event.get(single)
        for name, values in many.items() if isinstance(many, Mapping) else ():
            if isinstance(values, list):
                key = name.lower() if lower else name
                found[key] = (*found.get(key, ()), *(value for value in values if isinstance(value, str)))
        seen: dict[str, tuple[str, ...]] = {}
        for name, value in one.items() if isinstance(one, Mapping) else ():
            if isinstance(value, str):
                key = name.lower() if lower else name
                seen[key] = (*seen.get(key, ()), value)
        for key, values in seen.items():
            # A name in one map and not in the other, or spelt in two ways, still counts: nothing is overlooked.
            if not set(values) <= set(found.get(key, ())):
                found[key] = (*found.get(key, ()), *values)
        return found

    return read


def _token_header(event: Event) -> Values:
    value = event.get("authorizationToken")
    return {"authorizationtoken": (value,)} if isinstance(value, str) else {}


def _nothing(_: Event) -> Values:
    return {}


def _no_key(_: Event) -> object:
    return None


def _context(event: Event, key: str) -> object:
    context = event.get("requestContext")
    return context.get(key) if isinstance(context, Mapping) else None


_HEADERS = _merged("headers", "multiValueHeaders", lower=True)
_QUERY = _merged("queryStringParameters", "multiValueQueryStringParameters", lower=False)

SHAPES: tuple[Row, ...] = (
    # The first row that recognises the event has it. AWS sends no discriminator; these are the differences between
    # its documented samples (API Gateway Developer Guide, "Input to an API Gateway Lambda authorizer", "Control access
    # to HTTP APIs with Lambda authorizers", "Control access to WebSocket APIs with REQUEST authorizers").
    Row(Shape.REST_TOKEN, lambda e: e.get("type") == "TOKEN", "methodArn", _token_header, _nothing, _no_key),
    Row(
        Shape.HTTP_2,
        lambda e: e.get("type") == "REQUEST" and e.get("version") == "2.0",
        "routeArn",
        _HEADERS,
        _QUERY,
        lambda e: e.get("routeKey"),
    ),
    Row(
        Shape.HTTP_1,
        lambda e: e.get("type") == "REQUEST" and e.get("version") == "1.0",
        "methodArn",
        _HEADERS,
        _QUERY,
        _no_key,
    ),
    Row(
        Shape.WEBSOCKET,
        lambda e: e.get("type") == "REQUEST" and "version" not in e and _context(e, "eventType") == "CONNECT",
        "methodArn",
        _HEADERS,
        _QUERY,
        lambda e: _context(e, "routeKey"),
    ),
    Row(
        Shape.REST_REQUEST,
        lambda e: e.get("type") == "REQUEST" and "version" not in e and _context(e, "connectionId") is None,
        "methodArn",
        _HEADERS,
        _QUERY,
        _no_key,
    ),
)
