"""Keys on curves for tests, each made once a run; the signatures, JWKs and tokens that they make."""

import json
from collections.abc import Mapping
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from tests.tokens.minting import CLIENT, KID, NOW, OIDC, SUB, base64url, changed

CURVES = {"ES256": "P-256", "EdDSA": "Ed25519"}


def p256(name: str = "genuine") -> EllipticCurvePrivateKey:
    """The key of this name."""
    return _p256(name)


def ed25519(name: str = "genuine") -> Ed25519PrivateKey:
    """The key of this name."""
    return _ed25519(name)


@cache
def _p256(_: str) -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


@cache
def _ed25519(_: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def coordinate(number: int) -> str:
    return base64url(number.to_bytes(32))


def curve_jwk(alg: str, name: str = "genuine", /, **changes: object) -> dict[str, object]:
    """The public key `name` of an algorithm, as a provider publishes it."""
    entry: dict[str, object] = {"kid": KID, "alg": alg, "use": "sig", "crv": CURVES[alg]}
    if alg == "ES256":
        numbers = p256(name).public_key().public_numbers()
        entry |= {"kty": "EC", "x": coordinate(numbers.x), "y": coordinate(numbers.y)}
    else:
        entry |= {"kty": "OKP", "x": base64url(ed25519(name).public_key().public_bytes_raw())}
    return changed(entry, changes)


def curve_signature(alg: str, text: bytes, name: str = "genuine") -> bytes:
    """64 octets (RFC 7518 §3.4, RFC 8037 §3.1)."""
    if alg == "EdDSA":
        return ed25519(name).sign(text)
    r, s = decode_dss_signature(p256(name).sign(text, ECDSA(SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def oidc_claims(**changes: object) -> dict[str, object]:
    """The payload of an OpenID provider's ID token."""
    claims = {
        "iss": OIDC,
        "sub": SUB,
        "aud": CLIENT,
        "exp": NOW + 60,
        "iat": NOW,
        "preferred_username": "ana",
    }
    return changed(claims, changes)


def unsigned(header: Mapping[str, object], claims: Mapping[str, object]) -> str:
    """What is signed of a token: two of its parts."""
    return ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))


def curve_token(
    alg: str, name: str = "genuine", /, *, header: Mapping[str, object] | None = None, **changes: object
) -> str:
    """An ID token of the provider's, signed by this algorithm whatever the header is made to say."""
    text = unsigned(changed({"kid": KID, "alg": alg}, header or {}), oidc_claims(**changes))
    return f"{text}.{base64url(curve_signature(alg, text.encode(), name))}"
