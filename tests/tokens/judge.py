"""Whether a token would be believed by its form, its key and its signature; its claims are not looked at."""

from authorizer.errors import Unauthorized
from authorizer.tokens.compact import ascii_of, parse_compact
from authorizer.tokens.jwk import KeySetRefused, parse_key_set
from authorizer.tokens.signature import is_signed_by


def is_taken(token: str, document: bytes) -> bool:
    """Whether a key of this key set made this token."""
    try:
        keys = parse_key_set(document)
        compact = parse_compact(ascii_of(token))
    except (Unauthorized, KeySetRefused):
        return False
    return compact.kid in keys and is_signed_by(keys[compact.kid], compact)
