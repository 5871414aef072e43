"""Each planted fault is found, and nothing else is."""

from pathlib import Path

import pytest

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
