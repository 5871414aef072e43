"""A token taken apart to be looked at. Nothing here believes it: what was verified is in the record."""

import base64
from dataclasses import dataclass, field
from typing import Any

from authorizer.local_gateway.console.shown import Shown
from authorizer.syntax.json_text import parse_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Header and payload; empty where they cannot be read."""

    header: dict[str, Any]
    payload: dict[str, Any] = field(repr=False)


def parts_of(token: str) -> Parts:
    """Of a JWT in compact form (RFC 7519 §3), or of what should be one."""
    first, _, rest = token.partition(".")
    return Parts(header=_object(first), payload=_object(rest.partition(".")[0]))


def token_of(shown: Shown) -> Parts | None:
    """The token of the request; None where none was found in it."""
    request = shown.record.request
    return None if request is None else parts_of(request.token)


def _object(part: str) -> dict[str, Any]:
    try:
        text = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True).decode()
        found = parse_json(text)
    except ValueError:  # neither base64url, nor UTF-8, nor JSON
        return {}
    return found if isinstance(found, dict) else {}
