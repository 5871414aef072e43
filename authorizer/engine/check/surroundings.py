"""What case files may refer to, of the configuration around them."""

from collections.abc import Iterator, Mapping, Sequence
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
    actions: "Actions | None" = None
    """None: an action is whatever is written."""

    def action_problems(self, action: str) -> Iterator[str]:
        """Why AWS has no such action. One that a template writes is the lint's to judge."""
        if self.actions is None or any(
            f'"{action}"' in text for name in self.templates.names for text, _ in self.templates.texts(name)
        ):
            return
        yield from self.actions(action)


class Actions(Protocol):
    """Which actions there are."""

    def __call__(self, action: str) -> Iterator[str]:
        """Why there is no such action; nothing if there is."""


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
