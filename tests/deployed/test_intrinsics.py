"""CloudFormation's functions: what they come to, and what cannot be told is a stand-in and never a value."""

from typing import Any

import pytest

from authorizer.deployed.deployment import Deployment
from authorizer.deployed.errors import DeploymentInvalid
from authorizer.deployed.intrinsics import NO_VALUE, Resolver
from authorizer.deployed.names import Names, is_open
from authorizer.deployed.tree import read_tree
from tests.deployed.factories import from_template

TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: live}
  Missing: {Type: String}
  Names: {Type: CommaDelimitedList, Default: "a, b"}
  Numbers: {Type: "List<Number>", Default: "1,2"}
  Stored: {Type: "AWS::SSM::Parameter::Value<String>", Default: /path}
  Flag: {Type: String, Default: true}
  Broken: text
Mappings:
  Regions:
    eu-west-1: {zone: west}
Conditions:
  Live: !Equals [!Ref Stage, live]
  Test: !Equals [!Ref Stage, test]
  Open: !Equals [!Ref Missing, x]
  NotLive: !Not [!Condition Live]
  NotOpen: !Not [!Condition Open]
  Both: !And [!Condition Live, !Condition Test]
  BothOpen: !And [!Condition Live, !Condition Open]
  Either: !Or [!Condition Open, !Condition Live]
  EitherOpen: !Or [!Condition Open, !Condition Test]
  Round: !Condition Round
  Odd: !Equals [x]
  Unknown: !Frobnicate [x]
  Plain: text
  Listed: !Equals [!Ref Names, x]
  Flagged: !Equals [!Ref Flag, "true"]
Resources:
  Bucket: {Type: "AWS::S3::Bucket"}
  Named: {Type: "AWS::S3::Bucket", Properties: {BucketName: !Sub "${Stage}-data"}}
  Role: {Type: "AWS::IAM::Role", Properties: {RoleName: reader, Path: /team/}}
  OddPath: {Type: "AWS::IAM::Role", Properties: {RoleName: reader, Path: [x]}}
  Queue: {Type: "AWS::SQS::Queue", Properties: {QueueName: orders}}
  Topic: {Type: "AWS::SNS::Topic", Properties: {TopicName: news}}
  Function: {Type: "AWS::Serverless::Function", Properties: {FunctionName: f}}
  Alias: {Type: "AWS::Lambda::Alias", Properties: {FunctionName: !Ref Function, Name: live}}
  AliasByArn: {Type: "AWS::Lambda::Alias", Properties: {FunctionName: !GetAtt Function.Arn, Name: live}}
  AliasOfOpen: {Type: "AWS::Lambda::Version", Properties: {FunctionName: [x]}}
  Pool: {Type: "AWS::Cognito::UserPool"}
  Key: {Type: "AWS::KMS::Key"}
  Other: {Type: "Custom::Thing"}
  Broken: text
"""


def resolver(**parameters: Any) -> tuple[Resolver, Names]:
    names = Names()
    pseudo = {
        "AWS::Partition": "aws",
        "AWS::Region": "eu-west-1",
        "AWS::AccountId": "123456789012",
        "AWS::URLSuffix": "amazonaws.com",
    }
    tree = read_tree(TEMPLATE, "t.yaml")
    return Resolver(tree, parameters=parameters, pseudo=pseudo, names=names, prefix=""), names


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref Stage", "live"),
        ("!Ref Names", ["a", "b"]),
        ("!Ref Numbers", ["1", "2"]),
        ("!Ref Flag", "true"),
        ("!Ref AWS::Region", "eu-west-1"),
        ("!Ref Named", "live-data"),
        ("!Ref Bucket", "${Bucket}"),
        ("!Ref Queue", "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"),
        ("!Ref Topic", "arn:aws:sns:eu-west-1:123456789012:news"),
        ("!Ref Pool", "eu-west-1_${Pool}"),
        ("!Ref Other", "${Other}"),
        ("!Ref FunctionAliaslive", "arn:aws:lambda:eu-west-1:123456789012:function:f:*"),
        ("!Ref FunctionVersion0a1b", "arn:aws:lambda:eu-west-1:123456789012:function:f:*"),
        ("!Ref OtherAliaslive", "${OtherAliaslive}"),
        ("!Ref Alias", "arn:aws:lambda:eu-west-1:123456789012:function:f:*"),
        ("!Ref AliasByArn", "arn:aws:lambda:eu-west-1:123456789012:function:f:*"),
        ("!Ref AliasOfOpen", "arn:aws:lambda:eu-west-1:123456789012:function:${AliasOfOpen}:*"),
        ("!Ref Function.Alias", "arn:aws:lambda:eu-west-1:123456789012:function:f:*"),
        ("!GetAtt Bucket.Arn", "arn:aws:s3:::${Bucket}"),
        ("!GetAtt [Named, Arn]", "arn:aws:s3:::live-data"),
        ("!GetAtt Role.Arn", "arn:aws:iam::123456789012:role/team/reader"),
        ("!GetAtt OddPath.Arn", "arn:aws:iam::123456789012:role/*/reader"),
        ("!GetAtt Queue.QueueName", "orders"),
        ("!GetAtt Key.KeyId", "${Key}"),
        ("!GetAtt Function.Version", "arn:aws:lambda:eu-west-1:123456789012:function:f:*"),
        ("!GetAtt FunctionRole.Arn", "arn:aws:iam::123456789012:role/${FunctionRole}"),
        ("!GetAtt Other.Thing", "${Other.Thing}"),
        ("!GetAtt Bucket.DomainName", "${Bucket.DomainName}"),
        ("!GetAtt Broken.Arn", "${Broken.Arn}"),
        (
            '!Sub "${Stage}/${!aws:PrincipalTag/t}/${Bucket.Arn}"',
            "live/${aws:PrincipalTag/t}/arn:aws:s3:::${Bucket}",
        ),
        ('!Sub ["${x}-${Stage}", {x: !Ref Named}]', "live-data-live"),
        ('!Join ["-", [a, !Ref Stage]]', "a-live"),
        ("!If [Live, yes1, no1]", "yes1"),
        ("!If [Test, yes1, no1]", "no1"),
        ("[a, !If [Test, b, !Ref AWS::NoValue]]", ["a"]),
        ("{a: !Ref AWS::NoValue, b: c}", {"b": "c"}),
        ('!Select [1, !Split ["/", "a/b"]]', "b"),
        ("!FindInMap [Regions, !Ref AWS::Region, zone]", "west"),
        ("!ToJsonString {a: !Ref Stage}", '{"a": "live"}'),
        ("[true, ~]", [True, None]),
    ],
)
def test_a_function_comes_to(text: str, value: object) -> None:
    of, names = resolver()
    found = of.value(read_tree(text, "t.yaml"))
    assert (names.show(found) if isinstance(found, str) else found) == value


@pytest.mark.parametrize(
    "text",
    [
        "!Ref Missing",
        "!Ref [x]",
        "!Ref {a: b}",
        "!Ref Stored",
        "!Ref Nobody",
        "!GetAtt Nobody.Arn",
        "!ImportValue x",
        "!If [Open, a, b]",
        "!If [Live]",
        '!Join ["-", [a, [b]]]',
        "!Join x",
        "!Select [5, [a]]",
        "!Select [x, [a]]",
        '!Split ["-", !Ref Bucket]',
        "!FindInMap [Regions, us-east-1, zone]",
        "!FindInMap [Nothing, a, b]",
        "!FindInMap x",
        "!Sub {a: b}",
        "!Sub [x, y]",
        "!GetAtt {a: b}",
        '!Sub "${Names}"',
        '!Cidr ["10.0.0.0/8", 1, 8]',
    ],
)
def test_what_cannot_be_told_may_be_anything(text: str) -> None:
    of, _ = resolver()
    found = of.value(read_tree(text, "t.yaml"))
    assert isinstance(found, str)
    assert is_open(found)


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        *(
            ("Live", True),
            ("Test", False),
            ("Open", None),
            ("NotLive", False),
            ("NotOpen", None),
            ("Both", False),
        ),
        *(
            ("BothOpen", None),
            ("Either", True),
            ("EitherOpen", None),
            ("Round", None),
            ("Odd", None),
            ("Unknown", None),
        ),
        *(("Plain", None), ("Listed", None), ("Nobody", None), ("Flagged", True)),
    ],
)
def test_a_condition_holds_or_not_or_cannot_be_told(name: str, holds: bool | None) -> None:
    of, _ = resolver()
    assert of.holds(name) is holds


def test_a_parameter_is_what_is_given() -> None:
    of, _ = resolver(Stage="test", Stored="said", Names=["x"])
    assert of.value({"Ref": "Stage"}) == "test"
    assert of.value({"Ref": "Stored"}) == "said"
    assert of.value({"Ref": "Names"}) == ["x"]
    assert of.holds("Test") is True
    assert of.value({"Ref": "AWS::NoValue"}) is NO_VALUE


def test_a_stand_in_is_never_said_to_be_something_else() -> None:
    """A bucket's name that CloudFormation makes may be `live`: it is not told that it is not."""
    of, _ = resolver()
    assert of._judge({"Fn::Equals": [{"Ref": "Bucket"}, "live"]}) is None
    assert of._judge({"Fn::Equals": [{"Ref": "Bucket"}, {"Ref": "Bucket"}]}) is True


def test_a_template_that_grows_without_end_is_refused() -> None:
    of, _ = resolver()
    value: Any = ["x"] * 1000
    with pytest.raises(DeploymentInvalid):
        of.value([value] * 600)


def unread(deployed: Deployment) -> set[str]:
    return {each.why for each in deployed.unread}


def test_a_resource_whose_condition_is_open_is_there_and_said_to_be_open() -> None:
    deployed = from_template(
        "Parameters: {P: {Type: String}}\nConditions: {C: !Equals [!Ref P, x]}\n"
        "Resources:\n  B: {Type: 'AWS::S3::Bucket', Condition: C}\n"
    )
    assert len(deployed.resources) == 1
    assert unread(deployed) == {"whether B is deployed depends on C: give --parameter"}
    assert {each.area for each in deployed.unread} == {"roles", "policies", "pools", "resources", "apis"}


def test_a_resource_whose_condition_does_not_hold_is_not_there() -> None:
    deployed = from_template(
        "Conditions: {C: !Equals [a, x]}\nResources:\n  B: {Type: 'AWS::S3::Bucket', Condition: C}\n"
    )
    assert deployed.resources == ()
    assert unread(deployed) == set()
