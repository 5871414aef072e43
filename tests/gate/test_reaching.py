"""Whom a resource's policy reaches, of those that no session policy narrows."""

from typing import Any

import pytest

from authorizer.deployed.policies import read_policy
from authorizer.gate.reaching import Reach, reach
from tests.deployed.factories import ACCOUNT, allow, policy

ROLE = f"arn:aws:iam::{ACCOUNT}:role/vend/viewer"
MADE = "arn:aws:iam::000000000000:role/zq00001made"
OPEN = "zq00002open"
EVERYBODY: dict[str, Any] = {"Principal": "*"}


def reached(*statements: dict[str, Any], role: str = ROLE) -> Reach:
    """Whom the first of these statements reaches."""
    rules = read_policy(policy(*statements), "p").rules
    return reach(rules[0], [role], rules)


def under(operator: str, key: str, *values: str) -> dict[str, Any]:
    return {"Condition": {operator: {key: list(values)}}}


@pytest.mark.parametrize(
    ("principal", "whom"),
    [
        ("*", "sessions"),
        ({"AWS": "*"}, "sessions"),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/viewer/somebody"}, "sessions"),
        ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/other/somebody"}, "nobody"),
        ({"AWS": "arn:aws:sts::210987654321:assumed-role/viewer/somebody"}, "nobody"),
        ({"AWS": ROLE}, "nobody"),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "nobody"),
        ({"AWS": ACCOUNT}, "nobody"),
        ({"AWS": "210987654321"}, "elsewhere"),
        ({"AWS": "arn:aws:iam::210987654321:root"}, "elsewhere"),
        ({"AWS": "arn:aws:iam::210987654321:user/x"}, "elsewhere"),
        ({"AWS": ["arn:aws:iam::210987654321:root", "*"]}, "sessions"),
        ({"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}, "nobody"),
        ({"AWS": "AROA1234567890EXAMPLE"}, "nobody"),
        ({"AWS": OPEN}, "open"),
        ({"Service": "sns.amazonaws.com"}, "nobody"),
        ({"Federated": "cognito-identity.amazonaws.com"}, "open"),
        ({"CanonicalUser": "79a5"}, "open"),
        ({"Service": "sns.amazonaws.com", "CanonicalUser": "79a5"}, "open"),
    ],
)
def test_a_principal_is(principal: object, whom: Reach) -> None:
    assert reached(allow(Principal=principal)) == whom


def test_not_principal_is_everybody_else() -> None:
    assert reached(allow(NotPrincipal={"AWS": "210987654321"})) == "sessions"


def test_what_cannot_be_read_is_open() -> None:
    assert reached({"Effect": "Perhaps"}) == "open"


def test_the_account_of_a_stack_may_be_any() -> None:
    assert reached(allow(Principal={"AWS": "210987654321"}), role=MADE) == "open"
    assert reached(allow(Principal={"AWS": "000000000000"}), role=MADE) == "nobody"
    session = {"AWS": "arn:aws:sts::210987654321:assumed-role/zq00001made/x"}
    assert reached(allow(Principal=session), role=MADE) == "sessions"


@pytest.mark.parametrize(
    ("condition", "whom"),
    [
        (under("StringEquals", "aws:PrincipalOrgID", "o-1"), "sessions"),
        (under("IpAddress", "aws:SourceIp", "10.0.0.0/8"), "sessions"),
        (under("ArnEquals", "aws:SourceArn", "arn:aws:sns:a:1:t"), "nobody"),
        (under("ArnEqualsIfExists", "aws:SourceArn", "arn:aws:sns:a:1:t"), "sessions"),
        (under("StringEquals", "aws:SourceAccount", ACCOUNT), "nobody"),
        (under("Bool", "aws:PrincipalIsAWSService", "true"), "nobody"),
        (under("Bool", "aws:PrincipalIsAWSService", "false"), "sessions"),
        (under("StringEquals", "aws:PrincipalType", "User"), "nobody"),
        (under("StringEquals", "aws:PrincipalType", "AssumedRole"), "sessions"),
        (under("StringEquals", "aws:PrincipalAccount", ACCOUNT), "sessions"),
        (under("StringEquals", "aws:PrincipalAccount", "210987654321"), "nobody"),
        (under("StringNotEquals", "aws:PrincipalAccount", ACCOUNT), "nobody"),
        (under("StringEquals", "kms:CallerAccount", ACCOUNT), "sessions"),
        (under("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/vend/*"), "sessions"),
        (under("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/admin/*"), "nobody"),
        (under("ArnNotLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/vend/*"), "nobody"),
        (under("ArnLike", "AWS:principalarn", OPEN), "open"),
        (
            {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1", "aws:PrincipalType": "User"}}},
            "nobody",
        ),
    ],
)
def test_everybody_under_a_condition_is(condition: dict[str, Any], whom: Reach) -> None:
    assert reached(allow(**EVERYBODY, **condition)) == whom


@pytest.mark.parametrize(
    ("condition", "whom"),
    [
        pytest.param(under("ArnLike", "aws:PrincipalArn", MADE), "sessions", id="the same stand-in"),
        pytest.param(
            under("ArnEquals", "aws:PrincipalArn", "arn:aws:iam::000000000000:role/zq00009made"),
            "nobody",
            id="another's",
        ),
        pytest.param(
            under("ArnEquals", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/app-X"),
            "open",
            id="a name that it may have",
        ),
        pytest.param(
            under("ArnEquals", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:user/x"),
            "nobody",
            id="a user's, which it is not",
        ),
        pytest.param(
            under("ArnLike", "aws:PrincipalArn", "arn:aws:iam::000000000000:role/zq00009made-*"),
            "open",
            id="the stack's",
        ),
        pytest.param(
            under("StringEquals", "aws:PrincipalAccount", ACCOUNT), "open", id="an account that it may be in"
        ),
        pytest.param(
            under("StringEquals", "aws:PrincipalAccount", "000000000000"), "sessions", id="its own account"
        ),
    ],
)
def test_everybody_under_a_condition_on_a_role_whose_name_aws_makes_is(
    condition: dict[str, Any], whom: Reach
) -> None:
    assert reached(allow(**EVERYBODY, **condition), role=MADE) == whom


DENY: dict[str, Any] = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
ONLY_ADMIN = under("ArnNotLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/admin")


@pytest.mark.parametrize(
    ("deny", "whom"),
    [
        pytest.param({**DENY, **ONLY_ADMIN}, "nobody", id="all but somebody else"),
        pytest.param(DENY, "nobody", id="all"),
        pytest.param({**DENY, "Action": "s3:*", **ONLY_ADMIN}, "nobody", id="all actions of the service"),
        pytest.param({**DENY, "Action": "s3:PutObject", **ONLY_ADMIN}, "sessions", id="another action"),
        pytest.param(
            {**DENY, "Resource": "arn:aws:s3:::b/x/*", **ONLY_ADMIN}, "sessions", id="another resource"
        ),
        pytest.param({**DENY, "Principal": {"AWS": ROLE}}, "sessions", id="of somebody"),
        pytest.param(
            {**DENY, **under("Bool", "aws:SecureTransport", "false")},
            "sessions",
            id="under another condition",
        ),
        pytest.param(
            {**DENY, **under("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/admin")},
            "sessions",
            id="of others",
        ),
        pytest.param({**DENY, "Effect": "Allow", **ONLY_ADMIN}, "sessions", id="which is an Allow"),
        pytest.param({"Effect": "Perhaps"}, "sessions", id="that cannot be read"),
        pytest.param(
            {key: DENY[key] for key in ("Effect", "Action", "Resource")} | {"NotPrincipal": "*"},
            "sessions",
            id="of nobody",
        ),
        pytest.param(
            {key: DENY[key] for key in ("Effect", "Principal", "Resource")} | {"NotAction": "s3:*"},
            "sessions",
            id="NotAction",
        ),
    ],
)
def test_a_deny_of_the_same_policy_takes_away_what_it_covers(deny: dict[str, Any], whom: Reach) -> None:
    assert reached(allow(**EVERYBODY), deny) == whom


def test_a_deny_covers_all_but_a_few_only_where_it_is_of_everything() -> None:
    statement = {"Effect": "Allow", "Principal": "*", "NotAction": "s3:PutObject", "Resource": "*"}
    assert reached(statement, DENY) == "nobody"
    assert reached(statement, {**DENY, "Action": "s3:*"}) == "sessions"


def test_a_deny_on_services_takes_nothing_from_sessions() -> None:
    assert reached(allow(**EVERYBODY), {**DENY, "Principal": {"Service": "*"}}) == "sessions"
    assert reached(allow(**EVERYBODY), {**DENY, "Principal": {"AWS": "*"}}) == "nobody"
