"""What scopes open."""

import re
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.errors import NoRoute, ResponseTooLarge
from authorizer.identity.permit import permit
from authorizer.model import Routes, Shape
from authorizer.settings.schema import Settings
from tests.make import make_identity, make_request, make_settings, sample_settings

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
        pytest.param("GET /files/*", "GET", "/files/..a", True, id="a name that begins with dots"),
    ],
)
def test_the_route_of_the_request_is_open_or_closed(
    route: str, method: str, path: str, is_open: bool
) -> None:
    assert opened(route, method=method, path=path).this_route is is_open


def test_a_simple_response_denies_a_closed_route() -> None:
    with pytest.raises(NoRoute):
        opened("GET /a", path="/b", shape=Shape.HTTP_2, simple_response=True)


def test_the_default_route_is_open_to_its_scope_in_a_simple_response() -> None:
    request = {"path": "/whatever", "shape": Shape.HTTP_2, "simple_response": True, "route_key": "$default"}
    assert opened("$default", **request).this_route
    with pytest.raises(NoRoute):
        opened("$default", **{**request, "route_key": "GET /whatever"})


def test_the_default_route_opens_nothing_in_a_policy() -> None:
    with pytest.raises(NoRoute):
        opened("$default", shape=Shape.HTTP_2, route_key="$default")


def test_a_websocket_opens_connect_alone() -> None:
    routes = opened("$connect", "GET /a", shape=Shape.WEBSOCKET, method="", path="$connect")
    assert routes == Routes(patterns=(f"{STAGE}/$connect",), this_route=True)


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


@given(path=st.text(min_size=1))
def test_a_pattern_matches_as_a_star_and_literals_would(path: str) -> None:
    routes = opened("GET /f.(x)/*", path=f"/{path}")
    walks = re.search(r"//|/\.\.?(/|;|$)|%2[ef]|%5c|\\", f"/{path}", re.IGNORECASE) is not None
    assert routes.this_route is (path.startswith("f.(x)/") and not walks)
