"""Whom roles trust, and on what terms."""

# ruff: noqa: E501 - texts as templates have them

from collections.abc import Mapping
from typing import Any

import pytest

from authorizer.deployment.trust import trust_policy
from authorizer.gate.terms import lasting, terms
from authorizer.gate.trusting import trust
from tests.deployed.factories import ACCOUNT, LAMBDA_TRUST, allow, from_account, from_template, policy
from tests.deployed.sample import EXECUTION, account, function, only, told, world
from tests.make import make_access

OTHER = f"arn:aws:iam::{ACCOUNT}:role/other"


def trusting(*statements: Mapping[str, Any], role: str = "viewer") -> list[tuple[str, str]]:
    """What is said of a role with this trust policy."""
    document = policy(*statements)
    return told(trust(world(roles_changed={role: {"AssumeRolePolicyDocument": document}})))


def assume(principal: object = EXECUTION, **more: Any) -> dict[str, Any]:
    who = (
        {"NotPrincipal": {"AWS": principal}}
        if more.pop("negated", False)
        else {"Principal": {"AWS": principal}}
    )
    return {"Effect": "Allow", "Action": "sts:AssumeRole", **who, **more}


SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/authorizer/authorizer"
DENY_OTHERS = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sts:*",
    "Condition": {"ArnNotEquals": {"aws:PrincipalArn": EXECUTION}},
}


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([assume()], id="the authorizer's role"),
        pytest.param([assume(SESSION)], id="a session of it"),
        pytest.param([assume(), assume(OTHER, Action="sts:TagSession")], id="another, who may only tag"),
        pytest.param(
            [assume("*", Condition={"ArnEquals": {"aws:PrincipalArn": EXECUTION}})],
            id="everybody whose ARN is its own",
        ),
        pytest.param([assume("*"), DENY_OTHERS], id="everybody, less a Deny of all others"),
        pytest.param(
            [assume("*"), {"Effect": "Deny", "NotPrincipal": {"AWS": EXECUTION}, "Action": "*"}],
            id="everybody, less a Deny of whoever is not it",
        ),
        pytest.param([assume(), assume(OTHER, Effect="Deny")], id="a Deny of another"),
    ],
)
def test_a_role_that_only_the_authorizer_assumes(statements: list[Mapping[str, Any]]) -> None:
    assert trusting(*statements) == []


@pytest.mark.parametrize(
    ("statements", "who"),
    [
        ([assume(), assume(OTHER)], f"AWS {OTHER}"),
        ([assume([EXECUTION, "*"])], "everybody"),
        ([assume(ACCOUNT)], f"whomever the account lets ({ACCOUNT})"),
        (
            [assume(f"arn:aws:iam::{ACCOUNT}:root")],
            f"whomever the account lets (arn:aws:iam::{ACCOUNT}:root)",
        ),
        ([assume(OTHER, negated=True)], "everybody but a few (NotPrincipal)"),
        (
            [assume(f"arn:aws:sts::{ACCOUNT}:assumed-role/other/x")],
            f"AWS arn:aws:sts::{ACCOUNT}:assumed-role/other/x",
        ),
        ([assume(f"{SESSION.rpartition('/')[0]}2/x")], f"AWS {SESSION.rpartition('/')[0]}2/x"),
        ([assume(Principal={"Service": "ec2.amazonaws.com"})], "Service ec2.amazonaws.com"),
        ([assume(Principal={"Federated": "x"}, Action="sts:AssumeRoleWithSAML")], "Federated x"),
        ([assume("*", Action="sts:AssumeRole*")], "everybody"),
        ([assume(OTHER) | {"NotAction": "s3:*"}], f"AWS {OTHER}"),
        ([assume("*", Condition={"ArnEqualsIfExists": {"aws:PrincipalArn": EXECUTION}})], "everybody"),
        ([assume("*", Condition={"ArnNotEquals": {"aws:PrincipalArn": EXECUTION}})], "everybody"),
        ([assume("*", Condition={"ArnEquals": {"aws:PrincipalArn": [EXECUTION, OTHER]}})], "everybody"),
        ([assume("*", Condition={"ArnEquals": {"aws:SourceArn": EXECUTION}})], "everybody"),
        ([assume("*", Condition={"ForAllValues:ArnEquals": {"aws:PrincipalArn": EXECUTION}})], "everybody"),
        ([assume("*", Condition={"Bool": {"aws:PrincipalArn": "true"}})], "everybody"),
        ([assume("*"), DENY_OTHERS | {"Action": "sts:AssumeRole"}], "everybody"),
        ([assume("*"), DENY_OTHERS | {"Principal": {"AWS": OTHER}}], "everybody"),
        ([assume("*"), DENY_OTHERS | {"Principal": {"Service": "*"}}], "everybody"),
        ([assume("*"), {**DENY_OTHERS, "Condition": {}}], "everybody"),
        (
            [assume("*"), {**DENY_OTHERS, "Condition": {"ArnEquals": {"aws:PrincipalArn": EXECUTION}}}],
            "everybody",
        ),
        (
            [assume("*"), {**DENY_OTHERS, "Condition": {"ArnNotEquals": {"aws:SourceArn": EXECUTION}}}],
            "everybody",
        ),
        (
            [
                assume("*"),
                {**DENY_OTHERS, "Condition": {"ArnNotEquals": {"aws:PrincipalArn": [EXECUTION, OTHER]}}},
            ],
            "everybody",
        ),
        (
            [
                assume("*"),
                {**DENY_OTHERS, "Condition": {"ForAnyValue:ArnNotEquals": {"aws:PrincipalArn": EXECUTION}}},
            ],
            "everybody",
        ),
        ([assume("*"), {"Effect": "Deny", "NotPrincipal": {"AWS": OTHER}, "Action": "*"}], "everybody"),
        (
            [
                assume("*"),
                {
                    "Effect": "Deny",
                    "NotPrincipal": {"AWS": EXECUTION},
                    "Action": "*",
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                },
            ],
            "everybody",
        ),
        (
            [
                assume("*"),
                {
                    "Effect": "Deny",
                    "Principal": "*",
                    "NotAction": "s3:*",
                    "Condition": DENY_OTHERS["Condition"],
                },
            ],
            "everybody",
        ),
    ],
)
def test_a_role_that_somebody_else_assumes(statements: list[dict[str, Any]], who: str) -> None:
    for statement in statements:
        if "NotAction" in statement:
            statement.pop("Action", None)
    assert ("REFUTED", f"role viewer may be assumed by {who}") in trusting(*statements)


def test_a_trust_that_cannot_be_read_is_open() -> None:
    assert trusting(assume(), {"Effect": "Perhaps"})[0][0] == "OPEN"


@pytest.mark.parametrize(
    ("statement", "status", "text"),
    [
        (assume(OTHER), "REFUTED", f"may be assumed by AWS {OTHER}, who then assumes every role"),
        (assume(OTHER, negated=True), "REFUTED", "may be assumed by everybody else"),
        ({"Effect": "Perhaps"}, "OPEN", "could not be read"),
    ],
)
def test_the_authorizer_s_own_role_is_nobody_else_s(
    statement: dict[str, Any], status: str, text: str
) -> None:
    document = policy(*LAMBDA_TRUST["Statement"], statement)
    note = only(trust(world(roles_changed={"authorizer": {"AssumeRolePolicyDocument": document}})))
    assert note.status == status
    assert text in note.text


def test_the_authorizer_s_own_role_may_let_others_tag() -> None:
    document = policy(*LAMBDA_TRUST["Statement"], assume(OTHER, Action="sts:TagSession"))
    assert told(trust(world(roles_changed={"authorizer": {"AssumeRolePolicyDocument": document}}))) == []


def deny_others(source: str) -> dict[str, Any]:
    document = policy(
        allow(action="sts:AssumeRole"),
        {
            "Effect": "Deny",
            "Action": "sts:AssumeRole",
            "Resource": "*",
            "Condition": {"ArnNotEquals": {"lambda:SourceFunctionArn": source}},
        },
    )
    return {"RolePolicyList": [{"PolicyName": "x", "PolicyDocument": document}]}


def test_another_function_with_the_same_role_is_denied_or_found() -> None:
    functions = [function("authorizer"), function("other", Handler="other.handler")]
    arn = functions[0]["FunctionArn"]
    note = only(trust(world(functions=functions)))
    assert (note.status, note.place) == ("REFUTED", "account.json: functions other")
    assert told(trust(world(functions=functions, roles_changed={"authorizer": deny_others(arn)}))) == []
    widest = deny_others("arn:aws:lambda:*:*:function:*")
    assert only(trust(world(functions=functions, roles_changed={"authorizer": widest}))).status == "REFUTED"


def test_without_the_authorizer_or_the_roles_it_is_open() -> None:
    assert only(trust(world(deployment=from_account()))).status == "OPEN"
    found = told(trust(world(deployment=from_account(functions=[function("authorizer")]))))
    assert [text.partition(" is not in")[0] for _, text in found] == [
        *("role viewer", "role editor", "role admin", "role importer"),
        "the authorizer's own role",
    ]


def test_a_role_by_a_name_that_aws_made_may_be_the_authorizer_s() -> None:
    """The trust names a role by its name, the template only by its logical id: it is said, and can be given."""
    text = (
        "Resources:\n  A: {Type: 'AWS::Serverless::Function', Properties: {Handler: authorizer.handler.lambda_handler}}\n"
        f"  V: {{Type: 'AWS::IAM::Role', Properties: {{RoleName: viewer, Path: /vend/, AssumeRolePolicyDocument: "
        "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Principal: {AWS: "
        f"'arn:aws:iam::{ACCOUNT}:role/stack-ARole-1A2B'}}}}]}}}}}}\n"
    )
    known = {"AWS::AccountId": ACCOUNT}
    found = told(trust(world(deployment=from_template(text, parameters=known))))
    assert (
        "OPEN",
        f"role viewer may be assumed by AWS arn:aws:iam::{ACCOUNT}:role/stack-ARole-1A2B",
    ) in found
    named = from_template(text, parameters={**known, "ARole": "stack-ARole-1A2B"})
    assert not [each for each in told(trust(world(deployment=named))) if "viewer may be" in each[1]]
    other = from_template(text, parameters={**known, "ARole": "stack-ARole-9Z9Z"})
    assert [status for status, said in told(trust(world(deployment=other))) if "viewer may be" in said] == [
        "REFUTED"
    ]


def test_a_principal_that_is_open_may_be_the_authorizer_s() -> None:
    text = (
        "Resources:\n  A: {Type: 'AWS::Serverless::Function', Properties: {Handler: authorizer.handler.lambda_handler}}\n"
        "  V: {Type: 'AWS::IAM::Role', Properties: {RoleName: viewer, Path: /vend/, AssumeRolePolicyDocument: "
        "{Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'sts:AssumeRole', Principal: {AWS: !ImportValue x}}]}}}\n"
    )
    found = told(trust(world(deployment=from_template(text, parameters={"AWS::AccountId": ACCOUNT}))))
    assert any(status == "OPEN" and "viewer may be assumed" in said for status, said in found)


@pytest.mark.parametrize("role", ["!ImportValue x", "!Ref Role"])
@pytest.mark.parametrize(
    ("principal", "status"),
    [
        ("{AWS: !GetAtt Other.Arn}", "OPEN"),
        (f"{{AWS: 'arn:aws:sts::{ACCOUNT}:assumed-role/other/x'}}", "OPEN"),
        ("'*'", "REFUTED"),
        ("{Service: ec2.amazonaws.com}", "REFUTED"),
        (f"{{AWS: '{ACCOUNT}'}}", "REFUTED"),
    ],
)
def test_an_authorizer_whose_role_another_stack_says_may_be_whom_a_role_trusts(
    role: str, principal: str, status: str
) -> None:
    text = (
        "Parameters: {Role: {Type: String}}\nResources:\n  A: {Type: 'AWS::Lambda::Function', Properties: "
        f"{{Handler: authorizer.handler.lambda_handler, Role: {role}}}}}\n"
        "  Other: {Type: 'AWS::IAM::Role', Properties: {RoleName: other}}\n"
        "  V: {Type: 'AWS::IAM::Role', Properties: {RoleName: viewer, Path: /vend/, AssumeRolePolicyDocument: "
        f"{{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: 'sts:*', Principal: {principal}}}]}}}}}}\n"
    )
    of_stack = world(deployment=from_template(text, parameters={"AWS::AccountId": ACCOUNT}))
    found = told(trust(of_stack))
    assert [status for status, said in found if "viewer may be assumed" in said] == [status]
    assert any("the authorizer's own role is not in these files" in said for _, said in found)
    assert not any("viewer refuses" in said for _, said in told(terms(of_stack)))


def test_a_trust_of_the_authorizer_s_role_that_is_open_is_said() -> None:
    text = (
        "Resources:\n  A: {Type: 'AWS::Serverless::Function', Properties: {Handler: authorizer.handler.lambda_handler, "
        "AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: [{Effect: Allow, Action: 'sts:AssumeRole', "
        "Principal: {AWS: !ImportValue x}}]}}}\n"
    )
    found = told(trust(world(deployment=from_template(text))))
    assert any(
        "whom the authorizer's own role trusts could not be read: its principal is open" in said
        for _, said in found
    )


# ── on what terms ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_terms_of_authorizer_trust_are_right() -> None:
    assert told(terms(world())) == []


def test_all_kinds_of_terms_are_right_where_the_configuration_has_them() -> None:
    access = make_access(
        roles={"viewer": {"external_id": "ours", "source_identity": "{sub}", "transitive_tags": ["tenant"]}}
    )
    assert told(terms(world(access))) == []


def test_a_role_that_is_not_there_or_cannot_be_read_has_open_terms() -> None:
    assert {status for status, _ in told(terms(world(deployment=from_account())))} == {"OPEN"}
    broken = {"viewer": {"AssumeRolePolicyDocument": policy({"Effect": "Perhaps"})}}
    assert only(terms(world(roles_changed=broken))).text == "role viewer: its trust policy could not be read"


def test_a_trust_for_others_alone_refuses_the_authorizer() -> None:
    for statement in (assume(OTHER), assume(EXECUTION, negated=True)):
        changed = {"importer": {"AssumeRolePolicyDocument": policy(statement)}}
        assert "refuses what the authorizer asks for" in only(terms(world(roles_changed=changed))).text


def test_a_trust_of_the_account_gives_the_authorizer_what_it_asks_for() -> None:
    for who in (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", "*"):
        changed = {"importer": {"AssumeRolePolicyDocument": policy(assume(who, Action="sts:*"))}}
        said = [text for _, text in told(terms(world(roles_changed=changed)))]
        assert "role importer gives a session without its tag client" in said
    negated = {"importer": {"AssumeRolePolicyDocument": policy(assume(OTHER, negated=True, Action="sts:*"))}}
    assert "role importer gives a session without its tag client" in [
        text for _, text in told(terms(world(roles_changed=negated)))
    ]


def test_sessions_last_as_long_as_they_are_asked_for() -> None:
    assert {status for status, _ in told(lasting(world()))} == {"OPEN"}
    assert {status for status, _ in told(lasting(world(deployment=from_account())))} == {"OPEN"}
    assert account().roles[0].max_session is None


@pytest.mark.parametrize(
    ("left_out", "says"),
    [
        ("sts:ExternalId", "takes any external id: access.toml has one for it"),
        ("aws:RequestTag/tenant", "gives a session without its tag tenant"),
        ("aws:TagKeys", "takes other tags than those that access.toml gives"),
        ("sts:TransitiveTagKeys", "lets tags go on to the next role"),
        ("sts:SourceIdentity", "gives a session without its source identity"),
    ],
)
def test_a_term_that_a_trust_policy_does_not_ask_for_is_found(left_out: str, says: str) -> None:
    access = make_access(roles={"viewer": {"external_id": "ours", "source_identity": "{sub}"}})
    document = trust_policy(access.settings.roles["viewer"], EXECUTION)
    for statement in document["Statement"]:
        for keys in statement.get("Condition", {}).values():
            keys.pop(left_out, None)
        conditions = {name: keys for name, keys in statement.get("Condition", {}).items() if keys}
        statement["Condition"] = conditions
    found = told(terms(world(access, roles_changed={"viewer": {"AssumeRolePolicyDocument": document}})))
    assert found == [("REFUTED", f"role viewer {says}")]


def test_a_session_that_ends_before_it_is_asked_to_is_found() -> None:
    text = "Resources:\n  V: {Type: 'AWS::IAM::Role', Properties: {RoleName: viewer, Path: /vend/, MaxSessionDuration: 900}}\n"
    found = told(lasting(world(deployment=from_template(text, parameters={"AWS::AccountId": ACCOUNT}))))
    assert found[0][0] == "REFUTED"
    assert "last 900 s, and access.toml asks for 3600 s" in found[0][1]


def test_what_could_not_be_read_of_roles_leaves_their_trust_open() -> None:
    text = (
        "Transform: Mine\nResources:\n  A: {Type: 'AWS::Serverless::Function', Properties: {Handler: "
        "authorizer.handler.lambda_handler}}\n"
    )
    assert ("OPEN", "the macro Mine makes what is not in the template") in told(
        trust(world(deployment=from_template(text)))
    )
