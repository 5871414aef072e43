"""`authorizer init`: a starter `policies/` and `events/` in a repository that has none."""

import re
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli import EXIT_UNDECIDED

if TYPE_CHECKING:
    from authorizer.library import Kind

FOLDERS = {
    "policies": "access.toml, its templates, and the cases that test them",
    "events": "a sample event for each shape and outcome, and the personas who send them",
}
"""What is written. Both folders hold data alone: the code stays in the installed package."""
NEXT = (
    "authorizer invoke events/rest-token-allow.json --explain",
    "authorizer check",
    "authorizer policy test",
    "authorizer policy prove",
)
"""What to try first, in the new folder."""
DEFAULT_KIND = "s3"


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option(
    "--from-pool",
    "pool",
    metavar="ID",
    help="Begin from this user pool, which is read and not changed: its groups, roles, app clients and attributes.",
)
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="KIND",
    help="A policy of the library to begin with, such as sqs; repeat for each. `authorizer policy add --list` has "
    "them.",
)
@click.option("--sample", is_flag=True, help="Begin from the sample, and ask nothing.")
def init(folder: Path, pool: str | None, policies: tuple[str, ...], sample: bool) -> None:
    """Write a starter policies/ and events/ into FOLDER, the current one by default.

    They work at once, on this machine, without an AWS account. Nothing that exists is overwritten. On a terminal it
    asks what it is not told; elsewhere it begins from the sample.

    Exit code 0: written. 2: one of the two is there already, or something cannot be had, and nothing was written.
    """
    from authorizer.library import KINDS

    if sample and pool:
        raise click.UsageError("--sample and --from-pool are two beginnings: expected one of them")
    taken = [str(folder / name) for name in FOLDERS if (folder / name).exists()]
    if taken:
        click.echo(
            f"{', '.join(taken)}: exists already, and nothing was written: expected a folder without "
            f"{' or '.join(FOLDERS)}; name another one, or move it away",
            err=True,
        )
        sys.exit(EXIT_UNDECIDED)
    kinds = {kind.name: kind for kind in KINDS}
    if not (sample or pool or policies) and sys.stdin is not None and sys.stdin.isatty():
        pool, policies = _ask(kinds)
    if unknown := [name for name in policies if name not in kinds]:
        raise click.BadParameter(
            f"not in the library: {', '.join(map(repr, unknown))}: expected {', '.join(kinds)}",
            param_hint="--policy",
        )
    chosen = [kinds[name] for name in dict.fromkeys(policies)]
    if pool:
        _from_pool(folder, pool, chosen or [kinds[DEFAULT_KIND]])
    else:
        _from_sample(folder, chosen)
    for name, summary in FOLDERS.items():
        count = sum(1 for file in (folder / name).rglob("*") if file.is_file())
        click.echo(f"{folder / name}/: {count} files: {summary}")
    click.echo("then try:")
    if folder != Path():
        click.echo(f"  cd {shlex.quote(str(folder))}")
    for command in NEXT:
        click.echo(f"  {command}")


def _ask(kinds: Mapping[str, "Kind"]) -> tuple[str | None, tuple[str, ...]]:
    pool = click.prompt(
        "Begin from a user pool that exists (its id, such as eu-west-1_Abc123), or from the sample (Enter)",
        default="",
        show_default=False,
    )
    click.echo(f"The library has policies for {', '.join(kinds)}.")
    wanted = click.prompt(
        "Which of them, if any", default=DEFAULT_KIND if pool else "", show_default=bool(pool)
    )
    return pool or None, tuple(re.findall(r"[A-Za-z0-9_-]+", wanted))


def _from_sample(folder: Path, kinds: Sequence["Kind"]) -> None:
    from authorizer.library import add_rows

    access = (starter() / "policies" / "access.toml").read_text(encoding="utf-8")
    for kind in kinds:
        access = add_rows(access, kind.rows).text
    for name in FOLDERS:
        shutil.copytree(starter() / name, folder / name)
    (folder / "policies" / "access.toml").write_text(access, encoding="utf-8")
    _write(folder, _of_the_library(kinds))


def _from_pool(folder: Path, pool_id: str, kinds: Sequence["Kind"]) -> None:
    from authorizer.library import add_rows
    from authorizer.local.personas import FILE
    from authorizer.local.pool import read_pool
    from authorizer.local.pool_files import files_of
    from authorizer.schemas import FOLDER, SCHEMAS, named, schema_text

    environment = {"AWS_REGION": pool_id.partition("_")[0], "ACCOUNT_ID": "123456789012"}
    rows = []
    for kind in kinds:
        text, read = _from_environment(kind.rows.partition("[roles.")[0])
        rows.append(text)
        environment |= read
    made = files_of(read_pool(pool_id), [kind.name for kind in kinds], environment)
    access = made.access
    for text in rows:
        access = add_rows(access, text).text
    _write(
        folder,
        {
            "policies/access.toml": named("access", access),
            "policies/cases/routes.toml": named("cases", made.routes),
            f"events/{FILE}": named("personas", made.personas),
            **{f"policies/{FOLDER}/{name}.json": schema_text(name) for name in SCHEMAS},
            **{f"events/{name}": text for name, text in made.events.items()},
            **_of_the_library(kinds),
        },
    )
    for warning in made.warnings:
        click.echo(f"look at this: {warning}", err=True)


def _from_environment(rows: str) -> tuple[str, dict[str, str]]:
    """The rows with a name of the environment for each example of a resource, and what each name then means here."""
    read: dict[str, str] = {}

    def named(row: re.Match[str]) -> str:
        name = row["name"].upper()
        if row["name"] == "partition" or row["value"].startswith("env:"):
            return row[0]
        read[name] = row["value"]
        return f'{row["name"]}{row["space"]}= "env:{name}"'

    before, heading, variables = rows.partition("[variables]")
    inside, following, rest = variables.partition("\n[")
    inside = re.sub(r'^(?P<name>\w+)(?P<space> *)= "(?P<value>[^"]*)"', named, inside, flags=re.MULTILINE)
    return f"{before}{heading}{inside}{following}{rest}", read


def _of_the_library(kinds: Sequence["Kind"]) -> dict[str, str]:
    from authorizer.schemas import named
    from authorizer.settings.load import SUFFIX

    found = {}
    for kind in kinds:
        found[f"policies/templates/{kind.name}{SUFFIX}"] = kind.template
        found[f"policies/cases/{kind.name}.toml"] = named("cases", kind.cases)
    return found


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def starter() -> Path:
    """Where the two folders are kept: inside an installed package, at the top of a checkout."""
    package = Path(__file__).parents[1]
    packed = package / "starter"
    return packed if packed.is_dir() else package.parent
