"""Routes with claims in them, before they are deployed: proof, difference, lint, and the cases that a leak becomes."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.cli.case_files import run_cases
from authorizer.engine.check import parse_case_file
from authorizer.engine.prove import Proof
from authorizer.gate import as_route_cases, compare, lint_settings, prove_routes, prove_settings, surroundings
from authorizer.gate.route_lint import LONGEST_STAGE
from authorizer.identity.permit import opens
from authorizer.model import RouteArn, Shape
from authorizer.settings.schema import Access
from tests.make import make_access, sample_access

ORG: dict[str, Any] = {"claim": "custom:org", "type": "slug", "max_length": 8}
ORGS: dict[str, Any] = {"claim": "custom:orgs", "type": "slug", "max_length": 8, "list": True, "max_items": 3}
CLAIMS: dict[str, Any] = {
    "org": ORG,
    "orgs": ORGS,
    "only": {"type": "enum", "values": ["one"]},
    "flag": {"type": "enum", "values": ["yes", "no"]},
}
NONE: dict[str, Any] = {"reports:read": None}
OWN = {"user_pool": "eu-west-1_EXAMPLE01", "client_ids": ["app"], "token_use": ["id"], "speaks_for": "any"}


def access(scopes: Mapping[str, list[str]], **changes: Any) -> Access:
    groups = {"auditors": {"scopes": ["data:read"]}}
    return make_access(**{"claims": CLAIMS, "groups": groups, **changes, "scopes": {**NONE, **scopes}})


def proofs(scopes: Mapping[str, list[str]], **changes: Any) -> dict[str, Proof]:
    return {proof.subject: proof for proof in prove_routes(access(scopes, **changes))}


# ── Proof ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_bundled_routes_are_proven_beside_the_policies() -> None:
    [proof] = [each for each in prove_settings(sample_access()) if each.subject == "routes by tenant"]
    assert (proof.verdict, proof.findings) == ("PROVEN", ())
    assert proof.isolates == (("reports:read", "tenant"),)
    assert any("API Gateway compares them as they are" in line for line in proof.rests_on)
    assert not [each for each in prove_settings(sample_access(), ["s3-home"]) if "routes" in each.subject]


def test_without_claims_in_routes_there_is_nothing_to_prove() -> None:
    assert proofs({}) == {}


@pytest.mark.parametrize(
    "scopes",
    [
        pytest.param({"x": ["GET /o/{org}/*"]}, id="one route"),
        pytest.param({"x": ["GET /o/{org}/*", "PUT /o/{org}"]}, id="two"),
        pytest.param({"x": ["GET /o/{org}/*"], "y": ["GET /other/*"]}, id="another prefix"),
        pytest.param({"x": ["GET /o/{org}/*"], "y": ["PUT /o/*"]}, id="another method"),
        pytest.param({"x": ["GET /o/{org}/a"], "y": ["GET /o/*/b"]}, id="another end"),
        pytest.param(
            {"x": ["GET /o/{org}/a"], "y": ["GET /o/*.b/a"]}, id="a text that is no value of the claim"
        ),
        pytest.param({"x": ["GET /o/{org}", "$connect", "$default"]}, id="beside routes that are no paths"),
        pytest.param({"x": ["GET /o/{org}/{org}"]}, id="one claim twice"),
        pytest.param({"x": ["GET /o/{orgs}"]}, id="a list"),
        pytest.param({"x": ["GET /{only}/o"]}, id="a claim of one value"),
    ],
)
def test_routes_that_keep_users_apart_are_proven(scopes: dict[str, list[str]]) -> None:
    [proof] = proofs(scopes).values()
    assert (proof.verdict, proof.findings, proof.shared) == ("PROVEN", (), ())


@pytest.mark.parametrize(
    ("scopes", "claim", "asked"),
    [
        pytest.param({"x": ["GET /o/{org}/f"], "y": ["GET /o/*"]}, "org", "GET /o/a/f", id="a scope that opens all"),
        pytest.param({"x": ["GET /o/{org}/f"], "y": ["ANY /*"]}, "org", "GET /o/a/f", id="one that opens everything"),
        pytest.param({"x": ["GET /o/{org}", "GET /o/shared"]}, "org", "GET /o/shared", id="the name of a tenant"),
        pytest.param({"x": ["GET /{org}/f", "GET /data/*"]}, "org", "GET /data/f", id="a prefix that is a tenant"),
        pytest.param({"x": ["GET /o/{org}", "GET /o/{flag}"]}, "org", None, id="two claims at one place"),
        pytest.param({"x": ["GET /o/{org}/u/{sub}", "GET /o/{org}/*"]}, "sub", None, id="all of the organisation"),
        pytest.param({"x": ["GET /o/{orgs}"], "y": ["GET /o/*"]}, "orgs", "GET /o/a", id="of a list"),
        pytest.param({"x": ["GET /{only}/o"], "y": ["GET /*"]}, "only", "GET /one/o", id="a claim of one value"),
        pytest.param({"x": ["GET /{org}/*/z"], "y": ["GET /a/*"]}, "org", "GET /a/a/z", id="a star within"),
        pytest.param({"x": ["GET /{org}/{org}/z"], "y": ["GET /*/z"]}, "org", "GET /a/a/z", id="one claim twice"),
        pytest.param({"x": ["PUT /o/{org}"], "y": ["ANY /o/*"]}, "org", "PUT /o/a", id="the method that both have"),
    ],
)  # fmt: skip
def test_a_leak_has_two_users_and_a_path_that_both_open(
    scopes: dict[str, list[str]], claim: str, asked: str | None
) -> None:
    loaded = access(scopes)
    proof = {each.subject: each for each in prove_routes(loaded)}[f"routes by {claim}"]
    assert proof.verdict == "LEAK"
    witnesses = [finding.witness for finding in proof.findings if finding.witness]
    assert witnesses
    for witness in witnesses:
        assert witness.same_request
        assert witness.one.claims.get(claim) != witness.other.claims.get(claim)
        method, _, path = witness.one.request.resource.partition(" ")
        for party in (witness.one, witness.other):
            assert opened(loaded, party.claims, party.scopes, method, path)
    if asked:
        assert asked in {witness.one.request.resource for witness in witnesses}


def opened(loaded: Access, claims: Mapping[str, Any], scopes: frozenset[str], method: str, path: str) -> bool:
    arn = RouteArn(
        partition="aws", region="r", account_id="1", api_id="a", stage="s", method=method, path=path
    )
    for name, value in claims.items():
        loaded.settings.claims[name].type.check(value)
    return any(
        opens(route, claims, Shape.REST_REQUEST, arn)
        for scope in scopes
        for route in loaded.settings.scopes[scope]
    )


def test_one_route_that_two_scopes_open_is_told_by_both() -> None:
    proof = proofs({"x": ["GET /o/{org}"], "y": ["GET /o/*"]})["routes by org"]
    [finding] = proof.findings
    assert (finding.one, finding.other) == ("scope x: GET /o/{org}", "scope y: GET /o/*")
    assert finding.reason == "two users who differ in `org` open one path"
    assert finding.isolates == "org"
    assert finding.witness is not None
    assert (finding.witness.one.scopes, finding.witness.other.scopes) == (frozenset("x"), frozenset("y"))
    assert finding.witness.one.templates == ("GET /o/{org}",)
    assert finding.witness.one.request.action == "execute-api:Invoke"
    assert proof.pairs == proof.ways == 15


def test_what_is_shared_is_left_out_and_counted() -> None:
    scopes = {"x": ["GET /o/{org}"], "staff": ["GET /o/*", "GET /else", "PUT /o/*"]}
    shared = {"shared": {"org": ["staff"]}}
    proof = proofs(scopes, routes=shared)["routes by org"]
    assert (proof.verdict, proof.told) == ("PROVEN", "PROVEN, less 1 shared")
    assert [each.told for each in proof.shared] == ["staff: GET on /o/*"]
    # What names the claim itself is judged, whichever scope opens it, and other scopes are.
    more = {**scopes, "staff": ["GET /o/*", "GET /{org}/shared"], "y": ["GET /a/shared"]}
    assert proofs(more, routes=shared)["routes by org"].verdict == "LEAK"
    assert proofs({**scopes, "y": ["GET /o/*"]}, routes=shared)["routes by org"].verdict == "LEAK"


def test_a_scope_that_shares_nothing_is_found() -> None:
    scopes = {"x": ["GET /o/{org}"], "staff": ["GET /o/*"], "idle": ["PUT /o/*", "GET /{org}/o"]}
    both = access(scopes, routes={"shared": {"org": ["staff", "idle"]}})
    (text,) = [each.text for each in lint_settings(both, "") if each.code == "shared"]
    assert text == "scope 'idle' shares nothing of `org`: none of its routes meets one that has {org}"


@pytest.mark.parametrize("name", ["org", "same"])
def test_a_claim_that_users_can_change_proves_nothing(name: str) -> None:
    claims = {**CLAIMS, name: {**ORG, "user_writable": True}}
    proof = proofs({"x": ["GET /o/{org}"]}, claims=claims)["routes by org"]
    assert proof.verdict == "UNKNOWN"
    assert "they choose whose routes they open" in proof.findings[0].reason
    assert proof.findings[0].witness is None


@pytest.mark.parametrize(
    ("routes", "claim"),
    [
        pytest.param(["GET /one/{only}", "GET /{only}/one"], "only", id="a claim of one value at two places"),
        pytest.param(
            ["GET /o/{org}/{org}", "GET /o/*b/c"], "org", id="one claim twice, that would need two values"
        ),
        pytest.param(["ANY /z/{org}/no/yes", "ANY /z/a/{flag}/{flag}"], "org", id="another's claim twice"),
    ],
)
def test_what_is_not_shown_to_be_apart_is_unknown(routes: list[str], claim: str) -> None:
    proof = proofs({"x": routes})[f"routes by {claim}"]
    assert proof.verdict == "UNKNOWN"
    assert {finding.witness for finding in proof.findings} == {None}
    assert (
        proof.findings[0].reason
        == f"not shown to be apart: keep the paths of `{claim}` under a prefix of their own"
    )


def test_lists_share_what_their_members_share() -> None:
    proof = proofs({"x": ["GET /o/{orgs}"]})["routes by orgs"]
    assert "users whose `orgs` have a member in common share its routes" in proof.rests_on
    assert not [
        line for line in proofs({"x": ["GET /o/{org}"]})["routes by org"].rests_on if "member" in line
    ]


PARTNER: dict[str, Any] = {
    "user_pool": "eu-west-1_Partner01", "client_ids": ["p"], "token_use": ["id"],
    "speaks_for": {"roles": ["viewer"], "groups": [], "scopes": ["x"], "claims": {"tenant": ["acme"], "org": "any"}},
}  # fmt: skip


def test_users_of_two_issuers_may_have_one_sub() -> None:
    proof = proofs({"x": ["GET /u/{sub}/*"]}, issuers=[OWN, PARTNER])["routes by sub"]
    assert proof.verdict == "LEAK"
    [finding] = proof.findings
    assert "may both say `sub`" in finding.reason
    assert finding.witness is not None
    one, other = finding.witness.one, finding.witness.other
    assert one.claims == other.claims
    assert {"EXAMPLE01", "Partner01"} == {str(party.issuer).rpartition("_")[2] for party in (one, other)}
    assert one.request.resource == f"GET /u/{one.claims['sub']}/a"


def test_they_are_apart_by_a_claim_that_only_one_of_them_may_say() -> None:
    own = {**OWN, "fixed_claims": {"tenant": "globex"}}
    apart = proofs({"x": ["GET /t/{tenant}/u/{sub}"]}, issuers=[own, PARTNER])
    assert {proof.verdict for proof in apart.values()} == {"PROVEN"}
    assert not [line for line in apart["routes by tenant"].rests_on if "may both say" in line]


def test_or_where_one_of_them_may_not_have_the_scope() -> None:
    partner = {**PARTNER, "speaks_for": {**PARTNER["speaks_for"], "scopes": ["data:read"]}}
    [proof] = proofs({"x": ["GET /u/{sub}"]}, issuers=[OWN, partner]).values()
    assert proof.verdict == "PROVEN"


def test_a_tenant_means_the_same_whoever_signs_for_it() -> None:
    proof = proofs({"x": ["GET /t/{tenant}"]}, issuers=[OWN, PARTNER])["routes by tenant"]
    assert proof.verdict == "PROVEN"
    [line] = [line for line in proof.rests_on if "may both say" in line]
    assert (
        line
        == "eu-west-1_EXAMPLE01 and eu-west-1_Partner01 may both say `tenant` = 'acme': their users share its routes"
    )


def test_of_many_issuers_that_meet_a_few_are_named() -> None:
    issuers = [OWN, *({**PARTNER, "user_pool": f"eu-west-1_Partner{number:02}"} for number in range(5))]
    proof = proofs({"x": ["GET /u/{sub}"]}, issuers=issuers)["routes by sub"]
    assert len(proof.findings) == 4


# ── A leak as a case ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("scopes", "changes"),
    [
        pytest.param({"x": ["GET /o/{org}/f"], "y": ["GET /o/*"]}, {}, id="two scopes"),
        pytest.param({"x": ["GET /o/{orgs}/f"], "y": ["GET /o/*"]}, {}, id="a list"),
        pytest.param({"x": ["GET /u/{sub}"]}, {"issuers": [OWN, PARTNER]}, id="two issuers"),
        pytest.param({"x": ["GET /{only}/o"], "y": ["GET /*"]}, {}, id="somebody without the claim"),
    ],
)
def test_a_leak_is_a_case_that_fails(scopes: dict[str, list[str]], changes: dict[str, Any]) -> None:
    loaded = access(scopes, **changes)
    [finding] = [finding for proof in prove_routes(loaded) for finding in proof.findings]
    assert finding.witness is not None
    cases = parse_case_file(
        as_route_cases(finding, finding.witness), file="leak.toml", around=surroundings(loaded)
    )
    results = run_cases(loaded.templates, cases)
    assert [result.status for result in results] == ["FAIL", "FAIL"]
    assert all("expected deny, and it is open by" in result.reasons[0] for result in results)


# ── What a change opens ──────────────────────────────────────────────────────────────────────────────────────────────


def told(before: Access, now: Access) -> list[tuple[str, str, object, object]]:
    return [
        (shift.direction, shift.what, shift.identity.get("claims"), shift.request.get("route"))
        for shift in compare(before, now).shifts
        if shift.aspect == "routes of scopes"
    ]


@pytest.mark.parametrize(
    ("narrow", "wide", "claims", "example"),
    [
        pytest.param(["GET /o/{org}/f"], ["GET /o/{org}/*"], {"org": "a"}, "GET /o/a/a", id="more of one's own"),
        pytest.param(["GET /o/{org}/*"], ["GET /o/*"], None, "GET /o/a", id="one's own, then all"),
        pytest.param(["GET /o/shared"], ["GET /o/shared", "GET /o/{org}"], {"org": "a"}, "GET /o/a", id="one's own"),
        pytest.param(["GET /o/{org}"], ["ANY /o/{org}"], {"org": "a"}, "DELETE /o/a", id="another method"),
        pytest.param(["GET /o/{org}"], ["GET /o/{org}", "GET /o/{flag}"], {"flag": "no"}, "GET /o/no", id="by another"),
        pytest.param(["GET /o/{org}"], ["GET /o/{org}", "GET /o/{orgs}"], {"orgs": ("a",)}, "GET /o/a", id="by a list"),
        pytest.param(["GET /o/{org}"], ["GET /o/{org}", "GET /o/acme"], None, "GET /o/acme", id="one that is named"),
    ],
)  # fmt: skip
def test_what_a_change_opens_has_somebody_who_may_now_open_it(
    narrow: list[str], wide: list[str], claims: dict[str, Any] | None, example: str
) -> None:
    before, now = access({"x": narrow}), access({"x": wide})
    gained = told(before, now)
    assert [(direction, who, route) for direction, _, who, route in gained if direction == "WIDER"] == [
        ("WIDER", claims, example)
    ]
    assert {direction for direction, *_ in told(now, before)} == {"NARROWER"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(["GET /o/{org}/*"], ["GET /o/{org}/f"], id="less of one's own"),
        pytest.param(["GET /o/*"], ["GET /o/{org}/*"], id="all, then one's own"),
        pytest.param(["GET /o/{org}/f", "GET /o/{org}/*"], ["GET /o/{org}/*"], id="one that another covers"),
    ],
)
def test_what_opens_no_more_is_no_wider(old: list[str], new: list[str]) -> None:
    assert all(direction == "NARROWER" for direction, *_ in told(access({"x": old}), access({"x": new})))


def test_another_name_of_the_same_claim_opens_nothing_new() -> None:
    renamed = access({"x": ["GET /o/{company}"]}, claims={**CLAIMS, "company": ORG})
    assert told(access({"x": ["GET /o/{org}"]}), renamed) == []
    wider = access({"x": ["GET /o/{company}"]}, claims={**CLAIMS, "company": {**ORG, "max_length": 9}})
    [shift] = [each for each in told(access({"x": ["GET /o/{org}"]}), wider) if each[0] != "NARROWER"]
    assert shift[0] in ("WIDER", "UNKNOWN")
    other = access({"x": ["GET /o/{org}"]}, claims={**CLAIMS, "org": {**ORG, "claim": "custom:other"}})
    [shift] = [each for each in told(access({"x": ["GET /o/{org}"]}), other) if each[0] != "NARROWER"]
    assert shift == ("WIDER", "GET /o/{org}, by scope 'x'", {"org": "a"}, "GET /o/a")


def test_what_cannot_be_shown_is_not_decided() -> None:
    """An enumeration of one value opens what the route with that text did."""
    gained = told(access({"x": ["GET /one/o"]}), access({"x": ["GET /{only}/o"]}))
    assert ("UNKNOWN", "GET /{only}/o, by scope 'x'", None, "GET /{only}/o") in gained


def test_a_group_that_gains_a_scope_is_shown_with_the_claim() -> None:
    scopes = {"x": ["GET /o/{org}"]}
    viewers = {"auditors": {"scopes": ["data:read"]}, "viewers": {"scopes": ["data:read", "x"]}}
    gained = compare(access(scopes), access(scopes, groups=viewers))
    [shift] = [shift for shift in gained.shifts if shift.aspect == "scopes of groups"]
    assert shift.identity == {"groups": ["viewers"], "claims": {"org": "a"}}
    assert shift.request == {"route": "GET /o/a"}


PATHS = ["/o/a", "/o/b", "/o/a/f", "/o/b/f", "/o/a/b/f", "/a/f", "/o", "/o/x"]
LITTLE = st.lists(
    st.sampled_from(
        ["GET /o/{org}", "GET /o/{org}/*", "GET /o/*", "GET /o/a", "GET /{org}/f", "GET /o/{flag}/f"]
    ),
    max_size=3,
    unique=True,
)


@given(old=LITTLE, new=LITTLE)
def test_what_is_no_wider_opens_nothing_more_by_brute_force(old: list[str], new: list[str]) -> None:
    before, now = (access({"x": routes or ["GET /never"]}) for routes in (old, new))
    if any(direction != "NARROWER" for direction, *_ in told(before, now)):
        return
    users = [{"org": org, "flag": flag} for org, flag in product("abxo", ["yes", "no"])]
    for claims, path in product(users, PATHS):
        one = frozenset({"x"})
        assert opened(before, claims, one, "GET", path) or not opened(now, claims, one, "GET", path)


@given(routes=LITTLE.filter(bool))
def test_what_is_proven_keeps_users_apart_by_brute_force(routes: list[str]) -> None:
    loaded = access({"x": routes})
    for proof in prove_routes(loaded):
        claim = proof.subject.removeprefix("routes by ")
        pairs = [
            (mine, theirs)
            for mine, theirs in product(
                [{"org": org, "flag": flag} for org in "abxo" for flag in ("yes", "no")], repeat=2
            )
            if mine[claim] != theirs[claim]
        ]
        tied = [route for route in loaded.settings.scopes["x"] if claim in route.holes]
        met = any(
            opened_by(tied, mine, path) and opened_by(loaded.settings.scopes["x"], theirs, path)
            for (mine, theirs), path in product(pairs, [*PATHS, "/o/yes/f"])
        )
        assert proof.verdict == "LEAK" or not met


def opened_by(routes: Any, claims: Mapping[str, str], path: str) -> bool:
    arn = RouteArn(
        partition="aws", region="r", account_id="1", api_id="a", stage="s", method="GET", path=path
    )
    return any(opens(route, claims, Shape.REST_REQUEST, arn) for route in routes)


# ── Lint ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def findings(code: str, scopes: Mapping[str, list[str]], **changes: Any) -> list[str]:
    found = lint_settings(access(scopes, **changes), "")
    assert all(finding.remedy for finding in found)
    return [f"{finding.key}: {finding.text}" for finding in found if finding.code == code]


@pytest.mark.parametrize("segment", [":id", "%7Bid%7D", "%7bid%7d", "(ab)", ":org_id"])
def test_a_parameter_of_another_notation_is_literal_text(segment: str) -> None:
    [found] = findings("literal-route", {"x": [f"GET /o/{segment}/f", "GET /o/{org}/f"]})
    assert (
        found
        == f"scopes.x: {segment!r} in 'GET /o/{segment}/f' is no parameter, but a segment that is spelt so"
    )


@pytest.mark.parametrize("path", ["/a:b", "/o/2026:11", "/x-%7B", "/*", "/o/{org}", "/(a", "/a)"])
def test_other_text_is_as_it_seems(path: str) -> None:
    assert findings("literal-route", {"x": [f"GET {path}"]}) == []


def test_a_route_that_is_too_long_for_some_users_is_found() -> None:
    def size(length: int, path: str = "GET /o/{org}") -> list[str]:
        return findings("route-size", {"x": [path]}, claims={**CLAIMS, "org": {**ORG, "max_length": length}})

    fits = 512 - LONGEST_STAGE - len("GET/o/")
    assert size(fits) == []
    [found] = size(fits + 1)
    assert "some users' route has 513 characters as an ARN, API Gateway takes 512" in found
    [found] = size(fits - 3, "ANY /o/{org}")
    assert "513 characters" in found
    assert size(fits - 4, "ANY /o/{org}") == []


def test_a_list_that_fills_more_than_an_answer_holds_is_found() -> None:
    def size(items: int, method: str = "GET") -> list[str]:
        claims = {**CLAIMS, "orgs": {**ORGS, "max_items": items}}
        return findings("route-size", {"x": [f"{method} /o/{{orgs}}"]}, claims=claims)

    each = LONGEST_STAGE + len("GET/o/") + 8
    assert size(8192 // each) == []
    assert (
        f"a list of {8192 // each + 1} fills {(8192 // each + 1) * each} characters"
        in size(8192 // each + 1)[0]
    )
    assert size(13) == []
    assert size(13, "ANY")


def test_a_route_tied_to_what_users_can_change_is_found() -> None:
    claims = {**CLAIMS, "alias": {**ORG, "user_writable": True}}
    [found] = findings("user-writable", {"x": ["GET /o/{org}/{org}"]}, claims=claims)
    assert found.startswith("scopes.x: 'GET /o/{org}/{org}' is tied to `org`, which users can change")
    assert findings("user-writable", {"x": ["GET /o/{org}"]}) == []


def test_a_claim_that_a_route_names_is_used() -> None:
    assert "claims.org: claim `org` reaches no policy, tag, session name, route or context" in findings(
        "unused", {}
    )
    assert not [text for text in findings("unused", {"x": ["GET /o/{org}"]}) if "`org`" in text]
