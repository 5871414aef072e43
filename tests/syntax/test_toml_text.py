"""TOML is read as `tomllib` reads it, up to limits that no interpreter can move."""

import sys
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.syntax.nesting import MAX_DEPTH
from authorizer.syntax.toml_text import TomlInvalid, parse_toml
from tests.make import ACCESS, PERSONAS

PIECES = st.sampled_from(
    [
        *"a1='\"\\#[]{}, .\n",
        *(
            '"""',
            "'''",
            "x = ",
            'y = "a]"',
            "[t]\n",
            "[[r]]\n",
            "z = [1, 2]\n",
            "# [[\n",
            "{b = 1}",
            "[" * 40,
        ),
    ]
)


def nested(depth: int, inner: str = "") -> str:
    return "[" * depth + inner + "]" * depth


@pytest.mark.slow
@given(st.lists(PIECES, max_size=20).map("".join))
def test_a_text_is_taken_exactly_if_python_takes_it(text: str) -> None:
    try:
        expected = tomllib.loads(text)
    except (ValueError, RecursionError):
        with pytest.raises(TomlInvalid):
            parse_toml(text)
    else:
        assert parse_toml(text) == expected


@pytest.mark.parametrize(
    "file", [ACCESS, PERSONAS, *ACCESS.parent.glob("cases/*.toml")], ids=lambda file: file.name
)
def test_the_samples_are_read_as_python_reads_them(file: object) -> None:
    text = ACCESS.parent.joinpath(str(file)).read_text(encoding="utf-8")
    assert parse_toml(text) == tomllib.loads(text)


DEEP = nested(MAX_DEPTH + 1)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"a = {nested(MAX_DEPTH, '1')}", id="as many brackets as are read"),
        pytest.param("a = " + "{a = " * MAX_DEPTH + "1" + "}" * MAX_DEPTH, id="as many braces"),
        pytest.param(f"a{'.a' * MAX_DEPTH} = 1", id="as many dots"),
        pytest.param("".join(f"[t{number}]\n" for number in range(200)), id="many tables"),
        pytest.param("[[t]]\n" * 200, id="a table of many rows"),
        pytest.param(f"a = '{DEEP}'", id="brackets in a literal string"),
        pytest.param(f'a = "\\"{DEEP}"', id="brackets in a string, behind a quote"),
        pytest.param(f'a = """\n"{DEEP}""\n"""', id="brackets in a string of several lines"),
        pytest.param(f'a = """\\\n{DEEP}"""', id="brackets behind a line that goes on"),
        pytest.param(f"a = '''\n'{DEEP}''\n'''", id="brackets in a literal string of several lines"),
        pytest.param(f'a = """{DEEP}"""""\nb = "{DEEP}"', id="a string that ends in two quotes"),
        pytest.param(f"a = '''{DEEP}'''''\nb = '{DEEP}'", id="a literal string that ends in two quotes"),
        pytest.param(f"# {DEEP}\na = 1 # it's {DEEP}\n", id="brackets in comments"),
    ],
)
def test_what_nests_only_to_the_eye_is_read(text: str) -> None:
    assert parse_toml(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param(f"a = {DEEP}", " (at line 1, column 69)", id="brackets"),
        pytest.param("\na = " + "{a = " * 5000, " (at line 2, column 325)", id="braces"),
        pytest.param(
            f"a = '#' # '\nb = {DEEP}", " (at line 2, column 69)", id="behind a comment with a quote"
        ),
        pytest.param(f'a = """"""\nb = {DEEP}', " (at line 2, column 69)", id="behind an empty string"),
        pytest.param(
            f'a = """x""""\nb = {DEEP}', " (at line 2, column 69)", id="behind a string and a quote"
        ),
        pytest.param(f'a = ["""x"""", {DEEP}]', " (at line 1, column 79)", id="the same on one line"),
        pytest.param(f"a = ['''x'''', {DEEP}]", " (at line 1, column 79)", id="the same, literally"),
        pytest.param(f'a = ["\\\\", {DEEP}]', " (at line 1, column 75)", id="behind a backslash in a string"),
        pytest.param(f"a{'.a' * (MAX_DEPTH + 1)} = 1", "", id="dots in a name"),
        pytest.param(f"[a{'.a' * (MAX_DEPTH + 1)}]", "", id="dots in a header"),
    ],
)
def test_what_nests_too_deeply_is_refused(text: str, place: str) -> None:
    with pytest.raises(TomlInvalid) as raised:
        parse_toml(text)
    assert str(raised.value) == f"nested too deeply: more than 64 levels{place}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a = ", id="no value"),
        pytest.param("a = 1\na = 2", id="a name twice"),
        pytest.param("[t\n", id="half a header"),
        pytest.param(f'a = """x""""""{DEEP}', id="a string that ends in three quotes too many"),
        pytest.param(f"a = '''x''''''{DEEP}", id="a literal string that ends in three quotes too many"),
    ],
)
def test_what_is_not_toml_is_told_in_the_words_of_python(text: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as expected:
        tomllib.loads(text)
    with pytest.raises(TomlInvalid) as raised:
        parse_toml(text)
    said = str(expected.value)
    if "twice" not in said and "overwrite" not in said:
        assert str(raised.value) == f"not TOML: {said[0].lower()}{said[1:]}"


def test_a_table_that_stands_there_twice_is_named_without_what_is_around_it() -> None:
    with pytest.raises(TomlInvalid) as raised:
        parse_toml("[a]\n  [a]  ")
    assert raised.value.cause.startswith("not TOML: [a] stands here")


@pytest.mark.parametrize(
    ("text", "said", "place"),
    [
        pytest.param("a = 1\na = 2", "a = 2 stands here for the second time", "2:1", id="a key twice"),
        pytest.param(
            "[a]\nb=1\n[a]\nc = 1", "[a] stands here for the second time", "3:1", id="a table twice"
        ),
        pytest.param("[a]\n  [a]", "[a] stands here for the second time", "2:1", id="one that is indented"),
        pytest.param("a = {b = }", "invalid value", "1:10", id="no comma before a closing brace"),
        pytest.param("a = [1,,2]", "invalid value", "1:8", id="a comma before another"),
        pytest.param("x = {a = 1, }", "a comma before a closing brace: leave it out", "1:11", id="a comma"),
        pytest.param('\nx = "a', 'expected a closing " before the line ends', "", id="a text to the end"),
        pytest.param('x = "a\ny = 1', 'expected a closing " before the line ends', "1:7", id="an open text"),
        pytest.param(
            "\ufeffx = 1", "begins with a byte order mark: save it as UTF-8 without", "1:1", id="BOM"
        ),
        pytest.param("a = [\n[1]", "", "", id="an open list"),
        pytest.param(f"a = {DEEP}", "nested too deeply", "1:69", id="deep"),
        pytest.param("a." * 70 + "b = 1", "nested too deeply", "", id="deep by dots"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_what_to_do(text: str, said: str, place: str) -> None:
    with pytest.raises(TomlInvalid) as raised:
        parse_toml(text)
    assert said in raised.value.cause
    assert raised.value.place == place
    assert raised.value.cause in str(raised.value)


@pytest.mark.parametrize(
    "number", ["9223372036854775808", "-9223372036854775809", "9" * 5000, "0x" + "f" * 5000]
)
@pytest.mark.parametrize("setting", [pytest.param(0, id="no limit of the interpreter's"), 640, 4300])
def test_a_whole_number_has_64_bits(number: str, setting: int) -> None:
    usual = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(setting)
    try:
        with pytest.raises(TomlInvalid) as raised:
            parse_toml(f"a = [{{b = {number}}}]")
    finally:
        sys.set_int_max_str_digits(usual)
    assert str(raised.value) == "out of range: a whole number in it has more than 64 bits"


def test_the_largest_numbers_are_read() -> None:
    assert parse_toml("a = 9223372036854775807\nb = -9223372036854775808") == {"a": 2**63 - 1, "b": -(2**63)}


def test_what_python_says_without_a_place_is_told_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: str) -> None:
        raise tomllib.TOMLDecodeError("Nothing like it")

    monkeypatch.setattr(tomllib, "loads", fails)
    with pytest.raises(TomlInvalid, match="nothing like it"):
        parse_toml("a = 1")
