"""What stands behind the API: a function, called as Lambda calls one, or a server, asked over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import httpx

from authorizer.backend.event import HEADERS
from authorizer.local_gateway.api import Api
from authorizer.local_gateway.events import integration_event
from authorizer.local_gateway.incoming import Incoming
from authorizer.local_gateway.lambda_workers import Workers
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

    def __init__(self, workers: Workers) -> None:
        self.workers = workers

    async def answer(self, call: Call) -> Reply:
        event = integration_event(call.api, call.incoming, call.matched, call.authorizer)
        said = await self._ask(event, call.incoming.trace, call.seconds)
        reply = proxied(call.api, said)
        if reply is None:
            raise BackendFailed("BAD_GATEWAY", "malformed Lambda proxy response")
        return reply

    async def message(self, event: Event, context: Mapping[str, str], trace: str, seconds: float) -> Said:
        del context  # it stands in the event
        return said_of(await self._ask(event, trace, seconds))

    async def _ask(self, event: Event, trace: str, seconds: float) -> object:
        try:
            return await self.workers.call(event, trace, seconds)
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
        self._url = url.rstrip("/")
        self._most = most_bytes
        # No proxy of the environment and no redirect: the request goes where the user said, and nowhere else.
        self._client = httpx.AsyncClient(
            trust_env=False, follow_redirects=False, limits=httpx.Limits(max_connections=400)
        )

    async def answer(self, call: Call) -> Reply:
        incoming = call.incoming
        target = f"{self._url}{incoming.path}" + (f"?{incoming.query}" if incoming.query else "")
        headers = [
            *_passed(incoming.headers),
            ("X-Amzn-Trace-Id", incoming.trace),
            ("X-Forwarded-For", incoming.address),
            ("X-Forwarded-Port", "443"),
            ("X-Forwarded-Proto", "https"),
            *_mapped(call.context),
        ]
        answer = await self._ask(incoming.method, target, headers, incoming.body, call.seconds)
        if len(answer.content) > self._most:
            raise BackendFailed("BAD_GATEWAY", f"the server's answer has more than {self._most:,} bytes")
        kept = tuple(
            (name, value)
            for name, value in answer.headers.multi_items()
            if name.lower() not in _HOP | {"content-encoding"}
        )
        return Reply(status=answer.status_code, headers=kept, body=answer.content)

    async def message(self, event: Event, context: Mapping[str, str], trace: str, seconds: float) -> Said:
        """A POST of the message to the URL itself, with the names of route and connection beside the context."""
        said = event["requestContext"]
        headers = [
            ("Content-Type", "application/json"),
            ("routeKey", said["routeKey"]),
            ("connectionId", said["connectionId"]),
            ("X-Amzn-Trace-Id", trace),
            *_mapped(context),
        ]
        body = (event.get("body") or "").encode()
        answer = await self._ask("POST", self._url, headers, body, seconds)
        protocol = answer.headers.get("sec-websocket-protocol")
        return Said(status=answer.status_code, body=answer.text or None, protocol=protocol)

    async def _ask(
        self, method: str, url: str, headers: list[tuple[str, str]], body: bytes, seconds: float
    ) -> httpx.Response:
        try:
            return await self._client.request(
                method,
                url,
                headers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
                content=body,
                timeout=seconds,
            )
        except httpx.TimeoutException:
            raise BackendFailed("INTEGRATION_TIMEOUT", f"{self._url}: no answer in {seconds:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeEncodeError) as error:
            raise BackendFailed("INTEGRATION_FAILURE", f"{self._url}: {type(error).__name__}") from None

    async def close(self) -> None:
        await self._client.aclose()


def _passed(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """The client's, without those of its own connection, the gateway's, and those that carry the context."""
    ours = frozenset(HEADERS.values())
    return [
        (name, value)
        for name, value in headers
        # WSGI reads `_` as `-`: `X_Vended_Sub` would be the gateway's there.
        if (known := name.lower()) not in _HOP | _SET_BY_THE_GATEWAY and known.replace("_", "-") not in ours
    ]


def _mapped(context: Mapping[str, str]) -> list[tuple[str, str]]:
    """`overwrite:header.x-vended-… = $context.authorizer.…`, as `deploy/` maps them; what the context lacks is left
    out."""
    return [(header, context[name]) for name, header in HEADERS.items() if context.get(name)]
