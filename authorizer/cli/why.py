"""`authorizer why CODE`: what a finding or a refusal means, and what to do."""

import sys
from difflib import get_close_matches

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.codes import CODES, REFUSALS


def _codes(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    return [name for name in (*CODES, *REFUSALS) if name.startswith(incomplete)]


@click.command()
@click.argument("code", required=False, shell_complete=_codes)
def why(code: str | None) -> None:
    """Say what the CODE of a finding means, with an example and the remedy, or that of a refused request; without one,
    list all codes.

    Exit code 0: it is a code. 2: there is none of that name.
    """
    if code is None:
        meanings = {name: row.meaning for name, row in CODES.items()}
        meanings |= {name: f"{row.status}: {row.meaning}" for name, row in REFUSALS.items()}
        width = max(map(len, meanings))
        for name, meaning in meanings.items():
            click.echo(f"{name:<{width}}  {meaning}")
        return
    if (refused := REFUSALS.get(code.strip("[]`"))) is not None:
        click.echo(f"{code.strip('[]`')} ({refused.status}): {refused.meaning}")
        click.echo(f"  {refused.family}")
        return
    found = CODES.get(code.strip("[]`"))
    if found is None:
        close = get_close_matches(code, (*CODES, *REFUSALS), n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        click.echo(f"there is no code {code!r}: {meant}`authorizer why` lists all", err=True)
        sys.exit(EXIT_UNDECIDED)
    click.echo(f"{found.name} ({found.level}): {found.meaning}")
    click.echo(f"  for example  {found.example}")
    click.echo(f"  remedy       {found.remedy}")
    if found.level == "warning":
        click.echo(
            "  suppressed   by a row of lint.ignore in access.toml, or beside the line:\n"
            f"               # authorizer: ignore {found.name}: REASON\n"
            f"               {{# authorizer: ignore {found.name}: REASON #}}"
        )
