"""Bad input through the whole flow: each its own clear refusal, nothing leaked, nothing vended."""

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from authorizer.local.issuer import keys_on_disk, kid, make_key
from authorizer.runtime import VerdictError
from tests.make import make_access, sample_templates
from tests.world import World, running, sample_event

STRANGER = make_key()


class Forge:
    """Tokens that differ from a good one in one respect."""

    def __init__(self, world: World, keys: dict[str, rsa.RSAPrivateKey]) -> None:
        self._world = world
        self._keys = keys

    def token(
        self,
        *,
        use: str = "id",
        key: Any = None,
        algorithm: str = "RS256",
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        good = self._world.local.mint("editor", use)
        payload = {**jwt.decode(good, options={"verify_signature": False}), **changes}
        payload = {name: value for name, value in payload.items() if value is not None}
        headers = {"kid": kid(use), "typ": None, **(header or {})}
        signer: Any = None if algorithm == "none" else key or self._keys[use]
        return jwt.encode(payload, signer, algorithm, headers=headers)

    def public_pem(self) -> bytes:
        return (
            self._keys["id"]
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )

    def hmac(self) -> str:
        """HS256 with the public key as the secret: the oldest confusion of all."""
        import hashlib
        import hmac

        def part(value: object) -> bytes:
            return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

        payload = jwt.decode(self._world.local.mint("editor"), options={"verify_signature": False})
        signed = part({"alg": "HS256", "kid": kid("id")}) + b"." + part(payload)
        mac = hmac.new(self.public_pem(), signed, hashlib.sha256).digest()
        return (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


@pytest.fixture(scope="module")
def refusing(key_folder: Path) -> Iterator[World]:
    """One world for all tokens that must be refused: none of them may leave anything behind."""
    with running(key_folder) as here:
        yield here


@pytest.fixture(scope="module")
def forge(refusing: World, key_folder: Path) -> Forge:
    return Forge(refusing, keys_on_disk(key_folder))


def asked(token: str) -> dict[str, Any]:
    return {**sample_event("rest-token-allow"), "authorizationToken": f"Bearer {token}"}


TOKENS: list[Any] = [
    pytest.param("unauthorized", "token_malformed", lambda f: "x" * 20, id="not a JWT"),
    pytest.param("unauthorized", "token_too_large", lambda f: "x" * 65_536, id="64 KB of text"),
    pytest.param("unauthorized", "algorithm_refused", lambda f: f.token(algorithm="none"), id="alg none"),
    pytest.param(
        "unauthorized", "algorithm_refused", lambda f: f.hmac(), id="HS256 with the public key as secret"
    ),
    pytest.param(
        "unauthorized", "key_unknown", lambda f: f.token(header={"kid": "other"}), id="an unknown kid"
    ),
    pytest.param(
        "unauthorized", "signature_invalid", lambda f: f.token(key=STRANGER), id="another key's signature"
    ),
    pytest.param(
        "unauthorized",
        "issuer_unknown",
        lambda f: f.token(iss="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_OTHER0001"),
        id="another pool",
    ),
    pytest.param(
        "unauthorized", "client_refused", lambda f: f.token(aud="other"), id="another client's ID token"
    ),
    pytest.param(
        "unauthorized",
        "client_refused",
        lambda f: f.token(use="access", client_id="other"),
        id="another client",
    ),
    pytest.param(
        "unauthorized", "token_use_refused", lambda f: f.token(token_use="refresh"), id="a wrong token_use"
    ),
    pytest.param(
        "unauthorized", "token_expired", lambda f: f.token(exp=int(time.time()) - 60), id="an expired token"
    ),
    pytest.param(
        "unauthorized",
        "token_not_yet_valid",
        lambda f: f.token(nbf=int(time.time()) + 600),
        id="one not yet valid",
    ),
    pytest.param(
        "unauthorized", "token_claim_missing", lambda f: f.token(sub=None), id="a token without sub"
    ),
    pytest.param(
        "unauthorized", "token_claim_missing", lambda f: f.token(exp=None), id="a token without exp"
    ),
    pytest.param(
        "deny",
        "no_role",
        lambda f: f.token(
            **{"cognito:groups": ['*?${"}\\/:,'], "cognito:roles": None, "cognito:preferred_role": None}
        ),
        id="a group of nothing but punctuation",
    ),
    pytest.param(
        "deny",
        "role_not_listed",
        lambda f: f.token(**{"cognito:preferred_role": "arn:aws:iam::123456789012:role/Admin"}),
        id="a role that is not listed",
    ),
    pytest.param(
        "deny",
        "claim_refused",
        lambda f: f.token(**{"custom:tenant_id": "${aws:username}"}),
        id="a hostile claim",
    ),
    pytest.param("deny", "claim_refused", lambda f: f.token(sub="../other"), id="a hostile sub"),
    pytest.param(
        "deny", "claim_absent", lambda f: f.token(**{"custom:tenant_id": None}), id="a user without a tenant"
    ),
]


@pytest.mark.parametrize(("verdict", "code", "make"), TOKENS)
def test_a_bad_token_is_refused_by_name_and_vends_nothing(
    verdict: str, code: str, make: Callable[[Forge], str], refusing: World, forge: Forge
) -> None:
    world = refusing
    token = make(forge)
    decision, record = world.decide(asked(token))
    assert (decision.verdict, decision.code) == (verdict, code)
    assert world.sts.requests == []
    assert decision.response is None or '"Effect": "Allow"' not in json.dumps(decision.response)
    told = f"{world.lines[-1]}{record.refusal!r}{record.refusal}"
    for part in token.split("."):
        assert len(part) < 8 or part not in told
    assert "${aws:username}" not in told
    assert "../other" not in told.replace(json.dumps(world.last.get("sub")), "")


def test_an_unauthorized_request_raises_exactly_the_text_that_becomes_401(world: World) -> None:
    with pytest.raises(VerdictError) as caught:
        world.authorizer(sample_event("no-token-unauthorized"))
    assert str(caught.value) == "Unauthorized"
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_failure_raises_a_text_with_nothing_but_its_code(world: World) -> None:
    with pytest.raises(VerdictError) as caught:
        world.authorizer(sample_event("unknown-shape-failure"))
    assert str(caught.value) == "authorizer failure: event_unknown"


@pytest.mark.parametrize(
    ("code", "status"),
    [("AccessDenied", 403), ("MalformedPolicyDocument", 400), ("PackedPolicyTooLarge", 400), ("Weird", 418)],
)
def test_a_refusing_sts_is_a_failure_that_names_itself(code: str, status: int, world: World) -> None:
    world.sts.refuse(status, code, "User: arn:aws:sts::1:x is not authorized; canary-message")
    decision, record = world.sample("rest-token-allow")
    assert decision.verdict == "failure"
    assert decision.response is None
    assert record.credentials is None
    assert "canary-session" not in world.lines[-1]


@contextmanager
def silent_server() -> Iterator[str]:
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept: list[socket.socket] = []
        thread = threading.Thread(target=_keep, args=(server, kept), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in kept:
                connection.close()


def _keep(server: socket.socket, kept: list[socket.socket]) -> None:
    while True:
        try:
            kept.append(server.accept()[0])
        except OSError:
            return


class Hurried:
    """A Lambda context with little time left."""

    def __init__(self, milliseconds: int) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self._milliseconds


def test_a_silent_sts_is_a_failure_within_the_time_that_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch, key_folder: Path
) -> None:
    with silent_server() as endpoint, running(key_folder) as here:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", endpoint)
        begun = time.monotonic()
        decision, _ = here.authorizer.decide(
            here.local.sign_in(sample_event("rest-token-allow")), Hurried(1500)
        )
        assert decision.verdict == "failure"
        assert time.monotonic() - begun < 5


def test_unreachable_keys_are_a_failure_and_not_the_caller_s_fault(key_folder: Path) -> None:
    def unreachable(settings: Any) -> Any:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        uri = f"http://127.0.0.1:{port}/keys"
        issuers = {iss: replace(entry, jwks_uri=uri) for iss, entry in settings.issuers.items()}
        return replace(settings, issuers=issuers)

    with running(key_folder, change=unreachable) as world:
        decision, _ = world.sample("rest-token-allow")
    assert (decision.verdict, decision.code) == ("failure", "keys_unavailable")
    assert world.sts.requests == []


def test_a_policy_that_sts_would_not_take_is_a_failure(key_folder: Path) -> None:
    resources = ",".join(f'"arn:aws:s3:::bucket/{{{{ sub }}}}/{"a" * 60}{number}/*"' for number in range(25))
    statement = '{"Effect":"Allow","Action":"s3:GetObject","Resource":'
    template = (
        f'{{"Version":"2012-10-17","Statement":[{statement}"arn:aws:s3:::home/{{{{ sub }}}}/*"}}'
        f'{{% if "files:write" in scopes %}},{statement}[{resources}]}}{{% endif %}}]}}'
    )
    with_large = make_access(
        templates={**sample_templates(), "large": template}, roles={"editor": {"policies": ["large"]}}
    )

    def large(settings: Any) -> Any:
        return replace(with_large.settings, issuers=settings.issuers)

    with running(key_folder, change=large, templates=with_large.templates) as world:
        decision, record = world.sample("rest-token-allow")
    assert (decision.verdict, decision.code) == ("failure", "policy_too_large")
    assert "STS takes 2048" in str(record.refusal)
    assert world.sts.requests == []


def test_a_policy_without_an_allow_is_a_denial_and_never_an_assume_role(key_folder: Path) -> None:
    template = (
        '{"Version":"2012-10-17","Statement":[{% if "nobody" in scopes %}{"Effect":"Allow","Action":"s3:GetObject",'
        '"Resource":"arn:aws:s3:::b/{{ sub }}/*"}{% endif %}]}'
    )
    empty = make_access(
        templates={**sample_templates(), "empty": template}, roles={"editor": {"policies": ["empty"]}}
    )

    def nobody(settings: Any) -> Any:
        return replace(empty.settings, issuers=settings.issuers)

    with running(key_folder, change=nobody, templates=empty.templates) as world:
        decision, _ = world.sample("rest-token-allow")
    assert (decision.verdict, decision.code) == ("deny", "nothing_granted")
    assert world.sts.requests == []


def test_what_nobody_foresaw_is_a_failure_whose_text_stays_inside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("canary-message")

    monkeypatch.setattr("authorizer.pipeline.resolve", broken)
    decision, record = world.sample("rest-token-allow")
    assert (decision.verdict, decision.code) == ("failure", "unforeseen")
    assert "canary-message" not in world.lines[-1]
    assert "RuntimeError in test_bad_input.py" in str(record.refusal)
