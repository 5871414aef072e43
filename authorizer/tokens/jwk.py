"""A JWKS document (RFC 7517 §5) → the keys in it that may verify an RS256 signature."""

from collections.abc import Callable, Mapping
from typing import Final, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from authorizer.tokens.base64url import octets_of
from authorizer.tokens.compact import ALGORITHM, MAX_KID
from authorizer.tokens.strict_json import JsonRefused, parse_object

MAX_KEYS = 100
"""Most keys in one set. Cognito's have two; big OpenID providers' some ten."""
MIN_MODULUS, MAX_MODULUS = 2048, 8192
"""Bits of an RSA modulus: from RFC 7518 §3.3's least to where one verification costs more than ten of the usual."""
MIN_EXPONENT, MAX_EXPONENT = 65_537, 2**256 - 1
"""FIPS 186-5 §5.4: odd, and 2¹⁶ < e < 2²⁵⁶. An exponent of 1 makes every text its own signature."""
_ROCA_PRIMES: Final = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71,
    73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
)  # fmt: skip


_SIGNING: Final = ("sign", "verify")


class KeySetRefused(ValueError):
    """The document is no key set that can be used. The text says why."""


def parse_key_set(document: bytes) -> dict[str, RSAPublicKey]:
    """The usable keys by `kid`; never empty.

    Keys of another type, use or algorithm are passed over, as RFC 7517 §5 asks. A `kid` that occurs twice
    condemns the whole set, whatever the two keys are: a reader must not depend on which one comes first.
    Raises `KeySetRefused`.
    """
    try:
        entries = parse_object(document).get("keys")
    except JsonRefused as refused:
        raise KeySetRefused(f"the key set is refused: {refused}") from None
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise KeySetRefused(f"the key set has no `keys`, or more than {MAX_KEYS} of them")
    usable: dict[str, RSAPublicKey] = {}
    passed_over: list[str] = []
    seen: set[str] = set()
    for position, entry in enumerate(entries):
        kid = entry.get("kid") if isinstance(entry, dict) else None
        if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID:
            passed_over.append(f"key {position} has no `kid`")
            continue
        if kid in seen:
            raise KeySetRefused(f"the key set has two keys with the `kid` {kid!r}")
        seen.add(kid)
        key = _key_of(entry)
        if isinstance(key, str):
            passed_over.append(f"key {position} {key}")
        else:
            usable[kid] = key
    if not usable:
        raise KeySetRefused("the key set has no usable key: " + ("; ".join(passed_over) or "it is empty"))
    return usable


def _key_of(entry: Mapping[str, object]) -> RSAPublicKey | str:
    """The public key, or why the entry has none that is usable."""
    for fault, is_faulty in _FAULTS:
        if is_faulty(entry):
            return fault
    modulus, exponent = _integer(entry.get("n")), _integer(entry.get("e"))
    if modulus is None or exponent is None:
        return "has an `n` or `e` that is not a Base64urlUInt"
    for fault, is_weak in _WEAKNESSES:
        if is_weak(modulus, exponent):
            return fault
    # Only the two public members go in: what else stands in the entry must not change what is made of it.
    public = {"kty": "RSA", "n": str(entry["n"]), "e": str(entry["e"])}
    return cast(RSAPublicKey, RSAAlgorithm.from_jwk(public))


def _may_verify(operations: object) -> bool:
    """RFC 7517 §4.3: `key_ops` is an array; a signing pair's holds `verify`, perhaps `sign`, nothing else."""
    return (
        isinstance(operations, list) and "verify" in operations and all(op in _SIGNING for op in operations)
    )


def _integer(text: object) -> int | None:
    """A Base64urlUInt (RFC 7518 §2): big-endian, "the minimum number of octets", so no leading zero."""
    octets = octets_of(text.encode()) if isinstance(text, str) else None
    return int.from_bytes(octets) if octets and octets[0] else None


def _is_roca(modulus: int) -> bool:
    """The fingerprint of CVE-2017-15361 (Nemec et al., "The Return of Coppersmith's Attack", §2.3): primes of
    the flawed generator are powers of 65537 modulo each small prime, so their product is too. A sound modulus
    passes all 38 by a chance of 2⁻²⁷ or less."""
    for prime in _ROCA_PRIMES:
        power, powers = 1, set[int]()
        while power not in powers:
            powers.add(power)
            power = power * 65_537 % prime
        if modulus % prime not in powers:
            return False
    return True


_FAULTS: Final[tuple[tuple[str, Callable[[Mapping[str, object]], bool]], ...]] = (
    ("is not an RSA key", lambda key: key.get("kty") != "RSA"),
    ("is not for signatures: `use`", lambda key: key.get("use", "sig") != "sig"),
    ("is not for verifying: `key_ops`", lambda key: not _may_verify(key.get("key_ops", ["verify"]))),
    (f"is not for {ALGORITHM}: `alg`", lambda key: key.get("alg", ALGORITHM) != ALGORITHM),
    ("is a private key: whoever reads this document can sign tokens", lambda key: "d" in key),
)
"""What a key says of itself (RFC 7517 §4), none of which PyJWT asks when it is given the key."""

_WEAKNESSES: Final[tuple[tuple[str, Callable[[int, int], bool]], ...]] = (
    (
        f"has a modulus that is even, or not of {MIN_MODULUS} to {MAX_MODULUS} bits",
        lambda modulus, _: modulus % 2 == 0 or not MIN_MODULUS <= modulus.bit_length() <= MAX_MODULUS,
    ),
    (
        f"has an exponent that is even, or not between {MIN_EXPONENT} and 2²⁵⁶",
        lambda _, exponent: exponent % 2 == 0 or not MIN_EXPONENT <= exponent <= MAX_EXPONENT,
    ),
    (
        "has a modulus of the ROCA form, which can be factored (CVE-2017-15361)",
        lambda modulus, _: _is_roca(modulus),
    ),
)
"""What its numbers say."""
