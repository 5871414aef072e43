"""What the API answers `authorizer credentials`: printed if it is credentials, told if it is not."""

import json
import threading
import time
from typing import Any

import pytest

from authorizer.errors import SignInFailed
from authorizer.model import instant
from authorizer.signin import web
from authorizer.signin.own import own_credentials
from tests.signin.conftest import Answer, Machine, failed, printed


def test_the_answer_is_printed_as_credential_process_has_it(signed_in: Machine) -> None:
    found = printed(signed_in.run("credentials"))
    assert list(found) == ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"]
    assert found["Version"] == 1
    assert found["SecretAccessKey"] == "canary-secret-key"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        pytest.param(
            (401, b'{"code": "token_expired"}', {}), "401 (token_expired): the API does not take", id="401"
        ),
        pytest.param((403, b'{"code": "no_own"}', {}), "403 (no_own): the API hands this user", id="403"),
        pytest.param(
            (429, b'{"code": "too_many_sessions"}', {}), "429 (too_many_sessions): this user has", id="429"
        ),
        pytest.param((404, b"<html>", {}), "404 (no code): there is nothing", id="404"),
        pytest.param((502, b"<html>", {}), "502 (no code): try again later", id="a gateway's own page"),
        pytest.param((500, b'{"code": "\\u001b[2J"}', {}), "500 (no code)", id="a code that is none"),
        pytest.param((302, b"", {"Location": "http://127.0.0.1:1/"}), "302 (no code)", id="another address"),
        pytest.param((200, b"[]", {}), "no JSON object", id="a list"),
        pytest.param((200, b"\xff", {}), "with no JSON", id="no text"),
        pytest.param((200, b'{"a": 1, "a": 1}', {}), "a name stands twice", id="a name twice"),
        pytest.param((200, b" " * 262_145, {}), "more than 262,144 bytes", id="an endless answer"),
        pytest.param(
            (200, b"{}", {"Content-Length": "9"}), "cannot be asked: IncompleteRead", id="half an answer"
        ),
    ],
)
def test_an_answer_without_credentials_says_what_to_do_and_nothing_more(
    signed_in: Machine, wrong: Answer, words: str
) -> None:
    signed_in.api.wrong = wrong
    assert words in failed(signed_in.run("credentials"))
    assert len(signed_in.api.tokens) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"AccessKeyId": "short"}, "no AccessKeyId"),
        ({"AccessKeyId": None}, "no AccessKeyId"),
        ({"SecretAccessKey": "two words"}, "no SecretAccessKey"),
        ({"SessionToken": "a\nb"}, "no SessionToken"),
        ({"SessionToken": "a" * 20_000}, "no SessionToken"),
        ({"Version": 2}, "in another version"),
        ({"Expiration": "2001-01-01T00:00:00Z"}, "have ended"),
        ({"Expiration": "2101-01-01T00:00:00"}, "have ended"),
        ({"Expiration": "soon"}, "have ended"),
        ({"Expiration": None}, "have ended"),
        ({"Expiration": "9999-12-31T23:59:59-14:00"}, "have ended"),
        ({"Expiration": "9999-12-31T23:59:59.5Z"}, "have ended"),
        ({"Expiration": "0001-01-01T00:00:00+14:00"}, "have ended"),
    ],
)
def test_credentials_that_are_none_are_not_printed(
    signed_in: Machine, changes: dict[str, Any], words: str
) -> None:
    signed_in.api.wrong = (200, json.dumps(signed_in.api.session(**changes)).encode(), {})
    assert words in failed(signed_in.run("credentials"))


@pytest.mark.parametrize(
    ("member", "text", "is_taken"),
    [
        pytest.param("AccessKeyId", "A" * 16, True, id="the shortest key id"),
        pytest.param("AccessKeyId", "A" * 15, False, id="a shorter one"),
        pytest.param("AccessKeyId", "A" * 128, True, id="the longest key id"),
        pytest.param("AccessKeyId", "A" * 129, False, id="a longer one"),
        pytest.param("AccessKeyId", "A" * 16 + "\u00e4", False, id="a key id that is no ASCII"),
        pytest.param("SecretAccessKey", "k" * 512, True, id="the longest secret"),
        pytest.param("SecretAccessKey", "k" * 513, False, id="a longer secret"),
        pytest.param("SecretAccessKey", "", False, id="no secret"),
        pytest.param("SessionToken", "t" * 16_384, True, id="the longest token"),
        pytest.param("SessionToken", "t" * 16_385, False, id="a longer token"),
        pytest.param("SessionToken", "", False, id="no token"),
    ],
)
def test_a_member_is_taken_within_its_bounds(
    machine: Machine, member: str, text: str, is_taken: bool
) -> None:
    machine.api.wrong = (200, json.dumps(machine.api.session(**{member: text})).encode(), {})
    if is_taken:
        assert own_credentials(machine.api.url, "x", time.time()).printed()[member] == text
    else:
        with pytest.raises(SignInFailed, match=f"answers no {member}"):
            own_credentials(machine.api.url, "x", time.time())


def test_credentials_are_printed_while_they_last_five_seconds(machine: Machine) -> None:
    end = 4_000_000_000
    machine.api.wrong = (200, json.dumps(machine.api.session(Expiration=instant(end))).encode(), {})
    own = own_credentials(machine.api.url, "x", end - 5)
    assert own.expiration == instant(end)
    assert "canary" not in repr(own)
    with pytest.raises(SignInFailed, match="have ended"):
        own_credentials(machine.api.url, "x", end - 4.9)


def test_the_last_moment_that_has_a_date_is_one(machine: Machine) -> None:
    last = "9999-12-31T23:59:59Z"
    machine.api.wrong = (200, json.dumps(machine.api.session(Expiration=last)).encode(), {})
    assert own_credentials(machine.api.url, "x", time.time()).expiration == last


def test_a_server_that_is_not_there_is_told(signed_in: Machine) -> None:
    signed_in.api.close()
    assert "cannot be asked: ConnectionRefusedError" in failed(signed_in.run("credentials"))
    signed_in.api.close = lambda: None


def test_a_server_that_writes_a_letter_now_and_then_is_not_waited_for(
    signed_in: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The socket's own timeout begins anew with each of them."""
    import socket

    monkeypatch.setattr(web, "TIMEOUT", 0.6)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as slow:

        def trickle() -> None:
            with slow.accept()[0] as raw:
                raw.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not stop.wait(0.1):
                    raw.sendall(b"x")
                raw.sendall(b"\r\n\r\n")

        threading.Thread(target=trickle, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(SignInFailed, match=r"did not answer within 0\.6 s"):
            web.ask(f"http://127.0.0.1:{slow.getsockname()[1]}/", "it")
        assert time.monotonic() - began < 4
        stop.set()


def test_a_mistake_of_ours_is_not_blamed_on_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(url: str) -> None:
        raise KeyError(url)

    monkeypatch.setattr(web, "_opener", broken)
    with pytest.raises(KeyError):
        web.ask("https://api.example.com/", "it")


def test_a_proxy_hears_nothing_of_what_is_for_this_machine(
    signed_in: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed(signed_in.run("credentials", http_proxy="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9"))
