"""The bar: on a terminal, and only for what takes long."""

import io
import sys

import pytest
from typing_extensions import override

from authorizer.cli import progress


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("patience", "shown"), [(-1.0, True), (1e9, False)])
def test_a_bar_is_shown_for_what_takes_long(
    monkeypatch: pytest.MonkeyPatch, patience: float, shown: bool
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "_PATIENCE", patience)
    monkeypatch.setenv("TERM", "xterm")
    assert list(progress.watched([1, 2, 3], "counting")) == [1, 2, 3]
    assert ("counting" in terminal.getvalue()) is shown


def test_nothing_is_shown_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress.watched([1], "counting")) == [1]
    assert capsys.readouterr().err == ""
