"""What of `deploy/` the generator makes: `python -m tests.deploy.generated` writes it, and a test holds it to this."""

from authorizer.bundle.wheels import ARCHITECTURE, PYTHON
from authorizer.cli.deploy import plan_of
from authorizer.deployment.cloudformation import Release, template, to_yaml
from authorizer.deployment.cloudformation.watch import standalone, standalone_of_credentials
from authorizer.deployment.steps import heading
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
    made = template(planned, RELEASE)
    return to_yaml(made, heading(planned, RELEASE, made, COMMAND))


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


FILES = {"attach.yaml": attach, "alarms.yaml": alarms, "credentials-alarms.yaml": credentials_alarms}

if __name__ == "__main__":
    for name, make in FILES.items():
        (DEPLOY / name).write_text(make())
