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


class Clock:
    """The client's own time, which a test moves: botocore's stays."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        monkeypatch.setattr(client, "_now", lambda: time.time() + self.ahead)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


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
def test_a_session_is_renewed_ahead_of_its_end(way: Way, life: float, server: Server, clock: Clock) -> None:
    server.life = life
    session = way(server.url)
    session.key()
    server.life = 900.0
    clock.ahead = 1.1
    assert session.key() == session.key() == "ASIAOWN0002"
    assert len(server.tokens) == 2


@pytest.mark.parametrize("life", [200.0, 30.0])
def test_while_a_session_serves_a_failed_renewal_harms_nobody(
    way: Way, life: float, server: Server, clock: Clock
) -> None:
    server.life = life
    session = way(server.url)
    key = session.key()
    server.wrong = (500, b"{}", {})
    clock.ahead = 1.1
    assert session.key() == key
    assert len(server.tokens) == 2


def test_threads_that_ask_at_once_renew_once(server: Server, clock: Clock) -> None:
    server.life = 30.0
    session = Blocking(server.url)
    session._session.get_credentials()
    server.life = 900.0
    clock.ahead = 1.1
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


@pytest.mark.parametrize(
    "life", [pytest.param(200.0, id="near its end"), pytest.param(30.0, id="in its last minute")]
)
def test_where_nothing_longer_is_to_be_had_the_server_is_asked_once_a_pause(
    way: Way, life: float, server: Server, clock: Clock
) -> None:
    """A token's last minutes: whatever is handed out ends with it, and each request would ask for it anew."""
    server.life = life
    session = way(server.url)
    assert [session.key() for _ in range(20)] == ["ASIAOWN0001"] * 20
    assert len(server.tokens) == 1
    for ahead, asked in ((1.1, 2), (2.0, 2), (3.2, 3), (5.0, 3), (7.3, 4)):
        clock.ahead = ahead
        session.key()
        assert len(server.tokens) == asked


@pytest.mark.parametrize(
    "life", [pytest.param(200.0, id="near its end"), pytest.param(30.0, id="in its last minute")]
)
def test_while_a_session_lives_one_request_a_pause_waits_for_a_server_that_does_not_answer(
    way: Way, life: float, server: Server, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.life = life
    session = way(server.url)
    session.key()
    monkeypatch.setattr(client, "TIMEOUT", 0.2)
    clock.ahead = 1.1
    server.open.clear()
    assert session.key() == "ASIAOWN0001"
    begun = time.monotonic()
    assert [session.key() for _ in range(20)] == ["ASIAOWN0001"] * 20
    assert time.monotonic() - begun < 0.2
    assert len(server.tokens) == 2
    server.open.set()


def test_once_nothing_lives_a_failure_is_told_at_once_until_its_pause_is_over(
    way: Way, server: Server, clock: Clock
) -> None:
    server.wrong = (401, b'{"code": "token_expired"}', {})
    session = way(server.url)
    for _ in range(5):
        with pytest.raises(CredentialRetrievalError, match=r"401 \(token_expired\)"):
            session.key()
    assert len(server.tokens) == 1
    server.wrong = None
    clock.ahead = 1.1
    assert session.key() == "ASIAOWN0002"


def test_the_end_of_a_session_ends_its_pause(way: Way, server: Server, clock: Clock) -> None:
    """The next token may be there from that moment on: nobody is to wait a minute for it."""
    server.life = 30.0
    session = way(server.url)
    session.key()
    for ahead in (2.0, 5.0, 10.0, 20.0):
        clock.ahead = ahead
        session.key()
    assert len(server.tokens) == 5
    clock.ahead = 29.0
    assert session.key() == "ASIAOWN0005"
    server.life = 900.0
    clock.ahead = 31.0  # of a pause until 36
    assert session.key() == "ASIAOWN0006"


def test_what_is_not_renewed_for_a_token_that_is_not_to_be_had_is_told_without_its_words(
    server: Server,
) -> None:
    asked: list[int] = []

    def token() -> str:
        asked.append(1)
        raise ValueError("canary-secret")

    session = client.boto3_session(server.url, token=token, region="eu-west-1")
    with pytest.raises(ValueError, match="canary"):
        session.get_credentials()
    with pytest.raises(CredentialRetrievalError, match="ValueError") as caught:
        session.get_credentials()
    assert "canary" not in str(caught.value)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param("soon", "no time", id="no time"),
        pytest.param("2026-11-22T21:30:00", "no time", id="a time of no zone"),
        pytest.param("2001-01-01T00:00:00Z", "ended before they came", id="a time that is over"),
    ],
)
def test_credentials_whose_end_is_unknown_or_over_are_none(
    way: Way, said: str, told: str, server: Server
) -> None:
    body = json.loads(server.session(1)) | {"Expiration": said}
    server.wrong = (200, json.dumps(body).encode(), {})
    with pytest.raises(CredentialRetrievalError, match=told):
        way(server.url).key()


def test_urllib3_1_serves_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore takes it, and there `urllib3.request` is a module."""
    import urllib3

    monkeypatch.delattr(urllib3, "request")
    assert Blocking(server.url).key() == "ASIAOWN0001"
