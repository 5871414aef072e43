"""`GET /credentials` as Terraform deploys it: what CloudFormation's template says of it, attribute by attribute, and
nothing of it until it is turned on."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from authorizer.cli.deploy import plan_of
from authorizer.deployed import Deployment
from authorizer.deployment.cloudformation import Release, template, to_yaml
from authorizer.deployment.terraform.variables import snake
from authorizer.gate.rulings import OWN_HANDLER
from tests.deployed.factories import from_state, from_template
from tests.deploying.conftest import run
from tests.deploying.emulator import ACCOUNT, Emulator
from tests.deploying.test_terraform import (
    HOLDING,
    ONE_EACH,
    Found,
    a_vend_role,
    an_alarm,
    an_execution_role,
    apply,
    attached,
    compared,
    generated,
    given,
    held,
    initialised,
    resources,
    what_comes,
    what_it_may,
)
from tests.deployment.test_cloudformation import edited
from tests.deployment.test_credentials import ON, with_callers

pytestmark = pytest.mark.deploy
LIMITS = {"reserved_concurrency": 3, "too_many_sessions_per_five_minutes": 7}


@pytest.fixture
def access(tmp_path: Path) -> Path:
    (tmp_path / "access").mkdir()
    return edited(tmp_path / "access", with_callers)


def test_turned_off_there_is_nothing_of_it_and_turned_on_it_is_what_the_template_says(
    access: Path, terraform: list[str], aws: Emulator, tmp_path: Path
) -> None:
    infra = generated(tmp_path, "--arch", "x86_64", access=access)
    command = initialised(infra, terraform)
    rest, apis = attached(aws)
    values = {**given(rest, apis), **LIMITS}
    before = what_comes(infra, command, aws, values)
    assert [name for name in before if "credentials" in name or "browser" in name] == []
    [environment] = before["aws_lambda_function.authorizer"]["environment"]
    nobody = f"arn:aws:iam::{ACCOUNT}:role/shop-hands-out-nothing"
    assert environment["variables"]["BROWSER_ROLE_ARN"] == nobody

    made = what_comes(infra, command, aws, {**values, "credentials_route": True})
    holding = {*HOLDING, *ON, "ReservesConcurrency"}
    wanted = resources(made, apis, rest, access=access, holding=holding, more=known(made))
    left = set(made)
    for logical, resource in wanted.items():
        left -= of_credentials(logical, resource, made) or compared(logical, resource, made)
    assert left == set()
    outputs = json.loads(run(command, "output", "-json", cwd=infra).stdout)
    assert outputs["credentials_role"]["value"] == made["aws_iam_role.credentials[0]"]["arn"]
    assert outputs["credentials_function"]["value"] == made["aws_lambda_function.credentials[0]"]["arn"]
    assert outputs["credentials_logs"]["value"] == made["aws_cloudwatch_log_group.credentials[0]"]["name"]
    assert outputs["browser_arn"]["value"] == made["aws_iam_role.browser[0]"]["arn"]
    its_log(shown(infra, command, "plan"))
    read_as_the_template(access, shown(infra, command), shown(infra, command, "plan"), rest, apis)


def shown(infra: Path, command: str, *what: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(command, "show", "-json", *what, cwd=infra).stdout)
    return found


def its_log(plan: Found) -> None:
    """moto forgets which log group a function writes to, and its name is known after apply."""
    module = plan["configuration"]["root_module"]["module_calls"]["authorizer"]["module"]
    [function] = [one for one in module["resources"] if one["address"] == "aws_lambda_function.credentials"]
    [logging] = function["expressions"]["logging_config"]
    assert logging["log_group"]["references"][0] == "aws_cloudwatch_log_group.credentials[0].name"


def read_as_the_template(access: Path, state: Found, plan: Found, rest: Found, apis: Found) -> None:
    """`--deployment` is told the same by the plan, by the state and by CloudFormation's template."""
    release = Release(
        form="cloudformation", python="3.13", architecture="x86_64", code="a.zip", digest="1", roll_out=None
    )
    text = to_yaml(template(plan_of(access, "auto"), release), "")
    parameters = {
        "AWS::AccountId": ACCOUNT,
        "AWS::StackName": "shop",
        "CredentialsRoute": "yes",
        "RestApiId": rest["id"],
        "RestApiRootResourceId": rest["rootResourceId"],
        "HttpApiId": apis["HTTP"],
    }
    wanted = doors(from_template(text, parameters=parameters))
    assert wanted == {
        (api, f"{method} /credentials", authorization, OWN_HANDLER)
        for api in (rest["id"], apis["HTTP"])
        for method, authorization in (("GET", "CUSTOM"), ("OPTIONS", "NONE"))
    }
    whole = from_state(**state)
    assert doors(whole) == doors(from_state(values=None, **plan)) == wanted
    [own] = [one.role for one in whole.functions if one.handler == OWN_HANDLER]
    [browser] = [role for role in whole.roles if role.place.endswith("aws_iam_role.browser[0]")]
    assert own == f"arn:aws:iam::{ACCOUNT}:role/shop-credentials-role"
    assert {each.value for rule in browser.trust.rules for each in rule.principals} == {own}


def doors(deployed: Deployment) -> set[tuple[str, str, str | None, str | None]]:
    """API, entry, authorization, and the handler behind it, of each route to `/credentials`."""
    handlers = {one.arn: one.handler for one in deployed.functions}
    return {
        (
            route.api,
            route.entry,
            route.authorization,
            handlers.get(route.integration.function or "") if route.integration else None,
        )
        for route in deployed.routes
        if route.path == "/credentials"
    }


def known(made: Found) -> dict[str, str]:
    """What the template names of it, as it was made."""
    function = made["aws_lambda_function.credentials[0]"]
    logs = made["aws_cloudwatch_log_group.credentials[0]"]
    return {
        "CredentialsRoute": "yes",
        "ReservedConcurrency": "3",
        "TooManySessionsPerFiveMinutes": "7",
        "CredentialsFunction": function["function_name"],
        "CredentialsFunction.Arn": function["arn"],
        "CredentialsRole.Arn": made["aws_iam_role.credentials[0]"]["arn"],
        "CredentialsLogs": logs["name"],
        "CredentialsLogs.Arn": f"{logs['arn']}:*",
        "CredentialsResource": made["aws_api_gateway_resource.credentials[0]"]["id"],
        "CredentialsIntegration": made["aws_apigatewayv2_integration.credentials[0]"]["id"],
        "BrowserRole.Arn": made["aws_iam_role.browser[0]"]["arn"],
    }


FUNCTION = {
    name: own for name, own in ONE_EACH["AuthorizerFunction"][1].items() if name != "SnapStart.ApplyOn"
}
ROUTE = {
    "RouteKey": "route_key",
    "Target": "target",
    "AuthorizationType": "authorization_type",
    "AuthorizerId": "authorizer_id",
}
METHOD = {
    "ResourceId": "resource_id",
    "HttpMethod": "http_method",
    "AuthorizationType": "authorization",
    "AuthorizerId": "authorizer_id",
    "RequestParameters": "request_parameters",
}
BEHIND = {
    "Type": "type",
    "IntegrationHttpMethod": "integration_http_method",
    "Uri": "uri",
    "CacheKeyParameters": "cache_key_parameters",
}
ROWS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    # Resource of the template → resource of Terraform's, property → attribute.
    "CredentialsFunction": (
        "aws_lambda_function.credentials[0]",
        FUNCTION,
    ),
    "CredentialsLogs": (
        "aws_cloudwatch_log_group.credentials[0]",
        {"RetentionInDays": "retention_in_days"},
    ),
    "CredentialsResource": (
        "aws_api_gateway_resource.credentials[0]",
        {"ParentId": "parent_id", "PathPart": "path_part"},
    ),
    "CredentialsIntegration": (
        "aws_apigatewayv2_integration.credentials[0]",
        {
            "IntegrationType": "integration_type",
            "IntegrationUri": "integration_uri",
            "PayloadFormatVersion": "payload_format_version",
        },
    ),
    "CredentialsHttpRoute": ("aws_apigatewayv2_route.credentials[0]", ROUTE),
    "CredentialsHttpPreflight": ("aws_apigatewayv2_route.credentials_preflight[0]", ROUTE),
    **{
        f"{kind}MayHandOut": (
            f'aws_lambda_permission.credentials["{kind.lower()}"]',
            {
                "Action": "action",
                "Principal": "principal",
                "SourceArn": "source_arn",
                "FunctionName": "function_name",
            },
        )
        for kind in ("Rest", "Http")
    },
}


def of_credentials(logical: str, resource: Found, made: Found) -> set[str]:
    """The same as `compared` for what it adds; empty for anything else."""
    said = resource.get("Properties", {})
    match resource["Type"]:
        case "AWS::IAM::Role" if logical == "BrowserRole":
            return a_vend_role("aws_iam_role.browser[0]", "aws_iam_role_policy.browser[0]", said, made)
        case "AWS::IAM::Role" if logical == "CredentialsRole":
            options = "aws_iam_role_policy.credentials_options[0]"
            return an_execution_role("aws_iam_role.credentials[0]", options, said, made)
        case "AWS::IAM::Policy" if logical == "CredentialsMayVend":
            return what_it_may("aws_iam_role_policy.credentials_vend[0]", said, made)
        case "AWS::IAM::Policy" if logical == "CredentialsMayTrace":
            return {"aws_iam_role_policy.credentials_options[0]"}  # held with the role's own, above
        case "AWS::CloudWatch::Alarm" if logical.startswith("Credentials"):
            return an_alarm(f'credentials["{snake(logical.removeprefix("Credentials"))}"]', said, made)
        case "AWS::ApiGateway::Method" if logical.startswith("Credentials"):
            own = {"CredentialsMethod": "credentials", "CredentialsPreflight": "credentials_preflight"}[
                logical
            ]
            method, behind = (f"aws_api_gateway_{what}.{own}[0]" for what in ("method", "integration"))
            held({name: one for name, one in said.items() if name in METHOD}, made[method], METHOD)
            told = {name: one or None for name, one in said["Integration"].items()}  # no list is an empty one
            held(told, made[behind], BEHIND)
            for name in ("resource_id", "http_method"):
                assert made[behind][name] == made[method][name]
            return {method, behind}
        case _ if logical in ROWS:
            address, attributes = ROWS[logical]
            held(
                {name: one for name, one in said.items() if name != "LoggingConfig"},
                made[address],
                attributes,
            )
            return {address}
    return set()


def test_what_it_cannot_do_without_is_refused_before_anything_is_made(
    access: Path, terraform: list[str], aws: Emulator, tmp_path: Path
) -> None:
    infra = generated(tmp_path, access=access)
    command = initialised(infra, terraform)
    for values, told in (
        ({}, "needs an API: name a REST or an HTTP API"),
        ({"rest_api": {"id": "rest"}}, "needs the root_resource_id of rest_api"),
        ({"http_api": {"id": "http"}, "name": "n" * 48}, "name: expected 47 characters or fewer"),
    ):
        code, said = apply(infra, command, aws, credentials_route=True, **values)
        assert (code, told in re.sub(r"[\s│]+", " ", said)) == (1, True), said
    assert aws.client("iam").list_roles()["Roles"] == []
