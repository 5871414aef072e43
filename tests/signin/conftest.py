"""A person's machine: a keyring, an authorization server, an API, and a browser that goes where it is sent."""

import json
import re
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from authorizer.local.personas import load_personas
from authorizer.model import instant
from tests.cli.test_commands import Done, run
from tests.make import PERSONAS, sample_settings
from tests.servers.authorization_server import CLIENT, AuthorizationServer
from tests.servers.keyring_server import KeyringServer
from tests.servers.serving import QuietHandler, serve

Answer = tuple[int, bytes, dict[str, str]]


class Api:
    """Answers `GET /credentials` with sessions, or with `wrong`. It keeps the tokens."""

    def __init__(self) -> None:
        self.wrong: Answer | None = None
        self.tokens: list[str] = []
        outer = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                outer.tokens.append(str(self.headers.get("Authorization")).removeprefix("Bearer "))
                self.reply(*(outer.wrong or (200, json.dumps(outer.session()).encode(), {})))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/credentials"
        self.close = serve(self._server)

    def session(self, **changes: Any) -> dict[str, Any]:
        return {
            "Version": 1,
            "AccessKeyId": f"ASIAOWN{len(self.tokens):013d}",
            "SecretAccessKey": "canary-secret-key",
            "SessionToken": "canary-session-token",
            "Expiration": instant(time.time() + 900),
            **changes,
        }


def follow(url: str) -> tuple[int, str]:
    """A browser: the status and the text of the page at the end."""
    try:
        with urllib.request.urlopen(url) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, type(error).__name__


@dataclass
class Machine:
    """Runs commands as its person does. What the browser was shown is in `pages`."""

    keyring: KeyringServer
    server: AuthorizationServer
    api: Api
    home: Path
    browse: Callable[[str], None] = lambda url: None
    pages: list[tuple[int, str]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    closed: threading.Event = field(default_factory=threading.Event)
    """Set when the browser is done."""

    @property
    def whom(self) -> tuple[str, ...]:
        return ("--url", self.api.url, "--client-id", CLIENT)

    def run(self, command: str, *more: str, stdin: str | None = None, **variables: str) -> Done:
        return self.run_alone(command, *self.whom, *more, stdin=stdin, **variables)

    def run_alone(self, *command: str, stdin: str | None = None, **variables: str) -> Done:
        """Without saying for whom."""
        given = {**self.keyring.environment, "XDG_CACHE_HOME": str(self.home), **variables}
        return run(*command, stdin=stdin, variables=given)

    def login(self, *more: str) -> Done:
        self.closed.clear()
        done = self.run("login", "--issuer", self.server.issuer, "--port", "0", "--timeout", "10", *more)
        assert not self.opened or self.closed.wait(10)
        return done

    def open(self, url: str) -> bool:
        self.opened.append(url)
        self.browse(url)
        self.closed.set()
        return True

    def visit(self, url: str) -> None:
        self.pages.append(follow(url))


@pytest.fixture
def machine(tmp_path: Path, key_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    persona = load_personas(PERSONAS).people["editor"]
    arns = {name: role.arn for name, role in sample_settings().roles.items()}
    server, keyring, api = AuthorizationServer(persona, key_folder, arns), KeyringServer(), Api()
    machine = Machine(keyring, server, api, tmp_path)
    machine.browse = machine.visit
    monkeypatch.setattr(webbrowser, "open", machine.open)
    yield machine
    for each in (server, keyring, api):
        each.close()


@pytest.fixture
def signed_in(machine: Machine) -> Machine:
    """Where somebody has signed in."""
    assert machine.login().returncode == 0
    return machine


def printed(done: Done) -> Mapping[str, Any]:
    """What `credential_process` got."""
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


SECRETS = re.compile(r"refresh-canary|canary-(?:secret|session)|eyJ[\w-]*\.[\w-]")
"""What no terminal may show: a token has a dot in it, and a random state may begin like one."""


def asked(url: str) -> dict[str, str]:
    """The parameters of an authorization request."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def refused(machine: Machine, *more: str) -> str:
    """What a sign-in that fails says. Nothing is kept of it."""
    done = machine.login(*more)
    assert not machine.keyring.entries
    return failed(done)


def failed(done: Done) -> str:
    """What a command that fails says: to a person alone, and nothing secret."""
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    assert not SECRETS.search(done.stderr)
    assert "canary" not in done.stderr
    return done.stderr


def brought(machine: Machine, use: str = "id") -> str:
    return str(machine.server.minted({})[f"{use}_token"])
