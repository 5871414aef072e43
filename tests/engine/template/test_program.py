"""Programs looked through: what their tests ask, and which claims and constants they mention."""

import pytest

from authorizer.engine.template.program import (
    Both,
    Contains,
    Equals,
    For,
    Hole,
    If,
    InScopes,
    IsDefined,
    LoopIs,
    Not,
    Place,
    Program,
    Test,
    Text,
    Variable,
    VariableIs,
    claims_of,
    describe_test,
    joined,
    texts_of,
    variables_of,
)

HERE, THERE = Place("it", 1), Place("it", 2)


@pytest.mark.parametrize(
    ("test", "described"),
    [
        (InScopes("files:write"), '"files:write" in scopes'),
        (IsDefined("tenant"), "tenant is defined"),
        (Equals("plan", "pro"), 'plan == "pro"'),
        (VariableIs("stage", "prod"), 'stage == "prod"'),
        (Contains("teams", "red"), '"red" in teams'),
        (Not(LoopIs("last")), "not (loop.last)"),
        (Both(LoopIs("first"), IsDefined("tenant"), either=True), "(loop.first or tenant is defined)"),
        (Both(LoopIs("first"), IsDefined("tenant"), either=False), "(loop.first and tenant is defined)"),
    ],
    ids=str,
)
def test_a_test_is_described_as_its_author_writes_it(test: Test, described: str) -> None:
    assert describe_test(test) == described


PROGRAM: Program = (
    Text("a", HERE),
    Text("b", THERE),
    If(
        Both(Not(Equals("plan", "pro")), VariableIs("stage", "prod"), either=True),
        (Hole("tenant", HERE),),
        (Variable("bucket", HERE), Text("c", HERE), Text("d", HERE)),
        HERE,
    ),
    If(Both(IsDefined("sub"), Contains("sites", "x"), either=False), (), (), HERE),
    For("t", "teams", (Hole("t", HERE), Text("e", HERE), Text("f", HERE), Variable("region", HERE)), HERE),
    Hole("t", HERE),
)


def test_every_claim_that_a_program_mentions_is_found_and_whether_it_is_a_list() -> None:
    assert list(claims_of(PROGRAM)) == [
        *(("plan", False), ("tenant", False), ("sub", None), ("sites", True), ("teams", True), ("t", False)),
    ]


def test_every_constant_that_a_program_mentions_is_found() -> None:
    assert list(variables_of(PROGRAM)) == ["stage", "bucket", "region"]


def test_texts_that_stand_together_are_joined_where_they_stand() -> None:
    assert [text for text, _ in texts_of(PROGRAM)] == list("abcdef")
    assert list(texts_of(joined(PROGRAM))) == [("ab", HERE), ("cd", HERE), ("ef", HERE)]
