"""What scopes open."""

import ast
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.document.document import parse_identity
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.errors import NoRoute, ResponseTooLarge, RouteClosed
from authorizer.gateway.respond import allow
from authorizer.identity.permit import permit
from authorizer.model import Routes, Shape
from authorizer.settings.schema import Settings
from authorizer.settings.walks import GLOBS, walks
from tests.make import ROOT, make_identity, make_request, make_settings, sample_settings

STAGE = "arn:aws:execute-api:eu-west-1:123456789012:rest0reqst/prod"


@cache
def with_scope(*routes: str) -> Settings:
    return make_settings(scopes={"x": list(routes)})


def opened(*routes: str, **request: Any) -> Routes:
    return permit(make_identity(scopes=frozenset(("x",))), make_request(**request), with_scope(*routes))


def test_routes_are_patterns_for_the_whole_stage_and_not_for_this_request() -> None:
    routes = opened("GET /files/*", "PUT /files/*", path="/files/a")
    assert routes.patterns == (f"{STAGE}/GET/files/*", f"{STAGE}/PUT/files/*")


def test_partition_region_account_api_and_stage_come_from_the_event() -> None:
    routes = opened(
        "GET /a", partition="aws-cn", region="cn-north-1", stage="$default", api_id="zzz", path="/a"
    )
    assert routes.patterns == ("arn:aws-cn:execute-api:cn-north-1:123456789012:zzz/$default/GET/a",)


def test_any_is_written_out_because_a_star_would_cross_slashes() -> None:
    methods = [pattern.removeprefix(f"{STAGE}/") for pattern in opened("ANY /a").patterns]
    assert methods == [
        f"{method}/a" for method in ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
    ]


def test_a_greedy_path_parameter_is_a_star() -> None:
    assert opened("GET /files/{proxy+}").patterns == (f"{STAGE}/GET/files/*",)


@pytest.mark.parametrize(
    ("route", "method", "path", "is_open"),
    [
        pytest.param("GET /files/*", "GET", "/files/a", True, id="a star matches a segment"),
        pytest.param("GET /files/*", "GET", "/files/a/b:c", True, id="a star crosses slashes, as in IAM"),
        pytest.param("GET /files/*", "GET", "/files", False, id="a star after a slash needs the slash"),
        pytest.param("GET /files/*", "PUT", "/files/a", False, id="another method is closed"),
        pytest.param("GET /files", "GET", "/files/", False, id="a trailing slash is another path"),
        pytest.param("GET /a.b", "GET", "/axb", False, id="a dot is a dot"),
        pytest.param("GET /a:b", "GET", "/a:b", True, id="a colon is a colon"),
        pytest.param("GET /files/*", "GET", "/files/../users", False, id="a path that walks up"),
        pytest.param(
            "GET /files/*", "GET", "/files/..;x=1/users", False, id="one that walks up behind a parameter"
        ),
        pytest.param(
            "GET /files/*", "GET", "/files/%2e%2e/users", False, id="one that walks up percent-encoded"
        ),
        pytest.param("GET /files/*", "GET", "/files/a%2Fb", False, id="an encoded slash"),
        pytest.param("GET /files/*", "GET", "/files//users", False, id="an empty segment"),
        pytest.param("GET /files/*", "GET", "/files/..", False, id="ending in two dots"),
        pytest.param("GET /files/*", "GET", "/files/.", False, id="ending in one dot"),
        pytest.param("GET /files/*", "GET", "/files/%252e%252e/users", False, id="encoded twice"),
        pytest.param("GET /files/*", "GET", "/files/..%3Bx/users", False, id="an encoded semicolon"),
        pytest.param("GET /*.png", "GET", "/users/1;.png", False, id="a suffix behind a path parameter"),
        pytest.param("GET /*.png", "GET", "/users/1.png", True, id="a suffix"),
        pytest.param("GET /files/*", "GET", "/files/..a", True, id="a name that begins with dots"),
        pytest.param("GET /files/*", "GET", "/files/my%20file.txt", True, id="an encoded blank"),
        pytest.param("GET /*", "GET", "/.well-known/x", True, id="a name that begins with a dot"),
    ],
)
def test_the_route_of_the_request_is_open_or_closed(
    route: str, method: str, path: str, is_open: bool
) -> None:
    assert opened(route, method=method, path=path).this_route is is_open


def test_no_regular_expression_meets_a_path_that_a_stranger_chose() -> None:
    for file in (ROOT / "authorizer" / "identity").glob("*.py"):
        imported = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import)]
        assert not [name for node in imported for name in node.names if name.name == "re"], file


def test_a_simple_response_denies_a_closed_route() -> None:
    with pytest.raises(RouteClosed, match="do not open the requested route"):
        opened("GET /a", path="/b", shape=Shape.HTTP_2, simple_response=True)
    with pytest.raises(RouteClosed, match="no scope opens such a path"):
        opened("GET /a/*", path="/a/../b", shape=Shape.HTTP_2, simple_response=True)


def test_the_default_route_is_open_to_its_scope_in_a_simple_response() -> None:
    request = {"path": "/whatever", "shape": Shape.HTTP_2, "simple_response": True, "route_key": "$default"}
    assert opened("$default", **request).this_route
    for change in ({"route_key": "GET /whatever"}, {"path": "/files/../users"}):
        with pytest.raises(RouteClosed):
            opened("$default", **{**request, **change})


def test_the_default_route_opens_nothing_in_a_policy() -> None:
    request = {"shape": Shape.HTTP_2, "route_key": "$default", "path": "/whatever"}
    with pytest.raises(NoRoute):
        opened("$default", **request)
    assert not opened("$default", "GET /a", **request).this_route


def test_a_websocket_opens_connect_alone() -> None:
    routes = opened("$connect", "GET /a", shape=Shape.WEBSOCKET, method="", path="$connect")
    assert routes == Routes(patterns=(f"{STAGE}/$connect",), closed=(), matched="$connect")


def test_the_entry_that_opens_the_route_is_told_as_it_is_written() -> None:
    routes = ("ANY /users/{proxy+}", "GET /users/*/photo", "GET /users")
    assert opened(*routes, path="/users").matched == "GET /users"
    assert opened(*routes, path="/users/1/photo").matched == "ANY /users/*"
    assert opened(*routes, path="/canary").matched is None


def test_what_walks_is_closed_in_every_answer_of_a_stage() -> None:
    assert opened("GET /a", path="/a").closed == tuple(f"{STAGE}/{glob}" for glob in GLOBS)


@pytest.mark.parametrize("shape", list(Shape))
def test_a_caller_without_scopes_may_do_nothing(shape: Shape) -> None:
    with pytest.raises(NoRoute):
        permit(make_identity(scopes=frozenset()), make_request(shape=shape), sample_settings())


def test_an_arn_that_api_gateway_would_not_take_is_refused() -> None:
    with pytest.raises(ResponseTooLarge, match="512"):
        opened("GET /" + "a" * 460)


SCOPES = ["data:read", "data:write", "files:read", "files:write", "users:manage", "imports/write"]


@given(scopes=st.sets(st.sampled_from(SCOPES), min_size=2))
def test_fewer_scopes_never_open_more(scopes: set[str]) -> None:
    def patterns(names: set[str]) -> set[str]:
        return set(permit(make_identity(scopes=frozenset(names)), make_request(), sample_settings()).patterns)

    for left_out in scopes:
        assert patterns(scopes - {left_out}) <= patterns(scopes)


@given(
    path=st.sampled_from(("f.(x)/", "f.(x)/", "f.(x)", "fa(x)/", "f.x/", "f.(x)x/", "/f.(x)/", ""))
    .flatmap(lambda begins: st.text("ab./%*()é", max_size=6).map(lambda rest: begins + rest))
    .filter(bool)
)
def test_a_pattern_matches_as_a_star_and_literals_would(path: str) -> None:
    routes = opened("GET /f.(x)/*", path=f"/{path}")
    assert routes.this_route is (path.startswith("f.(x)/") and not walks(f"/{path}"))


WALKING = (
    ".", "..", "..;x=1", ";", ";.png", "\\", "%2e", "%2E", "%2f", "%2F", "%5c", "%5C", "%3b", "%3B", "%25", "%00",
    "%252e",
)  # fmt: skip
PLAIN = (
    "data", "users", "1", "...", "..a", "%20", "%5", "%50", "a:b", "*", "?", "${x}", "a.png", "é",
)  # fmt: skip
SEGMENTS = st.lists(st.sampled_from((*PLAIN, *PLAIN, "", *WALKING)), max_size=2).map("".join)
PATHS = st.lists(SEGMENTS, max_size=5).map(lambda segments: f"/{'/'.join(segments)}")
OPENING = ("GET /", "GET /*", "ANY /data/*", "GET /data", "GET /*/users/1", "GET /*.png", "GET /data/*/1/*")


@given(
    routes=st.lists(st.sampled_from(OPENING), min_size=1, max_size=3, unique=True),
    path=PATHS,
    method=st.sampled_from(["GET", "PUT"]),
)
def test_the_answer_opens_what_the_record_says_it_opens(routes: list[str], path: str, method: str) -> None:
    request = make_request(path=path, method=method)
    settings = with_scope(*routes)
    identity = make_identity(scopes=frozenset(("x",)))
    permitted = permit(identity, request, settings)
    response: Any = allow(request, identity, permitted, {}, settings)
    outcome = evaluate(
        identity=[parse_identity(json.dumps(response["policyDocument"]))],
        session=None,
        boundary=None,
        request=AccessRequest(action="execute-api:Invoke", resource=f"{STAGE}/{method}{path}"),
    )
    assert outcome.allowed is permitted.this_route
    assert (outcome.verdict == "explicit deny") is walks(path)
