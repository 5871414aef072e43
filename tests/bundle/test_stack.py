"""The generated stack, brought up by moto's CloudFormation; its function then answers a request with what the stack
gave it. moto knows functions, roles, logs and tables; authorizers, alarms and the alias it passes over."""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from authorizer.bundle.build import Bundle
from authorizer.cli.deploy import plan_of
from authorizer.deployment.cloudformation import Release, template, to_yaml
from tests import needs
from tests.bundle.conftest import unpacked
from tests.make import ACCESS, sample_environment
from tests.servers.runtime_api import ExecutionEnvironment
from tests.world import AWS, World, running, sample_event

REGION = "eu-west-1"
KEY = "authorizer-1.zip"
RELEASE = Release(
    form="cloudformation", python="3.13", architecture="x86_64", code=KEY, digest="1", roll_out=None
)


def client(service: str) -> Any:
    return boto3.client(
        service, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing"
    )


@pytest.fixture(scope="module")
def stack(bundle: Bundle) -> Iterator[dict[str, Any]]:
    """What the deployed stack says of itself, and its function."""
    sample = sample_environment()
    parameters = {
        "CodeBucket": "code",
        "UserPoolId": sample["USER_POOL_ID"],
        "AppClientId": sample["APP_CLIENT_ID"],
        "MachineClientId": sample["MACHINE_CLIENT_ID"],
        "DataBucket": sample["DATA_BUCKET"],
        "DataTable": sample["DATA_TABLE"],
        "Architecture": "x86_64",
    }
    with mock_aws(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        client("s3").create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
        [zip_file] = bundle.zips
        client("s3").put_object(Bucket="code", Key=KEY, Body=zip_file.read_bytes())
        client("cloudformation").create_stack(
            StackName="shop",
            TemplateBody=to_yaml(template(plan_of(ACCESS, "auto"), RELEASE), ""),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_IAM"],
        )
        [found] = client("cloudformation").describe_stacks(StackName="shop")["Stacks"]
        function = client("lambda").get_function(FunctionName="shop-authorizer")
        roles = {role["Arn"]: role for role in client("iam").list_roles()["Roles"]}
        yield {
            "status": found["StackStatus"],
            "outputs": {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]},
            "function": function["Configuration"],
            "code": client("s3").get_object(Bucket="code", Key=KEY)["Body"].read(),
            "roles": roles,
        }


def test_the_stack_comes_up_and_its_roles_trust_its_function_alone(stack: dict[str, Any]) -> None:
    assert stack["status"] == "CREATE_COMPLETE"
    outputs = stack["outputs"]
    for name in ("Viewer", "Editor", "Admin", "Importer"):
        trust = stack["roles"][outputs[f"{name}RoleArn"]]["AssumeRolePolicyDocument"]["Statement"]
        assert {statement["Principal"]["AWS"] for statement in trust} == {outputs["ExecutionRole"]}
        [only] = [statement for statement in trust if statement["Action"] == "sts:AssumeRole"]
        functions = only["Condition"]["ArnEqualsIfExists"]["lambda:SourceFunctionArn"]
        assert functions == [outputs["Function"], f"{outputs['Function']}:*"]
    assert stack["function"]["Role"] == outputs["ExecutionRole"]
    assert stack["function"]["Handler"] == "authorizer.handler.lambda_handler"


@pytest.fixture(scope="module")
def served(key_folder: Path) -> Iterator[World]:
    with running(key_folder) as here:
        yield here


def test_a_request_goes_through_the_function_of_the_stack(
    stack: dict[str, Any], served: World, bare_python: Path, tmp_path: Path
) -> None:
    needs.runtime_client()
    (tmp_path / "code.zip").write_bytes(stack["code"])
    task = unpacked(tmp_path / "code.zip", tmp_path / "task")
    # The keys of the local issuer in place of Cognito's.
    keys = next(iter(served.local.access.settings.issuers.values())).jwks_uri
    access = task / "policies" / "access.toml"
    pool = 'user_pool  = "env:USER_POOL_ID"\n'
    access.write_text(access.read_text().replace(pool, f'{pool}jwks_uri   = "{keys}"\n'))
    given = stack["function"]["Environment"]["Variables"]
    assert set(given) == set(sample_environment()) - {"AWS_REGION"}
    assert re.fullmatch(r"[0-9]{12}", given["ACCOUNT_ID"])
    variables = {**given, **AWS, "AWS_REGION": REGION, "AWS_ENDPOINT_URL_STS": served.sts.endpoint}
    with ExecutionEnvironment(
        handler=stack["function"]["Handler"], task_root=task, variables=variables, python=bare_python
    ) as environment:
        assert environment.init_error is None, environment.init_error
        # An ID token names ARNs of the sample's roles; an access token leaves it to the group.
        event = sample_event("rest-token-allow")
        event["authorizationToken"] = "Bearer local:editor:access"
        allowed = environment.invoke(served.local.sign_in(event))
    assert allowed.response["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert allowed.response["context"]["roleArn"] == stack["outputs"]["EditorRoleArn"]
    assert given["EDITOR_ROLE_ARN"] == stack["outputs"]["EditorRoleArn"]
