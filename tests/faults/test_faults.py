"""Wherever a request waits, things go wrong: each in turn, in a process whose code is made to fail (`tests.faults`).

Each fault at each place once by default; in every state with ``-m nightly`` and with `make faults`.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.awaits import ours, places
from tests.faults.lies import LIES
from tests.faults.states import STATES
from tests.make import ROOT

pytestmark = pytest.mark.slow

KINDS = 10
"""Faults of every place, before any lie."""


def tried(file: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.faults", "--json", str(file), *arguments]
    subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(file.read_text())
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return tried(tmp_path_factory.mktemp("faults") / "found.json", "--short")


@pytest.mark.parametrize("place", places())
def test_a_fault_costs_no_more_than_this_one_request(place: str, found: dict[str, Any]) -> None:
    assert found[place]["tried"] >= KINDS + len(LIES.get(place, ())), (
        "no state comes by: add one to states.py"
    )
    assert found[place]["wrong"] == []


@pytest.mark.parametrize("state", [state.name for state in STATES])
def test_a_state_is_answered_rightly_if_nothing_else_goes_wrong(state: str, found: dict[str, Any]) -> None:
    assert found[state]["wrong"] == []


def test_every_place_where_somebody_else_is_waited_for_can_lie() -> None:
    """A new one needs a row in `lies.py`: what may come from there?"""
    strangers = {
        place
        for place in places()
        if (name := place.rpartition(": ")[2].split(" (")[0]).rpartition(".")[2] not in ours()
        and (not name.startswith("asyncio.") or name == "asyncio.to_thread")
    }
    passed_in = {place for place in strangers if place.endswith(("self._pause", "self._seal", "flow"))}
    shapes = {place for place in strangers if " if " in place}  # one of two, each with a place of its own
    assert strangers - passed_in - shapes <= LIES.keys()
    assert LIES.keys() <= set(places())


@pytest.mark.nightly
def test_nor_in_any_state(tmp_path: Path) -> None:
    rows = tried(tmp_path / "found.json")
    assert {name: row["wrong"] for name, row in rows.items() if row["wrong"]} == {}
