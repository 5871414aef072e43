"""Who may now do what they could not: every aspect both ways, every field accounted for, and random edits judged by
brute force."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from itertools import chain, combinations
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from authorizer.engine import EngineError, parse_session
from authorizer.engine.evaluate import AccessRequest, evaluate
from authorizer.errors import Forbidden
from authorizer.gate import choosing
from authorizer.gate.aspects import ASPECTS, ELSEWHERE
from authorizer.gate.choosing import Caller, ambiguous, asking, reach, roles_of_groups, rules
from authorizer.gate.comparison import Comparison, compare
from authorizer.identity.permit import permit
from authorizer.identity.resolve import resolve
from authorizer.model import Claims, Role
from authorizer.settings.callers import Callers
from authorizer.settings.load import read
from authorizer.settings.schema import (
    Access,
    Authority,
    Claim,
    Gateway,
    Group,
    Issuer,
    Keys,
    Policy,
    Resolution,
    Route,
    Rule,
    Sealing,
    Session,
    Settings,
    SharedCache,
)
from tests.make import make_request, merged

ACCOUNT = "arn:aws:iam::123456789012"
ISS = "https://id.example.com"
OTHER_ISS = "https://other.example.com"


def statement(action: str, resource: str) -> str:
    return json.dumps({"Effect": "Allow", "Action": action, "Resource": f"arn:aws:s3:::b/{resource}"})


def policy(*parts: str) -> str:
    return '{"Version": "2012-10-17", "Statement": [' + "".join(parts) + "]}"


READS = policy(statement("s3:GetObject", "{{ tenant }}/*"))
WRITES = policy(
    statement("s3:GetObject", "{{ tenant }}/*"),
    '{% if "write" in scopes %},' + statement("s3:PutObject", "{{ tenant }}/*") + "{% endif %}",
)
FOR_WANT = policy(
    statement("s3:GetObject", "{{ tenant }}/*"),
    '{% if not "write" in scopes %},' + statement("s3:DeleteObject", "{{ tenant }}/*") + "{% endif %}",
)

ISSUER: dict[str, Any] = {
    "kind": "oidc",
    "issuer": ISS,
    "client_ids": ["a"],
    "token_use": ["id", "access"],
    "audiences": ["api"],
    "max_lifetime": "1h",
    "max_auth_age": "8h",
    "leeway": "30s",
    "speaks_for": {
        "roles": ["reader", "writer"],
        "groups": ["readers", "writers", "idle"],
        "scopes": ["read", "write", "extra"],
        "claims": {"tenant": ["acme", "globex"]},
    },
    "actors": {"agent": ["read"]},
}
OTHER: dict[str, Any] = {
    "kind": "oidc",
    "issuer": OTHER_ISS,
    "client_ids": ["b"],
    "token_use": ["id"],
    "speaks_for": "any",
}
BASE: dict[str, Any] = {
    "issuers": [ISSUER],
    "claims": {
        "sub": {"type": "uuid"},
        "tenant": {"claim": "custom:tenant", "type": "slug", "max_length": 16},
        "org": {"claim": "custom:org", "type": "slug", "max_length": 16},
        "device": {"claim": "device", "type": "uuid"},
        "teams": {"claim": "teams", "type": "slug", "list": True, "max_items": 3},
    },
    "policies": {"reads": {"isolates": "tenant"}, "writes": {"isolates": "tenant"}},
    "roles": {
        "reader": {"arn": f"{ACCOUNT}:role/reader", "policies": ["reads"], "source_identity": "{sub}"},
        "writer": {
            "arn": f"{ACCOUNT}:role/writer",
            "policies": ["writes"],
            "source_identity": "{sub}",
            "external_id": "an-id",
            "session_tags": {"tenant": "tenant"},
            "transitive_tags": ["tenant"],
            "duration": "50m",
        },
    },
    "groups": {
        "readers": {"role": "reader", "precedence": 10, "scopes": ["read"]},
        "writers": {"role": "writer", "precedence": 20, "scopes": ["read", "write"]},
        "idle": {},
    },
    "rules": [{"claim": "custom:org", "match": "Equals", "value": "staff", "role": "writer"}],
    "resolution": {"role_header": "x-role"},
    "scopes": {
        "read": ["GET /x", "GET /x/*"],
        "write": ["PUT /x/*", "$default"],
        "extra": ["GET /x/1"],
    },
    "session": {"end_with_token": True, "context": "sealed"},
    "sealing": {"keys": "{}"},
    "private_sealing": {"keys": "[]"},
    "keys": {"max_age": "1h", "grace": "2h", "cooldown": "20s"},
    "gateway": {
        "result_ttl": "1m",
        "token_scopes": "ignore",
        "identity_sources": ["authorization", "x-role", "x-more"],
        "context_claims": ["tenant"],
    },
}


def access(changes: Mapping[str, Any] | None = None) -> Access:
    changes = dict(changes or {})
    templates = {"reads": READS, "writes": WRITES, **changes.pop("templates", {})}
    return read(merged(BASE, changes), source="", place="access.toml", templates=templates, environment={})


def issuer(**changes: Any) -> dict[str, Any]:
    return {"issuers": [merged(ISSUER, changes)]}


def role(**changes: Any) -> dict[str, Any]:
    return {"roles": {"writer": changes}}


def group(name: str = "readers", **changes: Any) -> dict[str, Any]:
    return {"groups": {name: changes}}


SOURCES = ["header:authorization", "query:token"]
ANY_SCOPE = issuer(speaks_for={"scopes": "any"})
OWN: dict[str, Any] = {
    "roles": {"own": {"arn": f"{ACCOUNT}:role/own", "policies": ["reads"], "source_identity": "{sub}"}},
    "session": {"end_with_token": False},
}


AWS_OWN = "arn:aws:iam::aws:policy"


def lasting(*managed: str) -> dict[str, Any]:
    """Writers with managed policies, where sessions do not end with their token."""
    return {**role(managed_policies=[*managed]), "session": {"end_with_token": False}}


def handing(**changes: Any) -> dict[str, Any]:
    """Readers hold sessions of a role of their own."""
    return {**OWN, "callers": {"roles": {"reader": "own"}, **changes}}


YES_OR_NO: dict[str, Any] = {"type": "enum", "values": ["true", "false"]}
CLIQUES: dict[str, Any] = {"claim": "cognito:groups", "type": "slug", "list": True, "max_items": 3}


def issuer_of_roles(*read: str) -> dict[str, Any]:
    """Users may be of one role alone, and each of these claims is read."""
    claims = {f"c{at}": {"claim": name, "type": "slug"} for at, name in enumerate(read)}
    return {**issuer(speaks_for={"roles": ["reader"], "groups": ["readers"]}), "claims": claims}


UNCACHED: dict[str, Any] = {"gateway": {"result_ttl": "0s"}}

# Aspect, the narrower configuration, the wider one; both are changes to BASE.
ROWS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("issuers", {}, {"issuers": [ISSUER, OTHER]}),
    ("client ids", {}, issuer(client_ids=["a", "b"])),
    ("client ids", {}, issuer(client_ids="any")),
    ("token use", issuer(token_use=["id"]), {}),
    ("audiences", {}, issuer(audiences=["api", "other"])),
    ("leeway", {}, issuer(leeway="60s")),
    ("max_lifetime", {}, issuer(max_lifetime="2h")),
    ("max_lifetime", {}, issuer(max_lifetime=None)),
    ("max_auth_age", {}, issuer(max_auth_age="24h")),
    (
        "roles spoken for",
        issuer(speaks_for={"roles": ["reader"], "groups": ["readers"]}),
        issuer(speaks_for={"groups": ["readers"]}),
    ),
    ("roles spoken for", {}, issuer(speaks_for={"roles": "any"})),
    ("groups spoken for", issuer(speaks_for={"groups": ["readers"]}), {}),
    ("scopes spoken for", {}, issuer(speaks_for={"scopes": "any"})),
    ("claims spoken for", {}, issuer(speaks_for={"claims": {"tenant": ["acme", "globex", "initech"]}})),
    ("claims spoken for", {}, issuer(speaks_for={"claims": {"tenant": "any"}})),
    ("actors", {}, issuer(actors={"other": []})),
    ("actors", {}, issuer(actors={"agent": ["read", "write"]})),
    ("age of keys", {}, {"keys": {"max_age": "2h"}}),
    ("grace of keys", {}, {"keys": {"grace": "3h"}}),
    ("cooldown of keys", {}, {"keys": {"cooldown": "30s"}}),
    ("pinned keys", {}, issuer(pinned_keys='{"keys": []}')),
    ("type of a claim", {}, {"claims": {"org": {"max_length": 20}}}),
    ("user_writable", {}, {"claims": {"org": {"user_writable": True}}}),
    ("roles of groups", {}, group("idle", role="writer")),
    ("roles of groups", {}, group("new", role="writer")),
    ("rules", {}, {"rules": [*BASE["rules"], {"claim": "team", "value": "ops", "role": "writer"}]}),
    ("ambiguous", {}, {"resolution": {"ambiguous": "reader"}}),
    ("role header", {"resolution": {"role_header": None}}, {}),
    ("scopes of groups", {}, group(scopes=["read", "write"])),
    ("routes of scopes", {}, {"scopes": {"read": ["ANY /*"]}}),
    ("routes of scopes", {}, {"scopes": {"extra": ["GET /x/1", "GET /y"]}}),
    ("routes of scopes", {}, {"scopes": {"extra": ["GET /x/1", "$connect"]}, "gateway": {"connection_time": "10m"}}),
    ("routes of scopes", ANY_SCOPE, {**ANY_SCOPE, "scopes": {"more": ["GET /y"]}}),
    ("scopes of tokens", {}, {"gateway": {"token_scopes": "either"}}),
    ("type of a claim", {}, {"claims": {"teams": {"list": "comma"}}}),
    ("type of a claim", {"claims": {"device": YES_OR_NO}}, {"claims": {"device": {"type": "boolean"}}}),
    ("said elsewhere", {"claims": {"cliques": CLIQUES}}, {}),
    ("said elsewhere", issuer_of_roles("cognito:roles"), issuer_of_roles()),
    ("type of a claim", {}, {"claims": {"device": {"lower_case": True}}}),
    ("scopes of tokens", {"gateway": {"token_scopes": "both"}}, {}),
    ("catch-all route", UNCACHED, {"gateway": {"result_ttl": "0s", "response": "simple"}}),
    ("places of tokens", UNCACHED, {"gateway": {"result_ttl": "0s", "token_sources": SOURCES}}),
    ("result_ttl", {}, {"gateway": {"result_ttl": "5m"}}),
    ("claims told", {}, {"gateway": {"context_claims": ["tenant", "org"]}}),
    ("renewed connections", {}, {"gateway": {"renew_connections": True}}),
    ("roles", {}, {"roles": {"more": {**BASE["roles"]["reader"], "arn": f"{ACCOUNT}:role/more"}}}),
    ("managed policies", lasting(f"{AWS_OWN}/One"), lasting(f"{AWS_OWN}/One", f"{AWS_OWN}/Two")),
    ("duration", {}, role(duration="1h")),
    ("end_with_token", {}, {"session": {"end_with_token": False}}),
    ("credentials' way", {"session": {"context": "none"}}, {}),
    ("credentials' way", {}, {"session": {"context": "plain"}}),
    ("shared cache", {}, {"shared_cache": {"table": "sessions"}}),
    ("sealing keys", {"session": {"context": "none"}, "sealing": None}, {"session": {"context": "none"}}),
    ("private sealing keys", {"private_sealing": None}, {}),
    ("callers' own", {"session": {"end_with_token": False}}, handing()),
    ("origins", handing(), handing(origins=["https://app.example.com"])),
    ("same address", handing(same_address=True), handing()),
    ("sessions of one user", handing(sessions=2), handing(sessions=3)),
]  # fmt: skip
# Aspect and two configurations of which neither is known to be narrower: judged so both ways.
EITHER: list[tuple[str, dict[str, Any]]] = [
    ("kind of issuer", {"issuers": [{"user_pool": "eu-west-1_Own", "client_ids": ["a"], "token_use": ["id"]}]}),
    ("algorithm", issuer(algorithm="ES256")),
    ("key set", issuer(jwks_uri="https://keys.example.com/")),
    ("audiences", issuer(audiences=["other"])),
    ("fixed claims", issuer(fixed_claims={"tenant": "acme"}, speaks_for={"claims": {"tenant": None}})),
    ("source of a claim", {"claims": {"tenant": {"claim": "custom:other"}}}),
    ("type of a claim", {"claims": {"tenant": {"lower_case": True}}}),
    ("type of a claim", {"claims": {"tenant": {"fallback": "_none"}}}),
    ("type of a claim", {"claims": {"tenant": {"fallback": "acme"}}}),
    ("roles of groups", group(role="writer")),
    ("rules", {"rules": [{**BASE["rules"][0], "role": "reader"}]}),
    ("rules", {"rules": [{**BASE["rules"][0], "value": "other"}]}),
    ("ARN of a role", role(arn=f"{ACCOUNT}:role/other")),
    ("session tags", role(session_tags={"tenant": "org"})),
    ("session tags", role(session_tags={"tenant": "tenant", "org": "org"})),
    ("transitive tags", role(transitive_tags=[])),
    ("session name", role(session_name="{tenant}")),
    ("usage key", {"gateway": {"usage_key_claim": "org"}}),
    ("key of the gateway's cache", {"gateway": {"identity_sources": ["authorization", "x-role"]}}),
    ("sealing keys", {"sealing": {"keys": "other"}}),
]  # fmt: skip


def directions(comparison: Comparison, aspect: str) -> set[str]:
    return {shift.direction for shift in comparison.shifts if shift.aspect == aspect}


@pytest.mark.parametrize(
    ("aspect", "narrow", "wide"), ROWS, ids=[f"{row[0]}: {row[2] or row[1]}"[:80] for row in ROWS]
)
def test_each_aspect_is_judged_both_ways(aspect: str, narrow: dict[str, Any], wide: dict[str, Any]) -> None:
    gained, lost = compare(access(narrow), access(wide)), compare(access(wide), access(narrow))
    assert "WIDER" in directions(gained, aspect)
    assert gained.verdict == "WIDER"
    for shift in gained.shifts:
        if shift.direction == "WIDER":
            assert shift.identity
            assert shift.request
    assert directions(lost, aspect) == {"NARROWER"}
    assert lost.verdict == "NO WIDER", lost.shifts


@pytest.mark.parametrize(("aspect", "change"), EITHER, ids=[f"{row[0]}: {row[1]}"[:80] for row in EITHER])
def test_what_is_another_authority_is_never_called_no_wider(aspect: str, change: dict[str, Any]) -> None:
    for before, now in ((access(), access(change)), (access(change), access())):
        comparison = compare(before, now)
        if aspect == "kind of issuer":
            assert comparison.verdict == "WIDER"
        elif (aspect, comparison.verdict) == ("key of the gateway's cache", "NO WIDER"):
            assert before.settings.gateway.identity_sources < now.settings.gateway.identity_sources
        else:
            assert directions(comparison, aspect) & {"WIDER", "UNKNOWN"}, comparison.shifts
            assert comparison.verdict != "NO WIDER"


@pytest.mark.parametrize("setting", ["source_identity", "external_id"])
def test_what_the_trust_policy_may_ask_for_is_not_dropped_in_silence(setting: str) -> None:
    with_it = access(issuer(actors=None))
    without = access({**issuer(actors=None), **role(**{setting: None})})
    assert compare(with_it, without).verdict == "UNKNOWN"
    assert compare(without, with_it).verdict == "NO WIDER"
    other = access(
        {**issuer(actors=None), **role(**{setting: "{tenant}" if setting == "source_identity" else "other"})}
    )
    dropped = compare(with_it, other)
    assert dropped.verdict == "UNKNOWN"
    assert "an-id" not in str(dropped.shifts)


def test_a_role_that_is_handed_to_callers_no_more_is_one_that_tokens_may_name() -> None:
    gained = compare(access(handing()), access(OWN))
    assert directions(gained, "callers' own") == {"NARROWER"}
    [shift] = [shift for shift in gained.shifts if shift.direction == "WIDER"]
    assert (shift.aspect, shift.what) == ("roles", "the role 'own', for tokens that name its ARN")
    gone = access({"session": {"end_with_token": False}})
    assert compare(access(handing()), gone).verdict == "NO WIDER"


def test_what_another_row_says_of_an_issuer_is_not_said_twice() -> None:
    anything = issuer(speaks_for={"groups": "any", "scopes": "any", "roles": "any"})
    reading = {"claims": {"cliques": CLIQUES}}
    for before, now in ((reading, anything), ({**reading, **anything}, {}), (reading, {"issuers": [OTHER]})):
        assert directions(compare(access(before), access(now)), "said elsewhere") == set()


def test_a_rule_that_goes_leaves_what_callers_could_ask_for() -> None:
    lost = compare(access(), access({"rules": []}))
    assert directions(lost, "rules") == {"NARROWER"}
    assert lost.verdict == "NO WIDER"
    silent = {"resolution": {"role_header": None}}
    gained = compare(access(silent), access({**silent, "rules": []}))
    assert gained.verdict == "WIDER"
    [shift] = [shift for shift in gained.shifts if shift.direction == "WIDER"]
    assert shift.identity == {"groups": ["readers"], "claims": {"custom:org": "staff"}}


def test_a_rule_that_another_goes_before_changes_nothing() -> None:
    shadowed = {"rules": [*BASE["rules"], {**BASE["rules"][0], "role": "reader"}]}
    assert compare(access(), access(shadowed)).shifts == ()
    reordered = {"rules": shadowed["rules"][::-1]}
    assert compare(access(shadowed), access(reordered)).verdict == "WIDER"


def test_another_precedence_is_another_role_unless_members_could_ask_for_it() -> None:
    assert compare(access(), access(group(precedence=30))).verdict == "NO WIDER"
    silent = {"resolution": {"role_header": None}}
    gained = compare(access(silent), access({**silent, **group(precedence=30)}))
    [shift] = [shift for shift in gained.shifts if shift.direction == "WIDER"]
    assert (shift.whom, shift.what) == ("group readers and writers", "role 'writer'")
    assert shift.identity == {"groups": ["readers", "writers"]}
    assert shift.request["role"] == "writer"
    assert str(shift.request["resource"]).startswith("arn:aws:s3:::b/")


def test_two_groups_that_are_ambiguous_no_more_gain_the_role_of_one() -> None:
    groups: dict[str, Any] = {"readers": {"precedence": 1}, "writers": {"precedence": 1}}
    silent: dict[str, Any] = {"resolution": {"role_header": None, "ambiguous": "writer"}}
    freed = {**groups, "readers": {"precedence": 2}}
    change = {**silent, "groups": groups}, {**silent, "groups": freed}
    assert compare(*map(access, change)).verdict == "NO WIDER"
    denied: dict[str, Any] = {"resolution": {"role_header": None}}
    gained = compare(access({**denied, "groups": groups}), access({**denied, "groups": freed}))
    assert [shift.identity for shift in gained.shifts] == [{"groups": ["readers", "writers"]}]


def test_more_sets_of_groups_than_are_asked_about_are_not_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "MAX_SETS", 1)
    comparison = compare(access(), access(group("idle", role="reader", precedence=30)))
    assert directions(comparison, "roles of groups") >= {"UNKNOWN"}


def test_a_claim_that_is_fixed_no_more_is_the_token_s_to_say() -> None:
    tenant = {"fixed_claims": {"tenant": "acme"}, "speaks_for": {"claims": {"tenant": None}}}
    comparison = compare(access(issuer(**tenant)), access(issuer(speaks_for=tenant["speaks_for"])))
    [shift] = comparison.shifts
    assert shift.what == "its users with `tenant` of the token's own choice, where 'acme' was fixed"


def test_a_template_that_allows_for_want_of_a_scope_is_told_where_a_scope_is_lost() -> None:
    template = {"templates": {"writes": FOR_WANT}}
    lost = compare(access(template), access({**template, **group("writers", scopes=["read"])}))
    assert directions(lost, "fewer scopes") == {"UNKNOWN"}
    assert "s3:DeleteObject" in str(lost.shifts)
    assert compare(access(), access(group("writers", scopes=["read"]))).verdict == "NO WIDER"


def test_users_who_were_refused_for_a_scope_are_told_where_it_goes() -> None:
    limited = issuer(speaks_for={"groups": "any", "scopes": ["read"]}, actors={"agent": []})
    lost = compare(access(limited), access({**limited, **group("writers", scopes=["read"])}))
    assert lost.verdict == "UNKNOWN"
    assert "may not speak" in str(lost.shifts)


def test_a_wider_template_is_wider_all_in_all() -> None:
    wider = access({"templates": {"reads": READS.replace("{{ tenant }}/*", "*")}})
    assert compare(access(), wider).verdict == "WIDER"
    assert compare(wider, access()).verdict == "NO WIDER"


@pytest.mark.parametrize(
    ("narrow", "wide", "example"),
    [
        pytest.param(["GET /x/a*"], ["GET /x/a*", "GET /x/a/*"], None, id="one that is covered"),
        pytest.param(["GET /x/a*", "GET /*"], ["ANY /x"], "DELETE /x", id="another method"),
        pytest.param(
            ["GET /x"], ["GET /x", "GET /x/*/y"], "GET /x/a/y", id="one that would walk with an empty segment"
        ),
        pytest.param(["GET /a*"], ["GET /*"], "GET /b", id="more of a star"),
    ],
)
def test_a_route_that_is_gained_has_a_request_that_shows_it(
    narrow: list[str], wide: list[str], example: str | None
) -> None:
    comparison = compare(access({"scopes": {"read": narrow}}), access({"scopes": {"read": wide}}))
    gained = [shift for shift in comparison.shifts if shift.direction != "NARROWER"]
    assert [(shift.direction, shift.request["route"]) for shift in gained] == (
        [("WIDER", example)] * 2 if example else []
    )
    assert {shift.whom for shift in gained} <= {"group readers", "group writers"}


def test_a_rule_that_goes_may_leave_the_role_of_ambiguous_callers() -> None:
    third = {"roles": {"third": {**BASE["roles"]["reader"], "arn": f"{ACCOUNT}:role/third"}}}
    both = {**third, **issuer(speaks_for={"roles": "any"}), "resolution": {"ambiguous": "third"}}
    assert compare(access(both), access({**both, "rules": []})).verdict == "UNKNOWN"


# ── Nothing is forgotten ─────────────────────────────────────────────────────────────────────────────────────────────

CLASSES = (
    *(
        Settings,
        Callers,
        Issuer,
        Authority,
        Keys,
        Claim,
        Policy,
        Role,
        Group,
        Rule,
        Resolution,
        Route,
        Gateway,
        Session,
    ),
    *(Sealing, SharedCache),
)


def test_every_field_of_the_configuration_has_a_row_or_a_reason() -> None:
    rows = [name for aspect in ASPECTS for name in aspect.fields]
    there = {f"{each.__name__}.{one.name}" for each in CLASSES for one in fields(each)}
    assert sorted([*rows, *ELSEWHERE]) == sorted(there)


def test_every_aspect_is_tried() -> None:
    tried = {row[0] for row in ROWS} | {row[0] for row in EITHER}
    assert {aspect.name for aspect in ASPECTS} - tried == {"source identity", "external id", "fewer scopes"}


# ── Brute force ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, eq=False)
class Said:
    """What a token says, where only `authorizer.tokens` makes `Claims`."""

    issuer: str = ISS
    token_use: str = "id"
    sub: str = "11111111-1111-4111-8111-111111111111"
    client_id: str | None = "a"
    username: str | None = None
    machine: bool = False
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    preferred_role: str | None = None
    scopes: tuple[str, ...] = ()
    issued_at: float = 0
    expires_at: float = 1
    actors: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)


GROUPS = ("readers", "writers", "idle", "new")
ROUTES = (("GET", "/x"), ("GET", "/x/1"), ("PUT", "/x/1"), ("GET", "/y"))
ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")


def tokens() -> Iterator[Said]:
    for groups in chain.from_iterable(combinations(GROUPS, size) for size in (0, 1, 2, 3)):
        for org in ("staff", "other", None):
            values = {"custom:tenant": "acme", **({"custom:org": org} if org else {})}
            values["sub"] = Said.sub
            for use, scopes in (("id", ()), ("access", ("read", "extra"))):
                yield Said(groups=groups, values=values, token_use=use, scopes=scopes)
        yield Said(groups=groups, values={"sub": Said.sub, "custom:tenant": "globex"}, actors=("agent",))
    yield Said(groups=("readers",), values={"sub": Said.sub, "custom:tenant": "initech"})
    yield Said(groups=("readers",), values={"sub": Said.sub, "custom:tenant": "ACME"})
    yield Said(groups=("readers",), values={"sub": Said.sub})
    yield Said(groups=("readers",), values={"sub": Said.sub, "custom:tenant": "acme"}, client_id="b")
    for arn in ("reader", "writer", "other"):
        yield Said(roles=(f"{ACCOUNT}:role/{arn}",), values={"sub": Said.sub, "custom:tenant": "acme"})


def reached(side: Access, token: Said) -> set[object]:
    """All that a token reaches: routes, and actions on resources as which role, whatever it asks for."""
    settings, templates = side
    taken = settings.issuers.get(token.issuer)
    if (
        taken is None
        or token.token_use not in taken.token_use
        or not set(token.actors) <= taken.actors.keys()
    ):
        return set()
    if taken.client_ids is not None and token.client_id not in taken.client_ids:
        return set()
    found: set[object] = set()
    for requested in (None, *(settings.roles if settings.resolution.role_header else ())):
        try:
            identity = resolve(cast(Claims, token), requested, settings)
            text = templates.render(identity.role.policies, identity.claims, scopes=identity.scopes)
            for method, path in ROUTES:
                routes = permit(identity, make_request(method=method, path=path), settings)
                found |= {(method, path)} if routes.matched else set()
        except (Forbidden, EngineError):
            continue
        tags = tuple(
            sorted((key, identity.claims.get(name)) for key, name in identity.role.session_tags.items())
        )
        for action in ACTIONS:
            for name in ("acme", "globex", "initech", "staff", "ACME", "_none"):
                asked = AccessRequest(action=action, resource=f"arn:aws:s3:::b/{name}/x", context={})
                if evaluate(identity=None, session=parse_session(text), boundary=None, request=asked).allowed:
                    found.add((identity.role.arn, tags, action, name))
    return found


ROLE = st.sampled_from(["reader", "writer"])
SCOPES = st.lists(st.sampled_from(["read", "write", "extra"]), unique=True)
ONE_RULE = st.fixed_dictionaries(
    {
        "claim": st.just("custom:org"),
        "match": st.sampled_from(["Equals", "NotEqual", "StartsWith", "Contains"]),
        "value": st.sampled_from(["staff", "other", "st"]),
        "role": ROLE,
    }
)
ONE_GROUP = st.fixed_dictionaries(
    {"scopes": SCOPES}, optional={"role": ROLE, "precedence": st.integers(1, 3)}
)
PATHS = st.sampled_from(["GET /x", "GET /x/*", "GET /*", "ANY /x/1", "PUT /x/*", "ANY /*", "GET /y"])
NAMES = st.lists(st.sampled_from(GROUPS[:3]), unique=True)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "groups": st.dictionaries(st.sampled_from(GROUPS), ONE_GROUP, max_size=4),
        "rules": st.lists(ONE_RULE, max_size=3),
        "resolution": st.fixed_dictionaries(
            {}, optional={"role_header": st.just("x-role"), "ambiguous": ROLE}
        ),
        "scopes": st.fixed_dictionaries(
            {
                name: st.lists(PATHS, min_size=1, max_size=3, unique=True)
                for name in ("read", "write", "extra")
            }
        ),
        "gateway": st.fixed_dictionaries(
            {"token_scopes": st.sampled_from(["ignore", "either", "both"]), "result_ttl": st.just("0s")}
        ),
        "issuer": st.fixed_dictionaries(
            {},
            optional={
                "client_ids": st.sampled_from([["a"], ["b"], "any"]),
                "token_use": st.sampled_from([["id"], ["access"], ["id", "access"]]),
                "actors": st.dictionaries(st.just("agent"), SCOPES),
                "speaks_for": st.just("any")
                | st.fixed_dictionaries(
                    {
                        "roles": st.sampled_from([["reader"], ["reader", "writer"], "any"]),
                        "groups": st.just("any"),
                        "scopes": st.sampled_from([["read"], ["read", "write"], "any"]),
                        "claims": st.sampled_from([{}, {"tenant": ["acme"]}, {"tenant": "any"}]),
                    }
                ),
            },
        ),
        "templates": st.fixed_dictionaries({"writes": st.sampled_from([READS, WRITES, FOR_WANT])}),
        "tags": st.sampled_from([{}, {"tenant": "tenant"}, {"tenant": "org"}]),
        "arn": st.sampled_from(["writer", "other"]),
        "tenant": st.fixed_dictionaries(
            {},
            optional={"lower_case": st.booleans(), "fallback": st.sampled_from(["acme", "staff", "_none"])},
        ),
    },
)
PLAIN: dict[str, Any] = {
    key: value for key, value in BASE.items() if key not in ("groups", "rules", "resolution", "scopes")
}


def edited(change: Mapping[str, Any]) -> Access:
    """A configuration that takes nothing of BASE but what the change leaves alone."""
    tables = {
        **BASE,
        **{key: change[key] for key in ("groups", "rules", "resolution", "scopes") if key in change},
    }
    tables["gateway"] = {**BASE["gateway"], **change.get("gateway", {})}
    tenant = {**BASE["claims"]["tenant"], **change.get("tenant", {})}
    tables["claims"] = {**BASE["claims"], "tenant": tenant}
    tables["issuers"] = [{**ISSUER, **change.get("issuer", {})}]
    writer = {**BASE["roles"]["writer"], "transitive_tags": []}
    writer["session_tags"] = change.get("tags", writer["session_tags"])
    writer["arn"] = f"{ACCOUNT}:role/{change.get('arn', 'writer')}"
    tables["roles"] = {**BASE["roles"], "writer": writer}
    templates = {"reads": READS, "writes": WRITES, **change.get("templates", {})}
    return read(tables, source="", place="access.toml", templates=templates, environment={})


PARTS = ("groups", "rules", "resolution", "scopes", "gateway", "issuer", "templates", "tags", "arn", "tenant")


@pytest.mark.slow
@examples(max_examples=100, deadline=None)
@given(CHANGES, CHANGES, st.none() | st.sampled_from(PARTS))
def test_no_wider_is_never_contradicted_by_brute_force(
    one: dict[str, Any], other: dict[str, Any], only: str | None
) -> None:
    # Two that differ in one part are narrower more often than two of anything.
    one_part = {key: value for key, value in other.items() if key == only}
    before, now = edited(one), edited({**one, **one_part} if only else other)
    if compare(before, now).verdict != "NO WIDER":
        return
    for token in tokens():
        assert reached(now, token) <= reached(before, token), token


WHO = st.fixed_dictionaries(
    {
        "groups": st.dictionaries(st.sampled_from(GROUPS), ONE_GROUP, max_size=4),
        "rules": st.lists(ONE_RULE, max_size=2),
        "resolution": st.fixed_dictionaries(
            {}, optional={"role_header": st.just("x-role"), "ambiguous": ROLE}
        ),
    }
)


@examples(max_examples=150, deadline=None)
@given(WHO, WHO, st.sets(st.sampled_from(["groups", "rules", "resolution"]), min_size=1))
def test_nobody_has_a_role_that_the_comparison_of_roles_does_not_tell(
    one: dict[str, Any], other: dict[str, Any], kept: set[str]
) -> None:
    before = edited(one)
    now = edited({**other, **{key: one[key] for key in kept}} if len(kept) < len(one) else other)
    resolutions = before.settings.resolution, now.settings.resolution
    steps = chain(
        roles_of_groups(before, now),
        rules(before, now),
        ambiguous(*(each.ambiguous for each in resolutions)),
        asking(*(each.role_header for each in resolutions)),
    )
    if any(step.direction != "NARROWER" for step in steps):
        return
    writer = before.settings.roles["writer"].arn
    for groups in chain.from_iterable(combinations(GROUPS, size) for size in range(5)):
        for org in ("staff", "other", "st", "none"):
            for roles in ((), (writer,)):
                caller = Caller(groups=groups, roles=roles, values={"custom:org": org})
                assert reach(caller, now.settings) <= reach(caller, before.settings), caller
