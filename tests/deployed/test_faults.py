"""Each planted fault is found, and nothing else is."""

import re
from pathlib import Path

import pytest

from authorizer.deployed.account import MEMBERS
from tests.deployed.__main__ import BEGIN, END, HEAD, PAGE
from tests.deployed.faults import FAULTS, SAMPLE, WORLD, Base, Fault, found, told


@pytest.mark.parametrize("base", [SAMPLE, WORLD], ids=lambda base: base.name)
def test_a_deployment_without_faults_leaves_nothing_open_that_a_file_can_close(
    base: Base, tmp_path: Path
) -> None:
    assert told(found(base, tmp_path)) == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_found(fault: Fault, tmp_path: Path) -> None:
    texts = told(found(fault, tmp_path))
    assert any(fault.says in text for text in texts), texts


def test_there_are_thirty_faults_at_least() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 30


def test_the_page_has_the_table_of_these_faults() -> None:
    table = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in table.splitlines()
        if line.startswith("|")
    ]
    assert rows[0] == list(HEAD)
    assert [row[:2] for row in rows[2:-1]] == [[fault.name, "found"] for fault in FAULTS]
    totals = [sum(row[at] == "found" for row in rows[2:-1]) for at in range(1, len(HEAD))]
    assert rows[-1] == [f"**{len(FAULTS)} faults**", *(f"**{total}**" for total in totals)]


def test_every_member_of_an_account_is_told() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [name for name in MEMBERS if f"`{name}`" not in text] == []


def test_the_commands_that_collect_an_account_are_read_only() -> None:
    block = PAGE.read_text(encoding="utf-8").split("```sh\njq")[1].split("```")[0]
    calls = re.findall(r"\$\(aws [a-z0-9-]+ ([a-z-]+)", block)
    assert len(calls) == 17
    assert all(call.startswith(("get-", "list-", "describe-")) for call in calls)
