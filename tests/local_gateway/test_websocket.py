"""What API Gateway does with a WebSocket, a row each with its page: asked of the running server by a real client."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import boto3
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from authorizer.local_gateway.api import Cors, Route
from authorizer.local_gateway.backends import BackendFailed
from tests.local_gateway.stage import OPEN, ORIGIN, Stage, policy, says

AUTH: Final = "apigateway-websocket-api-lambda-auth.html"
CONNECT: Final = "apigateway-websocket-api-route-keys-connect-disconnect.html"
ROUTES: Final = "apigateway-websocket-api-develop-routes.html"
SUBPROTOCOL: Final = "websocket-connect-route-subprotocol.html"
COMMANDS: Final = "apigateway-how-to-call-websocket-api-connections.html"
QUOTAS: Final = "apigateway-execution-service-websocket-limits-table.html"
INPUT: Final = "api-gateway-lambda-authorizer-input.html"
SAID: Final = {"statusCode": 200, "body": "hello"}


def opened(stage: Stage, who: str | None = "viewer", *, path: str = "/", **more: Any) -> ClientConnection:
    """A connection as this persona, the token in the query."""
    query = "" if who is None else f"?token={stage.tokens[who]}"
    url = stage.server.url.replace("http", "ws", 1)
    made: ClientConnection = connect(f"{url}{path}{query}", proxy=None, open_timeout=20, **more)
    return made


def refused(stage: Stage, who: str | None = "viewer", **more: Any) -> tuple[int, dict[str, Any]]:
    """Status and body of a handshake that was."""
    with pytest.raises(InvalidStatus) as error, opened(stage, who, **more):
        pass
    answer = error.value.response
    return answer.status_code, json.loads(answer.body or b"{}")


def widened(stage: Stage, *routes: str, closed: tuple[str, ...] = ()) -> None:
    """With further routes, and without some."""
    configured = stage.serving.configured
    assert configured.websocket is not None
    kept = tuple(route for route in configured.websocket.routes if route.key not in closed)
    more = tuple(Route(method="", path=name, door=None) for name in routes)
    websocket = replace(configured.websocket, routes=(*kept, *more))
    stage.serving.configured = replace(configured, websocket=websocket)


def wait_for(look: Callable[[], Any]) -> Any:
    """What `look` finds, once it does."""
    until = time.monotonic() + 10
    while not (found := look()) and time.monotonic() < until:
        time.sleep(0.01)
    return found


def is_asked_once(stage: Stage) -> None:
    with opened(stage) as socket:
        socket.send("{}")
        socket.recv()
        socket.send("{}")
        socket.recv()
    assert len(stage.told.asked) == 1


def has_an_arn_without_a_verb(stage: Stage) -> None:
    with opened(stage):
        pass
    event = stage.told.asked[-1]
    assert event["methodArn"] == "arn:aws:execute-api:eu-west-1:123456789012:localwsock/local/$connect"
    assert event["type"] == "REQUEST"
    assert event["requestContext"]["routeKey"] == "$connect"
    assert event["requestContext"]["eventType"] == "CONNECT"
    assert {"path", "httpMethod", "resource"}.isdisjoint(event)
    assert event["headers"]["Upgrade"] == "websocket"


def without_a_token_is_401(stage: Stage) -> None:
    status, body = refused(stage, None)
    assert (status, body["message"], stage.told.asked) == (401, "Unauthorized", [])


def denied_is_403(stage: Stage) -> None:
    status, body = refused(stage, "no-groups")
    assert status == 403
    assert body["message"] == "User is not authorized to access this resource with an explicit deny"
    assert (stage.last.outcome, stage.last.code) == ("deny", "no_role")


def unauthorized_is_401(stage: Stage) -> None:
    status, _ = refused(stage, "expired")
    assert (status, stage.last.code) == (401, "token_expired")


def a_failure_is_500(stage: Stage) -> None:
    stage.told.says = says(error="boom")
    assert refused(stage)[0] == 500


def a_long_answer_is_500(stage: Stage) -> None:
    stage.told.says = says(policy(OPEN, context={"long": "x" * 8192}))
    assert refused(stage)[0] == 500
    assert "8,192" in stage.last.why[0]


def is_never_cached(stage: Stage) -> None:
    with opened(stage):
        pass
    with opened(stage):
        pass
    assert len(stage.told.asked) == 2


def every_message_has_the_context(stage: Stage) -> None:
    with opened(stage) as socket:
        socket.send('{"action": "x"}')
        said = json.loads(socket.recv())
    context = said["requestContext"]
    assert context["authorizer"]["username"] == "victor"
    assert context["authorizer"]["principalId"]
    assert (context["routeKey"], context["eventType"]) == ("$default", "MESSAGE")
    assert said["body"] == '{"action": "x"}'
    first = stage.backend.events[0]["requestContext"]
    assert (first["eventType"], first["connectionId"]) == ("CONNECT", context["connectionId"])


def the_body_chooses_the_route(stage: Stage) -> None:
    widened(stage, "files")
    with opened(stage) as socket:
        for text, route in (
            ('{"action": "files"}', "files"),
            ('{"action": "other"}', "$default"),
            ('{"action": "$connect"}', "$default"),
            ("no json", "$default"),
            ("[1]", "$default"),
        ):
            socket.send(text)
            assert json.loads(socket.recv())["requestContext"]["routeKey"] == route
        socket.send(b'{"action": "files"}')
        assert json.loads(socket.recv())["requestContext"]["routeKey"] == "files"


def no_route_is_said(stage: Stage) -> None:
    widened(stage, closed=("$default",))
    with opened(stage) as socket:
        socket.send("{}")
        said = json.loads(socket.recv())
    assert said["message"] == "Forbidden"
    assert said["connectionId"]


def a_failing_backend_is_said(stage: Stage) -> None:
    with opened(stage) as socket:
        stage.backend.answers = BackendFailed("BAD_GATEWAY", "ValueError")
        socket.send("{}")
        said = json.loads(socket.recv())
        assert said["message"] == "Internal server error"
        assert wait_for(lambda: stage.last.status == 500)
        assert stage.last.why == ("ValueError",)
        stage.backend.answers = {"statusCode": 200}  # nothing for the client
        socket.send("{}")
        stage.backend.answers = SAID
        socket.send("{}")
        assert socket.recv() == "hello"


def the_connect_integration_may_refuse(stage: Stage) -> None:
    stage.backend.answers = {"statusCode": 418}
    assert refused(stage)[0] == 418
    stage.backend.answers = BackendFailed("BAD_GATEWAY", "ValueError")
    assert refused(stage)[0] == 502


def a_subprotocol_is_agreed(stage: Stage) -> None:
    stage.backend.answers = {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "mine"}}
    with opened(stage, subprotocols=[Subprotocol("mine"), Subprotocol("yours")]) as socket:
        assert socket.subprotocol == "mine"


def without_a_connect_route_it_is_open(stage: Stage) -> None:
    widened(stage, closed=("$connect",))
    with opened(stage, None) as socket:
        socket.send("{}")
        assert "authorizer" not in json.loads(socket.recv())["requestContext"]


def its_end_is_told(stage: Stage) -> None:
    with opened(stage):
        pass
    event = wait_for(
        lambda: next(
            (one for one in stage.backend.events if one["requestContext"]["routeKey"] == "$disconnect"), None
        )
    )
    assert event["requestContext"]["eventType"] == "DISCONNECT"
    assert event["requestContext"]["authorizer"]["username"] == "victor"
    stage.backend.answers = BackendFailed("BAD_GATEWAY", "ValueError")
    widened(stage, closed=("$connect",))
    stage.backend.answers = SAID
    with opened(stage):
        stage.backend.answers = BackendFailed("BAD_GATEWAY", "late")
    assert wait_for(lambda: stage.last.why == ("late",))


def nobody_is_told_without_a_route(stage: Stage) -> None:
    widened(stage, closed=("$disconnect",))
    with opened(stage):
        pass
    time.sleep(0.05)
    assert [event["requestContext"]["routeKey"] for event in stage.backend.events] == ["$connect"]


def a_long_message_ends_it(stage: Stage) -> None:
    with opened(stage) as socket:
        socket.send("x" * (128 * 1024 + 1))
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def _with_quotas(stage: Stage, **changed: float) -> None:
    quotas = stage.serving.gateway.quotas
    websocket = replace(quotas["WEBSOCKET"], **changed)  # type: ignore[arg-type]
    stage.serving.gateway.quotas = {**quotas, "WEBSOCKET": websocket}


def whoever_is_idle_is_gone(stage: Stage) -> None:
    _with_quotas(stage, idle_seconds=0.05)
    with opened(stage) as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=10)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def two_hours_are_the_longest(stage: Stage) -> None:
    _with_quotas(stage, connection_seconds=0.05)
    with opened(stage) as socket, pytest.raises(ConnectionClosed):
        socket.recv(timeout=10)


def the_backend_may_send(stage: Stage) -> None:
    with opened(stage) as socket:
        connection = stage.backend.events[0]["requestContext"]["connectionId"]
        assert stage.client.post(f"/@connections/{connection}", content=b"from behind").status_code == 200
        assert socket.recv() == "from behind"
        told = stage.client.get(f"/local/@connections/{connection}").json()
        assert told["identity"]["sourceIp"] == "127.0.0.1"
        assert stage.client.delete(f"/@connections/{connection}").status_code == 204
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=10)
    assert wait_for(lambda: stage.client.get(f"/@connections/{connection}").status_code == 410)


def another_path_is_no_api(stage: Stage) -> None:
    with opened(stage, path="/local"):
        pass
    assert refused(stage, path="/elsewhere")[0] == 403


def long_headers_are_refused(stage: Stage) -> None:
    assert refused(stage, additional_headers={f"X-{at}": "x" * 4096 for at in range(3)})[0] == 431


@dataclass(frozen=True, kw_only=True)
class Row:
    """One behaviour: what API Gateway does, and the page that says so."""

    says: str
    page: str
    holds: Callable[[Stage], None]


ROWS: Final = (
    Row(says="the authorizer is asked at $connect, and at no message", page=AUTH, holds=is_asked_once),
    Row(says="its ARN has no verb, its event no path", page=INPUT, holds=has_an_arn_without_a_verb),
    Row(says="without an identity source it is a 401, and nobody is asked", page=AUTH, holds=without_a_token_is_401),
    Row(says="a Deny at $connect is a 403", page=AUTH, holds=denied_is_403),
    Row(says="`Unauthorized` is a 401", page=AUTH, holds=unauthorized_is_401),
    Row(says="any other error is a 500", page=AUTH, holds=a_failure_is_500),
    Row(says="an answer of more than 8 KB is a 500", page=QUOTAS, holds=a_long_answer_is_500),
    Row(says="answers are not cached: each connection asks", page=AUTH, holds=is_never_cached),
    Row(says="every message carries the context of $connect", page=AUTH, holds=every_message_has_the_context),
    Row(says="the body's action chooses the route, else $default", page=ROUTES, holds=the_body_chooses_the_route),
    Row(says="without a route the client is told", page=ROUTES, holds=no_route_is_said),
    Row(says="and where the backend fails", page=ROUTES, holds=a_failing_backend_is_said),
    Row(says="the integration of $connect may refuse", page=CONNECT, holds=the_connect_integration_may_refuse),
    Row(says="it agrees to a sub-protocol", page=SUBPROTOCOL, holds=a_subprotocol_is_agreed),
    Row(says="an API without $connect lets everybody in", page=CONNECT, holds=without_a_connect_route_it_is_open),
    Row(says="the end of a connection is told to $disconnect", page=CONNECT, holds=its_end_is_told),
    Row(says="and to nobody where there is no such route", page=CONNECT, holds=nobody_is_told_without_a_route),
    Row(says="a message of more than 128 KB ends the connection", page=QUOTAS, holds=a_long_message_ends_it),
    Row(says="ten minutes of silence end it", page=QUOTAS, holds=whoever_is_idle_is_gone),
    Row(says="so do two hours", page=QUOTAS, holds=two_hours_are_the_longest),
    Row(says="a backend sends, asks and ends by @connections", page=COMMANDS, holds=the_backend_may_send),
    Row(says="another path than the stage's is no API", page=COMMANDS, holds=another_path_is_no_api),
    Row(says="headers of more than 10,240 bytes are refused", page=QUOTAS, holds=long_headers_are_refused),
)  # fmt: skip


@pytest.fixture
def stage(stages: Callable[[str], Stage]) -> Iterator[Stage]:
    made = stages("rest-token")
    configured, quotas = made.serving.configured, made.serving.gateway.quotas
    yield made
    made.serving.configured, made.serving.gateway.quotas = configured, quotas


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.says)
def test_it_does_what_api_gateway_does(row: Row, stage: Stage) -> None:
    row.holds(stage)


def test_a_page_of_somebody_else_may_not_connect(stage: Stage) -> None:
    status, _ = _of_page(stage, "https://evil.example")
    assert status == 403
    with opened(stage, additional_headers={"Origin": stage.server.url}):
        pass


def _of_page(stage: Stage, origin: str) -> tuple[int, bytes | bytearray]:
    with pytest.raises(InvalidStatus) as error, opened(stage, additional_headers={"Origin": origin}):
        pass
    return error.value.response.status_code, error.value.response.body


def test_without_a_websocket_api_the_handshake_is_a_404(stage: Stage) -> None:
    stage.serving.configured = replace(stage.serving.configured, websocket=None)
    with pytest.raises(InvalidStatus) as error, opened(stage):
        pass
    assert error.value.response.status_code == 404
    assert stage.client.get("/@connections/x").status_code == 403  # the API's own: there is no such route


def test_the_cors_of_a_document_lets_no_page_connect(stage: Stage) -> None:
    configured = stage.serving.configured
    assert configured.http is not None
    http = replace(configured.http, cors=Cors(origins=("*",)))
    stage.serving.configured = replace(configured, http=http)
    assert _of_page(stage, "https://evil.example")[0] == 403
    assert stage.told.asked == []


def test_a_backend_reaches_a_connection_with_an_sdk_of_aws(stage: Stage) -> None:
    """SDKs write the `=` of its id as `%3D`."""
    sdk = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=stage.server.url,
        region_name="eu-west-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    with opened(stage) as socket:
        connection = stage.backend.events[0]["requestContext"]["connectionId"]
        assert connection.endswith("=")
        sdk.post_to_connection(ConnectionId=connection, Data=b"from behind")
        assert socket.recv(timeout=10) == "from behind"
        assert sdk.get_connection(ConnectionId=connection)["ConnectedAt"].timestamp() == pytest.approx(
            time.time(), abs=60
        )
        twice = connection.replace("=", "%253D")
        assert stage.client.get(f"/@connections/{twice}").status_code == 410
        sdk.delete_connection(ConnectionId=connection)
    sdk.close()


def test_an_answer_that_cannot_be_sent_is_told_and_ends_no_connection(stage: Stage) -> None:
    with opened(stage) as socket:
        stage.backend.answers = {"statusCode": 200, "body": "half a pair: \ud800"}
        socket.send("{}")
        assert json.loads(socket.recv(timeout=10))["message"] == "Internal server error"
        assert (stage.last.status, stage.last.code) == (500, "backend")
        stage.backend.answers = SAID
        socket.send("{}")
        assert socket.recv(timeout=10) == "hello"


def test_a_sub_protocol_that_is_none_opens_no_connection(stage: Stage) -> None:
    stage.backend.answers = {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "a\r\nX-Mine: 1"}}
    assert refused(stage)[0] == 502
    assert "a sub-protocol that cannot be sent" in stage.last.why[0]


def test_pages_that_are_allowed_may_connect(stage: Stage) -> None:
    with opened(stage, additional_headers={"Origin": ORIGIN}):
        pass
