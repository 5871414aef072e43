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
    told = results["rows"][4]
    assert (told["ttl"], told["shared"]) == (300, False)
    # Another version of Python may take one step before another.
    assert page.row(300, shared=False) == pytest.approx(told, rel=0.1, abs=0.01)


def test_one_noisy_tenant_does_not_starve_the_others(results: dict[str, Any]) -> None:
    anybody_s, fair, shared = results["noisy"]
    assert anybody_s["others"] > 0.02, "or there is nothing to show"
    assert fair["others"] < anybody_s["others"] / 5
    assert fair["others"] < fair["noisy"] / 10
    assert shared["others"] == 0


def test_a_million_users_took_no_more_than_two_minutes_of_a_core(results: dict[str, Any]) -> None:
    assert [found["share"] for found in results["million"]] == [1, 1]
    assert all(found["seconds"] <= 120 for found in results["million"])


def test_renewals_are_further_apart_than_if_all_came_after_four_fifths(results: dict[str, Any]) -> None:
    spread, together = (max(minutes[2:]) for minutes in results["spread"])
    assert spread < together
