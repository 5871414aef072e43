"""The roles of the deployment: whom each trusts, what it may do, and that it keeps callers apart by itself."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from authorizer.deployment.trust import Policy, execution_policy, trust_policy
from authorizer.engine.document.document import parse_identity, parse_session
from authorizer.engine.document.statement import Document
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from tests.deploy.sam import chosen, resolve, resources, template
from tests.make import sample_access, sample_environment, sample_settings

TEMPLATE = template("template.yaml")
ATTACH = template("attach.yaml")
EXECUTION_ROLE = "arn:aws:iam::123456789012:role/authorizer"
PLACE = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "sample",
}
ROLES = sample_settings().roles
ENVIRONMENT = sample_environment()
BUCKET = f"arn:aws:s3:::{ENVIRONMENT['DATA_BUCKET']}"
TABLE = f"arn:aws:dynamodb:{ENVIRONMENT['AWS_REGION']}:{ENVIRONMENT['ACCOUNT_ID']}:table/{ENVIRONMENT['DATA_TABLE']}"


def known_values() -> dict[str, str]:
    """What the templates' references come to."""
    known = {"AuthorizerRole.Arn": EXECUTION_ROLE, "DataBucket.Arn": BUCKET, "DataTable.Arn": TABLE, **PLACE}
    for role in ROLES.values():
        known |= {f"{role.name.title()}Role.Arn": role.arn, f"{role.name.title()}RoleArn": role.arn}
    return known


def functions_of(tree: dict[str, Any]) -> list[str]:
    """The ARNs of the authorizer functions, by the names that the template gives them; each with its versions."""
    made = resources(tree, "AWS::Serverless::Function")
    return [
        f"arn:aws:lambda:eu-west-1:123456789012:function:{resolve(made[name]['FunctionName'], PLACE)}{versions}"
        for name in ("AuthorizerFunction", "SimpleAuthorizerFunction")
        if name in made
        for versions in ("", ":*")
    ]


def identity_of(name: str) -> list[Document]:
    """The policies that the deployment gives a role."""
    policies = TEMPLATE["Resources"][f"{name.title()}Role"]["Properties"]["Policies"]
    return [
        parse_identity(json.dumps(resolve(policy["PolicyDocument"], known_values()))) for policy in policies
    ]


# ── Who may assume what ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "tree", [pytest.param(TEMPLATE, id="template.yaml"), pytest.param(ATTACH, id="attach.yaml")]
)
def test_the_execution_role_may_write_its_logs_and_what_authorizer_trust_prints(tree: dict[str, Any]) -> None:
    role = chosen(tree["Resources"]["AuthorizerRole"]["Properties"], ())
    assert "ManagedPolicyArns" not in role
    beside = {
        **resources(tree, "AWS::IAM::RolePolicy"),
        **resources(tree, "AWS::IAM::Policy"),
    }
    policies = [*role["Policies"], beside["AuthorizerMayVend"]]
    by_name = {policy["PolicyName"]: policy["PolicyDocument"] for policy in policies}
    assert set(by_name) == {"write-own-logs", "assume-vend-roles"}
    [logs] = by_name["write-own-logs"]["Statement"]
    assert logs["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert logs["Resource"] == {"Fn::GetAtt": "AuthorizerLogs.Arn"}
    statements = resolve(by_name["assume-vend-roles"], known_values())["Statement"]
    # What is generated has them in the order of access.toml.
    *allowed, denied = [{**one, "Resource": sorted(one["Resource"])} for one in statements]
    assert allowed == execution_policy(ROLES.values())["Statement"]
    # AWS supports the key in identity-based policies, where a Deny also stops whom the trust would let in (Lambda
    # Developer Guide, "Using source function ARN to control function access behavior").
    assert denied == {
        "Sid": "NoOtherFunction",
        "Effect": "Deny",
        "Action": "sts:AssumeRole",
        "Resource": sorted(role.arn for role in ROLES.values()),
        "Condition": {"ArnNotEquals": {"lambda:SourceFunctionArn": functions_of(tree)}},
    }


@pytest.mark.parametrize(
    "source", [None, *functions_of(TEMPLATE), "arn:aws:lambda:eu-west-1:123456789012:function:other"]
)
def test_another_function_with_the_execution_role_assumes_nothing(source: str | None) -> None:
    policy = TEMPLATE["Resources"]["AuthorizerMayVend"]["Properties"]["PolicyDocument"]
    outcome = evaluate(
        identity=[parse_identity(json.dumps(resolve(policy, known_values())))],
        session=None,
        boundary=None,
        request=AccessRequest(
            action="sts:AssumeRole",
            resource=ROLES["editor"].arn,
            context={"lambda:SourceFunctionArn": source.replace("*", "7")} if source else {},
        ),
    )
    ours = source in functions_of(TEMPLATE)
    assert outcome.verdict == ("allow" if ours else "explicit deny")


@pytest.mark.parametrize("name", list(ROLES))
def test_vended_roles_have_the_trust_that_authorizer_trust_prints(name: str) -> None:
    deployed = TEMPLATE["Resources"][f"{name.title()}Role"]["Properties"]["AssumeRolePolicyDocument"]
    expected: Policy = trust_policy(ROLES[name], EXECUTION_ROLE)
    # A trust policy is resource-based, and AWS does not say that it sees this key: so where it exists.
    terms = expected["Statement"][0].setdefault("Condition", {})
    terms["ArnEqualsIfExists"] = {"lambda:SourceFunctionArn": functions_of(TEMPLATE)}
    assert resolve(deployed, known_values()) == expected


def test_the_backend_has_no_permission_on_data() -> None:
    [policy] = TEMPLATE["Resources"]["BackendRole"]["Properties"]["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]


def test_roles_live_as_long_as_their_sessions() -> None:
    for role in ROLES.values():
        deployed = TEMPLATE["Resources"][f"{role.name.title()}Role"]["Properties"]
        assert deployed["MaxSessionDuration"] >= role.duration


# ── What a session may do, with its session policy and without ───────────────────────────────────────────────────────

ALL_SCOPES = frozenset(sample_settings().scopes)
CALLER = {
    "sub": "11111111-1111-4111-8111-111111111111",
    "tenant": "acme",
    "client": "1example23456789machine",
}
STRANGER = {
    "sub": "22222222-2222-4222-8222-222222222222",
    "tenant": "globex",
    "client": "1example23456789other",
}


def tags_of(name: str, values: Mapping[str, str]) -> dict[str, str]:
    """The session tags that the authorizer passes for a caller, as condition keys."""
    return {f"aws:PrincipalTag/{key}": values[claim] for key, claim in ROLES[name].session_tags.items()}


def promised(name: str, values: Mapping[str, str], scopes: frozenset[str]) -> Iterator[AccessRequest]:
    """A request for everything that a caller's session policy allows."""
    text = sample_access().templates.render(ROLES[name].policies, values, scopes=scopes)
    for statement in parse_session(text).statements:
        for action in statement.actions:
            for resource in statement.resources:
                yield AccessRequest(
                    action=action,
                    resource=resource.replace("*", "item"),
                    context={
                        condition.key: condition.values[0].replace("*", "item")
                        for condition in statement.conditions
                        if condition.operator != "Null"
                    },
                )


def allowed(name: str, request: AccessRequest, tags: Mapping[str, str]) -> bool:
    """Whether a session of the role, **without any session policy**, may do it."""
    whole = AccessRequest(
        action=request.action, resource=request.resource, context={**request.context, **tags}
    )
    return evaluate(identity=identity_of(name), session=None, boundary=None, request=whole).allowed


@pytest.mark.parametrize("group", [*sample_settings().groups, "importer"])
def test_a_role_allows_all_that_its_session_policies_promise(group: str) -> None:
    settings = sample_settings()
    known = settings.groups.get(group)
    scopes = frozenset(known.scopes) if known else frozenset({"imports/write"})
    name = str(known.role) if known else "importer"
    requests = list(promised(name, CALLER, scopes))
    assert requests
    for request in requests:
        assert allowed(name, request, tags_of(name, CALLER)), request


@pytest.mark.parametrize("name", list(ROLES))
def test_every_claim_that_a_roles_templates_keep_apart_is_a_tag_of_its_sessions(name: str) -> None:
    settings = sample_settings()
    isolated = {claim for policy in ROLES[name].policies for claim in settings.policies[policy].isolates}
    assert isolated
    assert isolated == set(ROLES[name].session_tags.values())


@pytest.mark.parametrize("name", list(ROLES))
def test_a_session_without_a_session_policy_does_nothing_that_is_promised_to_another_tenant(
    name: str,
) -> None:
    others = list(promised(name, STRANGER, ALL_SCOPES))
    assert others
    for request in others:
        assert not allowed(name, request, tags_of(name, CALLER)), request


def test_a_session_without_a_session_policy_opens_no_other_users_home_in_its_own_tenant() -> None:
    colleague = {**STRANGER, "tenant": CALLER["tenant"]}
    homes = [
        request
        for request in promised("editor", colleague, ALL_SCOPES)
        if request.resource.startswith(BUCKET)
    ]
    assert homes
    for request in homes:
        assert not allowed("editor", request, tags_of("editor", CALLER)), request


READS = ("s3:GetObject", "s3:GetObjectVersion", "s3:ListMultipartUploadParts")
KEYS_OF_OTHERS = (
    *(f"tenants/{tenant}/report.txt" for tenant in ("globex", "acme2", "acm", "", "*")),
    *("tenants/acme", "tenants/", "", "other.txt"),
    *(f"home/{sub}/notes.txt" for sub in (STRANGER["sub"], f"{CALLER['sub']}0", "", "*")),
    *(f"clients/{client}/in.csv" for client in (STRANGER["client"], f"{CALLER['client']}2", "", "*")),
)
PREFIXES_OF_OTHERS = (
    None,
    "",
    "t",
    "tenants",
    "tenants/",
    "tenants/acme",
    "tenants/globex/",
    "tenants/*",
    "home/",
    "clients/",
)
LEADING_KEYS_OF_OTHERS: tuple[tuple[str, ...] | None, ...] = (
    None,
    ("globex",),
    ("acme", "globex"),
    ("acme2",),
    ("*",),
    ("",),
)


def requests_of_others() -> Iterator[AccessRequest]:
    """Reading, listing and querying wherever somebody else's data may be."""
    for key in KEYS_OF_OTHERS:
        for action in READS:
            yield AccessRequest(action=action, resource=f"{BUCKET}/{key}")
    for prefix in PREFIXES_OF_OTHERS:
        for action in ("s3:ListBucket", "s3:ListBucketVersions"):
            yield AccessRequest(
                action=action, resource=BUCKET, context={} if prefix is None else {"s3:prefix": prefix}
            )
    for keys in LEADING_KEYS_OF_OTHERS:
        for action in ("GetItem", "BatchGetItem", "Query", "Scan", "PartiQLSelect"):
            for resource in (TABLE, f"{TABLE}/index/by-date"):
                yield AccessRequest(
                    action=f"dynamodb:{action}",
                    resource=resource,
                    context={} if keys is None else {"dynamodb:LeadingKeys": keys},
                )


@pytest.mark.parametrize("name", list(ROLES))
def test_a_session_without_a_session_policy_reads_nothing_of_others_however_it_asks(name: str) -> None:
    for request in requests_of_others():
        assert not allowed(name, request, tags_of(name, CALLER)), request


def test_every_leading_key_of_a_request_must_be_the_tenants_and_there_must_be_one() -> None:
    # A plain operator is for single values, and ForAllValues alone holds where there is no key (IAM User Guide,
    # "Set operators for multivalued context keys").
    for name in ("viewer", "editor", "admin"):
        for document in identity_of(name):
            for statement in document.statements:
                if any(action.startswith("dynamodb:") for action in statement.actions):
                    assert {(condition.operator, condition.values) for condition in statement.conditions} == {
                        ("ForAllValues:StringEquals", ("${aws:PrincipalTag/tenant}",)),
                        ("Null", ("false",)),
                    }


@pytest.mark.parametrize("name", list(ROLES))
def test_a_session_without_tags_reads_nothing_at_all(name: str) -> None:
    for request in (*promised(name, CALLER, ALL_SCOPES), *requests_of_others()):
        assert not allowed(name, request, {}), request
