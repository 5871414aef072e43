"""The action for GitHub: its steps, run as GitHub's runner runs them."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.make import ROOT
from tests.test_distribution import build

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "deploy/github/action.yml").read_text())
DEFAULTS = {name: row["default"] for name, row in ACTION["inputs"].items()}
SETUP, INSTALL, CHECK = ACTION["runs"]["steps"]


def ran(
    step: dict[str, Any], workspace: Path, path: Path | str, **given: str
) -> subprocess.CompletedProcess[str]:
    """A step as the runner runs it: its script in a file, by `bash --noprofile --norc -eo pipefail` (GitHub Docs,
    "Workflow syntax", `jobs.<job_id>.steps[*].shell`), in its folder, with the inputs in place of expressions."""

    def filled(text: str) -> str:
        for name, value in {**DEFAULTS, **given}.items():
            text = text.replace(f"${{{{ inputs.{name} }}}}", value)
        assert "${{" not in text
        return text

    assert step["shell"] == "bash"
    assert "${{" not in step["run"], "an input within a script is code of whoever chose it"
    script = workspace.parent / "step.sh"
    script.write_text(step["run"])
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", script],
        cwd=workspace / filled(step.get("working-directory", ".")),
        env={
            **{name: filled(value) for name, value in step["env"].items()},
            "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(workspace.parent),
            "GITHUB_WORKSPACE": str(workspace),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A checkout whose configuration lies in a folder of its own."""
    for name in ("policies", "events"):
        shutil.copytree(ROOT / name, tmp_path / "checkout" / "service" / name)
    return tmp_path / "checkout"


SCRIPTS = sysconfig.get_path("scripts")


def test_the_check_passes_the_sample_and_annotates_what_is_broken(workspace: Path) -> None:
    service = {"working-directory": "service"}
    done = ran(CHECK, workspace, SCRIPTS, **service)
    assert done.returncode == 0, done.stdout + done.stderr
    access = workspace / "service" / "policies" / "access.toml"
    access.write_text(access.read_text().replace('role       = "editor"', 'role       = "editr"'))
    done = ran(CHECK, workspace, SCRIPTS, **service)
    assert done.returncode == 1, done.stderr
    assert "::error file=policies/access.toml,line=" in done.stdout
    done = ran(CHECK, workspace, SCRIPTS, **service, format="sarif; touch owned")
    assert (done.returncode, list(workspace.rglob("owned"))) == (2, [])


@pytest.mark.package
def test_what_it_installs_is_the_command(workspace: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "python"], check=True)
    [site] = (tmp_path / "python" / "lib").glob("python*/site-packages")
    # What the package needs is taken from here: the test has no index.
    (site / "ours.pth").write_text(sysconfig.get_path("purelib"))
    wheel = build(ROOT, tmp_path / "wheel", "wheel")
    done = ran(INSTALL, workspace, tmp_path / "python" / "bin", package=f"{wheel}[cli]")
    assert done.returncode == 0, done.stderr
    assert (site / "authorizer" / "cli").is_dir()
    done = ran(CHECK, workspace, tmp_path / "python" / "bin", **{"working-directory": "service"})
    assert done.returncode == 0, done.stdout + done.stderr
