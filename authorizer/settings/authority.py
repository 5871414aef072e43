"""What an issuer may speak for: `speaks_for`, `fixed_claims` and `actors` of an `[[issuers]]` table.

What the table says alone is judged by its readers; what it says of roles, groups, scopes and claims by `check`.
"""

from collections.abc import Iterator
from typing import Final

from authorizer.engine import ValueRefused
from authorizer.settings.reader import Problems, Section
from authorizer.settings.schema import Authority, Issuer, Settings
from authorizer.syntax.places import Path

OF_ONE_ISSUER: Final = frozenset(
    {"sub", "client_id", "username", "cognito:username", "preferred_username", "jti", "origin_jti"}
)
"""Claims that name somebody only together with `iss`: two issuers may write the same text for two people (RFC 7519
§4.1.2, "locally unique in the context of the issuer"; RFC 6749 §2.2; OpenID Connect Core 1.0 §5.7)."""
_ANY: Final = "any"


def speaks_for(section: Section) -> Authority | None:
    """`speaks_for`: "any", or a table. None where the issuer's table does not say."""
    if "speaks_for" not in section:
        return None
    if section.says("speaks_for", _ANY):
        return Authority()
    inner = section.section("speaks_for")
    if section.is_wrong("speaks_for"):
        return Authority()  # no table: what it lacks is no further problem
    claims = inner.section("claims")
    value = Authority(
        roles=_named(inner, "roles"),
        groups=_named(inner, "groups"),
        scopes=_named(inner, "scopes"),
        claims={name: _named(claims, name) for name in claims.names()},
    )
    inner.done()
    return value


def fixed_claims(section: Section) -> dict[str, str]:
    """`fixed_claims`: name under [claims] → the value that each user of the issuer has."""
    return section.mapping("fixed_claims")


def actors(section: Section) -> dict[str, frozenset[str]]:
    """`actors`: `act.sub` → the scopes that the actor may use."""
    inner = section.section("actors")
    return {name: frozenset(inner.texts(name, ())) for name in inner.names()}


def _named(section: Section, key: str) -> frozenset[str] | None:
    """A list of names, none where it is empty, or None for "any". Either is said aloud."""
    if section.says(key, _ANY):
        return None
    if key not in section:
        section.problem(key, f'is required: expected a list, or the text "{_ANY}"')
    return frozenset(section.texts(key, ()))


def check(settings: Settings, problems: Problems) -> None:
    """Add what the authority of issuers says of names that are not there, against itself, or not at all."""
    several = len({issuer.name for issuer in settings.issuers.values()}) > 1
    seen = set[Path]()
    for issuer in settings.issuers.values():
        row, table = issuer.place, issuer.place[:2]
        if row not in seen:  # else another form of the same pool's `iss`
            for key, problem in _row_problems(issuer, settings, several=several):
                problems.add((*row, *key), problem)
        if table not in seen:
            for key, problem in _table_problems(issuer, settings):
                problems.add((*table, *key), problem)
        seen |= {row, table}


_Problems = Iterator[tuple[tuple[str, ...], str]]


def _row_problems(issuer: Issuer, settings: Settings, *, several: bool) -> _Problems:
    for name, value in issuer.fixed_claims.items():
        for problem in _value_problems(name, value, settings):
            yield ("fixed_claims", name), problem
        if name in issuer.speaks_for.claims:
            yield ("fixed_claims", name), "stands under speaks_for.claims too: expected one of both"
    if not several or issuer.speaks_for == Authority():
        return
    # A claim that a policy isolates by, or a route is tied to, keeps tenants apart, and the token of a partner may
    # write what it likes into it.
    said = {*issuer.speaks_for.claims, *issuer.fixed_claims}
    isolating = {claim for policy in settings.policies.values() for claim in policy.isolates}
    tied = {name for routes in settings.scopes.values() for route in routes for name in route.holes}
    for name in sorted((isolating | tied) - said):
        if name in settings.claims and settings.claims[name].claim not in OF_ONE_ISSUER:
            why = "policies isolate by it" if name in isolating else "routes are tied to it"
            yield (
                (),
                f"says not which values of {name!r} it may speak for, and {why}: list them under speaks_for.claims, "
                f'or write {name} = "any" there, or fix one under fixed_claims',
            )


def _table_problems(issuer: Issuer, settings: Settings) -> _Problems:
    may = issuer.speaks_for
    for kind, names, known in (("role", may.roles, settings.roles), ("scope", may.scopes, settings.scopes)):
        for name in sorted(set(names or ()) - set(known)):
            yield ("speaks_for", f"{kind}s"), f"there is no {kind} {name!r}"
    for group in (settings.groups[name] for name in sorted(may.groups or ()) if name in settings.groups):
        beyond = [f"the role {group.role!r}"] if _beyond(may.roles, group.role) else []
        beyond += [f"the scope {scope!r}" for scope in group.scopes if _beyond(may.scopes, scope)]
        for what in beyond:
            yield (
                ("speaks_for", "groups"),
                f"the group {group.name!r} brings {what}, which is not listed beside it",
            )
    for name, values in may.claims.items():
        if name not in settings.claims:
            yield ("speaks_for", "claims", name), f"there is no claim {name!r}"
        for value in sorted(values or ()):
            for problem in _value_problems(name, value, settings):
                yield ("speaks_for", "claims", name), problem
    yield from _actor_problems(issuer, settings)


def _actor_problems(issuer: Issuer, settings: Settings) -> _Problems:
    for actor, scopes in issuer.actors.items():
        for scope in sorted(scopes - settings.scopes.keys()):
            yield ("actors", actor), f"there is no scope {scope!r}"
    for role in settings.roles.values() if issuer.actors else ():
        if role.source_identity is None and not _beyond(issuer.speaks_for.roles, role.name):
            yield (
                ("actors",),
                f"role {role.name!r} has no source_identity, in which whoever acts for a user must stand: write "
                'source_identity = "{sub}", and let the trust policy of the role allow sts:SetSourceIdentity',
            )


def _beyond(allowed: frozenset[str] | None, name: str | None) -> bool:
    return allowed is not None and name is not None and name not in allowed


def _value_problems(name: str, value: str, settings: Settings) -> Iterator[str]:
    declared = settings.claims.get(name)
    if declared is None:
        yield f"there is no claim {name!r}"
        return
    try:
        checked = declared.type.check([value] if declared.type.is_list else value)
        if checked not in (value, (value,)):
            yield f"no value of {name!r} is {value!r}, by its lower_case: expected {checked!r}"
    except ValueRefused as refused:
        yield f"no token may say {value!r}: as the claim {name!r} it {refused}"
