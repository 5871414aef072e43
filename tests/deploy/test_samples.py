"""Every sample in `events/` is what the gateway of `deploy/template.yaml` would send: the route that it matches, the
authorizer of that route, and the identity sources without which that authorizer is never asked."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from authorizer.local.world import Local, local
from tests.deploy.sam import resources, template
from tests.make import ACCESS, ROOT, sample_environment, sample_settings
from tests.world import sample_event

TEMPLATE = template("template.yaml")
NOT_FOR_AN_AUTHORIZER = "unknown-shape-failure"
"""What a backend is sent."""
SAMPLES = sorted({file.stem for file in (ROOT / "events").glob("*.json")} - {NOT_FOR_AN_AUTHORIZER})
HTTP_1 = "http-1-allow"
"""The deployed API has payload 2.0. One that exists may have 1.0: this is what it would send with the same identity
sources."""


class Route(NamedTuple):
    """A route of the sample's REST or HTTP API."""

    method: str
    path: str
    """With `{proxy+}`."""
    authorizer: Mapping[str, Any]
    stage: str

    def parameters(self, path: str) -> dict[str, str] | None:
        """Its path parameters; None where it does not match."""
        match = re.fullmatch(re.escape(self.path).replace(r"\{proxy\+\}", "(?P<proxy>.+)"), path)
        return match.groupdict() if match else None


def routes(kind: str) -> list[Route]:
    """Those of the REST API (`Api`) or of the HTTP API (`HttpApi`)."""
    events = resources(TEMPLATE, "AWS::Serverless::Function")["BackendFunction"]["Events"].values()
    found = []
    for event in events:
        route = event["Properties"]
        if event["Type"] == kind and route["Auth"]["Authorizer"] != "NONE":
            api = TEMPLATE["Resources"][route.get("RestApiId", route.get("ApiId"))["Ref"]]["Properties"]
            authorizer = api["Auth"]["Authorizers"][route["Auth"]["Authorizer"]]
            found.append(Route(route["Method"], route["Path"], authorizer, api["StageName"]))
    return found


def matched(kind: str, method: str, path: str) -> Route:
    """The route that the API selects: the most specific one."""
    fitting = [
        route
        for route in routes(kind)
        if route.method in ("ANY", method) and route.parameters(path) is not None
    ]
    return max(fitting, key=lambda route: len(route.path))


def asked_for(arn: str) -> tuple[str, str, str]:
    """Stage, method and path of a route's ARN."""
    stage, method, path = arn.split(":", 5)[5].split("/", 3)[1:]
    return stage, method, f"/{path}"


def values_of(authorizer: Mapping[str, Any], event: Mapping[str, Any]) -> list[str]:
    """The values of the identity sources that the event has, in their order."""
    headers = {name.lower(): value for name, value in event["headers"].items()}
    return [headers[name.lower()] for name in authorizer["Identity"]["Headers"] if name.lower() in headers]


def is_complete(authorizer: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether the gateway asks the authorizer at all: it answers 401 itself where an identity source is missing."""
    values = values_of(authorizer, event)
    return len(values) == len(authorizer["Identity"]["Headers"]) and all(value.strip() for value in values)


def response_form(authorizer: Mapping[str, Any]) -> Any:
    """What the function behind it is deployed to answer with."""
    function = authorizer["FunctionArn"]["Ref"].removesuffix(".Alias")
    return TEMPLATE["Resources"][function]["Properties"]["Environment"]["Variables"]["RESPONSE"]


@pytest.fixture(scope="module")
def here(key_folder: Path) -> Iterator[Local]:
    with local(ACCESS, {}, keys=key_folder) as laptop:
        yield laptop


def rest(event: Mapping[str, Any]) -> None:
    stage, method, path = asked_for(event["methodArn"])
    route = matched("Api", method, path)
    assert stage == route.stage
    assert event["type"] == route.authorizer.get("FunctionPayloadType", "TOKEN")
    assert response_form(route.authorizer) == sample_environment()["RESPONSE"]
    if event["type"] == "TOKEN":
        assert re.fullmatch(route.authorizer["Identity"]["ValidationExpression"], event["authorizationToken"])
        return
    assert is_complete(route.authorizer, event)
    assert event["multiValueHeaders"] == {name: [value] for name, value in event["headers"].items()}
    assert (event["httpMethod"], event["path"]) == (method, path)
    assert event["resource"] == event["requestContext"]["resourcePath"] == route.path
    assert event["pathParameters"] == route.parameters(path)
    assert (event["requestContext"]["stage"], event["requestContext"]["path"]) == (stage, f"/{stage}{path}")


def http_2(event: Mapping[str, Any]) -> None:
    stage, method, path = asked_for(event["routeArn"])
    route = matched("HttpApi", method, path)
    context = event["requestContext"]
    assert event["version"] == route.authorizer["AuthorizerPayloadFormatVersion"]
    assert response_form(route.authorizer) == sample_environment()["RESPONSE"]
    assert is_complete(route.authorizer, event)
    assert event["identitySource"] == values_of(route.authorizer, event)
    assert event["routeKey"] == context["routeKey"] == f"{route.method} {route.path}"
    assert stage == context["stage"] == route.stage
    assert event["rawPath"] == context["http"]["path"] == f"/{stage}{path}"
    assert context["http"]["method"] == method
    assert event["pathParameters"] == route.parameters(path)


def http_1(event: Mapping[str, Any]) -> None:
    _, method, path = asked_for(event["methodArn"])
    [authorizer] = [
        route.authorizer for route in routes("HttpApi") if not route.authorizer["EnableSimpleResponses"]
    ]
    assert is_complete(authorizer, event)
    assert event["identitySource"] == event["authorizationToken"] == ",".join(values_of(authorizer, event))
    assert (event["httpMethod"], event["path"]) == (method, path)


def websocket(event: Mapping[str, Any]) -> None:
    [connect] = [
        route
        for route in resources(TEMPLATE, "AWS::ApiGatewayV2::Route").values()
        if route.get("AuthorizationType") == "CUSTOM"
    ]
    sources = TEMPLATE["Resources"][connect["AuthorizerId"]["Ref"]]["Properties"]["IdentitySource"]
    stage, route_key = event["methodArn"].split("/")[1:]
    assert stage == TEMPLATE["Resources"]["WebSocketStage"]["Properties"]["StageName"]
    assert route_key == event["requestContext"]["routeKey"] == connect["RouteKey"]
    for source in sources:
        assert event["queryStringParameters"][source.removeprefix("route.request.querystring.")]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_what_the_shipped_gateway_would_send(name: str, here: Local) -> None:
    event: Any = here.sign_in(sample_event(name))
    assert "local:" not in str(event)
    if name == HTTP_1:
        http_1(event)
    elif event.get("version") == "2.0":
        http_2(event)
    elif "connectionId" in event.get("requestContext", {}):
        websocket(event)
    else:
        rest(event)


def test_of_the_http_api_nothing_but_the_preflight_is_open() -> None:
    events = resources(TEMPLATE, "AWS::Serverless::Function")["BackendFunction"]["Events"].values()
    routes_ = [event["Properties"] for event in events]
    open_ones = [route for route in routes_ if route["Auth"]["Authorizer"] == "NONE"]
    assert [(route["Method"], route["Path"]) for route in open_ones] == [("OPTIONS", "/{proxy+}")]


def test_the_laptop_caches_as_the_sample_does() -> None:
    assert sample_settings().gateway.result_ttl == TEMPLATE["Parameters"]["ResultTtl"]["Default"]


def test_the_sample_of_what_no_authorizer_is_sent_has_no_type() -> None:
    assert "type" not in sample_event(NOT_FOR_AN_AUTHORIZER)
