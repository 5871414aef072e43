"""The Makefile: which Python an environment is of, what runs on which, and what is written where."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from authorizer.bundle.pythons import HERE, VERSIONS
from tests import pythons
from tests.make import ROOT
from tests.pythons import Outcome, Suite, suites

pytestmark = pytest.mark.slow

PYTHON = """\
#!/bin/sh
# Stands in for a Python: knows its version, makes virtual environments of itself, and notes what it is told.
echo "$0 $*" | tr '\\n' ' ' >>{log}; echo >>{log}
case "$*" in
    *"venv --clear "*) rm -rf "$4"; mkdir -p "$4/bin"; cp "$0" "$4/bin/python" ;;
    *"!="*) case "$*" in *'"{version}"'*) exit 0 ;; *) exit 1 ;; esac ;;
    *"< (3, 11)"*) exit {too_old} ;;
    *"print("*) echo {version} ;;
esac
"""


class Checkout:
    """A folder with the Makefile and what it looks at, and Pythons that are none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        (folder / "requirements").mkdir()
        (folder / "bin").mkdir()
        shutil.copy(ROOT / "Makefile", folder)
        for name in ("pyproject.toml", "requirements/dev.txt", "requirements/local.txt"):
            (folder / name).write_text("")

    def install(self, name: str, version: str) -> None:
        text = PYTHON.format(log=self.log, version=version, too_old=int(version < "3.11"))
        file = self.folder / "bin" / name
        file.write_text(text)
        file.chmod(0o755)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PYTHON"))
        }
        environment["PATH"] = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def did(self) -> list[str]:
        """What was run since the last time somebody asked, other than questions: program and arguments."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.write_text("")
        return [line.strip().replace(f"{self.folder}/", "") for line in lines if " -c " not in line]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path)
    made.install("python3", "3.11.7")
    made.install("python3.13", "3.13.0")
    return made


TESTS = "-m pytest -n auto --dist loadfile --max-worker-restart=0"
ALL = f"{TESTS} --cov --cov-report=term -m not s3 and not package and not page and not deploy and not nightly"


def test_an_environment_is_made_once(checkout: Checkout) -> None:
    assert checkout.make("test").returncode == 0
    first = checkout.did()
    assert first[0] == "bin/python3 -m venv --clear .venv"
    assert [line.rpartition(" ")[2] for line in first if " pip install " in line] == [
        *("requirements/local.txt", ".", "requirements/dev.txt")
    ]
    assert all("--require-hashes" in line for line in first if "requirements" in line)
    assert first[-1] == f".venv/bin/python {TESTS}"
    assert checkout.make("test").returncode == 0
    assert checkout.did() == [f".venv/bin/python {TESTS}"]


def test_all_of_them_are_measured(checkout: Checkout) -> None:
    assert checkout.make("test-all").returncode == 0
    assert checkout.did()[-1] == f".venv/bin/python {ALL}"


def test_the_demo_installs_what_it_needs_alone(checkout: Checkout) -> None:
    assert checkout.make("demo").returncode == 0
    did = checkout.did()
    assert "requirements/local.txt" in did[1]
    assert not any("requirements/dev.txt" in line for line in did)
    assert "-m authorizer invoke" in did[-1]
    assert checkout.make("test").returncode == 0
    assert [line.rpartition(" ")[2] for line in checkout.did() if " pip install " in line] == [
        "requirements/dev.txt"
    ]


def test_a_python_that_is_named_has_an_environment_of_its_own(checkout: Checkout) -> None:
    checkout.make("test")
    checkout.did()
    assert checkout.make("test", "PYTHON=python3.13").returncode == 0
    did = checkout.did()
    assert did[0] == "bin/python3.13 -m venv --clear .venv-3.13"
    assert did[-1] == f".venv-3.13/bin/python {TESTS}"
    checkout.make("test")
    assert checkout.did() == [f".venv/bin/python {TESTS}"]


@pytest.mark.parametrize("version", ["3.12.1", "3.11.8"])
def test_an_environment_of_another_python_is_made_anew_and_not_used(version: str, checkout: Checkout) -> None:
    checkout.make("test")
    checkout.did()
    checkout.install("python3", version)
    assert checkout.make("test").returncode == 0
    did = checkout.did()
    assert did[0] == "bin/python3 -m venv --clear .venv"
    assert [line.split()[0] for line in did[1:]] == [".venv/bin/python"] * 4
    checkout.install("python3", "3.11.7")
    assert checkout.make("test").returncode == 0
    assert checkout.did()[0] == "bin/python3 -m venv --clear .venv"


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    checkout.make("test")
    checkout.did()
    (checkout.folder / ".venv" / "bin" / "python").unlink()
    for stamp in (".running-3.11.7", ".installed-3.11.7"):
        (checkout.folder / ".venv" / stamp).unlink()
    assert checkout.make("test").returncode == 0
    assert checkout.did()[0] == "bin/python3 -m venv --clear .venv"


def test_an_environment_that_somebody_else_has_made_of_this_python_is_kept(checkout: Checkout) -> None:
    checkout.make("test")
    checkout.did()
    (checkout.folder / ".venv" / ".installed-3.11.7").rename(checkout.folder / ".venv" / ".installed")
    (checkout.folder / ".venv" / ".running-3.11.7").unlink()
    assert checkout.make("test").returncode == 0
    assert not any("venv --clear" in line for line in checkout.did())


@pytest.mark.parametrize(
    "python", [pytest.param("python3.9", id="too old"), pytest.param("python3.98", id="absent")]
)
def test_a_python_that_does_not_do_is_refused(python: str, checkout: Checkout) -> None:
    checkout.install("python3.9", "3.09.1")
    done = checkout.make("test", f"PYTHON={python}")
    assert done.returncode == 2
    assert f"{python} is not Python 3.11 or newer, which is needed: make PYTHON=python3.13" in done.stderr
    assert checkout.did() == []


def test_every_python_that_is_here_runs_the_suite_and_one_of_them_with_coverage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MAKE", raising=False)
    found = {version: Path(f"/opt/python{version}") for version in VERSIONS}
    own, *others = suites(found)
    assert own == Suite(version=HERE, command=("make", "test-all"))
    assert [suite.version for suite in others] == [version for version in VERSIONS if version != HERE]
    for suite in others:
        assert suite.command == ("make", "test", f"PYTHON=/opt/python{suite.version}")
    assert list(suites({})) == [own], "a machine with one Python runs it"


def outcome(version: str, passed: bool = True) -> Outcome:
    return Outcome(suite=Suite(version=version, command=()), passed=passed, seconds=61.4)


def test_the_table_says_what_ran_and_what_is_not_here() -> None:
    console = Console(width=100, record=True, quiet=True)
    with console.capture() as shown:
        console.quiet = False
        pythons.show([outcome("3.13"), outcome("3.11", passed=False)], console)
    rows = {row[1]: row for row in (line.split() for line in shown.get().splitlines()) if len(row) > 2}
    assert rows["3.11"][3:] == ["failed:", "see", "above", "│", "61", "│"]
    assert rows["3.12"][3:] == ["not", "run:", "not", "installed", "here", "│", "│"]
    assert rows["3.13"][3:] == ["passed", "│", "61", "│"]
    assert list(rows)[-4:] == ["3.11", "3.12", "3.13", "3.14"]


@pytest.mark.parametrize(("code", "expected"), [(0, 0), (1, 1)])
def test_one_suite_that_fails_fails_the_whole(
    code: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    exits = f"import sys; sys.exit({code})"
    rows = [
        Suite(version="3.11", command=(sys.executable, "-c", exits)),
        Suite(version="3.12", command=("true",)),
    ]
    monkeypatch.setattr(pythons, "suites", lambda _: rows)
    assert pythons.main() == expected


def test_ci_runs_the_suite_on_every_python() -> None:
    run = (ROOT / ".ci" / "run").read_text()
    assert re.findall(r"^make ([\w-]+)", run, re.MULTILINE) == [
        "check",
        "test-pythons",
        "test-package",
        "test-deploy",
        "test-s3",
    ]


RECORDING = {"bench", "guards"}
REWRITING = {"format", "pins", "clean"}
"""What exists to change the checkout."""


def recipe(target: str, *arguments: str) -> str:
    done = subprocess.run(
        ["make", "--dry-run", "INSTALLED=", "SAM=sam", "--assume-old=sam", target, *arguments],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


TARGETS = re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("target", sorted({*TARGETS} - REWRITING))
def test_trying_a_target_rewrites_nothing_that_is_tracked(target: str) -> None:
    tried = recipe(target)
    assert "--record" not in tried
    assert "guide.tables" not in tried
    assert ("--record" in recipe(target, "RECORD=1")) == (target in RECORDING)
