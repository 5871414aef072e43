"""What an issuer may speak for: asked of every token before a role is chosen, and of what was chosen after.

A partner's issuer signs whatever the partner likes. That a token is genuine says who wrote it, not that they may name
this group, that role or another tenant's id. What an issuer may not say is refused and never left out: a caller who
was promised more than they may have should hear of it, and so should whoever reads the record.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Final, Protocol

from authorizer.engine import ValueRefused
from authorizer.errors import IssuerNotEntitled
from authorizer.identity.claims import said
from authorizer.model import Role
from authorizer.settings.kinds import KINDS
from authorizer.settings.schema import Claim, Issuer, Settings
from authorizer.syntax.claim_path import ABSENT, path_of, value_at


class Said(Protocol):
    """What is asked of a token: `Claims`, or on a laptop what a token would say."""

    @property
    def issuer(self) -> str: ...
    @property
    def groups(self) -> tuple[str, ...]: ...
    @property
    def roles(self) -> tuple[str, ...]: ...
    @property
    def preferred_role(self) -> str | None: ...
    @property
    def scopes(self) -> tuple[str, ...]: ...
    @property
    def values(self) -> Mapping[str, object]: ...


def check_said(claims: Said, settings: Settings) -> None:
    """Whether all that the token says is its issuer's to say. Raises `IssuerNotEntitled`."""
    issuer = settings.issuers[claims.issuer]
    for check in SAID:
        for problem in check(claims, issuer, settings):
            raise IssuerNotEntitled(f"the issuer {issuer.name!r} {problem}")


def check_granted(claims: Said, role: Role | None, scopes: Collection[str], settings: Settings) -> None:
    """Whether what access.toml makes of the token is its issuer's to give: a rule or a group may lead further than the
    token's own words. No role: only scopes are asked about. Raises `IssuerNotEntitled`."""
    issuer = settings.issuers[claims.issuer]
    may = issuer.speaks_for
    beyond = [f"role {name!r}" for name in _beyond((role.name,) if role else (), may.roles)]
    beyond += [f"scope {scope!r}" for scope in _beyond(sorted(scopes), may.scopes)]
    for what in beyond:
        raise IssuerNotEntitled(f"the issuer {issuer.name!r} may not speak for the {what}")


def _groups(claims: Said, issuer: Issuer, settings: Settings) -> Iterator[str]:
    allowed = issuer.speaks_for.groups
    if allowed is None:
        return
    for group in _beyond((*claims.groups, *_elsewhere(claims, GROUPS, settings)), allowed):
        yield f"may not speak for {_shown('group', group, settings.groups)}"


def _roles(claims: Said, issuer: Issuer, settings: Settings) -> Iterator[str]:
    """Every role that the token names, and not only the one that would be taken."""
    may = issuer.speaks_for.roles
    if may is None:
        return
    allowed = {settings.roles[name].arn for name in may}
    named = (*claims.roles, *filter(None, (claims.preferred_role,)), *_elsewhere(claims, ROLES, settings))
    for arn in _beyond(named, allowed):
        yield f"may not speak for {_shown('role', arn, settings.roles_by_arn)}"


def _elsewhere(claims: Said, names: frozenset[str], settings: Settings) -> Iterator[str]:
    """What a token says where issuers of another kind say it, as far as access.toml reads it there, as a claim or in a
    rule: a list for one name is no leave to say the same under another."""
    for name in sorted(read_elsewhere(names, settings)):
        value = claims.values.get(name)
        yield from (text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str))


def read_elsewhere(names: frozenset[str], settings: Settings) -> frozenset[str]:
    """Which of these claims access.toml reads, as a claim or in a rule."""
    read = (*(claim.claim for claim in settings.claims.values()), *(rule.claim for rule in settings.rules))
    return names.intersection(path_of(each)[0] for each in read)


def _scopes(claims: Said, issuer: Issuer, settings: Settings) -> Iterator[str]:
    """Only those that access.toml gives a meaning: `openid` and its like open nothing here, whoever says them."""
    named = [scope for scope in claims.scopes if scope in settings.scopes]
    for scope in _beyond(named, issuer.speaks_for.scopes):
        yield f"may not speak for the scope {scope!r}"


def _claims(claims: Said, issuer: Issuer, settings: Settings) -> Iterator[str]:
    """A list is said by each of its members, and by saying nothing the fallback of those who have no such claim. What
    is not of the claim's type is nothing that anybody was allowed."""
    for name, allowed in issuer.speaks_for.claims.items():
        if allowed is not None and not allowed.issuperset(_values(claims, settings.claims[name])):
            yield f"may not speak for this value of the claim {settings.claims[name].claim!r}"


def _fixed(claims: Said, issuer: Issuer, settings: Settings) -> Iterator[str]:
    for name, fixed in issuer.fixed_claims.items():
        declared = settings.claims[name]
        if value_at(claims.values, declared.claim) is not ABSENT and _values(claims, declared) != (fixed,):
            yield f"has the claim {settings.claims[name].claim!r} fixed to another value than its token says"


def _values(claims: Said, declared: Claim) -> tuple[str | None, ...]:
    """What the token says, as the claim's type reads it; None for what that refuses."""
    try:
        value = said(claims.values, declared)
    except ValueRefused:
        return (None,)
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


GROUPS: Final = frozenset(kind.groups for kind in KINDS.values() if kind.groups)
ROLES: Final = frozenset(
    name for kind in KINDS.values() for name in (kind.roles, kind.preferred_role) if name
)
"""Claims that name groups, and roles, for one kind of issuer or another."""

SAID: Final[tuple[Callable[[Said, Issuer, Settings], Iterator[str]], ...]] = (
    _groups,
    _roles,
    _scopes,
    _claims,
    _fixed,
)


def _beyond(named: Collection[str], allowed: Collection[str] | None) -> list[str]:
    return [] if allowed is None else [name for name in named if name not in allowed]


def _shown(kind: str, name: str, known: Collection[str]) -> str:
    """What access.toml names too, or that it does not: a token may hold what it likes, and a log line may not."""
    return f"the {kind} {name!r}" if name in known else f"a {kind} that access.toml does not name"
