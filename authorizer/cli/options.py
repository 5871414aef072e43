"""Options that several subcommands share."""

from pathlib import Path

import click

access_option = click.option(
    "--access",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=Path("policies/access.toml"),
    show_default=True,
    help="The configuration to use.",
)
