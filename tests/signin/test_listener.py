"""The server that takes the browser's answer: what stands in every page of it, what it reads, and how it ends."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from authorizer.signin.listener import Listener


@pytest.fixture
def listening() -> Iterator[Listener]:
    listening = Listener((0,))
    listening.expect("s")
    yield listening
    listening.close()


def port_of(listening: Listener) -> int:
    return int(urlsplit(listening.redirect_uri).port or 0)


def asked(listening: Listener, target: str) -> tuple[int, bytes, dict[str, str]]:
    """The status, the page and its headers, at the end of the connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port_of(listening))
    connection.request("GET", target)
    with connection.getresponse() as reply:
        return reply.status, reply.read(), dict(reply.getheaders())


@pytest.mark.parametrize(
    ("target", "status"),
    [
        pytest.param("/callback?code=a&state=s", 200, id="the answer"),
        pytest.param("/callback?error=access_denied&state=s", 400, id="a refusal"),
        pytest.param("/callback?code=a&state=other", 400, id="another's"),
        pytest.param("/favicon.ico", 404, id="no answer"),
    ],
)
def test_no_page_is_kept_sent_on_framed_or_guessed_at(listening: Listener, target: str, status: int) -> None:
    found, page, headers = asked(listening, target)
    assert found == status
    assert headers == {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Content-Type": "text/html; charset=utf-8",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
        "Content-Length": str(len(page)),
    }


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param("code=a&code=&state=s", 400, id="a code twice, once without a value"),
        pytest.param("&".join(f"p{each}=1" for each in range(19)) + "&state=s", 200, id="twenty parameters"),
        pytest.param("&".join(f"p{each}=1" for each in range(20)) + "&state=s", 400, id="one more"),
    ],
)
def test_no_parameter_stands_twice_and_there_are_no_more_than_twenty(
    listening: Listener, query: str, status: int
) -> None:
    assert asked(listening, f"/callback?{query}")[0] == status


def test_the_port_is_free_for_the_next_sign_in_at_once() -> None:
    first = Listener((0,))
    port = port_of(first)
    with socket.create_connection(("127.0.0.1", port)) as browser:
        browser.sendall(b"GET /callback HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        # To the end: who closes first, the server, remembers the connection for a minute.
        while browser.recv(4096):
            continue
    first.close()
    second = Listener((port,))
    second.close()
    assert port_of(second) == port


def test_who_closes_it_waits_for_no_browser_and_leaves_nothing_behind() -> None:
    before = set(threading.enumerate())
    listening = Listener((0,))
    [serving] = set(threading.enumerate()) - before
    with socket.create_connection(("127.0.0.1", port_of(listening))):  # opened ahead, and never used
        while len(set(threading.enumerate()) - before) < 2:
            time.sleep(0.01)
        [answering] = set(threading.enumerate()) - before - {serving}
        assert answering.daemon  # else the process would wait for that browser
        began = time.monotonic()
        listening.close()
        assert time.monotonic() - began < 2
    serving.join(2)
    assert not serving.is_alive()
