"""`authorizer policy …`: add, judge, render, test, explain and prove the session policies before they are deployed."""

import importlib
from collections.abc import Mapping

import click
from typing_extensions import override

COMMANDS: Mapping[str, tuple[str, str]] = {
    # Subcommand → the function that is it, as MODULE:NAME, and its summary.
    "add": ("authorizer.cli.policy_add:add", "Add a ready policy for a kind of resource."),
    "check": ("authorizer.cli.policy_check:check", "Lint the templates and the configuration."),
    "render": ("authorizer.cli.policy_render:render", "Print one user's session policy."),
    "test": ("authorizer.cli.policy_test:test", "Run the cases and measure what they cover."),
    "explain": ("authorizer.cli.policy_explain:explain", "Say why a request is allowed or denied."),
    "who-can": ("authorizer.cli.policy_who_can:who_can", "Say who may make a request, or reach a route."),
    "reach": ("authorizer.cli.policy_reach:reach", "List all that a group, a role or somebody reaches."),
    "split": (
        "authorizer.cli.policy_split:split",
        "Move a role's policy that is too long into the role, in part.",
    ),
    "prove": ("authorizer.cli.prove:prove", "Prove that no two users' policies meet."),
    "diff": ("authorizer.cli.diff:diff", "Say whether a change lets a role do more."),
}


class _Policies(click.Group):
    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)  # noqa: S101 - the table above is ours
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=_Policies)
def policy() -> None:
    """Add, judge, render, test, explain and prove the session policies.

    Exit code 0: all is fine. 1: there are findings. 2: it could not run.
    """
