"""What `authorizer deploy terraform` writes is Terraform that its provider takes, and comes to what CloudFormation's
template says, attribute by attribute."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from authorizer.cli.deploy import plan_of
from authorizer.deployment.cloudformation import Release, template
from authorizer.deployment.terraform.variables import snake
from tests.cli.test_commands import run as run_authorizer
from tests.deploy.sam import chosen
from tests.deploying.conftest import run
from tests.deploying.emulator import ACCOUNT, REGION, Emulator, project
from tests.deploying.evaluate import evaluated
from tests.deployment.test_cloudformation import edited, with_sealing
from tests.deployment.test_credentials import with_callers
from tests.make import ACCESS

pytestmark = pytest.mark.deploy
REQUIRED = {
    "user_pool_id": "eu-west-1_Abc",
    "app_client_id": "app",
    "machine_client_id": "machine",
    "data_bucket": "data",
    "data_table": "table",
}
HOLDING = {
    *("Rest", "Http", "WebSocket", "RestAnswers", "AllowsOrigin", "HasMetadata", "RestByToken", "Traces"),
    "Notifies",
}
"""Conditions of the template that hold with what is given below."""
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alarms"


def generated(folder: Path, *options: str, access: Path = ACCESS) -> Path:
    project(folder, b"PK\x05\x06" + bytes(18))
    made = run_authorizer(
        "deploy", "terraform", *options, "--access", str(access), "--output", "infra", cwd=folder
    )
    assert made.returncode == 0, made.stderr
    return folder / "infra"


def initialised(folder: Path, terraform: list[str]) -> str:
    command, plugins = terraform
    done = run(command, "init", "-no-color", "-input=false", "-backend=false", plugins, cwd=folder)
    assert done.returncode == 0, done.stderr
    return command


def simple(text: str) -> str:
    return text.replace('"env:RESPONSE"', '"simple"').replace('"env:RESULT_TTL"', '"0s"')


def test_every_form_is_formatted_and_taken_by_the_provider(terraform: list[str], tmp_path: Path) -> None:
    forms: list[tuple[tuple[str, ...], Callable[[str], str] | None]] = [
        ((), None),
        (("--roles", "existing"), with_sealing),
        ((), simple),
        ((), with_callers),
        (("--roles", "existing"), with_callers),
        ((), lambda text: simple(with_sealing(with_callers(text)))),
    ]
    for number, (options, edit) in enumerate(forms):
        folder = tmp_path / str(number)
        folder.mkdir()
        access = ACCESS if edit is None else edited(folder, edit)
        infra = generated(folder, *options, access=access)
        command = initialised(infra, terraform)
        formatted = run(command, "fmt", "-check", "-diff", "-recursive", cwd=infra)
        assert formatted.returncode == 0, formatted.stdout
        valid = run(command, "validate", "-no-color", cwd=infra)
        assert valid.returncode == 0, valid.stderr


def test_an_attribute_that_the_provider_does_not_know_is_found(terraform: list[str], tmp_path: Path) -> None:
    """What the check above is worth."""
    infra = generated(tmp_path)
    module = infra / "authorizer" / "doors.tf"
    module.write_text(
        module.read_text().replace("identity_validation_expression ", "identity_validation_regexp     ")
    )
    invalid = run(initialised(infra, terraform), "validate", "-no-color", cwd=infra)
    assert invalid.returncode == 1
    assert 'An argument named "identity_validation_regexp" is not expected here' in invalid.stderr


def apply(infra: Path, command: str, aws: Emulator, **values: Any) -> tuple[int, str]:
    (infra / "terraform.tfvars.json").write_text(json.dumps({"name": "shop", **REQUIRED, **values}))
    done = run(
        *(command, "apply", "-auto-approve", "-no-color", "-input=false"), cwd=infra, **aws.environment
    )
    return done.returncode, done.stderr


def test_what_is_wrong_is_refused_before_anything_is_made(
    terraform: list[str], aws: Emulator, tmp_path: Path
) -> None:
    infra = generated(tmp_path)
    command = initialised(infra, terraform)
    rest = {"id": "rest", "root_resource_id": "root"}
    code, said = apply(infra, command, aws, user_pool_id="pool", log_retention=2, result_ttl=99999)
    assert code == 1
    for name in (
        "user_pool_id: expected ^",
        "log_retention: expected one of 1, 7",
        "result_ttl: expected 0 to 3560",
    ):
        assert name in re.sub(r"[\s│]+", " ", said)
    code, said = apply(infra, command, aws, snap_start="PublishedVersions", python_version="python3.11")
    assert (code, "SnapStart needs Python 3.12" in said) == (1, True)
    code, said = apply(infra, command, aws, response="simple", rest_api=rest)
    assert (code, "takes no simple response" in re.sub(r"[\s│]+", " ", said)) == (1, True)
    assert aws.client("iam").list_roles()["Roles"] == []


def test_what_comes_of_it_is_what_the_template_says(
    terraform: list[str], aws: Emulator, tmp_path: Path
) -> None:
    infra = generated(tmp_path, "--arch", "x86_64")
    command = initialised(infra, terraform)
    rest, apis = attached(aws)
    made = what_comes(infra, command, aws, given(rest, apis))
    left = set(made)
    wanted = resources(made, apis, rest)
    for logical, resource in wanted.items():
        left -= compared(logical, resource, made)
    assert left == set()


def attached(aws: Emulator) -> tuple[Mapping[str, Any], dict[str, str]]:
    """A REST API, and the ids of an HTTP and a WebSocket API."""
    apis = {
        kind: aws.client("apigatewayv2").create_api(
            Name=kind, ProtocolType=kind, RouteSelectionExpression="$x"
        )["ApiId"]
        for kind in ("HTTP", "WEBSOCKET")
    }
    return aws.client("apigateway").create_rest_api(name="mine"), apis


def given(rest: Mapping[str, Any], apis: Mapping[str, str]) -> dict[str, Any]:
    """All that may be chosen, for these APIs."""
    return {
        "rest_api": {"id": rest["id"], "root_resource_id": rest["rootResourceId"]},
        "http_api": {"id": apis["HTTP"]},
        "websocket_api": {"id": apis["WEBSOCKET"]},
        "resource_url": "https://api.example.com",
        "allow_origin": "https://app.example.com",
        "tracing": "Active",
        "alarm_topic_arn": TOPIC,
    }


def what_comes(infra: Path, command: str, aws: Emulator, values: Mapping[str, Any]) -> dict[str, Any]:
    """What Terraform makes with these values, by address."""
    planned_values = planned(infra, command, aws, values)
    code, said = apply(infra, command, aws, **values)
    assert code == 0, said
    shown = run(command, "show", "-json", cwd=infra)
    state = by_address(json.loads(shown.stdout)["values"]["root_module"])
    # moto forgets a few settings that it was told: those are what was planned.
    return {name: merged(found, planned_values.get(name)) for name, found in state.items()}


def planned(infra: Path, command: str, aws: Emulator, given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    (infra / "terraform.tfvars.json").write_text(json.dumps({"name": "shop", **REQUIRED, **given}))
    done = run(command, "plan", "-no-color", "-input=false", "-out=plan", cwd=infra, **aws.environment)
    assert done.returncode == 0, done.stderr
    shown = run(command, "show", "-json", "plan", cwd=infra)
    return by_address(json.loads(shown.stdout)["planned_values"]["root_module"])


def merged(state: Any, plan: Any) -> Any:
    """What was planned where it was known then, else what has come of it."""
    if isinstance(state, dict) and isinstance(plan, dict):
        return {name: merged(state.get(name), plan.get(name)) for name in {**state, **plan}}
    if isinstance(state, list) and isinstance(plan, list) and len(state) == len(plan) == 1:
        return [merged(state[0], plan[0])]
    return state if plan in (None, [], {}) else plan


def by_address(module: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Resources by their address, without the module's part of it; none that is only read."""
    own = {
        one["address"].removeprefix("module.authorizer."): one["values"]
        for one in module.get("resources", ())
        if one["mode"] == "managed"
    }
    for child in module.get("child_modules", ()):
        own |= by_address(child)
    return own


def resources(
    made: Mapping[str, Any],
    apis: Mapping[str, str],
    rest: Mapping[str, Any],
    *,
    access: Path = ACCESS,
    holding: Collection[str] = HOLDING,
    more: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """The template's, with the parameters in place and everything made known, `more` of it too."""
    release = Release(
        form="cloudformation", python="3.13", architecture="x86_64", code="a.zip", digest="1", roll_out=None
    )
    tree = template(plan_of(access, "auto"), release)
    function = made["aws_lambda_function.authorizer"]
    known = {name: one.get("Default") for name, one in tree["Parameters"].items()}
    known |= {
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::AccountId": ACCOUNT,
        "AWS::StackName": "shop",
        "RestApiId": rest["id"],
        "RestApiRootResourceId": rest["rootResourceId"],
        "HttpApiId": apis["HTTP"],
        "WebSocketApiId": apis["WEBSOCKET"],
        "UserPoolId": REQUIRED["user_pool_id"],
        "AppClientId": REQUIRED["app_client_id"],
        "MachineClientId": REQUIRED["machine_client_id"],
        "DataBucket": REQUIRED["data_bucket"],
        "DataTable": REQUIRED["data_table"],
        "ResourceUrl": "https://api.example.com",
        "AllowOrigin": "https://app.example.com",
        "Tracing": "Active",
        "AlarmTopicArn": TOPIC,
        "AuthorizerFunction": function["function_name"],
        "AuthorizerFunctionAliaslive": made["aws_lambda_alias.live"]["arn"],
        "AuthorizerRole.Arn": made["aws_iam_role.authorizer"]["arn"],
        "AuthorizerLogs": made["aws_cloudwatch_log_group.authorizer"]["name"],
        "AuthorizerLogs.Arn": made["aws_cloudwatch_log_group.authorizer"]["arn"] + ":*",
        "RestAuthorizer": made["aws_api_gateway_authorizer.rest[0]"]["id"],
        "HttpAuthorizer": made["aws_apigatewayv2_authorizer.http[0]"]["id"],
        "WebSocketAuthorizer": made["aws_apigatewayv2_authorizer.websocket[0]"]["id"],
        "WellKnown": made["aws_api_gateway_resource.well_known[0]"]["id"],
        "ProtectedResource": made["aws_api_gateway_resource.protected_resource[0]"]["id"],
        **{
            f"{role.title()}Role.Arn": made[f"aws_iam_role.{role}"]["arn"]
            for role in ("viewer", "editor", "admin", "importer")
        },
        **more,
    }
    return {
        name: evaluated(chosen(one, holding), known)
        for name, one in tree["Resources"].items()
        if "Condition" not in one or one["Condition"] in holding
    }


Found = Mapping[str, Any]


def compared(logical: str, resource: Found, made: Found) -> set[str]:
    """Holds one resource of the template to what Terraform made; the addresses that are held with it."""
    kind, said = resource["Type"], resource.get("Properties", {})
    match kind:
        case "AWS::IAM::Role" if logical != "AuthorizerRole":
            name = logical.removesuffix("Role").lower()
            return a_vend_role(f"aws_iam_role.{name}", f"aws_iam_role_policy.{name}", said, made)
        case "AWS::IAM::Role":
            return an_execution_role("aws_iam_role.authorizer", "aws_iam_role_policy.options", said, made)
        case "AWS::IAM::Policy" if logical == "AuthorizerMayVend":
            return what_it_may("aws_iam_role_policy.vend", said, made)
        case "AWS::IAM::Policy":
            assert logical == "AuthorizerMayTrace"  # with the role's own, above
            return set()
        case "AWS::CloudWatch::Alarm":
            return an_alarm(f'alarm["{snake(logical)}"]', said, made)
        case "AWS::ApiGateway::GatewayResponse":
            address = f'aws_api_gateway_gateway_response.answer["{said["ResponseType"]}"]'
            held(said, made[address], ANSWER)
            return {address}
        case "AWS::Lambda::Permission":
            name = logical.removesuffix("MayAuthorize").lower()
            address = f'aws_lambda_permission.authorizer["{name}"]'
            attributes = {"Action": "action", "Principal": "principal", "SourceArn": "source_arn"}
            held({name: said[name] for name in attributes}, made[address], attributes)
            alias = f"{made['aws_lambda_function.authorizer']['arn']}:{made[address]['qualifier']}"
            assert said["FunctionName"] == alias
            return {address}
        case "AWS::ApiGateway::Method":
            return a_method(said, made)
        case "AWS::CloudWatch::Dashboard":
            address = "aws_cloudwatch_dashboard.authorizer"
            assert json.loads(made[address]["dashboard_body"]) == json.loads(said["DashboardBody"])
            assert made[address]["dashboard_name"] == said["DashboardName"]
            return {address}
        case "AWS::Lambda::Version":
            assert made["aws_lambda_function.authorizer"]["publish"] is True
            return set()
        case _:
            address, own = ONE_EACH[logical]
            held(said, made[address], own)
            return {address}


def held(said: Found, found: Found, attributes: Mapping[str, str]) -> None:
    """Every property has its attribute, and says the same; paths go into blocks of one."""
    flat = {
        path: value for path, value in paths(said) if path in attributes or not _is_inside(path, attributes)
    }
    assert set(flat) <= set(attributes) | NOT_COMPARED, set(flat) - set(attributes)
    for path, attribute in attributes.items():
        if path in flat:
            value: Any = found
            for part in attribute.split("."):
                value = (
                    value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else value
                )
                value = value[part]
            assert plain(value) == plain(flat[path]), (path, attribute)


def _is_inside(path: str, attributes: Mapping[str, str]) -> bool:
    return any(path.startswith(f"{name}.") for name in attributes)


def paths(said: Found, before: str = "") -> list[tuple[str, Any]]:
    found = []
    for name, value in said.items():
        path = f"{before}{name}"
        inner = isinstance(value, dict) and "Ref" not in value and path not in WHOLE
        found += paths(value, f"{path}.") if inner else [(path, value)]
    return found


def plain(value: Any) -> Any:
    """One form of numbers and of lists that have no order."""
    if isinstance(value, list):
        return sorted(map(str, value))
    return value if isinstance(value, bool | dict) else str(value)


def statements(policy: Found) -> set[tuple[str, str]]:
    return {(",".join(sorted(_list(one["Action"]))), one["Resource"]) for one in policy["Statement"]}


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def a_vend_role(role: str, policy: str, said: Found, made: Found) -> set[str]:
    attributes = {"Description": "description", "MaxSessionDuration": "max_session_duration"}
    held({name: said[name] for name in attributes}, made[role], attributes)
    assert json.loads(made[role]["assume_role_policy"]) == said["AssumeRolePolicyDocument"]
    [own] = said["Policies"]
    assert json.loads(made[policy]["policy"]) == own["PolicyDocument"]
    assert made[policy]["name"] == own["PolicyName"]
    return {role, policy}


def an_execution_role(role: str, options: str, said: Found, made: Found) -> set[str]:
    """What a function runs as, with what it needs besides; in Terraform that is one policy."""
    assert json.loads(made[role]["assume_role_policy"]) == said["AssumeRolePolicyDocument"]
    runs = statements(json.loads(made[options]["policy"]))
    traces = {("xray:PutTelemetryRecords,xray:PutTraceSegments", "*")}
    told = {one for policy in said["Policies"] for one in statements(policy["PolicyDocument"])}
    assert runs == told | traces
    return {role, options}


def what_it_may(address: str, said: Found, made: Found) -> set[str]:
    assert json.loads(made[address]["policy"]) == said["PolicyDocument"]
    assert made[address]["name"] == said["PolicyName"]
    return {address}


def an_alarm(name: str, said: Found, made: Found) -> set[str]:
    address = f"aws_cloudwatch_metric_alarm.{name}"
    found = made[address]
    held({key: one for key, one in said.items() if key in ALARM}, found, ALARM)
    queries = {one["id"]: one for one in found["metric_query"]}
    assert set(queries) == {one["Id"] for one in said.get("Metrics", ())}
    for one in said.get("Metrics", ()):
        query = queries[one["Id"]]
        if "Expression" in one:
            assert (query["expression"], query["label"]) == (one["Expression"], one["Label"])
            assert query["return_data"] is True
            continue
        [metric], stat = query["metric"], one["MetricStat"]
        assert (metric["stat"], metric["period"]) == (stat["Stat"], stat["Period"])
        assert (metric["namespace"], metric["metric_name"]) == (
            stat["Metric"]["Namespace"],
            stat["Metric"]["MetricName"],
        )
        assert metric["dimensions"] == dimensions(stat["Metric"])
    if "Dimensions" in said:
        assert found["dimensions"] == dimensions(said)
    return {address}


def dimensions(metric: Found) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in metric["Dimensions"]}


def a_method(said: Found, made: Found) -> set[str]:
    address = {
        what: f"aws_api_gateway_{what}.metadata[0]"
        for what in ("method", "method_response", "integration", "integration_response")
    }
    one = {what: made[place] for what, place in address.items()}
    assert one["method"]["authorization"] == said["AuthorizationType"]
    assert one["method"]["http_method"] == said["HttpMethod"]
    assert one["method"]["resource_id"] == said["ResourceId"]
    assert one["integration"]["type"] == said["Integration"]["Type"]
    assert one["integration"]["request_templates"] == said["Integration"]["RequestTemplates"]
    [answer] = said["Integration"]["IntegrationResponses"]
    [text] = answer["ResponseTemplates"].values()
    [ours] = one["integration_response"]["response_templates"].values()
    assert json.loads(ours) == json.loads(text)
    assert one["method_response"]["status_code"] == answer["StatusCode"]
    return set(address.values())


WHOLE = {"Environment.Variables", "ResponseParameters", "ResponseTemplates"}
NOT_COMPARED = {
    # Where the zip is; the deployment group's way to name what it is in.
    *("Code.S3Bucket", "Code.S3Key", "RestApiId", "ApiId", "FunctionVersion.Fn::GetAtt", "AuthorizerUri"),
}
ANSWER = {
    "ResponseType": "response_type",
    "StatusCode": "status_code",
    "ResponseParameters": "response_parameters",
    "ResponseTemplates": "response_templates",
}
ALARM = {
    "AlarmDescription": "alarm_description",
    "Namespace": "namespace",
    "MetricName": "metric_name",
    "Statistic": "statistic",
    "Period": "period",
    "EvaluationPeriods": "evaluation_periods",
    "DatapointsToAlarm": "datapoints_to_alarm",
    "Threshold": "threshold",
    "ComparisonOperator": "comparison_operator",
    "TreatMissingData": "treat_missing_data",
    "AlarmActions": "alarm_actions",
}
ONE_EACH: Mapping[str, tuple[str, Mapping[str, str]]] = {
    # Resource of the template → resource of Terraform's, property → attribute.
    "AuthorizerFunction": (
        "aws_lambda_function.authorizer",
        {
            "FunctionName": "function_name",
            "Description": "description",
            "Handler": "handler",
            "Runtime": "runtime",
            "Architectures": "architectures",
            "Role": "role",
            "Timeout": "timeout",
            "MemorySize": "memory_size",
            "ReservedConcurrentExecutions": "reserved_concurrent_executions",
            "SnapStart.ApplyOn": "snap_start.apply_on",
            "LoggingConfig.LogGroup": "logging_config.log_group",
            "Environment.Variables": "environment.variables",
            "TracingConfig.Mode": "tracing_config.mode",
        },
    ),
    "AuthorizerFunctionAliaslive": (
        "aws_lambda_alias.live",
        {"Name": "name", "FunctionName": "function_name"},
    ),
    "AuthorizerLogs": ("aws_cloudwatch_log_group.authorizer", {"RetentionInDays": "retention_in_days"}),
    "RestAuthorizer": (
        "aws_api_gateway_authorizer.rest[0]",
        {
            "Name": "name",
            "Type": "type",
            "AuthorizerResultTtlInSeconds": "authorizer_result_ttl_in_seconds",
            "IdentitySource": "identity_source",
            "IdentityValidationExpression": "identity_validation_expression",
        },
    ),
    "HttpAuthorizer": (
        "aws_apigatewayv2_authorizer.http[0]",
        {
            "Name": "name",
            "AuthorizerType": "authorizer_type",
            "AuthorizerPayloadFormatVersion": "authorizer_payload_format_version",
            "EnableSimpleResponses": "enable_simple_responses",
            "AuthorizerResultTtlInSeconds": "authorizer_result_ttl_in_seconds",
            "IdentitySource": "identity_sources",
        },
    ),
    "WebSocketAuthorizer": (
        "aws_apigatewayv2_authorizer.websocket[0]",
        {"Name": "name", "AuthorizerType": "authorizer_type", "IdentitySource": "identity_sources"},
    ),
    "WellKnown": (
        "aws_api_gateway_resource.well_known[0]",
        {"ParentId": "parent_id", "PathPart": "path_part"},
    ),
    "ProtectedResource": (
        "aws_api_gateway_resource.protected_resource[0]",
        {"ParentId": "parent_id", "PathPart": "path_part"},
    ),
}
