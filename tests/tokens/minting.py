"""Tokens, key sets and issuers for tests. A test states only what differs: `token(exp=PAST)`."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from authorizer.model import Claims
from authorizer.settings.schema import Issuer, Keys
from authorizer.tokens.fetch import FetchFailed
from tests import make
from tests.tokens.rsa_keys import private_key, signature

NOW = int(make.NOW)
"""A token says whole seconds."""
POOL = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example1"
OIDC = "https://login.example.com"
CLIENT = "1example23456789"
KID = "id+signing/key="
SUB = make.SUB
ABSENT: Any = type("Absent", (), {"__repr__": lambda _: "absent"})()
"""A change that takes the member away."""

KEYS = Keys(timeout=2.0, max_age=3600.0, grace=7200.0, cooldown=10.0)


def base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def uint(number: int) -> str:
    return base64url(number.to_bytes((number.bit_length() + 7) // 8))


def jwk(name: str = "genuine", /, **changes: object) -> dict[str, object]:
    """The public key `name` as Cognito publishes it."""
    numbers = private_key(name).public_key().public_numbers()
    entry: dict[str, object] = {
        "kid": KID,
        "alg": "RS256",
        "kty": "RSA",
        "e": uint(numbers.e),
        "n": uint(numbers.n),
        "use": "sig",
    }
    return changed(entry, changes)


def key_set(*entries: object) -> bytes:
    return json.dumps({"keys": entries or [jwk()]}).encode()


def changed(members: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**members, **changes}.items() if value is not ABSENT}


def id_claims(**changes: object) -> dict[str, object]:
    """An ID token's payload, as the Developer Guide shows one."""
    claims = {
        "sub": SUB,
        "cognito:groups": ["editors", "viewers"],
        "email_verified": True,
        "cognito:preferred_role": "arn:aws:iam::111122223333:role/editor",
        "iss": POOL,
        "cognito:username": "ana",
        "cognito:roles": [
            "arn:aws:iam::111122223333:role/editor",
            "arn:aws:iam::111122223333:role/viewer",
        ],
        "aud": CLIENT,
        "event_id": "64f513be-32db-42b0-b78e-b02127b4f463",
        "token_use": "id",
        "auth_time": NOW - 60,
        "exp": NOW + 3540,
        "iat": NOW - 60,
        "email": "ana@example.com",
        "custom:tenant_id": "t-1",
    }
    return changed(claims, changes)


def access_claims(**changes: object) -> dict[str, object]:
    """An access token's payload, as the Developer Guide shows one."""
    claims = {
        "sub": SUB,
        "cognito:groups": ["editors"],
        "iss": POOL,
        "version": 2,
        "client_id": CLIENT,
        "token_use": "access",
        "scope": "openid files/read",
        "auth_time": NOW - 60,
        "exp": NOW + 3540,
        "iat": NOW - 60,
        "jti": "0b5b3d3e-3ef4-4b0c-9a4c-3f1f5f2a8f11",
        "username": "ana",
    }
    return changed(claims, changes)


def machine_claims(**changes: object) -> dict[str, object]:
    """The payload of a client-credentials token."""
    return access_claims(**{"sub": CLIENT, "username": ABSENT, "cognito:groups": ABSENT, **changes})


def signed(header: bytes, payload: bytes, key: str = "genuine") -> str:
    """Any two octet strings, signed: what a broken or malicious issuer could send."""
    signing_input = f"{base64url(header)}.{base64url(payload)}"
    return f"{signing_input}.{base64url(signature(signing_input.encode(), key))}"


def mint(
    claims: Mapping[str, object], *, key: str = "genuine", header: Mapping[str, object] | None = None
) -> str:
    """These claims, signed under the usual header with changes."""
    head = changed({"kid": KID, "alg": "RS256"}, header or {})
    return signed(json.dumps(head).encode(), json.dumps(claims).encode(), key)


def id_token(**changes: object) -> str:
    return mint(id_claims(**changes))


def access_token(**changes: object) -> str:
    return mint(access_claims(**changes))


def issuer(**changes: Any) -> Issuer:
    """The user pool of the tests, with its keys pinned."""
    values: dict[str, Any] = {
        "name": POOL.rpartition("/")[2],
        "kind": "cognito",
        "issuer": POOL,
        "jwks_uri": f"{POOL}/.well-known/jwks.json",
        "client_ids": frozenset({CLIENT}),
        "token_use": frozenset({"id", "access"}),
        "leeway": 0.0,
        "max_lifetime": None,
        "max_auth_age": None,
        "pinned_keys": key_set().decode(),
    }
    return Issuer(**{**values, **changes})


def issuers(*listed: Issuer) -> dict[str, Issuer]:
    return {one.issuer: one for one in listed or (issuer(),)}


async def no_network(uri: str, _: float) -> bytes:
    """A fetch for verifiers whose keys are all pinned."""
    raise FetchFailed(f"'{uri}' is not to be asked here")


def members(claims: Claims) -> dict[str, Any]:
    """Claims as plain members, to compare with a literal."""
    return {field.name: getattr(claims, field.name) for field in fields(claims)}
