"""The way of a WebSocket: its `$connect` is authorized, and every message of the connection has that answer.

Sources: API Gateway Developer Guide, "Control access to WebSocket APIs with REQUEST authorizers", "Integrate routes for
WebSocket APIs" (`$connect`, `$disconnect`, `$default`, selection), "Use @connections commands in your backend service".
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from authorizer.local_gateway.api import CONNECT, DEFAULT, DISCONNECT, MANAGED, Api, Route
from authorizer.local_gateway.backends import BackendFailed
from authorizer.local_gateway.events import Event, connect_event, websocket_context
from authorizer.local_gateway.gateway import Gateway, Seen, Stopped, stopped_by, texts
from authorizer.local_gateway.incoming import Incoming, new_ids, short_id
from authorizer.local_gateway.proxy_answers import Said, message_unsendable
from authorizer.local_gateway.responses import Reply, gateway_reply
from authorizer.local_gateway.routing import Matched
from authorizer.local_gateway.sources import values_of
from authorizer.local_gateway.verdicts import Answer
from authorizer.syntax.json_text import parse_json

GOING_AWAY: Final = 1001
_BODY: Final = re.compile(r"\$\{?request\.body\.([A-Za-z0-9_.]+)\}?")


@dataclass(slots=True, kw_only=True, eq=False)
class Connection:
    """One that is open."""

    id: str
    api: Api
    incoming: Incoming = field(repr=False)
    connected: float
    active: float
    answer: Answer | None = field(repr=False)
    """What the authorizer said at `$connect`: it holds as long as the connection."""
    socket: WebSocket = field(repr=False)


class WebSockets:
    """All connections of the WebSocket API behind one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.open: dict[str, Connection] = {}

    async def serve(self, api: Api, incoming: Incoming, socket: WebSocket) -> None:
        """One connection, from its handshake to its end."""
        connection = short_id()
        made = await self._connected(api, incoming, connection, socket)
        if made is None:
            return
        code = GOING_AWAY
        quotas = self._gateway.quotas["WEBSOCKET"]
        try:
            async with asyncio.timeout(quotas.connection_seconds):
                while True:
                    async with asyncio.timeout(quotas.idle_seconds):
                        said = await socket.receive()
                    if said["type"] == "websocket.disconnect":
                        code = said.get("code", 1005)
                        break
                    made.active = self._gateway.now()
                    await self._message(made, said)
        except (TimeoutError, WebSocketDisconnect):
            await _closed(socket, GOING_AWAY)
        finally:
            self.open.pop(connection, None)
            await self._left(made, code)

    async def _connected(
        self, api: Api, incoming: Incoming, connection: str, socket: WebSocket
    ) -> Connection | None:
        """The handshake: the connection, or None where it was refused."""
        gateway = self._gateway
        seen = Seen(begun=time.perf_counter(), kind="websocket", route=CONNECT, arn=api.arn("", CONNECT))
        now = gateway.now()
        protocol = None
        try:
            self._check_request(api, incoming)
            context = websocket_context(api, incoming, connection=connection, connected=now, now=now)
            context = {"routeKey": CONNECT, "eventType": "CONNECT", **context}
            route = route_of(api, CONNECT)
            await self._authorized(api, incoming, route, context, seen)
            if route is not None:
                said = await self._asked(
                    _told(connect_event(api, incoming, context), seen.answer), seen, incoming
                )
                protocol = said.protocol
                if not 200 <= said.status < 300:
                    gateway.tell(seen, incoming, said.status, method="")
                    await refuse(socket, Reply(status=said.status))
                    return None
        except Exception as error:
            stopped = stopped_by(error)
            seen.outcome, seen.code, seen.why = stopped.outcome, stopped.code, stopped.why or seen.why
            reply = gateway_reply(stopped.reason, api, incoming, explicit=stopped.explicit)
            gateway.tell(seen, incoming, reply.status, method="")
            await refuse(socket, reply)
            return None
        await socket.accept(subprotocol=protocol)
        gateway.tell(seen, incoming, 101, method="")
        made = Connection(
            id=connection,
            api=api,
            incoming=incoming,
            connected=now,
            active=now,
            answer=seen.answer,
            socket=socket,
        )
        self.open[connection] = made
        return made

    def _check_request(self, api: Api, incoming: Incoming) -> None:
        if incoming.line_and_headers > self._gateway.quotas["WEBSOCKET"].header_bytes:
            raise Stopped("HEADERS_TOO_LARGE", "refused", "headers_too_large")
        if incoming.path not in ("/", f"/{api.stage}"):
            raise Stopped("MISSING_AUTHENTICATION_TOKEN", "no route", "no_route")

    async def _authorized(
        self, api: Api, incoming: Incoming, route: Route | None, context: Event, seen: Seen
    ) -> None:
        if route is None or route.door is None:
            seen.outcome, seen.code = "open", "no_authorizer"
            return
        matched = Matched(route=route, parameters={})
        values = self._gateway.identified(
            route.door, values_of(route.door.sources, api, incoming, matched), seen
        )
        event = {
            "type": "REQUEST",
            "methodArn": seen.arn,
            **connect_event(api, incoming, context),
        }
        answer = await self._gateway.answered(route.door, values, event, None, seen)
        self._gateway.opened(answer, seen)

    async def _message(self, made: Connection, said: Any) -> None:
        """One message: its route, its backend, and what comes back."""
        gateway, api = self._gateway, made.api
        now = gateway.now()
        text = said.get("text")
        body = text if text is not None else said["bytes"].decode("utf-8", "replace")
        incoming = replace(made.incoming, time=now, body=b"", **new_ids(now))
        route = route_of(api, selected(api, body)) or route_of(api, DEFAULT)
        seen = Seen(begun=time.perf_counter(), kind="websocket", answer=made.answer)
        if route is None:
            seen.outcome, seen.code = "no route", "no_route"
            gateway.tell(seen, incoming, 403, method="")
            await made.socket.send_text(_error("Forbidden", made, incoming))
            return
        seen.route, seen.outcome, seen.code = route.key, "allow" if made.answer else "open", "connection"
        context = websocket_context(
            api, incoming, connection=made.id, connected=made.connected, now=now, message=incoming.extended_id
        )
        event = {
            "requestContext": {"routeKey": route.key, "eventType": "MESSAGE", **context},
            "body": body,
            "isBase64Encoded": False,
        }
        try:
            answer = await self._asked(_told(event, made.answer), seen, incoming)
        except Stopped as stopped:
            seen.code, seen.why = stopped.code, stopped.why
            gateway.tell(seen, incoming, 500, method="")
            await made.socket.send_text(_error("Internal server error", made, incoming))
            return
        gateway.tell(seen, incoming, answer.status, method="")
        if answer.body is not None:
            await made.socket.send_text(answer.body)

    async def _left(self, made: Connection, code: int) -> None:
        """`$disconnect`, at best effort: nobody waits for its answer."""
        route = route_of(made.api, DISCONNECT)
        if route is None:
            return
        gateway, now = self._gateway, self._gateway.now()
        incoming = replace(made.incoming, time=now, **new_ids(now))
        seen = Seen(begun=time.perf_counter(), kind="websocket", answer=made.answer, route=DISCONNECT)
        seen.outcome, seen.code = "allow" if made.answer else "open", "connection"
        context = websocket_context(made.api, incoming, connection=made.id, connected=made.connected, now=now)
        event = {
            "requestContext": {
                "routeKey": DISCONNECT,
                "eventType": "DISCONNECT",
                "disconnectStatusCode": code,
                "disconnectReason": "",
                **context,
            },
            "isBase64Encoded": False,
        }
        status = 200
        try:
            await self._asked(_told(event, made.answer), seen, incoming)
        except Stopped as stopped:
            status, seen.why = 500, stopped.why
        gateway.tell(seen, incoming, status, method="")

    async def _asked(self, event: Event, seen: Seen, incoming: Incoming) -> Said:
        """The backend. Raises `Stopped`."""
        gateway = self._gateway
        seen.asked_backend = gateway.now()
        begun = time.perf_counter()
        context = {} if seen.answer is None else texts(seen.answer.context)
        seconds = gateway.quotas["WEBSOCKET"].integration_seconds
        try:
            said = await gateway.backend.message(event, context, incoming.trace, seconds)
        except BackendFailed as failed:
            raise Stopped("BAD_GATEWAY", seen.outcome, "backend", (str(failed),)) from None
        finally:
            seen.took("backend", begun)
        if why := message_unsendable(said):
            raise Stopped("BAD_GATEWAY", seen.outcome, "backend", (why,))
        return said

    async def command(self, method: str, connection: str, body: bytes) -> Reply:
        """`@connections`: POST sends, GET tells, DELETE ends. 410 where there is none."""
        made = self.open.get(connection)
        if made is None:
            return Reply(status=410, headers=(("x-amzn-ErrorType", "GoneException"),))
        if method == "POST":
            try:
                await made.socket.send_text(body.decode("utf-8", "replace"))
            except WebSocketDisconnect:
                return await self.command(method, "", body)
            return Reply(status=200)
        if method == "DELETE":
            await _closed(made.socket, GOING_AWAY)
            return Reply(status=204)
        told = {
            "connectedAt": _iso(made.connected),
            "identity": {
                "sourceIp": made.incoming.address,
                "userAgent": made.incoming.header("user-agent"),
            },
            "lastActiveAt": _iso(made.active),
        }
        return Reply(
            status=200, headers=(("Content-Type", "application/json"),), body=json.dumps(told).encode()
        )


def _iso(time_: float) -> str:
    """As AWS's SDKs read it (the model of `apigatewaymanagementapi`: `__timestampIso8601`)."""
    return datetime.fromtimestamp(time_, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def route_of(api: Api, key: str) -> Route | None:
    return next((route for route in api.routes if route.key == key), None)


def selected(api: Api, body: str) -> str:
    """The route key that a message asks for; `$default` where it tells none, or one of those that are not for
    messages."""
    found = _BODY.fullmatch(api.selection)
    try:
        value: Any = parse_json(body)
        for part in found[1].split(".") if found else ():
            value = value[part]
    except (ValueError, KeyError, TypeError):
        return DEFAULT
    return value if found and isinstance(value, str) and value not in MANAGED else DEFAULT


def _told(event: Event, answer: Answer | None) -> Event:
    """With what the authorizer said, in the event's `requestContext`."""
    if answer is None:
        return event
    said = {"principalId": answer.principal, "integrationLatency": 0, **answer.context}
    return {**event, "requestContext": {**event["requestContext"], "authorizer": said}}


def _error(message: str, made: Connection, incoming: Incoming) -> str:
    return json.dumps({"message": message, "connectionId": made.id, "requestId": incoming.extended_id})


async def refuse(socket: WebSocket, reply: Reply) -> None:
    await socket.send_denial_response(
        Response(content=reply.body, status_code=reply.status, headers=dict(reply.headers))
    )


async def _closed(socket: WebSocket, code: int) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        await socket.close(code)
