"""What stands behind the API: a function, called as Lambda calls one, or a server, asked over HTTP."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import httpx

from authorizer.backend.event import HEADERS
from authorizer.errors import SettingsError
from authorizer.local_gateway import kinds
from authorizer.local_gateway.api import Api
from authorizer.local_gateway.events import integration_event
from authorizer.local_gateway.incoming import Incoming
from authorizer.local_gateway.kinds import QUOTAS, Quotas
from authorizer.local_gateway.lambda_workers import EventTooLong, Workers
from authorizer.local_gateway.proxy_answers import Said, proxied, said_of
from authorizer.local_gateway.responses import Reply
from authorizer.local_gateway.routing import Matched

Event = dict[str, Any]
_HOP: Final = frozenset(
    (
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
        *("transfer-encoding", "upgrade", "host", "content-length"),
    )
)
"""Headers of one connection alone (RFC 9110 §7.6.1), and those that the next one has anew."""
_SET_BY_THE_GATEWAY: Final = frozenset(
    (
        "x-amzn-trace-id",
        "x-forwarded-for",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-forwarded-host",
        "forwarded",
    )
)


class BackendFailed(Exception):
    """It gave no answer. `reason` is a row of `responses.ROWS`; the text is for the log."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a backend is asked."""

    api: Api
    incoming: Incoming
    matched: Matched
    authorizer: Mapping[str, Any] | None = field(repr=False)
    """What `requestContext` says of the caller; None on an open route."""
    context: Mapping[str, str] = field(repr=False)
    """The authorizer's context, as `$context.authorizer.NAME` gives it."""
    seconds: float
    """How long the gateway waits."""


class Backend(Protocol):
    """Something to ask. Both ways raise `BackendFailed`."""

    async def answer(self, call: Call) -> Reply: ...

    async def message(self, event: Event, context: Mapping[str, str], trace: str, seconds: float) -> Said:
        """One event of a WebSocket."""

    async def close(self) -> None: ...


class FunctionBackend:
    """A Lambda proxy integration."""

    def __init__(self, workers: Workers, *, quotas: Mapping[kinds.Protocol, Quotas] = QUOTAS) -> None:
        self.workers = workers
        self._quotas = quotas

    async def answer(self, call: Call) -> Reply:
        event = integration_event(call.api, call.incoming, call.matched, call.authorizer)
        most = self._quotas[call.api.protocol].payload_bytes
        said = await self._ask(event, call.incoming.trace, call.seconds, most)
        reply = proxied(call.api, said, accept=call.incoming.header("accept"))
        if reply is None:
            raise BackendFailed(
                "BAD_GATEWAY", "malformed Lambda proxy response, or one that cannot be sent over HTTP"
            )
        return reply

    async def message(self, event: Event, context: Mapping[str, str], trace: str, seconds: float) -> Said:
        del context  # it stands in the event
        return said_of(await self._ask(event, trace, seconds, self._quotas["WEBSOCKET"].payload_bytes))

    async def _ask(self, event: Event, trace: str, seconds: float, most_bytes: int) -> object:
        try:
            return await self.workers.call(event, trace, seconds, most_bytes)
        except EventTooLong as error:
            raise BackendFailed("REQUEST_TOO_LARGE", f"the function: {error}") from None
        except TimeoutError as error:
            raise BackendFailed("INTEGRATION_TIMEOUT", f"the function: {error}") from None
        except RuntimeError as error:
            raise BackendFailed("BAD_GATEWAY", f"the function: {error}") from None

    async def close(self) -> None:
        await self.workers.close()


class ServerBackend:
    """An HTTP proxy integration: the request goes on as it is, with the context in headers of its own.

    Those headers are overwritten, however a client spells them: whatever came from outside under their names is
    dropped.
    """

    def __init__(self, url: str, *, most_bytes: int = 10 * 1024 * 1024) -> None:
        """Raises `SettingsError` for what is no URL of a server."""
        self._url = _server_url(url)
        self._most = most_bytes
        # No proxy of the environment and no redirect: the request goes where the user said, and nowhere else.
        self._client = httpx.AsyncClient(
            trust_env=False, follow_redirects=False, limits=httpx.Limits(max_connections=400)
        )

    async def answer(self, call: Call) -> Reply:
        incoming = call.incoming
        # As it came: httpx would take out dot segments, and another path be asked for than the one that was judged.
        target = f"{incoming.path}?{incoming.query}" if incoming.query else incoming.path
        headers = [
            *_passed(incoming.headers),
            ("X-Amzn-Trace-Id", incoming.trace),
            ("X-Forwarded-For", incoming.address),
            ("X-Forwarded-Port", "443"),
            ("X-Forwarded-Proto", "https"),
            *_mapped(call.context),
        ]
        answer, body = await self._ask(
            incoming.method,
            headers,
            incoming.body,
            call.seconds,
            target=self._url.raw_path.rstrip(b"/") + target.encode("latin-1"),
        )
        # Bytes of any encoding: UTF-8 in a header is passed on as it is.
        pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers.raw]
        return Reply(status=answer.status_code, headers=tuple(_end_to_end(pairs)), body=body)

    async def message(self, event: Event, context: Mapping[str, str], trace: str, seconds: float) -> Said:
        """A POST of the message to the URL itself, with the names of route and connection beside the context."""
        said = event["requestContext"]
        headers = [
            ("Content-Type", "application/json"),
            ("Accept-Encoding", "identity"),
            ("routeKey", said["routeKey"]),
            ("connectionId", said["connectionId"]),
            ("X-Amzn-Trace-Id", trace),
            *_mapped(context),
        ]
        body = (event.get("body") or "").encode()
        answer, text = await self._ask("POST", headers, body, seconds, target=self._url.raw_path)
        protocol = answer.headers.get("sec-websocket-protocol")
        return Said(
            status=answer.status_code, body=text.decode("utf-8", "replace") or None, protocol=protocol
        )

    async def _ask(
        self, method: str, headers: list[tuple[str, str]], body: bytes, seconds: float, *, target: bytes
    ) -> tuple[httpx.Response, bytes]:
        """The answer and its body, as it was sent: whoever asked for an encoding decodes it. One limit for all of it,
        since a server that drips would never reach one of each read."""
        try:
            # A request of its own, without the headers that httpx's client adds.
            request = httpx.Request(
                method,
                self._url,
                headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
                content=body,
                extensions={"target": target},
            )
            async with asyncio.timeout(seconds):
                answer = await self._client.send(request, stream=True)
                try:
                    return answer, await self._read(answer)
                finally:
                    await answer.aclose()
        except TimeoutError:
            raise BackendFailed("INTEGRATION_TIMEOUT", f"{self._url}: no answer in {seconds:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError) as error:
            raise BackendFailed("INTEGRATION_FAILURE", f"{self._url}: {type(error).__name__}") from None

    async def _read(self, answer: httpx.Response) -> bytes:
        read = bytearray()
        async for part in answer.aiter_raw():
            read += part
            if len(read) > self._most:
                raise BackendFailed("BAD_GATEWAY", f"the server's answer has more than {self._most:,} bytes")
        return bytes(read)

    async def close(self) -> None:
        await self._client.aclose()


def _server_url(text: str) -> httpx.URL:
    """Raises `SettingsError`."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL as error:
        raise SettingsError([f"--backend {text}: is no URL: {error}"]) from None
    if not url.host or "%" in url.host or not 0 < (url.port or 80) < 65536 or url.query or url.fragment:
        raise SettingsError(
            [f"--backend {text}: expected a URL such as http://127.0.0.1:8000, without a query"]
        )
    return url


def _known(name: str) -> str:
    """As a server may read it: WSGI takes `_` for `-`, and `X_Forwarded_For` would be the gateway's there."""
    return name.lower().replace("_", "-")


def _end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without those of one connection alone: the well-known, and what `Connection` names."""
    pairs = list(headers)
    named = {
        _known(part.strip())
        for name, value in pairs
        if _known(name) == "connection"
        for part in value.split(",")
    }
    return [(name, value) for name, value in pairs if _known(name) not in _HOP | named]


def _passed(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """The client's, without those of its own connection, the gateway's, and those that carry the context."""
    ours = _SET_BY_THE_GATEWAY | set(HEADERS.values())
    return [(name, value) for name, value in _end_to_end(headers) if _known(name) not in ours]


def _mapped(context: Mapping[str, str]) -> list[tuple[str, str]]:
    """`overwrite:header.x-vended-… = $context.authorizer.…`, as `deploy/` maps them; what the context lacks is left
    out."""
    return [(header, context[name]) for name, header in HEADERS.items() if context.get(name)]
