"""What one way is in which a configuration can give more authority than another: a row of `authorizer.gate.aspects`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from authorizer.gate.steps import Judge
from authorizer.settings.schema import Access

Of = Literal["issuer", "role", "claim", "configuration"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """One row."""

    name: str
    fields: tuple[str, ...]
    """What of the configuration it is about: `Class.field` of `authorizer.settings.schema` and `authorizer.model`."""
    of: Of = "configuration"
    """Each issuer, role or claim that both sides have, or the whole configuration."""
    read: Callable[[Any], Any]
    judge: Judge
    says: str = "{}"
    """What may now happen, or no longer does, where it is wider or narrower."""


EACH: Final[Mapping[Of, Callable[[Access], Mapping[str, object]]]] = {
    "issuer": lambda access: access.settings.issuers,
    "role": lambda access: access.settings.roles,
    "claim": lambda access: access.settings.claims,
    "configuration": lambda access: {"": access},
}
