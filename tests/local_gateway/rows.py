"""What API Gateway does, a row each with the page of AWS's that says so: asked of a running server, over HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from authorizer.local_gateway.asking import Outcome
from authorizer.local_gateway.backends import BackendFailed
from tests.local_gateway.stage import OPEN, ORIGIN, WORDED, Stage, policy, says

GUIDE: Final = "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
USE: Final = "apigateway-use-lambda-authorizer.html"
CONFIGURE: Final = "configure-api-gateway-lambda-authorization.html"
INPUT: Final = "api-gateway-lambda-authorizer-input.html"
OUTPUT: Final = "api-gateway-lambda-authorizer-output.html"
HTTP: Final = "http-api-lambda-authorizer.html"
RESPONSES: Final = "supported-gateway-response-types.html"
WORDS: Final = "api-gateway-gatewayResponse-definition.html"
BINARY: Final = "lambda-proxy-binary-media.html"
PROXY: Final = "set-up-lambda-proxy-integrations.html"
HTTP_PROXY: Final = "http-api-develop-integrations-lambda.html"
ROUTES: Final = "http-api-develop-routes.html"
RESOURCES: Final = "api-gateway-method-settings-method-request.html"
CORS: Final = "http-api-cors.html"
KEYS: Final = "api-gateway-api-key-source.html"
REST_QUOTAS: Final = "api-gateway-execution-service-limits-table.html"
HTTP_QUOTAS: Final = "http-api-quotas.html"
NOTES: Final = "api-gateway-known-issues.html"
VARIABLES: Final = "api-gateway-mapping-template-reference.html"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One request and what comes of it. What is not said is not looked at."""

    method: str = "GET"
    path: str = "/data"
    who: str | None = "editor"
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    status: int = 200
    body: Any = None
    """Of the answer, as JSON; a function of it is asked whether it is right."""
    has: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer."""
    lacks: tuple[str, ...] = ()
    asked: int | None = None
    """How often the authorizer was, for this request."""
    event: Mapping[str, Any] = field(default_factory=dict)
    """Members of what it was asked, by path: `requestContext.stage`. `ABSENT` is none."""
    got: Mapping[str, Any] = field(default_factory=dict)
    """The same of what the backend got."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One behaviour."""

    says: str
    page: str
    kind: str
    steps: tuple[Step, ...]
    told: Outcome | None = None
    """What the authorizer says in place of what it would."""
    returns: Any = None
    """What the backend says."""
    then: Callable[[Stage], None] | None = None
    """Between the first step and the second."""
    first: Callable[[Stage], None] | None = None


ABSENT: Final = object()


def _later(seconds: float) -> Callable[[Stage], None]:
    def pass_by(stage: Stage) -> None:
        stage.clock.now += seconds

    return pass_by


def _slow(stage: Stage) -> None:
    """An authorizer that never answers, and a gateway that waits for a moment."""
    stage.told.waits = 5
    _hurry(stage)


def _hurry(stage: Stage) -> None:
    quotas = stage.serving.gateway.quotas
    stage.serving.gateway.quotas = {
        name: replace(quota, authorizer_seconds=0.05) for name, quota in quotas.items()
    }


def _worded(stage: Stage) -> None:
    configured = stage.serving.configured
    assert configured.http is not None
    http = replace(configured.http, gateway_responses=WORDED)
    stage.serving.configured = replace(configured, http=http)


def _binary(stage: Stage) -> None:
    configured = stage.serving.configured
    assert configured.http is not None
    http = replace(configured.http, binary_media_types=("image/png",))
    stage.serving.configured = replace(configured, http=http)


def _by_header(stage: Stage) -> None:
    configured = stage.serving.configured
    assert configured.http is not None
    stage.serving.configured = replace(configured, http=replace(configured.http, key_source="HEADER"))


def _caught_all(stage: Stage) -> None:
    configured = stage.serving.configured
    assert configured.http is not None
    door = configured.http.routes[0].door
    route = replace(configured.http.routes[0], method="", path="$default", door=door)
    http = replace(configured.http, routes=(*configured.http.routes, route))
    stage.serving.configured = replace(configured, http=http)


ROLE: Final = (("X-Role", "default"),)
ARN: Final = "arn:aws:execute-api:eu-west-1:123456789012:"
TIMED_OUT: Final = BackendFailed("INTEGRATION_TIMEOUT", "late")
UNREACHABLE: Final = BackendFailed("INTEGRATION_FAILURE", "nobody there")
CRASHED: Final = BackendFailed("BAD_GATEWAY", "ValueError")
FAILED: Final = says(error="authorizer failure: unforeseen")
UNAUTHORIZED: Final = says(error="Unauthorized")

TOKEN_ROWS: Final = (
    Row(
        says="a TOKEN authorizer gets the header's value and the method's ARN, and nothing else",
        page=INPUT, kind="rest-token",
        steps=(
            Step(
                asked=1,
                event={"type": "TOKEN", "methodArn": f"{ARN}localrest0/local/GET/data", "headers": ABSENT},
            ),
        ),
    ),
    Row(
        says="the ARN has the path that was asked for, not the resource",
        page=INPUT, kind="rest-token",
        steps=(Step(path="/data/2026:11/x", event={"methodArn": f"{ARN}localrest0/local/GET/data/2026:11/x"}),),
    ),
    Row(
        says="without its header it is a 401, and the authorizer is not asked",
        page=USE, kind="rest-token",
        steps=(
            Step(
                who=None, status=401, body={"message": "Unauthorized"}, asked=0,
                has={"x-amzn-errortype": "UnauthorizedException"},
            ),
        ),
    ),
    Row(
        says="an empty header is a missing one",
        page=USE, kind="rest-token",
        steps=(Step(who=None, headers=(("Authorization", ""),), status=401, asked=0),),
    ),
    Row(
        says="a token that does not match the validation expression is a 401, and the authorizer is not asked",
        page=CONFIGURE, kind="rest-token",
        steps=(
            Step(path="/formed", who=None, headers=(("Authorization", "Basic abc"),), status=401, asked=0),
            Step(path="/formed", who=None, headers=(("Authorization", "Bearer a b"),), status=401, asked=0),
        ),
    ),
    Row(
        says="one that matches is asked about",
        page=CONFIGURE, kind="rest-token", told=says(policy(OPEN)),
        steps=(Step(path="/formed", asked=1),),
    ),
    Row(
        says="the header's name has no case",
        page=CONFIGURE, kind="rest-token",
        steps=(Step(who=None, headers=(("aUTHORIZATION", "Bearer nobody"),), status=401, asked=1),),
    ),
    Row(
        says="an error whose text is `Unauthorized` is a 401",
        page=USE, kind="rest-token", told=UNAUTHORIZED,
        steps=(Step(status=401, body={"message": "Unauthorized"}, asked=1),),
    ),
    Row(
        says="it is not kept: the next request asks again",
        page=USE, kind="rest-token", told=UNAUTHORIZED,
        steps=(Step(status=401, asked=1), Step(status=401, asked=1)),
    ),
    Row(
        says="a second request with the same token within the TTL is answered from the cache",
        page=USE, kind="rest-token",
        steps=(Step(asked=1), Step(asked=0)),
    ),
    Row(
        says="another token is asked about anew",
        page=USE, kind="rest-token",
        steps=(Step(asked=1), Step(who="viewer", asked=1)),
    ),
    Row(
        says="after the TTL it is asked again",
        page=USE, kind="rest-token", then=_later(300),
        steps=(Step(asked=1), Step(asked=1)),
    ),
    Row(
        says="a moment before it is not",
        page=USE, kind="rest-token", then=_later(299),
        steps=(Step(asked=1), Step(asked=0)),
    ),
    Row(
        says="the cached policy is judged for each route: what it does not open is a 403",
        page=USE, kind="rest-token",
        steps=(Step(who="viewer", asked=1), Step(who="viewer", method="PUT", path="/data/x", status=403, asked=0)),
    ),
    Row(
        says="and what it opens is open, though another route was asked about first",
        page=USE, kind="rest-token",
        steps=(
            Step(who="viewer", method="PUT", path="/data/x", status=403, asked=1),
            Step(who="viewer", asked=0),
        ),
    ),
    Row(
        says="a denial is cached like any other answer",
        page=USE, kind="rest-token",
        steps=(Step(who="no-groups", status=403, asked=1), Step(who="no-groups", status=403, asked=0)),
    ),
    Row(
        says="an authorizer without a TTL is asked each time",
        page=CONFIGURE, kind="rest-token", told=says(policy(OPEN)),
        steps=(Step(path="/uncached", asked=1), Step(path="/uncached", asked=1)),
    ),
    Row(
        says="each authorizer has a cache of its own",
        page=USE, kind="rest-token", told=says(policy(OPEN)),
        steps=(Step(path="/formed", asked=1), Step(asked=1)),
    ),
    Row(
        says="a denial in so many words is told as one",
        page=RESPONSES, kind="rest-token",
        steps=(
            Step(
                who="no-groups", status=403, has={"x-amzn-errortype": "AccessDeniedException"},
                body={"Message": "User is not authorized to access this resource with an explicit deny"},
            ),
        ),
    ),
    Row(
        says="a route that nothing opens is denied without",
        page=RESPONSES, kind="rest-token", told=says(policy(("Allow", f"{ARN}localrest0/local/GET/other"))),
        steps=(Step(status=403, body={"Message": "User is not authorized to access this resource"}),),
    ),
    Row(
        says="a Deny beats an Allow of the same policy",
        page=OUTPUT, kind="rest-token", told=says(policy(OPEN, ("Deny", f"{ARN}localrest0/local/GET/data"))),
        steps=(Step(status=403), Step(path="/items/first")),
    ),
    Row(
        says="`*` crosses slashes, `?` stands for one character",
        page=OUTPUT, kind="rest-token", told=says(policy(("Allow", f"{ARN}localrest0/*/G?T/da*"))),
        steps=(Step(), Step(path="/data/a/b"), Step(path="/items/first", status=403)),
    ),
    Row(
        says="any other error of the authorizer is a 500",
        page=RESPONSES, kind="rest-token", told=FAILED,
        steps=(Step(status=500, body={"message": None}), Step(status=500, asked=1)),
    ),
    Row(
        says="an answer without principalId is a 500",
        page=OUTPUT, kind="rest-token", told=says({**policy(OPEN), "principalId": None}),
        steps=(
            Step(
                status=500, body={"message": None}, has={"x-amzn-errortype": "AuthorizerConfigurationException"}
            ),
        ),
    ),
    Row(
        says="an answer without policyDocument is a 500",
        page=OUTPUT, kind="rest-token", told=says({"principalId": "someone"}),
        steps=(Step(status=500),),
    ),
    Row(
        says="an answer that is no object is a 500",
        page=OUTPUT, kind="rest-token", told=says(["Allow"]),
        steps=(Step(status=500),),
    ),
    Row(
        says="a policy that is none is a 500",
        page=OUTPUT, kind="rest-token", told=says({"principalId": "a", "policyDocument": {"Statement": "Allow"}}),
        steps=(Step(status=500),),
    ),
    Row(
        says="a resource of more than 512 characters is a 500",
        page=OUTPUT, kind="rest-token", told=says(policy(("Allow", f"{ARN}localrest0/local/GET/{'x' * 512}"))),
        steps=(Step(status=500),),
    ),
    Row(
        says="an object in the context is a 500",
        page=OUTPUT, kind="rest-token", told=says(policy(OPEN, context={"a": {"b": "c"}})),
        steps=(Step(status=500),),
    ),
    Row(
        says="so is a list",
        page=OUTPUT, kind="rest-token", told=says(policy(OPEN, context={"a": ["b"]})),
        steps=(Step(status=500),),
    ),
    Row(
        says="numbers and booleans of the context reach the backend as text",
        page=OUTPUT, kind="rest-token", told=says(policy(OPEN, context={"number": 1, "yes": True, "text": "a"})),
        steps=(
            Step(
                got={
                    "requestContext.authorizer.number": "1",
                    "requestContext.authorizer.yes": "true",
                    "requestContext.authorizer.text": "a",
                }
            ),
        ),
    ),
    Row(
        says="principalId and the authorizer's latency stand beside them",
        page=VARIABLES, kind="rest-token", told=says(policy(OPEN)),
        steps=(Step(got={"requestContext.authorizer.principalId": "someone"}),),
    ),
    Row(
        says="an authorizer that gives no answer in time is a 500",
        page=RESPONSES, kind="rest-token", first=_slow,
        steps=(Step(status=500, asked=1),),
    ),
    Row(
        says="a path that is no resource is a 403 for want of a token",
        page=RESPONSES, kind="rest-token",
        steps=(
            Step(
                path="/nowhere", status=403, asked=0, body={"message": "Missing Authentication Token"},
                has={"x-amzn-errortype": "MissingAuthenticationTokenException"},
            ),
        ),
    ),
    Row(
        says="so is a method that the resource lacks",
        page=RESPONSES, kind="rest-token",
        steps=(Step(method="PATCH", path="/items/first", status=403, asked=0),),
    ),
    Row(
        says="a greedy variable takes the rest of the path",
        page=PROXY, kind="rest-token",
        steps=(Step(path="/data/a/b%20c", got={"pathParameters.proxy": "a/b c", "resource": "/data/{proxy+}"}),),
    ),
    Row(
        says="a resource by its name goes before a variable, and that before a greedy one",
        page=RESOURCES, kind="rest-token", told=says(policy(OPEN)),
        steps=(
            Step(path="/items/first", got={"resource": "/items/first"}),
            Step(path="/items/second", got={"resource": "/items/{item}", "pathParameters.item": "second"}),
            Step(path="/items/a/b", got={"resource": "/items/{proxy+}"}),
        ),
    ),
    Row(
        says="ANY takes every method",
        page=RESOURCES, kind="rest-token",
        steps=(Step(who="admin", method="PATCH", path="/users/1", got={"httpMethod": "PATCH"}),),
    ),
    Row(
        says="a route without an authorizer is open",
        page=CONFIGURE, kind="rest-token",
        steps=(Step(path="/open", who=None, asked=0, got={"requestContext.authorizer": ABSENT}),),
    ),
    Row(
        says="an ARN of more than 1,600 bytes is a 414",
        page=OUTPUT, kind="rest-token",
        steps=(Step(path="/data/" + "x" * 1600, status=414, asked=0, body={"message": "Request URI too long"}),),
    ),
    Row(
        says="headers of more than 10,240 bytes are refused",
        page=REST_QUOTAS, kind="rest-token",
        steps=(Step(headers=(("X-Long", "x" * 10_240),), status=431, asked=0),),
    ),
    Row(
        says="a body of more than 10 MB is refused",
        page=REST_QUOTAS, kind="rest-token",
        steps=(Step(method="POST", content=b"x" * (10 * 1024 * 1024 + 1), status=413, asked=0),),
    ),
    Row(
        says="a backend that is late is a 504",
        page=RESPONSES, kind="rest-token", returns=TIMED_OUT,
        steps=(Step(status=504, body={"message": "Endpoint request timed out"}),),
    ),
    Row(
        says="one that cannot be reached is a 504",
        page=RESPONSES, kind="rest-token", returns=UNREACHABLE,
        steps=(Step(status=504, body={"message": "Network error communicating with endpoint"}),),
    ),
    Row(
        says="a function that fails is a 502",
        page=PROXY, kind="rest-token", returns=CRASHED,
        steps=(Step(status=502, body={"message": "Internal server error"}),),
    ),
    Row(
        says="an answer without a status is malformed: a 502",
        page=PROXY, kind="rest-token", returns={"message": "hello"},
        steps=(Step(status=502, body={"message": "Internal server error"}),),
    ),
    Row(
        says="so is one whose body is no text",
        page=PROXY, kind="rest-token", returns={"statusCode": 200, "body": {"a": 1}},
        steps=(Step(status=502),),
    ),
    Row(
        says="a body in base64 reaches a client that accepts a binary media type of the API as bytes",
        page=BINARY, kind="rest-token", returns={"statusCode": 201, "body": "eyJhIjoxfQ==", "isBase64Encoded": True},
        first=_binary, steps=(Step(status=201, headers=(("Accept", "image/png"),), body={"a": 1}),),
    ),
    Row(
        says="and any other as the text that it is",
        page=BINARY, kind="rest-token", returns={"statusCode": 201, "body": "MQ==", "isBase64Encoded": True},
        first=_binary,
        steps=(Step(status=201, headers=(("Accept", "text/html"),), has={"content-length": "4"}),),
    ),
    Row(
        says="header names reach the function as the client wrote them, each with its last value and with all",
        page=NOTES, kind="rest-token",
        steps=(
            Step(
                headers=(("X-MiXed", "1"), ("X-MiXed", "2")),
                got={"headers.X-MiXed": "2", "multiValueHeaders.X-MiXed": ["1", "2"]},
            ),
        ),
    ),
    Row(
        says="the query's parameters likewise",
        page=PROXY, kind="rest-token",
        steps=(
            Step(
                path="/data?a=1&a=2&A=3",
                got={"queryStringParameters": {"a": "2", "A": "3"}, "multiValueQueryStringParameters.a": ["1", "2"]},
            ),
        ),
    ),
    Row(
        says="the path comes without its stage, that of the context with it",
        page=PROXY, kind="rest-token",
        steps=(Step(got={"path": "/data", "requestContext.path": "/local/data", "requestContext.stage": "local"}),),
    ),
    Row(
        says="stage variables reach the function",
        page=PROXY, kind="rest-token",
        steps=(Step(got={"stageVariables": {"version": "7"}}),),
    ),
    Row(
        says="an API key that the authorizer brings opens a method that needs one",
        page=KEYS, kind="rest-token", told=says(policy(OPEN, usageIdentifierKey="key-of-the-plan")),
        steps=(Step(path="/keyed"),),
    ),
    Row(
        says="one of no usage plan does not",
        page=KEYS, kind="rest-token", told=says(policy(OPEN, usageIdentifierKey="another")),
        steps=(Step(path="/keyed", status=403, body={"message": "Forbidden"}, asked=1),),
    ),
    Row(
        says="nor does none",
        page=KEYS, kind="rest-token", told=says(policy(OPEN)),
        steps=(Step(path="/keyed", headers=(("x-api-key", "key-of-the-plan"),), status=403),),
    ),
    Row(
        says="where keys come in a header, it is the client's that counts",
        page=KEYS, kind="rest-token", told=says(policy(OPEN, usageIdentifierKey="key-of-the-plan")), first=_by_header,
        steps=(
            Step(path="/keyed", headers=(("X-API-Key", "key-of-the-plan"),)),
            Step(path="/keyed", status=403),
        ),
    ),
    Row(
        says="an API's own gateway response has its headers",
        page=WORDS, kind="rest-token", first=_worded,
        steps=(Step(who=None, status=401, has={"www-authenticate": "Bearer"}),),
    ),
    Row(
        says="and its own body, with what the authorizer's context says",
        page=WORDS, kind="rest-token", first=_worded,
        steps=(Step(who="no-groups", status=403, body={"message": "Forbidden", "code": "no_role"}),),
    ),
    Row(
        says="a default response stands in for every type without its own",
        page=WORDS, kind="rest-token", first=_worded, told=FAILED,
        steps=(Step(status=503, has={"retry-after": "5"}),),
    ),
    Row(
        says="every answer names its request",
        page=VARIABLES, kind="rest-token",
        steps=(
            Step(who=None, status=401, has={"x-amzn-requestid": "*", "x-amz-apigw-id": "*"}),
            Step(has={"x-amzn-requestid": "*"}),
        ),
    ),
    Row(
        says="the client's own X-Forwarded-For and trace are the gateway's to write",
        page=PROXY, kind="rest-token",
        steps=(
            Step(
                headers=(("X-Forwarded-For", "192.0.2.1"), ("x-amzn-trace-id", "mine")),
                got={"headers.X-Forwarded-For": "127.0.0.1", "headers.x-amzn-trace-id": ABSENT},
            ),
        ),
    ),
)  # fmt: skip

REQUEST_ROWS: Final = (
    Row(
        says="a REQUEST authorizer gets the whole request but its body",
        page=INPUT, kind="rest-request",
        steps=(
            Step(
                method="PUT", path="/files/a?b=c", headers=ROLE, content=b"secret", asked=1,
                event={
                    "type": "REQUEST",
                    "methodArn": f"{ARN}localrest0/local/PUT/files/a",
                    "resource": "/files/{proxy+}",
                    "path": "/files/a",
                    "httpMethod": "PUT",
                    "queryStringParameters": {"b": "c"},
                    "pathParameters": {"proxy": "a"},
                    "requestContext.httpMethod": "PUT",
                    "requestContext.identity.sourceIp": "127.0.0.1",
                    "body": ABSENT,
                    "version": ABSENT,
                },
            ),
        ),
    ),
    Row(
        says="without one of its identity sources it is a 401, and the authorizer is not asked",
        page=CONFIGURE, kind="rest-request",
        steps=(Step(status=401, asked=0), Step(who=None, headers=ROLE, status=401, asked=0)),
    ),
    Row(
        says="without caching a missing one is passed on to the authorizer",
        page=CONFIGURE, kind="rest-request", told=says(policy(OPEN)),
        steps=(Step(path="/uncached", who=None, asked=1),),
    ),
    Row(
        says="all identity sources together are the cache's key",
        page=USE, kind="rest-request",
        steps=(
            Step(who="two-roles", headers=ROLE, asked=1),
            Step(who="two-roles", headers=(("X-Role", "viewer"),), asked=1),
            Step(who="two-roles", headers=ROLE, asked=0),
        ),
    ),
    Row(
        says="a header that is no identity source makes no difference to the cache",
        page=USE, kind="rest-request",
        steps=(Step(headers=ROLE, asked=1), Step(headers=(*ROLE, ("X-Other", "1")), asked=0)),
    ),
    Row(
        says="a REST API's preflight is answered by the API, and never authorized",
        page="how-to-cors.html", kind="rest-request",
        steps=(
            Step(
                method="OPTIONS", who=None, headers=(("Origin", ORIGIN), ("Access-Control-Request-Method", "GET")),
                status=200, asked=0, has={"access-control-allow-origin": ORIGIN},
            ),
        ),
    ),
)  # fmt: skip

HTTP_1_ROWS: Final = (
    Row(
        says="payload 1.0 joins the identity sources, twice",
        page=HTTP, kind="http-1", told=says(policy(OPEN)),
        steps=(
            Step(
                who=None, headers=(("Authorization", "a"), ("X-Role", "b")), asked=1,
                event={
                    "version": "1.0", "type": "REQUEST", "identitySource": "a,b", "authorizationToken": "a,b",
                    "methodArn": f"{ARN}localhttp0/$default/GET/data", "routeArn": ABSENT,
                },
            ),
        ),
    ),
    Row(
        says="header names are in lower case",
        page=HTTP_PROXY, kind="http-1",
        steps=(
            Step(
                headers=(*ROLE, ("X-MiXed", "1")), event={"headers.x-mixed": "1", "headers.X-MiXed": ABSENT},
                got={"headers.x-mixed": "1", "version": "1.0"},
            ),
        ),
    ),
    Row(
        says="the backend finds the context in requestContext.authorizer",
        page=HTTP_PROXY, kind="http-1",
        steps=(Step(headers=ROLE, got={"requestContext.authorizer.username": "erin"}),),
    ),
    Row(
        says="a denial is a 403",
        page=HTTP, kind="http-1",
        steps=(Step(who="no-groups", headers=ROLE, status=403, body={"message": "Forbidden"}),),
    ),
    Row(
        says="a missing identity source is a 401, and the authorizer is not asked",
        page=HTTP, kind="http-1",
        steps=(Step(status=401, body={"message": "Unauthorized"}, asked=0),),
    ),
    Row(
        says="a function's answer without a status is a 500",
        page=HTTP_PROXY, kind="http-1", returns={"a": 1},
        steps=(Step(headers=ROLE, status=500, body={"message": "Internal Server Error"}),),
    ),
)  # fmt: skip

HTTP_2_ROWS: Final = (
    Row(
        says="payload 2.0 has a list of the identity sources, the route's ARN and its key",
        page=HTTP, kind="http-2", told=says(policy(OPEN)),
        steps=(
            Step(
                who=None, headers=(("Authorization", "a"), ("X-Role", "b")), asked=1, path="/data/x",
                event={
                    "version": "2.0", "type": "REQUEST", "identitySource": ["a", "b"], "methodArn": ABSENT,
                    "routeArn": f"{ARN}localhttp0/$default/GET/data/x", "routeKey": "GET /data/{proxy+}",
                    "requestContext.http.method": "GET", "rawPath": "/data/x", "pathParameters": {"proxy": "x"},
                },
            ),
        ),
    ),
    Row(
        says="what is empty is left out",
        page=HTTP, kind="http-2",
        steps=(
            Step(
                headers=ROLE, event={"cookies": ABSENT, "queryStringParameters": ABSENT, "pathParameters": ABSENT},
                got={"cookies": ABSENT, "body": ABSENT},
            ),
        ),
    ),
    Row(
        says="repeated headers and parameters are joined, and cookies stand by themselves",
        page=HTTP_PROXY, kind="http-2",
        steps=(
            Step(
                path="/data?a=1&a=2", headers=(*ROLE, ("X-Two", "1"), ("X-Two", "2"), ("Cookie", "c=1; d=2")),
                got={
                    "queryStringParameters.a": "1,2", "headers.x-two": "1,2", "cookies": ["c=1", "d=2"],
                    "headers.cookie": ABSENT, "rawQueryString": "a=1&a=2",
                },
            ),
        ),
    ),
    Row(
        says="the context reaches the backend under `lambda`, each value as it is",
        page=HTTP, kind="http-2",
        told=says(policy(OPEN, context={"n": 1, "yes": True, "list": ["a"], "map": {"b": "c"}})),
        steps=(
            Step(
                headers=ROLE,
                got={"requestContext.authorizer.lambda": {"n": 1, "yes": True, "list": ["a"], "map": {"b": "c"}}},
            ),
        ),
    ),
    Row(
        says="`Unauthorized` is a 401",
        page=HTTP, kind="http-2", told=UNAUTHORIZED,
        steps=(Step(headers=ROLE, status=401, body={"message": "Unauthorized"}),),
    ),
    Row(
        says="it may be returned, too",
        page=HTTP, kind="http-2", told=says({"errorMessage": "Unauthorized"}),
        steps=(Step(headers=ROLE, status=401, body={"message": "Unauthorized"}),),
    ),
    Row(
        says="any other error is a 500",
        page=HTTP, kind="http-2", told=FAILED,
        steps=(Step(headers=ROLE, status=500, body={"message": "Internal Server Error"}),),
    ),
    Row(
        says="a simple response to an API that expects a policy is a 500",
        page=HTTP, kind="http-2", told=says({"isAuthorized": True}),
        steps=(Step(headers=ROLE, status=500),),
    ),
    Row(
        says="an authorizer that gives no answer in ten seconds is a 500",
        page=HTTP_QUOTAS, kind="http-2", first=_slow,
        steps=(Step(headers=ROLE, status=500, asked=1),),
    ),
    Row(
        says="a route that is not there is a 404",
        page=ROUTES, kind="http-2",
        steps=(Step(path="/nowhere", headers=ROLE, status=404, body={"message": "Not Found"}, asked=0),),
    ),
    Row(
        says="$default takes what no other route does, and the ARN has method and path all the same",
        page=ROUTES, kind="http-2", first=_caught_all, told=says(policy(OPEN)),
        steps=(
            Step(
                path="/nowhere", method="PATCH", headers=ROLE,
                event={"routeKey": "$default", "routeArn": f"{ARN}localhttp0/$default/PATCH/nowhere"},
            ),
            Step(path="/items/first", headers=ROLE, got={"routeKey": "GET /items/first"}),
        ),
    ),
    Row(
        says="a full match goes before a greedy variable",
        page=ROUTES, kind="http-2", told=says(policy(OPEN)),
        steps=(
            Step(path="/items/first", headers=ROLE, got={"routeKey": "GET /items/first"}),
            Step(path="/items/a/b", headers=ROLE, got={"routeKey": "GET /items/{proxy+}"}),
        ),
    ),
    Row(
        says="a route's key can be part of the cache's",
        page=HTTP, kind="http-2", told=says(policy(OPEN)),
        steps=(
            Step(path="/by-route", headers=ROLE, asked=1),
            Step(path="/by-route", headers=ROLE, asked=0),
            Step(path="/by-route", method="POST", headers=ROLE, asked=1),
        ),
    ),
    Row(
        says="a preflight is answered by the API, and never authorized",
        page=CORS, kind="http-2",
        steps=(
            Step(
                method="OPTIONS", who=None, headers=(("Origin", ORIGIN), ("Access-Control-Request-Method", "PUT")),
                status=204, asked=0,
                has={
                    "access-control-allow-origin": ORIGIN, "access-control-allow-methods": "GET,PUT",
                    "access-control-allow-headers": "authorization", "access-control-max-age": "600",
                },
            ),
        ),
    ),
    Row(
        says="the API's CORS headers stand in place of the backend's",
        page=CORS, kind="http-2",
        returns={"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "x-mine": "1"}, "body": "{}"},
        steps=(
            Step(
                headers=(*ROLE, ("Origin", ORIGIN)),
                has={"access-control-allow-origin": ORIGIN, "x-mine": "1", "access-control-expose-headers": "x-mine"},
            ),
        ),
    ),
    Row(
        says="and on its own refusals",
        page=CORS, kind="http-2",
        steps=(Step(who=None, headers=(("Origin", ORIGIN),), status=401, has={"access-control-allow-origin": ORIGIN}),),
    ),
    Row(
        says="any JSON that a function returns is a body",
        page=HTTP_PROXY, kind="http-2", returns={"hello": "world"},
        steps=(Step(headers=ROLE, body={"hello": "world"}, has={"content-type": "application/json"}),),
    ),
    Row(
        says="its cookies become Set-Cookie headers",
        page=HTTP_PROXY, kind="http-2", returns={"statusCode": 200, "cookies": ["a=1"], "body": "{}"},
        steps=(Step(headers=ROLE, has={"set-cookie": "a=1"}),),
    ),
    Row(
        says="a backend that is late is a 503",
        page=HTTP_QUOTAS, kind="http-2", returns=TIMED_OUT,
        steps=(Step(headers=ROLE, status=503, body={"message": "Service Unavailable"}),),
    ),
    Row(
        says="a function that fails is a 500",
        page=HTTP_PROXY, kind="http-2", returns=CRASHED,
        steps=(Step(headers=ROLE, status=500, body={"message": "Internal Server Error"}),),
    ),
    Row(
        says="a body that is no text reaches the function in base64",
        page=HTTP_PROXY, kind="http-2",
        steps=(
            Step(
                method="POST", headers=ROLE, content=b"\xff\xfe", got={"body": "//4=", "isBase64Encoded": True},
            ),
        ),
    ),
    Row(
        says="every answer names its request",
        page=VARIABLES, kind="http-2",
        steps=(Step(headers=ROLE, has={"apigw-requestid": "*"}),),
    ),
)  # fmt: skip

SIMPLE_ROWS: Final = (
    Row(
        says="isAuthorized opens the route",
        page=HTTP, kind="http-simple",
        steps=(Step(headers=ROLE, asked=1, got={"requestContext.authorizer.lambda.username": "erin"}),),
    ),
    Row(
        says="and closes it",
        page=HTTP, kind="http-simple",
        steps=(Step(who="no-groups", headers=ROLE, status=403, body={"message": "Forbidden"}),),
    ),
    Row(
        says="one that is no boolean is a 500",
        page=HTTP, kind="http-simple", told=says({"isAuthorized": "true"}),
        steps=(Step(headers=ROLE, status=500),),
    ),
    Row(
        says="a policy is a 500",
        page=HTTP, kind="http-simple", told=says(policy(OPEN)),
        steps=(Step(headers=ROLE, status=500),),
    ),
)  # fmt: skip

ROWS: Final = (*TOKEN_ROWS, *REQUEST_ROWS, *HTTP_1_ROWS, *HTTP_2_ROWS, *SIMPLE_ROWS)
