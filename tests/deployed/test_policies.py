"""A deployed policy, statement by statement; what cannot be read is never taken for a statement that says nothing."""

import json
from typing import Any

import pytest

from authorizer.deployed.deployment import Principal
from authorizer.deployed.policies import read_policy
from tests.deployed.factories import allow, policy


def test_a_statement_is_read_with_its_principals() -> None:
    (rule,) = read_policy(policy(allow(Principal={"AWS": ["a", "b"], "Service": "s"})), "p").rules
    assert rule.statement is not None
    assert rule.statement.actions == ("s3:GetObject",)
    assert rule.principals == (
        Principal(kind="AWS", value="a"),
        Principal(kind="AWS", value="b"),
        Principal(kind="Service", value="s"),
    )
    assert not rule.not_principals


def test_a_star_is_everybody_and_not_principal_is_told() -> None:
    (rule,) = read_policy(policy(allow(NotPrincipal="*")), "p").rules
    assert rule.principals == (Principal(kind="AWS", value="*"),)
    assert rule.not_principals


def test_a_statement_without_resource_is_about_what_it_is_on() -> None:
    (rule,) = read_policy(
        policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}), "p"
    ).rules
    assert rule.statement is not None
    assert rule.statement.resources == ("*",)


def test_json_text_is_read_as_well_and_one_statement_needs_no_list() -> None:
    document = {"Version": "2012-10-17", "Id": "x", "Statement": allow()}
    assert len(read_policy(json.dumps(document), "p").rules) == 1


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_an_old_version_says_the_same_without_variables(version: str | None) -> None:
    members = {} if version is None else {"Version": version}
    (rule,) = read_policy({**members, "Statement": [allow()]}, "p").rules
    assert rule.statement is not None
    (rule,) = read_policy(
        {**members, "Statement": [allow(resource="arn:aws:s3:::b/${aws:username}")]}, "p"
    ).rules
    assert rule.statement is None
    assert "policy variables" in rule.problem


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param("{", "not JSON", id="text that is no JSON"),
        pytest.param("[]", "no object", id="a list"),
        pytest.param(None, "no object", id="nothing"),
        pytest.param({"Version": "2012-10-17"}, "no Statement", id="no statement"),
        pytest.param({"Version": "2012-10-17", "Statement": []}, "no Statement", id="an empty list"),
        pytest.param(
            {"Version": "2012-10-17", "Statement": "zq00001open"},
            "no Statement",
            id="a statement that is open",
        ),
        pytest.param(policy(allow(), Extra=1), "has Extra", id="a member that is unknown"),
        pytest.param(
            {"Version": "2012-10-17", "Statement": ["x"]}, "no object", id="a statement that is a text"
        ),
        pytest.param(policy(allow(), Version="2099-01-01"), "2099-01-01", id="a version of the future"),
        pytest.param(policy(allow(Frobnicate=1)), "Frobnicate", id="an element that is unknown"),
        pytest.param(
            policy(allow(Condition={"StringSounds": {"a:b": "c"}})), "StringSounds", id="an operator unknown"
        ),
        pytest.param(policy(allow(Principal="x")), "neither `*`", id="a principal that is a text"),
        pytest.param(policy(allow(Principal={})), "neither `*`", id="a principal that is nobody"),
        pytest.param(
            policy(allow(Principal={"Planet": "x"})), "Planet", id="a kind of principal that is unknown"
        ),
        pytest.param(policy(allow(Principal={"AWS": [1]})), "no text", id="a principal that is a number"),
        pytest.param(policy(allow(Principal="*", NotPrincipal="*")), "and NotPrincipal", id="both"),
        pytest.param(policy(allow(action=[])), "Action", id="no action"),
    ],
)
def test_what_cannot_be_read_is_a_problem_with_its_place(document: Any, says: str) -> None:
    (rule,) = read_policy(document, "place").rules
    assert rule.statement is None
    assert says in rule.problem
    assert rule.place == "place"
