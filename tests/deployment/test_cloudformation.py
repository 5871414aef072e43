"""What `authorizer deploy` makes of an access.toml, as data: each part where it belongs, and nothing twice."""

import difflib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from cfnlint.api import ManualArgs, lint

from authorizer.cli.deploy import plan_of
from authorizer.deployment.cloudformation import Release, template, to_yaml
from authorizer.deployment.cloudformation.intrinsics import logical
from authorizer.deployment.cloudformation.parameters import FIXED
from authorizer.deployment.plan import Roles
from authorizer.settings.load import load
from tests.deploy.generated import FILES, RELEASE
from tests.deploy.sam import DEPLOY, chosen, resources
from tests.deploy.sam import _Loader as Loader
from tests.make import ACCESS, ROOT, sample_environment

pytestmark = pytest.mark.slow

CFN = Release(
    form="cloudformation", python="3.13", architecture="arm64", code="a.zip", digest="1", roll_out=None
)


def edited(folder: Path, edit: Callable[[str], str]) -> Path:
    """The sample's policies with another access.toml."""
    shutil.copytree(ACCESS.parent, folder / "policies")
    access = folder / "policies" / "access.toml"
    text = edit(access.read_text())
    assert text != ACCESS.read_text()
    access.write_text(text)
    return access


@cache
def made(access: Path = ACCESS, roles: Roles = "auto", release: Release = RELEASE) -> dict[str, Any]:
    """The template, as CloudFormation reads it."""
    text = to_yaml(template(plan_of(access, roles), release), "A heading.")
    loaded: dict[str, Any] = yaml.load(text, Loader=Loader)
    return loaded


SEALED = """
[sealing]
keys = "env:SEALING_KEYS"
[private_sealing]
source = "secretsmanager"
keys = "env:OWN_KEYS"
[shared_cache]
table = "env:SHARED_TABLE"
"""


def with_sealing(text: str) -> str:
    return text + SEALED


@pytest.mark.parametrize("name", list(FILES))
def test_what_deploy_has_is_what_the_generator_makes(name: str) -> None:
    assert (DEPLOY / name).read_text() == FILES[name](), "run `python -m tests.deploy.generated`"


@pytest.mark.parametrize(
    ("release", "roles", "edit"),
    [
        pytest.param(RELEASE, "auto", None, id="SAM"),
        pytest.param(CFN, "auto", with_sealing, id="CloudFormation, sealed"),
        pytest.param(
            replace(CFN, roll_out="Canary10Percent5Minutes"),
            "existing",
            None,
            id="CloudFormation, by and by",
        ),
        pytest.param(
            replace(RELEASE, roll_out="Canary10Percent5Minutes"),
            "existing",
            lambda text: text.replace('"env:RESPONSE"', '"simple"').replace('"env:RESULT_TTL"', '"0s"'),
            id="SAM, by and by, for an HTTP API",
        ),
    ],
)
def test_cfn_lint_finds_nothing(
    release: Release, roles: Roles, edit: Callable[[str], str] | None, tmp_path: Path
) -> None:
    access = ACCESS if edit is None else edited(tmp_path, edit)
    text = to_yaml(template(plan_of(access, roles), release), "")
    found = lint(text, config=ManualArgs(regions=["eu-west-1"]))
    assert [f"{match.rule.id} {match.message}" for match in found] == []


def test_every_name_of_the_environment_is_set_and_the_stack_asks_for_what_it_does_not_know() -> None:
    tree = made()
    variables = resources(tree, "AWS::Serverless::Function")["AuthorizerFunction"]["Environment"]["Variables"]
    assert set(variables) == set(sample_environment()) - {"AWS_REGION"}
    assert variables["ACCOUNT_ID"] == {"Ref": "AWS::AccountId"}
    assert variables["EDITOR_ROLE_ARN"] == {"Fn::GetAtt": "EditorRole.Arn"}
    assert variables["USER_POOL_ID"] == {"Ref": "UserPoolId"}
    required = {name for name, one in tree["Parameters"].items() if "Default" not in one}
    assert required == {"UserPoolId", "AppClientId", "MachineClientId", "DataBucket", "DataTable"}


def test_with_what_the_stack_gives_the_settings_load() -> None:
    """The least and the longest TTL that the parameter takes, and nothing beyond."""
    ttl = made()["Parameters"]["ResultTtl"]
    for seconds in (ttl["MinValue"], ttl["Default"], ttl["MaxValue"]):
        load(ACCESS, {**sample_environment(), "RESULT_TTL": f"{seconds}s"})
    with pytest.raises(Exception, match=r"gateway\.result_ttl"):
        load(ACCESS, {**sample_environment(), "RESULT_TTL": f"{ttl['MaxValue'] + 1}s"})


def test_roles_that_exist_are_asked_for_and_never_made() -> None:
    tree = made(roles="existing")
    assert set(resources(tree, "AWS::IAM::Role")) == {"AuthorizerRole"}
    assert {"ViewerRoleArn", "EditorRoleArn", "AdminRoleArn", "ImporterRoleArn"} <= set(tree["Parameters"])
    trust = tree["Outputs"]["ViewerRoleTrust"]["Value"]["Fn::Sub"]
    statement = json.loads(trust)["Statement"][0]
    assert statement["Principal"] == {"AWS": "${AuthorizerRole.Arn}"}
    vending = tree["Resources"]["AuthorizerMayVend"]["Properties"]["PolicyDocument"]["Statement"]
    assert {"Ref": "ViewerRoleArn"} in vending[0]["Resource"]


def fixed_viewer(text: str) -> str:
    return text.replace('"env:VIEWER_ROLE_ARN"', '"arn:aws:iam::123456789012:role/vend/viewer"')


def test_a_role_that_access_toml_names_is_taken_for_existing_unless_it_is_to_be_made(tmp_path: Path) -> None:
    access = edited(tmp_path, fixed_viewer)
    tree = made(access)
    assert "ViewerRole" not in tree["Resources"]
    assert "EditorRole" in tree["Resources"]
    assert "RolesAreOfThisAccount" not in tree["Rules"]
    whole = made(access, "new")
    role = whole["Resources"]["ViewerRole"]["Properties"]
    assert (role["RoleName"], role["Path"]) == ("viewer", "/vend/")
    [rule] = whole["Rules"]["RolesAreOfThisAccount"]["Assertions"]
    assert rule["Assert"] == {"Fn::Equals": [{"Ref": "AWS::AccountId"}, "123456789012"]}
    assert "RoleName" not in whole["Resources"]["EditorRole"]["Properties"]


def test_a_role_without_anything_allowed_has_no_policy(tmp_path: Path) -> None:
    access = edited(tmp_path, lambda text: text + "\n# another\n")
    client = access.parent / "templates" / "s3-client.json.j2"
    client.write_text(client.read_text().replace('"Allow"', '"Deny"'))
    role = chosen(made(access)["Resources"]["ImporterRole"]["Properties"], ())
    assert "Policies" not in role
    assert "Policies" in chosen(made(access)["Resources"]["ViewerRole"]["Properties"], ())


def test_sealing_keys_are_a_secret_parameter_and_the_shared_table_is_made_unless_one_is_named(
    tmp_path: Path,
) -> None:
    tree = made(edited(tmp_path, with_sealing))
    assert tree["Parameters"]["SealingKeys"]["NoEcho"] is True
    assert "Default" not in tree["Parameters"]["SealingKeys"]
    table = tree["Resources"]["SessionsTable"]
    assert table["Condition"] == "MakesSharedTable"
    assert table["Properties"]["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    properties = resources(tree, "AWS::Serverless::Function")["AuthorizerFunction"]
    for holding, expected in (((), "SharedTable"), (("MakesSharedTable",), "SessionsTable")):
        assert chosen(properties, holding)["Environment"]["Variables"]["SHARED_TABLE"] == {"Ref": expected}
    policy = tree["Resources"]["AuthorizerMayVend"]["Properties"]["PolicyDocument"]
    by_sid = {statement["Sid"]: statement for statement in policy["Statement"]}
    text, values = by_sid["ShareSessions"]["Resource"]["Fn::Sub"]
    assert text == "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${Part1}"
    assert values["Part1"]["Fn::If"][0] == "MakesSharedTable"
    assert by_sid["ReadPrivateSealingKeys"]["Resource"] == {"Ref": "OwnKeys"}


def test_a_name_of_whose_form_nothing_is_known_is_read_here_and_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = edited(tmp_path, lambda text: text.replace('duration = "1h"', 'duration = "env:SESSION_LENGTH"'))
    monkeypatch.setenv("SESSION_LENGTH", "45m")
    tree = made(access)
    assert tree["Parameters"]["SessionLength"]["Type"] == "String"
    variables = resources(tree, "AWS::Serverless::Function")["AuthorizerFunction"]["Environment"]["Variables"]
    assert variables["SESSION_LENGTH"] == {"Ref": "SessionLength"}
    assert "45m" not in str(tree)
    assert tree["Parameters"]["ResultTtl"]["MaxValue"] == 2700 - 30 - 10


def test_no_two_things_have_one_name(tmp_path: Path) -> None:
    access = edited(
        tmp_path,
        lambda text: (
            text.replace('"env:DATA_BUCKET"', '"env:REST_API_ID"')
            .replace('"env:DATA_TABLE"', '"env:VIEWER_ROLE"')
            .replace('"env:APP_CLIENT_ID"', '"env:MACHINE__CLIENT_ID"')
            .replace("[variables]", '[variables]\nfailures = "env:FAILURES"')
        ),
    )
    tree = made(access)
    assert {"RestApiIdValue", "ViewerRoleValue", "MachineClientIdValue", "FailuresValue"} <= set(
        tree["Parameters"]
    )
    assert not set(tree["Parameters"]) & set(tree["Resources"])


@pytest.mark.parametrize("release", [RELEASE, CFN], ids=["SAM", "CloudFormation"])
def test_every_resource_that_all_deployments_have_keeps_its_name_for_itself(
    release: Release, tmp_path: Path
) -> None:
    tree = made(edited(tmp_path, with_sealing), release=release)
    roles = {f"{name}Role" for name in ("Viewer", "Editor", "Admin", "Importer")}
    others = {name for name in tree["Resources"] if not name.startswith("Version")} - roles
    assert others <= FIXED


def a_role(name: str) -> str:
    """A further role, before the editors'."""
    variable = f"env:{name.upper()}_ARN"
    return f'''[roles.{name}]
arn = "{variable}"
policies = ["tenant-data"]
session_tags = {{ tenant = "tenant" }}

[roles.editor]'''


def test_roles_of_like_names_are_two(tmp_path: Path) -> None:
    def edit(text: str) -> str:
        first = text.replace("[roles.editor]", a_role("view-er"))
        return first.replace("[roles.editor]", a_role("view_er"))

    tree = made(edited(tmp_path, edit))
    assert {"ViewErRole", "ViewEr2Role"} <= set(resources(tree, "AWS::IAM::Role"))
    assert logical("a-b") == logical("a_b") == "AB"


def test_one_change_changes_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made again after a role more, the text has lines more, and none fewer."""

    def edit(text: str) -> str:
        return text.replace("[roles.editor]", a_role("guest"))

    def text(folder: Path) -> list[str]:
        monkeypatch.chdir(folder)
        return to_yaml(template(plan_of(Path("policies/access.toml"), "auto"), RELEASE), "").splitlines()

    edited(tmp_path, edit)
    before, after = text(ROOT), text(tmp_path)
    assert text(ROOT) == before
    gone = [line for line in difflib.ndiff(before, after) if line.startswith("- ")]
    assert gone == []
    assert len(after) > len(before) + 50


# ── Doors ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_identity_sources_are_written_as_each_kind_of_api_writes_them(tmp_path: Path) -> None:
    tree = made(
        edited(
            tmp_path,
            lambda text: text.replace(
                '["authorization", "x-role"]', '["authorization", "x-role", "query:token", "$context.path"]'
            ),
        )
    )["Resources"]
    assert tree["RestAuthorizer"]["Properties"]["IdentitySource"]["Fn::If"][1:] == [
        "method.request.header.Authorization",
        "method.request.header.Authorization,method.request.header.X-Role,method.request.querystring.token,context.path",
    ]
    assert tree["HttpAuthorizer"]["Properties"]["IdentitySource"]["Fn::If"][2] == [
        "$request.header.Authorization",
        "$request.header.X-Role",
        "$request.querystring.token",
        "$context.path",
    ]


def test_a_token_that_is_never_in_a_header_has_no_token_authorizer(tmp_path: Path) -> None:
    def edit(text: str) -> str:
        return text.replace('["authorization", "x-role"]', '["query:token", "x-role"]').replace(
            '["header:authorization", "query:token"]', '["query:token"]'
        )

    tree = made(edited(tmp_path, edit))
    assert "RestAuthorizerType" not in tree["Parameters"]
    assert "RestByToken" not in tree["Conditions"]
    rest = tree["Resources"]["RestAuthorizer"]["Properties"]
    assert rest["Type"] == "REQUEST"
    assert rest["IdentitySource"] == "method.request.querystring.token,method.request.header.X-Role"
    assert chosen(rest, ()).get("IdentityValidationExpression") is None
    http = tree["Resources"]["HttpAuthorizer"]["Properties"]["IdentitySource"]
    assert http["Fn::If"][1] == http["Fn::If"][2]


def test_a_websockets_token_may_stand_in_a_header_where_no_query_has_one(tmp_path: Path) -> None:
    tree = made(edited(tmp_path, lambda text: text.replace(', "query:token"]', "]")))
    source = tree["Resources"]["WebSocketAuthorizer"]["Properties"]["IdentitySource"]
    assert source == ["route.request.header.Authorization"]


@pytest.mark.parametrize("response", ["policy", "simple"])
def test_a_form_of_answer_that_access_toml_fixes_is_no_parameter(response: str, tmp_path: Path) -> None:
    def edit(text: str) -> str:
        return text.replace('"env:RESPONSE"', f'"{response}"').replace('"env:RESULT_TTL"', '"0s"')

    tree = made(edited(tmp_path, edit))
    assert "Response" not in tree["Parameters"]
    assert "ResultTtl" not in tree["Parameters"]
    assert "SimpleIsForHttpApisAlone" not in tree["Rules"]
    http = tree["Resources"]["HttpAuthorizer"]["Properties"]
    assert http["EnableSimpleResponses"] is (response == "simple")
    assert http["AuthorizerResultTtlInSeconds"] == 0
    assert ("RestAuthorizer" in tree["Resources"]) is (response == "policy")
    assert ("RestApiId" in tree["Parameters"]) is (response == "policy")
    assert ("WebSocketMayAuthorize" in tree["Resources"]) is (response == "policy")


def test_authorizers_ask_the_alias_and_nobody_else_may() -> None:
    tree = made(release=CFN)["Resources"]
    for kind in ("Rest", "Http", "WebSocket"):
        uri = tree[f"{kind}Authorizer"]["Properties"]["AuthorizerUri"]["Fn::Sub"]
        assert "${AuthorizerFunctionAliaslive}" in uri
        permission = tree[f"{kind}MayAuthorize"]["Properties"]
        assert permission["FunctionName"] == {"Ref": "AuthorizerFunctionAliaslive"}
        assert permission["SourceArn"]["Fn::Sub"].endswith(
            f":${{{kind}ApiId}}/authorizers/${{{kind}Authorizer}}"
        )
        assert permission["Principal"] == "apigateway.amazonaws.com"


def test_a_rest_api_says_how_to_authenticate_and_what_was_refused() -> None:
    tree = made()["Resources"]
    answers = resources({"Resources": tree}, "AWS::ApiGateway::GatewayResponse")
    assert {(one["ResponseType"], one["StatusCode"]) for one in answers.values()} == {
        ("UNAUTHORIZED", "401"),
        ("ACCESS_DENIED", "403"),
        ("AUTHORIZER_FAILURE", "500"),
        ("AUTHORIZER_CONFIGURATION_ERROR", "500"),
    }
    plain = chosen(answers["RestUnauthorized"], ())["ResponseParameters"]
    assert plain["gatewayresponse.header.WWW-Authenticate"] == "'Bearer'"
    assert not [name for name in plain if "Access-Control" in name]
    told = chosen(answers["RestUnauthorized"], ("HasMetadata", "AllowsOrigin"))["ResponseParameters"]
    assert told["gatewayresponse.header.WWW-Authenticate"] == {
        "Fn::Sub": "'Bearer resource_metadata=\"${ResourceUrl}/.well-known/oauth-protected-resource\"'"
    }
    assert told["gatewayresponse.header.Access-Control-Allow-Origin"] == {"Fn::Sub": "'${AllowOrigin}'"}
    assert (
        json.loads(answers["RestDenied"]["ResponseTemplates"]["application/json"])["code"]
        == "$context.authorizer.code"
    )


def test_the_metadata_name_the_issuers_and_the_scopes(tmp_path: Path) -> None:
    tree = made(edited(tmp_path, lambda text: text.replace("[scopes]", '[scopes]\n"#odd$" = ["GET /odd"]')))
    method = tree["Resources"]["ResourceMetadata"]
    assert method["Condition"] == "HasMetadata"
    assert method["Properties"]["AuthorizationType"] == "NONE"
    [answer] = method["Properties"]["Integration"]["IntegrationResponses"]
    text, values = answer["ResponseTemplates"]["application/json"]["Fn::Sub"]
    assert "#" not in text
    told = json.loads(text.replace("${Part1}", "eu-west-1").replace("${UserPoolId}", "eu-west-1_Abc"))
    assert told["resource"] == "${ResourceUrl}"
    assert told["authorization_servers"] == ["https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc"]
    assert "#odd$" in told["scopes_supported"]
    assert values["Part1"] == {"Fn::Select": [0, {"Fn::Split": ["_", {"Ref": "UserPoolId"}]}]}


# ── The function ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_snapstart_with_python_3_11_is_refused_before_anything_is_made() -> None:
    for tree in (made(), yaml.load((DEPLOY / "template.yaml").read_text(), Loader=Loader)):
        rule = tree["Rules"]["SnapStartNeedsPython312"]
        assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "SnapStart"}, "PublishedVersions"]}
        [assertion] = rule["Assertions"]
        assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "PythonVersion"}, "python3.11"]}]}
        assert "python3.14" in tree["Parameters"]["PythonVersion"]["AllowedValues"]


def test_nothing_is_left_behind_by_a_first_create_that_fails() -> None:
    for tree in (made(), yaml.load((DEPLOY / "template.yaml").read_text(), Loader=Loader)):
        for name, resource in tree["Resources"].items():
            if not name.startswith("AccountLogs"):  # every API of the account logs through it
                assert resource.get("DeletionPolicy") != "Retain", name


def test_a_vpc_a_key_and_traces_bring_the_permissions_that_they_need() -> None:
    tree = made()["Resources"]
    role, function = tree["AuthorizerRole"]["Properties"], tree["AuthorizerFunction"]["Properties"]
    assert [one["PolicyName"] for one in chosen(role, ())["Policies"]] == ["write-own-logs"]
    assert not {"VpcConfig", "KmsKeyArn"} & set(chosen(function, ()))
    both = chosen(role, ("UsesVpc", "EncryptsEnvironment", "HasBoundary"))
    assert [one["PolicyName"] for one in both["Policies"]] == [
        "write-own-logs",
        "use-the-vpc",
        "read-environment",
    ]
    assert both["PermissionsBoundary"] == {"Ref": "PermissionsBoundary"}
    assert {"VpcConfig", "KmsKeyArn"} <= set(chosen(function, ("UsesVpc", "EncryptsEnvironment")))
    assert tree["AuthorizerMayTrace"]["Condition"] == "Traces"


def test_a_version_is_named_by_all_that_it_is(tmp_path: Path) -> None:
    def version(access: Path = ACCESS, **changes: Any) -> str:
        [found] = resources(made(access, release=replace(CFN, **changes)), "AWS::Lambda::Version")
        return found

    assert version() == version()
    others = {
        version(),
        version(digest="2"),
        version(python="3.14"),
        version(architecture="x86_64"),
        version(edited(tmp_path, with_sealing)),
    }
    assert len(others) == 5


def test_a_roll_out_is_taken_back_by_alarms_of_the_stack() -> None:
    tree = made(release=replace(CFN, roll_out="Canary10Percent5Minutes"))["Resources"]
    group = tree["RollOut"]["Properties"]
    assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent5Minutes"
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    for alarm in group["AlarmConfiguration"]["Alarms"]:
        assert tree[alarm["Name"]["Ref"]]["Type"] == "AWS::CloudWatch::Alarm"
    update = tree["AuthorizerFunctionAliaslive"]["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
    assert update == {"ApplicationName": {"Ref": "RollOuts"}, "DeploymentGroupName": {"Ref": "RollOut"}}
    assert not {"RollOut", "RollOuts"} & set(made(release=CFN)["Resources"])
