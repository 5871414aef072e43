"""The resources of Terraform's AWS provider, as CloudFormation's types: one table, and what differs in shape.

Source: the AWS provider's documentation of these resources.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from authorizer.deployed.acls import canned, granted
from authorizer.deployed.api_rows import rest_integration
from authorizer.deployed.gather import texts
from authorizer.deployed.provider_apis import API_TYPES
from authorizer.deployed.provider_type import Type, first
from authorizer.deployed.rows import ROWS, Row


def _role(values: Mapping[str, Any]) -> Mapping[str, Any]:
    inline = values.get("inline_policy") or []
    return {"Policies": [{"PolicyDocument": row.get("policy")} for row in inline if row.get("policy") != ""]}


def _function(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"Environment": {"Variables": first(values, "environment").get("variables") or {}}}


def _bucket_replicas(values: Mapping[str, Any]) -> Mapping[str, Any]:
    rows = [
        {"Destination": {"Bucket": first(row, "destination").get("bucket")}}
        for row in values.get("rule") or []
    ]
    return {"ReplicationConfiguration": {"Rules": rows}}


def _table(values: Mapping[str, Any]) -> Mapping[str, Any]:
    def schema(key: object) -> list[dict[str, object]]:
        return [{"AttributeName": key, "KeyType": "HASH"}] if key else []

    return {
        "KeySchema": schema(values.get("hash_key")),
        "GlobalSecondaryIndexes": [
            {"IndexName": row.get("name"), "KeySchema": schema(row.get("hash_key"))}
            for row in values.get("global_secondary_index") or []
        ],
        "LocalSecondaryIndexes": [
            {"IndexName": row.get("name"), "KeySchema": schema(values.get("hash_key"))}
            for row in values.get("local_secondary_index") or []
        ],
        "Replicas": [{"Region": row.get("region_name")} for row in values.get("replica") or []],
    }


def _secret(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"ReplicaRegions": [{"Region": row.get("region")} for row in values.get("replica") or []]}


def _pool(values: Mapping[str, Any]) -> Mapping[str, Any]:
    triggers = first(values, "lambda_config")
    config = first(triggers, "pre_token_generation_config")
    return {
        "Schema": [
            {"Name": row.get("name"), "Mutable": row.get("mutable", True)}
            for row in values.get("schema") or []
        ],
        "AdminCreateUserConfig": {
            "AllowAdminCreateUserOnly": first(values, "admin_create_user_config").get(
                "allow_admin_create_user_only"
            )
        },
        "LambdaConfig": {
            "PreTokenGeneration": config.get("lambda_arn") or triggers.get("pre_token_generation")
        },
    }


def _pool_client(values: Mapping[str, Any]) -> Mapping[str, Any]:
    # The provider's list is empty where Cognito's is absent, and then the default holds.
    return {"WriteAttributes": values.get("write_attributes") or None}


def _policy_on(*kinds: str, otherwise: str = "*") -> Callable[[Row], None]:
    """A policy on what `Target` names: a resource of one of these types."""

    def read(row: Row) -> None:
        for arn in row.arns_of(row.get("Target"), kinds, otherwise):
            row.gathered.policy_on(arn, row.get("PolicyDocument"), row.place)

    return read


def _attachment(row: Row) -> None:
    roles = texts(row.get("Role") or row.get("Roles") or [])
    if roles is None:
        row.gathered.leave("roles", row.place, "its roles could not be read")
    for role in roles or ():
        row.gathered.attached.append((role, row.named("PolicyArn"), row.place))


def _attachments(row: Row) -> None:
    """`…_exclusive` takes away what it does not list, and attaches what it lists."""
    arns = texts(row.get("PolicyArns") or [])
    if arns is None or row.get("Role") is None:
        row.gathered.leave("roles", row.place, "what it attaches could not be read")
    for arn in arns or ():
        row.gathered.attached.append((row.named("Role"), arn, row.place))


def _replicated(row: Row) -> None:
    """A bucket's replication, which the provider has as a resource of its own."""
    for arn in row.arns_of(row.get("Target"), ("AWS::S3::Bucket",), "arn:{partition}:s3:::{target}"):
        replace(row, arn=arn).bucket()


def _bucket(row: Row) -> None:
    """A bucket as older versions of the provider have it: its policy and its list stand in it."""
    _with_policy(row)
    grants = [(each, each.get("permissions") or ()) for each in _blocks(row.get("Grants"))]
    row.gathered.put_on(row.arn, granted(grants, None, row.place))


def _bucket_acl(row: Row) -> None:
    control = next(_blocks(row.get("Policy")), {})
    owner = next(_blocks(control.get("owner")), {})
    grants = [
        (next(_blocks(each.get("grantee")), {}), (each.get("permission"),))
        for each in _blocks(control.get("grant"))
    ]
    for arn in row.arns_of(row.get("Target"), ("AWS::S3::Bucket",), "arn:{partition}:s3:::{target}"):
        row.gathered.put_on(arn, granted(grants, owner.get("id"), row.place))
        if row.get("AccessControl"):
            row.gathered.put_on(arn, canned(row.get("AccessControl"), row.place))


def _blocks(value: object) -> Iterator[Mapping[str, Any]]:
    return (each for each in (value if isinstance(value, list) else ()) if isinstance(each, Mapping))


def _with_policy(row: Row) -> None:
    """A queue, topic or secret whose policy may stand in it; CloudFormation has it apart."""
    plain(row)
    row.gathered.policy_on(row.arn, row.get("PolicyDocument") or None, row.place)


def plain(row: Row) -> None:
    ROWS.get(row.kind, Row.nothing)(row)
    row.own_policy()


_POLICY: Final = {"PolicyDocument": "policy"}
TYPES: Final[Mapping[str, Type]] = {
    "aws_iam_role": Type(
        kind="AWS::IAM::Role",
        properties={
            "AssumeRolePolicyDocument": "assume_role_policy",
            "MaxSessionDuration": "max_session_duration",
            "PermissionsBoundary": "permissions_boundary",
            "ManagedPolicyArns": "managed_policy_arns",
        },
        shape=_role,
    ),
    "aws_iam_role_policy": Type(kind="AWS::IAM::RolePolicy", properties={**_POLICY, "RoleName": "role"}),
    "aws_iam_policy": Type(kind="AWS::IAM::ManagedPolicy", properties=_POLICY),
    "aws_iam_role_policy_attachment": Type(kind="", properties={"Role": "role", "PolicyArn": "policy_arn"}),
    "aws_iam_policy_attachment": Type(kind="", properties={"Roles": "roles", "PolicyArn": "policy_arn"}),
    "aws_iam_role_policy_attachments_exclusive": Type(
        kind="", properties={"Role": "role_name", "PolicyArns": "policy_arns"}
    ),
    "aws_lambda_function": Type(
        kind="AWS::Lambda::Function", properties={"Handler": "handler", "Role": "role"}, shape=_function
    ),
    "aws_lambda_permission": Type(
        kind="AWS::Lambda::Permission",
        properties={
            "Principal": "principal",
            "Action": "action",
            "SourceArn": "source_arn",
            "FunctionName": "function_name",
            "PrincipalOrgID": "principal_org_id",
        },
    ),
    "aws_s3_bucket": Type(
        kind="AWS::S3::Bucket", properties={**_POLICY, "AccessControl": "acl", "Grants": "grant"}
    ),
    "aws_s3_bucket_acl": Type(
        kind="", properties={"Target": "bucket", "AccessControl": "acl", "Policy": "access_control_policy"}
    ),
    "aws_s3_bucket_policy": Type(kind="", properties={**_POLICY, "Target": "bucket"}),
    "aws_s3_bucket_replication_configuration": Type(
        kind="", properties={"Target": "bucket"}, shape=_bucket_replicas
    ),
    "aws_s3_access_point": Type(
        kind="AWS::S3::AccessPoint", properties={"Bucket": "bucket", "Policy": "policy"}
    ),
    "aws_s3control_access_point_policy": Type(kind="", properties={**_POLICY, "Target": "access_point_arn"}),
    "aws_sqs_queue": Type(kind="AWS::SQS::Queue", properties=_POLICY),
    "aws_sqs_queue_policy": Type(kind="", properties={**_POLICY, "Target": "queue_url"}),
    "aws_sns_topic": Type(kind="AWS::SNS::Topic", properties=_POLICY),
    "aws_sns_topic_policy": Type(kind="", properties={**_POLICY, "Target": "arn"}),
    "aws_kms_key": Type(
        kind="AWS::KMS::Key", properties={"KeyPolicy": "policy", "KeySpec": "customer_master_key_spec"}
    ),
    "aws_kms_key_policy": Type(kind="", properties={**_POLICY, "Target": "key_id"}),
    "aws_kms_replica_key": Type(
        kind="AWS::KMS::ReplicaKey", properties={"KeyPolicy": "policy", "PrimaryKeyArn": "primary_key_arn"}
    ),
    "aws_dynamodb_table": Type(kind="AWS::DynamoDB::GlobalTable", properties={}, shape=_table),
    "aws_dynamodb_resource_policy": Type(kind="", properties={**_POLICY, "Target": "resource_arn"}),
    "aws_secretsmanager_secret": Type(kind="AWS::SecretsManager::Secret", properties=_POLICY, shape=_secret),
    "aws_secretsmanager_secret_policy": Type(kind="", properties={**_POLICY, "Target": "secret_arn"}),
    "aws_cloudwatch_event_bus": Type(kind="AWS::Events::EventBus", properties={}),
    "aws_cloudwatch_event_bus_policy": Type(kind="", properties={**_POLICY, "Target": "event_bus_name"}),
    "aws_opensearch_domain": Type(
        kind="AWS::OpenSearchService::Domain",
        properties={"AccessPolicies": "access_policies", "AdvancedOptions": "advanced_options"},
    ),
    "aws_cognito_user_pool": Type(kind="AWS::Cognito::UserPool", properties={}, shape=_pool),
    "aws_cognito_user_pool_client": Type(
        kind="AWS::Cognito::UserPoolClient", properties={"UserPoolId": "user_pool_id"}, shape=_pool_client
    ),
    "aws_cognito_managed_user_pool_client": Type(
        kind="AWS::Cognito::UserPoolClient", properties={"UserPoolId": "user_pool_id"}, shape=_pool_client
    ),
    "aws_cognito_identity_provider": Type(
        kind="AWS::Cognito::UserPoolIdentityProvider",
        properties={"UserPoolId": "user_pool_id", "AttributeMapping": "attribute_mapping"},
    ),
    **API_TYPES,
}
"""Every type that is read."""
READERS: Final[Mapping[str, Callable[[Row], None]]] = {
    "aws_s3_bucket": _bucket,
    "aws_s3_bucket_acl": _bucket_acl,
    "aws_sqs_queue": _with_policy,
    "aws_sns_topic": _with_policy,
    "aws_secretsmanager_secret": _with_policy,
    "aws_s3_bucket_replication_configuration": _replicated,
    "aws_iam_role_policy_attachment": _attachment,
    "aws_iam_policy_attachment": _attachment,
    "aws_iam_role_policy_attachments_exclusive": _attachments,
    "aws_s3_bucket_policy": _policy_on("AWS::S3::Bucket", otherwise="arn:{partition}:s3:::{target}"),
    "aws_s3control_access_point_policy": _policy_on("AWS::S3::AccessPoint"),
    "aws_sqs_queue_policy": _policy_on("AWS::SQS::Queue", otherwise="arn:{partition}:sqs:*:*:*"),
    "aws_sns_topic_policy": _policy_on("AWS::SNS::Topic"),
    "aws_kms_key_policy": _policy_on("AWS::KMS::Key", otherwise="arn:{partition}:kms:*:*:key/*"),
    "aws_dynamodb_resource_policy": _policy_on("AWS::DynamoDB::GlobalTable"),
    "aws_secretsmanager_secret_policy": _policy_on("AWS::SecretsManager::Secret"),
    "aws_api_gateway_integration": rest_integration,
    "aws_api_gateway_rest_api_policy": _policy_on(
        "AWS::ApiGateway::RestApi", otherwise="arn:{partition}:execute-api:{region}:{account}:{target}/*"
    ),
    "aws_cloudwatch_event_bus_policy": _policy_on(
        "AWS::Events::EventBus", otherwise="arn:{partition}:events:{region}:{account}:event-bus/{target}"
    ),
}
"""Types that are a policy, an attachment or a setting of something else."""
