"""Tenants × operations × places in eight services: each may what is theirs, and nothing else.

python -m tests.local_aws.services_matrix      all of it: more than 5,000 checks
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from authorizer.local_aws import LocalAws, Principal
from tests.local_aws import messages_rows
from tests.local_aws.stage import REGION, client
from tests.local_aws.world import ACCOUNT, ALL, ROLE, document, principal_of

TENANTS = ("t1", "t10", "t1-0", "t", "T1", "a", "a-b", "a_b", "ab", "0", "00")
"""Names chosen to be confused."""
TABLE, INDEX = "items", "by-tenant"
REFUSED = frozenset(
    {
        "AccessDeniedException",
        "AccessDenied",
        "NotImplemented",
        "ValidationException",
        "InvalidCiphertextException",
    }
)


def policy(tenant: str) -> list[dict[str, Any]]:
    """The session policy of one tenant."""
    arn = f"{REGION}:{ACCOUNT}"
    table = f"arn:aws:dynamodb:{arn}:table/{TABLE}"
    return [
        {
            "Effect": "Allow",
            "Action": [f"dynamodb:{name}" for name in ("*Item", "Query", "Scan")],
            "Resource": [table, f"{table}/index/*"],
            "Condition": {
                "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [tenant]},
                "Null": {"dynamodb:LeadingKeys": "false"},
            },
        },
        {"Effect": "Allow", "Action": "sqs:*", "Resource": f"arn:aws:sqs:{arn}:jobs-{tenant}"},
        {
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"kms:EncryptionContext:tenant": tenant}},
        },
        {"Effect": "Allow", "Action": "secretsmanager:BatchGetSecretValue", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "secretsmanager:*",
            "Resource": f"arn:aws:secretsmanager:{arn}:secret:{tenant}/*",
        },
        *messages_rows.policy(tenant),
    ]


@dataclass(slots=True, kw_only=True)
class Try:
    """One caller at one place."""

    owner: Mapping[str, Any]
    me: Mapping[str, Any]
    own: str
    place: str
    key: str
    """The one KMS key of all tenants."""
    serial: int

    def item(self, tenant: str, name: str = "a") -> dict[str, Any]:
        return {"pk": {"S": tenant}, "sk": {"S": name}}

    def queue(self) -> str:
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs-{self.place}"

    def message(self) -> str:
        """A receipt for a message in the place."""
        self.owner["sqs"].send_message(QueueUrl=self.queue(), MessageBody="x")
        got = self.owner["sqs"].receive_message(QueueUrl=self.queue())
        return str(got["Messages"][0]["ReceiptHandle"])

    def ciphertext(self, tenant: str) -> bytes:
        made = self.owner["kms"].encrypt(KeyId=self.key, Plaintext=b"x", EncryptionContext={"tenant": tenant})
        return bytes(made["CiphertextBlob"])

    def secret_arn(self) -> str:
        return str(self.owner["secretsmanager"].describe_secret(SecretId=f"{self.place}/a")["ARN"])


Row = tuple[str, Callable[[Try], Any], bool]
"""Its name, what is tried, and whether a tenant may do it at their own place."""


def _ddb(operation: str, **fixed: Any) -> Callable[[Try], Any]:
    return lambda t: getattr(t.me["dynamodb"], operation)(TableName=TABLE, **fixed)


def _by_key(operation: str, name: str = "a", **more: Any) -> Callable[[Try], Any]:
    return lambda t: getattr(t.me["dynamodb"], operation)(TableName=TABLE, Key=t.item(t.place, name), **more)


def _query(condition: str, **more: Any) -> Callable[[Try], Any]:
    return lambda t: t.me["dynamodb"].query(
        TableName=TABLE,
        KeyConditionExpression=condition,
        ExpressionAttributeValues={":p": {"S": t.place}},
        **more,
    )


def _batch_get(*whose: str) -> Callable[[Try], Any]:
    return lambda t: t.me["dynamodb"].batch_get_item(
        RequestItems={
            TABLE: {"Keys": [t.item(each) for each in dict.fromkeys(getattr(t, name) for name in whose)]}
        }
    )


def _batch_write(kind: str, *whose: str) -> Callable[[Try], Any]:
    def tried(t: Try) -> Any:
        items = [t.item(each, "w") for each in dict.fromkeys(getattr(t, name) for name in whose)]
        field_ = "Item" if kind == "PutRequest" else "Key"
        return t.me["dynamodb"].batch_write_item(
            RequestItems={TABLE: [{kind: {field_: item}} for item in items]}
        )

    return tried


def _transact(kind: str, *whose: str, **more: Any) -> Callable[[Try], Any]:
    def tried(t: Try) -> Any:
        name = "Item" if kind == "Put" else "Key"
        items = [
            {kind: {"TableName": TABLE, name: t.item(each, "x"), **more}}
            for each in dict.fromkeys(getattr(t, which) for which in whose)
        ]
        operation = "transact_get_items" if kind == "Get" else "transact_write_items"
        return getattr(t.me["dynamodb"], operation)(TransactItems=items)

    return tried


SET: dict[str, Any] = {
    "UpdateExpression": "SET v = :v",
    "ExpressionAttributeValues": {":v": {"S": "x&Action=Scan&y=1"}},
}
DYNAMODB: tuple[Row, ...] = (
    ("get item", _by_key("get_item"), True),
    ("get item with a projection", _by_key("get_item", ProjectionExpression="v"), True),
    ("put item", lambda t: t.me["dynamodb"].put_item(TableName=TABLE, Item=t.item(t.place, "p")), True),
    ("update item", _by_key("update_item", "u", **SET), True),
    ("delete item", _by_key("delete_item", "d"), True),
    ("query", _query("pk = :p"), True),
    ("query by a name", _query("#k = :p", ExpressionAttributeNames={"#k": "pk"}), True),
    ("query an index", _query("owner_ = :p", IndexName=INDEX), True),
    (
        "query the older way",
        lambda t: t.me["dynamodb"].query(
            TableName=TABLE,
            KeyConditions={"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": t.place}]}},
        ),
        False,
    ),
    ("batch get", _batch_get("place"), True),
    ("batch get with one's own", _batch_get("own", "place"), True),
    ("batch put", _batch_write("PutRequest", "place"), True),
    ("batch put with one's own", _batch_write("PutRequest", "own", "place"), True),
    ("batch delete", _batch_write("DeleteRequest", "place"), True),
    ("transact get", _transact("Get", "place"), True),
    ("transact get with one's own", _transact("Get", "own", "place"), True),
    ("transact put", _transact("Put", "place"), True),
    ("transact put with one's own", _transact("Put", "own", "place"), True),
    ("transact update", _transact("Update", "place", **SET), True),
    ("transact delete", _transact("Delete", "place"), True),
    (
        "transact check",
        _transact("ConditionCheck", "place", ConditionExpression="attribute_not_exists(nothing)"),
        True,
    ),
    ("scan", _ddb("scan"), False),
    ("scan an index", _ddb("scan", IndexName=INDEX), False),
    (
        "PartiQL",
        lambda t: t.me["dynamodb"].execute_statement(Statement=f"SELECT * FROM items WHERE pk = '{t.place}'"),
        False,
    ),
    ("describe the table", _ddb("describe_table"), False),
)


def _sqs(operation: str, **fixed: Any) -> Callable[[Try], Any]:
    return lambda t: getattr(t.me["sqs"], operation)(QueueUrl=t.queue(), **fixed)


SQS: tuple[Row, ...] = (
    ("send", _sqs("send_message", MessageBody="x"), True),
    ("send a batch", _sqs("send_message_batch", Entries=[{"Id": "1", "MessageBody": "x"}]), True),
    ("receive", _sqs("receive_message"), True),
    ("delete", lambda t: t.me["sqs"].delete_message(QueueUrl=t.queue(), ReceiptHandle=t.message()), True),
    (
        "hide",
        lambda t: t.me["sqs"].change_message_visibility(
            QueueUrl=t.queue(), ReceiptHandle=t.message(), VisibilityTimeout=0
        ),
        True,
    ),
    ("attributes", _sqs("get_queue_attributes", AttributeNames=["All"]), True),
    ("set attributes", _sqs("set_queue_attributes", Attributes={"DelaySeconds": "0"}), True),
    ("its URL", lambda t: t.me["sqs"].get_queue_url(QueueName=f"jobs-{t.place}"), True),
    ("tags", _sqs("list_queue_tags"), True),
    ("list queues", lambda t: t.me["sqs"].list_queues(), False),
)


def _context(tenant: str) -> dict[str, str]:
    return {"tenant": tenant}


KMS: tuple[Row, ...] = (
    (
        "encrypt",
        lambda t: t.me["kms"].encrypt(KeyId=t.key, Plaintext=b"x", EncryptionContext=_context(t.place)),
        True,
    ),
    (
        "encrypt by an alias",
        lambda t: t.me["kms"].encrypt(KeyId="alias/all", Plaintext=b"x", EncryptionContext=_context(t.place)),
        True,
    ),
    (
        "decrypt",
        lambda t: t.me["kms"].decrypt(
            CiphertextBlob=t.ciphertext(t.place), EncryptionContext=_context(t.place)
        ),
        True,
    ),
    (
        "decrypt with one's own context",
        lambda t: t.me["kms"].decrypt(
            CiphertextBlob=t.ciphertext(t.place), EncryptionContext=_context(t.own)
        ),
        True,
    ),
    ("decrypt without a context", lambda t: t.me["kms"].decrypt(CiphertextBlob=t.ciphertext(t.place)), False),
    (
        "a data key",
        lambda t: t.me["kms"].generate_data_key(
            KeyId=t.key, KeySpec="AES_256", EncryptionContext=_context(t.place)
        ),
        True,
    ),
    (
        "a data key unseen",
        lambda t: t.me["kms"].generate_data_key_without_plaintext(
            KeyId=t.key, KeySpec="AES_256", EncryptionContext=_context(t.place)
        ),
        True,
    ),
    (
        "re-encrypt from it",
        lambda t: t.me["kms"].re_encrypt(
            CiphertextBlob=t.ciphertext(t.place),
            SourceEncryptionContext=_context(t.place),
            DestinationKeyId=t.key,
            DestinationEncryptionContext=_context(t.own),
        ),
        True,
    ),
    (
        "re-encrypt to it",
        lambda t: t.me["kms"].re_encrypt(
            CiphertextBlob=t.ciphertext(t.own),
            SourceEncryptionContext=_context(t.own),
            DestinationKeyId=t.key,
            DestinationEncryptionContext=_context(t.place),
        ),
        True,
    ),
    ("describe the key", lambda t: t.me["kms"].describe_key(KeyId=t.key), False),
)


def _secret(operation: str, **more: Any) -> Callable[[Try], Any]:
    return lambda t: getattr(t.me["secretsmanager"], operation)(SecretId=f"{t.place}/a", **more)


SECRETS: tuple[Row, ...] = (
    ("get", _secret("get_secret_value"), True),
    ("get by its ARN", lambda t: t.me["secretsmanager"].get_secret_value(SecretId=t.secret_arn()), True),
    ("describe", _secret("describe_secret"), True),
    ("put a value", _secret("put_secret_value", SecretString="new"), True),
    ("its versions", _secret("list_secret_version_ids"), True),
    ("tag", _secret("tag_resource", Tags=[{"Key": "a", "Value": "b"}]), True),
    (
        "get a batch",
        lambda t: t.me["secretsmanager"].batch_get_secret_value(SecretIdList=[f"{t.place}/a"]),
        True,
    ),
    (
        "get a batch with one's own",
        lambda t: t.me["secretsmanager"].batch_get_secret_value(SecretIdList=[f"{t.own}/a", f"{t.place}/a"]),
        True,
    ),
    (
        "make one",
        lambda t: t.me["secretsmanager"].create_secret(
            Name=f"{t.place}/new-{t.own}-{t.serial}", SecretString="x"
        ),
        True,
    ),
    ("list", lambda t: t.me["secretsmanager"].list_secrets(), False),
)

SERVICES: Mapping[str, tuple[Row, ...]] = {
    "dynamodb": DYNAMODB,
    "sqs": SQS,
    "kms": KMS,
    "secretsmanager": SECRETS,
    **messages_rows.ROWS,
}


@dataclass(slots=True)
class Result:
    """What came of it."""

    counts: Counter[str] = field(default_factory=Counter)
    """By service and outcome."""
    unexpected: list[str] = field(default_factory=list)


@contextmanager
def populated() -> Iterator[tuple[LocalAws, str]]:
    """A local AWS with something of every tenant's in each service; and the id of the one KMS key."""
    with LocalAws() as aws:
        aws.add_role(ROLE, trusts=f"arn:aws:iam::{ACCOUNT}:root", policy=document(ALL))
        owner = {service: client(aws, service) for service in SERVICES}
        owner["dynamodb"].create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "owner_")
            ],
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=[
                {
                    "IndexName": INDEX,
                    "KeySchema": [{"AttributeName": "owner_", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        key = str(owner["kms"].create_key()["KeyMetadata"]["KeyId"])
        owner["kms"].create_alias(AliasName="alias/all", TargetKeyId=key)
        for tenant in TENANTS:
            item = {"pk": {"S": tenant}, "sk": {"S": "a"}, "owner_": {"S": tenant}, "v": {"S": tenant}}
            owner["dynamodb"].put_item(TableName=TABLE, Item=item)
            owner["sqs"].create_queue(QueueName=f"jobs-{tenant}")
            owner["secretsmanager"].create_secret(Name=f"{tenant}/a", SecretString=tenant)
            messages_rows.populate(owner, tenant)
        yield aws, key


def session_of(aws: LocalAws, tenant: str) -> Principal:
    asked = {"RoleArn": ROLE, "RoleSessionName": "me", "Policy": document(*policy(tenant))}
    return principal_of(aws, client(aws, "sts").assume_role(**asked))


def check(aws: LocalAws, key: str, callers: Sequence[str], places: Sequence[str]) -> Result:
    """Each of `callers` at each of `places`."""
    result = Result()
    owner = {service: client(aws, service) for service in SERVICES}
    for own in callers:
        who = session_of(aws, own)
        me = {service: client(aws, service, who) for service in SERVICES}
        for number, place in enumerate(places):
            tried = Try(owner=owner, me=me, own=own, place=place, key=key, serial=number)
            for service, rows in SERVICES.items():
                for name, run, theirs in rows:
                    outcome = _outcome(run, tried)
                    expected = "allowed" if theirs and own == place else "refused"
                    result.counts[f"{service}: {outcome}"] += 1
                    if outcome != expected:
                        result.unexpected.append(
                            f"{own} at {place}: {service}: {name}: {outcome}, not {expected}"
                        )
    return result


def _outcome(run: Callable[[Try], Any], tried: Try) -> str:
    try:
        run(tried)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        return "refused" if code in REFUSED else f"{code}: {error.response['Error']['Message']}"
    return "allowed"


def main() -> int:
    with populated() as (aws, key):
        result = check(aws, key, TENANTS, TENANTS)
    for name, count in sorted(result.counts.items()):
        sys.stdout.write(f"{name}: {count}\n")
    sys.stdout.write("\n".join([*result.unexpected[:20], ""]))
    sys.stdout.write(f"{result.counts.total()} checks, {len(result.unexpected)} unexpected\n")
    return 1 if result.unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
