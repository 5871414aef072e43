"""Stand-ins: found again wherever they stand, and whatever else a document holds stays as it is."""

import itertools

from authorizer.deployment.standins import Reference, marker, parts_of, resolve

FIRST, SECOND = Reference(kind="parameter", name="A"), Reference(kind="parameter", name="B")


def test_no_marker_is_the_beginning_of_another_and_their_order_is_that_of_their_numbers() -> None:
    words = [marker(number) for number in range(1200)]
    assert sorted(words) == words
    assert not [word for word, other in itertools.pairwise(words) if other.startswith(word)]


def test_of_two_that_begin_alike_the_longer_is_meant() -> None:
    markers = {"region": FIRST, "region_pool": SECOND}
    assert parts_of("https://region/region_pool", markers) == ("https://", FIRST, "/", SECOND)


def test_what_is_no_text_stays_as_it_is() -> None:
    document = {"a": [1, True, None, "plain", "x-mark"], "mark": ("mark",)}
    assert resolve(document, {"mark": FIRST}, len) == {
        "a": [1, True, None, "plain", 2],
        "mark": [1],
    }
