"""The tools that deploy, and the emulator that they deploy to: `make test-deploy`."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bundle.conftest import bare_python, bundle
from tests.deploying.emulator import Emulator, emulator
from tests.make import ROOT

__all__ = ["bare_python", "bundle"]
PLUGINS = (
    # Where Terraform's providers are kept on a machine without their registry: named by who runs this, where Terraform
    # itself looks (Terraform CLI, "Provider Installation", implied local mirrors), or in a folder for add-ons.
    *(Path(path) for path in os.environ.get("TERRAFORM_PLUGINS", "").split(os.pathsep) if path),
    Path.home() / ".terraform.d" / "plugins",
    Path("/usr/local/share/terraform/plugins"),
    *sorted(Path("/opt").glob("*")),
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    with emulator(monkeypatch) as server:
        yield server


@pytest.fixture(scope="session")
def terraform() -> list[str]:
    """The command, and what `init` is told of the provider's place."""
    binary = shutil.which("terraform")
    if binary is None:
        pytest.skip(
            "terraform is not installed: see its own site; no package index has it, nor what TERRAFORM_PLUGINS names"
        )
    found = next((path for path in PLUGINS if any(path.glob("*/hashicorp/aws/*/*"))), None)
    if found is None:
        pytest.skip("no folder has Terraform's provider for AWS: name one that has it in TERRAFORM_PLUGINS")
    return [binary, f"-plugin-dir={found}"]


@pytest.fixture(scope="session")
def sam() -> Path:
    return installed(".venv-deploy/bin/sam", "make sam")


def installed(path: str, command: str) -> Path:
    """What a target of make installs; `make test-deploy` has done so."""
    found = ROOT / path
    if not found.exists():
        pytest.skip(f"{path} is not there: {command}")
    return found


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Whatever a person's own settings say of AWS and Terraform is left out."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**own, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
