"""`GET /credentials` as `authorizer deploy terraform` makes it: all that CloudFormation's template has of it, off until
it is turned on, and nothing where nothing is handed out. What comes of both is compared in `tests/deploying`."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from authorizer.cli.deploy import plan_of
from authorizer.deployment.alarms import CREDENTIALS_ALARMS
from authorizer.deployment.cloudformation import template
from authorizer.deployment.output import generate
from authorizer.deployment.steps import Made, steps
from authorizer.deployment.terraform import required
from authorizer.deployment.terraform.variables import ATTACHED, names_of, snake, variable
from authorizer.deployment.terraform.variables import credentials_options as options
from tests.deployment.test_cloudformation import CFN, edited, with_sealing
from tests.deployment.test_credentials import simple, with_callers
from tests.deployment.test_terraform import MODULE, RELEASE, a_block, handed, made, names
from tests.make import ACCESS

ROWS = {
    # Resource of the template → resource of Terraform's.
    "BrowserRole": "aws_iam_role.browser",
    "CredentialsFunction": "aws_lambda_function.credentials",
    "CredentialsLogs": "aws_cloudwatch_log_group.credentials",
    "CredentialsRole": "aws_iam_role.credentials",
    "CredentialsMayVend": "aws_iam_role_policy.credentials_vend",
    "CredentialsMayTrace": "aws_iam_role_policy.credentials_options",
    "CredentialsResource": "aws_api_gateway_resource.credentials",
    "CredentialsMethod": "aws_api_gateway_method.credentials",
    "CredentialsPreflight": "aws_api_gateway_method.credentials_preflight",
    "CredentialsIntegration": "aws_apigatewayv2_integration.credentials",
    "CredentialsHttpRoute": "aws_apigatewayv2_route.credentials",
    "CredentialsHttpPreflight": "aws_apigatewayv2_route.credentials_preflight",
    "RestMayHandOut": "aws_lambda_permission.credentials",
    "HttpMayHandOut": "aws_lambda_permission.credentials",
    **{alarm.name: "aws_cloudwatch_metric_alarm.credentials" for alarm in CREDENTIALS_ALARMS},
}
INSIDE = {
    # What the template says inside one of these.
    "aws_iam_role_policy.browser",
    "aws_api_gateway_integration.credentials",
    "aws_api_gateway_integration.credentials_preflight",
}
OWN = ("credentials.tf", "credentials_doors.tf", "credentials_facts.tf", "credentials_watch.tf")
ON = "var.credentials_route ? 1 : 0"


@pytest.fixture
def access(tmp_path: Path) -> Path:
    return edited(tmp_path, with_callers)


def files(access: Path = ACCESS) -> dict[str, str]:
    """All that is written."""
    planned = plan_of(access, "auto")
    made = generate(planned, RELEASE, command="", bundle="a.zip", language="python")
    return {name: text.replace(str(access), str(ACCESS)) for name, text in made.files.items()}


def own_resources(text: str) -> dict[str, str]:
    """`aws_iam_role.browser` → its block's lines."""
    heads = re.findall(r'^resource "(\w+)" "(\w+)" {', text, re.MULTILINE)
    return {f"{kind}.{name}": a_block(text, f'resource "{kind}" "{name}"') for kind, name in heads}


def settings_of(body: str) -> dict[str, str]:
    """A block's attributes and inner blocks, by name."""
    one = r'^  ([a-z]\w*(?: "\w+")?) +(?:= )?(\S.*?)(?=^  [a-z]|\Z)'
    found = re.findall(one, body, re.MULTILINE | re.DOTALL)
    return {name: value.strip() for name, value in found}


def test_what_it_adds_is_what_the_template_adds_resource_by_resource(access: Path) -> None:
    added = (
        template(plan_of(access, "auto"), CFN)["Resources"].keys()
        - template(plan_of(ACCESS, "auto"), CFN)["Resources"].keys()
    )
    before, after = files(), files(access)
    ours = own_resources("\n".join(after.values())).keys() - own_resources("\n".join(before.values())).keys()
    assert {name for name in added if not name.startswith("Version")} == set(ROWS)
    assert ours == {*ROWS.values(), *INSIDE}


def test_without_callers_nothing_is_written_of_it_and_with_them_nothing_else_of_the_module_changes(
    access: Path,
) -> None:
    without, handing_out = files(), files(access)
    assert handing_out.keys() - without.keys() == {f"authorizer/{name}" for name in OWN}
    changed = {name for name, text in without.items() if handing_out[name] != text}
    assert changed == {"main.tf", "STEPS.md"}
    assert not re.search("credentials_|handed_out|GET /credentials", "\n".join(without.values()))


def test_all_of_it_is_off_until_a_variable_turns_it_on(access: Path) -> None:
    assert "default     = false" in a_block(made(access), 'variable "credentials_route"')
    assert handed(made(access))["credentials_route"] == "var.credentials_route"
    whole = {**{name: (MODULE / name).read_text() for name in OWN}, "main.tf": made(access)}
    found = own_resources("\n".join(whole.values()))
    for name in {*ROWS.values(), *INSIDE}:
        counted = settings_of(found[name]).get("count")
        each = settings_of(found[name]).get("for_each", "")
        assert counted in (ON, "local.hands_out_rest ? 1 : 0", "local.hands_out_http ? 1 : 0") or (
            ("hands_out_rest ? {" in each and "hands_out_http ? {" in each)
            or "if var.credentials_route" in each
        ), name
    kinds = dict(re.findall(r"^  hands_out_(\w+) = (.*)$", whole["credentials_doors.tf"], re.MULTILINE))
    assert kinds == {kind: f"var.credentials_route && var.{kind}_api != null" for kind in ("rest", "http")}


def test_it_asks_for_what_the_template_asks_for_and_for_nothing_that_has_no_default(access: Path) -> None:
    parameters = template(plan_of(access, "auto"), CFN)["Parameters"]
    own = {"CodeBucket", "CodeKey", "RestApiId", "HttpApiId", "WebSocketApiId", "RestApiRootResourceId"}
    ours = {"name", "zip", "held_version", "new_version_percent", *ATTACHED}
    assert names(made(access), "variable") - ours == {snake(name) for name in set(parameters) - own}
    assert required(plan_of(access, "auto")) == required(plan_of(ACCESS, "auto"))
    text = "\n".join(line for name, row in options().items() for line in variable(name, row))
    assert '"true makes GET /credentials' in text
    assert "With reserved_concurrency its function" in text
    assert "var.too_many_sessions_per_five_minutes >= 1" in text


def test_the_two_functions_may_assume_nothing_of_one_another_s(access: Path) -> None:
    text = made(access)
    backends, own = (
        a_policy(text, f"  {name} = jsonencode(") for name in ("execution_policy", "credentials_policy")
    )
    assert "handed_out" not in backends
    assert re.findall(r"Resource += (.*)", own) == ["[local.handed_out.browser]"] * 3
    [named] = re.findall(r'"lambda:SourceFunctionArn" = \[(.*?)\]', own, re.DOTALL)
    assert named.split() == ["local.credentials_function_arn,", '"${local.credentials_function_arn}:*",']
    for role, principal in (("browser", "credentials_role_arn"), ("editor", "execution_role_arn")):
        trust = a_block(text, f'resource "aws_iam_role" "{role}"')
        assert set(re.findall(r"AWS = (\S+)", trust)) == {f"module.authorizer.{principal}"}
    trust = a_block(text, 'resource "aws_iam_role" "browser"')
    assert "local.credentials_function_arn" in trust
    assert "local.function_arn" not in trust
    credentials = own_resources((MODULE / "credentials.tf").read_text())
    assert settings_of(credentials["aws_iam_role_policy.credentials_vend"])["policy"] == (
        "var.credentials_policy"
    )


def a_policy(text: str, head: str) -> str:
    """The lines of a document in main.tf."""
    found = re.search(rf"^{re.escape(head)}(.*?)^  }}\)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_turned_off_every_name_of_the_environment_still_means_something(access: Path) -> None:
    text = made(access)
    assert "BROWSER_ROLE_ARN  = local.handed_out.browser" in text
    assert "browser = var.credentials_route ? aws_iam_role.browser[0].arn : local.hands_out_nothing" in text
    assert 'role/${var.name}-hands-out-nothing"' in text
    stand_in = template(plan_of(access, "auto"), CFN)["Resources"]["AuthorizerFunction"]["Properties"][
        "Environment"
    ]["Variables"]["BROWSER_ROLE_ARN"]["Fn::If"][2]
    assert stand_in["Fn::Sub"].endswith("role/${AWS::StackName}-hands-out-nothing")


def test_its_function_is_the_authorizer_s_with_another_name_handler_role_and_log() -> None:
    """In every other attribute the two blocks say the same; nothing of it is published."""
    authorizer = settings_of(
        own_resources((MODULE / "function.tf").read_text())["aws_lambda_function.authorizer"]
    )
    own = settings_of(
        own_resources((MODULE / "credentials.tf").read_text())["aws_lambda_function.credentials"]
    )
    assert own.keys() ^ authorizer.keys() == {"count", "publish", "snap_start"}
    differing = {name for name in own.keys() & authorizer.keys() if own[name] != authorizer[name]}
    assert differing == {
        *("function_name", "description", "handler", "role", "logging_config", "lifecycle", "depends_on")
    }
    assert "log_group  = aws_cloudwatch_log_group.credentials[0].name\n" in own["logging_config"]
    assert own["environment"] == "{\n    variables = var.environment\n  }"


def test_its_log_and_role_are_as_the_authorizer_s() -> None:
    theirs = own_resources((MODULE / "function.tf").read_text())
    ours = own_resources((MODULE / "credentials.tf").read_text())
    for kind, own in (
        ("aws_cloudwatch_log_group", {"count", "name", "name_prefix"}),
        ("aws_iam_role", {"count", "name", "description", "lifecycle"}),
    ):
        one, other = settings_of(theirs[f"{kind}.authorizer"]), settings_of(ours[f"{kind}.credentials"])
        assert {name for name in {**one, **other} if one.get(name) != other.get(name)} == own
    options = ours["aws_iam_role_policy.credentials_options"].replace(".credentials[0]", ".authorizer")
    assert options.split("policy =")[1] == theirs["aws_iam_role_policy.options"].split("policy =")[1]


def test_its_alarms_are_written_as_the_authorizer_s_and_are_of_the_table() -> None:
    [theirs] = own_resources(
        (MODULE / "watch.tf").read_text().partition('resource "aws_cloudwatch_dash')[0]
    ).values()
    [ours] = own_resources((MODULE / "credentials_watch.tf").read_text()).values()
    here = ours.replace("local.credentials_name", "local.function_name").splitlines()
    assert [line for line in here if "for_each = {" not in line] == [
        line for line in theirs.splitlines() if line != "  for_each = local.alarms"
    ]
    facts = (MODULE / "credentials_facts.tf").read_text()
    assert facts.count("threshold =") == len(CREDENTIALS_ALARMS)
    for alarm in CREDENTIALS_ALARMS:
        assert f"    {snake(alarm.name.removeprefix('Credentials'))} = {{\n" in facts
        assert json.dumps(alarm.description) in facts
    assert "local.function_name" not in facts
    assert "threshold = var.too_many_sessions_per_five_minutes" in facts


def test_its_route_stands_behind_the_authorizer_and_its_preflight_does_not() -> None:
    found = own_resources((MODULE / "credentials_doors.tf").read_text())
    method, route = (
        settings_of(found[f"{kind}.credentials"])
        for kind in ("aws_api_gateway_method", "aws_apigatewayv2_route")
    )
    assert (method["http_method"], method["authorization"]) == ('"GET"', '"CUSTOM"')
    assert method["authorizer_id"] == "aws_api_gateway_authorizer.rest[0].id"
    assert (route["route_key"], route["authorization_type"]) == (
        '"GET /${local.credentials_path}"',
        '"CUSTOM"',
    )
    assert route["authorizer_id"] == "aws_apigatewayv2_authorizer.http[0].id"
    method, route = (
        settings_of(found[f"{kind}.credentials_preflight"])
        for kind in ("aws_api_gateway_method", "aws_apigatewayv2_route")
    )
    assert (method["http_method"], method["authorization"]) == ('"OPTIONS"', '"NONE"')
    assert (route["route_key"], route["authorization_type"]) == (
        '"OPTIONS /${local.credentials_path}"',
        '"NONE"',
    )
    behind = settings_of(found["aws_api_gateway_integration.credentials"])
    assert behind["cache_key_parameters"] == "[local.credentials_token]"


def test_roles_that_exist_are_told_whom_to_trust_where_it_is_turned_on(access: Path) -> None:
    text = made(access, "existing")
    assert "aws_iam_role" not in text
    assert "handed_out" not in text
    assert "browser_role_arn" in names(text, "variable")
    trust = a_block(text, 'output "browser_trust"')
    assert "value = var.credentials_route ? jsonencode({" in trust
    assert "}) : null" in trust
    assert "AWS = module.authorizer.credentials_role_arn" in trust
    assert "credentials_route" not in a_block(text, 'output "editor_trust"')
    assert "BROWSER_ROLE_ARN  = var.browser_role_arn" in text


def test_a_role_that_access_toml_names_is_made_under_its_name_where_it_is_turned_on(tmp_path: Path) -> None:
    def fixed(text: str) -> str:
        arn = "arn:aws:iam::123456789012:role/own/browser"
        return with_callers(text).replace("env:BROWSER_ROLE_ARN", arn)

    text = made(edited(tmp_path, fixed), "new")
    role = settings_of(own_resources(text)["aws_iam_role.browser"])
    assert (role["count"], role["name"], role["path"]) == (ON, '"browser"', '"/own/"')
    assert "handed_out" not in text
    policy = settings_of(own_resources(text)["aws_iam_role_policy.browser"])
    assert (policy["count"], policy["role"]) == (ON, "aws_iam_role.browser[0].id")


def test_a_seat_that_no_session_came_of_can_be_given_back(tmp_path: Path) -> None:
    text = made(edited(tmp_path, lambda text: with_sealing(with_callers(text))))
    actions = [
        re.findall(r'"(dynamodb:\w+)"', a_policy(text, f"  {name} = jsonencode("))
        for name in ("execution_policy", "credentials_policy")
    ]
    reading = ["dynamodb:GetItem", "dynamodb:PutItem"]
    assert actions == [reading, [*reading, "dynamodb:DeleteItem"]]
    assert text.count("table/${local.sessions_table}") == 2


@pytest.mark.parametrize(("edit", "rest"), [(with_callers, True), (simple, False)], ids=["all", "HTTP alone"])
def test_the_module_is_told_of_a_rest_api_where_there_may_be_one(
    edit: Callable[[str], str], rest: bool, tmp_path: Path
) -> None:
    text = made(edited(tmp_path, edit))
    assert ("rest_api" in handed(text)) is rest
    assert "credentials_policy" in handed(text) or "  credentials_policy = jsonencode(" in text


def test_its_outputs_are_nothing_while_it_is_off(access: Path) -> None:
    text = made(access)
    told = {
        "credentials_role": "module.authorizer.credentials_role_arn",
        "credentials_function": "var.credentials_route ? local.credentials_function_arn : null",
        "credentials_logs": "module.authorizer.credentials_log_group",
        "browser_arn": "one(aws_iam_role.browser[*].arn)",
        "editor_arn": "aws_iam_role.editor.arn",
    }
    for name, value in told.items():
        assert settings_of(a_block(text, f'output "{name}"'))["value"] == value
    module = (MODULE / "credentials.tf").read_text()
    for name, value in (
        ("credentials_role_arn", "one(aws_iam_role.credentials[*].arn)"),
        ("credentials_log_group", "one(aws_cloudwatch_log_group.credentials[*].name)"),
    ):
        assert settings_of(a_block(module, f'output "{name}"'))["value"] == value


def test_a_name_of_the_environment_keeps_its_variable_where_nothing_is_handed_out(tmp_path: Path) -> None:
    def named(text: str) -> str:
        return text.replace('"env:DATA_BUCKET"', '"env:CREDENTIALS_ROUTE"')

    for folder, edit, variable_name in (
        ("without", named, "credentials_route"),
        ("with", lambda text: with_callers(named(text)), "credentials_route_value"),
    ):
        (tmp_path / folder).mkdir()
        found = names_of(plan_of(edited(tmp_path / folder, edit), "auto"))
        assert found["CREDENTIALS_ROUTE"] == variable_name


def test_the_steps_say_how_to_turn_it_on(access: Path) -> None:
    told = steps(Made(plan=plan_of(access, "auto"), release=RELEASE, required=()), "a.zip")
    for said in (
        "`-var credentials_route=true`",
        "`root_resource_id` in `rest_api`",
        "/~1credentials/GET/throttling/rateLimit",
        "/~1credentials/GET/caching/enabled,value=false",
    ):
        assert said in told
    assert "CredentialsRoute" not in told
    assert "RestApiRootResourceId" not in told
