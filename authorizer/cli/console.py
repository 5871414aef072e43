"""The console that commands print to: what they print is text, and nothing in it is rich's.

By default rich reads `[red]` in a text as a colour and `:secret:` as a picture, and each of them stands in real names:
`arn:aws:secretsmanager:eu-west-1:123456789012:secret:tenants/acme`. Colours are given as `Text` with a style.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Column, Table


def literal_console(*, stderr: bool = False, width: int | None = None) -> "Console":
    """A console that prints what it is given, letter by letter. `width` in columns, the terminal's if it is None."""
    from rich.console import Console

    return Console(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def folding_table(*headers: "Column | str", **options: Any) -> "Table":
    """A table that goes on in the next line where the terminal, or the 80 columns of a pipe, are too narrow: what it
    tells is never cut."""
    from rich.table import Table

    table = Table(*headers, **options)
    for column in table.columns:
        column.overflow = "fold"
    return table
