"""`authorizer policy test`: run the cases, measure what they cover."""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.console import folding_table, literal_console
from authorizer.cli.findings import at_line
from authorizer.cli.formats import finds, tell
from authorizer.cli.of_results import of_coverage, of_results
from authorizer.cli.options import access_option, aws_option, coverage_option, env_option, load_access
from authorizer.cli.plain import data, one_line

if TYPE_CHECKING:
    from authorizer.engine.check import Case, CaseResult, Coverage, RouteCase, RouteCoverage, RouteResult

STYLES = {"PASS": "green", "FAIL": "red", "ERROR": "magenta"}


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@access_option
@aws_option
@env_option
@coverage_option
@click.option("--verbose", "-v", is_flag=True, help="List the cases that pass, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
@finds("policy test", broken=EXIT_UNDECIDED, watched=True)
def test(
    *,
    files: Sequence[Path],
    access: Path,
    aws: bool,
    env_file: Path | None,
    threshold: float,
    verbose: bool,
    as_json: bool,
    form: str,
) -> None:
    """Run the cases of FILES, or of all files in `cases/` beside the configuration.

    Judged is the session policy by itself. What `managed_policies` of a role allow besides is not seen, and said.
    Coverage is not asked of a run of single FILES.

    Exit code 0: all pass, and cover enough. 1: a case fails, or too little is covered. 2: a file cannot be read, or a
    case could not be judged.
    """
    from authorizer.cli.case_files import case_files, read_cases, run_cases
    from authorizer.engine.check import measure, measure_routes
    from authorizer.gate import entries, managed

    loaded = load_access(access, aws=aws, env_file=env_file)
    cases = read_cases(loaded, files or case_files(access))
    results = run_cases(loaded.templates, cases)
    coverage = measure(results, loaded.templates)
    routes = measure_routes(results, entries(loaded.settings))
    notes = list(managed(loaded.settings.roles.values()))
    if as_json:
        _print_json(results, coverage, routes, notes)
    elif form != "text":
        uncovered = (
            ()
            if files
            else of_coverage(loaded, access, coverage, routes, threshold=threshold, results=results)
        )
        tell([*of_results(results), *uncovered], form, "policy test")
    else:
        _print(results, coverage, routes, notes, verbose=verbose)
    statuses = {result.status for result in results}
    if "ERROR" in statuses:
        sys.exit(EXIT_UNDECIDED)
    # A run without any case proves nothing: it is a finding, whatever the threshold.
    least = (
        min((each.percent for each in coverage), default=100.0),
        min((each.percent for each in routes), default=100.0),
    )
    short = not files and min(least) < threshold
    sys.exit(1 if "FAIL" in statuses or short or not results else 0)


def _print(
    results: Sequence["CaseResult | RouteResult"],
    coverage: Sequence["Coverage"],
    routes: Sequence["RouteCoverage"],
    notes: Sequence[str],
    *,
    verbose: bool,
) -> None:
    from rich.text import Text

    console = literal_console()
    for result in results:
        if verbose or result.status != "PASS":
            head = Text.assemble(
                (result.status, STYLES[result.status]),
                one_line(f" {_place(result.case)}: {result.case.name}"),
            )
            console.print(head, soft_wrap=True)
        for reason in result.reasons:
            console.print(Text(one_line(f"     {reason}")), soft_wrap=True)
    table = folding_table("Template", "Statements", "Branches", "Covered")
    for each in coverage:
        statements = f"{each.statements - len(each.statements_missed)} of {each.statements}"
        branches = f"{each.branches - len(each.branches_missed)} of {each.branches}"
        style = "green" if each.percent == 100 else "yellow"
        table.add_row(each.template, statements, branches, Text(f"{each.percent:.0f} %", style=style))
    console.print(table)
    for each in coverage:
        for line in (*each.statements_missed, *each.branches_missed):
            console.print(Text(f"{line} ({each.template})"), soft_wrap=True)
    table = folding_table("Scope", "Opened", "Kept closed", "Covered")
    for scope in routes:
        style = "green" if scope.percent == 100 else "yellow"
        table.add_row(
            Text(scope.scope),
            f"{scope.routes - len(scope.never_opened)} of {scope.routes}",
            f"{scope.routes - len(scope.never_kept)} of {scope.routes}",
            Text(f"{scope.percent:.0f} %", style=style),
        )
    console.print(table)
    for scope in routes:
        for line in scope.missed:
            console.print(Text(line), soft_wrap=True)
    for note in notes:
        console.print(Text(f"Not seen: {note}"), soft_wrap=True)
    counts: Counter[str] = Counter(result.status for result in results)
    console.print(
        ", ".join(f"{counts[status]} {status}" for status in STYLES if counts[status]) or "no cases"
    )


def _place(case: "Case | RouteCase") -> str:
    return at_line(case.file, case.line, code="case-failed", text=case.name).place


def _print_json(
    results: Sequence["CaseResult | RouteResult"],
    coverage: Sequence["Coverage"],
    routes: Sequence["RouteCoverage"],
    notes: Sequence[str],
) -> None:
    cases = [
        {
            "file": result.case.file,
            "name": result.case.name,
            "status": result.status,
            "reasons": list(result.reasons),
        }
        for result in results
    ]
    covered = [{**asdict(each), "percent": each.percent} for each in coverage]
    scopes = [{**asdict(each), "percent": each.percent} for each in routes]
    data(json.dumps({"cases": cases, "coverage": covered, "scopes": scopes, "notes": list(notes)}, indent=2))
