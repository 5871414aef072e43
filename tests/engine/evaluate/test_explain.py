"""Explanations: every statement is accounted for, with resolved values, and agrees with the decision."""

from authorizer.engine.evaluate.evaluate import evaluate
from authorizer.engine.evaluate.explain import describe, explain
from tests.engine.evaluate.test_evaluate import ALLOW, DENY, OTHER, condition, document, request, statement


def test_a_statement_that_did_not_match_names_every_cause() -> None:
    narrow = document(
        statement(
            sid="List",
            actions=("s3:ListBucket",),
            resources=("arn:aws:s3:::bucket/${aws:userid}/${a:none}", "arn:aws:s3:::x/${a:none, 'd'}"),
            conditions=(
                condition("StringLike", "s3:prefix", "home/${aws:userid}/*"),
                condition("NumericLessThan", "s3:max-keys", "10"),
                condition("Bool", "aws:SecureTransport", "true"),
            ),
        )
    )
    wanted = request(aws__userid="u1", s3__prefix="home/u2/", aws__SecureTransport="true")
    outcome = evaluate(identity=None, session=narrow, boundary=None, request=wanted)
    (finding,) = explain(outcome)
    assert not finding.matched
    assert [(check.element, check.wanted, check.got) for check in finding.failed] == [
        ("action", "'s3:ListBucket'", "s3:GetObject"),
        (
            "resource",
            "'arn:aws:s3:::bucket/u1/${a:none} (a:none has no single value)', 'arn:aws:s3:::x/d'",
            "arn:aws:s3:::bucket/home/u1/a",
        ),
        ("condition", "StringLike s3:prefix 'home/u1/*'", "'home/u2/'"),
        ("condition", "NumericLessThan s3:max-keys '10'", "no such key"),
    ]
    assert len(finding.checks) == 5


def test_an_allow_is_described_by_the_statements_that_decided() -> None:
    outcome = evaluate(identity=[OTHER, ALLOW], session=ALLOW, boundary=None, request=request())
    assert describe(outcome) == (
        "allowed by statement 1 (Read) of the identity policy 2 and statement 1 (Read) of the session policy",
        "statement 1 of the identity policy 1, Allow: "
        "action does not match: wanted 's3:PutObject', got s3:GetObject",
        "statement 1 (Read) of the identity policy 2, Allow: matches, and decides",
        "statement 1 (Read) of the session policy, Allow: matches, and decides",
    )


def test_a_deny_is_described_by_its_statement() -> None:
    lines = describe(evaluate(identity=[ALLOW], session=DENY, boundary=None, request=request()))
    assert lines[0] == "denied by statement 1 (No) of the session policy"
    assert lines[-1] == "statement 2 of the session policy, Allow: matches"


def test_an_implicit_deny_names_the_layers_that_allow_nothing() -> None:
    outcome = evaluate(identity=[ALLOW], session=OTHER, boundary=OTHER, request=request())
    assert describe(outcome)[0] == "denied: nothing in the session or boundary policy allows it"
    outcome = evaluate(identity=None, session=None, boundary=None, request=request())
    assert describe(outcome) == ("denied: there is no policy at all",)


def test_what_cannot_be_told_is_said_and_counts_against_the_caller() -> None:
    denying = document(
        statement(
            effect="Deny", not_actions=("s3:Put*",), conditions=(condition("StringEquals", "a:two", "z*"),)
        ),
        statement(not_resources=("arn:aws:s3:::${a:none}",)),
    )
    outcome = evaluate(identity=None, session=denying, boundary=None, request=request(a__two=["x", "y"]))
    first, second = explain(outcome)
    assert first.matched
    assert first.decided
    assert first.failed == ()
    assert first.checks[0].wanted == "anything but 's3:Put*'"
    assert first.checks[2].wanted == "StringEquals a:two 'z${*}'"
    assert "resource cannot be told: wanted anything but" in describe(outcome)[2]
    assert [check.holds for check in second.failed] == [None]
