"""Events of every shape, and everything a client can do to the place where the token stands."""

import json
from typing import Any

import pytest

from authorizer.errors import (
    EventUnknown,
    Refusal,
    RequestedRoleAmbiguous,
    SchemeRefused,
    TokenAmbiguous,
    TokenMissing,
)
from authorizer.gateway.parse import parse
from authorizer.model import Shape
from authorizer.settings.schema import DEFAULT_ROLE, Settings
from tests.make import ROOT, make_settings, sample_settings

SHAPES = {
    "rest-token-allow": Shape.REST_TOKEN,
    "rest-request-allow": Shape.REST_REQUEST,
    "http-1-allow": Shape.HTTP_1,
    "http-2-allow": Shape.HTTP_2,
    "websocket-allow": Shape.WEBSOCKET,
}


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


def with_headers(headers: object, multiple: object = None) -> dict[str, Any]:
    """A request with these headers, and the one that asks for no role in particular."""
    if isinstance(headers, dict):
        headers = {"x-role": DEFAULT_ROLE, **headers}
    return {**sample("rest-request-allow"), "headers": headers, "multiValueHeaders": multiple}


def uncached(**gateway: Any) -> Settings:
    return make_settings(gateway={"result_ttl": "0s", **gateway})


@pytest.mark.parametrize(("name", "shape"), SHAPES.items())
def test_each_shape_is_recognised_and_its_token_found(name: str, shape: Shape) -> None:
    request = parse(sample(name), sample_settings())
    assert request.shape is shape
    assert request.token.startswith("local:")


def test_the_token_is_not_in_the_repr_of_a_request() -> None:
    assert "local:" not in repr(parse(sample("rest-token-allow"), sample_settings()))


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(None, id="nothing"),
        pytest.param([], id="a list"),
        pytest.param({}, id="an empty object"),
        pytest.param({"type": "token", "methodArn": "x"}, id="a type in lower case"),
        pytest.param(sample("unknown-shape-failure"), id="an event of a proxy integration"),
        pytest.param({"type": "REQUEST", "version": "3.0"}, id="a payload version that does not exist"),
        pytest.param(
            {"type": "REQUEST", "requestContext": {"connectionId": "x", "eventType": "MESSAGE"}},
            id="a WebSocket message, which has no authorizer",
        ),
        pytest.param({"type": "TOKEN", "authorizationToken": "Bearer x"}, id="no ARN"),
    ],
)
def test_an_event_of_no_known_shape_is_a_failure(event: object) -> None:
    with pytest.raises(EventUnknown):
        parse(event, sample_settings())


@pytest.mark.parametrize(
    ("headers", "multiple", "refusal"),
    [
        pytest.param({}, {}, TokenMissing, id="no header"),
        pytest.param(None, None, TokenMissing, id="headers are null"),
        pytest.param({"Authorization": ""}, None, TokenMissing, id="an empty header"),
        pytest.param({"Authorization": "   "}, None, TokenMissing, id="a blank header"),
        pytest.param({"Authorization": "Bearer"}, None, TokenMissing, id="Bearer and nothing after it"),
        pytest.param({"Authorization": "Bearer   "}, None, TokenMissing, id="Bearer and blanks"),
        pytest.param({"Authorization": "a.b.c"}, None, SchemeRefused, id="a bare token"),
        pytest.param({"Authorization": "Basic dTpw"}, None, SchemeRefused, id="Basic"),
        pytest.param({"Authorization": "Bearer\ta.b.c"}, None, SchemeRefused, id="a tab after Bearer"),
        pytest.param({"Authorization": "Bearer a b"}, None, TokenAmbiguous, id="two words after Bearer"),
        pytest.param({"Authorization": "Bearer a,Bearer b"}, None, TokenAmbiguous, id="two headers joined"),
        pytest.param(
            {"Authorization": "Bearer a"},
            {"Authorization": ["Bearer a", "Bearer b"]},
            TokenAmbiguous,
            id="two Authorization headers",
        ),
        pytest.param(
            {"Authorization": "Bearer a", "authorization": "Bearer b"},
            None,
            TokenAmbiguous,
            id="the header in two spellings",
        ),
        pytest.param(
            {"Authorization": "Bearer a"},
            {"Authorization": ["Bearer b"]},
            TokenAmbiguous,
            id="the two maps disagree",
        ),
        pytest.param({"Authorization": ["Bearer a"]}, None, TokenMissing, id="a header that is a list"),
    ],
)
def test_a_request_without_exactly_one_bearer_token_is_unauthorized(
    headers: object, multiple: object, refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal) as caught:
        parse(with_headers(headers, multiple), sample_settings())
    assert "Bearer a" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_case_of_the_scheme_does_not_matter(scheme: str) -> None:
    event = with_headers({"authorization": f"{scheme} a.b.c"})
    assert parse(event, sample_settings()).token == "a.b.c"


def test_a_token_in_the_query_and_one_in_the_header_are_ambiguous() -> None:
    event = {**sample("rest-request-allow"), "queryStringParameters": {"token": "x"}}
    with pytest.raises(TokenAmbiguous):
        parse(event, uncached())
    # A cache that is keyed by both passes on what has both.
    keyed = make_settings(gateway={"identity_sources": ["authorization", "query:token", "x-role"]})
    with pytest.raises(TokenAmbiguous):
        parse(event, keyed)


@pytest.mark.parametrize("name", ["rest-request-allow", "http-1-allow", "http-2-allow"])
def test_where_answers_are_cached_a_token_counts_only_where_the_cache_looks(name: str) -> None:
    # Were the one in the query to change the answer, the cache would repeat that answer to requests without it.
    event = sample(name)
    token = parse(event, sample_settings()).token
    beside = {**event, "queryStringParameters": {"token": "x"}}
    assert parse(beside, sample_settings()).token == token
    alone = {**beside, "headers": {"x-role": DEFAULT_ROLE}, "multiValueHeaders": {}}
    with pytest.raises(TokenMissing):
        parse(alone, sample_settings())
    assert parse(alone, uncached()).token == "x"


def test_a_header_that_is_blank_to_python_alone_still_counts_beside_a_token_in_the_query() -> None:
    # The gateway's cache is keyed by that header: were it overlooked, the query's token would be cached under it.
    event = with_headers({"authorization": "\xa0"}) | {"queryStringParameters": {"token": "x"}}
    with pytest.raises(SchemeRefused):
        parse(event, sample_settings())
    with pytest.raises(TokenAmbiguous):
        parse(event, uncached())


def test_a_token_is_only_looked_for_where_the_settings_say() -> None:
    settings = make_settings(gateway={"token_sources": ["header:authorization"]})
    with pytest.raises(TokenMissing):
        parse(sample("websocket-allow"), settings)


def test_query_parameters_are_case_sensitive() -> None:
    event = {**sample("websocket-allow"), "queryStringParameters": {"Token": "x"}}
    event.pop("multiValueQueryStringParameters")
    with pytest.raises(TokenMissing):
        parse(event, sample_settings())


@pytest.mark.parametrize("keys", [("cookies", "queryStringParameters", "pathParameters", "stageVariables")])
def test_an_http_api_event_without_its_optional_keys_is_parsed(keys: tuple[str, ...]) -> None:
    event = {key: value for key, value in sample("http-2-allow").items() if key not in keys}
    assert parse(event, sample_settings()).shape is Shape.HTTP_2


def test_the_requested_role_is_found_whatever_its_header_is_called_in_case() -> None:
    assert parse(sample("requested-role-allow"), sample_settings()).requested_role == "viewer"


@pytest.mark.parametrize(
    ("single", "multiple"),
    [
        pytest.param({"X-Role": "admin"}, {"X-Role": ["viewer", "admin"]}, id="a header twice"),
        pytest.param({"X-Role": "viewer", "x-role": "admin"}, {}, id="in two spellings"),
        pytest.param({"X-Role": "viewer"}, {"X-Role": ["admin"]}, id="the two maps disagree"),
    ],
)
@pytest.mark.parametrize("settings", [sample_settings(), uncached()], ids=["cached", "uncached"])
def test_several_requested_roles_are_refused_and_not_denied_since_a_denial_is_cached(
    single: dict[str, Any], multiple: dict[str, Any], settings: Settings
) -> None:
    event = sample("requested-role-allow")
    headers = {**{name: value for name, value in event["headers"].items() if name != "X-Role"}, **single}
    event |= {
        "headers": headers,
        "multiValueHeaders": {**event["multiValueHeaders"], "X-Role": [], **multiple},
    }
    with pytest.raises(RequestedRoleAmbiguous, match="several times"):
        parse(event, settings)


def test_simple_responses_are_only_for_http_apis_with_payload_2() -> None:
    settings = uncached(response="simple")
    simple = {name: parse(sample(name), settings).simple_response for name in SHAPES}
    assert simple == {name: shape is Shape.HTTP_2 for name, shape in SHAPES.items()}
