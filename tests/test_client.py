"""An AWS session of one's own: asked for over HTTP, renewed ahead of its end, and never sent elsewhere."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import CredentialRetrievalError

from authorizer import client
from authorizer.model import instant
from tests.servers.serving import QuietHandler, serve

Answer = tuple[int, bytes, dict[str, str]]


class Server:
    """Answers `GET /credentials` with sessions that live for `life` seconds, or with `wrong`."""

    def __init__(self) -> None:
        self.life = 900.0
        self.wrong: Answer | None = None
        self.tokens: list[str | None] = []
        self.roles: list[str | None] = []
        self.open = threading.Event()
        self.open.set()
        outer = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                outer.tokens.append(self.headers.get("Authorization"))
                outer.roles.append(self.headers.get("X-Role"))
                number = len(outer.tokens)
                outer.open.wait()
                self.reply(*(outer.wrong or (200, outer.session(number), {})))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/credentials"
        self.close = serve(self._server)

    def session(self, number: int) -> bytes:
        return json.dumps(
            {
                "Version": 1,
                "AccessKeyId": f"ASIAOWN{number:04d}",
                "SecretAccessKey": "canary-secret",
                "SessionToken": "canary-session",
                "Expiration": instant(time.time() + self.life),
            }
        ).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


class Blocking:
    """boto3's way."""

    def __init__(self, url: str, token: str = "a.b.c", headers: dict[str, str] | None = None) -> None:
        self._session = client.boto3_session(url, token=lambda: token, headers=headers, region="eu-west-1")

    def close(self) -> None:
        """There is nothing to close."""

    def key(self) -> str:
        found: Any = self._session.get_credentials()
        return str(found.get_frozen_credentials().access_key)


class Waiting:
    """aioboto3's way."""

    def __init__(self, url: str, token: str = "a.b.c", headers: dict[str, str] | None = None) -> None:
        async def give() -> str:
            return token

        self._session = client.session(url, token=give, headers=headers, region="eu-west-1")
        self._runner = asyncio.Runner()

    def key(self) -> str:
        return self._runner.run(self._key())

    def close(self) -> None:
        self._runner.close()

    async def _key(self) -> str:
        found: Any = await self._session.get_credentials()
        return str((await found.get_frozen_credentials()).access_key)


Way = Callable[..., Blocking | Waiting]


@pytest.fixture(params=[pytest.param(Blocking, id="boto3"), pytest.param(Waiting, id="aioboto3")])
def way(request: pytest.FixtureRequest) -> Iterator[Way]:
    """Makes sessions, by one of the two libraries."""
    made: list[Blocking | Waiting] = []

    def make(*given: Any) -> Blocking | Waiting:
        made.append(request.param(*given))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_session_is_asked_for_once_while_it_serves(way: Way, server: Server) -> None:
    session = way(server.url)
    assert not server.tokens
    assert [session.key() for _ in range(5)] == ["ASIAOWN0001"] * 5
    assert server.tokens == ["Bearer a.b.c"]


def test_headers_that_the_api_wants_go_along_and_none_takes_the_place_of_the_token(
    way: Way, server: Server
) -> None:
    way(server.url, "a.b.c", {"x-role": "default", "AUTHORIZATION": "Basic eDp5"}).key()
    assert (server.roles, server.tokens) == (["default"], ["Bearer a.b.c"])


@pytest.mark.parametrize(
    "life", [pytest.param(200.0, id="near its end"), pytest.param(30.0, id="in its last minute")]
)
def test_a_session_is_renewed_ahead_of_its_end(way: Way, life: float, server: Server) -> None:
    server.life = life
    session = way(server.url)
    session.key()
    server.life = 900.0
    assert session.key() == session.key() == f"ASIAOWN{len(server.tokens):04d}"
    assert len(server.tokens) <= 3


def test_while_a_session_serves_a_failed_renewal_harms_nobody(way: Way, server: Server) -> None:
    server.life = 200.0
    session = way(server.url)
    key = session.key()
    server.wrong = (500, b"{}", {})
    assert session.key() == key


def test_threads_that_ask_at_once_renew_once(server: Server) -> None:
    server.life = 30.0
    session = Blocking(server.url)
    session._session.get_credentials()
    server.life = 900.0
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(lambda _: session.key(), range(8)))) == 1
    assert len(server.tokens) == 2


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        pytest.param(
            (401, b'{"code": "token_expired"}', {}), "401 (token_expired)", id="a token that is over"
        ),
        pytest.param(
            (429, b'{"code": "too_many_sessions"}', {}), "429 (too_many_sessions)", id="too many sessions"
        ),
        pytest.param((502, b"<html>", {}), "502 (no code)", id="a gateway's own page"),
        pytest.param((403, b'{"code": "\\u001b[2J"}', {}), "403 (no code)", id="a code that is none"),
        pytest.param((403, b'{"code": ["x"]}', {}), "403 (no code)", id="a code that is a list"),
        pytest.param((200, b"[]", {}), "lacks one of AccessKeyId", id="a list"),
        pytest.param((200, b'{"AccessKeyId": "x"}', {}), "lacks one of AccessKeyId", id="half of it"),
        pytest.param((200, b"\xff", {}), "lacks one of AccessKeyId", id="no text"),
        pytest.param((200, b" " * 5_000_000, {}), "more than 65,536 bytes", id="more than anybody needs"),
        pytest.param((302, b"", {"Location": "http://127.0.0.1:1/"}), "302 (no code)", id="another address"),
    ],
)
def test_an_answer_without_credentials_says_why_and_nothing_more(
    way: Way, wrong: Answer, told: str, server: Server
) -> None:
    server.wrong = wrong
    with pytest.raises(CredentialRetrievalError) as caught:
        way(server.url).key()
    assert told in str(caught.value)
    assert "a.b.c" not in str(caught.value)
    assert len(server.tokens) == 1


def test_a_server_that_is_not_there_is_told(way: Way, server: Server) -> None:
    server.close()
    with pytest.raises(CredentialRetrievalError, match="cannot be asked"):
        way(server.url).key()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/credentials",
        "api.example.com",
        "ftp://127.0.0.1/",
        "http://127.0.0.1.evil.example/",
        "",
    ],
)
def test_a_token_is_sent_over_https_alone(way: Way, url: str) -> None:
    with pytest.raises(ValueError, match="expected the https URL"):
        way(url)


@pytest.mark.parametrize("token", ["a.b.c\r\nX-Role: admin", "a b", "", "\u00e4"])
def test_what_is_no_token_is_not_sent(way: Way, token: str, server: Server) -> None:
    with pytest.raises(CredentialRetrievalError, match="gave no token"):
        way(server.url, token).key()
    assert not server.tokens


def test_other_credentials_on_the_machine_never_take_their_place(
    way: Way, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "other")
    assert way(server.url).key() == "ASIAOWN0001"
    server.wrong = (401, b"{}", {})
    with pytest.raises(CredentialRetrievalError):
        way(server.url).key()
