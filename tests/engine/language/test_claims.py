"""Claim types: what each takes and refuses, and that its language says exactly the same."""

import ipaddress
import json
import os
import re
import unicodedata
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from authorizer.engine.language.claims import ClaimType
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import ClaimTypeInvalid, ValueRefused
from authorizer.engine.language.kinds import TYPES, is_network
from authorizer.engine.language.languages import FORBIDDEN, PRINTABLE, Language, Segment

EXAMPLES = int(os.environ.get("ENGINE_EXAMPLES", "40"))
SPECS: tuple[Mapping[str, object], ...] = (
    {"type": "uuid"},
    {"type": "slug", "max_length": 8},
    {"type": "slug", "max_length": 1},
    {"type": "email"},
    {"type": "email", "max_length": 12},
    {"type": "enum", "values": ["free", "pro", "a.b"]},
    {"type": "arn"},
    {"type": "digits"},
    {"type": "id", "prefix": "org_", "alphabet": "base36", "length": 12},
    {"type": "id", "alphabet": "23456789", "length": 2},
    {"type": "integer"},
    {"type": "integer", "min": -120, "max": 4096},
    {"type": "boolean"},
    {"type": "ip"},
    {"type": "ip", "widest": 12},
    {"type": "slug", "max_length": 8, "lower_case": True},
    {"type": "opaque"},
    {"type": "opaque", "max_length": 1},
    {"type": "opaque", "max_length": 2, "exclude": ":;"},
    {"type": "opaque", "exclude": "."},
)
TEXT = st.text(st.characters(max_codepoint=0x17F), max_size=12) | st.text("ab01.-_@:/*$ ", max_size=10)

# The meaning of each type, written a second time and independently of its language.
MEANING = {
    "uuid": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "slug": r"[A-Za-z0-9][A-Za-z0-9_-]*",
    "email": r"[A-Za-z0-9.!#%&'+=^_`|~-]{1,64}@[A-Za-z0-9.-]+",
    "enum": r"free|pro|a\.b",
    "arn": r"arn:(aws|aws-cn|aws-us-gov):[a-z0-9-]{1,63}:[a-z0-9-]{0,32}:([0-9]{12})?:"
    r"[^\s*?$\"\\{}\x00-\x1f\x7f-\xa0\xad]+",
    "id": r"org_[0-9a-z]{12}|[2-9]{2}",
    "integer": r"0|-?[1-9][0-9]*",
    "boolean": r"true|false",
    "ip": r"[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?",
    "digits": r"[0-9]+",
    "opaque": r"(?!\.{1,2}\Z)[^*?$\"\\{}/\x00-\x1f\x7f-\xa0\xad\u0100-\U0010ffff]+",
}


def accepts(claim_type: ClaimType, value: object) -> bool:
    try:
        return claim_type.check(value) == value
    except ValueRefused:
        return False


def derives(language: Language, text: str) -> bool:
    """Whether a language holds a text, straight from its definition: no regular expression involved."""

    def rest(sequence: tuple[tuple[frozenset[str], int, int], ...], at: int) -> bool:
        if not sequence:
            return at == len(text)
        chars, least, most = sequence[0]
        for count in range(most + 1):
            if count >= least and rest(sequence[1:], at + count):
                return True
            if at + count >= len(text) or text[at + count] not in chars:
                return False
        return False

    return any(
        rest(tuple((s.chars, s.min, s.max) for s in sequence), 0) for sequence in language.alternatives
    )


@pytest.mark.parametrize("spec", SPECS, ids=str)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_a_type_takes_exactly_what_its_language_holds(
    spec: Mapping[str, object], data: st.DataObject
) -> None:
    claim_type = declare(spec)
    inside = st.sampled_from(claim_type.language.alternatives).flatmap(
        lambda sequence: st.tuples(
            *(st.text(sorted(s.chars), min_size=s.min, max_size=s.max) for s in sequence)
        )
    )
    text = data.draw(TEXT | inside.map("".join))
    if claim_type.name == "ip" and derives(claim_type.language, text) and not is_network(text):
        assert not accepts(claim_type, text)  # what is proven of more texts holds of fewer
    else:
        assert accepts(claim_type, text) == derives(claim_type.language, text)


def is_range(text: str, widest: object) -> bool:
    """As the standard library reads it."""
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        return False
    return "/" not in text or (
        isinstance(widest, int) and network.prefixlen >= widest and text == str(network)
    )


@pytest.mark.parametrize("spec", SPECS, ids=str)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_a_type_takes_exactly_what_its_name_means(spec: Mapping[str, object], data: st.DataObject) -> None:
    claim_type = declare(spec)
    meaning = MEANING[claim_type.name]
    near = (
        st.text(sorted(PRINTABLE | {"/"}), max_size=4)  # from_regex filters, and needs 100 times as long
        if claim_type.name == "opaque"
        else st.from_regex(meaning, fullmatch=True)
    )
    text = data.draw(TEXT | near)
    longest = claim_type.max_length if claim_type.name not in {"email", "arn"} else len(text)
    excluded = set(str(spec.get("exclude", "")))
    expected = bool(re.fullmatch(meaning, text)) and len(text) <= longest and not excluded.intersection(text)
    if claim_type.name == "email" and expected:
        expected = derives(claim_type.language, text)
    if claim_type.name == "id" and expected:
        expected = len(text) == {"org_": 16}.get(str(spec.get("prefix")), 2)
    if claim_type.name == "integer" and expected:
        expected = spec.get("min", 0) <= int(text) <= spec.get("max", 10**15 - 1)  # type: ignore[operator]
    if claim_type.name == "ip" and expected:
        expected = is_range(text, spec.get("widest"))
    if spec.get("lower_case"):
        expected = expected and text == text.lower()
    if claim_type.name == "arn" and expected:
        expected = len(text.split(":", 5)[5]) <= 256 and text.isprintable() and max(text) <= "ÿ"
    assert accepts(claim_type, text) == expected


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_no_language_holds_what_could_change_a_policy(spec: Mapping[str, object]) -> None:
    language = declare(spec).language
    chars = frozenset().union(*(segment.chars for sequence in language.alternatives for segment in sequence))
    assert not chars & FORBIDDEN
    assert "/" not in chars or spec["type"] == "arn" or "widest" in spec
    assert all(char.isprintable() and char <= "ÿ" for char in chars)
    assert unicodedata.is_normalized("NFC", "".join(sorted(chars)))
    assert not derives(language, "")
    assert not derives(language, ".")
    assert not derives(language, "..")


def test_every_type_is_among_the_tested() -> None:
    assert {spec["type"] for spec in SPECS} == TYPES.keys()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param(None, "is no text", id="null"),
        pytest.param(5, "is no text", id="a number"),
        pytest.param(True, "is no text", id="a boolean"),
        pytest.param(["a"], "is no text", id="a list"),
        pytest.param("", "is empty", id="empty text"),
        pytest.param("a*", "could change the meaning", id="a wildcard"),
        pytest.param("${aws:username}", "could change the meaning", id="a policy variable"),
        pytest.param("a\x00", "no session policy may hold", id="NUL"),
        pytest.param("a\n", "no session policy may hold", id="a trailing line feed"),
        pytest.param("\N{CYRILLIC SMALL LETTER A}", "no session policy may hold", id="a look-alike"),
        pytest.param("a/b", "is not of type", id="a slash"),
        pytest.param("a" * 33, "is not of type", id="too long"),
    ],
)
def test_a_refusal_says_why_and_what_was_expected(value: object, said: str) -> None:
    with pytest.raises(ValueRefused) as caught:
        declare({"type": "slug", "max_length": 32}).check(value)
    assert said in caught.value.reason
    assert "expected 1 to 32 of A-Z" in caught.value.reason


@given(st.text(min_size=4))
@example("secret-value*")
def test_a_refusal_never_quotes_the_value(value: str) -> None:
    claim_type = declare({"type": "enum", "values": ["x"]})
    with pytest.raises(ValueRefused) as refused:
        claim_type.check(value)
    with pytest.raises(ValueRefused) as other:
        claim_type.check(value[::-1] + "*")
    assert value not in refused.value.reason or refused.value.reason == other.value.reason


LIST = declare({"type": "slug", "list": True, "max_items": 2})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param("a", "is no list", id="text"),
        pytest.param([], "has 0 items", id="no item"),
        pytest.param(["a", "b", "c"], "has 3 items", id="too many items"),
        pytest.param(["a", "b*"], "item 2 holds one of", id="a wildcard in the second"),
        pytest.param(["a", 1], "item 2 is no text", id="a number in the second"),
    ],
)
def test_a_list_is_refused_for_its_length_or_any_item(value: object, said: str) -> None:
    with pytest.raises(ValueRefused, match=re.escape(said)):
        LIST.check(value)


def test_a_list_becomes_a_tuple() -> None:
    assert LIST.check(["a", "b"]) == ("a", "b")
    assert LIST.check(("a",)) == ("a",)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param({}, ["unknown type None"], id="no type"),
        pytest.param({"type": ["slug"]}, ["unknown type ['slug']"], id="a list for a type"),
        pytest.param(
            {"type": "uid"},
            ["unknown type 'uid': did you mean 'uuid'? expected one of uuid, slug"],
            id="a misspelt type",
        ),
        pytest.param(
            {"type": "zzz"}, ["unknown type 'zzz': expected one of uuid, slug"], id="an unknown type"
        ),
        pytest.param(
            {"type": "uuid", "max_length": 3},
            ["has no option `max_length`: expected type, list, max_items"],
            id="an option of another type",
        ),
        pytest.param(
            {"type": "slug", "max_length": 0, "exclud": ":"},
            ["no option `exclud`", "`max_length` is 0: expected a whole number from 1"],
            id="two problems at once",
        ),
        pytest.param({"type": "slug", "max_length": True}, ["`max_length` is True"], id="true is no number"),
        pytest.param({"type": "email", "max_length": 2}, ["from 3"], id="no room for an address"),
        pytest.param({"type": "slug", "list": True}, ["`max_items` is missing"], id="a list without a limit"),
        pytest.param(
            {"type": "slug", "list": 1},
            ["`list` is 1: expected true, false", "`max_items` is"],
            id="1 is no boolean",
        ),
        pytest.param({"type": "slug", "max_items": 1}, ["add `list = true`"], id="items of no list"),
        pytest.param({"type": "enum"}, ["`values` is missing"], id="an enum of nothing"),
        pytest.param(
            {"type": "enum", "values": []},
            ["`values` is []: expected a list of at least one text"],
            id="an enum of an empty list",
        ),
        pytest.param({"type": "enum", "values": ["a*"]}, ["`values` has 'a*'"], id="a wildcard in an enum"),
        pytest.param(
            {"type": "enum", "values": [".."]}, ["`values` has '..'"], id="a parent folder in an enum"
        ),
        pytest.param(
            {"type": "enum", "values": ["a" * 1025]}, ["1025 characters"], id="a long text in an enum"
        ),
        pytest.param(
            {"type": "opaque", "exclude": 5},
            ["`exclude` is 5: expected the characters"],
            id="a number to exclude",
        ),
        pytest.param(
            {"type": "opaque", "exclude": "".join(map(chr, range(0x20, 0x100)))},
            ["leaves nothing"],
            id="all excluded",
        ),
        pytest.param(
            {"type": "opaque", "exclude": "".join(sorted(PRINTABLE - {".", "/"}))},
            ["leaves nothing"],
            id="all but the dot excluded",
        ),
        pytest.param({"type": "slug", "max_length": 1025}, ["from 1 to 1024"], id="too long a text"),
        pytest.param(
            {"type": "slug", "list": True, "max_items": 101}, ["from 1 to 100"], id="too many items"
        ),
        pytest.param({"type": "slug", "list": True, "max_items": 0}, ["from 1 to 100"], id="no items"),
        pytest.param(
            {"type": "enum", "values": "ab"},
            ["`values` is 'ab': expected a list of at least one text"],
            id="a text for a list",
        ),
        *(
            pytest.param(
                {"type": "enum", "values": ["x", value]},
                [f"`values` has {value!r}"],
                id=f"{value!r} in an enum",
            )
            for value in (5, "", ".", "a/b", "a b\n")
        ),
    ],
)
def test_a_declaration_is_refused_with_every_problem(spec: Mapping[str, object], said: list[str]) -> None:
    with pytest.raises(ClaimTypeInvalid) as caught:
        declare(spec)
    assert len(caught.value.problems) == len(said)
    for text, problem in zip(said, caught.value.problems, strict=True):
        assert text in problem


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_max_length_is_reached_and_never_passed(spec: Mapping[str, object]) -> None:
    claim_type = declare(spec)
    longest = max(
        (
            "".join(min(segment.chars) * segment.max for segment in sequence)
            for sequence in claim_type.language.alternatives
        ),
        key=len,
    )
    assert len(longest) == claim_type.max_length
    if claim_type.name == "ip":
        longest = "255.255.255.255/32"[: claim_type.max_length]
    assert len(json.dumps(claim_type.check(longest), ensure_ascii=False)) == claim_type.max_length + 2


@pytest.mark.parametrize(
    ("spec", "taken", "refused"),
    [
        pytest.param({"type": "slug"}, "a" * 63, "a" * 64, id="a slug"),
        pytest.param({"type": "digits"}, "1" * 20, "1" * 21, id="digits"),
        pytest.param({"type": "opaque"}, "a" * 64, "a" * 65, id="opaque"),
        pytest.param({"type": "email"}, "a" * 64 + "@" + "b" * 189, "a" * 64 + "@" + "b" * 190, id="a domain"),
        pytest.param({"type": "email"}, "a" * 64 + "@b", "a" * 65 + "@b", id="the part before the @"),
        pytest.param({"type": "email", "max_length": 3}, "a@b", "aa@b", id="the shortest address"),
        pytest.param({"type": "email", "max_length": 12}, "aaaaa@bbbbbb", "aaaaaa@b", id="half is before the @"),
        pytest.param({"type": "arn"}, "arn:aws:s3:::" + "a" * 256, "arn:aws:s3:::" + "a" * 257, id="an ARN's name"),
        pytest.param(
            {"type": "arn"}, f"arn:aws:{'a' * 63}:::x", f"arn:aws:{'a' * 64}:::x", id="an ARN's service"
        ),
        pytest.param(
            {"type": "arn"}, f"arn:aws:s3:{'a' * 32}::x", f"arn:aws:s3:{'a' * 33}::x", id="an ARN's region"
        ),
        pytest.param({"type": "arn"}, "arn:aws-eusc:s3:::x", "arn:aws-isolated:s3:::x", id="an ARN's partition"),
        pytest.param({"type": "arn"}, f"arn:aws-cn:s3::{'1' * 12}:x", f"arn:aws:s3::{'1' * 11}:x", id="its account"),
        pytest.param({"type": "slug", "max_length": 1024}, "a" * 1024, "a" * 1025, id="the longest there is"),
        pytest.param({"type": "enum", "values": ["a" * 1024]}, "a" * 1024, "a", id="the longest of an enum"),
        pytest.param({"type": "opaque", "max_length": 2}, ".a", "..", id="a dot before a letter"),
        pytest.param({"type": "opaque", "max_length": 3}, "..a", "..", id="two dots before a letter"),
        pytest.param({"type": "opaque", "max_length": 3}, "...", "....", id="three dots"),
        pytest.param({"type": "opaque", "exclude": "."}, "a", ".a", id="a dot that is excluded"),
        pytest.param({"type": "opaque", "exclude": "."}, "a", "..a", id="two dots that are excluded"),
        pytest.param({"type": "enum", "values": ("a", "b")}, "b", "c", id="an enum whose values are a tuple"),
        pytest.param({"type": "slug", "max_length": 5}, "a" * 5, "a" * 6, id="a short slug"),
        pytest.param({"type": "digits", "max_length": 5}, "1" * 5, "1" * 6, id="few digits"),
        pytest.param({"type": "opaque", "max_length": 5}, "a" * 5, "a" * 6, id="a short opaque text"),
        pytest.param({"type": "arn", "max_length": 2}, "arn:aws:s3:::ab", "arn:aws:s3:::abc", id="a short ARN"),
    ],
)  # fmt: skip
def test_a_type_ends_where_it_says(spec: Mapping[str, object], taken: str, refused: str) -> None:
    assert accepts(declare(spec), taken)
    assert not accepts(declare(spec), refused)


def test_a_list_may_be_as_long_as_any_and_no_longer() -> None:
    longest = declare({"type": "slug", "list": True, "max_items": 100})
    assert len(longest.check(["a"] * 100)) == 100
    with pytest.raises(ValueRefused, match="has 101 items: expected 1 to 100"):
        longest.check(["a"] * 101)


def test_a_text_of_another_class_is_no_value() -> None:
    class Text(str):
        __slots__ = ()

    for claim_type, value in ((declare({"type": "slug"}), Text("a")), (LIST, ["a", Text("b")])):
        with pytest.raises(ValueRefused):
            claim_type.check(value)


def test_a_language_knows_its_shortest_and_its_longest_text() -> None:
    language = declare({"type": "enum", "values": ["free", "pro", "platinum"]}).language
    assert (language.min_length, language.max_length) == (3, 8)
    assert declare({"type": "uuid"}).language.min_length == 36
    assert declare({"type": "enum", "values": ["b", "a", "b"]}).expected == "one of b, a"


def test_a_single_value_has_one_item() -> None:
    assert declare({"type": "slug"}).max_items == 1
    assert declare({"type": "slug", "list": False}).is_list is False


def test_what_would_be_escaped_counts_as_long_as_it_becomes() -> None:
    language = Language(((Segment(frozenset("a*"), 1, 2),),))
    assert language.max_length == 2 * len("${*}")
