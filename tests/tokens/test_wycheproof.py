"""Wycheproof's JWS and JWK vectors (C2SP/wycheproof), each with what becomes of it here.

Run with `-v` for the list: every vector's name ends in `taken` or `refused`. The vectors sign texts such as
"foo", which no verifier of tokens takes as a payload, so they are judged by the form, the key set and the
signature.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from authorizer.tokens.algorithms import ALGORITHMS
from authorizer.tokens.jwk import KeySetRefused, parse_key_set
from tests.others import OTHERS
from tests.tokens.judge import is_taken

VECTORS = OTHERS / "wycheproof"

STRICTER: Mapping[tuple[str, int], str] = {
    (
        "json_web_signature_test",
        259,
    ): "an empty payload is no claims set, so it is refused before its signature",
}
"""Vectors that are valid for a JWS library and refused here, each with its reason."""

UNUSABLE_KEYS: Mapping[tuple[str, int], str] = {
    ("json_web_signature_test", 353): "`use`",
    ("json_web_signature_test", 354): "`use`",
    ("json_web_signature_test", 355): "`key_ops`",
    ("json_web_signature_test", 356): "`key_ops`",
    ("json_web_key_test", 4): "two keys with the `kid`",
    ("json_web_key_test", 6): "`use`",
    ("json_web_key_test", 7): "CVE-2017-15361",
    ("json_web_key_test", 8): "modulus",
    ("json_web_key_test", 9): "exponent",
    ("json_web_key_test", 19): "`alg`",
    ("json_web_key_test", 20): "`alg`",
    ("json_web_key_test", 21): "`use`",
    ("json_web_key_test", 23): "`crv`",
    ("json_web_key_test", 24): "`kty`",
}
"""Vectors whose key, or whose key set, must be refused whatever it signs; and why it is."""


def groups(name: str) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each group's key set, and its vectors."""
    found = json.loads((VECTORS / f"{name}.json").read_text())["testGroups"]
    keys = [group.get("public") or group["private"] for group in found]
    return [
        (key if "keys" in key else {"keys": [key]}, group["tests"])
        for key, group in zip(keys, found, strict=True)
    ]


def pinned(key_set: dict[str, Any]) -> str:
    """What an issuer of such keys signs with: what they say, or the one algorithm of ours that has such keys."""
    said: list[str] = [key["alg"] for key in key_set["keys"] if key.get("alg") in ALGORITHMS]
    types = [key["kty"] for key in key_set["keys"]]
    return next(iter([*said, *(alg for alg in ALGORITHMS if ALGORITHMS[alg].kty in types), "RS256"]))


def vectors() -> Iterator[Any]:
    for name in ("json_web_signature_test", "json_web_key_test"):
        for key_set, tests in groups(name):
            alg = pinned(key_set)
            ours = {key.get("alg", alg) for key in key_set["keys"]} == {alg}
            for vector in tests:
                taken = vector["result"] == "valid" and ours and (name, vector["tcId"]) not in STRICTER
                title = f"{name} {vector['tcId']} {vector['comment']}: {'taken' if taken else 'refused'}"
                yield pytest.param(key_set, vector, alg, taken, id=title)


@pytest.mark.parametrize(("key_set", "vector", "alg", "taken"), list(vectors()))
def test_vector(key_set: dict[str, Any], vector: dict[str, Any], alg: str, taken: bool) -> None:
    jws = vector["jws"]
    text = jws if isinstance(jws, str) else json.dumps(jws)
    assert is_taken(text, json.dumps(key_set).encode(), alg) is taken


@pytest.mark.parametrize(("vector", "reason"), UNUSABLE_KEYS.items(), ids=str)
def test_the_key_of_a_vector_is_refused(vector: tuple[str, int], reason: str) -> None:
    name, number = vector
    (key_set,) = (key_set for key_set, tests in groups(name) for test in tests if test["tcId"] == number)
    with pytest.raises(KeySetRefused) as refused:
        parse_key_set(json.dumps(key_set).encode(), ALGORITHMS[pinned(key_set)])
    assert reason in str(refused.value)
