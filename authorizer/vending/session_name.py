"""Texts that name a caller inside AWS: the role session name and the source identity.

Both stand in CloudTrail, and the session name alone reaches S3's data events, so each must lead back to one
person.
"""

import hashlib
import re
from collections.abc import Mapping

from authorizer.errors import RequestInvalid

MIN_LENGTH = 2
MAX_LENGTH = 64
"""RoleSessionName and SourceIdentity: 2–64 characters of `[\\w+=,.@-]` (STS API reference, AssumeRole)."""

_HOLE = re.compile(r"\{([^{}]*)\}")
_REFUSED = re.compile(r"[^A-Za-z0-9_+=,.@-]")
_TAIL_DIGITS = 24
_LOOKS_HASHED = re.compile(rf"={'[0-9a-f]' * _TAIL_DIGITS}\Z")


def fill(template: str, claims: Mapping[str, str | tuple[str, ...]], *, parameter: str) -> str:
    """`template` with each `{claim}` replaced by that claim's text, made fit for `parameter` by `sanitise`.

    Raises `RequestInvalid` for a hole without a claim, or with a list: which of several would name the
    caller?
    """
    problems: list[str] = []

    def text_of(match: re.Match[str]) -> str:
        value = claims.get(match[1])
        if isinstance(value, str) and value:
            return value
        problems.append(f"needs the claim `{match[1]}` as one non-empty text: {template!r}")
        return ""

    filled = _HOLE.sub(text_of, template)
    if problems:
        raise RequestInvalid(parameter, "; ".join(problems))
    return sanitise(filled)


def sanitise(text: str) -> str:
    """`text` if STS takes it as it is; else its usable characters and 96 bits of its SHA-256.

    Two texts never share a name: a text that would pass for another one's hashed form is hashed itself, so
    that nobody can register under the name that a stranger's address is turned into.
    """
    if MIN_LENGTH <= len(text) <= MAX_LENGTH and not _REFUSED.search(text) and not _LOOKS_HASHED.search(text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_TAIL_DIGITS]
    kept = _REFUSED.sub("-", text)[: MAX_LENGTH - _TAIL_DIGITS - 1]
    return f"{kept}={digest}"
