"""The hooks of this checkout, installed and run by pre-commit in a stranger's repository, as from a tag."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.make import ROOT

pytestmark = pytest.mark.package

OURS = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a"} | {
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**os.environ, **OURS},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def committed(folder: Path) -> str:
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "all of it")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, Path]:
    """A repository with what is tracked here, the commit in it, and pre-commit's own folder."""
    folder = tmp_path_factory.mktemp("hooks")
    for name in git(ROOT, "ls-files", "-z").split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder, committed(folder), tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def repository(tmp_path: Path, hooks: tuple[Path, str, Path]) -> Path:
    """A user's, with the sample's configuration."""
    folder, commit, _ = hooks
    for name in ("policies", "events"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {folder}\n  rev: {commit}\n  hooks:\n  - id: authorizer-fmt\n  - id: authorizer-check\n"
    )
    committed(tmp_path)
    return tmp_path


def ran(repository: Path, hooks: tuple[Path, str, Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files"],
        cwd=repository,
        env={**os.environ, **OURS, "PRE_COMMIT_HOME": str(hooks[2])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_sound_configuration_passes_both(repository: Path, hooks: tuple[Path, str, Path]) -> None:
    done = ran(repository, hooks)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Passed") == 2


def test_a_template_is_laid_out_and_the_commit_stopped(
    repository: Path, hooks: tuple[Path, str, Path]
) -> None:
    template = repository / "policies" / "templates" / "s3-home.json.j2"
    right = template.read_text()
    assert '\n      "Effect"' in right
    template.write_text(right.replace('\n      "Effect"', '\n  "Effect"', 1))
    done = ran(repository, hooks)
    assert done.returncode == 1
    assert "files were modified by this hook" in done.stdout
    assert template.read_text() == right


def test_a_mistake_is_told_with_its_place(repository: Path, hooks: tuple[Path, str, Path]) -> None:
    template = repository / "policies" / "templates" / "s3-home.json.j2"
    template.write_text(template.read_text().replace("s3:GetObject", "s3:GetObjekt", 1))
    done = ran(repository, hooks)
    assert done.returncode == 1
    assert "s3-home.json.j2:" in done.stdout
    assert "closest: s3:GetObject" in done.stdout
