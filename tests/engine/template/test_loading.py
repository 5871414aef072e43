"""What is refused when templates load, each with its file and line."""

import pytest

from authorizer.engine.language.errors import TemplateInvalid
from authorizer.engine.template.template import TemplateSet
from tests.engine.template.making import CLAIMS, compile_set, render, template

REFUSED = [
    pytest.param("", "t.json.j2:1: not JSON: ", id="nothing at all"),
    pytest.param(
        template("".join(f'{{% if "{n}" in scopes %}}{n}{{% endif %}}' for n in range(11))),
        "more than 1024 ways to run",
        id="eleven independent tests",
    ),
    pytest.param(
        template("{{ tenant }"),
        "t.json.j2:5: `{{ tenant }` is not closed: expected }}",
        id="Jinja that does not parse",
    ),
    pytest.param(
        '{"Version": "2012-10-17",\n"Statement": ["x"]}',
        "t.json.j2:1: not a JSON object",
        id="a text for a statement",
    ),
    pytest.param(
        template(Condition='{"NumericEquals": {"s3:max-keys": NaN}}'),
        "t.json.j2:1: not JSON: `NaN`",
        id="NaN",
    ),
    pytest.param(template("a\\nb"), "STS takes U+0020 to U+00FF", id="a line feed, escaped"),
    pytest.param(template("a\\u0007b"), "STS takes U+0020 to U+00FF", id="a control character, escaped"),
    pytest.param(
        template('{% if "w" == scopes %}x{% endif %}'), "this test is not one of", id="scopes compared"
    ),
    pytest.param(
        template('{% if "a" == groups %}x{% endif %}'), "this test is not one of", id="a list compared"
    ),
    pytest.param(
        template('{% if plan in "pro" %}x{% endif %}'), "this test is not one of", id="a claim in a text"
    ),
    pytest.param(
        template("{% for g in groups %}{% if loop.index %}x{% endif %}{% endfor %}"),
        "this test is not one of",
        id="a turn's number",
    ),
    pytest.param(template('{% include "_x" %}'), "an include is", id="an include without its suffix"),
    pytest.param(
        template('{% include "_x.json.j2" without context %}'), "an include is", id="without context"
    ),
    pytest.param(
        template(Resource='["arn:aws:s3:::data-1/x", "arn:aws:s3:::data-1/${{ tenant }}"]'),
        "a claim right behind `$`",
        id="a hole behind a dollar, in one of the resources",
    ),
    pytest.param(
        template(Resource='["arn:aws:s3:::data-1/x", "arn:aws:s3:::data-1/${aws:x, \'{{ tenant }}\'}"]'),
        "a claim inside a policy variable",
        id="a hole in a variable, in one of the resources",
    ),
    pytest.param(
        template("{{ tenan }}"),
        "t.json.j2:5: undeclared name `tenan`: did you mean `tenant`? declared are bucket,",
        id="a typo",
    ),
    pytest.param(template("{{ tenant | upper }}"), "t.json.j2:5: a hole is a plain name", id="a filter"),
    pytest.param(template("{{ tenant|safe }}"), "t.json.j2:5: a hole is a plain name", id="safe"),
    pytest.param(template("{{ tenant.x }}"), "t.json.j2:5: a hole is a plain name", id="an attribute"),
    pytest.param(template("{{ tenant[0] }}"), "t.json.j2:5: a hole is a plain name", id="an item"),
    pytest.param(
        template("{{ tenant ~ bucket }}"), "t.json.j2:5: a hole is a plain name", id="a concatenation"
    ),
    pytest.param(template("{{ range(3) }}"), "t.json.j2:5: a hole is a plain name", id="a call"),
    pytest.param(template('{{ "*" }}'), "t.json.j2:5: a hole is a plain name", id="literal output"),
    pytest.param(template("{% set x = tenant %}"), "t.json.j2:5: `assign` has no place", id="set"),
    pytest.param(
        template("{% set x %}{{ tenant }}{% endset %}"), "`assignblock` has no place", id="a set block"
    ),
    pytest.param(
        template("{% filter upper %}a{% endfilter %}"), "`filterblock` has no place", id="a filter block"
    ),
    pytest.param(template("{% macro m() %}a{% endmacro %}"), "`macro` has no place", id="a macro"),
    pytest.param(template("{% autoescape true %}a{% endautoescape %}"), "has no place", id="autoescape"),
    pytest.param(template("{% extends 'x' %}"), "`extends` has no place", id="extends"),
    pytest.param(template("{% import 'x' as x %}"), "`import` has no place", id="import"),
    pytest.param(template("{% block x %}{% endblock %}"), "`block` has no place", id="a block"),
    pytest.param(template("{% with x = 1 %}{% endwith %}"), "`with` has no place", id="with"),
    pytest.param(template("{{ groups }}"), "`groups` is a list", id="a list in a hole"),
    pytest.param(
        template("{% for t in tenant %}{{ t }}{% endfor %}"), "`tenant` is no list", id="a loop over text"
    ),
    pytest.param(template("{% for g in range(3) %}x{% endfor %}"), "a loop is", id="a loop over a call"),
    pytest.param(template("{% for a, b in groups %}x{% endfor %}"), "a loop is", id="a loop with two names"),
    pytest.param(
        template("{% for g in groups if g %}x{% endfor %}"), "a loop has no `if`", id="a filtered loop"
    ),
    pytest.param(
        template("{% for g in groups %}x{% else %}*{% endfor %}"), "a loop has no", id="a loop with else"
    ),
    pytest.param(
        template("{% for g in groups recursive %}x{% endfor %}"), "a loop has no", id="a recursive loop"
    ),
    pytest.param(
        template("{% for tenant in groups %}x{% endfor %}"), "is taken already", id="a shadowed claim"
    ),
    pytest.param(
        template("{% for g in groups %}{% for g in groups %}x{% endfor %}{% endfor %}"),
        "is taken already",
        id="a shadowed loop",
    ),
    pytest.param(
        template("{% for g in groups %}x{% endfor %}{{ g }}"),
        "undeclared name `g`",
        id="a name after its loop",
    ),
    pytest.param(template("{% if tenant %}x{% endif %}"), "this test is not one of", id="truthiness"),
    pytest.param(
        template("{% if loop.first %}x{% endif %}"), "this test is not one of", id="loop outside a loop"
    ),
    pytest.param(template('{% if tenant < "a" %}x{% endif %}'), "this test is not one of", id="an order"),
    pytest.param(
        template("{% if tenant == bucket %}x{% endif %}"), "this test is not one of", id="two names"
    ),
    pytest.param(
        template('{% if "a" in tenant %}x{% endif %}'), "`tenant` is no list", id="a part of a text"
    ),
    pytest.param(
        template("{% if x is defined %}x{% endif %}"), "this test is not one of", id="an unknown name defined"
    ),
    pytest.param(
        template("{% if tenant is callable %}x{% endif %}"), "this test is not one of", id="another test"
    ),
    pytest.param(
        template("{% for g in groups %}{% if g == 'a' %}x{% endif %}{% endfor %}"),
        "this test is not one of",
        id="an item",
    ),
    pytest.param(
        template('{% if plan == "gold" %}x{% endif %}'),
        "no `plan` is ever like this",
        id="an impossible value",
    ),
    pytest.param(
        template('{% if "*" in groups %}x{% endif %}'),
        "no `groups` is ever like this",
        id="an impossible item",
    ),
    pytest.param(
        template('{% include "_x.json.j2" %}'), "no template '_x.json.j2' to include", id="a lost include"
    ),
    pytest.param(template("{% include tenant %}"), "an include is", id="a computed include"),
    pytest.param(
        template('{% include "_x.json.j2" ignore missing %}'), "an include is", id="an optional include"
    ),
    pytest.param(template('{% include "t.json.j2" %}'), "includes itself", id="an include of itself"),
    pytest.param(
        template("\N{CYRILLIC SMALL LETTER A}"), "t.json.j2:5: a character that STS", id="a Cyrillic letter"
    ),
    pytest.param(template("\U000f0000"), "t.json.j2:5: a character that STS", id="a placeholder in the text"),
    pytest.param(template("\\udb80\\udc00"), "an escape", id="a placeholder as an escape"),
    pytest.param(template("\\{# #}udb80\\{# #}udc00"), "an escape", id="a placeholder as a divided escape"),
    pytest.param(template("\\{{ tenant }}"), "t.json.j2:5: not JSON: ", id="a hole behind a backslash"),
    pytest.param(template("\\{{ bucket }}"), "t.json.j2:5: not JSON: ", id="a variable behind a backslash"),
    pytest.param(template(Sid="{{ tenant }}"), "t.json.j2:6: not JSON: ", id="a hole outside a string"),
    pytest.param(template(Sid="{{ bucket }}"), "t.json.j2:6: not JSON: ", id="a variable outside a string"),
    pytest.param(
        template(Sid='"{{ tenant }}"'),
        "t.json.j2:3: a claim in `Sid`: IAM resolves no variable",
        id="a hole in a Sid",
    ),
    pytest.param(template(Effect='"{{ tenant }}"'), "t.json.j2:3: `Effect`", id="a hole in the effect"),
    pytest.param(
        template(Action='"s3:{{ tenant }}"'), "t.json.j2:3: a claim in an action", id="a hole in an action"
    ),
    pytest.param(
        template(Resource='"arn:aws:sqs:eu-west-1:{{ tenant }}:q"'),
        "a claim in a resource before its fifth colon",
        id="a hole in the account",
    ),
    pytest.param(
        template(Resource='"arn:aws:{{ tenant }}:::x"'),
        "a claim in a resource before its fifth colon",
        id="a hole in the service",
    ),
    pytest.param(
        template(Resource='"{{ tenant }}"'),
        "a claim in a resource before its fifth colon",
        id="a resource of the caller's own",
    ),
    pytest.param(
        template(Condition='{"StringEquals": {"aws:{{ tenant }}": "x"}}'),
        "t.json.j2:3: ",
        id="a hole in a condition key",
    ),
    pytest.param(
        template(Condition='{"String{{ plan }}": {"aws:x": "x"}}'),
        "unknown condition operator 'String{{ plan }}'",
        id="in an operator",
    ),
    pytest.param(
        template(Condition='{"String{{ plan }}a": {"aws:x": "x"}}'),
        "unknown condition operator 'String{{ plan }}a'",
        id="in an operator, before a letter that could be a digit",
    ),
    pytest.param(
        template(Condition='{"NumericEquals": {"s3:max-keys": "{{ tenant }}"}}'),
        "a claim of type `slug` in a value of `NumericEquals`: expected one of type `integer`",
        id="in a number",
    ),
    pytest.param(
        template(Condition='{"Bool": {"aws:x": "{{ tenant }}"}}'),
        "a claim of type `slug` in a value of `Bool`: expected one of type `boolean`",
        id="in a boolean",
    ),
    pytest.param(
        template(Condition='{"Null": {"aws:x": "{{ tenant }}"}}'),
        "a claim in a value of `Null`",
        id="in Null",
    ),
    pytest.param(template("${{ tenant }}"), "a claim right behind `$`", id="a hole behind a dollar"),
    pytest.param(
        template("${aws:PrincipalTag/x, '{{ tenant }}'}/*"),
        "a claim inside a policy variable",
        id="a hole in the default of a variable",
    ),
    pytest.param(
        template("${aws:{{ tenant }}}"), "a claim inside a policy variable", id="a hole in a variable"
    ),
    pytest.param(template(Resource='"*"'), "t.json.j2:3: resource", id="a stricter rule"),
    pytest.param(
        template('{% if "w" in scopes %}"{% endif %}'),
        "t.json.j2:5: not JSON",
        id="only one branch is broken",
    ),
]


@pytest.mark.parametrize(("source", "said"), REFUSED)
def test_a_template_is_refused_when_it_loads(source: str, said: str) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_set(t=source)
    assert said in str(caught.value)


def test_every_problem_of_every_template_is_told_at_once() -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_set(a=template("{{ x }}{{ y }}"), b=template("{{ z }}"))
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "a.json.j2",
        "a.json.j2",
        "b.json.j2",
    ]


def test_the_problem_of_a_partial_is_told_once_and_with_its_own_place() -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_set(
            _p="\n{{ x }}", a=template('{% include "_p.json.j2" %}'), b=template('{% include "_p.json.j2" %}')
        )
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].startswith("_p.json.j2:2: undeclared name `x`")


def test_the_line_of_a_later_statement_is_told() -> None:
    source = (
        '{"Version": "2012-10-17", "Statement": [\n'
        + template().split("[\n")[1][:-2]
        + ',\n{\n"Effect": "allow"}]}'
    )
    with pytest.raises(TemplateInvalid) as caught:
        compile_set(t=source)
    assert {problem.partition(": ")[0] for problem in caught.value.problems} == {"t.json.j2:5"}


@pytest.mark.parametrize(
    ("claims", "variables", "said"),
    [
        pytest.param(
            {"bucket": CLAIMS["sub"]}, {"bucket": "b"}, "`bucket` is a claim and a variable", id="both"
        ),
        pytest.param(
            {"scopes": CLAIMS["sub"]}, {}, "the name `scopes` is reserved", id="a claim named scopes"
        ),
        pytest.param({}, {"loop": "b"}, "the name `loop` is reserved", id="a variable named loop"),
        pytest.param({}, {"bucket": ""}, "variable `bucket` is empty: expected text", id="an empty variable"),
        pytest.param({}, {"bucket": "\U000f0000"}, "STS does not take", id="a placeholder in a variable"),
        pytest.param(
            {},
            {"bucket": "a\nb"},
            r"variable `bucket` holds '\\n', which STS",
            id="a line feed in a variable",
        ),
    ],
)
def test_names_and_variables_are_judged(
    claims: dict[str, object], variables: dict[str, str], said: str
) -> None:
    with pytest.raises(TemplateInvalid, match=said):
        TemplateSet.compile({}, claims=claims, variables=variables)  # type: ignore[arg-type] # rows differ


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('{% if "a" in tenant %}x{% endif %}', "`tenant` is no list: declare it with `list = true`"),
        ('{% if groups == "a" %}x{% endif %}', "`groups` is a list: write `{% for item in groups %}`"),
        ("{% for t in tenant %}{{ t }}{% endfor %}", "`tenant` is no list: declare it with `list = true`"),
    ],
)
def test_one_mistake_is_one_problem(source: str, problem: str) -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_set(t=template(source))
    first = caught.value.problems[0]
    assert caught.value.problems[1:] in {(), (NO_TEST,)}
    assert first == f"t.json.j2:5: {problem}"


NO_TEST = (
    't.json.j2:5: this test is not one of `"SCOPE" in scopes`, `CLAIM is defined`, `CLAIM == "TEXT"`, '
    '`CLAIM in ["TEXT", …]`, `BOOLEAN_CLAIM`, `"TEXT" in LIST_CLAIM`, `VARIABLE == "TEXT"`, `VARIABLE in ["TEXT", …]`, '
    "`loop.first`, `loop.last`, joined by `and`, `or`, `not`"
)


def test_an_item_that_is_compared_is_no_undeclared_claim() -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_set(t=template("{% for g in groups %}{% if g == 'a' %}x{% endif %}{% endfor %}"))
    assert caught.value.problems == (NO_TEST,)


def test_where_nothing_is_declared_a_name_says_so() -> None:
    with pytest.raises(TemplateInvalid, match="undeclared name `x`: declared are nothing"):
        TemplateSet.compile({"t": template("{{ x }}")}, claims={}, variables={})


def test_an_included_file_that_includes_itself_is_told_as_that() -> None:
    include = '{{% include "{}.json.j2" %}}'.format
    with pytest.raises(TemplateInvalid, match=r"_b\.json\.j2:1: '_a\.json\.j2' includes itself"):
        compile_set(_a=include("_b"), _b=include("_a"), t=template(include("_a")))


def test_what_is_no_json_is_told_with_the_file_that_it_begins_in() -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_set(_p="oops", t='{"Version": "2012-10-17",\n"Statement": [{% include "_p.json.j2" %}]}')
    assert [problem.partition(": ")[0] for problem in caught.value.problems] == ["_p.json.j2:1"]
    with pytest.raises(TemplateInvalid) as caught:
        compile_set(t='{"Version": "2012-10-17",\n"Statement": [\n')
    assert [problem.partition(": ")[0] for problem in caught.value.problems] == ["t.json.j2:2"]


def test_a_key_may_hold_what_is_beyond_ascii() -> None:
    source = template(Condition='{"StringEquals": {"aws:PrincipalTag/gr\u00f6\u00dfe": "{{ tenant }}"}}')
    assert render(source, tenant="a")["Condition"] == {
        "StringEquals": {"aws:PrincipalTag/gr\u00f6\u00dfe": "a"}
    }
