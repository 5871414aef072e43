"""The corners of the parts: what no request of the tables comes through."""

import base64
from dataclasses import replace
from typing import Any, Final

import pytest
from starlette.websockets import WebSocketDisconnect, WebSocketState

from authorizer.errors import SettingsError
from authorizer.local_gateway import websocket
from authorizer.local_gateway.api import Api, Cors, Door, Route, Source
from authorizer.local_gateway.backends import BackendFailed, FunctionBackend
from authorizer.local_gateway.cache import ENTRIES, Cache
from authorizer.local_gateway.decisions import MASK, masked
from authorizer.local_gateway.events import integration_event
from authorizer.local_gateway.gateway import Stopped, stopped_by
from authorizer.local_gateway.guard import own_hosts
from authorizer.local_gateway.incoming import Incoming, new_ids
from authorizer.local_gateway.kinds import QUOTAS, REST_TOKEN
from authorizer.local_gateway.proxy_answers import Said, message_unsendable, proxied, said_of
from authorizer.local_gateway.responses import preflight_reply
from authorizer.local_gateway.routing import match
from authorizer.local_gateway.sources import read_source, values_of
from authorizer.local_gateway.verdicts import Answer, Malformed, read_answer
from tests.local_gateway.stage import policy


def api(*routes: str, **more: Any) -> Api:
    said: dict[str, Any] = {
        "protocol": "REST", "api_id": "a", "stage": "s", "region": "r", "account": "1", "partition": "aws",
        "routes": tuple(Route(method=key.split()[0], path=key.split()[1], door=None) for key in routes),
    }  # fmt: skip
    return Api(**{**said, **more})


def incoming(**more: Any) -> Incoming:
    return Incoming(**{"method": "GET", "path": "/a", "time": 0.0, **new_ids(0), **more})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a", None),
        ("/a/", None),
        ("/a/b", "/a/{x}"),
        ("/a/b/c", "/a/{x}/c"),
        ("/b/", None),
        ("/b/c", "/b/{p+}"),
    ],
)
def test_a_variable_takes_a_segment_that_is_there(path: str, expected: str | None) -> None:
    found = match(api("GET /a/{x}", "GET /a/{x}/c", "GET /b/{p+}"), "GET", path)
    assert (found and found.route.path) == expected


@pytest.mark.parametrize("protocol", ["REST", "HTTP"])
def test_each_place_of_an_identity_source(protocol: Any) -> None:
    here = api("GET /a", protocol=protocol, stage_variables={"v": "1"})
    asked = incoming(query="t=1&t=2&T=3", headers=(("A", "x"), ("a", "y")))
    found = match(here, "GET", "/a")
    assert found is not None
    sources = [
        read_source(text, "here")
        for text in (
            "method.request.header.A", "query:t", "method.request.querystring.none", "stageVariables.v",
            "context.accountId", "$context.routeKey", "context.unknown", "header-of-ours",
        )
    ]  # fmt: skip
    joined = protocol == "HTTP"
    assert values_of(sources, here, asked, found) == [
        "x,y" if joined else "y", "1,2" if joined else "2", None, "1", "1", "GET /a", None, None,
    ]  # fmt: skip
    with pytest.raises(SettingsError, match="here: 'a b' is no identity source"):
        read_source("a b", "here")


def test_the_cache_is_bounded_and_tells_what_it_has() -> None:
    now = [0.0]
    cache = Cache(lambda: now[0])
    door = Door(name="d", kind=REST_TOKEN, sources=(Source(place="header", name="a"),), ttl=10)
    answer = Answer(principal="p", policy=None, authorized=True, context={})
    for number in range(ENTRIES + 1):
        cache.keep(door, [str(number)], answer, flushed=0)
    assert cache.find(door, ["0"]) is None
    assert cache.find(door, ["1"]) == (answer, 0)
    assert len(cache.entries()) == ENTRIES
    now[0] = 4
    name, entry, left = cache.entries()[0]
    assert (name, entry.values, left) == ("d", ("1",), 6)
    now[0] = 10
    assert cache.entries() == ()


def test_an_answer_that_was_asked_for_before_a_flush_is_not_kept() -> None:
    cache = Cache(lambda: 0.0)
    door = Door(name="d", kind=REST_TOKEN, sources=(Source(place="header", name="a"),), ttl=10)
    answer = Answer(principal="p", policy=None, authorized=True, context={})
    before = cache.flushed
    cache.flush()
    cache.keep(door, ["a"], answer, flushed=before)
    assert cache.find(door, ["a"]) is None
    cache.keep(door, ["a"], answer, flushed=cache.flushed)
    assert cache.find(door, ["a"]) == (answer, 0)


@pytest.mark.parametrize(
    ("response", "why"),
    [
        (policy(("Allow", "*"), usageIdentifierKey=7), "`usageIdentifierKey` is no text"),
        (policy(("Allow", "*"), context=["a"]), "`context` is no object"),
        (
            {
                "principalId": "a",
                "policyDocument": {
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*",
                        "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
                    },
                },
            },
            "has a Condition",
        ),
    ],
    ids=["a usage key", "a context", "a condition"],
)  # fmt: skip
def test_what_is_no_answer_is_told(response: object, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        read_answer(response, REST_TOKEN, QUOTAS["REST"])


@pytest.mark.parametrize(
    "said",
    [
        1,
        {"statusCode": "x"},
        {"statusCode": 99},
        {"statusCode": 100},
        {"statusCode": 199},
        {"statusCode": 600},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": {"b": 1}}},
        {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
        {"statusCode": 200, "headers": {"a\n": "b"}},
        {"statusCode": 200, "headers": {"X A": "b"}},
        {"statusCode": 200, "headers": {"": "b"}},
        {"statusCode": 200, "headers": {"a": "\x1b[31m"}},
        {"statusCode": 200, "body": "\ud800"},
        {"statusCode": 200, "body": "\u00e9", "isBase64Encoded": True},
        {"statusCode": 200, "body": "!", "isBase64Encoded": True},
    ],
    ids=str,
)
def test_what_a_function_may_not_answer(said: object) -> None:
    assert proxied(api(binary_media_types=("*/*",)), said) is None


PNG: Final = b"\x89PNG"


@pytest.mark.parametrize(
    ("types", "media", "binary"),
    [
        ((), "image/png", False),
        (("image/png",), "Image/PNG; q=1, text/html", True),
        (("image/png",), "text/html, image/png", False),
        (("image/png",), None, False),
        (("*/*",), None, True),
    ],
)
def test_a_rest_api_has_base_64_for_its_binary_media_types_alone(
    types: tuple[str, ...], media: str | None, binary: bool
) -> None:
    here = api("POST /a", binary_media_types=types)
    coded = base64.b64encode(PNG).decode()
    reply = proxied(here, {"statusCode": 200, "body": coded, "isBase64Encoded": True}, accept=media)
    assert reply is not None
    assert reply.body == (PNG if binary else coded.encode())
    asked = incoming(method="POST", headers=(("Content-Type", media),) if media else (), body=PNG)
    found = match(here, "POST", "/a")
    assert found is not None
    event = integration_event(here, asked, found, None)
    assert (event["body"], event["isBase64Encoded"]) == ((coded, True) if binary else ("\ufffdPNG", False))


def test_headers_that_stand_in_both_maps_count_once() -> None:
    said = {
        "statusCode": 200,
        "multiValueHeaders": {"A": ["1", "2"], "Content-Length": ["9"]},
        "headers": {"a": "2", "B": 3, "Connection": "close", "Content-Type": "x"},
    }
    reply = proxied(api(), said)
    assert reply is not None
    assert reply.headers == (("A", "1"), ("A", "2"), ("B", "3"), ("Content-Type", "x"))


def test_an_event_of_a_websocket_may_be_answered_with_anything() -> None:
    assert said_of(None).status == 200
    assert said_of({"statusCode": "x", "headers": 1, "body": 2}).status == 502
    assert said_of({"headers": {"sec-websocket-protocol": 1}}).protocol is None


def test_a_status_of_the_protocols_own_is_no_answer_of_a_server_to_a_message() -> None:
    said = Said(status=101, body=None, protocol=None)
    assert message_unsendable(said) == "an answer of status 101: expected one of 200 to 599"
    assert message_unsendable(replace(said, status=200)) is None


async def test_a_malformed_answer_of_a_function_is_a_bad_gateway() -> None:
    class Odd:
        async def call(self, *_: object) -> object:
            return 1

    backend = FunctionBackend(Odd())  # type: ignore[arg-type]
    here, asked = api("GET /a"), incoming()
    found = match(here, "GET", "/a")
    assert found is not None
    from authorizer.local_gateway.backends import Call

    with pytest.raises(BackendFailed, match="malformed"):
        await backend.answer(
            Call(api=here, incoming=asked, matched=found, authorizer=None, context={}, seconds=1)
        )


def test_an_open_route_of_an_http_api_names_nobody() -> None:
    here, asked = api("GET /a", protocol="HTTP"), incoming()
    found = match(here, "GET", "/a")
    assert found is not None
    assert "authorizer" not in integration_event(here, asked, found, None)["requestContext"]


def test_a_preflight_of_a_page_that_may_not_is_answered_without_leave() -> None:
    here = api("GET /a", cors=Cors(origins=("https://*",)))
    asked = incoming(
        method="OPTIONS", headers=(("Origin", "http://b"), ("Access-Control-Request-Method", "GET"))
    )
    reply = preflight_reply(here, asked)
    assert reply is not None
    assert not [name for name, _ in reply.headers if name.startswith("Access-Control")]
    leave = preflight_reply(here, replace(asked, headers=(("Origin", "https://b"), asked.headers[1])))
    assert leave is not None
    assert ("Access-Control-Allow-Origin", "https://b") in leave.headers


def test_what_was_not_foreseen_is_a_500_that_quotes_nothing() -> None:
    stopped = stopped_by(ValueError("a token"))
    assert (stopped.reason, stopped.why) == ("AUTHORIZER_FAILURE", ("the gateway failed: ValueError",))
    again = Stopped("UNAUTHORIZED", "unauthorized", "x")
    assert stopped_by(again) is again


def test_port_80_needs_no_port_in_the_host() -> None:
    assert "localhost" in own_hosts(80)
    assert "localhost" not in own_hosts(8400)


def test_secrets_are_masked_wherever_they_stand() -> None:
    event = {
        "headers": {"Authorization": "Bearer x"},
        "identitySource": ["x"],
        "list": [{"cookie": "x"}],
        "sub": "s",
    }
    assert masked(event) == {
        "headers": {"Authorization": MASK}, "identitySource": MASK, "list": [{"cookie": MASK}], "sub": "s",
    }  # fmt: skip


async def test_a_client_that_is_gone_is_gone_for_the_backend_too() -> None:
    class Gone:
        application_state = WebSocketState.DISCONNECTED

        async def send_text(self, _: str) -> None:
            raise WebSocketDisconnect(1006)

    sockets = websocket.WebSockets(None)  # type: ignore[arg-type]
    sockets.open["x"] = websocket.Connection(
        id="x",
        api=api(),
        incoming=incoming(),
        connected=0,
        active=0,
        answer=None,
        socket=Gone(),  # type: ignore[arg-type]
    )
    assert (await sockets.command("POST", "x", b"hello")).status == 410
    assert (await sockets.command("DELETE", "x", b"")).status == 204
