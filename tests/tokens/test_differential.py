"""The same tokens before other implementations: agreement on each, or a reason why not.

joserfc is always asked. npm's aws-jwt-verify is asked where Node finds it:
``npm install --prefix DIR aws-jwt-verify`` and ``NODE_PATH=DIR/node_modules pytest tests/tokens/test_differential.py``.
"""

import asyncio
import json
import os
import subprocess
from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import joserfc.jwt
import pytest
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from authorizer.errors import KeysUnavailable, Unauthorized
from authorizer.tokens.verifier import Verifier
from tests import needs
from tests.make import PATIENT, ROOT
from tests.tokens.minting import (
    ABSENT,
    CLIENT,
    KEYS,
    NOW,
    POOL,
    access_claims,
    id_claims,
    issuer,
    issuers,
    jwk,
    key_set,
    machine_claims,
    mint,
    no_network,
)
from tests.tokens.mutations import mutated

DATES: tuple[Any, ...] = (ABSENT, None, True, "1", 0, NOW - 1, NOW, NOW + 1, NOW + 0.5, -1, 1e300, [])
TEXTS: tuple[Any, ...] = (ABSENT, None, 1, "", "another", CLIENT, [], [CLIENT], [CLIENT, "another"], {})
CHANGES: Mapping[str, tuple[Any, ...]] = {
    "exp": DATES,
    "nbf": DATES,
    "iat": DATES,
    "auth_time": DATES,
    "iss": (*TEXTS, POOL + "/", POOL.upper()),
    "sub": TEXTS,
    "aud": TEXTS,
    "client_id": TEXTS,
    "token_use": (*TEXTS, "id", "access", "refresh"),
    "cognito:groups": (*TEXTS, ["a", 1]),
    "cognito:roles": TEXTS,
    "username": TEXTS,
    "scope": (*TEXTS, "a b", "a  b"),
    "custom:tenant": TEXTS,
    "jti": TEXTS,
}
HEADERS: tuple[Mapping[str, object], ...] = (
    *({"kid": kid} for kid in (ABSENT, None, 1, "", "another", "second")),
    *({"alg": alg} for alg in (ABSENT, None, "none", "HS256", "RS384", "PS256", "rs256")),
    *({"typ": typ} for typ in ("JWT", "at+jwt", "logout+jwt", "", 1)),
    {"crit": ["exp"]},
    {"crit": []},
    {"jwk": jwk("stranger")},
    {"jku": "https://evil.example"},
)

STRICTER: Mapping[str, str] = {
    "exp": "`exp` is required, and a date in seconds between 1970 and 9999",
    "nbf": "a date that is no date is refused, not passed over",
    "iat": "`iat` is required, and must not lie in the future",
    "auth_time": "a date that is no date is refused, not passed over",
    "sub": "every Cognito token has a `sub`, of text",
    "aud": "the client of an ID token is its `aud`: each of them is one of ours",
    "client_id": "the client of an access token is its `client_id`: a text",
    "token_use": "an ID token has its client in `aud`, an access token in `client_id`",
    "cognito:groups": "groups decide: they are an array of texts, or absent",
    "cognito:roles": "roles decide: they are an array of texts, or a text",
    "username": "a name that is no text is refused",
    "scope": "scopes decide: one text, one space between two of them",
    "jti": "a `jti` is a text, and an empty one is none",
    "header": "a `kid` names the key, `typ` says token, and `crit` is never understood",
    "mutation": "JSON with two meanings, text with two encodings, dates of the wrong type",
}
"""Where we may be stricter: what was changed, and why it is refused here."""


@cache
def generated() -> tuple[tuple[str, str], ...]:
    """(what was changed, token): every change to every kind of token, and a thousand mutations."""
    found = [
        (name, mint({**claims, name: value} if value is not ABSENT else _without(claims, name)))
        for claims, (name, values) in product(
            (id_claims(), access_claims(), machine_claims()), CHANGES.items()
        )
        for value in values
    ]
    found += [
        ("header", mint(claims, header=header))
        for claims, header in product((id_claims(), access_claims()), HEADERS)
    ]
    found += [("key", mint(id_claims(), key="stranger")), ("key", mint(access_claims(), key="stranger"))]
    found += [("nothing", mint(claims)) for claims in (id_claims(), access_claims(), machine_claims())]
    found += [("mutation", token) for _, token in mutated(1_000, seed=3)]
    return tuple(found)


def _without(claims: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in claims.items() if key != name}


JWKS = key_set(jwk(), jwk("next", kid="second"))


@cache
def ours() -> tuple[bool, ...]:
    async def judged() -> tuple[bool, ...]:
        verifier = Verifier(issuers(issuer(pinned_keys=JWKS.decode())), KEYS, fetch=no_network)
        verdicts = []
        for _, token in generated():
            try:
                await verifier.verify(token, NOW, PATIENT)
                verdicts.append(True)
            except (Unauthorized, KeysUnavailable):
                verdicts.append(False)
        return tuple(verdicts)

    return asyncio.run(judged())


def joserfc_takes(token: str, keys: KeySet) -> bool:
    """What a careful user of joserfc would write for a Cognito pool."""
    try:
        claims = joserfc.jwt.decode(token, keys, algorithms=["RS256"]).claims
        client = "client_id" if claims.get("token_use") == "access" else "aud"
        options: Any = {client: {"essential": True, "value": CLIENT}}
        joserfc.jwt.JWTClaimsRegistry(
            now=lambda: NOW,
            leeway=0,
            iss={"essential": True, "value": POOL},
            exp={"essential": True},
            token_use={"essential": True, "values": ["id", "access"]},
            **options,
        ).validate(claims)
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        return False
    return True


def compare(theirs: list[bool], laxer: Mapping[str, str]) -> Counter[str]:
    """How often only we refuse, by what was changed; fails where verdicts differ without a reason."""
    stricter: Counter[str] = Counter()
    for (changed, token), we_take, they_take in zip(generated(), ours(), theirs, strict=True):
        if we_take and not they_take:
            assert token in laxer, f"taken by us alone: {changed}: {token}"
        if they_take and not we_take:
            assert changed in STRICTER, f"refused by us alone: {changed}: {token}"
            stricter[changed] += 1
    return stricter


def test_enough_tokens_of_both_kinds() -> None:
    assert len(set(generated())) >= 500
    assert sum(ours()) >= 50


def test_joserfc_agrees_or_there_is_a_reason() -> None:
    keys = KeySet.import_key_set(json.loads(JWKS))
    stricter = compare(
        [joserfc_takes(token, keys) for _, token in generated()],
        laxer={
            mint(claims, header={"jwk": jwk("stranger")}): "joserfc reads headers up to 512 octets, "
            "and this one carries a key, which is not read here"
            for claims in (id_claims(), access_claims())
        },
    )
    assert set(stricter) <= set(STRICTER)
    assert stricter.total() >= 100, "the generated tokens reach what we are stricter about"


def test_aws_jwt_verify_agrees_or_there_is_a_reason() -> None:
    node = needs.node()
    script = Path(__file__).with_name("aws_jwt_verify.cjs")
    given = {
        "now": NOW,
        "pool": POOL.rpartition("/")[2],
        "client": CLIENT,
        "jwks": json.loads(JWKS),
        "tokens": [token for _, token in generated()],
    }
    looked = os.pathsep.join(
        (str(ROOT / "build/aws-jwt-verify/node_modules"), os.environ.get("NODE_PATH", ""))
    )
    ran = subprocess.run(
        [node, str(script)],
        env={**os.environ, "NODE_PATH": looked},
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "Cannot find module 'aws-jwt-verify'" in ran.stderr:
        pytest.skip(
            "aws-jwt-verify is not installed: npm install --prefix build/aws-jwt-verify aws-jwt-verify"
        )
    assert ran.returncode == 0, ran.stderr
    one = mint({**id_claims(), "aud": [CLIENT]})
    stricter = compare(
        json.loads(ran.stdout), laxer={one: "an array of one audience is one (RFC 7519 §4.1.3)"}
    )
    assert stricter.total() >= 100
