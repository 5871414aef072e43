"""The console that commands print to: what they print is text, and nothing in it is rich's.

By default rich reads `[red]` in a text as a colour and `:secret:` as a picture, and each of them stands in real names:
`arn:aws:secretsmanager:eu-west-1:123456789012:secret:tenants/acme`. Colours are given as `Text` with a style.
"""

import sys
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any, cast

from typing_extensions import override

from authorizer.cli.plain import Plain, plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Column, Table


def literal_console(*, stderr: bool = False, width: int | None = None) -> "Console":
    """A console that prints what it is given, letter by letter. `width` in columns, the terminal's if it is None."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class Literal(Console):
        @override
        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterable[Segment]:
            """Plain before it is coloured, but for rich's own controls: the stream could not tell the two apart."""
            for each in super().render(renderable, options):
                yield each if each.control else each._replace(text=plain(each.text))

    stream = sys.stderr if stderr else sys.stdout
    # Of a stream that is not wrapped, as in another's process, rich finds out by itself what it is when it prints.
    into = cast("IO[str]", stream.coloured) if isinstance(stream, Plain) else None
    return Literal(file=into, stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def folding_table(*headers: "Column | str", **options: Any) -> "Table":
    """A table that goes on in the next line where the terminal, or the 80 columns of a pipe, are too narrow: what it
    tells is never cut."""
    from rich.table import Table
    from rich.text import Text

    class Folding(Table):
        @override
        def add_row(self, *cells: Any, **given: Any) -> None:
            """Made plain before it is measured: afterwards what is longer than its column would be cut."""
            for cell in cells:
                if isinstance(cell, Text) and cell.plain != plain(cell.plain):
                    cell.plain = plain(cell.plain)
            super().add_row(*(plain(cell) if isinstance(cell, str) else cell for cell in cells), **given)

    table = Folding(*headers, **options)
    for column in table.columns:
        column.overflow = "fold"
    return table
