"""Routes with claims in them, filled for one caller: `GET /orgs/{org}/files/*` → `/orgs/acme/files/*`.

A value has its declared type, which lets in nothing but unreserved characters (`authorizer.settings.holes`), so that it
stands for itself in a path and in a pattern. Percent-encoding is the second layer: it leaves those as they are, and
makes literal whatever else could ever come, `*` and `/` among it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias
from urllib.parse import quote

from authorizer.engine import ClaimValue
from authorizer.memory import PER_CALLER, remembered
from authorizer.settings.schema import Route, Settings

Filling: TypeAlias = tuple[tuple[str, ClaimValue], ...]
"""The caller's claims that their routes name, by name."""


@remembered(PER_CALLER)
def claims_in_routes(scopes: frozenset[str], settings: Settings) -> frozenset[str]:
    """The claims that the routes of these scopes name."""
    return frozenset(name for scope in scopes for route in settings.scopes[scope] for name in route.holes)


def filling(scopes: frozenset[str], claims: Mapping[str, ClaimValue], settings: Settings) -> Filling:
    """What fills the routes of these scopes, and so what they are remembered by: nothing where no route has a hole."""
    return tuple(
        (name, claims[name]) for name in sorted(claims_in_routes(scopes, settings)) if name in claims
    )


def filled(route: Route, claims: Mapping[str, ClaimValue]) -> Iterator[str]:
    """The route's path for this caller: once, for each member of a list once, or never where they lack the claim."""
    paths: Iterable[str] = (route.path,)
    for name in dict.fromkeys(route.holes):
        value = claims.get(name, ())
        members = dict.fromkeys((value,) if isinstance(value, str) else value)
        paths = [path.replace(f"{{{name}}}", quote(member, safe="")) for path in paths for member in members]
    yield from paths
