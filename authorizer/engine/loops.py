"""Where a template's loops stand, and so how long the lists must be that a proof looks at.

Lists of one, two and three items are enough while each JSON string holds what one turn of a loop wrote: a longer list
only repeats strings of the same forms. A loop inside a string can write for four items what no shorter list comes near,
such as `xxxx` from `"{% for team in teams %}x{% endfor %}"`.
"""

import re

from authorizer.engine.program import For, If, Program, Text

_MARK = re.compile(r'\\.|"', re.DOTALL)


def counted_claims(program: Program) -> frozenset[str]:
    """The list claims of every loop that begins inside a string, or whose body opens one and leaves it open."""
    found: set[str] = set()
    _walk(program, frozenset({False}), found)
    return frozenset(found)


def _walk(program: Program, inside: frozenset[bool], found: set[str]) -> frozenset[bool]:
    """Whether the place behind `program` may be inside a string, given the same of the place before it."""
    for node in program:
        if isinstance(node, Text):
            if sum(mark == '"' for mark in _MARK.findall(node.text)) % 2:
                inside = frozenset(not each for each in inside)
        elif isinstance(node, If):
            inside = _walk(node.then, inside, found) | _walk(node.otherwise, inside, found)
        elif isinstance(node, For):
            after = _walk(node.body, inside, found)
            if True in inside | after:
                found.add(node.claim)
            inside |= after
    return inside
