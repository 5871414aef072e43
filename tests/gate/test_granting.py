"""Resources' own policies, and other ARNs of what templates name."""

# ruff: noqa: E501 - texts as templates have them

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from authorizer.engine.check import reference
from authorizer.gate.granting import WITH_POLICIES, WITHOUT_POLICIES, doors, granting, outside, touches
from tests.deployed.factories import ACCOUNT, allow, from_account, from_template, policy
from tests.deployed.sample import BUCKET, TABLE, told, world
from tests.make import make_access

POINT = f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/reports"


def on_bucket(*statements: Mapping[str, Any]) -> list[tuple[str, str]]:
    return told(granting(world(resource_policies={BUCKET: policy(*statements), TABLE: None})))


@pytest.mark.parametrize(
    ("action", "resource", "meets"),
    [
        ("s3:GetObject", f"{BUCKET}/*", True),
        ("s3:GetObject", f"{BUCKET}/tenants/*", True),
        ("s3:GetObject", f"{BUCKET}/home/11111111-1111-4111-8111-111111111111/*", True),
        ("s3:GetObject", f"{BUCKET}/public/*", False),
        ("s3:ListBucket", BUCKET, True),
        ("s3:*", "*", True),
        ("s3:GetObject", "arn:aws:s3:::example-*/public/*", True),
        ("dynamodb:GetItem", f"{BUCKET}/*", False),
    ],
)
def test_everybody_s_grant_is_found_where_templates_open_the_same(
    action: str, resource: str, meets: bool
) -> None:
    assert bool(on_bucket(allow(action=action, resource=resource, Principal="*"))) is meets


def test_a_listing_is_apart_by_its_prefix() -> None:
    listing = allow(action="s3:ListBucket", resource=BUCKET, Principal="*")
    for prefix, meets in (("public/*", False), ("tenants/*", True), ("*", True)):
        assert bool(on_bucket({**listing, "Condition": {"StringLike": {"s3:prefix": prefix}}})) is meets


def test_a_grant_of_all_but_some_resources_is_of_all() -> None:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "NotResource": f"{BUCKET}/tenants/*",
    }
    assert [status for status, _ in on_bucket(statement)] == ["REFUTED"]


def test_what_is_found_names_who_may_do_what_and_where() -> None:
    (note,) = [
        note
        for note in granting(
            world(
                resource_policies={BUCKET: policy(allow(resource=f"{BUCKET}/*", Principal="*")), TABLE: None}
            )
        )
        if note.status == "REFUTED"
    ]
    assert note.text == f"{BUCKET} gives * s3:GetObject, where template tenant-data keeps users apart"
    assert note.place == f"account.json: resource_policies {BUCKET}"
    statement = {
        "Effect": "Allow",
        "NotPrincipal": {"AWS": "1"},
        "NotAction": "s3:PutObject",
        "Resource": f"{BUCKET}/*",
    }
    assert "gives everybody but 1 all but a few" in on_bucket(statement)[0][1]


def test_a_statement_that_cannot_be_read_is_open_where_templates_name_the_resource() -> None:
    assert [status for status, _ in on_bucket({"Effect": "Perhaps"})] == ["OPEN"]
    other = world(
        resource_policies={BUCKET: None, TABLE: None, "arn:aws:s3:::other": policy({"Effect": "Perhaps"})}
    )
    assert told(granting(other)) == []


def test_a_deny_gives_nothing() -> None:
    assert on_bucket({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}) == []


def test_what_templates_name_and_no_file_has_is_open() -> None:
    found = told(granting(world(resource_policies={BUCKET: None})))
    assert [status for status, _ in found] == ["OPEN"] * 2
    assert TABLE in found[0][1]
    assert {status for status, _ in told(granting(world(deployment=from_account())))} == {"OPEN"}


def of_one_statement(action: str, resource: str) -> list[tuple[str, str]]:
    one = allow(action=action, resource=resource)
    other = allow(action="sqs:ListQueues", resource="*")
    text = json.dumps({"Version": "2012-10-17", "Statement": [one, other]})
    access = make_access(
        templates={"one": text},
        policies=None,
        roles={name: {"policies": ["one"]} for name in ("viewer", "editor", "admin", "importer")},
    )
    return told(granting(world(access, resource_policies={})))


def test_a_service_without_resource_policies_is_not_looked_for() -> None:
    assert (
        of_one_statement("states:StartExecution", "arn:aws:states:eu-west-1:1:stateMachine:{{ tenant }}")
        == []
    )


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("glue:GetTable", "arn:aws:glue:eu-west-1:1:database/{{ tenant }}"),
        ("kafka-cluster:ReadData", "arn:aws:kafka:eu-west-1:1:topic/c/1-1/{{ tenant }}"),
        ("execute-api:Invoke", "arn:aws:execute-api:eu-west-1:1:a/live/GET/{{ tenant }}/*"),
        ("s3vectors:GetVectors", "arn:aws:s3vectors:eu-west-1:1:bucket/b/index/{{ tenant }}"),
        ("ssm:GetParameter", "arn:aws:ssm:eu-west-1:1:parameter/{{ tenant }}/x"),
    ],
)
def test_a_service_whose_resource_policies_are_not_read_is_open(action: str, resource: str) -> None:
    [(status, text)] = of_one_statement(action, resource)
    assert status == "OPEN"
    assert "are not read" in text


@pytest.mark.parametrize("prefix", sorted(WITHOUT_POLICIES))
def test_no_action_writes_a_policy_where_resources_are_said_to_have_none(prefix: str) -> None:
    service = reference.service(prefix)
    assert service is not None
    assert prefix not in WITH_POLICIES
    names = [each.name.partition(":")[2] for each in service.actions]
    assert [
        each for each in names if re.match(r"(Put|Set|Add|Update|Create|Attach)\w*(Policy|Permission)", each)
    ] == []


def test_another_account_is_told_apart_from_sessions() -> None:
    statement = allow(resource=f"{BUCKET}/*", Principal={"AWS": "210987654321"})
    assert on_bucket(statement) == []
    found = told(outside(world(resource_policies={BUCKET: policy(statement), TABLE: None})))
    assert found == [
        ("REFUTED", f"{BUCKET} gives 210987654321 s3:GetObject, where template tenant-data keeps users apart")
    ]
    public = allow(resource=f"{BUCKET}/public/*", Principal={"AWS": "210987654321"})
    assert told(outside(world(resource_policies={BUCKET: policy(public), TABLE: None}))) == []


def test_what_is_open_says_what_would_close_it() -> None:
    statement = allow(resource=f"{BUCKET}/*", Principal={"CanonicalUser": "79a5"})
    deployed = world(resource_policies={BUCKET: policy(statement), TABLE: None})
    (note,) = [note for note in granting(deployed) if note.status == "OPEN"]
    assert "whether that is a session cannot be told" in note.text
    assert "AWS::AccountId" in note.closes


def test_a_bucket_whose_name_aws_makes_may_be_one_that_a_template_names() -> None:
    """The bucket of the files has no name yet, and the configuration names one: it may be the same."""
    text = (
        "Resources:\n  B: {Type: 'AWS::S3::Bucket'}\n  P: {Type: 'AWS::S3::BucketPolicy', Properties: {Bucket: !Ref B, "
        "PolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Principal: '*', Action: 's3:GetObject', "
        "Resource: !Sub '${B.Arn}/*'}]}}}\n"
    )
    assert (
        "REFUTED" in {status for status, _ in told(granting(world(deployment=from_template(text))))}
    ) is True


# ── other ARNs ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_door_that_no_template_names_opens_nothing() -> None:
    points = [{"Name": "reports", "Bucket": "example-data", "AccessPointArn": POINT}]
    replicas = [{"Arn": "arn:aws:s3:::copy", "Of": BUCKET}]
    assert told(doors(world(access_points=points, replicas=replicas))) == []


def by_point(resource: str, *, action: str = "s3:GetObject", condition: str = "") -> Any:
    """The sample, whose viewers reach the bucket by an access point, too."""
    statement = f'{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"{condition}}}'
    text = f'{{"Version": "2012-10-17", "Statement": [{statement}]}}'
    from tests.make import sample_templates

    access = make_access(
        templates={**sample_templates(), "point": text},
        policies={"point": {"isolates": "tenant"}},
        roles={"viewer": {"policies": ["tenant-data", "point"]}},
    )
    points = [{"Name": "reports", "Bucket": "example-data", "AccessPointArn": POINT}]
    return told(doors(world(access, access_points=points)))


@pytest.mark.parametrize(
    ("resource", "apart"),
    [
        (f"{POINT}/object/tenants/{{{{ tenant }}}}/*", True),
        (f"{POINT}/object/*", False),
        (f"{POINT}/object/home/{{{{ tenant }}}}/*", False),
        (f"arn:aws:s3:eu-west-1:{ACCOUNT}:accesspoint/rep*/object/tenants/{{{{ tenant }}}}/*", False),
    ],
)
def test_an_access_point_keeps_apart_what_the_bucket_keeps_apart(resource: str, apart: bool) -> None:
    found = by_point(resource)
    assert (found == []) is apart
    assert all("by it template point reaches what template" in text for _, text in found)


def test_an_access_point_s_listing_keeps_its_prefix() -> None:
    prefix = ', "Condition": {"StringLike": {"s3:prefix": "tenants/{{ tenant }}/*"}}'
    assert by_point(POINT, action="s3:ListBucket", condition=prefix) == []
    assert by_point(POINT, action="s3:ListBucket") != []


def test_an_access_point_s_policy_is_one_on_its_bucket() -> None:
    points = [{"Name": "reports", "Bucket": "example-data", "AccessPointArn": POINT}]
    statement = allow(resource=f"{POINT}/object/*", Principal="*")
    policies = {BUCKET: None, TABLE: None, POINT: policy(statement)}
    found = told(granting(world(access_points=points, resource_policies=policies)))
    assert [status for status, _ in found] == ["REFUTED"]
    public = {**policies, POINT: policy(allow(resource=f"{POINT}/object/public/*", Principal="*"))}
    assert told(granting(world(access_points=points, resource_policies=public))) == []


def test_what_is_not_in_the_files_has_open_doors() -> None:
    assert {status for status, _ in told(doors(world(deployment=from_account())))} == {"OPEN"}


def test_two_names_touch_where_one_may_lie_in_the_other() -> None:
    assert touches(f"{BUCKET}/tenants/x", BUCKET)
    assert not touches(f"{BUCKET}2/tenants/x", BUCKET)
    assert touches("arn:aws:sqs:eu-west-1:1:orders-a", "arn:aws:sqs:eu-west-1:1:zq00001made")
    assert not touches("arn:aws:sqs:eu-west-1:1:zq00002made", "arn:aws:sns:eu-west-1:1:zq00001made")


def test_a_template_that_isolates_nothing_has_nothing_to_keep_apart_by_a_door() -> None:
    text = f'{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["{POINT}/object/x", "{BUCKET}/x"]}}, {{"Effect": "Deny", "Action": "s3:*", "Resource": "{BUCKET}/y"}}]}}'
    access = make_access(
        templates={"one": text},
        policies=None,
        roles={name: {"policies": ["one"]} for name in ("viewer", "editor", "admin", "importer")},
    )
    points = [{"Name": "reports", "Bucket": "example-data", "AccessPointArn": POINT}]
    found = world(access, access_points=points)
    assert told(doors(found)) == []
    assert len(found.allowed) == 1


def test_what_could_not_be_read_of_policies_leaves_them_open() -> None:
    deployed = world(deployment=from_template("Transform: Mine\nResources: {}"))
    said = "the macro Mine makes what is not in the template"
    for check in (granting, outside, doors):
        assert ("OPEN", said) in told(check(deployed))
