"""A sign-in over time: renewed ahead of its end, by one process alone, until somebody signs out."""

import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from authorizer.cli.person import read_token
from authorizer.errors import SignInFailed
from authorizer.local.personas import load_personas
from authorizer.signin import alone as turns
from authorizer.signin import session, web
from authorizer.signin.alone import alone
from authorizer.signin.keeping import Account
from tests.make import PERSONAS, ROOT
from tests.servers.authorization_server import CLIENT, Lies
from tests.signin.conftest import Answer, Machine, printed


@pytest.fixture
def signed_in(machine: Machine) -> Machine:
    """Whose first token has half of its life behind it."""
    assert machine.login().returncode == 0
    return machine


def due(machine: Machine, **more: Any) -> None:
    machine.keyring.change(**{"renew_at": time.time() - 1, **more})


def told(machine: Machine, command: str = "credentials", *more: str, **given: Any) -> str:
    done = machine.run(command, *more, **given)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    assert "canary" not in done.stderr
    assert "eyJ" not in done.stderr
    return done.stderr


# ── Renewal ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_while_a_token_serves_it_is_not_renewed(signed_in: Machine) -> None:
    for _ in range(2):
        printed(signed_in.run("credentials"))
    assert signed_in.server.count("/token") == 1


@pytest.mark.parametrize(("life", "ahead"), [(3600, 1200), (300, 150)])
def test_a_token_is_due_twenty_minutes_before_its_end_or_at_half_its_life(
    machine: Machine, life: float, ahead: float
) -> None:
    machine.server.life = life
    machine.login()
    entry = machine.keyring.entry
    assert entry["expires"] - entry["renew_at"] == pytest.approx(ahead, abs=15)
    assert entry["expires"] == pytest.approx(time.time() + life, abs=30)


@pytest.mark.parametrize("rotates", [False, True])
def test_a_token_that_is_due_is_renewed(signed_in: Machine, rotates: bool) -> None:
    signed_in.server.rotates = rotates
    before = signed_in.keyring.entry
    due(signed_in)
    printed(signed_in.run("credentials"))
    after = signed_in.keyring.entry
    assert signed_in.api.tokens == [after["token"]]
    assert after["token"] != before["token"]
    assert (after["refresh_token"] == before["refresh_token"]) is not rotates
    assert after["renew_at"] > time.time()
    due(signed_in)
    printed(signed_in.run("credentials"))


def at_once(machine: Machine, count: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What as many get who ask at the same time."""
    for name, value in {**machine.keyring.environment, "XDG_CACHE_HOME": str(machine.home)}.items():
        monkeypatch.setenv(name, value)
    account = Account(url=machine.api.url, client_id=CLIENT)
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(lambda _: session.token(account, time.time()), range(count)))


def test_of_many_who_find_it_due_one_renews_it(signed_in: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a file and a lock of its own, as processes do."""
    signed_in.server.rotates = True
    due(signed_in)
    assert set(at_once(signed_in, 8, monkeypatch)) == {signed_in.keyring.entry["token"]}
    assert signed_in.server.count("/token") == 2


def test_of_processes_that_find_it_due_one_renews_it(signed_in: Machine) -> None:
    signed_in.server.rotates = True
    due(signed_in, expires=time.time() - 1)
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "authorizer", "credentials", *signed_in.whom],
            cwd=ROOT,
            env={**os.environ, **signed_in.keyring.environment, "XDG_CACHE_HOME": str(signed_in.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for each in started:
        out, err = each.communicate()
        assert (each.returncode, json.loads(out)["Version"]) == (0, 1), err
    assert signed_in.server.count("/token") == 2


@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(lambda machine: machine.server.live.clear(), id="it has been revoked"),
        pytest.param(
            lambda machine: setattr(machine.server.lies, "status", {"/token": 500}), id="the issuer fails"
        ),
        pytest.param(
            lambda machine: setattr(
                machine.server.lies, "claims", lambda said: {**said, "sub": "somebody-else"}
            ),
            id="it is renewed for somebody else",
        ),
        pytest.param(
            lambda machine: setattr(machine.server.lies, "claims", lambda said: {**said, "aud": "another"}),
            id="it is renewed for another app client",
        ),
    ],
)
def test_a_renewal_that_fails_costs_nothing_while_the_token_serves(
    signed_in: Machine, break_it: Callable[[Machine], object]
) -> None:
    before = signed_in.keyring.entry["token"]
    break_it(signed_in)
    due(signed_in)
    printed(signed_in.run("credentials"))
    assert signed_in.api.tokens == [before]
    due(signed_in, expires=time.time() + 30)
    assert "sign in again: authorizer login" in told(signed_in)
    assert signed_in.keyring.entry["token"] == before
    assert len(signed_in.api.tokens) == 1


# ── Taking turns ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_waits_for_another_gives_up_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    with alone("a"), alone("b"), pytest.raises(SignInFailed, match="another command"), alone("a"):
        raise AssertionError("both are within it")
    with alone("a"):
        [first, second] = (tmp_path / "cognito-authorizer").iterdir()
    assert first.read_bytes() == second.read_bytes() == b""
    assert first.stat().st_mode & 0o777 == 0o600
    assert first.parent.stat().st_mode & 0o777 == 0o700


def test_a_lock_ends_with_the_process_that_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    script = "from authorizer.signin.alone import alone\nwith alone('a'): print('in', flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"in\n"
    monkeypatch.setattr(turns, "PATIENCE", 0.0)
    with pytest.raises(SignInFailed, match="another command"), alone("a"):
        pass
    holder.kill()
    holder.communicate()
    with alone("a"):
        pass


def test_a_lock_is_no_link_to_somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with alone("a"):
        [file] = (tmp_path / "cognito-authorizer").iterdir()
    file.unlink()
    file.symlink_to(tmp_path / "precious")
    with pytest.raises(SignInFailed, match="cannot be locked"), alone("a"):
        pass
    assert not (tmp_path / "precious").exists()


def test_a_sign_out_waits_for_a_renewal_and_is_not_undone_by_it(
    signed_in: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a renewal that waits for a sign-out finds nobody there."""
    for name, value in {**signed_in.keyring.environment, "XDG_CACHE_HOME": str(signed_in.home)}.items():
        monkeypatch.setenv(name, value)
    account = Account(url=signed_in.api.url, client_id=CLIENT)
    due(signed_in)
    with ThreadPoolExecutor(2) as threads:
        with alone(account.name):
            out = threads.submit(session.sign_out, account)
            time.sleep(0.2)
            assert signed_in.keyring.entries
        assert out.result() is True
    assert not signed_in.keyring.entries
    with pytest.raises(SignInFailed, match="nobody is signed in"):
        session.token(account, time.time())


# ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_signs_out_is_forgotten_here_and_there(signed_in: Machine) -> None:
    done = signed_in.run("logout")
    assert (done.returncode, done.stdout) == (0, "")
    assert "signed out" in done.stderr
    assert not signed_in.keyring.entries
    assert not signed_in.server.live
    assert "nobody is signed in" in told(signed_in)
    assert "nobody was signed in" in signed_in.run("logout").stderr


@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(
            lambda lies: setattr(lies, "metadata", lambda said: {**said, "revocation_endpoint": None}),
            id="it names none that is a URL",
        ),
        pytest.param(
            lambda lies: setattr(
                lies,
                "metadata",
                lambda said: {each: said[each] for each in said if each != "revocation_endpoint"},
            ),
            id="it has none",
        ),
        pytest.param(lambda lies: setattr(lies, "status", {"/revoke": 503}), id="it fails"),
    ],
)
def test_tokens_go_from_the_keyring_even_if_the_issuer_revokes_nothing(
    signed_in: Machine, break_it: Callable[[Lies], object]
) -> None:
    break_it(signed_in.server.lies)
    assert "its refresh token is good until it ends" in told(signed_in, "logout")
    assert not signed_in.keyring.entries


def test_a_sign_in_ends_the_one_before(signed_in: Machine) -> None:
    [before] = signed_in.server.live
    assert signed_in.login().returncode == 0
    assert list(signed_in.server.live) == [signed_in.keyring.entry["refresh_token"]] != [before]
    signed_in.server.lies.status = {"/revoke": 503}
    done = signed_in.run("login", "--token-stdin", stdin=brought(signed_in))
    assert (done.returncode, signed_in.keyring.entry["issuer"]) == (0, None), done.stderr


def test_an_entry_that_cannot_be_read_is_written_over(signed_in: Machine) -> None:
    [key] = signed_in.keyring.entries
    signed_in.keyring.entries[key] = "{"
    assert signed_in.login().returncode == 0
    printed(signed_in.run("credentials"))


def test_an_entry_that_cannot_be_read_can_still_be_taken_out(signed_in: Machine) -> None:
    [key] = signed_in.keyring.entries
    signed_in.keyring.entries[key] = "{"
    assert "is not what was put there" in told(signed_in)
    assert signed_in.run("logout").returncode == 0
    assert not signed_in.keyring.entries


# ── Tokens that are brought along ────────────────────────────────────────────────────────────────────────────────────


def brought(machine: Machine, use: str = "id") -> str:
    return str(machine.server.minted({})[f"{use}_token"])


@pytest.mark.parametrize("use", ["id", "access"])
def test_a_token_from_standard_input_is_kept_until_it_ends(machine: Machine, use: str) -> None:
    done = machine.run("login", "--token-stdin", stdin=f"{brought(machine, use)}\n")
    assert done.returncode == 0, done.stderr
    assert "the token lasts until 20" in done.stderr
    assert "renewed" not in done.stderr
    assert (machine.keyring.entry["use"], machine.keyring.entry["refresh_token"]) == (use, None)
    printed(machine.run("credentials"))
    machine.keyring.change(renew_at=0)
    printed(machine.run("credentials"))
    machine.keyring.change(renew_at=0, expires=0)
    assert "has ended, and nothing renews it" in told(machine)
    assert machine.run("logout").returncode == 0
    assert not machine.server.asked


def test_a_token_can_be_used_without_any_keyring(machine: Machine) -> None:
    nowhere = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    token = brought(machine)
    printed(machine.run("credentials", "--token-stdin", stdin=token, **nowhere))
    assert machine.api.tokens == [token]
    assert not machine.keyring.entries


@pytest.mark.parametrize(
    ("token", "words"),
    [
        pytest.param("", "is no token", id="nothing"),
        pytest.param("canary-password", "is no token", id="a password"),
        pytest.param("a.b.c", "is no token", id="three words"),
        pytest.param("a.W10.c", "is no token", id="a list"),
        pytest.param("a.e30.c\nX-Role: admin", "is no token", id="two lines"),
        pytest.param("a.e30." + "x" * 17_000, "is no token", id="an endless one"),
        pytest.param("a.e30.c", "for the app client no code", id="one without an app client"),
        pytest.param(
            "a.eyJhdWQiOiAiMWV4YW1wbGUyMzQ1Njc4OWFwcCJ9.c", "has ended already", id="one without an end"
        ),
        pytest.param(
            "a.eyJhdWQiOiAiMWV4YW1wbGUyMzQ1Njc4OWFwcCIsICJleHAiOiB0cnVlfQ.c",
            "has ended already",
            id="one that ends true",
        ),
        pytest.param(
            "a.eyJhdWQiOiAiMWV4YW1wbGUyMzQ1Njc4OWFwcCIsICJleHAiOiAxfQ.c",
            "has ended already",
            id="one that is over",
        ),
    ],
)
def test_what_is_no_token_for_this_is_not_kept(machine: Machine, token: str, words: str) -> None:
    assert words in told(machine, "login", "--token-stdin", stdin=token)
    assert not machine.keyring.entries


def test_what_is_no_token_is_not_sent(machine: Machine) -> None:
    assert "is no token" in told(machine, "credentials", "--token-stdin", stdin="canary")
    assert not machine.api.tokens


def test_a_terminal_would_show_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        @override
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("a.e30.c"))
    with pytest.raises(SignInFailed, match="pipe it in"):
        read_token()


def test_a_persona_signs_in_at_an_api_on_this_machine(machine: Machine) -> None:
    done = machine.run("login", "--persona", "editor")
    assert done.returncode == 0, done.stderr
    assert " as editor: " in done.stderr
    sub = load_personas(PERSONAS).people["editor"].sub
    assert machine.keyring.entry["sub"] == sub
    printed(machine.run("credentials"))


def test_a_persona_is_nobody_elsewhere(machine: Machine) -> None:
    at = ("--url", "https://api.example.com/credentials")
    assert "for an API on this machine" in told(machine, "login", "--persona", "editor", *at)


# ── What the API answers ─────────────────────────────────────────────────────────────────────────────────────────────


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
    assert words in told(signed_in)
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
    ],
)
def test_credentials_that_are_none_are_not_printed(
    signed_in: Machine, changes: dict[str, Any], words: str
) -> None:
    signed_in.api.wrong = (200, json.dumps(signed_in.api.session(**changes)).encode(), {})
    assert words in told(signed_in)


def test_a_server_that_is_not_there_is_told(signed_in: Machine) -> None:
    signed_in.api.close()
    assert "cannot be asked: ConnectionRefusedError" in told(signed_in)
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
        with pytest.raises(SignInFailed, match=r"did not answer within 0\.6 s"):
            web.ask(f"http://127.0.0.1:{slow.getsockname()[1]}/", "it")
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
