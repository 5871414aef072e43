"""How long the lists are that templates are judged with, and which loops ask for more."""

import pytest

from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import TemplateInvalid
from authorizer.engine.language.placeholders import MAX_CLAIMS
from authorizer.engine.template.jinja import Compiler
from authorizer.engine.template.loops import counted_claims, lengths_for_forms, lengths_to_compare
from authorizer.engine.template.program import Program
from authorizer.engine.template.template import TemplateSet
from tests.engine.proving import objects, template

CLAIMS = {
    "teams": declare({"type": "slug", "list": True, "max_items": 9}),
    "sites": declare({"type": "slug", "list": True, "max_items": 2}),
    "sub": declare({"type": "uuid"}),
}


def program(resources: str, *, condition: str = "") -> Program:
    source = (
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": '
        f"[{resources}]{condition}}}}}"
    )
    compiler = Compiler({"it": source}, CLAIMS, ())
    compiled = compiler.compile("it")
    assert not compiler.problems
    return compiled


def path(text: str) -> str:
    return f'"arn:aws:s3:::b/{text}"'


def prefix(text: str) -> str:
    return f', "Condition": {{"StringEquals": {{"s3:prefix": "{text}"}}}}'


def number(text: str) -> str:
    return f', "Condition": {{"NumericEquals": {{"s3:max-keys": {text}}}}}'


ONE = program("{% for t in teams %}" + path("{{ t }}") + ",{% endfor %}" + path("last"))
TWO = program(
    "{% for t in teams %}{% if loop.first %}{% for u in teams %}"
    + path("{{ t }}{{ u }}")
    + ",{% endfor %}{% endif %}{% for s in sites %}"
    + path("{{ s }}")
    + ",{% endfor %}{% endfor %}"
    + path("last")
)


@pytest.mark.parametrize(
    ("one", "counted"),
    [
        pytest.param(ONE, set(), id="whole strings"),
        pytest.param(TWO, set(), id="loops in loops"),
        pytest.param(program(path("{% for t in teams %}x{% endfor %}")), {"teams"}, id="inside a string"),
        pytest.param(
            program(path('a{% for t in teams %}", "arn:aws:s3:::b/{% endfor %}')),
            {"teams"},
            id="out and in again",
        ),
        pytest.param(
            program(path("{% if sub is defined %}{% for t in teams %}x{% endfor %}{% endif %}")),
            {"teams"},
            id="behind a test",
        ),
        pytest.param(
            program(
                "{% for t in teams %}"
                + path("{% for s in sites %}x{% endfor %}")
                + ",{% endfor %}"
                + path("l")
            ),
            {"sites"},
            id="the inner loop alone",
        ),
        pytest.param(
            program(
                "{% for t in teams %}{% for s in sites %} {% endfor %}{% if loop.first %}"
                + path("x")[:-1]
                + "{% endif %}{% if loop.last %}"
                + '"{% endif %}{% endfor %}'
            ),
            {"teams", "sites"},
            id="outside a string on the first turn, inside it on the next",
        ),
        pytest.param(
            program(path("l"), condition=number("1{% for t in teams %}0{% endfor %}")),
            {"teams"},
            id="a number",
        ),
        pytest.param(
            program(
                path("l"),
                condition=number("1{% for t in teams %}{% for s in sites %}0{% endfor %}{% endfor %}"),
            ),
            {"teams", "sites"},
            id="a number, by two loops",
        ),
        *(
            pytest.param(
                program(path("l"), condition=number(f"1{{% for t in teams %}}{body}{{% endfor %}}")),
                {"teams"},
                id=said,
            )
            for body, said in (
                ('{% if "w" in scopes %}0{% endif %}', "a number, in one case"),
                ('{% if "w" in scopes %}{% else %}0{% endif %}', "a number, in the other"),
                ('0{% if "w" in scopes %}{% endif %}', "a number, and nothing behind it"),
            )
        ),
        pytest.param(
            program(
                path("l"),
                condition=prefix(
                    "a\\{% if sub is defined %}n{% else %}t{% endif %}{% for t in teams %}x{% endfor %}"
                ),
            ),
            {"teams"},
            id="behind a letter that another text escapes",
        ),
        pytest.param(
            program("{% for t in teams %}" + path("v1") + ",{% endfor %}" + path("l")),
            set(),
            id="digits in strings",
        ),
        pytest.param(
            program(path("l"), condition=prefix(r"a\"{% for t in teams %}x{% endfor %}")),
            {"teams"},
            id="behind an escaped quote",
        ),
        pytest.param(
            program(
                path("l"),
                condition=prefix(
                    '\\{% if sub is defined %}"{% else %}"{% endif %}{% for t in teams %}x{% endfor %}'
                ),
            ),
            {"teams"},
            id="behind a quote that another text escapes",
        ),
    ],
)
def test_a_loop_that_goes_on_in_one_token_is_counted(one: Program, counted: set[str]) -> None:
    assert counted_claims(one) == counted
    lengths = lengths_for_forms(CLAIMS, [one])
    assert lengths == {
        "teams": range(1, 10 if "teams" in counted else 4),
        "sites": range(1, 3),
    }


@pytest.mark.parametrize(
    ("ones", "others", "longest"),
    [
        pytest.param([ONE], [ONE], 5, id="a loop on each side"),
        pytest.param([ONE], [], 4, id="a loop on one side"),
        pytest.param([TWO], [ONE], 7, id="two in each other, and one"),
        pytest.param([ONE], [TWO], 7, id="the other way round"),
        pytest.param([ONE, TWO], [TWO], 8, id="the deepest counts"),
        pytest.param([], [], 3, id="none"),
        pytest.param([program(path("{% for t in teams %}x{% endfor %}"))], [ONE], 9, id="inside a string"),
    ],
)
def test_two_policies_are_compared_with_lists_that_tell_all_items_apart(
    ones: list[Program], others: list[Program], longest: int
) -> None:
    assert lengths_to_compare(CLAIMS, ones, others) == {"teams": range(1, longest + 1), "sites": range(1, 3)}


def test_what_only_long_lists_make_wrong_does_not_load() -> None:
    source = template(objects("a", Sid="xxxx"), ",", objects("b", Sid="{% for t in teams %}x{% endfor %}"))
    with pytest.raises(TemplateInvalid, match="Sid 'xxxx' is not unique"):
        TemplateSet.compile({"it": source}, claims=CLAIMS, variables={})


def test_a_variable_outside_a_string_does_not_load_wherever_in_a_loop_it_stands() -> None:
    variable = "{% if not loop.first %}{{ more }}{% endif %}"
    source = template(objects("a"), "{% for t in teams %}" + variable + "{% endfor %}")
    with pytest.raises(TemplateInvalid, match="holes stand inside strings only"):
        TemplateSet.compile({"it": source}, claims=CLAIMS, variables={"more": " "})


def test_more_claims_than_there_are_placeholders_do_not_load() -> None:
    claims = {f"c{number}": CLAIMS["sub"] for number in range(MAX_CLAIMS + 1)}
    with pytest.raises(TemplateInvalid, match="501 claims are declared: at most 500"):
        TemplateSet.compile({"it": template(objects("a"))}, claims=claims, variables={})
    claims.popitem()
    assert TemplateSet.compile({"it": template(objects("a"))}, claims=claims, variables={}).names == ("it",)
