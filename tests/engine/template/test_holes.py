"""A claim in a condition's value, as dangerous there as in a resource."""

from typing import Any

import pytest

from authorizer.engine.language.errors import TemplateInvalid
from tests.engine.proving import compile_templates, objects, template


def conditioned(value: str, operator: str = "StringLike") -> str:
    condition: dict[str, Any] = {operator: {"s3:prefix": ["common/", value]}}
    return template(objects("*", Condition=condition))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        pytest.param("${aws:{{ tenant }}}", "inside a policy variable", id="in a variable's name"),
        pytest.param("${aws:{{ tenant }}", "inside a policy variable", id="in a variable that does not end"),
        pytest.param("${aws:x, '{{ tenant }}'}/*", "inside a policy variable", id="in a variable's default"),
        pytest.param("a/${{ tenant }}/*", "right behind `$`", id="behind a dollar"),
        pytest.param("${$}${{ tenant }}", "right behind `$`", id="behind an escaped dollar and one more"),
    ],
)
@pytest.mark.parametrize("operator", ["StringLike", "StringEquals", "ArnLike"])
def test_a_claim_may_not_become_part_of_a_variable(value: str, said: str, operator: str) -> None:
    if operator == "ArnLike":
        value = f"arn:aws:s3:::{value}"
    with pytest.raises(TemplateInvalid) as refused:
        compile_templates(it=conditioned(value, operator))
    assert any(said in problem for problem in refused.value.problems)


@pytest.mark.parametrize(
    "value", ["{{ tenant }}/*", "${$}{{ tenant }}", "${aws:username}{{ tenant }}", "}{{ tenant }}"]
)
def test_a_claim_may_stand_beside_one(value: str) -> None:
    templates = compile_templates(it=conditioned(value))
    assert "acme" in templates.render(["it"], {"tenant": "acme"}, scopes=frozenset())
