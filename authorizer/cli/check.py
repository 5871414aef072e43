"""`authorizer check`: does the configuration load?"""

import json
import sys
from pathlib import Path

import click

from authorizer.cli.options import access_option, aws_option, load_access
from authorizer.errors import SettingsError


@click.command()
@access_option
@aws_option
@click.option("--json", "as_json", is_flag=True, help="Print the problems as a JSON list.")
def check(access: Path, aws: bool, as_json: bool) -> None:
    """Load the configuration and its templates and list every problem with its place.

    Exit code 0: it loads. 1: it has problems.
    """
    problems: tuple[str, ...] = ()
    try:
        settings = load_access(access, aws=aws).settings
        summary = (
            f"{access}: {len(settings.issuers)} issuers, {len(settings.roles)} roles, "
            f"{len(settings.groups)} groups, {len(settings.scopes)} scopes, "
            f"{len(settings.template_sources)} templates: fine"
        )
    except SettingsError as error:
        problems = error.problems
        summary = str(error)
    if as_json:
        click.echo(json.dumps(problems))
    else:
        click.echo(summary, err=bool(problems))
    sys.exit(1 if problems else 0)
