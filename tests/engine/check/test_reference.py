"""The reference: what is written in tables of ours agrees with it."""

import pytest

from authorizer.engine.check import reference
from authorizer.engine.check.overlap import may_be, may_equal
from authorizer.engine.document.rules import WITHOUT_RESOURCE_LEVEL

NAMED_BY_SOME_REQUESTS = {
    # Requests that name no such thing have no resource, and need `*`.
    "cloudwatch:getmetricdata": "dataset/",
    "cloudwatch:listmetrics": "dataset/",
    "cloudwatch:putmetricdata": "dataset/",
    "translate:translatetext": "terminology/",
}


@pytest.mark.parametrize("name", sorted(WITHOUT_RESOURCE_LEVEL))
def test_what_loads_on_everything_has_no_resource_level(name: str) -> None:
    service = reference.service(name.partition(":")[0])
    assert service is not None
    (action,) = service.matched(name)
    if name in NAMED_BY_SOME_REQUESTS:
        assert any(NAMED_BY_SOME_REQUESTS[name] in arn for arn in action.arns)
    else:
        assert action.arns == ()


def test_every_service_can_be_read() -> None:
    actions = [
        each for name in reference.services() if (found := reference.service(name)) for each in found.actions
    ]
    assert len(actions) > 20_000
    assert sum(not each.arns for each in actions) > 6_000
    assert all(arn == "*" or arn.count(":") >= 5 for each in actions for arn in each.arns)


def test_the_edition_is_a_day() -> None:
    assert reference.edition() >= "2026-10-27"


BUCKET, OBJECT = "arn:${Partition}:s3:::${BucketName}", "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
QUEUE = "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"


@pytest.mark.parametrize(
    ("resource", "arn", "can"),
    [
        pytest.param("arn:aws:s3:::b", BUCKET, True, id="a bucket"),
        pytest.param("arn:aws:s3:::b/x", BUCKET, False, id="an object for a bucket"),
        pytest.param("arn:aws:s3:::b", OBJECT, False, id="a bucket for an object"),
        pytest.param("arn:aws:s3:::b?x", OBJECT, True, id="one character that may be a slash"),
        pytest.param("arn:aws:s3:::*", OBJECT, True, id="everything of a service"),
        pytest.param("*", OBJECT, True, id="everything"),
        pytest.param("arn:aws:s3:::${aws:username}", OBJECT, True, id="a variable"),
        pytest.param("arn:aws:s3:::\U000f0000", OBJECT, False, id="a claim, which holds no slash"),
        pytest.param("arn:aws:s3:::b\U000f0000/x", OBJECT, True, id="a claim in a path"),
        pytest.param("arn:aws:sqs:eu-west-1:1:q", QUEUE, True, id="a queue"),
        pytest.param("arn:aws:sns:eu-west-1:1:q", QUEUE, False, id="a topic for a queue"),
        pytest.param(
            "arn:aws:sqs:eu-west-1:1:q", "*", True, id="an ARN that the reference does not write out"
        ),
    ],
)
def test_a_resource_may_be_one_of_the_reference(resource: str, arn: str, can: bool) -> None:
    assert may_be(resource, arn) is can


@pytest.mark.parametrize(
    ("one", "other", "wild", "fold", "can"),
    [
        pytest.param("x*", "xy", (True, False), False, True, id="a pattern and a text"),
        pytest.param("x*", "xy", (False, False), False, False, id="two texts"),
        pytest.param("x*", "x*", (False, False), False, True, id="the same text with a star in it"),
        pytest.param("x?", "x*", (False, False), False, False, id="two texts with wildcards in them"),
        pytest.param("x", "X", (False, False), False, False, id="two cases"),
        pytest.param("x", "X", (False, False), True, True, id="two cases, which count for nothing"),
        pytest.param("a\U000f0000", "a/b", (False, False), False, True, id="a claim"),
    ],
)
def test_two_values_may_be_one_text(
    one: str, other: str, wild: tuple[bool, bool], fold: bool, can: bool
) -> None:
    assert may_equal(one, other, wild=wild, fold=fold) is can
