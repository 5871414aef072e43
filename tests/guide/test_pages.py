"""What a page shows beside commands and tables: its files load, and come to what it says."""

import re
import shutil
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.guide.tables import DOCS, between
from tests.make import ROOT


def block(page: str, marker: str) -> str:
    """The one block of code between a pair of markers."""
    found = re.fullmatch(r"```\w+\n(.*)```", between((DOCS / page).read_text(), marker), re.DOTALL)
    assert found is not None
    return found[1]


# ── Several tenants ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(
    params=["", '\n[policies.s3-tenants]\nisolates = "tenants"\n'], ids=["claims nothing", "isolates"]
)
def consultants(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, bool]:
    """The sample with the page's claim, role and template, and whether the template claims to isolate."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    shutil.copytree(ROOT / "events", tmp_path / "events")
    claims, role = block("several-tenants.md", "several tenants: access.toml").split("\n[roles", 1)
    access = tmp_path / "policies" / "access.toml"
    text = access.read_text().replace("[claims]\n", claims + "\n")
    role = "\n[roles" + role.replace("env:CONSULTANT_ROLE_ARN", "arn:aws:iam::123456789012:role/consultant")
    access.write_text(text + role + request.param)
    template = tmp_path / "policies" / "templates" / "s3-tenants.json.j2"
    template.write_text(block("several-tenants.md", "several tenants: template"))
    return tmp_path, bool(request.param)


def test_sessions_for_several_tenants_are_no_isolation_and_are_found(consultants: tuple[Path, bool]) -> None:
    folder, isolates = consultants
    if isolates:
        done = run("policy", "prove", "s3-tenants", cwd=folder)
        assert done.returncode == 1
        assert "LEAK policy s3-tenants" in done.stdout
    else:
        done = run("policy", "check", cwd=folder)
        assert done.returncode == 1
        assert re.search(r"'s3-tenants' isolates, .*\[no-promise\]", done.stdout), done.stdout + done.stderr


# ── Personas, machines, another account ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", ["machines.md", "personas.md"])
def test_what_a_page_shows_of_the_sample_stands_in_it(page: str) -> None:
    """Line by line, but for spaces: machines and personas are those of the sample."""
    sample = (ROOT / "policies" / "access.toml").read_text() + (ROOT / "events" / "personas.toml").read_text()
    squeezed = {re.sub(r"\s+", "", line.partition("#")[0]) for line in sample.splitlines()}
    for shown in re.findall(r"^ *```toml\n(.*?)^ *```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL):
        for line in shown.splitlines():
            assert re.sub(r"\s+", "", line.partition("#")[0]) in squeezed, line


def test_the_case_file_of_the_page_holds_for_the_sample(tmp_path: Path) -> None:
    [shown, *_] = re.findall(
        r"^```toml\n(.*?)^```", (DOCS / "cases.md").read_text(), re.MULTILINE | re.DOTALL
    )
    file = tmp_path / "page.toml"
    file.write_text(shown)
    done = run("policy", "test", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
