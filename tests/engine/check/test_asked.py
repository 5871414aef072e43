"""A question about a request: one action that there is, and the whole name of something that it works on."""

import pytest

from authorizer.engine.check import request_problems

OBJECT = "arn:aws:s3:::b/x"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", OBJECT),
        ("S3:getobject", OBJECT),
        ("sqs:ListQueues", "*"),
        ("s3:ListBucket", "arn:aws-cn:s3:::b"),
    ],
)
def test_what_there_is_can_be_asked(action: str, resource: str) -> None:
    assert list(request_problems(action, resource)) == []


@pytest.mark.parametrize(
    ("action", "resource", "said"),
    [
        ("GetObject", OBJECT, "'GetObject' is no action: expected SERVICE:NAME, such as s3:GetObject"),
        ("s3:", OBJECT, "'s3:' is no action: expected SERVICE:NAME, such as s3:GetObject"),
        ("sqqs:SendMessage", OBJECT, "'sqqs:SendMessage': AWS has no service 'sqqs' (closest: sqs)"),
        ("s3:GetObjekt", OBJECT, "'s3:GetObjekt' is no action of 's3' (closest: s3:GetObject)"),
        (
            "s3:ListB*",
            OBJECT,
            "'s3:ListB*' is a pattern: expected one action of s3:ListBucket, s3:ListBucketMultipartUploads, "
            "s3:ListBucketVersions",
        ),
        ("s3:Nothing?", OBJECT, "'s3:Nothing?' is a pattern: expected one action"),
        ("s3:ListBucket", "*", "'*' is every resource: expected one of arn:${Partition}:s3:${Region}"),
        (
            "s3:ListBucket",
            "b",
            "'b' is no ARN: expected arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME, such as arn:",
        ),
        ("s3:ListBucket", "arn:aws:s3:::", "'arn:aws:s3:::' is no ARN: expected arn:PARTITION"),
        ("s3:ListBucket", "urn:aws:s3:::b", "'urn:aws:s3:::b' is no ARN: expected arn:PARTITION"),
        ("s3:ListBucket", "arn:aws::::b", "'arn:aws::::b' is no ARN: expected arn:PARTITION"),
        (
            "s3:ListBucket",
            "arn:awz:s3:::b",
            "'arn:awz:s3:::b' is of no partition: expected one of aws, aws-cn",
        ),
        (
            "s3:GetObject",
            "arn:aws:s3:::b/*",
            "'arn:aws:s3:::b/*' is a pattern: expected the name of one resource",
        ),
        ("s3:GetObject", "arn:aws:s3:::b/${x}", "is a pattern: expected the name of one resource"),
        (
            "sqs:ListQueues",
            "arn:aws:sqs:us-east-1:1:q",
            "'sqs:ListQueues' has no resource level: expected '*', found",
        ),
        (
            "s3:GetObject",
            "arn:aws:s3:::b",
            "'s3:GetObject' never works on 'arn:aws:s3:::b': expected arn:${Partition}",
        ),
    ],
)
def test_what_there_is_not_is_told_with_what_was_expected(action: str, resource: str, said: str) -> None:
    (problem,) = request_problems(action, resource)
    assert said in problem


def test_everything_that_is_wrong_is_told_at_once() -> None:
    assert len(list(request_problems("s3:GetObjekt", "nonsense"))) == 2
    assert len(list(request_problems("s3:GetObject", "arn:awz:s3:::b"))) == 2


def test_a_pattern_of_many_actions_names_a_few() -> None:
    (problem,) = request_problems("s3:Get*", OBJECT)
    assert problem.count("s3:Get") == 5
    assert "more" in problem
    (problem,) = request_problems("ec2:RunInstances", "arn:aws:s3:::b")
    assert problem.endswith(" and others")
