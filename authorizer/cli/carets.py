"""Where on a line a finding points: what its words quote, as the file spells it."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

_QUOTED: Final = re.compile(r"'([^']+)'|`([^`]+)`|\"([^\"]+)\"")
_FOUND: Final = re.compile(r"found ('[^']*'|\S+)$")
_ADVICE: Final = re.compile(r"did you mean (?:'[^']*'|`[^`]*`)|expected .*?(?=, found |$)")
"""What is said of something else than what stands there."""
_NO_NAME: Final = re.compile(r"\{\{\s*([\w.]+\s*[^\w\s}].*?)\s*\}\}")
_VARIABLE: Final = re.compile(r"environment variable (\w+)")
_KEY: Final = re.compile(r"(?:^|[.\]])(\w[\w-]*)\Z|\"([^\"]+)\"\Z")
_ABOUT_THE_KEY: Final = re.compile(r"unknown (?:setting|table|key)|is required")
_VALUE: Final = r"""(?<![\w"'-])["']?{}["']?\s*=\s*(?=\S)"""
_AROUND: Final = ('"env:', '"', "'")


def locate(  # noqa: PLR0911 - one way after the other, the surest first
    lines: Sequence[str], line: int, key: str, text: str
) -> tuple[int, int, int]:
    """(line, column, length) of what a finding at `line` is about, all but the length from 1. `key` is the dotted key
    of a TOML file, `text` what is said. A statement of a template is looked through from its first line on."""
    if not 1 <= line <= len(lines):
        return line, 1, 1
    leaf = _leaf(key)
    if leaf and _ABOUT_THE_KEY.search(text):
        at = lines[line - 1].find(leaf)
        if at >= 0:
            return line, at + 1, len(leaf)
    for word in _words(text, leaf):
        for number in _reach(lines, line, toml=bool(key)):
            found = _whole(_code(lines[number - 1]), word)
            if found is not None:
                return number, *found
    value = re.search(_VALUE.format(re.escape(leaf)), lines[line - 1]) if leaf else None
    if value is not None:
        rest = lines[line - 1][value.end() :]
        return line, value.end() + 1, _length(rest)
    indent = len(lines[line - 1]) - len(lines[line - 1].lstrip())
    hole = _NO_NAME.search(lines[line - 1]) if "a hole is a plain name" in text else None
    if hole is not None:
        return line, hole.start(1) + 1, len(hole[1])
    if "a comma before a closing bracket" in text:
        indent = max(lines[line - 1].rfind(","), 0)
        return line, indent + 1, 1
    return line, indent + 1, max(len(lines[line - 1].strip()), 1)


def _leaf(key: str) -> str:
    match = _KEY.search(re.sub(r"\[\d+\]\Z", "", key))
    return (match[1] or match[2]) if match else ""


def _words(text: str, leaf: str) -> Iterator[str]:
    """What the words quote, what they say was found, and the variable that they name."""
    for match in (_VARIABLE.search(text), _FOUND.search(text)):
        if match is not None:
            yield match[1].strip("'\"")
    quoted = [match.groups() for match in _QUOTED.finditer(_ADVICE.sub("", text))]
    for word in filter(None, (groups[kind] for kind in range(3) for groups in quoted)):
        if word != leaf and re.search(r"\w", word):
            yield word


def _reach(lines: Sequence[str], line: int, *, toml: bool) -> Iterator[int]:
    """The lines to look at: this one; of a template the rest of the statement; of a list in TOML the rest of it."""
    yield line
    depth = 0
    for number in range(line, len(lines) + 1):
        text = lines[number - 1]
        depth += text.count("[") + text.count("{") - text.count("]") - text.count("}")
        if number > line:
            yield number
        if depth <= 0 and (toml or number > line or "{" in text):
            return


def _code(line: str) -> str:
    """The line without a comment of TOML."""
    return re.match(r"(?:[^\"'#]|\"(?:[^\"\\]|\\.)*\"|'[^']*'|[\"'])*", line)[0]  # type: ignore[index] # may be empty


def _whole(line: str, word: str) -> tuple[int, int] | None:
    """Column and length of a word in a line, no part of a longer one; with the quotes around it."""
    match = re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", line)
    if match is None:
        return None
    at, length = match.start(), len(word)
    for before in _AROUND:
        if line[:at].endswith(before):
            return at - len(before) + 1, length + len(before) + 1
    return at + 1, length


def _length(rest: str) -> int:
    text = re.match(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|\[[^\]]*\]|[^,\s}#]+", rest)
    return len(text[0]) if text else 1
