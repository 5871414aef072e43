"""docs/callers.md, "Turning it on", followed word by word."""

import re
from pathlib import Path

from tests.cli.test_commands import run
from tests.make import ROOT


def test_what_the_page_says_turns_it_on_and_leaves_nothing_to_find(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "callers.md").read_text(encoding="utf-8")
    part = page.partition("## Turning it on")[2].partition("\n## ")[0]
    role, scope, variable, cases = re.findall(r"```toml\n(.*?)```", part, re.DOTALL)
    assert run("init", "--sample", str(tmp_path)).returncode == 0
    access, personas = tmp_path / "policies" / "access.toml", tmp_path / "events" / "personas.toml"
    routes = tmp_path / "policies" / "cases" / "routes.toml"
    text = access.read_text(encoding="utf-8")
    [before] = re.findall(r'^"files:read" .*$', text, re.MULTILINE)
    access.write_text(f"{text.replace(before, scope.strip())}\n{role}", encoding="utf-8")
    people = personas.read_text(encoding="utf-8")
    personas.write_text(re.sub(r"(?m)^(\[environment\].*\n)", rf"\1{variable}", people), encoding="utf-8")
    routes.write_text(f"{routes.read_text(encoding='utf-8')}\n{cases}", encoding="utf-8")
    done = run("check", "--all", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
