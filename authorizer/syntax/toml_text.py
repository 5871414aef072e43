"""TOML text → tables, by Python's reader, with what its versions do differently settled here."""

import re
import tomllib
from typing import Any

from authorizer.syntax.nesting import MAX_DEPTH, place, too_deep_at

_MARKS = re.compile(
    r'"""(?:[^"\\]++|\\.|"(?!""))*+"{0,5}'  # up to two quotes may stand before the closing three
    r"|'''(?:[^']++|'(?!''))*+'{0,5}"
    r'|"(?:[^"\\\n]++|\\[^\n])*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+"
    r"|[\[\]{}]",
    re.DOTALL,
)
"""A string, a comment, or a bracket (TOML 1.0.0, "String", "Comment")."""
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
"""TOML 1.0.0, "Integer": 64 bits, and an error beyond them."""
LARGE = "out of range: a whole number in it has more than 64 bits"


_AT = re.compile(r" ?\((?:at (?:line (\d+), column (\d+)|end of document))\)\Z")
_TWICE = re.compile(r"cannot (?:declare|mutate immutable namespace|overwrite a value)(?: \((.*)\))?")


class TomlInvalid(ValueError):
    """The text is not TOML, or not such as is read here. The text says what it is instead, what to do, and where."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        at = _AT.search(said)
        self.cause = said[: at.start()] if at else said
        """The same without the place."""
        self.place = f"{at[1]}:{at[2]}" if at and at[1] else ""
        """`LINE:COLUMN`, both from 1; empty where no one character is to blame."""


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a file. Raises `TomlInvalid`."""
    if text.startswith("\ufeff"):
        raise TomlInvalid(
            "not TOML: begins with a byte order mark: save it as UTF-8 without one (at line 1, column 1)"
        )
    deep = f"nested too deeply: more than {MAX_DEPTH} levels"
    position = too_deep_at(text, _MARKS)
    if position is not None:
        raise TomlInvalid(f"{deep} (at {place(text, position)})")
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlInvalid(f"not TOML: {_in_words(str(error), text)}") from None
    except ValueError:  # `int` refuses thousands of digits; how many is an option of the interpreter
        raise TomlInvalid(LARGE) from None
    waiting: list[tuple[dict[str, Any] | list[Any], int]] = [(tables, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:  # dots in a name nest without a bracket
            raise TomlInvalid(deep)
        for value in node.values() if isinstance(node, dict) else node:
            if isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
                raise TomlInvalid(LARGE)
            if isinstance(value, dict | list):
                waiting.append((value, depth + 1))
    return tables


def _in_words(said: str, text: str) -> str:
    """What Python's reader says, with what to do where that is known."""
    said = said[:1].lower() + said[1:]
    at = _AT.search(said)
    if at is None:
        return said
    cause = said[: at.start()]
    line, column = (int(at[1]), int(at[2])) if at[1] else (text.count("\n") + 1, 1)
    lines = text.splitlines()
    before, after = (
        ("", "") if line > len(lines) else (lines[line - 1][: column - 1], lines[line - 1][column - 1 :])
    )
    comma = before.rstrip()
    if comma.endswith(",") and after.startswith("}"):
        return f"a comma before a closing brace: leave it out (at line {line}, column {len(comma)})"
    if _TWICE.match(cause):
        what = (before + after).strip()
        return f"{what} stands here for the second time: give one of them another name (at line {line}, column 1)"
    if (not after and before.count('"') % 2) or cause == "unterminated string":
        cause += ': expected a closing " before the line ends'
    return f"{cause}{at[0]}"
