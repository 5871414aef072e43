"""Options that several subcommands share, and what `env:` names mean to each.

What is printed for production is about the deployment, and reads this environment alone, as the function does; the
sample has to be asked for (`sample_option`). What judges the configuration itself may do so with the sample's values,
unless told otherwise (`aws_option`). Either way, whoever gets a sample value is told.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from authorizer.settings.schema import Access

ACCESS = Path("policies/access.toml")


def _found(_: click.Context, __: click.Parameter, given: Path | None) -> Path:
    """The configuration that is named; else the first `policies/access.toml`, here or in a folder above."""
    here = Path.cwd()
    for folder in (here, *here.parents) if given is None else ():
        if (folder / ACCESS).is_file():
            return Path(os.path.relpath(folder / ACCESS, here))
    if given is not None and given.is_file():
        return given
    if given is not None and given.is_dir():
        raise click.UsageError(
            f"{given}: that is a folder: expected the file in it that is the configuration, such as "
            f"{given / ACCESS.name}"
        )
    looked = "" if given is not None else ", here or in a folder above"
    raise click.UsageError(
        f"{given or ACCESS}: there is no such file{looked}: run it where policies/ is, name it with --access or "
        "AUTHORIZER_ACCESS, or begin with `authorizer init`"
    )


access_option = click.option(
    "--access",
    type=click.Path(path_type=Path),
    envvar="AUTHORIZER_ACCESS",
    callback=_found,
    help="The configuration to use. Else AUTHORIZER_ACCESS names it, or it is policies/access.toml, here or in the "
    "nearest folder above.",
)

aws_option = click.option(
    "--aws", is_flag=True, help="Take `env:` names from this environment alone, as in Lambda."
)

sample_option = click.option(
    "--sample",
    is_flag=True,
    help="Take `env:` names that this environment lacks from events/personas.toml: not for production.",
)

coverage_option = click.option(
    "--coverage",
    "threshold",
    type=click.FloatRange(0, 100),
    default=100,
    show_default=True,
    help="Least coverage of each template by its cases, in percent.",
)


def _runtime(_: click.Context, __: click.Parameter, given: str | None) -> str | None:
    from authorizer.deployment.cloudformation import PYTHONS

    if given is None or f"python{given}" in PYTHONS:
        return given
    known = ", ".join(name.removeprefix("python") for name in PYTHONS)
    raise click.BadParameter(f"{given!r} is the version of no Lambda runtime: expected one of {known}")


python_option = partial(click.option, "--python", callback=_runtime)
"""For which runtime: what is bundled for one is deployed on it."""


def json_option(said: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--json`, given to the command as `as_json`. With it a configuration that does not load is told as `check --json`
    tells it, and ends the command with exit code 2."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(*, as_json: bool, **options: Any) -> Any:
            from authorizer.cli import EXIT_UNDECIDED
            from authorizer.cli.formats import tell_json
            from authorizer.errors import SettingsError

            try:
                return command(as_json=as_json, **options)
            except SettingsError as error:
                if not as_json:
                    raise
                tell_json(error.problems)
                sys.exit(EXIT_UNDECIDED)

        return click.option("--json", "as_json", is_flag=True, help=said)(run)

    return decorate


deployment_option = click.option(
    "--deployment",
    "files",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What is deployed, to check what the proof rests on: a CloudFormation or SAM template, `terraform show -json` "
    "of a plan or a state, or what an account said (docs/deployed.md). Repeat for each file.",
)

parameter_option = click.option(
    "--parameter",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the templates, such as AWS::AccountId=123456789012. Repeat for each.",
)


EPOCH = "SOURCE_DATE_EPOCH"
"""The variable that says what day it is, in seconds since 1970: reproducible-builds.org, "SOURCE_DATE_EPOCH"."""


def told_day() -> date | None:
    """The day that the environment tells; None where it tells none."""
    seconds = os.environ.get(EPOCH)
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(int(seconds), UTC).date()
    except (ValueError, OverflowError, OSError) as error:
        raise click.UsageError(f"{EPOCH} is {seconds!r}: expected seconds since 1970") from error


def today() -> date:
    """What day it is: what the environment tells, or the clock, in UTC."""
    return told_day() or datetime.now(UTC).date()


env_option = click.option(
    "--env",
    "env_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take `env:` names from this file, over this environment and without any sample: lines NAME=VALUE, or TOML "
    "with a table [environment].",
)


def environment_of(access: Path, *, aws: bool, env_file: Path | None = None) -> dict[str, str]:
    """What `env:` names mean: this environment, with the personas' sample values beneath it unless `aws`; or with
    `env_file` over it, and no sample. Raises `click.BadParameter` for a file that cannot be read."""
    from authorizer.cli.values import read_env
    from authorizer.local.personas import load_personas
    from authorizer.local.world import personas_beside

    if env_file is not None:
        return {**os.environ, **read_env(env_file)}
    samples = personas_beside(access)
    if aws or not samples.exists():
        return dict(os.environ)
    return {**load_personas(samples).environment, **os.environ}


def environment_names(access: Path, *, without: Sequence[str] = ()) -> frozenset[str]:
    """The `env:` names in `access`, of all its tables but those that `without` names."""
    from authorizer.settings.reader import ENVIRONMENT
    from authorizer.syntax.toml_text import parse_toml

    def names(value: object) -> Iterator[str]:
        if isinstance(value, str) and value.startswith(ENVIRONMENT):
            yield value.removeprefix(ENVIRONMENT)
        elif isinstance(value, dict | list):
            for each in value.values() if isinstance(value, dict) else value:
                yield from names(each)

    tables = parse_toml(access.read_text(encoding="utf-8"))
    return frozenset(names({name: table for name, table in tables.items() if name not in without}))


def sample_names(access: Path) -> tuple[str, ...]:
    """The `env:` names in `access` that this environment lacks: where it loads, their values are the sample's."""
    return tuple(sorted(environment_names(access) - os.environ.keys()))


def sample_notice(access: Path) -> str:
    """Which values are the sample's, in words; empty where none is."""
    names = sample_names(access)
    return f"{access}: sample values of {', '.join(names)}" if names else ""


def load_access(access: Path, *, aws: bool, env_file: Path | None = None) -> "Access":
    """What `access` says, with the personas' sample environment beneath the real one unless `aws`. Which values
    are the sample's is told on standard error.

    Raises `SettingsError`.
    """
    from authorizer.errors import SettingsError
    from authorizer.settings.load import load

    try:
        loaded = load(access, environment_of(access, aws=aws, env_file=env_file))
    except SettingsError as error:
        if aws or env_file is not None:
            raise
        raise SettingsError(_without_samples(error.problems, access)) from error
    if env_file is None and (notice := sample_notice(access)):
        click.echo(notice, err=True)
    return loaded


def _without_samples(problems: Sequence[str], access: Path) -> list[str]:
    """The problems, where there is no file of samples with all that the environment lacks as one: that file."""
    from authorizer.local.personas import FILE

    unset = [problem for problem in problems if "the environment variable " in problem]
    samples = access.parent.parent / "events" / FILE
    if not unset or samples.exists():
        return list(problems)
    lacks = [problem.partition("the environment variable ")[2].partition(" ")[0] for problem in unset]
    return [
        f"{samples}: there is no such file, which has sample values, and this environment lacks {', '.join(lacks)}: "
        "set them, or name a file of them with --env",
        *(problem for problem in problems if problem not in unset),
    ]


def load_deployment(access: Path, *, sample: bool) -> "Access":
    """What `access` says to the deployed function: a name that this environment lacks ends the command with exit code
    2, unless the sample is asked for. Raises `SettingsError` where the command was given `--json`: `json_option`."""
    from authorizer.cli import EXIT_UNDECIDED
    from authorizer.cli.findings import of_problems
    from authorizer.cli.formats import tell
    from authorizer.errors import SettingsError

    try:
        return load_access(access, aws=not sample)
    except SettingsError as error:
        as_json = click.get_current_context().params.get("as_json")
        if not as_json:
            tell(of_problems(error.problems), "text", "", heading="problems in the configuration")
        if not sample and any("is not set" in problem for problem in error.problems):
            click.echo(
                "this is about a deployment: set what its function has in its environment; --sample takes the values "
                "of events/personas.toml instead",
                err=True,
            )
        if as_json:
            raise
        sys.exit(EXIT_UNDECIDED)
