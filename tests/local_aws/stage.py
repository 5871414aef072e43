"""The stage of the isolation tests with the local AWS in the place of Ceph: same people, same authorizer."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from authorizer.local_aws import LocalAws, Principal
from tests.s3.operations import BUCKET
from tests.s3.stage import HANDED, ROLES, Site, everywhere, handed, role_arn, role_policy, seeded
from tests.servers.rgw import Keys

REGION = "eu-west-1"
CLIENT = Config(
    region_name=REGION,
    s3={"addressing_style": "path"},
    signature_version="s3v4",
    retries={"total_max_attempts": 1},
    max_pool_connections=64,
)
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}


@dataclass(slots=True)
class Way:
    """To STS: the local AWS itself, which needs nothing taken out of a policy."""

    endpoint: str
    requests: int = 0


def client(aws: LocalAws, service: str, who: Principal | None = None, **config: Any) -> Any:
    """A boto3 client of `who`; of the owner unless said."""
    who = who or aws.owner
    return boto3.client(
        service,
        endpoint_url=aws.endpoint,
        aws_access_key_id=who.access_key_id,
        aws_secret_access_key=who.secret_access_key,
        aws_session_token=who.session_token,
        config=Config(region_name=REGION, retries={"total_max_attempts": 1}, **config)
        if service != "s3"
        else CLIENT.merge(Config(**config)),
    )


@contextmanager
def local_site(places: Iterable[str] | None = None) -> Iterator[tuple[LocalAws, Site]]:
    """The bucket with its places, all unless said, and the roles of the deployment, at a local AWS."""
    with LocalAws() as aws:
        iam = client(aws, "iam")
        for role in (*ROLES, *map(handed, ROLES)):
            made = iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(TRUST))
            assert made["Role"]["Arn"] == role_arn(role)
            policy = role_policy(role.removeprefix(HANDED))
            iam.put_role_policy(RoleName=role, PolicyName="permissions", PolicyDocument=json.dumps(policy))
        s3 = client(aws, "s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        owner = Keys(access_key_id=aws.owner.access_key_id, secret_access_key=aws.owner.secret_access_key)
        yield (
            aws,
            Site(
                gateway=aws,
                owner=owner,
                door=Way(aws.endpoint),
                uploads=dict(seeded(s3, everywhere() if places is None else places)),
                config=CLIENT,
            ),
        )
