"""Texts that name a caller inside AWS: the role session name and the source identity.

Both stand in CloudTrail, and the session name alone reaches S3's data events, so each must lead back to one person.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

from authorizer.errors import ClaimAbsent, RequestInvalid
from authorizer.settings.format_text import HOLE
from authorizer.settings.limits import LIMITS

_LIMIT = LIMITS["RoleSessionName"]
"""SourceIdentity has the same."""
_REFUSED = re.compile(r"[^A-Za-z0-9_+=,.@-]")
_TAIL_DIGITS = 24
_ACTS = "++"
"""Between the user and whoever acts for them. No other name holds it: one that would is hashed."""
_LOOKS_HASHED = re.compile(rf"={'[0-9a-f]' * _TAIL_DIGITS}\Z")


def fill(template: str, claims: Mapping[str, str | tuple[str, ...]], *, parameter: str) -> str:
    """`template` with each `{claim}` replaced by that claim's text, if that is a name which STS takes and which says
    whose it is; else its usable characters and 96 bits of a SHA-256.

    Two callers whose claims differ never share a name of one template. Where several claims are joined, one text can be
    several callers': `{tenant}-{name}` of `a-b`, `c` and of `a`, `b-c`. Such a text is nobody's name, and the digest
    that tells them apart is of the claims one by one.

    Raises `ClaimAbsent` for a claim that the token does not carry, and `RequestInvalid` for a list: which of several
    would name the caller?
    """
    literals, names = HOLE.split(template)[::2], HOLE.findall(template)
    values = [_text(claims, name, parameter, template) for name in names]
    text = literals[0] + "".join(map(str.__add__, values, literals[1:]))
    if len(set(names)) <= 1:
        return sanitise(text)
    if _is_name(text) and _reads_one_way(text, literals):
        return text
    return _hashed(text, json.dumps([template, *values]))


def _text(claims: Mapping[str, str | tuple[str, ...]], name: str, parameter: str, template: str) -> str:
    value = claims.get(name)
    if value is None:
        raise ClaimAbsent(
            f"{template!r} ({parameter}) needs the claim {name!r}, which the token does not carry: let the pool write "
            "it, or name another claim"
        )
    if not isinstance(value, str) or not value:
        raise RequestInvalid(parameter, f"needs the claim `{name}` as one non-empty text: {template!r}")
    return value


def sanitise(text: str) -> str:
    """`text` if STS takes it as it is; else its usable characters and 96 bits of its SHA-256.

    Two texts never share a name: a text that would pass for another one's hashed form is hashed itself, so
    that nobody can register under the name that a stranger's address is turned into.
    """
    return text if _is_name(text) else _hashed(text, text)


def delegated(user: str, actor: str) -> str:
    """The name of a user for whom an actor acts, `USER++ACTOR`: an app client's id of 26 characters and a `sub` of 36
    fit. Like every name, it leads back to one pair, and to nobody who acts for themselves."""
    text = f"{user}{_ACTS}{actor}"
    if _LIMIT.takes(text) and "+" not in actor and not _LOOKS_HASHED.search(text):
        return text
    return _hashed(text, json.dumps([user, actor]))


def _is_name(text: str) -> bool:
    return _LIMIT.takes(text) and _ACTS not in text and not _LOOKS_HASHED.search(text)


def _hashed(text: str, said: str) -> str:
    digest = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:_TAIL_DIGITS]
    kept = _REFUSED.sub("-", text)[: _LIMIT.most - _TAIL_DIGITS - 1]
    return f"{kept}={digest}"


def _reads_one_way(text: str, literals: Sequence[str]) -> bool:
    """Whether no other claims between the same literals make this text: whether the leftmost places where the literals
    can stand are the rightmost ones too."""
    first, *between, last = literals
    inside = text[len(first) : len(text) - len(last)]
    left = _places(inside, between)
    right = _places(inside[::-1], [literal[::-1] for literal in reversed(between)])
    mirrored = [len(inside) - at - len(literal) for at, literal in zip(right, reversed(between), strict=True)]
    return left == mirrored[::-1]


def _places(text: str, literals: Sequence[str]) -> list[int]:
    """Where each literal first stands, with at least one character of a claim before each."""
    places = []
    at = 0
    for literal in literals:
        at = text.find(literal, at + 1)
        places.append(at)
        at += len(literal)
    return places
