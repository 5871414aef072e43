"""Which ways templates can run, whole or by part, and what was assumed of the user on each."""

import pytest

from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import TemplateInvalid
from authorizer.engine.template import branches
from authorizer.engine.template.branches import Branch, Given, needed_by
from authorizer.engine.template.program import Atom, Contains, Equals, HasItems, InScopes, IsDefined
from authorizer.engine.template.template import TemplateSet
from tests.engine.sources import FIRST, SMALL, behind_tests, in_order

TENANT, PLAN, W = IsDefined("tenant"), IsDefined("plan"), InScopes("w")
CLAIMS = {**SMALL, "region": declare({"type": "slug", "fallback": "_any"})}


def another(test: str, sid: str = "B", path: str = "b") -> str:
    """One more statement, which needs no claim, behind a test."""
    statement = FIRST.replace("First", sid).replace("first/{{ tenant }}", path)
    return f"{{% if {test} %}},{statement}{{% endif %}}"


def parts(source: str) -> list[tuple[Branch, ...]]:
    return list(TemplateSet.compile({"t": source}, claims=CLAIMS, variables={}).parts(["t"]))


def test_templates_of_a_few_ways_are_judged_whole_and_of_more_by_part() -> None:
    assert [len(ways) for ways in parts(behind_tests(6))] == [64]
    assert [len(ways) for ways in parts(behind_tests(7))] == [1] + [2] * 7


def test_a_statement_has_1024_ways_and_no_more() -> None:
    def asking(count: int) -> str:
        tests = "".join(f'{{% if "s{number}" in scopes %}}x{{% endif %}}' for number in range(count))
        return in_order(FIRST.replace("{{ tenant }}", f"{tests}y"))

    assert [len(ways) for ways in parts(asking(10))] == [1024]
    with pytest.raises(TemplateInvalid, match="more than 1024 ways"):
        parts(asking(11))


def test_a_claim_that_has_a_fallback_is_there_whole_and_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    source = behind_tests(6).replace(
        "]}", another("region is defined") + another("region is undefined", "C") + "]}"
    )
    (whole,) = parts(source)
    assert len(whole) == 64
    monkeypatch.setattr(branches, "MAX_WHOLE", 0)
    for ways in (whole, *parts(source)):
        assert all(way.chosen[IsDefined("region")] is True for way in ways)
        assert not any(statement.sid == "C" for way in ways for statement in way.document.statements)


def test_what_one_part_needs_is_assumed_on_every_way_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branches, "MAX_WHOLE", 0)
    first, second = parts(in_order(FIRST, another('"w" in scopes')))
    assert [way.chosen for way in first] == [{IsDefined("region"): True, TENANT: True}]
    assert [way.chosen[W] for way in second] == [True, False]
    assert all(way.chosen[TENANT] is True for way in second)


@pytest.mark.parametrize(
    ("ways", "needed"),
    [
        pytest.param([[{TENANT: True}]], {TENANT}, id="on the only way"),
        pytest.param([[{TENANT: True, W: True}, {TENANT: True, W: False}]], {TENANT}, id="on each of two"),
        pytest.param([[{TENANT: True}, {PLAN: True}]], set(), id="another one on each"),
        pytest.param([[{PLAN: True, TENANT: True}, {PLAN: False}]], set(), id="on one of two"),
        pytest.param([[{TENANT: False}]], set(), id="one that is not there"),
        pytest.param([[{TENANT: True}], [{PLAN: True}]], {TENANT, PLAN}, id="by two parts"),
        pytest.param([[{HasItems("teams"): 1}]], set(), id="a list of one item"),
        pytest.param([[{}]], set(), id="nothing"),
        pytest.param(
            [[{W: True, Equals("plan", "a"): True}, {W: True, Contains("teams", "a"): True}]],
            {W},
            id="a scope",
        ),
    ],
)
def test_what_a_part_needs_on_each_of_its_ways_every_user_has(
    ways: list[list[Given]], needed: set[Atom]
) -> None:
    assert needed_by(ways) == dict.fromkeys(needed, True)
