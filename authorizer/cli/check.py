"""`authorizer check`: does the configuration load?"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli.findings import Found
from authorizer.cli.formats import finds, tell, tell_json
from authorizer.cli.options import access_option, aws_option, env_option, load_access

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
    loaded = load_access(access, aws=aws, env_file=env_file)
    settings = loaded.settings
    if any(issuer.pinned_keys is not None for issuer in settings.issuers.values()):
        from authorizer.runtime import Authorizer  # with aiohttp, which takes longer than all the rest

        Authorizer(loaded).close()  # as the function does at its start
    if also_all:
        sys.exit(_all(loaded, access, form, as_json=as_json))
    if as_json:
        tell_json([])
    elif form != "text":
        tell([], form, "check")
    else:
        click.echo(
            f"{access}: {len(settings.issuers)} issuers, {len(settings.roles)} roles, "
            f"{len(settings.groups)} groups, {len(settings.scopes)} scopes, "
            f"{len(settings.template_sources)} templates: fine"
        )


def _all(loaded: "Access", access: Path, form: str, *, as_json: bool) -> int:
    from authorizer.cli.everything import everything

    found: list[Found] = []
    for command, here in everything(loaded, access):
        found += here
        if form == "text" and not as_json:
            click.echo(f"{command}: {len(here) or 'nothing'} found")
    if as_json:
        tell_json(f"{each.place}: {each.text}" if each.file else each.text for each in found)
    else:
        tell(found, form, "check --all")
    return 1 if found else 0
