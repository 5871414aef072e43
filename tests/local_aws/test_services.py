"""DynamoDB, SQS, KMS and Secrets Manager: tenants stay apart, and each operation needs what IAM would ask for."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from authorizer.engine.check.reference import service
from authorizer.local_aws import LocalAws, Principal, door, judging
from authorizer.local_aws.judging import Verdict
from tests.local_aws.raw import send, signed
from tests.local_aws.services_matrix import INDEX, SERVICES, TABLE, TENANTS, check, populated
from tests.local_aws.stage import REGION, client
from tests.local_aws.world import ACCOUNT, ROLE, document, principal_of

README = Path(__file__).parents[2] / "README.md"
TARN = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}"
QUEUE = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs-t1"
ITEM = {"pk": {"S": "t1"}, "sk": {"S": "a"}}


@pytest.fixture(scope="module")
def site() -> Iterator[tuple[LocalAws, str]]:
    with populated() as made:
        yield made


def session(aws: LocalAws, *statements: dict[str, Any]) -> Principal:
    asked = {"RoleArn": ROLE, "RoleSessionName": "me", "Policy": document(*statements)}
    return principal_of(aws, client(aws, "sts").assume_role(**asked))


def allow(*actions: str, on: str = "*", **conditions: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return {**made, "Condition": conditions} if conditions else made


def code_of(aws: LocalAws, who: Principal, about: str, operation: str, **asked: Any) -> str:
    try:
        getattr(client(aws, about, who, parameter_validation=False), operation)(**asked)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


@pytest.mark.slow
def test_a_sample_of_the_matrix_holds_no_surprise(site: tuple[LocalAws, str]) -> None:
    result = check(*site, ("t1",), ("t1", "t10"))
    assert result.unexpected == []
    assert {name.partition(":")[0] for name in result.counts} == set(SERVICES)
    count = sum(map(len, SERVICES.values())) * len(TENANTS) ** 2
    assert count > 5000
    papers = "".join(
        page.read_text(encoding="utf-8") for page in [README, *README.parent.glob("docs/**/*.md")]
    )
    assert f"{count:,} in {'eight' if len(SERVICES) == 8 else len(SERVICES)} other services" in papers
    assert f"{count + 32_340:,} checks" in (README.parent / "Makefile").read_text(encoding="utf-8")


def test_the_matrix_fails_where_session_policies_are_ignored(
    site: tuple[LocalAws, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ignoring(need: Any, principal: Any, *more: Any) -> Verdict:
        return judging.judge(need, replace(principal, session=None), *more)

    monkeypatch.setattr(door, "judge", ignoring)
    assert len(check(*site, ("t1",), ("t10",)).unexpected) > 30


TAGS = [{"Key": "team", "Value": "red"}]
NEEDS: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    (
        "dynamodb",
        "query",
        {
            "TableName": TABLE,
            "IndexName": INDEX,
            "KeyConditionExpression": "owner_ = :p",
            "ExpressionAttributeValues": {":p": {"S": "t1"}},
        },
        [("dynamodb:Query", f"{TARN}/index/{INDEX}")],
    ),
    (
        "dynamodb",
        "query",
        {
            "TableName": "no-such",
            "KeyConditionExpression": "pk = :p",
            "ExpressionAttributeValues": {":p": {"S": "t1"}},
        },
        [("dynamodb:Query", TARN.replace(TABLE, "no-such"))],
    ),
    ("dynamodb", "get_item", {"TableName": TARN, "Key": ITEM}, [("dynamodb:GetItem", TARN)]),
    (
        "dynamodb",
        "get_item",
        {"TableName": "no-such", "Key": ITEM},
        [("dynamodb:GetItem", TARN.replace(TABLE, "no-such"))],
    ),
    (
        "dynamodb",
        "transact_write_items",
        {
            "TransactItems": [
                {"Delete": {"TableName": TABLE, "Key": ITEM}},
                {
                    "ConditionCheck": {
                        "TableName": TABLE,
                        "Key": {**ITEM, "sk": {"S": "b"}},
                        "ConditionExpression": "v = v",
                    }
                },
            ]
        },
        [("dynamodb:DeleteItem", TARN), ("dynamodb:ConditionCheckItem", TARN)],
    ),
    ("dynamodb", "tag_resource", {"ResourceArn": TARN, "Tags": TAGS}, [("dynamodb:TagResource", TARN)]),
    ("dynamodb", "list_tables", {}, [("dynamodb:ListTables", "*")]),
    (
        "sqs",
        "delete_message_batch",
        {"QueueUrl": QUEUE, "Entries": [{"Id": "1", "ReceiptHandle": "x"}]},
        [("sqs:DeleteMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs-t1")],
    ),
    (
        "sqs",
        "create_queue",
        {"QueueName": "other", "tags": {"team": "red"}},
        [("sqs:CreateQueue", f"arn:aws:sqs:{REGION}:{ACCOUNT}:other")],
    ),
    (
        "kms",
        "create_alias",
        {"AliasName": "alias/new", "TargetKeyId": "KEY"},
        [("kms:CreateAlias", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/new"), ("kms:CreateAlias", "KEYARN")],
    ),
    (
        "kms",
        "delete_alias",
        {"AliasName": "alias/all"},
        [("kms:DeleteAlias", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/all"), ("kms:DeleteAlias", "KEYARN")],
    ),
    (
        "kms",
        "describe_key",
        {"KeyId": f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/all"},
        [("kms:DescribeKey", "KEYARN")],
    ),
    ("kms", "describe_key", {"KeyId": "KEYARN"}, [("kms:DescribeKey", "KEYARN")]),
    ("kms", "list_keys", {}, [("kms:ListKeys", "*")]),
    (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "t1/none"},
        [
            (
                "secretsmanager:GetSecretValue",
                f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:t1/none-XXXXXX",
            )
        ],
    ),
    (
        "secretsmanager",
        "get_secret_value",
        {"SecretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:none-abcdef", "VersionId": "x" * 32},
        [("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:none-abcdef")],
    ),
    (
        "secretsmanager",
        "create_secret",
        {"Name": "new", "Tags": TAGS},
        [("secretsmanager:CreateSecret", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:new-XXXXXX")],
    ),
    ("secretsmanager", "get_random_password", {}, [("secretsmanager:GetRandomPassword", "*")]),
]


@pytest.mark.parametrize(
    ("about", "operation", "asked", "needs"),
    [
        pytest.param(*row, id=f"{row[1]} needs {', '.join(action for action, _ in row[3])} {number}")
        for number, row in enumerate(NEEDS)
    ],
)
def test_an_operation_needs_this_on_that(
    site: tuple[LocalAws, str],
    about: str,
    operation: str,
    asked: dict[str, Any],
    needs: list[tuple[str, str]],
) -> None:
    aws, key = site
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{key}"
    named = {
        name: {"KEY": key, "KEYARN": arn}.get(value, value) if isinstance(value, str) else value
        for name, value in asked.items()
    }
    nobody = session(aws, {"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert code_of(aws, nobody, about, operation, **named).startswith("AccessDenied")
    told = [(action, resource) for action, resource, _ in aws.journal.lines[-1].actions]
    assert told == [(action, arn if resource == "KEYARN" else resource) for action, resource in needs]


@pytest.mark.parametrize("about", ["dynamodb", "kms", "secretsmanager", "sqs"])
def test_every_row_names_an_operation_and_an_action_that_there_are(about: str) -> None:
    from moto.core.utils import get_service_model

    from authorizer.local_aws.services import SERVICES as TABLES

    model = get_service_model(about)
    assert set(TABLES[about].operations) <= set(model.operation_names)
    found = service(about)
    assert found is not None
    known = {pattern for action in found.actions for pattern in action.keys}
    for key in TABLES[about].keys:
        assert key.startswith("aws:") or any(
            key.rstrip(":/") in pattern for pattern in known | set(found.keys)
        ), key


REFUSED: list[tuple[str, str, str, dict[str, Any], str]] = [
    (
        "a table of another account",
        "dynamodb",
        "get_item",
        {"TableName": TARN.replace(ACCOUNT, "210987654321"), "Key": ITEM},
        "ValidationException",
    ),
    (
        "a table's name that is none",
        "dynamodb",
        "get_item",
        {"TableName": "a/b", "Key": ITEM},
        "ValidationException",
    ),
    (
        "a table by name and by ARN",
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {TABLE: {"Keys": [ITEM]}, TARN: {"Keys": [ITEM]}}},
        "ValidationException",
    ),
    (
        "a partition of two types",
        "dynamodb",
        "get_item",
        {"TableName": TABLE, "Key": {**ITEM, "pk": {"S": "t1", "N": "1"}}},
        "ValidationException",
    ),
    (
        "a partition of a type that keys have not",
        "dynamodb",
        "get_item",
        {"TableName": TABLE, "Key": {**ITEM, "pk": {"BOOL": True}}},
        "ValidationException",
    ),
    (
        "a number that is none",
        "dynamodb",
        "get_item",
        {"TableName": TABLE, "Key": {**ITEM, "pk": {"N": "x"}}},
        "ValidationException",
    ),
    (
        "no partition",
        "dynamodb",
        "get_item",
        {"TableName": TABLE, "Key": {"sk": {"S": "a"}}},
        "ValidationException",
    ),
    (
        "the older way to project",
        "dynamodb",
        "get_item",
        {"TableName": TABLE, "Key": ITEM, "AttributesToGet": ["v"]},
        "ValidationException",
    ),
    (
        "the older way in a batch",
        "dynamodb",
        "batch_get_item",
        {"RequestItems": {TABLE: {"Keys": [ITEM], "AttributesToGet": ["v"]}}},
        "ValidationException",
    ),
    (
        "a name that is not defined",
        "dynamodb",
        "get_item",
        {"TableName": TABLE, "Key": ITEM, "ProjectionExpression": "#v"},
        "ValidationException",
    ),
    (
        "a letter that no expression has",
        "dynamodb",
        "get_item",
        {"TableName": TABLE, "Key": ITEM, "ProjectionExpression": "v;w"},
        "ValidationException",
    ),
    (
        "a query of no partition",
        "dynamodb",
        "query",
        {
            "TableName": TABLE,
            "KeyConditionExpression": "sk = :p",
            "ExpressionAttributeValues": {":p": {"S": "t1"}},
        },
        "ValidationException",
    ),
    (
        "PartiQL",
        "dynamodb",
        "batch_execute_statement",
        {"Statements": [{"Statement": "SELECT * FROM items"}]},
        "NotImplemented",
    ),
    (
        "a queue of another account",
        "sqs",
        "receive_message",
        {"QueueUrl": QUEUE.replace(ACCOUNT, "210987654321")},
        "AccessDenied",
    ),
    (
        "another account's queue by name",
        "sqs",
        "get_queue_url",
        {"QueueName": "jobs-t1", "QueueOwnerAWSAccountId": "210987654321"},
        "AccessDenied",
    ),
    (
        "a queue with more behind it",
        "sqs",
        "receive_message",
        {"QueueUrl": f"{QUEUE}/jobs-t2"},
        "QueueDoesNotExist",
    ),
    (
        "a queue with a query",
        "sqs",
        "receive_message",
        {"QueueUrl": f"{QUEUE}?x=/jobs-t2"},
        "QueueDoesNotExist",
    ),
    ("a queue's name that is none", "sqs", "receive_message", {"QueueUrl": f"{QUEUE}*"}, "QueueDoesNotExist"),
    ("a task that moves messages", "sqs", "start_message_move_task", {"SourceArn": "x"}, "NotImplemented"),
    ("AWS's own key", "kms", "describe_key", {"KeyId": "alias/aws/s3"}, "NotFoundException"),
    (
        "a key of another account",
        "kms",
        "describe_key",
        {"KeyId": f"arn:aws:kms:{REGION}:210987654321:key/x"},
        "ValidationException",
    ),
    ("a key that is not there", "kms", "describe_key", {"KeyId": "no-such-key"}, "AccessDeniedException"),
    ("a ciphertext that is none", "kms", "decrypt", {"CiphertextBlob": b"x"}, "InvalidCiphertextException"),
    (
        "a grant",
        "kms",
        "encrypt",
        {"KeyId": "alias/all", "Plaintext": b"x", "GrantTokens": ["x"]},
        "ValidationException",
    ),
    (
        "making a grant",
        "kms",
        "create_grant",
        {"KeyId": "alias/all", "GranteePrincipal": "x", "Operations": ["Decrypt"]},
        "NotImplemented",
    ),
    (
        "a secret of another account",
        "secretsmanager",
        "get_secret_value",
        {"SecretId": f"arn:aws:secretsmanager:{REGION}:210987654321:secret:t1/a"},
        "ValidationException",
    ),
    (
        "a secret under a key of one's own",
        "secretsmanager",
        "create_secret",
        {"Name": "x", "KmsKeyId": "x"},
        "ValidationException",
    ),
    (
        "a secret for other Regions",
        "secretsmanager",
        "create_secret",
        {"Name": "x", "AddReplicaRegions": [{"Region": "eu-west-2"}]},
        "ValidationException",
    ),
    (
        "a table for other Regions",
        "dynamodb",
        "update_table",
        {"TableName": TABLE, "ReplicaUpdates": [{"Create": {"RegionName": "eu-west-2"}}]},
        "ValidationException",
    ),
    (
        "a batch by filters",
        "secretsmanager",
        "batch_get_secret_value",
        {"Filters": [{"Key": "name", "Values": ["t2"]}]},
        "ValidationException",
    ),
]


@pytest.mark.parametrize(
    ("about", "operation", "asked", "code"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED]
)
def test_what_cannot_be_translated_is_refused(
    site: tuple[LocalAws, str], about: str, operation: str, asked: dict[str, Any], code: str
) -> None:
    assert code_of(site[0], session(site[0], allow("*")), about, operation, **asked) == code


CONTEXT = {"tenant": "t1", "purpose": "test"}
KEYS: list[tuple[str, str, str, dict[str, Any], dict[str, Any], str]] = [
    (
        "a partition",
        "dynamodb",
        "get_item",
        {"TableName": TABLE, "Key": ITEM},
        {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "t1"}},
        "ok",
    ),
    (
        "attributes that are named",
        "dynamodb",
        "get_item",
        {
            "TableName": TABLE,
            "Key": ITEM,
            "ProjectionExpression": "v, #w.x[0]",
            "ExpressionAttributeNames": {"#w": "w"},
        },
        {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "v", "w"]}},
        "ok",
    ),
    (
        "one that is not among them",
        "dynamodb",
        "get_item",
        {"TableName": TABLE, "Key": ITEM, "ProjectionExpression": "v, secret"},
        {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "v"]}},
        "AccessDeniedException",
    ),
    (
        "one behind a name",
        "dynamodb",
        "get_item",
        {
            "TableName": TABLE,
            "Key": ITEM,
            "ProjectionExpression": "#s",
            "ExpressionAttributeNames": {"#s": "secret"},
        },
        {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk"]}},
        "AccessDeniedException",
    ),
    (
        "one in a condition",
        "dynamodb",
        "update_item",
        {
            "TableName": TABLE,
            "Key": ITEM,
            "UpdateExpression": "SET v = if_not_exists(v, :v)",
            "ConditionExpression": "attribute_exists(secret) OR NOT v BETWEEN :v AND :v",
            "ExpressionAttributeValues": {":v": {"S": "x"}},
        },
        {"ForAllValues:StringEquals": {"dynamodb:Attributes": ["pk", "sk", "v"]}},
        "AccessDeniedException",
    ),
    (
        "what a transaction is",
        "dynamodb",
        "transact_get_items",
        {"TransactItems": [{"Get": {"TableName": TABLE, "Key": ITEM}}]},
        {"StringEquals": {"dynamodb:EnclosingOperation": "TransactGetItems"}},
        "ok",
    ),
    (
        "a scan that is none",
        "dynamodb",
        "scan",
        {"TableName": TABLE},
        {"Bool": {"dynamodb:FullTableScan": "false"}},
        "AccessDeniedException",
    ),
    (
        "what is selected",
        "dynamodb",
        "scan",
        {"TableName": TABLE, "Select": "COUNT"},
        {"StringEquals": {"dynamodb:Select": "COUNT"}},
        "ok",
    ),
    (
        "what it returns",
        "dynamodb",
        "put_item",
        {"TableName": TABLE, "Item": ITEM, "ReturnValues": "ALL_OLD"},
        {"StringEquals": {"dynamodb:ReturnValues": "NONE"}},
        "AccessDeniedException",
    ),
    (
        "a context",
        "kms",
        "encrypt",
        {"KeyId": "alias/all", "Plaintext": b"x", "EncryptionContext": CONTEXT},
        {"StringEquals": {"kms:EncryptionContext:purpose": "test"}},
        "ok",
    ),
    (
        "its names",
        "kms",
        "encrypt",
        {"KeyId": "alias/all", "Plaintext": b"x", "EncryptionContext": CONTEXT},
        {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["tenant"]}},
        "AccessDeniedException",
    ),
    (
        "the alias that was said",
        "kms",
        "describe_key",
        {"KeyId": "alias/all"},
        {"StringEquals": {"kms:RequestAlias": "alias/all"}},
        "ok",
    ),
    (
        "an alias that the key has",
        "kms",
        "describe_key",
        {"KeyId": "alias/all"},
        {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/all"}},
        "ok",
    ),
    (
        "what the key is for",
        "kms",
        "describe_key",
        {"KeyId": "alias/all"},
        {
            "StringEquals": {
                "kms:KeyUsage": "ENCRYPT_DECRYPT",
                "kms:KeySpec": "SYMMETRIC_DEFAULT",
                "kms:KeyOrigin": "AWS_KMS",
                "kms:CallerAccount": ACCOUNT,
            }
        },
        "ok",
    ),
    (
        "another service between",
        "kms",
        "describe_key",
        {"KeyId": "alias/all"},
        {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}},
        "AccessDeniedException",
    ),
    (
        "a key that is not filled",
        "kms",
        "describe_key",
        {"KeyId": "alias/all"},
        {"StringNotEquals": {"kms:PrimaryRegion": "x"}},
        "ok",
    ),
    (
        "the name of a new secret",
        "secretsmanager",
        "create_secret",
        {"Name": "by-name", "SecretString": "x"},
        {"StringEquals": {"secretsmanager:Name": "by-name"}},
        "ok",
    ),
    (
        "the current version",
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "t1/a"},
        {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}},
        "ok",
    ),
    (
        "an older version",
        "secretsmanager",
        "get_secret_value",
        {"SecretId": "t1/a", "VersionStage": "AWSPREVIOUS"},
        {"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}},
        "AccessDeniedException",
    ),
    (
        "a tag of a new queue",
        "sqs",
        "create_queue",
        {"QueueName": "red", "tags": {"team": "red"}},
        {
            "StringEquals": {"aws:RequestTag/team": "red"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]},
        },
        "ok",
    ),
    (
        "a tag of a queue",
        "sqs",
        "list_queue_tags",
        {"QueueUrl": QUEUE},
        {"StringEquals": {"aws:ResourceTag/team": "red"}},
        "AccessDenied",
    ),
    (
        "a tag of a table",
        "dynamodb",
        "describe_table",
        {"TableName": TABLE},
        {"StringEquals": {"aws:ResourceTag/team": "blue"}},
        "ok",
    ),
    (
        "a tag of a key",
        "kms",
        "describe_key",
        {"KeyId": "alias/all"},
        {"StringEquals": {"aws:ResourceTag/team": "blue"}},
        "ok",
    ),
    (
        "a tag of a secret",
        "secretsmanager",
        "describe_secret",
        {"SecretId": "t2/tagged"},
        {"StringEquals": {"secretsmanager:ResourceTag/team": "blue", "aws:ResourceTag/team": "blue"}},
        "ok",
    ),
]


@pytest.fixture(scope="module")
def tagged(site: tuple[LocalAws, str]) -> LocalAws:
    aws, key = site
    blue = [{"Key": "team", "Value": "blue"}]
    client(aws, "dynamodb").tag_resource(ResourceArn=TARN, Tags=blue)
    client(aws, "sqs").tag_queue(QueueUrl=QUEUE, Tags={"team": "blue"})
    client(aws, "kms").tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "blue"}])
    client(aws, "secretsmanager").create_secret(Name="t2/tagged", SecretString="x", Tags=blue)
    return aws


@pytest.mark.parametrize(
    ("about", "operation", "asked", "condition", "code"), [pytest.param(*row[1:], id=row[0]) for row in KEYS]
)
def test_a_condition_sees_what_the_request_says(
    tagged: LocalAws, about: str, operation: str, asked: dict[str, Any], condition: dict[str, Any], code: str
) -> None:
    who = session(tagged, {**allow("*"), "Condition": condition})
    assert code_of(tagged, who, about, operation, **asked) == code


def test_numbers_and_bytes_are_partitions_in_one_form(site: tuple[LocalAws, str]) -> None:
    from authorizer.local_aws.services.dynamodb_texts import partition

    assert [partition({"N": text}) for text in ("1", "1.0", "+1e0", "-0.50", "100")] == [
        "1",
        "1",
        "1",
        "-0.5",
        "100",
    ]
    assert partition({"B": "YQ=="}) == "YQ=="


def test_a_keys_policy_must_hand_the_account_over(site: tuple[LocalAws, str]) -> None:
    aws, _ = site
    other = str(client(aws, "kms").create_key()["KeyMetadata"]["KeyId"])
    who = session(aws, allow("kms:*"))
    assert code_of(aws, who, "kms", "describe_key", KeyId=other) == "ok"
    only = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"},
        "Action": "kms:*",
        "Resource": "*",
    }
    state_of(other, aws).policy = json.dumps({"Version": "2012-10-17", "Statement": [only]})
    assert code_of(aws, who, "kms", "describe_key", KeyId=other) == "AccessDeniedException"
    assert code_of(aws, aws.owner, "kms", "describe_key", KeyId=other) == "AccessDeniedException"
    mine = {**only, "Principal": {"AWS": ROLE}}
    state_of(other, aws).policy = json.dumps({"Version": "2012-10-17", "Statement": [mine]})
    assert code_of(aws, who, "kms", "describe_key", KeyId=other) == "ok"
    narrow = session(aws, allow("s3:*"))
    assert code_of(aws, narrow, "kms", "describe_key", KeyId=other) == "AccessDeniedException"


def state_of(key: str, aws: LocalAws) -> Any:
    from authorizer.local_aws import state

    return state.of("kms", aws.owner.account, REGION).keys[key]


def test_a_ciphertext_is_under_the_key_that_it_is_under(site: tuple[LocalAws, str]) -> None:
    aws, key = site
    kms = client(aws, "kms")
    other = str(kms.create_key()["KeyMetadata"]["KeyId"])
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    who = session(aws, allow("kms:*", on=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{other}"))
    assert code_of(aws, who, "kms", "decrypt", CiphertextBlob=blob) == "AccessDeniedException"
    assert code_of(aws, who, "kms", "decrypt", CiphertextBlob=blob, KeyId=other) == "IncorrectKeyException"
    assert code_of(aws, aws.owner, "kms", "decrypt", CiphertextBlob=blob, KeyId=key) == "ok"


def test_a_queues_a_tables_and_a_secrets_policy_join_in(site: tuple[LocalAws, str]) -> None:
    aws, _ = site
    deny = {"Sid": "no", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    who = session(aws, allow("*"))
    sqs = client(aws, "sqs")
    url = sqs.create_queue(
        QueueName="closed",
        Attributes={
            "Policy": document(
                {**deny, "Action": "sqs:SendMessage", "Resource": f"arn:aws:sqs:{REGION}:{ACCOUNT}:closed"}
            )
        },
    )["QueueUrl"]
    assert code_of(aws, who, "sqs", "send_message", QueueUrl=url, MessageBody="x") == "AccessDenied"
    assert code_of(aws, who, "sqs", "receive_message", QueueUrl=url) == "ok"
    secrets = client(aws, "secretsmanager")
    secrets.create_secret(Name="closed", SecretString="x")
    secrets.put_resource_policy(
        SecretId="closed", ResourcePolicy=document({**deny, "Action": "secretsmanager:GetSecretValue"})
    )
    assert (
        code_of(aws, who, "secretsmanager", "get_secret_value", SecretId="closed") == "AccessDeniedException"
    )
    client(aws, "dynamodb").put_resource_policy(
        ResourceArn=TARN, Policy=document({**deny, "Action": "dynamodb:DeleteTable"})
    )
    assert code_of(aws, who, "dynamodb", "delete_table", TableName=TABLE) == "AccessDeniedException"
    assert code_of(aws, who, "dynamodb", "describe_table", TableName=TABLE) == "ok"


@pytest.mark.parametrize(
    ("target", "body", "query"),
    [
        pytest.param(
            "GetItem",
            {"TableName": TABLE, "Key": {"pk": {"S": "t2&Action=Scan&TableName=items"}, "sk": {"S": "a"}}},
            (),
            id="an action in a value",
        ),
        pytest.param(
            "GetItem",
            {"TableName": TABLE, "Key": {"pk": {"S": "t1"}, "sk": {"S": "a"}}},
            (("Action", "Scan"),),
            id="an action in the query",
        ),
        pytest.param("Scan", {"TableName": TABLE, "ScanFilter": {}}, (), id="a scan with a filter"),
        pytest.param(
            "Query",
            {
                "TableName": TABLE,
                "KeyConditionExpression": "pk = :a OR pk = :b",
                "ExpressionAttributeValues": {":a": {"S": "t1"}, ":b": {"S": "t2"}},
            },
            (),
            id="two partitions",
        ),
        pytest.param(
            "Query",
            {
                "TableName": TABLE,
                "KeyConditionExpression": "pk = :a AND pk = :b",
                "ExpressionAttributeValues": {":a": {"S": "t1"}, ":b": {"S": "a"}},
            },
            (),
            id="a partition twice",
        ),
        pytest.param(
            "BatchGetItem",
            {
                "RequestItems": {
                    TABLE: {
                        "Keys": [{"pk": {"S": "t1"}, "sk": {"S": "a"}}, {"pk": {"S": "a"}, "sk": {"S": "a"}}]
                    }
                }
            },
            (),
            id="another among one's own",
        ),
    ],
)
def test_json_is_read_in_one_way(
    site: tuple[LocalAws, str], target: str, body: dict[str, Any], query: tuple[tuple[str, str], ...]
) -> None:
    own = {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["t1", "t2&Action=Scan&TableName=items"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    who = session(site[0], {**allow("dynamodb:*"), "Condition": own})
    headers = [
        ("Content-Type", "application/x-amz-json-1.0"),
        ("X-Amz-Target", f"DynamoDB_20120810.{target}"),
    ]
    reply = send(
        site[0],
        signed(
            site[0],
            who,
            "POST",
            "/",
            query=query,
            headers=headers,
            body=json.dumps(body).encode(),
            service="dynamodb",
        ),
    )
    assert b"t10" not in reply.body
    assert reply.body == b"{}" or reply.status >= 400
