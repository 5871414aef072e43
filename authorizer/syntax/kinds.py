"""What kind of JSON value something is: for messages about what a stranger sent, which never quote it."""

from typing import Final

_KINDS: Final = (
    # The first that fits: Python's `bool` is an `int`.
    (bool, "true or false"),
    (str, "a text"),
    (int, "a number"),
    (float, "a number"),
    (list, "a list"),
    (dict, "an object"),
)


def kind_of(value: object) -> str:
    """In words, as they follow "found". What is absent counts as null."""
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "null or nothing")
