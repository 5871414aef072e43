"""The table of assumptions: each printed one has its row, and each row its ruling."""

import pytest

from authorizer.engine.check.services import FACTS
from authorizer.engine.prove.proof import RESTS_ON
from authorizer.engine.prove.separation import KEYS
from authorizer.gate import OWN, PRINTED, prove_settings, rule_on
from authorizer.gate.rulings import Ruling, checked, left_open, refuted
from tests.deployed.sample import told, world
from tests.make import sample_access


def test_every_assumption_that_a_proof_prints_has_a_row() -> None:
    said = {row.says for row in PRINTED}
    assert said >= {*RESTS_ON, *(key.rests_on for key in KEYS), *(fact.says for fact in FACTS)}
    printed = {line for proof in prove_settings(sample_access()) for line in proof.rests_on}
    assert printed <= said


def test_every_row_has_a_check_or_says_who_says_it() -> None:
    assert all(row.check is not None or row.because for row in (*PRINTED, *OWN))


def test_a_whole_account_leaves_nothing_open_that_a_file_can_close() -> None:
    lines = [line for proof in prove_settings(sample_access()) for line in proof.rests_on]
    rulings = [step() for step in rule_on(world(), lines)]
    found = {
        ruling.assumption: [note.text for note in ruling.notes if note.status != "CHECKED"]
        for ruling in rulings
        if ruling.status == "REFUTED" or ruling.closable
    }
    # `get-account-authorization-details` does not say how long sessions may last.
    assert found == {
        "each role lets its sessions last as long as access.toml asks": [
            f"role {name} has no MaxSessionDuration that could be read"
            for name in sample_access().settings.roles
        ]
    }
    assert [ruling.printed for ruling in rulings].index(False) == len(dict.fromkeys(lines))


def test_a_line_without_a_row_is_open_and_no_file_closes_it() -> None:
    (ruling, *_) = [step() for step in rule_on(world(), ["issuers' users are apart by `tenant`"])]
    assert (ruling.status, ruling.closable) == ("OPEN", False)
    assert "access.toml" in ruling.notes[0].closes


def test_a_fact_of_a_service_names_its_source() -> None:
    fact = FACTS[0]
    (ruling, *_) = [step() for step in rule_on(world(), [fact.says])]
    assert fact.source in ruling.notes[0].closes
    assert not ruling.closable


def test_nothing_deployed_leaves_every_check_open() -> None:
    from tests.deployed.factories import from_account

    empty = world(deployment=from_account())
    for row in (*PRINTED, *OWN):
        if row.check is not None and "tags" not in row.says:
            notes = [*row.check(empty)]
            refuted_ones = [note for note in notes if note.status == "REFUTED"]
            assert refuted_ones == [], row.says
            assert told(iter(notes)) or "another account" in row.says, row.says


@pytest.mark.parametrize(
    ("notes", "status", "closable"),
    [
        ((checked("a", "p"),), "CHECKED", False),
        ((checked("a", "p"), left_open("b", "p", closes="c")), "OPEN", True),
        ((left_open("b", "p", closes="c", closable=False),), "OPEN", False),
        ((left_open("b", "p", closes="c", closable=False), left_open("b", "p", closes="c")), "OPEN", True),
        ((left_open("b", "p", closes="c"), refuted("d", "p")), "REFUTED", False),
        ((), "OPEN", False),
    ],
)
def test_a_ruling_is_as_bad_as_its_worst_note(notes: tuple[object, ...], status: str, closable: bool) -> None:
    ruling = Ruling(assumption="x", printed=True, notes=notes)  # type: ignore[arg-type]
    assert (ruling.status, ruling.closable) == (status, closable)
