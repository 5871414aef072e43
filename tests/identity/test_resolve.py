"""Scopes and typed claims."""

from dataclasses import replace
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.errors import ClaimRefused
from authorizer.identity.resolve import granted_scopes, resolve
from tests.make import SUB, make_claims, make_settings, sample_settings


def resolved(**claims: Any) -> Any:
    return resolve(make_claims(**claims), None, sample_settings())


def test_an_identity_holds_the_role_the_scopes_and_the_claims_that_the_role_uses() -> None:
    identity = resolved(values={"email": "erin@example.com"})
    assert identity.role.name == "editor"
    assert identity.claims == {"sub": SUB, "tenant": "acme"}
    assert identity.scopes == {"data:read", "data:write", "files:read", "files:write"}


def test_a_claim_that_is_absent_is_left_out() -> None:
    claims = replace(make_claims(), values={"sub": SUB})
    assert resolve(claims, None, sample_settings()).claims == {"sub": SUB}


@pytest.mark.parametrize(
    "tenant",
    [
        "*", "?", "${aws:username}", "", " ", ".", "..", "a/b", "a\\b", 'a"b', "a\u0000b", "тенант", "a" * 33, "ACME ",
        None, 7, True, ["acme"], {"a": "b"},
    ],
)  # fmt: skip
def test_a_hostile_claim_is_refused_and_not_repeated(tenant: object) -> None:
    with pytest.raises(ClaimRefused) as caught:
        resolved(values={"custom:tenant_id": tenant})
    assert "'custom:tenant_id'" in str(caught.value)
    if isinstance(tenant, str) and len(tenant) > 3:
        assert tenant not in str(caught.value)


def test_a_claim_that_nobody_uses_may_be_anything() -> None:
    machine = {
        "machine": True,
        "groups": (),
        "roles": (),
        "preferred_role": None,
        "scopes": ("imports/write",),
    }
    values = {"sub": "not a uuid", "client_id": "1example23456789machine"}
    assert resolved(**machine, values=values).claims["client"] == "1example23456789machine"


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("ignore", {"data:read"}),
        ("either", {"data:read", "files:read"}),
        ("both", set()),
    ],
)
def test_a_user_token_s_own_scopes_count_as_the_setting_says(
    setting: Literal["ignore", "either", "both"], expected: set[str]
) -> None:
    settings = make_settings(gateway={"token_scopes": setting})
    claims = make_claims(token_use="access", groups=("viewers",), scopes=("files:read", "openid"))
    assert granted_scopes(claims, settings) == expected


def test_both_keeps_what_group_and_token_agree_on() -> None:
    settings = make_settings(gateway={"token_scopes": "both"})
    claims = make_claims(token_use="access", groups=("viewers",), scopes=("files:read", "data:read"))
    assert granted_scopes(claims, settings) == {"data:read"}


def test_both_leaves_an_id_token_nothing_so_that_no_app_gets_past_its_grant_with_one() -> None:
    settings = make_settings(gateway={"token_scopes": "both"})
    assert granted_scopes(make_claims(groups=("admins",)), settings) == set()


@pytest.mark.parametrize("setting", ["ignore", "either", "both"])
def test_a_machine_has_the_scopes_of_its_token(setting: str) -> None:
    settings = make_settings(gateway={"token_scopes": setting})
    claims = make_claims(token_use="access", machine=True, groups=(), scopes=("imports/write", "unknown"))
    assert granted_scopes(claims, settings) == {"imports/write"}


def test_an_id_token_has_no_scopes_of_its_own() -> None:
    assert granted_scopes(make_claims(groups=(), scopes=("data:read",)), sample_settings()) == set()


@given(groups=st.lists(st.sampled_from(["admins", "editors", "viewers", "auditors", "x*"]), unique=True))
def test_fewer_groups_never_bring_more_scopes(groups: list[str]) -> None:
    settings = sample_settings()
    everything = granted_scopes(make_claims(groups=tuple(groups)), settings)
    for left_out in groups:
        fewer = tuple(group for group in groups if group != left_out)
        assert granted_scopes(make_claims(groups=fewer), settings) <= everything
