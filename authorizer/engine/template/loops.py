"""Where a template's loops stand, and so how long the lists must be that a judge of templates looks at.

While each JSON token holds what one turn of a loop wrote, a longer list only repeats tokens of the same forms: the
tests that a loop knows tell its first turn and its last one from all others, and those others not from one another.

* What is judged **token by token**, as a proof of isolation does, has seen every form in lists of one, two and three.
* What **compares two policies of one user** also depends on which items are the same one. Whether a resource of the one
  is covered is decided by that resource, a statement of the other, and a value of a condition of either: each may be
  about other items, as many as loops over that list lie in one another there. With so many items that are neither first
  nor last, every choice of them has been seen; a longer list adds only choices that are alike.
* A loop **inside a token** can write for six items what no shorter list comes near, such as `xxxxxx` from
  `"{% for team in teams %}x{% endfor %}"`: every length that the claim's type allows is looked at.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from authorizer.engine.language import ClaimType
from authorizer.engine.template.program import For, If, Program, Text

ENDS = 2
"""The first and the last item."""

_ESCAPE = re.compile(r"\\.")


def lengths_for_forms(claims: Mapping[str, ClaimType], programs: Sequence[Program]) -> dict[str, range]:
    """List claim → the numbers of items with which these programs write every form of every token."""
    return _lengths(claims, programs, lambda _: ENDS + 1)


def lengths_to_compare(
    claims: Mapping[str, ClaimType], ones: Sequence[Program], others: Sequence[Program]
) -> dict[str, range]:
    """List claim → the numbers of items that decide whether either side ever allows more than the other."""

    def enough(name: str) -> int:
        one, other = _depth(ones, name), _depth(others, name)
        return ENDS + max(1, one + other + max(one, other))

    return _lengths(claims, (*ones, *others), enough)


def _lengths(
    claims: Mapping[str, ClaimType], programs: Sequence[Program], enough: Callable[[str], int]
) -> dict[str, range]:
    lists = {name: kind.max_items for name, kind in claims.items() if kind.is_list}
    counted = frozenset[str]().union(*map(counted_claims, programs)) if lists else frozenset[str]()
    return {
        name: range(1, (most if name in counted else min(enough(name), most)) + 1)
        for name, most in lists.items()
    }


def _depth(programs: Sequence[Program], claim: str) -> int:
    """How many loops over this claim lie in one another at most."""
    return max((_deepest(program, claim) for program in programs), default=0)


def _deepest(program: Program, claim: str) -> int:
    return max((_depth_of(node, claim) for node in program), default=0)


def _depth_of(node: object, claim: str) -> int:
    if isinstance(node, If):
        return max(_deepest(node.then, claim), _deepest(node.otherwise, claim))
    if isinstance(node, For):
        return (node.claim == claim) + _deepest(node.body, claim)
    return 0


def counted_claims(program: Program) -> frozenset[str]:
    """The list claims of every loop that may write into one token with more than one turn: it begins inside a string,
    its body opens one and leaves it open, or its body writes a digit of a bare number."""
    found: set[str] = set()
    _walk(program, frozenset({False}), found)
    return frozenset(found)


def _walk(program: Program, inside: frozenset[bool], found: set[str]) -> tuple[frozenset[bool], bool]:
    """Whether the place behind `program` may be inside a string, given the same of the place before it; and whether
    `program` may write a digit outside one."""
    digits = False
    for node in program:
        digit = False
        if isinstance(node, Text):
            inside, digit = _through(node.text, inside)
        elif isinstance(node, If):
            then, one = _walk(node.then, inside, found)
            otherwise, other = _walk(node.otherwise, inside, found)
            inside, digit = then | otherwise, one or other
        elif isinstance(node, For):
            inside |= _walk(node.body, inside, found)[0]
            _, digit = _walk(node.body, inside, found)  # as the second turn finds it
            if digit or True in inside:
                found.add(node.claim)
        digits = digits or digit
    return inside, digits


def _through(text: str, inside: frozenset[bool]) -> tuple[frozenset[bool], bool]:
    pieces = _ESCAPE.sub("", text).split('"')
    if pieces[-1].endswith("\\"):
        return frozenset({True, False}), True  # what it escapes stands in another text
    bare = "".join("".join(pieces[state::2]) for state in inside)
    return frozenset(state ^ (len(pieces) % 2 == 0) for state in inside), any(map(str.isdigit, bare))
