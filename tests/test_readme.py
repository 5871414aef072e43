"""The README tells the truth: its two files are a whole configuration, and what it names exists."""

import re
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.guide.tables import between
from tests.make import ROOT

README = (ROOT / "README.md").read_text()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the two files of the README, and nothing else."""
    folder = tmp_path_factory.mktemp("small")
    places = {"access.toml": "policies", "documents.json.j2": "policies/templates"}
    for name, place in places.items():
        (folder / place).mkdir()
        block = re.fullmatch(r"```\w+\n(.*)```", between(README, name), re.DOTALL)
        assert block is not None
        (folder / place / name).write_text(block[1])
    return folder


def test_the_two_files_of_the_readme_are_proven(small: Path) -> None:
    done = run("policy", "prove", cwd=small)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("PROVEN") == 2
    assert "UNKNOWN" not in done.stdout


def test_who_can_says_what_the_readme_says(small: Path) -> None:
    [what] = re.findall(
        r"`authorizer policy (who-can [^`]+)` says `tenant = acme`, by group `members`", README
    )
    done = run("policy", *what.split(), cwd=small)
    assert done.returncode == 0, done.stderr
    assert "tenant = acme" in done.stdout
    assert "group members" in done.stdout


def test_it_says_no_more_of_the_demo_than_that_shows(tmp_path: Path) -> None:
    """`make demo` is this command: tests/test_makefile.py holds it."""
    objects = re.findall(r"^(?:MINE|THEIRS) := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    asked = [part for place in objects for part in ("--get", place)]
    done = run("invoke", "events/rest-token-allow.json", *asked, home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"│ (200|403) │", done.stderr) == ["200", "403"]
    assert "resource does not match" in re.sub(r"[│\s]+", " ", done.stderr)


def test_the_make_targets_that_the_readme_names_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z0-9-]*)\b", README)) - {"and"} <= targets


def test_every_path_that_the_readme_names_exists() -> None:
    paths = re.findall(r"`((?:authorizer|policies|events|tests|deploy|benchmarks)/[\w./-]*)`", README)
    assert paths
    own = {"policies/templates/documents.json.j2"}
    assert [path for path in paths if path not in own and not (ROOT / path).exists()] == []


def test_the_readme_takes_five_minutes() -> None:
    """Of a visitor who reads 250 words a minute."""
    assert len(re.sub(r"```.*?```", "", README, flags=re.DOTALL).split()) < 5 * 250


def test_the_two_commands_stand_at_the_top() -> None:
    head = README.partition("\n## ")[0]
    assert re.findall(r"^make \w+", head, re.MULTILINE) == ["make demo", "make test"]
