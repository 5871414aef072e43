"""Claims → Identity: the role, the scopes and the typed claims of one caller."""

from authorizer.engine import ClaimValue, ValueRefused
from authorizer.errors import ClaimRefused, NotForCallers
from authorizer.identity.authority import check_granted, check_said
from authorizer.identity.claims import said
from authorizer.identity.filling import claims_in_routes
from authorizer.identity.roles import choose
from authorizer.memory import PER_CALLER, remembered
from authorizer.model import Claims, Identity, Role
from authorizer.settings.schema import Settings


@remembered(PER_CALLER)
def resolve(claims: Claims, requested_role: str | None, settings: Settings) -> Identity:
    """Who the request acts for, and as what.

    Raises a `Forbidden`: no role, several, one that is not listed or not theirs, a claim that the role or a route
    uses and that does not have its declared type, or anything that the token's issuer may not speak for.
    """
    role, rule = _chosen(claims, requested_role, settings)
    return _identity(claims, role, rule, settings)


@remembered(PER_CALLER)
def resolve_own(claims: Claims, requested_role: str | None, settings: Settings) -> Identity:
    """The same for credentials that the caller gets, and no backend: the role that `callers.roles` hands out to those
    who have the one that they would have otherwise.

    Raises `NotForCallers` where it hands out none, besides.
    """
    role, rule = _chosen(claims, requested_role, settings)
    check_granted(claims, role, granted_scopes(claims, settings), settings)
    handed = settings.callers.roles.get(role.name)
    if handed is None:
        raise NotForCallers(
            f"the credentials of role {role.name!r} are for backends alone: expected a role of callers.roles"
        )
    return _identity(claims, settings.roles[handed], f"{rule}; callers.roles", settings)


def _chosen(claims: Claims, requested_role: str | None, settings: Settings) -> tuple[Role, str]:
    check_said(claims, settings)
    choice = choose(claims, requested_role, settings)
    assert choice.role is not None  # noqa: S101 - `choose` promises it; this tells the type checker
    return choice.role, choice.rule


def _identity(claims: Claims, role: Role, rule: str, settings: Settings) -> Identity:
    scopes = granted_scopes(claims, settings)
    check_granted(claims, role, scopes, settings)
    own = _delegated(scopes, claims, settings)
    return Identity(
        principal=claims.sub,
        issuer=claims.issuer,
        username=claims.username,
        machine=claims.machine,
        token_use=claims.token_use,
        role=role,
        rule=rule,
        groups=claims.groups,
        scopes=own,
        claims=_typed(claims, role, own, settings),
        expires_at=claims.expires_at,
        actors=claims.actors,
    )


def granted_scopes(claims: Claims, settings: Settings) -> frozenset[str]:
    """The scopes that the caller's groups bring and the token's own, as `gateway.token_scopes` says. An ID token has
    none of its own.

    A scope that access.toml does not list opens nothing and is left out. A machine token has no groups: its own
    scopes are all it can have, so for it they count whatever the setting says.
    """
    of_groups = frozenset(
        scope
        for group in claims.groups
        if (entry := settings.groups.get(group)) is not None
        for scope in entry.scopes
    )
    own = claims.scopes if claims.token_use == "access" else ()
    of_token = frozenset(scope for scope in own if scope in settings.scopes)
    if claims.machine:
        return of_token
    if settings.gateway.token_scopes == "ignore":
        return of_groups
    # An ID token has no scopes, so `both` leaves it none: an app that was granted few scopes is handed both tokens,
    # and must not get past that grant by sending the other one.
    return of_groups | of_token if settings.gateway.token_scopes == "either" else of_groups & of_token


def _delegated(scopes: frozenset[str], claims: Claims, settings: Settings) -> frozenset[str]:
    """The user's scopes that everybody who acts for them may use, too."""
    actors = settings.issuers[claims.issuer].actors
    return scopes.intersection(*(actors[actor] for actor in claims.actors))


def _typed(claims: Claims, role: Role, scopes: frozenset[str], settings: Settings) -> dict[str, ClaimValue]:
    """The claims that this role, the context or the routes of these scopes use, each of its declared type. An absent
    one is left out: whether it is needed is for its user to say. One that is there and wrong is hostile, whoever uses
    it. What the issuer's own table fixes is not the token's to say."""
    wanted = {
        *role.uses,
        *claims_in_routes(scopes, settings),
        *settings.gateway.context_claims,
        *filter(None, (settings.gateway.usage_key_claim,)),
    }
    fixed = settings.issuers[claims.issuer].fixed_claims
    typed = {}
    for name in sorted(wanted):
        declared = settings.claims[name]
        if name in fixed:
            typed[name] = declared.type.check([fixed[name]] if declared.type.is_list else fixed[name])
            continue
        try:
            value = said(claims.values, declared)
        except ValueRefused as refused:
            raise ClaimRefused(f"the claim {declared.claim!r} {refused}") from None
        if value is not None:
            typed[name] = value
    return typed
