"""JSON as a security decision may read it: one meaning or none (RFC 7493, "I-JSON")."""

import json

from authorizer.syntax.json_text import JsonInvalid, parse_json, strict_decoder


class JsonRefused(ValueError):
    """The bytes are not one JSON object with one meaning. The text says why, and quotes no value."""


def parse_object(document: bytes) -> dict[str, object]:
    """Parse UTF-8 bytes that must be one JSON object, in which no object has two members of one name.

    Refused besides: a byte order mark and any encoding but UTF-8 (RFC 8259 §8.1), `NaN` and `Infinity`,
    numbers beyond a double or of more than `MAX_DIGITS`, lone surrogates (RFC 7493 §2.1), nesting deeper than
    `MAX_DEPTH`. Raises `JsonRefused`.
    """
    try:
        text = document.decode("utf-8")
        found = parse_json(text, _DECODER)
        if "\\u" in text:
            json.dumps(found, ensure_ascii=False).encode("utf-8")  # a lone surrogate has no UTF-8
    except JsonInvalid as invalid:
        raise JsonRefused(f"it is {invalid}") from None
    except UnicodeDecodeError:
        raise JsonRefused("it is not UTF-8") from None
    except UnicodeEncodeError:
        raise JsonRefused("a text in it has half of a surrogate pair") from None
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


_DECODER = strict_decoder(_unique)
