"""`GET /credentials` in what `authorizer deploy` makes: nothing of it until it is turned on, and then a function that
may hand out what is to be handed out and nothing else."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint

from authorizer.cli.deploy import plan_of
from authorizer.deployment.cloudformation import template, to_yaml
from authorizer.deployment.cloudformation.parameters import FIXED
from authorizer.deployment.steps import Made, steps
from authorizer.settings.load import load
from tests.deploy.generated import RELEASE
from tests.deploy.sam import chosen, resources
from tests.deployment.test_cloudformation import CFN, edited, made, with_sealing
from tests.make import sample_environment

pytestmark = pytest.mark.slow

BROWSER = """
[roles.browser]
arn          = "env:BROWSER_ROLE_ARN"
policies     = ["s3-home"]
session_tags = { sub = "sub" }
session_name = "own-{sub}"
duration     = "15m"

[callers]
roles   = { editor = "browser" }
origins = ["https://app.example.com"]

"""
ON = {"HandsOut", "HandsOutRest", "HandsOutHttp", "HandsOutTraces"}
FUNCTIONS = {"sam": "AWS::Serverless::Function", "cloudformation": "AWS::Lambda::Function"}


def with_callers(text: str) -> str:
    return text.replace("[roles.editor]", f"{BROWSER}[roles.editor]")


def simple(text: str) -> str:
    return with_callers(text).replace('"env:RESPONSE"', '"simple"').replace('"env:RESULT_TTL"', '"0s"')


@pytest.fixture
def access(tmp_path: Path) -> Path:
    return edited(tmp_path, with_callers)


def statements(tree: dict[str, Any], name: str) -> dict[str, Any]:
    found = tree["Resources"][name]["Properties"]["PolicyDocument"]["Statement"]
    return {statement["Sid"]: statement for statement in found}


@pytest.mark.parametrize("release", [RELEASE, CFN], ids=["SAM", "CloudFormation"])
@pytest.mark.parametrize(
    "edit", [with_callers, lambda text: simple(with_sealing(text))], ids=["all", "HTTP alone"]
)
def test_cfn_lint_finds_nothing(release: Any, edit: Callable[[str], str], tmp_path: Path) -> None:
    text = to_yaml(template(plan_of(edited(tmp_path, edit), "auto"), release), "")
    found = lint(text, config=ManualArgs(regions=["eu-west-1"]))
    assert [f"{match.rule.id} {match.message}" for match in found] == []


def test_without_callers_there_is_nothing_of_it() -> None:
    assert "redentials" not in json.dumps(
        {**made(), "Description": "", "Resources": sorted(made()["Resources"])}
    )


def test_all_that_it_adds_is_off_until_a_parameter_turns_it_on(access: Path) -> None:
    tree = made(access)
    assert tree["Parameters"]["CredentialsRoute"] == {
        **tree["Parameters"]["CredentialsRoute"],
        "Default": "no",
        "AllowedValues": ["no", "yes"],
    }
    assert tree["Conditions"]["HandsOut"] == {"Fn::Equals": [{"Ref": "CredentialsRoute"}, "yes"]}
    added = tree["Resources"].keys() - made()["Resources"].keys()
    assert "CredentialsFunction" in added
    assert {tree["Resources"][name].get("Condition") for name in added} == ON
    assert added - {"BrowserRole"} <= FIXED
    for name in tree["Outputs"].keys() - made()["Outputs"].keys():
        assert tree["Outputs"][name]["Condition"] == "HandsOut"


def test_turned_off_every_name_of_the_environment_still_means_something(access: Path) -> None:
    variables = resources(made(access), "AWS::Serverless::Function")["AuthorizerFunction"]["Environment"][
        "Variables"
    ]
    assert chosen(variables["BROWSER_ROLE_ARN"], ON) == {"Fn::GetAtt": "BrowserRole.Arn"}
    stand_in = chosen(variables["BROWSER_ROLE_ARN"], ())["Fn::Sub"]
    given = stand_in.replace("${AWS::Partition}", "aws").replace("${AWS::AccountId}", "123456789012")
    load(access, {**sample_environment(), "BROWSER_ROLE_ARN": given.replace("${AWS::StackName}", "s")})


def test_the_two_functions_may_assume_nothing_of_one_another_s(access: Path) -> None:
    tree = made(access)
    backends, own = statements(tree, "AuthorizerMayVend"), statements(tree, "CredentialsMayVend")
    browser = {"Fn::GetAtt": "BrowserRole.Arn"}
    assert own["AssumeTheListedRoles"]["Resource"] == [browser]
    assert own["TagTheirSessions"]["Resource"] == [browser]
    assert browser not in backends["AssumeTheListedRoles"]["Resource"]
    assert own["NoOtherFunction"]["Resource"] == [browser]
    named = own["NoOtherFunction"]["Condition"]["ArnNotEquals"]["lambda:SourceFunctionArn"]
    assert [one["Fn::Sub"].rpartition("function:")[2] for one in named] == [
        "${AWS::StackName}-credentials",
        "${AWS::StackName}-credentials:*",
    ]
    for role, trusted in (("BrowserRole", "CredentialsRole"), ("EditorRole", "AuthorizerRole")):
        trust = tree["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert {json.dumps(one["Principal"]) for one in trust} == {
            json.dumps({"AWS": {"Fn::GetAtt": f"{trusted}.Arn"}})
        }


def test_roles_that_exist_are_told_whom_to_trust(access: Path) -> None:
    tree = made(access, "existing")
    trust = json.loads(tree["Outputs"]["BrowserRoleTrust"]["Value"]["Fn::Sub"])["Statement"][0]
    assert trust["Principal"] == {"AWS": "${CredentialsRole.Arn}"}
    planned = plan_of(access, "existing")
    told = steps(Made(plan=planned, release=RELEASE, required=()), "dist/authorizer.zip")
    assert (
        "authorizer trust --execution-role CREDENTIALS_ROLE --function CREDENTIALS_FUNCTION --patch browser"
        in told
    )
    assert "authorizer trust --execution-role EXECUTION_ROLE --function FUNCTION --patch editor" in told


@pytest.mark.parametrize("release", [RELEASE, CFN], ids=["SAM", "CloudFormation"])
def test_its_function_is_the_authorizers_zip_with_another_handler_role_and_log(
    release: Any, access: Path
) -> None:
    tree = made(access, release=release)
    of_kind = resources(tree, FUNCTIONS[release.form])
    own, authorizer = of_kind["CredentialsFunction"], of_kind["AuthorizerFunction"]
    assert own["Handler"] == "authorizer.own_handler.lambda_handler"
    assert own["Role"] == {"Fn::GetAtt": "CredentialsRole.Arn"}
    assert own["LoggingConfig"] == {"LogGroup": {"Ref": "CredentialsLogs"}}
    for key in ("Runtime", "Architectures", "Timeout", "VpcConfig", "KmsKeyArn"):
        assert own[key] == authorizer[key]
    role = {"BROWSER_ROLE_ARN": {"Fn::GetAtt": "BrowserRole.Arn"}}
    assert own["Environment"]["Variables"] == {**authorizer["Environment"]["Variables"], **role}
    code = "CodeUri" if release.form == "sam" else "Code"
    assert own[code] == authorizer[code]
    logs = tree["Resources"]["CredentialsLogs"]["Properties"]
    assert logs == tree["Resources"]["AuthorizerLogs"]["Properties"]


def test_its_route_stands_behind_the_authorizer_and_its_preflight_does_not(access: Path) -> None:
    tree = made(access)["Resources"]
    get, preflight = (tree[f"Credentials{name}"]["Properties"] for name in ("Method", "Preflight"))
    assert (get["HttpMethod"], get["AuthorizationType"], get["AuthorizerId"]) == (
        "GET",
        "CUSTOM",
        {"Ref": "RestAuthorizer"},
    )
    assert (preflight["HttpMethod"], preflight["AuthorizationType"]) == ("OPTIONS", "NONE")
    get, preflight = (tree[f"CredentialsHttp{name}"]["Properties"] for name in ("Route", "Preflight"))
    assert (get["RouteKey"], get["AuthorizationType"], get["AuthorizerId"]) == (
        "GET /credentials",
        "CUSTOM",
        {"Ref": "HttpAuthorizer"},
    )
    assert (preflight["RouteKey"], preflight["AuthorizationType"]) == ("OPTIONS /credentials", "NONE")
    for kind in ("Rest", "Http"):
        permission = tree[f"{kind}MayHandOut"]["Properties"]
        assert permission["FunctionName"] == {"Ref": "CredentialsFunction"}
        assert permission["SourceArn"]["Fn::Sub"].endswith(f":${{{kind}ApiId}}/*/*/credentials")


def test_a_stage_that_caches_keeps_one_answer_a_token(access: Path) -> None:
    method = made(access)["Resources"]["CredentialsMethod"]["Properties"]
    [key] = method["Integration"]["CacheKeyParameters"]
    assert key == "method.request.header.Authorization"
    assert method["RequestParameters"] == {key: True}


def test_what_is_turned_on_needs_an_api_and_a_rest_api_its_root(access: Path) -> None:
    rule = made(access)["Rules"]["CredentialsNeedAnApi"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "CredentialsRoute"}, "yes"]}
    assert "RestApiId" in json.dumps(rule["Assertions"][0])
    assert "RestApiRootResourceId" in json.dumps(rule["Assertions"][1])


def test_for_an_http_api_alone_there_is_nothing_of_a_rest_api_s(tmp_path: Path) -> None:
    tree = made(edited(tmp_path, simple))
    assert "HandsOutRest" not in tree["Conditions"]
    assert "Rest" not in json.dumps(tree["Rules"])
    assert "CredentialsMethod" not in tree["Resources"]
    assert "CredentialsHttpRoute" in tree["Resources"]


def test_too_many_sessions_are_heard_of(access: Path) -> None:
    alarm = made(access)["Resources"]["CredentialsTooManySessions"]["Properties"]
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert dimensions == {
        "function": {"Ref": "CredentialsFunction"},
        "verdict": "deny",
        "code": "too_many_sessions",
    }
    assert alarm["Threshold"] == {"Ref": "TooManySessionsPerFiveMinutes"}


def test_a_seat_that_no_session_came_of_can_be_given_back(tmp_path: Path) -> None:
    tree = made(edited(tmp_path, lambda text: with_sealing(with_callers(text))))
    shared = [
        statements(tree, name)["ShareSessions"]["Action"]
        for name in ("AuthorizerMayVend", "CredentialsMayVend")
    ]
    reading = ["dynamodb:GetItem", "dynamodb:PutItem"]
    assert shared == [reading, [*reading, "dynamodb:DeleteItem"]]


def test_a_short_session_that_is_handed_out_shortens_no_repeated_answer(access: Path) -> None:
    assert (
        made(access)["Parameters"]["ResultTtl"]["MaxValue"] == made()["Parameters"]["ResultTtl"]["MaxValue"]
    )


def test_the_steps_say_how_to_turn_it_on_to_throttle_it_and_not_to_keep_it(access: Path) -> None:
    planned = plan_of(access, "auto")
    told = steps(Made(plan=planned, release=RELEASE, required=()), "dist/authorizer.zip")
    for said in (
        "CredentialsRoute=yes",
        "/~1credentials/GET/throttling/rateLimit",
        "/~1credentials/GET/caching/enabled,value=false",
        '"GET /credentials":{"ThrottlingRateLimit"',
    ):
        assert said in told
    without = steps(Made(plan=replace(planned, handing_out=None), release=RELEASE, required=()), "z")
    assert "CredentialsRoute" not in without
