"""Tokens that are brought along: from standard input, and of a persona."""

import base64
import io
import json
import os
import sys
from unittest import mock

import pytest
from typing_extensions import override

from authorizer.cli.person import read_token
from authorizer.errors import SignInFailed
from authorizer.local.personas import load_personas
from authorizer.signin.keeping import Account
from authorizer.signin.session import claims_of, keep_brought
from authorizer.signin.tokens import LATEST, MAX_TOKEN
from tests.make import PERSONAS
from tests.servers.authorization_server import CLIENT
from tests.signin.conftest import Machine, brought, failed, printed


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
    assert "has ended, and nothing renews it" in failed(machine.run("credentials"))
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
    assert words in failed(machine.run("login", "--token-stdin", stdin=token))
    assert not machine.keyring.entries


def made(**claims: object) -> str:
    """A token of this app client, which nobody signed."""
    text = json.dumps({"aud": CLIENT, **claims})
    return f"a.{base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}.c"


@pytest.mark.parametrize("end", [4_000_000_000, 4_000_000_000.5])
def test_a_token_that_is_brought_serves_until_the_moment_of_its_end(machine: Machine, end: float) -> None:
    account = Account(url=machine.api.url, client_id=CLIENT)
    with mock.patch.dict(os.environ, {**machine.keyring.environment, "XDG_CACHE_HOME": str(machine.home)}):
        assert keep_brought(account, made(exp=end), end - 0.1).expires == end
        with pytest.raises(SignInFailed, match="has ended already"):
            keep_brought(account, made(exp=end), end)


@pytest.mark.parametrize("end", [4e12, 1e300, 10**400, LATEST + 1])
def test_a_token_that_ends_beyond_all_days_is_not_kept(machine: Machine, end: float) -> None:
    assert "beyond the year 9999" in failed(machine.run("login", "--token-stdin", stdin=made(exp=end)))
    assert not machine.keyring.entries


def test_a_token_that_ends_on_the_last_day_is_kept(machine: Machine) -> None:
    done = machine.run("login", "--token-stdin", stdin=made(exp=LATEST))
    assert (done.returncode, "until 9999-12-31T23:59:59Z" in done.stderr) == (0, True)


@pytest.mark.parametrize(
    ("audience", "is_kept"),
    [
        pytest.param([CLIENT], True, id="a list of this app client"),
        pytest.param([CLIENT, "another"], False, id="a list of two"),
        pytest.param([], False, id="an empty list"),
        pytest.param([[CLIENT]], False, id="a list in a list"),
    ],
)
def test_whom_a_token_is_for_is_read_as_at_the_sign_in(
    machine: Machine, audience: object, is_kept: bool
) -> None:
    done = machine.run("login", "--token-stdin", stdin=made(aud=audience, exp=4e9))
    assert (done.returncode == 0) == is_kept
    assert bool(machine.keyring.entries) == is_kept


def test_a_user_whom_nobody_has_verified_is_shown_as_text(machine: Machine) -> None:
    sub = "\x1b[2Jroot\nsigned in\u202e" + "x" * 9000
    done = machine.run("login", "--token-stdin", stdin=made(sub=sub, exp=4e9))
    assert " as ?[2Jroot?signed in?x" in done.stderr
    assert len(done.stderr) < 500
    assert machine.keyring.entry["sub"] == sub


def test_a_token_is_as_long_as_a_header_holds() -> None:
    text = made()
    assert claims_of(text.ljust(MAX_TOKEN, "c")) == {"aud": CLIENT}
    with pytest.raises(SignInFailed, match="is no token"):
        claims_of(text.ljust(MAX_TOKEN + 1, "c"))


def test_what_is_no_token_is_not_sent(machine: Machine) -> None:
    assert "is no token" in failed(machine.run("credentials", "--token-stdin", stdin="canary"))
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
    assert "for an API on this machine" in failed(machine.run("login", "--persona", "editor", *at))
