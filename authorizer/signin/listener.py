"""The loopback redirect (RFC 8252 §7.3): a server on 127.0.0.1 that takes one answer and is gone.

What carries another `state` is somebody else's, or that of an older window: it gets a page and changes nothing, so that
no page in a browser can end a sign-in by guessing a port. Nothing that is sent is ever shown again or logged: the code
stands in it.
"""

import hmac
import socketserver
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler
from queue import Empty, Queue
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import override

from authorizer.errors import SignInFailed

HOST: Final = "127.0.0.1"
"""Not `localhost`, which a machine may resolve to something else (RFC 8252 §8.3)."""
PATH: Final = "/callback"
PORTS: Final = (8976, 18976, 28976)
"""The first that is free is taken. Cognito compares callback URLs letter by letter, and so has to know each."""
PATIENCE: Final = 5.0
"""Seconds within which a browser sends its request once it is connected."""
PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Sign-in</title>
<p>{text}</p>
"""
ALWAYS: Final = {
    # Neither kept nor sent on: the code stands in the address.
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Content-Type": "text/html; charset=utf-8",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}
DONE: Final = "The answer has arrived: the command line says what came of it. You can close this window."
REFUSED: Final = "You are not signed in: the command line says why. You can close this window."
STRANGE: Final = "This is no answer to a sign-in that waits here. You can close this window."


class Listener:
    """Listens from when it is made. Close it."""

    def __init__(self, ports: Sequence[int] = PORTS) -> None:
        """Raises `SignInFailed` where none of `ports` is free; 0 is any that is."""
        self._answers: Queue[Mapping[str, str]] = Queue(maxsize=1)
        self._taking = threading.Lock()
        self._state: bytes | None = None
        self._server = _bound(ports, self)
        self.redirect_uri = f"http://{HOST}:{self._server.server_address[1]}{PATH}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def expect(self, state: str) -> None:
        """Take the one answer that carries `state`. Before the browser is sent there."""
        self._state = state.encode()

    def wait(self, seconds: float) -> Mapping[str, str]:
        """The parameters of that answer. Raises `SignInFailed` where none comes in time."""
        try:
            return self._answers.get(timeout=seconds)
        except Empty:
            raise SignInFailed(
                f"nobody has come back from the browser within {seconds:g} s: start again; --timeout waits for longer"
            ) from None

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def judged(self, target: str, host: str | None) -> tuple[int, str, Mapping[str, str] | None]:
        """What one request is told, its status and its text, and the answer if it is the one that is awaited."""
        parts = urlsplit(target)
        if parts.path != PATH or host != urlsplit(self.redirect_uri).netloc:
            return 404, STRANGE, None
        try:
            pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=20)
        except ValueError:
            pairs = []
        answer = dict(pairs)
        # RFC 6749 §3.1: no parameter twice.
        if len(answer) != len(pairs) or not self._is_awaited(answer.get("state", "")):
            return 400, STRANGE, None
        return (400, REFUSED, answer) if "error" in answer else (200, DONE, answer)

    def take(self, answer: Mapping[str, str]) -> None:
        """End the waiting."""
        self._answers.put(answer)

    def _is_awaited(self, state: str) -> bool:
        """Whether it is the state that is waited for: true once."""
        with self._taking:
            if self._state is None or not hmac.compare_digest(self._state, state.encode()):
                return False
            self._state = None
            return True


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True  # else the same port is not free for a minute after a sign-in
    daemon_threads = True

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a browser that hangs up is no news."""


def _bound(ports: Sequence[int], listener: Listener) -> _Server:
    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE

        def do_GET(self) -> None:
            status, text, answer = listener.judged(self.path, self.headers.get("Host"))
            try:
                body = PAGE.format(text=text).encode()
                self.send_response_only(status)
                for name, value in {**ALWAYS, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            finally:
                if answer is not None:
                    listener.take(answer)  # last: this process may end then

        @override
        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the code stands in the request's line."""

    for port in ports:
        try:
            return _Server((HOST, port), Handler)
        except OSError:
            continue
    raise SignInFailed(
        f"none of the ports {', '.join(map(str, ports))} of {HOST} is free: end what listens there, or name another "
        "with --port; the app client has to know its callback URL"
    )
