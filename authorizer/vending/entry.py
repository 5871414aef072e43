"""One entry of the shared table: a role session, sealed, under the key of the request that it is for.

The seal is made with keys that no backend holds, and bound to that key: whoever can read or write the table can
neither use an entry nor put one in another's place. What an entry says is believed only if it could be STS's answer to
this very request.

The table: partition key `id` (S), TTL attribute `expires` (N).
"""

from typing import TYPE_CHECKING, Any

from authorizer.errors import SealRefused
from authorizer.model import Credentials
from authorizer.vending.request import AssumeRoleRequest

if TYPE_CHECKING:
    from authorizer.sealing.seal import Seal

PURPOSE = "shared-cache"
"""What `aud` begins with. No API's id has a hyphen, so what is sealed for a backend is never an entry, were the keys
ever the same."""
SKEW = 60.0
"""Seconds by which the clocks of an environment and STS may differ, the length of the call included."""


def key_of(request: AssumeRoleRequest) -> dict[str, Any]:
    """Where the entry of `request` stands, as DynamoDB writes a key."""
    return {"id": {"S": request.key}}


def sealed(request: AssumeRoleRequest, credentials: Credentials, seal: "Seal") -> dict[str, Any]:
    """The entry, as DynamoDB writes an item. Raises `SealTooLarge`."""
    text = seal.close(credentials, audience=_audience(request), principal=request.session_name)
    return {
        **key_of(request),
        "sealed": {"S": text},
        # Whole seconds, as TTL wants them (DynamoDB Developer Guide, "Using time to live").
        "expires": {"N": str(int(credentials.expiration))},
    }


def opened(reply: object, request: AssumeRoleRequest, seal: "Seal", now: float) -> Credentials | None:
    """The session in a reply of GetItem; None if there is none, or one that is over or sealed with a key that was
    dropped since: DynamoDB deletes within days of the TTL, not at it.

    Raises `SealRefused` for anything else than an entry of `request`.
    """
    match reply:
        case {"Item": {"sealed": {"S": str(text)}}}:
            pass
        case {"Item": item} if item:
            raise SealRefused("form", "an item of the shared table is no entry: expected the text `sealed`")
        case _:
            return None
    try:
        found = seal.open(text, audience=_audience(request), principal=request.session_name, now=now)
    except SealRefused as refused:
        if refused.reason in ("expired", "key"):
            return None
        raise
    if (found.role_arn, found.session_name) != (request.role_arn, request.session_name):
        raise SealRefused(
            "principal",
            f"an entry of the shared table is of another role or session than {request.role_arn!r} for "
            f"{request.session_name!r}",
        )
    if found.expiration > found.issued_at + request.duration + SKEW:
        raise SealRefused(
            "form",
            f"an entry of the shared table lives longer than the {request.duration} s that were asked for",
        )
    return found


def _audience(request: AssumeRoleRequest) -> str:
    return f"{PURPOSE}/{request.key}"
