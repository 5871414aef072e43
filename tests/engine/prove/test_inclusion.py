"""Inclusion of patterns, against the definition."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.evaluate.patterns import matches, parse_action, parse_pattern, parse_resource
from authorizer.engine.prove.inclusion import find_uncovered

PATTERNS = st.text("ab*?/", max_size=6)


@st.composite
def inclusions(draw: st.DrawFn) -> tuple[str, list[str], list[str]]:
    """A pattern, patterns of which some are the same with a wildcard for a character, and texts of which some fit."""
    narrow = draw(PATTERNS)
    looser = st.tuples(st.integers(0, len(narrow)), st.sampled_from("*?")).map(
        lambda at: narrow[: at[0]] + at[1] + narrow[at[0] + 1 :]
    )
    filling = st.tuples(st.text("ab/c", max_size=2), st.sampled_from("ab/c")).map(
        lambda with_: narrow.replace("*", with_[0]).replace("?", with_[1])
    )
    wide = draw(st.lists(looser | looser | PATTERNS, max_size=3))
    return narrow, wide, draw(st.lists(filling | st.text("ab/c", max_size=8), min_size=1, max_size=10))


@given(inclusions())
def test_inclusion_agrees_with_matching(case: tuple[str, list[str], list[str]]) -> None:
    narrow, wide, texts = case
    others = [parse_action(text) for text in wide]
    text = find_uncovered(parse_action(narrow), others)
    if text is None:
        for each in texts:
            if matches(parse_action(narrow), each):
                assert any(matches(other, each) for other in others)
    else:
        assert matches(parse_action(narrow), text)
        assert not any(matches(other, text) for other in others)


HOLE, OTHER = "\U000f0000", "\U000f0080"


@pytest.mark.parametrize(
    ("narrow", "wide", "covered"),
    [
        pytest.param("a*", ["a", "a?*"], True, id="several together"),
        pytest.param("a*", ["a?*"], False, id="one of them alone"),
        pytest.param("*", ["?*", ""], True, id="everything in two parts"),
        pytest.param(f"{HOLE}/*", [f"{HOLE}/*"], True, id="the same claim"),
        pytest.param(f"{HOLE}/*", [f"{OTHER}/*"], False, id="another claim"),
        pytest.param(f"{HOLE}/*", ["*"], True, id="a claim under a star"),
        pytest.param(f"{HOLE}/*", ["?/*"], False, id="a claim is no single character"),
        pytest.param("*", [f"{HOLE}*", "*"], True, id="a star under a star beside a claim"),
        pytest.param("a/*", [f"{HOLE}/*"], False, id="a text is no claim"),
        pytest.param("${a:b}/*", ["${a:b}/?*", "${A:B}/"], True, id="the same variable"),
        pytest.param("${a:b}/*", ["${a:c}/*"], False, id="another variable"),
    ],
)
def test_what_covers_what(narrow: str, wide: list[str], covered: bool) -> None:
    assert (find_uncovered(parse_pattern(narrow), [parse_pattern(text) for text in wide]) is None) is covered


def test_a_variable_is_shown_as_iam_writes_it() -> None:
    assert (
        find_uncovered(parse_resource("arn:aws:s3:::b/${aws:userid}"), []) == "arn:aws:s3:::b/${aws:userid}"
    )


def test_a_text_without_any_readable_character_is_told_all_the_same() -> None:
    readable = string.ascii_letters + string.digits + "-_/.:"
    covering = [parse_pattern(char, wildcards=True) for char in readable]
    text = find_uncovered(parse_pattern("?", wildcards=True), covering)
    assert text is not None
    assert (len(text), text in readable) == (1, False)
