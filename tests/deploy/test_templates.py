"""The deployment says what `policies/access.toml` says: one changed without the other turns a test red."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from authorizer.engine.document import parse_identity, parse_session
from authorizer.engine.evaluate import AccessRequest, evaluate
from authorizer.metrics import NAMESPACE
from authorizer.runtime import MAX_SECONDS
from authorizer.vending.papers import execution_policy, trust_policy
from tests.deploy.sam import DEPLOY, resolve, resources, template
from tests.make import ACCESS, ROOT, make_settings, sample_environment, sample_settings

TEMPLATE = template("template.yaml")
ATTACH = template("attach.yaml")
BOTH = [pytest.param(TEMPLATE, id="template.yaml"), pytest.param(ATTACH, id="attach.yaml")]
EXECUTION_ROLE = "arn:aws:iam::123456789012:role/authorizer"
GIVEN_BY_LAMBDA = {"AWS_REGION"}
CACHED = sample_settings().gateway.identity_sources
FUNCTIONS = ("AuthorizerFunction", "SimpleAuthorizerFunction")


def variables(tree: dict[str, Any], function: str) -> dict[str, Any]:
    shared = tree.get("Globals", {}).get("Function", {}).get("Environment", {}).get("Variables", {})
    own = resources(tree, "AWS::Serverless::Function")[function]["Environment"]["Variables"]
    return {**shared, **own}


def authorizers(api: str) -> dict[str, Any]:
    found: dict[str, Any] = TEMPLATE["Resources"][api]["Properties"]["Auth"]["Authorizers"]
    return found


def texts(tree: object) -> Iterator[str]:
    match tree:
        case str():
            yield tree
        case dict():
            for value in tree.values():
                yield from texts(value)
        case list():
            for value in tree:
                yield from texts(value)


# ── Environment ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("tree", "function"),
    [
        pytest.param(TEMPLATE, "AuthorizerFunction", id="template.yaml, policy"),
        pytest.param(TEMPLATE, "SimpleAuthorizerFunction", id="template.yaml, simple"),
        pytest.param(ATTACH, "AuthorizerFunction", id="attach.yaml"),
    ],
)
def test_every_name_that_access_toml_reads_is_set_and_nothing_else(
    tree: dict[str, Any], function: str
) -> None:
    read = {
        text.removeprefix("env:")
        for text in texts(tomllib.loads(ACCESS.read_text()))
        if text.startswith("env:")
    }
    assert set(variables(tree, function)) == read - GIVEN_BY_LAMBDA


def test_role_arns_come_from_the_roles_of_the_same_name() -> None:
    roles = resources(TEMPLATE, "AWS::IAM::Role")
    for name in sample_settings().roles:
        given = variables(TEMPLATE, "AuthorizerFunction")[f"{name.upper()}_ROLE_ARN"]
        assert given == {"Fn::GetAtt": f"{name.title()}Role.Arn"}
        assert f"{name.title()}Role" in roles


# ── Caching: one parameter is both the gateway's TTL and the function's ──────────────────────────────────────────────


def test_the_ttl_of_every_cached_authorizer_is_the_one_that_its_function_reckons_with() -> None:
    cached = [*authorizers("RestApi").values(), authorizers("HttpApi")["Policy"]]
    assert len(cached) == 3
    for authorizer in cached:
        assert authorizer["FunctionArn"] == {"Ref": "AuthorizerFunction.Alias"}
        assert authorizer["Identity"]["ReauthorizeEvery"] == {"Ref": "ResultTtl"}
    assert variables(TEMPLATE, "AuthorizerFunction")["RESULT_TTL"] == {"Fn::Sub": "${ResultTtl}s"}
    for kind in ("AWS::ApiGateway::Authorizer", "AWS::ApiGatewayV2::Authorizer"):
        for name, attached in resources(ATTACH, kind).items():
            if name != "WebSocketAuthorizer":
                ttl = attached["AuthorizerResultTtlInSeconds"]
                assert ttl in ({"Ref": "ResultTtl"}, {"Fn::If": ["Simple", 0, {"Ref": "ResultTtl"}]})
    given = variables(ATTACH, "AuthorizerFunction")["RESULT_TTL"]
    assert given == {"Fn::If": ["Simple", "0s", {"Fn::Sub": "${ResultTtl}s"}]}


def test_a_simple_answer_is_never_repeated() -> None:
    simple = authorizers("HttpApi")["Simple"]
    assert simple["FunctionArn"] == {"Ref": "SimpleAuthorizerFunction.Alias"}
    assert simple["EnableSimpleResponses"] is True
    assert simple["Identity"]["ReauthorizeEvery"] == 0
    assert variables(TEMPLATE, "SimpleAuthorizerFunction")["RESULT_TTL"] == "0s"


@pytest.mark.parametrize("tree", BOTH)
@pytest.mark.parametrize("bound", ["MinValue", "MaxValue", "Default"])
def test_every_ttl_that_the_parameter_takes_loads(tree: dict[str, Any], bound: str) -> None:
    ttl = tree["Parameters"]["ResultTtl"][bound]
    settings = make_settings(environment={"RESULT_TTL": f"{ttl}s"})
    assert settings.gateway.result_ttl == ttl


@pytest.mark.parametrize(
    ("response", "ttl"),
    [pytest.param("policy", "300s", id="policy"), pytest.param("simple", "0s", id="simple")],
)
def test_both_forms_of_answer_load(response: str, ttl: str) -> None:
    settings = make_settings(environment={"RESPONSE": response, "RESULT_TTL": ttl})
    assert settings.gateway.response == response
    forms = {variables(TEMPLATE, function)["RESPONSE"] for function in FUNCTIONS}
    assert response in forms


def test_caches_are_keyed_by_what_access_toml_lists() -> None:
    # A TOKEN authorizer sees one header: nothing else can change its answer.
    assert authorizers("RestApi")["Token"]["Identity"]["Header"].lower() in CACHED
    for authorizer in (authorizers("RestApi")["Request"], authorizers("HttpApi")["Policy"]):
        assert tuple(name.lower() for name in authorizer["Identity"]["Headers"]) == CACHED
    [_, by_token, by_request] = ATTACH["Resources"]["RestAuthorizer"]["Properties"]["IdentitySource"][
        "Fn::If"
    ]
    assert by_token == "method.request.header.Authorization"
    assert by_request.lower() == ",".join(f"method.request.header.{name}" for name in CACHED)
    [_, _, http] = ATTACH["Resources"]["HttpAuthorizer"]["Properties"]["IdentitySource"]["Fn::If"]
    assert [source.lower() for source in http] == [f"$request.header.{name}" for name in CACHED]


def test_the_websockets_token_comes_from_where_access_toml_reads_one() -> None:
    for tree in (TEMPLATE, ATTACH):
        sources = tree["Resources"]["WebSocketAuthorizer"]["Properties"]["IdentitySource"]
        assert sources == ["route.request.querystring.token"]
    assert "query:token" in sample_settings().gateway.token_sources


def test_what_the_gateway_lets_through_to_a_token_authorizer_holds_any_jwt() -> None:
    expression = authorizers("RestApi")["Token"]["Identity"]["ValidationExpression"]
    assert (
        expression
        == ATTACH["Resources"]["RestAuthorizer"]["Properties"]["IdentityValidationExpression"]["Fn::If"][1]
    )
    assert re.fullmatch(expression, "Bearer eyJhbGciOi-_.eyJzdWIi.c2ln")
    assert re.fullmatch(expression, "bearer eyJhbGciOi-_.eyJzdWIi.c2ln")
    for refused in ("Basic YTpi", "Bearer", "Bearer a b", "Bearer a\n"):
        assert not re.fullmatch(expression, refused)


# ── Secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_access_logs_name_no_secret() -> None:
    formats = [text for text in texts(TEMPLATE["Resources"]) if "$context." in text and "requestId" in text]
    assert len(formats) == 3
    for text in formats:
        json.loads(text)
        named = set(re.findall(r"\$context\.authorizer\.(\w+)", text))
        assert named == {"principalId", "status", "latency"}
        assert "querystring" not in text.lower()
        assert "header" not in text.lower()


def test_data_tracing_is_off_where_it_could_be_on() -> None:
    [method] = TEMPLATE["Resources"]["RestApi"]["Properties"]["MethodSettings"]
    websocket = TEMPLATE["Resources"]["WebSocketStage"]["Properties"]["DefaultRouteSettings"]
    for settings in (method, websocket):
        assert settings["DataTraceEnabled"] is False
        assert settings["LoggingLevel"] == "OFF"


# ── Roles ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def known_arns() -> dict[str, str]:
    """What the templates' references to roles come to."""
    arns = {"AuthorizerRole.Arn": EXECUTION_ROLE}
    for role in sample_settings().roles.values():
        arns |= {f"{role.name.title()}Role.Arn": role.arn, f"{role.name.title()}RoleArn": role.arn}
    return arns


@pytest.mark.parametrize("tree", BOTH)
def test_the_execution_role_may_write_its_logs_and_what_authorizer_trust_prints(tree: dict[str, Any]) -> None:
    role = tree["Resources"]["AuthorizerRole"]["Properties"]
    assert "ManagedPolicyArns" not in role
    policies = [*role["Policies"], *resources(tree, "AWS::IAM::RolePolicy").values()]
    by_name = {policy["PolicyName"]: policy["PolicyDocument"] for policy in policies}
    assert set(by_name) == {"write-own-logs", "assume-vend-roles"}
    [logs] = by_name["write-own-logs"]["Statement"]
    assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert logs["Resource"] == {"Fn::GetAtt": "AuthorizerLogs.Arn"}
    assert resolve(by_name["assume-vend-roles"], known_arns()) == execution_policy(
        sample_settings().roles.values()
    )


def test_the_backend_has_no_permission_on_data() -> None:
    [policy] = TEMPLATE["Resources"]["BackendRole"]["Properties"]["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]


def test_roles_live_as_long_as_their_sessions() -> None:
    for role in sample_settings().roles.values():
        assert (
            TEMPLATE["Resources"][f"{role.name.title()}Role"]["Properties"]["MaxSessionDuration"]
            >= role.duration
        )


@pytest.mark.parametrize("name", list(sample_settings().roles))
def test_vended_roles_have_the_trust_that_authorizer_trust_prints(name: str) -> None:
    deployed = TEMPLATE["Resources"][f"{name.title()}Role"]["Properties"]["AssumeRolePolicyDocument"]
    assert resolve(deployed, known_arns()) == trust_policy(sample_settings().roles[name], EXECUTION_ROLE)


VALUES = {
    "sub": "11111111-1111-4111-8111-111111111111",
    "tenant": "acme",
    "client": "1example23456789machine",
}


@pytest.mark.parametrize("group", [*sample_settings().groups, "importer"])
def test_a_role_allows_all_that_its_session_policies_promise(group: str) -> None:
    settings = sample_settings()
    scopes = (
        frozenset(settings.groups[group].scopes) if group in settings.groups else frozenset({"imports/write"})
    )
    name = settings.groups[group].role if group in settings.groups else "importer"
    assert name is not None
    role = settings.roles[name]
    environment = sample_environment()
    bucket = f"arn:aws:s3:::{environment['DATA_BUCKET']}"
    place = f"{environment['AWS_REGION']}:{environment['ACCOUNT_ID']}"
    table = f"arn:aws:dynamodb:{place}:table/{environment['DATA_TABLE']}"
    known = {"DataBucket.Arn": bucket, "DataTable.Arn": table}
    identity = [
        parse_identity(json.dumps(resolve(policy["PolicyDocument"], known)))
        for policy in TEMPLATE["Resources"][f"{name.title()}Role"]["Properties"]["Policies"]
    ]
    session = parse_session(settings.template_set.render(role.policies, VALUES, scopes=scopes))
    promised = [
        AccessRequest(
            action=action,
            resource=resource.replace("*", "item"),
            context={
                condition.key: condition.values[0].replace("*", "item")
                for condition in statement.conditions
                if condition.operator != "Null"
            },
        )
        for statement in session.statements
        for action in statement.actions
        for resource in statement.resources
    ]
    assert promised
    for request in promised:
        alone = evaluate(identity=None, session=session, boundary=None, request=request)
        both = evaluate(identity=identity, session=session, boundary=None, request=request)
        assert alone.allowed
        assert both.allowed, request


# ── The rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_pools_groups_are_those_of_access_toml() -> None:
    pool = {
        group["GroupName"]: (group["Precedence"], group["RoleArn"]["Fn::GetAtt"])
        for group in resources(TEMPLATE, "AWS::Cognito::UserPoolGroup").values()
    }
    assert pool == {
        group.name: (group.precedence, f"{str(group.role).title()}Role.Arn")
        for group in sample_settings().groups.values()
    }


def test_users_cannot_write_the_attribute_that_decides_their_tenant() -> None:
    client = TEMPLATE["Resources"]["AppClient"]["Properties"]
    claim = sample_settings().claims["tenant"].claim
    assert claim in client["ReadAttributes"]
    assert claim not in client["WriteAttributes"]
    [attribute] = TEMPLATE["Resources"]["UserPool"]["Properties"]["Schema"]
    assert f"custom:{attribute['Name']}" == claim
    assert attribute["Mutable"] is False


def test_the_machine_clients_scope_opens_routes() -> None:
    server = TEMPLATE["Resources"]["ImportsResourceServer"]["Properties"]
    offered = {f"{server['Identifier']}/{scope['ScopeName']}" for scope in server["Scopes"]}
    assert offered == set(TEMPLATE["Resources"]["MachineClient"]["Properties"]["AllowedOAuthScopes"])
    assert offered <= set(sample_settings().scopes)


def test_the_authorizer_gives_up_before_lambda_and_the_gateway_do() -> None:
    for timeout in (
        TEMPLATE["Globals"]["Function"]["Timeout"],
        ATTACH["Resources"]["AuthorizerFunction"]["Properties"]["Timeout"],
    ):
        assert MAX_SECONDS < timeout <= 10


def test_alarms_watch_metrics_that_the_decision_record_has() -> None:
    metrics = []
    for alarm in resources(TEMPLATE, "AWS::CloudWatch::Alarm").values():
        metrics += [part["MetricStat"]["Metric"] for part in alarm.get("Metrics", ()) if "MetricStat" in part]
        metrics += [alarm] if "Namespace" in alarm else []
    own = [metric for metric in metrics if metric["Namespace"] != "AWS/Lambda"]
    verdicts = set()
    for metric in own:
        assert metric["Namespace"] == NAMESPACE
        assert metric["MetricName"] == "decisions"
        [dimension] = metric["Dimensions"]
        assert dimension["Name"] == "verdict"
        verdicts.add(dimension["Value"])
    assert verdicts == {"deny", "unauthorized", "failure"}


def test_the_backends_handler_is_among_the_files_that_are_packed() -> None:
    handler = resources(TEMPLATE, "AWS::Serverless::Function")["BackendFunction"]["Handler"]
    module, _, function = handler.rpartition(".")
    source = DEPLOY / "backends" / "python" / f"{module}.py"
    assert f"cp {source.relative_to(ROOT)} $(BUILD)/backend" in (ROOT / "Makefile").read_text()
    assert f"\ndef {function}(event" in source.read_text()


def test_both_files_define_the_same_function() -> None:
    shared = TEMPLATE["Globals"]["Function"]
    whole = {**shared, **resources(TEMPLATE, "AWS::Serverless::Function")["AuthorizerFunction"]}
    attached = resources(ATTACH, "AWS::Serverless::Function")["AuthorizerFunction"]
    for key in ("CodeUri", "Handler", "Runtime", "Architectures", "Timeout", "MemorySize"):
        assert whole[key] == attached[key]
