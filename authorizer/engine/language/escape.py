"""Escaping: a value into policy text so that it stands for itself.

Two layers, in this order: IAM's, where `${*}`, `${?}` and `${$}` stand for the literal characters (IAM User
Guide, "IAM policy elements: Variables and tags"), then JSON's string escapes (RFC 8259 §7). One pass each:
escaping `*` before `$` would damage its own output.
"""

import re
from types import MappingProxyType

_IAM = MappingProxyType({ord(char): f"${{{char}}}" for char in "$*?"})
_JSON = MappingProxyType(
    {
        **{code: f"\\u{code:04x}" for code in (*range(0x20), 0x7F)},
        ord('"'): '\\"',
        ord("\\"): "\\\\",
    }
)
_BOTH = {**_JSON, **_IAM}  # IAM's output holds nothing that JSON escapes, so that one pass does both
_SPECIAL = re.compile(r'[$*?"\\\x00-\x1f\x7f]')
"""Hardly any value has one, and to look is four times as fast as to translate."""


def quoted(text: str) -> str:
    """Trusted text, as it stands between the quotes of a JSON string."""
    return text.translate(_JSON)


def as_pattern(text: str) -> str:
    """Untrusted text as a pattern that matches only itself, without JSON's escapes."""
    return text.translate(_IAM)


def literal(text: str) -> str:
    """Untrusted text, as it stands between the quotes of a JSON string in a policy: matching only itself."""
    return text.translate(_BOTH) if _SPECIAL.search(text) else text
