"""Lint: one template for each code that has it, and one that comes close and has not."""

import json
from typing import Any

import pytest

from authorizer.engine.check.coverage import Coverage
from authorizer.engine.check.lint import CODES, Finding, lint, lint_coverage
from authorizer.engine.language.declaring import declare
from authorizer.engine.template.template import TemplateSet
from tests.engine import bundled

CLAIMS = {"tenant": declare({"type": "slug"}), "note": declare({"type": "opaque", "max_length": 1024})}
TABLE = "arn:{{ p }}:dynamodb:eu-west-1:111122223333:table/t"
OWN_KEYS = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "{{ tenant }}"}}
PRESENT = {"Null": {"dynamodb:LeadingKeys": "false"}}
USER, NOW, AGE, IP = "aws:PrincipalTag/x", "aws:CurrentTime", "aws:MultiFactorAuthAge", "aws:SourceIp"


def findings(*, writable: tuple[str, ...] = (), **changes: object) -> tuple[Finding, ...]:
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:{{ p }}:s3:::b/{{ tenant }}/*",
        **changes,
    }
    source = '{"Version": "2012-10-17",\n"Statement": [\n' + json.dumps(statement) + "]}"
    templates = TemplateSet.compile({"t": source}, claims=CLAIMS, variables={"p": "aws"})
    return lint(templates, user_writable=writable, groupings={"editor": ("t",)}, isolates={"t": ("tenant",)})


def listing(**condition: object) -> dict[str, object]:
    return {"Action": "s3:ListBucket", "Resource": "arn:{{ p }}:s3:::b", "Condition": condition}


def items(action: object, **condition: object) -> dict[str, object]:
    return {"Action": action, "Resource": TABLE, "Condition": {**OWN_KEYS, **condition}}


def on(service: str, name: str, action: object) -> dict[str, object]:
    return {
        "Action": action,
        "Resource": f"arn:{{{{ p }}}}:{service}:eu-west-1:111122223333:{name}{{{{ tenant }}}}",
    }


OWN_BUCKET = "arn:{{ p }}:s3:::b-{{ tenant }}"

CASES = [
    pytest.param({}, None, id="a template in order"),
    pytest.param(on("sqs", "q-", "sqs:AddPermission"), "permissions", id="a queue's policy"),
    pytest.param(on("sqs", "q-", "sqs:SetQueueAttributes"), "permissions", id="attributes with a policy"),
    pytest.param(on("sqs", "q-", "sqs:*"), "permissions", id="a wildcard with a queue's policy in it"),
    pytest.param(on("sqs", "q-", ["sqs:SendMessage", "sqs:Receive*"]), None, id="a queue's messages"),
    pytest.param(
        {**on("sqs", "q-", "sqs:AddPermission"), "Effect": "Deny"}, None, id="a queue's policy, denied"
    ),
    pytest.param(
        {"Action": "s3:PutBucketPolicy", "Resource": OWN_BUCKET}, "permissions", id="a bucket's policy"
    ),
    pytest.param({"Action": "s3:PutObjectAcl"}, "permissions", id="an object's list of permissions"),
    pytest.param({"Action": "s3:PutObject*"}, "permissions", id="a wildcard with an object's list in it"),
    pytest.param(
        on("lambda", "function:f-", "lambda:UpdateFunctionCode"), "permissions", id="a function's code"
    ),
    pytest.param(on("lambda", "function:f-", "lambda:InvokeFunction"), None, id="a function's answers"),
    pytest.param(
        {
            "Action": "rds-db:connect",
            "Resource": "arn:{{ p }}:rds-db:eu-west-1:111122223333:dbuser:db-a/u_{{ tenant }}",
        },
        None,
        id="a session of a database",
    ),
    pytest.param(on("kms", "key/", "kms:CreateGrant"), "permissions", id="a grant on a key"),
    pytest.param(
        on("kinesis", "stream/", "kinesis:PutResourcePolicy"), "permissions", id="a policy that is a Write"
    ),
    pytest.param(items("dynamodb:GetItem"), "for-all-values", id="ForAllValues without Null"),
    pytest.param(items("dynamodb:GetItem", **PRESENT), None, id="ForAllValues with Null"),
    pytest.param({**items("dynamodb:GetItem"), "Effect": "Deny"}, None, id="ForAllValues in a Deny"),
    pytest.param(
        items("dynamodb:GetItem", Null={"dynamodb:LeadingKeys": "true"}),
        "for-all-values",
        id="Null the wrong way",
    ),
    pytest.param(
        {"Resource": "arn:{{ p }}:s3:::b/{{ tenant }}*"}, "open-prefix", id="a star right behind a claim"
    ),
    pytest.param(
        listing(StringLike={"s3:prefix": "{{ tenant }}*"}),
        "open-prefix",
        id="a star right behind a claim in a prefix",
    ),
    pytest.param(
        listing(StringEquals={"s3:prefix": "{{ tenant }}/*"}),
        "literal-star",
        id="a star that is none, in a prefix",
    ),
    pytest.param(
        {"Effect": "Deny", "Condition": {"StringNotEqualsIgnoreCase": {USER: ["a", "b*"]}}},
        "literal-star",
        id="a star that is none, in a Deny",
    ),
    pytest.param({"Condition": {"StringEquals": {USER: "a${*}"}}}, None, id="a star that is written as none"),
    pytest.param({"Condition": {"StringLike": {USER: "a*"}}}, None, id="a star that is one"),
    pytest.param(
        listing(StringEquals={"s3:prefix": "x/{{ tenant }}"}), "open-prefix", id="a prefix that is not closed"
    ),
    pytest.param(listing(StringEquals={"s3:prefix": "x/{{ tenant }}/"}), None, id="a closed prefix"),
    pytest.param(
        listing(StringEquals={"aws:RequestedRegion": "eu-west-1"}),
        "whole-listing",
        id="a listing without prefix",
    ),
    pytest.param(
        listing(StringNotEquals={"s3:prefix": "x/"}), "whole-listing", id="a listing of all but one prefix"
    ),
    pytest.param(
        {"Action": "s3:List*", "Resource": "arn:{{ p }}:s3:::b"},
        "whole-listing",
        id="a listing behind a star",
    ),
    pytest.param(
        {**listing(), "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        None,
        id="a Deny",
    ),
    pytest.param(
        {**items("dynamodb:*", **PRESENT), "Resource": f"{TABLE}/index/i"}, "scan", id="Scan behind a star"
    ),
    pytest.param({"Resource": "arn:aws:s3:::b/{{ tenant }}/*"}, "partition", id="a hard-coded partition"),
    pytest.param({"Resource": "arn:aws-cn:s3:::b/{{ tenant }}/*"}, "partition", id="another one"),
    pytest.param(
        {"Condition": {"StringEquals": {"aws:PrincipleTag/x": "y"}}},
        "condition-key",
        id="a misspelt global key",
    ),
    pytest.param(
        {"Condition": {"StringEquals": {"aws:PrincipalTag/": "y"}}},
        "condition-key",
        id="a tag without a name",
    ),
    pytest.param({"Condition": {"StringEquals": {"aws:PrincipalTag/x": "y"}}}, None, id="a tag"),
    pytest.param(
        {"Condition": {"StringEquals": {"s3:prefixes": "y"}}}, "condition-key", id="a misspelt key of s3"
    ),
    pytest.param(
        {"Condition": {"StringEquals": {"dynamodb:Select": "y"}}},
        "condition-key",
        id="a key of another service",
    ),
    pytest.param(
        {"Condition": {"StringEquals": {"s3:prefix": "y/"}}},
        "condition-key",
        id="a key that the action lacks",
    ),
    pytest.param(
        {"Condition": {"StringEquals": {"accounts.example.com:aud": "y"}}},
        None,
        id="a key of a token's issuer",
    ),
    pytest.param(
        {"Condition": {"StringEqualsIfExists": {"dynamodb:Select": "y"}}},
        "condition-key",
        id="IfExists on a key that no action has",
    ),
    pytest.param(
        {"Condition": {"StringEquals": {"aws:RequestTag/x": "y"}}},
        "condition-key",
        id="a tag that the action does not set",
    ),
    pytest.param(
        {"Condition": {"Null": {"s3:prefix": "true"}}}, None, id="the absence of a key that the action lacks"
    ),
    pytest.param(
        {"Condition": {"Null": {"s3:prefix": "false"}}},
        "condition-key",
        id="the presence of a key that the action lacks",
    ),
    pytest.param(
        {
            "Action": "ssm:GetParametersByPath",
            "Resource": "arn:{{ p }}:ssm:eu-west-1:111122223333:parameter/{{ tenant }}",
        },
        "service",
        id="a path that opens what lies below it",
    ),
    pytest.param({"Action": "s3s:GetObject"}, "unknown-service", id="a service that there is none of"),
    pytest.param({"Action": "s3:GetObjekt"}, "unknown-action", id="a misspelt action"),
    pytest.param({"Action": "s3:Fetch*"}, "unknown-action", id="a pattern that matches nothing"),
    pytest.param({"Action": "s3:getobject"}, None, id="an action in lower case"),
    pytest.param({"Action": "s3:Get*"}, None, id="a pattern that matches something"),
    pytest.param({"Effect": "Deny", "Action": "s3:GetObjekt"}, "unknown-action", id="a misspelt Deny"),
    pytest.param(
        {"Resource": "arn:{{ p }}:s3:::b-{{ tenant }}"}, "resource-type", id="GetObject on a bucket"
    ),
    pytest.param({"Resource": "arn:{{ p }}:s3:::b*"}, None, id="GetObject on what begins with a bucket"),
    pytest.param(
        {**listing(StringEquals={"s3:prefix": "x/"}), "Resource": "arn:{{ p }}:s3:::b/{{ tenant }}/*"},
        "resource-type",
        id="ListBucket on objects",
    ),
    pytest.param(
        {"Resource": ["arn:{{ p }}:s3:::b/{{ tenant }}/*", "arn:{{ p }}:s3:::b"]},
        "resource-type",
        id="a bucket that no action works on",
    ),
    pytest.param(
        {"Resource": "arn:{{ p }}:sqs:eu-west-1:111122223333:{{ tenant }}"},
        "resource-type",
        id="a resource of another service",
    ),
    pytest.param(
        {"Action": ["sns:Publish"], "Resource": "arn:{{ p }}:sns:*:111122223333:${aws:PrincipalTag/t}"},
        None,
        id="a resource with a variable and a wildcard",
    ),
    pytest.param(
        {"Action": "sqs:ListQueues", "Resource": "arn:{{ p }}:sqs:eu-west-1:111122223333:{{ tenant }}"},
        "resource-level",
        id="an action without resource level on an ARN",
    ),
    pytest.param({"Action": "sqs:ListQueues", "Resource": "*"}, None, id="the same on everything"),
    pytest.param(
        {"Condition": {"StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}},
        "qualifier",
        id="several values and no qualifier",
    ),
    pytest.param(
        {"Condition": {"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}},
        None,
        id="several values and a qualifier",
    ),
    pytest.param(
        {"Condition": {"ForAnyValue:StringEquals": {"aws:PrincipalTag/x": "y"}}},
        "qualifier",
        id="one value and a qualifier",
    ),
    *(
        pytest.param(
            {"Condition": condition}, code, id=f"{sentence} {'never' if code else 'can'} hold together"
        )
        for sentence, code, condition in (
            (
                "two lists of values",
                "contradiction",
                {"StringEquals": {USER: "x"}, "StringLike": {USER: ["y*", "z*"]}},
            ),
            (
                "a value and a pattern",
                None,
                {"StringEquals": {USER: "x1"}, "StringLike": {USER: ["y*", "x?"]}},
            ),
            (
                "a value and a claim",
                None,
                {"StringEquals": {USER: "x"}, "StringLike": {USER: "{{ tenant }}"}},
            ),
            (
                "two cases of a value",
                None,
                {"StringEquals": {USER: "x"}, "StringEqualsIgnoreCase": {USER: "X"}},
            ),
            (
                "a value that is no pattern",
                "contradiction",
                {"StringEquals": {USER: "x?"}, "StringLike": {USER: "xy"}},
            ),
            (
                "a value and its absence",
                "contradiction",
                {"StringEquals": {USER: "x"}, "Null": {USER: "true"}},
            ),
            ("a value and its presence", None, {"StringEquals": {USER: "x"}, "Null": {USER: "false"}}),
            ("no value and its absence", None, {"StringNotEquals": {USER: "x"}, "Null": {USER: "true"}}),
            (
                "a value if there is one and its absence",
                None,
                {"StringEqualsIfExists": {USER: "x"}, "Null": {USER: "true"}},
            ),
            (
                "a value and all but it",
                "contradiction",
                {"StringEquals": {USER: "x"}, "StringNotEquals": {USER: ["x", "y"]}},
            ),
            (
                "a value and all but another",
                None,
                {"StringEquals": {USER: ["x", "y"]}, "StringNotEquals": {USER: "x"}},
            ),
            (
                "values that may be absent",
                None,
                {"StringEqualsIfExists": {USER: "x"}, "StringLikeIfExists": {USER: "y"}},
            ),
            (
                "two moments",
                "contradiction",
                {
                    "DateLessThan": {NOW: "2030-01-01T00:00:00Z"},
                    "DateGreaterThan": {NOW: "2031-01-01T00:00:00Z"},
                },
            ),
            (
                "two moments of a span",
                None,
                {
                    "DateLessThan": {NOW: "2031-01-01T00:00:00Z"},
                    "DateGreaterThan": {NOW: "2030-01-01T00:00:00Z"},
                },
            ),
            (
                "two numbers",
                "contradiction",
                {
                    "NumericLessThan": {AGE: "10"},
                    "NumericGreaterThanEquals": {AGE: ["20", "30"]},
                },
            ),
            (
                "a value if there is one and all but it",
                None,
                {"StringEqualsIfExists": {USER: "x"}, "StringNotEquals": {USER: "x"}},
            ),
            (
                "two moments that may be absent",
                None,
                {
                    "DateLessThanIfExists": {NOW: "2030-01-01T00:00:00Z"},
                    "DateGreaterThanIfExists": {NOW: "2031-01-01T00:00:00Z"},
                },
            ),
            (
                "all numbers but one and those below it",
                None,
                {"NumericNotEquals": {AGE: "5"}, "NumericLessThan": {AGE: "3"}},
            ),
            (
                "two networks",
                None,
                {
                    "IpAddress": {IP: "10.0.0.0/8"},
                    "IpAddressIfExists": {IP: "10.1.0.0/16"},
                },
            ),
        )
    ),
    pytest.param(
        {"Resource": "arn:{{ p }}:s3:::b/{{ note }}/{{ note }}/*"},
        "too-large",
        id="a policy that may be too large",
    ),
]


@pytest.mark.parametrize(("changes", "code"), CASES)
def test_finds(changes: dict[str, Any], code: str | None) -> None:
    found = findings(**changes)
    assert {finding.code for finding in found} == ({code} if code else set())
    assert all(finding.remedy and finding.text for finding in found)
    assert all(finding.place == "t.json.j2:3" for finding in found if finding.code != "too-large")


@pytest.mark.parametrize(
    ("actions", "key", "known"),
    [
        pytest.param("ListBucket ListBucketVersions", "prefix", True, id="prefix"),
        pytest.param("ListBucketMultipartUploads", "prefix", False, id="prefix of uploads"),
        pytest.param("ListBucket ListBucketVersions", "delimiter", True, id="delimiter"),
        pytest.param("ListBucketMultipartUploads", "delimiter", False, id="delimiter of uploads"),
        pytest.param("ListBucket ListBucketVersions", "max-keys", True, id="how many keys"),
        pytest.param("ListBucketMultipartUploads", "max-keys", False, id="how many keys of uploads"),
    ],
)
def test_a_key_of_listings_is_found_where_the_action_lacks_it(actions: str, key: str, known: bool) -> None:
    for action in actions.split():
        found = findings(
            Action=f"s3:{action}",
            Resource="arn:{{ p }}:s3:::b",
            Condition={"StringEquals": {"s3:prefix": "x/{{ tenant }}/", f"s3:{key}": "x/{{ tenant }}/"}},
        )
        assert ("condition-key" not in {finding.code for finding in found}) is known


def test_a_scan_in_lower_case_is_found_and_has_no_leading_keys() -> None:
    changes: dict[str, Any] = items(["dynamodb:Query", "dynamodb:scan"], **PRESENT)
    found = findings(**changes)
    assert {finding.code for finding in found} == {"scan", "condition-key"}


def test_what_is_misspelt_is_told_with_what_is_closest() -> None:
    def text(**changes: Any) -> str:
        (found,) = findings(**changes)
        return found.text

    assert text(Action="sqss:SendMessage") == "`sqss:SendMessage`: AWS has no service `sqss` (closest: sqs)"
    assert text(Action="s3:getObjekt") == "`s3:getObjekt` is no action of `s3` (closest: s3:GetObject)"
    assert text(Condition={"StringEquals": {"aws:PrincipalArm": "x"}}).endswith("(closest: aws:principalarn)")
    assert "closest" not in text(Action="s3:Quux")


def test_resources_are_shown_with_their_claims() -> None:
    (found,) = findings(Resource="arn:{{ p }}:s3:::b-{{ tenant }}")
    assert found.text == "`s3:GetObject` never works on arn:aws:s3:::b-{{ tenant }}"
    assert found.remedy.endswith("arn:${Partition}:s3:::${BucketName}/${ObjectName}")


def test_nothing_is_said_of_resources_beside_an_action_that_is_unknown() -> None:
    """Who knows what it works on."""
    resources = ["arn:{{ p }}:s3:::b/{{ tenant }}/*", "arn:{{ p }}:sqs:eu-west-1:111122223333:{{ tenant }}"]
    found = findings(Action=["s3:GetObject", "sqs:Sent"], Resource=resources)
    assert {finding.code for finding in found} == {"unknown-action"}


def test_a_claim_that_users_can_change_is_found_where_it_decides() -> None:
    (found,) = findings(writable=("tenant", "note"))
    assert (found.code, found.place) == ("user-writable", "t.json.j2:3")
    assert "`tenant`" in found.text
    assert not findings(writable=("note",))


def test_a_finding_of_an_included_file_has_its_own_place_and_is_told_once() -> None:
    body = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": %s}}'
    sources = {
        "_r": '\n"arn:aws:s3:::b/{{ tenant }}/*"',
        "one": body % '{% include "_r.json.j2" %}',
        "two": body % '{% include "_r.json.j2" %}',
    }
    templates = TemplateSet.compile(sources, claims=CLAIMS, variables={})
    assert [finding.place for finding in lint(templates, user_writable=(), groupings={}, isolates={})] == [
        "_r.json.j2:2"
    ]


def test_coverage_is_told_as_findings() -> None:
    def coverage(name: str, *missed: str) -> Coverage:
        return Coverage(template=name, statements=2, statements_missed=missed, branches=0, branches_missed=())

    found = list(
        lint_coverage(
            [
                coverage("full"),
                coverage("half", "half.json.j2:3: statement A"),
                coverage("none", "a: b", "c: d"),
            ],
            threshold=100,
        )
    )
    assert [(finding.code, finding.place) for finding in found] == [
        ("uncovered", "half.json.j2:3"),
        ("no-cases", "none.json.j2:1"),
    ]
    assert list(lint_coverage([coverage("half", "half.json.j2:3: statement A")], threshold=50)) == []


def test_who_has_cases_that_decide_nothing_is_not_told_to_write_cases() -> None:
    bare = Coverage(template="t", statements=1, statements_missed=("t:1: a",), branches=0, branches_missed=())
    [unwritten] = lint_coverage([bare], threshold=100)
    [undecided] = lint_coverage([bare], threshold=100, named={"t"})
    assert unwritten.text == "no case is about this template"
    assert undecided.text == "its cases decide none of its statements"
    assert "run `authorizer policy test`" in undecided.remedy
    assert unwritten.code == undecided.code == "no-cases"


def test_the_bundled_templates_have_no_finding() -> None:
    groupings = {name: (name,) for name in bundled.NAMES} | {"all": bundled.NAMES[:1] + bundled.NAMES[2:4]}
    assert lint(bundled.compiled(), user_writable=(), groupings=groupings, isolates={}) == ()


def test_every_code_of_the_templates_has_a_case() -> None:
    settings_level = {"unused", "no-promise", "dead-end", "no-cases", "uncovered", "user-writable"}
    settings_level |= {"issuers", "shared", "shared-name", "suppression", "open-route", "any-client"}
    settings_level |= {"managed-policies", "merged", "tag-value", "literal-route", "route-size"}
    assert {case.values[1] for case in CASES} - {None} == CODES.keys() - settings_level
