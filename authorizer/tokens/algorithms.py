"""The signature algorithms: each with its type of key and its verification. A new one is one row here.

Which of them an issuer signs with is pinned in its settings, and never taken from a token or a key set: so neither
`none` nor an HMAC keyed with the public key can be asked for (RFC 8725 §2.1, §3.1).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import Algorithm as Verification
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from authorizer.tokens.public_keys import PublicKey, ed25519_key, p256_key, rsa_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Algorithm:
    """One JWS algorithm (RFC 7518 §3.1)."""

    name: str
    """`alg` of a token's header, and of a key."""
    kty: str
    """Type of its keys (RFC 7517 §4.1)."""
    crv: str | None
    """Their curve; None: they have none."""
    key_of: Callable[[Mapping[str, object]], PublicKey | str]
    """From a key set's entry: the key, or why it has none that is usable."""
    fits: Callable[[PublicKey], bool]
    """Whether a key is one of this algorithm's."""
    verification: Verification


ALGORITHMS: Final[Mapping[str, Algorithm]] = MappingProxyType(
    {
        row.name: row
        for row in (
            # RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3).
            Algorithm(
                name="RS256",
                kty="RSA",
                crv=None,
                key_of=rsa_key,
                fits=lambda key: isinstance(key, RSAPublicKey),
                verification=RSAAlgorithm(RSAAlgorithm.SHA256),
            ),
            # ECDSA on P-256 with SHA-256; a signature is the 64 octets R || S, not DER (RFC 7518 §3.4).
            Algorithm(
                name="ES256",
                kty="EC",
                crv="P-256",
                key_of=p256_key,
                fits=lambda key: isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1),
                verification=ECAlgorithm(ECAlgorithm.SHA256),
            ),
            # Ed25519 alone of the curves that `EdDSA` may mean (RFC 8037 §3.1).
            Algorithm(
                name="EdDSA",
                kty="OKP",
                crv="Ed25519",
                key_of=ed25519_key,
                fits=lambda key: isinstance(key, Ed25519PublicKey),
                verification=OKPAlgorithm(),
            ),
        )
    }
)
