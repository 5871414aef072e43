"""Programs with the deployment's constants in them: a test on one is settled, or stays a question."""

import pytest

from authorizer.engine.template.binding import bind
from authorizer.engine.template.program import For, If, InScopes, Node, Place, Text, Variable, VariableIs

HERE = Place("it", 1)
ASKED = If(VariableIs("stage", "prod"), (Variable("stage", HERE),), (Text("no", HERE),), HERE)
STILL = If(VariableIs("stage", "prod"), (Text("dev", HERE),), (Text("no", HERE),), HERE)
NO = Text("no", HERE)


@pytest.mark.parametrize(
    ("node", "settled", "open_"),
    [
        pytest.param(ASKED, NO, STILL, id="by itself"),
        pytest.param(
            If(InScopes("w"), (ASKED,), (), HERE),
            If(InScopes("w"), (NO,), (), HERE),
            If(InScopes("w"), (STILL,), (), HERE),
            id="behind a test",
        ),
        pytest.param(
            If(InScopes("w"), (), (ASKED,), HERE),
            If(InScopes("w"), (), (NO,), HERE),
            If(InScopes("w"), (), (STILL,), HERE),
            id="behind else",
        ),
        pytest.param(
            For("t", "teams", (ASKED,), HERE),
            For("t", "teams", (NO,), HERE),
            For("t", "teams", (STILL,), HERE),
            id="in a loop",
        ),
    ],
)
def test_a_test_on_a_constant_is_settled_or_stays_a_question(node: Node, settled: Node, open_: Node) -> None:
    assert bind((node,), {"stage": "dev"}) == (settled,)
    assert bind((node,), {"stage": "dev"}, settle=False) == (open_,)
