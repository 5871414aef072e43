"""Callers, made up to be asked about: the token that somebody would hold, by each way in which it leads to a role and
to scopes. What becomes of them the authorizer's own code says: `authorizer.identity.resolve`."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations, islice, product
from typing import Final, cast

from authorizer.engine import ClaimValue
from authorizer.errors import Forbidden
from authorizer.gate.acting import actors_of, delegated
from authorizer.gate.asking import token_of
from authorizer.identity.resolve import resolve
from authorizer.identity.roles import matches
from authorizer.model import Claims, Identity, Role
from authorizer.settings.kinds import KINDS
from authorizer.settings.schema import Issuer, Rule, Settings
from authorizer.syntax.claim_path import ABSENT, path_of, value_at

MAX_SETS: Final = 200
"""Most sets of groups that are looked at for one role, one set of scopes and one issuer."""
SUB: Final = "00000000-0000-4000-8000-000000000000"
"""Whom a caller is called where nothing asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """How somebody comes by a role and scopes. What is empty is not needed."""

    groups: tuple[str, ...] = ()
    rule: int | None = None
    """Which of `[[rules]]` gives the role, from 1."""
    token_roles: tuple[str, ...] = ()
    """Roles that the token names itself."""
    token_scopes: tuple[str, ...] = ()
    """Scopes that the token has of its own."""
    machine: bool = False
    """A client-credentials token."""
    actors: tuple[str, ...] = ()
    """Who acts for them, outermost first."""

    @property
    def base(self) -> "Through":
        """The same, whoever acts."""
        return replace(self, actors=())

    def told(self, settings: Settings) -> str:
        """In words."""
        words = [f"group {' and '.join(self.groups)}"] if self.groups else []
        if self.rule is not None:
            rule = settings.rules[self.rule - 1]
            words.append(f"rule {self.rule} ({rule.claim} {rule.match} {rule.value!r})")
        if self.token_roles:
            words.append(f"a token that names role {' and '.join(self.token_roles)}")
        if self.token_scopes:
            words.append(
                f"{'a machine token' if self.machine else 'a token'} with scope {', '.join(self.token_scopes)}"
            )
        if self.actors:
            words.append(f"{' and '.join(self.actors)} acting for them")
        return ", ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Caller:
    """What the choice of a role and its claims looks at, as `authorizer.model.Claims` has it."""

    issuer: str
    token_use: str
    sub: str = SUB
    client_id: str | None = None
    username: str | None = None
    machine: bool = False
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    """ARNs."""
    preferred_role: str | None = None
    scopes: tuple[str, ...] = ()
    issued_at: float = 0.0
    expires_at: float = 0.0
    actors: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    """The payload."""


def identity_of(caller: Caller, requested: str | None, settings: Settings) -> Identity | None:
    """What the authorizer makes of the caller; None where it refuses them."""
    try:
        return resolve(cast(Claims, caller), requested, settings)
    except Forbidden:
        return None


def ways_in(role: Role, wanted: Collection[str], issuer: Issuer, settings: Settings) -> Iterator[Through]:
    """How users of this issuer may come by a role and by scopes, each with nothing that is not needed: what is worth
    asking about, whether or not the authorizer takes it."""
    may = issuer.speaks_for
    if not (may.roles is None or role.name in may.roles):
        return
    groups = [group for group in settings.groups.values() if may.groups is None or group.name in may.groups]
    bases = [Through(groups=(group.name,)) for group in groups if group.role == role.name]
    if settings.resolution.ambiguous == role.name:
        bases += [
            Through(groups=(one.name, other.name))
            for one, other in combinations((group for group in groups if group.role is not None), 2)
            if one.precedence == other.precedence and role.name not in (one.role, other.role)
        ]
    bases += [Through(rule=at) for at, rule in enumerate(settings.rules, start=1) if rule.role == role.name]
    if KINDS[issuer.kind].roles is not None and "id" in issuer.token_use:
        bases.append(Through(token_roles=(role.name,)))
        others = [name for name in settings.roles if may.roles is None or name in may.roles][:2]
        if settings.resolution.ambiguous == role.name and len(others) > 1:
            bases.append(Through(token_roles=tuple(others)))
    for base in bases:
        yield from _with_scopes(base, frozenset(wanted), issuer, settings)


def _with_scopes(
    base: Through, wanted: frozenset[str], issuer: Issuer, settings: Settings
) -> Iterator[Through]:
    """The base with what else brings the scopes: further groups, or the token's own."""
    own_counts = settings.gateway.token_scopes
    has_own = "access" in issuer.token_use and not base.token_roles
    if base.rule is not None and wanted and has_own:
        yield Through(rule=base.rule, token_scopes=tuple(sorted(wanted)), machine=True)
    missing = wanted - _brought(base.groups, settings)
    if own_counts == "either" and missing and has_own:
        yield _more(base, (), tuple(sorted(missing)))
    if own_counts == "both" and wanted and not has_own:
        return  # an ID token has no scopes, and so none that both have
    own = tuple(sorted(wanted)) if own_counts == "both" else ()
    may = issuer.speaks_for.groups
    bringing = [
        [
            name
            for name, group in settings.groups.items()
            if scope in group.scopes and (may is None or name in may)
        ]
        for scope in sorted(missing)
    ]
    sets = {tuple(sorted(set(chosen))) for chosen in islice(product(*bringing), MAX_SETS)}
    for more in sorted(sets, key=lambda each: (len(each), each)):
        if not any(set(other) < set(more) for other in sets):
            yield _more(base, more, own)


def _more(base: Through, groups: tuple[str, ...], own: tuple[str, ...]) -> Through:
    return Through(
        groups=tuple(dict.fromkeys((*base.groups, *groups))),
        rule=base.rule,
        token_roles=base.token_roles,
        token_scopes=own,
    )


def _brought(groups: Collection[str], settings: Settings) -> frozenset[str]:
    return frozenset(scope for name in groups for scope in settings.groups[name].scopes)


def callers(
    through: Through, claims: Mapping[str, ClaimValue], issuer: Issuer, settings: Settings
) -> Iterator[Caller]:
    """Callers with these claims who come by it so, as far as can be told from here; `claims` are those that the token
    says, and what the issuer fixes is not among them."""
    kind = KINDS[issuer.kind]
    token = token_of(claims, settings)
    uses = ("id",) if through.token_roles else ("access",) if through.token_scopes else ("access", "id")
    for use in uses:
        if use not in issuer.token_use:
            continue
        standard: dict[str, object] = {"iss": issuer.issuer, "sub": SUB}
        if issuer.client_ids and kind.client[use] not in token:
            standard[kind.client[use]] = min(issuer.client_ids)
        for said in _by_rule(through, {**standard, **token}, settings):
            groups = [*through.groups, *_listed(said, kind.groups)]
            scopes = [*through.token_scopes, *str(said.get("scope", "")).split()] if use == "access" else []
            payload = delegated(said, through.actors)
            acting = actors_of(payload)
            if acting is None or not issuer.actors.keys() >= set(acting):
                continue
            if groups and kind.groups is not None and not through.machine:
                payload[kind.groups] = groups
            if scopes:
                payload["scope"] = " ".join(scopes)
            roles = tuple(settings.roles[name].arn for name in through.token_roles)
            client = said.get(kind.client[use])
            yield Caller(
                issuer=issuer.issuer,
                token_use=use,
                sub=str(said["sub"]),
                client_id=client if isinstance(client, str) else None,
                machine=through.machine,
                groups=() if through.machine else tuple(dict.fromkeys(groups)),
                roles=roles,
                preferred_role=None,
                scopes=tuple(dict.fromkeys(scopes)),
                actors=acting,
                values=payload,
            )


def _listed(token: Mapping[str, object], claim: str | None) -> list[str]:
    found = ABSENT if claim is None else value_at(token, claim)
    return [str(each) for each in found] if isinstance(found, list) else []


def _by_rule(
    through: Through, token: Mapping[str, object], settings: Settings
) -> Iterator[Mapping[str, object]]:
    """The token with what the rule asks for, unless it says something there already."""
    if through.rule is None:
        yield token
        return
    rule = settings.rules[through.rule - 1]
    if value_at(token, rule.claim) is not ABSENT:
        if matches(rule, token):
            yield token
        return
    for value in satisfying(rule):
        said = _laid(token, path_of(rule.claim), value)
        if matches(rule, said):
            yield said


def satisfying(rule: Rule) -> tuple[str, ...]:
    """Values that the rule takes, so that another one before it need not."""
    if rule.match == "NotEqual":
        return f"other-than-{rule.value}", f"not-{rule.value}"
    if rule.match == "Equals":
        return (rule.value,)
    return rule.value, f"{rule.value}-1", f"a-{rule.value}", f"a-{rule.value}-1"


def _laid(token: Mapping[str, object], path: tuple[str, ...], value: object) -> dict[str, object]:
    first, *rest = path
    inside = token.get(first, {})
    below = inside if isinstance(inside, Mapping) else {}
    return {**token, first: _laid(below, tuple(rest), value) if rest else value}
