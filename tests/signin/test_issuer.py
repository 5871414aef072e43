"""What an issuer says of itself and of a person: believed only where all of it fits."""

import base64
import json
import math
import re
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.api_jws import PyJWS

from authorizer.errors import SignInFailed
from authorizer.signin.discovery import _endpoint
from tests.servers.authorization_server import CLIENT
from tests.signin.conftest import Machine, refused


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
        pytest.param({"exp": math.inf}, "is not taken", id="that ends never"),
        pytest.param({"iat": -math.inf}, "is not taken", id="that was always there"),
        pytest.param({"exp": math.nan}, "is not taken", id="that ends at no number"),
        pytest.param({"exp": 1e300}, "beyond the year 9999", id="that ends when nobody counts any more"),
        pytest.param({"token_use": "access"}, "token_use", id="that is an access token"),
    ],
)
def test_an_id_token_that_is_not_of_this_sign_in_is_not_kept(
    machine: Machine, claims: dict[str, Any], words: str
) -> None:
    machine.server.lies.claims = lambda said: {**said, **claims}
    assert words in refused(machine)


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
            lambda said: {
                **said,
                "id_token": forged(
                    said["id_token"],
                    alg="RS256",
                    kid="local/id+key=",
                    crit=["\x1b[2Jhello\n"],
                    **{"\x1b[2Jhello\n": 1},
                ),
            },
            "?[2Jhello?",
            id="one that names an extension in what a terminal obeys",
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
    assert words in refused(machine)


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
        pytest.param(lambda said: published(said, alg="none"), id="a key to sign nothing with"),
        pytest.param(lambda said: published(said, alg=["RS256"]), id="a key of several algorithms"),
        pytest.param(lambda said: published(said, kty="oct", alg=None), id="a shared secret that is missing"),
        pytest.param(lambda said: {"keys": [private()]}, id="a key that is no public one"),
    ],
)
def test_an_id_token_needs_its_issuer_s_own_key(machine: Machine, lie: Callable[[Any], Any]) -> None:
    machine.server.lies.keys = lie
    assert re.search("is not taken|does not publish", refused(machine))


def published(said: Any, **changes: Any) -> dict[str, Any]:
    """The key set with these changes to each key."""
    return {"keys": [{**key, **changes} for key in said["keys"]]}


@cache
def key_of(algorithm: str) -> Any:
    """A private key for it."""
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def jwk(key: Any, algorithm: str) -> dict[str, Any]:
    text = jwt.get_algorithm_by_name(algorithm).to_jwk(key)
    return {**json.loads(text), "kid": "own", "alg": algorithm}


def private() -> dict[str, Any]:
    """Under the name of the issuer's own."""
    return {**jwk(key_of("RS256"), "RS256"), "kid": "local/id+key="}


def sign_with(machine: Machine, changes: Mapping[str, Any], algorithm: str = "RS256") -> None:
    """Have the ID token signed so, with these changes of its claims; None leaves one out."""

    def again(said: dict[str, Any]) -> dict[str, Any]:
        claims = {**jwt.decode(said["id_token"], options={"verify_signature": False}), **changes}
        left = {name: value for name, value in claims.items() if value is not None}
        signed = PyJWS().encode(json.dumps(left).encode(), key_of(algorithm), algorithm, {"kid": "own"})
        return {**said, "id_token": signed}

    machine.server.lies.tokens = again
    machine.server.lies.keys = lambda _: {"keys": [jwk(key_of(algorithm).public_key(), algorithm)]}


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_an_id_token_is_signed_with_what_issuers_sign_with(machine: Machine, algorithm: str) -> None:
    sign_with(machine, {}, algorithm)
    assert machine.login().returncode == 0


def test_an_id_token_is_not_signed_with_what_no_issuer_signs_with(machine: Machine) -> None:
    """Though its key is published for that."""
    sign_with(machine, {}, "RS512")
    assert "InvalidAlgorithmError" in refused(machine)


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "iat"])
def test_an_id_token_says_whose_it_is_and_until_when(machine: Machine, claim: str) -> None:
    sign_with(machine, {claim: None})
    assert f'MissingRequiredClaimError ("Token is missing the \\"{claim}\\" claim")' in refused(
        machine, "--use", "access"
    )


@pytest.mark.parametrize(
    ("claim", "ago", "word"),
    [
        pytest.param("exp", 30, "", id="over for half a minute"),
        pytest.param("exp", 90, "ExpiredSignatureError", id="over for longer"),
        pytest.param("iat", -30, "", id="issued half a minute ahead"),
        pytest.param("iat", -90, "ImmatureSignatureError", id="issued further ahead"),
        pytest.param("nbf", -30, "", id="from half a minute ahead on"),
        pytest.param("nbf", -90, "ImmatureSignatureError", id="from further ahead on"),
    ],
)
def test_the_two_clocks_may_differ_by_a_minute(machine: Machine, claim: str, ago: int, word: str) -> None:
    sign_with(machine, {claim: int(time.time()) - ago})
    if word:
        assert word in refused(machine, "--use", "access")
    else:
        assert machine.login("--use", "access").returncode == 0


def test_an_id_token_may_name_its_app_client_in_a_list(machine: Machine) -> None:
    sign_with(machine, {"aud": [CLIENT]})
    assert machine.login().returncode == 0


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"cognito:username": "c", "email": "e", "preferred_username": "p", "sub": "s"}, "c"),
        ({"cognito:username": None, "email": "e", "preferred_username": "p", "sub": "s"}, "e"),
        ({"cognito:username": None, "email": None, "preferred_username": "p", "sub": "s"}, "p"),
        ({"cognito:username": None, "email": None, "preferred_username": None, "sub": "s"}, "s"),
        ({"cognito:username": 1, "email": ["x"], "preferred_username": {}, "sub": "s"}, "s"),
    ],
)
def test_who_signs_in_is_told_by_the_first_name_that_is_there(
    machine: Machine, claims: dict[str, Any], name: str
) -> None:
    sign_with(machine, claims)
    assert f" as {name}: " in machine.login().stderr


@pytest.mark.parametrize(
    ("use", "lasts", "expected"),
    [
        pytest.param("access", 1000, 1000, id="an access token, as the answer says"),
        pytest.param("id", 1000, 3600, id="an ID token, as it says itself"),
        pytest.param("id", None, 3600, id="an ID token where the answer says nothing"),
    ],
)
def test_each_token_ends_when_it_is_said_to(
    machine: Machine, use: str, lasts: int | None, expected: float
) -> None:
    machine.server.lies.tokens = lambda said: {**said, "expires_in": lasts}
    assert machine.login("--use", use).returncode == 0
    assert machine.keyring.entry["expires"] == pytest.approx(time.time() + expected, abs=30)


@pytest.mark.parametrize(
    ("token", "is_one"),
    [
        pytest.param("x" * 16_384, True, id="as long as any"),
        pytest.param("x" * 16_385, False, id="longer"),
        pytest.param("", False, id="empty"),
        pytest.param("\u00e4", False, id="no ASCII"),
        pytest.param("a\tb", False, id="with a tabulator"),
        pytest.param("a b", False, id="with a space"),
    ],
)
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_a_token_can_stand_in_a_header(machine: Machine, name: str, token: str, is_one: bool) -> None:
    machine.server.lies.tokens = lambda said: {**said, name: token}
    if is_one:
        assert machine.login("--use", "access").returncode == 0
    else:
        assert f"has no {name} that can be used" in refused(machine, "--use", "access")


@pytest.mark.parametrize("lasts", [None, "3600", 0, True])
def test_an_access_token_says_how_long_it_lasts(machine: Machine, lasts: object) -> None:
    machine.server.lies.tokens = lambda said: {**said, "expires_in": lasts}
    assert "expires_in" in refused(machine, "--use", "access")


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
        pytest.param(
            {"code_challenge_methods_supported": "S256"}, "PKCE with S256", id="its methods are one word"
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
    assert words in refused(machine)
    assert not machine.opened


def test_an_issuer_elsewhere_has_no_endpoint_on_this_machine() -> None:
    with pytest.raises(SignInFailed, match="expected one of the issuer's own"):
        _endpoint({"token_endpoint": "http://127.0.0.1:1/"}, "token_endpoint", "https://idp.example")


@pytest.mark.parametrize("status", [404, 302, 500])
def test_an_issuer_that_answers_otherwise_is_told_by_its_status(machine: Machine, status: int) -> None:
    machine.server.lies.status = {"/.well-known/openid-configuration": status}
    assert f"answers {status}: expected the issuer of a user pool" in refused(machine)


def test_a_token_endpoint_that_sends_us_on_is_not_followed(machine: Machine) -> None:
    machine.server.lies.status = {"/token": 307}
    assert "answers 307 with no JSON" in refused(machine)
    assert machine.server.count("/token") == 1


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        pytest.param(253_402_300_800, "year 9999", id="year 10000"),
        pytest.param(10**400, "year 9999", id="400 digits"),
        pytest.param(float("inf"), "must be an integer", id="never"),
    ],
)
def test_a_token_that_outlives_every_date_is_refused(machine: Machine, ends: float, words: str) -> None:
    machine.server.lies.claims = lambda said: {**said, "exp": ends}
    assert words in refused(machine)


def test_one_of_the_last_second_that_there_is_a_date_for_is_not(machine: Machine) -> None:
    machine.server.lies.claims = lambda said: {**said, "exp": 253_402_300_799}
    assert machine.login().returncode == 0


@pytest.mark.parametrize("lasts", [10**12, 10**400], ids=["31,000 years", "400 digits"])
def test_nor_is_an_access_token_kept_that_does(machine: Machine, lasts: int) -> None:
    machine.server.lies.tokens = lambda said: {**said, "expires_in": lasts}
    assert "year 9999" in refused(machine, "--use", "access")
