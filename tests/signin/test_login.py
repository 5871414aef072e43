"""`authorizer login` against a strict authorization server: what signs a person in, and what is asked of whom."""

import base64
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace

import pytest

from authorizer.cli.ending import INTERRUPTED
from authorizer.signin import listener
from tests.make import ROOT
from tests.servers.authorization_server import CLIENT
from tests.signin.conftest import SECRETS, Machine, asked, follow, printed, refused

# ── What comes of it ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_person_signs_in_and_has_credentials(machine: Machine) -> None:
    done = machine.login()
    assert done.returncode == 0, done.stderr
    assert "signed in to " in done.stderr
    assert " as erin: " in done.stderr
    assert (
        done.stdout
        == f"credential_process = authorizer credentials --url {machine.api.url} --client-id {CLIENT}\n"
    )
    assert not SECRETS.search(done.stderr)
    assert printed(machine.run("credentials"))["AccessKeyId"].startswith("ASIAOWN")
    assert machine.api.tokens == [machine.keyring.entry["token"]]


def test_the_challenge_is_that_of_the_verifier_and_both_are_new_each_time(machine: Machine) -> None:
    machine.login()
    machine.login()
    requests = [asked(url) for url in machine.opened]
    exchanges = [given for path, given in machine.server.asked if path == "/token"]
    for request, exchange in zip(requests, exchanges, strict=True):
        digest = hashlib.sha256(exchange["code_verifier"].encode()).digest()
        assert request["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
        assert exchange["redirect_uri"] == request["redirect_uri"]
        assert "client_secret" not in exchange
    for name in ("state", "nonce", "code_challenge"):
        first, second = (request[name] for request in requests)
        assert first != second
        assert len(first) >= 43


def test_the_access_token_is_kept_where_the_api_takes_it(machine: Machine) -> None:
    machine.login("--use", "access", "--scope", "files/read", "--scope", "openid")
    assert asked(machine.opened[0])["scope"] == "openid files/read"
    claims = json.loads(base64.urlsafe_b64decode(machine.keyring.entry["token"].split(".")[1] + "=="))
    assert claims["token_use"] == "access"


def test_the_page_closes_the_matter_and_shows_nothing_of_what_came(machine: Machine) -> None:
    machine.login()
    [(status, page)] = machine.pages
    assert status == 200
    assert "close this window" in page
    [code] = machine.server.codes
    assert code not in page


def test_a_browser_may_ask_for_other_things_first(machine: Machine) -> None:
    def browse(url: str) -> None:
        origin = asked(url)["redirect_uri"].removesuffix("/callback")
        # A connection that is opened ahead, and never used.
        with socket.create_connection(("127.0.0.1", int(origin.rpartition(":")[2]))):
            assert follow(f"{origin}/favicon.ico")[0] == 404
            machine.visit(url)

    machine.browse = browse
    assert machine.login().returncode == 0


def test_the_first_free_port_is_listened_at(machine: Machine) -> None:
    at = ("login", "--issuer", machine.server.issuer, "--port")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = machine.run(*at, port)
        done = machine.run(*at, port, "--port", "0")
    assert (refused.returncode, f"none of the ports {port} of 127.0.0.1 is free" in refused.stderr) == (
        2,
        True,
    )
    assert done.returncode == 0, done.stderr
    assert len(machine.opened) == 1


def test_without_an_option_it_listens_at_the_ports_that_are_registered(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[tuple[str, int]] = []

    def taken(address: tuple[str, int], _: object) -> None:
        tried.append(address)
        raise OSError

    monkeypatch.setattr(listener, "_Server", taken)
    assert machine.run("login", "--issuer", machine.server.issuer).returncode == 2
    assert tried == [("127.0.0.1", port) for port in (8976, 18976, 28976)]


def started(machine: Machine, browser: str) -> subprocess.Popen[str]:
    """The command in a process of its own, with this browser."""
    given = ("--issuer", machine.server.issuer, "--port", "0", "--timeout", "60")
    kept = {
        **os.environ,
        **machine.keyring.environment,
        "XDG_CACHE_HOME": str(machine.home),
        "BROWSER": browser,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "authorizer", "login", *machine.whom, *given],
        cwd=ROOT,
        env=kept,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_process_of_its_own_signs_in_with_the_browser_that_is_set(machine: Machine) -> None:
    browser = machine.home / "browser.py"
    browser.write_text("import sys, urllib.request\nurllib.request.urlopen(sys.argv[1]).read()\n")
    process = started(machine, f"{sys.executable} {browser} %s")
    out, err = process.communicate()
    assert (process.returncode, out[:20]) == (0, "credential_process ="), err
    assert not SECRETS.search(out + err)
    assert machine.keyring.entry["refresh_token"] in machine.server.live


def test_who_gives_up_signs_nobody_in(machine: Machine) -> None:
    process = started(machine, "true")
    assert process.stderr is not None
    assert "if none opens, open this" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == INTERRUPTED
    assert not machine.keyring.entries


# ── What it is given ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_waits_for_ever(machine: Machine) -> None:
    machine.browse = lambda url: None
    assert "nobody has come back from the browser within 1 s" in refused(machine, "--timeout", "1")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param((), id="nothing"),
        pytest.param(("--token-stdin", "--persona", "editor"), id="two of them"),
        pytest.param(("--issuer", "https://x", "--token-stdin"), id="two others"),
    ],
)
def test_where_the_token_comes_from_is_said_once(machine: Machine, given: tuple[str, ...]) -> None:
    done = machine.run("login", *given)
    assert (done.returncode, "expected one of --issuer" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://api.example.com/credentials", "anybody on the way"),
        ("http://127.0.0.1.evil.example/", "anybody on the way"),
        ("ftp://127.0.0.1/", "anybody on the way"),
        ("https://user:canary-secret@api.example.com/", "a user, a password or a fragment"),
        ("https://api.example.com/#x", "a fragment"),
        ("https://[::1", "no URL"),
        ("https://api.example.com:0/", "no URL"),
        ("https://api.example.com/a b", "no URL"),
        ("https://api.example.com/" + "a" * 2048, "no URL"),
        ("api.example.com", "no URL"),
    ],
)
@pytest.mark.parametrize("command", ["login", "credentials", "logout"])
def test_a_token_is_sent_over_https_alone(machine: Machine, command: str, url: str, words: str) -> None:
    more = ("--issuer", machine.server.issuer) if command == "login" else ()
    done = machine.run(command, "--url", url, *more)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr
    assert "canary" not in done.stderr
    assert not machine.opened


def test_an_app_client_is_named_without_spaces(machine: Machine) -> None:
    assert "no app client's id" in machine.run("credentials", "--client-id", "a b").stderr


def test_what_is_shown_of_a_name_is_printable(machine: Machine) -> None:
    machine.server.persona = replace(machine.server.persona, username="e\x1b[2J")
    assert " as e?[2J: " in machine.login().stderr
