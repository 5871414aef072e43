"""`authorizer policy diff`: may anybody now do what they could not before?"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.console import folding_table, literal_console
from authorizer.cli.formats import finds, tell
from authorizer.cli.of_results import of_comparison
from authorizer.cli.old_access import old_access
from authorizer.cli.options import (
    access_option,
    aws_option,
    env_option,
    environment_of,
    load_access,
    sample_names,
    sample_notice,
)
from authorizer.cli.plain import data
from authorizer.cli.progress import watching
from authorizer.cli.values import told

if TYPE_CHECKING:
    from rich.console import Console

    from authorizer.engine.prove import Change, RoleDiff
    from authorizer.gate import Comparison, Shift

STYLES = {"NO WIDER": "green", "WIDER": "red", "UNKNOWN": "yellow"}


@click.command()
@click.argument("old")
@access_option
@aws_option
@env_option
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
@finds("policy diff", broken=EXIT_UNDECIDED)
def diff(*, old: str, access: Path, aws: bool, env_file: Path | None, as_json: bool, form: str) -> None:
    """Compare who may do what now with who could in OLD: issuers, claims, groups, rules, scopes, routes, roles.

    OLD is a git commit, branch or tag of this repository, or a folder with an access.toml. `env:` names mean the same
    on both sides. Not seen are the roles' own policies, nor compared are users whom the old configuration failed: too
    long a policy, or a malformed claim that the new one does not look at.

    Exit code 0: nobody may do more than before. 1: somebody may, or it could not be shown that nobody may. 2: it could
    not run.
    """
    now = load_access(access, aws=aws, env_file=env_file)
    with old_access(old, access) as there:
        from authorizer.settings.load import load

        environment = {
            **environment_of(there, aws=aws, env_file=env_file),
            **environment_of(access, aws=aws, env_file=env_file),
        }
        before = load(there, environment)
        if env_file is None and set(sample_names(there)) - set(sample_names(access)):
            click.echo(sample_notice(there), err=True)
    from authorizer.gate import compare

    comparison = compare(before, now, watch=watching("comparing"))
    if form != "text" and not as_json:
        tell(list(of_comparison(comparison, access)), form, "policy diff")
    elif as_json:
        from authorizer.gate import plain_comparison

        plain = {**plain_comparison(comparison), "values": dict(now.settings.variables)}
        data(json.dumps(plain, indent=2))
    else:
        _print(comparison.policies)
        _print_shifts(comparison)
        _print_values(now.settings.variables, access)
    sys.exit(0 if comparison.verdict == "NO WIDER" else 1)


def _print(results: Sequence["RoleDiff"]) -> None:
    from rich.text import Text

    console = literal_console()
    table = folding_table("Role", "Verdict", "Gained", "Lost")
    for result in results:
        verdict = Text(result.verdict, style=STYLES[result.verdict])
        table.add_row(result.role, verdict, str(len(result.gained)), str(len(result.lost)))
    console.print(table)
    for result in results:
        if result.gained or result.lost or result.verdict != "NO WIDER":
            _print_role(console, result)


def _print_role(console: "Console", result: "RoleDiff") -> None:
    from rich.text import Text

    console.print(
        Text.assemble((result.verdict, STYLES[result.verdict]), f" {result.role}: {result.reason}"),
        soft_wrap=True,
    )
    for sign, style, changes in (("+", "red", result.gained), ("-", "green", result.lost)):
        for change in changes:
            console.print(Text(f"  {sign} {_describe(change)}", style=style), soft_wrap=True)
    if result.witness is not None:
        party = result.witness
        claims = ", ".join(f"{name}={value!r}" for name, value in party.claims.items()) or "no claims"
        scopes = f", scopes {', '.join(sorted(party.scopes))}" if party.scopes else ""
        context = ", ".join(f"{key}={value!r}" for key, value in party.request.context.items())
        lines = [
            f"  for example a user with {claims}{scopes}",
            f"    may now {party.request.action} on {party.request.resource}"
            + (f" with {context}" if context else ""),
        ]
        console.print("\n".join(lines), soft_wrap=True)


def _print_shifts(comparison: "Comparison") -> None:
    from rich.text import Text

    console = literal_console()
    for title, directions, style in (
        ("Gained", ("WIDER",), "red"),
        ("Not decided", ("UNKNOWN",), "yellow"),
        ("Lost", ("NARROWER",), "green"),
    ):
        shifts = [shift for shift in comparison.shifts if shift.direction in directions]
        if not shifts:
            continue
        table = folding_table("Whom", "Aspect", "What", title=title, style=style, title_justify="left")
        for shift in sorted(shifts, key=lambda shift: shift.whom):
            table.add_row(shift.whom, shift.aspect, shift.what)
        console.print(table)
        for shift in shifts if title != "Lost" else ():
            console.print(_example(shift), soft_wrap=True)
    console.print(Text.assemble((comparison.verdict, STYLES[comparison.verdict]), ", all in all"))


def _print_values(values: Mapping[str, str], access: Path) -> None:
    if values:
        console = literal_console()
        console.print("Compared with these values of [variables], and no others:", style="bold")
        for line in told(values, access):
            console.print(f"  - {line}", soft_wrap=True)


def _example(shift: "Shift") -> str:
    may = "may" if shift.direction == "WIDER" else "may or may not"
    return f"  {shift.aspect}: {_said(shift.identity)} {may} now ask for {_said(shift.request)}"


def _said(facts: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {json.dumps(value, default=str)}" for name, value in facts.items())


def _describe(change: "Change") -> str:
    conditions = f" if {' and '.join(change.conditions)}" if change.conditions else ""
    users = f" ({'; or '.join(change.users)})" if change.users else ""
    return f"{change.action} on {change.resource}{conditions}{users}"
