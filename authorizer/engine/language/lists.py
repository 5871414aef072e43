"""Lists that arrive as one text, as Cognito writes each custom attribute, whatever was put into it.

A text is read in the one way that the claim declares, and only where it can be read in no other: what stands between
two separators is an item to the letter, white space and all, and no item can hold the separator.
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from authorizer.engine.language.errors import ValueRefused
from authorizer.engine.language.languages import Language
from authorizer.syntax.json_text import JsonInvalid, parse_json

JSON: Final = "json"
SEPARATORS: Final[Mapping[str, str]] = MappingProxyType({"comma": ",", "space": " "})
WRITTEN: Final = (*SEPARATORS, JSON)
"""What `list` may be, beside `true` for a JSON array: how a text says a list."""
_ESCAPED: Final = len("\\u0000")
"""Most characters that JSON spends on one of ours."""


def wrong_with_separator(written: str, language: Language) -> str | None:
    """Why items of this language cannot be told apart in a text; None where they can."""
    separator = SEPARATORS.get(written)
    segments = (segment for sequence in language.alternatives for segment in sequence)
    if separator is None or not any(separator in segment.chars for segment in segments):
        return None
    return (
        f'`list` is "{written}", and an item may hold {separator!r} itself: two lists could be one text; take a type '
        f'without it, `opaque` with `exclude = "{separator}"`, or list = "json"'
    )


def joined(items: Sequence[str], written: str) -> str:
    """The text that `split` reads as these items."""
    return json.dumps(list(items)) if written == JSON else SEPARATORS[written].join(items)


def split(text: str, written: str, *, longest: int, max_items: int) -> list[object]:
    """The items, not yet of any type, each `longest` characters at most. Raises `ValueRefused`.

    Takes time in proportion to what a list of this type can be written in, however long the text is.
    """
    most = max_items * (longest + 1) if written in SEPARATORS else 2 + max_items * (_ESCAPED * longest + 4)
    if len(text) > most:
        raise ValueRefused(
            f"has {len(text)} characters: expected at most {most}, as a list of {max_items} has"
        )
    if written in SEPARATORS:
        return list(text.split(SEPARATORS[written])) if text else []
    try:
        items = parse_json(text)
    except JsonInvalid as invalid:
        raise ValueRefused(f"is {invalid}: expected the text of a JSON list") from None
    if not isinstance(items, list):
        raise ValueRefused("is JSON, and no list: expected the text of a JSON list")
    return items
