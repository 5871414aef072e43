"""Each check of the verification code is guarded: breaking it turns the test red that `guards.json` names first.

One check in four by default, all of them with ``-m nightly``, all of them against all tests with `make guards`.
"""

import json

import pytest

from tests.tokens.guards import EQUIVALENT, GUARDS, guarding, mutants

MUTANTS = mutants()
LISTED: dict[str, list[str]] = json.loads(GUARDS.read_text())


def test_the_list_is_of_the_checks_as_they_stand() -> None:
    assert sorted(LISTED) == sorted(MUTANTS), (
        "run `make guards RECORD=1`, or `python -m tests.tokens.guards --record MODULE` for one module"
    )
    assert sorted(key for key, red in LISTED.items() if not red) == sorted(EQUIVALENT)


GUARDED = [key for key, red in LISTED.items() if red]


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, id=key, marks=[] if number % 4 == 0 else pytest.mark.nightly)
        for number, key in enumerate(GUARDED)
    ],
)
def test_a_broken_check_turns_its_test_red(key: str) -> None:
    first = LISTED[key][0]
    assert guarding(MUTANTS[key], only=first) in ([first], [f"{first.split('::')[0]}::"])
