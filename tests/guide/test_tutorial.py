"""The tutorial, done: every file written, every command run, in its order, in an empty folder.

What needs an AWS account is run at moto's, or where moto has no such operation held to AWS's own model of it. Two
commands install software: `pip install` and `authorizer bundle`, which `make test-package` runs.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from moto import mock_aws

from tests.cli.test_commands import run
from tests.guide.aws_command import asked, script
from tests.guide.tables import DOCS
from tests.make import ROOT

pytestmark = pytest.mark.slow

FOLDER = DOCS / "tutorial"
FILE = re.compile(r"^`([\w./-]+)`(?:, [^\n]*)?:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STEP = re.compile(rf"{FILE.pattern}|^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLANTED = re.compile(r"<!-- without null -->\n(.*?)<!-- /without null -->\n", re.DOTALL)
SLOW = ("authorizer bundle",)


def pages() -> list[str]:
    """The names of the pages, in their order."""
    return re.findall(r"^\* \[[^\]]+\]\((\w+\.md)\)", (FOLDER / "index.md").read_text(), re.MULTILINE)


def text_of(name: str) -> str:
    return (FOLDER / name).read_text()


def squeezed(text: str) -> str:
    """Without the frames of tables and the spaces between words."""
    return re.sub(r"[│┃\s]+", " ", text)


def perform(line: str, folder: Path) -> tuple[int, str]:
    """A line's exit code, and all that it printed."""
    name, *arguments = shlex.split(line, comments=True)
    if name == "authorizer":
        done = run(*arguments, cwd=folder, home=folder.parent / "home")
        return done.returncode, done.stdout + done.stderr
    if name == "rm":
        assert arguments[0] == "-r"
        for each in arguments[1:]:
            shutil.rmtree(folder / each)
        return 0, ""
    if name == "mkdir":
        assert arguments[0] == "-p"
        for each in arguments[1:]:
            (folder / each).mkdir(parents=True)
        return 0, ""
    assert [name, *arguments] == ["python", "-m", "pytest", "tests"]
    alone = ["-q", "-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:cov"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *alone, "tests"],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder.parent), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


def follow(block: str, folder: Path) -> None:
    """Run a block of a terminal: what stands below a command is what it prints, a part of a line a line."""
    for command, shown in re.findall(r"^\$ (.+)\n((?:(?!\$ ).+\n)*)", block, re.MULTILINE):
        if command.startswith(SLOW):
            continue
        code, printed = perform(command, folder)
        exits = re.search(r"# exits (\d)", command)
        assert code == int(exits[1] if exits else 0), f"{command}\n{printed}"
        for line in shown.splitlines():
            assert squeezed(line).strip() in squeezed(printed), f"{command}\n{line}\n{printed}"


@pytest.fixture(scope="module")
def orbit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder after every page."""
    folder = tmp_path_factory.mktemp("tutorial") / "orbit"
    folder.mkdir()
    for page in pages():
        for step in STEP.finditer(PLANTED.sub("", text_of(page))):
            if step[1]:
                assert (folder / step[1]).parent.is_dir(), step[1]
                (folder / step[1]).write_text(step[2])
            else:
                follow(step[3], folder)
    return folder


def test_the_tutorial_leads_to_a_deployment(orbit: Path) -> None:
    template = (orbit / "infra" / "template.yaml").read_text()
    assert template.count("Type: AWS::IAM::Role\n") == 4, "the execution role, and one for each group"
    for parameter in ("UserPoolId", "AppClientId", "Bucket", "Table", "Queue", "RestApiId"):
        assert f"  {parameter}:\n" in template
        assert re.search(rf"`(\w+`, `)*{parameter}`", text_of("deploying.md")), parameter


def test_every_file_of_the_folder_stands_in_a_page(orbit: Path) -> None:
    told = {path for page in pages() for path, _ in FILE.findall(text_of(page))}
    made = {
        str(file.relative_to(orbit))
        for folder in ("policies", "events", "backend", "tests")
        for file in (orbit / folder).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert made == told


def test_the_backend_s_test_sends_what_the_authorizer_answers(orbit: Path) -> None:
    done = run("invoke", "events/mia-reads.json", cwd=orbit, home=orbit.parent / "home")
    context = json.loads(done.stdout)["context"]
    sent = set(
        re.findall(r'^            "(\w+)": ', (orbit / "tests" / "conftest.py").read_text(), re.MULTILINE)
    )
    assert len(sent) == 7
    assert sent <= context.keys()


def test_the_planted_mistake_is_found(orbit: Path, tmp_path: Path) -> None:
    shutil.copytree(orbit / "policies", tmp_path / "policies")
    shutil.copytree(orbit / "events", tmp_path / "events")
    template = tmp_path / "policies" / "templates" / "records.json.j2"
    kept = [line for line in template.read_text().splitlines() if not line.lstrip().startswith('"Null"')]
    assert len(kept) == len(template.read_text().splitlines()) - 2, "two lines, as the page says"
    template.write_text("\n".join(kept))
    block = PLANTED.search(text_of("proof.md"))
    assert block is not None
    follow(block[1].removeprefix("```console\n").removesuffix("```\n"), tmp_path)


@pytest.mark.package
def test_what_the_slow_commands_leave_is_there(orbit: Path) -> None:
    commands = [
        line
        for page in pages()
        for line in re.findall(r"^\$ (.+)$", text_of(page), re.MULTILINE)
        if line.startswith(SLOW)
    ]
    assert commands
    for line in commands:
        code, printed = perform(line, orbit)
        assert code == 0, printed
    assert (orbit / "dist" / "authorizer.zip").is_file()


# ── What an account is needed for ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def account() -> Iterator[None]:
    names = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    with mock.patch.dict(os.environ, names), mock_aws():
        yield


def shell_blocks(page: Path) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def test_the_commands_at_cognito_bring_a_token_that_says_what_the_policies_need(account: None) -> None:
    variables = {"PASSWORD": "Correct-horse-7"}
    blocks = shell_blocks(FOLDER / "deploying.md")
    others = [
        line
        for line in script("".join(blocks), variables)
        if not line.startswith(("sam deploy --guided --template-file infra/template.yaml", "curl -i -H"))
    ]
    assert others == []
    claims = asked(variables["TOKEN"])
    assert claims["custom:org_id"] == "org_4f8k2m9x1c7q"
    assert claims["cognito:groups"] == ["owner"]
    assert claims["aud"] == variables["CLIENT"]


def test_the_steps_of_the_page_are_those_that_are_generated(orbit: Path) -> None:
    """But for the names that the tutorial knows."""
    steps = squeezed((orbit / "infra" / "STEPS.md").read_text())
    page = text_of("deploying.md")
    for start in ("aws apigateway update-method", "aws apigateway create-deployment", "sam deploy --guided"):
        [command] = re.findall(rf"^({start}.*(?:\\\n.*)*)", page, re.MULTILINE)
        assert squeezed(command).strip() in steps


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, id=page.name)
        for page in sorted(DOCS.rglob("*.md"))
        if re.search(r"\baws [a-z]", page.read_text())
    ],
)
def test_every_command_of_aws_in_the_guide_is_one_of_aws(page: Path) -> None:
    """Service, operation and options, by AWS's own models."""
    for block in shell_blocks(page):
        script(block, {}, run=False)
