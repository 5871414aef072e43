"""Texts and requests that are shown as a witness: what is tried, and what is passed over."""

import pytest

from authorizer.engine.document.statement import Condition, Statement
from authorizer.engine.language.claims import ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.languages import Language, Segment
from authorizer.engine.prove.solve import meet, requests_for
from authorizer.engine.prove.witness import samples

LETTERS = frozenset("ab")


def allow(action: str = "s3:GetObject", resource: str = "arn:aws:s3:::b/x", **changes: object) -> Statement:
    fields: dict[str, object] = {"effect": "Allow", "actions": (action,), "resources": (resource,)}
    return Statement(**{**fields, **changes})  # type: ignore[arg-type]  # whatever a test says


def is_null(value: str) -> Condition:
    return Condition(operator="Null", key="aws:PrincipalTag/a", values=(value,))


def test_no_empty_text_is_a_sample_even_where_a_language_has_one() -> None:
    """A claim that is there is never empty."""
    found = samples(Language(alternatives=((Segment(chars=LETTERS, min=0, max=3),),)))
    assert found
    assert "" not in found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("acme", True, id="of its type"),
        pytest.param("a/b", False, id="not of its type"),
        pytest.param(("acme",), False, id="a list where none is declared"),
    ],
)
def test_a_value_counts_only_where_it_could_reach_a_policy(value: ClaimValue, expected: bool) -> None:
    assert declare({"type": "slug"}).accepts(value) is expected


@pytest.mark.parametrize(
    ("action", "shown"),
    [
        pytest.param("s3:Get*", "s3:GetObject", id="an action that people know"),
        pytest.param(
            "s3:Restore*", "s3:RestoreObject", id="another that there is, where none that they know fits"
        ),
        pytest.param("glacier:List?obs", "glacier:ListJobs", id="one of another service"),
        pytest.param("s3:Undo*", "s3:Undox", id="the shortest text, where there is none"),
        pytest.param("*", "s3:GetObject", id="S3's, for everything"),
    ],
)
def test_a_wildcard_of_an_action_is_shown_as_an_action(action: str, shown: str) -> None:
    same = allow(action)
    assert [request.action for request in requests_for(same, unlike=[same])] == [shown]


def test_what_a_policy_variable_stands_for_is_not_guessed() -> None:
    mine = allow(resource="arn:aws:s3:::b/${aws:PrincipalTag/team}/*")
    assert list(requests_for(mine, unlike=[allow(resource="arn:aws:s3:::b/x")])) == []


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(allow(actions=()), id="no action"),
        pytest.param(allow(resources=()), id="no resource"),
        pytest.param(
            allow(conditions=(is_null("true"),)),
            id="a condition that contradicts",
        ),
    ],
)
def test_where_statements_cannot_meet_no_request_is_shown(other: Statement) -> None:
    one = allow(conditions=(is_null("false"),))
    assert meet(one, other) is None
    assert meet(one, one) is not None
