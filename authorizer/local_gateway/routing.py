"""Which route a request takes.

A REST API finds the resource first, and then a method of it; an HTTP API the most specific route that has the method.
Sources: API Gateway Developer Guide, "Create routes for HTTP APIs" (selection of routes: full match, then a greedy
variable, then `$default`), "Set up API resources for REST APIs" (`{proxy+}`; static before variable).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from authorizer.local_gateway.api import ANY, DEFAULT, Api, Route

_Rank = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The route, and what its variables stand for."""

    route: Route
    parameters: Mapping[str, str]


def match(api: Api, method: str, path: str) -> Matched | None:
    """The route of a request; None if the API has none."""
    found = sorted(_candidates(api, path), key=lambda each: each[0])
    ranks = list(dict.fromkeys(rank for rank, _, _ in found))
    for rank in ranks[:1] if api.protocol == "REST" else ranks:
        for wanted in (method, ANY):
            for at, route, parameters in found:
                if at == rank and route.method == wanted:
                    return Matched(route=route, parameters=parameters)
    default = next((route for route in api.routes if route.path == DEFAULT), None)
    return None if default is None else Matched(route=default, parameters={})


def _candidates(api: Api, path: str) -> Iterator[tuple[_Rank, Route, dict[str, str]]]:
    segments = path.split("/")[1:]
    for route in api.routes:
        if not route.path.startswith("/"):
            continue
        fitted = _fit(route.path.split("/")[1:], segments)
        if fitted is not None:
            yield tuple(fitted[0]), route, fitted[1]


def _fit(wanted: list[str], segments: list[str]) -> tuple[list[int], dict[str, str]] | None:
    """How specific each segment of the route is, lowest best, and its variables; None where it does not fit."""
    ranks: list[int] = []
    parameters: dict[str, str] = {}
    for at, part in enumerate(wanted):
        if part.startswith("{") and part.endswith("+}"):
            rest = "/".join(segments[at:])
            if not rest:
                return None
            return [*ranks, 2], {**parameters, part[1:-2]: unquote(rest)}
        if at >= len(segments):
            return None
        if part.startswith("{") and part.endswith("}"):
            if not segments[at]:
                return None
            ranks.append(1)
            parameters[part[1:-1]] = unquote(segments[at])
        elif part == segments[at]:
            ranks.append(0)
        else:
            return None
    return (ranks, parameters) if len(wanted) == len(segments) else None
