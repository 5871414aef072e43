"""A local AWS with one bucket of two users' objects, and sessions that are narrowed as a test likes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from authorizer.local_aws import LocalAws, Principal
from tests.local_aws.stage import client
from tests.local_aws.world import ACCOUNT, ALL, BUCKET, ROLE, Clock, document, principal_of, restore, seed


@dataclass(slots=True)
class Site:
    """The running AWS, and how to get into it."""

    aws: LocalAws
    clock: Clock
    clients: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def session(self, *statements: Mapping[str, Any], role: str = ROLE, **changes: Any) -> Principal:
        """A session whose policy has these statements; with none of them it has no session policy."""
        more = {"Policy": document(*statements)} if statements else {}
        asked = {"RoleArn": role, "RoleSessionName": "me", **more, **changes}
        return principal_of(self.aws, self.client("sts").assume_role(**asked))

    def user(self, name: str = "u1") -> Principal:
        """Somebody who may do everything in their own folder, and list it."""
        return self.session(
            {
                "Sid": "Own",
                "Effect": "Allow",
                "Action": "s3:*Object*",
                "Resource": f"arn:aws:s3:::{BUCKET}/home/{name}/*",
            },
            {
                "Effect": "Allow",
                "Action": ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                "Resource": f"arn:aws:s3:::{BUCKET}/home/{name}/*",
            },
            {
                "Sid": "List",
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::{BUCKET}",
                "Condition": {"StringLike": {"s3:prefix": f"home/{name}/*"}},
            },
        )

    def client(self, service: str, who: Principal | None = None, **config: Any) -> Any:
        key = service, (who or self.aws.owner).access_key_id, repr(config)
        if key not in self.clients:
            self.clients[key] = client(self.aws, service, who, **config)
        return self.clients[key]

    def put_role(self, name: str, *statements: Mapping[str, Any], trusts: str | None = None) -> str:
        """A role with a policy of these statements; gives its ARN."""
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        self.aws.add_role(
            arn, trusts=trusts or f"arn:aws:iam::{ACCOUNT}:root", policy=document(*(statements or (ALL,)))
        )
        return arn


@pytest.fixture(scope="module")
def running() -> Iterator[Site]:
    clock = Clock()
    with LocalAws(clock=clock) as aws:
        seed(aws)
        yield Site(aws, clock)


@pytest.fixture
def site(running: Site) -> Site:
    """As it was seeded, whatever the test before did to clock and bucket."""
    running.clock.ahead = 0
    restore(running.aws)
    return running
