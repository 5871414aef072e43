"""`authorizer deploy`: the deployment of an access.toml, generated."""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.options import access_option, python_option
from authorizer.cli.plain import data

if TYPE_CHECKING:
    from authorizer.deployment.cloudformation import Form
    from authorizer.deployment.output import Language
    from authorizer.deployment.plan import Plan, Roles

ROLL_OUTS = (
    "AllAtOnce",
    "Canary10Percent5Minutes",
    "Canary10Percent10Minutes",
    "Canary10Percent15Minutes",
    "Canary10Percent30Minutes",
    "Linear10PercentEvery1Minute",
    "Linear10PercentEvery2Minutes",
    "Linear10PercentEvery3Minutes",
    "Linear10PercentEvery10Minutes",
)
"""CodeDeploy's configurations for Lambda (CodeDeploy User Guide, "Deployment configurations on an AWS Lambda compute
platform")."""

FORMS = ("sam", "cloudformation", "terraform", "cdk")
OF_ONE_FORM = {
    "release": ("cloudformation",),
    "language": ("cdk",),
    "roll_out": ("sam", "cloudformation", "cdk"),
}
"""Options that say nothing of the other formats: Terraform's alias moves by two of its variables."""


@click.command()
@click.argument("form", metavar="FORMAT", type=click.Choice(FORMS))
@access_option
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write all of it, and the steps to deploy it, into this folder.",
)
@click.option(
    "--roles",
    type=click.Choice(["auto", "new", "existing"]),
    default="auto",
    show_default=True,
    help="auto makes the roles whose ARN access.toml takes from the environment, and takes those that it names for "
    "existing; new makes all; existing makes none.",
)
@python_option(default=None, help="Version of the Lambda runtime; as `authorizer bundle` was told.")
@click.option("--arch", default=None, type=click.Choice(["x86_64", "arm64"]), help="The same.")
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("dist/authorizer.zip"),
    show_default=True,
    help="What `authorizer bundle` has made.",
)
@click.option(
    "--release",
    default="",
    metavar="TEXT",
    help="CloudFormation: publish another version though nothing in the template changed, as after a parameter did.",
)
@click.option(
    "--roll-out", type=click.Choice(ROLL_OUTS), help="Shift to a new version by and by; alarms take it back."
)
@click.option(
    "--language",
    type=click.Choice(["python", "typescript"]),
    default="python",
    show_default=True,
    help="CDK: what the construct is written in.",
)
@click.pass_context
def deploy(  # noqa: PLR0917 - click passes one for each option
    context: click.Context,
    form: "Form",
    access: Path,
    output: Path | None,
    roles: "Roles",
    python: str | None,
    arch: str | None,
    bundle: Path,
    release: str,
    roll_out: str | None,
    language: "Language",
) -> None:
    """Generate the deployment of access.toml: function, roles with their trust, authorizers of every kind of API,
    gateway responses, alarms and a dashboard.

    FORMAT is sam, cloudformation, terraform or cdk. Every `env:` name becomes a parameter, so that nothing need be set
    to generate. The same access.toml gives the same text. Printed is what access.toml decides; the Terraform module
    and the CDK construct that it belongs to are written with --output.

    Exit code 0: generated. 2: it cannot be.
    """
    from authorizer.bundle.wheels import ARCHITECTURE, PYTHON
    from authorizer.deployment.cloudformation import Release
    from authorizer.deployment.output import generate

    for name, forms in OF_ONE_FORM.items():
        if form not in forms and _is_given(context, name):
            _refuse(f"--{name.replace('_', '-')}: is for {' and '.join(forms)}, and says nothing of {form}")
    planned = plan_of(access, roles)
    digest = _digest(bundle, release) if form == "cloudformation" else ""
    beside = Path(os.path.relpath(bundle, output or Path())).as_posix()
    chosen = Release(
        form=form,
        python=python or PYTHON,
        architecture=arch or ARCHITECTURE,
        code=f"authorizer-{digest}.zip" if digest else beside,
        digest=digest,
        roll_out=None if roll_out == "AllAtOnce" else roll_out,
    )
    made = generate(
        planned,
        chosen,
        command=_command(context),
        bundle=bundle.as_posix(),
        language=language,
        folder=(output or Path()).as_posix(),
        access=access.as_posix() if _is_given(context, "access") else "",
    )
    if output is None:
        data(made.text, nl=False)
        return
    for name, content in {**made.files, **made.once}.items():
        path = output / name
        if name in made.once and path.exists():
            click.echo(f"{path}: kept: it is yours")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        click.echo(f"{path}: written")


def plan_of(access: Path, roles: "Roles") -> "Plan":
    """The plan of one access.toml. Names of the environment that have no stand-in are read from it.

    Raises `SettingsError`.
    """
    from authorizer.deployment.plan import plan
    from authorizer.deployment.standins import REGION, names, stand_ins
    from authorizer.engine import dump
    from authorizer.engine.prove import role_policy
    from authorizer.settings.load import load
    from authorizer.syntax.toml_text import TomlInvalid, parse_toml

    try:
        tables: dict[str, Any] = parse_toml(access.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, TomlInvalid) as error:
        _refuse(f"{access}: cannot be read: {error}")
    found = stand_ins(tables)
    settings, templates = load(access, {**os.environ, **{name: one.value for name, one in found.items()}})
    limits = {
        role.name: json.loads(dump(role_policy(templates, role.policies, tags=role.session_tags).document))
        for role in settings.roles.values()
    }
    used = [name for name, _ in names(tables) if name not in REGION]
    return plan(settings, found, used, role_policies=limits, roles=roles)


def _command(context: click.Context) -> str:
    """The command as it was given, without where its output went: with it the same template is made again."""
    given = [
        f"--{name.replace('_', '-')} {value}"
        for name, value in context.params.items()
        if name not in ("form", "output") and _is_given(context, name)
    ]
    return " ".join(("authorizer deploy", context.params["form"], *given))


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _digest(bundle: Path, release: str) -> str:
    """What names the zip in its bucket: its bytes, and the release."""
    try:
        content = bundle.read_bytes()
    except OSError as error:
        _refuse(
            f"--bundle {bundle}: cannot be read: {error.strerror}: a CloudFormation template names the version that it "
            "publishes by the zip; make it with `authorizer bundle` first"
        )
    return hashlib.sha256(content + release.encode()).hexdigest()[:16]


def _refuse(problem: str) -> NoReturn:
    click.echo(problem, err=True)
    sys.exit(EXIT_UNDECIDED)
