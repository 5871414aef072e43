"""The door on a loopback port, with moto behind it in the same process."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from typing_extensions import override

from authorizer.errors import SettingsError
from authorizer.local_aws import state, sts
from authorizer.local_aws.door import Door
from authorizer.local_aws.journal import Journal, Line
from authorizer.local_aws.refusals import Refused, rendered
from authorizer.local_aws.rewriting import Moto
from authorizer.local_aws.sessions import Principal, Principals
from authorizer.local_aws.wire import Answer, Received, body_length, read_head

ACCOUNT = "123456789012"
IDLE = 60
"""Seconds that a connection may wait for its next request."""


class LocalAws:
    """An AWS of one account on 127.0.0.1, which enforces; a context manager.

    `owner` may do everything, and makes what there is: roles, buckets, tables. Everybody else has credentials of the
    local STS. moto's state is the process's: one at a time, and each begins empty. Raises `SettingsError` in a Lambda.
    """

    def __init__(
        self,
        *,
        account: str = ACCOUNT,
        partition: str = "aws",
        port: int = 0,
        clock: Callable[[], float] = time.time,
        listen: Callable[[Line], None] | None = None,
    ) -> None:
        if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
            raise SettingsError(["the local AWS is for laptops: it never runs in a Lambda function"])
        self._server = _Server(("127.0.0.1", port), _Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.journal = Journal(listen)
        self._clock = clock
        self._principals = Principals(account, partition)
        moto = Moto(_application(), self.endpoint)
        self._server.door = Door(moto, self._principals, self.journal, clock)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def owner(self) -> Principal:
        """The account's root."""
        return self._principals.owner

    def add_role(self, arn: str, *, trusts: str, policy: str) -> None:
        """Make a role that the principal `trusts` may assume, tags and all, with one policy of its own."""
        actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
        trust = {"Effect": "Allow", "Principal": {"AWS": trusts}, "Action": actions}
        state.add_role(arn, trust=json.dumps({"Version": "2012-10-17", "Statement": [trust]}), policy=policy)

    def run_as(self, role_arn: str, name: str) -> Principal:
        """Credentials such as a service gives to what it runs: a session of the role, without a session policy. Raises
        `SettingsError` where there is no such role."""
        role = state.role(role_arn)
        if role is None:
            raise SettingsError([f"the local AWS has no role {role_arn}"])
        session = sts.plain_session(role, name, self._clock())
        self._principals.add(session, self._clock())
        return session

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _application() -> Callable[..., Iterable[bytes]]:
    """moto, empty, and without judgements of its own about buckets: it knows neither principals nor conditions."""
    from moto.core.base_backend import BackendDict  # noqa: PLC0415
    from moto.core.config import default_user_config  # noqa: PLC0415
    from moto.core.model_instances import reset_model_data  # noqa: PLC0415 - a second of imports
    from moto.iam.access_control import PermissionResult  # noqa: PLC0415
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    default_user_config["lambda"] = {"use_docker": False}  # where it is there, too
    BackendDict.reset()
    reset_model_data()
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL  # type: ignore[method-assign]  # the door judges
    return DomainDispatcherApplication(create_backend_app)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    door: Door

    @property
    def hosts(self) -> frozenset[str]:
        """What a request's Host may say."""
        return frozenset({f"127.0.0.1:{self.server_address[1]}", f"localhost:{self.server_address[1]}"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "local-aws"
    sys_version = ""
    timeout = IDLE
    wbufsize = -1  # one write an answer
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        try:
            received = self._received()
        except Refused as refused:
            # The body was not read: what follows on this connection would be taken for a request.
            self.close_connection = True
            status, content_type, body = rendered(refused, "rest-xml")
            self._send(Answer(status=status, headers=(("Content-Type", content_type),), body=body))
            return
        self._send(self.server.door.answer(received))

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _serve  # noqa: N815 - the base class's names

    @override
    def handle_expect_100(self) -> bool:
        goes_on = super().handle_expect_100()
        self.wfile.flush()  # who asks waits for it
        return goes_on

    def _received(self) -> Received:
        # As it was sent: `path` of the base class has no two slashes at its beginning.
        target = self.requestline.split()[1]
        path, query, headers = read_head(self.command, target, self.headers.items(), self.server.hosts)
        body = self.rfile.read(body_length(headers))
        return Received(
            method=self.command,
            path=path,
            query=query,
            headers=headers,
            body=body,
            address=self.client_address[0],
        )

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        bodiless = answer.status in (204, 304) or answer.status < 200
        for name, value in answer.headers:
            if name.lower() not in _OURS and not (
                self.command == "HEAD" and name.lower() == "content-length"
            ):
                self.send_header(name, value)
        if self.command == "HEAD":
            lengths = {name.lower(): value for name, value in answer.headers}
            self.send_header("Content-Length", lengths.get("content-length", "0"))
        elif not bodiless:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD" and not bodiless:
            self.wfile.write(answer.body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the journal tells more, and standard error belongs to the command's own words."""


_OURS = frozenset({"content-length", "connection", "transfer-encoding", "server", "date"})
