"""The bar: on a terminal, and only for what takes long."""

import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import monotonic, sleep

import pytest
from click.testing import CliRunner
from typing_extensions import override

from authorizer.cli import progress
from authorizer.cli.policy import policy
from tests.make import ROOT

ACCESS = str(ROOT / "policies" / "access.toml")


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


def terminal_of(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error from here on. No fixture: pytest sets its own before each test."""
    found = Terminal()
    monkeypatch.setattr(sys, "stderr", found)
    monkeypatch.setenv("TERM", "xterm")
    return found


def test_a_bar_is_shown_while_one_thing_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch)
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    begun = monotonic()
    for number in progress.watched([1, 2, 3], "counting"):
        while number == 2 and "1/3" not in terminal.getvalue() and monotonic() < begun + 10:
            sleep(0.01)
    assert "counting" in terminal.getvalue()
    assert "1/3" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K"), "the bar stays"
    assert "\x1b[?25h" in terminal.getvalue(), "the cursor stays hidden"


def test_nothing_is_shown_of_what_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_of(monkeypatch)
    assert list(progress.watched([1, 2, 3], "counting")) == [1, 2, 3]
    assert "counting" not in terminal.getvalue()


def test_nothing_is_shown_where_nobody_watches(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0.0)
    for _ in progress.watched([1], "counting"):
        sleep(0.05)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        pytest.param(
            ["check"],
            {"running each case", "looking at each template"},
            id="policy check",
        ),
        pytest.param(["prove"], {"proving"}, id="policy prove"),
        pytest.param(["diff", str(Path(ACCESS).parent)], {"comparing"}, id="policy diff"),
    ],
)
def test_commands_that_may_take_long_tell_how_far_they_are(
    arguments: list[str], shown: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, int] = {}

    def watched(items: Sequence[object], doing: str) -> Iterator[object]:
        told.setdefault(doing, len(items))
        return iter(items)

    monkeypatch.setattr(progress, "watched", watched)
    assert CliRunner().invoke(policy, [*arguments, "--access", ACCESS]).exit_code == 0
    assert told.keys() == shown
    assert all(told.values())
