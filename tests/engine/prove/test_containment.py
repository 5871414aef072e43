"""What is said to be contained is: every pair of a few hundred conditions, judged on requests that tell them apart."""

from collections.abc import Mapping
from functools import cache
from itertools import pairwise, product

from authorizer.engine.document.statement import Condition, Document, Statement
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.engine.prove.containment import find_excess
from authorizer.engine.prove.symbolic import SymbolicStatement, read_statement

KEY = "aws:TagKeys"
CONTEXTS: list[Mapping[str, str | list[str]]] = [
    {},
    *({KEY: values} for values in ([], ["a"], ["b"], ["ab"], ["A"], ["a", "b"], ["a", "a"], ["b", "ab"])),
]
NAMES = ("StringEquals", "StringLike", "StringNotEquals", "StringNotLike", "StringEqualsIgnoreCase")
CONDITIONS = [
    *(
        Condition(operator=f"{qualifier}{name}{exists}", key=KEY, values=values)
        for qualifier in ("", "ForAllValues:", "ForAnyValue:")
        for name in NAMES
        for exists in ("", "IfExists")
        for values in (("a",), ("a", "b"), ("a*",))
    ),
    *(
        Condition(operator="Null", key=KEY, values=values)
        for values in (("true",), ("false",), ("false", "true"))
    ),
]


def policy(*conditions: Condition) -> Document:
    allow = Statement(
        effect="Allow", actions=("s3:GetObject",), resources=("arn:aws:s3:::b/*",), conditions=conditions
    )
    return Document(statements=(allow,))


def read(statement: Statement) -> SymbolicStatement:
    return read_statement(statement, holes={}, claims={}, isolates=None)


@cache
def allowed(*conditions: Condition) -> frozenset[int]:
    """The contexts in which a request is allowed."""
    return frozenset(
        number
        for number, context in enumerate(CONTEXTS)
        if evaluate(
            identity=None,
            session=policy(*conditions),
            boundary=None,
            request=AccessRequest(action="s3:GetObject", resource="arn:aws:s3:::b/x", context=context),
        ).allowed
    )


def test_what_is_contained_allows_nothing_that_the_other_does_not() -> None:
    contained = 0
    for narrow, wide in product(CONDITIONS, repeat=2):
        if not find_excess(policy(narrow), policy(wide), read=read):
            contained += narrow != wide
            assert allowed(narrow) <= allowed(wide), (narrow, wide)
    assert contained > 100


def test_two_conditions_are_contained_in_either_and_a_condition_in_none() -> None:
    for one, other in pairwise(CONDITIONS):
        assert not find_excess(policy(one, other), policy(other), read=read)
        assert not find_excess(policy(one), policy(), read=read)
        assert find_excess(policy(), policy(one), read=read)
