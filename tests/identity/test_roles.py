"""The one role of the caller, rule by rule."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.errors import Forbidden, NoRole, RequestedRoleRefused, RoleAmbiguous, RoleNotListed
from authorizer.identity.roles import choose
from authorizer.settings.callers import Callers
from authorizer.settings.schema import DEFAULT_ROLE, Settings
from tests.make import SUB, make_claims, make_settings, sample_settings

ARN = "arn:aws:iam::123456789012:role/vend/"
NO_ROLES: dict[str, Any] = {"roles": (), "preferred_role": None}


def chosen(settings: Settings | None = None, requested: str | None = None, **claims: Any) -> tuple[str, str]:
    choice = choose(make_claims(**claims), requested, settings or sample_settings())
    assert choice.role is not None
    return choice.role.name, choice.rule


def with_rules(*rules: dict[str, str]) -> Settings:
    return make_settings(rules=list(rules))


def test_the_preferred_role_is_taken() -> None:
    assert chosen(preferred_role=f"{ARN}admin") == ("admin", "cognito:preferred_role")


@pytest.mark.parametrize("requested", ["viewer", f"{ARN}viewer"])
def test_a_caller_may_ask_for_another_of_their_roles_by_name_or_arn(requested: str) -> None:
    roles = (f"{ARN}admin", f"{ARN}viewer")
    assert chosen(requested=requested, roles=roles) == ("viewer", "requested by the caller")


def test_an_access_token_may_ask_for_a_role_of_one_of_its_groups() -> None:
    assert chosen(requested="viewer", groups=("admins", "viewers"), **NO_ROLES)[0] == "viewer"


@pytest.mark.parametrize(
    "requested",
    [
        pytest.param("admin", id="a listed role that is not theirs"),
        pytest.param("root", id="a role that nobody has"),
        pytest.param("", id="an empty header"),
        pytest.param("viewer, admin", id="two roles"),
        pytest.param("arn:aws:iam::123456789012:role/other", id="an ARN that is not listed"),
    ],
)
def test_asking_for_a_role_that_is_not_theirs_is_refused(requested: str) -> None:
    with pytest.raises(RequestedRoleRefused) as caught:
        chosen(
            requested=requested,
            roles=(f"{ARN}editor", f"{ARN}viewer", "arn:aws:iam::123456789012:role/other"),
        )
    assert not requested or requested not in str(caught.value)


def test_group_roles_do_not_count_as_their_own_where_the_token_carries_role_claims() -> None:
    with pytest.raises(RequestedRoleRefused):
        chosen(requested="viewer", groups=("editors", "viewers"), roles=(f"{ARN}editor",))


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"preferred_role": f"{ARN}secret"}, id="as the preferred role"),
        pytest.param({"preferred_role": None, "roles": (f"{ARN}secret",)}, id="as the only role"),
    ],
)
def test_a_role_that_the_settings_do_not_list_is_never_assumed(claims: dict[str, Any]) -> None:
    with pytest.raises(RoleNotListed):
        chosen(**claims)


def test_a_single_role_without_a_preferred_one_is_taken() -> None:
    assert chosen(preferred_role=None, roles=(f"{ARN}viewer", f"{ARN}viewer")) == ("viewer", "cognito:roles")


def test_several_roles_without_a_preferred_one_are_ambiguous() -> None:
    with pytest.raises(RoleAmbiguous):
        chosen(preferred_role=None, roles=(f"{ARN}viewer", f"{ARN}admin"))


def test_the_configured_default_settles_what_is_ambiguous() -> None:
    settings = make_settings(resolution={"ambiguous": "viewer"})
    name, rule = chosen(settings, preferred_role=None, roles=(f"{ARN}editor", f"{ARN}admin"))
    assert (name, rule) == ("viewer", "cognito:roles without cognito:preferred_role; resolution.ambiguous")


def test_a_token_without_roles_takes_the_role_of_its_best_group() -> None:
    assert chosen(groups=("viewers", "editors", "admins"), **NO_ROLES) == ("admin", "group map")


def test_groups_of_equal_precedence_and_different_roles_are_ambiguous() -> None:
    with pytest.raises(RoleAmbiguous):
        chosen(groups=("editors", "auditors"), **NO_ROLES)


def test_groups_of_equal_precedence_and_the_same_role_agree() -> None:
    settings = make_settings(groups={"viewers": {"precedence": 10}})
    assert chosen(settings, groups=("viewers", "auditors"), **NO_ROLES)[0] == "viewer"


def test_a_group_without_precedence_comes_last() -> None:
    settings = make_settings(groups={"admins": {"precedence": None}})
    assert chosen(settings, groups=("admins", "viewers"), **NO_ROLES)[0] == "viewer"


def test_precedence_zero_is_the_best_of_all() -> None:
    settings = make_settings(groups={"viewers": {"precedence": 0}})
    assert chosen(settings, groups=("admins", "viewers"), **NO_ROLES)[0] == "viewer"


def test_group_roles_do_not_count_where_the_token_carries_role_claims() -> None:
    assert chosen(groups=("admins",), preferred_role=None, roles=(f"{ARN}viewer",))[0] == "viewer"


@pytest.mark.parametrize(
    "groups",
    [
        pytest.param((), id="no groups"),
        pytest.param(("Admins",), id="another case"),
        pytest.param(("*", '${"}\\', "admins ", "ad:mins", "группа"), id="any punctuation"),
    ],
)
def test_a_caller_whom_nothing_leads_to_a_role_has_none(groups: tuple[str, ...]) -> None:
    with pytest.raises(NoRole):
        chosen(groups=groups, **NO_ROLES)


RULE_CASES = [
    # match, value of the rule, value of the claim, matches
    ("Equals", "a", "a", True),
    ("Equals", "a", "ab", False),
    ("Equals", "a", ["a"], True),
    ("Equals", "a", ["a", "b"], False),
    ("NotEqual", "a", "b", True),
    ("NotEqual", "a", "a", False),
    ("NotEqual", "a", None, False),
    ("NotEqual", "a", ["b"], True),
    ("NotEqual", "a", ["b", "a"], False),
    ("StartsWith", "a", "ab", True),
    ("StartsWith", "a", "ba", False),
    ("StartsWith", "a", ["b", "ab"], True),
    ("Contains", "a", "bab", True),
    ("Contains", "a", "b", False),
    ("Contains", "admin", ["not-admin"], False),
    ("Contains", "admin", ["x", "admin"], True),
    ("Contains", "a", 7, False),
    ("Contains", "a", {"a": "a"}, False),
    ("Contains", "a", ["a", 7], False),
]


@pytest.mark.parametrize(("match", "wanted", "value", "matches"), RULE_CASES)
def test_a_rule_matches_as_in_an_identity_pool(match: str, wanted: str, value: object, matches: bool) -> None:
    settings = with_rules({"claim": "custom:x", "match": match, "value": wanted, "role": "importer"})
    values = {} if value is None else {"custom:x": value}
    assert (chosen(settings, preferred_role=None, values=values)[0] == "importer") is matches


def test_the_first_matching_rule_wins() -> None:
    rule = {"claim": "custom:x", "match": "Equals", "value": "1"}
    settings = with_rules(
        {**rule, "value": "2", "role": "admin"}, {**rule, "role": "viewer"}, {**rule, "role": "editor"}
    )
    assert chosen(settings, values={"custom:x": "1"}, **NO_ROLES) == ("viewer", "rule 2: custom:x Equals")


def test_a_rule_about_scope_asks_for_a_whole_scope() -> None:
    settings = with_rules({"claim": "scope", "match": "Contains", "value": "write", "role": "importer"})
    assert chosen(settings, values={"scope": "read write"}, groups=(), **NO_ROLES)[0] == "importer"
    with pytest.raises(NoRole):
        chosen(settings, values={"scope": "over-write"}, groups=(), **NO_ROLES)


def test_a_preferred_role_comes_before_the_rules() -> None:
    settings = with_rules({"claim": "sub", "match": "NotEqual", "value": "x", "role": "admin"})
    assert chosen(settings)[0] == "editor"


# ── Asking for a role ────────────────────────────────────────────────────────────────────────────────────────────────

MACHINE = {"machine": True, "groups": (), **NO_ROLES, "values": {"client_id": "1example23456789machine"}}


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({}, id="a preferred role"),
        pytest.param(MACHINE, id="a rule"),
        pytest.param({"preferred_role": None, "roles": (f"{ARN}viewer",)}, id="the only role"),
        pytest.param({"groups": ("admins", "viewers"), **NO_ROLES}, id="the group map"),
    ],
)
def test_asking_for_no_role_in_particular_is_as_not_asking(claims: dict[str, Any]) -> None:
    assert chosen(requested=DEFAULT_ROLE, **claims) == chosen(**claims)


def test_asking_for_no_role_in_particular_is_refused_as_not_asking_is() -> None:
    with pytest.raises(NoRole):
        chosen(requested=DEFAULT_ROLE, groups=(), **NO_ROLES)


@pytest.mark.parametrize("requested", ["importer", f"{ARN}importer"])
def test_a_machine_may_ask_for_the_role_that_a_rule_gives_it_anyway(requested: str) -> None:
    assert chosen(requested=requested, **MACHINE) == (
        "importer",
        "rule 1: client_id Equals; requested by the caller",
    )
    with pytest.raises(RequestedRoleRefused):
        chosen(requested="viewer", **MACHINE)


def test_the_default_for_ambiguous_callers_may_be_asked_for_by_them_alone() -> None:
    settings = make_settings(resolution={"ambiguous": "viewer"})
    both = {"preferred_role": None, "roles": (f"{ARN}editor", f"{ARN}admin")}
    assert chosen(settings, requested="viewer", **both)[0] == "viewer"
    with pytest.raises(RequestedRoleRefused):
        chosen(settings, requested="viewer")


def test_a_rule_that_another_rule_comes_before_gives_nothing_to_ask_for() -> None:
    # The preferred role decides, so the rule that would match, too, brings this caller no role.
    settings = with_rules({"claim": "sub", "match": "NotEqual", "value": "x", "role": "admin"})
    with pytest.raises(RequestedRoleRefused):
        chosen(settings, requested="admin")


NAMES = ("viewer", "editor", "admin", "importer")
RULES = st.lists(
    st.fixed_dictionaries(
        {
            "claim": st.sampled_from(["sub", "client_id", "custom:x"]),
            "match": st.sampled_from(["Equals", "NotEqual"]),
            "value": st.sampled_from(["x", SUB, "1example23456789machine"]),
            "role": st.sampled_from(NAMES),
        }
    ),
    max_size=2,
)


@given(
    rules=RULES,
    ambiguous=st.sampled_from(["deny", "viewer"]),
    groups=st.sets(st.sampled_from(["admins", "editors", "viewers", "auditors"])).map(sorted).map(tuple),
    roles=st.sets(st.sampled_from([*NAMES, "unlisted"])).map(sorted),
    preferred=st.sampled_from([None, *NAMES, "unlisted"]),
    requested=st.sampled_from([*NAMES, "unlisted", f"{ARN}unlisted", "", DEFAULT_ROLE]),
)
def test_asking_never_brings_a_role_that_is_neither_granted_nor_chosen_unasked(
    rules: list[dict[str, str]],
    ambiguous: str,
    groups: tuple[str, ...],
    roles: list[str],
    preferred: str | None,
    requested: str,
) -> None:
    settings = make_settings(rules=rules, resolution={"ambiguous": ambiguous})
    claims: dict[str, Any] = {
        "groups": groups,
        "roles": tuple(f"{ARN}{role}" for role in roles),
        "preferred_role": preferred and f"{ARN}{preferred}",
        "values": {"client_id": "1example23456789machine"},
    }
    granted = {*roles, preferred} - {None} or {settings.groups[group].role for group in groups}

    def outcome(role: str | None) -> str | None:
        try:
            return chosen(settings, role, **claims)[0]
        except Forbidden:
            return None

    unasked = outcome(None)
    if requested == DEFAULT_ROLE:
        assert outcome(requested) == unasked
    else:
        theirs = requested in NAMES and (requested in granted or requested == unasked)
        assert outcome(requested) == (requested if theirs else None)


def test_no_backend_is_given_a_role_that_callers_are_handed() -> None:
    settings = replace(sample_settings(), callers=Callers(roles={"viewer": "editor"}))
    with pytest.raises(RoleNotListed, match="'editor', which is handed to callers alone"):
        choose(make_claims(), None, settings)
