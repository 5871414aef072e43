"""Callers who are made up: each way into a role is one that the authorizer takes, with nothing that is not needed."""

from typing import Any

import pytest

from authorizer.gate.callers import Caller, Through, callers, identity_of, ways_in
from authorizer.settings.schema import Access, Issuer
from tests.make import make_access, sample_access


def issuer_of(access: Access) -> Issuer:
    return next(iter(access.settings.issuers.values()))


def ways(access: Access, role: str, *wanted: str) -> list[Through]:
    settings = access.settings
    return list(ways_in(settings.roles[role], wanted, issuer_of(access), settings))


def people(access: Access, through: Through, **claims: str) -> list[Caller]:
    return list(callers(through, claims, issuer_of(access), access.settings))


def ruled(match: str, **changes: Any) -> Access:
    rule = {"claim": "department", "match": match, "value": "ops", "role": "admin"}
    return make_access(rules=[rule], **changes)


def test_who_has_two_equal_groups_or_two_roles_comes_by_the_role_for_those() -> None:
    access = make_access(resolution={"ambiguous": "importer"}, rules=None)
    found = ways(access, "importer")
    assert [through for through in found if through.groups] == [Through(groups=("editors", "auditors"))]
    assert Through(token_roles=("viewer", "editor")) in found
    for through in found:
        for caller in people(access, through, tenant="acme", client="app"):
            identity = identity_of(caller, None, access.settings)
            assert identity is not None
            assert identity.role.name == "importer"
    refusing = make_access(rules=None)
    assert ways(refusing, "importer") == [Through(token_roles=("importer",))]


def test_an_issuer_of_access_tokens_alone_names_no_role_in_them() -> None:
    both = ways(sample_access(), "admin")
    own = {"user_pool": "env:USER_POOL_ID", "client_ids": ["env:APP_CLIENT_ID", "env:MACHINE_CLIENT_ID"]}
    access = make_access(issuers=[{**own, "token_use": ["access"]}])
    assert both == [Through(groups=("admins",)), Through(token_roles=("admin",))]
    assert ways(access, "admin") == [Through(groups=("admins",))]


def test_a_group_that_brings_nothing_more_is_not_needed() -> None:
    found = ways(sample_access(), "viewer", "data:read", "data:write")
    assert [through.groups for through in found if through.token_roles] == [("admins",), ("editors",)]


@pytest.mark.parametrize(
    ("match", "values"),
    [
        pytest.param("Equals", ["ops"], id="the value itself"),
        pytest.param("NotEqual", ["other-than-ops", "not-ops"], id="others than the value"),
        pytest.param("StartsWith", ["ops", "ops-1"], id="those that start with it"),
        pytest.param("Contains", ["ops", "ops-1", "a-ops", "a-ops-1"], id="those that have it anywhere"),
    ],
)
def test_a_rule_is_met_by_values_that_it_takes_and_by_no_others(match: str, values: list[str]) -> None:
    access = ruled(match)
    (through,) = (each for each in ways(access, "admin") if each.rule is not None)
    found = people(access, through, tenant="acme")
    assert [caller.values["department"] for caller in found if caller.token_use == "access"] == values
    for caller in found:
        identity = identity_of(caller, None, access.settings)
        assert identity is not None
        assert identity.role.name == "admin"
