"""The layout of a template: one way to write it, which says the same.

Only white space between the pieces is touched: what stands in a string, a hole or a comment stays as its author wrote
it, but for the spaces next to the braces of a hole or a tag.
"""

import re
from itertools import pairwise
from typing import Final, TypeAlias

_PIECE: Final = re.compile(
    r"(?P<comment>\{#.*?#\})"
    r"|(?P<tag>\{%[-+]?.*?[-+]?%\})"
    r"|(?P<hole>\{\{.*?\}\})"
    r'|(?P<string>"(?:\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|[^"\\]|\\.)*")'
    r"|(?P<mark>[\[\]{}:,])"
    r"|(?P<space>\s+)"
    r'|(?P<other>[^\s\[\]{}:,"]+|.)',
    re.DOTALL,
)
_INNER: Final = re.compile(r"(\{\{|\{%[-+]?)\s*(.*?)\s*([-+]?%\}|\}\})", re.DOTALL)
_STEP: Final = "  "
_CLOSED: Final = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{[^{}]*\}\}", re.DOTALL)
_OPEN: Final = re.compile(r"\{[#%{]")
_ENDS: Final = {"{#": "#}", "{%": "%}", "{{": "}}"}


def without_layout(text: str) -> tuple[int, str] | None:
    """Why a text is no template that could be laid out, with the line; None where it could. What is not closed would be
    laid out as what it is not: a hole as two brackets."""
    if text.startswith("\ufeff"):
        return 1, "begins with a byte order mark: save it as UTF-8 without one"
    if not text.strip():
        return 1, "is empty: expected a policy, or delete the file"
    # What is closed leaves its lines, so that the rest keeps its places.
    rest = _CLOSED.sub(lambda each: re.sub(r"[^\n]", " ", each[0]), text)
    mark = _OPEN.search(rest)
    if mark is None:
        return None
    said = rest[mark.start() :].split("\n", 1)[0].strip()
    line = rest.count("\n", 0, mark.start()) + 1
    return line, f"`{said}` is not closed: expected {_ENDS[mark[0]]} behind it"


def formatted(text: str) -> str:
    """The text of a template in its one layout: two spaces for each bracket that is open, one space behind `,` and `:`
    and inside of `{{ }}` and `{% %}`, no white space at the end of a line, no two empty lines, one line end at the end.
    What stands on a line of its own keeps it. Formatted again it stays as it is.

    Raises ValueError where the result would say anything else, which is a fault of this function.
    """
    lines, depth, opened = list[str](), 0, list[int]()
    for pieces in _lines(text):
        if not pieces:
            if lines and lines[-1]:
                lines.append("")
            continue
        closing = 0
        for _, piece, _ in pieces:
            if piece not in ("]", "}"):
                break
            closing += 1
        if opened and _word(pieces[0][1]) in _RETURNS:
            depth = opened[-1]
        lines.append(_STEP * max(depth - closing, 0) + _joined(pieces))
        for kind, piece, _ in pieces:
            if kind == "mark":
                depth = max(depth + (piece in "[{") - (piece in "]}"), 0)
            elif kind == "tag":
                depth = _behind(piece, depth, opened)
    while lines and not lines[-1]:
        lines.pop()
    result = "\n".join(lines) + "\n" if lines else ""
    if _said(result) != _said(text):
        raise ValueError("a template may not be laid out: it would say something else")
    return result


_Piece: TypeAlias = tuple[str, str, bool]
"""Kind, text, and whether white space stands before it."""


def _lines(text: str) -> list[list[_Piece]]:
    """The pieces of each line; one that goes over several lines is of the line that it begins on."""
    found: list[list[_Piece]] = [[]]
    for match in _PIECE.finditer(text):
        kind = match.lastgroup or "other"
        if kind != "space":
            before = match.start() > 0 and text[match.start() - 1].isspace()
            found[-1].append((kind, _trimmed(kind, match[0]), before))
        else:
            found += [[] for _ in range(match[0].count("\n"))]
    return found


def _trimmed(kind: str, piece: str) -> str:
    """One space inside of the braces of a tag or a hole, in a string as well."""
    if kind not in ("tag", "hole", "string"):
        return piece
    return _INNER.sub(lambda each: f"{each[1]} {each[2]} {each[3]}" if each[2] else each[0], piece)


_LOOSE: Final = frozenset({"tag", "hole", "comment", "other"})
"""Next to these a space stays where it is, and none is added: outside of strings it could cut a word in two."""


def _joined(pieces: list[_Piece]) -> str:
    text = pieces[0][1]
    for (of, before, _), (kind, piece, spaced) in pairwise(pieces):
        tight = piece in (",", ":", "]") or before == "[" or (before, piece) == ("{", "}")
        if kind in _LOOSE or (of in _LOOSE and not tight):
            tight = not spaced
        text += piece if tight else f" {piece}"
    return text


def _behind(tag: str, depth: int, opened: list[int]) -> int:
    """How many brackets are open behind a tag: what is written under `else` begins where the `if` did."""
    name = _word(tag)
    if name in ("if", "for"):
        opened.append(depth)
    elif name in ("else", "elif") and opened:
        return opened[-1]
    elif name.startswith("end") and opened:
        opened.pop()
    return depth


_RETURNS: Final = ("else", "elif", "endif", "endfor")
"""Tags that stand where their `if` or `for` does."""


def _word(piece: str) -> str:
    """The word of a tag; empty for any other piece."""
    word = re.match(r"\{%[-+]?\s*(\w*)", piece)
    return word[1] if word else ""


def _said(text: str) -> list[tuple[str, str]]:
    """What a text says: its pieces without white space."""
    return [(kind, piece) for line in _lines(text) for kind, piece, _ in line]
