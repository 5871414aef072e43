"""Route ARNs keep everything that stands in them."""

import pytest

from authorizer.errors import EventUnknown
from authorizer.gateway.arns import parse_route_arn

PREFIX = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234"


@pytest.mark.parametrize(
    ("tail", "stage", "method", "path"),
    [
        pytest.param("prod/GET/files/a", "prod", "GET", "/files/a", id="an ordinary path"),
        pytest.param("prod/GET/", "prod", "GET", "/", id="the root path is one slash"),
        pytest.param("prod/GET/a:b/c:d", "prod", "GET", "/a:b/c:d", id="colons in the path stay"),
        pytest.param("$default/GET/a", "$default", "GET", "/a", id="the $default stage of an HTTP API"),
        pytest.param("prod/GET//a//b/", "prod", "GET", "//a//b/", id="empty segments stay"),
        pytest.param("prod/GET/a\nb", "prod", "GET", "/a\nb", id="a line break does not end the path"),
    ],
)
def test_a_route_arn_is_taken_apart_without_loss(tail: str, stage: str, method: str, path: str) -> None:
    route = parse_route_arn(f"{PREFIX}/{tail}", websocket=False)
    assert (route.stage, route.method, route.path) == (stage, method, path)
    assert f"{route.stage_arn}/{route.method}{route.path}" == f"{PREFIX}/{tail}"


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_the_partition_comes_from_the_event(partition: str) -> None:
    route = parse_route_arn(f"arn:{partition}:execute-api:x-y-1:123456789012:abc/prod/GET/a", websocket=False)
    assert route.stage_arn == f"arn:{partition}:execute-api:x-y-1:123456789012:abc/prod"


def test_a_websocket_route_has_no_method() -> None:
    route = parse_route_arn(f"{PREFIX}/live/$connect", websocket=True)
    assert (route.method, route.path) == ("", "$connect")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="no ARN"),
        pytest.param("", id="an empty text"),
        pytest.param("arn:aws:s3:::bucket/prod/GET/a", id="another service's ARN"),
        pytest.param("arn:evil:execute-api:eu-west-1:123456789012:abc/prod/GET/a", id="an unknown partition"),
        pytest.param("arn:aws:execute-api:eu-west-1:12345:abc/prod/GET/a", id="a short account"),
        pytest.param("arn:aws:execute-api:eu-west-1:123456789012:*/prod/GET/a", id="a wildcard for the API"),
        pytest.param(f"{PREFIX}/*/GET/a", id="a wildcard for the stage"),
        pytest.param(f"{PREFIX}/prod/GET", id="no slash after the method"),
        pytest.param(f"{PREFIX}/prod/get/a", id="a method in lower case"),
        pytest.param(f"{PREFIX}/prod", id="no method"),
    ],
)
def test_anything_else_is_no_route(text: object) -> None:
    with pytest.raises(EventUnknown):
        parse_route_arn(text, websocket=False)
