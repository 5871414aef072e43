"""The reference of the command line, from the commands themselves."""

import inspect
from collections.abc import Iterator

import click

from authorizer.cli import cli


def command_line() -> str:
    """Every command: how it is called, what its help says, its arguments and options."""
    return "\n\n".join(part for name, command in commands() for part in _page(name, command))


def commands(command: click.Command = cli, name: str = "authorizer") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its whole name."""
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for step in command.list_commands(context):
            below = command.get_command(context, step)
            assert below is not None
            yield from commands(below, f"{name} {step}")
    else:
        yield name, command


def _page(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    yield f"## {name}"
    yield f"```text\n{' '.join([name, *command.collect_usage_pieces(context)])}\n```"
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b"):
            yield "```text\n" + paragraph.removeprefix("\b\n") + "\n```"
        else:
            yield " ".join(paragraph.split())
    rows = ["| option | meaning |", "| --- | --- |"]
    for parameter in command.params:
        told = parameter.get_help_record(context)
        if told is not None:
            rows.append(f"| `{_cell(told[0])}` | {_cell(told[1])} |")
    yield "\n".join(rows)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
