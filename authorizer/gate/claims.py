"""Lint of `[claims]`: what nothing uses, and what makes one user of several tokens where users are kept apart."""

from collections.abc import Iterator

from authorizer.engine import ClaimType, TemplateSet
from authorizer.settings.schema import Settings
from authorizer.syntax.places import Path


def about_claims(settings: Settings, templates: TemplateSet) -> Iterator[tuple[Path, str, str, str]]:
    """Findings (path, code, text, remedy)."""
    used = {claim for role in settings.roles.values() for claim in role.uses}
    used |= {*settings.gateway.context_claims, settings.gateway.usage_key_claim or ""}
    used |= {claim for name in templates.names for claim in templates.uses(name)}
    tied = {claim for routes in settings.scopes.values() for route in routes for claim in route.holes}
    used |= tied
    for name in settings.claims:
        if name not in used:
            yield (
                ("claims", name),
                "unused",
                f"claim `{name}` reaches no policy, tag, session name, route or context",
                "delete it: what is not declared cannot leak",
            )
    isolating = tied | {claim for row in settings.policies.values() for claim in row.isolates}
    for name in [name for name in settings.claims if name in isolating]:
        for option, what in _merging(settings.claims[name].type):
            yield (
                ("claims", name, option),
                "merged",
                f"`{name}` keeps users apart, and {what}",
                f"take `{option}` off, or make sure that nobody else is meant by it and say so under lint.ignore",
            )


def _merging(kind: ClaimType) -> Iterator[tuple[str, str]]:
    if kind.lower_case:
        yield "lower_case", "tokens that differ there in case alone are one user, or one tenant"
    if kind.fallback is not None:
        yield "fallback", f"all whose token says nothing are {kind.fallback!r}, one user or one tenant"
