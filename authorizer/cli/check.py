"""`authorizer check`: does the configuration load?"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli.findings import Found
from authorizer.cli.formats import finds, tell
from authorizer.cli.options import access_option, aws_option, env_option, load_access
from authorizer.errors import SettingsError

if TYPE_CHECKING:
    from authorizer.settings.schema import Access


@click.command()
@access_option
@aws_option
@env_option
@click.option("--json", "as_json", is_flag=True, help="Print the problems as a JSON list.")
@click.option(
    "--all",
    "also_all",
    is_flag=True,
    help="Then the layout, the lint, the cases and the proof as well: what a pull request runs.",
)
@finds("check", broken=1, watched=True)
def check(
    *, access: Path, aws: bool, env_file: Path | None, as_json: bool, also_all: bool, form: str
) -> None:
    """Load the configuration and its templates and list every problem with its place.

    Exit code 0: it loads. 1: it has problems; with --all, anything is found at all.
    """
    try:
        loaded = load_access(access, aws=aws, env_file=env_file)
        settings = loaded.settings
    except SettingsError as error:
        if not as_json:
            raise
        click.echo(json.dumps(error.problems))
        sys.exit(1)
    if also_all:
        sys.exit(_all(loaded, access, form))
    if as_json:
        click.echo("[]")
    elif form != "text":
        tell([], form, "check")
    else:
        click.echo(
            f"{access}: {len(settings.issuers)} issuers, {len(settings.roles)} roles, "
            f"{len(settings.groups)} groups, {len(settings.scopes)} scopes, "
            f"{len(settings.template_sources)} templates: fine"
        )


def _all(loaded: "Access", access: Path, form: str) -> int:
    from authorizer.cli.everything import everything

    found: list[Found] = []
    for command, here in everything(loaded, access):
        found += here
        if form == "text":
            click.echo(f"{command}: {len(here) or 'nothing'} found")
    tell(found, form, "check --all")
    return 1 if found else 0
