"""The edges of events and answers: nearly a shape, nearly an ARN, nearly a token, nearly too large."""

import json
from typing import Any

import pytest

from authorizer.errors import EventUnknown, NoRoute, ResponseTooLarge, TokenAmbiguous, TokenMissing
from authorizer.gateway.arns import parse_route_arn
from authorizer.gateway.parse import parse
from authorizer.gateway.respond import MAX_PRINCIPAL, _allowing, _at_most, _policy, allow, deny, refresh
from authorizer.model import Routes, Shape
from tests.make import ROOT, make_identity, make_request, make_settings, sample_settings

ARN = "arn:aws:execute-api:eu-west-1:123456789012:abcdef1234"
ROUTES = Routes(patterns=(f"{ARN}/prod/GET/files/*",), closed=(), matched="GET /files/*")


def sample(name: str, **changes: Any) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return {**event, **changes}


# ── ARNs ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"arn:aws:execute-api:eu-west-1:{'1' * 65}:abc/prod/GET/a", id="an account of 65 characters"
        ),
        pytest.param("arn:aws:execute-api:eu-west-1:*:abc/prod/GET/a", id="any account"),
        pytest.param(f"{ARN}/{'s' * 129}/GET/a", id="a stage of 129 characters"),
        pytest.param(f"{ARN}/prod/GET1/a", id="a method with a digit behind"),
        pytest.param(f"{ARN}/prod/GETx/a", id="a method with a small letter behind"),
    ],
)
def test_what_is_nearly_the_arn_of_a_route_is_refused(text: str) -> None:
    with pytest.raises(EventUnknown):
        parse_route_arn(text, websocket=False)


def test_the_longest_stage_is_taken() -> None:
    assert len(parse_route_arn(f"{ARN}/{'s' * 128}/GET/a", websocket=False).stage) == 128


# ── Shapes: all else as in a good event, so that nothing but the shape can be what is refused ─────────────────────


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(sample("rest-request-allow", version="3.0"), id="a payload version that does not exist"),
        pytest.param(sample("http-2-allow", type="TOKENS"), id="2.0 of another type"),
        pytest.param(sample("http-1-allow", type="TOKENS"), id="1.0 of another type"),
        pytest.param(sample("rest-request-allow", type="TOKENS"), id="REST of another type"),
        pytest.param(sample("websocket-allow", type="TOKENS"), id="WebSocket of another type"),
        pytest.param(sample("websocket-allow", version="3.0"), id="WebSocket with a version"),
        pytest.param(sample("rest-request-allow", version="9"), id="REST with a version"),
        pytest.param(
            sample("websocket-allow", requestContext={"eventType": "MESSAGE", "connectionId": "x"}),
            id="a WebSocket's message",
        ),
    ],
)
def test_an_event_that_is_nearly_of_a_shape_is_of_none(event: dict[str, Any]) -> None:
    with pytest.raises(EventUnknown, match="none of the five shapes"):
        parse(event, sample_settings())


@pytest.mark.parametrize("context", [None, [], "text", 7])
def test_an_event_without_a_context_is_read_without_it(context: object) -> None:
    request = parse(sample("rest-request-allow", requestContext=context), sample_settings())
    assert (request.shape, request.request_id) == (Shape.REST_REQUEST, None)


@pytest.mark.parametrize(("said", "read"), [("7", "7"), (7, None), (None, None), (["7"], None)])
def test_a_request_id_is_a_text(said: object, read: str | None) -> None:
    event = sample("rest-request-allow", requestContext={"requestId": said})
    assert parse(event, sample_settings()).request_id == read


@pytest.mark.parametrize(("said", "read"), [("GET /a", "GET /a"), (7, None), (None, None)])
def test_a_route_key_is_a_text(said: object, read: str | None) -> None:
    assert parse(sample("http-2-allow", routeKey=said), sample_settings()).route_key == read


@pytest.mark.parametrize(
    ("name", "connection"),
    [("websocket-allow", "x"), ("http-1-allow", None), ("http-2-allow", None), ("rest-token-allow", None)],
)
def test_only_a_websocket_has_a_connection(name: str, connection: str | None) -> None:
    """What is kept for a connection is kept under its id."""
    event = sample(name)
    event["requestContext"] = {**event.get("requestContext", {}), "connectionId": "x"}
    assert parse(event, sample_settings()).connection_id == connection


# ── Tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "value", ["Bearer a.b.c", " Bearer a.b.c", "Bearer a.b.c ", "Bearer   a.b.c", "bEARER a.b.c"]
)
def test_blanks_around_a_token_are_no_part_of_it(value: str) -> None:
    request = parse(sample("rest-token-allow", authorizationToken=value), sample_settings())
    assert request.token == "a.b.c"


@pytest.mark.parametrize("value", ["Bearer a.b.c,d.e.f", "Bearer a.b.c d.e.f", "Bearer a.b.c, Bearer d.e.f"])
def test_two_tokens_in_one_header_are_not_one(value: str) -> None:
    with pytest.raises(TokenAmbiguous):
        parse(sample("rest-token-allow", authorizationToken=value), sample_settings())


@pytest.mark.parametrize("value", [None, 7, ["Bearer a.b.c"], {}])
def test_a_token_is_a_text(value: object) -> None:
    with pytest.raises(TokenMissing):
        parse(sample("rest-token-allow", authorizationToken=value), sample_settings())


@pytest.mark.parametrize("headers", ["Headers", "headers"])
def test_a_header_is_the_same_in_any_case(headers: str) -> None:
    many = {"AUTHORIZATION": ["Bearer a.b.c"], "X-ROLE": ["default"]} if headers == "Headers" else None
    one = {"aUTHORIZATION": "Bearer a.b.c", "x-rOLE": "default"} if headers == "headers" else None
    event = sample("rest-request-allow", headers=one, multiValueHeaders=many)
    assert parse(event, sample_settings()).token == "a.b.c"


def test_a_query_parameter_is_not_the_same_in_another_case() -> None:
    event = sample(
        "websocket-allow",
        queryStringParameters={"TOKEN": "a.b.c"},
        multiValueQueryStringParameters={"Token": ["a.b.c"]},
    )
    with pytest.raises(TokenMissing):
        parse(event, sample_settings())


@pytest.mark.parametrize("values", ["Bearer a.b.c", 7, {"a": "Bearer a.b.c"}, [7, None, ["Bearer a.b.c"]]])
def test_of_many_values_only_texts_in_a_list_count(values: object) -> None:
    event = sample("rest-request-allow", headers={}, multiValueHeaders={"authorization": values})
    with pytest.raises(TokenMissing):
        parse(event, sample_settings())


# ── Answers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def credentials(size: int = 8) -> dict[str, str]:
    return {"accessKeyId": "ASIA", "secretAccessKey": "s", "sessionToken": "t" * size}


def answered(size: int, **request: Any) -> dict[str, object]:
    return allow(make_request(**request), make_identity(), ROUTES, credentials(size), sample_settings())


def test_a_websockets_answer_of_exactly_eight_kibibytes_is_the_largest() -> None:
    around = len(json.dumps(answered(0, shape=Shape.WEBSOCKET)))
    assert len(json.dumps(answered(8192 - around, shape=Shape.WEBSOCKET))) == 8192
    with pytest.raises(ResponseTooLarge, match="has 8193 bytes"):
        answered(8193 - around, shape=Shape.WEBSOCKET)


def test_the_guess_of_an_answers_size_covers_the_longest_names_and_the_emptiest_lists() -> None:
    """One character outside the BMP is twelve bytes of JSON; an empty text, its quotes and its comma are four."""
    longest, emptiest = "\U0001f600" * MAX_PRINCIPAL, ("",) * 1000
    answer = _policy(longest, _allowing(Routes(patterns=emptiest, closed=emptiest, matched=None)), {})
    answer["usageIdentifierKey"] = longest
    assert MAX_PRINCIPAL == 1024
    assert _at_most({}, (*emptiest, *emptiest)) >= len(json.dumps(answer).encode())


def test_a_simple_answer_carries_the_context_too() -> None:
    answer = answered(8, shape=Shape.HTTP_2, simple_response=True)
    assert answer["isAuthorized"] is True
    context: Any = answer["context"]
    assert context["sessionToken"] == "t" * 8


def test_a_usage_key_is_sent_only_where_one_is_configured_and_claimed() -> None:
    settings = make_settings(gateway={"usage_key_claim": "tenant"})
    claimed = allow(make_request(), make_identity(), ROUTES, credentials(), settings)
    unclaimed = allow(make_request(), make_identity(claims={}), ROUTES, credentials(), settings)
    assert claimed["usageIdentifierKey"] == "acme"
    assert "usageIdentifierKey" not in unclaimed
    assert "usageIdentifierKey" not in answered(8)


def test_a_stranger_is_denied_under_a_name_that_says_so() -> None:
    """API Gateway takes no policy without a `principalId`."""
    assert deny(make_request(), None, "no_role")["principalId"] == "unknown"
    assert deny(make_request(), "ada", "no_role")["principalId"] == "ada"


def test_who_could_not_connect_any_more_is_given_nothing_fresh() -> None:
    def refreshed(matched: str | None) -> dict[str, object]:
        routes = Routes(patterns=(f"{ARN}/prod/$connect",), closed=(), matched=matched)
        return refresh(make_identity(), routes, credentials(), sample_settings())

    context: Any = refreshed("$connect")["context"]
    assert context["sessionToken"] == "t" * 8
    with pytest.raises(NoRoute, match=r"open \$connect no longer"):
        refreshed(None)
