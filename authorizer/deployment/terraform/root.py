"""What access.toml decides, as a Terraform configuration that calls the module: policies, roles, environment."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from authorizer.deployment.cloudformation.assembly import Release
from authorizer.deployment.cloudformation.doors import http_source, rest_source, websocket_source
from authorizer.deployment.cloudformation.function import shared_table
from authorizer.deployment.cloudformation.parameters import Parameter
from authorizer.deployment.plan import CREDENTIALS_FUNCTION, EXECUTION_ROLE, FUNCTION, Plan
from authorizer.deployment.standins import Reference, resolve
from authorizer.deployment.terraform import roles
from authorizer.deployment.terraform.hcl import Code, Json, attributes, block, writer
from authorizer.deployment.terraform.roles import ON, Write
from authorizer.deployment.terraform.variables import (
    ATTACHED,
    asked_for,
    attached,
    credentials_options,
    names_of,
    options,
    variable,
)

PROVIDER: Final = ">= 5.100"
"""The version that the module was held to; older ones may lack what it sets."""
MODULE: Final = "./authorizer"
_FUNCTION_ARN: Final = (
    "arn:${data.aws_partition.current.partition}:lambda:${data.aws_region.current.id}:"
    "${data.aws_caller_identity.current.account_id}:function:${var.name}-"
)
_OF_POLICIES: Final = frozenset(
    {"rest_api", "websocket_api", "rest_authorizer_type", "gateway_responses", "allow_origin", "resource_url"}
)
"""Variables about APIs that take no simple response."""
Offered = Mapping[str, Parameter]


def required(plan: Plan) -> list[str]:
    """The variables without a default."""
    return ["name", *(name for name, row in asked_for(plan).items() if "Default" not in row)]


def root(plan: Plan, release: Release, heading: str) -> str:
    """`main.tf`."""
    offered = options(release.python, release.architecture, release.code)
    if plan.handing_out:
        offered |= credentials_options()
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
        block("locals", attributes(_own_arns(plan))),
        *roles.handed_out(plan),
        *_table(plan),
        block('module "authorizer"', attributes(_module(plan, write, offered))),
        *(
            lines
            for planned in plan.roles
            if not planned.exists
            for lines in roles.role(plan, planned, write)
        ),
        *_outputs(plan, write),
    ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


_DATA: Final = ("aws_partition", "aws_region", "aws_caller_identity")


def _own_arns(plan: Plan) -> dict[str, Code]:
    """Of the functions: known before they are made, since roles name them."""
    found = {"function_arn": Code(f'"{_FUNCTION_ARN}authorizer"')}
    if plan.handing_out:
        found["credentials_function_arn"] = Code(f'"{_FUNCTION_ARN}credentials"')
    return found


def _writer(plan: Plan) -> Write:
    references: dict[Reference, str] = {
        Reference(kind="execution-role"): "module.authorizer.execution_role_arn",
        Reference(kind="function-arn"): "local.function_arn",
        Reference(kind="function"): 'format("%s-authorizer", var.name)',
        Reference(kind="credentials-role"): "module.authorizer.credentials_role_arn",
        Reference(kind="credentials-function-arn"): "local.credentials_function_arn",
        Reference(kind="partition"): "data.aws_partition.current.partition",
        Reference(kind="region"): "data.aws_region.current.id",
        Reference(kind="account"): "data.aws_caller_identity.current.account_id",
        Reference(kind="table"): "local.sessions_table",
    }
    for name, own in names_of(plan).items():
        references[Reference(kind="parameter", name=name)] = f"var.{own}"
        references[Reference(kind="pool-region", name=name)] = f'split("_", var.{own})[0]'
    for planned in plan.roles:
        references[Reference(kind="role", name=planned.role.name)] = roles.arn_of(plan, planned)
    written = writer(references)
    markers = {
        **plan.markers,
        FUNCTION: Reference(kind="function-arn"),
        CREDENTIALS_FUNCTION: Reference(kind="credentials-function-arn"),
    }
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
        **({"credentials_policy": Json(write(plan.handing_out))} if plan.handing_out else {}),
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
    if plan.handing_out:
        values |= {
            "credentials_role": (
                "The principal that the roles must trust that are handed out.",
                Code("module.authorizer.credentials_role_arn"),
            ),
            "credentials_function": (
                "The one function that may assume them.",
                Code(f"{ON} ? local.credentials_function_arn : null"),
            ),
            "credentials_logs": (
                "Where the records of GET /credentials are.",
                Code("module.authorizer.credentials_log_group"),
            ),
        }
    values |= {name: (said, value) for name, said, value in roles.outputs(plan, write)}
    for name, (description, value) in values.items():
        yield block(f'output "{name}"', attributes({"description": description, "value": value}))
