"""Steps from one configuration to another: the ends of what they judge."""

import pytest

from authorizer.engine import declare
from authorizer.gate.steps import fixed, types


def test_what_is_fixed_as_before_is_no_step() -> None:
    steps = list(fixed({"tenant": "acme", "client": "a"}, {"tenant": "acme", "client": "b"}))
    assert steps
    assert not [step for step in steps if "tenant" in step.what]


def test_a_type_that_may_take_more_and_is_not_shown_to_is_undecided() -> None:
    slug, names = declare({"type": "slug"}), declare({"type": "enum", "values": ["acme", "globex"]})
    assert [(step.direction, step.what) for step in types(slug, names)] == [
        ("UNKNOWN", "values of a type that may take more")
    ]


def test_a_type_that_takes_more_is_wider_with_a_value() -> None:
    slug, names = declare({"type": "slug"}), declare({"type": "enum", "values": ["acme"]})
    [step] = types(names, slug)
    assert step.direction == "WIDER"
    assert step.identity["value"] != "acme"


LIST = {"type": "slug", "list": True, "max_items": 3}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(
            LIST, {**LIST, "list": "comma"}, [("WIDER", "lists written as text by comma")], id="written"
        ),
        pytest.param(
            {**LIST, "list": "json"}, LIST, [("NARROWER", "lists written as text by json")], id="no longer"
        ),
        pytest.param(
            {"type": "enum", "values": ["true", "false"]},
            {"type": "boolean"},
            [("WIDER", "true and false of JSON, where texts alone were taken")],
            id="booleans",
        ),
        pytest.param(
            {"type": "boolean"},
            {"type": "enum", "values": ["true", "false"]},
            [("NARROWER", "true and false of JSON, where texts alone are taken")],
            id="no booleans",
        ),
        pytest.param(
            {"type": "slug"},
            {"type": "integer", "min": 1, "max": 9},
            [("WIDER", "numbers of JSON, where texts alone were taken"), ("NARROWER", "some values")],
            id="numbers",
        ),
        pytest.param(
            {**LIST, "type": "enum", "values": ["1", "2"]},
            {**LIST, "type": "integer", "min": 1, "max": 2},
            [
                ("WIDER", "numbers of JSON, where texts alone were taken"),
                ("UNKNOWN", "values of a type that may take more"),
            ],
            id="numbers in a list",
        ),
        pytest.param(
            {"type": "uuid"},
            {"type": "uuid", "lower_case": True},
            [("WIDER", "values in upper case, for those in lower case")],
            id="any case",
        ),
        pytest.param(
            {"type": "slug"},
            {"type": "slug", "fallback": "_none"},
            [("WIDER", "'_none' for users whose token says nothing")],
            id="a fallback that nobody says, and so no wider type",
        ),
        pytest.param(
            {"type": "slug", "fallback": "_none"},
            {"type": "slug", "fallback": "a"},
            [("WIDER", "'a' for users whose token says nothing, where it was '_none'")],
            id="another fallback",
        ),
        pytest.param(
            {"type": "slug", "fallback": "_none"},
            {"type": "slug"},
            [("UNKNOWN", "no value, where '_none' was that of users whose token says nothing")],
            id="no fallback any more",
        ),
        pytest.param(
            {"type": "ip"}, {"type": "ip", "widest": 24}, [("WIDER", "values such as")], id="a range"
        ),
        pytest.param(
            {"type": "ip", "widest": 24}, {"type": "ip"}, [("NARROWER", "some values")], id="an address alone"
        ),
        pytest.param(
            {"type": "enum", "values": ["_x"]},
            {"type": "slug", "fallback": "_x"},
            [("WIDER", "'_x' for users"), ("WIDER", "values such as")],
            id="a type and a fallback",
        ),
    ],
)
def test_how_a_value_is_read_is_a_step_of_its_own(
    old: dict[str, object], new: dict[str, object], told: list[tuple[str, str]]
) -> None:
    steps = list(types(declare(old), declare(new)))
    assert [
        (step.direction, step.what[: len(what)]) for step, (_, what) in zip(steps, told, strict=True)
    ] == told
    assert list(types(declare(new), declare(new))) == []


def test_an_example_of_a_wider_type_is_a_value_of_it() -> None:
    [step] = types(declare({"type": "ip"}), declare({"type": "ip", "widest": 24}))
    assert declare({"type": "ip", "widest": 24}).check(step.identity["value"])
