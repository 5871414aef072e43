"""Why a route is closed to a caller, in words: what they have, and what would open it."""

from authorizer.record import Record
from authorizer.settings.schema import Settings


def closed_because(record: Record, settings: Settings) -> str:
    """One sentence about the request of a record whose route was judged; empty where it was refused before."""
    from authorizer.gate import RouteTable

    if record.request is None or record.identity is None:
        return ""
    route, identity = record.request.route, record.identity
    asked = f"{route.method} {route.path}".strip()
    kept = RouteTable(settings).answer(identity.claims, identity.scopes, route.method, route.path).kept
    had = ", ".join(sorted(identity.scopes)) or "none"
    ways = [f"{entry} of scope {scope}" for scope, entry in sorted(kept)]
    opens = f"it is open by {' or '.join(ways)}" if ways else "no scope of [scopes] opens it"
    if any(scope in identity.scopes for scope, _ in kept):
        opens += ", to callers with another claim"
    return f"{asked} is closed to this caller, whose scopes are {had}: {opens}"
