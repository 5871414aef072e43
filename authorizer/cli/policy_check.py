"""`authorizer policy check`: lint."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.console import literal_console
from authorizer.cli.options import access_option, aws_option, coverage_option, env_option, load_access, today
from authorizer.cli.progress import watching

if TYPE_CHECKING:
    from authorizer.engine.check import Finding


@click.command()
@access_option
@aws_option
@env_option
@coverage_option
@click.option("--json", "as_json", is_flag=True, help="Print the findings as a JSON list.")
def check(access: Path, aws: bool, env_file: Path | None, threshold: float, as_json: bool) -> None:
    """Look for what loads and is still likely not what its author meant, in the templates and the configuration.

    Exit code 0: no finding. 1: findings. 2: the configuration does not load, or a case file cannot be read.
    """
    from authorizer.cli.case_files import case_files, read_cases, run_cases
    from authorizer.engine import CaseInvalid
    from authorizer.engine.check import edition, lint_coverage, measure, measure_routes
    from authorizer.gate import entries, lint_route_coverage, lint_settings, suppress

    loaded = load_access(access, aws=aws, env_file=env_file)
    try:
        results = run_cases(
            loaded.templates, watching("running each case")(read_cases(loaded, case_files(access)))
        )
    except CaseInvalid as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_UNDECIDED)
    source = access.read_text(encoding="utf-8")
    findings, suppressed = suppress(
        [
            *lint_settings(loaded, source, watch=watching("looking at each template")),
            *lint_coverage(measure(results, loaded.templates), threshold=threshold),
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
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    elif findings:
        _print(findings)
    else:
        click.echo(f"{len(loaded.templates.names)} templates, {len(results)} cases: no finding")
    if not as_json:
        for finding, reason in suppressed:
            click.echo(f"{finding.place}: {finding.code}: ignored: {reason}")
        click.echo(f"Judged by AWS's actions, resources and condition keys of {edition()}.")
    sys.exit(1 if findings else 0)


def _print(findings: Sequence["Finding"]) -> None:
    from rich.text import Text

    console = literal_console()
    for finding in findings:
        head = Text.assemble(f"{finding.place}: ", (finding.code, "yellow"), f": {finding.text}")
        console.print(head, soft_wrap=True)
        console.print(Text(f"    → {finding.remedy}", style="green"), soft_wrap=True)
    console.print(f"{len(findings)} finding{'s' if len(findings) != 1 else ''}")
