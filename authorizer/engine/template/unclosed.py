"""What Jinja cannot parse, in an author's words: the tag or the hole that is not closed, at its own line."""

import re
from typing import Final

_TAG: Final = re.compile(r"\{#.*?#\}|\{%[-+]?\s*(?P<word>\w+)(?P<rest>.*?)[-+]?%\}", re.DOTALL)
_OPENS: Final = ("if", "for")
_BARE: Final = re.compile(
    r"""\{%[-+]?\s*(?:el)?if\b[^%"']*?([\w./*-]+:[\w:./*-]+)\s+(?:not\s+)?in\s+scopes\b"""
)
"""A scope without its quotes."""
_HOLE: Final = re.compile(r"\{\{(?![^{}]*\}\})[^{}\n]*\}?")
"""One whose braces do not come, as much of it as stands on its line."""


def in_words(source: str, line: int, said: str) -> tuple[int, str]:
    """The line and the words for what Jinja said of a template: where something is not closed, those of its
    beginning. Jinja itself names the line at which it found out, often the last."""
    hole = next((each for each in _HOLE.finditer(source) if _line(source, each.start()) == line), None)
    if hole is not None:
        return line, f"`{hole[0].strip()}` is not closed: expected }}}} behind the name"
    opened: list[re.Match[str]] = []
    for tag in _TAG.finditer(source):
        word = tag["word"]
        if word in _OPENS:
            opened.append(tag)
        elif word is not None and word.startswith("end"):
            if not opened or opened[-1]["word"] != word.removeprefix("end"):
                return _line(
                    source, tag.start()
                ), f"`{{% {word} %}}` closes nothing: take it out, or open it before"
            opened.pop()
    if opened and "end of template" in said:
        tag = opened[-1]
        return (
            _line(source, tag.start()),
            f"`{{% {tag['word']}{tag['rest'].rstrip()} %}}` is never closed: expected {{% end{tag['word']} %}}",
        )
    bare = next((each for each in _BARE.finditer(source) if _line(source, each.start()) == line), None)
    if bare is not None:
        return (
            line,
            f'this test is not one of a template\'s: write the scope in quotes, `"{bare[1]}" in scopes`',
        )
    return line, said


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1
