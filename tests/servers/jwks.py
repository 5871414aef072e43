"""An issuer's key endpoint on loopback, over HTTP or HTTPS, that a test may rotate, take down or make wait."""

import ssl
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from typing_extensions import override

from tests.servers.https import make_certificate
from tests.servers.serving import QuietHandler, serve


class Jwks:
    """Answers with `document`; None: 503. `open`: cleared, requests wait in silence until it is set.

    Over HTTPS if it is given a folder for a certificate, which then is `certificate`, in the name of `name`.
    """

    def __init__(self, document: str, *, folder: Path | None = None, name: str = "localhost") -> None:
        self.document: str | None = document
        self.requests = 0
        self.authorization: list[str | None] = []
        self.open = threading.Event()
        self.open.set()
        self.certificate: Path | None = None
        context: ssl.SSLContext | None = None
        if folder is not None:
            self.certificate, context = make_certificate(folder, name)
        self._server = _Server(self, context)
        self.port = self._server.server_port
        self.uri = f"{'https' if context else 'http'}://{name}:{self.port}/.well-known/jwks.json"
        self._stop = serve(self._server)

    def close(self) -> None:
        self.open.set()
        self._stop()


class _Server(ThreadingHTTPServer):
    def __init__(self, jwks: Jwks, context: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.jwks = jwks
        self._context = context

    @override
    def finish_request(self, request: Any, client_address: Any) -> None:
        # Here, in the connection's own thread: a client that is frozen in its handshake must keep nobody waiting.
        if self._context is None:
            super().finish_request(request, client_address)
            return
        with self._context.wrap_socket(request, server_side=True) as inside:
            super().finish_request(inside, client_address)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or did not like the certificate."""


class _Handler(QuietHandler):
    server: _Server

    def do_GET(self) -> None:
        jwks = self.server.jwks
        jwks.requests += 1
        jwks.authorization.append(self.headers.get("Authorization"))
        jwks.open.wait()
        body = (jwks.document or "").encode()
        self.reply(200 if body else 503, body)
