"""What is said of typical mistakes: each row by itself, and the score of all."""

from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.mistakes.score import FULL, MEANWHILE, PARTS, scaled, try_mistake
from tests.mistakes.table import MISTAKES, Mistake

LEAST = 240
"""Points of 250: what is aimed at."""


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `authorizer init` writes."""
    folder = tmp_path_factory.mktemp("starter")
    run("init", str(folder))
    return folder


def test_there_are_fifty_eight_and_no_two_alike() -> None:
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES) == 58
    assert {mistake.around for mistake in MISTAKES} == set(MEANWHILE)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_told_by_its_place_its_cause_and_what_to_do(
    mistake: Mistake, starter: Path, tmp_path: Path
) -> None:
    told = try_mistake(mistake, starter, tmp_path / "repository")
    assert told.lacks == (), told.printed
    if told.caret and mistake.problems:
        assert told.caret in told.printed


def test_the_score_is_scaled_to_what_all_are_worth() -> None:
    assert scaled(len(PARTS) * 52, 52) == FULL
    assert scaled(0, 52) == 0
    assert scaled(len(PARTS) * 50, 52) >= LEAST > scaled(len(PARTS) * 49, 52)


def test_what_is_said_of_an_older_starter_is_no_point(tmp_path: Path) -> None:
    from tests.mistakes.table import ACCESS, Edit

    (tmp_path / "starter" / "policies").mkdir(parents=True)
    (tmp_path / "starter" / ACCESS).write_text("")
    row = Mistake(name="x", edits=(Edit(ACCESS, "gone", ""),), command="check", exit=1, cause="", remedy="")
    with pytest.raises(ValueError, match="older than the starter"):
        try_mistake(row, tmp_path / "starter", tmp_path / "copy")
