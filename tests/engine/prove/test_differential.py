"""A small part of the differential tests; `python -m tests.engine.prove.differential` runs them in full."""

import pytest

from tests.engine.prove.differential import (
    Tally,
    against_cvc5,
    against_every_list,
    against_every_request,
    against_every_request_of_two,
    against_every_text,
)


def assert_sound(tally: Tally, count: int) -> None:
    assert tally.contradictions == []
    assert tally.total == count
    assert tally.verdicts["PROVEN"] > 0
    assert tally.verdicts["LEAK"] > 0


def test_every_text_of_a_small_alphabet_agrees() -> None:
    tally = against_every_text(250, longest=5)
    assert_sound(tally, 250)
    assert tally.unknown < 0.1


def test_every_request_of_a_small_world_agrees() -> None:
    assert_sound(against_every_request(50, sample=250), 50)


def test_no_change_that_is_called_no_wider_allows_a_request_more() -> None:
    tally = against_every_request_of_two(60, sample=100)
    assert tally.contradictions == []
    assert tally.verdicts["NO WIDER"] > 10
    assert tally.verdicts["WIDER"] > 10


@pytest.mark.slow
def test_no_list_is_long_enough_to_gain_what_is_called_no_wider() -> None:
    tally = against_every_list(100, seed=3)
    assert tally.contradictions == []
    assert tally.verdicts["NO WIDER"] > 20
    assert tally.verdicts["WIDER"] > 20


def test_cvc5_agrees() -> None:
    tally = against_cvc5(6, seed=3, milliseconds=300)
    assert tally.contradictions == []
    assert tally.total == 6


@pytest.mark.nightly
def test_every_text_agrees_in_full() -> None:
    tally = against_every_text(5000, seed=2)
    assert_sound(tally, 5000)
    assert tally.unknown < 0.1


@pytest.mark.nightly
def test_every_request_agrees_in_full() -> None:
    assert_sound(against_every_request(1000, seed=2, sample=1500), 1000)


@pytest.mark.nightly
def test_no_change_that_is_called_no_wider_allows_more_in_full() -> None:
    tally = against_every_request_of_two(1000, seed=2)
    assert tally.contradictions == []


@pytest.mark.nightly
def test_no_list_gains_what_is_called_no_wider_in_full() -> None:
    tally = against_every_list(2000, seed=2)
    assert tally.contradictions == []


@pytest.mark.nightly
def test_cvc5_agrees_in_full() -> None:
    tally = against_cvc5(200, seed=2)
    assert tally.contradictions == []
    assert tally.unknown < 0.1
