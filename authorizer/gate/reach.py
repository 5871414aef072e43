"""All that a group, a role, an issuer's users or one caller reach: roles, scopes, routes, and actions on resources with
claims where users differ. Each line is shown by somebody who may."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from authorizer.engine import (
    EngineError,
    Statement,
    TemplateSet,
)
from authorizer.gate import acting
from authorizer.gate.callers import Caller, Through, identity_of
from authorizer.gate.choosing import Caller as Chooser
from authorizer.gate.choosing import reach as roles_of
from authorizer.gate.looking import Example, needed, parties
from authorizer.gate.managed import managed
from authorizer.gate.reached import Reached, Statements, Whose, request_of, row_of
from authorizer.model import Identity, Role
from authorizer.settings.schema import Access, Issuer, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The whole answer."""

    roles: tuple[str, ...]
    scopes: tuple[tuple[str, bool], ...]
    """Scope → whether all of them have it; else some may, by their token or by another group."""
    routes: tuple[tuple[str, str], ...]
    """Scope, and a route that it opens, as access.toml has it."""
    statements: tuple[Reached, ...]
    notes: tuple[str, ...]


def reach_of_group(access: Access, name: str) -> Reach:
    """What members of one group reach who are in no other. Raises `Undecided`."""
    settings = access.settings
    brought = frozenset(settings.groups[name].scopes)
    own = settings.gateway.token_scopes
    roles = roles_of(Chooser(groups=(name,)), settings)

    def come_by(_: Role, wanted: Collection[str], __: Issuer, ___: Settings) -> Iterable[Through]:
        missing = tuple(sorted(wanted if own == "both" else set(wanted) - brought))
        return [Through(groups=(name,), token_scopes=missing)]

    issuers = [
        issuer
        for issuer in parties(settings)
        if issuer.speaks_for.groups is None or name in issuer.speaks_for.groups
    ]
    notes = ["rules may give a member another role"] if settings.rules else []
    notes += ["who is in further groups reaches what these bring, too"]
    return _reach(
        access,
        Whose(
            roles=[role for role in settings.roles.values() if role.name in roles],
            sure=frozenset() if own == "both" else brought,
            lost=acting.lost(issuers, settings),
            possible=frozenset(settings.scopes) if own == "either" else brought,
            issuers=issuers,
            come_by=come_by,
            notes=tuple(notes),
        ),
    )


def reach_of_role(access: Access, name: str) -> Reach:
    """What whoever has a role reaches. Raises `Undecided`."""
    every = frozenset(access.settings.scopes)
    return _reach(access, Whose(roles=[access.settings.roles[name]], sure=frozenset(), possible=every))


def reach_of_issuer(access: Access, issuer: Issuer) -> Reach:
    """What the users of an issuer reach. Raises `Undecided`."""
    settings, may_have = access.settings, issuer.speaks_for
    scopes = frozenset(settings.scopes) if may_have.scopes is None else may_have.scopes
    return _reach(
        access,
        Whose(
            roles=[
                role
                for role in settings.roles.values()
                if may_have.roles is None or role.name in may_have.roles
            ],
            sure=frozenset(),
            possible=scopes,
            issuers=[issuer],
        ),
    )


def reach_of_callers(access: Access, callers: Sequence[Caller]) -> Reach:
    """What one person reaches, with any of these tokens, asking for a role or not."""
    settings, templates = access
    asked = (None, *(settings.roles if settings.resolution.role_header else ()))
    told: dict[tuple[object, ...], Reached] = {}
    scopes: set[str] = set()
    roles: dict[str, None] = {}
    for caller in (each for one in callers for each in _delegated(one, settings)):
        for requested in asked:
            identity = identity_of(caller, requested, settings)
            if identity is None or not needed(identity.role) <= identity.claims.keys():
                continue
            try:
                templates.render(identity.role.policies, identity.claims, scopes=identity.scopes)
                branch = templates.trace(identity.role.policies, identity.claims, scopes=identity.scopes)
            except EngineError:
                continue
            scopes |= identity.scopes
            roles[identity.role.name] = None
            for statement, place in zip(branch.document.statements, branch.places, strict=True):
                example = _of(caller, requested, identity, statement, templates)
                row = row_of(identity.role.name, statement, [place], templates, example=example)
                told.setdefault((row.role, row.effect, row.actions, row.resources, row.conditions), row)
    sure = frozenset(scopes)
    return Reach(
        roles=tuple(roles),
        scopes=tuple((scope, True) for scope in settings.scopes if scope in sure),
        routes=tuple(_routes(settings, sure)) if roles else (),
        statements=tuple(told.values()),
        notes=(
            *acting.notes(settings.issuers[caller.issuer] for caller in callers),
            *managed(settings.roles[name] for name in roles),
        )
        if roles
        else ("they have no session: the authorizer refuses them, or a claim is not there",),
    )


def _delegated(caller: Caller, settings: Settings) -> Iterator[Caller]:
    """The caller, and whoever acts for them."""
    yield caller
    if not caller.actors:
        for names in acting.actors(settings.issuers[caller.issuer], unwanted=settings.scopes):
            yield replace(caller, actors=names, values=acting.delegated(caller.values, names))


def _of(
    caller: Caller, requested: str | None, identity: Identity, statement: Statement, templates: TemplateSet
) -> Example | None:
    request = request_of(statement, identity, templates)
    return (
        None
        if request is None
        else Example(caller=caller, requested_role=requested, identity=identity, request=request)
    )


def _reach(access: Access, whose: Whose) -> Reach:
    settings = access.settings
    issuers = parties(settings) if whose.issuers is None else whose.issuers
    rows = [row for role in whose.roles for row in Statements(access, role, whose).rows()]
    return Reach(
        roles=tuple(role.name for role in whose.roles),
        scopes=tuple((scope, scope in whose.sure) for scope in settings.scopes if scope in whose.possible),
        routes=tuple(_routes(settings, whose.possible)),
        statements=tuple(rows),
        notes=(*whose.notes, *acting.notes(issuers), *managed(whose.roles)),
    )


def _routes(settings: Settings, scopes: frozenset[str]) -> Iterator[tuple[str, str]]:
    for scope, routes in settings.scopes.items():
        if scope in scopes:
            yield from ((scope, f"{route.method} {route.path}".lstrip()) for route in routes)
