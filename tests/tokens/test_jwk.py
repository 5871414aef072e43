"""Which keys of a set are used, which are passed over, and which sets are refused whole."""

import json
from math import prod
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from authorizer.tokens.jwk import MAX_KEYS, KeySetRefused, parse_key_set
from tests.tokens.judge import RS256
from tests.tokens.minting import ABSENT, KID, base64url, jwk, key_set, uint
from tests.tokens.rsa_keys import private_key

MODULUS = private_key().public_key().public_numbers().n

UNFIT: list[Any] = [
    pytest.param({"kty": "EC"}, "`kty`", id="kty EC"),
    pytest.param({"kty": "oct"}, "`kty`", id="kty oct"),
    pytest.param({"kty": "rsa"}, "`kty`", id="kty in small letters"),
    pytest.param({"kty": ABSENT}, "`kty`", id="no kty"),
    pytest.param({"use": "enc"}, "`use`", id="use enc"),
    pytest.param({"use": "SIG"}, "`use`", id="use in capitals"),
    pytest.param({"use": None}, "`use`", id="use null"),
    pytest.param({"use": ["sig"]}, "`use`", id="use in an array"),
    pytest.param({"key_ops": ["encrypt"]}, "`key_ops`", id="key_ops encrypt"),
    pytest.param({"key_ops": ["sign"]}, "`key_ops`", id="key_ops sign alone"),
    pytest.param({"key_ops": ["verify", "encrypt"]}, "`key_ops`", id="key_ops with another use besides"),
    pytest.param({"key_ops": []}, "`key_ops`", id="key_ops empty"),
    pytest.param({"key_ops": "verify"}, "`key_ops`", id="key_ops a text"),
    pytest.param({"key_ops": None}, "`key_ops`", id="key_ops null"),
    pytest.param({"alg": "RS512"}, "`alg`", id="alg RS512"),
    pytest.param({"alg": "PS256"}, "`alg`", id="alg PS256"),
    pytest.param({"alg": "RSA-OAEP"}, "`alg`", id="alg for encryption"),
    pytest.param({"alg": None}, "`alg`", id="alg null"),
    pytest.param({"d": uint(3)}, "private key", id="a private key"),
    pytest.param({"n": ABSENT}, "Base64urlUInt", id="no n"),
    pytest.param({"e": ABSENT}, "Base64urlUInt", id="no e"),
    pytest.param({"n": MODULUS}, "Base64urlUInt", id="n a number"),
    pytest.param({"n": ""}, "Base64urlUInt", id="n empty"),
    pytest.param({"n": uint(MODULUS) + "="}, "Base64urlUInt", id="n padded"),
    pytest.param({"n": "ü"}, "Base64urlUInt", id="n not base64url"),
    pytest.param({"n": "\ud800"}, "surrogate", id="n with half a surrogate pair"),
    pytest.param(
        {"n": base64url(b"\0" + MODULUS.to_bytes(256))}, "Base64urlUInt", id="n with a zero octet before it"
    ),
    pytest.param({"n": uint(MODULUS - 1)}, "modulus", id="n even"),
    pytest.param({"n": uint(MODULUS >> 1 | 1)}, "modulus", id="n of 2,047 bits"),
    pytest.param({"n": uint((1 << 8192) | 1)}, "modulus", id="n of 8,193 bits"),
    pytest.param({"e": uint(1)}, "exponent", id="e 1, under which every text signs itself"),
    pytest.param({"e": uint(3)}, "exponent", id="e 3"),
    pytest.param({"e": uint(65_535)}, "exponent", id="e just below the least"),
    pytest.param({"e": uint(65_538)}, "exponent", id="e even"),
    pytest.param({"e": uint(2**256 + 1)}, "exponent", id="e beyond 256 bits"),
    pytest.param({"kid": ABSENT}, "no `kid`", id="no kid"),
    pytest.param({"kid": ""}, "no `kid`", id="kid empty"),
    pytest.param({"kid": 1}, "no `kid`", id="kid a number"),
    pytest.param({"kid": "x" * 257}, "no `kid`", id="kid too long"),
]


@pytest.mark.parametrize(("changes", "reason"), UNFIT)
def test_a_key_is_passed_over_and_the_others_serve(changes: dict[str, Any], reason: str) -> None:
    unfit = jwk(**{"kid": "unfit", **changes})
    with pytest.raises(KeySetRefused) as refused:
        parse_key_set(key_set(unfit), RS256)
    assert reason in str(refused.value)
    if "surrogate" not in reason:
        assert list(parse_key_set(key_set(unfit, jwk()), RS256)) == [KID]


SMALL_PRIMES = [
    number for number in range(3, 168, 2) if all(number % divisor for divisor in range(3, number, 2))
]
"""Those by which the flawed generator is known (Nemec et al., §2.3): 3 to 167."""


def of_2048_bits(rest: int, product: int) -> int:
    """An odd number of that length which leaves `rest`."""
    number = rest + product * ((1 << 2047) // product + 1)
    return number + product * (1 - number % 2)


@pytest.mark.parametrize("prime", SMALL_PRIMES)
def test_a_key_that_one_small_prime_clears_is_no_roca_key(prime: int) -> None:
    """A chance that each of them takes a part of: without one, sound keys would be refused more often."""
    product = prod(SMALL_PRIMES)
    others = product // prime
    zero_of_one = others * pow(others, -1, prime)  # one modulo `prime`, nothing modulo the others
    modulus = of_2048_bits((1 - zero_of_one) % product, product)
    assert [other for other in SMALL_PRIMES if modulus % other != 1] == [prime]
    assert list(parse_key_set(key_set(jwk(n=uint(modulus))), RS256)) == [KID]


def test_a_roca_key_is_passed_over() -> None:
    """A number of the flawed generator's form: a power of 65537 modulo the product of the small primes."""
    product = prod(SMALL_PRIMES)
    modulus = of_2048_bits(pow(65_537, 12_345, product), product)
    with pytest.raises(KeySetRefused, match="CVE-2017-15361"):
        parse_key_set(key_set(jwk(n=uint(modulus))), RS256)
    with pytest.raises(KeySetRefused, match="CVE-2017-15361"):
        parse_key_set(key_set(jwk(n=uint(modulus + 2 * product * 65_537))), RS256)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="as Cognito publishes it"),
        pytest.param({"use": ABSENT}, id="no use"),
        pytest.param({"alg": ABSENT}, id="no alg"),
        pytest.param({"key_ops": ["verify"]}, id="key_ops verify"),
        pytest.param({"key_ops": ["verify", "sign"]}, id="key_ops of a signing pair"),
        pytest.param(
            {"x5c": ["MII"], "x5t": "x", "crv": "P-256", "issuer": "https://x"},
            id="members that nobody reads",
        ),
        pytest.param({"e": uint(2**256 - 1)}, id="the largest exponent"),
        pytest.param({"kid": "x" * 256}, id="the longest kid"),
        pytest.param({"n": uint((1 << 8191) | 1)}, id="the longest modulus"),
    ],
)
def test_a_key_is_used(changes: dict[str, Any]) -> None:
    entry = jwk(**changes)
    (kid, key), *others = parse_key_set(key_set(entry), RS256).items()
    assert not others
    assert isinstance(key, RSAPublicKey)
    assert kid == entry["kid"]
    assert uint(key.public_numbers().n) == entry["n"]
    assert uint(key.public_numbers().e) == entry["e"]


@pytest.mark.parametrize(
    ("document", "text"),
    [
        pytest.param(b"", "not JSON", id="nothing"),
        pytest.param(b"[]", "not a JSON object", id="an array"),
        pytest.param(b'{"keys":{}}', "no list of `keys`: found an object", id="keys an object"),
        pytest.param(b'{"keys":null}', "no list of `keys`: found null", id="keys null"),
        pytest.param(b'{"keys":[],"keys":[]}', "two members of one name", id="keys twice"),
        pytest.param(b'{"keys":[]}', "it is empty", id="keys empty"),
        pytest.param(b'{"keys":[null,1,"x",[]]}', "key 3 has no `kid`", id="keys of no keys"),
        pytest.param(
            json.dumps({"keys": [jwk(kid=str(i)) for i in range(MAX_KEYS + 1)]}).encode(),
            "has 101 keys: expected 100 at most",
            id="too many",
        ),
        pytest.param(key_set(jwk(), jwk()), "two keys with the `kid`", id="one key twice"),
        pytest.param(key_set(jwk(), jwk("next")), "two keys with the `kid`", id="two keys of one kid"),
        pytest.param(
            key_set(jwk(), jwk("next", use="enc")),
            "two keys with the `kid`",
            id="a kid shared with an unfit key",
        ),
    ],
)
def test_a_set_is_refused(document: bytes, text: str) -> None:
    with pytest.raises(KeySetRefused) as refused:
        parse_key_set(document, RS256)
    assert text in str(refused.value)


def test_a_set_of_as_many_keys_as_are_taken() -> None:
    entries = [jwk(kid=str(i)) for i in range(MAX_KEYS)]
    assert len(parse_key_set(key_set(*entries), RS256)) == MAX_KEYS
