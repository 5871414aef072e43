"""The edges of roles and routes: one scope too few, one character too many, a group that leads nowhere."""

from typing import Any

import pytest

from authorizer.errors import NoRoute, RequestedRoleRefused, ResponseTooLarge, RouteClosed
from authorizer.identity.permit import MAX_RESOURCE, permit
from authorizer.identity.roles import choose
from authorizer.model import Routes, Shape
from tests.make import make_claims, make_identity, make_request, make_settings, sample_settings

ROLES = sample_settings().roles
VIEWER = ROLES["viewer"].arn


def simply(*routes: str, route_key: str = "$default", path: str = "/anything") -> Routes:
    """The simple answer of an HTTP API to whoever may do `routes`."""
    request = make_request(shape=Shape.HTTP_2, simple_response=True, route_key=route_key, path=path)
    return permit(make_identity(scopes=frozenset("x")), request, make_settings(scopes={"x": list(routes)}))


def test_the_default_route_is_closed_to_scopes_that_do_not_name_it() -> None:
    with pytest.raises(RouteClosed, match="do not open the requested route"):
        simply("GET /files")


def test_the_default_route_is_open_to_a_scope_that_names_it_among_others() -> None:
    assert simply("GET /files", "$default").this_route


def test_a_route_of_its_own_is_not_opened_by_the_default_route() -> None:
    with pytest.raises(RouteClosed, match="do not open the requested route"):
        simply("$default", route_key="GET /secret", path="/secret")


def test_scopes_that_open_no_route_of_this_kind_of_api_are_told_so_in_a_simple_response_too() -> None:
    with pytest.raises(NoRoute, match=f"open no route of this {Shape.HTTP_2} API"):
        simply("$connect")


@pytest.mark.parametrize("length", [MAX_RESOURCE, MAX_RESOURCE + 1])
def test_the_longest_arn_that_api_gateway_takes_is_taken_and_no_longer_one(length: int) -> None:
    request = make_request()
    route = "GET /" + "a" * (length - len(request.route.stage_arn) - len("/GET/"))
    settings = make_settings(scopes={"x": [route]})
    identity = make_identity(scopes=frozenset("x"))
    if length > MAX_RESOURCE:
        with pytest.raises(ResponseTooLarge, match=f"has {length} characters: API Gateway takes 512"):
            permit(identity, request, settings)
    else:
        assert [len(pattern) for pattern in permit(identity, request, settings).patterns] == [length]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/files/a\\b", id="a backslash, which Windows takes for a slash"),
        pytest.param("/files/..%5Csecret", id="an encoded backslash"),
        pytest.param("/files/%5c", id="an encoded backslash in lower case"),
    ],
)
def test_a_path_that_walks_by_a_backslash_opens_nothing(path: str) -> None:
    settings = make_settings(scopes={"x": ["GET /files/*"]})
    routes = permit(make_identity(scopes=frozenset("x")), make_request(path=path), settings)
    assert not routes.this_route


def test_a_star_stands_for_a_line_break_too_as_it_does_in_iam() -> None:
    settings = make_settings(scopes={"x": ["GET /files/*"]})
    routes = permit(make_identity(scopes=frozenset("x")), make_request(path="/files/a\nb"), settings)
    assert routes.this_route


def test_a_role_is_asked_for_beside_groups_that_access_toml_does_not_list() -> None:
    claims = make_claims(roles=(), preferred_role=None, groups=("unheard-of", "viewers"))
    assert choose(claims, "viewer", sample_settings()).role is ROLES["viewer"]


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"groups": ()}, id="nothing"),
        pytest.param(
            {"groups": (), "preferred_role": f"{VIEWER}-unheard-of"}, id="a role that is not listed"
        ),
    ],
)
def test_who_has_nothing_and_asks_for_a_role_is_refused_the_role(claims: dict[str, Any]) -> None:
    """The refusal is about what was asked for, and not about what would have been without asking."""
    with pytest.raises(RequestedRoleRefused):
        choose(make_claims(**{"roles": (), "preferred_role": None, **claims}), "viewer", sample_settings())


def test_a_role_is_asked_for_beside_groups_that_lead_to_none() -> None:
    settings = make_settings(groups={"guests": {"scopes": ["data:read"]}})
    claims = make_claims(roles=(), preferred_role=None, groups=("guests", "viewers"))
    assert choose(claims, "viewer", settings).role is settings.roles["viewer"]


def test_a_group_without_a_role_decides_nothing_however_good_its_precedence() -> None:
    settings = make_settings(groups={"guests": {"scopes": ["data:read"], "precedence": 0}})
    claims = make_claims(roles=(), preferred_role=None, groups=("guests", "viewers"))
    assert choose(claims, None, settings).role is settings.roles["viewer"]


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"roles": (VIEWER,), "preferred_role": None}, id="cognito:roles alone"),
        pytest.param({"roles": (), "preferred_role": VIEWER}, id="cognito:preferred_role alone"),
    ],
)
def test_a_token_with_either_role_claim_has_no_role_of_its_groups(claims: dict[str, Any]) -> None:
    """The group editors would bring the role editor, to a token without role claims."""
    with pytest.raises(RequestedRoleRefused):
        choose(make_claims(groups=("editors",), **claims), "editor", sample_settings())
    role = choose(make_claims(groups=("editors",), **claims), "viewer", sample_settings()).role
    assert role is ROLES["viewer"]


def test_a_rule_about_scope_judges_a_list_by_its_members() -> None:
    settings = make_settings(
        rules=[{"claim": "scope", "match": "Contains", "value": "files:read", "role": "viewer"}]
    )
    claims = make_claims(roles=(), preferred_role=None, groups=(), values={"scope": ["files:read", "openid"]})
    assert choose(claims, None, settings).role is settings.roles["viewer"]
