"""Running a program: what a user's facts answer, what an unsettled question leaves open, what a loop leaves behind."""

import pytest

from authorizer.engine.language.errors import ValueMissing
from authorizer.engine.template.program import (
    Atom,
    Contains,
    Equals,
    For,
    HasItems,
    Hole,
    If,
    InScopes,
    IsDefined,
    LoopIs,
    Node,
    Place,
    Question,
    Text,
    VariableIs,
)
from authorizer.engine.template.run import Choices, Run, UserFacts, may_agree

HERE = Place("it", 1)
FREE, PRO = Equals("plan", "free"), Equals("plan", "pro")


def facts(*scopes: str, **values: str | tuple[str, ...]) -> UserFacts:
    return UserFacts(values, frozenset(scopes))


def run(*program: Node, **values: str | tuple[str, ...]) -> str:
    """The symbolic text for one user, whose claims' placeholders are capital letters from `A` on."""
    codes = {name: ord("A") + 10 * number for number, name in enumerate(values)}
    return Run(facts(**values), codes).run(program).text


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        pytest.param(Equals("plan", "free-pro"), True, id="the same text"),
        pytest.param(Equals("plan", "pro"), False, id="a part of the text"),
        pytest.param(Contains("teams", "red"), True, id="an item"),
        pytest.param(Contains("teams", "re"), False, id="a part of an item"),
        pytest.param(InScopes("files:read"), True, id="a scope"),
        pytest.param(InScopes("files"), False, id="a part of a scope"),
        pytest.param(IsDefined("plan"), True, id="a claim"),
        pytest.param(IsDefined("sub"), False, id="a claim that the user lacks"),
    ],
)
def test_a_user_is_asked_for_whole_texts(question: Question, expected: bool) -> None:
    assert facts("files:read", plan="free-pro", teams=("red", "blue")).holds(question) is expected


def test_a_loop_within_a_loop_leaves_the_outer_one_where_it_was() -> None:
    inner = For("s", "sites", (Hole("s", HERE),), HERE)
    last = If(LoopIs("last"), (Text("!", HERE),), (Text(",", HERE),), HERE)
    outer = For("t", "teams", (Hole("t", HERE), inner, last), HERE)
    assert run(outer, teams=("red", "blue"), sites=("a", "b", "c")) == "AKLM,BKLM!"


def test_the_name_of_a_loop_means_nothing_behind_it() -> None:
    """Such a template does not compile; a compiled form that somebody wrote by hand may say it."""
    with pytest.raises(ValueMissing, match="t"):
        run(For("t", "teams", (Hole("t", HERE),), HERE), Hole("t", HERE), teams=("red",))


def test_outside_of_a_loop_none_is_first_or_last() -> None:
    for before in ((), (For("t", "teams", (Hole("t", HERE),), HERE),)):
        with pytest.raises(IndexError):
            run(*before, If(LoopIs("first"), (Text("x", HERE),), (), HERE), teams=("red",))


@pytest.mark.parametrize(
    ("made", "question", "holds", "left"),
    [
        pytest.param({}, PRO, True, [{PRO: False}], id="nothing is settled"),
        pytest.param({FREE: True}, PRO, False, [], id="the claim is another text"),
        pytest.param({FREE: True}, FREE, True, [], id="the claim is this text"),
        pytest.param({FREE: False}, PRO, True, [{FREE: False, PRO: False}], id="the claim is not another text"),
        pytest.param(
            {Equals("tier", "free"): True},
            PRO,
            True,
            [{Equals("tier", "free"): True, PRO: False}],
            id="another claim has a text",
        ),
        pytest.param(
            {IsDefined("plan"): True, InScopes("a"): True, HasItems("teams"): 2},
            PRO,
            True,
            [{IsDefined("plan"): True, InScopes("a"): True, HasItems("teams"): 2, PRO: False}],
            id="what is settled is about no text",
        ),
        pytest.param(
            {FREE: True},
            Contains("plan", "a"),
            True,
            [{FREE: True, Contains("plan", "a"): False}],
            id="an item is no text of the whole claim",
        ),
        pytest.param(
            {FREE: True}, InScopes("a"), True, [{FREE: True, InScopes("a"): False}], id="a scope beside a text"
        ),
    ],
)  # fmt: skip
def test_a_claim_that_is_one_text_is_no_other(
    made: dict[Atom, bool | int], question: Question, holds: bool, left: list[dict[Atom, bool | int]]
) -> None:
    choices = Choices(dict(made), {})
    assert choices.holds(question) is holds
    assert choices.untried == left


def test_a_claim_that_was_needed_is_defined_from_then_on() -> None:
    choices = Choices({}, {})
    choices.need("plan")
    assert choices.made == {IsDefined("plan"): True}
    assert choices.holds(IsDefined("plan"))
    assert choices.untried == []


def test_a_claim_that_was_chosen_to_be_absent_is_missing() -> None:
    with pytest.raises(ValueMissing, match="plan"):
        Choices({IsDefined("plan"): False}, {}).need("plan")


STAGE_A, STAGE_B, REGION_B = VariableIs("stage", "a"), VariableIs("stage", "b"), VariableIs("region", "b")
W = InScopes("w")


@pytest.mark.parametrize(
    ("made", "question", "holds"),
    [
        pytest.param(STAGE_A, STAGE_B, False, id="another text"),
        pytest.param(STAGE_A, STAGE_A, True, id="the same text"),
        pytest.param(STAGE_A, REGION_B, True, id="another variable"),
        pytest.param(FREE, STAGE_A, True, id="a claim"),
        pytest.param(VariableIs("plan", "free"), PRO, True, id="a variable by the name of the claim"),
    ],
)
def test_a_variable_that_is_one_text_is_no_other(made: Atom, question: Question, holds: bool) -> None:
    choices = Choices({made: True}, {})
    assert choices.holds(question) is holds


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        pytest.param({}, {}, True, id="nothing"),
        pytest.param({W: True}, {IsDefined("plan"): False}, True, id="about other things"),
        pytest.param({W: True}, {W: True}, True, id="the same"),
        pytest.param({W: True}, {W: False}, False, id="the opposite"),
        pytest.param({W: True, PRO: True}, {W: True, PRO: False}, False, id="one the same, one the opposite"),
        pytest.param({HasItems("teams"): 1}, {HasItems("teams"): 2}, False, id="lists of two lengths"),
        pytest.param({FREE: True}, {PRO: True}, False, id="two texts of one claim"),
        pytest.param({FREE: True}, {PRO: False}, True, id="a text, and not another one"),
        pytest.param({FREE: False}, {PRO: True}, True, id="not a text, but another one"),
        pytest.param({FREE: True}, {Equals("tier", "pro"): True}, True, id="texts of two claims"),
        pytest.param({STAGE_A: True}, {STAGE_B: True}, False, id="two texts of one variable"),
        pytest.param({STAGE_A: True}, {STAGE_B: False}, True, id="a text of a variable, and not another one"),
        pytest.param({STAGE_A: True}, {REGION_B: True}, True, id="texts of two variables"),
        pytest.param({STAGE_A: True}, {PRO: True}, True, id="a variable and a claim"),
        pytest.param({W: True}, {STAGE_A: True}, True, id="a scope and a variable"),
    ],
)
def test_two_ways_agree_where_one_user_may_go_both(
    one: dict[Atom, bool | int], other: dict[Atom, bool | int], agree: bool
) -> None:
    assert may_agree(one, other) is may_agree(other, one) is agree
