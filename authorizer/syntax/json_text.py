"""JSON text → values, by Python's reader, with what its versions do differently settled here.

They differ in how deep they read (`authorizer.syntax.nesting`), in how many digits a number may have
(`sys.set_int_max_str_digits`, an option of the interpreter), and in what they say of a comma before a closing bracket.
"""

import json
import re
from collections.abc import Callable
from math import isfinite
from typing import Any, NoReturn

from authorizer.syntax.nesting import MAX_DEPTH, place, too_deep_at

_MARKS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A string to its end or the text's, or a bracket. Nothing is tried twice (`++`, `*+`): no stranger can make it
slow."""
MAX_DIGITS = 640
"""Most digits of a number without a fraction: as many as `int` takes whatever the interpreter is told
(`sys.int_info.str_digits_check_threshold`)."""
_TRAILING_COMMA = {
    ("Expecting property name enclosed in double quotes", "}"),
    ("Expecting value", "]"),
}
"""What Python says until 3.12, and of which character. From 3.13 on it is "Illegal trailing comma", of the comma."""


class JsonInvalid(ValueError):
    """The text is not JSON, or not such as is read here.

    The text says what it is instead (`not JSON: …`), and quotes nothing. `cause` is the same without the place;
    `position` is an index into the text, None where no one character is to blame.
    """

    def __init__(self, cause: str, text: str = "", position: int | None = None) -> None:
        super().__init__(cause if position is None else f"{cause} at {place(text, position)}")
        self.cause = cause
        self.position = position


def parse_json(text: str, decoder: json.JSONDecoder | None = None) -> Any:
    """The value that the whole text stands for. Raises `JsonInvalid`, and whatever the decoder's own hooks raise."""
    deep = too_deep_at(text, _MARKS)
    if deep is not None:
        raise JsonInvalid(f"nested too deeply: more than {MAX_DEPTH} brackets within one another", text, deep)
    try:
        return (decoder or _PLAIN).decode(text)
    except json.JSONDecodeError as error:
        raise _invalid(error) from None


def _invalid(error: json.JSONDecodeError) -> JsonInvalid:
    text, position, cause = error.doc, error.pos, error.msg[:1].lower() + error.msg[1:]
    before = text[:position].rstrip(" \t\n\r")
    if before.endswith(",") and (error.msg, text[position : position + 1]) in _TRAILING_COMMA:
        position, cause = len(before) - 1, ""
    if not cause or cause.startswith("illegal trailing comma"):
        cause = "a comma before a closing bracket"
    return JsonInvalid(f"not JSON: {cause.removesuffix(' at').rstrip(': ')}", text, position)


def finite(digits: str) -> float:
    """A number with a fraction or an exponent, if a double can hold it (RFC 7493 §2.2). Raises `JsonInvalid`."""
    number = float(digits)
    if not isfinite(number):
        raise JsonInvalid("out of range: a number in it is too large for a double")
    return number


def whole(digits: str) -> int:
    """A number without either. Raises `JsonInvalid`."""
    if len(digits.removeprefix("-")) > MAX_DIGITS:
        raise JsonInvalid(f"out of range: a number in it has too many digits, more than {MAX_DIGITS}")
    return int(digits)


def no_constant(name: str) -> NoReturn:
    """`NaN`, `Infinity` and `-Infinity`, which Python takes for numbers. Raises `JsonInvalid`."""
    raise JsonInvalid(f"not JSON: `{name}`")


def strict_decoder(
    pairs: Callable[[list[tuple[str, Any]]], Any] | None = None,
    parse_int: Callable[[str], Any] = whole,
    parse_float: Callable[[str], Any] = finite,
) -> json.JSONDecoder:
    """A decoder for `parse_json`. `pairs` makes an object of its members."""
    return json.JSONDecoder(
        object_pairs_hook=pairs, parse_int=parse_int, parse_float=parse_float, parse_constant=no_constant
    )


_PLAIN = strict_decoder()
