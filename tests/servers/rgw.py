"""A real S3 and STS server that enforces session policies: Ceph's RADOS Gateway on free loopback ports.

One monitor, one OSD in memory, one gateway: up in two seconds, about 130 MB resident, nothing left behind. It
needs Debian's `radosgw ceph-mon ceph-osd ceph-common` (16.2) and neither root nor systemd.

::

    with RadosGateway() as gateway:
        broker = gateway.user("broker")
        s3 = gateway.client("s3", broker)

What 16.2 does otherwise than AWS: it evaluates S3 actions only; it knows no `${aws:PrincipalTag/…}` and
no `${*}`; it does not read the `+` of a form body as a space, so every policy that goes to it must be
compact JSON; STS errors carry their code in `response["Code"]`, where botocore does not look; one ARN of
1,900 characters ends the process.
"""

import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

PACKAGES = ("radosgw", "ceph-mon", "ceph-osd", "ceph-common")
PROGRAMS = ("radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph", "monmaptool")
ACCOUNT = "123456789012"
"""A Ceph tenant of this name makes every ARN look as AWS's do."""
REGION = "default"
"""The name of the only zone group; the gateway refuses a bucket made for another region."""
CLIENT = Config(
    region_name=REGION,
    s3={"addressing_style": "path"},
    # Newer botocore sends a trailing checksum in a chunked body by default, which 16.2 cannot read.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
    retries={"total_max_attempts": 1},
    max_pool_connections=64,
)
STARTUP = 30.0
"""Seconds for each step; on a busy machine of two cores the slowest takes two."""

CONFIGURATION = """
[global]
fsid = {fsid}
mon_host = v2:127.0.0.1:{monitor_port}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
# No keys anywhere. The gateway's own connection must then be in crc mode too, or it loops on EACCES.
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
keyring = /dev/null
admin_socket =
run_dir = {folder}
log_file = {folder}/$name.log
mon_data = {folder}/mon
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
osd_crush_chooseleaf_type = 0
mon_max_pg_per_osd = 1000
# With the defaults every change of the map waits a second, and start-up is fifteen of them.
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
osd_class_load_list = *
osd_class_default_list = *
rgw_enable_apis = s3, sts, iam, admin
rgw_s3_auth_use_sts = true
rgw_sts_key = sixteen-letters!
rgw_frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw_thread_pool_size = 32
rgw_run_sync_thread = false
rgw_dynamic_resharding = false
rgw_enable_usage_log = false
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The long-lived keys of one of the gateway's users."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


class GatewayFailureError(AssertionError):
    """A part of the server did not start or answer. The message ends with what it wrote."""


def missing() -> str | None:
    """Why the server cannot run here, as a sentence with its remedy; None if it can."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if not absent:
        return None
    return f"{', '.join(absent)} not found: apt-get install --no-install-recommends {' '.join(PACKAGES)}"


class RadosGateway:
    """The server, a context manager. Leaving it stops its processes by their pids and removes its files."""

    def __enter__(self) -> Self:
        if reason := missing():
            raise GatewayFailureError(reason)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._folder = Path(tempfile.mkdtemp(prefix="rgw-"))
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def endpoint(self) -> str:
        """The URL of S3, STS and IAM alike."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in self._processes)

    def user(self, name: str) -> Keys:
        """Make a user of the account, who may make roles. Users own the buckets that they make."""
        made = json.loads(
            self._run(
                "radosgw-admin",
                "user",
                "create",
                f"--tenant={ACCOUNT}",
                f"--uid={name}",
                f"--display-name={name}",
                "--caps=roles=*",
            )
        )
        [key] = made["keys"]
        return Keys(access_key_id=key["access_key"], secret_access_key=key["secret_key"])

    def client(self, service: str, keys: Keys, session_token: str | None = None) -> Any:
        """A boto3 client for `s3`, `sts` or `iam`, with the settings that the gateway needs."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=session_token,
            config=CLIENT,
        )

    def role(self, name: str, *, by: Keys, policy: Mapping[str, object], trust: Mapping[str, object]) -> str:
        """Make a role with one inline policy; gives its ARN."""
        iam = self.client("iam", by)
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=compact(trust))["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="permissions", PolicyDocument=compact(policy))
        return str(role["Arn"])

    def _start(self) -> None:
        self._port, monitor_port = _free_ports(2)
        fsid = str(uuid.uuid4())
        self._configuration = self._folder / "ceph.conf"
        self._configuration.write_text(
            CONFIGURATION.format(fsid=fsid, folder=self._folder, port=self._port, monitor_port=monitor_port)
        )
        for part in ("mon", "osd"):
            (self._folder / part).mkdir()
        monmap = str(self._folder / "monmap")
        self._run(
            "monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{monitor_port}]", monmap
        )
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap)
        self._spawn("ceph-mon", "-i", "a", "-f")
        osd = str(uuid.uuid4())
        self._run("ceph", "osd", "new", osd, "0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._spawn("ceph-osd", "-i", "0", "-f")
        self._await("the OSD", lambda: "1 up" in self._run("ceph", "osd", "stat"))
        self._spawn("radosgw", "-n", "client.rgw", "-f")
        self._await("the gateway", self._answers)

    def _stop(self) -> None:
        for process in reversed(self._processes):
            process.kill()
        for process in self._processes:
            process.wait()
        shutil.rmtree(self._folder)

    def _environment(self) -> dict[str, str]:
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "CEPH_CONF": str(self._configuration)}

    def _spawn(self, *command: str) -> None:
        with (self._folder / f"{command[0]}.out").open("wb") as output:
            self._processes.append(
                subprocess.Popen(
                    command,
                    env=self._environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            )

    def _run(self, *command: str) -> str:
        ran = subprocess.run(
            command, env=self._environment(), capture_output=True, text=True, timeout=STARTUP, check=False
        )
        if ran.returncode != 0:
            raise GatewayFailureError(
                f"{' '.join(command)} ended with {ran.returncode}:\n{ran.stderr}{self._said()}"
            )
        return ran.stdout

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=STARTUP)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == http.HTTPStatus.OK
        except ConnectionRefusedError:
            return False
        finally:
            connection.close()

    def _await(self, what: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + STARTUP
        while not ready():
            dead = [process for process in self._processes if process.poll() is not None]
            if dead or time.monotonic() > deadline:
                raise GatewayFailureError(
                    f"{what} is not up, ended: {[process.args for process in dead]}\n{self._said()}"
                )
            time.sleep(0.02)

    def _said(self) -> str:
        return "".join(
            file.read_text(errors="replace")[-2000:] for file in sorted(self._folder.glob("*.out"))
        )


def compact(document: object) -> str:
    """JSON without a space: the gateway reads the `+` of an encoded form as a plus."""
    return json.dumps(document, separators=(",", ":"))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
