"""Evaluation: layers, statements, resources and the ways a request can fail."""

from typing import Any

import pytest

from authorizer.engine.document.statement import Condition, Document, Statement
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate

OBJECT = "arn:aws:s3:::bucket/home/u1/a"


def statement(**changes: Any) -> Statement:
    usual: dict[str, Any] = {
        "sid": None,
        "effect": "Allow",
        "actions": () if "not_actions" in changes else ("s3:GetObject",),
        "not_actions": (),
        "resources": () if "not_resources" in changes else ("arn:aws:s3:::bucket/home/u1/*",),
        "not_resources": (),
        "conditions": (),
    }
    return Statement(**(usual | changes))


def document(*statements: Statement) -> Document:
    return Document(statements=statements)


def condition(operator: str, key: str, *values: str) -> Condition:
    return Condition(operator=operator, key=key, values=values)


def request(action: str = "s3:GetObject", resource: str = OBJECT, **context: Any) -> AccessRequest:
    return AccessRequest(
        action=action,
        resource=resource,
        context={key.replace("__", ":"): value for key, value in context.items()},
    )


ALLOW = document(statement(sid="Read"))
DENY = document(statement(sid="No", effect="Deny"), statement(actions=("*",), resources=("*",)))
OTHER = document(statement(actions=("s3:PutObject",)))


@pytest.mark.parametrize(
    ("layers", "verdict"),
    [
        pytest.param({}, "implicit deny", id="no layer at all allows nothing"),
        pytest.param({"identity": []}, "implicit deny", id="a layer without documents allows nothing"),
        pytest.param(
            {"session": document()}, "implicit deny", id="a document without statements allows nothing"
        ),
        pytest.param({"session": ALLOW}, "allow", id="the session policy alone"),
        pytest.param({"identity": [OTHER, ALLOW]}, "allow", id="any of the identity policies"),
        pytest.param(
            {"identity": [ALLOW], "session": OTHER}, "implicit deny", id="the session policy narrows"
        ),
        pytest.param(
            {"identity": [OTHER], "session": ALLOW}, "implicit deny", id="the session policy never widens"
        ),
        pytest.param({"identity": [ALLOW], "boundary": OTHER}, "implicit deny", id="the boundary narrows"),
        pytest.param(
            {"identity": [ALLOW], "session": ALLOW, "boundary": ALLOW}, "allow", id="all layers allow"
        ),
        pytest.param(
            {"identity": [ALLOW, DENY], "session": ALLOW}, "explicit deny", id="a deny in one document wins"
        ),
        pytest.param(
            {"identity": [ALLOW], "session": DENY}, "explicit deny", id="a deny in the session policy wins"
        ),
        pytest.param({"session": ALLOW, "boundary": DENY}, "explicit deny", id="a deny in the boundary wins"),
        pytest.param({"identity": [], "boundary": DENY}, "explicit deny", id="a deny wins over nothing"),
    ],
)
def test_layers(layers: dict[str, Any], verdict: str) -> None:
    given = {"identity": None, "session": None, "boundary": None} | layers
    outcome = evaluate(**given, request=request())
    assert outcome.verdict == verdict
    assert outcome.allowed == (verdict == "allow")


def test_an_outcome_names_the_statements_that_decided() -> None:
    allowed = evaluate(identity=[OTHER, ALLOW], session=ALLOW, boundary=None, request=request())
    assert [(place.layer, place.document, place.statement, place.sid) for place in allowed.deciding] == [
        ("identity", 1, 0, "Read"),
        ("session", 0, 0, "Read"),
    ]
    denied = evaluate(identity=[ALLOW], session=DENY, boundary=None, request=request())
    assert [(place.layer, place.sid) for place in denied.deciding] == [("session", "No")]
    twice = document(statement(sid="First"), statement(sid="Second", actions=("s3:*",)))
    first = evaluate(identity=None, session=twice, boundary=None, request=request())
    assert [place.sid for place in first.deciding] == ["First"]
    nothing = evaluate(identity=[ALLOW], session=OTHER, boundary=OTHER, request=request())
    assert (nothing.deciding, nothing.missing) == ((), ("session", "boundary"))


@pytest.mark.parametrize(
    ("changes", "matched"),
    [
        pytest.param({"actions": ("S3:getobject",)}, True, id="actions have no case"),
        pytest.param({"actions": ("s3:Get*",)}, True, id="a star in an action"),
        pytest.param({"actions": ("s3:GetObjec?",)}, True, id="a question mark in an action"),
        pytest.param({"actions": ("s3:GetObject*a",)}, False, id="an action that goes on"),
        pytest.param({"not_actions": ("s3:Put*",)}, True, id="NotAction of another action"),
        pytest.param({"not_actions": ("s3:Put*", "s3:get*")}, False, id="NotAction of this action"),
        pytest.param({"actions": ("", "s3:GetObject")}, True, id="an empty action beside this one"),
        pytest.param({"actions": ()}, False, id="no action"),
        pytest.param({"resources": ("arn:aws:s3:::BUCKET/*",)}, False, id="resources have case"),
        pytest.param({"resources": ("arn:aws:s3",)}, True, id="a partial ARN is completed"),
        pytest.param({"resources": ("*",)}, True, id="every resource"),
        pytest.param({"resources": ("arn:aws:s3:::bucket/home/${aws:userid}/*",)}, True, id="a variable"),
        pytest.param(
            {"resources": ("arn:aws:s3:::bucket/home/${a:none}/*",)}, False, id="a variable without value"
        ),
        pytest.param(
            {"resources": ("arn:aws:s3:::bucket/home/${a:two}/*",)}, False, id="a variable with two values"
        ),
        pytest.param({"resources": ("arn:aws:s3:::bucket/home/${a:none, 'u1'}/*",)}, True, id="a default"),
        pytest.param(
            {"not_resources": ("arn:aws:s3:::other/*",)}, True, id="NotResource of another resource"
        ),
        pytest.param({"not_resources": ("arn:aws:s3:::bucket/*",)}, False, id="NotResource of this resource"),
        pytest.param(
            {"not_resources": ("arn:aws:s3:::${a:none}",)}, False, id="NotResource of an unknown resource"
        ),
        pytest.param({"resources": ()}, False, id="no resource"),
        pytest.param(
            {"conditions": (condition("StringEquals", "AWS:UserId", "u1"),)}, True, id="keys have no case"
        ),
        pytest.param(
            {
                "conditions": (
                    condition("StringEquals", "aws:userid", "u1"),
                    condition("Bool", "a:none", "true"),
                )
            },
            False,
            id="all conditions must hold",
        ),
        pytest.param(
            {"conditions": (condition("StringNotEquals", "a:two", "z"),)}, False, id="what cannot be told"
        ),
    ],
)
def test_one_statement(changes: dict[str, Any], matched: bool) -> None:
    wanted = request(aws__userid="u1", a__two=["u1", "u2"])
    outcome = evaluate(identity=None, session=document(statement(**changes)), boundary=None, request=wanted)
    assert outcome.allowed is matched


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"conditions": (condition("StringNotEquals", "a:two", "z"),)}, id="a condition"),
        pytest.param({"not_resources": ("arn:aws:s3:::${a:none}",)}, id="a resource"),
    ],
)
def test_a_deny_that_cannot_be_told_denies(changes: dict[str, Any]) -> None:
    denying = document(statement(), statement(effect="Deny", **changes))
    outcome = evaluate(identity=None, session=denying, boundary=None, request=request(a__two=["u1", "u2"]))
    assert outcome.verdict == "explicit deny"


def test_a_request_need_not_have_a_context() -> None:
    bare = AccessRequest(action="s3:GetObject", resource=OBJECT)
    assert evaluate(identity=None, session=ALLOW, boundary=None, request=bare).allowed


def test_an_outcome_that_is_printed_tells_neither_the_policies_nor_whose_request_it_was() -> None:
    outcome = evaluate(identity=None, session=ALLOW, boundary=None, request=request(aws__userid="erin"))
    assert "verdict='allow'" in repr(outcome)
    assert "erin" not in repr(outcome)
    assert "s3:GetObject" not in repr(outcome)


def test_a_key_given_twice_is_an_error() -> None:
    twice = AccessRequest(
        action="s3:GetObject", resource=OBJECT, context={"aws:userid": "a", "AWS:userid": "b"}
    )
    with pytest.raises(ValueError, match="given twice"):
        evaluate(identity=None, session=ALLOW, boundary=None, request=twice)


def test_an_unknown_operator_is_an_error_and_not_a_decision() -> None:
    odd = document(statement(conditions=(condition("StringAlmost", "aws:userid", "u"),)))
    with pytest.raises(ValueError, match="StringAlmost"):
        evaluate(identity=None, session=odd, boundary=None, request=request())
