"""The server: an ASGI application on a loopback port, with uvicorn under it."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, Literal
from urllib.parse import unquote

import uvicorn
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from authorizer.errors import SettingsError
from authorizer.local_gateway import guard, sign_in
from authorizer.local_gateway.console import pages
from authorizer.local_gateway.incoming import Incoming, new_ids
from authorizer.local_gateway.kinds import QUOTAS
from authorizer.local_gateway.responses import Reply
from authorizer.local_gateway.serving import Serving
from authorizer.local_gateway.websocket import WebSockets, refuse

LOOPBACK: Final = "127.0.0.1"
CASED: Final = "headers as they were sent"
_PLAIN: Final = (("Content-Type", "text/plain; charset=utf-8"),)
CONNECTIONS: Final = "/@connections/"


class CasedProtocol(HttpToolsProtocol):
    """Keeps header names as the client wrote them: REST and WebSocket APIs hand them on so (API Gateway Developer
    Guide, "Amazon API Gateway important notes"), and ASGI's are in lower case."""

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.cased: list[tuple[bytes, bytes]] = []
        self.scope["extensions"] = {CASED: {"pairs": self.cased}}

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        self.cased.append((name, value))
        super().on_header(name, value)

    @override
    def handle_websocket_upgrade(self) -> None:
        self.scope["headers"] = self.cased
        super().handle_websocket_upgrade()


class Application:
    """What uvicorn calls. One way for each: sign-in, the console, `@connections`, the API; and WebSockets."""

    def __init__(self, serving: Serving, port: int) -> None:
        self._serving = serving
        self._port = port
        self._sockets = WebSockets(serving.gateway)
        self._console = pages.Console(serving)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        now = self._serving.gateway.now()
        if scope["type"] == "websocket":
            await self._websocket(_incoming(scope, b"", now), WebSocket(scope, receive, send))
            return
        request = Request(scope, receive)
        incoming = _incoming(scope, b"", now)
        if why := guard.problem(incoming, self._port, self._origins(incoming.path)):
            reply = Reply(
                status=403, headers=(("Content-Type", "text/plain; charset=utf-8"),), body=f"{why}\n".encode()
            )
        else:
            try:
                body = await _read(request, QUOTAS["REST"].body_bytes)
            except ClientDisconnect:
                return
            reply = await self._reply(_incoming(scope, body, now))
        response = Response(content=reply.body, status_code=reply.status)
        response.raw_headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in reply.headers
            if name.lower() != "content-length"
        ]
        if reply.status not in (204, 304):
            response.raw_headers.append((b"content-length", str(len(reply.body)).encode()))
        await response(scope, receive, send)

    def _origins(self, path: str) -> tuple[str, ...]:
        """Of pages of others that may ask: they may call the API, and nothing else here."""
        ours = path.startswith(f"{sign_in.PLACE}/") or pages.is_here(path) or CONNECTIONS in path
        return () if ours else self._serving.options.origins

    async def _reply(self, incoming: Incoming) -> Reply:
        configured = self._serving.configured
        if incoming.path.startswith(f"{sign_in.PLACE}/"):
            return self._own(incoming)
        if pages.is_here(incoming.path):
            return await self._console.reply(incoming)
        before, found, connection = incoming.path.partition(CONNECTIONS)
        if found and configured.websocket is not None and before in ("", f"/{configured.websocket.stage}"):
            # Once: AWS's SDKs write the `=` of an id as `%3D`.
            return await self._sockets.command(incoming.method, unquote(connection), incoming.body)
        if configured.http is None:
            return Reply(status=404, body=b"this is a WebSocket API\n")
        return await self._serving.gateway.serve(configured.http, incoming)

    def _own(self, incoming: Incoming) -> Reply:
        local = self._serving.configured.local
        if local is None:
            return sign_in.nobody()
        match incoming.method, incoming.path.removeprefix(sign_in.PLACE):
            case "GET", "/":
                return sign_in.people_page(local)
            case "POST", "/sign-in":
                return sign_in.tokens_page(local, incoming.body)
            case "POST", "/token":
                return sign_in.tokens_json(local, incoming.body)
        return Reply(status=404)

    async def _websocket(self, incoming: Incoming, websocket: WebSocket) -> None:
        api = self._serving.configured.websocket
        why = guard.problem(incoming, self._port, self._serving.options.origins)
        if why or api is None:
            status, text = (403, why) if why else (404, "there is no WebSocket API: no scope opens $connect")
            await refuse(websocket, Reply(status=status, body=f"{text}\n".encode()))
            return
        await self._sockets.serve(api, incoming, websocket)


async def _read(request: Request, most: int) -> bytes:
    """The body; of one that is too long what shows it."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > most:
            break
    return b"".join(parts)


def _incoming(scope: Scope, body: bytes, now: float) -> Incoming:
    pairs = scope.get("extensions", {}).get(CASED, {}).get("pairs") or scope["headers"]
    return Incoming(
        method=scope.get("method", "GET"),
        path=scope["raw_path"].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs),
        body=body,
        address=scope["client"][0] if scope.get("client") else LOOPBACK,
        protocol=f"HTTP/{scope.get('http_version', '1.1')}",
        time=now,
        **new_ids(now),
    )


def bound(port: int) -> socket.socket:
    """A listening socket on loopback; 0 takes a free port. Raises `SettingsError` where it is taken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((LOOPBACK, port))
        # Here: until one of them listens, two processes may bind one port. Who comes from now on is answered, be it a
        # moment later.
        made.listen(1024)
    except OSError as error:
        made.close()
        raise SettingsError(
            [f"--port {port}: cannot listen there ({error.strerror}): expected a free port; 0 takes any"]
        ) from error
    return made


class _Quiet(uvicorn.Server):
    """Leaves signals alone: it would raise them once more when it has ended, in the midst of what is still to close."""

    @override
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class Server:
    """One run. `stop` may be called from any thread."""

    def __init__(self, serving: Serving, listening: socket.socket) -> None:
        self.port: int = listening.getsockname()[1]
        self.interrupted = False
        """Whether it was the terminal's interrupt that ended the run."""
        self._listening = listening
        self._serving = serving
        ws: Literal["websockets-sansio"] = "websockets-sansio"
        self._uvicorn = _Quiet(
            uvicorn.Config(
                Application(serving, self.port),
                http=CasedProtocol,
                ws=ws,
                ws_max_size=QUOTAS["WEBSOCKET"].body_bytes,
                ws_ping_interval=None,  # the gateway sends none: whoever is silent for ten minutes is gone
                lifespan="off",
                log_level="critical",  # what was not foreseen is a decision like any other: `stopped_by`
                access_log=False,
                proxy_headers=False,  # else any client says whence it comes
                server_header=False,
                backlog=1024,
                timeout_graceful_shutdown=2,
            )
        )

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Until it is stopped, or the terminal's interrupt comes."""
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGINT, self._interrupt)
            loop.add_signal_handler(signal.SIGTERM, self.stop)
        ready()
        watching = asyncio.create_task(self._serving.watch())
        try:
            await self._uvicorn.serve(sockets=[self._listening])
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await self._serving.close()

    def stop(self) -> None:
        self._uvicorn.should_exit = True

    def _interrupt(self) -> None:
        self.interrupted = True
        self.stop()
