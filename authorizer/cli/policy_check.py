"""`authorizer policy check`: lint."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.findings import of_lint, sifted
from authorizer.cli.formats import finds, tell
from authorizer.cli.options import access_option, aws_option, coverage_option, env_option, load_access, today
from authorizer.cli.plain import data, one_line
from authorizer.cli.progress import watching

if TYPE_CHECKING:
    from authorizer.engine.check import CaseResult, RouteResult
    from authorizer.gate import Sifted
    from authorizer.settings.schema import Access


@click.command()
@access_option
@aws_option
@env_option
@coverage_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
@finds("policy check", broken=EXIT_UNDECIDED)
def check(
    *, access: Path, aws: bool, env_file: Path | None, threshold: float, as_json: bool, form: str
) -> None:
    """Look for what loads and is still likely not what its author meant, in the templates and the configuration.

    Exit code 0: no finding. 1: findings. 2: the configuration does not load, or a case file cannot be read.
    """
    from authorizer.cli.case_files import case_files, read_cases, run_cases
    from authorizer.engine.check import edition

    loaded = load_access(access, aws=aws, env_file=env_file)
    cases = read_cases(loaded, case_files(access))
    results = run_cases(loaded.templates, watching("running each case")(cases))
    findings, suppressed = lint_all(loaded, access, results, threshold=threshold)
    told, beside = sifted(of_lint(findings, access))
    if as_json:
        data(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        tell(told, form, "policy check")
    if form == "text" and not as_json:
        if not told:
            click.echo(f"{len(loaded.templates.names)} templates, {len(results)} cases: no finding")
        ignored = [(each.place, each.code, reason) for each, reason in suppressed]
        ignored += [(each.place, each.code, reason) for each, reason in beside]
        for place, code, reason in ignored:
            click.echo(one_line(f"{place}: {code}: ignored: {reason}"))
        click.echo(f"Judged by AWS's actions, resources and condition keys of {edition()}.")
    sys.exit(1 if told else 0)


def lint_all(
    loaded: "Access", access: Path, results: "Sequence[CaseResult | RouteResult]", *, threshold: float
) -> "Sifted":
    """All that the lint finds, of the templates, the configuration and what the cases cover, told apart by
    `lint.ignore`."""
    from authorizer.engine.check import lint_coverage, measure, measure_routes, named_in
    from authorizer.gate import entries, lint_route_coverage, lint_settings, suppress

    source = access.read_text(encoding="utf-8")
    found = lint_settings(loaded, source, watch=watching("looking at each template"))
    # A branch that is never taken is in no case either: that is said once.
    dead = {each.place.partition(":")[0] for each in found if each.code == "dead-end"}
    coverage = [each for each in measure(results, loaded.templates) if f"{each.template}.json.j2" not in dead]
    return suppress(
        [
            *found,
            *lint_coverage(coverage, threshold=threshold, named=named_in(results)),
            *lint_route_coverage(
                measure_routes(results, entries(loaded.settings)),
                loaded.settings,
                source,
                threshold=threshold,
            ),
        ],
        loaded.settings,
        source,
        today(),
    )
