"""Event → `Request`, by a table with one row a shape."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from authorizer.errors import (
    EventUnknown,
    RequestedRoleAmbiguous,
    SchemeRefused,
    TokenAmbiguous,
    TokenMissing,
)
from authorizer.gateway.arns import parse_route_arn
from authorizer.gateway.keyed import CACHED, check_keyed
from authorizer.memory import FEW, remembered
from authorizer.model import Request, Shape
from authorizer.settings.schema import Settings
from authorizer.syntax.kinds import kind_of

Event = Mapping[str, object]
Values = Mapping[str, tuple[str, ...]]
"""Header or query parameter → every value the client sent; header names in lower case."""

TOKEN_FIELD = "authorizationToken"
"""Where a REST API's TOKEN authorizer finds the value of the one header that it is configured with."""
_BEARER = "bearer"


class Row(NamedTuple):
    """How one shape is told from the others, and where it keeps what a `Request` holds."""

    shape: Shape
    recognises: Callable[[Event], bool]
    arn: str
    headers: Callable[[Event, frozenset[str]], Values]
    """Those of the given names, of however many a client sent."""
    query: Callable[[Event, frozenset[str]], Values]
    route_key: Callable[[Event], object]


def parse(event: object, settings: Settings) -> Request:
    """What API Gateway asks, whatever the kind of API.

    Raises `EventUnknown` where the event is none of the five shapes, an `Unauthorized` where it carries no token,
    several tokens, a token in another scheme than Bearer, or several requested roles, and `GatewayMismatch` where it
    shows that the gateway's cache is not keyed as `[gateway]` says. The body of a request never reaches an authorizer.
    """
    if not isinstance(event, dict):
        raise EventUnknown(
            f"the event is no JSON object: expected one of API Gateway's, found {kind_of(event)}"
        )
    for row in SHAPES:
        if row.recognises(event):
            break
    else:
        raise EventUnknown(
            "the event has none of the five shapes of an API Gateway authorizer: expected the `type` TOKEN, or REQUEST "
            'with the `version` "1.0" or "2.0" or none; events/ has a sample of each'
        )
    route = parse_route_arn(event.get(row.arn), websocket=row.shape is Shape.WEBSOCKET)
    places, header_names, query_names = _wanted(settings)
    headers = row.headers(event, header_names)
    route_key = row.route_key(event)
    role_header = settings.resolution.role_header
    place, token = token_value(places[row.shape], headers, row.query(event, query_names))
    role = requested_role(headers, role_header)
    request = Request(
        shape=row.shape,
        route=route,
        route_key=route_key if isinstance(route_key, str) else None,
        token=token if place == "query" else bearer(token),
        requested_role=role,
        request_id=_text_of(_context(event, "requestId")),
        connection_id=_text_of(_context(event, "connectionId")) if row.shape is Shape.WEBSOCKET else None,
        simple_response=row.shape is Shape.HTTP_2 and settings.gateway.response == "simple",
    )
    if settings.gateway.result_ttl and row.shape in CACHED:
        check_keyed(
            row.shape,
            f"API {route.api_id}, stage {route.stage}",
            event.get("identitySource"),
            token=token,
            role=role,
            role_header=role_header,
        )
    return request


Places = tuple[tuple[str, str], ...]
"""`header` or `query`, and a name."""


@remembered(FEW)
def _wanted(settings: Settings) -> tuple[Mapping[Shape, Places], frozenset[str], frozenset[str]]:
    """Where a token may stand, by shape, and the names of all headers and query parameters that are read at all."""
    gateway = settings.gateway
    configured = _places(gateway.token_sources)
    places = dict.fromkeys(Shape, configured) | {Shape.REST_TOKEN: (("header", TOKEN_FIELD),)}
    if gateway.result_ttl:
        # A token elsewhere would be invisible to the cache: the answer would come to depend on more than its key.
        places |= dict.fromkeys(CACHED, _places(gateway.keyed_token_sources))
    headers = {name for place, name in configured if place == "header"}
    role_header = settings.resolution.role_header
    return (
        places,
        frozenset(headers | ({role_header} if role_header else set())),
        frozenset(name for place, name in configured if place == "query"),
    )


def _places(sources: tuple[str, ...]) -> Places:
    return tuple((place, name) for place, _, name in (source.partition(":") for source in sources))


def token_value(places: Places, headers: Values, query: Values) -> tuple[str, str]:
    """The one value that carries a token, and whether it stands in a header or in the query. Two places that could hold
    one, both filled, are refused: a proxy in front and this function might pick different ones."""
    found = []
    for place, name in places:
        values = (headers if place == "header" else query).get(name, ())
        # Blank is what HTTP trims (RFC 9110 §5.5), no more: what the gateway's cache takes for a value counts as one.
        found += [(place, value) for value in values if value.strip(" \t")]
    if not found:
        expected = ", ".join(f"{place}:{name}" for place, name in places)
        raise TokenMissing(f"the request carries no token: expected one in {expected}")
    if len(found) > 1:
        expected = ", ".join(f"{place}:{name}" for place, name in places)
        raise TokenAmbiguous(
            f"the request carries {len(found)} tokens: expected exactly one in all of {expected}"
        )
    return found[0]


def bearer(value: str) -> str:
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


def requested_role(headers: Values, header: str | None) -> str | None:
    values = headers.get(header, ()) if header else ()
    if not values:
        return None
    if len(values) > 1:
        # Not a denial: that would be cached, under whichever of them the gateway takes.
        raise RequestedRoleAmbiguous(
            f"the header {header!r} comes several times, {len(values)} in all: expected one role"
        )
    return values[0]


def _text_of(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _merged(single: str, multiple: str, *, lower: bool) -> Callable[[Event, frozenset[str]], Values]:
    """A reader of REST's pair of maps: the multi-value map tells all, the single-value map only the last."""

    def read(event: Event, wanted: frozenset[str]) -> Values:
        found: dict[str, tuple[str, ...]] = {}
        many = event.get(multiple)
        one = event.get(single)
        for name, values in many.items() if isinstance(many, dict) else ():
            key = name.lower() if lower else name
            if key in wanted and isinstance(values, list):
                found[key] = (*found.get(key, ()), *(value for value in values if isinstance(value, str)))
        seen: dict[str, tuple[str, ...]] = {}
        for name, value in one.items() if isinstance(one, dict) else ():
            key = name.lower() if lower else name
            if key in wanted and isinstance(value, str):
                seen[key] = (*seen.get(key, ()), value)
        for key, values in seen.items():
            # A name in one map and not in the other, or spelt in two ways, still counts: nothing is overlooked.
            if not set(values) <= set(found.get(key, ())):
                found[key] = (*found.get(key, ()), *values)
        return found

    return read


def _token_header(event: Event, _: frozenset[str]) -> Values:
    value = event.get(TOKEN_FIELD)
    return {TOKEN_FIELD: (value,)} if isinstance(value, str) else {}


def _nothing(_: Event, __: frozenset[str]) -> Values:
    return {}


def _no_key(_: Event) -> object:
    return None


def _context(event: Event, key: str) -> object:
    context = event.get("requestContext")
    return context.get(key) if isinstance(context, dict) else None


HEADERS = _merged("headers", "multiValueHeaders", lower=True)
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
        HEADERS,
        _QUERY,
        lambda e: e.get("routeKey"),
    ),
    Row(
        Shape.HTTP_1,
        lambda e: e.get("type") == "REQUEST" and e.get("version") == "1.0",
        "methodArn",
        HEADERS,
        _QUERY,
        _no_key,
    ),
    Row(
        Shape.WEBSOCKET,
        lambda e: e.get("type") == "REQUEST" and "version" not in e and _context(e, "eventType") == "CONNECT",
        "methodArn",
        HEADERS,
        _QUERY,
        lambda e: _context(e, "routeKey"),
    ),
    Row(
        Shape.REST_REQUEST,
        lambda e: e.get("type") == "REQUEST" and "version" not in e and _context(e, "connectionId") is None,
        "methodArn",
        HEADERS,
        _QUERY,
        _no_key,
    ),
)
