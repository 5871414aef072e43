"""The API in front: who stands before its routes, what its cache remembers, and where credentials go."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from authorizer.gate.fronting import fronting
from authorizer.gate.gateways import form, repeating, tokens
from authorizer.gate.handing import handing
from authorizer.gate.rulings import World
from authorizer.settings.schema import Access
from tests.deployed.factories import ACCOUNT
from tests.deployed.sample import account, asking, function, http_api, rest_api, told, world
from tests.make import make_access, sample_access

HTTP: dict[str, Any] = http_api()
REST: dict[str, Any] = rest_api()
NOWHERE = ("OPEN", "no API in these files asks the authorizer")


def http(part: str = "authorizers", /, access: Access | None = None, **changes: Any) -> World:
    """The sample behind an HTTP API alone, one row of which is another."""
    (row,) = HTTP[part]
    return world(access, rest_apis=[], apis=[{**HTTP, part: [{**row, **changes}]}])


def websocket(*routes: Mapping[str, Any]) -> World:
    found = {
        **HTTP,
        "api": {"ApiId": "http0", "ProtocolType": "WEBSOCKET"},
        "routes": [*routes],
    }
    return world(rest_apis=[], apis=[found])


def rest(
    access: Access | None = None, /, *, method: Mapping[str, Any] | None = None, **changes: Any
) -> World:
    """The sample behind a REST API alone, whose authorizer or method is another."""
    (row,), (_, resource) = REST["authorizers"], REST["resources"]
    (old,) = resource["resourceMethods"].values()
    there = {**resource, "resourceMethods": {"ANY": {**old, **(method or {})}}}
    found = {**REST, "authorizers": [{**row, **changes}], "resources": [there]}
    return world(access, apis=[], rest_apis=[found])


# ── every route ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sample_stands_behind_the_authorizer() -> None:
    for check in (fronting, repeating, form, tokens, handing):
        assert told(check(world())) == []
        assert [*check(world())] != []


@pytest.mark.parametrize("check", [fronting, repeating, form, tokens, handing])
def test_without_an_api_all_of_it_is_open(check: Any) -> None:
    (note,) = check(world(apis=[], rest_apis=[]))
    assert (note.status, note.text) == NOWHERE
    assert "docs/deployed.md" in note.closes


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param(
            {"AuthorizationType": "NONE", "AuthorizerId": None},
            ("REFUTED", "ANY /data/{proxy+} of http0 has no authorizer: it is open to everybody"),
            id="nobody",
        ),
        pytest.param(
            {"AuthorizationType": "JWT", "AuthorizerId": "gone"},
            ("REFUTED", "ANY /data/{proxy+} of http0 stands behind gone, and not behind the authorizer"),
            id="another",
        ),
        pytest.param(
            {"AuthorizerId": "gone"},
            ("OPEN", "ANY /data/{proxy+} of http0: which authorizer stands before it is open"),
            id="one that is not there",
        ),
        pytest.param(
            {"RouteKey": "OPTIONS /x", "AuthorizationType": "NONE"},
            (
                "OPEN",
                "OPTIONS /x of http0 has no authorizer: what the backend makes of a preflight is its own",
            ),
            id="a preflight that reaches the backend",
        ),
        pytest.param(
            {"AuthorizationType": "NONE", "AuthorizerId": None, "Target": None},
            ("REFUTED", "ANY /data/{proxy+} of http0 has no authorizer: it is open to everybody"),
            id="nobody, before nobody knows what",
        ),
    ],
)
def test_who_stands_before_a_route(changes: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert told(fronting(http("routes", **changes))) == ([expected] if expected else [])


def test_a_preflight_that_goes_nobody_knows_where_is_open() -> None:
    found = told(fronting(http("routes", RouteKey="OPTIONS /x", AuthorizationType="NONE", Target=None)))
    assert found == [
        ("OPEN", "OPTIONS /x of http0 has no authorizer, and what it reaches is not in these files")
    ]


def test_an_answer_of_the_gateway_s_own_is_no_other_way() -> None:
    other = to("", "other0", AuthorizationType="NONE", AuthorizerId=None)
    behind = {"IntegrationId": "i-other0", "IntegrationType": "MOCK"}
    there = {**other, "authorizers": [], "integrations": [behind]}
    assert told(fronting(world(rest_apis=[], apis=[HTTP, there]))) == []


def test_a_method_that_a_scope_opens_is_no_preflight() -> None:
    access = make_access(scopes={"odd": ["OPTIONS /x"]})
    found = told(fronting(http("routes", access=access, RouteKey="OPTIONS /x", AuthorizationType="NONE")))
    assert found == [("REFUTED", "OPTIONS /x of http0 has no authorizer: it is open to everybody")]


@pytest.mark.parametrize(
    ("behind", "is_found"),
    [
        pytest.param({"type": "MOCK"}, False, id="an answer of the gateway's own"),
        pytest.param({"type": "AWS_PROXY", "uri": asking("own")}, False, id="who verifies the token itself"),
        pytest.param({"type": "AWS_PROXY", "uri": asking("backend")}, True, id="a backend"),
        pytest.param({}, True, id="nobody knows what"),
    ],
)
def test_what_needs_nobody_before_it(behind: dict[str, Any], is_found: bool) -> None:
    own = function("own", Handler="authorizer.own_handler.lambda_handler")
    there = rest(method={"authorizationType": "NONE", "methodIntegration": behind})
    deployment = account(apis=[], rest_apis=[], functions=[function("authorizer"), own])
    both = World(
        sample_access(),
        type(deployment)(
            files=(),
            names=deployment.names,
            functions=deployment.functions,
            apis=there.deployment.apis,
            authorizers=there.deployment.authorizers,
            routes=there.deployment.routes,
        ),
    )
    assert (told(fronting(both)) != []) is is_found


def test_a_websocket_asks_who_connects_and_nothing_else() -> None:
    (route,) = HTTP["routes"]
    connect = {**route, "RouteKey": "$connect"}
    message = {**route, "RouteKey": "$default", "AuthorizationType": "NONE", "AuthorizerId": None}
    assert told(fronting(websocket(connect, message))) == []
    assert told(fronting(websocket({**connect, "AuthorizationType": "NONE"}, message))) == [
        ("REFUTED", "$connect of http0 has no authorizer: it is open to everybody")
    ]
    assert told(fronting(websocket(message))) == [
        ("REFUTED", "http0 has no route $connect, so that nobody is asked who connects")
    ]
    assert told(fronting(websocket())) == [("OPEN", "no route of http0 is in these files")]


def test_an_api_of_which_only_the_authorizer_is_known_is_open() -> None:
    found = http()
    deployed = type(found.deployment)(
        files=(),
        names=found.deployment.names,
        functions=found.deployment.functions,
        authorizers=found.deployment.authorizers,
    )
    assert told(fronting(World(sample_access(), deployed))) == [
        ("OPEN", "the API http0 is not in these files")
    ]


def test_an_authorizer_that_may_ask_anybody_is_open_once() -> None:
    (row,) = HTTP["authorizers"]
    second = {**row, "AuthorizerId": "request2", "AuthorizerUri": None}
    (route,) = HTTP["routes"]
    there = {**HTTP, "authorizers": [row, second], "routes": [route, {**route, "AuthorizerId": "request2"}]}
    assert told(fronting(world(rest_apis=[], apis=[there]))) == [
        ("OPEN", "request2: which function it asks is open")
    ]


def test_an_authorizer_of_another_api_stands_before_none_of_this_one() -> None:
    other = {**HTTP, "api": {"ApiId": "other0", "ProtocolType": "HTTP"}, "authorizers": []}
    assert told(fronting(world(apis=[HTTP, other]))) == [
        ("OPEN", "ANY /data/{proxy+} of other0: which authorizer stands before it is open")
    ]


def test_another_way_to_what_stands_behind_the_authorizer_is_found() -> None:
    (route,) = HTTP["routes"]
    other = {
        **HTTP,
        "api": {"ApiId": "other0", "ProtocolType": "HTTP"},
        "authorizers": [],
        "routes": [{**route, "AuthorizationType": "NONE", "AuthorizerId": None}],
    }
    expected = [("REFUTED", "ANY /data/{proxy+} of other0 has no authorizer: it is open to everybody")]
    assert told(fronting(world(apis=[other]))) == expected
    elsewhere = [{"IntegrationId": "i1", "IntegrationType": "AWS_PROXY", "IntegrationUri": asking("else")}]
    assert told(fronting(world(apis=[{**other, "integrations": elsewhere}]))) == []


def to(uri: str | None, name: str = "http0", **route: Any) -> dict[str, Any]:
    """An HTTP API whose route goes to a server."""
    (row,) = HTTP["routes"]
    behind = {"IntegrationId": f"i-{name}", "IntegrationType": "HTTP_PROXY", "IntegrationUri": uri}
    return {
        **HTTP,
        "api": {"ApiId": name, "ProtocolType": "HTTP"},
        "routes": [{**row, "Target": f"integrations/i-{name}", **route}],
        "integrations": [] if uri is None else [behind],
        "stages": [],
    }


BALANCER = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:listener/app/{{}}/{{}}/{{}}"


@pytest.mark.parametrize(
    ("guarded", "open_one", "expected"),
    [
        ("https://jobs.example.com/", "https://jobs.example.com/{proxy}", ["REFUTED"]),
        ("https://jobs.example.com/a/{proxy}", "http://JOBS.example.com:80/{proxy}", ["REFUTED"]),
        ("https://jobs.example.com/", "https://jobs.example.com/", ["REFUTED"]),
        ("https://jobs.example.com/", "https://jobs.example.com/status", ["OPEN"]),
        ("https://jobs.example.com/", "https://other.example.com/{proxy}", []),
        ("https://jobs.example.com/", "https://${stageVariables.host}/{proxy}", ["OPEN"]),
        ("https://jobs.example.com/", None, ["OPEN"]),
        (BALANCER.format("x", "1", "2"), BALANCER.format("x", "1", "3"), ["OPEN"]),
        (BALANCER.format("x", "1", "2"), BALANCER.format("x", "1", "2"), ["REFUTED"]),
        (BALANCER.format("x", "1", "2"), BALANCER.format("y", "2", "3"), []),
        (asking("backend"), asking("${stageVariables.function}"), ["OPEN"]),
    ],
)
def test_another_way_to_the_same_server_is_found(
    guarded: str, open_one: str | None, expected: list[str]
) -> None:
    other = to(open_one, "other0", AuthorizationType="NONE", AuthorizerId=None)
    found = told(fronting(world(rest_apis=[], apis=[to(guarded), {**other, "authorizers": []}])))
    assert [status for status, _ in found] == expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param({"Effect": "Deny", "Principal": "*"}, [], id="a Deny"),
        pytest.param(
            {"Effect": "Allow", "Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.1"}}},
            ["REFUTED"],
            id="an Allow, for some addresses",
        ),
        pytest.param({"Effect": "Allow", "NotPrincipal": {"AWS": ACCOUNT}}, ["REFUTED"], id="all but one"),
        pytest.param({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}}, [], id="who signs their requests"),
        pytest.param({"Effect": "Permit", "Principal": "*"}, ["OPEN"], id="nobody knows what"),
    ],
)
def test_an_api_s_own_policy_opens_nothing(statement: dict[str, Any], expected: list[str]) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Action": "execute-api:Invoke", "Resource": "execute-api:/*", **statement}],
    }
    api = {**REST["api"], "policy": json.dumps(document).replace('"', '\\"')}
    found = told(fronting(world(rest_apis=[{**REST, "api": api}])))
    assert [status for status, _ in found] == expected
    # Another API's policy is none of this one's.
    other = {**REST, "api": {**api, "id": "else0"}, "authorizers": [], "resources": []}
    assert told(fronting(world(rest_apis=[REST, other]))) == []


def test_whom_a_policy_allows_may_be_open() -> None:
    from tests.deployed.factories import from_template

    text = (
        "Resources:\n  A: {Type: 'AWS::ApiGateway::RestApi', Properties: {Policy: {Version: '2012-10-17', Statement: "
        "[{Effect: Allow, Principal: {AWS: !ImportValue x}, Action: 'execute-api:Invoke', Resource: '*'}]}}}\n"
        "  Z: {Type: 'AWS::ApiGateway::Authorizer', Properties: {RestApiId: !Ref A, "
        f"AuthorizerUri: '{asking()}'}}}}\n"
        "  F: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: authorizer, "
        "Handler: authorizer.handler.lambda_handler}}\n"
    )
    deployed = from_template(text, parameters={"AWS::AccountId": ACCOUNT})
    texts = [text for _, text in told(fronting(World(sample_access(), deployed)))]
    assert "whom the policy of ${A} allows is open" in texts


# ── the cache ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"AuthorizerResultTtlInSeconds": 300}, []),
        ({"AuthorizerResultTtlInSeconds": 10}, []),
        ({"AuthorizerResultTtlInSeconds": 0, "IdentitySource": []}, []),
        (
            {"AuthorizerResultTtlInSeconds": 301},
            ["request1: API Gateway repeats an answer for 301 s, and gateway.result_ttl is 300 s"],
        ),
        (
            {"AuthorizerResultTtlInSeconds": None},
            ["request1: for how long its answers are repeated is open"],
        ),
        (
            {"IdentitySource": ["$request.header.Authorization"]},
            [
                "request1: the cache is not keyed by x-role, which gateway.identity_sources has: callers who "
                "differ there alone get one answer"
            ],
        ),
        ({"IdentitySource": "x", "AuthorizerResultTtlInSeconds": 0}, []),
        ({"IdentitySource": {"a": "b"}}, ["request1: what its cache is keyed by is open"]),
    ],
)
def test_what_the_cache_remembers(changes: dict[str, Any], expected: list[str]) -> None:
    assert [text for _, text in told(repeating(http(**changes)))] == expected


def test_a_cache_may_be_wrong_in_two_ways() -> None:
    found = told(repeating(http(AuthorizerResultTtlInSeconds=3600, IdentitySource=[])))
    assert [status for status, _ in found] == ["REFUTED", "REFUTED"]


def test_a_token_authorizer_is_keyed_by_the_token_and_a_websocket_by_nothing() -> None:
    assert told(repeating(rest())) == []
    assert told(repeating(websocket())) == []


# ── the form ─────────────────────────────────────────────────────────────────────────────────────────────────────────

SIMPLE = {"response": "simple", "result_ttl": "0s"}


@pytest.mark.parametrize(
    ("gateway", "changes", "expected"),
    [
        ({}, {}, None),
        ({}, {"AuthorizerPayloadFormatVersion": "1.0"}, None),
        ({}, {"EnableSimpleResponses": True}, "takes the answer 'simple'"),
        (SIMPLE, {"EnableSimpleResponses": True}, None),
        (SIMPLE, {}, "takes the answer 'policy'"),
        (SIMPLE, {"AuthorizerPayloadFormatVersion": "1.0"}, None),
        (SIMPLE, {"AuthorizerPayloadFormatVersion": "1.0", "EnableSimpleResponses": True}, "payload 1.0"),
        ({}, {"AuthorizerPayloadFormatVersion": None}, "which form of answer it takes is open"),
    ],
)
def test_the_form_of_an_answer(
    gateway: dict[str, Any], changes: dict[str, Any], expected: str | None
) -> None:
    found = [text for _, text in told(form(http(access=make_access(gateway=gateway), **changes)))]
    assert len(found) == (expected is not None)
    assert all(expected in text for text in found if expected)


def test_a_rest_api_takes_policies_of_any_function() -> None:
    assert told(form(rest(make_access(gateway=SIMPLE)))) == []


def test_each_function_has_its_own_gateway() -> None:
    simple = make_access(gateway=SIMPLE).settings.gateway
    deployed = http(EnableSimpleResponses=True).deployment
    arn = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:authorizer"
    assert told(form(World(sample_access(), deployed, gateways={arn: simple}))) == []
    # Of one that does not start nothing is said here.
    assert [*form(World(sample_access(), deployed, gateways={arn: None}))] == []


# ── the token ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("expression", "status"),
    [
        (None, None),
        ("^Bearer [-0-9A-Za-z._]+$", None),
        ("Bearer .*", None),
        ("[A-Za-z]+", "OPEN"),
        ("^Bearer [0-9]+$", "REFUTED"),
        ("^(x+)+$", "OPEN"),
        (r"^Bearer ([\w-]+\.){2}[\w-]+$", None),
        ("(", "OPEN"),
    ],
)
def test_a_validation_expression_lets_tokens_through(expression: str | None, status: str | None) -> None:
    found = [each for each, _ in told(tokens(rest(identityValidationExpression=expression)))]
    assert found == ([status] if status else [])


def test_a_token_is_read_from_where_access_toml_says() -> None:
    assert told(tokens(rest(identitySource="method.request.header.X-Token"))) == [
        (
            "REFUTED",
            "token1 takes the token from the header x-token, which gateway.token_sources does not have",
        )
    ]
    for source in ({"a": "b"}, None):
        found = told(tokens(rest(identitySource=source)))
        assert found == [("OPEN", "token1: which header it takes the token from is open")]


# ── credentials ──────────────────────────────────────────────────────────────────────────────────────────────────────

PLAIN = {
    f"integration.request.header.{header}": f"context.authorizer.{name}"
    for name, header in (
        ("accessKeyId", "x-vended-access-key-id"),
        ("secretAccessKey", "x-vended-secret-access-key"),
        ("sessionToken", "x-vended-session-token"),
        ("expiration", "x-vended-expiration"),
    )
}


def mapping(mapped: Mapping[str, str], uri: str = "https://x", access: Access | None = None) -> list[str]:
    """What is said of a REST API's integration that maps this."""
    behind = {"type": "HTTP_PROXY", "uri": uri, "requestParameters": mapped}
    return [text for _, text in told(handing(rest(access, method={"methodIntegration": behind})))]


@pytest.mark.parametrize(
    ("mapped", "expected"),
    [
        (PLAIN, ()),
        ({}, ()),
        ({"integration.request.header.x-user": "context.authorizer.sub"}, ()),
        ({"integration.request.header.x-tenant": "context.authorizer.tenant"}, ()),
        ({"integration.request.header.x": "context.authorizer.colour"}, ("maps colour",)),
        ({**PLAIN, "append:header.x": "$context.authorizer.sub"}, ("appends sub to header.x",)),
        (
            {**PLAIN, "integration.request.querystring.k": "context.authorizer.sessionToken"},
            ("puts sessionToken into",),
        ),
        ({**PLAIN, "overwrite:path": "/x/$context.authorizer.secretAccessKey"}, ("puts secretAccessKey",)),
        (dict([*PLAIN.items()][:2]), ("maps a part of the credentials, and not sessionToken, expiration",)),
    ],
)
def test_what_is_mapped_into_a_request(mapped: Mapping[str, str], expected: tuple[str, ...]) -> None:
    found = mapping(mapped)
    assert len(found) == len(expected)
    assert all(part in text for part, text in zip(expected, found, strict=True))


def test_credentials_travel_by_tls() -> None:
    (found,) = mapping(PLAIN, "http://x")
    assert "sends credentials without TLS" in found
    assert mapping({"integration.request.header.x-user": "context.authorizer.sub"}, "http://x") == []


def test_sealed_credentials_come_with_the_subject_and_may_be_logged() -> None:
    sealed = make_access(
        session={"context": "sealed"},
        sealing={
            "keys": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:seal",
            "source": "secretsmanager",
        },
    )
    header = {"integration.request.header.x-vended-credentials": "context.authorizer.credentials"}
    assert mapping(header, access=sealed) == [
        "ANY /data/{proxy+} of rest0 maps a part of the credentials, and not sub: a caller's own may stand there"
    ]
    with_sub = {**header, "integration.request.header.x-vended-sub": "context.authorizer.sub"}
    assert mapping(with_sub, access=sealed) == []
    logged = http("stages", access=sealed, AccessLogSettings={"Format": "$context.authorizer.credentials"})
    assert told(handing(logged)) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"AccessLogSettings": {"Format": "$context.authorizer.principalId"}}, None),
        (
            {
                "AccessLogSettings": {
                    "Format": "$context.authorizer.sessionToken $context.authorizer.secretAccessKey"
                }
            },
            "http0: the access log has secretAccessKey, sessionToken",
        ),
        ({"DefaultRouteSettings": {"DataTraceEnabled": True}}, "http0: data tracing logs"),
    ],
)
def test_no_log_has_credentials(changes: dict[str, Any], expected: str | None) -> None:
    found = [text for _, text in told(handing(http("stages", **changes)))]
    assert len(found) == (expected is not None)
    assert all(expected in text for text in found if expected)


def test_an_api_that_asks_somebody_else_is_not_looked_at() -> None:
    (row,) = REST["authorizers"]
    stage = {"methodSettings": {"*/*": {"dataTraceEnabled": True}}}
    other = {
        **REST,
        "api": {"id": "else0"},
        "authorizers": [{**row, "id": "t2", "authorizerUri": asking("x")}],
        "resources": [],
        "stages": [stage],
    }
    assert told(handing(world(apis=[HTTP], rest_apis=[other]))) == []
