"""An issuer speaks for what it was given, and for nothing else."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.errors import Forbidden, IssuerNotEntitled, NoRole, RoleAmbiguous
from authorizer.identity.authority import check_granted
from authorizer.identity.resolve import resolve, resolve_own
from authorizer.model import Claims, Identity
from authorizer.render import render
from authorizer.settings.callers import Callers
from authorizer.settings.schema import Settings
from authorizer.vending.request import assume_role_request
from tests.make import SUB, make_claims, make_settings, sample_access, sample_settings

OWN = {
    "user_pool": "env:USER_POOL_ID",
    "client_ids": ["env:APP_CLIENT_ID", "env:MACHINE_CLIENT_ID"],
    "token_use": ["id", "access"],
    "speaks_for": "any",
}
MAY: Mapping[str, Any] = {
    "roles": ["viewer", "editor"],
    "groups": ["editors", "viewers", "everyone"],
    "scopes": ["data:read", "data:write", "files:read", "files:write"],
    "claims": {"tenant": ["acme"]},
}
PARTNER = {
    "user_pool": "eu-west-1_Partner01",
    "client_ids": ["partnerapp"],
    "token_use": ["id", "access"],
    "speaks_for": MAY,
}
PARTNERS = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Partner01"
EDITOR, ADMIN = (sample_settings().roles[name].arn for name in ("editor", "admin"))


def settings_with(**partner: Any) -> Settings:
    """The company's own pool, and a partner's."""
    return make_settings(issuers=[OWN, {**PARTNER, **partner}])


@cache
def two() -> Settings:
    return settings_with()


def signed(**changes: Any) -> Claims:
    return make_claims(**{"issuer": PARTNERS, **changes})


def refused(claims: Claims, settings: Settings | None = None) -> str:
    with pytest.raises(IssuerNotEntitled) as caught:
        resolve(claims, None, settings or two())
    return str(caught.value)


def test_what_an_issuer_may_say_it_says() -> None:
    identity = resolve(signed(), None, two())
    assert (identity.role.name, identity.groups, identity.claims["tenant"]) == (
        "editor",
        ("editors",),
        "acme",
    )
    assert identity.issuer == PARTNERS


CLAIMED = {
    "teams": {"claim": "groups", "type": "slug", "list": True, "max_items": 5},
    "roles": {"claim": "cognito:roles", "type": "arn", "list": True, "max_items": 5},
    "named": {"claim": "cognito:preferred_role", "type": "opaque", "max_length": 100},
}


@pytest.mark.parametrize(
    ("values", "what"),
    [
        pytest.param({"groups": ["editors", "admins"]}, "the group 'admins'", id="a group beside one of its own"),
        pytest.param({"groups": "admins"}, "the group 'admins'", id="a group as a text"),
        pytest.param({"cognito:preferred_role": ADMIN}, "may not speak for the role", id="a role"),
        pytest.param({"cognito:roles": [EDITOR, ADMIN]}, "may not speak for the role", id="one of several roles"),
    ],
)  # fmt: skip
def test_what_an_issuer_may_not_say_it_says_under_no_other_kinds_name_either(
    values: dict[str, object], what: str
) -> None:
    """Where access.toml reads that name: a template could look at it, or a rule."""
    reading = make_settings(issuers=[OWN, PARTNER], claims=CLAIMED)
    assert what in refused(signed(values={"custom:tenant_id": "acme", **values}), reading)
    assert resolve(signed(values={"custom:tenant_id": "acme", **values}), None, two()).issuer == PARTNERS
    rules = [
        {"claim": name, "match": "Contains", "value": "admin", "role": "editor"}
        for name in ("groups", "cognito:preferred_role", "cognito:roles")
    ]
    ruling = make_settings(issuers=[OWN, PARTNER], rules=rules)
    assert what in refused(signed(values={"custom:tenant_id": "acme", **values}), ruling)


def test_what_it_may_say_it_says_there_too_and_the_company_everything() -> None:
    settings = make_settings(issuers=[OWN, PARTNER], claims=CLAIMED)
    values = {"custom:tenant_id": "acme", "groups": ["editors"], "cognito:preferred_role": EDITOR}
    assert resolve(signed(values=values), None, settings).issuer == PARTNERS
    assert resolve(make_claims(values={**values, "groups": ["admins"]}), None, settings).issuer != PARTNERS


def test_the_company_s_own_may_say_everything() -> None:
    claims = make_claims(groups=("admins",), roles=(ADMIN,), preferred_role=ADMIN)
    assert resolve(claims, None, two()).role.name == "admin"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        pytest.param(
            {"groups": ("editors", "admins")},
            "may not speak for the group 'admins'",
            id="a group beside its own",
        ),
        pytest.param(
            {"groups": ("strangers",)},
            "a group that access.toml does not name",
            id="a group that nothing knows",
        ),
        pytest.param(
            {"preferred_role": ADMIN}, f"may not speak for the role '{ADMIN}'", id="a preferred role"
        ),
        pytest.param(
            {"roles": (EDITOR, ADMIN)}, f"may not speak for the role '{ADMIN}'", id="a role that is not taken"
        ),
        pytest.param(
            {"roles": (EDITOR, "arn:aws:iam::999999999999:role/x")},
            "a role that access.toml does not name",
            id="a role of another account",
        ),
        pytest.param(
            {"token_use": "access", "scopes": ("data:read", "users:manage")},
            "may not speak for the scope 'users:manage'",
            id="a scope of the token",
        ),
        pytest.param(
            {"values": {"custom:tenant_id": "globex"}},
            "this value of the claim 'custom:tenant_id'",
            id="a tenant",
        ),
        pytest.param(
            {"values": {"custom:tenant_id": ["acme"]}},
            "this value of the claim",
            id="a list of what it may say, of a claim that is one text",
        ),
        pytest.param(
            {"values": {"custom:tenant_id": ["acme", "globex"]}},
            "this value of the claim",
            id="a list with another",
        ),
        pytest.param(
            {"values": {"custom:tenant_id": [{"acme": 1}]}},
            "this value of the claim",
            id="a list of what is no text",
        ),
        pytest.param({"values": {"custom:tenant_id": 7}}, "this value of the claim", id="a number"),
        pytest.param({"values": {"custom:tenant_id": None}}, "this value of the claim", id="null"),
    ],
)
def test_what_it_may_not_say_is_refused_and_named(changes: Mapping[str, Any], what: str) -> None:
    message = refused(signed(**changes))
    assert message.startswith("the issuer 'eu-west-1_Partner01' may not speak for ")
    assert what in message
    assert not [text for text in ("globex", "strangers", "999999999999") if text in message]


def test_a_scope_that_opens_nothing_is_nobody_s_to_refuse() -> None:
    identity = resolve(signed(token_use="access", scopes=("openid", "data:read")), None, two())
    assert identity.scopes == {"data:read", "data:write", "files:read", "files:write"}


def test_a_scope_beyond_is_refused_also_where_tokens_scopes_count_for_nothing() -> None:
    settings = make_settings(issuers=[OWN, PARTNER], gateway={"token_scopes": "ignore"})
    claims = signed(token_use="access", scopes=("users:manage",))
    assert (
        refused(claims, settings)
        == "the issuer 'eu-west-1_Partner01' may not speak for the scope 'users:manage'"
    )


def test_a_limited_claim_need_not_be_there() -> None:
    assert "tenant" not in resolve(signed_as({"sub": SUB}), None, two()).claims


def test_without_a_role_only_scopes_are_asked_about() -> None:
    check_granted(signed(), None, ("data:read",), two())
    with pytest.raises(IssuerNotEntitled):
        check_granted(signed(), None, ("users:manage",), two())


def test_callers_are_handed_no_role_of_one_that_their_issuer_may_not_speak_for() -> None:
    """Whoever is an administrator by a rule would otherwise be handed what administrators are."""
    settings = make_settings(
        issuers=[OWN, PARTNER],
        rules=[{"claim": "email", "match": "Contains", "value": "@", "role": "admin"}],
    )
    settings = replace(settings, callers=Callers(roles={"admin": "viewer", "editor": "viewer"}))
    assert resolve_own(signed(), None, settings).role.name == "viewer"
    claims = signed(roles=(), preferred_role=None, values={"email": "eve@partner.example"})
    with pytest.raises(IssuerNotEntitled, match="may not speak for the role 'admin'"):
        resolve_own(claims, None, settings)


def test_a_list_that_an_issuer_fixes_is_a_list() -> None:
    tenants = {"claim": "custom:tenants", "type": "slug", "list": True, "max_length": 32, "max_items": 5}
    settings = make_settings(
        issuers=[OWN, {**PARTNER, "fixed_claims": {"tenants": "acme"}}],
        claims={"tenants": tenants},
        gateway={"context_claims": ["tenants"]},
    )
    assert resolve(signed(), None, settings).claims["tenants"] == ("acme",)


def test_a_group_of_its_own_that_brings_nothing_is_taken_once_it_is_listed() -> None:
    assert resolve(signed(groups=("editors", "everyone")), None, two()).groups == ("editors", "everyone")


def test_a_rule_does_not_lead_beyond_what_the_issuer_may_speak_for() -> None:
    settings = make_settings(
        issuers=[OWN, PARTNER],
        rules=[{"claim": "email", "match": "Contains", "value": "@", "role": "admin"}],
    )
    claims = signed(roles=(), preferred_role=None, values={"email": "eve@partner.example"})
    assert refused(claims, settings) == "the issuer 'eu-west-1_Partner01' may not speak for the role 'admin'"


def test_a_group_that_any_may_name_does_not_bring_a_scope_beyond() -> None:
    settings = settings_with(speaks_for={**MAY, "groups": "any"})
    claims = signed(groups=("editors", "admins"))
    assert (
        refused(claims, settings)
        == "the issuer 'eu-west-1_Partner01' may not speak for the scope 'users:manage'"
    )


def test_the_role_that_a_caller_asks_for_is_the_issuer_s_to_give_too() -> None:
    with pytest.raises(Forbidden):
        resolve(signed(), "admin", two())


# ── What an issuer's table fixes ─────────────────────────────────────────────────────────────────────────────────────


def fixed(tenant: str = "acme") -> Settings:
    may = {name: value for name, value in MAY.items() if name != "claims"}
    return settings_with(speaks_for=may, fixed_claims={"tenant": tenant})


def test_the_tenant_is_the_issuer_s_where_the_token_says_none() -> None:
    identity = resolve(signed_as({"sub": SUB}), None, fixed())
    assert identity.claims["tenant"] == "acme"
    assert "acme" in render(identity, sample_access().templates, fixed()).text


def signed_as(values: Mapping[str, object], **changes: Any) -> Claims:
    """With these values alone."""
    return replace(make_claims(issuer=PARTNERS, **changes), values=values)


def test_a_token_may_say_the_tenant_that_its_issuer_has() -> None:
    assert resolve(signed(), None, fixed()).claims["tenant"] == "acme"


@pytest.mark.parametrize("said", ["globex", "ACME", "", None, 7, ["acme"]])
def test_a_token_that_says_another_tenant_is_refused_and_not_corrected(said: object) -> None:
    message = refused(signed(values={"custom:tenant_id": said}), fixed())
    assert "has the claim 'custom:tenant_id' fixed to another value than its token says" in message


# ── Laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

GROUPS = ("admins", "editors", "viewers", "auditors", "strangers")
TENANTS = ("acme", "globex", "initech")


def _subset(names: tuple[str, ...]) -> st.SearchStrategy[list[str] | str]:
    return st.just("any") | st.lists(st.sampled_from(names), unique=True)


@cache
def _vocabulary() -> tuple[tuple[str, ...], tuple[str, ...]]:
    settings = sample_settings()
    return tuple(settings.roles), tuple(settings.scopes)


@st.composite
def authorities(draw: st.DrawFn) -> Settings:
    roles, scopes = _vocabulary()
    may: dict[str, Any] = {
        "roles": draw(_subset(roles)),
        "groups": draw(_subset(GROUPS)),
        "scopes": draw(_subset(scopes)),
        "claims": {"tenant": draw(_subset(TENANTS)), "client": "any"},
    }
    table: dict[str, Any] = {**PARTNER, "speaks_for": may}
    if draw(st.booleans()):
        table["fixed_claims"] = {"tenant": draw(st.sampled_from(TENANTS))}
        del may["claims"]["tenant"]
    if isinstance(may["groups"], list):
        # A group that brings more than its issuer may speak for does not load.
        sample = sample_settings().groups
        may["groups"] = [
            name
            for name in may["groups"]
            if name not in sample
            or (
                (may["roles"] == "any" or sample[name].role in may["roles"])
                and (may["scopes"] == "any" or set(sample[name].scopes) <= set(may["scopes"]))
            )
        ]
    return make_settings(issuers=[OWN, table])


@st.composite
def tokens(draw: st.DrawFn) -> dict[str, Any]:
    _, scopes = _vocabulary()
    arns = tuple(sample_settings().roles_by_arn)
    preferred = draw(st.none() | st.sampled_from(arns))
    use = draw(st.sampled_from(("id", "access")))
    return {
        "groups": tuple(draw(st.lists(st.sampled_from(GROUPS), unique=True))),
        "roles": tuple(draw(st.lists(st.sampled_from(arns), unique=True, max_size=2))),
        "preferred_role": preferred,
        "token_use": use,
        "scopes": tuple(draw(st.lists(st.sampled_from((*scopes, "openid")), unique=True)))
        if use == "access"
        else (),
        "values": {"custom:tenant_id": draw(st.sampled_from(TENANTS))} if draw(st.booleans()) else {},
    }


def _allowed(names: frozenset[str] | None, name: str) -> bool:
    return names is None or name in names


@pytest.mark.slow
@given(settings=authorities(), token=tokens())
def test_nothing_that_an_issuer_may_not_say_reaches_a_role_a_scope_a_policy_or_a_tag(
    settings: Settings, token: dict[str, Any]
) -> None:
    issuer = settings.issuers[PARTNERS]
    may = issuer.speaks_for
    tenant = token["values"].get("custom:tenant_id")
    base = {"sub": SUB, "client_id": "partnerapp", **token.pop("values")}
    claims = signed_as(base, **token)
    overstepping = (
        any(not _allowed(may.groups, group) for group in claims.groups)
        or any(
            not _allowed(may.roles, settings.roles_by_arn[arn].name)
            for arn in (*claims.roles, *filter(None, (claims.preferred_role,)))
        )
        or any(scope in settings.scopes and not _allowed(may.scopes, scope) for scope in claims.scopes)
        or (tenant is not None and not _allowed(may.claims.get("tenant"), tenant))
        or (tenant is not None and issuer.fixed_claims.get("tenant", tenant) != tenant)
    )
    if overstepping:
        with pytest.raises(IssuerNotEntitled):
            resolve(claims, None, settings)
        return
    try:
        identity = resolve(claims, None, settings)
    except (NoRole, RoleAmbiguous):
        return
    except IssuerNotEntitled as refusal:
        # Nothing in the token is beyond: then what access.toml makes of it is.
        assert "may not speak for the " in str(refusal)  # noqa: PT017 - either is right, and each says why
        return
    _holds(identity, tenant, settings)


def _holds(identity: Identity, said: str | None, settings: Settings) -> None:
    issuer = settings.issuers[identity.issuer]
    may = issuer.speaks_for
    assert _allowed(may.roles, identity.role.name)
    assert all(_allowed(may.scopes, scope) for scope in identity.scopes)
    assert all(_allowed(may.groups, group) for group in identity.groups)
    own = issuer.fixed_claims.get("tenant", said)
    try:
        policy = render(identity, sample_access().templates, settings)
        request = assume_role_request(identity, policy)
    except Forbidden:
        return
    for tenant in set(TENANTS) - {own}:
        assert tenant not in policy.text
        assert tenant not in dict(request.tags).values()


@given(token=tokens())
def test_the_same_token_of_two_issuers_never_shares_a_session(token: dict[str, Any]) -> None:
    settings = _alike()
    base = {"sub": SUB, "client_id": "partnerapp", "custom:tenant_id": "acme", **token.pop("values")}
    keys = []
    for iss in settings.issuers:
        try:
            identity = resolve(replace(signed_as(base, **token), issuer=iss), None, settings)
            keys.append(
                assume_role_request(identity, render(identity, sample_access().templates, settings)).key
            )
        except Forbidden:
            return
    assert len(set(keys)) == len(keys)


@cache
def _alike() -> Settings:
    return settings_with(speaks_for="any")


def test_a_list_is_said_by_each_of_its_members() -> None:
    claims = {"sites": {"claim": "custom:sites", "type": "slug", "list": True, "max_items": 3}}
    may = {**MAY, "claims": {**MAY["claims"], "sites": ["berlin", "rome"]}}
    settings = make_settings(issuers=[OWN, {**PARTNER, "speaks_for": may}], claims=claims)
    values: dict[str, object] = {"custom:tenant_id": "acme", "custom:sites": ["rome", "berlin"]}
    assert resolve(signed(values=values), None, settings).issuer == PARTNERS
    said = refused(signed(values={**values, "custom:sites": ["rome", "oslo"]}), settings)
    assert "may not speak for this value of the claim 'custom:sites'" in said
