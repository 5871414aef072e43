"""What a Deny leaves of an Allow: nothing that is allowed is missing, whatever is asked for."""

import random
from collections.abc import Sequence
from itertools import product

import pytest

from authorizer.engine.document.statement import Condition, Document, Statement
from authorizer.engine.evaluate.conditions import judge
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.engine.prove.implication import where_false
from authorizer.engine.prove.leaving import MAX_LEFT, left_of

VALUES = ((), ("a",), ("b",), ("A",), ("a", "b"), ("arn:aws:s3:::a",), ("arn:aws:s3:::b", "a"))
WORDS = ("a", "b", "a*", "arn:aws:s3:::a", "${aws:username}")
NAMES = (
    *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"),
    *("StringNotEqualsIgnoreCase", "ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"),
)
FORMS = [
    f"{qualifier}{name}{suffix}"
    for qualifier, name, suffix in product(("", "ForAllValues:", "ForAnyValue:"), NAMES, ("", "IfExists"))
]


@pytest.mark.parametrize("operator", FORMS)
def test_what_holds_where_a_condition_is_false_holds_nowhere_else(operator: str) -> None:
    for texts, values in product(({"a"}, {"a*"}, {"b", "arn:aws:s3:::a"}, {"${aws:username}"}), VALUES):
        condition = Condition(operator=operator, key="s3:prefix", values=tuple(sorted(texts)))
        found = where_false(condition)
        assert found is not None
        for username in (None, "a"):

            def judged(
                each: Condition, values: Sequence[str] = values, name: str | None = username
            ) -> bool | None:
                return judge(each.operator, each.values, values, lambda _: name)

            assert (judged(condition) is False) == all(judged(each) is True for each in found)


@pytest.mark.parametrize("texts", [("true",), ("false",), ("true", "false"), ("True",)])
def test_of_a_key_that_must_be_absent_what_is_left_has_it(texts: tuple[str, ...]) -> None:
    condition = Condition(operator="Null", key="s3:prefix", values=texts)
    found = where_false(condition)
    assert found is not None
    for values in ((), ("a",)):
        judged = judge("Null", texts, values, lambda _: None)
        assert (judged is False) == all(
            judge("Null", each.values, values, lambda _: None) is True for each in found
        )


@pytest.mark.parametrize(
    "condition",
    [
        Condition(operator="Bool", key="aws:SecureTransport", values=("true",)),
        Condition(operator="NumericLessThan", key="s3:max-keys", values=("5",)),
        Condition(operator="Null", key="s3:prefix", values=("perhaps",)),
    ],
)
def test_what_no_operator_says_is_not_said(condition: Condition) -> None:
    assert where_false(condition) is None


ACTIONS = ("s3:GetObject", "s3:Get*", "s3:PutObject", "s3:*")
RESOURCES = (
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/a/*",
    "arn:aws:s3:::b/?/x",
    "arn:aws:s3:::b/${aws:username}/*",
    "*",
)


def drawn(choose: random.Random, effect: str) -> Statement:
    def some(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(choose.sample(texts, choose.randint(1, 2)))

    actions, resources = some(ACTIONS), some(RESOURCES)
    conditions = [
        Condition(operator="Null", key="s3:prefix", values=(choose.choice(("true", "false")),))
        if choose.random() < 0.2
        else Condition(operator=choose.choice(FORMS), key="s3:prefix", values=some(WORDS))
        for _ in range(choose.choice((0, 1, 1, 2)))
    ]
    negated = effect == "Deny" and choose.random() < 0.4, effect == "Deny" and choose.random() < 0.4
    return Statement(
        effect="Deny" if effect == "Deny" else "Allow",
        actions=() if negated[0] else actions,
        not_actions=actions if negated[0] else (),
        resources=() if negated[1] else resources,
        not_resources=resources if negated[1] else (),
        conditions=tuple(conditions),
    )


REQUESTS = [
    AccessRequest(
        action=action,
        resource=f"arn:aws:s3:::b/{path}",
        context={
            **({"s3:prefix": values} if values else {}),
            **({"aws:username": name} if name else {}),
        },
    )
    for action, path, values, name in product(
        ("s3:GetObject", "s3:PutObject", "s3:ListBucket"), ("a/x", "b/x", "a/y/z"), VALUES, (None, "a", "*")
    )
]


def allowed(request: AccessRequest, *statements: Statement) -> bool:
    document = Document(statements=statements)
    return evaluate(identity=None, session=document, boundary=None, request=request).allowed


def test_no_request_that_is_allowed_is_missing_from_what_is_left() -> None:
    choose, narrowed = random.Random(7), 0
    for _ in range(100):
        allow = drawn(choose, "Allow")
        denies = [drawn(choose, "Deny") for _ in range(choose.randint(1, 3))]
        left = left_of(allow, denies)
        narrowed += left != (allow,)
        for request in choose.sample(REQUESTS, 30):
            assert allowed(request, allow) or not allowed(request, *left)
            if allowed(request, allow, *denies):
                assert allowed(request, *left), (allow, denies, request)
    assert narrowed > 30


ALLOW = Statement(effect="Allow", actions=("s3:*",), resources=("arn:aws:s3:::b/*",))


def deny(**members: object) -> Statement:
    return Statement(**{"effect": "Deny", "actions": ("s3:*",), "resources": ("*",)} | members)  # type: ignore[arg-type]


def test_what_is_denied_whole_is_nobody_s() -> None:
    assert left_of(ALLOW, [deny()]) == ()
    assert left_of(ALLOW, [deny(actions=("s3:GetObject",))]) == (ALLOW,)
    both = Condition(operator="Null", key="s3:prefix", values=("true", "false"))
    (left,) = left_of(ALLOW, [deny(conditions=(both,))])
    assert [each.values for each in left.conditions] == [("true",), ("false",)]


def test_a_deny_that_would_make_too_many_of_one_is_left_out() -> None:
    keys = [f"aws:ResourceTag/{number}" for number in range(MAX_LEFT)]
    conditions = tuple(Condition(operator="StringEquals", key=key, values=("a",)) for key in keys)
    assert len(left_of(ALLOW, [deny(conditions=conditions)])) == MAX_LEFT
    more = Condition(operator="StringEquals", key="aws:ResourceTag/more", values=("a",))
    assert left_of(ALLOW, [deny(conditions=(*conditions, more))]) == (ALLOW,)


def test_an_allow_of_all_but_some_is_left_whole() -> None:
    allow = Statement(effect="Allow", not_actions=("s3:*",), resources=("*",))
    assert left_of(allow, [deny(actions=("sqs:*",))]) == (allow,)
