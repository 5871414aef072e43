"""What of Jinja's language a template may use, and what its author is told of the rest."""

import pytest

from authorizer.engine.language.declaring import declare
from authorizer.engine.template.jinja import TESTS, Compiler
from tests.engine.template.making import template

CLAIMS = {
    "tenant": declare({"type": "slug"}),
    "plan": declare({"type": "enum", "values": ["free", "pro"]}),
    "level": declare({"type": "integer", "max": 99}),
    "beta": declare({"type": "boolean"}),
    "flags": declare({"type": "boolean", "list": "comma", "max_items": 3}),
    "groups": declare({"type": "slug", "list": True, "max_items": 3}),
}
STEPS = "`if`, `elif`, `for`, `include`, `and`, `or` and `not`"
DEEP = f"nested too deeply: more than 64 of {STEPS} within one another"
NO_NAME = "a hole is a plain name: no filter, call, attribute or expression"
NO_TEST = f"this test is not one of {TESTS}"
CASED = "; for one spelling of each value declare the claim with `lower_case = true`"
IF = '{% if "w" in scopes %}'


def problems(source: str, **others: str) -> list[str]:
    """What is said of a template; nothing where it compiles."""
    compiler = Compiler({"t": source, **others}, CLAIMS, ("bucket",))
    compiler.compile("t")
    return compiler.problems


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param(
            "\n{% foo %}", ["t.json.j2:2: Encountered unknown tag 'foo'."], id="a tag unknown to Jinja"
        ),
        pytest.param(
            f'\n{{% if {"(" * 5000}"w" in scopes{")" * 5000} %}}x{{% endif %}}',
            ["t.json.j2:1: nested too deeply"],
            id="brackets too deep for Jinja",
        ),
        pytest.param(
            "\ufeff\n\u0416",
            [
                "t.json.j2:1: begins with a byte order mark: save it as UTF-8 without one",
                "t.json.j2:2: a character that STS does not take: only U+0020 to U+00FF",
            ],
            id="a byte order mark, and another character",
        ),
        pytest.param("{{ tenant | lower }}", [f"t.json.j2:1: {NO_NAME}{CASED}"], id="lower case"),
        pytest.param("{{ tenant | upper }}", [f"t.json.j2:1: {NO_NAME}{CASED}"], id="upper case"),
        pytest.param("{{ tenant | trim }}", [f"t.json.j2:1: {NO_NAME}"], id="another filter"),
        pytest.param("{{ tenant.lower }}", [f"t.json.j2:1: {NO_NAME}"], id="an attribute of that name"),
        pytest.param(
            "{{ plans }}",
            [
                "t.json.j2:1: undeclared name `plans`: did you mean `plan`? declared are "
                "beta, bucket, flags, groups, level, plan, tenant"
            ],
            id="a name like two that there are",
        ),
        pytest.param(
            '{% if "gold" in plan %}x{% endif %}',
            ["t.json.j2:1: `plan` is no list: declare it with `list = true`"],
            id="a text that is never in what is no list",
        ),
        pytest.param("{% if flags %}x{% endif %}", [f"t.json.j2:1: {NO_TEST}"], id="a list of booleans"),
        pytest.param(
            "{% for beta in groups %}\n{% if beta %}x{% endif %}{% endfor %}",
            ["t.json.j2:1: the loop's name `beta` is taken already", f"t.json.j2:2: {NO_TEST}"],
            id="an item by the name of a boolean",
        ),
    ],
)
def test_what_has_no_place_in_a_template_is_told(source: str, said: list[str]) -> None:
    assert problems(source) == said


@pytest.mark.parametrize(
    ("deep", "deeper"),
    [
        pytest.param(
            IF * 64 + "{{ tenant }}" + "{% endif %}" * 64,
            IF * 65 + "{{ tenant }}" + "{% endif %}" * 65,
            id="if",
        ),
        pytest.param(
            IF + "".join(f'{{% elif "s{number}" in scopes %}}x' for number in range(63)) + "{% endif %}",
            IF + "".join(f'{{% elif "s{number}" in scopes %}}x' for number in range(64)) + "{% endif %}",
            id="elif",
        ),
        pytest.param(
            IF * 63 + '{% include "_x.json.j2" %}' + "{% endif %}" * 63,
            IF * 64 + '{% include "_x.json.j2" %}' + "{% endif %}" * 64,
            id="include",
        ),
        pytest.param(
            f'{{% if {"not " * 64}"w" in scopes %}}x{{% endif %}}',
            f'{{% if {"not " * 65}"w" in scopes %}}x{{% endif %}}',
            id="not",
        ),
    ],
)
def test_a_template_is_nested_so_deep_and_no_deeper(deep: str, deeper: str) -> None:
    assert problems(deep, _x="x") == []
    assert problems(deeper, _x="x") == [f"t.json.j2:1: {DEEP}"]


def test_one_test_may_name_as_many_texts_as_are_judged() -> None:
    listed = "{{% if level in {} %}}x{{% endif %}}".format
    assert problems(template(listed(list(range(64))))) == []
    assert problems(listed(list(range(65)))) == [
        "t.json.j2:1: `level in […]` lists 65 texts: expected 1 to 64, each once"
    ]
