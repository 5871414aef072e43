"""The `authorizer` command. Thin: each subcommand is a file here, loaded when it is called."""

import importlib
import sys
from collections.abc import Mapping
from typing import NoReturn

import click
from typing_extensions import override

__all__ = ["main"]

EXIT_UNDECIDED = 2
"""Exit code where a command cannot do its work: a broken configuration, an unreadable file, a failing service."""

COMMANDS: Mapping[str, str] = {
    # Subcommand → module that defines it under the same name. Loaded on use: `--help` must not import moto.
    "init": "authorizer.cli.init",
    "invoke": "authorizer.cli.invoke",
    "token": "authorizer.cli.mint",
    "serve": "authorizer.cli.serve",
    "check": "authorizer.cli.check",
    "deploy": "authorizer.cli.deploy",
    "trust": "authorizer.cli.trust",
    "revoke": "authorizer.cli.revoke",
    "bundle": "authorizer.cli.bundle",
    "assure": "authorizer.cli.assure",
    "capacity": "authorizer.cli.capacity",
    "policy": "authorizer.cli.policy",
    "login": "authorizer.cli.login",
    "credentials": "authorizer.cli.credentials",
    "exec": "authorizer.cli.exec",
    "logout": "authorizer.cli.logout",
    "fmt": "authorizer.cli.fmt",
    "schema": "authorizer.cli.schema",
    "why": "authorizer.cli.why",
}
SUMMARIES: Mapping[str, str] = {
    "init": "Write a starter policies/ and events/ into a folder.",
    "invoke": "Run an event through the authorizer and print the response.",
    "token": "Print a token of the local issuer for a persona.",
    "serve": "Serve the API on this machine as API Gateway would, in front of a backend.",
    "check": "Load the configuration and list every problem.",
    "deploy": "Generate the deployment: a template of AWS SAM or CloudFormation.",
    "trust": "Print the execution role's policy, and every role's trust policy and own policy.",
    "revoke": "Print the Deny that ends live sessions of a user, a tenant, or everybody.",
    "bundle": "Make the zip that Lambda runs.",
    "assure": "Write one report for auditors and customers, or check one.",
    "capacity": "Say what STS, caches and costs to expect of a load, and what to set.",
    "policy": "Add, judge, render, test, explain and prove the session policies.",
    "login": "Sign in, for AWS credentials of your own.",
    "credentials": "Print your own AWS credentials, as a credential_process.",
    "exec": "Run a command with your own AWS credentials.",
    "logout": "Sign out: forget and revoke your tokens.",
    "fmt": "Lay out the templates in one way.",
    "schema": "Print the JSON Schema of access.toml, personas or cases, for an editor.",
    "why": "Say what the code of a finding or a refusal means, and what to do.",
}


class _Commands(click.Group):
    """A group whose commands are imported when they are called."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101 - the table above is ours
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, SUMMARIES[name]) for name in COMMANDS])


@click.group(cls=_Commands)
@click.version_option(package_name="cognito-authorizer", message="%(package)s %(version)s")
def cli() -> None:
    """An API Gateway Lambda authorizer: run it on a laptop, judge its configuration, prove its policies."""


def main() -> NoReturn:
    """Run the command line, and end the process. What cannot be done is told without a traceback."""
    from authorizer.cli.ending import ended

    words = [word for word in sys.argv[1:3] if word in COMMANDS or sys.argv[1:2] == ["policy"]]
    ended(lambda: cli.main(prog_name="authorizer", standalone_mode=False), " ".join(["authorizer", *words]))
