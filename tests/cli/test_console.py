"""Names are printed letter by letter: a secret's ARN is no picture, and brackets are no colour."""

import re
from pathlib import Path

import pytest
from rich.table import Column, Table

from authorizer.cli.console import folding_table, literal_console
from tests.cli.test_commands import run

CLI = Path(__file__).parents[2] / "authorizer" / "cli"
NAME = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:[red]tenants[/red]/a"


def test_what_is_printed_is_what_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    console = literal_console(width=200)
    console.print(NAME)
    table = Table("Resource", title=NAME)
    table.add_row(NAME)
    console.print(table)
    assert capsys.readouterr().out.count(NAME) == 3


def test_no_command_makes_another_table() -> None:
    makers = [
        path.name for path in CLI.glob("*.py") if re.search(r"\bTable\(|\(Table\)", path.read_text("utf-8"))
    ]
    assert makers == ["console.py"]


def test_a_table_cuts_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    table = folding_table("Resource", Column("Verdict", justify="right"))
    table.add_row(NAME, "PROVEN")
    literal_console(width=30).print(table)
    shown = capsys.readouterr().out
    first = "".join(line.split("│")[1].strip() for line in shown.splitlines() if line.startswith("│"))
    assert first == NAME
    assert "…" not in shown


@pytest.mark.parametrize("columns", ["80", "40"])
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["policy", "reach", "--group", "editors"], id="reach"),
        pytest.param(["policy", "prove"], id="prove"),
        pytest.param(["policy", "test"], id="test"),
        pytest.param(["policy", "who-can", "s3:GetObject", "arn:aws:s3:::example-data/a"], id="who-can"),
        pytest.param(["policy", "diff", "policies"], id="diff"),
        pytest.param(["policy", "add", "--list"], id="add"),
        pytest.param(["capacity", "--users", "100", "--rps", "1"], id="capacity"),
    ],
)
def test_no_answer_is_cut_on_a_narrow_terminal(command: list[str], columns: str) -> None:
    done = run(*command, variables={"COLUMNS": columns})
    assert done.returncode in (0, 1), done.stderr
    assert "…" not in done.stdout


def test_no_command_prints_by_another_console() -> None:
    makers = [
        path.name
        for path in CLI.glob("*.py")
        if re.search(r"\bConsole\(|\(Console\)", path.read_text("utf-8"))
    ]
    assert makers == ["console.py"]
