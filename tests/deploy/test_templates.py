"""The deployment says what `policies/access.toml` says: one changed without the other turns a test red."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from authorizer.bundle.wheels import ARCHITECTURE, PYTHON
from authorizer.runtime import MAX_SECONDS
from tests.deploy.sam import DEPLOY, chosen, resources, template
from tests.make import ACCESS, ROOT, make_settings, sample_settings

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
    assert set(chosen(variables(tree, function), ())) == read - GIVEN_BY_LAMBDA


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


# ── Secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_data_tracing_is_off_where_it_could_be_on() -> None:
    every, credentials = TEMPLATE["Resources"]["RestApi"]["Properties"]["MethodSettings"]
    websocket = TEMPLATE["Resources"]["WebSocketStage"]["Properties"]["DefaultRouteSettings"]
    for settings in (every, chosen(credentials, {"HandsOut"}), websocket):
        assert settings["DataTraceEnabled"] is False
        assert settings["LoggingLevel"] == "OFF"


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


def test_one_runtime_is_bundled_packaged_and_deployed() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert f"\nPY ?= {PYTHON}\n" in makefile
    assert f"\nARCH ?= {ARCHITECTURE}\n" in makefile
    for tree in (TEMPLATE, ATTACH):
        assert tree["Parameters"]["PythonVersion"]["Default"] == f"python{PYTHON}"
        assert tree["Parameters"]["Architecture"]["Default"] == ARCHITECTURE


def test_what_is_deployed_is_the_bundle() -> None:
    assert (
        "-m authorizer bundle --sample --arch $(ARCH) --python $(PY) --output $(BUILD)/authorizer.zip"
        in (ROOT / "Makefile").read_text()
    )
    for tree in (TEMPLATE, ATTACH):
        for function in resources(tree, "AWS::Serverless::Function").values():
            if function["Handler"].startswith("authorizer."):
                assert function["CodeUri"] == "../build/authorizer.zip"


# ── Pages of another origin ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_preflight_needs_no_token_and_refusals_can_be_read_by_the_allowed_origin() -> None:
    rest = TEMPLATE["Resources"]["RestApi"]["Properties"]
    assert rest["Auth"]["AddDefaultAuthorizerToCorsPreflight"] is False
    origin = rest["Cors"]["AllowOrigin"]
    assert origin == {"Fn::If": ["AllowsOrigin", {"Fn::Sub": "'${AllowOrigin}'"}, "''"]}
    headers = {
        kind: answer["ResponseParameters"]["Headers"] for kind, answer in rest["GatewayResponses"].items()
    }
    assert set(headers) == {"UNAUTHORIZED", "ACCESS_DENIED", "DEFAULT_5XX"}
    assert all(one["Access-Control-Allow-Origin"] == origin for one in headers.values())
    assert headers["UNAUTHORIZED"]["WWW-Authenticate"] == "'Bearer'"
    http = TEMPLATE["Resources"]["HttpApi"]["Properties"]["CorsConfiguration"]
    assert http["AllowOrigins"] == {
        "Fn::If": ["AllowsOrigin", [{"Ref": "AllowOrigin"}], {"Ref": "AWS::NoValue"}]
    }
    for allowed in (http["AllowHeaders"], rest["Cors"]["AllowHeaders"].strip("'").split(",")):
        assert set(CACHED) <= set(allowed)
    backend = resources(TEMPLATE, "AWS::Serverless::Function")["BackendFunction"]
    assert backend["Environment"]["Variables"] == {"ALLOW_ORIGIN": {"Ref": "AllowOrigin"}}
