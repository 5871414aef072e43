"""Rows for somebody's `access.toml`, added without touching what stands there."""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass

import tomlkit
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Item, Key, Table

from authorizer.syntax.toml_text import TomlInvalid, parse_toml


class RowsRefused(ValueError):
    """The rows cannot be added by a program: the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A row that is there already, and says something else."""

    name: str
    """`variables.bucket`"""
    theirs: str
    """Its value in the file, as TOML."""
    ours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What came of adding rows."""

    text: str
    """The file with the new rows. Every line that it had is still there, in the same order."""
    added: tuple[str, ...]
    """The new rows' names: `variables.sqs_queue`."""
    kept: tuple[Kept, ...]


def add_rows(text: str, rows: str) -> Added:
    """Add the rows of each table in `rows` that `text` lacks. A row that is there stays as it is.

    Raises `RowsRefused` where `text` is no TOML, or is written so that the result would not be it and the rows.
    """
    ending = "\r\n" if text.count("\n") == text.count("\r\n") > 0 else "\n"
    text = text.replace(ending, "\n")
    try:
        before = parse_toml(text)
        document, new = tomlkit.parse(text), tomlkit.parse(rows)
        added, kept = _merge(document, new)
        result = tomlkit.dumps(document)
        after = parse_toml(result)
    except (TomlInvalid, TOMLKitError) as error:
        raise RowsRefused(str(error)) from error
    if after != _merged(before, parse_toml(rows)) or not _has_all_lines(result, text):
        raise RowsRefused("its tables are written in a way that leaves no place for further rows")
    return Added(text=result.replace("\n", ending), added=tuple(added), kept=tuple(kept))


def _merge(document: TOMLDocument, new: TOMLDocument) -> tuple[list[str], list[Kept]]:
    added, kept = list[str](), list[Kept]()
    for table, wanted in new.items():
        assert isinstance(wanted, Table)  # noqa: S101 - the library's own files are tables of rows
        if table not in document:
            document.append(table, wanted)
            added += [f"{table}.{key}" for key in wanted]
            continue
        there = document[table]
        if not isinstance(there, MutableMapping):
            raise RowsRefused(f"`{table}` is no table")
        with _before_the_tail(there):
            for key, row in wanted.value.items():
                name = f"{table}.{key}"
                if key not in there:
                    there[key] = row
                    added.append(name)
                elif there[key] != row:
                    kept.append(Kept(name=name, theirs=_plain(there[key]), ours=_plain(row)))
    return added, kept


@contextmanager
def _before_the_tail(table: object) -> Iterator[None]:
    """What is added meanwhile stands behind the table's last row. The blank lines and comments that follow it are the
    table's to TOML, and to people the next table's heading."""
    last = _last(table)
    rows = max((at + 1 for at, (key, _) in enumerate(last) if key is not None), default=0)
    tail, last[rows:] = last[rows:], []
    yield
    _last(table).extend(tail)


def _last(table: object) -> list[tuple[Key | None, Item]]:
    """The lines of a table's last table, or of the table itself. Of a table that is spread over the file, none."""
    body: list[tuple[Key | None, Item]] = []
    while isinstance(table, Table):
        body = table.value.body
        table = body[-1][1] if body else None
    return body


def _plain(value: object) -> str:
    """The value on one line."""
    plain = value.unwrap() if isinstance(value, Item) else value
    if not isinstance(plain, Mapping):
        return tomlkit.item(plain).as_string()
    inline = tomlkit.inline_table()
    inline.update(plain)
    return inline.as_string()


def _merged(before: Mapping[str, object], rows: Mapping[str, object]) -> dict[str, object]:
    result = dict(before)
    for table, wanted in rows.items():
        there = before.get(table, {})
        assert isinstance(wanted, dict)  # noqa: S101 - `_merge` has seen that both are
        assert isinstance(there, dict)  # noqa: S101
        result[table] = {**wanted, **there}
    return result


def _has_all_lines(text: str, lines: str) -> bool:
    """Whether every line is in the text, in their order."""
    rest = iter(text.splitlines())
    return all(line in rest for line in lines.splitlines())
