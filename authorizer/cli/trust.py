"""`authorizer trust`: the policies that AWS wants for an access.toml, least privilege."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.options import access_option, aws_option, load_access

if TYPE_CHECKING:
    from authorizer.settings.schema import Settings

MAX_TRUST = 2048
"""Characters of a trust policy before its quota must be raised (IAM quotas, role trust policy length)."""


@click.command()
@access_option
@aws_option
@click.option(
    "--execution-role",
    required=True,
    metavar="ARN",
    help="The role that the authorizer function runs as.",
)
@click.option(
    "--cloudformation", is_flag=True, help="Print a CloudFormation template in place of the policies."
)
@click.option(
    "--account", metavar="ID", help="The account to print the template for; by default the authorizer's own."
)
def trust(access: Path, aws: bool, execution_role: str, cloudformation: bool, account: str | None) -> None:
    """Print the execution role's policy and the trust policy of every role that access.toml lists.

    Least privilege: exact ARNs, `sts:TagSession` and `sts:SetSourceIdentity` where a role needs them, its external id,
    its tags required and no others allowed. JSON on standard output, what to do with it on standard error.
    """
    import re

    from authorizer.vending import key_papers
    from authorizer.vending.papers import VERSION, account_of, execution_policy, template, trust_policy

    if not re.fullmatch(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,575}", execution_role):
        click.echo(f"--execution-role: expected the ARN of an IAM role, found {execution_role!r}", err=True)
        sys.exit(EXIT_UNDECIDED)
    settings = load_access(access, aws=aws)
    roles = settings.roles.values()
    home = account_of(execution_role)
    keys = key_papers.of_the_authorizer(settings, execution_role)
    printed: dict[str, Any]
    if cloudformation:
        printed = template(roles, execution_role, account or home, keys=keys)
        if not printed["Resources"]:
            click.echo(f"--account: no role of {access} is in account {account!r}", err=True)
            sys.exit(EXIT_UNDECIDED)
    else:
        table = settings.shared_cache.table if settings.shared_cache else ""
        printed = {
            "execution_role": {
                "arn": execution_role,
                "policy": execution_policy(
                    roles, table_arn=table if table.startswith("arn:") else None, keys=keys
                ),
            },
            "roles": {
                role.name: {"arn": role.arn, "trust_policy": trust_policy(role, execution_role)}
                for role in roles
            },
        }
        if backend := key_papers.of_a_backend(settings, execution_role):
            printed["backends"] = {"policy": {"Version": VERSION, "Statement": backend}}
    _explain(settings, home, execution_role)
    click.echo(json.dumps(printed, indent=2))


def _explain(settings: "Settings", home: str, execution_role: str) -> None:
    from rich.console import Console
    from rich.table import Table

    from authorizer.vending.papers import account_of, trust_policy

    console = Console(stderr=True, emoji=False)  # `:secret:` in an ARN would be one
    table = Table("role", "account", "needs beside sts:AssumeRole", "note", title="Whom each role trusts")
    for role in settings.roles.values():
        needs = [
            *(["sts:TagSession"] if role.session_tags else []),
            *(["sts:SetSourceIdentity"] if role.source_identity else []),
            *(["an external id"] if role.external_id else []),
        ]
        there = account_of(role.arn)
        notes = (
            [] if there == home else ["in another account: both policies are needed, each in its own account"]
        )
        size = len(json.dumps(trust_policy(role, execution_role), separators=(",", ":")))
        if size > MAX_TRUST:
            notes.append(f"trust policy of {size} characters: raise the quota of {MAX_TRUST}")
        table.add_row(role.name, there, ", ".join(needs) or "nothing", "; ".join(notes))
    console.print(table)
    shared = settings.shared_cache
    if shared is not None and not shared.table.startswith("arn:"):
        console.print(
            f"Give the execution role dynamodb:GetItem and dynamodb:PutItem on the table {shared.table!r}."
        )
    for sealing, whose in (
        (settings.sealing, "and the backends"),
        (settings.private_sealing, "and no backend"),
    ):
        if sealing is not None and sealing.source != "environment":
            at = f" in {sealing.keys}" if sealing.source == "secretsmanager" else ""
            told = f"The execution role {whose} may read the keys of [{sealing.table}]{at}."
            console.print(told, markup=False, soft_wrap=True)
