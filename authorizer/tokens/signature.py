"""The RS256 signature of a token: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3)."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from authorizer.tokens.compact import Compact

_RS256: Final = RSAAlgorithm(RSAAlgorithm.SHA256)


def is_signed_by(key: RSAPublicKey, compact: Compact) -> bool:
    """Whether this key made the signature over exactly these octets of header and payload."""
    return _RS256.verify(compact.signing_input, key, compact.signature)
