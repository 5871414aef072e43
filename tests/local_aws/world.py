"""What every test of the local AWS begins with."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from authorizer.local_aws import LocalAws, Principal, state
from tests.local_aws.stage import REGION, client

ACCOUNT: Final = "123456789012"
BUCKET: Final = "example-data"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/vend/caller"
ALL: Final = {"Effect": "Allow", "Action": "*", "Resource": "*"}
OBJECTS: Final = ("home/u1/a", "home/u2/a", "home/u2/b", "public/a")


@dataclass(slots=True)
class Clock:
    """The time, and how far a test has moved it."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def principal_of(aws: LocalAws, reply: Mapping[str, Any]) -> Principal:
    """The session that STS's answer is about."""
    found = aws._principals.find(reply["Credentials"]["AccessKeyId"])
    assert found is not None
    return found


def seed(aws: LocalAws) -> None:
    """A role that may do everything, and a bucket in which each object holds its own key."""
    aws.add_role(ROLE, trusts=f"arn:aws:iam::{ACCOUNT}:root", policy=document(ALL))
    s3 = client(aws, "s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in OBJECTS:
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())


def restore(aws: LocalAws) -> None:
    """The bucket as it was, and no other one."""
    backend = state.of("s3", ACCOUNT, "aws")
    bucket = backend.buckets[BUCKET]
    bucket.policy, bucket.versioning_status = None, None
    bucket.multiparts.clear()
    for key in list(bucket.keys):
        del bucket.keys[key]
    for key in OBJECTS:
        backend.put_object(BUCKET, key, key.encode())
    assert aws.owner.is_owner
