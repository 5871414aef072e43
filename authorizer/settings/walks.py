"""Paths that no scope opens, because a server may read another path in them than the gateway does.

`GET /data/../users/1` matches `GET/data/*` at the gateway and is `/users/1` to what is behind it. Refused are, in any
path: empty segments; the segments `.` and `..` (RFC 3986 §5.2.4), also where a proxy takes a backslash for a slash; a
`;`, since servlet containers drop it and what follows it in a segment, so that `/..;/` is `/../` to them and
`/users/1;.png` is `/users/1` (Jakarta Servlet 6.0, section 3.5.2); and the percent-encodings of these characters and of
`%` itself, for whoever decodes before reading, or twice, and of NUL, at which a path may end.

This is the one place that says so: a simple answer asks `walks`, a policy answer carries `GLOBS` as an explicit Deny.
"""

from typing import Final

ANYWHERE: Final = ("//", "/./", "/../", ";", "\\")
AT_THE_END: Final = ("/.", "/..")
ENCODED: Final = ("%2e", "%2f", "%3b", "%5c", "%25", "%00")
"""`.`, `/`, `;`, `\\`, `%` and NUL (RFC 3986 §2.1: the case of the digits does not matter)."""

_FRAGMENTS: Final = tuple(
    dict.fromkeys((*ANYWHERE, *(spelt for code in ENCODED for spelt in (code, code.upper()))))
)

GLOBS: Final = (*(f"*{fragment}*" for fragment in _FRAGMENTS), *(f"*{end}" for end in AT_THE_END))
"""The same as IAM writes patterns, for what follows the stage in a route's ARN: method and path. No digit of a code is
left to a wildcard: `%5?` would also refuse `%50`."""


def walks(path: str) -> bool:
    """Whether a path, which begins with `/`, is one of these."""
    return any(fragment in path for fragment in _FRAGMENTS) or path.endswith(AT_THE_END)


IN_WORDS: Final = "an empty segment, one of dots, a `;`, a backslash, or a percent-encoded . / ; \\ % or NUL"


def why_closed(path: str) -> str:
    """The reason why a route is closed, for the record: it quotes nothing of the path, which a stranger chose."""
    if walks(path):
        return f"no scope opens such a path: it has {IN_WORDS}"
    return "the caller's scopes do not open the requested route"
