"""An STS endpoint on loopback that keeps the exact requests which reached it."""

import socket
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from typing_extensions import override

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

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                outer.requests.append(form)
                outer.open.wait()
                status, body = outer.answer(form)
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

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
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

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
