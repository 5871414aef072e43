"""Who sets the claims that decide."""

from typing import Any

import pytest

from authorizer.gate.claiming import deciding, isolating
from tests.deployed.factories import from_account, from_template
from tests.deployed.sample import POOL, client, only, pool, told, world
from tests.make import make_access

STAYS = {"SchemaAttributes": [{"Name": "custom:tenant_id", "Mutable": False}]}
ADMINS = {"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True}}


def test_a_client_that_may_not_write_the_claim() -> None:
    assert told(isolating(world())) == []
    assert told(deciding(world())) == []


@pytest.mark.parametrize(
    ("pooled", "written", "says"),
    [
        pytest.param({}, ["name", "custom:tenant_id"], "it is in WriteAttributes", id="it is listed"),
        pytest.param(
            {**STAYS, **ADMINS},
            ["custom:tenant_id"],
            "it is in WriteAttributes",
            id="it is listed, and stays",
        ),
        pytest.param({}, None, "without WriteAttributes", id="no list, and it can change"),
        pytest.param({}, [], "without WriteAttributes", id="an empty list, which is none"),
        pytest.param(
            ADMINS, None, "without WriteAttributes", id="no list, it can change, and nobody signs up"
        ),
        pytest.param(STAYS, None, "without WriteAttributes", id="no list, it stays, and people sign up"),
    ],
)
def test_a_client_that_may_write_the_claim(
    pooled: dict[str, Any], written: list[str] | None, says: str
) -> None:
    clients = [
        client(WriteAttributes=written) if written is not None else {"ClientId": "c", "UserPoolId": POOL}
    ]
    note = only(isolating(world(user_pools=[pool(**pooled)], user_pool_clients=clients)))
    assert note.status == "REFUTED"
    assert says in note.text


def test_no_list_is_no_matter_where_nobody_signs_up_and_the_claim_stays() -> None:
    clients = [{"ClientId": "c", "UserPoolId": POOL}]
    assert told(isolating(world(user_pools=[pool(**STAYS, **ADMINS)], user_pool_clients=clients))) == []


def test_any_client_of_the_pool_counts_and_those_of_other_pools_do_not() -> None:
    writes = client("other", WriteAttributes=["custom:tenant_id"])
    assert only(isolating(world(user_pool_clients=[client(), writes]))).status == "REFUTED"
    assert (
        told(isolating(world(user_pool_clients=[client(), {**writes, "UserPoolId": "eu-west-1_Other"}])))
        == []
    )


def test_a_trigger_and_a_provider_are_open_and_no_file_closes_them() -> None:
    note = only(isolating(world(user_pools=[pool(LambdaConfig={"PreTokenGeneration": "arn:f"})])))
    assert (note.status, note.closable) == ("OPEN", False)
    providers = [{"ProviderName": "i", "UserPoolId": POOL, "AttributeMapping": {"custom:tenant_id": "t"}}]
    note = only(isolating(world(identity_providers=providers)))
    assert (note.status, note.closable) == ("OPEN", False)
    others = [{**providers[0], "UserPoolId": "x"}, {**providers[0], "AttributeMapping": {"email": "t"}}]
    assert told(isolating(world(identity_providers=others))) == []


def test_a_pool_that_is_not_there_or_does_not_know_the_attribute_is_open() -> None:
    assert "not in these files" in only(isolating(world(deployment=from_account()))).text
    note = only(isolating(world(user_pools=[pool(SchemaAttributes=[])])))
    assert "is not in the schema" in note.text


def test_another_issuer_s_claims_are_its_own_matter() -> None:
    issuers = [{"issuer": "https://idp.example", "kind": "oidc", "client_ids": ["c"], "token_use": ["id"]}]
    access = make_access(issuers=issuers)
    notes = [note for note in isolating(world(access)) if note.status == "OPEN"]
    assert notes
    assert not any(note.closable for note in notes)


def test_a_rule_s_claim_decides_too() -> None:
    rules = [{"claim": "custom:department", "value": "works", "role": "viewer"}]
    attributes = [{"Name": f"custom:{name}", "Mutable": True} for name in ("tenant_id", "department")]
    found = world(
        make_access(rules=rules),
        user_pools=[pool(SchemaAttributes=attributes)],
        user_pool_clients=[client(WriteAttributes=["custom:department"])],
    )
    assert told(isolating(found)) == []
    assert "`custom:department` may be written by users" in only(deciding(found)).text


def test_a_member_of_an_attribute_is_written_with_the_attribute() -> None:
    access = make_access(claims={"tenant": {"claim": "address.formatted"}})
    own = world(access, user_pool_clients=[client(WriteAttributes=["name"])])
    assert told(isolating(own)) == []
    written = world(access, user_pool_clients=[client(WriteAttributes=["name", "address"])])
    assert only(isolating(written)).status == "REFUTED"
    providers = [{"ProviderName": "i", "UserPoolId": POOL, "AttributeMapping": {"address": "t"}}]
    assert only(isolating(world(access, identity_providers=providers))).status == "OPEN"


def test_groups_are_cognito_s_own_and_a_trigger_may_change_them() -> None:
    rules = [{"claim": "cognito:groups", "match": "Contains", "value": "works", "role": "viewer"}]
    access = make_access(rules=rules)
    assert told(deciding(world(access))) == []
    triggered = told(deciding(world(access, user_pools=[pool(LambdaConfig={"PreTokenGeneration": "arn:f"})])))
    assert any("`cognito:groups` may be changed" in text for _, text in triggered)


def test_no_claim_is_nobody_s_to_choose() -> None:
    access = make_access(
        rules=[], roles={name: {"session_tags": None} for name in ("viewer", "editor", "admin", "importer")}
    )
    assert [note.text for note in deciding(world(access))] == ["no claim does"]


def test_a_client_of_a_pool_that_is_open_may_be_one_of_this() -> None:
    text = (
        "Resources:\n  P: {Type: 'AWS::Cognito::UserPool', Properties: {Schema: [{Name: tenant_id}]}}\n"
        "  C: {Type: 'AWS::Cognito::UserPoolClient', Properties: {UserPoolId: !ImportValue x, WriteAttributes: "
        "['custom:tenant_id']}}\n"
    )
    deployed = from_template(text)
    access = make_access(environment={"USER_POOL_ID": deployed.pools[0].id})
    assert ("OPEN", True) in [
        (status, "if it is one of this pool" in text)
        for status, text in told(isolating(world(access, deployment=deployed)))
    ]
