"""`sam deploy` brings the generated stack up in an emulator, and a request goes through the function that it has."""

import shutil
from pathlib import Path

import pytest

from authorizer.bundle.build import Bundle
from tests import needs
from tests.bundle.conftest import unpacked
from tests.cli.test_commands import run as run_authorizer
from tests.deploying.conftest import run
from tests.deploying.emulator import REGION, Emulator, project
from tests.make import ACCESS, sample_environment
from tests.servers.runtime_api import ExecutionEnvironment
from tests.world import AWS, running, sample_event

pytestmark = [pytest.mark.deploy, pytest.mark.filterwarnings("ignore:Tried to parse:UserWarning")]


def test_sam_deploys_what_is_generated_and_a_request_goes_through_it(
    sam: Path, aws: Emulator, bundle: Bundle, bare_python: Path, key_folder: Path, tmp_path: Path
) -> None:
    needs.runtime_client()
    [zip_file] = bundle.zips
    here = project(tmp_path, zip_file.read_bytes())
    shutil.copytree(ACCESS.parent, here / "policies")
    made = run_authorizer("deploy", "sam", "--output", "infra", "--arch", "x86_64", cwd=here)
    assert made.returncode == 0, made.stderr
    aws.client("s3").create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
    sample = sample_environment()
    given = {
        "UserPoolId": sample["USER_POOL_ID"],
        "AppClientId": sample["APP_CLIENT_ID"],
        "MachineClientId": sample["MACHINE_CLIENT_ID"],
        "DataBucket": sample["DATA_BUCKET"],
        "DataTable": sample["DATA_TABLE"],
    }
    config = tmp_path / "config"
    config.write_text("[default]\ns3 =\n  addressing_style = path\n")
    deployed = run(
        *(
            sam,
            "deploy",
            "--template-file",
            "infra/template.yaml",
            "--stack-name",
            "shop",
            "--s3-bucket",
            "code",
        ),
        *("--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND", "--no-confirm-changeset"),
        *(
            "--region",
            REGION,
            "--parameter-overrides",
            " ".join(f"{name}={value}" for name, value in given.items()),
        ),
        cwd=here,
        **{
            **aws.environment,
            # moto takes a template by its URL from this name alone.
            "AWS_ENDPOINT_URL": aws.url.replace("127.0.0.1", "localhost"),
            "AWS_CONFIG_FILE": str(config),
            "SAM_CLI_TELEMETRY": "0",
        },
    )
    assert deployed.returncode == 0, deployed.stdout[-2000:] + deployed.stderr[-2000:]
    [stack] = aws.client("cloudformation").describe_stacks(StackName="shop")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    roles = {
        one["LogicalResourceId"]: aws.client("iam").get_role(RoleName=one["PhysicalResourceId"])["Role"][
            "Arn"
        ]
        for one in aws.client("cloudformation").describe_stack_resources(StackName="shop")["StackResources"]
        if one.get("ResourceType") == "AWS::IAM::Role"
    }
    function = aws.client("lambda").get_function(FunctionName="shop-authorizer")["Configuration"]
    assert function["Role"] == roles["AuthorizerRole"]
    assert aws.code("shop-authorizer") == zip_file.read_bytes()

    code = tmp_path / "code.zip"
    code.write_bytes(aws.code("shop-authorizer"))
    task = unpacked(code, tmp_path / "task")
    with running(key_folder) as served:
        keys = next(iter(served.local.access.settings.issuers.values())).jwks_uri
        access = task / "policies" / "access.toml"
        pool = 'user_pool  = "env:USER_POOL_ID"\n'  # the local issuer's keys in place of Cognito's
        access.write_text(access.read_text().replace(pool, f'{pool}jwks_uri   = "{keys}"\n'))
        variables = {
            **function["Environment"]["Variables"],
            **AWS,
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_STS": served.sts.endpoint,
        }
        with ExecutionEnvironment(
            handler=function["Handler"], task_root=task, variables=variables, python=bare_python
        ) as environment:
            assert environment.init_error is None, environment.init_error
            event = sample_event("rest-token-allow")
            event["authorizationToken"] = "Bearer local:editor:access"
            allowed = environment.invoke(served.local.sign_in(event))
            event = sample_event("rest-token-allow")
            event["authorizationToken"] = "Bearer nobody"
            refused = environment.invoke(event)
    assert allowed.response["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert allowed.response["context"]["roleArn"] == roles["EditorRole"]
    assert refused.error is not None
    assert refused.error["errorMessage"] == "Unauthorized"
