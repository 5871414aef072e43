"""Where a claim stands in a token: under its own name, or inside an object, written with dots (`act.sub`)."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

ABSENT: Final = object()
"""What `value_at` finds where nothing stands. `null` is something, and no claim's type takes it."""
_STEP = re.compile(r'"([^"\\]+)"|([^."]+)')


@lru_cache(maxsize=1024)
def path_of(claim: str) -> tuple[str, ...]:
    """The members that lead to a claim: `act.sub` is `sub` inside `act` (RFC 8693 §4.1).

    A name with `:` or `/` is one name, dots and all: `custom:org.unit` of Cognito, and the collision-resistant names of
    RFC 7519 §4.2, which are URIs. Any other that has a dot in it is written in quotes, as TOML writes its keys:
    `"org.unit"`, `"https://hasura.io/jwt/claims".x-hasura-user-id`. A text that is no path gives empty members.
    """
    if '"' in claim:
        return _quoted(claim)
    return (claim,) if ":" in claim or "/" in claim else tuple(claim.split("."))


def spelled(path: Sequence[str]) -> str:
    """The one spelling of a path: no quotes where none are needed."""
    alone = ".".join(path)
    if path_of(alone) == tuple(path):
        return alone
    return ".".join(f'"{name}"' if re.search(r"[.:/]", name) else name for name in path)


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


def _quoted(claim: str) -> tuple[str, ...]:
    path, at = [], 0
    while (step := _STEP.match(claim, at)) is not None:
        path.append(step[1] or step[2])
        at = step.end()
        if at == len(claim):
            return tuple(path)
        if claim[at] != ".":
            break
        at += 1
    return ("",)
