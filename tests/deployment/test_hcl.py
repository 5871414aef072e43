"""Values as HCL: what is literal stays literal, and the layout is that of `terraform fmt`."""

from typing import Any

import pytest

from authorizer.deployment.standins import Reference
from authorizer.deployment.terraform.hcl import Code, Json, attributes, block, expression, quoted, writer

NAME = Reference(kind="parameter", name="NAME")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("plain", '"plain"', id="a text"),
        pytest.param('"\\\n', r'"\"\\\n"', id="quotes, a backslash, a new line"),
        pytest.param("${aws:PrincipalTag/x}", '"$${aws:PrincipalTag/x}"', id="a policy variable"),
        pytest.param("%{if x}", '"%%{if x}"', id="a directive"),
        pytest.param("größe", '"größe"', id="letters of other languages"),
    ],
)
def test_a_literal_text_means_itself(value: str, expected: str) -> None:
    assert quoted(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(Code("var.name"), "var.name", id="an expression"),
        pytest.param(None, "null", id="nothing"),
        pytest.param(True, "true", id="a switch"),
        pytest.param(5, "5", id="a number"),
        pytest.param({}, "{}", id="an empty object"),
        pytest.param([], "[]", id="an empty list"),
        pytest.param(["a", 1], '["a", 1]', id="a list of scalars"),
        pytest.param({"a": {"b:c": ["d"]}}, '{ a = { "b:c" = ["d"] } }', id="single attributes on one line"),
        pytest.param({"a": 1, "long": 2}, "{\n  a    = 1\n  long = 2\n}", id="several, below each other"),
        pytest.param([{"a": 1, "b": 2}], "[\n  {\n    a = 1\n    b = 2\n  },\n]", id="a list of objects"),
        pytest.param(
            {"a": {"b": 1, "c": 2}}, "{\n  a = {\n    b = 1\n    c = 2\n  }\n}", id="an object inside"
        ),
        pytest.param(Json({"a": 1}), "jsonencode({\n  a = 1\n})", id="a document"),
        pytest.param(
            ["x" * 60, "y" * 60], f'[\n  "{"x" * 60}",\n  "{"y" * 60}",\n]', id="a list too long for a line"
        ),
    ],
)
def test_a_value_is_written_as_terraform_formats_it(value: Any, expected: str) -> None:
    assert expression(value, 0) == expected


def test_equals_signs_stand_below_each_other_as_far_as_attributes_take_a_line_each() -> None:
    values = {"a": 1, "bcd": 2, "map": {"x": 1, "y": 2}, "e-f": 3}
    assert attributes(values) == [
        "  a   = 1",
        "  bcd = 2",
        "  map = {\n    x = 1\n    y = 2\n  }",
        '  "e-f" = 3',
    ]


def test_a_block_holds_its_lines() -> None:
    assert block('data "x" "y"', attributes({"a": 1})) == ['data "x" "y" {', "  a = 1", "}"]


def test_a_stand_in_alone_is_an_expression_and_inside_a_text_an_interpolation() -> None:
    written = writer({NAME: "var.name"})
    assert written((NAME,)) == Code("var.name")
    assert written(("a-${b}-", NAME, '"')) == Code('"a-$${b}-${var.name}\\""')
