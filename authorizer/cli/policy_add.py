"""`authorizer policy add`: a ready policy of the library, written into somebody's repository."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.console import folding_table, literal_console
from authorizer.cli.options import access_option

if TYPE_CHECKING:
    from authorizer.library import Added, Kind


@click.command()
@click.argument("names", nargs=-1, metavar="KIND...")
@access_option
@click.option("--list", "listing", is_flag=True, help="Show what there is to add, and write nothing.")
def add(names: Sequence[str], access: Path, listing: bool) -> None:
    """Add ready policies of the library: for each KIND a template, its cases, and the rows that they need in the
    configuration.

    A row that the configuration has already stays as it is, and is named. Nothing that exists is overwritten.

    Exit code 0: added. 2: nothing was written.
    """
    from authorizer.library import KINDS

    if listing:
        _print_list(KINDS)
        return
    kinds = {kind.name: kind for kind in KINDS}
    if not names:
        raise click.UsageError("expected the name of a kind, such as sqs; --list shows them all")
    if unknown := [name for name in names if name not in kinds]:
        raise click.BadParameter(
            f"not in the library: {', '.join(map(repr, unknown))}: expected {', '.join(kinds)}"
        )
    chosen = [kinds[name] for name in dict.fromkeys(names)]
    files = {file: text for kind in chosen for file, text in _files(access.parent, kind).items()}
    # A link that leads nowhere is somebody's file, too.
    if taken := [str(file) for file in files if os.path.lexists(file)]:
        _refuse(f"{', '.join(taken)}: exists already: rename your own template, or remove it to take ours")
    text, results = _with_rows(access, chosen)
    _write(files, access, text)
    for kind, result in results:
        _print(access, kind, result)
    click.echo("then try:")
    for command in ("authorizer policy test", f"authorizer policy prove {' '.join(map(_name, chosen))}"):
        click.echo(f"  {command}")


def _name(kind: "Kind") -> str:
    return kind.name


def _files(folder: Path, kind: "Kind") -> dict[Path, str]:
    from authorizer.schemas import FOLDER, named
    from authorizer.settings.load import SUFFIX

    # A schema is named where there is one: an older repository has none, and its editor would look for it in vain.
    has_schemas = (folder / FOLDER / "cases.json").is_file()
    return {
        folder / "templates" / f"{kind.name}{SUFFIX}": kind.template,
        folder / "cases" / f"{kind.name}.toml": named("cases", kind.cases) if has_schemas else kind.cases,
    }


def _with_rows(access: Path, kinds: Sequence["Kind"]) -> tuple[str, list[tuple["Kind", "Added"]]]:
    """The configuration with the rows of all kinds, and what came of each. Ends the command where there is no place
    for them."""
    from authorizer.library import RowsRefused, add_rows

    results: list[tuple[Kind, Added]] = []
    try:
        text = access.read_bytes().decode("utf-8")
        for kind in kinds:
            result = add_rows(text, kind.rows)
            text = result.text
            results.append((kind, result))
    except (OSError, UnicodeDecodeError, RowsRefused) as error:
        rows = "\n".join(f"# {kind.name}\n{kind.rows}" for kind in kinds)
        _refuse(f"{access}: cannot be added to: {error}. These are the rows:\n\n{rows}")
    return text, results


def _write(files: Mapping[Path, str], access: Path, text: str) -> None:
    """All of them, or none: the configuration comes last and at once, so that who reads it finds what it names."""
    beside = access.with_name(f"{access.name}.new")
    ours: list[Path] = []
    try:
        for file, content in {**files, beside: text}.items():
            file.parent.mkdir(exist_ok=True)
            with file.open("x", encoding="utf-8", newline="") as stream:
                ours.append(file)
                stream.write(content)
        beside.chmod(access.stat().st_mode)
        beside.replace(access)
    except OSError as error:
        for file in ours:
            file.unlink(missing_ok=True)
        _refuse(f"{error.filename}: cannot be written: {error.strerror}")
    for file in files:
        click.echo(f"{file}: written")


def _refuse(why: str) -> None:
    click.echo(f"{why}\nnothing was written", err=True)
    sys.exit(EXIT_UNDECIDED)


def _print(access: Path, kind: "Kind", result: "Added") -> None:
    click.echo(f"{access}: {kind.name}, in the library with the verdict {kind.verdict}")
    for name in result.added:
        click.echo(f"  added {name}")
    for row in result.kept:
        click.echo(f"  kept {row.name} = {row.theirs}; ours would be {row.ours}")
    # What these say of a deployment, only its owner knows; all else holds as it stands.
    examples = [name for name in result.added if name.startswith("variables.")]
    examples += [f"{name}.arn" for name in result.added if name.startswith("roles.")]
    if examples:
        click.echo(f"  yours to set: {', '.join(examples)}")


def _print_list(kinds: Sequence["Kind"]) -> None:
    table = folding_table("Kind", "What one tenant gets", "Verdict")
    for kind in kinds:
        table.add_row(kind.name, kind.opens, kind.verdict)
    literal_console().print(table)
