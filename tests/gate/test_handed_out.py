"""Lint of roles that callers hold themselves."""

import json
from typing import Any

import pytest

from authorizer.gate.handed_out import handed_out
from tests.make import make_access, sample_templates


def codes(*statements: dict[str, Any], origins: tuple[str, ...] = ()) -> list[str]:
    template = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement} for statement in statements]}
    )
    settings, templates = make_access(
        templates={**sample_templates(), "own": template},
        policies={"own": {"isolates": "sub"}},
        roles={"own": {"arn": "arn:aws:iam::123456789012:role/own", "policies": ["own"]}},
        callers={"roles": {"editor": "own"}, "origins": list(origins)},
    )
    return [code for _, code, _, _ in handed_out(settings, templates)]


OWN = "arn:aws:s3:::b/{{ sub }}/*"
ALL = "arn:aws:s3:::b/*"


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        pytest.param({"Action": "s3:PutObject", "Resource": OWN}, [], id="writing to one's own prefix"),
        pytest.param({"Action": "s3:PutObject", "Resource": ALL}, ["caller-writes"], id="writing anywhere"),
        pytest.param({"Action": "s3:*", "Resource": ALL}, ["caller-writes"], id="anything anywhere"),
        pytest.param({"Action": "s3:GetObject", "Resource": ALL}, [], id="reading what is common"),
        pytest.param(
            {"Action": "s3:ListBucket", "Resource": "arn:aws:s3:::b"},
            ["caller-lists"],
            id="listing everything",
        ),
        pytest.param(
            {
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::b",
                "Condition": {"StringLike": {"s3:prefix": "{{ sub }}/*"}},
            },
            [],
            id="listing one's own prefix",
        ),
        pytest.param({"Effect": "Deny", "Action": "s3:PutObject", "Resource": ALL}, [], id="a Deny"),
        pytest.param(
            {"Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": ALL},
            ["caller-writes", "caller-writes"],
            id="each action",
        ),
    ],
)
def test_a_role_of_callers_is_narrowed_by_a_claim_in_all_that_it_changes_or_lists(
    statement: dict[str, Any], found: list[str]
) -> None:
    allowed = {"Action": "s3:GetObject", "Resource": OWN}
    assert codes(allowed, statement) == found


def test_the_laptops_own_pages_are_told() -> None:
    reads = {"Action": "s3:GetObject", "Resource": OWN}
    assert codes(reads, origins=("https://app.example.com", "http://localhost:8000")) == ["caller-origin"]
