"""Every figure of the page is that of a recorded run, and the run says the same again."""

import json
from typing import Any

import pytest

from tests.capacity import page
from tests.capacity.page import PAGE, RESULTS


@pytest.fixture(scope="module")
def results() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RESULTS.read_text())
    return found


def test_the_page_tells_what_was_recorded(results: dict[str, Any]) -> None:
    text = PAGE.read_text()
    assert page.page(results, text) == text, "run `python -m tests.capacity.page`"
    for file, picture in page.pictures(results).items():
        assert file.read_text() == picture, file.name
        assert f"]({file.name})" in text


def test_a_row_of_it_comes_out_the_same_again(results: dict[str, Any]) -> None:
    assert page.row(300, shared=False) == results["rows"][4]


def test_a_million_users_took_no_more_than_two_minutes_of_a_core(results: dict[str, Any]) -> None:
    assert [found["share"] for found in results["million"]] == [1, 1]
    assert all(found["seconds"] <= 120 for found in results["million"])


def test_renewals_are_further_apart_than_if_all_came_after_four_fifths(results: dict[str, Any]) -> None:
    spread, together = (max(minutes[2:]) for minutes in results["spread"])
    assert spread < together
