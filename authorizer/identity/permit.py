"""Scopes → what they open on the API and stage of the request."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from authorizer.errors import NoRoute, ResponseTooLarge
from authorizer.model import Identity, Request, Routes, Shape
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
    routes = [route for scope in sorted(identity.scopes) for route in settings.scopes[scope]]
    suffixes = tuple(dict.fromkeys(suffix for route in routes for suffix in _suffixes(route, request.shape)))
    # An HTTP API's catch-all route cannot be told from others by an ARN, only by the key of the matched route, which
    # nothing but a simple response can be about.
    default = request.simple_response and any(route.path == "$default" for route in routes)
    if not suffixes and not default:
        raise NoRoute(f"the caller's scopes open no route of this {request.shape} API")
    this_route = _opens(suffixes, request) or (default and request.route_key == "$default")
    if request.simple_response and not this_route:
        raise NoRoute("the caller's scopes do not open the requested route")
    patterns = tuple(f"{request.route.stage_arn}/{suffix}" for suffix in suffixes)
    for pattern in patterns:
        if len(pattern) > MAX_RESOURCE:
            raise ResponseTooLarge(
                f"a route's ARN has {len(pattern)} characters: API Gateway takes {MAX_RESOURCE}; shorten the path "
                f"under [scopes] that begins {pattern.removeprefix(request.route.stage_arn)[:40]!r}"
            )
    return Routes(patterns=patterns, this_route=this_route)


def _suffixes(route: Route, shape: Shape) -> Iterator[str]:
    """What follows the stage in the ARN of a route; nothing where the route is of another kind of API."""
    if shape is Shape.WEBSOCKET:
        if route.path == "$connect":
            yield route.path
    elif route.method:
        for method in METHODS if route.method == "ANY" else (route.method,):
            yield f"{method}{route.path}"


def _opens(suffixes: Iterable[str], request: Request) -> bool:
    """Whether the request's own route is open, as IAM would match it: `*` crosses `/`, all else is literal.

    A path that walks (`..`, `//`, or either percent-encoded; `/..;/`, which servlet containers take for `/../`) is
    refused: what is behind the gateway may resolve it to a route that is not open.
    """
    path = request.route.path
    if re.search(r"//|/\.\.?(/|;|$)|%2[ef]|%5c|\\", path, re.IGNORECASE):
        return False
    asked = f"{request.route.method}{path}"
    return any(_pattern(suffix).fullmatch(asked) for suffix in suffixes)


@lru_cache(maxsize=4096)
def _pattern(suffix: str) -> re.Pattern[str]:
    """Bounded: suffixes come from access.toml, not from requests."""
    return re.compile(".*".join(map(re.escape, suffix.split("*"))), re.DOTALL)
