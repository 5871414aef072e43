"""`authorizer fmt`: templates in their one layout."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.findings import Found
from authorizer.cli.folders import files_in
from authorizer.cli.formats import finds, tell
from authorizer.cli.options import access_option


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@access_option
@click.option(
    "--check", "only_look", is_flag=True, help="Change nothing; say which files are laid out otherwise."
)
@finds("fmt", broken=EXIT_UNDECIDED)
def fmt(*, files: Sequence[Path], access: Path, only_look: bool, form: str) -> None:
    """Lay out the templates FILES, or all of the configuration, in one way. What they render to stays the same.

    Exit code 0: they are laid out so. 1: with --check, some are not. 2: one has no layout: it is empty, or a hole or a
    tag in it is not closed; then nothing is written.
    """
    from authorizer.settings.load import SUFFIX

    if others := [str(path) for path in files if not path.name.endswith(SUFFIX)]:
        raise click.BadParameter(
            f"{', '.join(others)}: no template, and nothing was written: expected files named *{SUFFIX}",
            param_hint="FILES",
        )
    found = unformatted(files or templates_of(access))
    for path, text in () if only_look else found:
        path.write_text(text, encoding="utf-8")
        click.echo(f"formatted {path}", err=form != "text")
    told = of_layout([path for path, _ in found]) if only_look else []
    tell(told, form, "fmt")
    if form == "text" and not found:
        click.echo("every template is laid out so")
    sys.exit(1 if told else 0)


def templates_of(access: Path) -> list[Path]:
    """The templates beside a configuration. Raises `SettingsError` where they cannot be listed."""
    from authorizer.settings.load import SUFFIX

    return files_in(access.parent / "templates", SUFFIX)


def unformatted(files: Sequence[Path]) -> list[tuple[Path, str]]:
    """The files that are laid out otherwise, each with the text that it should have. Raises `SettingsError` for one
    that cannot be read, or of which nobody can say how it is laid out."""
    from authorizer.engine.check import formatted, without_layout
    from authorizer.errors import SettingsError
    from authorizer.settings.load import read_text

    texts = [(path, read_text(path)) for path in files]
    refused = [(path, why) for path, text in texts if (why := without_layout(text)) is not None]
    if refused:
        raise SettingsError([f"{path}:{line}: {said}" for path, (line, said) in refused])
    return [(path, new) for path, old in texts if (new := formatted(old)) != old]


def of_layout(files: Sequence[Path]) -> list[Found]:
    """A finding for each of these files."""
    return [
        Found(
            file=str(path),
            code="layout",
            text="the template is laid out otherwise",
            remedy=f"authorizer fmt {path}",
        )
        for path in files
    ]
