"""JSON as a security decision may read it: one meaning or none (RFC 7493, "I-JSON")."""

import json
from math import isfinite
from typing import NoReturn


class JsonRefused(ValueError):
    """The bytes are not one JSON object with one meaning. The text says why, and quotes no value."""


def parse_object(document: bytes) -> dict[str, object]:
    """Parse UTF-8 bytes that must be one JSON object, in which no object has two members of one name.

    Refused besides: a byte order mark and any encoding but UTF-8 (RFC 8259 §8.1), `NaN` and `Infinity`,
    numbers beyond a double or beyond Python's 4,300 digits, lone surrogates (RFC 7493 §2.1), nesting deeper
    than the interpreter's limit. Raises `JsonRefused`.
    """
    try:
        text = document.decode("utf-8")
        found = _DECODER.decode(text)
        if "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode("utf-8")  # a lone surrogate has no UTF-8
    except JsonRefused:
        raise
    except UnicodeDecodeError:
        raise JsonRefused("it is not UTF-8") from None
    except UnicodeEncodeError:
        raise JsonRefused("a text in it has half of a surrogate pair") from None
    except json.JSONDecodeError as error:
        raise JsonRefused(f"it is not JSON: {error.msg.lower()} at character {error.pos}") from None
    except ValueError:
        raise JsonRefused("a number in it has too many digits") from None
    except RecursionError:
        raise JsonRefused("it is nested too deeply") from None
    if not isinstance(found, dict):
        raise JsonRefused("it is not a JSON object")
    return found


def _unique(members: list[tuple[str, object]]) -> dict[str, object]:
    # RFC 8259 §4 leaves two members of one name to the reader: the signer's reader may have seen the other
    # one.
    found = dict(members)
    if len(found) != len(members):
        raise JsonRefused("an object in it has two members of one name")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise JsonRefused("a number in it is too large")
    return number


def _no_constant(name: str) -> NoReturn:
    raise JsonRefused(f"`{name}` is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_finite, parse_constant=_no_constant)
