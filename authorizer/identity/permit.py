"""Scopes → what they open on the API and stage of the request."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from authorizer.engine import ClaimValue
from authorizer.errors import NoRoute, OriginRefused, ResponseTooLarge, RouteClosed, TooManyRoutes
from authorizer.identity.filling import Filling, claims_in_routes, filled, filling
from authorizer.identity.globs import Globs
from authorizer.memory import FEW, PER_CALLER, PER_PATH, remembered
from authorizer.model import Identity, Request, RouteArn, Routes, Shape
from authorizer.settings.schema import Route, Settings
from authorizer.settings.walks import GLOBS, walks, why_closed

MAX_RESOURCE = 512
"""Longest resource ARN of an answer, in characters (API Gateway Developer Guide, "Output from an API Gateway Lambda
authorizer")."""
MOST_QUOTED = 100
"""Characters of an origin."""
MAX_OF_LISTS = 8192
"""Most characters of all resource ARNs that lists fill. API Gateway documents 8 KB as the largest result of a WebSocket
API's authorizer, and no size for the others' (API Gateway quotas): a list that a token brings is held to it everywhere,
however much it says."""
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What `ANY` stands for. Written out, because `*` crosses `/`: `*/files` would also match `GET/other/files`."""
DEFAULT = "$default"
"""The key of an HTTP API's catch-all route."""


def permit(identity: Identity, request: Request, settings: Settings) -> Routes:
    """The routes that the caller's scopes open, as patterns for the whole stage, never for this request alone: the
    gateway may cache the answer and put it to every other route.

    A route with a claim in it is open with the caller's own value, and closed to who lacks the claim. The answer is
    the same for all that the gateway's cache is keyed by: claims come of the token.

    Raises `NoRoute` where nothing is open, so that no credentials are made for a caller who may do nothing,
    `RouteClosed` where a simple response is expected and this route is not open, `ResponseTooLarge` where a
    resource ARN is longer than API Gateway takes, and `TooManyRoutes` where a list claim fills more of them than an
    answer holds.
    """
    return _routes(
        identity.scopes,
        filling(identity.scopes, identity.claims, settings),
        request.shape,
        request.route,
        request.route_key,
        request.simple_response,
        settings,
    )


def permit_own(identity: Identity, request: Request, settings: Settings) -> Routes:
    """The same for a call that is answered here and not handed on: only its own route counts, and a page has to be one
    of `callers.origins`.

    Raises `RouteClosed` or `OriginRefused`, besides.
    """
    routes = permit(identity, request, settings)
    if not routes.this_route:
        raise RouteClosed(why_closed(request.route.path))
    if request.origin is not None and request.origin not in settings.callers.origins:
        raise OriginRefused(
            "a page of another origin asks than callers.origins lists: found "
            f"{request.origin[:MOST_QUOTED]!r}"
        )
    return routes


def opens(
    route: Route,
    claims: Mapping[str, ClaimValue],
    shape: Shape,
    asked: RouteArn,
    route_key: str | None = None,
) -> bool:
    """Whether this one entry opens a route to who has these claims, each of its declared type. `route_key` where a
    simple response is expected."""
    entries = dict.fromkeys(suffixes(route, claims, shape), route.entry)
    opened = _Opened(entries, Globs(entries), (), route.path == DEFAULT)
    return _matched((opened,), asked, route_key) is not None


@remembered(PER_PATH)
def _routes(  # noqa: PLR0917 - what it reads, and so what its outcome is remembered by
    scopes: frozenset[str],
    claims: Filling,
    shape: Shape,
    route: RouteArn,
    route_key: str | None,
    simple_response: bool,
    settings: Settings,
) -> Routes:
    # Most of them are everybody's: only what a caller's own claims fill is remembered for each caller.
    everybodys = _everybodys(scopes, shape, route.stage_arn, settings)
    own = _own(scopes, claims, shape, route.stage_arn, settings)
    opened = (everybodys, own)
    if not (everybodys.entries or own.entries or (everybodys.default and simple_response)):
        lacking = sorted(claims_in_routes(scopes, settings) - {name for name, _ in claims})
        why = f"; the token lacks {', '.join(lacking)}, which routes of theirs name" if lacking else ""
        raise NoRoute(
            f"the caller's scopes open no route of this {shape} API: found {sorted(scopes)}, expected one with such a "
            f"route under [scopes]{why}"
        )
    matched = _matched(opened, route, route_key if simple_response else None)
    if simple_response and matched is None:
        raise RouteClosed(why_closed(route.path))
    patterns = tuple(dict.fromkeys((*everybodys.arns, *own.arns)))
    for pattern in patterns:
        if len(pattern) > MAX_RESOURCE:
            suffix = pattern.removeprefix(f"{route.stage_arn}/")
            entry = next(each.entries[suffix] for each in opened if suffix in each.entries)
            raise ResponseTooLarge(
                f"a route's ARN has {len(pattern)} characters: API Gateway takes {MAX_RESOURCE}; shorten the path "
                f"under [scopes] that begins {entry[:40]!r}, or lower `max_length` of the claims in it"
            )
    return Routes(patterns=patterns, closed=_closed(shape, route.stage_arn), matched=matched)


class _Opened(NamedTuple):
    """Routes that are open on one kind of API."""

    entries: Mapping[str, str]
    """What follows the stage in the ARN of each → the entry of [scopes] that opens it."""
    globs: Globs
    """Its keys."""
    arns: tuple[str, ...]
    """The resource ARN of each."""
    default: bool
    """Whether the catch-all route is among them. It cannot be told from others by an ARN, only by the key of the
    matched route, which nothing but a simple response can be about."""


@remembered(FEW)
def _everybodys(scopes: frozenset[str], shape: Shape, stage_arn: str, settings: Settings) -> _Opened:
    """Those of a set of scopes in which no claim stands."""
    routes = [route for route in _routes_of(scopes, settings) if not route.holes]
    entries: dict[str, str] = {}
    for route in routes:
        for suffix in suffixes(route, {}, shape):
            entries.setdefault(suffix, route.entry)
    return _made(entries, stage_arn, default=any(route.path == DEFAULT for route in routes))


@remembered(PER_CALLER)
def _own(
    scopes: frozenset[str], claims: Filling, shape: Shape, stage_arn: str, settings: Settings
) -> _Opened:
    """Those that a caller's own claims fill. Raises `TooManyRoutes` before there are more than an answer holds: what is
    refused must cost little, and a refusal is not remembered."""
    values = dict(claims)
    lists = {name for name, value in claims if not isinstance(value, str)}
    entries: dict[str, str] = {}
    by_lists = 0
    for route in _routes_of(scopes, settings):
        for suffix in suffixes(route, values, shape) if route.holes else ():
            if suffix not in entries and not lists.isdisjoint(route.holes):
                by_lists += len(stage_arn) + 1 + len(suffix)
                if by_lists > MAX_OF_LISTS:
                    raise TooManyRoutes(
                        f"lists in the caller's claims fill routes of more than {MAX_OF_LISTS} characters in all, the "
                        f"most that an answer holds, with those of {route.entry[:40]!r}; shorten the list, lower "
                        "`max_items` of its claim, or open fewer routes with it"
                    )
            entries.setdefault(suffix, route.entry)
    return _made(entries, stage_arn, default=False)


def _routes_of(scopes: frozenset[str], settings: Settings) -> list[Route]:
    return [route for scope in sorted(scopes) for route in settings.scopes[scope]]


def _made(entries: Mapping[str, str], stage_arn: str, *, default: bool) -> _Opened:
    return _Opened(entries, Globs(entries), tuple([f"{stage_arn}/{suffix}" for suffix in entries]), default)


def suffixes(route: Route, claims: Mapping[str, ClaimValue], shape: Shape) -> Iterator[str]:
    """What follows the stage in the ARN of a route; nothing where the route is of another kind of API, or names a claim
    that is not there."""
    if shape is Shape.WEBSOCKET:
        if route.path == "$connect":
            yield route.path
    elif route.method:
        # One after the other: who takes them may have enough long before a list is at its end.
        for path in filled(route, claims):
            for method in METHODS if route.method == "ANY" else (route.method,):
                yield f"{method}{path}"


def _matched(opened: Iterable[_Opened], asked: RouteArn, route_key: str | None) -> str | None:
    """The entry of [scopes] that opens the request's own route, as the gateway will judge the answer: `*` crosses `/`,
    all else is literal, and what walks is closed. `route_key` where the answer can be about the catch-all route."""
    if walks(asked.path):
        return None
    text = f"{asked.method}{asked.path}"
    for each in opened:
        if (found := each.globs.match(text)) is not None:
            return each.entries[found]
    return DEFAULT if route_key == DEFAULT and any(each.default for each in opened) else None


@remembered(FEW)
def _closed(shape: Shape, stage_arn: str) -> tuple[str, ...]:
    """Resource ARNs of the paths that no scope opens. A WebSocket has no paths."""
    return () if shape is Shape.WEBSOCKET else tuple([f"{stage_arn}/{glob}" for glob in GLOBS])
