"""How deep brackets nest, counted before anything recurses.

Python's readers of JSON and TOML call themselves at each bracket and stop where the interpreter does: at some 900 of
them on Python 3.11, less what the caller's own calls have used; at 3,000 on 3.12; past 9,000 on 3.13. What one took
another refused, and some of it only after a `RecursionError` that nobody had foreseen.
"""

import re

MAX_DEPTH = 64
"""Most brackets within one another. A policy has 5, a key set 4, a token of Cognito's 3. RFC 8259 §9: "An
implementation may set limits on the maximum depth of nesting.\""""


def too_deep_at(text: str, marks: re.Pattern[str]) -> int | None:
    """Where the bracket stands that is one too many; None in a text that nests no deeper than `MAX_DEPTH`.

    `marks` matches brackets, one at a time, and whatever brackets mean nothing in, such as a string, as a whole. Takes
    time in proportion to the text, as long as `marks` does.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:  # nearly every text, in two quick passes
        return None
    depth = 0
    for mark in marks.finditer(text):
        if mark[0] in ("[", "{"):
            depth += 1
            if depth > MAX_DEPTH:
                return mark.start()
        elif mark[0] in ("]", "}"):
            depth -= 1
    return None


def place(text: str, position: int) -> str:
    """A position as an editor shows it, both numbers from 1."""
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    return f"line {line}, column {column}"
