"""Several problems of one cause are one."""

import pytest

from authorizer.errors import SettingsError
from authorizer.settings.causes import TABLES, misspelt, one_for_each
from tests.make import make_settings

NAMES = [
    *("callers", "claims", "gateway", "groups", "issuers", "keys", "lint", "policies", "private_sealing"),
    *("resolution", "roles", "routes", "rules", "scopes", "sealing", "session", "shared_cache", "variables"),
]


def test_every_table_of_access_toml_is_among_them() -> None:
    assert [*TABLES] == NAMES


@pytest.mark.parametrize("table", NAMES)
def test_each_table_is_known_by_what_is_nearly_its_name(table: str) -> None:
    assert misspelt({f"{table}x": {}}) == {f"{table}x": table}
    assert misspelt({table: {}}) == {}


def test_a_table_is_meant_once_and_only_where_it_is_not_there() -> None:
    assert misspelt({"rolesx": {}, "roles": {}}) == {}
    assert misspelt({"rolesx": {}, "rolesy": {}}) == {"rolesx": "roles"}
    assert misspelt({"zzz": {}}) == {}


def test_a_scope_and_a_role_of_one_name_are_two_causes() -> None:
    problems = [f"access.toml: there is no {kind} 'staff'" for kind in ("scope", "role", "scope", "claim")]
    assert one_for_each(problems, {}) == [
        "access.toml: there is no scope 'staff' (and in 1 more place)",
        "access.toml: there is no role 'staff'",
        "access.toml: there is no claim 'staff'",
    ]


def test_what_was_meant_is_said_once() -> None:
    said = "there is no role 'editr': did you mean 'editors'?"
    assert one_for_each([said], {"role": ["editor"]}) == [said]
    assert one_for_each(["there is no role 'editr': expected one of 2"], {"role": ["editor"]}) == [
        "there is no role 'editr': did you mean 'editor'? expected one of 2"
    ]


@pytest.mark.parametrize("unknown", ["callers", "keys", "shared_cache", "session"])
def test_a_setting_that_nobody_reads_is_refused(unknown: str) -> None:
    with pytest.raises(SettingsError, match="unknown setting") as refused:
        make_settings(**{unknown: {"whatever": 1}})
    assert f"{unknown}.whatever" in str(refused.value)
