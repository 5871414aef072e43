"""Findings about actions and conditions that no document which loads brings together."""

import pytest

from authorizer.engine.check.actions import about_actions
from authorizer.engine.check.conditions import about_conditions
from authorizer.engine.document import Condition, Statement
from authorizer.engine.evaluate import known_operator


def contradictions(*conditions: Condition) -> list[str]:
    statement = Statement(effect="Allow", actions=("s3:GetObject",), resources=("*",), conditions=conditions)
    rows = [(each, known_operator(each.operator)) for each in conditions]
    return [code for code, _, _ in about_conditions(statement, rows) if code == "contradiction"]


@pytest.mark.parametrize(("one", "other", "apart"), [("true", "false", True), ("true", "true", False)])
def test_a_key_is_there_or_not(one: str, other: str, apart: bool) -> None:
    key = "aws:username"
    found = contradictions(*(Condition(operator="Null", key=key, values=(value,)) for value in (one, other)))
    assert bool(found) is apart


def test_of_moments_that_cannot_be_read_nothing_is_said() -> None:
    key = "aws:CurrentTime"
    before = Condition(operator="DateLessThan", key=key, values=("some day",))
    after = Condition(operator="DateGreaterThan", key=key, values=("2031-01-01T00:00:00Z",))
    assert contradictions(before, after) == []


def test_every_action_of_every_service_is_none_that_could_be_misspelt() -> None:
    statement = Statement(effect="Deny", actions=("*",), resources=("*",))
    assert list(about_actions(statement, str)) == []
