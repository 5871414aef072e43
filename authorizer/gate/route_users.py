"""Who opens a route by which entry: what proofs of routes speak about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from authorizer.engine import ClaimValue
from authorizer.engine.evaluate import AccessRequest
from authorizer.engine.prove import Party
from authorizer.gate.route_patterns import SPECIAL
from authorizer.settings.schema import Route, Settings

ACTION: Final = "execute-api:Invoke"
"""Of the requests in a witness; their resource is method and path."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A route, and the scope that opens it."""

    scope: str
    route: Route

    @property
    def place(self) -> str:
        """`scope files:read: GET /files/*`"""
        return f"scope {self.scope}: {self.route.entry}"


def entries_of(settings: Settings) -> list[Entry]:
    """Every method and path of [scopes]."""
    return [
        Entry(scope, route)
        for scope, routes in settings.scopes.items()
        for route in routes
        if route.path not in SPECIAL
    ]


def typed(texts: Mapping[str, str], settings: Settings) -> dict[str, ClaimValue]:
    """One value each, as the claims of a user: of a list, its only member."""
    return {name: settings.claims[name].type.of_one(text) for name, text in texts.items()}


def party(entry: Entry, claims: Mapping[str, ClaimValue], asked: str, issuer: str | None = None) -> Party:
    """The user who asks for `METHOD /path`, and has the entry's scope."""
    return Party(
        claims=claims,
        scopes=frozenset({entry.scope}),
        request=AccessRequest(action=ACTION, resource=asked),
        templates=(entry.route.entry,),
        issuer=issuer,
    )
