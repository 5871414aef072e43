"""What cases, proofs and comparisons find, as findings with a place."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from authorizer.cli.findings import Found, at_line, of_lint, sifted, template_file
from authorizer.cli.options import today

if TYPE_CHECKING:
    from authorizer.engine.check import CaseResult, Coverage, RouteCoverage, RouteResult
    from authorizer.engine.prove import Proof
    from authorizer.gate import Comparison, Ruling
    from authorizer.settings.schema import Access


def of_results(results: Iterable["CaseResult | RouteResult"]) -> Iterator[Found]:
    """The cases that did not pass."""
    codes = {"FAIL": "case-failed", "ERROR": "case-undecided"}
    for result in results:
        if result.status != "PASS":
            text = "\n".join((result.case.name, *result.reasons))
            yield at_line(result.case.file, result.case.line, code=codes[result.status], text=text)


def of_coverage(
    loaded: "Access",
    access: Path,
    coverage: Sequence["Coverage"],
    routes: Sequence["RouteCoverage"],
    *,
    threshold: float,
    results: Iterable["CaseResult | RouteResult"],
) -> list[Found]:
    """What the cases, of which these are the results, do not cover."""
    from authorizer.engine.check import lint_coverage, named_in
    from authorizer.gate import lint_route_coverage

    source = access.read_text(encoding="utf-8")
    found = [
        *lint_coverage(coverage, threshold=threshold, named=named_in(results)),
        *lint_route_coverage(routes, loaded.settings, source, threshold=threshold),
    ]
    return of_lint(found, access)


def of_proofs(proofs: Iterable["Proof"], access: Path) -> Iterator[Found]:
    """Each leak, and each thing that could not be proven."""
    for proof in proofs:
        for finding in proof.findings:
            file, line = template_file(str(finding.one).partition(" ")[0].rstrip(","), access)
            text = f"{proof.subject}: {finding.reason}; statements {finding.one} and {finding.other}"
            yield at_line(file, line, code="leak" if finding.witness else "unproven", text=text)


def unknown_actions_of(loaded: "Access", access: Path) -> list[Found]:
    """The actions that AWS does not have, of which a proof says nothing; without those that `lint.ignore` keeps."""
    from authorizer.engine.check import unknown_actions
    from authorizer.gate import suppress

    unknown = unknown_actions(loaded.templates)
    left, _ = suppress(unknown, loaded.settings, access.read_text(encoding="utf-8"), today())
    return sifted(of_lint([each for each in left if each in unknown], access))[0]


def of_rulings(rulings: Iterable["Ruling"]) -> Iterator[Found]:
    """What a deployment refutes, and what a file could show and none does."""
    for ruling in rulings:
        for note in ruling.notes:
            if note.status == "REFUTED" or (note.status == "OPEN" and note.closable):
                file, _, number = note.place.rpartition(":")
                yield Found(
                    file=file if number.isdigit() else note.place,
                    line=int(number) if number.isdigit() else 0,
                    code="refuted" if note.status == "REFUTED" else "open-assumption",
                    text=f"{ruling.assumption}: {note.text}",
                    remedy=note.closes,
                )


def of_comparison(comparison: "Comparison", access: Path) -> Iterator[Found]:
    """Whoever may do more than before, or of whom it could not be shown that they may not."""
    codes = {"WIDER": "wider", "UNKNOWN": "not-compared"}
    for result in comparison.policies:
        if result.verdict in codes:
            gained = "".join(f"\n+ {change.action} on {change.resource}" for change in result.gained)
            text = f"role {result.role!r}: {result.reason}{gained}"
            yield Found(file=str(access), code=codes[result.verdict], text=text, key=f"roles.{result.role}")
    for shift in comparison.shifts:
        if shift.direction in codes:
            text = f"{shift.whom}: {shift.aspect}: {shift.what}"
            yield Found(file=str(access), code=codes[shift.direction], text=text)
