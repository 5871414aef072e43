"""Options that several subcommands share."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from authorizer.settings.schema import Settings

access_option = click.option(
    "--access",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=Path("policies/access.toml"),
    show_default=True,
    help="The configuration to use.",
)

aws_option = click.option(
    "--aws", is_flag=True, help="Take `env:` names from this environment alone, as in Lambda."
)

coverage_option = click.option(
    "--coverage",
    "threshold",
    type=click.FloatRange(0, 100),
    default=100,
    show_default=True,
    help="Least coverage of each template by its cases, in percent.",
)


def environment_of(access: Path, *, aws: bool) -> dict[str, str]:
    """What `env:` names mean: this environment, with the personas' sample values beneath it unless `aws`."""
    from authorizer.local.personas import load_personas
    from authorizer.local.world import personas_beside

    samples = personas_beside(access)
    if aws or not samples.exists():
        return dict(os.environ)
    return {**load_personas(samples).environment, **os.environ}


def load_access(access: Path, *, aws: bool) -> "Settings":
    """The settings in `access`, with the personas' sample environment beneath the real one unless `aws`.

    Raises `SettingsError`.
    """
    from authorizer.settings.load import load

    return load(access, environment_of(access, aws=aws))
