"""The browser's way back: of all that arrives at the loopback redirect, one answer is taken, and only a right one."""

import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from authorizer.signin import listener
from tests.signin.conftest import Machine, asked, follow, refused


def callback(url: str, **parameters: str) -> str:
    """What the browser is sent back to, with these parameters."""
    return f"{asked(url)['redirect_uri']}?{urlencode(parameters)}"


@pytest.mark.parametrize("state", ["wrong", "", "\u00e4"])
def test_an_answer_with_another_state_is_nothing_and_ends_nothing(machine: Machine, state: str) -> None:
    def browse(url: str) -> None:
        machine.visit(callback(url, code="stolen", state=state))
        machine.visit(callback(url, code="stolen"))
        machine.visit(url)

    machine.browse = browse
    assert machine.login().returncode == 0
    assert [status for status, _ in machine.pages] == [400, 400, 200]
    assert "stolen" not in str(machine.server.asked)


@pytest.mark.parametrize(
    "tricks",
    [
        pytest.param(lambda url, state: f"?code=a&code=b&state={state}", id="two codes"),
        pytest.param(lambda url, state: f"?code=a&state={state}&state=x", id="two states"),
        pytest.param(lambda url, state: "?" + "x=1&" * 30 + f"code=a&state={state}", id="thirty parameters"),
        pytest.param(lambda url, state: f"/more?code=a&state={state}", id="another path"),
    ],
)
def test_a_request_that_is_no_answer_ends_nothing(
    machine: Machine, tricks: Callable[[str, str], str]
) -> None:
    def browse(url: str) -> None:
        machine.visit(asked(url)["redirect_uri"] + tricks(url, asked(url)["state"]))
        machine.visit(url)

    machine.browse = browse
    assert machine.login().returncode == 0
    assert machine.pages[0][0] in (400, 404)


def test_an_answer_by_another_name_of_this_machine_is_none(machine: Machine) -> None:
    """A page whose name leads here, in a browser of the same person (DNS rebinding)."""

    def browse(url: str) -> None:
        target = urlsplit(asked(url)["redirect_uri"])
        with socket.create_connection((str(target.hostname), int(target.port or 0))) as raw:
            head = f"GET /callback?code=a&state={asked(url)['state']} HTTP/1.1\r\nHost: evil.example\r\n\r\n"
            raw.sendall(head.encode())
            machine.pages.append((int(raw.recv(100).split()[1]), ""))
        machine.visit(url)

    machine.browse = browse
    assert machine.login().returncode == 0
    assert [status for status, _ in machine.pages] == [404, 200]


def test_of_redirects_that_arrive_together_one_is_taken(machine: Machine) -> None:
    def browse(url: str) -> None:
        request = asked(url)
        back = [
            callback(
                url, code=machine.server.code(request), state=request["state"], iss=machine.server.issuer
            )
            for _ in range(6)
        ]
        threads = [threading.Thread(target=machine.visit, args=(each,)) for each in back]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    machine.browse = browse
    done = machine.login()
    assert done.returncode == 0, done.stderr
    assert sorted(status for status, _ in machine.pages)[-2:] != [200, 200]
    assert [status for status, _ in machine.pages].count(200) == 1
    assert machine.server.count("/token") == 1


def test_a_state_is_taken_once_and_none_before_it_is_expected() -> None:
    listening = listener.Listener((0,))
    try:
        target, host = "/callback?code=a&state=s", urlsplit(listening.redirect_uri).netloc
        assert listening.judged(target, host)[0] == 400
        listening.expect("s")
        told = [listening.judged(target, host) for _ in range(3)]
    finally:
        listening.close()
    assert [status for status, _, _ in told] == [200, 400, 400]
    assert [answer is not None for _, _, answer in told] == [True, False, False]


def test_after_the_answer_nobody_listens(machine: Machine) -> None:
    machine.login()
    again = callback(machine.opened[0], code="second", state=asked(machine.opened[0])["state"])
    assert follow(again)[0] == 0
    assert machine.server.count("/token") == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(
            {"error": "access_denied", "error_description": "no\x1b[2J such user"},
            'access_denied ("no?[2J such user")',
            id="a refusal, with a sentence for the terminal",
        ),
        pytest.param({"error": "access_denied", "code": "x"}, "access_denied", id="a refusal and a code"),
        pytest.param({"error": "\x1b[2J"}, "no code", id="a refusal whose code is none"),
        pytest.param({}, "neither a code nor an error", id="nothing"),
        pytest.param({"code": ""}, "neither a code nor an error", id="an empty code"),
        pytest.param({"code": "guessed"}, "gives no token: invalid_grant", id="a code that was never given"),
        pytest.param(
            {"code": "x", "iss": "https://evil.example"},
            "another issuer's",
            id="an answer of a mixed-up issuer",
        ),
        pytest.param({"code": "x", "iss": None}, "always sends `iss`", id="an answer that hides its issuer"),
    ],
)
def test_an_answer_without_a_code_that_serves_signs_nobody_in(
    machine: Machine, answer: dict[str, str | None], words: str
) -> None:
    def lie(said: dict[str, str]) -> dict[str, str]:
        del said["code"]
        return {name: value for name, value in {**said, **answer}.items() if value is not None}

    machine.server.lies.redirect = lie
    assert words in refused(machine)
    assert machine.server.count("/token") == ("guessed" in answer.values())
    assert machine.pages[0][0] == (400 if "error" in answer else 200)


def test_an_issuer_that_never_sends_its_name_need_not(machine: Machine) -> None:
    """Cognito does not."""
    machine.server.lies.metadata = lambda said: {
        **said, "authorization_response_iss_parameter_supported": False, "code_challenge_methods_supported": ["S256"]
    }  # fmt: skip
    machine.server.lies.redirect = lambda said: {"code": said["code"], "state": said["state"]}
    assert machine.login().returncode == 0


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"client_id": "another-client"}, id="of another client"),
        pytest.param({"challenge": "A" * 43}, id="for another verifier"),
        pytest.param({"redirect_uri": "http://127.0.0.1:1/callback"}, id="for another redirect"),
        pytest.param({"used": True}, id="that was used"),
    ],
)
def test_a_code_that_was_injected_is_worth_nothing(machine: Machine, changes: dict[str, Any]) -> None:
    def browse(url: str) -> None:
        code = machine.server.code(asked(url), **changes)
        machine.server.lies.redirect = lambda said: {**said, "code": code}
        machine.visit(url)

    machine.browse = browse
    assert "gives no token: invalid_grant" in refused(machine)


def test_a_code_serves_once(machine: Machine) -> None:
    machine.login()
    [code] = machine.server.codes
    machine.keyring.entries.clear()
    machine.server.lies.redirect = lambda said: {**said, "code": code}
    assert "invalid_grant" in refused(machine)
    assert not machine.server.live
