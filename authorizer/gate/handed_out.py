"""Lint of what callers hold themselves (`[callers]`): who steals one session should get that user's things, and no
more."""

from collections.abc import Iterator
from typing import Final

from authorizer.engine import TemplateSet
from authorizer.engine.prove import owned
from authorizer.settings.schema import Settings
from authorizer.syntax.places import Path

READS: Final = ("get", "head", "describe", "batchget", "query", "select")
LISTS: Final = ("list", "scan")
"""How the names of actions begin that change nothing; the second tell of what there is besides."""

_Found = Iterator[tuple[Path, str, str, str]]


def handed_out(settings: Settings, templates: TemplateSet) -> _Found:
    """Findings, each with its place, code, text and remedy."""
    own = frozenset(claim for row in settings.policies.values() for claim in row.isolates)
    for name in sorted(settings.callers.handed_out):
        told = {
            (code, what, action)
            for policy in settings.roles[name].policies
            for branch in templates.branches([policy])
            for statement in branch.document.statements
            if statement.effect == "Allow"
            and not any(owned(statement, resource, own, templates.origin) for resource in statement.resources)
            for action in statement.actions
            for code, what in (_what(action),)
            if code
        }
        for code, what, action in sorted(told):
            yield (
                ("roles", name),
                code,
                f"callers hold sessions of role {name!r} themselves, and {action!r} {what} that no claim narrows: so "
                "does a thief's script, for everybody",
                "name the caller's own prefix, key or resource in the statement, or leave it to a backend's role",
            )
    for origin in sorted(settings.callers.origins):
        if origin.startswith("http://"):
            yield (
                ("callers", "origins"),
                "caller-origin",
                f"{origin!r} is whatever runs on a visitor's own machine",
                "list it where you develop, and not where you deploy",
            )


def _what(action: str) -> tuple[str, str]:
    name = action.partition(":")[2].lower()
    if name.startswith(READS):
        return "", ""
    return (
        ("caller-lists", "lists what is there")
        if name.startswith(LISTS)
        else ("caller-writes", "changes something")
    )
