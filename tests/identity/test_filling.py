"""Routes with claims in them: what they open to whom, held to a matcher that knows nothing of ours."""

import gc
import json
import tracemalloc
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.document.document import parse_identity
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.errors import ClaimRefused, NoRoute, ResponseTooLarge, RouteClosed, TooManyRoutes
from authorizer.gateway.respond import allow
from authorizer.identity.filling import filled
from authorizer.identity.permit import MAX_OF_LISTS, MAX_RESOURCE, opens, permit
from authorizer.identity.resolve import resolve
from authorizer.model import Routes, Shape
from authorizer.settings.schema import Route, Settings
from tests.make import make_claims, make_identity, make_request, make_settings

STAGE = "arn:aws:execute-api:eu-west-1:123456789012:rest0reqst/prod"
CLAIMS: Mapping[str, Any] = {
    "org": {"claim": "custom:org", "type": "slug", "max_length": 400},
    "orgs": {"claim": "custom:orgs", "type": "slug", "list": True, "max_items": 100},
}


@cache
def with_scopes(**scopes: tuple[str, ...]) -> Settings:
    return make_settings(claims=CLAIMS, scopes={name: list(routes) for name, routes in scopes.items()})


def opened(
    route: str, claims: Mapping[str, Any], more: tuple[str, ...] = ("GET /always",), **request: Any
) -> Routes:
    identity = make_identity(scopes=frozenset(("x",)), claims=claims)
    return permit(identity, make_request(**request), with_scopes(x=(*more, route)))


def test_a_route_is_filled_with_the_caller_s_own_claim() -> None:
    routes = opened("GET /orgs/{org}/files/*", {"org": "acme"}, path="/orgs/acme/files/1")
    assert routes.patterns == (f"{STAGE}/GET/always", f"{STAGE}/GET/orgs/acme/files/*")
    assert routes.matched == "GET /orgs/{org}/files/*"


@pytest.mark.parametrize(
    ("path", "is_open"),
    [
        pytest.param("/orgs/acme/files/1", True, id="their own"),
        pytest.param("/orgs/acme/files/1/2", True, id="deeper"),
        pytest.param("/orgs/zenith/files/1", False, id="another's"),
        pytest.param("/orgs/acmex/files/1", False, id="one that begins as theirs"),
        pytest.param("/orgs/acm/files/1", False, id="one that theirs begins with"),
        pytest.param("/orgs/ACME/files/1", False, id="in another case"),
        pytest.param("/orgs//files/1", False, id="nobody's"),
        pytest.param("/orgs/acme", False, id="above"),
        pytest.param("/orgs/{org}/files/1", False, id="the route as it is written"),
        pytest.param("/orgs/%61cme/files/1", False, id="theirs, encoded"),
        pytest.param("/orgs/acme/../zenith/files/1", False, id="up and down again"),
        pytest.param("/orgs/acme/files/../../zenith/files/1", False, id="up and down behind the star"),
        pytest.param("/orgs/acme%2f..%2fzenith/files/1", False, id="encoded slashes"),
        pytest.param("/orgs/zenith;/acme/files/1", False, id="a path parameter of a servlet"),
    ],
)
def test_it_opens_that_one_alone(path: str, is_open: bool) -> None:
    routes = opened("GET /orgs/{org}/files/*", {"org": "acme"}, path=path)
    assert routes.this_route is is_open
    simple: dict[str, Any] = {"path": path, "shape": Shape.HTTP_2, "simple_response": True}
    if is_open:
        assert opened("GET /orgs/{org}/files/*", {"org": "acme"}, **simple).this_route
    else:
        with pytest.raises(RouteClosed):
            opened("GET /orgs/{org}/files/*", {"org": "acme"}, **simple)


def test_a_list_opens_a_route_for_each_of_its_members_once() -> None:
    routes = opened("GET /o/{orgs}", {"orgs": ("a", "b", "a")}, path="/o/b")
    assert routes.patterns[1:] == (f"{STAGE}/GET/o/a", f"{STAGE}/GET/o/b")
    assert routes.matched == "GET /o/{orgs}"


def test_any_method_and_two_claims() -> None:
    routes = opened("ANY /o/{org}/u/{sub}", {"org": "a", "sub": "1"}, path="/o/a/u/1", method="PUT")
    assert len(routes.patterns) == 8
    assert f"{STAGE}/PATCH/o/a/u/1" in routes.patterns
    assert not opened("ANY /o/{org}/u/{sub}", {"org": "a", "sub": "1"}, path="/o/1/u/a").this_route


def test_one_claim_twice_is_one_value() -> None:
    [_, pattern] = opened("GET /o/{orgs}/by/{orgs}", {"orgs": ("a",)}).patterns
    assert pattern == f"{STAGE}/GET/o/a/by/a"
    assert len(opened("GET /o/{orgs}/by/{orgs}", {"orgs": ("a", "b")}).patterns) == 3


def test_who_lacks_the_claim_does_not_have_the_route() -> None:
    assert opened("GET /o/{org}", {}).patterns == (f"{STAGE}/GET/always",)
    assert opened("GET /o/{org}/u/{sub}", {"org": "a"}).patterns == (f"{STAGE}/GET/always",)
    with pytest.raises(NoRoute, match="the token lacks org, sub, which routes of theirs name"):
        opened("GET /o/{org}/u/{sub}", {}, more=())
    with pytest.raises(NoRoute) as caught:
        opened("$connect", {}, more=())
    assert "lacks" not in str(caught.value)


def test_what_no_type_lets_in_is_no_pattern_either() -> None:
    route = Route(method="GET", path="/o/{org}/x")
    hostile = ("*", "?", "a/b", "${aws:x}", "%2e%2e", "a b", "é", "{org}", "\n")
    for value in hostile:
        [path] = filled(route, {"org": value})
        assert path.startswith("/o/")
        assert path.endswith("/x")
        assert not set("*?${} ") & set(path)
        assert path.count("/") == 3


def test_an_answer_of_one_caller_is_never_another_s() -> None:
    for value in ("acme", "zenith", "acme"):
        [_, pattern] = opened("GET /o/{org}", {"org": value}).patterns
        assert pattern == f"{STAGE}/GET/o/{value}"


def test_a_value_that_makes_an_arn_too_long_is_refused_without_being_told() -> None:
    room = MAX_RESOURCE - len(f"{STAGE}/GET/o/")
    assert opened("GET /o/{org}", {"org": "a" * room}).patterns
    with pytest.raises(ResponseTooLarge, match=r"begins 'GET /o/\{org\}'") as caught:
        opened("GET /o/{org}", {"org": "a" * (room + 1)})
    assert "aaa" not in str(caught.value)


def test_a_list_that_fills_more_than_an_answer_holds_is_refused() -> None:
    each = len(f"{STAGE}/GET/o/") + 40
    most = MAX_OF_LISTS // each
    members = tuple(f"{number:040}" for number in range(most + 1))
    assert len(opened("GET /o/{orgs}", {"orgs": members[:most]}).patterns) == most + 1
    with pytest.raises(
        TooManyRoutes, match=r"of more than 8192 characters.* with those of 'GET /o/\{orgs\}'"
    ) as caught:
        opened("GET /o/{orgs}", {"orgs": members})
    assert members[0] not in str(caught.value)
    exact = (*members[: most - 1], "b" * (40 + MAX_OF_LISTS - each * most))
    assert opened("GET /o/{orgs}", {"orgs": exact}).patterns
    with pytest.raises(TooManyRoutes):
        opened("GET /o/{orgs}", {"orgs": (*exact[:-1], exact[-1] + "b")})
    assert MAX_OF_LISTS == 8192
    # What no list fills does not count.
    more = tuple(f"GET /{{org}}/{number:0200}" for number in range(60))
    assert opened("GET /o/{orgs}", {"orgs": exact, "org": "acme"}, more=more).patterns
    assert opened("GET /o/{orgs}", {"orgs": exact}, more=tuple(f"GET /{n:0200}" for n in range(60))).patterns
    # Nor does what two scopes open.
    both = make_identity(scopes=frozenset(("x", "y")), claims={"orgs": exact})
    assert permit(both, make_request(), with_scopes(x=("GET /o/{orgs}",), y=("GET /o/{orgs}",))).patterns


def left_behind(route: str, claims: Callable[[int], Mapping[str, Any]], more: tuple[str, ...]) -> float:
    """Bytes that stay of each of 100 callers who ask for once."""

    def ask(caller: int) -> None:
        with suppress(TooManyRoutes):
            opened(route, claims(caller), more)

    for caller in range(3):
        ask(caller)
    gc.collect()
    tracemalloc.start()
    for caller in range(10, 110):
        ask(caller)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held / 100


def test_who_is_refused_for_a_long_list_leaves_next_to_nothing_behind() -> None:
    """Whoever changes their list at will, as who founds organisations does, could fill the memory else."""
    more = tuple(f"ANY /orgs/{{orgs}}/{number}/*" for number in range(5))

    def claims(caller: int) -> Mapping[str, Any]:
        return {"orgs": tuple(f"{caller}-{number}" for number in range(100))}

    assert left_behind("GET /o/{orgs}", claims, more) < 20_000


def test_routes_without_a_claim_are_kept_once_for_all_callers() -> None:
    more = tuple(f"GET /always/{number}" for number in range(300))
    assert left_behind("GET /o/{org}", lambda caller: {"org": f"org-{caller}"}, more) < 10_000


@pytest.mark.parametrize(
    ("value", "routes"),
    [
        pytest.param("acme", {"GET/data", "GET/data/*", "GET/tenants/acme/reports/*"}, id="theirs"),
        pytest.param(None, {"GET/data", "GET/data/*"}, id="none"),
    ],
)
def test_the_claims_of_routes_are_read_from_the_token(value: str | None, routes: set[str]) -> None:
    settings = make_settings(
        roles={"viewer": {"policies": ["s3-home"], "session_tags": {"tenant": None}}},
        gateway={"context_claims": []},
    )
    viewer = settings.roles["viewer"].arn
    claims = make_claims(
        groups=("auditors",), roles=(viewer,), preferred_role=viewer, values={"custom:tenant_id": value}
    )
    if value is None:
        del claims.values["custom:tenant_id"]  # type: ignore[attr-defined]
    found = permit(resolve(claims, None, settings), make_request(), settings)
    assert {pattern.removeprefix(f"{STAGE}/") for pattern in found.patterns} == routes


@pytest.mark.parametrize("value", ["*", "", "a/b", "..", "%2e", "a" * 33, 7, ["acme"], None])
def test_a_claim_that_is_none_of_its_type_is_refused_whoever_needs_it(value: object) -> None:
    settings = make_settings(
        roles={"viewer": {"policies": ["s3-home"], "session_tags": {"tenant": None}}},
        gateway={"context_claims": []},
    )
    viewer = settings.roles["viewer"].arn
    claims = make_claims(
        groups=("auditors",), roles=(viewer,), preferred_role=viewer, values={"custom:tenant_id": value}
    )
    with pytest.raises(ClaimRefused, match="custom:tenant_id"):
        resolve(claims, None, settings)
    # Without the scope nobody asks for it.
    unasked = make_claims(
        groups=("viewers",), roles=(viewer,), preferred_role=viewer, values={"custom:tenant_id": value}
    )
    assert "tenant" not in resolve(unasked, None, settings).claims


def test_what_the_issuer_fixes_fills_the_route() -> None:
    issuer = {
        "user_pool": "eu-west-1_EXAMPLE01", "client_ids": ["app"], "token_use": ["id"],
        "fixed_claims": {"tenant": "globex"},
    }  # fmt: skip
    settings = make_settings(issuers=[issuer])
    viewer = settings.roles["viewer"].arn
    claims = make_claims(groups=("auditors",), roles=(viewer,), preferred_role=viewer)
    values = {name: value for name, value in claims.values.items() if name != "custom:tenant_id"}
    silent = make_claims(groups=("auditors",), roles=(viewer,), preferred_role=viewer)
    silent.values.clear()  # type: ignore[attr-defined]
    silent.values.update(values)  # type: ignore[attr-defined]
    found = permit(resolve(silent, None, settings), make_request(), settings)
    assert f"{STAGE}/GET/tenants/globex/reports/*" in found.patterns


def test_a_websocket_has_no_such_routes() -> None:
    routes = opened(
        "GET /o/{org}", {"org": "a"}, more=("$connect",), shape=Shape.WEBSOCKET, method="", path="$connect"
    )
    assert routes.patterns == (f"{STAGE}/$connect",)


# ── Any scopes, claims and paths ─────────────────────────────────────────────────────────────────────────────────────

SEGMENT = st.sampled_from(["orgs", "a", "ab", "b", "files", "A", "a.b", ""])
CLAIM = st.sampled_from(["a", "ab", "b", "A", "orgs", "a_b"])
ROUTE_SEGMENT = st.sampled_from(["orgs", "a", "b", "{org}", "{orgs}", "{sub}", "files"])


@st.composite
def a_route(draw: st.DrawFn) -> str:
    segments = draw(st.lists(ROUTE_SEGMENT, min_size=1, max_size=4))
    tail = draw(st.sampled_from(["", "", "/*", "/x*", "/*/files"]))
    return f"{draw(st.sampled_from(['GET', 'PUT', 'ANY']))} /{'/'.join(segments)}{tail}"


def model(route: str, claims: Mapping[str, Any], method: str, path: str) -> bool:
    """Whether a route with claims in it opens a path: segments one by one, and a star by trying every end."""
    wanted, _, pattern = route.partition(" ")
    if wanted not in (method, "ANY"):
        return False

    def fits(segments: list[str], text: str, chosen: Mapping[str, str]) -> bool:
        if not segments:
            return not text
        if not text.startswith("/"):
            return False
        rest = "/".join(segments)
        if "*" in segments[0]:
            return starred(rest, text[1:])
        head, slash, tail = text[1:].partition("/")
        expected = chosen.get(segments[0], segments[0])
        return head == expected and fits(segments[1:], slash + tail, chosen)

    def starred(glob: str, text: str) -> bool:
        before, star, after = glob.partition("*")
        if not star:
            return glob == text
        if not text.startswith(before):
            return False
        return any(starred(after, text[end:]) for end in range(len(before), len(text) + 1))

    members = [claims["orgs"]] if isinstance(claims.get("orgs"), str) else list(claims.get("orgs", ()))
    own = {f"{{{name}}}": value for name, value in claims.items() if name != "orgs"}
    for member in members or [None]:
        chosen = {**own, **({"{orgs}": member} if member is not None else {})}
        holes = {segment for segment in pattern.split("/") if segment.startswith("{")}
        if holes <= chosen.keys() and fits(pattern.split("/")[1:], path, chosen):
            return True
    return False


def walking(path: str) -> bool:
    return "//" in path


@given(
    routes=st.lists(a_route(), min_size=1, max_size=3, unique=True),
    claims=st.fixed_dictionaries(
        {}, optional={"org": CLAIM, "sub": CLAIM, "orgs": st.lists(CLAIM, min_size=1, max_size=3).map(tuple)}
    ),
    segments=st.lists(SEGMENT, min_size=1, max_size=6),
    method=st.sampled_from(["GET", "PUT", "DELETE"]),
)
def test_routes_open_what_a_plain_model_of_the_gateway_opens(
    routes: list[str], claims: dict[str, Any], segments: list[str], method: str
) -> None:
    path = f"/{'/'.join(segments)}"
    settings = with_scopes(x=("GET /always", *routes))
    identity = make_identity(scopes=frozenset(("x",)), claims=claims)
    request = make_request(path=path, method=method)
    permitted = permit(identity, request, settings)
    expected = not walking(path) and any(
        model(route, claims, method, path) for route in ("GET /always", *routes)
    )
    assert permitted.this_route is expected
    assert expected is any(
        opens(route, claims, Shape.REST_REQUEST, request.route) for route in settings.scopes["x"]
    )
    # The same answer, repeated by the gateway's cache for this path, says the same.
    response: Any = allow(make_request(path="/always"), identity, permitted, {}, settings)
    outcome = evaluate(
        identity=[parse_identity(json.dumps(response["policyDocument"]))],
        session=None,
        boundary=None,
        request=AccessRequest(action="execute-api:Invoke", resource=f"{STAGE}/{method}{path}"),
    )
    assert outcome.allowed is expected


@given(
    route=a_route(),
    mine=CLAIM,
    theirs=CLAIM,
    segments=st.lists(SEGMENT, min_size=1, max_size=6),
)
def test_users_who_differ_never_open_the_same_path_by_one_route(
    route: str, mine: str, theirs: str, segments: list[str]
) -> None:
    settings = with_scopes(x=(route,))
    [entry] = settings.scopes["x"]
    if not entry.holes or mine == theirs:
        return
    asked = make_request(path=f"/{'/'.join(segments)}").route
    users: list[dict[str, Any]] = [{"org": value, "sub": value, "orgs": (value,)} for value in (mine, theirs)]
    assert not all(opens(entry, claims, Shape.REST_REQUEST, asked) for claims in users)
