"""Lists that arrive as one text: each is read in one way, or refused."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.language.claims import ClaimType
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import ClaimTypeInvalid, ValueRefused
from authorizer.engine.language.lists import SEPARATORS, WRITTEN


def listed(written: str, **options: Any) -> ClaimType:
    spec = {"type": "slug", "max_length": 4, "list": written, "max_items": 3, **options}
    return declare(spec)


@pytest.mark.parametrize(
    ("written", "value", "items"),
    [
        pytest.param("comma", "a,b", ("a", "b"), id="two, by comma"),
        pytest.param("comma", "a", ("a",), id="one"),
        pytest.param("space", "a b", ("a", "b"), id="two, by space"),
        pytest.param("json", '["a","b"]', ("a", "b"), id="JSON"),
        pytest.param("json", ' [ "a", "\\u0062" ] ', ("a", "b"), id="JSON with white space and an escape"),
        pytest.param("comma", ["a", "b"], ("a", "b"), id="a list that is one, as a trigger may write it"),
        pytest.param("comma", "a,a", ("a", "a"), id="an item twice"),
    ],
)
def test_a_text_is_read_as_the_claim_declares(written: str, value: object, items: tuple[str, ...]) -> None:
    assert listed(written).check(value) == items
    assert listed(written).said(value) == items
    assert listed(written).check(items) == items


@pytest.mark.parametrize(
    ("written", "value", "said"),
    [
        pytest.param("comma", "", "has 0 items: expected 1 to 3", id="empty text"),
        pytest.param("comma", "a,b,c,d", "has 4 items: expected 1 to 3", id="too many"),
        pytest.param("comma", "a, b", "item 2 is not of type `slug`", id="white space behind the comma"),
        pytest.param("comma", "a,", "item 2 is empty", id="a comma at the end"),
        pytest.param("comma", ",a", "item 1 is empty", id="a comma at the beginning"),
        pytest.param("comma", "a,*", "item 2 holds one of", id="a wildcard"),
        pytest.param("comma", '["a","b"]', "item 1 holds one of", id="JSON where commas are declared"),
        pytest.param("space", "a  b", "item 2 is empty", id="two spaces"),
        pytest.param("space", "a\tb", "item 1 holds a character", id="a tab"),
        pytest.param(
            "json", "a,b", "is not JSON: expecting value at line 1", id="commas where JSON is declared"
        ),
        pytest.param("json", '"a"', "is JSON, and no list", id="JSON of a text"),
        pytest.param("json", '{"a":1}', "is JSON, and no list", id="JSON of an object"),
        pytest.param("json", "[]", "has 0 items", id="JSON of an empty list"),
        pytest.param("json", '["a",1]', "item 2 is no text", id="a number in JSON"),
        pytest.param("json", '[["a"]]', "item 1 is no text", id="a list in a list"),
        pytest.param("json", "[" * 60, "is not JSON", id="brackets"),
        pytest.param(
            "comma", "a," * 8, "has 16 characters: expected at most 15, as a list of 3 has", id="too long"
        ),
        pytest.param(
            "json", '["' + "a" * 99 + '"]', "has 103 characters: expected at most 86", id="too long a JSON"
        ),
        pytest.param("comma", None, "is no list", id="null"),
        pytest.param("comma", 5, "is no list", id="a number"),
    ],
)
def test_what_is_no_such_list_is_refused_with_what_was_expected(
    written: str, value: object, said: str
) -> None:
    with pytest.raises(ValueRefused, match=re.escape(said)) as caught:
        listed(written).check(value)
    assert "expected" in caught.value.reason


def test_a_text_is_no_list_where_nothing_says_how_it_is_written() -> None:
    with pytest.raises(ValueRefused, match="is no list"):
        declare({"type": "slug", "list": True, "max_items": 3}).check("a,b")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param(
            {"type": "opaque", "list": "comma"}, "an item may hold ',' itself", id="a comma in an item"
        ),
        pytest.param(
            {"type": "opaque", "list": "space"}, "an item may hold ' ' itself", id="a space in an item"
        ),
        pytest.param({"type": "arn", "list": "comma"}, "an item may hold ',' itself", id="a comma in an ARN"),
        pytest.param(
            {"type": "enum", "values": ["a,b"], "list": "comma"},
            "take a type without it",
            id="a comma in an enum",
        ),
        pytest.param(
            {"type": "slug", "list": "tab"}, '"comma", "space", "json"', id="a way that is not known"
        ),
    ],
)
def test_a_list_that_could_be_read_in_two_ways_is_not_declared(spec: dict[str, object], said: str) -> None:
    with pytest.raises(ClaimTypeInvalid, match=re.escape(said)):
        declare({**spec, "max_items": 3})


def test_what_excludes_the_separator_may_be_such_a_list() -> None:
    kind = declare({"type": "opaque", "exclude": ",", "list": "comma", "max_items": 2})
    assert kind.check("a b,c d") == ("a b", "c d")
    assert declare({"type": "opaque", "list": "json", "max_items": 2}).check('["a,b"]') == ("a,b",)


ITEMS = st.lists(st.text("ab,: [é-", min_size=1, max_size=3), min_size=1, max_size=4)
KINDS = {
    written: declare(
        {
            "type": "opaque",
            "exclude": SEPARATORS.get(written, ""),
            "max_length": 3,
            "list": written,
            "max_items": 4,
        }
    )
    for written in WRITTEN
}


@pytest.mark.parametrize("written", WRITTEN)
@given(items=ITEMS)
def test_a_list_that_is_written_is_the_list_that_is_read_or_none_is(written: str, items: list[str]) -> None:
    text = json.dumps(items) if written == "json" else SEPARATORS[written].join(items)
    kind = KINDS[written]
    held = any(SEPARATORS.get(written, "\0") in item for item in items)
    try:
        found = kind.check(text)
    except ValueRefused:
        assert held  # and perhaps too many, or an empty one between two separators
        return
    assert held or found == tuple(items)
    assert kind.check(found) == found
    assert kind.spelled(found) == text or written == "json"
    assert kind.check(kind.spelled(found)) == found


@given(text=st.text(max_size=40) | st.text('ab,*$"[] {}\\', max_size=40))
def test_no_text_becomes_an_item_that_its_type_does_not_take(text: str) -> None:
    for kind in KINDS.values():
        with suppress(ValueRefused):
            items = kind.check(text)
            assert isinstance(items, tuple)
            assert all(re.fullmatch(kind.language.pattern(), item) for item in items)


def test_a_value_is_spelled_as_its_token_has_it() -> None:
    assert declare({"type": "slug", "list": True, "max_items": 2}).spelled(("a", "b")) == ["a", "b"]
    assert listed("comma").spelled(("a", "b")) == "a,b"
    assert listed("json").spelled(("a", "b")) == '["a", "b"]'
    assert declare({"type": "boolean"}).spelled("true") == "true"


def test_a_text_of_a_megabyte_is_not_even_split() -> None:
    for written in WRITTEN:
        with pytest.raises(ValueRefused, match="has 1000000 characters"):
            listed(written).check("a" * 1_000_000)


def test_the_text_of_a_list_is_as_long_as_its_items_can_be_and_no_longer() -> None:
    """Blanks count: nobody reads megabytes to find two names."""
    claim = declare({"type": "slug", "max_length": 3, "list": "json", "max_items": 2})
    longest = 2 + 2 * (6 * 3 + 4)
    text = '["abc", "def"]'
    assert claim.check(text + " " * (longest - len(text))) == ("abc", "def")
    with pytest.raises(ValueRefused, match=f"has {longest + 1} characters: expected at most {longest}"):
        claim.check(text + " " * (longest + 1 - len(text)))
