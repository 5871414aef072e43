"""What access.toml decides, as a Terraform configuration that calls the module: policies, roles, environment."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from authorizer.deployment.cloudformation.assembly import Release
from authorizer.deployment.cloudformation.doors import http_source, rest_source, websocket_source
from authorizer.deployment.cloudformation.function import MAX_SESSION, shared_table
from authorizer.deployment.cloudformation.parameters import Parameter
from authorizer.deployment.plan import EXECUTION_ROLE, FUNCTION, Plan, PlannedRole
from authorizer.deployment.standins import Reference, resolve
from authorizer.deployment.terraform.hcl import Code, Json, attributes, block, writer
from authorizer.deployment.terraform.variables import (
    ATTACHED,
    asked_for,
    attached,
    names_of,
    options,
    variable,
)
from authorizer.deployment.trust import ROLE_POLICY, name_of

PROVIDER: Final = ">= 5.100"
"""The version that the module was held to; older ones may lack what it sets."""
MODULE: Final = "./authorizer"
_FUNCTION_ARN: Final = (
    "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.id}:"
    "${data.aws_caller_identity.current.account_id}:function:${var.name}-authorizer"
)
_OF_POLICIES: Final = frozenset(
    {"rest_api", "websocket_api", "rest_authorizer_type", "gateway_responses", "allow_origin", "resource_url"}
)
"""Variables about APIs that take no simple response."""
Write = Callable[[Any], Any]
Offered = Mapping[str, Parameter]


def required(plan: Plan) -> list[str]:
    """The variables without a default."""
    return ["name", *(name for name, row in asked_for(plan).items() if "Default" not in row)]


def root(plan: Plan, release: Release, heading: str) -> str:
    """`main.tf`."""
    offered = options(release.python, release.architecture, release.code)
    write = _writer(plan)
    parts = [
        [f"# {line}".rstrip() for line in heading.splitlines()],
        block(
            "terraform",
            block(
                "required_providers",
                attributes({"aws": {"source": "hashicorp/aws", "version": PROVIDER}}, 2),
                1,
            ),
        ),
        *_variables(plan, offered),
        *(block(f'data "{kind}" "current"', []) for kind in _DATA),
        block("locals", attributes({"function_arn": Code(f'"{_FUNCTION_ARN}"')})),
        *_table(plan),
        block('module "authorizer"', attributes(_module(plan, write, offered))),
        *(lines for planned in plan.roles if not planned.exists for lines in _role(plan, planned, write)),
        *_outputs(plan, write),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


_DATA: Final = ("aws_partition", "aws_region", "aws_caller_identity")


def _names_of_roles(plan: Plan) -> dict[str, str]:
    """Role → the name of its resource: `a-b` and `a_b` are two roles."""
    found: dict[str, str] = {}
    for planned in plan.roles:
        word = "".join(char if char.isascii() and char.isalnum() else "_" for char in planned.role.name)
        word = word.lower() if word[:1].isalpha() else f"role_{word.lower()}"
        numbered = (f"{word}{suffix}" for suffix in ("", *(f"_{number}" for number in range(2, 1000))))
        found[planned.role.name] = next(one for one in numbered if one not in found.values())
    return found


def _writer(plan: Plan) -> Write:
    references: dict[Reference, str] = {
        Reference(kind="execution-role"): "module.authorizer.execution_role_arn",
        Reference(kind="function-arn"): "local.function_arn",
        Reference(kind="function"): 'format("%s-authorizer", var.name)',
        Reference(kind="partition"): "data.aws_partition.current.partition",
        Reference(kind="region"): "data.aws_region.current.id",
        Reference(kind="account"): "data.aws_caller_identity.current.account_id",
        Reference(kind="table"): "local.sessions_table",
    }
    for name, own in names_of(plan).items():
        references[Reference(kind="parameter", name=name)] = f"var.{own}"
        references[Reference(kind="pool-region", name=name)] = f'split("_", var.{own})[0]'
    roles = _names_of_roles(plan)
    for planned in plan.roles:
        known = planned.variable is not None and planned.exists
        references[Reference(kind="role", name=planned.role.name)] = (
            f"var.{names_of(plan)[planned.variable or '']}"
            if known
            else f"aws_iam_role.{roles[planned.role.name]}.arn"
        )
    written = writer(references)
    markers = {**plan.markers, FUNCTION: Reference(kind="function-arn")}
    return lambda document: resolve(document, markers, written)


def _variables(plan: Plan, offered: Offered) -> Iterator[list[str]]:
    """What is asked for. The module checks its own."""
    for name in _handed_on(plan, offered):
        if name in ATTACHED:
            yield attached(name)
        else:
            yield variable(name, offered[name], checked=False)
    for name, row in asked_for(plan).items():
        yield variable(name, row)


def _handed_on(plan: Plan, offered: Offered) -> list[str]:
    """Variables of the module that whoever deploys decides about."""
    left_out = _OF_POLICIES if plan.doors.response == "simple" else set()
    if plan.doors.token_header is None:
        left_out |= {"rest_authorizer_type"}
    return [name for name in (*offered, *ATTACHED) if name not in left_out]


def _module(plan: Plan, write: Write, offered: Offered) -> dict[str, Any]:
    doors, names = plan.doors, names_of(plan)
    ttl = next((Code(f"var.{names[one.name]}") for one in plan.variables if one.kind == "ttl"), doors.ttl)
    values: dict[str, Any] = {"source": MODULE}
    values |= {name: Code(f"var.{name}") for name in _handed_on(plan, offered)}
    if doors.token_header is None:
        values["rest_authorizer_type"] = "REQUEST"
    keyed = [http_source(source) for source in doors.keyed]
    header = doors.token_header
    return {
        **values,
        "result_ttl": ttl,
        "simple": _simple(plan) if doors.response is None else doors.response == "simple",
        "identity_sources": {
            "rest_token": None if header is None else rest_source(header),
            "rest_request": ",".join(map(rest_source, doors.keyed)),
            "http": keyed,
            "http_simple": keyed if header is None else [http_source(header)],
            "websocket": [websocket_source(doors.connect)],
        },
        "metadata": {
            "authorization_servers": write(list(plan.issuers)),
            "scopes_supported": sorted(plan.scopes),
        },
        "environment": _environment(plan, write),
        "execution_policy": Json(write(plan.execution)),
    }


def _simple(plan: Plan) -> Code:
    [name] = [names_of(plan)[one.name] for one in plan.variables if one.kind == "response"]
    return Code(f'var.{name} == "simple"')


def _environment(plan: Plan, write: Write) -> dict[str, Any]:
    names = names_of(plan)
    found: dict[str, Any] = {}
    for one in plan.variables:
        value = Code(f"var.{names[one.name]}")
        if one.kind == "ttl":
            simple = plan.doors.response is None
            seconds = f"{_simple(plan).text} ? 0 : {value.text}" if simple else value.text
            found[one.name] = Code(f'"${{{seconds}}}s"')
        elif one.kind == "response":
            found[one.name] = value
        else:
            found[one.name] = write(one.value)
    return found | {name: Code(f"var.{names[name]}") for name in plan.unknown}


def _role(plan: Plan, planned: PlannedRole, write: Write) -> Iterator[list[str]]:
    """A role that is vended, and made here: whom it trusts, and what its templates allow at most."""
    name = _names_of_roles(plan)[planned.role.name]
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
    yield block(f'resource "aws_iam_role" "{name}"', attributes(values))
    if planned.own["Statement"]:
        policy = {
            "name": ROLE_POLICY,
            "role": Code(f"aws_iam_role.{name}.id"),
            "policy": Json(write(planned.own)),
        }
        yield block(f'resource "aws_iam_role_policy" "{name}"', attributes(policy))


def _table(plan: Plan) -> Iterator[list[str]]:
    """The table in which environments share sessions, unless one is named."""
    if plan.table is None:
        return
    properties = shared_table()["Properties"]
    [key] = properties["AttributeDefinitions"]
    ttl = properties["TimeToLiveSpecification"]
    own = f"var.{names_of(plan)[plan.table.name]}"
    body = attributes(
        {
            "count": Code(f"{own} == null ? 1 : 0"),
            "name": Code('"${var.name}-sessions"'),
            "billing_mode": properties["BillingMode"],
            "hash_key": properties["KeySchema"][0]["AttributeName"],
        }
    )
    body += [
        "",
        *block("attribute", attributes({"name": key["AttributeName"], "type": key["AttributeType"]}, 2), 1),
    ]
    body += ["", *block("ttl", attributes({"attribute_name": ttl["AttributeName"], "enabled": True}, 2), 1)]
    yield block('resource "aws_dynamodb_table" "sessions"', body)
    yield block(
        "locals",
        attributes({"sessions_table": Code(f"{own} == null ? aws_dynamodb_table.sessions[0].name : {own}")}),
    )


def _outputs(plan: Plan, write: Write) -> Iterator[list[str]]:
    values: dict[str, tuple[str, Any]] = {
        "execution_role": ("The principal that the roles must trust.", write(EXECUTION_ROLE)),
        "function": ("The one function that may assume the roles.", Code("local.function_arn")),
        "version": ("The newest published version.", Code("module.authorizer.version")),
        "logs": ("Where the decision records are.", Code("module.authorizer.log_group")),
        "authorizers": ("The authorizers' ids, by kind of API.", Code("module.authorizer.authorizers")),
    }
    roles = _names_of_roles(plan)
    for planned in plan.roles:
        name = roles[planned.role.name]
        if planned.exists:
            said = f"The statements that its trust needs: `authorizer trust --patch {planned.role.name}`"
            values[f"{name}_trust"] = (said, Json(write(planned.trust)))
        else:
            said = f"ARN of the role that access.toml calls {planned.role.name}."
            values[f"{name}_arn"] = (said, Code(f"aws_iam_role.{name}.arn"))
    for name, (description, value) in values.items():
        yield block(f'output "{name}"', attributes({"description": description, "value": value}))
