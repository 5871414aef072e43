"""What is printed, without what a terminal or the log of a CI server would obey.

Names, reasons and texts are of files that somebody else wrote: a pull request's, a report's, a deployment's. An escape
sequence in one of them could clear what was found, hide it or write "HOLDS" over it; a line of its own that begins with
`::` is a command to GitHub's runner. So both standard streams are wrapped before a command begins (`ended`), and who
prints need not think of it. Colours of our own come through `coloured`; what a machine reads is printed by `data`.
"""

import re
import sys
from typing import Final, TextIO, cast

import click

_OBEYED: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""C0 without tab and line feed, DEL and C1 (ECMA-48 §5), ends of lines, and what turns the direction of text (Unicode
Standard Annex 9, §2): a terminal, or whoever looks at it, would take them for more than text."""
_COMMAND: Final = re.compile(r"(?m)^([^\S\n]*):(?=:)|#(?=#[A-Za-z]*\[)")
"""How a command to a CI server begins: `::` at the beginning of a line after any blanks, or `##[` anywhere (GitHub's
runner, ActionCommand: TryParseV2 and TryParse), `##vso[` (Azure Pipelines, "Logging commands")."""


def plain(text: str) -> str:
    """`text` with each character that would be obeyed as its number. JSON reads the same out of it."""
    return _OBEYED.sub(_number, text)


def one_line(text: str) -> str:
    """The same of what is told on one line: with a line feed it could tell a second one, that is not ours."""
    return plain(text).replace("\n", "\\n")


def _number(match: re.Match[str]) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in match[0])


def _disarmed(match: re.Match[str]) -> str:
    blanks = match[1] or ""
    return blanks + f"\\u{ord(match[0][len(blanks)]):04x}"


class _Printed:
    """What a library asks of a standard stream beside `write`. By a buffer, which it has not, all would go past us."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        return self._stream.encoding

    @property
    def errors(self) -> str | None:
        return self._stream.errors


class Plain(_Printed):
    """A standard stream that prints plain text."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.coloured = _Coloured(stream, self)
        """The same stream for who has made its texts plain already and colours them: rich."""
        self._begins = True
        """Nothing but blanks stands in this line yet."""

    @property
    def exact(self) -> "Plain | TextIO":
        """For data: byte for byte, but for a terminal, where nobody reads it but a person."""
        return self if self.isatty() else self._stream

    def write(self, text: str) -> int:
        self.put(plain(text))
        return len(text)

    def put(self, text: str) -> None:
        """Print what may have colours of ours in it."""
        before = "" if self._begins else "."
        whole = before + text
        self._stream.write(_COMMAND.sub(_disarmed, whole)[len(before) :])
        self._begins = not whole.rpartition("\n")[2].strip()


class _Coloured(_Printed):
    def __init__(self, stream: TextIO, printed: Plain) -> None:
        super().__init__(stream)
        self._printed = printed

    def write(self, text: str) -> int:
        self._printed.put(text)
        return len(text)


def data(text: str, *, nl: bool = True) -> None:
    """Print on standard output what a machine reads, such as JSON or a template."""
    stream = sys.stdout
    exact = stream.exact if isinstance(stream, Plain) else stream
    # With `color` click takes nothing out of it.
    click.echo(text, file=cast("TextIO", exact), nl=nl, color=True)
