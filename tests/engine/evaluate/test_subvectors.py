"""AWS string conditions over real OIDC subjects, judged by vectors that this project did not write."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from authorizer.engine.document.statement import Condition, Document, Statement
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from tests.others import OTHERS

OPERATORS = {"aws-stringequals": "StringEquals", "aws-stringlike": "StringLike"}


def vectors() -> list[Any]:
    return [
        pytest.param(vector, id=vector["id"])
        for file in sorted((OTHERS / "subvectors").glob("*.json"))
        for vector in json.loads(file.read_text(encoding="utf-8"))["vectors"]
    ]


def conditions(condition: dict[str, Any]) -> Iterator[Condition]:
    if condition["consumer"] == "aws-all":
        for inner in condition["of"]:
            yield from conditions(inner)
        return
    pattern = condition["pattern"]
    yield Condition(
        operator=OPERATORS[condition["consumer"]],
        key=condition["claim"],
        values=(pattern,) if isinstance(pattern, str) else tuple(pattern),
    )


@pytest.mark.parametrize("vector", vectors())
def test_subvectors(vector: dict[str, Any]) -> None:
    statement = Statement(
        sid=None,
        effect="Allow",
        actions=("sts:AssumeRoleWithWebIdentity",),
        not_actions=(),
        resources=("*",),
        not_resources=(),
        conditions=tuple(conditions(vector["condition"])),
    )
    request = AccessRequest(
        action="sts:AssumeRoleWithWebIdentity",
        resource="arn:aws:iam::123456789012:role/ci",
        context=vector.get("claims") or {"sub": vector["subject"]},
    )
    outcome = evaluate(
        identity=None, session=Document(statements=(statement,)), boundary=None, request=request
    )
    assert outcome.allowed == (vector["expect"] == "match")


def test_every_vector_is_there() -> None:
    assert len(vectors()) == 68
