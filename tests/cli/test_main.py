"""The command itself: what it lists, and what it does not know."""

import runpy
import sys
import tomllib

import pytest
from click.testing import CliRunner

from authorizer.cli import COMMANDS, cli
from tests.make import ROOT


def test_help_lists_every_command_without_loading_one() -> None:
    done = CliRunner().invoke(cli, ["--help"])
    assert done.exit_code == 0
    assert all(f"\n  {name} " in done.output for name in COMMANDS)


@pytest.mark.parametrize("name", ["nonsense", "Invoke", "--nonsense"])
def test_a_command_that_is_none_is_refused(name: str) -> None:
    done = CliRunner().invoke(cli, [name])
    assert done.exit_code == 2
    assert "No such" in done.output


def test_python_m_authorizer_is_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["authorizer", "--help"])
    monkeypatch.delitem(
        sys.modules, "authorizer.__main__", raising=False
    )  # another test may have asked for it
    with pytest.raises(SystemExit) as end:
        runpy.run_module("authorizer", run_name="__main__")
    assert end.value.code == 0
    assert "\n  invoke " in capsys.readouterr().out


def test_the_version_is_that_of_the_project() -> None:
    done = CliRunner().invoke(cli, ["--version"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert done.output == f"{project['name']} {project['version']}\n"
