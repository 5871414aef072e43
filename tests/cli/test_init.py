"""`authorizer init`, from a checkout and from the built wheel in somebody else's folder."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from authorizer.bundle.pythons import HERE
from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.init import FOLDERS, init, starter
from tests.make import ROOT


def files(folder: Path) -> dict[str, bytes]:
    """Relative name → content of every file in the two folders."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for name in FOLDERS
        for file in sorted((folder / name).rglob("*"))
        if file.is_file()
    }


# ── From a checkout ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_file_of_the_two_folders_is_written_as_it_is(tmp_path: Path) -> None:
    result = CliRunner().invoke(init, [str(tmp_path / "new")])
    assert result.exit_code == 0
    assert files(tmp_path / "new") == files(ROOT)
    for name in FOLDERS:
        assert f"{name}/" in result.output


@pytest.mark.parametrize("name", list(FOLDERS))
def test_nothing_is_written_where_one_of_the_two_exists(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    result = CliRunner().invoke(init, [str(tmp_path)])
    assert result.exit_code == EXIT_UNDECIDED
    assert f"{tmp_path / name}: exists already, and nothing was written" in result.stderr
    assert [path.name for path in tmp_path.rglob("*")] == [name]


def test_a_checkout_has_one_source_of_both() -> None:
    assert starter() == ROOT
    assert not (ROOT / "authorizer" / "starter").exists()


# ── From the wheel ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel in it. What it depends on comes from here, without the project itself."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
            *("--disable-pip-version-check", "--no-index", "--no-deps", wheel),
        ],
        check=True,
    )
    [packages] = (venv / "lib").glob("python*/site-packages")
    # Only the folder itself is added: its own .pth files, the link to this checkout among them, are not read.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder


def run(elsewhere: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(elsewhere),
        "XDG_CACHE_HOME": str(elsewhere / "cache"),
    }
    return subprocess.run(
        [elsewhere / "venv" / "bin" / command[0], *command[1:]],
        cwd=elsewhere / "repository",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.package
def test_the_wheel_holds_one_package_and_the_starter_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/", maxsplit=1)[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"authorizer"}
    packed = {name.removeprefix("authorizer/starter/") for name in names if "/starter/" in name}
    backend = "backend/files.py"  # what `authorizer serve` stands in front of by default
    assert packed == {*files(ROOT), backend}
    library = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "authorizer" / "library").rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    assert len(library) > 48
    assert library <= set(names)
    assert {"authorizer/py.typed", "authorizer/bundle/lambda.txt"} <= set(names)
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("authorizer/bundle/lambda.txt") == (ROOT / "requirements/lambda.txt").read_bytes()
        sample = (ROOT / "deploy" / "backends" / "python" / "files.py").read_bytes()
        assert archive.read(f"authorizer/starter/{backend}") == sample


@pytest.mark.package
def test_a_new_repository_starts_with_two_commands(elsewhere: Path) -> None:
    (elsewhere / "repository").mkdir()
    where = run(elsewhere, "python", "-c", "import authorizer; print(authorizer.__file__)")
    assert str(elsewhere) in where.stdout, where.stderr

    started = run(elsewhere, "authorizer", "init")
    assert started.returncode == 0, started.stderr
    assert files(elsewhere / "repository") == files(ROOT)

    invoked = run(elsewhere, "authorizer", "invoke", "events/rest-token-allow.json")
    assert invoked.returncode == 0, invoked.stderr
    assert json.loads(invoked.stdout)["context"]["username"] == "erin"

    added = run(elsewhere, "authorizer", "policy", "add", "sqs")
    assert added.returncode == 0, added.stderr
    proven = run(elsewhere, "authorizer", "policy", "prove", "sqs", "tenant-sqs")
    assert proven.returncode == 0, proven.stdout

    bundled = run(
        elsewhere,
        "authorizer",
        "bundle",
        "--sample",
        "--installed",
        "--python",
        HERE,
        "--arch",
        "x86_64",
        "--json",
    )
    assert bundled.returncode == 0, bundled.stderr
    assert json.loads(bundled.stdout)["byte_code"] is True
    with zipfile.ZipFile(elsewhere / "repository" / "dist" / "authorizer.zip") as archive:
        assert {"authorizer/handler.py", "policies/access.toml", "jwt/__init__.pyc"} <= set(
            archive.namelist()
        )

    again = run(elsewhere, "authorizer", "init")
    assert again.returncode == EXIT_UNDECIDED
    assert "Traceback" not in again.stderr


def test_what_to_try_is_tried_in_the_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tried = CliRunner().invoke(init, ["of mine", "--sample"]).stdout.partition("then try:\n")[2]
    assert tried.startswith("  cd 'of mine'\n  authorizer invoke ")
    here = CliRunner().invoke(init, ["--sample"]).stdout.partition("then try:\n")[2]
    assert here.startswith("  authorizer invoke ")
