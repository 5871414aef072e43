"""Base64url as JOSE uses it: no padding, one encoding for one value (RFC 7515 §2)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error


def octets_of(text: bytes) -> bytes | None:
    """The octets that `text` encodes; None where any other text would be the encoding of the same octets.

    Encoding again and comparing leaves no room: padding, `+`, `/`, white space, other stray characters and
    unused bits that are not zero all come back different. Python's own reader skips what it does not know.
    """
    try:
        octets = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except Error:
        return None
    return octets if urlsafe_b64encode(octets).rstrip(b"=") == text else None
