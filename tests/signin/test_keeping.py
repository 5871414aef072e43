"""Where tokens rest: in a keyring that is fit, or nowhere. A real one, too: GNOME Keyring on a bus of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from typing_extensions import override

from authorizer.signin.attempt import Attempt
from authorizer.signin.discovery import Server
from authorizer.signin.keeping import Account, Kept, Keyring
from authorizer.signin.own import Own
from authorizer.signin.tokens import Tokens
from authorizer.signin.web import Answer
from tests.make import ROOT
from tests.servers.authorization_server import CLIENT
from tests.signin.conftest import Machine

ACCOUNT = Account(url="https://api.example.com/credentials", client_id="abc")
KEPT = Kept(token="t", expires=2.0, renew_at=1.0, use="id", sub="s", issuer="https://i", refresh_token="r")


def refused(machine: Machine, backend: str, **variables: str) -> str:
    """What a sign-in says with this keyring. No browser is opened for it."""
    done = machine.run(
        "login", "--issuer", machine.server.issuer, PYTHON_KEYRING_BACKEND=backend, **variables
    )
    assert done.returncode == 2, done.stdout
    assert not machine.opened
    assert not machine.server.asked
    assert "nowhere else are they put" in done.stderr
    return done.stderr


@pytest.mark.parametrize("backend", ["null", "fail"])
def test_a_keyring_that_is_none_is_not_taken(machine: Machine, backend: str) -> None:
    told = refused(machine, f"keyring.backends.{backend}.Keyring")
    assert f"found keyring.backends.{backend}" in told
    assert "--token-stdin" in told


class InTheClear(KeyringBackend):
    """As `keyrings.alt.file.PlaintextKeyring` is. It notes who was asked."""

    priority: ClassVar[float] = 0.5
    asked: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    @override
    def get_password(self, service: str, username: str) -> None:
        self.asked.append(type(self).__name__)

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError("a token in the clear")

    @override
    def delete_password(self, service: str, username: str) -> None:
        raise AssertionError(service)


class Boasting(InTheClear):
    priority: ClassVar[float] = 9


class JustFit(InTheClear):
    priority: ClassVar[float] = 1


@pytest.mark.parametrize(
    ("backend", "module"),
    [
        pytest.param("InTheClear", "elsewhere", id="by its own word"),
        pytest.param("Boasting", "keyrings.alt.file", id="of keyrings.alt, whatever it claims"),
        pytest.param("Boasting", "keyrings.alt", id="or keyrings.alt itself"),
        pytest.param("Boasting", "keyring.backends.null", id="or one that forgets"),
        pytest.param("Boasting", "keyring.backends.fail", id="or one that fails"),
    ],
)
def test_a_file_in_the_clear_is_no_keyring(
    machine: Machine, backend: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "clear", sys.modules[__name__])
    monkeypatch.setattr(f"clear.{backend}.__module__", module)
    refused(machine, f"clear.{backend}")


@pytest.mark.parametrize(
    ("backend", "module"),
    [
        pytest.param("JustFit", "elsewhere", id="by its own word, just so"),
        pytest.param("Boasting", "keyrings.alternative", id="by another name that begins alike"),
    ],
)
def test_a_keyring_that_says_it_is_fit_is_taken(
    backend: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "clear", sys.modules[__name__])
    monkeypatch.setattr(f"clear.{backend}.__module__", module)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", f"clear.{backend}")
    assert Keyring().load(ACCOUNT) is None


@pytest.mark.parametrize("backend", ["no.such.module", "os.path", "nothing"])
def test_a_keyring_that_cannot_be_loaded_is_told(machine: Machine, backend: str) -> None:
    assert "cannot be loaded" in refused(machine, backend)


def test_of_several_that_were_found_none_in_the_clear_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """keyring chains what it finds, and asks the next one where one fails."""
    from keyring import backend

    class Fit(InTheClear):
        priority: ClassVar[float] = 5

    class AlsoFit(InTheClear):
        priority: ClassVar[float] = 4

    chainer = ChainerBackend()  # type: ignore[no-untyped-call]
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setattr(keyring.core, "load_config", lambda: None)
    monkeypatch.setattr(InTheClear, "asked", [])
    found = [InTheClear(), Fit(), AlsoFit(), chainer]
    monkeypatch.setattr(backend, "get_all_keyring", lambda: found)
    assert Keyring().load(ACCOUNT) is None
    assert InTheClear.asked == ["Fit", "AlsoFit"]


def test_without_the_extra_it_says_what_to_install(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "pip install 'cognito-authorizer[cli,login]'" in machine.login().stderr


def test_a_keyring_that_is_locked_is_told(machine: Machine) -> None:
    machine.login()
    machine.keyring.locked = True
    done = machine.run("credentials")
    assert done.returncode == 2
    assert "cannot be used: PasswordSetError: is it locked?" in done.stderr


def test_each_api_and_each_app_client_has_an_entry_of_its_own(machine: Machine) -> None:
    machine.login()
    [key] = machine.keyring.entries
    assert key == f"cognito-authorizer\n{CLIENT} {machine.api.url}"
    for other in (("--url", f"{machine.api.url}2"), ("--client-id", "other")):
        done = machine.run("credentials", *other)
        assert (done.returncode, "nobody is signed in" in done.stderr) == (2, True)
    assert not machine.api.tokens


@pytest.mark.parametrize(
    "changes",
    [
        {"token": None},
        {"expires": "soon"},
        {"expires": True},
        {"renew_at": None},
        {"refresh_token": 1},
        {"more": 1},
    ],
)
def test_an_entry_that_somebody_else_wrote_is_not_believed(machine: Machine, changes: dict[str, Any]) -> None:
    machine.login()
    machine.keyring.change(**changes)
    done = machine.run("credentials")
    assert (done.returncode, "is not what was put there" in done.stderr) == (2, True)
    assert not machine.api.tokens


SERVER = Server(
    issuer="https://i",
    authorization_endpoint="https://i/authorize?pool=1",
    token_endpoint="https://i/token",
    jwks_uri="https://i/jwks",
    revocation_endpoint=None,
    tells_issuer=False,
)
ATTEMPT = Attempt(
    server=SERVER, client_id="abc", redirect_uri="http://127.0.0.1:1/callback", scopes=("openid",)
)


@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        pytest.param(KEPT, ("'t'", "'r'"), id="what is kept"),
        pytest.param(
            Tokens(token="canary-token", expires=2.0, refresh_token="canary-refresh", sub="s", name="n"),
            ("canary-token", "canary-refresh"),
            id="what was brought",
        ),
        pytest.param(ATTEMPT, (ATTEMPT.verifier, ATTEMPT.state, ATTEMPT.nonce), id="an attempt"),
        pytest.param(
            Own(
                access_key_id="A",
                secret_access_key="canary-key",
                session_token="canary-token",
                expiration="e",
            ),
            ("canary-key", "canary-token"),
            id="credentials",
        ),
        pytest.param(
            Answer(place="https://i/token", status=200, body=b"canary-body"), ("canary-body",), id="an answer"
        ),
    ],
)
def test_no_secret_shows_where_a_value_is_shown(value: object, secrets: tuple[str, ...]) -> None:
    assert not [secret for secret in secrets if secret in repr(value)]


def test_an_address_that_asks_for_something_already_is_added_to() -> None:
    assert ATTEMPT.url.startswith("https://i/authorize?pool=1&response_type=code&client_id=abc&")


def test_there_is_no_such_command_on_windows(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.cli.person.sys.platform", "win32")
    assert "use WSL" in machine.run("credentials").stderr


REAL = """
from authorizer.signin.keeping import Account, Kept, Keyring
account = Account(url="https://api.example.com/credentials", client_id="abc")
secret = {"token": "t" * 1500, "refresh_token": "r" * 1800}
kept = Kept(**secret, expires=2.0, renew_at=1.0, use="id", sub="s", issuer="https://i")
first = Keyring()
print(type(first._backend).__module__)
assert first.load(account) is None
first.save(account, kept)
assert Keyring().load(account) == kept
first.forget(account)
assert Keyring().load(account) is None
"""


def test_a_real_keyring_keeps_tokens_of_cognito_s_size(tmp_path: Path) -> None:
    """The Secret Service of a desktop, on a bus and in a home of its own."""
    if shutil.which("gnome-keyring-daemon") is None or shutil.which("dbus-run-session") is None:
        pytest.skip("no GNOME Keyring: apt-get install gnome-keyring dbus-daemon")
    script = 'printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null && exec "$0" -c "$1"'
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script, sys.executable, REAL],
        cwd=ROOT,
        env={
            **kept,
            "HOME": str(tmp_path),
            "XDG_RUNTIME_DIR": str(tmp_path),
            "XDG_CACHE_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in {"keyring.backends.SecretService", "keyring.backends.libsecret"}
    stored = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"tttttttt" not in stored
    assert b"rrrrrrrr" not in stored
