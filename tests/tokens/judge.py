"""Whether a token would be believed by its form, its key and its signature; its claims are not looked at."""

from authorizer.errors import Unauthorized
from authorizer.tokens.algorithms import ALGORITHMS
from authorizer.tokens.compact import ascii_of, parse_compact
from authorizer.tokens.jwk import KeySetRefused, parse_key_set
from authorizer.tokens.signature import is_signed_by

RS256 = ALGORITHMS["RS256"]


def is_taken(token: str, document: bytes, alg: str = "RS256") -> bool:
    """Whether a key of this key set made this token, by the algorithm that its issuer has pinned."""
    try:
        keys = parse_key_set(document, ALGORITHMS[alg])
        compact = parse_compact(ascii_of(token))
    except (Unauthorized, KeySetRefused):
        return False
    if compact.alg != alg or compact.kid not in keys:
        return False
    return is_signed_by(keys[compact.kid], compact, ALGORITHMS[alg])
