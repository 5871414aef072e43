"""The local AWS that enforces, beside moto's own server, which does not: an object read through each."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.scene import Scene
from benchmarks.table import Row, best_of

BATCH = 50
BUCKET, KEY = "example-data", "home/a"
CONFIG = Config(region_name="eu-west-1", s3={"addressing_style": "path"}, signature_version="s3v4")
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{BUCKET}/home/*",
        },
    }
)
ROLE = "arn:aws:iam::123456789012:role/caller"
OURS = f"""
import sys
from authorizer.local_aws import LocalAws
with LocalAws(port=int(sys.argv[1])) as aws:
    aws.add_role({ROLE!r}, trusts="arn:aws:iam::123456789012:root", policy={POLICY!r})
    print(aws.owner.access_key_id, aws.owner.secret_access_key, flush=True)
    sys.stdin.read()
"""
THEIRS = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=int(sys.argv[1]), verbose=False)
server.start()
print("testing", "testing", flush=True)
sys.stdin.read()
server.stop()
"""


def rows(_: Scene, rounds: int) -> Iterator[Row]:
    with _served(OURS) as (ours, pid), _served(THEIRS) as (theirs, their_pid):
        mine, moto = best_of(max(3, rounds // 3), lambda: _read(ours, pid), lambda: _read(theirs, their_pid))
    yield Row(
        key="local_aws",
        what="the local AWS that enforces, an object of S3 read: CPU of the server",
        peer="moto alone",
        unit="ms",
        ours=mine * 1e3,
        theirs=moto * 1e3,
        target=1.5,
    )


@contextmanager
def _served(code: str) -> Iterator[tuple[Any, int]]:
    """A client of a server in a process of its own, with one object there; and the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdin
        assert process.stdout
        keys = dict(
            zip(
                ("aws_access_key_id", "aws_secret_access_key"), process.stdout.readline().split(), strict=True
            )
        )
        owner = partial(boto3.client, endpoint_url=f"http://127.0.0.1:{port}", config=CONFIG, **keys)
        buckets = owner("s3")
        buckets.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        buckets.put_object(Bucket=BUCKET, Key=KEY, Body=b"x" * 1000)
        made = owner("sts").assume_role(RoleArn=ROLE, RoleSessionName="me", Policy=POLICY)["Credentials"]
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            config=CONFIG,
            aws_access_key_id=made["AccessKeyId"],
            aws_secret_access_key=made["SecretAccessKey"],
            aws_session_token=made["SessionToken"],
        )
        try:
            yield client, process.pid
        finally:
            client.close()
            process.stdin.close()


def _read(client: Any, pid: int) -> float:
    """CPU seconds of the server for one request."""
    before = _cpu(pid)
    for _ in range(BATCH):
        client.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    return (_cpu(pid) - before) / BATCH


def _cpu(pid: int) -> float:
    """Seconds of the processor so far (proc(5), stat: utime and stime)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
