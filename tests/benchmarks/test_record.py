"""A run of the benchmark touches nothing that is tracked unless it is to be recorded; then all of it agrees."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.record import PAGE, RESULTS, TABLES, replaced
from benchmarks.table import Profile, Result, Row, Skipped
from tests.guide.tables import between
from tests.make import ROOT

MEASURED: list[Result] = [
    Row(key="one", what="one thing", peer="a peer", unit="ms", ours=2, theirs=4, target=0.6),
    Row(key="two", what="another", peer="a peer", unit="ms", ours=9, theirs=4, target=None),
    Profile(key="p", what="a request", shares={"verify": 0.75, "the rest": 0.25}),
    Skipped(key="three", what="a third", reason="no Node here"),
]
SPEED = """\
| what | peer | ratio | target | |
| --- | --- | --- | --- | --- |
| one thing | a peer | 0.5 | ≤ 0.6 | met |
| another | a peer | 2.25 |  |  |"""
PROFILE = """\
| | verify | the rest |
| --- | --- | --- |
| a request | 75% | 25% |"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is tracked, in a folder of its own, and measurements that take no time."""
    for file in (PAGE, RESULTS):
        (tmp_path / file.parent).mkdir()
    for file in (PAGE, RESULTS):
        shutil.copy(ROOT / file, tmp_path / file)
    monkeypatch.setattr(command, "set_up", nullcontext)
    groups = {"fast": lambda *_: iter(MEASURED[:2]), "faster": lambda *_: iter(MEASURED[2:])}
    monkeypatch.setattr(command, "GROUPS", groups)
    return tmp_path


def tracked(folder: Path) -> Iterator[bytes]:
    return ((folder / file).read_bytes() for file in (PAGE, RESULTS))


def test_a_run_leaves_its_result_where_nothing_is_tracked(checkout: Path) -> None:
    command.main([], checkout)
    assert list(json.loads((checkout / "build" / "bench.json").read_text())["rows"]) == ["one", "two"]
    assert list(tracked(checkout)) == list(tracked(ROOT))
    assert "/build/" in (ROOT / ".gitignore").read_text().splitlines()


def test_a_recorded_run_is_in_the_results_and_in_the_tables_of_the_page(checkout: Path) -> None:
    command.main(["--record"], checkout)
    results, text = json.loads((checkout / RESULTS).read_text()), (checkout / PAGE).read_text()
    assert results == json.loads((checkout / "build" / "bench.json").read_text())
    speed, profile = between(text, "speed"), between(text, "profile")
    assert (speed, profile) == tuple(table(results) for table in TABLES.values())
    assert speed.startswith(SPEED)
    assert speed.endswith("Not measured there: `three`, no Node here.")
    assert profile == PROFILE
    before = (ROOT / PAGE).read_text()
    for marker in TABLES:
        text, before = replaced(text, marker, ""), replaced(before, marker, "")
    assert text == before


def test_a_strict_run_fails_where_a_target_is_missed(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--strict"], checkout) == 0
    slow = Row(key="slow", what="a slow thing", peer="a peer", unit="ms", ours=9, theirs=4, target=2)
    monkeypatch.setattr(command, "GROUPS", {"slow": lambda *_: iter([slow])})
    assert command.main(["--strict"], checkout) == 1
    assert command.main([], checkout) == 0
    assert "missed: slow" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["fast", "--record"], ["slow", "--record"], ["slow"]])
def test_half_a_run_is_not_recorded(arguments: list[str], checkout: Path) -> None:
    with pytest.raises(SystemExit):
        command.main(arguments, checkout)
    assert list(tracked(checkout)) == list(tracked(ROOT))


@pytest.mark.parametrize(
    "spoilt",
    [("<!-- profile -->", ""), ("<!-- /profile -->", ""), ("<!-- profile -->\n", "<!-- profile -->\n" * 2)],
)
def test_a_page_without_a_place_for_a_table_is_left_as_it_is(spoilt: tuple[str, str], checkout: Path) -> None:
    text = (checkout / PAGE).read_text().replace(*spoilt)
    (checkout / PAGE).write_text(text)
    with pytest.raises(
        ValueError, match=re.escape("expected one <!-- profile --> and <!-- /profile --> after it")
    ):
        command.main(["--record"], checkout)
    assert (checkout / PAGE).read_text() == text
    assert (checkout / RESULTS).read_bytes() == (ROOT / RESULTS).read_bytes()
