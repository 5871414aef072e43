"""Base64url as JOSE uses it: no padding, one encoding for one value (RFC 7515 §2)."""

from binascii import Error, a2b_base64, b2a_base64
from typing import Final

_TO_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
"""To the alphabet that `binascii` reads; what base64url does not have becomes what no alphabet has."""


def octets_of(text: bytes) -> bytes | None:
    """The octets that `text` encodes; None where any other text would be the encoding of the same octets.

    Encoding again and comparing leaves no room: padding, `+`, `/`, white space, other stray characters and
    unused bits that are not zero all come back different. Python's own reader skips what it does not know.
    """
    padded = text.translate(_TO_STANDARD) + b"=" * (-len(text) % 4)
    try:
        octets = a2b_base64(padded)
    except Error:
        return None
    return octets if b2a_base64(octets, newline=False) == padded else None
