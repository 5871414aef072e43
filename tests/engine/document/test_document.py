"""Documents: each stricter rule by itself, what is malformed, and what is written back."""

import json

import pytest

from authorizer.engine.document.document import dump, examine, parse_identity, parse_session
from authorizer.engine.document.rules import RULES, broken_rules
from authorizer.engine.document.sharing import Sharing, sharing_problems
from authorizer.engine.document.statement import Condition, Document, Statement
from authorizer.engine.language.errors import DocumentInvalid, DocumentRefused, NothingAllowed
from tests.engine.document.policies import policy

BROKEN = [
    pytest.param(policy(Resource=["arn:aws:s3:::a/*", None]), "null-resource", id="null among the resources"),
    pytest.param(policy(Sid="a_b"), "sid", id="a Sid with an underscore"),
    pytest.param(json.dumps({**json.loads(policy()), "Id": "x"}), "id", id="an Id"),
    pytest.param(policy(Action=None, NotAction="s3:GetObject"), "not-action", id="NotAction"),
    pytest.param(
        policy(Effect="Deny", Resource=None, NotResource=["arn:aws:s3:::a/*", "*"]),
        "not-resource",
        id="a Deny of nothing, by its resources",
    ),
    pytest.param(
        policy(Effect="Deny", Action=None, NotAction="*"),
        "not-action",
        id="a Deny of nothing, by its actions",
    ),
    pytest.param(
        policy(Effect="Deny", Resource=None, NotResource="arn:aws:s3"),
        "resource-form",
        id="an ARN of three fields that a Deny leaves out",
    ),
    pytest.param(
        policy(Effect="Deny", Action=None, NotAction="s3:"),
        "action-form",
        id="an action without a name that a Deny leaves out",
    ),
    pytest.param(policy(Action="s3:Get Object"), "action-form", id="an action with white space"),
    pytest.param(policy(Action="s3:"), "action-form", id="an action without a name"),
    pytest.param(policy(Action="*"), "action-forbidden", id="every action"),
    pytest.param(policy(Action="*:*"), "action-forbidden", id="every action of every service"),
    pytest.param(policy(Action=["s3:GetObject", "sts:AssumeRole"]), "action-forbidden", id="sts:AssumeRole"),
    pytest.param(policy(Action="STS:*"), "action-forbidden", id="STS in capitals"),
    pytest.param(policy(Action="iam:PassRole"), "action-forbidden", id="iam:PassRole"),
    pytest.param(policy(Effect="Deny", Action="s3:Get Object"), "action-form", id="white space in a Deny"),
    pytest.param(policy(Resource="arn:aws:s3"), "resource-form", id="an ARN of three fields"),
    pytest.param(policy(Resource="arn:aws:s3:::"), "resource-form", id="an ARN that names nothing"),
    pytest.param(policy(Resource="*"), "resource-any", id="every resource for an action that has resources"),
    pytest.param(
        policy(Action=["s3:ListAllMyBuckets", "s3:GetObject"], Resource="*"),
        "resource-any",
        id="every resource where one of the actions has resources",
    ),
    pytest.param(
        policy(Resource="arn:aws:s3:::a/${aws:username"), "variable-form", id="an unclosed variable"
    ),
    pytest.param(policy(Resource="arn:aws:s3:::a/${}"), "variable-form", id="an empty variable"),
    pytest.param(policy(Resource="arn:aws:s3:::a/${${*}}"), "variable-form", id="a variable in a variable"),
    pytest.param(
        policy(Resource="arn:aws:sqs:${aws:region}:1:q"),
        "variable-place",
        id="a variable before the fifth colon",
    ),
    pytest.param(
        policy(Condition={"NumericEquals": {"s3:max-keys": "${aws:x}"}}),
        "variable-place",
        id="a variable in a number",
    ),
    pytest.param(
        policy(Condition={"ForAllValues:StringEquals": {"dynamodb: LeadingKeys": ["x"]}}),
        "condition-key",
        id="AWS's own sample key, with white space",
    ),
    pytest.param(
        policy(Condition={"StringEquals": {"tenant": "x"}}), "condition-key", id="a key without service"
    ),
    pytest.param(
        policy(Condition={"StringEquals": {"aws:PrincipalTag/my team": "x"}}),
        "condition-key",
        id="white space further on in a key",
    ),
    pytest.param(
        policy(Condition={"StringEquals": {"aws:PrincipalTag/*": "x"}}),
        "condition-key",
        id="a wildcard in a key",
    ),
    pytest.param(
        policy(Condition={"StringEquals": {"s3:prefix": "x", "S3:Prefix": "y"}}),
        "condition-twice",
        id="a key in two spellings",
    ),
    pytest.param(policy(Condition={"StringEquals": {}}), "condition-empty", id="an operator without keys"),
    pytest.param(
        policy(Condition={"StringEquals": {"s3:prefix": []}}), "condition-empty", id="a key without values"
    ),
    pytest.param(
        policy(Condition={"NumericEquals": {"s3:max-keys": "x"}}), "condition-value", id="no number"
    ),
    pytest.param(
        policy(Condition={"DateLessThan": {"aws:CurrentTime": "2026"}}),
        "condition-value",
        id="a date with only a year",
    ),
    pytest.param(
        policy(Condition={"Bool": {"aws:SecureTransport": "True"}}), "condition-value", id="True in capitals"
    ),
    pytest.param(policy(Condition={"Null": {"s3:prefix": "0"}}), "condition-value", id="Null of a number"),
    pytest.param(
        policy(Condition={"ForAllValues:Null": {"s3:prefix": "true"}}),
        "condition-value",
        id="Null of all values",
    ),
    pytest.param(
        policy(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.1/8"}}),
        "condition-value",
        id="a network with host bits",
    ),
    pytest.param(
        policy(Condition={"BinaryEquals": {"aws:key": "a"}}), "condition-value", id="what is no base64"
    ),
    pytest.param(
        policy(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3"}}),
        "condition-value",
        id="half an ARN in a value",
    ),
    pytest.param(
        policy(Resource="arn:aws:s3:::a/\N{CYRILLIC SMALL LETTER A}"), "character", id="a Cyrillic letter"
    ),
    pytest.param(policy(Resource="arn:aws:s3:::a/\n"), "character", id="a line feed"),
]


@pytest.mark.parametrize(("text", "rule"), BROKEN)
def test_a_stricter_rule_refuses(text: str, rule: str) -> None:
    with pytest.raises(DocumentRefused) as caught:
        parse_session(text)
    assert set(caught.value.rules) == {rule}
    assert RULES[rule]


def test_every_stricter_rule_has_a_case() -> None:
    broken = set[str]()
    for case in BROKEN:
        with pytest.raises(DocumentRefused) as caught:
            parse_session(str(case.values[0]))
        broken |= set(caught.value.rules)
    assert broken == RULES.keys()


TAKEN = [
    pytest.param(
        policy(Action="s3:ListAllMyBuckets", Resource="*"), id="every resource where IAM knows no other"
    ),
    pytest.param(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    json.loads(policy())["Statement"][0],
                    {"Effect": "Deny", "Action": "*", "Resource": "*"},
                ],
            }
        ),
        id="a Deny of everything beside an Allow",
    ),
    pytest.param(
        policy(Resource="arn:aws:s3:::a/${aws:PrincipalTag/team, 'all'}/${*}${?}${$}"),
        id="variables and escapes",
    ),
    pytest.param(policy(Condition={"NumericLessThan": {"s3:max-keys": 10}}), id="a JSON number"),
    pytest.param(
        policy(Condition={"DateLessThan": {"aws:CurrentTime": "1893456000"}}), id="a date in seconds"
    ),
    pytest.param(policy(Condition={"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "::1"]}}), id="addresses"),
    pytest.param(policy(Sid="Own1"), id="a Sid of letters and digits"),
    pytest.param(policy(Action="S3:LISTALLMYBUCKETS", Resource="*"), id="an action in capitals"),
    pytest.param(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    json.loads(policy())["Statement"][0],
                    {"Effect": "Deny", "Action": ["*:*", "sts:*", "iam:PassRole"], "Resource": "*"},
                ],
            }
        ),
        id="a Deny of what leads out",
    ),
    pytest.param(
        policy(Condition={"ForAllValues:StringLikeIfExists": {"aws:TagKeys": ["a", "b*"]}}), id="all values"
    ),
    pytest.param(
        policy(
            Condition={
                "Null": {"aws:a": "true", "aws:b": "false"},
                "Bool": {"aws:c": "true", "aws:d": False, "aws:e": True},
            }
        ),
        id="true and false",
    ),
    pytest.param(
        policy(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::${aws:PrincipalTag/team}"}}),
        id="a variable in an ARN's value",
    ),
    pytest.param(
        policy(
            Condition={
                "StringLike": {"s3:prefix": "a"},
                "StringEquals": {"s3:prefix": "a", "s3:delimiter": "/"},
            }
        ),
        id="a key under two operators",
    ),
    pytest.param(policy(Condition={"NumericEquals": {"s3:max-keys": [-1.50, 1]}}), id="a fraction"),
]


@pytest.mark.parametrize("text", TAKEN)
def test_what_no_rule_refuses_is_taken(text: str) -> None:
    assert parse_session(dump(parse_session(text))) == parse_session(text)


def test_a_deny_alone_allows_nothing() -> None:
    with pytest.raises(NothingAllowed):
        parse_session(policy(Effect="Deny"))


MALFORMED = [
    pytest.param(
        '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}', "Version", id="a name twice"
    ),
    pytest.param(
        policy().replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"'), "Effect", id="effects"
    ),
    pytest.param("[" * 100_000, "nested too deep", id="a hundred thousand brackets"),
    pytest.param("[]", "not a JSON object", id="a list"),
    pytest.param(policy(Resource=5), "`Resource`", id="a number as resource"),
    pytest.param(policy(Resource=[5, "*"]), "`Resource`", id="a number among the resources"),
    pytest.param(policy(Condition={"NumericEquals": {"s3:max-keys": float("nan")}}), "NaN", id="NaN"),
    pytest.param(policy(Principal="*"), "has no place here", id="a principal"),
    pytest.param(
        policy(Condition={"NullIfExists": {"s3:prefix": "true"}}), "operator", id="Null with IfExists"
    ),
]


@pytest.mark.parametrize(("text", "said"), MALFORMED)
def test_malformed_text_is_invalid(text: str, said: str) -> None:
    with pytest.raises(DocumentInvalid, match=said) as caught:
        parse_session(text)
    assert type(caught.value) is DocumentInvalid


def test_every_problem_is_told_at_once_with_its_statement() -> None:
    good, bad = json.loads(policy())["Statement"][0], {"Effect": "allow", "Resource": "x"}
    with pytest.raises(DocumentInvalid) as caught:
        parse_identity(json.dumps({"Version": "2012-10-17", "Statement": [good, bad]}))
    assert len(caught.value.problems) == 3
    assert all(problem.startswith("statement 2: ") for problem in caught.value.problems)


def test_dump_is_minified_and_collapses_lists_of_one() -> None:
    text = policy(
        Action=["s3:GetObject"], Condition={"StringLike": {"s3:prefix": ["a/*"], "aws:x": ["b", "c"]}}
    )
    document = parse_session(text)
    assert document.statements == (
        Statement(
            effect="Allow",
            actions=("s3:GetObject",),
            resources=("arn:aws:s3:::bucket/home/*",),
            conditions=(
                Condition(operator="StringLike", key="s3:prefix", values=("a/*",)),
                Condition(operator="StringLike", key="aws:x", values=("b", "c")),
            ),
        ),
    )
    assert dump(document) == (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject",'
        '"Resource":"arn:aws:s3:::bucket/home/*","Condition":{"StringLike":{"s3:prefix":"a/*","aws:x":["b","c"]}}}}'
    )


@pytest.mark.parametrize(
    "action",
    [
        *("cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics"),
        *("cloudwatch:PutMetricData", "comprehend:DetectSentiment", "dynamodb:DescribeLimits"),
        *("dynamodb:ListTables", "ec2:DescribeRegions", "kms:GenerateRandom", "polly:DescribeVoices"),
        *("rekognition:DetectLabels", "s3:ListAllMyBuckets", "ses:GetSendQuota", "sns:ListTopics"),
        *("sqs:ListQueues", "textract:AnalyzeDocument", "textract:DetectDocumentText"),
        *("translate:TranslateText", "xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    ],
)
def test_an_action_without_resource_level_may_have_every_resource(action: str) -> None:
    assert parse_session(policy(Action=action, Resource="*")).statements


def document(**changes: object) -> str:
    """A policy in order, but for the named elements of the document itself."""
    return json.dumps({**json.loads(policy()), **changes})


VERSION = '`Version` is {}: expected "2012-10-17", since older versions have no policy variables'
NO_STATEMENT = "`Statement` is {}: expected at least one statement"
UNKNOWN = "unknown element {!r}: expected Version, Id, Statement"
NO_EFFECT = '`Effect` is {}: expected "Allow" or "Deny"'

SAID_OF_DOCUMENTS = [
    pytest.param("{", ["not JSON: expecting property name enclosed in double quotes at line 1, column 2"], id="half"),
    pytest.param("5", ["not a JSON object, but a number"], id="a number"),
    pytest.param(
        document(Statements=1, Extra=2), [UNKNOWN.format("Statements"), UNKNOWN.format("Extra")], id="others"
    ),
    pytest.param(document(Version="2008-10-17"), [VERSION.format("'2008-10-17'")], id="the older version"),
    pytest.param(policy().replace('"Version": "2012-10-17", ', ""), [VERSION.format("missing")], id="no version"),
    pytest.param(document(Version=20121017), [VERSION.format("a number")], id="a version in digits"),
    pytest.param(document(Id=5), ["`Id` is a number: expected text"], id="an Id that is a number"),
    pytest.param('{"Version": "2012-10-17"}', [NO_STATEMENT.format("missing")], id="no statement"),
    pytest.param(document(Statement=[]), [NO_STATEMENT.format("an empty list")], id="an empty list of statements"),
    pytest.param(document(Statement="x"), [NO_STATEMENT.format("text")], id="a text for statements"),
    pytest.param(document(Statement=["x"]), ["statement 1: not a JSON object, but text"], id="a text among them"),
    pytest.param(
        policy().replace('"Effect": "Allow"', '"Effect": "Deny", "Effect": "Allow"'),
        ["the same name twice in one object: 'Effect'"],
        id="one name twice",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), SAID_OF_DOCUMENTS)
def test_of_a_malformed_document_is_told_what_is_wrong_and_nothing_else(text: str, said: list[str]) -> None:
    for parse in (parse_identity, parse_session):
        with pytest.raises(DocumentInvalid) as caught:
            parse(text)
        assert type(caught.value) is DocumentInvalid
        assert list(caught.value.problems) == said


def of_iam(*resources: str) -> str:
    return policy(Action="iam:GetUser", Resource=list(resources))


PATHS = (
    "user/ federated-user/ role/ group/ instance-profile/ mfa/ server-certificate/ policy/ sms-mfa/ saml-provider/ "
    "oidc-provider/ report/ access-report/"
)
NO_SERVICE = "action {!r} has no valid service: expected letters, digits, `.` and `-`, found {!r}"
SAID_OF_STATEMENTS = [
    pytest.param(
        {"Principal": "*"},
        ["element 'Principal' has no place here: a session policy is about the one who carries it; take it out"],
        id="a principal",
    ),
    pytest.param(
        {"Actions": "*"},
        [
            "element 'Actions' is unknown: expected Sid, Effect, Action, NotAction, Resource, NotResource, Condition"
        ],
        id="a misspelled element",
    ),
    pytest.param({"Sid": 5}, ["`Sid` is a number: expected text"], id="a Sid that is a number"),
    pytest.param({"Effect": "allow"}, [NO_EFFECT.format("'allow'")], id="an effect in small letters"),
    pytest.param({"Effect": None}, [NO_EFFECT.format("missing")], id="no effect"),
    pytest.param({"Effect": True}, [NO_EFFECT.format("true")], id="true as an effect"),
    pytest.param({"NotAction": "s3:Put"}, ["both `Action` and `NotAction`"], id="Action and NotAction"),
    pytest.param({"NotResource": "*"}, ["both `Resource` and `NotResource`"], id="Resource and NotResource"),
    pytest.param({"Action": None}, ["no `Action`"], id="no action"),
    pytest.param({"Resource": []}, ["no `Resource`"], id="an empty list of resources"),
    pytest.param(
        {"Action": {}}, ["`Action` is an object: expected text or a list of texts", "no `Action`"], id="an object"
    ),
    pytest.param({"Action": ["s3:Get", 5]}, ["`Action` has a number in it: expected texts alone"], id="a number"),
    pytest.param({"Action": ["s3:Get", [None]]}, ["`Action` has a list in it: expected texts alone"], id="a list"),
    pytest.param(
        {"Resource": [["x"]]}, ["`Resource` has a list in it: expected texts alone", "no `Resource`"], id="lists"
    ),
    pytest.param(
        {"Resource": [None]}, ["`Resource` has null in it: expected texts alone", "no `Resource`"], id="null alone"
    ),
    pytest.param({"Action": ["s3:Get", None]}, ["`Action` has null in it: expected texts alone"], id="null"),
    pytest.param({"Action": "GetObject"}, ["action 'GetObject' must be SERVICE:NAME, with one colon"], id="no service"),
    pytest.param({"Action": "s3:a:b"}, ["action 's3:a:b' must be SERVICE:NAME, with one colon"], id="two colons"),
    pytest.param({"Action": "s_3:Get"}, [NO_SERVICE.format("s_3:Get", "s_3")], id="an underscore"),
    pytest.param({"Action": ":Get"}, [NO_SERVICE.format(":Get", "")], id="an empty service"),
    pytest.param(
        {"Action": None, "NotAction": "*:Get"},
        [NO_SERVICE.format("*:Get", "*")],
        id="every service's action",
    ),
    pytest.param({"Resource": "bucket"}, ['resource \'bucket\' is neither an ARN nor "*"'], id="a bucket's name"),
    pytest.param(
        {"Resource": None, "NotResource": "x"}, ['resource \'x\' is neither an ARN nor "*"'], id="what is not meant"
    ),
    *(
        pytest.param(
            {"Resource": text}, [f"resource {text!r} names no service: wildcards are not allowed there"], id=text
        )
        for text in ("arn", "arn:aws", "arn:aws:", "arn:aws:s*:::x", "arn:aws:s?:::x", "arn:aws: s3:::x")
    ),
    pytest.param(
        {"Resource": "arn:moon:s3:::x"},
        [
            "resource 'arn:moon:s3:::x' is in unknown partition 'moon': expected one of *, aws, aws-cn, aws-us-gov, "
            "aws-iso, aws-iso-b, aws-iso-e, aws-iso-f, aws-eusc"
        ],
        id="the moon",
    ),
    pytest.param(
        {"Resource": "arn:aws:s3:"}, ["resource 'arn:aws:s3:' has too few fields: expected six, found 4"], id="four"
    ),
    pytest.param(
        {"Resource": "arn:aws:iam:eu-west-1:1:user/x"},
        ["resource 'arn:aws:iam:eu-west-1:1:user/x' has a region, which `iam` has not"],
        id="a user's region",
    ),
    pytest.param(
        {"Resource": "arn:aws:iam::1:x"},
        [f"resource 'arn:aws:iam::1:x' names nothing of `iam`: expected one of {PATHS}"],
        id="what iam has not",
    ),
    pytest.param(
        {"Resource": "arn:aws:s3:eu-west-1::x"},
        ["resource 'arn:aws:s3:eu-west-1::x' has a region, which a bucket's ARN has not"],
        id="a bucket's region",
    ),
    pytest.param({"Condition": []}, ["`Condition` is an empty list: expected an object of operators"], id="no object"),
    pytest.param(
        {"Condition": {"StringEquals": "x", "Bool": ["x"]}},
        [
            "condition operator 'StringEquals' has text: expected an object of keys",
            "condition operator 'Bool' has a list: expected an object of keys",
        ],
        id="operators without keys",
    ),
    *(
        pytest.param({"Condition": {name: {"aws:x": "1"}}}, [f"unknown condition operator {name!r}"], id=name)
        for name in ("Equals", "StringLike!", "NullIfExists", "ForSome:StringLike", "stringlike", "IfExists")
    ),
    pytest.param(
        {"Condition": {"StringEquals": {"aws:x": [None, ["a"]]}}},
        [
            f"condition operator 'StringEquals' has {found} as a value: expected text, number or boolean"
            for found in ("null", "a list")
        ],
        id="null and a list among values",
    ),
    pytest.param(
        {"Condition": {"DateLessThan": {"aws:CurrentTime": ["2026-01-01", "soon"]}}},
        ["`DateLessThan` has value 'soon': expected a date"],
        id="what is no date",
    ),
    pytest.param({"Sid": "a_b", "Effect": "x"}, [NO_EFFECT.format("'x'")], id="beside a broken rule"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), SAID_OF_STATEMENTS)
def test_of_a_malformed_statement_is_told_what_is_wrong_and_nothing_else(
    changes: dict[str, object], said: list[str]
) -> None:
    for parse in (parse_identity, parse_session):
        with pytest.raises(DocumentInvalid) as caught:
            parse(policy(**changes))
        assert type(caught.value) is DocumentInvalid
        assert list(caught.value.problems) == [f"statement 1: {each}" for each in said]


def test_of_two_statements_with_one_sid_the_second_is_told() -> None:
    one = json.loads(policy(Sid="A"))["Statement"][0]
    with pytest.raises(DocumentInvalid) as caught:
        parse_identity(document(Statement=[one, {**one, "Sid": "B"}, one]))
    assert list(caught.value.problems) == ["statement 3: Sid 'A' is not unique"]


def test_rules_are_not_asked_about_what_is_malformed() -> None:
    text = json.dumps({**json.loads(policy(Sid="a_b", Effect="x")), "Id": "x"})
    _, problems = examine(text, session=True)
    assert [problem.rule for problem in problems] == ["id", None]
    _, problems = examine(policy(Sid="a_b", Effect="x"), session=True)
    assert [problem.rule for problem in problems] == [None]


def test_a_broken_rule_is_told_with_its_statement_and_its_name() -> None:
    one = json.loads(policy())["Statement"][0]
    with pytest.raises(DocumentRefused) as caught:
        parse_session(document(Statement=[one, {**one, "Sid": "a_b", "Action": "*"}]))
    assert caught.value.rules == ("sid", "action-forbidden")
    assert [problem.partition(" is refused")[0] for problem in caught.value.problems] == [
        "statement 2: `Sid` 'a_b'",
        "statement 2: action '*'",
    ]
    assert str(caught.value) == "; ".join(caught.value.problems)


IAM_TAKES = [
    pytest.param(document(Id="x"), id="an Id"),
    pytest.param(policy(Condition={"StringEquals": {}, "Foo": {}}), id="operators without keys"),
    pytest.param(document(Statement=[json.loads(policy(Sid=""))["Statement"][0]] * 2), id="empty Sids"),
    pytest.param(document(Statement=json.loads(policy())["Statement"] * 2), id="statements without a Sid"),
    pytest.param(policy(Action=["*", "*:*"]), id="every action, in both spellings"),
    pytest.param(policy(Action=None, NotAction="s3:Get", Resource=None, NotResource="*"), id="NotAction, NotResource"),
    *(
        pytest.param(policy(Resource=f"arn:{partition}:s3:::x"), id=f"partition {partition}")
        for partition in (
            *("*", "aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"),
        )
    ),
    *(pytest.param(of_iam(f"arn:aws:iam::1:{path}x"), id=path) for path in ("*", *PATHS.split())),
    pytest.param(policy(Resource="arn:aws:s3"), id="an ARN of three fields"),
    pytest.param(policy(Resource=["arn:aws:s3:*::x", "arn:aws:s3:eu-west-1:1:accesspoint/x"]), id="regions of S3"),
    pytest.param(policy(Action="sqs:*", Resource="arn:aws:sqs:eu-west-1::x"), id="a queue's region without account"),
    pytest.param(policy(Condition={"NumericEquals": {"s3:max-keys": "many"}}), id="what is no number"),
    pytest.param(policy(Sid="a_b", Condition={"StringEquals": {"x": "soon"}}), id="what only a session may not have"),
]  # fmt: skip


@pytest.mark.parametrize("text", IAM_TAKES)
def test_what_iam_takes_is_read_and_written_as_it_was(text: str) -> None:
    read = parse_identity(text)
    assert parse_identity(dump(read)) == read
    assert len(read.statements) == len(json.loads(text)["Statement"])


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        pytest.param({"Resource": ["arn:aws:s3:::a", None]}, ("null-resource",), id="null among resources"),
        pytest.param(
            {"Resource": None, "NotResource": ["arn:aws:s3:::a", None]},
            ("null-resource",),
            id="null in NotResource",
        ),
        pytest.param(
            {"Resource": "arn:aws:s3:::\u0100\u0100"}, ("character",), id="a character beyond U+00FF"
        ),
        pytest.param({"Resource": "arn:aws:s3:::\x1f"}, ("character",), id="a control character"),
        pytest.param(
            {"Condition": {"StringEquals": {"aws:\u0100": "x"}}}, ("character",), id="a character of a key"
        ),
        pytest.param(
            {"Condition": {"StringEquals": {"aws:x": "\u0100"}}}, ("character",), id="a character of a value"
        ),
    ],
)
def test_what_has_no_meaning_here_is_refused_of_iams_policies_too(
    changes: dict[str, object], rules: tuple[str, ...]
) -> None:
    with pytest.raises(DocumentRefused) as caught:
        parse_identity(policy(**changes))
    assert caught.value.rules == rules


def test_dump_writes_everything_that_was_read() -> None:
    statements = [
        {
            "Sid": "A",
            "Effect": "Allow",
            "Action": ["s3:Get", "s3:Put"],
            "Resource": "arn:aws:s3:::\u00e4\u00ff",
        },
        {"Effect": "Deny", "NotAction": "s3:Get", "NotResource": ["arn:aws:s3:::a", "arn:aws:s3:::b"]},
        {
            "Effect": "Deny",
            "Action": "s3:Get",
            "Resource": "*",
            "Condition": {
                "NumericEquals": {"aws:n": ["1.50", "2"]},
                "Bool": {"aws:a": "true", "aws:b": "false"},
            },
        },
    ]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}, ensure_ascii=False)
    raw = (
        text.replace('"1.50"', "1.50")
        .replace('"2"', "2")
        .replace('"true"', "true")
        .replace('"false"', "false")
    )
    assert dump(parse_identity(raw)) == text.replace(", ", ",").replace(": ", ":")


def test_a_condition_that_no_reader_gave_is_judged_too() -> None:
    odd = Condition(operator="StringEqual", key="s3:prefix", values=("a",))
    statement = Statement(
        effect="Allow", actions=("s3:Get",), resources=("arn:aws:s3:::a",), conditions=(odd,)
    )
    assert [problem.rule for problem in broken_rules(Document(statements=(statement,)))] == [
        "condition-empty"
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actions", "s3:GetObject!"),
        ("actions", "s3:GetObject, s3:PutObject"),
        ("actions", "GetObject"),
        ("resources", "arn:aws:s3:::bucket/x\nand more"),
        ("resources", "bucket/x"),
        ("resources", "arn:aws:s3:::${aws:username}"),
        ("resources", "*"),
        ("statement", "a b"),
    ],
)
def test_what_is_shared_is_told_by_whole_names(field: str, value: str) -> None:
    fields = {"statement": "One", "actions": ("s3:GetObject",), "resources": ("arn:aws:s3:::bucket/x",)}
    assert not list(sharing_problems(Sharing(**fields)))  # type: ignore[arg-type]
    changed = {**fields, field: value if field == "statement" else (value,)}
    assert [name for name, _ in sharing_problems(Sharing(**changed))] == [field]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        pytest.param(("s3:ListAllMyBuckets", "SQS:listqueues"), None, id="that have no resources"),
        pytest.param(("s3:ListAllMyBuckets", "s3:GetObject"), "would share everything", id="one that has"),
    ],
)
def test_everything_is_shared_with_actions_that_have_no_resources(
    actions: tuple[str, ...], said: str | None
) -> None:
    problems = [
        text for _, text in sharing_problems(Sharing(statement="One", actions=actions, resources=("*",)))
    ]
    assert not problems if said is None else said in problems[0]


def test_who_may_not_write_a_star_is_told_what_they_can_do_themselves() -> None:
    """The table of actions is this package's, and none of its users'."""
    with pytest.raises(DocumentInvalid) as caught:
        parse_session(policy(Resource="*"))
    [problem] = caught.value.problems
    assert "`managed_policies` of the role names" in str(problem)
    assert "WITHOUT_RESOURCE_LEVEL" not in str(problem)
