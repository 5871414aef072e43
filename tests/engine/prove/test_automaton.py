"""Overlap of patterns with holes: what is exact, what is allowed to be spurious, and what is never missed."""

import pytest

from authorizer.engine.evaluate.patterns import MANY, ONE
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.languages import Language, Segment
from authorizer.engine.prove.automaton import Hole, SymbolicPattern, find_overlap


def hole(chars: str, least: int, most: int, *, isolating: bool = True) -> Hole:
    language = Language(((Segment(frozenset(chars), least, most),),))
    return Hole(claim="x", language=language, isolating=isolating)


SHORT = hole("ab", 1, 2)
LONG = hole("ab", 1, 30)


@pytest.mark.parametrize(
    ("left", "right", "overlaps"),
    [
        pytest.param((), (), True, id="nothing and nothing"),
        pytest.param((), ("a",), False, id="nothing and something"),
        pytest.param((), (MANY,), True, id="nothing and a star"),
        pytest.param(("ab",), ("a", ONE), True, id="a question mark"),
        pytest.param(("ab",), ("ac",), False, id="different text"),
        pytest.param((MANY, "/a"), (MANY, "/b"), False, id="different ends"),
        pytest.param(("\u0100",), (ONE,), True, id="a character that no policy holds"),
        pytest.param(("é",), ("è",), False, id="characters above ASCII"),
        pytest.param((SHORT,), (SHORT,), False, id="the same place, different values"),
        pytest.param(
            (hole("ab", 1, 2, isolating=False),), (SHORT,), True, id="another claim in the same place"
        ),
        pytest.param((SHORT, MANY), (SHORT, MANY), True, id="one value begins with the other"),
        pytest.param((hole("ab", 2, 2), MANY), (hole("ab", 2, 2), MANY), False, id="values of one length"),
        pytest.param((MANY, SHORT, "/"), (MANY, SHORT, "/"), True, id="places that need not be the same"),
        pytest.param((SHORT,), ("bbb", SHORT), False, id="a length that is counted exactly"),
        pytest.param(
            (LONG,), ("b" * 31, LONG), True, id="a length that is not counted: spurious, and allowed to be"
        ),
        pytest.param((SHORT, "/", SHORT), (SHORT, "/", SHORT), False, id="two places each"),
        pytest.param((SHORT, SHORT), ("a", SHORT, "b"), True, id="places that overlap in part"),
    ],
)
def test_overlap(left: SymbolicPattern, right: SymbolicPattern, overlaps: bool) -> None:
    assert (find_overlap(left, right) is not None) is overlaps
    assert (find_overlap(right, left) is not None) is overlaps


def test_an_overlap_tells_what_stands_in_the_holes() -> None:
    overlap = find_overlap(("t/", SHORT, MANY), ("t/", SHORT))
    assert overlap is not None
    assert overlap.text == f"t/{overlap.right[0]}"
    assert overlap.right[0].startswith(overlap.left[0])
    assert overlap.left != overlap.right


def test_a_text_above_latin_is_shown_where_nothing_else_fits() -> None:
    overlap = find_overlap(("\u0100",), (MANY,))
    assert overlap is not None
    assert overlap.text == "\u0100"


def test_a_long_claim_does_not_make_it_slow() -> None:
    free = Hole(claim="x", language=declare({"type": "opaque", "max_length": 1024}).language, isolating=True)
    assert find_overlap(("a/", free, "/", MANY), ("a/", free, "/", MANY)) is None
    assert find_overlap(("a/", MANY, free, MANY), ("a/", MANY, free, MANY)) is not None
