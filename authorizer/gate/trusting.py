"""Whom roles trust: does anybody but the authorizer get a session of a listed role, or become the authorizer?

Sources: IAM User Guide, "Principal", "How to use trust policies with IAM roles"; Lambda Developer Guide, "Using source
function ARN to control function access behavior".
"""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Final

from authorizer.deployed import DeployedRole, Principal, Rule, is_known, is_open, same, widened
from authorizer.engine import Document, Statement
from authorizer.engine.evaluate import AccessRequest, evaluate, known_operator, matches, parse_action
from authorizer.gate.reaching import overlap
from authorizer.gate.rulings import (
    GIVE,
    HANDLER,
    NAME_IT,
    OWN_HANDLER,
    REWRITE,
    Notes,
    World,
    binding,
    checked,
    left_open,
    refuted,
)
from authorizer.model import Role

ASSUME: Final = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
PRINCIPAL_ARN: Final = "aws:principalarn"
LAMBDA: Final = Principal(kind="Service", value="lambda.amazonaws.com")
SOURCE_FUNCTION: Final = "lambda:SourceFunctionArn"


def trust(world: World) -> Notes:
    """Each listed role is assumed by the authorizer alone, and nobody else becomes the authorizer. What is handed to
    callers is assumed by the function that hands it out alone, and nobody else becomes that."""
    if not world.execution:
        yield left_open(
            f"no function with the handler {HANDLER} is in these files, so that nobody is known to be the authorizer",
            "",
            closes="give the template of the authorizer's functions",
        )
        return
    yield from world.of_roles(partial(_trusted, world))
    for arn in sorted(world.execution):
        yield from _execution(world, arn, HANDLER, "the authorizer's own role")
    for arn in sorted(world.handing_out - world.execution):
        yield from _execution(world, arn, OWN_HANDLER, "the role of GET /credentials")
    yield from world.unread("roles")


def _trusted(world: World, role: Role, deployed: DeployedRole) -> Notes:
    execution = world.execution_of(role)
    handed_out = role.name in world.access.settings.callers.handed_out
    if not execution:
        yield left_open(
            f"no function with the handler {OWN_HANDLER} is in these files, so that nobody is known to hand out role "
            f"{role.name}",
            deployed.trust.place,
            closes="give the template of the function behind GET /credentials",
        )
        return
    found = [*_others(world, deployed.trust.rules, execution)]
    for place, who, known in found:
        text = f"role {role.name} may be assumed by {world.show(who)}"
        yield refuted(text, place) if known else left_open(text, place, closes=NAME_IT)
    if not found:
        whom = "what hands it to callers" if handed_out else "the authorizer"
        yield checked(f"role {role.name} trusts {whom} alone", deployed.trust.place)


def _execution(world: World, arn: str, handler: str, own: str) -> Notes:
    """The role that the functions of a handler run as: who becomes it assumes all others, with no session policy."""
    deployed = world.by_arn.get(arn)
    if deployed is None:
        yield left_open(f"{own} is not in these files: {world.show(arn)}", "", closes=GIVE)
        return
    found = False
    for rule in deployed.trust.rules:
        if rule.statement is not None and not _assumes(rule.statement):
            continue
        others = [each for each in rule.principals if each != LAMBDA]
        if rule.statement is None or any(is_open(each.value) for each in others):
            found = True
            yield left_open(
                f"whom {own} trusts could not be read: {rule.problem or 'its principal is open'}",
                rule.place,
                closes=REWRITE,
            )
        elif rule.statement.effect == "Allow" and (rule.not_principals or others):
            found = True
            who = (
                "everybody else"
                if rule.not_principals
                else ", ".join(describe(world, each) for each in others)
            )
            yield refuted(f"{own} may be assumed by {who}, who then assumes every role", rule.place)
    for function in world.deployment.functions:
        runs = same(function.role or "", arn)
        if runs is False or function.handler == handler or _is_denied(world, deployed, function.arn):
            continue
        found = True
        what = f"the function {world.show(function.arn)} runs as {own}"
        yield (
            refuted(f"{what}, and no Deny keeps it from assuming the listed ones", function.place)
            if runs
            else left_open(f"whether {what} is open", function.place, closes=NAME_IT)
        )
    if not found:
        yield checked(f"{own} is nobody else's", deployed.place)


def _is_denied(world: World, execution: DeployedRole, function: str) -> bool:
    """Whether the execution role's policies deny another function every listed role."""
    statements = [rule.statement for policy in execution.policies for rule in policy.rules]
    denies = Document(
        statements=tuple(each for each in statements if each is not None and each.effect == "Deny")
    )
    return all(
        evaluate(
            identity=[denies],
            session=None,
            boundary=None,
            request=AccessRequest(action=ASSUME[0], resource=role.arn, context={SOURCE_FUNCTION: function}),
        ).verdict
        == "explicit deny"
        for role in world.roles
        if execution.arn in world.execution_of(role)
    )


# ── who else ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def _others(
    world: World, rules: Sequence[Rule], execution: Collection[str]
) -> Iterator[tuple[str, str, bool]]:
    """(place, who, whether that is known) of everybody else whom the rules let assume the role."""
    denied = any(_denies_others(rule, execution) for rule in rules)
    for rule in rules:
        if rule.statement is None:
            yield rule.place, f"somebody: {rule.problem}", False
        elif rule.statement.effect == "Allow" and _assumes(rule.statement) and not denied:
            yield from ((rule.place, who, known) for who, known in _beside(world, rule, execution))


def _beside(world: World, rule: Rule, execution: Collection[str]) -> Iterator[tuple[str, bool]]:
    if rule.not_principals:
        yield "everybody but a few (NotPrincipal)", True
        return
    if _bound_to(rule, execution):
        return
    for principal in rule.principals:
        if principal.kind == "AWS" and is_authorizer(principal.value, execution):
            continue
        yield describe(world, principal), not _may_be_authorizer(principal, execution)


def _assumes(statement: Statement) -> bool:
    """Whether a statement is about any way of assuming a role."""
    patterns = [parse_action(text) for text in statement.not_actions or statement.actions]
    return any(
        any(matches(pattern, action.lower()) for pattern in patterns) is not bool(statement.not_actions)
        for action in ASSUME
    )


def is_authorizer(value: str, execution: Collection[str]) -> bool:
    """The execution role, or a session of it."""
    if value in execution:
        return True
    sessions = (_session_of(arn) for arn in execution)
    return any(each and value.startswith(f"{each}/") for each in sessions) and not is_open(value)


def _may_be_authorizer(principal: Principal, execution: Collection[str]) -> bool:
    """Whether a principal may be the execution role after all: by a name that AWS made, and that no file has, or where
    a function's role is another stack's to say."""
    value = principal.value
    if is_open(value):
        return True
    if any(map(is_open, execution)) and principal.kind == "AWS" and value != "*" and not is_account(value):
        return True
    return is_known(value) and any(
        not is_known(arn) and ":role/" in value and overlap(widened(arn, beside=value), value)
        for arn in execution
    )


def _session_of(role: str) -> str:
    """What the ARN of each session of a role begins with: a session's ARN has no path. Empty where the role is no ARN,
    but a text that no file says: nobody is known to have a session of it."""
    fields = role.split(":", 5)
    if len(fields) != 6:
        return ""
    _, partition, _, _, account, name = fields
    return f"arn:{partition}:sts::{account}:assumed-role/{name.rpartition('/')[2]}"


def _bound_to(rule: Rule, execution: Collection[str]) -> bool:
    """Whether a condition lets nobody pass but the execution role."""
    conditions = rule.statement.conditions if rule.statement is not None else ()
    return any(
        condition.key.lower() == PRINCIPAL_ARN
        and binding(condition)
        and all(value in execution for value in condition.values)
        for condition in conditions
    )


def _denies_others(rule: Rule, execution: Collection[str]) -> bool:
    """Whether a Deny leaves the execution role alone to assume the role."""
    statement = rule.statement
    if statement is None or statement.effect != "Deny" or statement.not_actions:
        return False
    patterns = [parse_action(text) for text in statement.actions]
    if not all(any(matches(pattern, action.lower()) for pattern in patterns) for action in ASSUME):
        return False
    if rule.not_principals:
        return not statement.conditions and all(each.value in execution for each in rule.principals)
    if not rule.names_everybody or len(statement.conditions) != 1:
        return False
    (condition,) = statement.conditions
    operator = known_operator(condition.operator)
    return (
        condition.key.lower() == PRINCIPAL_ARN
        and operator.kind in ("string", "arn")
        and operator.negated
        and operator.qualifier is None
        and all(value in execution for value in condition.values)
    )


def is_account(value: str) -> bool:
    """Whether a principal is an account, which lets its own policies decide."""
    return value.isdigit() or value.endswith(":root")


def describe(world: World, principal: Principal) -> str:
    """Somebody in a policy, in words."""
    value = world.show(principal.value)
    if principal.value == "*":
        return "everybody"
    if principal.kind == "AWS" and is_account(principal.value):
        return f"whomever the account lets ({value})"
    return f"{principal.kind} {value}"
