"""Whether a token's signature is a key's."""

from authorizer.tokens.algorithms import Algorithm
from authorizer.tokens.compact import Compact
from authorizer.tokens.public_keys import PublicKey


def is_signed_by(key: PublicKey, compact: Compact, algorithm: Algorithm) -> bool:
    """Whether this key made the signature, by this algorithm, over exactly these octets of header and payload.

    `algorithm` is the issuer's, not the token's. Raises `TypeError` for a key of another type or curve, which no store
    of such an issuer holds: libraries verify by what the key is.
    """
    if not algorithm.fits(key):
        raise TypeError(f"a {type(key).__name__} is no key for {algorithm.name}")
    return algorithm.verification.verify(compact.signing_input, key, compact.signature)
