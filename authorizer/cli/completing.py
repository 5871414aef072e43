"""What a shell completes: names of the configuration, read without its environment."""

from collections.abc import Callable
from pathlib import Path

import click

from authorizer.cli.options import ACCESS

_Complete = Callable[[click.Context, click.Parameter, str], list[str]]


def names_in(*tables: str) -> _Complete:
    """Completes with the keys of a table of access.toml; `("events", "personas.toml")` with those of a file beside it.
    Nothing where the file cannot be read: a shell has no place for a message."""

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
        from authorizer.syntax.toml_text import TomlInvalid, parse_toml

        access = Path(str(ctx.params.get("access") or ACCESS))
        path = access.parent.parent.joinpath(*tables) if len(tables) > 1 else access
        try:
            found = parse_toml(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, TomlInvalid):
            return []
        names = found if len(tables) > 1 else found.get(tables[0], {})
        return [name for name in names if name.startswith(incomplete) and name != "environment"]

    return complete


def templates(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Completes with the templates beside the configuration."""
    access = Path(str(ctx.params.get("access") or ACCESS))
    found = sorted((access.parent / "templates").glob(f"{incomplete}*.json.j2"))
    return [path.name.removesuffix(".json.j2") for path in found if not path.name.startswith("_")]
