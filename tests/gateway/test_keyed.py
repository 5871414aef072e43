"""A gateway whose cache is keyed by something else than `[gateway]` says is found out by its own events."""

from typing import Any

import pytest

from authorizer.errors import GatewayMismatch, RequestedRoleAmbiguous, TokenAmbiguous, TokenMissing
from authorizer.gateway.parse import parse
from authorizer.settings.schema import DEFAULT_ROLE
from tests.make import make_settings, sample_settings
from tests.world import World, sample_event

TOKEN = "Bearer a.b.c"
NO_ROLE_HEADER = make_settings(
    resolution={"role_header": None}, gateway={"identity_sources": ["authorization"]}
)
BY_QUERY = make_settings(
    gateway={"token_sources": ["query:token"], "identity_sources": ["query:token", "x-role"]}
)
UNCACHED = make_settings(gateway={"result_ttl": "0s"})


def http(version: str = "2.0", *, role: str | None = "viewer", **changes: Any) -> dict[str, Any]:
    """An HTTP API's event; `identitySource` and whatever else is to differ are `changes`."""
    event = sample_event("http-2-allow" if version == "2.0" else "http-1-allow")
    headers = {"authorization": TOKEN, "x-role": role}
    headers = {name: value for name, value in headers.items() if value is not None}
    return {**event, "headers": headers, **changes}


@pytest.mark.parametrize(
    ("version", "values"),
    [
        pytest.param("2.0", [TOKEN, "viewer"], id="as configured"),
        pytest.param("2.0", ["viewer", TOKEN], id="in another order"),
        pytest.param(
            "2.0", [TOKEN, "phone", "viewer", "GET /a"], id="and others, which only divide the cache"
        ),
        pytest.param("2.0", [f" {TOKEN}\t", "viewer "], id="with blanks, which are no part of a value"),
        pytest.param("2.0", f"{TOKEN},viewer", id="as one text, as an emulator may write it"),
        pytest.param("1.0", f"{TOKEN},viewer", id="1.0, as configured"),
        pytest.param("1.0", f"viewer,a,b,{TOKEN}", id="1.0, beside a value that has a comma"),
        pytest.param("1.0", f"{TOKEN}, viewer", id="1.0, with a blank"),
    ],
)
def test_an_event_whose_identity_sources_hold_what_was_used_is_parsed(version: str, values: object) -> None:
    assert parse(http(version, identitySource=values), sample_settings()).requested_role == "viewer"


@pytest.mark.parametrize(
    ("version", "values", "missing"),
    [
        pytest.param("2.0", ["viewer"], "the token", id="not keyed by the token"),
        pytest.param("2.0", ["Bearer x.y.z", "viewer"], "the token", id="keyed by another header's token"),
        pytest.param("2.0", ["a.b.c", "viewer"], "the token", id="keyed by something else that ends alike"),
        pytest.param("2.0", [TOKEN], "'x-role'", id="not keyed by the role"),
        pytest.param("2.0", [TOKEN, "admin"], "'x-role'", id="keyed by another role"),
        pytest.param("2.0", [], "the token", id="keyed by nothing"),
        pytest.param("2.0", None, "the token", id="without identity sources"),
        pytest.param("2.0", {TOKEN: "viewer"}, "the token", id="no list"),
        pytest.param("2.0", [None, 7, [TOKEN]], "the token", id="a list of no texts"),
        pytest.param("1.0", "viewer", "the token", id="1.0, not keyed by the token"),
        pytest.param("1.0", f"{TOKEN}x,viewer", "the token", id="1.0, a value that begins alike"),
        pytest.param("1.0", f"x{TOKEN},viewer", "the token", id="1.0, a value that ends alike"),
        pytest.param("1.0", TOKEN, "'x-role'", id="1.0, not keyed by the role"),
        pytest.param("1.0", f"{TOKEN},viewers", "'x-role'", id="1.0, a role that begins alike"),
        pytest.param("1.0", None, "the token", id="1.0, without identity sources"),
    ],
)
def test_a_gateway_that_is_keyed_otherwise_is_a_failure(version: str, values: object, missing: str) -> None:
    with pytest.raises(GatewayMismatch, match="identitySource") as caught:
        parse(http(version, identitySource=values), sample_settings())
    assert missing in str(caught.value)
    assert "API http" in str(caught.value), "which API, where a function serves several"
    assert "a.b.c" not in str(caught.value)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_an_event_that_names_no_identity_sources_at_all_is_a_failure(version: str) -> None:
    event = http(version)
    del event["identitySource"]
    with pytest.raises(GatewayMismatch):
        parse(event, sample_settings())


@pytest.mark.parametrize("name", ["rest-request-allow", "http-1-allow", "http-2-allow"])
@pytest.mark.parametrize("role", [None, "", " \t"], ids=["absent", "empty", "blank"])
def test_a_request_without_the_role_header_shows_that_no_cache_is_keyed_by_it(
    name: str, role: str | None
) -> None:
    # A gateway answers such a request with 401 itself, if it caches by that header.
    headers = {"Authorization": TOKEN} if role is None else {"Authorization": TOKEN, "X-Role": role}
    event = {**sample_event(name), "headers": headers, "multiValueHeaders": {}, "identitySource": [TOKEN]}
    with pytest.raises(GatewayMismatch, match="came without 'x-role'"):
        parse(event, sample_settings())
    assert parse(event, NO_ROLE_HEADER).requested_role is None
    assert parse(event, UNCACHED).requested_role == role


def test_a_role_header_that_is_blank_to_python_alone_is_a_value_as_it_is_to_the_gateway() -> None:
    event = http(role="\xa0", identitySource=[TOKEN, "\xa0"])
    assert parse(event, sample_settings()).requested_role == "\xa0"


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_repeated_role_header_is_the_caller_s_doing_and_no_failure(version: str) -> None:
    # HTTP APIs join the two; by which of them the cache is keyed is not documented.
    for values in ([TOKEN, "viewer"], f"{TOKEN},admin"):
        with pytest.raises(RequestedRoleAmbiguous):
            parse(http(version, role="viewer,admin", identitySource=values), sample_settings())
    keyed = http(version, role="viewer,admin", identitySource=f"{TOKEN},viewer,admin")
    assert parse(keyed, sample_settings()).requested_role == "viewer,admin", (
        "a key of its own: refused by name"
    )


def test_a_caller_s_own_mistakes_are_told_first() -> None:
    event = http(identitySource=None)
    with pytest.raises(TokenMissing):
        parse({**event, "headers": {"authorization": "Bearer"}}, sample_settings())
    with pytest.raises(TokenAmbiguous):
        parse({**event, "headers": {"authorization": f"{TOKEN},{TOKEN}"}}, sample_settings())


def test_a_token_in_the_query_may_stand_there_percent_encoded() -> None:
    event = http(queryStringParameters={"token": "a.b.c"}, headers={"x-role": "viewer"})
    for value in ("a.b.c", "a%2Eb.c"):
        assert parse({**event, "identitySource": [value, "viewer"]}, BY_QUERY).token == "a.b.c"
    with pytest.raises(GatewayMismatch):
        parse({**event, "identitySource": ["a%252Eb.c", "viewer"]}, BY_QUERY)


def test_a_header_s_percent_sign_is_a_percent_sign() -> None:
    """Only the query is percent-encoded. Read as such, a header's value would be another one."""
    event = http(role="50%25", identitySource=[TOKEN, " 50%25"])
    assert parse(event, sample_settings()).requested_role == "50%25"


def test_where_nothing_is_cached_nothing_has_to_be_keyed() -> None:
    assert parse(http(identitySource=None), UNCACHED).requested_role == "viewer"
    simple = make_settings(gateway={"result_ttl": "0s", "response": "simple"})
    assert parse(http(identitySource=None), simple).simple_response


@pytest.mark.parametrize("name", ["rest-token-allow", "websocket-allow"])
def test_what_can_have_no_other_key_needs_none(name: str) -> None:
    # A TOKEN authorizer sees the one header that it is keyed by, and what a WebSocket was answered is not cached.
    assert parse(sample_event(name), sample_settings()).requested_role is None


def test_a_mismatch_is_a_failure_of_ours_that_vends_nothing(world: World) -> None:
    event = {**sample_event("http-2-allow"), "identitySource": [DEFAULT_ROLE]}
    decision, _ = world.decide(event)
    assert (decision.verdict, decision.code, decision.response) == ("failure", "gateway_mismatch", None)
    assert world.sts.requests == []
