"""Whether the commas between statements fit, whichever way each test goes and however long each list is."""

import pytest

from authorizer.engine.template.commas import Comma, Each, Either, Entry, Item, may_go_wrong
from authorizer.engine.template.program import Both, For, If, InScopes, LoopIs, Not, Place, Test

HERE = Place("it", 1)
STATEMENT, COMMA = Item(()), Comma()
FIRST, LAST, SCOPE = LoopIs("first"), LoopIs("last"), InScopes("w")


def when(test: Test, then: tuple[Entry, ...], otherwise: tuple[Entry, ...] = ()) -> Either:
    return Either(If(test, (), (), HERE), then, otherwise)


def loop(*body: Entry) -> Each:
    return Each(For("team", "teams", (), HERE), body)


def both(left: Test, right: Test) -> Test:
    return Both(left, right, either=False)


def either(left: Test, right: Test) -> Test:
    return Both(left, right, either=True)


@pytest.mark.parametrize(
    ("entries", "fits"),
    [
        pytest.param((), True, id="nothing"),
        pytest.param((STATEMENT, COMMA, STATEMENT), True, id="between two"),
        pytest.param((STATEMENT, STATEMENT), False, id="none between two"),
        pytest.param((COMMA, STATEMENT), False, id="in front of the first"),
        pytest.param((STATEMENT, COMMA), False, id="behind the last"),
        pytest.param((STATEMENT, COMMA, COMMA, STATEMENT), False, id="two between two"),
        pytest.param(
            (STATEMENT, when(SCOPE, (COMMA, STATEMENT))), True, id="behind a test with its statement"
        ),
        pytest.param(
            (when(SCOPE, (STATEMENT, COMMA)), STATEMENT), True, id="in front of a statement for all"
        ),
        pytest.param((STATEMENT, COMMA, when(SCOPE, (STATEMENT,))), False, id="in front of a test"),
        pytest.param(
            (STATEMENT, COMMA, when(SCOPE, (STATEMENT,), (STATEMENT,))),
            True,
            id="in front of a test, one each way",
        ),
        pytest.param(
            (STATEMENT, when(SCOPE, (), (COMMA,)), when(SCOPE, (), (STATEMENT,))),
            False,
            id="two tests count as if neither depended on the other",
        ),
        pytest.param(
            (when(FIRST, (STATEMENT,)), when(FIRST, (COMMA, STATEMENT))), False, id="a test of no loop"
        ),
    ],
)
def test_a_comma_stands_between_two_statements(entries: tuple[Entry, ...], fits: bool) -> None:
    assert may_go_wrong(entries) is not fits


@pytest.mark.parametrize(
    ("entries", "fits"),
    [
        pytest.param(
            (loop(when(FIRST, (), (COMMA,)), STATEMENT),), True, id="in front of each but the first"
        ),
        pytest.param((loop(STATEMENT, when(LAST, (), (COMMA,))),), True, id="behind each but the last"),
        pytest.param((STATEMENT, loop(COMMA, STATEMENT)), True, id="in front of each, behind a statement"),
        pytest.param((loop(STATEMENT, COMMA), STATEMENT), True, id="behind each, in front of a statement"),
        pytest.param((loop(STATEMENT),), False, id="right where there is one item only"),
        pytest.param(
            (loop(when(either(FIRST, LAST), (STATEMENT,)), when(both(FIRST, Not(LAST)), (COMMA,))),),
            True,
            id="between the first and the last",
        ),
        pytest.param(
            (loop(when(FIRST, (STATEMENT, when(LAST, (), (COMMA,))), (STATEMENT,))),),
            False,
            id="right where there are two at most",
        ),
        pytest.param(
            (loop(when(either(FIRST, LAST), (), (STATEMENT, COMMA))),),
            False,
            id="right where there is none between the first and the last",
        ),
        pytest.param(
            (loop(when(both(FIRST, LAST), (STATEMENT,), (STATEMENT, COMMA))),),
            False,
            id="behind the last where there are several",
        ),
        pytest.param(
            (loop(STATEMENT, when(both(FIRST, LAST), (COMMA,), (when(LAST, (), (COMMA,)),))),),
            False,
            id="behind the last where there is one",
        ),
        pytest.param(
            (loop(when(FIRST, (), (COMMA,)), loop(when(FIRST, (), (COMMA,)), STATEMENT)),),
            True,
            id="a loop in a loop has turns of its own",
        ),
    ],
)
def test_a_comma_fits_on_every_turn_of_a_loop(entries: tuple[Entry, ...], fits: bool) -> None:
    assert may_go_wrong(entries) is not fits


@pytest.mark.parametrize(
    ("is_last", "known"),
    [
        pytest.param(Not(Not(LAST)), True, id="not not"),
        pytest.param(both(LAST, either(LAST, SCOPE)), True, id="what is or-ed to what holds"),
        pytest.param(either(LAST, both(LAST, SCOPE)), True, id="what is and-ed to what does not hold"),
        pytest.param(both(LAST, either(FIRST, Not(FIRST))), True, id="either of two"),
        pytest.param(either(LAST, both(FIRST, Not(FIRST))), True, id="both of two"),
        pytest.param(both(LAST, SCOPE), False, id="and a scope"),
        pytest.param(either(LAST, SCOPE), False, id="or a scope"),
        pytest.param(both(LAST, Not(SCOPE)), False, id="and no scope"),
    ],
)
def test_a_test_is_decided_by_the_turn_of_its_loop_where_it_is(is_last: Test, known: bool) -> None:
    assert may_go_wrong([loop(STATEMENT, when(is_last, (), (COMMA,)))]) is not known
