"""The server itself: what the isolation tests stand on, shown before they rely on it."""

import os
import time
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.servers.rgw import ACCOUNT, GatewayFailureError, Keys, RadosGateway, compact

pytestmark = pytest.mark.s3

BUCKET = "server-check"
EVERYTHING: Mapping[str, object] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}


def make_policy(*resources: str, action: str = "s3:*", effect: str = "Allow") -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": action, "Resource": list(resources)}],
    }


def make_trust(principal: str) -> dict[str, object]:
    statement = {"Effect": "Allow", "Principal": {"AWS": [principal]}, "Action": ["sts:AssumeRole"]}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.fixture(scope="module")
def broker(gateway: RadosGateway) -> Keys:
    return gateway.user("server-broker")


@pytest.fixture(scope="module")
def role(gateway: RadosGateway, broker: Keys) -> str:
    s3 = gateway.client("s3", broker)
    s3.create_bucket(Bucket=BUCKET)
    for key in ("users/u1/a", "users/u2/a"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    trust = make_trust(f"arn:aws:iam::{ACCOUNT}:user/server-broker")
    return gateway.role("server-role", by=broker, policy=EVERYTHING, trust=trust)


def assume(gateway: RadosGateway, broker: Keys, role: str, **parameters: object) -> Any:
    sts = gateway.client("sts", broker)
    made = sts.assume_role(RoleArn=role, RoleSessionName="u1", **parameters)["Credentials"]
    keys = Keys(access_key_id=made["AccessKeyId"], secret_access_key=made["SecretAccessKey"])
    return gateway.client("s3", keys, made["SessionToken"])


def test_arns_look_as_aws_writes_them(role: str) -> None:
    assert role == f"arn:aws:iam::{ACCOUNT}:role/server-role"


def test_the_role_alone_reads_every_object(gateway: RadosGateway, broker: Keys, role: str) -> None:
    s3 = assume(gateway, broker, role)
    assert s3.get_object(Bucket=BUCKET, Key="users/u2/a")["Body"].read() == b"users/u2/a"


def test_a_session_policy_narrows_the_role(gateway: RadosGateway, broker: Keys, role: str) -> None:
    s3 = assume(gateway, broker, role, Policy=compact(make_policy(f"arn:aws:s3:::{BUCKET}/users/u1/*")))
    assert s3.get_object(Bucket=BUCKET, Key="users/u1/a")["Body"].read() == b"users/u1/a"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=BUCKET, Key="users/u2/a")


def test_a_session_policy_adds_nothing_to_the_role(gateway: RadosGateway, broker: Keys) -> None:
    narrow = gateway.role(
        "server-narrow",
        by=broker,
        policy=make_policy(f"arn:aws:s3:::{BUCKET}/users/u1/*"),
        trust=make_trust(f"arn:aws:iam::{ACCOUNT}:user/server-broker"),
    )
    s3 = assume(gateway, broker, narrow, Policy=compact(EVERYTHING))
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=BUCKET, Key="users/u2/a")


def test_a_stranger_to_the_trust_policy_gets_no_session(gateway: RadosGateway, role: str) -> None:
    stranger = gateway.user("server-stranger")
    with pytest.raises(ClientError) as caught:
        assume(gateway, stranger, role, Policy=compact(EVERYTHING))
    assert caught.value.response["Code"] == "AccessDenied"  # type: ignore[typeddict-item] # its own place for it


@pytest.mark.parametrize(
    ("length", "accepted"),
    [
        pytest.param(2048, True, id="2,048 characters are taken"),
        pytest.param(2049, False, id="2,049 characters are refused"),
    ],
)
def test_the_length_of_a_session_policy(
    gateway: RadosGateway, broker: Keys, role: str, length: int, accepted: bool
) -> None:
    # Many short resources: one of 1,900 characters overflows the gateway's stack, and the process dies.
    resources = ["arn:aws:s3:::" + "x" * 20] * 50 + ["arn:aws:s3:::"]
    resources[-1] += "x" * (length - len(compact(make_policy(*resources))))
    policy = compact(make_policy(*resources))
    assert len(policy) == length
    if accepted:
        assume(gateway, broker, role, Policy=policy)
        return
    with pytest.raises(ClientError) as caught:
        assume(gateway, broker, role, Policy=policy)
    assert caught.value.response["Code"] == "PackedPolicyTooLarge"  # type: ignore[typeddict-item] # as above


def test_leaving_stops_every_process_and_a_second_server_runs_beside_the_first(gateway: RadosGateway) -> None:
    began = time.monotonic()
    with RadosGateway() as second:
        assert second.endpoint != gateway.endpoint
        pids = second.pids
        assert len(pids) == 3
    assert time.monotonic() - began < 60
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None if program == "ceph-osd" else program)
    with pytest.raises(GatewayFailureError, match=r"^ceph-osd not found: apt-get install .*ceph-osd"):
        RadosGateway().__enter__()
