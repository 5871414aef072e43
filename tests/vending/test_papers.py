"""The documents of `authorizer trust` and `authorizer revoke`: exact, enforced by moto, judged the same by the
engine."""

import json
import math
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import aioboto3
import boto3
import pytest
from moto.server import ThreadedMotoServer

from authorizer.deployment.revocation import revoke
from authorizer.deployment.trust import execution_policy, template, trust_policy
from authorizer.engine.document.document import parse_identity
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.errors import AssumeRoleDenied, CallerCredentialsRefused
from authorizer.model import Role, Shape
from authorizer.vending.request import assume_role_request
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.make import make_settings as made_settings
from tests.make import sample_settings
from tests.vending.factories import NOW, SUB, make_identity, make_policy, make_role, make_settings

AUTHORIZER = "arn:aws:iam::123456789012:role/service/papers-authorizer"
FULL = make_role(
    arn="arn:aws:iam::123456789012:role/papers-editor",
    session_tags={"tenant": "tenant", "user": "sub"},
    transitive_tags=("tenant",),
    source_identity="{sub}",
    external_id="partner/42",
)
ABROAD = make_role(name="partner", arn="arn:aws:iam::210987654321:role/partner")
OTHER = "arn:aws:iam::123456789012:role/papers-other"


def test_the_execution_role_may_assume_the_listed_roles_and_do_nothing_else() -> None:
    assert execution_policy(
        [FULL, ABROAD], table_arn="arn:aws:dynamodb:eu-central-1:123456789012:table/s"
    ) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AssumeTheListedRoles",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Resource": [FULL.arn, ABROAD.arn],
            },
            {
                "Sid": "TagTheirSessions",
                "Effect": "Allow",
                "Action": "sts:TagSession",
                "Resource": [FULL.arn],
            },
            {
                "Sid": "SetTheirSourceIdentity",
                "Effect": "Allow",
                "Action": "sts:SetSourceIdentity",
                "Resource": [FULL.arn],
            },
            {
                "Sid": "ShareSessions",
                "Effect": "Allow",
                "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
                "Resource": "arn:aws:dynamodb:eu-central-1:123456789012:table/s",
            },
        ],
    }


def test_a_role_trusts_the_authorizer_on_its_own_terms() -> None:
    who = {"AWS": AUTHORIZER}
    assert trust_policy(FULL, AUTHORIZER)["Statement"] == [
        {
            "Sid": "TheAuthorizerAlone",
            "Effect": "Allow",
            "Principal": who,
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"sts:ExternalId": "partner/42"},
                "StringLike": {
                    "aws:RequestTag/tenant": "?*",
                    "aws:RequestTag/user": "?*",
                    "sts:SourceIdentity": "?*",
                },
            },
        },
        {
            "Sid": "TheseTags",
            "Effect": "Allow",
            "Principal": who,
            "Action": "sts:TagSession",
            "Condition": {
                "ForAllValues:StringEquals": {
                    "aws:TagKeys": ["tenant", "user"],
                    "sts:TransitiveTagKeys": ["tenant"],
                }
            },
        },
        {
            "Sid": "ASourceIdentity",
            "Effect": "Allow",
            "Principal": who,
            "Action": "sts:SetSourceIdentity",
            "Condition": {"StringLike": {"sts:SourceIdentity": "?*"}},
        },
    ]


def test_a_role_without_terms_trusts_the_authorizer_for_assuming_alone() -> None:
    [statement] = trust_policy(make_role(), AUTHORIZER)["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    assert "Condition" not in statement


FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:papers-authorizer"
SIMPLE = f"{FUNCTION}-simple"


def judged(role: Role, action: str, *functions: str, **context: Any) -> bool:
    """The engine's verdict on a trust policy: as an identity policy of the one principal that it names."""
    document = trust_policy(role, AUTHORIZER, functions)
    for statement in document["Statement"]:
        assert statement.pop("Principal") == {"AWS": AUTHORIZER}
        statement["Resource"] = "*"
    request = AccessRequest(action=action, resource=role.arn, context=context)
    parsed = parse_identity(json.dumps(document))
    return evaluate(identity=[parsed], session=None, boundary=None, request=request).allowed


PASSED = {
    "sts:ExternalId": "partner/42",
    "aws:RequestTag/tenant": "acme",
    "aws:RequestTag/user": SUB,
    "aws:TagKeys": ["tenant", "user"],
    "sts:TransitiveTagKeys": ["tenant"],
    "sts:SourceIdentity": SUB,
}


@pytest.mark.parametrize(
    ("action", "change", "allowed"),
    [
        pytest.param("sts:AssumeRole", {}, True, id="what the authorizer sends is allowed"),
        pytest.param("sts:TagSession", {}, True, id="its tags are allowed"),
        pytest.param("sts:SetSourceIdentity", {}, True, id="its source identity is allowed"),
        pytest.param("sts:AssumeRole", {"sts:ExternalId": "other"}, False, id="another external id is not"),
        pytest.param("sts:AssumeRole", {"sts:ExternalId": None}, False, id="no external id is not"),
        pytest.param(
            "sts:AssumeRole", {"aws:RequestTag/tenant": None}, False, id="a session without its tag is not"
        ),
        pytest.param("sts:AssumeRole", {"aws:RequestTag/tenant": ""}, False, id="an empty tag is not"),
        pytest.param("sts:AssumeRole", {"sts:SourceIdentity": None}, False, id="no source identity is not"),
        pytest.param("sts:TagSession", {"aws:TagKeys": ["tenant", "x"]}, False, id="another tag is not"),
        pytest.param(
            "sts:TagSession", {"sts:TransitiveTagKeys": ["user"]}, False, id="another transitive tag is not"
        ),
        pytest.param("sts:AssumeRoleWithSAML", {}, False, id="another way to the role is not"),
    ],
)
def test_the_engine_says_the_same_of_the_trust_policy(
    action: str, change: dict[str, Any], allowed: bool
) -> None:
    context = {key: value for key, value in {**PASSED, **change}.items() if value is not None}
    assert judged(FULL, action, **context) is allowed


def test_without_transitive_tags_none_may_be_passed() -> None:
    role = make_role(session_tags={"tenant": "tenant"})
    passed = {"aws:RequestTag/tenant": "acme", "aws:TagKeys": ["tenant"]}
    assert judged(role, "sts:TagSession", **passed)
    assert not judged(role, "sts:TagSession", **passed, **{"sts:TransitiveTagKeys": ["tenant"]})


SOURCES = [
    pytest.param(FUNCTION, True, id="the function"),
    pytest.param(f"{FUNCTION}:live", True, id="were an alias ever behind it: the function"),
    pytest.param(SIMPLE, True, id="the second function"),
    pytest.param(f"{FUNCTION}2", False, id="a function of a longer name"),
    pytest.param(
        FUNCTION.replace("papers", "other"), False, id="another function of the same execution role"
    ),
    pytest.param(FUNCTION.replace("central", "west"), False, id="one of the same name elsewhere"),
]


@pytest.mark.parametrize(("source", "may"), SOURCES)
def test_of_all_functions_that_run_as_the_execution_role_only_the_given_ones_assume_roles(
    source: str, may: bool
) -> None:
    document = parse_identity(json.dumps(execution_policy([FULL, ABROAD], functions=[FUNCTION, SIMPLE])))
    # In one account what the role's trust allows needs no Allow of the caller's own: but a Deny it does not outdo.
    trusted = parse_identity(
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
    )
    for role in (FULL, ABROAD):
        context = {"lambda:SourceFunctionArn": source}
        request = AccessRequest(action="sts:AssumeRole", resource=role.arn, context=context)
        outcome = evaluate(identity=[document, trusted], session=None, boundary=None, request=request)
        assert outcome.verdict == ("allow" if may else "explicit deny")
    assert (
        judged(FULL, "sts:AssumeRole", FUNCTION, SIMPLE, **PASSED, **{"lambda:SourceFunctionArn": source})
        is may
    )


def test_credentials_of_the_execution_role_that_no_function_holds_assume_nothing() -> None:
    document = parse_identity(json.dumps(execution_policy([FULL], functions=[FUNCTION])))
    request = AccessRequest(action="sts:AssumeRole", resource=FULL.arn)
    outcome = evaluate(identity=[document], session=None, boundary=None, request=request)
    assert outcome.verdict == "explicit deny"


def test_a_trust_policy_in_which_aws_does_not_show_the_function_locks_nobody_out() -> None:
    """AWS says that resource-based policies cannot use the key; the execution role's Deny is what binds."""
    assert judged(FULL, "sts:AssumeRole", FUNCTION, **PASSED)
    assert judged(FULL, "sts:TagSession", FUNCTION, **PASSED)


def test_the_engine_says_that_only_listed_roles_can_be_assumed() -> None:
    document = parse_identity(json.dumps(execution_policy([FULL, ABROAD])))

    def may(action: str, arn: str) -> bool:
        request = AccessRequest(action=action, resource=arn)
        return evaluate(identity=[document], session=None, boundary=None, request=request).allowed

    assert may("sts:AssumeRole", FULL.arn)
    assert may("sts:AssumeRole", ABROAD.arn)
    assert may("sts:TagSession", FULL.arn)
    assert not may("sts:AssumeRole", OTHER)
    assert not may("sts:AssumeRole", FULL.arn + "2")
    assert not may("sts:TagSession", ABROAD.arn)
    assert not may("iam:PassRole", FULL.arn)


OWN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}],
}
ROLE_POLICIES = dict.fromkeys(("editor", "partner", "a-b", "a_b", "aé.b"), OWN)


def test_cloudformation_at_home_has_the_roles_and_the_execution_policy() -> None:
    home = template([FULL, ABROAD], AUTHORIZER, "123456789012", role_policies=ROLE_POLICIES)["Resources"]
    assert sorted(home) == ["EditorRole", "ExecutionPolicy"]
    assert home["ExecutionPolicy"]["Properties"]["Roles"] == ["papers-authorizer"]
    assert home["EditorRole"]["Properties"]["AssumeRolePolicyDocument"] == trust_policy(FULL, AUTHORIZER)
    assert home["EditorRole"]["Properties"]["Policies"] == [
        {"PolicyName": "what-templates-allow", "PolicyDocument": OWN}
    ]


def test_cloudformation_has_the_functions_and_the_table_where_they_are_given() -> None:
    table = "arn:aws:dynamodb:eu-central-1:123456789012:table/s"
    made = template(
        [FULL],
        AUTHORIZER,
        "123456789012",
        role_policies=ROLE_POLICIES,
        functions=[FUNCTION],
        table_arn=table,
    )["Resources"]
    assert made["EditorRole"]["Properties"]["AssumeRolePolicyDocument"] == trust_policy(
        FULL, AUTHORIZER, [FUNCTION]
    )
    assert made["ExecutionPolicy"]["Properties"]["PolicyDocument"] == execution_policy(
        [FULL], table_arn=table, functions=[FUNCTION]
    )


def test_no_role_takes_another_s_place_in_the_template() -> None:
    names = ("a-b", "a_b", "aé.b")
    roles = [replace(FULL, name=name, arn=f"{FULL.arn}{number}") for number, name in enumerate(names)]
    made = template(roles, AUTHORIZER, "123456789012", role_policies=ROLE_POLICIES)["Resources"]
    assert {entry["Properties"].get("RoleName") for entry in made.values()} >= {
        role.arn.rpartition("/")[2] for role in roles
    }
    assert all(name.isascii() and name.isalnum() for name in made)


def test_cloudformation_abroad_has_that_accounts_roles_alone() -> None:
    abroad = template([FULL, ABROAD], AUTHORIZER, "210987654321", role_policies=ROLE_POLICIES)["Resources"]
    assert sorted(abroad) == ["PartnerRole"]
    assert abroad["PartnerRole"]["Properties"]["Path"] == "/"


# ── moto with IAM enforcement ────────────────────────────────────────────────────────────────────────────────────────
# It checks signatures, the caller's policies, and of a trust policy the principal and the external id. It knows a
# role's session by another ARN than its role's, and no tags in conditions: so here the authorizer is an IAM user, and
# the tags' conditions are the engine's to judge, above.

SERVICE = "arn:aws:iam::123456789012:user/papers-authorizer"
LISTED = make_role(
    name="listed", arn="arn:aws:iam::123456789012:role/papers-listed", external_id="partner/42"
)
ANYBODY = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
}


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def enforced(moto: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[aioboto3.Session]:
    """An account with the authorizer's papers in it, and a session of the authorizer."""
    for name in ("STS", "IAM"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", moto)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    iam = boto3.client("iam")
    user = "papers-authorizer"
    iam.create_user(UserName=user)
    papers = execution_policy([LISTED, ABROAD])
    iam.put_user_policy(UserName=user, PolicyName="papers", PolicyDocument=json.dumps(papers))
    keys = iam.create_access_key(UserName=user)["AccessKey"]
    trusts = {"papers-listed": trust_policy(LISTED, SERVICE), "papers-other": ANYBODY}
    for name, document in trusts.items():
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    yield aioboto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        region_name="eu-central-1",
    )
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", math.inf)
    for name in trusts:
        iam.delete_role(RoleName=name)
    iam.delete_access_key(UserName=user, AccessKeyId=keys["AccessKeyId"])
    iam.delete_user_policy(UserName=user, PolicyName="papers")
    iam.delete_user(UserName=user)


async def vended(session: aioboto3.Session, role: Role) -> str:
    vendor = Vendor(make_settings(role=role), session=session)
    try:
        now = time.time()  # moto has no clock of its own
        return (
            await vendor.vend(
                make_identity(role=role), make_policy(), Shape.REST_REQUEST, now, Deadline.after(8)
            )
        ).role_arn
    finally:
        await vendor.close()


async def test_with_its_papers_the_authorizer_assumes_the_listed_roles(enforced: aioboto3.Session) -> None:
    assert await vended(enforced, LISTED) == LISTED.arn
    assert await vended(enforced, ABROAD) == ABROAD.arn


@pytest.mark.parametrize(
    "role",
    [
        pytest.param(
            make_role(name="other", arn=OTHER),
            id="a role that access.toml does not list, though it trusts all",
        ),
        pytest.param(replace(LISTED, external_id="partner/43"), id="a listed role under another external id"),
    ],
)
async def test_with_its_papers_the_authorizer_assumes_nothing_else(
    enforced: aioboto3.Session, role: Role
) -> None:
    with pytest.raises(AssumeRoleDenied) as denied:
        await vended(enforced, role)
    assert denied.value.role_arn == role.arn


async def test_somebody_else_of_the_account_cannot_assume_a_listed_role(
    enforced: aioboto3.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even with a policy that allows it: the role trusts the authorizer alone."""
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", math.inf)
    iam = boto3.client("iam")
    user = "papers-stranger"
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(execution_policy([LISTED])))
    keys = iam.create_access_key(UserName=user)["AccessKey"]
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", 0)
    stranger = aioboto3.Session(
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        region_name="eu-central-1",
    )
    with pytest.raises(AssumeRoleDenied):
        await vended(stranger, LISTED)
    monkeypatch.setattr("moto.settings.INITIAL_NO_AUTH_ACTION_COUNT", math.inf)
    iam.delete_access_key(UserName=user, AccessKeyId=keys["AccessKeyId"])
    iam.delete_user_policy(UserName=user, PolicyName="p")
    iam.delete_user(UserName=user)


async def test_a_wrong_secret_is_refused_by_name(enforced: aioboto3.Session) -> None:
    keys = await (await enforced.get_credentials()).get_frozen_credentials()
    forged = aioboto3.Session(
        aws_access_key_id=keys.access_key, aws_secret_access_key="forged", region_name="eu-central-1"
    )
    with pytest.raises(CallerCredentialsRefused):
        await vended(forged, LISTED)


# ── Revocation ───────────────────────────────────────────────────────────────────────────────────────────────────────


def conditions(**arguments: Any) -> dict[str, Any]:
    made = revoke(sample_settings(), **{"claim": None, "value": None, "before": None, **arguments})
    return {deny.role.name: deny.policy["Statement"][0]["Condition"] for deny in made.denies}


def test_a_tenant_is_denied_by_its_tag() -> None:
    tag = {"StringEquals": {"aws:PrincipalTag/tenant": "acme"}}
    assert conditions(claim="tenant", value="acme") == {"viewer": tag, "editor": tag, "admin": tag}
    assert revoke(sample_settings(), claim="tenant", value="acme", before=None).unreachable == ("importer",)


def test_a_user_is_denied_by_the_tag_and_where_there_is_none_by_the_session_name() -> None:
    name = {"StringLike": {"aws:userid": f"*:{SUB}"}}
    tag = {"StringEquals": {"aws:PrincipalTag/sub": SUB}}
    assert conditions(claim="sub", value=SUB) == {"viewer": name, "editor": tag, "admin": name}


def test_a_user_is_denied_by_the_source_identity_where_the_session_has_another_name() -> None:
    role = {"source_identity": "{sub}", "session_name": "{tenant}.{sub}", "session_tags": None}
    made = revoke(made_settings(roles={"editor": role}), claim="sub", value=SUB, before=None)
    [condition] = [
        deny.policy["Statement"][0]["Condition"] for deny in made.denies if deny.role.name == "editor"
    ]
    assert condition == {"StringEquals": {"aws:SourceIdentity": SUB}}


def test_a_user_is_denied_by_the_whole_text_that_has_one_claim_in_it() -> None:
    role = {"source_identity": "app-{sub}", "session_tags": None}
    settings = made_settings(roles={"editor": role, "admin": {"session_name": "x.{sub}"}})
    made = revoke(settings, claim="sub", value=SUB, before=None)
    found = {deny.role.name: deny.policy["Statement"][0]["Condition"] for deny in made.denies}
    assert found["editor"] == {"StringEquals": {"aws:SourceIdentity": f"app-{SUB}"}}
    assert found["admin"] == {"StringLike": {"aws:userid": f"*:x.{SUB}"}}


@pytest.mark.parametrize("name", ["{sub}", "u-{sub}"])
def test_what_denies_a_session_is_the_name_that_it_was_given(name: str) -> None:
    named = {"session_name": name, "source_identity": name, "session_tags": None}
    settings = made_settings(claims={"sub": {"type": "opaque"}}, roles={"editor": named})
    role = settings.roles["editor"]
    for who in (SUB, "ada lovelace", "x" * 64, "a"):
        request = assume_role_request(make_identity(role=role, principal=who), make_policy())
        [deny] = [
            deny for deny in revoke(settings, claim="sub", value=who, before=None).denies if deny.role is role
        ]
        condition = deny.policy["Statement"][0]["Condition"]
        assert condition == {"StringEquals": {"aws:SourceIdentity": request.source_identity}}


def test_a_revocation_is_named_by_what_it_says() -> None:
    settings = sample_settings()

    def names(**arguments: Any) -> set[str]:
        made = revoke(settings, **{"claim": "tenant", "value": "acme", "before": NOW, **arguments})
        return {deny.name for deny in made.denies}

    [name] = names()
    assert re.fullmatch(r"RevokedSessions-[0-9a-f]{32}", name)
    assert names() == {name}
    for other in ({"value": "globex"}, {"before": NOW + 1}, {"before": None}, {"claim": "sub", "value": SUB}):
        assert name not in names(**other)


def test_everybody_is_denied_by_the_time_of_issue() -> None:
    when = {"DateLessThan": {"aws:TokenIssueTime": "2027-01-15T08:00:01Z"}}
    assert conditions(before=NOW) == dict.fromkeys(sample_settings().roles, when)


@pytest.mark.parametrize(
    ("tenant", "issued", "denied"),
    [
        pytest.param("acme", "2027-01-15T07:59:59Z", True, id="the tenant's session from before"),
        pytest.param("acme", "2027-01-15T08:00:00Z", True, id="the tenant's session of the same second"),
        pytest.param("acme", "2027-01-15T08:00:01Z", False, id="the tenant's session from after"),
        pytest.param("other", "2027-01-15T07:59:59Z", False, id="another tenant's session"),
    ],
)
def test_the_engine_denies_the_revoked_sessions_alone(tenant: str, issued: str, denied: bool) -> None:
    policy = revoke(sample_settings(), claim="tenant", value="acme", before=NOW).denies[1].policy
    everything = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
    request = AccessRequest(
        action="s3:GetObject",
        resource="arn:aws:s3:::bucket/key",
        context={"aws:PrincipalTag/tenant": tenant, "aws:TokenIssueTime": issued},
    )
    identity = [parse_identity(everything), parse_identity(json.dumps(policy))]
    outcome = evaluate(identity=identity, session=None, boundary=None, request=request)
    assert outcome.verdict == ("explicit deny" if denied else "allow")
