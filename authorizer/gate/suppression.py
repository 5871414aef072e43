"""Findings that are known and meant: `lint.ignore` of `access.toml`, each with its reason.

A row that lost its finding is one itself, so that none outlives what it was written for.
"""

from collections.abc import Iterable
from typing import NamedTuple

from authorizer.engine.check import Finding
from authorizer.settings.places import line_of
from authorizer.settings.schema import Settings, Suppression


class Sifted(NamedTuple):
    """Findings, told apart."""

    left: tuple[Finding, ...]
    """Those to look at, with one for each row that suppresses nothing or has no reason."""
    suppressed: tuple[tuple[Finding, str], ...]
    """Those that a row suppresses, each with its reason."""


def suppress(findings: Iterable[Finding], settings: Settings, source: str) -> Sifted:
    """The findings as `lint.ignore` has them. `source` is the text of `access.toml`."""
    left: list[Finding] = []
    suppressed: list[tuple[Finding, str]] = []
    used: set[Suppression] = set()
    for finding in findings:
        row = next((row for row in settings.suppressions if row.reason and _is_about(row, finding)), None)
        if row is None:
            left.append(finding)
        else:
            used.add(row)
            suppressed.append((finding, row.reason or ""))
    for index, row in enumerate(settings.suppressions):
        if row in used:
            continue
        if row.reason:
            text = f"nothing is found of code `{row.code}` at {row.where}"
            remedy = "delete the row, or correct its `code` and `where`"
        else:
            text = f"the suppression of `{row.code}` at {row.where} has no reason, and counts for nothing"
            remedy = 'write why it is meant: reason = "…"'
        line = line_of(source, ("lint", "ignore", index))
        left.append(
            Finding(
                place=f"{settings.place}:{line}" if line else settings.place,
                code="suppression",
                text=text,
                remedy=remedy,
                key=f"lint.ignore[{index}]",
            )
        )
    return Sifted(tuple(left), tuple(suppressed))


def _is_about(row: Suppression, finding: Finding) -> bool:
    """Whether the finding has the row's code, and is about what the row names or a part of that."""
    rest = finding.where.removeprefix(row.where)
    return row.code == finding.code and (
        finding.where == row.where or (rest != finding.where and rest[0] in ".[")
    )
