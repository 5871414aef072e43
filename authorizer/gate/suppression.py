"""Findings that are known and meant: `lint.ignore` of `access.toml`, each with its reason.

A row that lost its finding is one itself, and so is one whose day has passed, so that none outlives what it was
written for. The day of what is declared `shared`, of a policy or of routes, is looked at here too: what it says is left
out of proofs until somebody takes it away.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, NamedTuple

from authorizer.engine.check import Finding
from authorizer.settings.schema import Settings, Suppression, Terms
from authorizer.syntax.places import Path, dotted, line_of

_RENEW: Final = "mend what it is about, or decide anew: give it another day, and a reason that still holds"


class Sifted(NamedTuple):
    """Findings, told apart."""

    left: tuple[Finding, ...]
    """Those to look at, with one for each row that suppresses nothing or has no reason."""
    suppressed: tuple[tuple[Finding, str], ...]
    """Those that a row suppresses, each with its reason."""


def suppress(
    findings: Iterable[Finding], settings: Settings, source: str, today: date | None = None
) -> Sifted:
    """The findings as `lint.ignore` has them. `source` is the text of `access.toml`, with `today` a row
    that counted until the day before counts no more. Without it no row ends."""
    left: list[Finding] = []
    suppressed: list[tuple[Finding, str]] = []
    counting = [row for row in settings.suppressions if row.terms.reason and not has_ended(row.terms, today)]
    used: set[Suppression] = set()
    for finding in findings:
        row = next((row for row in counting if _is_about(row, finding)), None)
        if row is None:
            left.append(finding)
        else:
            used.add(row)
            suppressed.append((finding, row.terms.reason or ""))
    left += [
        _finding(settings, source, ("lint", "ignore", index), *_idle(row, today))
        for index, row in enumerate(settings.suppressions)
        if row not in used
    ]
    left += [_finding(settings, source, *ended) for ended in _ended_sharing(settings, today)]
    return Sifted(tuple(left), tuple(suppressed))


def has_ended(terms: Terms, today: date | None) -> bool:
    """Whether its last day is before `today`. Days and never texts: " 2026-11-22" comes before all of them."""
    return today is not None and terms.until is not None and date.fromisoformat(terms.until) < today


def _idle(row: Suppression, today: date | None) -> tuple[str, str]:
    """Why a row suppresses nothing, and what to do."""
    if not row.terms.reason:
        return (
            f"the suppression of `{row.code}` at {row.where} has no reason, and counts for nothing",
            'write why it is meant: reason = "…"',
        )
    if has_ended(row.terms, today):
        return (f"the suppression of `{row.code}` at {row.where} ended on {row.terms.until}", _RENEW)
    return (
        f"nothing is found of code `{row.code}` at {row.where}",
        "delete the row, or correct its `code` and `where`",
    )


def _ended_sharing(settings: Settings, today: date | None) -> Iterator[tuple[Path, str, str]]:
    for policy in settings.policies.values():
        for index, (sharing, terms) in enumerate(zip(policy.shared, policy.terms, strict=True)):
            if has_ended(terms, today):
                said = f"what is declared common to all ended on {terms.until}: {sharing.told}"
                yield ("policies", policy.name, "shared", index), said, _RENEW
    for claim, scopes in settings.shared_routes.items():
        for scope, terms in scopes.items():
            if has_ended(terms, today):
                said = f"what scope {scope!r} shares of routes by `{claim}` ended on {terms.until}"
                yield ("routes", "shared", claim), said, _RENEW


def _finding(settings: Settings, source: str, path: Path, text: str, remedy: str) -> Finding:
    line = line_of(source, path)
    return Finding(
        place=f"{settings.place}:{line}" if line else settings.place,
        code="suppression",
        text=text,
        remedy=remedy,
        key=dotted(path),
    )


def _is_about(row: Suppression, finding: Finding) -> bool:
    """Whether the finding has the row's code, and is about what the row names or a part of that."""
    rest = finding.where.removeprefix(row.where)
    return row.code == finding.code and (
        finding.where == row.where or (rest != finding.where and rest[0] in ".[")
    )
