"""`authorizer init`: a starter `policies/` and `events/` in a repository that has none."""

import shutil
import sys
from pathlib import Path

import click

from authorizer.cli import EXIT_UNDECIDED

FOLDERS = {
    "policies": "access.toml, its templates, and the cases that test them",
    "events": "a sample event for each shape and outcome, and the personas who send them",
}
"""What is written. Both folders hold data alone: the code stays in the installed package."""
NEXT = (
    "authorizer invoke events/rest-token-allow.json --explain",
    "authorizer check",
    "authorizer policy test",
    "authorizer policy prove",
)
"""What to try first, in the new folder."""


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
def init(folder: Path) -> None:
    """Write a starter policies/ and events/ into FOLDER, the current one by default.

    They work at once, on this machine, without an AWS account. Nothing that exists is overwritten.

    Exit code 0: written. 2: one of the two is there already, and nothing was written.
    """
    taken = [str(folder / name) for name in FOLDERS if (folder / name).exists()]
    if taken:
        click.echo(
            f"{', '.join(taken)}: exists already, and nothing was written: expected a folder without "
            f"{' or '.join(FOLDERS)}; name another one, or move it away",
            err=True,
        )
        sys.exit(EXIT_UNDECIDED)
    for name, summary in FOLDERS.items():
        shutil.copytree(starter() / name, folder / name)
        count = sum(1 for file in (folder / name).rglob("*") if file.is_file())
        click.echo(f"{folder / name}/: {count} files: {summary}")
    click.echo("then try:")
    for command in NEXT:
        click.echo(f"  {command}")


def starter() -> Path:
    """Where the two folders are kept: inside an installed package, at the top of a checkout."""
    package = Path(__file__).parents[1]
    packed = package / "starter"
    return packed if packed.is_dir() else package.parent
