"""The construct, synthesised offline in Python and TypeScript: the generated template, resource by resource."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from authorizer.cli.deploy import plan_of
from authorizer.deployment.cloudformation import Release, template
from tests import needs
from tests.cli.test_commands import run as run_authorizer
from tests.deploy.sam import chosen
from tests.deploying.conftest import installed, run
from tests.deploying.emulator import project
from tests.deploying.evaluate import evaluated
from tests.deployment.test_cloudformation import edited, with_sealing
from tests.make import ACCESS

pytestmark = pytest.mark.deploy
NODE_MODULES = "build/cdk/node_modules"
REQUIRED = {
    "UserPoolId": "eu-west-1_Abc",
    "AppClientId": "app",
    "MachineClientId": "machine",
    "DataBucket": "data",
    "DataTable": "table",
}
ATTACHED = {
    "RestApiId": "rest",
    "RestApiRootResourceId": "root",
    "HttpApiId": "http",
    "WebSocketApiId": "websocket",
    "ResourceUrl": "https://api.example.com",
    "AllowOrigin": "https://app.example.com",
    "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "SecurityGroupIds": "sg-0123456789abcdef0",
    "KmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "ReservedConcurrency": "5",
    "Tracing": "Active",
}
HOLDING = {
    *("Rest", "Http", "WebSocket", "RestAnswers", "AllowsOrigin", "HasMetadata", "RestByToken", "UsesVpc"),
    *("EncryptsEnvironment", "ReservesConcurrency", "Traces"),
}
"""Conditions of the template that hold with these."""


def generated(folder: Path, language: str, access: Path = ACCESS) -> Path:
    project(folder, b"zip")
    options = ("--language", language, "--roll-out", "Canary10Percent5Minutes")
    made = run_authorizer("deploy", "cdk", *options, "--access", str(access), "--output", "infra", cwd=folder)
    assert made.returncode == 0, made.stderr
    return folder / "infra"


def python_app(folder: Path, context: Mapping[str, Any], app: str = "app.py") -> Any:
    needs.node()
    python = installed(".venv-cdk/bin/python", "make test-deploy")
    return _synthesised(folder, context, python, app)


def typescript_app(folder: Path, context: Mapping[str, Any]) -> Any:
    node = needs.node()
    modules = installed(NODE_MODULES, "make test-deploy")
    (folder / "node_modules").symlink_to(modules)
    compiled = run(modules / ".bin" / "tsc", cwd=folder)
    assert compiled.returncode == 0, compiled.stdout
    return _synthesised(folder, context, Path(node), "app.js")


def _synthesised(folder: Path, context: Mapping[str, Any], program: Path, app: str) -> Any:
    done = run(
        program,
        app,
        cwd=folder,
        CDK_OUTDIR=str(folder / "out"),
        CDK_CONTEXT_JSON=json.dumps(context),
        JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION="1",
    )
    if done.returncode != 0:
        return done.stderr
    return json.loads((folder / "out" / "authorizer.template.json").read_text())


def expected(values: Mapping[str, str], holding: set[str]) -> dict[str, Any]:
    """The resources and outputs of the CloudFormation template, with the branches that are chosen and the parameters
    in place; versions are named by what they are of, and so left out of names."""
    release = Release(
        form="cloudformation",
        python="3.13",
        architecture="arm64",
        code="a.zip",
        digest="1",
        roll_out="Canary10Percent5Minutes",
    )
    tree = template(plan_of(ACCESS, "auto"), release)
    known = {name: one.get("Default") for name, one in tree["Parameters"].items()} | dict(values)
    for name in ("SubnetIds", "SecurityGroupIds"):
        known[name] = known[name].split(",")
    for name in ("CodeBucket", "CodeKey"):
        known.pop(name, None)
    return {section: _plain(tree[section], known, holding) for section in ("Resources", "Outputs")}


def _plain(section: Mapping[str, Any], known: Mapping[str, Any], holding: set[str]) -> dict[str, Any]:
    found = {}
    for name, one in section.items():
        if "Condition" in one and one["Condition"] not in holding:
            continue
        body = chosen({key: item for key, item in one.items() if key != "Condition"}, holding)
        found[name] = _normal(evaluated(body, known))
    normal: dict[str, Any] = _normal(found)
    return normal


def _normal(value: Any) -> Any:
    """One form of what is written in several: numbers as text, `Fn::GetAtt` as a path, versions without their digest,
    `Fn::Sub` of nothing as its text, and where the zip is."""
    match value:
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return _normal({"Fn::GetAtt": f"{name}.{attribute}"})
        case {"Fn::GetAtt": str(path)}:
            return {"Fn::GetAtt": "Version.Version" if path.startswith("Version") else path}
        case {"Fn::Sub": str(text)} if "${" not in text:
            return text
        case {"S3Bucket": _, "S3Key": _}:
            return "the zip"
        case dict():
            return {_name(key, item): _normal(item) for key, item in value.items() if key != "Description"}
        case list():
            return [_normal(item) for item in value]
        case bool() | None:
            return value
        case _:
            return str(value)


def _name(key: str, item: Any) -> str:
    return "Version" if isinstance(item, dict) and item.get("Type") == "AWS::Lambda::Version" else key


APPS = [
    pytest.param("python", python_app, id="Python"),
    pytest.param("typescript", typescript_app, id="TypeScript"),
]


@pytest.mark.parametrize(("language", "app"), APPS)
def test_what_is_synthesised_is_the_template_resource_by_resource(
    language: str, app: Any, tmp_path: Path
) -> None:
    made = app(generated(tmp_path, language), {**REQUIRED, **ATTACHED})
    wanted = expected({**REQUIRED, **ATTACHED}, HOLDING)
    resources = {
        name: {key: item for key, item in one.items() if key != "Metadata"}
        for name, one in made["Resources"].items()
        if one["Type"] != "AWS::CDK::Metadata"
    }
    filled = {"ResourceUrl", "AllowOrigin"}
    assert not [name for name in filled if f"${{{name}}}" in json.dumps(made)]
    assert _normal(evaluated(resources, {})) == _normal(evaluated(wanted["Resources"], {}))
    assert _normal(evaluated(made["Outputs"], {})) == wanted["Outputs"]
    assert set(made["Parameters"]) == {"BootstrapVersion"}


@pytest.mark.parametrize(("language", "app"), APPS)
def test_what_cloudformation_would_refuse_is_refused_when_it_is_synthesised(
    language: str, app: Any, tmp_path: Path
) -> None:
    wrong = {
        "UserPoolId": "pool",
        "ResultTtl": 99999,
        "LogRetention": 2,
        "SnapStart": "Never",
    }
    said = app(generated(tmp_path, language), {**REQUIRED, **wrong, "DataTable": ""})
    for name, problem in {
        "UserPoolId": "expected ^",
        "ResultTtl": "expected a whole number from 0 to 3560, found 99999",
        "LogRetention": "expected one of 1, 7",
        "SnapStart": "expected one of None, PublishedVersions, found Never",
        "DataTable": "expected a text that is not empty",
    }.items():
        assert f"{name}: {problem}" in said


def test_rules_of_the_template_hold_in_the_app(tmp_path: Path) -> None:
    folder = generated(tmp_path, "python")
    said = python_app(folder, {**REQUIRED, "RestApiId": "rest", "Response": "simple", "SnapStart": "None"})
    assert "A REST API takes no simple response" in said


APP = """
from aws_cdk import App, Stack
from aws_cdk import aws_apigateway as apigateway
from cognito_authorizer import CognitoAuthorizer

app = App()
stack = Stack(app, "authorizer")
api = apigateway.RestApi(stack, "Api")
made = CognitoAuthorizer(
    stack,
    "Authorizer",
    template="authorizer.template.json",
    zip_file="../dist/authorizer.zip",
    parameters={**PARAMETERS, "RestApiId": api.rest_api_id, "RestApiRootResourceId": api.rest_api_root_resource_id},
)
api.root.add_method("GET", apigateway.MockIntegration(), authorizer=made.rest_authorizer)
assert made.http_authorizer is None
app.synth()
"""


def test_an_api_of_the_same_app_is_attached_to_and_a_secret_stays_a_parameter(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    access = edited(tmp_path / "own", with_sealing)
    folder = generated(tmp_path, "python", access)
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:own"
    given = {**REQUIRED, "OwnKeys": arn, "SharedTable": "shared"}
    (folder / "own.py").write_text(APP.replace("PARAMETERS", repr(given)))
    made = python_app(folder, {}, "own.py")
    assert made["Parameters"]["SealingKeys"]["NoEcho"] is True
    [method] = [
        one["Properties"] for one in made["Resources"].values() if one["Type"] == "AWS::ApiGateway::Method"
    ]
    assert method["AuthorizationType"] == "CUSTOM"
    assert method["AuthorizerId"] == {"Ref": "RestAuthorizer"}
    [api] = [name for name, one in made["Resources"].items() if one["Type"] == "AWS::ApiGateway::RestApi"]
    assert made["Resources"]["RestAuthorizer"]["Properties"]["RestApiId"] == {"Ref": api}
    variables = made["Resources"]["AuthorizerFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["SEALING_KEYS"] == {"Ref": "SealingKeys"}
    shutil.rmtree(folder / "out")
    (folder / "own.py").write_text(APP.replace("PARAMETERS", repr({**given, "SealingKeys": "a-secret"})))
    said = python_app(folder, {}, "own.py")
    assert "SealingKeys: would stand in the template" in said
    assert "a-secret" not in said.rpartition("ValueError")[2]
