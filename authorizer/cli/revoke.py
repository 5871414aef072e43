"""`authorizer revoke`: the Deny that ends live role sessions, ready to run, and what it cannot reach."""

import json
import shlex
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.options import access_option, json_option, load_deployment, sample_notice, sample_option
from authorizer.cli.plain import data

if TYPE_CHECKING:
    from authorizer.deployment.revocation import Deny, Revocation
    from authorizer.settings.schema import Settings


@click.command()
@access_option
@sample_option
@click.option("--sub", help="End the sessions of this user: the token's `sub`.")
@click.option(
    "--tenant", help="End the sessions of this tenant: the claim by which templates keep tenants apart."
)
@click.option(
    "--claim", "pair", metavar="NAME=VALUE", help="End the sessions of this value of any declared claim."
)
@click.option(
    "--before",
    metavar="TIME",
    help="Only sessions issued before: `now`, or ISO 8601 such as 2026-11-21T09:00:00Z. Without it, later ones too.",
)
@json_option("Print the policies as JSON in place of commands.")
def revoke(  # noqa: PLR0917 - click passes one for each option
    access: Path,
    sample: bool,
    sub: str | None,
    tenant: str | None,
    pair: str | None,
    before: str | None,
    as_json: bool,
) -> None:
    """Print the commands that put, on each role that access.toml lists, the inline policy that ends live sessions.

    Paste them into a shell, or pipe them to `sh`: each account's run with that account's credentials only, and a policy
    is named by what it says, so that no revocation replaces another one. What they cannot reach stands on standard
    error. Nothing is changed by this command itself.
    """
    from authorizer.deployment.revocation import revoke as revocation

    if (sub, tenant, pair).count(None) < 2 or (sub, tenant, pair, before) == (None,) * 4:
        _refuse("expected one of --sub, --tenant or --claim, or --before for everybody")
    settings = load_deployment(access, sample=sample).settings
    claim, value = _caller(settings, sub, tenant, pair)
    made = revocation(settings, claim=claim, value=value, before=_moment(before))
    who = "everybody" if claim is None else f"callers whose {claim} is {json.dumps(value)}"
    if not made.denies:
        _refuse(f"no role's sessions carry anything of `{claim}`: nothing tells these callers from others")
    if as_json:
        data(json.dumps(_plain(made, sample_notice(access)), indent=2))
    else:
        data("\n".join(_script(made, who, sample_notice(access))))
    _explain(settings, made)


def _refuse(problem: str) -> NoReturn:
    click.echo(problem, err=True)
    sys.exit(EXIT_UNDECIDED)


def _caller(
    settings: "Settings", sub: str | None, tenant: str | None, pair: str | None
) -> tuple[str | None, str | None]:
    """The declared claim, and its value, of those whose sessions are to end; two times None for everybody."""
    from authorizer.deployment.revocation import tenant_claims, user_claim

    if sub is not None:
        claim = user_claim(settings)
        if claim is None:
            _refuse(
                f"--sub: {settings.place} declares no claim that is the token's `sub`: say --claim NAME=VALUE"
            )
    elif tenant is not None:
        candidates = tenant_claims(settings)
        if len(candidates) != 1:
            found = (
                f"by several claims, {', '.join(candidates)}"
                if candidates
                else "by no claim but single callers'"
            )
            _refuse(
                f"--tenant: the templates keep callers apart {found}: say --claim NAME=VALUE, NAME one of "
                f"{', '.join(candidates or settings.claims)}"
            )
        [claim] = candidates
    elif pair is not None:
        claim, equals, _ = pair.partition("=")
        if not equals:
            _refuse(f"--claim {pair}: expected NAME=VALUE, such as {pair}=acme")
    else:
        return None, None
    value = sub or tenant or (pair or "").partition("=")[2]
    return claim, _checked(settings, claim, value)


def _checked(settings: "Settings", claim: str, value: str) -> str:
    """The value as sessions have it. One that no token could carry would deny nobody, and a wildcard everybody."""
    from authorizer.engine import ValueRefused

    declared = settings.claims.get(claim)
    if declared is None:
        _refuse(
            f"there is no claim {claim!r} in {settings.place}: expected one of {', '.join(settings.claims)}"
        )
    if declared.type.is_list:
        _refuse(f"{claim} is a list: no session's name or tag can be told by it")
    try:
        return str(declared.type.check(value))
    except ValueRefused as refused:
        _refuse(f"{claim} {refused}")


def _moment(before: str | None) -> float | None:
    from authorizer.settings.schema import CLOCK_SKEW

    if before is None:
        return None
    if before == "now":
        # This machine's clock may be behind that of STS, which wrote the time of issue.
        return time.time() + CLOCK_SKEW
    try:
        moment = datetime.fromisoformat(before)
    except ValueError:
        _refuse(f"--before: expected `now` or a time such as 2026-11-21T09:00:00Z, found {before!r}")
    if not 1970 < moment.year < 9999:
        _refuse(f"--before: expected a time from 1971 to 9998, found {before!r}")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _script(made: "Revocation", who: str, notice: str) -> Iterator[str]:
    """Commands for any POSIX shell, and without comments, which zsh does not take at its prompt."""
    from authorizer.deployment.trust import account_of

    yield "("
    yield f": {shlex.quote(f'ends the role sessions of {who}')}"
    if notice:
        yield f": {shlex.quote(f'SAMPLE: {notice}')}"
    yield "missed=0"
    accounts: dict[str, list[Deny]] = {}
    for deny in made.denies:
        accounts.setdefault(account_of(deny.role.arn), []).append(deny)
    for account, denies in accounts.items():
        # A role of the same name in another account is another role.
        yield f'if [ "$(aws sts get-caller-identity --query Account --output text)" = {account} ]; then'
        for deny in denies:
            yield f"  {_command('put', deny)} --policy-document {shlex.quote(deny.text)} || missed=1"
        yield "else"
        yield f"  echo 'nothing is revoked in account {account}: run this with its credentials, too' >&2; missed=1"
        yield "fi"
    yield 'exit "$missed"'
    yield ")"


def _command(verb: str, deny: "Deny") -> str:
    from authorizer.deployment.trust import name_of

    _, role_name = name_of(deny.role.arn)
    return f"aws iam {verb}-role-policy --role-name {shlex.quote(role_name)} --policy-name {deny.name}"


def _plain(made: "Revocation", notice: str) -> dict[str, object]:
    from authorizer.model import instant

    return {
        **({"sample": notice} if notice else {}),
        "policies": {
            deny.role.name: {"role_arn": deny.role.arn, "policy_name": deny.name, "policy": deny.policy}
            for deny in made.denies
        },
        "unreachable": made.unreachable,
        "removable_from": None if made.removable is None else instant(made.removable),
    }


def _explain(settings: "Settings", made: "Revocation") -> None:
    from authorizer.deployment.trust import MAX_INLINE
    from authorizer.model import instant

    longest = max(role.duration for role in settings.roles.values())
    notes = [
        *(
            f"role {name}: its sessions carry nothing of this claim; add a session tag"
            for name in made.unreachable
        ),
        "what a session has read or done already, and some minutes until IAM knows the policy everywhere",
        "routes that use no AWS credentials: the token opens them until it expires, and the gateway's cache for "
        f"{settings.gateway.result_ttl:.0f} s after",
    ]
    if made.removable is None:
        notes.append("nobody is let in again until the policy is removed")
        removable = "To let these callers in again"
    else:
        notes += [
            "sessions made after that time: while the token is valid the authorizer makes them, so sign the user out "
            "and disable them first",
            "sessions that an environment remembers are handed out, and denied, until they are renewed: for up to "
            f"{longest} s, or until the function is deployed anew",
        ]
        if settings.gateway.renew_connections:
            notes.append(
                "WebSockets that are open: their backend has new sessions made for up to two hours after "
                "$connect, whatever becomes of the token and the user; without --before those are denied, too"
            )
        removable = f"From {instant(made.removable)} on, when all that they deny has ended by itself"
    told = ["What this does not reach:", *(f"  - {note}" for note in notes)]
    size = max(len(deny.text) for deny in made.denies)
    told += [
        f"Each takes {size} of the {MAX_INLINE:,} characters that a role has for all its inline policies together.",
        f"{removable}, remove them:",
        *(f"  {_command('delete', deny)}" for deny in made.denies),
    ]
    click.echo("\n".join(told), err=True)
