"""`authorizer trust`: the policies that AWS wants for an access.toml, least privilege."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.console import folding_table, literal_console
from authorizer.cli.options import access_option, load_deployment, sample_names, sample_option
from authorizer.cli.plain import data

if TYPE_CHECKING:
    from authorizer.deployment.trust import Policy
    from authorizer.engine.prove import RolePolicy
    from authorizer.model import Role
    from authorizer.settings.schema import Settings


_FUNCTION = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:([0-9]{12}):function:[A-Za-z0-9_-]{1,64}")
"""Lambda API reference, FunctionConfiguration (FunctionName: at most 64 characters)."""


@click.command()
@access_option
@sample_option
@click.option(
    "--execution-role",
    "execution_roles",
    required=True,
    multiple=True,
    metavar="ARN",
    help="The role that the authorizer function runs as; repeat where a backend assumes the roles itself.",
)
@click.option(
    "--function",
    "functions",
    multiple=True,
    metavar="ARN",
    help="The authorizer function, without version or alias; repeat for each. No other one may assume the roles then.",
)
@click.option(
    "--callers",
    is_flag=True,
    help="Of the function behind GET /credentials and the roles that it hands to callers; without this, of all others.",
)
@click.option(
    "--cloudformation", is_flag=True, help="Print a CloudFormation template in place of the policies."
)
@click.option(
    "--account", metavar="ID", help="The account to print the template for; by default the authorizer's own."
)
@click.option(
    "--patch",
    metavar="ROLE",
    help="Read the trust policy that ROLE of access.toml has from standard input, and print it with ours in it.",
)
def trust(  # noqa: PLR0917 - click passes one for each option
    access: Path,
    sample: bool,
    execution_roles: tuple[str, ...],
    functions: tuple[str, ...],
    callers: bool,
    cloudformation: bool,
    account: str | None,
    patch: str | None,
) -> None:
    """Print the execution role's policy and, of every role that access.toml lists, its trust policy and its own policy.

    Least privilege: exact ARNs, `sts:TagSession` and `sts:SetSourceIdentity` where a role needs them, its external id,
    its tags required and no others allowed. A role's own policy allows what its templates can allow at all: without a
    session policy a session could do that and no more, and where a claim is a session tag, only with its own value.

    JSON on standard output, what to do with it on standard error.
    """
    from authorizer.deployment import key_access as key_papers
    from authorizer.deployment.plan import table_arn
    from authorizer.deployment.trust import VERSION, account_of, execution_policy, template, trust_policy
    from authorizer.engine import dump
    from authorizer.engine.prove import role_policy

    execution_role, *_ = execution_roles
    principals = execution_role if len(execution_roles) == 1 else list(dict.fromkeys(execution_roles))
    _check_arns(execution_roles, functions)
    settings, templates = load_deployment(access, sample=sample)
    handed_out = settings.callers.handed_out
    if callers and not handed_out:
        _refuse(f"--callers: {access} hands nothing to callers: expected roles in its table [callers]")
    roles = [role for role in settings.roles.values() if (role.name in handed_out) is callers]
    if patch is not None:
        if patch not in settings.roles:
            _refuse(
                f"--patch: expected a role of {access}, one of {', '.join(settings.roles)}; found {patch!r}"
            )
        _patch(patch, trust_policy(settings.roles[patch], principals, functions))
        return
    home = account_of(execution_role)
    keys = key_papers.of_the_authorizer(settings, execution_role)
    partition = execution_role.split(":")[1]
    table = table_arn(settings, (*functions, f"arn:{partition}:lambda:*:{home}:function:authorizer")[0])
    limits = {role.name: role_policy(templates, role.policies, tags=role.session_tags) for role in roles}
    documents = {name: json.loads(dump(limit.document)) for name, limit in limits.items()}
    printed: dict[str, Any]
    if cloudformation:
        printed = template(
            roles,
            principals,
            account or home,
            role_policies=documents,
            functions=functions,
            table_arn=table,
            seats=callers,
            keys=keys,
        )
        if not printed["Resources"]:
            _refuse(f"--account: no role of {access} is in account {account!r}")
    else:
        printed = {
            "execution_role": {
                "arn": principals,
                "policy": execution_policy(
                    roles, table_arn=table, seats=callers, keys=keys, functions=functions
                ),
            },
            "roles": {
                role.name: {
                    "arn": role.arn,
                    "trust_policy": trust_policy(role, principals, functions),
                    "role_policy": documents[role.name],
                }
                for role in roles
            },
        }
        if backend := key_papers.of_a_backend(settings, execution_role):
            printed["backends"] = {"policy": {"Version": VERSION, "Statement": backend}}
    if names := sample_names(access):
        printed |= {"Metadata": {"SampleValues": names}} if cloudformation else {"sample_values": names}
    _explain(settings, roles, execution_role, functions, limits)
    if handed_out and not callers:
        click.echo(
            f"Not among them, since callers hold their sessions: {', '.join(sorted(handed_out))}. Print theirs with "
            "--callers, for the function behind GET /credentials and its own execution role.",
            err=True,
        )
    data(json.dumps(printed, indent=2))


def _refuse(problem: str) -> NoReturn:
    click.echo(problem, err=True)
    sys.exit(EXIT_UNDECIDED)


def _patch(role: str, ours: "Policy") -> None:
    """Print the policy on standard input with `ours` in it, and say whom else it lets in."""
    from authorizer.deployment.trust import OURS, patched

    try:
        current = json.loads(sys.stdin.read())
        printed = patched(current, ours)
    except (ValueError, AttributeError) as error:
        _refuse(
            f"--patch {role}: expected its trust policy on standard input, as `aws iam get-role --query "
            f"Role.AssumeRolePolicyDocument` prints it: {error}"
        )
    for statement in printed["Statement"]:
        if statement.get("Effect") == "Allow" and statement.get("Sid") not in OURS:
            click.echo(
                f"role {role}: its trust also lets in {json.dumps(statement.get('Principal'))}: sessions that are "
                f"not made "
                "by the authorizer have no session policy; take the statement out unless you mean it",
                err=True,
            )
    data(json.dumps(printed, indent=2))


def _check_arns(execution_roles: Sequence[str], functions: Sequence[str]) -> None:
    from authorizer.deployment.trust import account_of
    from authorizer.settings.limits import LIMITS

    for arn in execution_roles:
        if not LIMITS["RoleArn"].takes(arn):
            _refuse(f"--execution-role: expected the ARN of an IAM role, found {arn!r}")
    account = account_of(execution_roles[0])
    if others := [arn for arn in execution_roles if account_of(arn) != account]:
        _refuse(f"--execution-role: expected roles of one account, {account}; found {others[0]!r}")
    for arn in functions:
        found = _FUNCTION.fullmatch(arn)
        if found is None:
            _refuse(
                f"--function: expected the ARN of a Lambda function without version or alias, found {arn!r}"
            )
        if found[1] != account:
            _refuse(
                f"--function: expected a function of account {account}, as its execution role is, found {arn!r}"
            )


def _explain(
    settings: "Settings",
    roles: Sequence["Role"],
    execution_role: str,
    functions: Sequence[str],
    limits: Mapping[str, "RolePolicy"],
) -> None:
    from authorizer.deployment.trust import account_of

    table = folding_table(
        "role",
        "account",
        "needs beside sts:AssumeRole",
        "keeps apart by itself",
        title="What each role is given",
    )
    for role in roles:
        needs = [
            *(["sts:TagSession"] if role.session_tags else []),
            *(["sts:SetSourceIdentity"] if role.source_identity else []),
            *(["an external id"] if role.external_id else []),
        ]
        tagged = ", ".join(sorted(limits[role.name].tagged))
        table.add_row(role.name, account_of(role.arn), ", ".join(needs) or "nothing", tagged or "nobody")
    told = literal_console(stderr=True)
    told.soft_wrap = True
    told.print(table)
    for role in roles:
        for note in _notes(role, execution_role, functions, limits[role.name]):
            told.print(f"role {role.name}: {note}")
    if not functions:
        told.print(
            "Every function that runs as this execution role may assume these roles: name yours with --function ARN."
        )
    for sealing, whose in (
        (settings.sealing, "and the backends"),
        (settings.private_sealing, "and no backend"),
    ):
        if sealing is not None and sealing.source != "environment":
            at = f" in {sealing.keys}" if sealing.source == "secretsmanager" else ""
            line = f"The execution role {whose} may read the keys of [{sealing.table}]{at}."
            told.print(line)


def _notes(role: "Role", execution_role: str, functions: Sequence[str], limit: "RolePolicy") -> list[str]:
    from authorizer.deployment.trust import MAX_INLINE, MAX_TRUST, account_of, trust_policy
    from authorizer.engine import dump

    notes = []
    if account_of(role.arn) != account_of(execution_role):
        notes.append("in another account: both policies are needed, each in its own account")
    if limit.untagged:
        claims = ", ".join(f"`{claim}`" for claim in sorted(limit.untagged))
        notes.append(
            f"a session without its policy would reach what is anybody's by {claims}: make it a session tag, and the "
            "role keeps that apart too"
        )
    if not limit.document.statements:
        notes.append("its templates allow nobody anything, and IAM takes no policy without a statement")
    if role.managed_policies:
        notes.append(
            "its own policy has nothing of its managed policies: what they are for, attach to the role too"
        )
    size = len(json.dumps(trust_policy(role, execution_role, functions), separators=(",", ":")))
    if size > MAX_TRUST:
        notes.append(f"trust policy of {size} characters: raise the quota of {MAX_TRUST}")
    if (own := len(dump(limit.document))) > MAX_INLINE:
        notes.append(
            f"role policy of {own} characters, and a role's inline policies have {MAX_INLINE}: split the role"
        )
    return notes
