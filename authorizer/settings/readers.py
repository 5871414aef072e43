"""What reads each table of `access.toml` by itself, and what it makes of it: for a schema of the whole.

No request needs this, and no `load`.
"""

from collections.abc import Callable, Mapping
from typing import Final

from authorizer.model import Role
from authorizer.settings import callers, issuers, roles, routes, schema, sessions, vocabulary
from authorizer.settings.reader import Section
from authorizer.settings.routes import ENTRY

__all__ = ["ENTRY", "NAME", "READERS", "VALUES"]

NAME: Final = "*"
"""In a path: a name that the author of the file chooses."""
Reader = Callable[[Section], object]


def _session(root: Section) -> None:
    section = root.section("session")
    sessions.defaults(section)
    sessions.session(section)
    section.done()


READERS: Final[Mapping[str, tuple[Reader, object]]] = {
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
VALUES: Final[Mapping[tuple[str, ...], type[object]]] = {
    # A table, `NAME` for a name → the value that it becomes, whose attributes are documented.
    ("issuers",): schema.Issuer,
    ("issuers", "pools"): schema.Issuer,
    ("issuers", "speaks_for"): schema.Authority,
    ("issuers", "pools", "speaks_for"): schema.Authority,
    ("keys",): schema.Keys,
    ("claims", NAME): schema.Claim,
    ("policies", NAME): schema.Policy,
    ("policies", NAME, "shared"): schema.Terms,
    ("roles", NAME): Role,
    ("groups", NAME): schema.Group,
    ("rules",): schema.Rule,
    ("resolution",): schema.Resolution,
    ("routes", "shared", NAME): schema.Terms,
    ("gateway",): schema.Gateway,
    ("session",): schema.Session,
    ("sealing",): schema.Sealing,
    ("private_sealing",): schema.Sealing,
    ("shared_cache",): schema.SharedCache,
    ("callers",): callers.Callers,
    ("lint", "ignore"): schema.Suppression,
}
