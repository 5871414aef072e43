"""The schema of `access.toml`, of its readers in `authorizer.settings`."""

from collections.abc import Callable, Mapping
from typing import Final

from authorizer.model import Role
from authorizer.schemas.claim_rows import claim_row
from authorizer.schemas.emit import emitted
from authorizer.schemas.prose import documented, first
from authorizer.schemas.recorder import recorded
from authorizer.schemas.shapes import ANY, DRAFT, Json, Shapes, table
from authorizer.settings import callers, issuers, roles, routes, schema, sessions, vocabulary
from authorizer.settings.reader import Section

Reader = Callable[[Section], object]


def _session(root: Section) -> None:
    section = root.section("session")
    sessions.defaults(section)
    sessions.session(section)
    section.done()


_READERS: Final[Mapping[str, tuple[Reader, object]]] = {
    # Table → what reads it, and whose docstring says what it is.
    "issuers": (lambda root: issuers.issuers(root, {}), issuers.issuers),
    "keys": (issuers.keys, issuers.keys),
    "claims": (vocabulary.claims, vocabulary.claims),
    "variables": (vocabulary.variables, vocabulary.variables),
    "policies": (lambda root: vocabulary.policies(root, {"name": '"text"'}, {}), vocabulary.policies),
    "roles": (lambda root: roles.roles(root, "{sub}", 3600), schema.Settings),
    "groups": (roles.groups, roles.groups),
    "rules": (roles.rules, roles.rules),
    "resolution": (roles.resolution, roles.resolution),
    "scopes": (routes.scopes, routes.scopes),
    "routes": (routes.shared, routes.shared),
    "gateway": (routes.gateway, schema.Gateway),
    "session": (_session, schema.Session),
    "sealing": (lambda root: sessions.sealing(root, "sealing"), schema.Sealing),
    "private_sealing": (lambda root: sessions.sealing(root, "private_sealing"), schema.Sealing),
    "shared_cache": (sessions.shared_cache, schema.SharedCache),
    "callers": (callers.callers, callers.callers),
    "lint": (vocabulary.suppressions, vocabulary.suppressions),
}
_VALUES: Final[Mapping[tuple[str, ...], type[object]]] = {
    # A table, `ANY` for a name → the value that it becomes, whose attributes are documented.
    ("issuers",): schema.Issuer,
    ("issuers", "pools"): schema.Issuer,
    ("issuers", "speaks_for"): schema.Authority,
    ("issuers", "pools", "speaks_for"): schema.Authority,
    ("keys",): schema.Keys,
    ("claims", ANY): schema.Claim,
    ("policies", ANY): schema.Policy,
    ("policies", ANY, "shared"): schema.Terms,
    ("roles", ANY): Role,
    ("groups", ANY): schema.Group,
    ("rules",): schema.Rule,
    ("resolution",): schema.Resolution,
    ("routes", "shared", ANY): schema.Terms,
    ("gateway",): schema.Gateway,
    ("session",): schema.Session,
    ("sealing",): schema.Sealing,
    ("private_sealing",): schema.Sealing,
    ("shared_cache",): schema.SharedCache,
    ("callers",): callers.Callers,
    ("lint", "ignore"): schema.Suppression,
}


def _words(path: tuple[str, ...]) -> str | None:
    if len(path) == 1:
        return first(_READERS[path[0]][1])
    value = _VALUES.get(path[:-1])
    return None if value is None else documented(value).get(path[-1])


def access_schema() -> Json:
    """JSON Schema, draft 7, of the shape of `access.toml`: which keys there are, and what each may hold. What the keys
    say of one another, such as that a group's role exists, only `authorizer check` knows."""
    properties: dict[str, Json] = {}
    required: list[str] = []
    for name, (reader, _) in _READERS.items():
        made = emitted(recorded(reader, Shapes(environment=True)), _words)
        properties[name] = made["properties"][name]
        required += made.get("required", [])
    entries = properties["scopes"]["additionalProperties"]
    entries["items"] = Shapes(environment=True).text(routes.ENTRY)
    claims = properties["claims"]
    claims["additionalProperties"] = claim_row(claims["additionalProperties"])
    return {"$schema": DRAFT, "title": "access.toml", **table(properties, required)}
