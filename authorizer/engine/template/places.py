"""From rendered text back to the author's line."""

import re

from authorizer.engine.template.program import Place
from authorizer.engine.template.run import Run

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def place_at(run: Run, position: int, otherwise: Place) -> Place:
    """The author's line of one character of a rendered text, or of its end; `otherwise` for an empty text."""
    for piece, node in run.pieces:
        if position < len(piece):
            return Place(node.place.template, node.place.line + piece.count("\n", 0, position))
        position -= len(piece)
    if not run.pieces:
        return otherwise
    piece, node = run.pieces[-1]
    return Place(node.place.template, node.place.line + piece.count("\n"))


def statement_places(run: Run) -> list[Place]:
    """Where each statement of a symbolic text begins."""
    places: list[Place] = []
    text, depth, at, in_list = run.text, 0, 0, False
    while at < len(text):
        char = text[at]
        if char == '"':
            string = _STRING.match(text, at)
            at = string.end() if string else len(text)
            continue
        if char in "{[":
            if char == "{" and ((depth == 2 and in_list) or depth == 1):
                places.append(place_at(run, at, run.pieces[0][1].place))
            in_list = in_list or (char == "[" and depth == 1)
            depth += 1
        elif char in "}]":
            depth -= 1
        at += 1
    return places
