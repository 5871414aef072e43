"""What S3's operations need, what else is looked at, and what the bucket's own policy and the role's boundary say."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError

from authorizer.engine.check.reference import service
from authorizer.local_aws import state
from authorizer.local_aws.services.s3 import ROWS
from tests.local_aws.conftest import Site
from tests.local_aws.raw import presigned, send, signed
from tests.local_aws.world import ACCOUNT, ALL, BUCKET, ROLE, document

OBJECT = f"arn:aws:s3:::{BUCKET}/home/u1/a"
WHERE = {"Bucket": BUCKET, "Key": "home/u1/a"}
XML: dict[str, Any] = {"TagSet": [{"Key": "k", "Value": "v"}]}


def allow(*actions: str, on: str = "*", **conditions: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    return {**made, "Condition": conditions} if conditions else made


def code_of(operation: Any, **asked: Any) -> str:
    """`ok`, or the code of the error."""
    try:
        operation(**asked)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "ok"


NEEDS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("get_object", WHERE, ["s3:GetObject"]),
    ("get_object", {**WHERE, "VersionId": "null"}, ["s3:GetObjectVersion"]),
    ("head_object", WHERE, ["s3:GetObject"]),
    (
        "get_object_attributes",
        {**WHERE, "ObjectAttributes": ["ETag"]},
        ["s3:GetObject", "s3:GetObjectAttributes"],
    ),
    ("put_object", {**WHERE, "Body": b"x"}, ["s3:PutObject"]),
    ("put_object", {**WHERE, "Tagging": "a=b"}, ["s3:PutObject", "s3:PutObjectTagging"]),
    ("put_object", {**WHERE, "ACL": "private"}, ["s3:PutObject", "s3:PutObjectAcl"]),
    ("put_object", {**WHERE, "GrantRead": 'id="x"'}, ["s3:PutObject", "s3:PutObjectAcl"]),
    ("put_object", {**WHERE, "ObjectLockLegalHoldStatus": "ON"}, ["s3:PutObject", "s3:PutObjectLegalHold"]),
    (
        "put_object",
        {**WHERE, "ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": "2030-01-01"},
        ["s3:PutObject", "s3:PutObjectRetention"],
    ),
    ("copy_object", {**WHERE, "CopySource": f"{BUCKET}/public/a"}, ["s3:GetObject", "s3:PutObject"]),
    (
        "copy_object",
        {**WHERE, "CopySource": f"{BUCKET}/public/a?versionId=v1"},
        ["s3:GetObjectVersion", "s3:PutObject"],
    ),
    ("delete_object", WHERE, ["s3:DeleteObject"]),
    ("delete_object", {**WHERE, "VersionId": "v1"}, ["s3:DeleteObjectVersion"]),
    (
        "delete_object",
        {**WHERE, "BypassGovernanceRetention": True},
        ["s3:DeleteObject", "s3:BypassGovernanceRetention"],
    ),
    ("get_object_tagging", WHERE, ["s3:GetObjectTagging"]),
    ("put_object_tagging", {**WHERE, "Tagging": XML}, ["s3:PutObjectTagging"]),
    ("delete_object_tagging", {**WHERE, "VersionId": "v1"}, ["s3:DeleteObjectVersionTagging"]),
    ("get_object_acl", WHERE, ["s3:GetObjectAcl"]),
    ("put_object_acl", {**WHERE, "ACL": "private"}, ["s3:PutObjectAcl"]),
    ("create_multipart_upload", WHERE, ["s3:PutObject"]),
    ("upload_part", {**WHERE, "UploadId": "x", "PartNumber": 1}, ["s3:PutObject"]),
    (
        "upload_part_copy",
        {**WHERE, "UploadId": "x", "PartNumber": 1, "CopySource": f"{BUCKET}/public/a"},
        ["s3:GetObject", "s3:PutObject"],
    ),
    ("complete_multipart_upload", {**WHERE, "UploadId": "x"}, ["s3:PutObject"]),
    ("abort_multipart_upload", {**WHERE, "UploadId": "x"}, ["s3:AbortMultipartUpload"]),
    ("list_parts", {**WHERE, "UploadId": "x"}, ["s3:ListMultipartUploadParts"]),
    ("list_objects", {"Bucket": BUCKET}, ["s3:ListBucket"]),
    ("list_objects_v2", {"Bucket": BUCKET}, ["s3:ListBucket"]),
    ("head_bucket", {"Bucket": BUCKET}, ["s3:ListBucket"]),
    ("list_object_versions", {"Bucket": BUCKET}, ["s3:ListBucketVersions"]),
    ("list_multipart_uploads", {"Bucket": BUCKET}, ["s3:ListBucketMultipartUploads"]),
    ("list_buckets", {}, ["s3:ListAllMyBuckets"]),
    ("create_bucket", {"Bucket": "another"}, ["s3:CreateBucket"]),
    ("delete_bucket_tagging", {"Bucket": BUCKET}, ["s3:PutBucketTagging"]),
    ("get_bucket_location", {"Bucket": BUCKET}, ["s3:GetBucketLocation"]),
    ("put_bucket_policy", {"Bucket": BUCKET, "Policy": "{}"}, ["s3:PutBucketPolicy"]),
    (
        "delete_objects",
        {"Bucket": BUCKET, "Delete": {"Objects": [{"Key": "a"}, {"Key": "b", "VersionId": "1"}]}},
        ["s3:DeleteObject", "s3:DeleteObjectVersion"],
    ),
    (
        "delete_objects",
        {"Bucket": BUCKET, "Delete": {"Objects": [{"Key": "a"}]}, "BypassGovernanceRetention": True},
        ["s3:DeleteObject", "s3:BypassGovernanceRetention"],
    ),
]


@pytest.mark.parametrize(
    ("operation", "asked", "actions"),
    [pytest.param(*row, id=f"{row[0]} needs {', '.join(row[2])}") for row in NEEDS],
)
def test_an_operation_needs_these_actions_and_each_of_them(
    site: Site, operation: str, asked: dict[str, Any], actions: list[str]
) -> None:
    nobody = site.session({"Effect": "Deny", "Action": "s3:*", "Resource": "*"})
    code_of(getattr(site.client("s3", nobody), operation), **asked)
    line = site.aws.journal.lines[-1]
    assert [action for action, _, _ in line.actions] == actions
    for left_out in actions:
        others = [action for action in actions if action != left_out]
        narrowed = site.session(allow(*others or ["s3:PutBucketLogging"]))
        reply = code_of(getattr(site.client("s3", narrowed), operation), **asked)
        errors = site.aws.journal.lines[-1].actions
        assert (left_out, False) in {(action, allowed) for action, _, allowed in errors}, reply


def test_every_row_names_actions_that_there_are() -> None:
    found = service("s3")
    assert found is not None
    known = {action.name for action in found.actions}
    assert {action for rows in ROWS.values() for action, _, _ in rows} <= known


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("get_object_torrent", WHERE),
        ("put_bucket_website", {"Bucket": BUCKET, "WebsiteConfiguration": {}}),
        (
            "put_bucket_cors",
            {
                "Bucket": BUCKET,
                "CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]},
            },
        ),
        ("restore_object", WHERE),
    ],
)
def test_what_is_not_translated_is_refused_by_name(site: Site, operation: str, asked: dict[str, Any]) -> None:
    assert (
        code_of(getattr(site.client("s3", site.session(allow("*"))), operation), **asked) == "NotImplemented"
    )
    assert "does not translate s3:" in site.aws.journal.lines[-1].why[0]


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"SSEKMSKeyId": "alias/x", "ServerSideEncryption": "aws:kms"}, id="a KMS key"),
        pytest.param({"ServerSideEncryption": "aws:kms"}, id="the default KMS key"),
        pytest.param({"RequestPayer": "requester"}, id="another payer"),
    ],
)
def test_parameters_that_are_not_judged_are_refused(site: Site, asked: dict[str, Any]) -> None:
    assert code_of(site.client("s3", site.user()).put_object, **WHERE, **asked) == "NotImplemented"


def test_an_object_under_a_kms_key_is_not_read_without_asking_kms(site: Site) -> None:
    site.client("s3").put_object(Bucket=BUCKET, Key="home/u1/k")
    state.of("s3", ACCOUNT, "aws").buckets[BUCKET].keys["home/u1/k"].kms_key_id = "x"
    s3 = site.client("s3", site.user())
    assert code_of(s3.get_object, Bucket=BUCKET, Key="home/u1/k") == "NotImplemented"
    assert code_of(s3.copy_object, **WHERE, CopySource=f"{BUCKET}/home/u1/k") == "NotImplemented"
    assert code_of(s3.delete_object, Bucket=BUCKET, Key="home/u1/k") == "ok"


def test_a_bucket_is_of_whom_one_says(site: Site) -> None:
    s3 = site.client("s3", site.user())
    assert code_of(s3.get_object, **WHERE, ExpectedBucketOwner="210987654321") == "AccessDenied"
    assert code_of(s3.get_object, **WHERE, ExpectedBucketOwner=ACCOUNT) == "ok"


def test_an_upload_belongs_to_its_key(site: Site) -> None:
    owner, s3 = site.client("s3"), site.client("s3", site.user())
    theirs = owner.create_multipart_upload(Bucket=BUCKET, Key="home/u2/up")["UploadId"]
    owner.upload_part(Bucket=BUCKET, Key="home/u2/up", UploadId=theirs, PartNumber=1, Body=b"theirs")
    mine = {"Bucket": BUCKET, "Key": "home/u1/up", "UploadId": theirs}
    assert code_of(s3.list_parts, **mine) == "NoSuchUpload"
    assert code_of(s3.upload_part, **mine, PartNumber=1, Body=b"mine") == "NoSuchUpload"
    assert (
        code_of(s3.upload_part_copy, **mine, PartNumber=1, CopySource=f"{BUCKET}/home/u1/a") == "NoSuchUpload"
    )
    assert code_of(s3.complete_multipart_upload, **mine) == "NoSuchUpload"
    assert code_of(s3.abort_multipart_upload, **mine) == "NoSuchUpload"
    assert code_of(s3.abort_multipart_upload, **{**mine, "Bucket": "nobodys-bucket"}) == "AccessDenied"
    parts = owner.list_parts(Bucket=BUCKET, Key="home/u2/up", UploadId=theirs)["Parts"]
    assert [part["Size"] for part in parts] == [6]


def test_who_may_not_list_is_not_told_what_is_not_there(site: Site) -> None:
    own = site.user()
    assert code_of(site.client("s3", own).get_object, Bucket=BUCKET, Key="home/u1/none") == "AccessDenied"
    assert code_of(site.client("s3", own).head_object, Bucket=BUCKET, Key="home/u1/none") == "403"
    lister = site.session(allow("s3:GetObject", "s3:ListBucket"))
    assert code_of(site.client("s3", lister).get_object, Bucket=BUCKET, Key="home/u1/none") == "NoSuchKey"


def test_copying_an_objects_tags_takes_leave_to_read_them(site: Site) -> None:
    site.client("s3").put_object(Bucket=BUCKET, Key="public/tagged", Tagging="secret=yes")
    source = f"{BUCKET}/public/tagged"
    s3 = site.client("s3", site.session(allow("s3:GetObject", "s3:PutObject")))
    assert code_of(s3.copy_object, **WHERE, CopySource=source) == "AccessDenied"
    assert code_of(s3.copy_object, **WHERE, CopySource=source, TaggingDirective="REPLACE") == "ok"
    more = site.session(allow("s3:GetObject", "s3:PutObject", "s3:GetObjectTagging", "s3:PutObjectTagging"))
    assert code_of(site.client("s3", more).copy_object, **WHERE, CopySource=source) == "ok"


def test_a_batch_is_answered_item_by_item(site: Site) -> None:
    s3 = site.client("s3", site.user())
    keys = ["home/u1/a", "home/u2/a", "home/u1/none"]
    reply = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
    assert {each["Key"] for each in reply["Deleted"]} == {"home/u1/a", "home/u1/none"}
    assert [(each["Key"], each["Code"]) for each in reply["Errors"]] == [("home/u2/a", "AccessDenied")]
    only = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "home/u2/a", "VersionId": "v"}]})
    assert [(each["Key"], each["VersionId"]) for each in only["Errors"]] == [("home/u2/a", "v")]
    assert "Deleted" not in only
    assert code_of(site.client("s3").get_object, Bucket=BUCKET, Key="home/u2/a") == "ok"


def test_a_batch_that_moto_refuses_is_refused(site: Site) -> None:
    s3 = site.client("s3", site.session(allow("s3:*", on="arn:aws:s3:::no-such-bucket/home/*")))
    keys = {"Objects": [{"Key": "home/a"}, {"Key": "b"}]}
    assert code_of(s3.delete_objects, Bucket="no-such-bucket", Delete=keys) == "NoSuchBucket"


KEYS: list[tuple[str, dict[str, Any], str, dict[str, Any], dict[str, Any]]] = [
    (
        "a prefix",
        {"StringEquals": {"s3:prefix": "home/"}},
        "list_objects_v2",
        {"Bucket": BUCKET, "Prefix": "home/"},
        {"Bucket": BUCKET, "Prefix": "home"},
    ),
    (
        "a prefix that is empty",
        {"StringEquals": {"s3:prefix": ""}},
        "list_objects_v2",
        {"Bucket": BUCKET, "Prefix": ""},
        {"Bucket": BUCKET},
    ),
    (
        "a delimiter",
        {"StringEquals": {"s3:delimiter": "/"}},
        "list_objects_v2",
        {"Bucket": BUCKET, "Delimiter": "/"},
        {"Bucket": BUCKET, "Delimiter": "-"},
    ),
    (
        "at most ten keys",
        {"NumericLessThanEquals": {"s3:max-keys": "10"}},
        "list_objects",
        {"Bucket": BUCKET, "MaxKeys": 10},
        {"Bucket": BUCKET, "MaxKeys": 11},
    ),
    (
        "a tag that it has",
        {"StringEquals": {"s3:ExistingObjectTag/team": "red"}},
        "get_object",
        {"Bucket": BUCKET, "Key": "public/red"},
        WHERE,
    ),
    (
        "a tag that it gets",
        {"StringEquals": {"s3:RequestObjectTag/team": "red"}},
        "put_object_tagging",
        {**WHERE, "Tagging": {"TagSet": [{"Key": "team", "Value": "red"}]}},
        {**WHERE, "Tagging": XML},
    ),
    (
        "tags by name",
        {"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["team"]}},
        "put_object",
        {**WHERE, "Tagging": "team=x"},
        {**WHERE, "Tagging": "team=x&other=y"},
    ),
    (
        "no ACL but this",
        {"StringEquals": {"s3:x-amz-acl": "private"}},
        "put_object",
        {**WHERE, "ACL": "private"},
        {**WHERE, "ACL": "public-read"},
    ),
    (
        "a storage class",
        {"StringEquals": {"s3:x-amz-storage-class": "STANDARD_IA"}},
        "put_object",
        {**WHERE, "StorageClass": "STANDARD_IA"},
        WHERE,
    ),
    (
        "a source",
        {"StringLike": {"s3:x-amz-copy-source": f"{BUCKET}/public/*"}},
        "copy_object",
        {**WHERE, "CopySource": f"{BUCKET}/public/a"},
        {**WHERE, "CopySource": f"{BUCKET}/home/u2/a"},
    ),
    (
        "the signature",
        {"StringEquals": {"s3:signatureversion": "AWS4-HMAC-SHA256"}},
        "get_object",
        WHERE,
        {**WHERE, "Key": "x"},
    ),
]


@pytest.mark.parametrize(
    ("condition", "operation", "fits", "misses"), [pytest.param(*row[1:], id=row[0]) for row in KEYS]
)
def test_a_condition_sees_what_the_request_says(
    site: Site, condition: dict[str, Any], operation: str, fits: dict[str, Any], misses: dict[str, Any]
) -> None:
    site.client("s3").put_object(Bucket=BUCKET, Key="public/red", Tagging="team=red")
    conditional = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": condition}
    s3 = site.client(
        "s3", site.session(conditional, allow("s3:GetObject", on=f"arn:aws:s3:::{BUCKET}/public/a"))
    )
    assert code_of(getattr(s3, operation), **fits) == "ok"
    assert code_of(getattr(s3, operation), **misses) in ("AccessDenied", "NoSuchKey")


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param(
            {"StringNotEquals": {"s3:TlsVersion": "1.1"}}, id="one that S3 has and the door does not fill"
        ),
        pytest.param({"StringNotEquals": {"aws:SomethingNew": "x"}}, id="a global one that there is not"),
        pytest.param({"StringNotEquals": {"aws:Referer": "x"}}, id="a global one that is not filled"),
        pytest.param(
            {"StringEquals": {"s3:TlsVersion": "${s3:AccessGrantsInstanceArn}"}}, id="one in a variable"
        ),
    ],
)
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_key_that_cannot_be_filled_is_no_permission(
    site: Site, effect: str, condition: dict[str, Any]
) -> None:
    unknown = {"Effect": effect, "Action": "s3:GetObject", "Resource": "*", "Condition": condition}
    s3 = site.client("s3", site.session(allow("*"), unknown))
    assert code_of(s3.get_object, **WHERE) == "AccessDenied"
    assert "cannot fill the condition key" in site.aws.journal.lines[-1].why[0]
    # It is about this action alone.
    assert code_of(s3.list_objects_v2, Bucket=BUCKET) == "ok"


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param({"StringEquals": {"aws:PrincipalTag/tenant": "acme"}}, id="a tag of the session"),
        pytest.param({"StringEquals": {"aws:SourceIdentity": "erin"}}, id="its source identity"),
        pytest.param({"StringEquals": {"aws:PrincipalArn": ROLE}}, id="its role with the path"),
        pytest.param({"StringLike": {"aws:userid": "AROA*:me"}}, id="its id"),
        pytest.param({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, id="its kind"),
        pytest.param({"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, id="its account"),
        pytest.param({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, id="the Region"),
        pytest.param({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, id="the address"),
        pytest.param({"Bool": {"aws:SecureTransport": "true"}}, id="a transport that counts as secure"),
        pytest.param({"Bool": {"aws:ViaAWSService": "false"}}, id="nobody in between"),
        pytest.param({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, id="no second factor"),
        pytest.param({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, id="the time"),
        pytest.param({"NumericGreaterThan": {"aws:EpochTime": "1577836800"}}, id="the time in seconds"),
        pytest.param(
            {"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}, id="when it was issued"
        ),
        pytest.param({"StringLike": {"aws:UserAgent": "Boto*"}}, id="the program"),
        pytest.param({"Null": {"aws:SourceVpc": "true"}}, id="no VPC"),
        pytest.param({"Null": {"aws:username": "true"}}, id="no user's name"),
        pytest.param({"Null": {"aws:RequestTag/x": "true"}}, id="no tag of a request"),
    ],
)
def test_a_condition_sees_who_asks(site: Site, condition: dict[str, Any]) -> None:
    tag = [{"Key": "tenant", "Value": "acme"}]
    asked: dict[str, Any] = {"Tags": tag, "SourceIdentity": "erin"}
    who = site.session({**allow("s3:GetObject"), "Condition": condition}, **asked)
    assert code_of(site.client("s3", who).get_object, **WHERE) == "ok"
    [(operator, about)] = condition.items()
    negated = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {operator: about}}
    denied = site.session(allow("*"), negated, **asked)
    assert code_of(site.client("s3", denied).get_object, **WHERE) == "AccessDenied"


def test_a_roles_policy_may_speak_of_tags_and_the_sessions_take_the_place_of_the_roles(site: Site) -> None:
    arn = site.put_role(
        "by-tag", allow("s3:GetObject", on=f"arn:aws:s3:::{BUCKET}/home/${{aws:PrincipalTag/user}}/*")
    )
    site.client("iam").tag_role(RoleName="by-tag", Tags=[{"Key": "User", "Value": "u2"}])
    without = site.client("s3", site.session(role=arn))
    assert code_of(without.get_object, Bucket=BUCKET, Key="home/u2/a") == "ok"
    tagged = site.client("s3", site.session(role=arn, Tags=[{"Key": "user", "Value": "u1"}]))
    assert code_of(tagged.get_object, **WHERE) == "ok"
    assert code_of(tagged.get_object, Bucket=BUCKET, Key="home/u2/a") == "AccessDenied"


SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/caller/me"


def statement(effect: str, principal: object, **more: Any) -> dict[str, Any]:
    return {
        "Effect": effect,
        "Principal": principal,
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
        **more,
    }


POLICIES: list[tuple[str, dict[str, Any], str, str, str]] = [
    # Statement; then what a session may whose policy is about something else, whose policy allows it, and the owner.
    (
        "nothing about them",
        statement("Allow", {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}),
        "AccessDenied",
        "ok",
        "ok",
    ),
    ("its role, within the session policy", statement("Allow", {"AWS": ROLE}), "AccessDenied", "ok", "ok"),
    ("its session, beyond the session policy", statement("Allow", {"AWS": SESSION}), "ok", "ok", "ok"),
    ("everybody, beyond the session policy", statement("Allow", "*"), "ok", "ok", "ok"),
    ("everybody in AWS", statement("Allow", {"AWS": "*"}), "ok", "ok", "ok"),
    (
        "its account, which is what it has anyway",
        statement("Allow", {"AWS": ACCOUNT}),
        "AccessDenied",
        "ok",
        "ok",
    ),
    ("a deny of everybody", statement("Deny", "*"), "AccessDenied", "AccessDenied", "AccessDenied"),
    ("a deny of its role", statement("Deny", {"AWS": [ROLE]}), "AccessDenied", "AccessDenied", "ok"),
    (
        "a deny of its account",
        statement("Deny", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        "AccessDenied",
        "AccessDenied",
        "AccessDenied",
    ),
    (
        "a deny of all others",
        {
            **{k: v for k, v in statement("Deny", "").items() if k != "Principal"},
            "NotPrincipal": {"AWS": [ROLE, SESSION]},
        },
        "AccessDenied",
        "ok",
        "AccessDenied",
    ),
    (
        "a deny of another",
        statement("Deny", {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"}),
        "AccessDenied",
        "ok",
        "ok",
    ),
    (
        "a deny under a condition that does not hold",
        statement("Deny", "*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
        "AccessDenied",
        "ok",
        "ok",
    ),
    ("a service alone", statement("Allow", {"Service": "lambda.amazonaws.com"}), "AccessDenied", "ok", "ok"),
    (
        "an allow of all others",
        {
            **{k: v for k, v in statement("Allow", "").items() if k != "Principal"},
            "NotPrincipal": {"AWS": "x"},
        },
        "MalformedPolicy",
        "MalformedPolicy",
        "MalformedPolicy",
    ),
]


@pytest.mark.parametrize(
    ("policy", "narrow", "wide", "owner"), [pytest.param(*row[1:], id=row[0]) for row in POLICIES]
)
def test_a_buckets_policy_joins_in(
    site: Site, policy: dict[str, Any], narrow: str, wide: str, owner: str
) -> None:
    site.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=document(policy))
    for who, expected in (
        (site.session(allow("s3:ListBucket")), narrow),
        (site.session(allow("s3:GetObject", "s3:ListBucket")), wide),
        (site.aws.owner, owner),
    ):
        assert code_of(site.client("s3", who).get_object, **WHERE) == expected


def test_an_older_policy_has_no_variables(site: Site) -> None:
    older = {"Version": "2008-10-17", "Id": "x", "Statement": [statement("Allow", {"AWS": ROLE})]}
    site.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(older))
    assert code_of(site.client("s3", site.user()).get_object, **WHERE) == "ok"
    older["Statement"] = [statement("Deny", "*", Resource=f"arn:aws:s3:::{BUCKET}/${{aws:userid}}/*")]
    site.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(older))
    assert code_of(site.client("s3", site.user()).get_object, **WHERE) == "MalformedPolicy"


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param({"Version": "2012-10-17"}, id="no statements"),
        pytest.param(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]},
            id="no principal",
        ),
        pytest.param(
            {"Version": "2012-10-17", "Statement": [statement("Allow", 1)]}, id="a principal that is none"
        ),
        pytest.param(
            {"Version": "2012-10-17", "Statement": [statement("Maybe", "*")]}, id="an effect that is none"
        ),
    ],
)
def test_a_policy_that_cannot_be_judged_lets_nobody_in(site: Site, policy: dict[str, Any]) -> None:
    site.client("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
    for who in (site.user(), site.aws.owner):
        assert code_of(site.client("s3", who).get_object, **WHERE) == "MalformedPolicy"


def bounded(site: Site, name: str, boundary: Mapping[str, Any]) -> str:
    arn = site.put_role(name)
    made = site.client("iam").create_policy(PolicyName=f"{name}-boundary", PolicyDocument=document(boundary))
    site.client("iam").put_role_permissions_boundary(RoleName=name, PermissionsBoundary=made["Policy"]["Arn"])
    return arn


def test_a_boundary_limits_a_role_and_its_sessions(site: Site) -> None:
    arn = bounded(site, "bounded", allow("s3:GetObject", on=OBJECT))
    for statements in ((), (ALL,)):
        s3 = site.client("s3", site.session(*statements, role=arn))
        assert code_of(s3.get_object, **WHERE) == "ok"
        assert code_of(s3.get_object, Bucket=BUCKET, Key="home/u2/a") == "AccessDenied"
        assert site.aws.journal.lines[-1].why[0] == "denied: nothing in the boundary policy allows it"
    alone = site.session(role=arn)
    del state.of("iam", ACCOUNT, "aws").managed_policies[f"arn:aws:iam::{ACCOUNT}:policy/bounded-boundary"]
    assert code_of(site.client("s3", alone).get_object, **WHERE) == "AccessDenied"
    assert "does not exist" in site.aws.journal.lines[-1].why[0]


def test_a_session_can_do_no_more_than_its_role(site: Site) -> None:
    arn = site.put_role("small", allow("s3:GetObject", on=OBJECT))
    s3 = site.client("s3", site.session(allow("s3:*"), role=arn))
    assert code_of(s3.get_object, **WHERE) == "ok"
    assert code_of(s3.get_object, Bucket=BUCKET, Key="home/u2/a") == "AccessDenied"
    policy = document(allow("s3:GetObject", on=f"arn:aws:s3:::{BUCKET}/home/u2/*"))
    more = site.client("iam").create_policy(PolicyName="attached", PolicyDocument=policy)["Policy"]["Arn"]
    site.client("iam").attach_role_policy(RoleName="small", PolicyArn=more)
    assert code_of(s3.get_object, Bucket=BUCKET, Key="home/u2/a") == "ok"


def test_a_role_whose_policy_cannot_be_judged_does_nothing(site: Site) -> None:
    arn = site.put_role("older", allow("s3:GetObject"))
    older = {"Version": "2008-10-17", "Statement": [allow("s3:GetObject")]}
    state.of("iam", ACCOUNT, "aws").get_role("older").policies["permissions"] = json.dumps(older)
    with pytest.raises(ClientError, match="cannot be judged"):
        site.session(role=arn)


def test_another_accounts_bucket_is_nobodys_here(site: Site) -> None:
    from moto.s3.models import s3_backends

    s3_backends["210987654321"]["aws"].create_bucket("theirs", "eu-west-1")
    assert (
        code_of(site.client("s3", site.session(ALL)).get_object, Bucket="theirs", Key="a") == "AccessDenied"
    )


NAMES = [
    "a b",
    "a+b",
    "a%2Fb",
    "a#b",
    "a?versionId=x",
    "a&b=c",
    "ä/ö",
    "//x",
    "x//y",
    "x/../y",
    "./x",
    ".",
    "..",
    "x/",
    "a;b",
    "a:b",
    "*",
    "${*}",
    "\u200b",
    "x.us-west-2.amazonaws.com/y",
    "?",
    "'\"",
    "a\\b",
    "~",
    "=",
    "%",
    "%ff",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_key_is_one_key_to_everybody(site: Site, name: str) -> None:
    own, key = site.user(), f"home/u1/{name}"
    quoted = "/".join(quote(part, safe="-_.~") for part in key.split("/"))
    path = f"/{BUCKET}/{quoted}"
    assert send(site.aws, signed(site.aws, own, "PUT", path, body=name.encode())).status == 200
    bucket = state.of("s3", ACCOUNT, "aws").buckets[BUCKET]
    assert bucket.keys[key].value == name.encode()
    assert site.aws.journal.lines[-1].actions == (("s3:PutObject", f"arn:aws:s3:::{BUCKET}/{key}", True),)
    assert send(site.aws, signed(site.aws, own, path=path)).body == name.encode()
    assert send(site.aws, presigned(site.aws, own, path=path)).body == name.encode()
    copied = signed(site.aws, own, "PUT", f"/{BUCKET}/home/u1/copy", headers=[("X-Amz-Copy-Source", path)])
    assert send(site.aws, copied).status == 200
    assert bucket.keys["home/u1/copy"].value == name.encode()
    batch = site.client("s3", own).delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key}]})
    assert [each["Key"] for each in batch["Deleted"]] == [key]
    assert key not in bucket.keys
