"""What a report lists as exceptions: findings that are kept quiet, and what is declared common to all users."""

from collections.abc import Iterator, Sequence
from datetime import date
from operator import itemgetter
from typing import Any

from authorizer.engine.check import Finding
from authorizer.gate import has_ended
from authorizer.settings.schema import Settings, Terms


def exceptions(
    settings: Settings, suppressed: Sequence[tuple[Finding, str]], today: date | None
) -> list[dict[str, Any]]:
    """Each exception with its reason, its owner, its last day and its state: `in force`, `ended`, or `void`, which
    counts for nothing. `suppressed` are the findings that rows of `lint.ignore` keep quiet."""
    quiet = {(finding.code, reason) for finding, reason in suppressed}
    return [*_ignored(settings, quiet, today), *_shared(settings, today)]


def _ignored(settings: Settings, quiet: set[tuple[str, str]], today: date | None) -> Iterator[dict[str, Any]]:
    for row in settings.suppressions:
        is_used = (row.code, row.terms.reason) in quiet
        yield {
            "kind": "finding",
            "about": f"{row.code} at {row.where}",
            **_terms(row.terms, today, is_void=not is_used),
        }


def _shared(settings: Settings, today: date | None) -> Iterator[dict[str, Any]]:
    for policy in settings.policies.values():
        for sharing, terms in zip(policy.shared, policy.terms, strict=True):
            yield {
                "kind": "shared",
                "about": f"{policy.name}: {sharing.told}",
                **_terms(terms, today, is_void=False),
            }
    for claim, scopes in settings.shared_routes.items():
        for scope, terms in sorted(scopes.items(), key=itemgetter(0)):
            yield {
                "kind": "shared",
                "about": f"routes by {claim}: scope {scope}",
                **_terms(terms, today, is_void=False),
            }


def _terms(terms: Terms, today: date | None, *, is_void: bool) -> dict[str, Any]:
    state = "ended" if has_ended(terms, today) else "void" if is_void else "in force"
    return {"reason": terms.reason, "owner": terms.owner, "until": terms.until, "state": state}
