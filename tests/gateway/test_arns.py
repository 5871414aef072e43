"""Route ARNs keep everything that stands in them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.errors import EventUnknown
from authorizer.gateway.arns import parse_route_arn
from authorizer.identity.permit import MAX_RESOURCE
from authorizer.settings.walks import GLOBS

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
        pytest.param(f"{PREFIX}/prod/GET", id="no slash after the method"),
        pytest.param(f"{PREFIX}/prod", id="no method"),
        pytest.param(f"{PREFIX.replace('abcdef1234', 'a' * 65)}/prod/GET/a", id="an API id of 65 characters"),
        pytest.param(f"{PREFIX}/{'a' * 129}/GET/a", id="a stage of 129 characters"),
    ],
)
def test_anything_else_is_no_route(text: object) -> None:
    with pytest.raises(EventUnknown):
        parse_route_arn(text, websocket=False)


FIELDS = {
    "beginning": 0,
    "partition": 1,
    "service": 2,
    "Region": 3,
    "account id": 4,
    "API id": 5,
    "stage": 6,
    "method": 7,
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_refusal_names_the_field_and_does_not_repeat_it(name: str) -> None:
    fields = re.split("[:/]", f"{PREFIX}/prod/GET/a")
    fields[FIELDS[name]] = "*canary*"
    arn = ":".join(fields[:6]) + "/" + "/".join(fields[6:])
    with pytest.raises(EventUnknown, match=rf"^the {name} in .*: expected ") as caught:
        parse_route_arn(arn, websocket=False)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("account", ["random-account-id", "", "000000000000", "12345"])
def test_an_emulator_s_account_and_api_are_taken_as_they_are(account: str) -> None:
    stage = f"arn:aws:execute-api:us-east-1:{account}:random-api-id/dev"
    assert parse_route_arn(f"{stage}/GET/a", websocket=False).stage_arn == stage


WORDS = st.text("aB1-", min_size=1, max_size=64)
TEXTS = WORDS | WORDS | WORDS | st.text("a-*?{}/: $_", max_size=8) | st.text(max_size=140)


@given(
    account=TEXTS,
    api=TEXTS,
    stage=TEXTS | st.text("aB1-_", min_size=1, max_size=128) | st.just("$default"),
)
def test_no_wildcard_and_no_variable_ever_gets_into_the_part_that_an_answer_repeats(
    account: str, api: str, stage: str
) -> None:
    try:
        route = parse_route_arn(
            f"arn:aws:execute-api:eu-west-1:{account}:{api}/{stage}/GET/a", websocket=False
        )
    except EventUnknown:
        return
    assert not set("*?{}/: ") & set(f"{route.account_id}{route.api_id}{route.stage}")
    assert max(len(f"{route.stage_arn}/{glob}") for glob in GLOBS) <= MAX_RESOURCE
