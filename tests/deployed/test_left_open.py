"""What cannot be told is left open, and never taken for something else: one table.

Each row is an edit of a deployment without faults (`tests.deployed.faults`) after which a file no longer says what it
says, or says it in a way that is not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.deployed.faults import WORLD, Fault, found

_BEFORE = "\n  Pool:\n    Type"
_BUCKET_POLICY = """            Principal: "*"
            Action: s3:GetObject
            Resource: !Sub ${Bucket.Arn}/public/*
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """One row."""

    name: str
    edits: tuple[tuple[str, str], ...]
    says: str
    """Part of what is found."""
    status: str = "OPEN"
    files: Mapping[str, str] = field(default_factory=dict)
    """Beside the template."""


def _with(resources: str) -> tuple[str, str]:
    return (_BEFORE, f"\n{resources.rstrip()}\n{_BEFORE}")


def _to(principal: str) -> tuple[str, str]:
    """The bucket's public folder, all of the bucket, and for somebody else."""
    return (
        _BUCKET_POLICY,
        _BUCKET_POLICY.replace('"*"', principal).replace("/public/*", "/*"),
    )


def _bucket(properties: str) -> tuple[str, str]:
    bucket = "  Bucket:\n    Type: AWS::S3::Bucket\n"
    return (bucket, f"{bucket}    Properties: {{{properties}}}\n")


_CLIENT = """
  Evil:
    Type: AWS::Cognito::UserPoolClient
    Properties: {{UserPoolId: {}, WriteAttributes: [{}]}}
"""
_FUNCTION = """
  Evil:
    Type: AWS::Lambda::Function
    Properties: {{Handler: evil.handler, Role: {}}}
"""
_PROVIDER = """
  Evil:
    Type: AWS::Cognito::UserPoolIdentityProvider
    Properties: {{UserPoolId: {}, ProviderName: p, ProviderType: OIDC, AttributeMapping: {}}}
"""
_ROUTE = """
  Evil:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: {}, RouteKey: "GET /evil", Target: {}}}
"""
_POLICY = """
  Evil:
    Type: AWS::IAM::Policy
    Properties:
      Roles: [{}]
      PolicyDocument: {{Version: "2012-10-17", Statement: [{{Effect: Allow, Action: "dynamodb:*", Resource: "*"}}]}}
"""
_POINT = """
  Evil:
    Type: AWS::S3::AccessPoint
    Properties: {{Name: evil, Bucket: {}}}
"""
_DEFINITION = """
        paths: {}
        x-amazon-apigateway-policy:
          Version: "2012-10-17"
          Statement: [{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "*"}]"""
_IMPORT = "!ImportValue x"
_NESTED = """
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: child.yaml, Parameters: {Pool: !Ref Pool, Role: !GetAtt AuthorizerRole.Arn}}
"""
_CHILD = """
Parameters: {Pool: {Type: String}, Role: {Type: String, Default: none}}
Resources:
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties: {TemplateURL: inner.yaml, Parameters: {Role: !Ref Role}}
Outputs:
  Pool: {Value: !Ref Pool}
  Inner: {Value: !GetAtt Inner.Outputs.Role}
"""
_INNER = """
Parameters: {Role: {Type: String}}
Resources: {Nothing: {Type: AWS::CloudFormation::WaitConditionHandle}}
Outputs: {Role: {Value: !Ref Role}}
"""
_MAPPED = """      RequestParameters:
        overwrite:header.x-vended-access-key-id: $context.authorizer.accessKeyId
        overwrite:header.x-vended-secret-access-key: $context.authorizer.secretAccessKey
        overwrite:header.x-vended-session-token: $context.authorizer.sessionToken
        overwrite:header.x-vended-expiration: $context.authorizer.expiration
"""

ROWS = (
    # ── a name that is open, or a literal one beside one that AWS makes ──────────────────────────────────────────────
    Left(
        name="an app of a pool that is open",
        edits=(_with(_CLIENT.format(_IMPORT, '"custom:tenant_id"')),),
        says="`custom:tenant_id` may be written by users of the app client ${Evil}, if it is one of this pool",
    ),
    Left(
        name="an app of a pool by its literal id",
        edits=(_with(_CLIENT.format("eu-west-1_AbCdEf123", '"custom:tenant_id"')),),
        says="`custom:tenant_id` may be written by users of the app client ${Evil}, if it is one of this pool",
    ),
    Left(
        name="an app that may write what is open",
        edits=(_with(_CLIENT.format("!Ref Pool", _IMPORT)),),
        says="what users of the app client ${Evil} may write is open",
    ),
    Left(
        name="a provider of a pool that is open",
        edits=(_with(_PROVIDER.format(_IMPORT, '{"custom:tenant_id": tenant}')),),
        says="`custom:tenant_id` is filled by an identity provider",
    ),
    Left(
        name="a provider that fills what is open",
        edits=(_with(_PROVIDER.format("!Ref Pool", _IMPORT)),),
        says="its AttributeMapping could not be read",
    ),
    Left(
        name="triggers that are open",
        edits=(
            (
                "  Pool:\n    Type: AWS::Cognito::UserPool\n    Properties:\n",
                "  Pool:\n    Type: AWS::Cognito::UserPool\n    Properties:\n      LambdaConfig: !ImportValue x\n",
            ),
        ),
        says="may be changed by ${Fn::ImportValue",
    ),
    Left(
        name="a function whose role is open",
        edits=(_with(_FUNCTION.format(_IMPORT)),),
        says="whether the function",
    ),
    Left(
        name="a function whose role is a literal name",
        edits=(_with(_FUNCTION.format("arn:aws:iam::123456789012:role/stack-AuthorizerRole-1A2B")),),
        says="whether the function",
    ),
    Left(
        name="a route of an API that is open",
        edits=(_with(_ROUTE.format(_IMPORT, _IMPORT)),),
        says="GET /evil of ${Fn::ImportValue",
    ),
    Left(
        name="a route of an API by its literal id",
        edits=(_with(_ROUTE.format("a1b2c3d4e5", _IMPORT)),),
        says="GET /evil of a1b2c3d4e5",
    ),
    Left(
        name="an authorizer of a function by its literal name",
        edits=(
            (
                "/functions/${Authorizer.Arn}/invocations # of HTTP",
                "/functions/arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:${Suffix}/invocations",
            ),
            ("Resources:\n", "Parameters: {Suffix: {Type: String}}\n\nResources:\n"),
        ),
        says="whether it asks the authorizer is open",
    ),
    Left(
        name="a policy on a role by its literal name",
        edits=(_with(_POLICY.format("stack-WorkerRole-1A2B")),),
        says="which may be the role ${AuthorizerRole} or ${BackendRole} or ${WorkerRole}",
    ),
    Left(
        name="an access point of a bucket that is open",
        edits=(_with(_POINT.format(_IMPORT)),),
        says="the access point arn:aws:s3:eu-west-1:${AWS::AccountId}:accesspoint/evil of arn:aws:s3:::${Bucket}",
        status="CHECKED",
    ),
    Left(
        name="a session of a role by its literal name",
        edits=(_to("{AWS: arn:aws:sts::123456789012:assumed-role/stack-WorkerRole-1A2B/somebody}"),),
        says="whether that is a session cannot be told",
    ),
    Left(
        name="replicas that are open",
        edits=(_bucket("ReplicationConfiguration: !ImportValue x"),),
        says="its replicas could not be read",
    ),
    # ── what another stack, or somebody's own code, answers ──────────────────────────────────────────────────────────
    Left(
        name="an app of a pool that a nested stack gives",
        edits=(_with(_NESTED + _CLIENT.format("!GetAtt Nested.Outputs.Pool", '"custom:tenant_id"')),),
        files={"child.yaml": _CHILD},
        says="`custom:tenant_id` may be written by users of the app client ${Evil}: it is in WriteAttributes",
        status="REFUTED",
    ),
    Left(
        name="a function whose role two nested stacks give",
        edits=(_with(_NESTED + _FUNCTION.format("!GetAtt Nested.Outputs.Inner")),),
        files={"child.yaml": _CHILD, "inner.yaml": _INNER},
        says="${Evil} runs as the authorizer's own role, and no Deny",
        status="REFUTED",
    ),
    Left(
        name="an app of a pool that a stack of no file gives",
        edits=(_with(_NESTED + _CLIENT.format("!GetAtt Nested.Outputs.Pool", '"custom:tenant_id"')),),
        says="${Evil}, if it is one of this pool",
    ),
    Left(
        name="an app of a pool that a nested stack does not say",
        edits=(_with(_NESTED + _CLIENT.format("!GetAtt Nested.Outputs.Gone", '"custom:tenant_id"')),),
        files={"child.yaml": _CHILD},
        says="${Evil}, if it is one of this pool",
    ),
    Left(
        name="stacks that ask each other",
        edits=(
            _with(
                _NESTED.replace("!Ref Pool", "!GetAtt Other.Outputs.Pool")
                + _NESTED.replace("Nested:", "Other:").replace("!Ref Pool", "!GetAtt Nested.Outputs.Pool")
                + _CLIENT.format("!GetAtt Nested.Outputs.Pool", '"custom:tenant_id"')
            ),
        ),
        files={"child.yaml": _CHILD},
        says="${Evil}, if it is one of this pool",
    ),
    *(
        Left(
            name=f"an app of a pool that {whose}",
            edits=(_with(f"  Look: {{Type: '{kind}'}}\n" + _CLIENT.format(asked, '"custom:tenant_id"')),),
            says="${Evil}, if it is one of this pool",
        )
        for whose, kind, asked in (
            ("custom code gives", "Custom::Lookup", "!GetAtt Look.Pool"),
            ("custom code is called", "Custom::Lookup", "!Ref Look"),
            ("a parameter holds", "AWS::SSM::Parameter", "!GetAtt Look.Value"),
        )
    ),
    # ── access control lists, and other policies by another name ─────────────────────────────────────────────────────
    Left(
        name="a bucket that everybody may list and write to, by its ACL",
        edits=(_bucket("AccessControl: PublicReadWrite"),),
        says="arn:aws:s3:::${Bucket} gives * s3:ListBucket",
        status="REFUTED",
    ),
    Left(
        name="a bucket whose ACL is open",
        edits=(_bucket("AccessControl: !ImportValue x"),),
        says="arn:aws:s3:::${Bucket}: its ACL could not be read",
    ),
    Left(
        name="a policy in an API's definition",
        edits=(
            (
                "      Name: jobs\n      Policy:\n",
                f"      Name: jobs\n      Body: {_DEFINITION}\n      Policy:\n",
            ),
        ),
        says="the policy of ${Rest} allows everybody",
        status="REFUTED",
    ),
    # ── what integrations map ────────────────────────────────────────────────────────────────────────────────────────
    Left(
        name="mappings that are open",
        edits=(
            (
                _MAPPED,
                "      RequestParameters: !If [Prod, {'append:header.x': $context.authorizer.accessKeyId}, {}]\n",
            ),
            (
                "Resources:\n",
                "Parameters: {Stage: {Type: String}}\nConditions: {Prod: !Equals [!Ref Stage, prod]}\n\nResources:\n",
            ),
        ),
        says="ANY /jobs/{proxy+} of ${Http} maps what could not be read: its parameters",
    ),
    Left(
        name="a mapping from what is open",
        edits=(
            ("x-vended-expiration: $context.authorizer.expiration", "x-vended-expiration: !ImportValue x"),
        ),
        says="ANY /jobs/{proxy+} of ${Http} maps what could not be read: overwrite:header.x-vended-expiration",
    ),
    Left(
        name="a route to an integration that is open",
        edits=(("Target: !Sub integrations/${HttpServer}", "Target: !ImportValue x"),),
        says="ANY /jobs/{proxy+} of ${Http} goes to ${Fn::ImportValue",
    ),
    Left(
        name="a route to an integration of no file",
        edits=(("Target: !Sub integrations/${HttpServer}", "Target: integrations/abc123"),),
        says="ANY /jobs/{proxy+} of ${Http} goes to abc123, and what that maps is in no file",
    ),
    # ── dynamic references ───────────────────────────────────────────────────────────────────────────────────────────
    Left(
        name="a bucket policy for whoever a parameter says",
        edits=(_to('{AWS: "{{resolve:ssm:/who}}"}'),),
        says="whether that is a session cannot be told",
    ),
    Left(
        name="a function whose role a parameter says",
        edits=(_with(_FUNCTION.format('!Sub "{{resolve:ssm:/${AWS::StackName}/role}}"')),),
        says="whether the function",
    ),
    Left(
        name="an app of a pool that a parameter says",
        edits=(_with(_CLIENT.format('"{{resolve:ssm:/pool}}"', '"custom:tenant_id"')),),
        says="${Evil}, if it is one of this pool",
    ),
    Left(
        name="an app that may write what a parameter says",
        edits=(_with(_CLIENT.format("!Ref Pool", '"{{resolve:ssm:/attribute}}"')),),
        says="what users of the app client ${Evil} may write is open",
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_what_cannot_be_told_is_left_open(row: Left, tmp_path: Path) -> None:
    fault = Fault(name=row.name, base=WORLD, edits=row.edits, says=row.says)
    for name, text in row.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    notes = [(note.status, note.text) for ruling in found(fault, tmp_path) for note in ruling.notes]
    assert [text for status, text in notes if row.says in text and status == row.status], [
        note for note in notes if note[0] != "CHECKED"
    ]
