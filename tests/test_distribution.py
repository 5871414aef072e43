"""What `python -m build` makes of the project: a source distribution that makes the same wheel once more."""

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.make import ROOT


def build(project: Path, folder: Path, target: str) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder],
        cwd=project,
        check=True,
        capture_output=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
    )
    [built] = folder.glob("*.tar.gz" if target == "sdist" else "*.whl")
    return built


@pytest.mark.package
def test_the_source_distribution_makes_the_wheel_that_the_checkout_makes(tmp_path: Path) -> None:
    with tarfile.open(build(ROOT, tmp_path / "sdist", "sdist")) as archive:
        names = archive.getnames()
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert not [name for name in names if ".venv" in name or "/build/" in name or "__pycache__" in name]
    [project] = (tmp_path / "unpacked").iterdir()
    here, there = build(ROOT, tmp_path / "here", "wheel"), build(project, tmp_path / "there", "wheel")
    assert here.read_bytes() == there.read_bytes()
    with zipfile.ZipFile(here) as wheel:
        [metadata] = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        head = message_from_bytes(wheel.read(metadata))
        licences = [name for name in wheel.namelist() if name.endswith("/licenses/LICENSE")]
        console = {name.rpartition("/")[2] for name in wheel.namelist() if "/console/static/" in name}
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (head["Name"], head["Version"]) == (declared["name"], declared["version"])
    assert head["License-Expression"] == "Apache-2.0"
    assert "Typing :: Typed" in head.get_all("Classifier", [])
    assert head["Requires-Python"] == ">=3.11"
    assert len(licences) == 1
    assert console == {file.name for file in (ROOT / "authorizer/local_gateway/console/static").iterdir()}


@pytest.mark.package
def test_pytest_has_the_fixtures_by_itself_where_the_wheel_is(tmp_path: Path) -> None:
    with zipfile.ZipFile(build(ROOT, tmp_path / "wheel", "wheel")) as wheel:
        wheel.extractall(tmp_path / "site")
    (tmp_path / "tests").mkdir()
    code = "def test_it(pytestconfig):\n    assert pytestconfig.pluginmanager.has_plugin('authorizer')\n"
    (tmp_path / "tests" / "test_it.py").write_text(code)
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", tmp_path, tmp_path / "tests"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
