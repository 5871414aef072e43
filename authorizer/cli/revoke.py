"""`authorizer revoke`: the Deny that ends live role sessions, and what it cannot reach."""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.options import access_option, aws_option, load_access

if TYPE_CHECKING:
    from authorizer.settings.schema import Settings
    from authorizer.vending.revocation import Revocation


@click.command()
@access_option
@aws_option
@click.option("--sub", help="End the sessions of this user: their `sub`.")
@click.option("--tenant", help="End the sessions of this tenant: the claim `tenant`.")
@click.option(
    "--claim", "pair", metavar="NAME=VALUE", help="End the sessions of this value of any declared claim."
)
@click.option(
    "--before",
    metavar="TIME",
    help="Only sessions issued before: `now`, or ISO 8601 such as 2026-11-21T09:00:00Z. Without it, later ones too.",
)
def revoke(  # noqa: PLR0917 - click passes one for each option
    access: Path, aws: bool, sub: str | None, tenant: str | None, pair: str | None, before: str | None
) -> None:
    """Print, for each role that access.toml lists, the inline policy that ends live sessions.

    Attach each with `aws iam put-role-policy`. JSON on standard output; what the policies cannot reach on standard
    error. Nothing is changed by this command.
    """
    from authorizer.vending.revocation import revoke as revocation

    settings = load_access(access, aws=aws)
    chosen = [("sub", sub), ("tenant", tenant), *([tuple(pair.partition("=")[::2])] if pair else [])]
    named = [(claim, value) for claim, value in chosen if value is not None]
    if len(named) > 1 or not (named or before):
        _refuse("expected one of --sub, --tenant or --claim, or --before for everybody")
    claim, value = named[0] if named else (None, None)
    if claim is not None and value is not None:
        _check_claim(settings, claim, value)
    made = revocation(settings, claim=claim, value=value, before=_moment(before))
    _explain(settings, made, before)
    click.echo(json.dumps(made.policies, indent=2))
    if not made.policies:
        sys.exit(EXIT_UNDECIDED)


def _refuse(problem: str) -> NoReturn:
    click.echo(problem, err=True)
    sys.exit(EXIT_UNDECIDED)


def _check_claim(settings: "Settings", claim: str, value: str) -> None:
    """A value that no token could carry would deny nobody, and a wildcard would deny everybody."""
    from authorizer.engine.errors import ValueRefused

    declared = settings.claims.get(claim)
    if declared is None:
        _refuse(
            f"there is no claim {claim!r} in {settings.place}: expected one of {', '.join(settings.claims)}"
        )
    try:
        declared.type.check(value)
    except ValueRefused as refused:
        _refuse(f"{claim} {refused}")


def _moment(before: str | None) -> float | None:
    if before is None:
        return None
    if before == "now":
        return time.time()
    try:
        moment = datetime.fromisoformat(before)
    except ValueError:
        _refuse(f"--before: expected `now` or a time such as 2026-11-21T09:00:00Z, found {before!r}")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _explain(settings: "Settings", made: "Revocation", before: str | None) -> None:
    from rich.console import Console

    console = Console(stderr=True, soft_wrap=True)
    gateway = settings.gateway
    longest = max(role.duration for role in settings.roles.values())
    for name in made.policies:
        role_name = settings.roles[name].arn.rpartition("/")[2]
        console.print(
            f"{name}: aws iam put-role-policy --role-name {role_name} --policy-name RevokedSessions --policy-document …"
        )
    notes = [
        *(
            f"role {name}: its sessions carry nothing of this claim; add a session tag"
            for name in made.unreachable
        ),
        "what a session has read or done already, and a few seconds until IAM knows the policy everywhere",
        "routes that use no AWS credentials: the token opens them until it expires, and the gateway's cache for "
        f"{gateway.result_ttl:.0f} s after",
    ]
    if before is None:
        notes.append("nobody is let in again until the policy is removed")
    else:
        notes.append(
            "sessions made after that time: while the token is valid the authorizer makes them, so sign the user out "
            "and "
            "disable them first"
        )
        notes.append(
            "sessions that an environment remembers are handed out, and denied, until they are renewed: for up to "
            f"{longest} s, or until the function is deployed anew"
        )
    console.print("What this does not reach:")
    for note in notes:
        console.print(f"  - {note}")
