"""All of a plan as one template. The order is that of the tables and of access.toml: a template that is generated again
differs where they do."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from authorizer.deployment.cloudformation import credentials, doors, function, watch
from authorizer.deployment.cloudformation.intrinsics import (
    Value,
    equals,
    get,
    given,
    ref,
    sub,
    when,
    writer,
)
from authorizer.deployment.cloudformation.parameters import (
    ANSWERS,
    APIS,
    CREDENTIALS,
    RUNTIME,
    WATCH,
    built_for,
    names_of,
    of_variable,
    role_id,
)
from authorizer.deployment.cloudformation.rules import rules
from authorizer.deployment.plan import EXECUTION_ROLE, Plan
from authorizer.deployment.standins import Reference, resolve

Template = dict[str, Any]
Form = Literal["sam", "cloudformation", "terraform", "cdk"]
SAM = "AWS::Serverless-2016-10-31"
NOT_MADE: Value = sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${AWS::StackName}-hands-out-nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What is deployed, and how."""

    form: Form
    python: str
    """`3.13`"""
    architecture: str
    code: str
    """The zip, as the folder of what is generated sees it. CloudFormation: its key in the bucket."""
    digest: str
    """Of the zip and whatever else makes a version another one; empty where SAM or CDK finds that out."""
    roll_out: str | None
    """`Canary10Percent5Minutes` and others of CodeDeploy's; None: all at once."""


def template(plan: Plan, release: Release) -> Template:
    """The whole template."""
    names = names_of(plan)
    simple = {None: None, "policy": False, "simple": True}[plan.doors.response]
    write = _writer(plan, names)
    parameters = _parameters(plan, names, release)
    if simple is True:
        for name in ("RestApiId", "RestAuthorizerType", "WebSocketApiId", *ANSWERS):
            del parameters[name]
    elif plan.doors.token_header is None:
        del parameters["RestAuthorizerType"]
    made = {
        "AWSTemplateFormatVersion": "2010-09-09",
        **({"Transform": SAM} if release.form == "sam" else {}),
        "Description": "A Lambda authorizer, attached to APIs that exist. Nothing of theirs is changed but a REST "
        "API's answers to whom it turns away: a method uses the authorizer once you select it there.",
        "Parameters": parameters,
    }
    refused = rules(plan, names, simple=simple)
    return {
        **made,
        **({"Rules": refused} if refused else {}),
        "Conditions": _conditions(plan, names, simple=simple),
        "Resources": _resources(plan, release, names, write, simple=simple),
        "Outputs": _outputs(plan, write, simple=simple),
    }


def _writer(plan: Plan, names: Mapping[str, str]) -> Callable[[Any], Value]:
    """A document of the plan → the same with CloudFormation's references in it."""
    references: dict[Reference, Value] = {
        Reference(kind="execution-role"): get("AuthorizerRole", "Arn"),
        Reference(kind="function"): sub("${AWS::StackName}-authorizer"),
        Reference(kind="credentials-role"): get("CredentialsRole", "Arn"),
        Reference(kind="credentials-function"): sub("${AWS::StackName}-credentials"),
        Reference(kind="partition"): ref("AWS::Partition"),
        Reference(kind="region"): ref("AWS::Region"),
        Reference(kind="account"): ref("AWS::AccountId"),
        Reference(kind="resource"): ref("ResourceUrl"),
    }
    for name, parameter in names.items():
        region = {"Fn::Select": [0, {"Fn::Split": ["_", ref(parameter)]}]}
        references[Reference(kind="parameter", name=name)] = ref(parameter)
        references[Reference(kind="pool-region", name=name)] = region
    if plan.table is not None:
        table = when("MakesSharedTable", ref("SessionsTable"), ref(names[plan.table.name]))
        references[Reference(kind="table")] = table
    for planned in plan.roles:
        own = Reference(kind="role", name=planned.role.name)
        if planned.variable is not None and planned.exists:
            references[own] = ref(names[planned.variable])
        else:
            references[own] = get(role_id(plan, planned.role.name), "Arn")
    written = writer(references)
    markers = {**plan.markers, "zzqresourceqzz": Reference(kind="resource")}
    return lambda document: resolve(document, markers, written)


def _parameters(plan: Plan, names: Mapping[str, str], release: Release) -> Template:
    found: Template = {}
    for one in plan.variables:
        exists = any(planned.exists for planned in plan.roles if planned.variable == one.name)
        made = of_variable(one, plan, exists=exists)
        if made is not None:
            found[names[one.name]] = made
    for name in plan.unknown:
        found[names[name]] = {
            "Type": "String",
            "MinLength": 1,
            "Description": f"The value of `env:{name}` of {plan.place}.",
        }
    code: Template = {}
    if release.form != "sam":
        code = {
            "CodeBucket": {"Type": "String", "Description": "The bucket that the zip is in."},
            "CodeKey": {
                "Type": "String",
                **({"Default": release.code} if release.form == "cloudformation" else {}),
                "Description": "The key of the zip in it.",
            },
        }
    built = built_for(release.python, release.architecture)
    handing_out = CREDENTIALS if plan.handing_out else {}
    return {**APIS, **found, **ANSWERS, **code, **built, **RUNTIME, **WATCH, **handing_out}


def _conditions(plan: Plan, names: Mapping[str, str], *, simple: bool | None) -> Template:
    response = next((names[one.name] for one in plan.variables if one.kind == "response"), None)
    found: Template = {"Http": given("HttpApiId")}
    if simple is not True:
        found |= {"Rest": given("RestApiId"), "WebSocket": given("WebSocketApiId")}
        found["RestAnswers"] = {"Fn::And": [{"Condition": "Rest"}, equals("GatewayResponses", "yes")]}
        found["AllowsOrigin"] = given("AllowOrigin")
        found["HasMetadata"] = {
            "Fn::And": [{"Condition": "Rest"}, given("ResourceUrl"), given("RestApiRootResourceId")]
        }
        if plan.doors.token_header is not None:
            found["RestByToken"] = {"Fn::And": [{"Condition": "Rest"}, equals("RestAuthorizerType", "TOKEN")]}
    if response is not None:
        found["Simple"] = equals(response, "simple")
    if plan.table is not None:
        found["MakesSharedTable"] = equals(names[plan.table.name], "")
    if plan.handing_out:
        found |= credentials.conditions(rest=simple is not True)
    return found | {
        "ReservesConcurrency": {"Fn::Not": [equals("ReservedConcurrency", 0)]},
        "EncryptsEnvironment": given("KmsKeyArn"),
        "EncryptsLogs": given("LogKmsKeyArn"),
        "UsesVpc": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", ref("SubnetIds")]}, ""]}]},
        "Traces": equals("Tracing", "Active"),
        "HasBoundary": given("PermissionsBoundary"),
        "Notifies": given("AlarmTopicArn"),
    }


def _resources(
    plan: Plan,
    release: Release,
    names: Mapping[str, str],
    write: Callable[[Any], Value],
    *,
    simple: bool | None,
) -> Template:
    ttl = next((ref(names[one.name]) for one in plan.variables if one.kind == "ttl"), plan.doors.ttl)
    properties = function.properties(_environment(plan, names, write))
    own = function.own_resources(write(plan.execution))
    if release.form == "sam":
        made = function.as_serverless(properties, code=release.code, roll_out=release.roll_out)
    else:
        label = _label(properties, own, release)
        made = function.as_lambda(properties, plan, release=label, roll_out=release.roll_out)
    vended = {
        role_id(plan, planned.role.name): {
            **({"Condition": credentials.ON} if planned.handed_out else {}),
            **function.vend_role(planned, write(planned.trust), write(planned.own)),
        }
        for planned in plan.roles
        if not planned.exists
    }
    handing_out = {}
    if plan.handing_out:
        handing_out = credentials.resources(
            write(plan.handing_out),
            _environment(plan, names, write, handing_out=True),
            form=release.form,
            code=release.code,
            rest=simple is not True,
        )
    answers = {}
    if simple is not True:
        document = write(doors.metadata_text(plan.issuers, plan.scopes))
        answers = {**doors.answers(), **doors.metadata(document)}
    return {
        **made,
        **own,
        **vended,
        **({"SessionsTable": function.shared_table()} if plan.table is not None else {}),
        **doors.authorizers(plan.doors, ttl, simple=simple),
        **answers,
        **handing_out,
        **watch.alarms(ref("AuthorizerFunction"), "AlarmTopicArn"),
        **watch.dashboard(),
    }


def _label(properties: Template, own: Template, release: Release) -> str:
    """What names a version: another zip, or another function, is another one. CDK's construct knows both later."""
    if release.form == "cdk":
        return ""
    text = json.dumps([properties, own, release.digest, release.python, release.architecture], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _environment(
    plan: Plan, names: Mapping[str, str], write: Callable[[Any], Value], *, handing_out: bool = False
) -> Template:
    """`handing_out`: of the function that is there only where something is handed out."""
    made = {role.variable for role in plan.roles if role.handed_out and not role.exists}
    found: Template = {}
    for one in plan.variables:
        if one.kind == "ttl":
            seconds = sub(f"${{{names[one.name]}}}s")
            response = any(other.kind == "response" for other in plan.variables)
            found[one.name] = when("Simple", "0s", seconds) if response else seconds
        elif one.kind == "response":
            found[one.name] = ref(names[one.name])
        elif one.name in made and not handing_out:
            # Turned off the role is not made, and its name has to mean something yet.
            found[one.name] = when(credentials.ON, write(one.value), NOT_MADE)
        else:
            found[one.name] = write(one.value)
    return found | {name: ref(names[name]) for name in plan.unknown}


def _outputs(plan: Plan, write: Callable[[Any], Value], *, simple: bool | None) -> Template:
    found: Template = {
        "ExecutionRole": {
            "Description": "The principal that the roles must trust.",
            "Value": write(EXECUTION_ROLE),
        },
        "Function": {
            "Description": "The one function that may assume the roles.",
            "Value": get("AuthorizerFunction", "Arn"),
        },
        "Logs": {"Description": "Where the decision records are.", "Value": ref("AuthorizerLogs")},
    }
    if plan.handing_out:
        on: Template = {"Condition": credentials.ON}
        found |= {
            "CredentialsRoleArn": {
                **on,
                "Description": "The principal that the roles must trust that are handed out.",
                "Value": get("CredentialsRole", "Arn"),
            },
            "CredentialsLogs": {**on, "Value": ref("CredentialsLogs")},
        }
    for kind in ("Http",) if simple is True else ("Rest", "Http", "WebSocket"):
        found[f"{kind}AuthorizerId"] = {"Condition": kind, "Value": ref(f"{kind}Authorizer")}
    for planned in plan.roles:
        role = planned.role.name
        on = {"Condition": credentials.ON} if planned.handed_out else {}
        if planned.exists:
            found[f"{role_id(plan, role)}Trust"] = {
                **on,
                "Description": f"The statements that the trust of {role} needs: `authorizer trust --patch {role}`",
                "Value": write(json.dumps(planned.trust, separators=(",", ":"))),
            }
        else:
            found[f"{role_id(plan, role)}Arn"] = {**on, "Value": get(role_id(plan, role), "Arn")}
    return found
