"""`authorizer policy split`: a session policy that is too long, as a policy of the role and a smaller one."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.options import access_option, aws_option, environment_of, json_option, sample_notice
from authorizer.cli.plain import data

if TYPE_CHECKING:
    from authorizer.gate import Split
    from authorizer.model import Role

MAX = 2048
"""Characters of a session policy that STS takes (`authorizer.engine.MAX_CHARACTERS`)."""


@click.command()
@click.argument("role")
@access_option
@aws_option
@json_option("Print the split as JSON.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write both policies into this folder, too.",
)
def split(*, role: str, access: Path, aws: bool, as_json: bool, out: Path | None) -> None:
    """Split the session policy of ROLE: into a static policy for the role itself, which tells users apart by session
    tags, and a remainder of templates for the session.

    That both together allow exactly what the templates do is proven, for all users; what no tag can say stays in the
    remainder. Nothing of yours is changed. Your own `policies/` loads for this even where the policy is too long for
    everybody.

    Exit code 0: proven, and it fits. 1: it does not fit, or was not proven. 2: it could not run.
    """
    from authorizer.engine.prove import Undecided
    from authorizer.gate import split as make
    from authorizer.settings.load import load

    loaded = load(access, environment_of(access, aws=aws), too_long=True)
    if not aws and (notice := sample_notice(access)):
        click.echo(notice, err=True)
    if role not in loaded.settings.roles:
        raise click.BadParameter(
            f"{role!r} is not among {', '.join(loaded.settings.roles)}", param_hint="ROLE"
        )
    try:
        found = make(loaded, loaded.settings.roles[role])
    except Undecided as undecided:
        click.echo(f"cannot be told: {undecided}", err=True)
        sys.exit(EXIT_UNDECIDED)
    if out is not None:
        _write(found, out)
    if as_json:
        data(json.dumps(_plain(found, loaded.settings.roles[role]), indent=2))
    else:
        _print(found, loaded.settings.roles[role])
    sys.exit(1 if found.problems else 0)


def _policy(found: "Split") -> object:
    from authorizer.engine import dump

    return json.loads(dump(found.policy))


def _name(found: "Split") -> str:
    return f"{found.role}-session"


def _write(found: "Split", folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        (f"{found.role}-role-policy.json", json.dumps(_policy(found), indent=2, ensure_ascii=False) + "\n"),
        (f"{_name(found)}.json.j2", found.remainder),
    ):
        (folder / name).write_text(text, encoding="utf-8")
        click.echo(f"saved {folder / name}", err=True)


def _trust(found: "Split", role: "Role") -> dict[str, object]:
    """What the role's trust policy must ask for, as `authorizer trust` prints it: without a tag
    `${aws:PrincipalTag/…}` would be the role's own, or nothing."""
    transitive: dict[str, object] = (
        {"ForAllValues:StringEquals": {"sts:TransitiveTagKeys": list(role.transitive_tags)}}
        if role.transitive_tags
        else {"Null": {"sts:TransitiveTagKeys": "true"}}
    )
    listed = {"aws:TagKeys": list(found.tags)}
    of_keys = transitive.get("ForAllValues:StringEquals")
    only = {
        **transitive,
        "ForAllValues:StringEquals": {**listed, **(of_keys if isinstance(of_keys, dict) else {})},
    }
    return {
        "sts:AssumeRole": {"StringLike": {f"aws:RequestTag/{key}": "?*" for key in found.tags}},
        "sts:TagSession": only,
    }


def _print(found: "Split", role: "Role") -> None:
    def say(*lines: str) -> None:
        for line in lines:
            click.echo(line)

    say(f"{found.role}: the longest session policy has {found.before} characters, STS takes {MAX}", "")
    say("The role's own policy, in place of all others that it has:", "")
    say(json.dumps(_policy(found), indent=2, ensure_ascii=False), "")
    say(f"templates/{_name(found)}.json.j2, {found.after} characters at most:", "", found.remainder)
    tags = ", ".join(f'"{key}" = "{claim}"' for key, claim in found.tags.items())
    say("access.toml:", "", f"[roles.{found.role}]", f'policies     = ["{_name(found)}"]')
    if found.tags:
        new = f"   # new: {', '.join(found.added)}" if found.added else ""
        say(f"session_tags = {{ {tags} }}{new}")
        say(
            "",
            "The role's trust policy must ask for these conditions (`authorizer trust` prints it whole):",
            "",
        )
        say(json.dumps(_trust(found, role), indent=2))
    say("")
    for line in found.stays:
        say(f"Stays in the session policy: {line}")
    for line in found.problems:
        say(f"NOT SPLIT: {line}")
    if not found.problems:
        say("PROVEN: role and session policy together allow exactly what the templates do, for every user.")
    say(
        "Rests on this:",
        "  - the role has no other policy, its trust policy lets nobody but the authorizer assume it, and only with "
        "these tags",
        "  - each session has the remainder as its policy: the authorizer makes none without",
        "  - `policy prove` sees session policies alone, and of the remainder not what the role's policy adds: keep "
        "the templates, and split anew when they change",
    )


def _plain(found: "Split", role: "Role") -> dict[str, object]:
    return {
        "role": found.role,
        "proven": not found.problems,
        "role_policy": _policy(found),
        "remainder": found.remainder,
        "session_tags": dict(found.tags),
        "added_tags": list(found.added),
        "trust_conditions": _trust(found, role) if found.tags else {},
        "stays": list(found.stays),
        "longest_before": found.before,
        "longest_after": found.after,
        "problems": list(found.problems),
    }
