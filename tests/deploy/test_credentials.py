"""`GET /credentials` in the sample's template: off by default, and turned on what docs/callers.md says it is."""

import json
import re
import tomllib
from typing import Any

import pytest

from authorizer.deployment.trust import execution_policy, trust_policy
from authorizer.engine.document.document import parse_identity, parse_session
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.settings.schema import Access
from tests.deploy.sam import chosen, resolve, resources, template
from tests.make import ROOT, SUB, make_access

TEMPLATE = template("template.yaml")
ON = {"HandsOut", "HandsOutToPages", "AllowsOrigin"}
ARN = "arn:aws:iam::123456789012:role/browser"
CREDENTIALS_ROLE = "arn:aws:iam::123456789012:role/credentials"
KNOWN = {
    "BrowserRole.Arn": ARN,
    "CredentialsRole.Arn": CREDENTIALS_ROLE,
    "DataBucket.Arn": "arn:aws:s3:::data",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "sample",
}
FUNCTIONS = [
    f"arn:aws:lambda:eu-west-1:123456789012:function:sample-credentials{version}" for version in ("", ":*")
]


def turned_on() -> Access:
    """The sample with the lines of the guide."""
    guide = (ROOT / "docs" / "callers.md").read_text()
    _, _, section = guide.partition("\n## Turning it on\n")
    blocks = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    tables, scope, *_ = (tomllib.loads(block) for block in blocks)
    return make_access(
        environment={"BROWSER_ROLE_ARN": ARN, "DATA_BUCKET": "data"},
        roles=tables["roles"],
        callers=tables["callers"],
        scopes=scope,
    )


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = resolve(
        {key: value for key, value in TEMPLATE["Resources"][name]["Properties"].items() if "Polic" in key},
        KNOWN,
    )
    return found


def test_it_is_off_by_default_and_then_nothing_of_it_is_made() -> None:
    assert TEMPLATE["Parameters"]["CredentialsRoute"]["Default"] == "no"
    assert TEMPLATE["Conditions"]["HandsOut"] == {"Fn::Equals": [{"Ref": "CredentialsRoute"}, "yes"]}
    named = [name for name in TEMPLATE["Resources"] if name.startswith(("Credentials", "Browser"))]
    assert len(named) == 6
    assert {TEMPLATE["Resources"][name]["Condition"] for name in named} == {"HandsOut"}
    assert TEMPLATE["Outputs"]["CredentialsUrl"]["Condition"] == "HandsOut"
    bucket = TEMPLATE["Resources"]["DataBucket"]["Properties"]
    assert "CorsConfiguration" not in chosen(bucket, ())


def test_turned_on_the_lines_of_the_guide_load_with_what_the_template_sets() -> None:
    access = turned_on()
    assert access.settings.callers.handed_out == {"browser"}
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert chosen(variables, ON)["BROWSER_ROLE_ARN"] == {"Fn::GetAtt": "BrowserRole.Arn"}


def test_the_role_that_is_handed_out_trusts_its_own_function_alone() -> None:
    role = turned_on().settings.roles["browser"]
    deployed = properties("BrowserRole")["AssumeRolePolicyDocument"]
    assert deployed == trust_policy(role, CREDENTIALS_ROLE, FUNCTIONS[:1])


def test_its_function_may_assume_that_role_alone_and_the_authorizer_may_not() -> None:
    role = turned_on().settings.roles["browser"]
    assert properties("CredentialsMayVend")["PolicyDocument"] == execution_policy(
        [role], functions=FUNCTIONS[:1]
    )
    assert "BrowserRole" not in json.dumps(TEMPLATE["Resources"]["AuthorizerMayVend"])


@pytest.mark.parametrize(("sub", "allowed"), [(SUB, True), ("22222222-2222-4222-8222-222222222222", False)])
def test_the_role_keeps_users_apart_by_itself_and_allows_what_the_session_promises(
    sub: str, allowed: bool
) -> None:
    access = turned_on()
    [policy] = properties("BrowserRole")["Policies"]
    text = access.templates.render(["s3-home"], {"sub": SUB}, scopes=frozenset())
    for statement in parse_session(text).statements:
        for action in statement.actions:
            prefix = {condition.key: condition.values[0] for condition in statement.conditions}
            request = AccessRequest(
                action=action,
                resource=statement.resources[0].replace("*", "item"),
                context={**prefix, "aws:PrincipalTag/sub": sub},
            )
            identity = [parse_identity(json.dumps(policy["PolicyDocument"]))]
            assert (
                evaluate(identity=identity, session=None, boundary=None, request=request).allowed is allowed
            )


def test_its_route_is_throttled_by_itself_and_kept_by_nobody() -> None:
    _, own = TEMPLATE["Resources"]["RestApi"]["Properties"]["MethodSettings"]
    assert chosen([own], ()) == [{"Ref": "AWS::NoValue"}]
    settings = chosen(own, ON)
    assert (settings["ResourcePath"], settings["HttpMethod"]) == ("/credentials", "GET")
    assert settings["CachingEnabled"] is False
    assert settings["ThrottlingRateLimit"] == {"Ref": "CredentialsRateLimit"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "CredentialsBurstLimit"}
    ask = resources(TEMPLATE, "AWS::Serverless::Function")["CredentialsFunction"]["Events"]["Ask"][
        "Properties"
    ]
    [keyed] = ask["RequestParameters"]
    assert keyed == {"method.request.header.Authorization": {"Required": True, "Caching": True}}
    assert (ask["Path"], ask["Method"], ask["Auth"]) == ("/credentials", "GET", {"Authorizer": "Token"})


def test_a_page_may_ask_s3_itself_and_put_an_upload_together() -> None:
    [rule] = chosen(TEMPLATE["Resources"]["DataBucket"]["Properties"], ON)["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == [{"Ref": "AllowOrigin"}]
    assert rule["ExposedHeaders"] == ["ETag"]
    assert set(rule["AllowedMethods"]) >= {"GET", "PUT", "POST", "DELETE"}


def test_what_watches_over_it_is_about_its_function() -> None:
    stack = TEMPLATE["Resources"]["CredentialsAlarms"]["Properties"]
    assert stack["TemplateURL"] == "credentials-alarms.yaml"
    assert stack["Parameters"]["FunctionName"] == {"Ref": "CredentialsFunction"}
    assert set(stack["Parameters"]) == set(template("credentials-alarms.yaml")["Parameters"])
    alarms = resources(template("credentials-alarms.yaml"), "AWS::CloudWatch::Alarm")
    assert {"Name": "code", "Value": "too_many_sessions"} in alarms["CredentialsTooManySessions"][
        "Dimensions"
    ]
