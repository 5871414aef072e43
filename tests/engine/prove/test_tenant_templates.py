"""Templates by which teams keep tenants apart, by service and by the type of the claim: which isolate, and which
only look as if they did."""

from typing import Any

import pytest

from authorizer.engine.language.declaring import declare
from tests.engine.proving import assert_confirmed, prove_plain, statement, template

KINDS: dict[str, dict[str, Any]] = {
    "uuid": {"type": "uuid"},
    "slug": {"type": "slug", "max_length": 32},
    "email": {"type": "email"},
    "digits": {"type": "digits"},
    "enum": {"type": "enum", "values": ["acme", "acme-2"]},
    "opaque": {"type": "opaque"},
}
ALL = frozenset(KINDS)
VARIABLE = ALL - {"uuid"}
"""Types of which one value may begin another."""
TABLE = "arn:aws:dynamodb:*:*:table/orders"
BUCKET = "arn:aws:s3:::files"
OBJECTS = statement(Action=["s3:GetObject", "s3:PutObject"], Resource=f"{BUCKET}/{{{{tenant}}}}/*")


def leading(
    key: str, operator: str = "ForAllValues:StringEquals", *, present: bool = False
) -> dict[str, Any]:
    condition = {operator: {key: ["{{tenant}}"]}} | ({"Null": {key: "false"}} if present else {})
    return statement(Action="dynamodb:*", Resource=TABLE, Condition=condition)


def listing(*prefixes: str) -> dict[str, Any]:
    return statement(
        Action="s3:ListBucket", Resource=BUCKET, Condition={"StringLike": {"s3:prefix": [*prefixes]}}
    )


def tagged(action: str, resource: str, operator: str, key: str) -> dict[str, Any]:
    return statement(Action=action, Resource=resource, Condition={operator: {key: "{{tenant}}"}})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("statements", "leaks"),
    [
        pytest.param(
            [leading("dynamodb:LeadingKeys", present=True)], set(), id="rows by their key, which is there"
        ),
        pytest.param([leading("dynamodb:LeadingKeys")], ALL, id="rows by their key, which may be absent"),
        pytest.param([leading("dynamodb: LeadingKeys")], ALL, id="rows by a key that is spelt with a space"),
        pytest.param(
            [leading("dynamodb:LeadingKeys", "ForAnyValue:StringEquals", present=True)],
            ALL,
            id="rows of which one is theirs",
        ),
        pytest.param(
            [tagged("elasticfilesystem:DescribeAccessPoints", "*", "StringEquals", "aws:ResourceTag/name")],
            set(),
            id="access points by a tag",
        ),
        pytest.param(
            [
                tagged(
                    "secretsmanager:GetSecretValue",
                    "arn:aws:secretsmanager:*:*:*",
                    "ForAnyValue:StringEquals",
                    "secretsmanager:ResourceTag/tenant",
                )
            ],
            set(),
            id="secrets by a tag",
        ),
        pytest.param(
            [tagged("secretsmanager:GetSecretValue", "*", "StringEqualsIfExists", "aws:ResourceTag/tenant")],
            ALL,
            id="secrets by a tag, and those without one",
        ),
        pytest.param(
            [statement(Action="ssm:GetParameter", Resource="arn:aws:ssm:*:*:parameter/{{tenant}}")],
            set(),
            id="parameters by their name",
        ),
        pytest.param(
            [statement(Action="ssm:GetParameter", Resource="arn:aws:ssm:eu-west-1:1:parameter/{{tenant}}*")],
            VARIABLE,
            id="parameters by how their name begins",
        ),
        pytest.param(
            [statement(Action="ssm:GetParameter", Resource="arn:aws:ssm:*:*:parameter/{{tenant}}*")],
            ALL,
            id="parameters by how their name begins, in any account",
        ),
        pytest.param([listing("{{tenant}}/", "{{tenant}}/*"), OBJECTS], set(), id="a folder"),
        pytest.param(
            [listing("{{tenant}}", "{{tenant}}/", "{{tenant}}/*"), OBJECTS],
            VARIABLE,
            id="a folder, and a listing without a slash",
        ),
        pytest.param(
            [statement(Action="sqs:*", Resource="arn:aws:sqs:*:*:{{tenant}}_queue")],
            {"opaque"},
            id="queues by how their name begins, in any account",
        ),
        pytest.param(
            [statement(Action="sqs:*", Resource="arn:aws:sqs:eu-west-1:1:{{tenant}}_queue")],
            set(),
            id="queues by how their name begins, in one account",
        ),
    ],
)
def test_a_template_isolates_tenants(statements: list[Any], leaks: frozenset[str], kind: str) -> None:
    proof, render = prove_plain(template(*statements), {"tenant": declare(KINDS[kind])})
    if kind in leaks:
        assert_confirmed(proof, render)
    else:
        assert (proof.verdict, proof.findings) == ("PROVEN", ())
