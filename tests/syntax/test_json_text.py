"""JSON is read as `json` reads it, up to limits that no interpreter and no caller can move."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.syntax.json_text import MAX_DIGITS, JsonInvalid, parse_json
from authorizer.syntax.nesting import MAX_DEPTH

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)
PIECES = st.sampled_from(
    [
        *'"\\{}[],: \n\t1-.eu',
        "null",
        "true",
        '"a"',
        '"]"',
        "\\u0041",
        "\\ud800",
        "\x01",
        "é",
        "{" * 20,
        "[" * 30,
    ]
)
"""What JSON is made of, and what breaks it."""


def nested(depth: int, inner: str = "") -> str:
    return "[" * depth + inner + "]" * depth


@given(VALUES)
def test_a_value_reads_back_as_it_was_written(value: object) -> None:
    assert parse_json(json.dumps(value, indent=1)) == value


@given(st.lists(PIECES, max_size=25).map("".join))
def test_a_text_is_taken_exactly_if_python_takes_it_and_it_nests_no_deeper(text: str) -> None:
    try:
        expected = json.loads(text, parse_constant=refuse)
    except ValueError:
        expected = refuse
    try:
        found = parse_json(text)
    except JsonInvalid as invalid:
        if "nested" in invalid.cause:
            assert text.count("{") + text.count("[") > MAX_DEPTH
            assert expected is refuse or depth_of(expected) > MAX_DEPTH
        else:
            assert expected is refuse
    else:
        assert found == expected
        assert depth_of(found) <= MAX_DEPTH


def refuse(_: str) -> Any:
    raise ValueError


def depth_of(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, dict | list) + max(map(depth_of, inner), default=0)


class Says(json.JSONDecoder):
    """A reader that finds one fault, in the words of another version of Python."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__()
        self._fault = message, position

    def decode(self, s: str, *_: object) -> Any:  # type: ignore[explicit-override] # not before 3.12
        message, position = self._fault
        raise json.JSONDecodeError(message, s, position)


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        pytest.param(
            '{"a":1,\n }',
            "Expecting property name enclosed in double quotes",
            9,
            id="in an object until 3.12",
        ),
        pytest.param(
            '{"a":1,\n }', "Illegal trailing comma before end of object", 6, id="in an object from 3.13"
        ),
        pytest.param("[1, 23,\t]", "Expecting value", 8, id="in an array until 3.12"),
        pytest.param(
            "[1, 23,\t]", "Illegal trailing comma before end of array", 6, id="in an array from 3.13"
        ),
    ],
)
def test_a_comma_before_a_closing_bracket_is_told_in_the_same_words_by_every_python(
    text: str, message: str, position: int
) -> None:
    for decoder in (None, Says(message, position)):
        with pytest.raises(JsonInvalid) as raised:
            parse_json(text, decoder)
        assert raised.value.cause == "not JSON: a comma before a closing bracket"
        assert raised.value.position == 6
        assert str(raised.value) == f"{raised.value.cause} at line 1, column 7"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[1,", "expecting value at line 1, column 4", id="a comma at the end of the text"),
        pytest.param("[1,\n,2]", "expecting value at line 2, column 1", id="a comma before a comma"),
        pytest.param('{"a": ]', "expecting value at line 1, column 7", id="a bracket without a comma"),
        pytest.param(
            '{"a":1,]',
            "expecting property name enclosed in double quotes at line 1, column 8",
            id="a bracket that closes nothing here",
        ),
        pytest.param('{"a" 1}', "expecting ':' delimiter at line 1, column 6", id="no colon"),
        pytest.param("[1] 2", "extra data at line 1, column 5", id="more than one value"),
        pytest.param('["\\x"]', "invalid \\escape at line 1, column 3", id="an escape that is none"),
        pytest.param("", "expecting value at line 1, column 1", id="nothing"),
    ],
)
def test_what_is_not_json_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(JsonInvalid) as raised:
        parse_json(text)
    assert str(raised.value) == f"not JSON: {said}"


def test_a_string_that_is_broken_at_a_line_s_end_still_hides_its_brackets() -> None:
    with pytest.raises(JsonInvalid, match=r"^not JSON: "):
        parse_json('["\\\n' + "[" * (MAX_DEPTH + 1) + '"]')


DEPTHS = [
    pytest.param(nested(MAX_DEPTH), True, id="as many brackets as are read"),
    pytest.param(nested(MAX_DEPTH + 1), False, id="one more"),
    pytest.param('{"a":' * MAX_DEPTH + "1" + "}" * MAX_DEPTH, True, id="as many braces"),
    pytest.param('{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1), False, id="one brace more"),
    pytest.param('{"a":[' * 32 + "]}" * 32, True, id="both in turn"),
    pytest.param('{"a":[' * 32 + "[]" + "]}" * 32, False, id="both in turn, and one more"),
    pytest.param(f"[{'[],' * 5000}[]]", True, id="thousands beside one another"),
    pytest.param(f"[{nested(MAX_DEPTH - 1)},{nested(MAX_DEPTH - 1)}]", True, id="two that are deep"),
    pytest.param(json.dumps("[" * 5000), True, id="brackets in a string"),
    pytest.param(json.dumps('"' + "[" * 5000), True, id="brackets behind a quote in a string"),
    pytest.param('["\\\\",' + nested(MAX_DEPTH) + "]", False, id="behind a string that ends in a backslash"),
    pytest.param('["\\\\\\"",' + nested(MAX_DEPTH - 1) + "]", True, id="behind one that ends in a quote"),
    pytest.param('{"' + "[" * 99 + '":0}', True, id="brackets in a name"),
]


@pytest.mark.parametrize(("text", "taken"), DEPTHS)
def test_depth_is_counted_of_brackets_that_mean_something(text: str, taken: bool) -> None:
    if taken:
        assert parse_json(text) == json.loads(text)
    else:
        with pytest.raises(JsonInvalid, match=f"^nested too deeply: more than {MAX_DEPTH} brackets"):
            parse_json(text)


@pytest.mark.parametrize("depth", [MAX_DEPTH, MAX_DEPTH + 1, 900, 100_000])
def test_the_outcome_does_not_depend_on_how_deep_the_caller_stands(depth: int) -> None:
    def outcome() -> str:
        try:
            return json.dumps(parse_json(nested(depth)))
        except JsonInvalid as invalid:
            return str(invalid)

    def further_in(calls: int, ask: Callable[[], str]) -> str:
        return ask() if calls == 0 else further_in(calls - 1, ask)

    assert further_in(600, outcome) == outcome()


@contextmanager
def digits_allowed(most: int) -> Iterator[None]:
    usual = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(most)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(usual)


@pytest.mark.parametrize("setting", [pytest.param(0, id="no limit"), 640, 4300])
@pytest.mark.parametrize("sign", ["", "-"])
def test_how_many_digits_are_read_is_no_option_of_the_interpreter(sign: str, setting: int) -> None:
    with digits_allowed(setting):
        assert parse_json(f"[{sign}{'9' * MAX_DIGITS}]") == [int(f"{sign}{'9' * MAX_DIGITS}")]
        with pytest.raises(
            JsonInvalid, match=r"^out of range: a number in it has too many digits, more than 640$"
        ):
            parse_json(f"[{sign}{'9' * (MAX_DIGITS + 1)}]")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('"' + '\\"' * 200_000, id="a string of escaped quotes without an end"),
        pytest.param('"' + "\\" * 400_001, id="a string of backslashes without an end"),
        pytest.param("[]" * 200_000, id="brackets that close at once"),
        pytest.param('"' * 400_001, id="quotes and nothing else"),
    ],
)
def test_no_text_takes_more_than_its_length(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(JsonInvalid):
        parse_json(f"[{'[],' * MAX_DEPTH}{text}")
    assert (
        time.process_time() - begun < 2
    )  # milliseconds; minutes, if a string were tried from each of its quotes
