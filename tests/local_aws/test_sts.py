"""The local STS: what AWS's checks, in its order and with its errors; and what a session then is."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from authorizer.local_aws import Principal
from tests.local_aws.conftest import Site
from tests.local_aws.world import ACCOUNT, ALL, ROLE, document

ROOT = f"arn:aws:iam::{ACCOUNT}:root"
GOOD: Mapping[str, Any] = {"RoleArn": ROLE, "RoleSessionName": "me"}
READ = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::example-data/home/u1/*"}


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def refused(site: Site, who: Principal | None = None, **asked: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as error:
        site.client("sts", who, parameter_validation=False).assume_role(**{**GOOD, **asked})
    told = error.value.response
    return told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"], told["Error"]["Message"]


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "a session name with a space",
        {"RoleSessionName": "a b"},
        "ValidationError",
        "Value 'a b' at 'roleSessionName' failed to satisfy constraint",
    ),
    (
        "a session name of one letter",
        {"RoleSessionName": "a"},
        "ValidationError",
        "length greater than or equal to 2",
    ),
    (
        "a session name of 65",
        {"RoleSessionName": "a" * 65},
        "ValidationError",
        "length less than or equal to 64",
    ),
    ("a session name in Cyrillic", {"RoleSessionName": "имя"}, "ValidationError", "regular expression"),
    ("a role that is no ARN", {"RoleArn": "admin"}, "ValidationError", "at 'roleArn'"),
    (
        "two things at once",
        {"RoleArn": "admin", "RoleSessionName": "a b"},
        "ValidationError",
        "2 validation errors detected",
    ),
    ("899 seconds", {"DurationSeconds": 899}, "ValidationError", "greater than or equal to 900"),
    (
        "43,201 seconds",
        {"DurationSeconds": 43201},
        "ValidationError",
        "Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to "
        "43200",
    ),
    (
        "more than the role allows",
        {"DurationSeconds": 3601},
        "ValidationError",
        "exceeds the MaxSessionDuration set for this role",
    ),
    (
        "a policy of 2,049 characters",
        {"Policy": document(READ) + " " * (2049 - len(document(READ)))},
        "ValidationError",
        "length less than or equal to 2048",
    ),
    (
        "a policy and an ARN beyond it",
        {
            "Policy": document(READ) + " " * (2040 - len(document(READ))),
            "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}],
        },
        "ValidationError",
        "length less than or equal to 2048",
    ),
    (
        "a policy beyond Latin-1",
        {"Policy": document({**READ, "Sid": "ф"}).replace("\\u0444", "ф")},
        "ValidationError",
        "at 'policy'",
    ),
    ("a policy that is no JSON", {"Policy": "{"}, "MalformedPolicyDocument", "not JSON"),
    (
        "a policy with a principal",
        {"Policy": document({**READ, "Principal": "*"})},
        "MalformedPolicyDocument",
        "Principal",
    ),
    (
        "a managed policy that is not there",
        {"PolicyArns": [{"arn": f"arn:aws:iam::{ACCOUNT}:policy/none"}]},
        "MalformedPolicyDocument",
        "does not exist",
    ),
    ("an external id with a space", {"ExternalId": "a b"}, "ValidationError", "at 'externalId'"),
    ("a source identity of one letter", {"SourceIdentity": "a"}, "ValidationError", "at 'sourceIdentity'"),
    ("a source identity of AWS's", {"SourceIdentity": "aws:me"}, "ValidationError", "at 'sourceIdentity'"),
    (
        "51 tags",
        {"Tags": tags(**{f"t{n}": "v" for n in range(51)})},
        "ValidationError",
        "less than or equal to 50",
    ),
    ("a star in a tag", {"Tags": tags(tenant="*")}, "ValidationError", "at 'tags.1.member.value'"),
    (
        "a tag's name with a comma",
        {"Tags": [{"Key": "a,b", "Value": "v"}]},
        "ValidationError",
        "at 'tags.1.member.key'",
    ),
    (
        "a tag of AWS's",
        {"Tags": [{"Key": "aws:x", "Value": "v"}]},
        "ValidationError",
        "must not begin with aws:",
    ),
    (
        "a tag twice but for its case",
        {"Tags": [*tags(Tenant="a"), *tags(tenant="b")]},
        "InvalidParameterValue",
        "Duplicate tag keys found",
    ),
    (
        "a transitive tag that is none",
        {"TransitiveTagKeys": ["x"]},
        "InvalidParameterValue",
        "transitive tag key",
    ),
    (
        "a device",
        {"SerialNumber": "arn:aws:iam::1:mfa/x", "TokenCode": "123456"},
        "ValidationError",
        "knows nothing of SerialNumber, TokenCode",
    ),
]


@pytest.mark.parametrize(("asked", "code", "text"), [pytest.param(*row, id=name) for name, *row in WRONG])
def test_a_request_that_sts_does_not_take_is_refused_in_its_words(
    site: Site, asked: dict[str, Any], code: str, text: str
) -> None:
    got, status, message = refused(site, **asked)
    assert (got, status) == (code, 400)
    assert text in message


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(document(READ), id="compact"),
        pytest.param(document(READ) + " " * (2048 - len(document(READ))), id="of 2,048 characters"),
    ],
)
def test_a_policy_that_fits_is_taken_and_its_size_told(site: Site, policy: str) -> None:
    made = site.client("sts").assume_role(**GOOD, Policy=policy)
    assert made["PackedPolicySize"] == -(-100 * len(policy) // 2048)
    assert "PackedPolicySize" not in site.client("sts").assume_role(**GOOD)
    assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/caller/me"
    assert made["AssumedRoleUser"]["AssumedRoleId"].endswith(":me")


def trusting(site: Site, name: str, *statements: Mapping[str, Any]) -> str:
    """A role with this trust policy."""
    made = site.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(*statements))
    site.client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(ALL))
    return str(made["Role"]["Arn"])


def trust(principal: str, *actions: str, **conditions: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": principal},
        "Action": list(actions or ("sts:AssumeRole",)),
    }
    return {**made, "Condition": conditions} if conditions else made


FUNCTION = f"arn:aws:iam::{ACCOUNT}:role/function"
EVERY = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
TRUSTED: list[tuple[str, list[dict[str, Any]], dict[str, Any], bool]] = [
    ("its role", [trust(FUNCTION)], {}, True),
    ("another role", [trust(f"arn:aws:iam::{ACCOUNT}:role/other")], {}, False),
    ("its session", [trust(f"arn:aws:sts::{ACCOUNT}:assumed-role/function/me")], {}, True),
    ("everybody", [trust("*")], {}, True),
    (
        "a service",
        [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        {},
        False,
    ),
    ("its role, but for this", [trust(FUNCTION), {**trust(FUNCTION), "Effect": "Deny"}], {}, False),
    (
        "all but it, denied",
        [trust(FUNCTION), {"Effect": "Deny", "NotPrincipal": {"AWS": FUNCTION}, "Action": "sts:*"}],
        {},
        True,
    ),
    ("tags without leave", [trust(FUNCTION)], {"Tags": tags(a="b")}, False),
    ("tags with leave", [trust(FUNCTION, *EVERY)], {"Tags": tags(a="b")}, True),
    ("a source without leave", [trust(FUNCTION)], {"SourceIdentity": "erin"}, False),
    ("a source with leave", [trust(FUNCTION, *EVERY)], {"SourceIdentity": "erin"}, True),
    ("an external id that is not said", [trust(FUNCTION, StringEquals={"sts:ExternalId": "x1"})], {}, False),
    (
        "another external id",
        [trust(FUNCTION, StringEquals={"sts:ExternalId": "x1"})],
        {"ExternalId": "x2"},
        False,
    ),
    ("its external id", [trust(FUNCTION, StringEquals={"sts:ExternalId": "x1"})], {"ExternalId": "x1"}, True),
    ("another session name", [trust(FUNCTION, StringLike={"sts:RoleSessionName": "u-*"})], {}, False),
    (
        "its session name",
        [trust(FUNCTION, StringLike={"sts:RoleSessionName": "u-*"})],
        {"RoleSessionName": "u-1"},
        True,
    ),
    (
        "a tag that must be there",
        [trust(FUNCTION, *EVERY, Null={"aws:RequestTag/tenant": "false"})],
        {},
        False,
    ),
    (
        "a tag that is there",
        [trust(FUNCTION, *EVERY, Null={"aws:RequestTag/tenant": "false"})],
        {"Tags": tags(tenant="t")},
        True,
    ),
    (
        "a tag's value",
        [trust(FUNCTION, *EVERY, StringEquals={"aws:RequestTag/tenant": "u"})],
        {"Tags": tags(tenant="t")},
        False,
    ),
    (
        "a tag too many",
        [trust(FUNCTION, *EVERY, **{"ForAllValues:StringEquals": {"aws:TagKeys": ["tenant"]}})],
        {"Tags": tags(tenant="t", admin="y")},
        False,
    ),
    (
        "a source identity's value",
        [trust(FUNCTION, *EVERY, StringEquals={"sts:SourceIdentity": "ada"})],
        {"SourceIdentity": "erin"},
        False,
    ),
    (
        "a transitive tag that is not liked",
        [trust(FUNCTION, *EVERY, Null={"sts:TransitiveTagKeys": "true"})],
        {"Tags": tags(a="b"), "TransitiveTagKeys": ["a"]},
        False,
    ),
    ("a key that nobody fills", [trust(FUNCTION, StringNotEquals={"aws:SomethingNew": "x"})], {}, False),
]


@pytest.mark.parametrize(
    ("number", "statements", "asked", "taken"),
    [pytest.param(number, *row, id=name) for number, (name, *row) in enumerate(TRUSTED)],
)
def test_a_role_is_assumed_by_whom_it_trusts(
    site: Site, number: int, statements: list[dict[str, Any]], asked: dict[str, Any], taken: bool
) -> None:
    arn = trusting(site, f"trusting-{number}", *statements)
    function = site.session(role=_function(site))
    if taken:
        made = site.client("sts", function).assume_role(**{**GOOD, "RoleArn": arn, **asked})
        assert made["Credentials"]["AccessKeyId"].startswith("ASIA")
        return
    code, status, message = refused(site, function, RoleArn=arn, **asked)
    assert (code, status) == ("AccessDenied", 403)
    assert message.startswith(f"User: {function.arn} is not authorized to perform: sts:")


def _function(site: Site, *statements: Mapping[str, Any]) -> str:
    names = {role["RoleName"] for role in site.client("iam").list_roles()["Roles"]}
    return FUNCTION if "function" in names else site.put_role("function", *statements)


def test_a_role_that_is_not_there_is_refused_as_one_that_does_not_trust(site: Site) -> None:
    function = site.session(role=_function(site))
    distrusting = trusting(site, "distrusting", trust(f"arn:aws:iam::{ACCOUNT}:role/other"))
    absent = f"arn:aws:iam::{ACCOUNT}:role/absent"
    told = [refused(site, function, RoleArn=arn)[2].replace(arn, "") for arn in (absent, distrusting)]
    assert told[0] == told[1]


def test_a_trust_of_the_account_asks_the_callers_own_policies_too(site: Site) -> None:
    arn = trusting(site, "accounts", trust(ROOT))
    weak = site.session(role=site.put_role("weak", READ))
    assert refused(site, weak, RoleArn=arn)[0] == "AccessDenied"
    strong = site.session(role=site.put_role("strong", {**ALL, "Action": "sts:AssumeRole"}))
    site.client("sts", strong).assume_role(**{**GOOD, "RoleArn": arn})
    narrowed = site.session(READ, role=f"arn:aws:iam::{ACCOUNT}:role/strong")
    assert refused(site, narrowed, RoleArn=arn)[0] == "AccessDenied"


def test_a_session_of_a_session_lasts_an_hour_at_most(site: Site) -> None:
    _function(site)
    arn = trusting(site, "long", trust(FUNCTION), trust(ROOT))
    site.client("iam").update_role(RoleName="long", MaxSessionDuration=43200)
    function = site.session(role=FUNCTION)
    site.client("sts").assume_role(**{**GOOD, "RoleArn": arn, "DurationSeconds": 43200})
    code, status, message = refused(site, function, RoleArn=arn, DurationSeconds=3601)
    assert (code, status) == ("ValidationError", 400)
    assert message == (
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    )
    site.client("sts", function).assume_role(**{**GOOD, "RoleArn": arn, "DurationSeconds": 3600})


def test_source_identity_and_transitive_tags_go_along_and_cannot_be_changed(site: Site) -> None:
    _function(site)
    arn = trusting(site, "chained", trust("*", *EVERY))
    first = site.session(
        role=arn, SourceIdentity="erin", Tags=tags(tenant="acme", colour="red"), TransitiveTagKeys=["tenant"]
    )
    again = {**GOOD, "RoleArn": arn}
    second = site.client("sts", first).assume_role(**again)
    assert second["SourceIdentity"] == "erin"
    found = site.aws._principals.find(second["Credentials"]["AccessKeyId"])
    assert found is not None
    assert (found.source_identity, dict(found.tags)) == ("erin", {"tenant": "acme"})
    assert refused(site, first, RoleArn=arn, SourceIdentity="ada")[::2] == (
        "ValidationError",
        "The source identity is already set for this assume role session",
    )
    assert refused(site, first, RoleArn=arn, Tags=tags(Tenant="globex"))[0] == "InvalidParameterValue"


def test_managed_session_policies_are_joined_with_the_inline_one(site: Site) -> None:
    iam = site.client("iam")
    other = {**READ, "Resource": "arn:aws:s3:::example-data/home/u2/*"}
    arn = iam.create_policy(PolicyName="more", PolicyDocument=document(other))["Policy"]["Arn"]
    s3 = site.client("s3", site.session(READ, PolicyArns=[{"arn": arn}]))
    assert s3.get_object(Bucket="example-data", Key="home/u1/a")["Body"].read() == b"home/u1/a"
    assert s3.get_object(Bucket="example-data", Key="home/u2/a")["Body"].read() == b"home/u2/a"
    with pytest.raises(ClientError):
        s3.get_object(Bucket="example-data", Key="public/a")


def test_everybody_may_ask_who_they_are(site: Site) -> None:
    user = site.session({"Effect": "Deny", "Action": "*", "Resource": "*"})
    told = site.client("sts", user).get_caller_identity()
    assert (told["Arn"], told["Account"]) == (f"arn:aws:sts::{ACCOUNT}:assumed-role/caller/me", ACCOUNT)
    assert site.client("sts").get_caller_identity()["Arn"] == ROOT


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        ("get_session_token", {}),
        ("get_federation_token", {"Name": "erin"}),
        ("decode_authorization_message", {"EncodedMessage": "x"}),
    ],
)
def test_what_else_sts_has_is_refused_to_sessions_by_name(
    site: Site, operation: str, asked: dict[str, str]
) -> None:
    with pytest.raises(ClientError, match="does not translate sts:"):
        getattr(site.client("sts", site.session()), operation)(**asked)


def test_a_trust_policy_that_cannot_be_judged_trusts_nobody(site: Site) -> None:
    arn = trusting(site, "odd", trust(ROOT))
    from authorizer.local_aws import state

    state.of("iam", ACCOUNT, "aws").get_role("odd").assume_role_policy_document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": "*"},
        }
    )
    assert refused(site, RoleArn=arn)[0] == "MalformedPolicy"
