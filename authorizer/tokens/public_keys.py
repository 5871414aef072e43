"""The members of a JWK that are its key → the public key, or why it is refused. One function for each type of key.

Only the public members are read: what else stands in the entry must not change what is made of it.
"""

from collections.abc import Callable, Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from authorizer.tokens.base64url import octets_of

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
"""What verifies a signature. Two of the same numbers are equal."""

MIN_MODULUS, MAX_MODULUS = 2048, 8192
"""Bits of an RSA modulus: from RFC 7518 §3.3's least to where one verification costs more than ten of the usual."""
MIN_EXPONENT, MAX_EXPONENT = 65_537, 2**256 - 1
"""FIPS 186-5 §5.4: odd, and 2¹⁶ < e < 2²⁵⁶. An exponent of 1 makes every text its own signature."""
_ROCA_PRIMES: Final = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71,
    73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
)  # fmt: skip
COORDINATE: Final = 32
"""Octets of a coordinate of P-256, never fewer (RFC 7518 §6.2.1.2), and of an Ed25519 key (RFC 8032 §5.1.5)."""
_FIELD: Final = 2**255 - 19
_D: Final = -121_665 * pow(121_666, -1, _FIELD) % _FIELD
"""Ed25519's prime and its constant (RFC 8032 §5.1)."""
_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER: Final = frozenset({0, 1, _FIELD - 1, _ORDER_8, _FIELD - _ORDER_8})
"""`y` of the eight points whose order divides 8 (libsodium, ge25519_has_small_order; Chalkias, Garillot, Nikolaenko,
"Taming the many EdDSAs", 2020, §2): under such a key one signature fits many texts, or every text."""


def rsa_key(entry: Mapping[str, object]) -> RSAPublicKey | str:
    """From `n` and `e` (RFC 7518 §6.3.1)."""
    modulus, exponent = _integer(entry.get("n")), _integer(entry.get("e"))
    if modulus is None or exponent is None:
        return "has an `n` or `e` that is not a Base64urlUInt"
    for fault, is_weak in _WEAKNESSES:
        if is_weak(modulus, exponent):
            return fault
    return RSAPublicNumbers(exponent, modulus).public_key()


def p256_key(entry: Mapping[str, object]) -> EllipticCurvePublicKey | str:
    """From `x` and `y` of a point on P-256 (RFC 7518 §6.2.1)."""
    x, y = _octets(entry.get("x")), _octets(entry.get("y"))
    if x is None or y is None:
        return f"has an `x` or `y` that is not {COORDINATE} octets of base64url"
    numbers = EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), SECP256R1())
    try:
        return numbers.public_key()
    except ValueError:  # else signing would be on another curve, which may be a weak one
        return "has an `x` and `y` that are no point on P-256"


def ed25519_key(entry: Mapping[str, object]) -> Ed25519PublicKey | str:
    """From `x`, a point's encoding (RFC 8037 §2)."""
    octets = _octets(entry.get("x"))
    if octets is None:
        return f"has an `x` that is not {COORDINATE} octets of base64url"
    y = int.from_bytes(octets, "little") & (2**255 - 1)  # the highest bit is the sign of the other coordinate
    if y >= _FIELD:
        return "has an `x` that encodes its point in another way than RFC 8032, section 5.1.2"
    if y in _SMALL_ORDER:
        return "has an `x` of small order, under which one signature fits many texts"
    if pow((y * y - 1) * (_D * y * y + 1), (_FIELD - 1) // 2, _FIELD) != 1:  # RFC 8032 §5.1.3: x² has no root
        return "has an `x` that encodes no point on Ed25519"
    return Ed25519PublicKey.from_public_bytes(octets)


def _integer(text: object) -> int | None:
    """A Base64urlUInt (RFC 7518 §2): big-endian, "the minimum number of octets", so no leading zero."""
    octets = octets_of(text.encode()) if isinstance(text, str) else None
    return int.from_bytes(octets) if octets and octets[0] else None


def _octets(text: object) -> bytes | None:
    octets = octets_of(text.encode()) if isinstance(text, str) else None
    return octets if octets is not None and len(octets) == COORDINATE else None


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
"""What the numbers of an RSA key say."""
