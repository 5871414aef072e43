"""One HTTP exchange: what is sent to whom, and what is taken of the answer. Over real sockets."""

import socket
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from authorizer import tls
from authorizer.errors import SignInFailed
from authorizer.signin import web
from authorizer.signin.web import (
    MAX_ANSWER,
    MAX_URL,
    ask,
    checked,
    is_loopback,
    told_code,
    told_name,
    told_text,
)
from tests.servers.https import make_certificate
from tests.servers.serving import QuietHandler, serve
from tests.signin.conftest import Answer


class Site:
    """Answers everything with `answer`, and a CONNECT with 407. It keeps the headers of what was asked."""

    def __init__(self) -> None:
        self.answer: Answer = (200, b"{}", {})
        self.asked: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, {name.lower(): text for name, text in self.headers.items()}))
                self.reply(*outer.answer)

            def do_CONNECT(self) -> None:
                outer.asked.append((self.path, {}))
                self.reply(407, b"")

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        self.close = serve(self.server)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


# ── Where to ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://localhost:1/", id="this machine by its name"),
        pytest.param("http://127.0.0.1/", id="this machine by its address"),
        pytest.param("http://[::1]:1/", id="this machine by its newer address"),
        pytest.param("https://api.example.com/" + "a" * (MAX_URL - 24), id="as long as any"),
    ],
)
def test_a_url_to_which_secrets_may_be_sent(url: str) -> None:
    assert checked(url, "it") == url
    assert is_loopback(url) is url.startswith("http://")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("https://api.example.com/" + "a" * (MAX_URL - 23), "is no URL", id="longer"),
        pytest.param("https://\u00e4.example/", "is no URL", id="no ASCII"),
        pytest.param("https://api.example.com/\x7f", "is no URL", id="not printable"),
        pytest.param("https://canary@api.example.com/", "has a user", id="a user"),
        pytest.param("https://:canary@api.example.com/", "has a user", id="a password alone"),
        pytest.param("https://api.example.com/#canary", "has a user", id="a fragment"),
        pytest.param("https://[::1", "is no URL", id="half an address"),
    ],
)
def test_a_url_to_which_nothing_is_sent(url: str, words: str) -> None:
    with pytest.raises(SignInFailed, match=f"^it {words}") as raised:
        checked(url, "it")
    assert "canary" not in str(raised.value)


# ── What is sent ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_asks_is_told_and_what_for(site: Site) -> None:
    ask(site.url, "it", headers={"Authorization": "Bearer x"})
    [(_, headers)] = site.asked
    expected = {
        "accept": "application/json",
        "user-agent": "cognito-authorizer",
        "authorization": "Bearer x",
    }
    assert headers.items() >= expected.items()


def test_what_is_elsewhere_is_asked_through_the_proxy(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", site.url)
    with pytest.raises(SignInFailed, match="cannot be asked: OSError: Tunnel connection failed: 407"):
        ask("https://api.example.com/", "it")
    assert site.asked == [("api.example.com:443", {})]


@pytest.mark.parametrize("trusted", [True, False])
def test_over_https_it_is_asked_with_the_context_that_all_else_is_asked_with(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    certificate, shown = make_certificate(tmp_path)
    site.server.socket = shown.wrap_socket(site.server.socket, server_side=True)
    if trusted:
        context = tls.context(str(certificate))
        monkeypatch.setattr(tls, "context", lambda: context)
    url = f"https://localhost:{site.server.server_port}/"
    if trusted:
        assert ask(url, "it").status == 200
    else:
        with pytest.raises(SignInFailed, match="cannot be asked: SSLCertVerificationError"):
            ask(url, "it")


# ── What comes back ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_answer_of_the_greatest_length_is_read_to_its_end(site: Site) -> None:
    site.answer = (200, b"{}".ljust(MAX_ANSWER), {})
    assert ask(site.url, "it").members() == {}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param((200, b" " * (MAX_ANSWER + 1), {}), "answers with more than 262,144 bytes", id="longer"),
        pytest.param(
            (200, b" " * MAX_ANSWER, {"Content-Length": str(MAX_ANSWER + 1)}),
            "cannot be asked: IncompleteRead$",
            id="cut off where the longest ends",
        ),
    ],
)
def test_an_answer_that_is_longer_or_cut_off_is_none(site: Site, answer: Answer, words: str) -> None:
    site.answer = answer
    with pytest.raises(SignInFailed, match=words):
        ask(site.url, "it")


def test_an_answer_that_is_no_text_says_nothing_of_its_letters(site: Site) -> None:
    site.answer = (200, b"\xff", {})
    with pytest.raises(SignInFailed, match="answers 200 with no JSON: is the URL right"):
        ask(site.url, "it").members()


def test_what_the_system_says_of_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(SignInFailed, match=r"ConnectionRefusedError: \[Errno \d+\] Connection refused$"):
        ask("http://127.0.0.1:1/", "it")


def test_a_name_that_no_host_can_have_is_told() -> None:
    with pytest.raises(SignInFailed, match="cannot be asked: Unicode"):
        ask(f"https://{'a' * 64}.example/", "it")


def test_an_exchange_that_nobody_waits_for_any_longer_ends_and_holds_up_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(web, "TIMEOUT", 0.2)
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        exchanges: list[threading.Thread] = []

        def take() -> None:
            with silent.accept()[0]:
                exchanges.extend(set(threading.enumerate()) - before - {threading.current_thread()})
                exchanges[0].join(5)

        taking = threading.Thread(target=take)
        taking.start()
        # Which of the two time-outs is over first is not certain.
        with pytest.raises(SignInFailed, match=r"did not answer within 0\.2 s|TimeoutError"):
            ask(f"http://127.0.0.1:{silent.getsockname()[1]}/", "it")
        [exchange] = exchanges
        assert exchange.daemon
        exchange.join(3)
        assert not exchange.is_alive()
        taking.join()


# ── What is shown of it ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        pytest.param("invalid_grant", "invalid_grant", id="one of RFC 6749"),
        pytest.param("a" * 64, "a" * 64, id="as long as any"),
        pytest.param("a" * 65, "no code", id="longer"),
        pytest.param("\u00e4", "no code", id="no ASCII"),
        pytest.param("a b", "no code", id="a sentence"),
        pytest.param(1, "no code", id="a number"),
    ],
)
def test_a_code_is_shown_if_it_is_short_and_plain(code: object, shown: str) -> None:
    assert told_code(code) == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("Zo\u00eb \u674e", "Zo\u00eb \u674e", id="letters of any language"),
        pytest.param("a\x1b[2J\n\u202e\x9b", "a?[2J???", id="what a terminal obeys"),
        pytest.param("\ud800", "?", id="half a character"),
        pytest.param("a" * 201, "a" * 200, id="a long one"),
        pytest.param({"a": "\x1b"}, "{'a': '\\x1b'}", id="no text"),
    ],
)
def test_a_name_is_shown_as_letters(name: object, shown: str) -> None:
    assert told_name(name) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("No such user.", ' ("No such user.")', id="a sentence"),
        pytest.param("\u00e4\x1b", ' ("??")', id="what not every terminal shows"),
        pytest.param("a" * 201, f' ("{"a" * 200}")', id="a long one"),
        pytest.param("", "", id="an empty one"),
        pytest.param(None, "", id="none"),
    ],
)
def test_a_sentence_is_shown_in_quotation_marks(text: object, shown: str) -> None:
    assert told_text(text) == shown
