"""Is the gateway's cache keyed by what an answer depends on, as `[gateway]` says? As far as an event shows it.

What an answer depends on is the token and the requested role, and nothing else: a policy is about every route of the
stage, and a simple response is never cached. So these two must be among the identity sources.

| shape | what its event shows of the identity sources | what is refused |
| --- | --- | --- |
| REST TOKEN | the one header that is its cache's key; no role can be asked for | nothing |
| REST REQUEST | nothing; but a gateway that caches answers 401 itself where one is missing | a missing one |
| HTTP API 1.0 | their values, joined with commas | a missing one, or a value that is not there |
| HTTP API 2.0 | a list of their values, null if there are none | the same |
| WebSocket | nothing; its answers are not cached, but last a connection | nothing |

What no event shows: the TTL, and whether an HTTP API expects simple responses. A function that is to answer with simple
responses answers every other shape with a policy, which is what those take. Identity sources of the gateway that
`[gateway]` does not list only divide its cache further.

Sources: API Gateway Developer Guide, "Use API Gateway Lambda authorizers" (identity sources, caching), "Control access
to HTTP APIs with AWS Lambda authorizers" (`identitySource`).
"""

from typing import Final
from urllib.parse import unquote

from authorizer.errors import GatewayMismatch, RequestedRoleAmbiguous
from authorizer.model import Shape

CACHED: Final = frozenset((Shape.REST_REQUEST, Shape.HTTP_1, Shape.HTTP_2))
"""Shapes whose answers may be repeated for another request than the one in the event."""
_BLANKS: Final = " \t"
"""What may stand around a header's value and is no part of it (RFC 9110 §5.5)."""
_TELLS: Final = frozenset((Shape.HTTP_1, Shape.HTTP_2))
_REMEDY: Final = "make the authorizer's identity sources and result TTL those of [gateway]"


def check_keyed(
    shape: Shape, api: str, identity_source: object, *, token: str, role: str | None, role_header: str | None
) -> None:
    """Where the answer may be cached: that the values which decide it are among those that the cache is keyed by.

    `api` is for the message, `token` the value as it stands in its header or parameter, `role` that of `role_header`,
    if one is configured. Raises `GatewayMismatch`; `RequestedRoleAmbiguous` where the header was repeated, which is the
    caller's doing.
    """
    if role_header is not None and not (role or "").strip(_BLANKS):
        raise GatewayMismatch(
            f"{api}: the request came without {role_header!r}, which decides the role: a gateway that caches by it "
            f"answers 401 itself; {_REMEDY}"
        )
    if shape not in _TELLS:
        return
    if not _among(token, identity_source):
        raise GatewayMismatch(
            f"{api}: the token is not among the event's identitySource: the cache would give this caller's answer to "
            f"others; {_REMEDY}"
        )
    if role is not None and not _among(role, identity_source):
        if "," in role:
            # An HTTP API joins the values of a repeated header; how it keys its cache by one is not documented.
            raise RequestedRoleAmbiguous(
                f"the header {role_header!r} comes several times, joined by commas: expected one role"
            )
        raise GatewayMismatch(
            f"{api}: the value of {role_header!r} is not among the event's identitySource: the cache would answer with "
            f"the role of another request; {_REMEDY}"
        )


def _among(value: str, identity_source: object) -> bool:
    """Whether `value` is one of the identity sources' values: then equal keys mean equal values.

    In payload 1.0 they are one text, and a value may itself have commas. One that stands in that text between commas is
    known from it, whichever source it came from.
    """
    if isinstance(identity_source, list) and value in identity_source:
        return True  # as it is: nearly always
    wanted = _trimmed(value)
    if isinstance(identity_source, str):
        return f",{wanted}," in f",{_trimmed(identity_source)},"
    # A parameter of the query may stand there as it was sent, percent-encoded.
    return isinstance(identity_source, list) and any(
        wanted in (_trimmed(text), _trimmed(unquote(text)))
        for text in identity_source
        if isinstance(text, str)
    )


def _trimmed(text: str) -> str:
    return ",".join(part.strip(_BLANKS) for part in text.split(","))
