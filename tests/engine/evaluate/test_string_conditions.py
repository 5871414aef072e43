"""String conditions as teams write them about a caller: what they take, and what they take by mistake.

A row holds the conditions, the caller's values, and whether the statement allows. All conditions of a statement
must hold; of several values of one condition, any.
"""

from collections.abc import Mapping, Sequence

import pytest

from authorizer.engine.document.statement import Condition, Document, Statement
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.engine.evaluate.patterns import matches, parse_action, parse_pattern, resolve

NOTHING: dict[str, str] = {}
BUILD = "repo:acme/shop:ref:refs/heads/main"
Values = str | list[str]
Row = tuple[list[tuple[str, str, list[str]]], Mapping[str, Values], bool]


def on(operator: str, *values: str, key: str = "sub") -> tuple[str, str, list[str]]:
    return operator, f"ci:{key}", [*values]


FOR_AWS = on("StringEquals", "aws", key="aud")
ROWS: Mapping[str, Row] = {
    # One value.
    "the exact value": ([on("StringEquals", BUILD)], {"sub": BUILD}, True),
    "the exact value under Like": ([on("StringLike", BUILD)], {"sub": BUILD}, True),
    "another branch": ([on("StringEquals", BUILD)], {"sub": BUILD + "-2"}, False),
    "another branch under Like": ([on("StringLike", BUILD)], {"sub": BUILD + "-2"}, False),
    "a branch of which the value begins": ([on("StringLike", BUILD + "-2")], {"sub": BUILD}, False),
    "another case": ([on("StringEquals", BUILD)], {"sub": BUILD.title()}, False),
    "another case under Like": ([on("StringLike", "repo:acme/*")], {"sub": "repo:Acme/shop"}, False),
    "another case where it is ignored": ([on("StringEqualsIgnoreCase", BUILD)], {"sub": BUILD.upper()}, True),
    "an empty value": ([on("StringEquals", BUILD)], {"sub": ""}, False),
    # Wildcards.
    "a star at the end": ([on("StringLike", "repo:acme/shop:*")], {"sub": BUILD}, True),
    "a star at the end for nothing": ([on("StringLike", BUILD + "*")], {"sub": BUILD}, True),
    "a star at the end takes what begins alike": ([on("StringLike", BUILD + "*")], {"sub": BUILD + "-2"}, True),
    "a star takes slashes": ([on("StringLike", "repo:acme/*")], {"sub": BUILD}, True),
    "a star takes colons": ([on("StringLike", "repo:*:main")], {"sub": "repo:acme/shop:ref:main"}, True),
    "a star at the start": ([on("StringLike", "*/main")], {"sub": BUILD}, True),
    "a star at the start, and another end": ([on("StringLike", "*/mai")], {"sub": BUILD}, False),
    "a star alone": ([on("StringLike", "*")], {"sub": BUILD}, True),
    "a star alone for an empty value": ([on("StringLike", "*")], {"sub": ""}, True),
    "a star under Equals is a star": ([on("StringEquals", "repo:acme/*")], {"sub": BUILD}, False),
    "a star under Equals is a star of the value": ([on("StringEquals", "repo:*")], {"sub": "repo:*"}, True),
    "a question mark": ([on("StringLike", "repo:acme/sho?:*")], {"sub": BUILD}, True),
    "a question mark for nothing": ([on("StringLike", BUILD + "?")], {"sub": BUILD}, False),
    "a question mark for two": ([on("StringLike", "repo:acme/sh?:*")], {"sub": BUILD}, False),
    "a question mark under Equals": ([on("StringEquals", BUILD[:-1] + "?")], {"sub": BUILD}, False),
    "a star that was escaped": ([on("StringLike", "repo:${*}")], {"sub": "repo:x"}, False),
    "a star that was escaped, for a star": ([on("StringLike", "repo:${*}")], {"sub": "repo:*"}, True),
    "a dot is a dot": ([on("StringLike", "v1.0*")], {"sub": "v1x0"}, False),
    "a bracket is a bracket": ([on("StringLike", "[a-z]*")], {"sub": "x"}, False),
    "two stars": ([on("StringLike", "repo:*/shop:*")], {"sub": BUILD}, True),
    "two stars, and nothing between them fits": ([on("StringLike", "repo:*/shed:*")], {"sub": BUILD}, False),
    "two stars, and what is between them overlaps the end": ([on("StringLike", "*aba*a")], {"sub": "aba"}, False),
    "two stars, and what is between them fits late": ([on("StringLike", "*ab*c")], {"sub": "aaxabxxc"}, True),
    "three stars, the parts in another order": ([on("StringLike", "*a*b*")], {"sub": "b-a"}, False),
    "three stars, the first fit is not the only one": ([on("StringLike", "*a?c*d*")], {"sub": "abxabcd"}, True),
    # Several values of the policy.
    "the second of two": ([on("StringEquals", "x", BUILD)], {"sub": BUILD}, True),
    "none of two": ([on("StringEquals", "x", "y")], {"sub": BUILD}, False),
    "a loose one beside a strict one": ([on("StringLike", "x", "repo:*")], {"sub": BUILD}, True),
    "not one of two": ([on("StringNotEquals", "x", "y")], {"sub": BUILD}, True),
    "not one of two, but it is": ([on("StringNotEquals", "x", BUILD)], {"sub": BUILD}, False),
    "not like any, but it is": ([on("StringNotLike", "x", "repo:*")], {"sub": BUILD}, False),
    # Several conditions.
    "both hold": ([on("StringLike", "repo:*"), FOR_AWS], {"sub": BUILD, "aud": "aws"}, True),
    "the second does not": ([on("StringLike", "repo:*"), FOR_AWS], {"sub": BUILD, "aud": "x"}, False),
    "the first does not": ([on("StringLike", "x*"), FOR_AWS], {"sub": BUILD, "aud": "aws"}, False),
    "a value under another key": ([FOR_AWS], {"sub": "aws"}, False),
    "a key in capitals": ([on("StringEquals", "aws", key="AUD")], {"aud": "aws"}, True),
    # Absent keys.
    "an absent key": ([on("StringEquals", "prod", key="env")], {"sub": BUILD}, False),
    "an absent key under Like": ([on("StringLike", "*", key="env")], {"sub": BUILD}, False),
    "an absent key that is not something": ([on("StringNotEquals", "prod", key="env")], {"sub": BUILD}, True),
    "an absent key under IfExists": ([on("StringEqualsIfExists", "prod", key="env")], {"sub": BUILD}, True),
    "a present key under IfExists": ([on("StringEqualsIfExists", "prod", key="env")], {"env": "test"}, False),
    # Several values of the caller.
    "all of the values": ([on("ForAllValues:StringEquals", "a", "b")], {"sub": ["a", "b"]}, True),
    "all but one of the values": ([on("ForAllValues:StringEquals", "a", "b")], {"sub": ["a", "c"]}, False),
    "all of no values": ([on("ForAllValues:StringEquals", "a")], {"sub": []}, True),
    "all of an absent key": ([on("ForAllValues:StringEquals", "a")], {}, True),
    "one of the values": ([on("ForAnyValue:StringLike", "a*")], {"sub": ["b", "ab"]}, True),
    "none of the values": ([on("ForAnyValue:StringLike", "a*")], {"sub": ["b", "c"]}, False),
    "one of no values": ([on("ForAnyValue:StringEquals", "a")], {"sub": []}, False),
    "one of an absent key": ([on("ForAnyValue:StringEquals", "a")], {}, False),
    "one of the values is not it": ([on("ForAnyValue:StringNotEquals", "a")], {"sub": ["a", "b"]}, True),
    "one of the values is it": ([on("ForAllValues:StringNotEquals", "a")], {"sub": ["a", "b"]}, False),
    "several values where one is expected": ([on("StringEquals", "a")], {"sub": ["a", "a"]}, False),
}  # fmt: skip


def allowed(conditions: Sequence[tuple[str, str, list[str]]], caller: Mapping[str, Values]) -> bool:
    statement = Statement(
        effect="Allow",
        actions=("sts:AssumeRoleWithWebIdentity",),
        resources=("*",),
        conditions=tuple(
            Condition(operator=operator, key=key, values=tuple(values))
            for operator, key, values in conditions
        ),
    )
    request = AccessRequest(
        action="sts:AssumeRoleWithWebIdentity",
        resource="arn:aws:iam::123456789012:role/ci",
        context={f"ci:{key}": value for key, value in caller.items()},
    )
    session = Document(statements=(statement,))
    return evaluate(identity=None, session=session, boundary=None, request=request).allowed


@pytest.mark.parametrize("name", ROWS)
def test_a_condition_about_the_caller(name: str) -> None:
    conditions, caller, holds = ROWS[name]
    assert allowed(conditions, caller) is holds


@pytest.mark.parametrize(
    ("pattern", "taken", "refused"),
    [
        pytest.param("", [""], ["a"], id="nothing"),
        pytest.param("*", ["", "a", "*", "a\nb"], [], id="one star"),
        pytest.param("?", ["a", "*"], ["", "ab"], id="one question mark"),
        pytest.param("?*", ["a", "ab"], [""], id="at least one"),
        pytest.param("*?*?*", ["ab", "abc"], ["", "a"], id="at least two"),
        pytest.param("a*b*c", ["abc", "axbyc", "abbcc", "abcbc"], ["ac", "acb", "abcd", "xabc"], id="three in a row"),
        pytest.param("*ab*ab*", ["abab", "xabyabz", "ababab"], ["ab", "aab", "aba"], id="the same twice"),
        pytest.param("*ab*ba*", ["abba", "xabxbax"], ["aba", "baab"], id="parts that overlap"),
        pytest.param("ab*ba", ["abba", "abxba"], ["aba", "ab", "ba"], id="ends that overlap"),
        pytest.param("a*a*a", ["aaa", "abaca"], ["aa", "a", "aab"], id="ends and a middle that overlap"),
        pytest.param("*a?a*", ["aba", "aaa", "xabaa"], ["aa", "abba"], id="a question mark between stars"),
        pytest.param("*?b*", ["ab", "bb", "xxby"], ["b", "ba"], id="a question mark before a letter"),
        pytest.param("*b?", ["bb", "abx"], ["b", "bxx"], id="a question mark behind a letter"),
        pytest.param("*aab*", ["aaab", "aabaab"], ["abaa", "ab"], id="a fit that begins amid another"),
    ],
)  # fmt: skip
def test_what_a_pattern_takes(pattern: str, taken: list[str], refused: list[str]) -> None:
    parts = resolve(parse_pattern(pattern), NOTHING.get)
    assert parts is not None
    assert [text for text in taken + refused if matches(parts, text)] == taken


@pytest.mark.parametrize(
    ("pattern", "taken", "refused"),
    [
        ("s3:Get*", ["s3:GetObject", "S3:getobject", "s3:Get"], ["s3:PutObject", "s3:Ge", "s3x:GetObject"]),
        ("S3:GETOBJECT", ["s3:GetObject"], ["s3:GetObjectAcl"]),
        ("s3:*Object*", ["s3:GetObject", "s3:ListObjectsV2"], ["s3:GetBucketAcl"]),
        ("s3:${*}", ["s3:${x}"], ["s3:*", "s3:x"]),
    ],
    ids=["a prefix", "no case", "two stars", "no escapes"],
)
def test_what_an_action_takes(pattern: str, taken: list[str], refused: list[str]) -> None:
    parts = parse_action(pattern)
    assert [text for text in taken + refused if matches(parts, text.lower())] == taken
