"""Which Pythons are here: each is asked, and a stand-in is not believed."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from authorizer.bundle.pythons import HERE, interpreter

Install = Callable[[Path, str], Path]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine with nothing on its PATH and a pyenv without versions."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    (tmp_path / "bin").mkdir()
    interpreter.cache_clear()
    yield tmp_path
    interpreter.cache_clear()


def put(file: Path, says: str, code: int = 0) -> Path:
    """An executable that answers anything with one line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    file.chmod(0o755)
    return file


def test_the_one_that_runs_this_is_found_without_its_virtual_environment(machine: Path) -> None:
    found = interpreter(HERE)
    assert found is not None
    assert ".venv" not in str(found)
    assert os.access(found, os.X_OK)


def test_one_on_the_path_is_found_by_what_it_says_of_itself(machine: Path) -> None:
    real = machine / "opt" / "python3.99"
    put(machine / "bin" / "python3.99", f"3.99 {real}")
    assert interpreter("3.99") == real


@pytest.mark.parametrize(
    ("says", "code"),
    [
        pytest.param("3.98 /opt/python3.98", 0, id="for another version"),
        pytest.param("3.99 /home/ann/.venv/bin/python3.99", 1, id="in a virtual environment"),
        pytest.param("pyenv: python3.99: command not found", 127, id="for none"),
        pytest.param("", 0, id="that says nothing"),
    ],
)
def test_a_stand_in_is_passed_over_for_a_real_one(says: str, code: int, machine: Path) -> None:
    put(machine / "bin" / "python3.99", says, code)
    assert interpreter("3.99") is None
    interpreter.cache_clear()
    real = put(machine / "pyenv" / "versions" / "3.99.1" / "bin" / "python3.99", "3.99 /real")
    assert real.exists()
    assert interpreter("3.99") == Path("/real")


def test_of_pyenvs_the_latest_is_taken(machine: Path) -> None:
    for patch in ("3.99.9", "3.99.10", "3.99-dev", "3.9.99"):
        put(machine / "pyenv" / "versions" / patch / "bin" / "python3.99", f"3.99 /{patch}")
    (machine / "pyenv" / "versions" / "3.99.11").mkdir()  # without an executable
    assert interpreter("3.99") == Path("/3.99.10")
