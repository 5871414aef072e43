"""What an issuer may speak for, as access.toml says it: read, and judged at load."""

from collections.abc import Mapping
from typing import Any

import pytest

from authorizer.errors import SettingsError
from authorizer.settings.load import read
from authorizer.settings.schema import Authority, Settings
from authorizer.syntax.places import line_of
from authorizer.syntax.toml_text import parse_toml
from tests.make import ACCESS, make_settings, sample_environment, sample_templates

OWN: Mapping[str, Any] = {
    "user_pool": "eu-west-1_Own",
    "client_ids": ["app"],
    "token_use": ["id"],
    "speaks_for": "any",
}
MAY: Mapping[str, Any] = {
    "roles": ["viewer"],
    "groups": ["viewers"],
    "scopes": ["data:read"],
    "claims": {"tenant": ["acme"]},
}
PARTNER: Mapping[str, Any] = {
    "user_pool": "eu-west-1_Partner",
    "client_ids": ["theirs"],
    "token_use": ["id"],
    "speaks_for": MAY,
}


def two(partner: Mapping[str, Any] = {}, **changes: Any) -> Settings:
    return make_settings(issuers=[OWN, {**PARTNER, **partner}], **changes)


def loads(*given: Any, **changes: Any) -> bool:
    return len(two(*given, **changes).issuers) > 1


def problems(partner: Mapping[str, Any], **changes: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        two(partner, **changes)
    return [problem.partition(": ")[2] for problem in caught.value.problems]


def test_one_issuer_speaks_for_everything_and_need_not_say_so() -> None:
    settings = make_settings()
    assert all(issuer.speaks_for == Authority() for issuer in settings.issuers.values())


def test_what_it_says_is_read() -> None:
    settings = two({"actors": {}, "fixed_claims": {"client": "theirs"}})
    issuer = settings.issuers["https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Partner"]
    assert issuer.speaks_for == Authority(
        roles=frozenset({"viewer"}),
        groups=frozenset({"viewers"}),
        scopes=frozenset({"data:read"}),
        claims={"tenant": frozenset({"acme"})},
    )
    assert (issuer.name, issuer.place) == ("eu-west-1_Partner", ("issuers", 1))
    assert issuer.fixed_claims == {"client": "theirs"}


def test_any_is_everything_and_an_empty_list_is_nothing() -> None:
    issuer = list(two({"speaks_for": {**MAY, "roles": "any", "groups": []}}).issuers.values())[-1]
    assert issuer.speaks_for.roles is None
    assert issuer.speaks_for.groups == frozenset()


@pytest.mark.parametrize(
    ("partner", "expected"),
    [
        pytest.param(
            {"speaks_for": {"roles": "any", "groups": "any", "claims": {"tenant": "any", "client": "any"}}},
            ['issuers[1].speaks_for.scopes: is required: expected a list, or the text "any"'],
            id="a part that is not said",
        ),
        pytest.param(
            {"speaks_for": {**MAY, "role": ["viewer"]}},
            ["issuers[1].speaks_for.role: unknown setting; did you mean 'roles'?"],
            id="a misspelt part",
        ),
        pytest.param(
            {"speaks_for": {**MAY, "roles": ["viewr"], "groups": []}},
            ["issuers[1].speaks_for.roles: there is no role 'viewr'"],
            id="a role that is not there",
        ),
        pytest.param(
            {"speaks_for": {**MAY, "scopes": ["data:read", "data:reed"]}},
            ["issuers[1].speaks_for.scopes: there is no scope 'data:reed'"],
            id="a scope that is not there",
        ),
        pytest.param(
            {"speaks_for": {**MAY, "groups": ["editors"]}},
            [
                f"issuers[1].speaks_for.groups: the group 'editors' brings {what}, which is not listed beside it"
                for what in ("the role 'editor'", "the scope 'data:write'", "the scope 'files:write'")
            ],
            id="a group that brings more",
        ),
        pytest.param(
            {"speaks_for": {**MAY, "claims": {"tenant": ["ACME!"], "colour": ["red"]}}},
            [
                "issuers[1].speaks_for.claims.tenant: no token may say 'ACME!'",
                "issuers[1].speaks_for.claims.colour: there is no claim 'colour'",
            ],
            id="values that no token can have",
        ),
        pytest.param(
            {"speaks_for": {**MAY, "claims": {}}},
            ["issuers[1]: says not which values of 'tenant' it may speak for, and policies isolate by it"],
            id="the tenant left open",
        ),
        pytest.param(
            {"fixed_claims": {"tenant": "acme"}},
            ["issuers[1].fixed_claims.tenant: stands under speaks_for.claims too"],
            id="one claim twice",
        ),
        pytest.param(
            {"fixed_claims": {"client": "not a slug"}},
            ["issuers[1].fixed_claims.client: no token may say 'not a slug'"],
            id="a fixed value of another type",
        ),
        pytest.param(
            {"speaks_for": "all"},
            ["issuers[1].speaks_for: expected a table, found a text"],
            id="another word",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(partner: Mapping[str, Any], expected: list[str]) -> None:
    found = problems(partner)
    for text in expected:
        assert any(problem.startswith(text) for problem in found), (text, found)


def test_a_value_in_upper_case_of_a_claim_without_case_is_nobodys() -> None:
    with pytest.raises(SettingsError) as caught:
        make_settings(
            issuers=[OWN, {**PARTNER, "speaks_for": {**MAY, "claims": {"tenant": ["ACME"]}}}],
            claims={"tenant": {"lower_case": True}},
        )
    [problem] = caught.value.problems
    assert "no value of 'tenant' is 'ACME', by its lower_case: expected 'acme'" in problem
    assert "issuers[1].speaks_for.claims.tenant" in problem


def test_of_several_issuers_each_says_what_it_may_speak_for() -> None:
    silent = {name: value for name, value in PARTNER.items() if name != "speaks_for"}
    with pytest.raises(SettingsError) as caught:
        make_settings(issuers=[OWN, silent])
    assert [problem.partition(": ")[2] for problem in caught.value.problems] == [
        'issuers[1].speaks_for: is required where there are several issuers: expected "any", for an issuer whose users '
        "are all yours, or a table with roles, groups, scopes and claims"
    ]


def test_two_forms_of_one_pool_are_one_issuer() -> None:
    silent = {name: value for name, value in OWN.items() if name != "speaks_for"}
    tables = [{**silent, "issuer_forms": [form]} for form in ("original", "updated")]
    assert len(make_settings(issuers=tables).issuers) == 2


# ── A pool for each tenant ───────────────────────────────────────────────────────────────────────────────────────────


def pool(number: int) -> dict[str, Any]:
    return {
        "user_pool": f"eu-west-1_Tenant{number:04}",
        "client_ids": [f"client{number:04}"],
        "fixed_claims": {"tenant": f"tenant-{number:04}"},
    }


def pools(rows: list[dict[str, Any]], **changes: Any) -> Settings:
    table = {
        "token_use": ["access"],
        "speaks_for": {**MAY, "claims": {"client": "any"}},
        "pools": rows,
        **changes,
    }
    return make_settings(issuers=[OWN, table])


def test_a_tenant_s_pool_is_one_row() -> None:
    settings = pools([pool(1), pool(2)])
    second = settings.issuers["https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Tenant0002"]
    assert second.client_ids == frozenset({"client0002"})
    assert second.fixed_claims == {"tenant": "tenant-0002"}
    assert second.place == ("issuers", 1, "pools", 1)
    assert len(settings.issuers) == 2 + 2 * 2


def test_keys_are_pinned_for_one_pool_and_never_for_a_table_of_them() -> None:
    document = '{"keys":[]}'
    first, second = list(pools([{**pool(1), "pinned_keys": document}, pool(2)]).issuers.values())[2::2]
    assert (first.pinned_keys, second.pinned_keys) == (document, None)
    with pytest.raises(SettingsError) as caught:
        pools([pool(1)], pinned_keys=document)
    [problem] = caught.value.problems
    assert "issuers[1].pinned_keys: unknown setting" in problem


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([], "issuers[1].pools: expected a row for each user pool", id="none at all"),
        pytest.param([pool(1), pool(1)], "issuers[1].pools[1]: the issuer", id="the same pool twice"),
        pytest.param(
            [{**pool(1), "token_use": ["id"]}],
            "issuers[1].pools[0].token_use: unknown setting",
            id="what all rows share",
        ),
        pytest.param(
            [{**pool(1), "pinned_keys": "no.json"}], "issuers[1].pools[0].pinned_keys: there is no", id="keys"
        ),
        pytest.param(
            [{**pool(1), "fixed_claims": {"tennant": "a"}}],
            "issuers[1].pools[0].fixed_claims.tennant: there is no claim 'tennant'",
            id="a misspelt claim",
        ),
        pytest.param(
            [pool(1), {**pool(2), "fixed_claims": {}}],
            "issuers[1].pools[1]: says not which values of 'tenant'",
            id="a row without its tenant",
        ),
    ],
)
def test_a_row_that_is_wrong_is_told_by_its_number(rows: list[dict[str, Any]], expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        pools(rows)
    assert any(problem.partition(": ")[2].startswith(expected) for problem in caught.value.problems), (
        caught.value
    )


def test_a_problem_of_a_row_is_told_with_its_line() -> None:
    source = ACCESS.read_text().replace(
        "[[issuers]]",
        '[[issuers]]\ntoken_use = ["id"]\nspeaks_for = "any"\npools = [\n'
        '  { user_pool = "eu-west-1_A", client_ids = ["a"] },\n'
        '  { user_pool = "eu-west-1_B", client_ids = ["b"], fixed_claims = { colour = "red" } },\n]\n\n'
        '[[issuers]]\nspeaks_for = "any"',
        1,
    )
    with pytest.raises(SettingsError) as caught:
        read(
            parse_toml(source),
            source=source,
            place="access.toml",
            templates=sample_templates(),
            environment=sample_environment(),
        )
    line = source.splitlines().index(next(line for line in source.splitlines() if "colour" in line)) + 1
    assert [f"{problem.partition(': ')[0]}" for problem in caught.value.problems] == [f"access.toml:{line}"]


def test_a_table_inside_an_issuer_s_has_a_place_of_its_own() -> None:
    source = (
        '[[issuers]]\nuser_pool = "a"\n[[issuers]]\nuser_pool = "b"\n[issuers.speaks_for]\nroles = ["x"]\n'
    )
    assert line_of(source, ("issuers", 1, "speaks_for", "roles")) == 6
    assert line_of(source, ("issuers", 0, "speaks_for", "roles")) == 1


# ── Claims inside objects ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        ("sub.name", "its `sub` is no object"),
        ("email.domain", "its `email` is no object"),
        ("act.sub", "no issuer lists `actors`"),
        ("a..b", "expected a claim such as `sub`"),
        (".a", "expected a claim such as `sub`"),
        ("a.", "expected a claim such as `sub`"),
    ],
)
def test_a_claim_that_no_token_can_have_does_not_load(claim: str, why: str) -> None:
    changes = (
        {"claims": {"it": {"claim": claim, "type": "slug"}}},
        {"rules": [{"claim": claim, "match": "Equals", "value": "x", "role": "viewer"}]},
    )
    for change in changes:
        with pytest.raises(SettingsError) as caught:
            make_settings(**change)
        [problem] = caught.value.problems
        assert why in problem


@pytest.mark.parametrize(
    "flat",
    [
        *("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "scope", "client_id"),
        *("token_use", "username", "auth_time", "email"),
    ],
)
def test_nothing_is_inside_a_claim_that_is_no_object_in_any_token(flat: str) -> None:
    with pytest.raises(SettingsError, match=f"its `{flat}` is no object"):
        make_settings(claims={"it": {"claim": f"{flat}.part", "type": "slug"}})


@pytest.mark.parametrize(
    "claim", ["realm_access.roles", "custom:org.unit", "https://example.com/a.b", "address.country"]
)
def test_a_claim_inside_an_object_loads(claim: str) -> None:
    assert make_settings(claims={"it": {"claim": claim, "type": "slug"}}).claims["it"].claim == claim


def test_who_acts_for_users_is_a_claim_where_one_of_several_issuers_lists_actors() -> None:
    settings = two(
        {"actors": {"agent": ["data:read"]}},
        claims={"agent": {"claim": "act.sub", "type": "slug"}},
        roles={name: {"source_identity": "{sub}"} for name in ("viewer", "editor", "admin", "importer")},
    )
    assert settings.claims["agent"].claim == "act.sub"


@pytest.mark.parametrize(
    "claim",
    ["sub", "client_id", "username", "cognito:username", "preferred_username", "jti", "origin_jti"],
)
def test_what_names_somebody_only_beside_the_issuer_needs_no_values(claim: str) -> None:
    """Nobody could list them, and the proof knows that they are each issuer's own."""
    template = (
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", '
        '"Resource": "arn:aws:s3:::b/{{ it }}/*"}}'
    )
    assert loads(
        claims={"it": {"claim": claim, "type": "slug"}},
        templates={**sample_templates(), "own": template},
        policies={"own": {"isolates": "it"}},
    )


def test_a_policy_that_isolates_nobody_asks_nothing_of_issuers() -> None:
    assert loads(policies={"s3-client": {"isolates": None}})


def test_a_policy_that_isolates_by_an_unknown_claim_is_told_once() -> None:
    found = problems({}, policies={"s3-client": {"isolates": "nobody"}})
    assert [problem for problem in found if "nobody" in problem] == [
        "policies.s3-client.isolates: there is no claim 'nobody'"
    ]


def test_a_claim_that_is_none_may_not_be_spoken_for_even_with_any_value() -> None:
    found = problems({"speaks_for": {**MAY, "claims": {"tenant": "any", "tennant": "any"}}})
    assert found == [
        "issuers[1].speaks_for.claims.tennant: there is no claim 'tennant': did you mean 'tenant'?"
    ]


def test_without_actors_no_role_needs_a_source_identity() -> None:
    assert loads({"actors": {}})


def test_only_roles_that_its_users_may_have_need_a_source_identity_for_actors() -> None:
    assert loads({"actors": {"agent": ["data:read"]}}, roles={"viewer": {"source_identity": "{sub}"}})
    found = problems({"actors": {"agent": ["data:read"]}})
    assert [problem.partition(":")[0] for problem in found] == ["issuers[1].actors"]
    assert "role 'viewer' has no source_identity" in found[0]


def test_a_problem_of_what_all_pools_of_a_table_share_is_told_once() -> None:
    shared = {"speaks_for": {**MAY, "roles": ["viewer", "nobody"]}}
    with pytest.raises(SettingsError) as caught:
        pools([pool(1), pool(2)], **shared)
    assert len([problem for problem in caught.value.problems if "nobody" in problem]) == 1


def test_a_line_that_only_holds_a_brace_is_no_row() -> None:
    source = (
        '[[issuers]]\npools = [\n  { user_pool = "a" },\n  # { an old row },\n  { user_pool = "b" },\n]\n'
    )
    assert line_of(source, ("issuers", 0, "pools", 1, "user_pool")) == 5
    assert line_of(source, ("issuers", 0, "pools", 0, "user_pool")) == 3
