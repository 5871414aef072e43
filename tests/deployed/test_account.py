"""What an account said, and files of all kinds together."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from authorizer.deployed import DeploymentInvalid, read_deployment
from authorizer.deployed.read import MAX_BYTES
from tests.deployed.factories import ACCOUNT, LAMBDA_TRUST, allow, from_account, policy, resource, role_detail
from tests.make import ROOT

POLICY_ARN = f"arn:aws:iam::{ACCOUNT}:policy/p"


def version(document: object, *, default: bool = True) -> dict[str, Any]:
    return {"Document": document, "IsDefaultVersion": default}


def test_an_account_s_roles_have_their_policies_and_boundary() -> None:
    deployed = from_account(
        roles=[
            role_detail(
                "viewer",
                RolePolicyList=[{"PolicyName": "x", "PolicyDocument": policy(allow())}],
                AttachedManagedPolicies=[
                    {"PolicyArn": POLICY_ARN},
                    {"PolicyArn": "arn:aws:iam::aws:policy/X"},
                ],
                PermissionsBoundary={"PermissionsBoundaryArn": POLICY_ARN},
            ),
            role_detail("other", AssumeRolePolicyDocument=quote(json.dumps(LAMBDA_TRUST))),
        ],
        policies=[
            {
                "Arn": POLICY_ARN,
                "PolicyVersionList": [
                    version(policy(allow(action="s3:*")), default=False),
                    version(policy(allow())),
                ],
            },
            {"Arn": "arn:none", "PolicyVersionList": []},
        ],
    )
    viewer, other = deployed.roles
    assert [role.place for role in deployed.roles] == [
        f"account.json: {viewer.arn}",
        f"account.json: {other.arn}",
    ]
    assert [each.rules[0].statement.actions for each in viewer.policies if each.rules[0].statement] == [
        ("s3:GetObject",),
        ("s3:GetObject",),
    ]
    assert viewer.unseen == ("arn:aws:iam::aws:policy/X",)
    assert viewer.boundary is not None
    assert viewer.max_session is None
    assert other.trust.rules[0].principals[0].value == "lambda.amazonaws.com"


def test_the_other_calls_answers() -> None:
    table = f"arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/t"
    deployed = from_account(
        functions=[
            {
                "FunctionName": "f",
                "FunctionArn": "arn:aws:lambda:eu-west-1:1:function:f",
                "Handler": "h",
                "Role": "arn:r",
                "Environment": {"Variables": {"A": "b"}},
            }
        ],
        resource_policies={
            "arn:aws:s3:::b": policy(allow(Principal="*")),
            "arn:aws:sqs:a:1:q": None,
            "arn:aws:xy:a:1:q": None,
        },
        access_points=[
            {"Name": "p", "Bucket": "b", "AccessPointArn": "arn:aws:s3:eu-west-1:1:accesspoint/p"}
        ],
        replicas=[{"Arn": "arn:aws:s3:::copy", "Of": "arn:aws:s3:::b"}],
        tables=[
            {
                "TableName": "t",
                "TableArn": table,
                "KeySchema": [{"AttributeName": "tenant", "KeyType": "HASH"}],
                "Replicas": [{"RegionName": "us-east-1"}],
            }
        ],
        keys=[{"KeyId": "k", "Arn": "arn:aws:kms:a:1:key/k", "KeySpec": "SYMMETRIC_DEFAULT"}],
        domains=[{"DomainName": "d", "ARN": "arn:aws:es:a:1:domain/d", "AdvancedOptions": {}}],
        user_pools=[{"Id": "eu-west-1_P", "SchemaAttributes": [{"Name": "custom:tenant", "Mutable": False}]}],
        user_pool_clients=[{"ClientId": "c", "UserPoolId": "eu-west-1_P", "WriteAttributes": ["name"]}],
        identity_providers=[
            {"ProviderName": "i", "UserPoolId": "eu-west-1_P", "AttributeMapping": {"a": "b"}}
        ],
    )
    assert deployed.functions[0].environment == {"A": "b"}
    assert [each.arn for each in deployed.policies] == ["arn:aws:s3:::b"]
    assert [each.kind for each in deployed.resources] == ["AWS::S3::Bucket", "AWS::SQS::Queue", ""]
    assert [(door.what, door.opens) for door in deployed.doors] == [
        ("access point", "arn:aws:s3:::b"),
        ("replica", "arn:aws:s3:::b"),
        ("replica", table),
    ]
    assert deployed.tables[0].key == "tenant"
    assert deployed.keys[0].spec == "SYMMETRIC_DEFAULT"
    assert deployed.domains[0].names_indexes
    assert deployed.pools[0].mutable == {"custom:tenant": False}
    assert deployed.clients[0].writes == ("name",)
    assert deployed.mapped[0].pool == "eu-west-1_P"


def write(folder: Path, name: str, said: object) -> Path:
    file = folder / name
    file.write_text(said if isinstance(said, str) else json.dumps(said), encoding="utf-8")
    return file


def read(*files: Path, **parameters: str) -> Any:
    return read_deployment(
        files,
        parameters={name.replace("_", "::"): text for name, text in parameters.items()},
        region="eu-west-1",
    )


def test_session_lengths_and_a_truncated_answer(tmp_path: Path) -> None:
    viewer = role_detail("viewer")
    said = {
        "authorization": {"RoleDetailList": [viewer], "IsTruncated": True},
        "roles": [{"Arn": viewer["Arn"], "MaxSessionDuration": 7200}],
    }
    deployed = read(write(tmp_path, "account.json", said))
    assert deployed.roles[0].max_session == 7200
    assert [each.area for each in deployed.unread] == ["roles"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"authorization": {}, "extra": 1}, "has extra"),
        ({"authorization": {}}, "no 'RoleDetailList'"),
        ({"authorization": []}, "is not what the calls answer"),
        ({"a": 1}, "has no Resources"),
        ("a: [", "neither YAML nor JSON"),
        ("{", "neither YAML nor JSON"),
        ("[]", "has no Resources"),
    ],
)
def test_a_file_of_no_known_format_is_refused(said: object, why: str, tmp_path: Path) -> None:
    with pytest.raises(DeploymentInvalid, match=why.replace("[", r"\[")):
        read(write(tmp_path, "account.json", said))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"\xff\xfe")
    for bad in (file, tmp_path / "none"):
        with pytest.raises(DeploymentInvalid, match="cannot be read"):
            read(bad)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x"
    with file.open("wb") as opened:
        opened.truncate(MAX_BYTES + 1)
    with pytest.raises(DeploymentInvalid, match="more than"):
        read(file)


def test_files_of_all_formats_go_together(tmp_path: Path) -> None:
    state = {
        "format_version": "1.2",
        "values": {"root_module": {"resources": [resource("aws_s3_bucket.b", bucket="b")]}},
    }
    deployed = read(
        ROOT / "deploy" / "template.yaml",
        write(tmp_path, "plan.json", state),
        write(tmp_path, "account.json", {"authorization": {"RoleDetailList": [role_detail("viewer")]}}),
        AWS_AccountId=ACCOUNT,
    )
    assert len(deployed.files) == 5  # the template nests the alarms of two functions
    assert {each.arn for each in deployed.resources} >= {"arn:aws:s3:::b"}
    assert any(role.name == "viewer" for role in deployed.roles)
    assert all(ACCOUNT in role.arn for role in deployed.roles)
    assert deployed.unread == ()


@pytest.mark.parametrize(
    "found",
    [
        pytest.param({"authorization": {"RoleDetailList": [5]}}, id="a role that is a number"),
        pytest.param({"authorization": {"RoleDetailList": [role_detail("x", RoleName={})]}}, id="a name"),
        pytest.param(
            {"authorization": {"RoleDetailList": []}, "resource_policies": {"bucket": None}}, id="no ARN"
        ),
        pytest.param(
            {"authorization": {"RoleDetailList": []}, "tables": [{"TableArn": "t", "TableName": "t"}]},
            id="a table's ARN",
        ),
        pytest.param(
            {"authorization": {"RoleDetailList": []}, "replicas": [{"Arn": ["a"], "Of": "b"}]}, id="a replica"
        ),
        *(
            pytest.param({"format_version": "1.2", "planned_values": {"root_module": module}}, id=name)
            for name, module in (
                ("a resource that is none", {"resources": [True]}),
                ("an address", {"resources": [resource("aws_iam_role.x") | {"address": []}]}),
                ("a type", {"resources": [resource("aws_iam_role.x") | {"type": 5}]}),
                ("values", {"resources": [resource("aws_iam_role.x") | {"values": 5}]}),
                ("inline policies", {"resources": [resource("aws_iam_role.x", inline_policy="x")]}),
                ("a schema", {"resources": [resource("aws_cognito_user_pool.x", schema="x")]}),
                ("child modules", {"child_modules": [None]}),
            )
        ),
        pytest.param(
            {
                "format_version": "1.2",
                "values": {"root_module": {}},
                "configuration": {"root_module": {"resources": "x"}},
            },
            id="a configuration",
        ),
        pytest.param(
            {"format_version": "1.2", "values": {}, "resource_changes": [{"address": []}]}, id="changes"
        ),
    ],
)
def test_a_file_of_another_shape_is_refused_by_its_name(found: Any, tmp_path: Path) -> None:
    with pytest.raises(DeploymentInvalid, match=r"odd\.json"):
        read(write(tmp_path, "odd.json", found))
