"""What a declaration may say of a claim beside its type: prefix, alphabet and length, numbers, case, a fallback."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.language.claims import ClaimType
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import ClaimTypeInvalid, ValueRefused
from authorizer.engine.language.kinds import ALPHABETS, numbers
from authorizer.engine.language.languages import Language

UUID = "abcdefab-1111-4111-8111-abcdefabcdef"
ORG = {"type": "id", "prefix": "org_", "alphabet": "base36", "length": 12}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param({"type": "id"}, "`alphabet` is missing: expected one of digits, hex", id="no alphabet"),
        pytest.param({**ORG, "length": None}, "`length` is missing", id="no length"),
        pytest.param(
            {**ORG, "length": 0}, "`length` is 0: expected a whole number from 1", id="a length of none"
        ),
        pytest.param(
            {**ORG, "alphabet": "base64"}, "`alphabet` is 'base64': expected one of", id="a misspelt one"
        ),
        pytest.param({**ORG, "alphabet": "abc"}, "at least 8 of A-Z a-z 0-9 - _", id="three letters"),
        pytest.param({**ORG, "alphabet": "abcdefg."}, "`alphabet` is 'abcdefg.'", id="a dot in an alphabet"),
        pytest.param({**ORG, "alphabet": 36}, "`alphabet` is 36", id="a number for an alphabet"),
        pytest.param(
            {**ORG, "prefix": "org/"}, "`prefix` is 'org/': expected what", id="a slash in a prefix"
        ),
        pytest.param({**ORG, "prefix": "org*"}, "`prefix` is 'org*'", id="a wildcard in a prefix"),
        pytest.param({**ORG, "prefix": 5}, "`prefix` is 5", id="a number for a prefix"),
        pytest.param({**ORG, "prefix": "a" * 1025}, "`prefix` is 'aaa", id="a prefix that is too long"),
        pytest.param(
            {"type": "integer", "min": 5, "max": 4}, "`min` is 5 and `max` is 4", id="no number at all"
        ),
        pytest.param({"type": "integer", "max": 10**15}, "to 999999999999999", id="more than a double holds"),
        pytest.param(
            {"type": "integer", "max": 1.5}, "`max` is 1.5: expected a whole number", id="a fraction"
        ),
        pytest.param(
            {"type": "ip", "widest": 0},
            "`widest` is 0: expected a whole number from 8 to 32",
            id="any address",
        ),
        pytest.param(
            {"type": "slug", "lower_case": 1}, "`lower_case` is 1: expected true or false", id="1 for true"
        ),
        *(
            pytest.param(
                {"type": kind, "lower_case": True}, "`lower_case` is not for type", id=f"the case of {kind}"
            )
            for kind in ("arn", "digits", "integer", "boolean", "ip")
        ),
        pytest.param(
            {"type": "slug", "fallback": "a*"}, "`fallback` is 'a*': expected 1 to", id="a wildcard"
        ),
        pytest.param({"type": "slug", "fallback": ""}, "`fallback` is '': expected 1 to", id="nothing"),
        pytest.param({"type": "slug", "fallback": "a/b"}, "`fallback` is 'a/b'", id="a slash"),
        pytest.param({"type": "slug", "fallback": ".."}, "`fallback` is '..'", id="a parent folder"),
        pytest.param({"type": "slug", "fallback": 5}, "`fallback` is 5", id="a number"),
        pytest.param(
            {"type": "slug", "fallback": "a" * 1025}, "expected 1 to 1024 characters", id="too long"
        ),
        pytest.param(
            {"type": "integer", "fallback": "none"},
            "expected a value of type `integer`",
            id="no number for one",
        ),
        pytest.param(
            {"type": "ip", "fallback": "1.2.3.999"}, "a value of type `ip`", id="no address for one"
        ),
        pytest.param(
            {"type": "slug", "list": True, "max_items": 2, "fallback": "a"},
            "`fallback` is for a single value",
            id="a fallback of a list",
        ),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused(spec: Mapping[str, object], said: str) -> None:
    with pytest.raises(ClaimTypeInvalid, match=re.escape(said)):
        declare({key: value for key, value in spec.items() if value is not None})


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (ORG, "org_ and then 12 of 0-9 a-z"),
        ({"type": "id", "alphabet": "hex", "length": 4}, "4 of 0-9 a-f"),
        ({"type": "id", "alphabet": "crockford", "length": 26}, "26 of 0-9 A-H JK MN P-T V-Z"),
        ({"type": "integer", "max": 9}, "a whole number from 0 to 9"),
        (
            {"type": "slug", "max_length": 5, "lower_case": True},
            "with a letter or a digit, in upper or lower case",
        ),
    ],
    ids=str,
)
def test_a_type_says_in_words_what_it_takes(spec: Mapping[str, object], words: str) -> None:
    assert declare(spec).expected.endswith(words)


def test_an_alphabet_is_of_letters_digits_hyphen_and_underscore() -> None:
    assert frozenset().union(*ALPHABETS.values()) <= ALPHABETS["base64url"]
    assert {name: len(chars) for name, chars in ALPHABETS.items()} == {
        "digits": 10, "hex": 16, "base32": 32, "crockford": 32, "base36": 36, "base58": 58, "base62": 62,
        "base64url": 64,
    }  # fmt: skip


@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 4000))
def test_numbers_are_those_from_the_smallest_to_the_largest(one: int, other: int, tried: int) -> None:
    low, high = min(one, other), max(one, other)
    matches = re.compile(Language(tuple(numbers(low, high))).pattern()).fullmatch
    assert bool(matches(str(tried))) == (low <= tried <= high)
    assert not any(matches(text) for text in ("", f"0{tried}", f"+{tried}", f"-{tried}", f"{tried} "))


@pytest.mark.parametrize(
    ("spec", "value", "text"),
    [
        ({"type": "boolean"}, True, "true"),
        ({"type": "boolean"}, False, "false"),
        ({"type": "boolean"}, "true", "true"),
        ({"type": "integer"}, 0, "0"),
        ({"type": "integer"}, 42, "42"),
        ({"type": "integer", "min": -5}, -5, "-5"),
        ({"type": "integer"}, "42", "42"),
        ({"type": "slug", "lower_case": True}, "AcMe", "acme"),
        ({"type": "enum", "values": ["Pro"], "lower_case": True}, "PRO", "pro"),
        ({"type": "opaque", "lower_case": True}, "\u00c9A", "\u00e9a"),
        ({"type": "uuid", "lower_case": True}, UUID.upper(), UUID),
    ],
    ids=str,
)  # fmt: skip
def test_a_value_is_read_as_its_declaration_says(
    spec: Mapping[str, object], value: object, text: str
) -> None:
    kind = declare(spec)
    assert kind.check(value) == text
    assert kind.check(text) == text


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ({"type": "boolean"}, 1),
        ({"type": "boolean"}, 0),
        ({"type": "boolean"}, "True"),
        ({"type": "boolean"}, "1"),
        ({"type": "boolean"}, None),
        ({"type": "boolean"}, []),
        ({"type": "integer"}, True),
        ({"type": "integer"}, 1.0),
        ({"type": "integer"}, -1),
        ({"type": "integer"}, "01"),
        ({"type": "integer"}, "+1"),
        ({"type": "integer"}, "1e3"),
        ({"type": "integer"}, "\u0661"),
        ({"type": "integer", "min": -1}, "-0"),
        ({"type": "integer"}, 10**15),
        ({"type": "integer"}, 10**600),
        ({"type": "integer", "max": 9}, 10),
        ({"type": "digits"}, 5),
        ({"type": "slug"}, True),
        ({"type": "slug", "lower_case": True}, "\u212aelvin"),
        ({"type": "slug", "lower_case": True}, ""),
        ({"type": "slug", "lower_case": True}, 5),
        ({"type": "slug"}, "a\u0130"),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_a_value_that_is_not_what_it_says_is_refused(spec: Mapping[str, object], value: object) -> None:
    kind = declare(spec)
    with pytest.raises(ValueRefused, match=f"expected {re.escape(kind.expected)}"):
        kind.check(value)


CASES = ("slug", "email", "opaque", "uuid")


@pytest.mark.parametrize("name", CASES)
@given(text=st.text("aZ\u00e9\u00c9\u00d7\u00df@-.\u212a\u017f", max_size=5) | st.uuids().map(str))
def test_case_is_all_that_lower_case_takes_away(name: str, text: str) -> None:
    """A value is taken in any case or in none, and two that are one in lower case differ in nothing but case."""
    plain, folded = declare({"type": name}), declare({"type": name, "lower_case": True})

    def read(kind: ClaimType, value: str) -> object:
        try:
            return kind.check(value)
        except ValueRefused:
            return None

    found = read(folded, text)
    assert found in (None, text.lower())
    assert (found is not None) == (
        max(text, default="") <= "\u00ff" and read(plain, text.lower()) is not None
    )
    if found is not None:
        assert folded.language.max_length <= plain.language.max_length
        assert re.fullmatch(folded.language.pattern(), str(found))


def test_a_fallback_of_the_type_is_one_that_tokens_may_say() -> None:
    kind = declare({"type": "slug", "fallback": "public"})
    assert kind.sayable
    assert kind.said("public") == kind.check("public") == "public"
    assert kind.own == kind.language == declare({"type": "slug"}).language


def test_a_fallback_of_another_form_is_one_that_no_token_may_say() -> None:
    kind = declare({"type": "slug", "fallback": "_none"})
    assert not kind.sayable
    assert kind.check("_none") == "_none"
    assert kind.own == declare({"type": "slug"}).language != kind.language
    with pytest.raises(ValueRefused, match="is the fallback of those without it: expected 1 to 63"):
        kind.said("_none")
    assert declare({"type": "slug"}).own == declare({"type": "slug"}).language


@pytest.mark.parametrize(
    ("spec", "fallback"),
    [
        ({"type": "boolean", "fallback": False}, "false"),
        ({"type": "integer", "fallback": 7}, "7"),
        ({"type": "ip", "fallback": "10.0.0.1"}, "10.0.0.1"),
        ({"type": "enum", "values": ["free"], "fallback": "free"}, "free"),
        ({"type": "slug", "lower_case": True, "fallback": "Nobody"}, "Nobody"),
    ],
    ids=str,
)
def test_a_fallback_is_a_text_of_its_type(spec: Mapping[str, object], fallback: str) -> None:
    assert declare(spec).fallback == fallback


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(
            {"type": "integer", "min": 5, "max": 4, "fallback": 7}, id="no number, and so no fallback"
        ),
        pytest.param({**ORG, "alphabet": ["a"]}, id="a list for an alphabet"),
        pytest.param({"type": "slug", "list": []}, id="a list of nothing for how it is written"),
    ],
)
def test_one_mistake_is_one_problem(spec: Mapping[str, object]) -> None:
    with pytest.raises(ClaimTypeInvalid) as caught:
        declare({"max_items": 2, **spec} if "list" in spec else spec)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"type": "slug", "fallback": "a" * 1024}, id="a fallback"),
        pytest.param({**ORG, "prefix": "a" * 1024}, id="a prefix"),
        pytest.param({"type": "integer", "min": 5, "max": 5}, id="a range of one number"),
    ],
)
def test_what_is_as_long_as_it_may_be_is_taken(spec: Mapping[str, object]) -> None:
    assert declare(spec).name == spec["type"]


def test_the_last_character_of_latin_1_has_a_lower_case_as_any_other() -> None:
    assert declare({"type": "opaque", "lower_case": True}).check("Aÿ") == "aÿ"
