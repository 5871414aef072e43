"""Steps from one configuration to another: the ends of what they judge."""

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
