"""`authorizer token PERSONA`: a token of the local issuer."""

import os
from pathlib import Path

import click

from authorizer.cli.completing import names_in
from authorizer.cli.options import access_option
from authorizer.cli.plain import data


@click.command()
@click.argument("persona", shell_complete=names_in("events", "personas.toml"))
@click.option("--use", "token_use", type=click.Choice(["id", "access"]), default="id", show_default=True)
@access_option
def token(persona: str, token_use: str, access: Path) -> None:
    """Print a token for PERSONA of events/personas.toml, good for local runs only."""
    from authorizer.local.world import local

    with local(access, os.environ) as world:
        data(world.mint(persona, token_use))
