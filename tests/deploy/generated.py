"""What of `deploy/` the generator makes: `python -m tests.deploy.generated` writes it, and a test holds it to this."""

from collections.abc import Callable

from authorizer.bundle.wheels import ARCHITECTURE, PYTHON
from authorizer.cli.deploy import plan_of
from authorizer.deployment.cloudformation import Release, to_yaml
from authorizer.deployment.cloudformation.watch import standalone, standalone_of_credentials
from authorizer.deployment.output import generate
from authorizer.deployment.terraform import files
from tests.deploy.sam import DEPLOY
from tests.make import ACCESS, ROOT

COMMAND = "authorizer deploy sam --roles existing"
RELEASE = Release(
    form="sam",
    python=PYTHON,
    architecture=ARCHITECTURE,
    code="../build/authorizer.zip",
    digest="",
    roll_out=None,
)


def attach() -> str:
    """The sample's authorizer for APIs, a pool and roles that exist."""
    planned = plan_of(ACCESS.relative_to(ROOT), "existing")
    return generate(planned, RELEASE, command=COMMAND, bundle="build/authorizer.zip", language="python").text


def alarms() -> str:
    """What watches over each function of template.yaml."""
    return to_yaml(
        standalone(), "Made by `python -m tests.deploy.generated` of authorizer/deployment/alarms.py."
    )


def credentials_alarms() -> str:
    """What watches over the function behind `GET /credentials` of template.yaml."""
    return to_yaml(
        standalone_of_credentials(),
        "Made by `python -m tests.deploy.generated` of authorizer/deployment/alarms.py.",
    )


def of_the_module(name: str) -> Callable[[], str]:
    """A table of the Terraform module."""
    return lambda: files(PYTHON, ARCHITECTURE)[name]


FILES = {
    "attach.yaml": attach,
    "alarms.yaml": alarms,
    "credentials-alarms.yaml": credentials_alarms,
    **{
        f"terraform/{name}": of_the_module(name)
        for name in ("facts.tf", "options.tf", "credentials_facts.tf")
    },
}

if __name__ == "__main__":
    for name, make in FILES.items():
        (DEPLOY / name).write_text(make())
