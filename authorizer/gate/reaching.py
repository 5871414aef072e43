"""Whom a statement of a resource's policy reaches, of those that no session policy narrows.

Source: IAM User Guide, "Session policies", "Principal", "AWS global condition context keys": what a resource's policy
gives a role's session by its ARN, or everybody, is added to what the session policy allows; what it gives the role is
within the session policy, and an account as principal only lets that account's own policies decide.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from authorizer.deployed import Principal, Rule, is_known, is_made, is_open, same, widened
from authorizer.engine import Condition
from authorizer.engine.evaluate import MANY, Variable, judge, parse_action, parse_pattern, parse_resource
from authorizer.engine.prove import find_overlap, find_uncovered

Reach: TypeAlias = Literal["nobody", "sessions", "open", "elsewhere"]
"""`sessions`: of listed roles. `elsewhere`: somebody of another account. `open`: it cannot be told."""

_ABSENT: Final = (
    *("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths"),
    *("aws:principalservicename", "aws:principalservicenameslist"),
)
"""Keys that only a request has which an AWS service makes by itself: a session's own has none of them."""


def reach(rule: Rule, roles: Sequence[str], others: Sequence[Rule]) -> Reach:
    """Whom an Allow reaches. `roles` are the listed ones' ARNs, `others` all statements of the same policy."""
    if rule.statement is None:
        return "open"
    found = {_reached(principal, rule.not_principals, roles) for principal in rule.principals}
    if "sessions" in found:
        fits = _any(_fits(rule.statement.conditions, role) for role in roles)
        if fits is False or any(_shuts_out(deny, rule, roles) for deny in others):
            found.discard("sessions")
        elif fits is None:
            found = (found - {"sessions"}) | {"open"}
    order: tuple[Reach, ...] = ("sessions", "elsewhere", "open")
    return next((each for each in order if each in found), "nobody")


def _reached(principal: Principal, negated: bool, roles: Sequence[str]) -> Reach:
    value = principal.value
    if negated or value == "*":
        return "sessions"
    if is_open(value) or principal.kind in ("Federated", "CanonicalUser"):
        return "open"
    if principal.kind == "Service":
        return "nobody"
    fields = value.split(":", 5)
    account = fields[4] if len(fields) == 6 else value
    if len(fields) == 6 and fields[5].startswith("assumed-role/"):
        name = fields[5].split("/")[1]
        meant = _any(_is_role(name, account, arn) for arn in roles)
        return "sessions" if meant else "open" if meant is None else "nobody"
    own = {arn.split(":")[4] for arn in roles}
    if account in own or not account.isdigit() or len(account) != 12:
        # This account's own; a service's, such as CloudFront's; or the unique id of a role or user.
        return "nobody"
    return "elsewhere" if all(map(is_known, own)) else "open"


def _is_role(name: str, account: str, arn: str) -> bool | None:
    """Whether a session's ARN names a role; None where its name, which AWS made, is in no file."""
    fields = arn.split(":", 5)
    found = same(fields[5].rpartition("/")[2], name)
    # An account that is not known counts as this one.
    return False if same(fields[4], account) is False else found


# ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _fits(conditions: Sequence[Condition], role: str) -> bool | None:
    """Whether a session of a role can satisfy all conditions; None where that cannot be told."""
    judged = [_fit(condition, role) for condition in conditions]
    return False if False in judged else None if None in judged else True


def _fit(condition: Condition, role: str) -> bool | None:
    known = _said_of(role)
    key = condition.key.lower()
    if key not in known:
        return True
    values = known[key]
    if any(_may_be(text, value) for text in condition.values for value in values):
        return None
    return judge(condition.operator, condition.values, values, lambda _: None)


def _said_of(role: str) -> Mapping[str, tuple[str, ...]]:
    """What is known of each session of a role: its condition keys, in lower case."""
    account = role.split(":")[4]
    return {
        "aws:principalarn": (role,),
        "aws:principalaccount": (account,),
        "kms:calleraccount": (account,),
        "aws:principaltype": ("AssumedRole",),
        "aws:principalisawsservice": ("false",),
        **dict.fromkeys(_ABSENT, ()),
    }


def _may_be(text: str, value: str) -> bool:
    """Whether it cannot be told that a text fits a value, because of a stand-in in one of them."""
    if is_open(text):
        return True
    if text == value or (is_known(value) and is_known(text)):
        return False
    if is_made(text) and not {"*", "?"} & set(text):
        return False  # another resource's own name
    return overlap(widened(text, beside=value), widened(value, beside=text))


def overlap(one: str, other: str) -> bool:
    """Whether some text fits both patterns; a policy variable is any text."""
    patterns = [
        tuple(MANY if isinstance(part, Variable) else part for part in parse_pattern(text))
        for text in (one, other)
    ]
    return find_overlap(*patterns) is not None


def _any(judged: Iterable[bool | None]) -> bool | None:
    found = set(judged)
    return True if True in found else None if None in found else False


# ── what a Deny takes away again ─────────────────────────────────────────────────────────────────────────────────────


def _shuts_out(deny: Rule, rule: Rule, roles: Collection[str]) -> bool:
    """Whether a Deny keeps every session from all that a rule allows: all that it asks is about who calls."""
    statement = deny.statement
    if statement is None or statement.effect != "Deny" or deny.not_principals:
        return False
    if not deny.names_everybody:
        return False
    if not all(condition.key.lower() in _said_of("::::") for condition in statement.conditions):
        return False
    return _covers(deny, rule) and all(_fits(statement.conditions, role) for role in roles)


def _covers(deny: Rule, rule: Rule) -> bool:
    """Whether a Deny is about all actions and resources of a rule."""
    wide, narrow = deny.statement, rule.statement
    if wide is None or narrow is None or wide.not_actions or wide.not_resources:
        return False
    if narrow.not_actions or narrow.not_resources:
        return "*" in wide.actions and "*" in wide.resources
    actions = [parse_action(text) for text in wide.actions]
    resources = [parse_resource(text) for text in wide.resources]
    return all(find_uncovered(parse_action(text), actions) is None for text in narrow.actions) and all(
        find_uncovered(parse_resource(text), resources) is None for text in narrow.resources
    )
