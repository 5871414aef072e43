"""Every command line of README and guide that has a prompt is run, and does what its page says."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.guide.tables import DOCS
from tests.make import ROOT

PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")))
BLOCKS = [
    pytest.param(commands, id=f"{page.name}: {commands[0]}")
    for page in PAGES
    for block in re.findall(r"^ *```console\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL)
    if (commands := re.findall(r"^ *\$ (.+)$", block, re.MULTILINE))
]


def test_the_pages_have_commands() -> None:
    assert len(BLOCKS) > 6


@pytest.mark.slow
@pytest.mark.parametrize("commands", BLOCKS)
def test_the_commands_of_a_block_do_what_its_page_says(
    commands: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = Path(tmp_path_factory.getbasetemp())
    for line in commands:
        exits = re.search(r"# exits (\d)", line)
        name, *arguments = shlex.split(line, comments=True)
        assert name == "authorizer"
        done = run(*arguments, home=home)
        assert done.returncode == int(exits[1] if exits else 0), done.stderr
        assert "Traceback" not in done.stderr
