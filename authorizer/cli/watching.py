"""`--watch`: a command once more after each change of the files that it is about."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from authorizer.cli.ending import INTERRUPTED


def repeat(command: Callable[[], object], access: Path) -> None:
    """Run the command now and after each change below `policies/` and `events/`, until Ctrl-C. What it ends with
    is told and ends nothing."""
    from watchfiles import watch

    folders = [folder for folder in (access.parent, access.parent.parent / "events") if folder.is_dir()]
    _run(command)
    try:
        for changes in watch(*folders):
            names = ", ".join(sorted({Path(path).name for _, path in changes}))
            click.echo(f"── {names} changed ──")
            _run(command)
    except KeyboardInterrupt:
        # That is how it is ended: what was decided has been told, and nothing is left undone.
        sys.exit(INTERRUPTED)


def _run(command: Callable[[], object]) -> None:
    code: object = 0
    try:
        command()
    except SystemExit as end:
        code = end.code or 0
    click.echo(
        "── fine; waiting for a change, Ctrl-C ends ──" if code == 0 else f"── exit code {code}; waiting ──"
    )
    sys.stdout.flush()
