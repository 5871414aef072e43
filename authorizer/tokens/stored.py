"""Claims that were verified, put down, and taken up again: for a WebSocket, whose messages bring no token.

What is put down is not signed by its issuer any more. It counts only where nobody else could have written it:
`authorizer.connections` seals it with keys that the authorizer alone holds.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from authorizer.model import Claims

TEXTS = ("issuer", "token_use", "sub")
OPTIONAL_TEXTS = ("client_id", "username", "preferred_role")
LISTS = ("groups", "roles", "scopes")
TIMES = ("issued_at", "expires_at")


def stored(claims: Claims, wanted: Collection[str]) -> dict[str, Any]:
    """`claims` as JSON; of the token's payload only the claims that are `wanted`, by their names in the token."""
    kept: dict[str, Any] = {
        name: getattr(claims, name) for name in (*TEXTS, *OPTIONAL_TEXTS, *TIMES, "machine")
    }
    kept |= {name: list(getattr(claims, name)) for name in LISTS}
    kept["values"] = {name: value for name, value in claims.values.items() if name in wanted}
    return kept


def restored(kept: Mapping[str, Any]) -> Claims:
    """What `stored` was given, but for the claims that it left out."""
    fields = {name: kept[name] for name in (*TEXTS, *OPTIONAL_TEXTS, *TIMES, "machine")}
    fields |= {name: tuple(kept[name]) for name in LISTS}
    return Claims(**fields, values=MappingProxyType(kept["values"]))
