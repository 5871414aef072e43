"""What route cases ask: the authorizer's own code, for one user of a case file."""

from collections.abc import Iterator, Mapping, Sequence

from authorizer.engine import ClaimValue
from authorizer.engine.check import Answer, Asked
from authorizer.gate.route_patterns import SPECIAL, is_open
from authorizer.identity.filling import claims_in_routes, filled
from authorizer.identity.permit import METHODS
from authorizer.settings.schema import Route, Settings


def entries(settings: Settings) -> Mapping[str, Sequence[str]]:
    """Scope → its entries, as access.toml has them."""
    return {scope: [route.entry for route in routes] for scope, routes in settings.scopes.items()}


class RouteTable:
    """The routes of a configuration, as `authorizer.engine.check` asks for them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def problems(self, asked: Asked) -> Iterator[str]:
        """Requests that are none."""
        if not asked:
            yield "expected a `method` and a `path`"
        for method, path in asked:
            if path in SPECIAL:
                if method:
                    yield f"`method` is {method!r}: expected none with {path!r}"
            elif method not in METHODS:
                yield f"`method` is {method!r}: expected one of {', '.join(METHODS)}"
            elif not path.startswith("/"):
                yield f"`path` is {path!r}: expected one that begins with /, or {' or '.join(SPECIAL)}"

    def answer(
        self, claims: Mapping[str, ClaimValue], scopes: frozenset[str], method: str, path: str
    ) -> Answer:
        """What opens the path to this user, and if nothing does, to whom else it would be open. Raises `ValueRefused`,
        as the request would be refused."""
        typed = self._typed(claims, scopes)
        routes = [(scope, route) for scope, routes in self._settings.scopes.items() for route in routes]
        opened = frozenset(
            (scope, route.entry)
            for scope, route in routes
            if scope in scopes and is_open(route, typed, method, path)
        )
        kept = frozenset(
            (scope, route.entry)
            for scope, route in routes
            # Of a route with a claim in it, the scope alone opens nothing: what keeps this user out is the claim.
            if not opened
            and (scope in scopes) is bool(route.holes)
            and is_open(route, self._claims_in(path, route), method, path)
        )
        return Answer(opened=opened, kept=kept)

    def filled(self, claims: Mapping[str, ClaimValue], scopes: frozenset[str]) -> list[str]:
        """Every route that is open to this user, with their claims in it. Raises `ValueRefused`."""
        typed = self._typed(claims, scopes)
        found = dict.fromkeys(
            f"{route.method} {path}".lstrip()
            for scope, routes in self._settings.scopes.items()
            for route in routes
            if scope in scopes
            for path in filled(route, typed)
        )
        return list(found)

    def _typed(self, claims: Mapping[str, ClaimValue], scopes: frozenset[str]) -> Mapping[str, ClaimValue]:
        """The claims that the user's routes name, with the fallback of one that is not there."""
        found = {}
        for name in sorted(claims_in_routes(scopes.intersection(self._settings.scopes), self._settings)):
            kind = self._settings.claims[name].type
            value = kind.check(claims[name]) if name in claims else kind.fallback
            if value is not None:
                found[name] = value
        return found

    def _claims_in(self, path: str, route: Route) -> dict[str, ClaimValue]:
        """The claims with which the route would open this path. A hole is a segment, and none stands behind a star."""
        segments = zip(route.path.split("/"), path.split("/"), strict=False)
        found = {
            hole[1:-1]: self._settings.claims[hole[1:-1]].type.of_one(text)
            for hole, text in segments
            if hole.startswith("{")
        }
        return {
            name: value for name, value in found.items() if self._settings.claims[name].type.accepts(value)
        }
