"""An STS endpoint on loopback that keeps the exact requests which reached it."""

import socket
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from typing_extensions import override

from tests.servers.serving import QuietHandler, serve

ANSWER = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:{name}</AssumedRoleId><Arn>{role}/{name}</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASIAEXAMPLE{number:09d}</AccessKeyId><SecretAccessKey>canary-secret-{number}</SecretAccessKey>
<SessionToken>canary-session-{number}</SessionToken><Expiration>{expiration}</Expiration></Credentials>
<PackedPolicySize>42</PackedPolicySize></AssumeRoleResult>
<ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata></AssumeRoleResponse>"""
ERROR = """<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
<Code>{code}</Code><Message>{message}</Message></Error><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>
</ErrorResponse>"""


class RecordingSts:
    """`requests` holds every form that was posted, in order. `refuse` makes the following ones fail. `open`: cleared,
    requests wait in silence until it is set. `hang_up` closes every connection that is kept alive."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.refusal: tuple[int, str, str] | None = None
        self.life: float | None = None
        """Seconds that credentials live whatever was asked; None: what was asked."""
        self.open = threading.Event()
        self.open.set()
        outer = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                form = dict(parse_qsl(self.body().decode()))
                outer.requests.append(form)
                outer.open.wait()
                self.reply(*outer.answer(form), {"Content-Type": "text/xml"})

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._stop = serve(self._server)

    def refuse(self, status: int, code: str, message: str) -> None:
        self.refusal = (status, code, message)

    @property
    def accepted(self) -> int:
        """Connections so far."""
        return self._server.accepted

    def hang_up(self) -> None:
        for connection in tuple(self._server.connections):
            with suppress(OSError):  # it has just gone by itself
                connection.shutdown(socket.SHUT_RDWR)

    def answer(self, form: dict[str, str]) -> tuple[int, bytes]:
        if self.refusal is not None:
            status, code, message = self.refusal
            return status, ERROR.format(code=code, message=message).encode()
        life = float(form["DurationSeconds"]) if self.life is None else self.life
        expiration = datetime.now(UTC) + timedelta(seconds=life)
        body = ANSWER.format(
            name=form["RoleSessionName"],
            role=form["RoleArn"],
            number=len(self.requests),
            expiration=expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        return 200, body.encode()

    def close(self) -> None:
        self.open.set()
        self._stop()


class _Server(ThreadingHTTPServer):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.connections: set[socket.socket] = set()
        self.accepted = 0

    @override
    def finish_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        self.accepted += 1
        try:
            super().finish_request(request, client_address)
        finally:
            self.connections.discard(request)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client whose deadline is over has gone: nothing to print."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)
