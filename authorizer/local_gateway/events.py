"""What each kind of authorizer is asked with, and what each kind of integration gets: rows of two tables.

Sources: API Gateway Developer Guide, "Input to an API Gateway Lambda authorizer", "Control access to HTTP APIs with AWS
Lambda authorizers", "Control access to WebSocket APIs with REQUEST authorizers", "Input format of a Lambda function for
proxy integration", "Create AWS Lambda proxy integrations for HTTP APIs", "Set up a WebSocket API integration request".
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from authorizer.local_gateway.api import Api
from authorizer.local_gateway.incoming import Incoming
from authorizer.local_gateway.routing import Matched
from authorizer.model import Shape

Event = dict[str, Any]
Values = list[str | None]

_NOBODY: Final = dict.fromkeys(
    (
        *("apiKey", "apiKeyId", "accessKey", "accountId", "caller", "cognitoAuthenticationProvider"),
        *("cognitoAuthenticationType", "cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId"),
        *("user", "userArn"),
    )
)


def authorizer_event(
    shape: Shape, api: Api, incoming: Incoming, matched: Matched, *, values: Values, arn: str
) -> Event:
    """The event of an authorizer of requests. `values` are those of the identity sources."""
    return _AUTHORIZERS[shape](api, incoming, matched, values, arn)


def integration_event(
    api: Api, incoming: Incoming, matched: Matched, authorizer: Mapping[str, Any] | None
) -> Event:
    """The event of a Lambda proxy integration of a REST or an HTTP API. `authorizer` is what its `requestContext` says
    of the caller; None on an open route."""
    if api.protocol == "HTTP" and api.payload == "2.0":
        return _http_2(api, incoming, matched, authorizer)
    event = _rest(api, incoming, matched)
    if api.protocol == "HTTP":
        event = {"version": "1.0", **_lower(event)}
    if authorizer is not None:
        event["requestContext"]["authorizer"] = dict(authorizer)
    return {**event, **_body(api, incoming)}


def _token(_: Api, __: Incoming, ___: Matched, values: Values, arn: str) -> Event:
    return {"type": "TOKEN", "authorizationToken": values[0], "methodArn": arn}


def _request(api: Api, incoming: Incoming, matched: Matched, _: Values, arn: str) -> Event:
    return {"type": "REQUEST", "methodArn": arn, **_rest(api, incoming, matched)}


def _request_1(api: Api, incoming: Incoming, matched: Matched, values: Values, arn: str) -> Event:
    joined = ",".join(value or "" for value in values)
    event = _lower(_rest(api, incoming, matched))
    return {
        "version": "1.0",
        "type": "REQUEST",
        "methodArn": arn,
        "identitySource": joined,
        "authorizationToken": joined,
        **event,
    }


def _request_2(api: Api, incoming: Incoming, matched: Matched, values: Values, arn: str) -> Event:
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": arn,
        "identitySource": values or None,
        **_http(api, incoming, matched),
    }


def _rest(api: Api, incoming: Incoming, matched: Matched) -> Event:
    route, staged = matched.route, _staged(api, incoming)
    return {
        "resource": route.path,
        "path": incoming.path,
        "httpMethod": incoming.method,
        **both_headers(incoming, api),
        **_both_parameters(incoming),
        "pathParameters": dict(matched.parameters) or None,
        "stageVariables": dict(api.stage_variables) or None,
        "requestContext": {
            "resourceId": _resource_id(route.path),
            "resourcePath": route.path,
            "httpMethod": incoming.method,
            "extendedRequestId": incoming.extended_id,
            **incoming.clock,
            "path": staged,
            "accountId": api.account,
            "protocol": incoming.protocol,
            "stage": api.stage,
            "domainPrefix": api.api_id,
            "domainName": api.domain,
            "requestId": incoming.request_id,
            "identity": {
                **_NOBODY,
                "apiKey": incoming.header("x-api-key"),
                "sourceIp": incoming.address,
                "userAgent": incoming.header("user-agent"),
            },
            "apiId": api.api_id,
        },
    }


def _http_2(api: Api, incoming: Incoming, matched: Matched, authorizer: Mapping[str, Any] | None) -> Event:
    event = {"version": "2.0", **_http(api, incoming, matched)}
    if authorizer is not None:
        event["requestContext"]["authorizer"] = {"lambda": dict(authorizer)}
    body = _body(api, incoming)
    return {
        **event,
        **({"body": body["body"]} if body["body"] else {}),
        "isBase64Encoded": body["isBase64Encoded"],
    }


def _http(api: Api, incoming: Incoming, matched: Matched) -> Event:
    """What payload 2.0 has for both. What is empty is left out."""
    path = _staged(api, incoming)
    headers: dict[str, str] = {}
    for name, value in sent_headers(incoming, api):
        known = name.lower()
        if known != "cookie":
            headers[known] = f"{headers[known]},{value}" if known in headers else value
    query: dict[str, str] = {}
    for name, value in incoming.parameters:
        query[name] = f"{query[name]},{value}" if name in query else value
    cookies = [part.strip() for value in incoming.values("cookie") for part in value.split(";")]
    optional = {
        "cookies": cookies,
        "queryStringParameters": query,
        "pathParameters": dict(matched.parameters),
        "stageVariables": dict(api.stage_variables),
    }
    return {
        "routeKey": matched.route.key,
        "rawPath": path,
        "rawQueryString": incoming.query,
        "headers": headers,
        **{name: value for name, value in optional.items() if value},
        "requestContext": {
            "accountId": api.account,
            "apiId": api.api_id,
            "domainName": api.domain,
            "domainPrefix": api.api_id,
            "http": {
                "method": incoming.method,
                "path": path,
                "protocol": incoming.protocol,
                "sourceIp": incoming.address,
                "userAgent": incoming.header("user-agent") or "",
            },
            "requestId": incoming.extended_id,
            "routeKey": matched.route.key,
            "stage": api.stage,
            "time": incoming.clf_time,
            "timeEpoch": int(incoming.time * 1000),
        },
    }


_AUTHORIZERS: Final[Mapping[Shape, Callable[[Api, Incoming, Matched, Values, str], Event]]] = {
    Shape.REST_TOKEN: _token,
    Shape.REST_REQUEST: _request,
    Shape.HTTP_1: _request_1,
    Shape.HTTP_2: _request_2,
}


def sent_headers(incoming: Incoming, api: Api) -> list[tuple[str, str]]:
    """Those of the client and those that the gateway adds; its own win. `Host` is the API's, not this machine's."""
    own = {
        "host": ("Host", api.domain),
        "x-amzn-trace-id": ("X-Amzn-Trace-Id", incoming.trace),
        "x-forwarded-for": ("X-Forwarded-For", incoming.address),
        "x-forwarded-port": ("X-Forwarded-Port", "443"),
        "x-forwarded-proto": ("X-Forwarded-Proto", "https"),
    }
    kept = [(name, value) for name, value in incoming.headers if name.lower() not in own]
    return [*kept, *own.values()]


def both_headers(incoming: Incoming, api: Api) -> Event:
    """REST and WebSocket: as the client wrote them; the last of a name, and all of it."""
    many: dict[str, list[str]] = {}
    for name, value in sent_headers(incoming, api):
        many.setdefault(name, []).append(value)
    return {"headers": {name: values[-1] for name, values in many.items()}, "multiValueHeaders": many}


def _both_parameters(incoming: Incoming) -> Event:
    many: dict[str, list[str]] = {}
    for name, value in incoming.parameters:
        many.setdefault(name, []).append(value)
    return {
        "queryStringParameters": {name: values[-1] for name, values in many.items()} or None,
        "multiValueQueryStringParameters": many or None,
    }


def _lower(event: Event) -> Event:
    """Header names as an HTTP API gives them in either payload, their values joined."""
    many: dict[str, list[str]] = {}
    for name, values in event["multiValueHeaders"].items():
        many.setdefault(name.lower(), []).extend(values)
    joined = {name: ",".join(values) for name, values in many.items()}
    return {**event, "headers": joined, "multiValueHeaders": many}


def _body(api: Api, incoming: Incoming) -> Event:
    """REST: in base64 where its type is a binary one, else as text, whatever it is. HTTP API: as text where it is
    some."""
    if not incoming.body:
        return {"body": None, "isBase64Encoded": False}
    if api.protocol == "REST":
        if api.is_binary(incoming.header("content-type")):
            return {"body": base64.b64encode(incoming.body).decode(), "isBase64Encoded": True}
        return {"body": incoming.body.decode("utf-8", "replace"), "isBase64Encoded": False}
    try:
        return {"body": incoming.body.decode(), "isBase64Encoded": False}
    except UnicodeDecodeError:
        return {"body": base64.b64encode(incoming.body).decode(), "isBase64Encoded": True}


def _staged(api: Api, incoming: Incoming) -> str:
    return incoming.path if api.stage == "$default" else f"/{api.stage}{incoming.path}"


def _resource_id(path: str) -> str:
    """One a resource, in the form of AWS's: six letters and digits."""
    return f"{sum(ord(letter) * 131**at for at, letter in enumerate(path)) % 36**6:06x}"[-6:]


def connect_event(api: Api, incoming: Incoming, context: Event) -> Event:
    """What `$connect` has beside its `requestContext`, for the authorizer and for the integration."""
    return {
        **both_headers(incoming, api),
        **_both_parameters(incoming),
        "stageVariables": dict(api.stage_variables) or None,
        "requestContext": context,
    }


def websocket_context(
    api: Api, incoming: Incoming, *, connection: str, connected: float, now: float, message: str | None = None
) -> Event:
    """What `requestContext` says in every event of one connection. `message` is the id of one that was sent."""
    said = replace(incoming, time=now)
    return {
        **({} if message is None else {"messageId": message}),
        "extendedRequestId": message or incoming.extended_id,
        **said.clock,
        "messageDirection": "IN",
        "stage": api.stage,
        "connectedAt": int(connected * 1000),
        "identity": {"userAgent": incoming.header("user-agent"), "sourceIp": incoming.address},
        "requestId": message or incoming.extended_id,
        "domainName": api.domain,
        "connectionId": connection,
        "apiId": api.api_id,
    }
