"""Patterns: what they are read as, and that matching agrees with the definition and never blows up."""

import time
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.evaluate.patterns import (
    MANY,
    ONE,
    Concrete,
    Variable,
    Wild,
    arn_fields,
    join,
    matches,
    parse_action,
    parse_pattern,
    parse_resource,
    resolve,
    show,
)
from tests.strategies import starred

NOTHING: dict[str, str] = {}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("", (), id="nothing"),
        pytest.param("plain", ("plain",), id="plain text"),
        pytest.param("a*b?c", ("a", MANY, "b", ONE, "c"), id="wildcards"),
        pytest.param("a***b", ("a", MANY, "b"), id="several stars are one"),
        pytest.param("a${*}b${?}${$}", ("a*b?$",), id="escaped characters are literal"),
        pytest.param("${$}{*}", ("${", MANY, "}"), id="an escaped dollar opens no variable"),
        pytest.param(
            "x/${aws:PrincipalTag/Team}/*",
            ("x/", Variable(key="aws:principaltag/team", default=None), "/", MANY),
            id="a variable's key has no case",
        ),
        pytest.param(
            "${aws:PrincipalTag/team, 'company wide'}",
            (Variable(key="aws:principaltag/team", default="company wide"),),
            id="a variable with a default",
        ),
        pytest.param(
            "${ aws:userid , 'x'}",
            (Variable(key="aws:userid", default="x"),),
            id="blanks around a variable's key are none of it",
        ),
        pytest.param("${aws:userid", ("${aws:userid",), id="an unclosed variable is text"),
        pytest.param("${}", ("${}",), id="an empty variable is text"),
        pytest.param("$a $", ("$a $",), id="a lone dollar is text"),
    ],
)
def test_a_pattern_is_read(text: str, parts: Concrete) -> None:
    assert parse_pattern(text) == parts


def test_an_equals_value_has_no_wildcards_but_still_escapes() -> None:
    assert parse_pattern("a*?${*}", wildcards=False) == ("a*?*",)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("*", (MANY,), id="everything"),
        pytest.param("arn:aws:s3:::b/*", ("arn:aws:s3:::b/", MANY), id="six fields"),
        pytest.param(
            "arn:aws:s3", ("arn:aws:s3:", MANY, ":", MANY, ":", MANY), id="missing fields are stars"
        ),
        pytest.param(
            "arn:${x}:s3",
            ("arn:${x}:s3:", MANY, ":", MANY, ":", MANY),
            id="where fields are missing a variable is text",
        ),
        pytest.param(
            "arn:aws:s3:::b/${aws:userid}",
            ("arn:aws:s3:::b/", Variable(key="aws:userid", default=None)),
            id="a variable after the fifth colon",
        ),
        pytest.param(
            "arn:${x}:s3:::${$}",
            ("arn:${x}:s3:::$",),
            id="before the fifth colon a variable is text",
        ),
    ],
)
def test_a_resource_is_read(text: str, parts: Concrete) -> None:
    assert parse_resource(text) == parts


def test_an_action_has_no_case_and_no_variables() -> None:
    assert parse_action("S3:Get*${*}") == ("s3:get", MANY, "${", MANY, "}")
    assert parse_action("s3:Get?bject") == ("s3:get", ONE, "bject")


def test_a_variable_brings_literal_text() -> None:
    parts = parse_pattern("${a:b}/${c:d, 'x'}")
    values = {"a:b": "*"}
    resolved = resolve(parts, values.get)
    assert resolved == ("*", "/", "x")
    assert resolved is not None
    assert matches(resolved, "*/x")
    assert not matches(resolved, "other/x")


def test_a_variable_without_value_or_default_resolves_to_nothing() -> None:
    assert resolve(parse_pattern("a${b:c}"), NOTHING.get) is None


def test_adjacent_parts_are_joined() -> None:
    assert join(("a", "", "b", MANY, MANY, "c")) == ("ab", MANY, "c")
    assert join(("", MANY, "", MANY, ONE)) == (MANY, ONE)


PATTERNS = st.lists(
    st.one_of(st.sampled_from(Wild), st.text("ab*?${}", min_size=1, max_size=3)), max_size=6
).map(lambda parts: join(tuple(parts)))


@given(pattern=PATTERNS)
def test_what_is_shown_is_read_back(pattern: Concrete) -> None:
    assert parse_pattern(show(pattern)) == pattern


WILD = {None: MANY, "?": ONE}


@given(
    starred("ab", ones=True).map(
        lambda pair: (join(tuple(WILD.get(piece, piece) or "" for piece in pair[0])), pair[1])
    )
    | st.tuples(PATTERNS, st.text("ab*?${}", max_size=10))
)
def test_matching_agrees_with_the_definition(pair: tuple[Concrete, str]) -> None:
    pattern, text = pair
    cells = tuple(cell for part in pattern for cell in ([part] if isinstance(part, Wild) else [*part]))

    @cache
    def fits(at: int, of: int) -> bool:
        if at == len(cells):
            return of == len(text)
        if cells[at] is MANY:
            return fits(at + 1, of) or (of < len(text) and fits(at, of + 1))
        return of < len(text) and cells[at] in (ONE, text[of]) and fits(at + 1, of + 1)

    assert matches(pattern, text) == fits(0, 0)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        pytest.param("*a?*b", "xab", False, id="one character is not both of two"),
        pytest.param("*a*b", "xb", False, id="a piece that is not there"),
        pytest.param("*a*a*", "a", False, id="one character is not two pieces"),
        pytest.param("*a?b*", "xaxc", False, id="half of a piece"),
        pytest.param("*?a*", "xab", True, id="a piece that begins with any character"),
        pytest.param("*?a*", "ab", False, id="a piece that would begin before the text"),
        pytest.param("*?a?b*", "xaxcxaxb", True, id="a piece that fits at the second place only"),
        pytest.param("*?*", "a", True, id="any character at all"),
        pytest.param("*?*", "", False, id="any character of none"),
        pytest.param("a*?*b", "ab", False, id="any character between two neighbours"),
        pytest.param("a*?*b", "axb", True, id="any character between two"),
        pytest.param("ab*b", "ab", False, id="one character is not the end and the beginning"),
    ],
)
def test_a_text_fits_whole_and_no_character_serves_twice(pattern: str, text: str, fits: bool) -> None:
    assert matches(parse_pattern(pattern), text) is fits  # type: ignore[arg-type]  # it has no variable


@pytest.mark.parametrize(
    "pattern", ["*a" * 200 + "b", "a*" * 200 + "c", "*?a" * 200 + "b", "*" + "?a" * 300 + "b*c"]
)
def test_no_pattern_blows_up(pattern: str) -> None:
    started = time.perf_counter()
    assert not matches(parse_pattern(pattern), "a" * 2000)  # type: ignore[arg-type]  # it has no variable
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        pytest.param("arn:aws:s3", None, id="too few fields"),
        pytest.param(
            "arn:*:sns:*:1?:a:b*",
            (("arn",), (MANY,), ("sns",), (MANY,), ("1", ONE), ("a:b", MANY)),
            id="the sixth field keeps its colons",
        ),
        pytest.param("arn:aws:s3:::b", (("arn",), ("aws",), ("s3",), (), (), ("b",)), id="empty fields"),
    ],
)
def test_an_arn_pattern_is_split(text: str, fields: tuple[Concrete, ...] | None) -> None:
    assert arn_fields(parse_pattern(text)) == fields
