"""What the HTTP servers of the tests share: a thread on a free loopback port, answers in one write, nothing printed."""

import socketserver
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler

from typing_extensions import override


class QuietHandler(BaseHTTPRequestHandler):
    """Keeps connections. One write an answer, without Nagle's delay: else each call waits 40 ms for a delayed ACK."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024

    def body(self) -> bytes:
        """What the client sent."""
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def reply(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Answer with `body`, whose length is told unless `headers` tell another."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *arguments: object) -> None:
        """No access log: tests read what processes print."""


def serve(server: socketserver.TCPServer) -> Callable[[], None]:
    """Serve from a thread of its own, until what is returned is called."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    return stop
