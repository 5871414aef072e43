"""Panel 5: the routes of this API for this caller: open, closed, by which scope."""

from dataclasses import replace
from typing import Any

from authorizer.identity.permit import opens
from authorizer.local_gateway.api import ANY, DEFAULT, MANAGED, Api, Route
from authorizer.local_gateway.console.shown import Shown
from authorizer.local_gateway.console.sources import in_access
from authorizer.model import Identity, RouteArn, Shape

SAMPLE = "x"
"""What stands for a segment of which only its place is known."""


def route_table(shown: Shown) -> list[dict[str, Any]] | None:
    """None where nobody was resolved, so that nothing can be said. Each route is asked for with the caller's own claims
    in it, and with `x` where any text will do."""
    record = shown.record
    if record.identity is None or record.request is None:
        return None
    shape = record.request.shape
    api = next((each for each in shown.written.apis if _is_of(each, shape)), None)
    routes = () if api is None else api.routes
    return [
        _row(shown, route, record.identity, record.request.route, shape)
        for route in routes
        if route.path not in MANAGED or route.door is not None
    ]


def _is_of(api: Api, shape: Shape) -> bool:
    return (api.protocol == "WEBSOCKET") is (shape is Shape.WEBSOCKET)


def _row(shown: Shown, route: Route, identity: Identity, asked: RouteArn, shape: Shape) -> dict[str, Any]:
    settings = shown.written.access.settings
    arn = _example(route, identity, asked)
    row: dict[str, Any] = {"route": route.key, "example": f"{arn.method} {arn.path}".lstrip(), "lines": []}
    if route.door is None:
        return {**row, "state": "open to everybody", "why": "it has no authorizer", "scopes": []}
    key = DEFAULT if route.path == DEFAULT else None
    by = {
        scope: [entry.entry for entry in entries if opens(entry, identity.claims, shape, arn, key)]
        for scope, entries in settings.scopes.items()
    }
    ways = {scope: entries for scope, entries in by.items() if entries}
    own = {scope: entries for scope, entries in ways.items() if scope in identity.scopes}
    counted = own or ways
    scopes = [f"{scope}: {', '.join(entries)}" for scope, entries in counted.items()]
    row |= {"scopes": scopes, "lines": in_access(shown.written, *(("scopes", scope) for scope in counted))}
    if own:
        return {**row, "state": "open", "why": f"by scope {', '.join(own)}"}
    why = f"it needs the scope {' or '.join(ways)}" if ways else "no scope opens it to these claims"
    return {**row, "state": "closed", "why": why}


def _example(route: Route, identity: Identity, asked: RouteArn) -> RouteArn:
    """A request that takes this route."""
    path = "/".join(_segment(segment, identity) for segment in route.path.split("/"))
    method = "GET" if route.method == ANY else route.method
    return replace(asked, method=method, path=path)


def _segment(segment: str, identity: Identity) -> str:
    if not (segment.startswith("{") and segment.endswith("}")):
        return segment
    value = identity.claims.get(segment[1:-1], SAMPLE)
    return value if isinstance(value, str) else value[0]
