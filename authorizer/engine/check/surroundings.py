"""What case files may refer to, of the configuration around them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from authorizer.engine.check.routes import Router
from authorizer.engine.language import ClaimValue
from authorizer.engine.template import TemplateSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What case files may refer to."""

    templates: TemplateSet
    variables: Mapping[str, str]
    roles: Mapping[str, Sequence[str]]
    """Role → its templates."""
    groups: Mapping[str, Sequence[str]]
    """Group → the scopes that it brings."""
    sign: "Sign | None" = None
    """None: no case can name an issuer."""
    router: Router | None = None
    """None: no case can ask for a route."""


class Sign(Protocol):
    """What an issuer makes of a user: their claims, and why their token is refused, if it is."""

    def __call__(
        self,
        issuer: str,
        claims: Mapping[str, ClaimValue],
        *,
        role: str | None,
        groups: Sequence[str],
        scopes: frozenset[str],
    ) -> tuple[Mapping[str, ClaimValue], str | None]:
        """Raises ValueError where there is no such issuer."""
