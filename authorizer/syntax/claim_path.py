"""Where a claim stands in a token: under its own name, or inside an object, written with dots (`act.sub`)."""

from collections.abc import Mapping
from typing import Final

ABSENT: Final = object()
"""What `value_at` finds where nothing stands. `null` is something, and no claim's type takes it."""


def path_of(claim: str) -> tuple[str, ...]:
    """The members that lead to a claim: `act.sub` is `sub` inside `act` (RFC 8693 §4.1).

    A name with `:` or `/` is one name, dots and all: `custom:org.unit` of Cognito, and the collision-resistant names of
    RFC 7519 §4.2, which are URIs.
    """
    return (claim,) if ":" in claim or "/" in claim else tuple(claim.split("."))


def value_at(values: Mapping[str, object], claim: str) -> object:
    """The value of a claim, `ABSENT`, or None where what should be an object on the way to it is none: a token that is
    not shaped as access.toml says is not taken for one without the claim."""
    if claim in values and "." not in claim:
        return values[claim]
    found: object = values
    for name in path_of(claim):
        if not isinstance(found, Mapping):
            return None
        if name not in found:
            return ABSENT
        found = found[name]
    return found
