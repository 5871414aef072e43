"""The way to the gateway's STS for policies that speak of more than S3.

Ceph's gateway calls a policy malformed if it names an action of another service, and the bundled policies pair S3
with DynamoDB. This door passes requests on: byte for byte, signature and all, where every action is one of S3; else
without the statements that are not, signed anew. A policy of which nothing is left is refused, never passed on empty.
"""

import http.client
import json
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, quote, urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.servers.rgw import REGION, Keys, RadosGateway, compact
from tests.servers.serving import QuietHandler, serve


class StsDoor:
    """A context manager; `endpoint` is the URL for `AWS_ENDPOINT_URL_STS`."""

    def __init__(self, gateway: RadosGateway, broker: Keys) -> None:
        self.gateway = gateway
        self.broker = broker
        self.requests = 0
        self.narrowed = 0
        """How many requests lost statements on the way."""

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.door = self
        self._stop = serve(self._server)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def narrow(self, form: dict[str, str]) -> dict[str, str] | None:
        """The form with the S3 part of its policy; the same form where that is all of it, None where none of it is."""
        if "Policy" not in form:
            return form
        policy = json.loads(form["Policy"])
        statements = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
        kept = [statement for statement in statements if _speaks_of_s3(statement)]
        if len(kept) == len(statements):
            return form
        self.narrowed += 1
        return {**form, "Policy": compact({**policy, "Statement": kept})} if kept else None


def _speaks_of_s3(statement: dict[str, Any]) -> bool:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    services = {action.partition(":")[0] for action in actions}
    if "s3" in services and len(services) > 1:
        raise ValueError("a statement that mixes S3 with other services cannot be cut")
    return services == {"s3"}


class _Server(ThreadingHTTPServer):
    door: StsDoor


class _Handler(QuietHandler):
    server: _Server

    def do_POST(self) -> None:
        door = self.server.door
        body = self.body()
        form = dict(parse_qsl(body.decode(), strict_parsing=True, keep_blank_values=True))
        door.requests += 1
        narrowed = door.narrow(form)
        if narrowed is None:
            self._answer(400, b"<Error><Code>MalformedPolicyDocument</Code></Error>")
            return
        if narrowed is form:
            # The signature covers the Host header, so that stays the door's own.
            self._answer(*_post(door.gateway, body, dict(self.headers.items())))
            return
        body = urlencode(narrowed, quote_via=quote).encode()
        request = AWSRequest("POST", f"{door.gateway.endpoint}/", {"Content-Type": _FORM}, body)
        keys = Credentials(door.broker.access_key_id, door.broker.secret_access_key)
        SigV4Auth(keys, "sts", REGION).add_auth(request)
        self._answer(*_post(door.gateway, body, dict(request.headers.items())))

    def _answer(self, status: int, body: bytes) -> None:
        self.reply(status, body, {"Content-Type": "text/xml"})


_FORM = "application/x-www-form-urlencoded; charset=utf-8"


def _post(gateway: RadosGateway, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(gateway.endpoint.removeprefix("http://"))
    try:
        connection.request("POST", "/", body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
