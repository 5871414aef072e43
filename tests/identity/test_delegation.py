"""Somebody acts for a user: with no more than both of them may, and never unseen."""

import json
from dataclasses import replace
from typing import Any

import pytest

from authorizer.errors import DelegationRefused, RequestInvalid, SettingsError, TokenClaimMalformed
from authorizer.identity.resolve import resolve
from authorizer.record import Record
from authorizer.render import render
from authorizer.settings.kinds import KINDS
from authorizer.settings.schema import Settings
from authorizer.tokens.checks import check_lasting
from authorizer.tokens.claims_set import claims_of, parse_claims_set
from authorizer.tokens.stored import restored, stored
from authorizer.vending.request import AssumeRoleRequest, assume_role_request
from authorizer.vending.session_name import delegated, fill
from tests.make import NOW, SUB, make_settings, sample_access, sample_settings
from tests.tokens.minting import access_claims, id_claims, issuer

ACTORS = {
    "reports-agent": ["data:read", "files:read", "users:manage"],
    "scheduler": ["data:read", "data:write"],
}
TRACED = {name: {"source_identity": "{sub}"} for name in ("viewer", "editor", "admin", "importer")}
OWN = {
    "user_pool": "env:USER_POOL_ID",
    "client_ids": ["env:APP_CLIENT_ID", "env:MACHINE_CLIENT_ID"],
    "token_use": ["id", "access"],
}


def settings_with(*, actors: dict[str, list[str]] = ACTORS, roles: Any = TRACED, **changes: Any) -> Settings:
    return make_settings(issuers=[{**OWN, "actors": actors}], roles=roles, **changes)


def said(act: object, **changes: Any) -> Any:
    return parse_claims_set(access_claims(act=act, **changes), "jwt", KINDS["cognito"])


def acting(act: object, settings: Settings | None = None) -> Any:
    """The identity of an editor for whom somebody acts."""
    settings = settings or settings_with()
    pool = next(iter(settings.issuers.values()))
    payload = id_claims(
        act=act, iss=pool.issuer, **{"custom:tenant_id": "acme", "cognito:groups": ["editors"]}
    )
    payload = {k: v for k, v in payload.items() if k not in ("cognito:roles", "cognito:preferred_role")}
    payload["sub"] = SUB
    typed = parse_claims_set(payload, "jwt", KINDS["cognito"])
    return resolve(claims_of(typed, pool), None, settings)


# ── What a token says ────────────────────────────────────────────────────────────────────────────────────────────────


def test_actors_are_read_outermost_first() -> None:
    assert said({"sub": "a", "act": {"sub": "b"}}).actors == ("a", "b")
    assert said({"sub": "a", "client_id": "x"}).actors == ("a",)


@pytest.mark.parametrize(
    ("act", "why"),
    [
        pytest.param("agent", "not an object", id="a text"),
        pytest.param(None, "not an object", id="null"),
        pytest.param([{"sub": "agent"}], "not an object", id="a list"),
        pytest.param({}, "has no `sub`", id="nobody"),
        pytest.param({"sub": ""}, "is not a text", id="an empty name"),
        pytest.param({"sub": 7}, "is not a text", id="a number"),
        pytest.param({"sub": "a\nb"}, "control character", id="a line break"),
        pytest.param(
            {"sub": "agent", "iss": "https://elsewhere.example"}, "another issuer", id="of another issuer"
        ),
        pytest.param({"sub": "agent", "iss": None}, "another issuer", id="of no issuer"),
        pytest.param({"sub": "agent", "act": "b"}, "not an object", id="a text inside"),
        pytest.param({"sub": "agent", "act": {"act": {"sub": "c"}}}, "has no `sub`", id="nobody inside"),
    ],
)
def test_an_actor_that_nobody_can_tell_is_refused(act: object, why: str) -> None:
    with pytest.raises(TokenClaimMalformed, match=why):
        said(act)


def test_a_row_of_actors_has_an_end() -> None:
    def row(length: int) -> dict[str, object]:
        act: dict[str, object] = {"sub": "a"}
        for _ in range(length - 1):
            act = {"sub": "a", "act": act}
        return act

    assert len(said(row(4)).actors) == 4
    with pytest.raises(TokenClaimMalformed, match="more than 4 actors"):
        said(row(5))


# ── Who may act ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_actors_in_access_toml_no_delegated_token_is_taken() -> None:
    with pytest.raises(DelegationRefused, match="lists no `actors`"):
        check_lasting(said({"sub": "reports-agent"}), issuer())


@pytest.mark.parametrize(
    "act",
    [{"sub": "stranger"}, {"sub": "a", "act": {"sub": "stranger"}}, {"sub": "stranger", "act": {"sub": "a"}}],
)
def test_every_actor_is_listed_or_the_token_is_refused(act: object) -> None:
    with pytest.raises(DelegationRefused, match="does not list"):
        check_lasting(said(act), issuer(actors={"a": frozenset()}))
    check_lasting(said({"sub": "a", "act": {"sub": "a"}}), issuer(actors={"a": frozenset()}))


def test_a_token_of_the_user_s_own_needs_no_actors() -> None:
    check_lasting(
        parse_claims_set(access_claims(), "jwt", KINDS["cognito"]), issuer(actors={"a": frozenset()})
    )


# ── With what ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_scopes_are_those_that_user_and_actor_both_have() -> None:
    assert acting({"sub": "reports-agent"}).scopes == {"data:read", "files:read"}
    assert acting({"sub": "scheduler"}).scopes == {"data:read", "data:write"}


def test_every_actor_in_the_row_takes_away() -> None:
    assert acting({"sub": "reports-agent", "act": {"sub": "scheduler"}}).scopes == {"data:read"}


def test_the_actor_stands_in_the_source_identity_and_the_session_is_not_the_user_s() -> None:
    settings = settings_with()
    own, delegate = (
        request_of(identity, settings)
        for identity in (own_of(settings), acting({"sub": "scheduler"}, settings))
    )
    assert own.source_identity == SUB
    assert delegate.source_identity == f"{SUB}++scheduler"
    assert own.key != delegate.key


def test_two_rows_of_actors_never_share_a_session() -> None:
    settings = settings_with(actors={"a-1": ["data:read"], "b-1": ["data:read"], "c-1": ["data:read"]})
    rows = (
        {"sub": "a-1"},
        {"sub": "a-1", "act": {"sub": "b-1"}},
        {"sub": "a-1", "act": {"sub": "c-1"}},
        {"sub": "b-1"},
    )
    assert len({request_of(acting(row, settings), settings).key for row in rows}) == len(rows)


def own_of(settings: Settings) -> Any:
    pool = next(iter(settings.issuers.values()))
    payload = id_claims(iss=pool.issuer, **{"custom:tenant_id": "acme", "cognito:groups": ["editors"]})
    payload = {k: v for k, v in payload.items() if k not in ("cognito:roles", "cognito:preferred_role")}
    payload["sub"] = SUB
    return resolve(claims_of(parse_claims_set(payload, "jwt", KINDS["cognito"]), pool), None, settings)


def request_of(identity: Any, settings: Settings) -> AssumeRoleRequest:
    return assume_role_request(identity, render(identity, sample_access().templates, settings))


def test_without_a_source_identity_nobody_acts() -> None:
    """Loading asks for one; so does the request itself."""
    identity = acting({"sub": "scheduler"})
    role = sample_settings().roles["editor"]
    with pytest.raises(RequestInvalid, match="the actor must stand in it"):
        assume_role_request(
            replace(identity, role=role), render(identity, sample_access().templates, settings_with())
        )


def test_a_name_leads_back_to_one_user_and_one_actor() -> None:
    pairs = [
        ("a", "b"),
        ("a+", "b"),
        ("a", "+b"),
        ("a++b", "c"),
        ("a", "b++c"),
        ("a" * 60, "b" * 60),
        ("a", "ü"),
    ]
    names = [
        delegated(fill("{sub}", {"sub": user}, parameter="SourceIdentity"), actor) for user, actor in pairs
    ]
    users = {"a++b", "a+++b", "a++b++c", *names}
    alone = [fill("{sub}", {"sub": user}, parameter="SourceIdentity") for user in users]
    assert len({*names, *alone}) == len(names) + len(alone)
    assert all(2 <= len(name) <= 64 for name in names)


def test_the_record_says_who_acts() -> None:
    settings = settings_with()
    pool = next(iter(settings.issuers.values()))
    payload = id_claims(act={"sub": "scheduler"}, iss=pool.issuer)
    record = Record(now=NOW)
    record.verified(claims_of(parse_claims_set(payload, "jwt", KINDS["cognito"]), pool))
    assert json.loads(record.line("allow", {}))["actors"] == ["scheduler"]


def test_a_connection_keeps_who_acts() -> None:
    pool = issuer(actors={"scheduler": frozenset()})
    payload = access_claims(act={"sub": "scheduler", "iss": pool.issuer}, iss=pool.issuer)
    claims = claims_of(parse_claims_set(payload, "jwt", KINDS["cognito"]), pool)
    kept = stored(claims, pool, ())
    assert restored(kept, {pool.issuer: pool}, NOW).actors == ("scheduler",)
    with pytest.raises(DelegationRefused):
        restored(kept, {pool.issuer: issuer()}, NOW)


# ── What access.toml says of it ──────────────────────────────────────────────────────────────────────────────────────


def test_a_role_that_could_not_name_the_actor_does_not_load() -> None:
    with pytest.raises(SettingsError) as caught:
        settings_with(roles={})
    assert [problem.partition(": ")[2] for problem in caught.value.problems if "source_identity" in problem]


def test_an_actor_s_scope_is_one_of_access_toml() -> None:
    with pytest.raises(SettingsError, match="there is no scope 'data:raed'"):
        settings_with(actors={"agent": ["data:raed"]})


def test_a_claim_of_the_actor_may_reach_a_policy() -> None:
    settings = settings_with(
        claims={"agent": {"claim": "act.sub", "type": "slug"}},
        gateway={"context_claims": ["tenant", "agent"]},
    )
    assert acting({"sub": "scheduler"}, settings).claims["agent"] == "scheduler"


def test_a_claim_of_an_actor_that_is_never_taken_is_a_mistake() -> None:
    with pytest.raises(SettingsError, match=r"no token that is taken has 'act\.sub'"):
        make_settings(claims={"agent": {"claim": "act.sub", "type": "slug"}})
