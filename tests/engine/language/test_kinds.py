"""The kinds of claim types, each made within a test: its texts, all of them where they are few, and its words."""

import re

import pytest

from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import ClaimTypeInvalid, ValueRefused
from authorizer.engine.language.kinds import ALPHABETS, MAX_NUMBER, numbers
from authorizer.engine.language.languages import Language

REQUIRED: dict[str, dict[str, object]] = {
    "id": {"alphabet": "hex", "length": 8},
    "enum": {"values": ["a", "b"]},
}
"""What a declaration of these must say."""
LOWER, UPPER, DIGITS = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"


@pytest.mark.parametrize(
    ("name", "chars"),
    [
        ("digits", DIGITS),
        ("hex", DIGITS + "abcdef"),
        ("base32", LOWER + "234567"),
        ("crockford", DIGITS + "ABCDEFGHJKMNPQRSTVWXYZ"),
        ("base36", DIGITS + LOWER),
        ("base58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"),
        ("base62", DIGITS + LOWER + UPPER),
        ("base64url", DIGITS + LOWER + UPPER + "-_"),
    ],
)
def test_an_alphabet_is_of_these_characters_and_no_others(name: str, chars: str) -> None:
    claim = declare({"type": "id", "alphabet": name, "length": 1})
    taken = {char for char in map(chr, range(256)) if claim.accepts(char)}
    assert taken == ALPHABETS[name] == set(chars)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        pytest.param(
            {"prefix": "org_", "alphabet": "hex"}, "org_ and then 4 of 0-9 a-f", id="behind a prefix"
        ),
        pytest.param({"alphabet": "hex"}, "4 of 0-9 a-f", id="without one"),
        pytest.param(
            {"alphabet": "abcmnxyz"}, "4 of a-c mn x-z", id="runs of three are shortened, of two not"
        ),
    ],
)
def test_an_id_is_told_by_its_prefix_and_alphabet(spec: dict[str, str], words: str) -> None:
    assert declare({"type": "id", "length": 4, **spec}).expected == words


def taken(low: int, high: int) -> list[int]:
    """The numbers that a claim from `low` to `high` takes, of all near them and in one spelling each."""
    claim = declare({"type": "integer", "min": low, "max": high})
    assert not any(claim.accepts(text) for text in ("", "-", "-0", "00", "+1", "01", "-01", "1.0"))
    return [number for number in range(-1200, 1201) if claim.accepts(str(number))]


@pytest.mark.parametrize(
    ("low", "high"),
    [
        *(
            (low, high)
            for low in (0, 1, 5, 9, 10, 15, 99, 100)
            for high in (low, low + 1, 35, 99, 100, 299, 999)
        ),
        *((0, 9), (100, 299), (110, 299), (100, 298), (123, 987), (15, 23), (120, 129)),
        *((-10, -5), (-999, -100), (-3, 0), (-120, 7), (-1, 1), (-5, -5), (0, 0)),
    ],
)
def test_numbers_are_taken_from_the_smallest_to_the_largest(low: int, high: int) -> None:
    if low <= high:
        assert taken(low, high) == list(range(low, high + 1))


@pytest.mark.parametrize(
    ("low", "high", "alternatives"),
    [
        pytest.param(1, MAX_NUMBER, 1, id="a first digit and up to fourteen more"),
        pytest.param(0, MAX_NUMBER, 2, id="or a zero"),
        pytest.param(1, 999, 1, id="up to three digits"),
        pytest.param(100, 299, 1, id="two of the first digits, and any others"),
        pytest.param(0, 5, 1, id="one digit, a zero among them"),
        pytest.param(15, 23, 2, id="nothing between two first digits that are neighbours"),
    ],
)
def test_a_range_is_said_in_as_few_alternatives_as_it_can_be(low: int, high: int, alternatives: int) -> None:
    """Whoever proves goes through each of them, with each of another claim's."""
    found = numbers(low, high)
    assert len(found) == alternatives
    assert all(segment.chars and segment.max for sequence in found for segment in sequence)


def test_a_range_that_ends_where_it_begins_is_one_number() -> None:
    assert taken(7, 7) == [7]
    with pytest.raises(ClaimTypeInvalid, match="`min` is 8 and `max` is 7"):
        taken(8, 7)


def test_a_number_of_json_is_taken_up_to_the_largest_and_never_written_out_beyond() -> None:
    claim = declare({"type": "integer"})
    assert claim.check(MAX_NUMBER) == claim.check(str(MAX_NUMBER)) == "9" * 15
    for beyond in (MAX_NUMBER + 1, 10**5000):  # Python writes out no more than 4,300 digits
        with pytest.raises(ValueRefused):
            claim.check(beyond)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("10.0.0.0", True),
        ("10.0.0.0/8", True),
        ("10.1.2.0/24", True),
        ("10.1.2.3/32", True),
        ("10.1.2.3/8", False),
        ("10.1.2.3/24", False),
        ("11.0.0.0/7", False),
        ("10.0.0.0/33", False),
    ],
)
def test_a_range_of_addresses_is_taken_without_host_bits_and_down_to_the_widest(
    text: str, is_one: bool
) -> None:
    assert declare({"type": "ip", "widest": 8}).accepts(text) is is_one
    assert declare({"type": "ip"}).accepts(text) is (text == "10.0.0.0")


@pytest.mark.parametrize("kind", ["uuid", "slug", "id", "email", "enum", "opaque"])
def test_types_with_letters_may_be_declared_one_in_upper_and_lower_case(kind: str) -> None:
    assert declare({"type": kind, **REQUIRED.get(kind, {}), "lower_case": True}).lower_case


@pytest.mark.parametrize("kind", ["arn", "integer", "boolean", "ip"])
def test_a_fallback_of_these_types_is_of_the_type(kind: str) -> None:
    """They stand where AWS understands nothing else."""
    with pytest.raises(ClaimTypeInvalid, match=re.escape(f"expected a value of type `{kind}`")):
        declare({"type": kind, "fallback": "none"})


@pytest.mark.parametrize("kind", ["uuid", "slug", "id", "email", "enum", "digits", "opaque"])
def test_a_fallback_of_the_others_is_any_text(kind: str) -> None:
    assert declare({"type": kind, **REQUIRED.get(kind, {}), "fallback": "~none"}).fallback == "~none"


def test_the_languages_of_numbers_are_the_same_as_their_patterns() -> None:
    matches = re.compile(Language(tuple(numbers(95, 1234))).pattern()).fullmatch
    assert [number for number in range(2000) if matches(str(number))] == list(range(95, 1235))
