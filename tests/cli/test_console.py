"""Names are printed letter by letter: a secret's ARN is no picture, and brackets are no colour."""

from pathlib import Path

import pytest
from rich.table import Table

from authorizer.cli.console import literal_console

CLI = Path(__file__).parents[2] / "authorizer" / "cli"
NAME = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:[red]tenants[/red]/a"


def test_what_is_printed_is_what_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    console = literal_console(width=200)
    console.print(NAME)
    table = Table("Resource", title=NAME)
    table.add_row(NAME)
    console.print(table)
    assert capsys.readouterr().out.count(NAME) == 3


def test_no_command_prints_by_another_console() -> None:
    makers = [path.name for path in CLI.glob("*.py") if " Console(" in path.read_text(encoding="utf-8")]
    assert makers == ["console.py"]
