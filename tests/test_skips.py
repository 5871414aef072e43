"""A test is skipped only for what a machine lacks, and says how to get it. A line is left out of the coverage, which
is to be whole, only for a reason beside it."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.make import ROOT

pytestmark = pytest.mark.slow

PROJECT = (ROOT / "pyproject.toml").read_text()
INSTALLING = re.compile(
    r"(apt-get|pip|npm|uv python) install|npm cache add|make \w+|TERRAFORM_PLUGINS|\{command\}"
)
"""Terraform and its provider are in no package index; a target that is named beside it stands where it is skipped."""


def skips() -> list[tuple[str, str]]:
    """Where tests are skipped, and what is said then."""
    found = []
    for file in sorted((ROOT / "tests").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {
                "skip",
                "skipif",
                "importorskip",
                "skipTest",
            }:
                said = [
                    ast.unparse(part) for part in (*node.args[:1], *(word.value for word in node.keywords))
                ]
                found.append((f"{file.relative_to(ROOT)}:{node.lineno}", " ".join(said)))
    return found


@pytest.mark.parametrize(("place", "said"), skips())
def test_a_skipped_test_says_what_to_install(place: str, said: str) -> None:
    assert INSTALLING.search(said), place


def test_skips_are_found() -> None:
    assert len(skips()) >= 5


def exclusions() -> list[tuple[str, str]]:
    """Where a line is left out of the coverage, and what stands beside it: in the code, and for all of it."""
    found = []
    for file in sorted((ROOT / "authorizer").rglob("*.py")):
        for number, line in enumerate(file.read_text().splitlines(), start=1):
            if re.search(r"#\s*pragma:\s*no\s", line):
                found.append((f"{file.relative_to(ROOT)}:{number}", line.partition("pragma:")[2]))
    [patterns] = re.findall(r"^exclude_also = \[\n(.*?)^\]", PROJECT, re.MULTILINE | re.DOTALL)
    return found + [("pyproject.toml", line) for line in patterns.splitlines()]


@pytest.mark.parametrize(("place", "said"), exclusions())
def test_what_is_left_out_of_the_coverage_has_a_reason(place: str, said: str) -> None:
    reason = r'^    ".+", +# \w.{10,}$' if place == "pyproject.toml" else r"^ no (cover|branch) - \w.{10,}$"
    assert re.search(reason, said), f"{place}: {said}"


def test_the_coverage_is_whole() -> None:
    """No other setting leaves anything out."""
    coverage = tomllib.loads(PROJECT)["tool"]["coverage"]
    assert coverage["run"] == {"branch": True, "source": ["authorizer"]}
    assert coverage["report"].keys() == {
        *("show_missing", "skip_covered", "fail_under", "precision", "exclude_also"),
    }
    assert coverage["report"]["fail_under"] >= 99.9


def test_without_its_server_the_test_of_isolation_fails_and_says_how_to_get_it(tmp_path: Path) -> None:
    asked = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "s3",
        "tests/s3/test_server.py",
    ]
    done = subprocess.run(
        asked,
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert (
        "apt-get install --no-install-recommends radosgw ceph-mon ceph-osd ceph-common"
        in done.stdout + done.stderr
    )
