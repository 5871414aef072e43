"""`authorizer login` against a strict authorization server: what signs a person in, and all that must not."""

import base64
import hashlib
import json
import re
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from authorizer.signin import listener
from tests.servers.authorization_server import CLIENT
from tests.signin.conftest import Machine, follow, printed

SECRETS = re.compile(r"refresh-canary|canary-secret|canary-session|eyJ[\w-]*\.[\w-]")
"""What no terminal may show: a token has a dot in it, and a random state may begin like one."""


def asked(url: str) -> dict[str, str]:
    """The parameters of an authorization request."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def told(machine: Machine, *more: str) -> str:
    """What a sign-in that fails says. Nothing is kept of it."""
    done = machine.login(*more)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    assert not machine.keyring.entries
    assert not SECRETS.search(done.stderr)
    return done.stderr


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


# ── What must not come of it ─────────────────────────────────────────────────────────────────────────────────────────


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
    assert words in told(machine)
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
    assert "gives no token: invalid_grant" in told(machine)


def test_a_code_serves_once(machine: Machine) -> None:
    machine.login()
    [code] = machine.server.codes
    machine.keyring.entries.clear()
    machine.server.lies.redirect = lambda said: {**said, "code": code}
    assert "invalid_grant" in told(machine)
    assert not machine.server.live


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        pytest.param({"nonce": "another"}, "of another sign-in", id="with the nonce of another sign-in"),
        pytest.param({"nonce": None}, "of another sign-in", id="without the nonce"),
        pytest.param({"aud": "another-client"}, "another app client", id="for another client"),
        pytest.param({"aud": [CLIENT, "more"]}, "another app client", id="for another client, too"),
        pytest.param({"azp": "another-client"}, "another app client", id="asked for by another client"),
        pytest.param({"iss": "https://evil.example"}, "InvalidIssuerError", id="of another issuer"),
        pytest.param({"exp": 1_000_000_000}, "ExpiredSignatureError", id="that is over"),
        pytest.param({"iat": 9_000_000_000}, "ImmatureSignatureError", id="of the future"),
        pytest.param({"token_use": "access"}, "token_use", id="that is an access token"),
    ],
)
def test_an_id_token_that_is_not_of_this_sign_in_is_not_kept(
    machine: Machine, claims: dict[str, Any], words: str
) -> None:
    machine.server.lies.claims = lambda said: {**said, **claims}
    assert words in told(machine)


def forged(text: str, **header: Any) -> str:
    """The same claims under another header, and with no signature of the issuer's."""
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return f"{head}.{text.split('.')[1]}.{'' if header['alg'] == 'none' else 'AAAA'}"


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        pytest.param(
            lambda said: {**said, "id_token": forged(said["id_token"], alg="none", kid="local/id+key=")},
            "is not taken",
            id="an ID token that nobody signed",
        ),
        pytest.param(
            lambda said: {**said, "id_token": forged(said["id_token"], alg="HS256", kid="local/id+key=")},
            "is not taken",
            id="one with a shared secret",
        ),
        pytest.param(
            lambda said: {**said, "id_token": forged(said["id_token"], alg="RS256", kid="local/id+key=")},
            "is not taken",
            id="one with another signature",
        ),
        pytest.param(
            lambda said: {**said, "id_token": forged(said["id_token"], alg="RS256", kid="other")},
            "a key that its issuer does not publish",
            id="one with an unknown key",
        ),
        pytest.param(lambda said: {**said, "id_token": "x"}, "is not taken", id="one that is none"),
        pytest.param(lambda said: {**said, "id_token": None}, "no id_token", id="no ID token"),
        pytest.param(lambda said: {**said, "id_token": "x" * 20_000}, "no id_token", id="an endless one"),
        pytest.param(
            lambda said: {**said, "refresh_token": "a b"},
            "no refresh_token",
            id="a refresh token that is none",
        ),
        pytest.param(
            lambda said: {**said, "token_type": "mac"}, "no bearer tokens", id="tokens of another kind"
        ),
        pytest.param(lambda said: [said], "no JSON object", id="a list"),
        pytest.param(
            lambda said: {**said, "more": "x" * 300_000}, "more than 262,144 bytes", id="an endless answer"
        ),
    ],
)
def test_an_answer_of_the_token_endpoint_that_is_none_is_not_kept(
    machine: Machine, lie: Callable[[dict[str, Any]], Any], words: str
) -> None:
    machine.server.lies.tokens = lie
    assert words in told(machine)


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param(lambda said: {}, id="none"),
        pytest.param(lambda said: {"keys": []}, id="an empty list"),
        pytest.param(lambda said: {"keys": "x"}, id="a word"),
        pytest.param(lambda said: {"keys": ["x", 1, None]}, id="keys that are none"),
        pytest.param(lambda said: {"keys": said["keys"][1:]}, id="another one"),
        pytest.param(lambda said: {"keys": said["keys"] * 2}, id="each twice"),
        pytest.param(
            lambda said: {"keys": [{"kty": "oct", "k": "AAAA", "kid": "local/id+key="}]}, id="a shared secret"
        ),
        pytest.param(
            lambda said: {"keys": [{**said["keys"][1], "kid": "local/id+key="}]}, id="another by its name"
        ),
    ],
)
def test_an_id_token_needs_its_issuer_s_own_key(machine: Machine, lie: Callable[[Any], Any]) -> None:
    machine.server.lies.keys = lie
    assert re.search("is not taken|does not publish", told(machine))


@pytest.mark.parametrize("lasts", [None, "3600", 0, True])
def test_an_access_token_says_how_long_it_lasts(machine: Machine, lasts: object) -> None:
    machine.server.lies.tokens = lambda said: {**said, "expires_in": lasts}
    assert "expires_in" in told(machine, "--use", "access")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"issuer": "https://evil.example"}, "is not about", id="it is about another issuer"),
        pytest.param({"token_endpoint": None}, "has the pool a domain?", id="it has no token endpoint"),
        pytest.param(
            {"token_endpoint": "http://evil.example/"}, "anybody on the way", id="tokens in the clear"
        ),
        pytest.param({"authorization_endpoint": "file:///etc/passwd"}, "no URL", id="a file for the browser"),
        pytest.param(
            {"authorization_endpoint": "javascript:alert(1)"}, "no URL", id="a script for the browser"
        ),
        pytest.param({"jwks_uri": "https://a b/"}, "no URL", id="keys at no URL"),
        pytest.param(
            {"code_challenge_methods_supported": ["plain"]}, "PKCE with S256", id="it takes no S256"
        ),
        pytest.param({"code_challenge_methods_supported": None}, "", id="it tells no method"),
    ],
)
def test_an_issuer_that_cannot_be_signed_in_at_safely_opens_no_browser(
    machine: Machine, changes: dict[str, Any], words: str
) -> None:
    machine.server.lies.metadata = lambda said: {**said, **changes}
    if not words:
        assert machine.login().returncode == 0
        return
    assert words in told(machine)
    assert not machine.opened


def test_an_issuer_elsewhere_has_no_endpoint_on_this_machine() -> None:
    from authorizer.errors import SignInFailed
    from authorizer.signin.discovery import _endpoint

    with pytest.raises(SignInFailed, match="expected one of the issuer's own"):
        _endpoint({"token_endpoint": "http://127.0.0.1:1/"}, "token_endpoint", "https://idp.example")


@pytest.mark.parametrize("status", [404, 302, 500])
def test_an_issuer_that_answers_otherwise_is_told_by_its_status(machine: Machine, status: int) -> None:
    machine.server.lies.status = {"/.well-known/openid-configuration": status}
    assert f"answers {status}: expected the issuer of a user pool" in told(machine)


def test_a_token_endpoint_that_sends_us_on_is_not_followed(machine: Machine) -> None:
    machine.server.lies.status = {"/token": 307}
    assert "answers 307 with no JSON" in told(machine)
    assert machine.server.count("/token") == 1


def test_nobody_waits_for_ever(machine: Machine) -> None:
    machine.browse = lambda url: None
    assert "nobody has come back from the browser within 1 s" in told(machine, "--timeout", "1")


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
