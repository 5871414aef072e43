"""Scopes → what they open on the API and stage of the request."""

import re
from collections.abc import Iterator
from functools import lru_cache

from authorizer.errors import NoRoute, ResponseTooLarge
from authorizer.model import Identity, Request, RouteArn, Routes, Shape
from authorizer.settings.schema import Route, Settings

MAX_RESOURCE = 512
"""Longest resource ARN of an answer, in characters (API Gateway Developer Guide, "Output from an API Gateway Lambda
authorizer")."""
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What `ANY` stands for. Written out, because `*` crosses `/`: `*/files` would also match `GET/other/files`."""


def permit(identity: Identity, request: Request, settings: Settings) -> Routes:
    """The routes that the caller's scopes open, as patterns for the whole stage, never for this request alone: the
    gateway may cache the answer and put it to every other route.

    Raises `NoRoute` where nothing is open, so that no credentials are made for a caller who may do nothing, and
    `ResponseTooLarge` where a resource ARN is longer than API Gateway takes.
    """
    return _routes(
        identity.scopes, request.shape, request.route, request.route_key, request.simple_response, settings
    )


@lru_cache(maxsize=256)  # a path may be long, and callers choose it
def _routes(  # noqa: PLR0917 - what it reads, and so what its outcome is remembered by
    scopes: frozenset[str],
    shape: Shape,
    route: RouteArn,
    route_key: str | None,
    simple_response: bool,
    settings: Settings,
) -> Routes:
    suffixes, default = _opened(scopes, shape, settings)
    default = default and simple_response
    if not suffixes and not default:
        raise NoRoute(f"the caller's scopes open no route of this {shape} API")
    this_route = _opens(suffixes, route) or (default and route_key == "$default")
    if simple_response and not this_route:
        raise NoRoute("the caller's scopes do not open the requested route")
    stage_arn = route.stage_arn
    patterns = tuple([f"{stage_arn}/{suffix}" for suffix in suffixes])
    for pattern in patterns:
        if len(pattern) > MAX_RESOURCE:
            raise ResponseTooLarge(
                f"a route's ARN has {len(pattern)} characters: API Gateway takes {MAX_RESOURCE}; shorten the path "
                f"under [scopes] that begins {pattern.removeprefix(stage_arn)[:40]!r}"
            )
    return Routes(patterns=patterns, this_route=this_route)


@lru_cache(maxsize=1024)
def _opened(scopes: frozenset[str], shape: Shape, settings: Settings) -> tuple[tuple[str, ...], bool]:
    """What follows the stage in the ARN of every open route, and whether the catch-all route is open.

    An HTTP API's catch-all route cannot be told from others by an ARN, only by the key of the matched route, which
    nothing but a simple response can be about.
    """
    routes = [route for scope in sorted(scopes) for route in settings.scopes[scope]]
    suffixes = tuple(dict.fromkeys(suffix for route in routes for suffix in _suffixes(route, shape)))
    return suffixes, any(route.path == "$default" for route in routes)


def _suffixes(route: Route, shape: Shape) -> Iterator[str]:
    """What follows the stage in the ARN of a route; nothing where the route is of another kind of API."""
    if shape is Shape.WEBSOCKET:
        if route.path == "$connect":
            yield route.path
    elif route.method:
        for method in METHODS if route.method == "ANY" else (route.method,):
            yield f"{method}{route.path}"


def _opens(suffixes: tuple[str, ...], asked: RouteArn) -> bool:
    """Whether the request's own route is open, as IAM would match it: `*` crosses `/`, all else is literal.

    A path that walks (`..`, `//`, or either percent-encoded; `/..;/`, which servlet containers take for `/../`) is
    refused: what is behind the gateway may resolve it to a route that is not open.
    """
    if _WALKS.search(asked.path):
        return False
    return _any_of(suffixes).fullmatch(f"{asked.method}{asked.path}") is not None


_WALKS = re.compile(r"//|/\.\.?(/|;|$)|%2[ef]|%5c|\\", re.IGNORECASE)


@lru_cache(maxsize=1024)
def _any_of(suffixes: tuple[str, ...]) -> re.Pattern[str]:
    """Matches what one of them matches, and nothing where there are none."""
    patterns = (".*".join(map(re.escape, suffix.split("*"))) for suffix in suffixes)
    return re.compile("|".join(patterns) or r"(?!)", re.DOTALL)
