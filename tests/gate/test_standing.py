"""What has to stand beside the templates."""

# ruff: noqa: E501 - texts as templates have them

from typing import Any

import pytest

from authorizer.gate import World
from authorizer.gate.standing import (
    code,
    encryption_context,
    explicit_index,
    leading_keys,
    object_tags,
    resource_tags,
    roles_alone,
    values,
)
from authorizer.settings.schema import Access
from tests.deployed.factories import ACCOUNT, allow, from_account, from_template, policy
from tests.deployed.sample import BUCKET, account, function, only, table, told, world
from tests.make import make_access

ROLES = ("viewer", "editor", "admin", "importer")


def with_statement(statement: str) -> Access:
    """The sample with one template of one statement for all roles."""
    text = f'{{"Version": "2012-10-17", "Statement": [{statement}]}}'
    return make_access(
        templates={"one": text}, policies=None, roles={name: {"policies": ["one"]} for name in ROLES}
    )


def test_the_authorizer_s_functions_are_known_by_their_handler() -> None:
    assert told(code(world())) == []
    assert only(code(world(functions=[function("x", Handler="other.handler")]))).status == "OPEN"


def test_values_are_the_function_s_own_or_said_to_be_others() -> None:
    assert told(values(world())) == []
    assert told(values(world(functions=[])))
    borrowed = World(make_access(), account(), borrowed=["DATA_BUCKET"])
    assert "DATA_BUCKET: no value in these files" in only(values(borrowed)).text


def test_functions_with_other_values_are_said() -> None:
    environment = {**function("a")["Environment"]["Variables"], "DATA_BUCKET": "other", "RESPONSE": "simple"}
    functions = [function("a"), function("b", Environment={"Variables": environment})]
    found = World(make_access(), account(functions=functions), names=["DATA_BUCKET", "DATA_TABLE"])
    note = only(values(found))
    assert note.status == "OPEN"
    assert "has other values of DATA_BUCKET than the proof" in note.text
    same = World(make_access(), account(functions=functions), names=["DATA_TABLE"])
    assert told(values(same)) == []


# ── condition keys ───────────────────────────────────────────────────────────────────────────────────────────────────


def index(key: str) -> dict[str, Any]:
    return {"IndexName": "i", "KeySchema": [{"AttributeName": key, "KeyType": "HASH"}]}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, None),
        ({"GlobalSecondaryIndexes": [index("tenant")]}, None),
        ({"GlobalSecondaryIndexes": [index("status")]}, "REFUTED"),
        ({"KeySchema": []}, "OPEN"),
    ],
)
def test_every_partition_key_is_the_table_s(changes: dict[str, Any], status: str | None) -> None:
    found = {each for each, _ in told(leading_keys(world(tables=[table(**changes)])))}
    assert found == ({status} if status else set())


def test_a_table_that_is_not_there_is_open() -> None:
    assert {status for status, _ in told(leading_keys(world(tables=[])))} == {"OPEN"}


def test_an_index_is_no_matter_where_no_template_names_one() -> None:
    statement = (
        '{"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "arn:aws:dynamodb:eu-west-1:123456789012:table/'
        'example-data", "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "{{ tenant }}"}, '
        '"Null": {"dynamodb:LeadingKeys": "false"}}}'
    )
    access = with_statement(statement)
    assert told(leading_keys(world(access, tables=[table(GlobalSecondaryIndexes=[index("status")])]))) == []


@pytest.mark.parametrize(
    ("behind", "status"),
    [
        pytest.param("/index/i", ["REFUTED"], id="the index"),
        pytest.param("/index/*", ["REFUTED"], id="any index"),
        pytest.param("/*/i", ["REFUTED"], id="the index, by a wildcard inside"),
        pytest.param("*i", ["REFUTED"], id="whatever ends as it does"),
        pytest.param("?index?i", ["REFUTED"], id="the index, by question marks"),
        pytest.param("/*/j", [], id="another index, by a wildcard inside"),
        pytest.param("/index/j", [], id="another index"),
    ],
)
def test_an_index_is_looked_at_by_whatever_pattern_names_it(behind: str, status: list[str]) -> None:
    statement = (
        '{"Effect": "Allow", "Action": "dynamodb:Query", "Resource": "arn:aws:dynamodb:eu-west-1:123456789012:table/'
        f'example-data{behind}", "Condition": {{"ForAllValues:StringEquals": {{"dynamodb:LeadingKeys": "{{{{ tenant }}}}"}}, '
        '"Null": {"dynamodb:LeadingKeys": "false"}}}'
    )
    found = world(with_statement(statement), tables=[table(GlobalSecondaryIndexes=[index("status")])])
    assert [each for each, _ in told(leading_keys(found))] == status


KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/k"
DECRYPT = f'{{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "{KEY}", "Condition": {{"StringEquals": {{"kms:EncryptionContext:t": "{{{{ tenant }}}}"}}}}}}'


def test_a_key_has_an_encryption_context_if_it_is_symmetric() -> None:
    access = with_statement(DECRYPT)
    assert only(encryption_context(world(access))).status == "OPEN"
    for spec, status in (("SYMMETRIC_DEFAULT", []), ("RSA_4096", ["REFUTED"]), ("zq00001open", ["OPEN"])):
        keys = [{"KeyId": "k", "Arn": KEY, "KeySpec": spec}]
        found = account(access, keys=keys)
        assert [each for each, _ in told(encryption_context(world(access, deployment=found)))] == status


def test_users_change_no_tags_unless_of_their_own() -> None:
    assert told(object_tags(world())) == told(resource_tags(world())) == []
    tagging = (
        f'{{"Effect": "Allow", "Action": "s3:PutObjectTagging", "Resource": "{BUCKET}/{{{{ tenant }}}}/*"%s}}'
    )
    assert "template one lets users tag" in only(object_tags(world(with_statement(tagging % "")))).text
    own = ', "Condition": {"StringEquals": {"s3:ExistingObjectTag/tenant": "{{ tenant }}"}}'
    assert told(object_tags(world(with_statement(tagging % own)))) == []
    queue = f'{{"Effect": "Allow", "Action": "sqs:Tag*", "Resource": "arn:aws:sqs:eu-west-1:{ACCOUNT}:q-{{{{ tenant }}}}"}}'
    assert [status for status, _ in told(resource_tags(world(with_statement(queue))))] == ["REFUTED"]


DOMAIN = f"arn:aws:es:eu-west-1:{ACCOUNT}:domain/d"


def test_a_domain_keeps_a_body_to_the_path_s_indexes() -> None:
    access = with_statement(
        f'{{"Effect": "Allow", "Action": "es:ESHttpGet", "Resource": "{DOMAIN}/{{{{ tenant }}}}/*"}}'
    )
    assert [status for status, _ in told(explicit_index(world(access)))] == ["OPEN", "OPEN"]
    for options, first in (({}, "REFUTED"), ({"rest.action.multi.allow_explicit_index": "false"}, "OPEN")):
        found = account(access, domains=[{"DomainName": "d", "ARN": DOMAIN, "AdvancedOptions": options}])
        statuses = [status for status, _ in told(explicit_index(world(access, deployment=found)))]
        assert statuses == ([first, "OPEN"] if first == "REFUTED" else ["OPEN"])


# ── roles by themselves ──────────────────────────────────────────────────────────────────────────────────────────────


def viewer(*statements: dict[str, Any], **more: Any) -> list[tuple[str, str]]:
    """What is said of a viewer's role with these statements of its own."""
    own = [{"PolicyName": "x", "PolicyDocument": policy(*statements)}] if statements else []
    policies = more.pop("policies", [])
    deployed = account(roles_changed={"viewer": {"RolePolicyList": own, **more}}, policies=policies)
    return told(roles_alone(world(deployment=deployed)))


def managed(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    versions = [{"IsDefaultVersion": True, "Document": policy(*statements)}]
    return [{"Arn": "arn:p", "PolicyVersionList": versions}]


WIDE = allow(action="s3:GetObject", resource=f"{BUCKET}/*")
NARROW = allow(action="s3:GetObject", resource=f"{BUCKET}/tenants/${{aws:PrincipalTag/tenant}}/*")
BOUND = {"PermissionsBoundary": {"PermissionsBoundaryArn": "arn:p"}}


def test_a_role_within_its_templates() -> None:
    assert told(roles_alone(world())) == []
    assert viewer(NARROW) == []
    assert viewer() == []


def test_a_role_beyond_its_templates_is_told_with_what() -> None:
    ((status, text),) = viewer(WIDE)
    assert status == "REFUTED"
    assert text == f"role viewer by itself allows what none of its templates does: s3:GetObject on {BUCKET}/*"
    ((_, text),) = viewer(*(allow(action=f"s3:Get{name}") for name in ("A", "B", "C", "D", "E")))
    assert text.endswith("; and 2 more")
    ((_, text),) = viewer({"Effect": "Allow", "NotAction": "s3:*", "NotResource": BUCKET})
    assert "all but a few actions on all but a few resources" in text


def test_a_boundary_holds_a_role_that_is_wide() -> None:
    assert viewer(WIDE, **BOUND, policies=managed(NARROW)) == []
    assert viewer(WIDE, **BOUND, policies=managed(allow(action="sqs:*"))) == []
    assert viewer(WIDE, **BOUND, policies=managed(allow(resource="arn:aws:s3:::other/*"))) == []
    assert viewer(WIDE, **BOUND, policies=managed(allow(action="s3:*")))[0][0] == "REFUTED"
    assert viewer(
        WIDE,
        **BOUND,
        policies=managed({"Effect": "Allow", "NotAction": "sqs:*", "NotResource": "arn:aws:s3:::x"}),
    )
    assert viewer(WIDE, **BOUND)[0][0] == "REFUTED"  # a boundary that nobody has seen holds nothing


def test_a_role_whose_policies_are_not_known_is_open() -> None:
    attached = {"AttachedManagedPolicies": [{"PolicyArn": "arn:aws:iam::aws:policy/X"}]}
    assert viewer(NARROW, **attached) == [
        ("OPEN", "role viewer: the text of arn:aws:iam::aws:policy/X is not in these files")
    ]
    assert viewer({"Effect": "Perhaps"})[0][0] == "OPEN"
    assert {status for status, _ in told(roles_alone(world(deployment=from_account())))} == {"OPEN"}


def test_a_statement_that_may_say_anything_is_not_judged() -> None:
    text = (
        "Resources:\n  V: {Type: 'AWS::IAM::Role', Properties: {RoleName: viewer, Path: /vend/, Policies: [{PolicyDocument: "
        "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: 's3:GetObject', Resource: !ImportValue x}]}}]}}\n"
    )
    deployed = from_template(text, parameters={"AWS::AccountId": ACCOUNT})
    assert ("OPEN", "role viewer: one of its policies could not be read, or is not in these files") in told(
        roles_alone(world(deployment=deployed))
    )
