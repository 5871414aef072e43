"""One GET against a real server on this machine: its limits, and where it will not go."""

import asyncio
import gc
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from authorizer.tokens.fetch import MAX_DOCUMENT, FetchFailed, HttpFetch, is_safe
from tests.servers.https import https_serving

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """The URI of a server on a free port that answers every GET with `handler`."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("/jwks.json"))


def answering(status: int = 200, body: bytes = b"{}", **headers: str) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    return handler


async def fetched(uri: str, limit: float = 10) -> bytes:
    fetch = HttpFetch()
    try:
        return await fetch(uri, limit)
    finally:
        await fetch.close()


async def test_the_body_of_a_good_answer() -> None:
    async with serving(answering(body=b'{"keys":[]}')) as uri:
        assert await fetched(uri) == b'{"keys":[]}'


async def test_a_document_as_long_as_is_read() -> None:
    async with serving(answering(body=b"x" * MAX_DOCUMENT)) as uri:
        assert len(await fetched(uri)) == MAX_DOCUMENT


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        pytest.param(answering(404), "status 404", id="not found"),
        pytest.param(answering(500), "status 500", id="a server error"),
        pytest.param(answering(204, b""), "status 204", id="no content"),
        pytest.param(answering(302, Location="/elsewhere"), "status 302", id="a redirect on the same host"),
        pytest.param(
            answering(307, Location="https://evil.example"), "status 307", id="a redirect elsewhere"
        ),
        pytest.param(
            answering(body=b"x" * (MAX_DOCUMENT + 1)), "more than 262144 bytes", id="one byte too many"
        ),
    ],
)
async def test_an_answer_is_refused(handler: Handler, text: str) -> None:
    async with serving(handler) as uri:
        with pytest.raises(FetchFailed, match=text):
            await fetched(uri)


async def test_a_compressed_answer_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(10_000_000))
    async with serving(answering(body=bomb, Content_Encoding="gzip")) as uri:
        assert await fetched(uri) == bomb


async def test_a_silent_server_is_left_in_time() -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def silent(_: web.Request) -> web.StreamResponse:
        asked.set()
        await over.wait()
        return web.Response()

    async with serving(silent) as uri:
        with pytest.raises(FetchFailed, match=r"did not answer within 0.2 s"):
            await fetched(uri, 0.2)
        assert asked.is_set()
        over.set()


async def test_a_server_that_drips_is_left_in_time() -> None:
    """The time-out is for the whole transfer, not for the pause between two bytes."""
    over = asyncio.Event()

    async def dripping(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await over.wait()
        return response

    async with serving(dripping) as uri:
        with pytest.raises(FetchFailed, match="did not answer within"):
            await fetched(uri, 0.2)
        over.set()


async def test_half_a_document_is_no_document() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b'{"keys":')
        assert request.transport is not None
        request.transport.abort()
        return response

    async with serving(half) as uri:
        with pytest.raises(FetchFailed, match="cannot be fetched"):
            await fetched(uri)


async def test_a_closed_port_is_a_failed_fetch() -> None:
    async with serving(answering()) as uri:
        pass
    with pytest.raises(FetchFailed, match="cannot be fetched: ClientConnectorError"):
        await fetched(uri)


async def test_no_connection_is_kept_and_none_is_missed() -> None:
    """One that died while Lambda had the environment frozen would be the next fetch's."""
    peers: set[object] = set()

    async def remembering(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(body=b"{}")

    async with serving(remembering) as uri:
        fetch = HttpFetch()
        await fetch(uri, 10)
        await fetch(uri, 10)
        assert len(peers) == 2
        await fetch.close()
        await fetch.close()
        await fetch(uri, 10)
        assert len(peers) == 3
        await fetch.close()


async def test_what_is_asked_for_is_a_key_set_as_it_is_and_no_cookie_comes_back() -> None:
    sent: list[dict[str, str]] = []

    async def remembering(request: web.Request) -> web.StreamResponse:
        sent.append({name.lower(): value for name, value in request.headers.items()})
        return web.Response(body=b"{}", headers={"Set-Cookie": "id=stranger"})

    async with serving(remembering) as uri:
        fetch = HttpFetch()
        for _ in range(2):  # by its name: cookies are for names alone
            await fetch(uri.replace("127.0.0.1", "localhost"), 10)
        await fetch.close()
    for headers in sent:
        assert headers["accept"] == "application/jwk-set+json, application/json"
        assert headers["accept-encoding"] == "identity"
        assert "cookie" not in headers
    assert len(sent) == 2


async def test_a_fetcher_that_is_closed_leaves_nothing_open() -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said["message"]))
    async with serving(answering()) as uri:
        fetch = HttpFetch()
        await fetch(uri, 10)
        await fetch(uri, 10)
        await fetch.close()
        del fetch
    gc.collect()
    assert complaints == []


async def test_no_password_of_a_netrc_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str | None] = []

    async def remembering(request: web.Request) -> web.StreamResponse:
        sent.append(request.headers.get("Authorization"))
        return web.Response(body=b"{}")

    with TemporaryDirectory() as folder:
        netrc = Path(folder) / "netrc"
        netrc.write_text("default login me password s3cret\n")
        monkeypatch.setenv("NETRC", str(netrc))
        async with serving(remembering) as uri:
            await fetched(uri)
    assert sent == [None]


async def test_one_fetcher_serves_http_here_and_https_elsewhere() -> None:
    fetch = HttpFetch()
    with TemporaryDirectory() as folder:
        async with serving(answering()) as uri, https_serving(Path(folder)) as stranger:
            assert await fetch(uri, 10) == b"{}"
            with pytest.raises(FetchFailed, match="ertificate"):
                await fetch(stranger.url.replace("https:", "HTTPS:"), 10)
    await fetch.close()


@pytest.mark.parametrize(
    ("uri", "safe"),
    [
        ("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example1/.well-known/jwks.json", True),
        ("http://127.0.0.1:8080/jwks.json", True),
        ("http://[::1]:8080/jwks.json", True),
        ("http://localhost:8080/jwks.json", True),
        ("http://cognito-idp.eu-west-1.amazonaws.com/jwks.json", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://127.0.0.1@evil.example/", False),
        ("http://localhost.evil.example/", False),
        ("http://169.254.169.254/", False),
        ("file:///etc/jwks.json", False),
        ("ftp://login.example.com/jwks.json", False),
        ("HTTPS://login.example.com/jwks.json", True),
        ("https:///jwks.json", False),
        ("http://[::1/", False),
        ("", False),
    ],
)
async def test_where_keys_may_come_from(uri: str, safe: bool) -> None:
    assert is_safe(uri) is safe
    if not safe:
        with pytest.raises(FetchFailed, match="neither https nor on this machine"):
            await fetched(uri)
