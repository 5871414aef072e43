"""The roles of access.toml in `main.tf`: what each is called there, and those that are made.

A role whose sessions callers hold is there where `GET /credentials` is: until that is turned on nobody could assume it.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from authorizer.deployment.cloudformation.function import MAX_SESSION
from authorizer.deployment.plan import Plan, PlannedRole
from authorizer.deployment.terraform.hcl import Code, Json, attributes, block, expression
from authorizer.deployment.terraform.variables import credentials_options, names_of
from authorizer.deployment.trust import ROLE_POLICY, name_of

Write = Callable[[Any], Any]
ON: Final = f"var.{next(iter(credentials_options()))}"
_COUNTED: Final = {"count": Code(f"{ON} ? 1 : 0")}
_NOTHING: Final = (
    "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:"
    "role/${var.name}-hands-out-nothing"
)


def names_of_roles(plan: Plan) -> dict[str, str]:
    """Role → the name of its resource: `a-b` and `a_b` are two roles."""
    found: dict[str, str] = {}
    for planned in plan.roles:
        word = "".join(char if char.isascii() and char.isalnum() else "_" for char in planned.role.name)
        word = word.lower() if word[:1].isalpha() else f"role_{word.lower()}"
        numbered = (f"{word}{suffix}" for suffix in ("", *(f"_{number}" for number in range(2, 1000))))
        found[planned.role.name] = next(one for one in numbered if one not in found.values())
    return found


def arn_of(plan: Plan, planned: PlannedRole) -> str:
    """What stands for the ARN of a role whose ARN access.toml takes from the environment."""
    if planned.variable is not None and planned.exists:
        return f"var.{names_of(plan)[planned.variable]}"
    name = names_of_roles(plan)[planned.role.name]
    return f"local.handed_out.{name}" if planned.handed_out else f"aws_iam_role.{name}.arn"


def handed_out(plan: Plan) -> Iterator[list[str]]:
    """ARNs of the roles that are handed out and made here. Turned off none is, and its name has to mean something
    yet: the authorizer's environment has it."""
    names = names_of_roles(plan)
    made = [one for one in plan.roles if one.handed_out and not one.exists and one.variable is not None]
    if not made:
        return
    arns = {
        name: Code(f"{ON} ? aws_iam_role.{name}[0].arn : local.hands_out_nothing")
        for name in (names[one.role.name] for one in made)
    }
    yield block("locals", attributes({"hands_out_nothing": Code(f'"{_NOTHING}"'), "handed_out": arns}))


def role(plan: Plan, planned: PlannedRole, write: Write) -> Iterator[list[str]]:
    """A role that is made here: whom it trusts, and what its templates allow at most."""
    name = names_of_roles(plan)[planned.role.name]
    counted = [*attributes(_COUNTED), ""] if planned.handed_out else []
    named: dict[str, Any] = {}
    if planned.variable is None:
        path, own = name_of(planned.role.arn)
        named = {"name": own, "path": path}
    values = {
        **named,
        "description": f"What access.toml calls {planned.role.name}: trusts the authorizer alone",
        "max_session_duration": MAX_SESSION,
        "permissions_boundary": Code("var.permissions_boundary"),
        "assume_role_policy": Json(write(planned.trust)),
    }
    yield block(f'resource "aws_iam_role" "{name}"', counted + attributes(values))
    if planned.own["Statement"]:
        policy = {
            "name": ROLE_POLICY,
            "role": Code(f"aws_iam_role.{name}{'[0]' if planned.handed_out else ''}.id"),
            "policy": Json(write(planned.own)),
        }
        yield block(f'resource "aws_iam_role_policy" "{name}"', counted + attributes(policy))


def outputs(plan: Plan, write: Write) -> Iterator[tuple[str, str, Any]]:
    """Name, description and value of what is told of each role."""
    names = names_of_roles(plan)
    for planned in plan.roles:
        name = names[planned.role.name]
        if planned.exists:
            said = f"The statements that its trust needs: `authorizer trust --patch {planned.role.name}`"
            yield f"{name}_trust", said, _where_it_is(planned, Json(write(planned.trust)))
        else:
            said = f"ARN of the role that access.toml calls {planned.role.name}."
            arn = f"one(aws_iam_role.{name}[*].arn)" if planned.handed_out else f"aws_iam_role.{name}.arn"
            yield f"{name}_arn", said, Code(arn)


def _where_it_is(planned: PlannedRole, trust: Json) -> Code | Json:
    return Code(f"{ON} ? {expression(trust, 1)} : null") if planned.handed_out else trust
