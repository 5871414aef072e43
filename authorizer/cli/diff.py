"""`authorizer policy diff`: is the new policy set no wider than the old one?"""

import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from authorizer.cli.options import (
    access_option,
    aws_option,
    environment_of,
    load_access,
    sample_names,
    sample_notice,
)

if TYPE_CHECKING:
    from rich.console import Console

    from authorizer.engine.prove import Change, RoleDiff

STYLES = {"NO WIDER": "green", "WIDER": "red", "UNKNOWN": "yellow"}


@click.command()
@click.argument("old")
@access_option
@aws_option
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as JSON.")
def diff(old: str, access: Path, aws: bool, as_json: bool) -> None:
    """Compare what each role's session policies allow now with what they allowed in OLD.

    OLD is a git commit, branch or tag of this repository, or a folder with an access.toml. `env:` names mean the same
    on both sides. Compared are session policies; who gets which role, and the roles' own policies, are not. Nor are
    users whom the old policies failed: too long a policy, or a malformed claim that the new ones do not look at.

    Exit code 0: no role may do more than before. 1: a role may, or it could not be shown that it may not. 2: it could
    not run.
    """
    now = load_access(access, aws=aws)
    with _old_access(old, access) as old_access:
        from authorizer.settings.load import load

        environment = {**environment_of(old_access, aws=aws), **environment_of(access, aws=aws)}
        before = load(old_access, environment)
        if set(sample_names(old_access)) - set(sample_names(access)):
            click.echo(sample_notice(old_access), err=True)
    from authorizer.gate import compare

    results = compare(before, now)
    if as_json:
        click.echo(json.dumps([_plain(result) for result in results], indent=2))
    else:
        _print(results)
    sys.exit(0 if all(result.verdict == "NO WIDER" for result in results) else 1)


@contextmanager
def _old_access(old: str, access: Path) -> Iterator[Path]:
    """The old configuration as a file: in its folder, or taken out of git into a temporary one."""
    folder = Path(old)
    if folder.is_dir():
        if not (folder / access.name).is_file():
            raise click.BadParameter(f"folder {old!r} has no {access.name}")
        yield folder / access.name
        return
    root = Path(_git(access.resolve().parent, "rev-parse", "--show-toplevel").decode().strip())
    # The tree is named by its hash: whatever OLD is, it cannot be read as an option.
    tree = _git(root, "rev-parse", "--verify", "--end-of-options", f"{old}^{{tree}}").decode().strip()
    place = access.resolve().relative_to(root)
    wanted = (*place.parts[:-1],), (*place.parts[:-2], "events")
    with TemporaryDirectory() as temporary:
        with tarfile.open(fileobj=BytesIO(_git(root, "archive", "--format=tar", tree))) as tar:
            for member in tar:
                path, content = Path(member.name), tar.extractfile(member)
                if content is not None and any(path.parts[: len(parts)] == parts for parts in wanted):
                    (Path(temporary) / path).parent.mkdir(parents=True, exist_ok=True)
                    (Path(temporary) / path).write_bytes(content.read())
        if not (Path(temporary) / place).is_file():
            raise click.BadParameter(f"{old!r} has no {place}")
        yield Path(temporary) / place


def _git(folder: Path, *arguments: str) -> bytes:
    try:
        return subprocess.run(  # noqa: S603 - no shell, and the arguments are ours but for a checked name
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - git is found as the user's shell finds it
            check=True,
            capture_output=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        said = (
            error.stderr.decode(errors="replace").strip()
            if isinstance(error, subprocess.CalledProcessError)
            else error
        )
        raise click.BadParameter(f"neither a folder nor a commit of this repository: {said}") from error


def _print(results: Sequence["RoleDiff"]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("Role", "Verdict", "Gained", "Lost")
    for result in results:
        verdict = f"[{STYLES[result.verdict]}]{result.verdict}[/]"
        table.add_row(result.role, verdict, str(len(result.gained)), str(len(result.lost)))
    console.print(table)
    for result in results:
        if result.gained or result.lost or result.verdict != "NO WIDER":
            _print_role(console, result)


def _print_role(console: "Console", result: "RoleDiff") -> None:
    from rich.text import Text

    console.print(
        Text.assemble((result.verdict, STYLES[result.verdict]), f" {result.role}: {result.reason}"),
        soft_wrap=True,
    )
    for sign, style, changes in (("+", "red", result.gained), ("-", "green", result.lost)):
        for change in changes:
            console.print(Text(f"  {sign} {_describe(change)}", style=style), soft_wrap=True)
    if result.witness is not None:
        party = result.witness
        claims = ", ".join(f"{name}={value!r}" for name, value in party.claims.items()) or "no claims"
        scopes = f", scopes {', '.join(sorted(party.scopes))}" if party.scopes else ""
        context = ", ".join(f"{key}={value!r}" for key, value in party.request.context.items())
        lines = [
            f"  for example a user with {claims}{scopes}",
            f"    may now {party.request.action} on {party.request.resource}"
            + (f" with {context}" if context else ""),
        ]
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _describe(change: "Change") -> str:
    conditions = f" if {' and '.join(change.conditions)}" if change.conditions else ""
    users = f" ({'; or '.join(change.users)})" if change.users else ""
    return f"{change.action} on {change.resource}{conditions}{users}"


def _plain(result: "RoleDiff") -> dict[str, object]:
    party = result.witness
    return {
        "role": result.role,
        "verdict": result.verdict,
        "reason": result.reason,
        "gained": [_plain_change(change) for change in result.gained],
        "lost": [_plain_change(change) for change in result.lost],
        "witness": None
        if party is None
        else {
            "claims": dict(party.claims),
            "scopes": sorted(party.scopes),
            "action": party.request.action,
            "resource": party.request.resource,
            "context": dict(party.request.context),
        },
    }


def _plain_change(change: "Change") -> dict[str, object]:
    return {
        "action": change.action,
        "resource": change.resource,
        "conditions": list(change.conditions),
        "users": list(change.users),
    }
