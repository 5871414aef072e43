"""Documents: each stricter rule by itself, what is malformed, and what is written back."""

import json

import pytest

from authorizer.engine.document import Condition, Statement, dump, parse_identity, parse_session
from authorizer.engine.errors import DocumentInvalid, DocumentRefused, NothingAllowed
from authorizer.engine.rules import RULES
from tests.engine.policies import policy

BROKEN = [
    pytest.param(policy(Resource=["arn:aws:s3:::a/*", None]), "null-resource", id="null among the resources"),
    pytest.param(policy(Sid="a_b"), "sid", id="a Sid with an underscore"),
    pytest.param(json.dumps({**json.loads(policy()), "Id": "x"}), "id", id="an Id"),
    pytest.param(policy(Action=None, NotAction="s3:GetObject"), "not-action", id="NotAction"),
    pytest.param(
        policy(Effect="Deny", Resource=None, NotResource="arn:aws:s3:::a/*"),
        "not-resource",
        id="NotResource in a Deny",
    ),
    pytest.param(policy(Action="s3:Get Object"), "action-form", id="an action with white space"),
    pytest.param(policy(Action="s3:"), "action-form", id="an action without a name"),
    pytest.param(policy(Action="*"), "action-forbidden", id="every action"),
    pytest.param(policy(Action="*:*"), "action-forbidden", id="every action of every service"),
    pytest.param(policy(Action=["s3:GetObject", "sts:AssumeRole"]), "action-forbidden", id="sts:AssumeRole"),
    pytest.param(policy(Action="STS:*"), "action-forbidden", id="STS in capitals"),
    pytest.param(policy(Action="iam:PassRole"), "action-forbidden", id="iam:PassRole"),
    pytest.param(policy(Resource="arn:aws:s3"), "resource-form", id="an ARN of three fields"),
    pytest.param(policy(Resource="arn:aws:s3:::"), "resource-form", id="an ARN that names nothing"),
    pytest.param(policy(Resource="*"), "resource-any", id="every resource for an action that has resources"),
    pytest.param(
        policy(Action=["s3:ListAllMyBuckets", "s3:GetObject"], Resource="*"),
        "resource-any",
        id="every resource where one of the actions has resources",
    ),
    pytest.param(
        policy(Resource="arn:aws:s3:::a/${aws:username"), "variable-form", id="an unclosed variable"
    ),
    pytest.param(policy(Resource="arn:aws:s3:::a/${}"), "variable-form", id="an empty variable"),
    pytest.param(policy(Resource="arn:aws:s3:::a/${${*}}"), "variable-form", id="a variable in a variable"),
    pytest.param(
        policy(Resource="arn:aws:sqs:${aws:region}:1:q"),
        "variable-place",
        id="a variable before the fifth colon",
    ),
    pytest.param(
        policy(Condition={"NumericEquals": {"s3:max-keys": "${aws:x}"}}),
        "variable-place",
        id="a variable in a number",
    ),
    pytest.param(
        policy(Condition={"ForAllValues:StringEquals": {"dynamodb: LeadingKeys": ["x"]}}),
        "condition-key",
        id="AWS's own sample key, with white space",
    ),
    pytest.param(
        policy(Condition={"StringEquals": {"tenant": "x"}}), "condition-key", id="a key without service"
    ),
    pytest.param(
        policy(Condition={"StringEquals": {"s3:prefix": "x", "S3:Prefix": "y"}}),
        "condition-twice",
        id="a key in two spellings",
    ),
    pytest.param(policy(Condition={"StringEquals": {}}), "condition-empty", id="an operator without keys"),
    pytest.param(
        policy(Condition={"StringEquals": {"s3:prefix": []}}), "condition-empty", id="a key without values"
    ),
    pytest.param(
        policy(Condition={"NumericEquals": {"s3:max-keys": "x"}}), "condition-value", id="no number"
    ),
    pytest.param(
        policy(Condition={"DateLessThan": {"aws:CurrentTime": "2026"}}),
        "condition-value",
        id="a date with only a year",
    ),
    pytest.param(
        policy(Condition={"Bool": {"aws:SecureTransport": "True"}}), "condition-value", id="True in capitals"
    ),
    pytest.param(policy(Condition={"Null": {"s3:prefix": "0"}}), "condition-value", id="Null of a number"),
    pytest.param(
        policy(Condition={"ForAllValues:Null": {"s3:prefix": "true"}}),
        "condition-value",
        id="Null of all values",
    ),
    pytest.param(
        policy(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.1/8"}}),
        "condition-value",
        id="a network with host bits",
    ),
    pytest.param(
        policy(Condition={"BinaryEquals": {"aws:key": "a"}}), "condition-value", id="what is no base64"
    ),
    pytest.param(
        policy(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3"}}),
        "condition-value",
        id="half an ARN in a value",
    ),
    pytest.param(
        policy(Resource="arn:aws:s3:::a/\N{CYRILLIC SMALL LETTER A}"), "character", id="a Cyrillic letter"
    ),
    pytest.param(policy(Resource="arn:aws:s3:::a/\n"), "character", id="a line feed"),
]


@pytest.mark.parametrize(("text", "rule"), BROKEN)
def test_a_stricter_rule_refuses(text: str, rule: str) -> None:
    with pytest.raises(DocumentRefused) as caught:
        parse_session(text)
    assert set(caught.value.rules) == {rule}


def test_every_stricter_rule_has_a_case() -> None:
    assert {case.values[1] for case in BROKEN} == RULES.keys()


TAKEN = [
    pytest.param(
        policy(Action="s3:ListAllMyBuckets", Resource="*"), id="every resource where IAM knows no other"
    ),
    pytest.param(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    json.loads(policy())["Statement"][0],
                    {"Effect": "Deny", "Action": "*", "Resource": "*"},
                ],
            }
        ),
        id="a Deny of everything beside an Allow",
    ),
    pytest.param(
        policy(Resource="arn:aws:s3:::a/${aws:PrincipalTag/team, 'all'}/${*}${?}${$}"),
        id="variables and escapes",
    ),
    pytest.param(policy(Condition={"NumericLessThan": {"s3:max-keys": 10}}), id="a JSON number"),
    pytest.param(
        policy(Condition={"DateLessThan": {"aws:CurrentTime": "1893456000"}}), id="a date in seconds"
    ),
    pytest.param(policy(Condition={"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "::1"]}}), id="addresses"),
]


@pytest.mark.parametrize("text", TAKEN)
def test_what_no_rule_refuses_is_taken(text: str) -> None:
    assert parse_session(dump(parse_session(text))) == parse_session(text)


def test_a_deny_alone_allows_nothing() -> None:
    with pytest.raises(NothingAllowed):
        parse_session(policy(Effect="Deny"))


MALFORMED = [
    pytest.param(
        '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}', "Version", id="a name twice"
    ),
    pytest.param(
        policy().replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"'), "Effect", id="effects"
    ),
    pytest.param("[" * 100_000, "nested too deep", id="a hundred thousand brackets"),
    pytest.param("[]", "not a JSON object", id="a list"),
    pytest.param(policy(Resource=5), "`Resource`", id="a number as resource"),
    pytest.param(policy(Resource=[5, "*"]), "`Resource`", id="a number among the resources"),
    pytest.param(policy(Condition={"NumericEquals": {"s3:max-keys": float("nan")}}), "NaN", id="NaN"),
    pytest.param(policy(Principal="*"), "principal", id="a principal"),
    pytest.param(
        policy(Condition={"NullIfExists": {"s3:prefix": "true"}}), "operator", id="Null with IfExists"
    ),
]


@pytest.mark.parametrize(("text", "said"), MALFORMED)
def test_malformed_text_is_invalid(text: str, said: str) -> None:
    with pytest.raises(DocumentInvalid, match=said) as caught:
        parse_session(text)
    assert type(caught.value) is DocumentInvalid


def test_every_problem_is_told_at_once_with_its_statement() -> None:
    good, bad = json.loads(policy())["Statement"][0], {"Effect": "allow", "Resource": "x"}
    with pytest.raises(DocumentInvalid) as caught:
        parse_identity(json.dumps({"Version": "2012-10-17", "Statement": [good, bad]}))
    assert len(caught.value.problems) == 3
    assert all(problem.startswith("statement 2: ") for problem in caught.value.problems)


def test_dump_is_minified_and_collapses_lists_of_one() -> None:
    text = policy(
        Action=["s3:GetObject"], Condition={"StringLike": {"s3:prefix": ["a/*"], "aws:x": ["b", "c"]}}
    )
    document = parse_session(text)
    assert document.statements == (
        Statement(
            effect="Allow",
            actions=("s3:GetObject",),
            resources=("arn:aws:s3:::bucket/home/*",),
            conditions=(
                Condition(operator="StringLike", key="s3:prefix", values=("a/*",)),
                Condition(operator="StringLike", key="aws:x", values=("b", "c")),
            ),
        ),
    )
    assert dump(document) == (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject",'
        '"Resource":"arn:aws:s3:::bucket/home/*","Condition":{"StringLike":{"s3:prefix":"a/*","aws:x":["b","c"]}}}}'
    )
