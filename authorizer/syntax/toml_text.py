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


class TomlInvalid(ValueError):
    """The text is not TOML, or not such as is read here. The text says what it is instead, and where."""


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a file. Raises `TomlInvalid`."""
    deep = f"nested too deeply: more than {MAX_DEPTH} levels"
    position = too_deep_at(text, _MARKS)
    if position is not None:
        raise TomlInvalid(f"{deep} (at {place(text, position)})")
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        raise TomlInvalid(f"not TOML: {said[:1].lower()}{said[1:]}") from None
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
