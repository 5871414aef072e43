"""IAM's grammar, written by hand: what is malformed for both readers, with the one problem it has, and what is not.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language". What a policy may hold besides and a session
policy of this engine may not is in `test_document.py`.
"""

import json
from contextlib import suppress
from typing import Any

import pytest

from authorizer.engine.document.document import dump, examine, parse_identity, parse_session
from authorizer.engine.document.names import IAM_PATHS
from authorizer.engine.document.rules import RULES
from authorizer.engine.document.statement import Condition, Document, Statement
from authorizer.engine.language.errors import DocumentInvalid, DocumentRefused, NothingAllowed
from authorizer.engine.language.partitions import PARTITIONS
from tests.engine.document.policies import policies, policy

ARN = "arn:aws:s3:::bucket/home/*"
READ: dict[str, object] = {"Action": "s3:GetObject", "Resource": ARN}


@pytest.mark.parametrize(
    ("meant", "written"), [("Effect", "Efect"), ("Action", "Actions"), ("Resource", "Resorce")]
)
def test_a_misspelt_element_is_one_problem_and_not_two(meant: str, written: str) -> None:
    """It is read as what was meant: that this is missing, too, is the same mistake."""
    members = {"Effect": "Allow", **READ}
    members[written] = members.pop(meant)
    with pytest.raises(DocumentInvalid) as caught:
        parse_session(json.dumps({"Version": "2012-10-17", "Statement": members}))
    [problem] = caught.value.problems
    assert f"element '{written}' is unknown: did you mean '{meant}'?" in str(problem)


def test_beside_the_element_that_was_meant_it_has_no_meaning() -> None:
    with pytest.raises(DocumentInvalid) as caught:
        parse_session(policy(Resorce="arn:aws:s3:::other"))
    [problem] = caught.value.problems
    assert "element 'Resorce' is unknown: expected Sid, " in str(problem)


def dated(*values: str) -> str:
    return policy(Condition={"DateLessThan": {"aws:CurrentTime": list(values)}})


NO_OPERATORS = (
    "Equals", "stringEquals", "StringEqual", "StringEqualsIfexists", "IfExists", "StringLikeIgnoreCase",
    "ForAnyValue::StringEquals", "ForSomeValues:StringEquals", "ForAllValues:", "StringEquals ",
    "NumericLike", "NotBool", "BinaryNotEquals", "NullIfExists", "ForAllValues:NullIfExists",
    "StringEqualsIfExistsIfExists",
)  # fmt: skip
NO_DATES = (
    "tomorrow", "", "2026-", "2026-13", "2026-00", "2026-1-32", "2026-01-01T25", "2026-01-01T00:60",
    "2026-01-01T00:00:00.", "2026-01-01T00:00:00.0123456789Z", "2026-01-01T00:00:00+1",
    "2026-01-01T00:00:00+24",
    "2026-01-01T00:00:00+01:60", "2026-01-01 00:00:00", "2026/01/01", "12345678901-01", "9223372036854775808",
    "-9223372036854775809", "99999999999999999999", "0x10", "1.5",
)  # fmt: skip
LOOSE_DATES = (
    "2026", "2026-1", "2026-12-31", "2026-1-1T", "01T", "2026-01-01T24", "2026-01-01T0:0:0.123456789",
    "2026-01-01t00:00:00z", "2026-01-01T00:00:00+23", "2026-01-01T00:00:00+0130", "-292275054", "+5",
    "9223372036854775807", "-9223372036854775808", "000000000000000000000000001",
)  # fmt: skip

MALFORMED = [
    # The text as a whole.
    pytest.param("", "not JSON", id="nothing"),
    pytest.param("allow everything", "not JSON", id="prose"),
    pytest.param(policy()[:-1], "not JSON", id="a document that is cut short"),
    pytest.param(policy() + policy(), "extra data", id="two documents"),
    pytest.param("null", "not a JSON object", id="null"),
    pytest.param('"*"', "not a JSON object", id="a text"),
    pytest.param(f"[{policy()}]", "not a JSON object", id="a document in a list"),
    pytest.param(
        policy()[:-1] + ', "Version": "2012-10-17"}',
        "the same name twice in one object: 'Version'",
        id="Version twice",
    ),
    pytest.param(
        policy().replace('"Action"', '"Action": "s3:*", "Action"'),
        "the same name twice in one object: 'Action'",
        id="Action twice",
    ),
    pytest.param(
        policy(Condition={"Bool": {"aws:SecureTransport": "true"}}).replace('"Bool"', '"Bool": {}, "Bool"'),
        "the same name twice in one object: 'Bool'",
        id="an operator twice",
    ),
    # Version, Id, Statement, and nothing else.
    pytest.param(policies(READ, Version=None), "`Version` is missing: expected", id="no Version"),
    pytest.param(
        policies(READ, Version="2008-10-17"), "`Version` is '2008-10-17': expected", id="the older Version"
    ),
    pytest.param(
        policies(READ, Version="2012-10-18"), "`Version` is '2012-10-18': expected", id="a Version to come"
    ),
    pytest.param(
        policies(READ, Version=20121017), "`Version` is a number: expected", id="a Version in digits"
    ),
    pytest.param(
        policies(READ, Version=["2012-10-17"]), "`Version` is a list: expected", id="a Version in a list"
    ),
    pytest.param(
        policies(READ, version="2012-10-17"), "unknown element 'version'", id="a version in small letters"
    ),
    pytest.param(policies(READ, Extra="x"), "unknown element 'Extra'", id="an element that nobody knows"),
    pytest.param(policies(READ, Id=["x"]), "`Id` is a list: expected text", id="an Id in a list"),
    pytest.param(policies(READ, Id={}), "`Id` is an object: expected text", id="an Id that is an object"),
    pytest.param(policies(READ, Id=5), "`Id` is a number: expected text", id="an Id that is a number"),
    pytest.param(policies(Statement=None), "`Statement` is missing", id="no Statement"),
    pytest.param(policies(), "`Statement` is an empty list: expected", id="no statement in Statement"),
    pytest.param(
        policies(Statement="x"), "`Statement` is text: expected at least one", id="a text for Statement"
    ),
    pytest.param(
        policies(Statement=5), "`Statement` is a number: expected at least one", id="a number for Statement"
    ),
    pytest.param(policies(Statement=["x"]), "not a JSON object, but text", id="a text for a statement"),
    pytest.param(policies(Statement=[None]), "not a JSON object, but null", id="null for a statement"),
    pytest.param(policies(Statement=[[READ]]), "not a JSON object, but a list", id="a list for a statement"),
    # A statement's elements.
    pytest.param(policy(Extra="x"), "element 'Extra' is unknown", id="an unknown element of a statement"),
    pytest.param(
        policy(Principal={"AWS": "*"}),
        "'Principal' has no place here: a session policy is about",
        id="a Principal",
    ),
    pytest.param(
        policy(NotPrincipal="*"),
        "'NotPrincipal' has no place here: a session policy is about",
        id="a NotPrincipal",
    ),
    pytest.param(policy(Sid=[]), "`Sid` is an empty list: expected text", id="a Sid in a list"),
    pytest.param(policy(Sid={}), "`Sid` is an object: expected text", id="a Sid that is an object"),
    pytest.param(policy(Sid=5), "`Sid` is a number: expected text", id="a Sid that is a number"),
    pytest.param(
        policies({"Sid": "One"}, {"Sid": "Two"}, {"Sid": "One"}),
        "statement 3: Sid 'One' is not unique",
        id="a Sid twice",
    ),
    pytest.param(policy(Effect=None), "`Effect` is missing: expected", id="no Effect"),
    pytest.param(policy(Effect="allow"), "`Effect` is 'allow': expected", id="Effect in small letters"),
    pytest.param(policy(Effect="ALLOW"), "`Effect` is 'ALLOW': expected", id="Effect in capitals"),
    pytest.param(policy(Effect="denY"), "`Effect` is 'denY': expected", id="Deny with a capital too many"),
    pytest.param(policy(Effect="Permit"), "`Effect` is 'Permit': expected", id="another Effect"),
    pytest.param(policy(Effect=["Allow"]), "`Effect` is a list: expected", id="an Effect in a list"),
    pytest.param(policy(Effect={}), "`Effect` is an object: expected", id="an object for Effect"),
    pytest.param(policy(Effect=True), "`Effect` is true: expected", id="true for Effect"),
    # Actions.
    pytest.param(policy(Action=None), "no `Action`", id="no Action"),
    pytest.param(policy(Action=[]), "no `Action`", id="an empty list of actions"),
    pytest.param(policy(Action=None, NotAction=[]), "no `Action`", id="an empty list of NotAction"),
    pytest.param(
        policy(NotAction="s3:PutObject"), "both `Action` and `NotAction`", id="Action beside NotAction"
    ),
    pytest.param(
        policy(NotAction=[]), "both `Action` and `NotAction`", id="Action beside an empty NotAction"
    ),
    pytest.param(
        policy(Action=[], NotAction="s3:PutObject"),
        "both `Action` and `NotAction`",
        id="an empty Action beside NotAction",
    ),
    pytest.param(
        policy(Action=["s3:GetObject", 5]),
        "`Action` has a number in it: expected texts alone",
        id="a number as action",
    ),
    pytest.param(
        policy(Action=["s3:GetObject", []]),
        "`Action` has an empty list in it: expected texts alone",
        id="a list as action",
    ),
    pytest.param(
        policy(Action=["s3:GetObject", None]),
        "`Action` has null in it: expected texts alone",
        id="null as action",
    ),
    pytest.param(
        policy(Action="GetObject"), "must be SERVICE:NAME, with one colon", id="an action without service"
    ),
    pytest.param(policy(Action=""), "must be SERVICE:NAME, with one colon", id="an empty action"),
    pytest.param(
        policy(Action=None, NotAction=""),
        "must be SERVICE:NAME, with one colon",
        id="an empty action in NotAction",
    ),
    pytest.param(policy(Action="s3:Get:Object"), "must be SERVICE:NAME, with one colon", id="two colons"),
    pytest.param(policy(Action="**"), "must be SERVICE:NAME, with one colon", id="two stars"),
    pytest.param(policy(Action=":GetObject"), "`.` and `-`, found ''", id="an empty service"),
    pytest.param(policy(Action="s 3:GetObject"), "`.` and `-`, found 's 3'", id="a service with a space"),
    pytest.param(policy(Action="s*:GetObject"), "`.` and `-`, found 's*'", id="a service with a star"),
    pytest.param(
        policy(Action="s_3:GetObject"), "`.` and `-`, found 's_3'", id="a service with an underscore"
    ),
    pytest.param(
        policy(Action=["s3:GetObject", "s3"]),
        "must be SERVICE:NAME, with one colon",
        id="the second of two actions",
    ),
    # Resources.
    pytest.param(policy(Resource=None), "no `Resource`", id="no Resource"),
    pytest.param(policy(Resource=[]), "no `Resource`", id="an empty list of resources"),
    pytest.param(policy(Resource=None, NotResource=[]), "no `Resource`", id="an empty list of NotResource"),
    pytest.param(
        policy(NotResource=ARN), "both `Resource` and `NotResource`", id="Resource beside NotResource"
    ),
    pytest.param(
        policy(NotResource=[]), "both `Resource` and `NotResource`", id="Resource beside an empty NotResource"
    ),
    pytest.param(
        policy(Resource=[ARN, {}]),
        "`Resource` has an object in it: expected texts alone",
        id="an object among resources",
    ),
    pytest.param(
        policy(Resource=[ARN, [ARN]]),
        "`Resource` has a list in it: expected texts alone",
        id="a list among resources",
    ),
    pytest.param(
        policy(Resource=[ARN, True]),
        "`Resource` has true in it: expected texts alone",
        id="true among resources",
    ),
    pytest.param(
        policy(Resource=[ARN, 5]),
        "`Resource` has a number in it: expected texts alone",
        id="a number among resources",
    ),
    pytest.param(policy(Resource=""), "is neither an ARN nor", id="an empty resource"),
    pytest.param(policy(Resource="bucket/home/*"), "is neither an ARN nor", id="a resource that is a path"),
    pytest.param(policy(Resource="**"), "is neither an ARN nor", id="two stars for a resource"),
    pytest.param(policy(Resource=f" {ARN}"), "is neither an ARN nor", id="a space before an ARN"),
    pytest.param(policy(Resource="ARN:aws:s3:::bucket"), "is neither an ARN nor", id="ARN in capitals"),
    pytest.param(policy(Resource=["*", "aws:s3:::bucket"]), "is neither an ARN nor", id="an ARN without arn"),
    pytest.param(policy(Resource=None, NotResource="x"), "is neither an ARN nor", id="no ARN in NotResource"),
    pytest.param(policy(Resource="arn"), "names no service", id="arn alone"),
    pytest.param(policy(Resource="arn:aws"), "names no service", id="an ARN of two fields"),
    pytest.param(policy(Resource="arn:aws::::bucket"), "names no service", id="an ARN without service"),
    pytest.param(policy(Resource="arn:aws:*:::bucket"), "names no service", id="a star for a service"),
    pytest.param(
        policy(Resource="arn:aws:s?:::bucket"), "names no service", id="a question mark in a service"
    ),
    pytest.param(
        policy(Resource="arn:aws:s 3:::bucket"), "names no service", id="a space in a service's field"
    ),
    pytest.param(
        policy(Resource="arn:amazon:s3:::bucket"), "is in unknown partition 'amazon'", id="another partition"
    ),
    pytest.param(policy(Resource="arn::s3:::bucket"), "is in unknown partition ''", id="no partition"),
    pytest.param(
        policy(Resource="arn:aws*:s3:::bucket"), "is in unknown partition 'aws*'", id="a star in a partition"
    ),
    pytest.param(
        policy(Resource="arn:aws:s3::bucket"), "has too few fields", id="an ARN with a colon too few"
    ),
    pytest.param(policy(Resource="arn:aws:s3:"), "has too few fields", id="an ARN that ends in a colon"),
    pytest.param(
        policy(Resource="arn:aws:iam::123456789012:thing/x"), "names nothing of `iam`", id="nothing of iam's"
    ),
    pytest.param(
        policy(Resource="arn:aws:iam::123456789012:"), "names nothing of `iam`", id="an empty name of iam's"
    ),
    pytest.param(
        policy(Resource="arn:aws:iam::123456789012:roles/x"), "names nothing of `iam`", id="nearly a role"
    ),
    pytest.param(
        policy(Resource="arn:aws:iam:eu-west-1:1:role/x"),
        "has a region, which `iam` has not",
        id="a role's region",
    ),
    pytest.param(
        policy(Resource="arn:aws:iam:*:1:role/x"),
        "has a region, which `iam` has not",
        id="a star for a role's region",
    ),
    pytest.param(
        policy(Resource="arn:aws:s3:eu-west-1::bucket"),
        "which a bucket's ARN has not",
        id="a bucket's region",
    ),
    pytest.param(
        policy(Resource="arn:aws:s3:eu-*::bucket"),
        "which a bucket's ARN has not",
        id="half a bucket's region",
    ),
    # Conditions.
    pytest.param(
        policy(Condition=[]), "`Condition` is an empty list: expected an object", id="a list for Condition"
    ),
    pytest.param(policy(Condition="x"), "`Condition` is text: expected an object", id="a text for Condition"),
    pytest.param(
        policy(Condition=5), "`Condition` is a number: expected an object", id="a number for Condition"
    ),
    pytest.param(
        policy(Condition=[{"StringEquals": {"s3:prefix": "x"}}]),
        "`Condition` is a list: expected an object",
        id="conditions in a list",
    ),
    pytest.param(
        policy(Condition={"StringEquals": "x"}),
        "'StringEquals' has text: expected an object of keys",
        id="a text for keys",
    ),
    pytest.param(
        policy(Condition={"StringEquals": ["x"]}),
        "'StringEquals' has a list: expected an object of keys",
        id="a list for keys",
    ),
    pytest.param(
        policy(Condition={"s3:prefix": "x"}),
        "'s3:prefix' has text: expected an object of keys",
        id="a key without operator",
    ),
    *(
        pytest.param(
            policy(Condition={name: {"s3:prefix": "x"}}),
            f"unknown condition operator {name!r}",
            id=f"operator {name}",
        )
        for name in NO_OPERATORS
    ),
    pytest.param(
        policy(Condition={"StringEquals": {"s3:prefix": {}}}),
        "has an object as a value: expected text, number or boolean",
        id="an object as value",
    ),
    pytest.param(
        policy(Condition={"StringEquals": {"s3:prefix": None}}),
        "has null as a value: expected text, number or boolean",
        id="null as value",
    ),
    pytest.param(
        policy(Condition={"StringEquals": {"s3:prefix": ["x", ["y"]]}}),
        "has a list as a value: expected text, number or boolean",
        id="a list among the values",
    ),
    *(
        pytest.param(
            dated("2026-01-01T00:00:00Z", value),
            f"has value {value!r}: expected a date",
            id=f"date {value!r}",
        )
        for value in NO_DATES
    ),
]


@pytest.mark.parametrize(("text", "said"), MALFORMED)
def test_malformed_text_is_invalid_in_both_readers(text: str, said: str) -> None:
    for parse in (parse_identity, parse_session):
        with pytest.raises(DocumentInvalid) as caught:
            parse(text)
        assert type(caught.value) is DocumentInvalid
        (problem,) = caught.value.problems
        assert said in problem


def test_an_empty_statement_lacks_all_three_of_its_elements() -> None:
    said = [problem.describe() for problem in examine(policies(Statement={}))[1]]
    assert [text.partition(": ")[0] for text in said] == ["statement 1"] * 3
    assert [
        name for name in ("`Effect`", "`Action`", "`Resource`") if any(name in text for text in said)
    ] == [
        "`Effect`",
        "`Action`",
        "`Resource`",
    ]


WHOLE: list[Any] = [
    pytest.param(policy(), set(), id="a session policy in order"),
    pytest.param(policies(Statement={"Effect": "Allow", **READ}), set(), id="one statement without a list"),
    pytest.param(policy(Action=["s3:GetObject"], Resource=[ARN]), set(), id="lists of one"),
    pytest.param(policy(Condition={}), set(), id="an empty Condition"),
    pytest.param(policy(Sid=""), set(), id="an empty Sid"),
    pytest.param(policies({"Sid": ""}, {"Sid": ""}, {}, {}), set(), id="several statements without a Sid"),
    pytest.param(policies(READ, Id="x"), {"id"}, id="an Id"),
    pytest.param(policy(Sid="a b"), {"sid"}, id="a Sid with a space"),
    pytest.param(policy(Action="s-3.x:Get"), {"action-form"}, id="a service with a dot"),
    pytest.param(policy(Action="elasticfilesystem2:Get"), set(), id="a service that nobody knows"),
    pytest.param(policy(Action="s3: Get Object"), {"action-form"}, id="spaces in an action's name"),
    pytest.param(policy(Action="*"), {"action-forbidden"}, id="every action"),
    pytest.param(policy(Action="*:*"), {"action-forbidden"}, id="every action of every service"),
    pytest.param(policy(Action=None, NotAction="iam:*"), {"not-action", "action-forbidden"}, id="NotAction"),
    pytest.param(policy(Resource=None, NotResource=ARN), {"not-resource"}, id="NotResource"),
    pytest.param(policy(Resource=None, NotResource="*"), {"not-resource"}, id="NotResource of everything"),
    pytest.param(policy(Resource=[ARN, "*"]), {"resource-any"}, id="every resource beside another"),
    pytest.param(policy(Resource=[ARN, None]), {"null-resource"}, id="null beside a resource"),
    pytest.param(policy(Resource="arn:aws:s3"), {"resource-form"}, id="an ARN of three fields"),
    pytest.param(
        policy(Resource="arn:aws:s3:x:1"), {"resource-form"}, id="an ARN of five fields, none empty"
    ),
    pytest.param(policy(Resource="arn:aws:s3:*::bucket"), set(), id="a star for a bucket's region"),
    pytest.param(
        policy(Resource="arn:aws:s3:eu-west-1:1:accesspoint/x"), set(), id="an access point's region"
    ),
    pytest.param(policy(Resource="arn:aws:sqs:eu-west-1::q"), set(), id="a region of another service's"),
    pytest.param(policy(Resource="arn:aws:iam::1:*"), set(), id="everything of iam's"),
    pytest.param(policy(Resource="arn:aws:s3:::a:b::c"), set(), id="colons in a name"),
    *(
        pytest.param(policy(Resource=f"arn:{name}:s3:::b"), set(), id=f"partition {name}")
        for name in ("*", *PARTITIONS)
    ),
    *(
        pytest.param(policy(Resource=f"arn:aws:iam::1:{path}x"), set(), id=f"iam's {path}")
        for path in IAM_PATHS
    ),
    pytest.param(policy(Condition={"StringEquals": {}}), {"condition-empty"}, id="an operator without keys"),
    pytest.param(
        policy(Condition={"Nonsense": {}}), {"condition-empty"}, id="an unknown operator without keys"
    ),
    pytest.param(
        policy(Condition={"StringEquals": {"s3:prefix": []}}), {"condition-empty"}, id="a key without values"
    ),
    pytest.param(
        policy(Condition={"StringEquals": {"prefix": "x"}}), {"condition-key"}, id="a key without service"
    ),
    pytest.param(policy(Condition={"StringEqualsIfExists": {"s3:prefix": "x"}}), set(), id="IfExists"),
    pytest.param(
        policy(Condition={"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": "x"}}), set(), id="all affixes"
    ),
    pytest.param(
        policy(Condition={"Bool": {"aws:SecureTransport": True}}), set(), id="true as a JSON boolean"
    ),
    pytest.param(
        policy(Condition={"Null": {"s3:prefix": [False, "true"]}}), set(), id="both kinds of boolean"
    ),
    pytest.param(policy(Condition={"NumericEquals": {"s3:max-keys": [1, -2.5]}}), set(), id="JSON numbers"),
    pytest.param(policy(Condition={"StringEquals": {"s3:prefix": 1}}), set(), id="a number for a text"),
    *(pytest.param(dated(value), {"condition-value"}, id=f"date {value!r}") for value in LOOSE_DATES),
    pytest.param(dated("2026-01-01T00:00:00+01:30", "1893456000"), set(), id="dates that mean one moment"),
]


@pytest.mark.parametrize(("text", "rules"), WHOLE)
def test_what_iam_takes_is_taken_or_refused_by_the_named_rule(text: str, rules: set[str]) -> None:
    assert rules <= RULES.keys()
    assert {problem.rule for problem in examine(text)[1]} == rules & {"null-resource"}
    assert {problem.rule for problem in examine(text, session=True)[1]} == rules
    if not rules & {"null-resource"}:
        assert parse_identity(dump(parse_identity(text))) == parse_identity(text)
    if rules:
        with pytest.raises(DocumentRefused):
            parse_session(text)
    else:
        assert parse_session(text) == parse_identity(text)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({}, "an object"),
        ({"a": ARN}, "an object"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
    ],
)
@pytest.mark.parametrize("name", ["Action", "Resource"])
def test_what_is_neither_a_text_nor_a_list_is_said_to_be(name: str, value: object, found: str) -> None:
    """And read as nothing, so that it is missing as well."""
    other = {"Action": "Resource", "Resource": "Action"}[name]
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", other: READ[other], name: value}}
    )
    for parse in (parse_identity, parse_session):
        with pytest.raises(DocumentInvalid) as caught:
            parse(text)
        assert type(caught.value) is DocumentInvalid
        assert len(caught.value.problems) == 2
        assert f"`{name}` is {found}: expected text or a list of texts" in caught.value.problems[0]
        assert f"no `{name}`" in caught.value.problems[1]


ODD: tuple[object, ...] = (
    *(None, True, 5, 1.5, "x", "", [], {}, ["x"], [[]], [{}], [None, ["x"]]),
    *({"a": []}, {"a": {"b": []}}, {"StringEquals": {"k": [{}]}}),
)


@pytest.mark.parametrize("value", ODD, ids=json.dumps)
def test_whatever_stands_in_the_place_of_an_element_is_read_or_refused(value: object) -> None:
    """And nothing of Python's own is raised, which would end a request as a failure of ours."""
    names = ("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Extra")
    whole = [json.loads(policies(READ)) | {name: value} for name in ("Version", "Id", "Statement", "Extra")]
    parts = [{"Version": "2012-10-17", "Statement": {**READ, name: value}} for name in names]
    for tree in (*whole, *parts):
        for parse in (parse_identity, parse_session):
            with suppress(DocumentInvalid, NothingAllowed):
                parse(json.dumps(tree))


def test_null_is_a_resource_beside_others_alone() -> None:
    with pytest.raises(DocumentInvalid, match="has null in it: expected texts alone") as caught:
        parse_identity(policy(Resource=[None]))
    assert type(caught.value) is DocumentInvalid


def test_an_identity_policy_may_deny_alone_and_a_session_policy_may_not() -> None:
    text = policies({"Effect": "Deny"}, {"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert [statement.effect for statement in parse_identity(text).statements] == ["Deny", "Deny"]
    with pytest.raises(NothingAllowed):
        parse_session(text)


def test_values_are_read_as_they_were_written() -> None:
    text = policy(Condition={"NumericEquals": {"s3:max-keys": [10, 1.50, True, "x"]}})
    text = text.replace("1.5", "1.50")
    (statement,) = parse_identity(text).statements
    assert statement == Statement(
        effect="Allow",
        actions=("s3:GetObject",),
        resources=(ARN,),
        conditions=(
            Condition(operator="NumericEquals", key="s3:max-keys", values=("10", "1.50", "true", "x")),
        ),
    )


def test_a_fragment_may_be_without_statements_and_a_document_may_not() -> None:
    text = policies()
    assert examine(text, fragment=True) == (Document(statements=()), [])
    assert len(examine(text)[1]) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"Action": "s3:Get\u0100"},
        {"Resource": "arn:aws:s3:::b/\u0100"},
        {"Condition": {"StringEquals": {"s3:prefix": "\u0100"}}},
        {"Condition": {"StringEquals": {"s3:\u0100": "x"}}},
    ],
    ids=["an action", "a resource", "a condition's value", "a condition's key"],
)
def test_characters_that_sts_does_not_take_are_refused_wherever_they_stand(
    changes: dict[str, object],
) -> None:
    text = policy(**changes)
    assert "character" in {problem.rule for problem in examine(text)[1]}
    assert "character" not in {problem.rule for problem in examine(text, holes="\u0100")[1]}


def test_the_edges_of_what_sts_takes() -> None:
    assert parse_session(policy(Resource="arn:aws:s3:::b/ ÿ")).statements[0].resources == (
        "arn:aws:s3:::b/ ÿ",
    )
    for char in ("\x1f", "\u0100"):
        with pytest.raises(DocumentRefused) as refused:
            parse_session(policy(Resource=f"arn:aws:s3:::b/{char}"))
        assert refused.value.rules == ("character",)


def test_everything_wrong_in_a_document_is_told_with_its_statement() -> None:
    text = json.dumps(
        {
            "Version": "2008-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ARN},
                {"Effect": "allow", "Action": "x", "Resource": "x"},
                5,
            ],
        }
    )
    places = [problem.statement for problem in examine(text)[1]]
    assert places == [None, 1, 1, 1, 2]
