"""Statements with holes: what is taken to be anything, because nothing better is known."""

import pytest

from authorizer.engine.document.statement import Condition, Statement
from authorizer.engine.evaluate.patterns import MANY
from authorizer.engine.prove.automaton import Hole
from authorizer.engine.prove.symbolic import EVERYTHING, SymbolicStatement, fold, read_statement
from tests.engine.proving import CLAIMS

PLACEHOLDER = "\U000f0000"


def read(claim: str = "tenant", **members: tuple[object, ...]) -> SymbolicStatement:
    usual: dict[str, object] = {
        "effect": "Allow",
        "actions": ("s3:GetObject",),
        "resources": ("arn:aws:s3:::b",),
    }
    statement = Statement(**(usual | members))  # type: ignore[arg-type]  # the test says what it says
    return read_statement(statement, holes={PLACEHOLDER: claim}, claims=CLAIMS, isolates=claim)


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param(PLACEHOLDER, id="a claim alone"),
        pytest.param(f"arn:aws:s3:{PLACEHOLDER}:1:x", id="a claim before the fifth colon"),
    ],
)
def test_a_claim_that_may_move_the_fields_is_any_resource(resource: str) -> None:
    assert read(resources=(resource,)).resources == (EVERYTHING,)


def test_what_is_not_said_is_anything() -> None:
    statement = read(actions=(), not_actions=("s3:*",), resources=(), not_resources=("arn:aws:s3:::b",))
    assert statement.actions == (EVERYTHING,)
    assert statement.resources == (EVERYTHING,)


def test_a_policy_variable_is_any_text() -> None:
    (resource,) = read(resources=("arn:aws:s3:::b/*${aws:userid}*/x",)).resources
    assert resource == ("arn:aws:s3:::b/", MANY, "/x")


def test_a_hole_of_a_list_tells_nobody_apart() -> None:
    for claim, isolating in (("tenant", True), ("teams", False)):
        (resource,) = read(claim, resources=(f"arn:aws:s3:::b/{PLACEHOLDER}/*",)).resources
        (hole,) = [part for part in resource if isinstance(part, Hole)]
        assert hole.isolating is isolating


@pytest.mark.parametrize(("claim", "isolating"), [("sub", True), ("tenant", False)])
def test_folding_keeps_values_apart_only_where_case_does_not(claim: str, isolating: bool) -> None:
    (condition,) = read(
        claim,
        conditions=(
            Condition(operator="StringEqualsIgnoreCase", key="S3:Prefix", values=(f"T/{PLACEHOLDER}",)),
        ),
    ).conditions
    assert condition.key == "s3:prefix"
    assert condition.patterns is not None
    text, hole = fold(condition.patterns[0])
    assert text == "t/"
    assert isinstance(hole, Hole)
    assert hole.isolating is isolating


def test_what_compares_no_text_has_no_patterns() -> None:
    for operator in ("NumericLessThan", "StringNotLike", "Null"):
        (condition,) = read(conditions=(Condition(operator=operator, key="a:b", values=("1",)),)).conditions
        assert condition.patterns is None
