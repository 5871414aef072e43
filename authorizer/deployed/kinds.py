"""CloudFormation's types that matter here: how their names and ARNs are made, and where their policies stand.

Source: CloudFormation Template Reference, each type's "Return values" and "Properties"; Service Authorization
Reference, "Resource types", for the forms of ARNs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One type. Forms have `{partition}`, `{region}`, `{account}`, `{suffix}`, `{path}`, `{name}` and `{arn}`."""

    named_by: str = ""
    """The property that says its name."""
    arn: str = ""
    ref: str = "{name}"
    """What `Ref` gives."""
    arn_attributes: tuple[str, ...] = ("Arn",)
    name_attributes: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    """Where its own policy stands: names of properties, one inside the other."""


def _of(service: str, rest: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{rest}"


_FUNCTION = Kind(named_by="FunctionName", arn=_of("lambda", "function:{name}"))
KINDS: Final[Mapping[str, Kind]] = {
    "AWS::IAM::Role": Kind(named_by="RoleName", arn="arn:{partition}:iam::{account}:role{path}{name}"),
    "AWS::IAM::User": Kind(named_by="UserName", arn="arn:{partition}:iam::{account}:user{path}{name}"),
    "AWS::IAM::ManagedPolicy": Kind(
        named_by="ManagedPolicyName",
        arn="arn:{partition}:iam::{account}:policy{path}{name}",
        ref="{arn}",
        arn_attributes=("PolicyArn",),
    ),
    "AWS::Lambda::Function": _FUNCTION,
    "AWS::Serverless::Function": _FUNCTION,
    "AWS::S3::Bucket": Kind(named_by="BucketName", arn="arn:{partition}:s3:::{name}"),
    "AWS::S3::AccessPoint": Kind(
        named_by="Name", arn=_of("s3", "accesspoint/{name}"), name_attributes=("Name",), policy=("Policy",)
    ),
    "AWS::S3::MultiRegionAccessPoint": Kind(
        named_by="Name", arn="arn:{partition}:s3::{account}:accesspoint/{name}", arn_attributes=()
    ),
    "AWS::S3ObjectLambda::AccessPoint": Kind(
        named_by="Name", arn=_of("s3-object-lambda", "accesspoint/{name}")
    ),
    "AWS::S3Express::DirectoryBucket": Kind(named_by="BucketName", arn=_of("s3express", "bucket/{name}")),
    "AWS::S3Tables::TableBucket": Kind(
        named_by="TableBucketName",
        arn=_of("s3tables", "bucket/{name}"),
        ref="{arn}",
        arn_attributes=("TableBucketARN",),
    ),
    "AWS::DynamoDB::Table": Kind(
        named_by="TableName", arn=_of("dynamodb", "table/{name}"), policy=("ResourcePolicy", "PolicyDocument")
    ),
    "AWS::DynamoDB::GlobalTable": Kind(named_by="TableName", arn=_of("dynamodb", "table/{name}")),
    "AWS::Serverless::SimpleTable": Kind(named_by="TableName", arn=_of("dynamodb", "table/{name}")),
    "AWS::SQS::Queue": Kind(
        named_by="QueueName",
        arn=_of("sqs", "{name}"),
        ref="https://sqs.{region}.{suffix}/{account}/{name}",
        name_attributes=("QueueName",),
    ),
    "AWS::SNS::Topic": Kind(
        named_by="TopicName",
        arn=_of("sns", "{name}"),
        ref="{arn}",
        arn_attributes=("TopicArn",),
        name_attributes=("TopicName",),
    ),
    "AWS::KMS::Key": Kind(arn=_of("kms", "key/{name}"), name_attributes=("KeyId",), policy=("KeyPolicy",)),
    "AWS::KMS::ReplicaKey": Kind(
        arn=_of("kms", "key/{name}"), name_attributes=("KeyId",), policy=("KeyPolicy",)
    ),
    "AWS::SecretsManager::Secret": Kind(
        named_by="Name",
        arn=_of("secretsmanager", "secret:{name}-??????"),
        ref="{arn}",
        arn_attributes=("Id",),
    ),
    "AWS::Events::EventBus": Kind(named_by="Name", arn=_of("events", "event-bus/{name}"), policy=("Policy",)),
    "AWS::Kinesis::Stream": Kind(named_by="Name", arn=_of("kinesis", "stream/{name}")),
    "AWS::StepFunctions::StateMachine": Kind(
        named_by="StateMachineName", arn=_of("states", "stateMachine:{name}"), ref="{arn}"
    ),
    "AWS::OpenSearchService::Domain": Kind(
        named_by="DomainName", arn=_of("es", "domain/{name}"), policy=("AccessPolicies",)
    ),
    "AWS::Elasticsearch::Domain": Kind(
        named_by="DomainName", arn=_of("es", "domain/{name}"), policy=("AccessPolicies",)
    ),
    "AWS::ECR::Repository": Kind(
        named_by="RepositoryName", arn=_of("ecr", "repository/{name}"), policy=("RepositoryPolicyText",)
    ),
    "AWS::EFS::FileSystem": Kind(
        arn=_of("elasticfilesystem", "file-system/{name}"), policy=("FileSystemPolicy",)
    ),
    "AWS::Backup::BackupVault": Kind(
        named_by="BackupVaultName",
        arn=_of("backup", "backup-vault:{name}"),
        arn_attributes=("BackupVaultArn",),
        policy=("AccessPolicy",),
    ),
    "AWS::Logs::LogGroup": Kind(named_by="LogGroupName", arn=_of("logs", "log-group:{name}:*")),
    "AWS::ApiGateway::RestApi": Kind(
        arn=_of("execute-api", "{name}/*"),
        arn_attributes=(),
        name_attributes=("RestApiId",),
        policy=("Policy",),
    ),
    "AWS::Serverless::Api": Kind(arn=_of("execute-api", "{name}/*"), arn_attributes=()),
    "AWS::Serverless::HttpApi": Kind(arn_attributes=()),
    "AWS::ApiGatewayV2::Api": Kind(name_attributes=("ApiId",), arn_attributes=()),
    "AWS::ApiGatewayV2::Authorizer": Kind(name_attributes=("AuthorizerId",), arn_attributes=()),
    "AWS::ApiGateway::Authorizer": Kind(name_attributes=("AuthorizerId",), arn_attributes=()),
    "AWS::ApiGateway::Resource": Kind(name_attributes=("ResourceId",), arn_attributes=()),
    "AWS::ApiGatewayV2::Integration": Kind(name_attributes=("IntegrationId",), arn_attributes=()),
    "AWS::Cognito::UserPool": Kind(
        arn=_of("cognito-idp", "userpool/{name}"), name_attributes=("UserPoolId",)
    ),
    "AWS::Cognito::UserPoolClient": Kind(name_attributes=("ClientId",), arn_attributes=()),
}
"""Of any other type, names and attributes may be any: what it answers is not known here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A type that is nothing but a policy on something else."""

    document: str = "PolicyDocument"
    target: str
    """The property that says on what: a name, an ARN or a queue's URL, or several of them."""
    on: tuple[str, ...]
    """The types that such a name may be of."""
    otherwise: str
    """The ARN of a target that is in none of the files; `{target}` is what the property says."""


ATTACHED: Final[Mapping[str, Attached]] = {
    "AWS::S3::BucketPolicy": Attached(
        target="Bucket", on=("AWS::S3::Bucket",), otherwise="arn:{partition}:s3:::{target}"
    ),
    "AWS::S3Express::BucketPolicy": Attached(
        target="Bucket",
        on=("AWS::S3Express::DirectoryBucket",),
        otherwise=_of("s3express", "bucket/{target}"),
    ),
    "AWS::S3::MultiRegionAccessPointPolicy": Attached(
        document="Policy",
        target="MrapName",
        on=("AWS::S3::MultiRegionAccessPoint",),
        otherwise="arn:{partition}:s3::{account}:accesspoint/*",
    ),
    "AWS::S3ObjectLambda::AccessPointPolicy": Attached(
        target="ObjectLambdaAccessPoint",
        on=("AWS::S3ObjectLambda::AccessPoint",),
        otherwise=_of("s3-object-lambda", "accesspoint/{target}"),
    ),
    "AWS::S3Tables::TableBucketPolicy": Attached(
        document="ResourcePolicy",
        target="TableBucketARN",
        on=("AWS::S3Tables::TableBucket",),
        otherwise="{target}",
    ),
    "AWS::SQS::QueuePolicy": Attached(
        target="Queues", on=("AWS::SQS::Queue",), otherwise="arn:{partition}:sqs:*:*:*"
    ),
    "AWS::SQS::QueueInlinePolicy": Attached(
        target="Queue", on=("AWS::SQS::Queue",), otherwise="arn:{partition}:sqs:*:*:*"
    ),
    "AWS::SNS::TopicPolicy": Attached(target="Topics", on=("AWS::SNS::Topic",), otherwise="{target}"),
    "AWS::SNS::TopicInlinePolicy": Attached(target="TopicArn", on=("AWS::SNS::Topic",), otherwise="{target}"),
    "AWS::SecretsManager::ResourcePolicy": Attached(
        document="ResourcePolicy",
        target="SecretId",
        on=("AWS::SecretsManager::Secret",),
        otherwise=_of("secretsmanager", "secret:*"),
    ),
    "AWS::Kinesis::ResourcePolicy": Attached(
        document="ResourcePolicy", target="ResourceArn", on=("AWS::Kinesis::Stream",), otherwise="{target}"
    ),
    "AWS::Logs::ResourcePolicy": Attached(target="PolicyName", on=(), otherwise=_of("logs", "log-group:*")),
    "AWS::Events::EventBusPolicy": Attached(
        document="Statement",
        target="EventBusName",
        on=("AWS::Events::EventBus",),
        otherwise=_of("events", "event-bus/{target}"),
    ),
}
"""`Statement` alone is one statement, not a document. `PolicyName` of a policy on logs names nothing that it is on."""

_STANDARD: Final = frozenset(
    {
        *(
            "address",
            "birthdate",
            "email",
            "family_name",
            "gender",
            "given_name",
            "locale",
            "middle_name",
            "name",
        ),
        *("nickname", "phone_number", "picture", "preferred_username", "profile", "updated_at", "website"),
        "zoneinfo",
    }
)
"""Standard attributes (Cognito Developer Guide, "Working with user attributes"). Any other has `custom:` before it."""


def attribute_name(name: str) -> str:
    """An attribute as tokens and lists name it: CloudFormation's schema leaves out `custom:`."""
    return name if name in _STANDARD or ":" in name else f"custom:{name}"
