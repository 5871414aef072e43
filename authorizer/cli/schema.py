"""`authorizer schema`: JSON Schemas of the files that people write, for their editors."""

import sys
from pathlib import Path

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.plain import data

NAMES = ("access", "personas", "cases")


@click.command()
@click.argument("name", type=click.Choice(NAMES), required=False)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write all three there, in place of those of an older version: policies/schemas.",
)
def schema(name: str | None, output: Path | None) -> None:
    """Print the JSON Schema of NAME: access.toml, personas.toml, or the files in cases/.

    An editor with Taplo or Even Better TOML finds it by the first line of the file, `#:schema schemas/access.json`, as
    `authorizer init` writes it. `authorizer check` knows more: what the file says of roles, claims and templates.

    Exit code 0: printed or written. 2: it could not be written.
    """
    from authorizer.schemas import SCHEMAS, schema_text

    if (name is None) == (output is None):
        raise click.UsageError(f"expected one of {', '.join(NAMES)}, or --output DIR for all of them")
    if output is None:
        data(schema_text(str(name)), nl=False)
        return
    for each in SCHEMAS:
        file = output / f"{each}.json"
        try:
            output.mkdir(parents=True, exist_ok=True)
            file.write_text(schema_text(each), encoding="utf-8")
        except OSError as error:
            click.echo(f"{file}: cannot be written: {error.strerror}", err=True)
            sys.exit(EXIT_UNDECIDED)
        click.echo(f"{file}: written")
