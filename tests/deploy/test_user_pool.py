"""The user pool of the sample: what a security review would ask of it, as rules over every client."""

from typing import Any

import pytest

from tests.deploy.sam import chosen, resources, template
from tests.make import sample_settings

TEMPLATE = template("template.yaml")
POOL = TEMPLATE["Resources"]["UserPool"]["Properties"]
CLIENTS = resources(TEMPLATE, "AWS::Cognito::UserPoolClient")
TRIAL, REAL = ("Trial",), ()
SAFE_FLOWS = {"ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"}
"""No password leaves the user's device, and no code of the pool's own decides (`CreateUserPoolClient`,
`ExplicitAuthFlows`)."""


def flows(client: str, holding: tuple[str, ...]) -> set[str]:
    # A client without the list allows SRP, custom and refresh flows (`ExplicitAuthFlows`).
    return set(chosen(CLIENTS[client], holding)["ExplicitAuthFlows"])


@pytest.mark.parametrize("name", list(CLIENTS))
def test_a_client_allows_no_flow_that_sends_a_password(name: str) -> None:
    assert flows(name, REAL) <= SAFE_FLOWS


def test_nobody_signs_in_to_the_machines_client() -> None:
    machine = CLIENTS["MachineClient"]
    for holding in (REAL, TRIAL):
        assert flows("MachineClient", holding) == {"ALLOW_REFRESH_TOKEN_AUTH"}
    assert machine["AllowedOAuthFlows"] == ["client_credentials"]
    assert machine["GenerateSecret"] is True
    assert "CallbackURLs" not in machine


def test_a_try_adds_the_one_password_flow_that_needs_aws_credentials() -> None:
    assert TEMPLATE["Parameters"]["TrialSignIn"]["Default"] == "no"
    assert TEMPLATE["Conditions"]["Trial"] == {"Fn::Equals": [{"Ref": "TrialSignIn"}, "yes"]}
    assert flows("AppClient", TRIAL) - flows("AppClient", REAL) == {"ALLOW_ADMIN_USER_PASSWORD_AUTH"}


@pytest.mark.parametrize("name", list(CLIENTS))
def test_a_client_does_not_tell_who_exists_and_its_tokens_can_be_revoked(name: str) -> None:
    assert CLIENTS[name]["PreventUserExistenceErrors"] == "ENABLED"
    assert CLIENTS[name]["EnableTokenRevocation"] is True


@pytest.mark.parametrize(("name", "longest"), [("AppClient", 15), ("MachineClient", 60)])
def test_tokens_live_no_longer_than_they_need(name: str, longest: int) -> None:
    client = CLIENTS[name]
    assert client["TokenValidityUnits"] == {
        "AccessToken": "minutes",
        "IdToken": "minutes",
        "RefreshToken": "hours",
    }
    # 5 minutes to a day, and an hour at least to refresh (Cognito Developer Guide, "Refresh tokens").
    assert 5 <= client["AccessTokenValidity"] <= longest
    assert 5 <= client["IdTokenValidity"] <= longest
    assert 1 <= client["RefreshTokenValidity"] <= 24


@pytest.mark.parametrize("name", list(CLIENTS))
def test_users_cannot_write_the_attribute_that_decides_their_tenant(name: str) -> None:
    claim = sample_settings().claims["tenant"].claim
    assert claim not in CLIENTS[name]["WriteAttributes"]


def test_the_attribute_that_decides_a_tenant_is_in_tokens_and_never_changes() -> None:
    claim = sample_settings().claims["tenant"].claim
    assert claim in CLIENTS["AppClient"]["ReadAttributes"]
    [attribute] = POOL["Schema"]
    assert f"custom:{attribute['Name']}" == claim
    assert attribute["Mutable"] is False


def test_a_second_factor_is_required_unless_it_is_a_try() -> None:
    assert chosen(POOL, REAL)["MfaConfiguration"] == "ON"
    assert chosen(POOL, TRIAL)["MfaConfiguration"] == "OPTIONAL"
    assert POOL["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]


def test_passwords_are_long_and_temporary_ones_short_lived() -> None:
    policy: dict[str, Any] = POOL["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] >= 14
    assert all(policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"))
    assert policy["TemporaryPasswordValidityDays"] == 1


def test_nobody_lets_themselves_in() -> None:
    assert POOL["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert [way["Name"] for way in POOL["AccountRecoverySetting"]["RecoveryMechanisms"]] == ["admin_only"]


def test_the_pool_is_not_deleted_by_the_way() -> None:
    assert POOL["DeletionProtection"] == "ACTIVE"
    assert TEMPLATE["Resources"]["UserPool"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_threat_protection_comes_with_the_plan_that_has_it() -> None:
    guarded, plain = chosen(POOL, ("ProtectsFromThreats",)), chosen(POOL, ())
    assert (guarded["UserPoolTier"], guarded["UserPoolAddOns"]) == (
        "PLUS",
        {"AdvancedSecurityMode": "ENFORCED"},
    )
    assert plain["UserPoolTier"] == "ESSENTIALS"
    assert "UserPoolAddOns" not in plain  # refused by Cognito without the Plus plan
