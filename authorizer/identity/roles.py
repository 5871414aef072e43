"""The one role of the caller, by the first rule of a table that has an answer."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from authorizer.errors import Forbidden, NoRole, RequestedRoleRefused, RoleAmbiguous, RoleNotListed
from authorizer.model import Claims, Role
from authorizer.settings.schema import DEFAULT_ROLE, Rule, Settings
from authorizer.syntax.claim_path import value_at


class Choice(NamedTuple):
    """A role, and the rule that chose it in words. No role: several fit equally well."""

    role: Role | None
    rule: str
    among: str = ""
    """Those that fit, in words."""


def choose(claims: Claims, requested: str | None, settings: Settings) -> Choice:
    """The role to assume; its `role` is never None.

    Raises `RequestedRoleRefused`, `RoleNotListed`, `RoleAmbiguous` or `NoRole`.
    """
    for rule in RULES:
        choice = rule(claims, requested, settings)
        if choice is None:
            continue
        if choice.role is not None and choice.role.name in settings.callers.handed_out:
            raise RoleNotListed(
                f"{choice.rule} leads to the role {choice.role.name!r}, which is handed to callers alone "
                "(callers.roles): expected a role for backends"
            )
        if choice.role is not None:
            return choice
        if settings.resolution.ambiguous is None:
            raise RoleAmbiguous(
                f"{choice.rule}: {choice.among} fit equally well, expected one; give one group a better precedence, "
                "add a rule, or name a role in resolution.ambiguous"
            )
        return Choice(settings.roles[settings.resolution.ambiguous], f"{choice.rule}; resolution.ambiguous")
    raise NoRole(
        "nothing leads from this caller to a role: the token has no role claim, no rule matches and none of its "
        f"{len(set(claims.groups))} groups has a role in access.toml; give one a role under [groups], or add a rule"
    )


def _requested(claims: Claims, requested: str | None, settings: Settings) -> Choice | None:
    """The role that the caller asks for, if it is one of theirs (as `CustomRoleArn` in identity pools), or the one that
    they would have without asking."""
    if requested is None or requested == DEFAULT_ROLE:
        return None
    role = settings.roles.get(requested) or settings.roles_by_arn.get(requested)
    if role is not None and role.arn in _own(claims, settings):
        return Choice(role, REQUESTED)
    unasked = _unasked(claims, settings)
    if role is None or unasked is None or unasked.role is not role:
        raise RequestedRoleRefused(
            f"the role that the header {settings.resolution.role_header!r} asks for is not among the caller's roles; "
            f"{DEFAULT_ROLE!r} asks for none in particular"
        )
    return Choice(role, f"{unasked.rule}; {REQUESTED}")


REQUESTED = "requested by the caller"


def _unasked(claims: Claims, settings: Settings) -> Choice | None:
    """What the other rules give the caller; None where they refuse."""
    try:
        return choose(claims, None, settings)
    except Forbidden:
        return None


def _own(claims: Claims, settings: Settings) -> frozenset[str]:
    """ARNs of the roles that the token, or where it has no role claim the group map, gives the caller."""
    if _has_role_claims(claims):
        return frozenset((*claims.roles, *filter(None, (claims.preferred_role,))))
    grants = (settings.groups[group].role for group in claims.groups if group in settings.groups)
    return frozenset(settings.roles[role].arn for role in grants if role is not None)


def _has_role_claims(claims: Claims) -> bool:
    return bool(claims.roles or claims.preferred_role)


def _preferred(claims: Claims, _: str | None, settings: Settings) -> Choice | None:
    """`cognito:preferred_role`: the role of the caller's group with the best precedence, as Cognito saw it."""
    if claims.preferred_role is None:
        return None
    return Choice(
        _listed(claims.preferred_role, "cognito:preferred_role", settings), "cognito:preferred_role"
    )


def _rules(claims: Claims, _: str | None, settings: Settings) -> Choice | None:
    """The first matching `[[rules]]` entry (identity pools, RoleMapping of type Rules)."""
    for number, rule in enumerate(settings.rules, start=1):
        if matches(rule, claims.values):
            return Choice(settings.roles[rule.role], f"rule {number}: {rule.claim} {rule.match}")
    return None


def _token_roles(claims: Claims, _: str | None, settings: Settings) -> Choice | None:
    """`cognito:roles` without a preferred one: a single role is the answer, several are ambiguous."""
    roles = tuple(dict.fromkeys(claims.roles))
    if not roles:
        return None
    if len(roles) > 1:
        return Choice(None, "cognito:roles without cognito:preferred_role", f"{len(roles)} roles")
    return Choice(_listed(roles[0], "cognito:roles", settings), "cognito:roles")


def _group_map(claims: Claims, _: str | None, settings: Settings) -> Choice | None:
    """The group map of access.toml: the best precedence decides, as it does in Cognito (lower wins, absent is last).

    Only reached by tokens without a role claim, such as every access token.
    """
    granting = [
        (group.precedence if group.precedence is not None else float("inf"), group.role)
        for name in dict.fromkeys(claims.groups)
        if (group := settings.groups.get(name)) is not None and group.role is not None
    ]
    if not granting:
        return None
    best = min(precedence for precedence, _ in granting)
    roles = {role for precedence, role in granting if precedence == best}
    if len(roles) > 1:
        return Choice(None, "groups of equal precedence", " and ".join(map(repr, sorted(roles))))
    return Choice(settings.roles[roles.pop()], "group map")


RULES: tuple[Callable[[Claims, str | None, Settings], Choice | None], ...] = (
    # In this order; None passes the question on. A role that a rule names and access.toml does not list is a refusal,
    # never a reason to try the next rule.
    _requested,
    _preferred,
    _rules,
    _token_roles,
    _group_map,
)


def _listed(arn: str, claim: str, settings: Settings) -> Role:
    role = settings.roles_by_arn.get(arn)
    if role is None:
        raise RoleNotListed(
            f"the token's `{claim}` names a role that access.toml does not list, and it is never assumed: list it "
            "under [roles], or take it from the group in the user pool"
        )
    return role


def matches(rule: Rule, values: Mapping[str, object]) -> bool:
    """Whether one mapping rule matches. An absent claim matches nothing, `NotEqual` included: identity pools do not
    evaluate a rule whose claim is absent. A list is judged by its members, so that `Contains` on groups asks for the
    member `admin` and not for any group with `admin` in its name."""
    value = value_at(values, rule.claim)
    if rule.claim == "scope" and isinstance(value, str):
        value = value.split(" ")
    if isinstance(value, str):
        return MATCHES_TEXT[rule.match](value, rule.value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return MATCHES_LIST[rule.match](value, rule.value)
    return False


MATCHES_TEXT: Mapping[str, Callable[[str, str], bool]] = {
    "Equals": lambda value, wanted: value == wanted,
    "NotEqual": lambda value, wanted: value != wanted,
    "StartsWith": lambda value, wanted: value.startswith(wanted),
    "Contains": lambda value, wanted: wanted in value,
}
MATCHES_LIST: Mapping[str, Callable[[list[str], str], bool]] = {
    "Equals": lambda value, wanted: value == [wanted],
    "NotEqual": lambda value, wanted: wanted not in value,
    "StartsWith": lambda value, wanted: any(item.startswith(wanted) for item in value),
    "Contains": lambda value, wanted: wanted in value,
}
