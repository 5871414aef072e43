"""Templates: what compiles, what is refused with its line, and what renders."""

import json
from collections.abc import Callable, Mapping

import pytest

from authorizer.engine.document.document import dump, parse_session
from authorizer.engine.document.statement import Condition
from authorizer.engine.language.claims import ClaimValue, declare
from authorizer.engine.language.errors import (
    CaseInvalid,
    ClaimTypeInvalid,
    DocumentInvalid,
    DocumentRefused,
    EngineError,
    NothingAllowed,
    PolicyTooLarge,
    RenderFailed,
    TemplateInvalid,
    ValueMissing,
    ValueRefused,
)
from authorizer.engine.template.program import Place, Program, Text, Variable
from authorizer.engine.template.run import Run, UserFacts
from authorizer.engine.template.template import TemplateSet

CLAIMS = {
    "sub": declare({"type": "uuid"}),
    "tenant": declare({"type": "slug", "max_length": 32}),
    "plan": declare({"type": "enum", "values": ["free", "pro"]}),
    "groups": declare({"type": "slug", "list": True, "max_items": 3}),
    "note": declare({"type": "opaque", "max_length": 1024}),
}
VARIABLES = {"partition": "aws", "bucket": "data-1", "odd": 'a"b\\c'}


def template(resource: str = "home/{{ tenant }}/*", **changes: str) -> str:
    """A template in order; `changes` are raw JSON of further elements of its statement."""
    elements = {
        "Effect": '"Allow"',
        "Action": '"s3:GetObject"',
        "Resource": f'"arn:aws:s3:::data-1/{resource}"',
        **changes,
    }
    statement = ",\n".join(f'"{name}": {value}' for name, value in elements.items())
    return f'{{"Version": "2012-10-17",\n"Statement": [\n{{{statement}}}]}}'


def compile_set(**sources: str) -> TemplateSet:
    return TemplateSet.compile(sources, claims=CLAIMS, variables=VARIABLES)


def render(source: str, scopes: tuple[str, ...] = (), **values: ClaimValue) -> dict[str, object]:
    text = compile_set(t=source).render(["t"], values, scopes=frozenset(scopes))
    statement = json.loads(text)["Statement"]
    assert isinstance(statement, dict)
    return statement


def test_the_language_keeps_its_names_and_its_depth_to_itself() -> None:
    for claims, variables in (({"scopes": CLAIMS["sub"]}, {}), ({}, {"loop": "b"})):
        with pytest.raises(TemplateInvalid, match="reserved"):
            TemplateSet.compile({}, claims=claims, variables=variables)
    with pytest.raises(TemplateInvalid, match="this test is not one of"):
        compile_set(t=template("{% if loop.first %}x{% endif %}"))
    nested = '{% if "w" in scopes %}'
    assert compile_set(t=template(nested * 64 + "x" + "{% endif %}" * 64)).names == ("t",)
    loops = "".join(f"{{% for g{number} in groups %}}" for number in range(65)) + "x" + "{% endfor %}" * 65
    for deep in (nested * 65 + "{% endif %}" * 65, loops):
        with pytest.raises(TemplateInvalid, match="nested too deeply: more than 64"):
            compile_set(t=template(deep))


RENDERED: list[object] = [
    pytest.param(template(), {"tenant": "acme"}, (), "home/acme/*", id="a claim"),
    pytest.param(template("{{ bucket }}/{{ tenant }}"), {"tenant": "a"}, (), "data-1/a", id="a variable"),
    pytest.param(
        template("{{ odd }}/{{ tenant }}"), {"tenant": "a"}, (), 'a"b\\c/a', id="a variable with a quote"
    ),
    pytest.param(
        template('{% if "w" in scopes %}w{% else %}r{% endif %}'), {}, ("w",), "w", id="a scope that is there"
    ),
    pytest.param(
        template('{% if "w" in scopes %}w{% else %}r{% endif %}'), {}, ("W",), "r", id="one that is not"
    ),
    pytest.param(template('{% if "w" not in scopes %}r{% endif %}x'), {}, ("w",), "x", id="not in scopes"),
    pytest.param(
        template("{% if tenant is defined %}{{ tenant }}{% else %}none{% endif %}"),
        {},
        (),
        "none",
        id="not defined",
    ),
    pytest.param(
        template("{% if tenant is undefined %}none{% else %}{{ tenant }}{% endif %}"),
        {"tenant": "a"},
        (),
        "a",
        id="defined",
    ),
    pytest.param(
        template('{% if plan == "pro" %}p{% elif plan == "free" %}f{% endif %}'),
        {"plan": "free"},
        (),
        "f",
        id="elif",
    ),
    pytest.param(template('{% if plan != "pro" %}n{% endif %}x'), {"plan": "free"}, (), "nx", id="not equal"),
    pytest.param(
        template('{% if "a" in groups and not ("b" in groups or "w" in scopes) %}yes{% else %}no{% endif %}'),
        {"groups": ("a", "c")},
        (),
        "yes",
        id="and, or, not",
    ),
    pytest.param(
        template("{% for g in groups %}{{ g }}{% if not loop.last %}-{% endif %}{% endfor %}"),
        {"groups": ("a", "b", "c")},
        (),
        "a-b-c",
        id="a loop",
    ),
    pytest.param(
        template(
            "{% for g in groups %}{% if loop.first %}^{% endif %}"
            "{% for h in groups %}{{ g }}{{ h }}{% endfor %}{% endfor %}"
        ),
        {"groups": ("a", "b")},
        (),
        "^aaabbabb",
        id="a loop in a loop",
    ),
    pytest.param(
        template(
            "{% for g in groups %}{% for h in groups %}{{ h }}{% endfor %}"
            "{% if loop.first %}^{% endif %}{% if loop.last %}${% endif %}{% endfor %}"
        ),
        {"groups": ("a", "b", "c")},
        (),
        "abc^abcabc$",
        id="a loop goes on after a loop within it",
    ),
    pytest.param(
        template("$\u00ff/{{ tenant }}"), {"tenant": "a"}, (), "$\u00ff/a", id="the last character of STS"
    ),
    pytest.param(
        template().replace("\n", "\r\n\t"),
        {"tenant": "a"},
        (),
        "home/a/*",
        id="tabs, and lines as Windows ends them",
    ),
    pytest.param(
        template('{% if "b" not in groups %}n{% endif %}{% if "a" in groups %}y{% endif %}'),
        {"groups": ("a", "c")},
        (),
        "ny",
        id="in a list, and not in it",
    ),
]


@pytest.mark.parametrize(("source", "values", "scopes", "expected"), RENDERED)
def test_renders(
    source: str, values: Mapping[str, ClaimValue], scopes: tuple[str, ...], expected: str
) -> None:
    assert render(source, scopes, **values) == {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::data-1/{expected}",
    }


@pytest.mark.parametrize("word", ["and", "or"])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("right", [True, False])
def test_and_and_or_mean_what_they_say(word: str, left: bool, right: bool) -> None:
    scopes = (*(["l"] if left else []), *(["r"] if right else []))
    statement = render(
        template(f'{{% if "l" in scopes {word} "r" in scopes %}}yes{{% else %}}no{{% endif %}}'), scopes
    )
    expected = (left and right) if word == "and" else (left or right)
    assert statement["Resource"] == f"arn:aws:s3:::data-1/{'yes' if expected else 'no'}"


def test_templates_are_joined_and_packed() -> None:
    templates = compile_set(
        one=template("a/{{ tenant }}/*"),
        two=template("a/{{ tenant }}/*", Action='["s3:PutObject", "S3:getobject"]'),
    )
    assert json.loads(templates.render(["one", "two"], {"tenant": "x"}, scopes=frozenset())) == {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": "arn:aws:s3:::data-1/a/x/*",
        },
    }


def test_an_included_file_stands_where_it_is_included() -> None:
    templates = compile_set(_name="{{ tenant }}-x", t=template('{% include "_name.json.j2" %}'))
    assert templates.names == ("t",)
    assert templates.uses("t") == {"tenant"}
    assert "data-1/acme-x" in templates.render(["t"], {"tenant": "acme"}, scopes=frozenset())


def test_uses_names_claims_in_holes_tests_and_loops() -> None:
    source = template(
        '{{ bucket }}{% if plan == "pro" and not note is defined %}x{% endif %}'
        "{% for g in groups %}{{ g }}{% endfor %}"
    )
    assert compile_set(t=source).uses("t") == {"plan", "note", "groups"}


def test_a_claim_that_the_user_lacks_is_missing() -> None:
    with pytest.raises(ValueMissing) as caught:
        render(template())
    assert caught.value.name == "tenant"


@pytest.mark.parametrize(
    "source",
    [template('{% if plan == "pro" %}x{% endif %}y'), template("{% for g in groups %}{{ g }}{% endfor %}")],
)
def test_a_test_or_a_loop_needs_its_claim_as_well(source: str) -> None:
    with pytest.raises(ValueMissing):
        render(source)


def test_a_value_is_checked_again_before_it_is_rendered() -> None:
    with pytest.raises(ValueRefused):
        render(template(), tenant="a*")


def test_a_value_that_no_template_mentions_is_not_looked_at() -> None:
    assert render(template(), tenant="a", plan="*")


def test_a_branch_without_statements_allows_nothing() -> None:
    source = (
        '{"Version": "2012-10-17", "Statement": [{% if "w" in scopes %}'
        + template().split("[\n")[1][:-2]
        + "{% endif %}]}"
    )
    templates = compile_set(t=source)
    assert templates.render(["t"], {"tenant": "a"}, scopes=frozenset({"w"}))
    with pytest.raises(NothingAllowed):
        templates.render(["t"], {"tenant": "a"}, scopes=frozenset())


def test_a_deny_alone_allows_nothing() -> None:
    with pytest.raises(NothingAllowed):
        render(template(Effect='"Deny"'), tenant="a")


def test_a_policy_that_is_too_large_is_refused_and_never_cut() -> None:
    templates = compile_set(t=template("{{ note }}/{{ note }}"))
    assert (
        templates.worst_case_length(["t"])
        == len(templates.render(["t"], {"note": "x"}, scopes=frozenset())) + 2 * 1023
    )
    with pytest.raises(PolicyTooLarge) as caught:
        templates.render(["t"], {"note": "x" * 1024}, scopes=frozenset())
    assert (caught.value.length, caught.value.limit) == (templates.worst_case_length(["t"]), 2048)


def test_no_template_renders_nothing() -> None:
    with pytest.raises(RenderFailed):
        compile_set(t=template()).render([], {}, scopes=frozenset())


def test_the_worst_case_counts_full_lists() -> None:
    templates = compile_set(t=template("{% for g in groups %}{{ g }}{% endfor %}"))
    full = templates.render(["t"], {"groups": ("x" * 63,) * 3}, scopes=frozenset())
    assert templates.worst_case_length(["t"]) == len(full)


REFUSED = [
    pytest.param("", "t.json.j2:1: not JSON: ", id="nothing at all"),
    pytest.param(
        template("".join(f'{{% if "{n}" in scopes %}}{n}{{% endif %}}' for n in range(11))),
        "more than 1024 ways to run",
        id="eleven independent tests",
    ),
    pytest.param(template("{{ tenant }"), "t.json.j2:5: unexpected '}'", id="Jinja that does not parse"),
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
        template("{{ tenan }}"), "t.json.j2:5: undeclared name `tenan`: declared are bucket,", id="a typo"
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
        "a claim in a value of `NumericEquals`",
        id="in a number",
    ),
    pytest.param(
        template(Condition='{"Bool": {"aws:x": "{{ tenant }}"}}'),
        "a claim in a value of `Bool`",
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
        pytest.param({"bucket": CLAIMS["sub"]}, {"bucket": "b"}, "taken twice", id="a claim and a variable"),
        pytest.param({"scopes": CLAIMS["sub"]}, {}, "reserved", id="a claim named scopes"),
        pytest.param({}, {"loop": "b"}, "reserved", id="a variable named loop"),
        pytest.param({}, {"bucket": ""}, "is empty", id="an empty variable"),
        pytest.param({}, {"bucket": "\U000f0000"}, "STS does not take", id="a placeholder in a variable"),
    ],
)
def test_names_and_variables_are_judged(
    claims: dict[str, object], variables: dict[str, str], said: str
) -> None:
    with pytest.raises(TemplateInvalid, match=said):
        TemplateSet.compile({}, claims=claims, variables=variables)  # type: ignore[arg-type] # rows differ


BROKEN: Program = (Text("x", Place("t", 1)),)


def test_what_was_never_judged_is_refused_when_it_renders() -> None:
    templates = TemplateSet({"t": BROKEN}, {}, {})
    for render in (templates.render, templates.trace):
        with pytest.raises(RenderFailed, match="not JSON"):
            render(["t"], {}, scopes=frozenset())


def test_a_variable_without_a_value_renders_nothing() -> None:
    with pytest.raises(TypeError, match="`bucket` has no value"):
        Run(UserFacts({}, frozenset()), {}).run((Variable("bucket", Place("t", 1)),))


def test_trace_shows_what_the_author_wrote_with_the_values_in_it() -> None:
    source = template(
        "{{ note }}/*", Sid='"Own"', Condition='{"StringLike": {"s3:prefix": ["a", "{{ note }}/*"]}}'
    )
    branch = compile_set(t=source).trace(["t"], {"note": "it's"}, scopes=frozenset())
    (statement,) = branch.document.statements
    assert (statement.sid, statement.resources) == ("Own", ("arn:aws:s3:::data-1/it's/*",))
    assert statement.conditions[0].values == ("a", "it's/*")
    assert [place.describe() for place in branch.places] == ["t.json.j2:3"]


def test_many_shapes_are_kept_and_more_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.engine.template.template.MAX_PREPARED", 2)
    templates = compile_set(t=template("{% for g in groups %}{{ g }}{% endfor %}"))
    for _ in range(2):
        for count in (1, 2, 3):
            text = templates.render(["t"], {"groups": ("x",) * count}, scopes=frozenset())
            assert f"data-1/{'x' * count}" in text
            assert len(templates._prepared) <= 2


def test_the_texts_of_a_template_are_all_that_its_author_typed() -> None:
    source = template(
        "{% if plan == 'pro' %}p{% else %}f{% endif %}{% for g in groups %}g{{ bucket }}{% endfor %}"
    )
    assert [text for text, _ in compile_set(t=source).texts("t")][1:4] == ["p", "f", "g"]


def test_a_claim_equals_one_text_at_most() -> None:
    source = template('x{% if plan == "pro" %}p{% endif %}{% if plan == "free" %}f{% endif %}')
    branches = list(compile_set(t=source).branches(["t"]))
    found = {
        branch.document.statements[0].resources[0].removeprefix("arn:aws:s3:::data-1/x")
        for branch in branches
    }
    assert len(branches) == len(found) == 3
    assert {"p", "f"} < found


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
    '`"TEXT" in LIST_CLAIM`, `loop.first`, `loop.last`, joined by `and`, `or`, `not`'
)


def test_an_item_that_is_compared_is_no_undeclared_claim() -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_set(t=template("{% for g in groups %}{% if g == 'a' %}x{% endif %}{% endfor %}"))
    assert caught.value.problems == (NO_TEST,)


def test_where_nothing_is_declared_a_name_says_so() -> None:
    with pytest.raises(TemplateInvalid, match="undeclared name `x`: declared are nothing"):
        TemplateSet.compile({"t": template("{{ x }}")}, claims={}, variables={})


def test_an_included_file_does_not_see_the_loop_around_it() -> None:
    with pytest.raises(TemplateInvalid, match=r"_p\.json\.j2:1: this test is not one of"):
        compile_set(
            _p="{% if loop.first %}x{% endif %}",
            t=template('{% for g in groups %}{% include "_p.json.j2" %}{% endfor %}'),
        )


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


def test_every_statement_is_found_at_its_line() -> None:
    one = """{"Statement": {"Action": ["s3:Get"], "Effect": "Allow",
"Condition": {"StringLike": {"s3:prefix": ["[{", "}]\\\\", "\\"{"]}},
"Resource": "arn:aws:s3:::x"}, "Version": "2012-10-17"}"""
    several = """{"Version": "2012-10-17", "Statement": [
{"Effect": "Allow", "Action": ["s3:Get"], "Resource": ["arn:aws:s3:::{{ tenant }}{x"],
"Condition": {"StringLike": {"s3:prefix": "a"}}},
{% if "w" in scopes %}
{"Effect": "Allow", "Action": "s3:Put", "Resource": "arn:aws:s3:::x"},
{% endif %}
{"Effect": "Deny", "Action": "s3:Get", "Resource": "arn:aws:s3:::y"}]}"""
    templates = compile_set(one=one, several=several)
    trace = templates.trace(["several", "one"], {"tenant": "a"}, scopes=frozenset({"w"}))
    assert [place.describe() for place in trace.places] == [
        *("several.json.j2:2", "several.json.j2:5", "several.json.j2:7"),
        "one.json.j2:1",
    ]
    assert [statement.effect for statement in trace.document.statements] == [
        "Allow",
        "Allow",
        "Deny",
        "Allow",
    ]
    assert {(arm.place.line, arm.outcome) for arm in trace.arms} == {(4, True)}


def test_a_policy_may_have_as_many_characters_as_sts_takes() -> None:
    templates = compile_set(t=template("x" * 1000 + "{{ note }}"))
    fixed = len(templates.render(["t"], {"note": "x"}, scopes=frozenset())) - 1
    assert len(templates.render(["t"], {"note": "x" * (2048 - fixed)}, scopes=frozenset())) == 2048
    with pytest.raises(PolicyTooLarge) as caught:
        templates.render(["t"], {"note": "x" * (2049 - fixed)}, scopes=frozenset())
    assert caught.value.length == 2049


FIVE = {**CLAIMS, "teams": declare({"type": "slug", "list": True, "max_items": 5, "max_length": 9})}
TEAMS = template(Resource='[{% for t in teams %}"arn:aws:s3:::{{ t }}",{% endfor %}"arn:aws:s3:::x"]')


def test_the_worst_case_counts_longer_lists_than_a_proof_needs() -> None:
    templates = TemplateSet.compile({"t": TEAMS}, claims=FIVE, variables={})
    full = tuple(f"team-{number:04}" for number in range(5))
    longest = templates.render(["t"], {"teams": full}, scopes=frozenset())
    assert templates.worst_case_length(["t"]) == len(longest)
    assert len(list(templates.branches(["t"]))) == 3
    assert len(list(templates.branches(["t"], full_lists=True))) == 4


def test_trace_fills_in_each_item_of_a_list() -> None:
    source = template(
        Resource='[{% for t in teams %}"arn:aws:s3:::\u00ff{{ t }}",{% endfor %}"arn:aws:s3:::x"]'
    )
    templates = TemplateSet.compile({"t": source}, claims=FIVE, variables={})
    (statement,) = templates.trace(["t"], {"teams": ("a", "b")}, scopes=frozenset()).document.statements
    assert statement.resources == ("arn:aws:s3:::\u00ffa", "arn:aws:s3:::\u00ffb", "arn:aws:s3:::x")


def beyond(source: str, limit: int, *on_allows: Condition, max_items: int = 5) -> int | None:
    teams = declare({"type": "slug", "list": True, "max_items": max_items})
    templates = TemplateSet.compile({"t": source}, claims={**CLAIMS, "teams": teams}, variables={})
    return templates.shortest_beyond(["t"], limit, on_allows=on_allows)


DENIES = '}},\n{{"Effect": "Deny", "Action": "s3:Put", "Resource": "arn:aws:s3:::{}"}}]}}'.format
WAYS = [
    pytest.param(
        template("{{ sub }}", Sid='"OfNoUseToSts"'), {"sub": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}, id="one"
    ),
    pytest.param(template('{% if "w" in scopes %}a{% else %}bbbb{% endif %}'), {}, id="the first is the shortest"),
    pytest.param(template('{% if "w" in scopes %}{{ tenant }}bbbb{% else %}a{% endif %}'), {}, id="the last is"),
    pytest.param(
        template("{% for t in teams %}{% if loop.first and loop.last %}" + "x" * 40 + "{% endif %}{% endfor %}a"),
        {"teams": ("a", "b")},
        id="a longer list makes it shorter",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("source", "values"), WAYS)
def test_the_shortest_policy_is_found_where_none_fits(source: str, values: Mapping[str, ClaimValue]) -> None:
    templates = TemplateSet.compile({"t": source}, claims=FIVE, variables=VARIABLES)
    rendered = [
        templates.render(["t"], {"tenant": "a", **values}, scopes=scopes)
        for scopes in (frozenset[str](), frozenset({"w"}))
    ]
    length = min(map(len, rendered))
    assert beyond(source, 0) == beyond(source, length - 1) == length
    assert beyond(source, length) is None


def test_no_list_is_longer_than_its_type_allows_where_the_shortest_policy_is_found() -> None:
    source = template(
        "{% for t in teams %}{% if loop.first and loop.last %}xxxxxxxxxxx{% endif %}{% endfor %}a"
    )
    one, more = beyond(source, 0, max_items=1), beyond(source, 0, max_items=2)
    assert one is not None
    assert more == one - 11


def test_a_way_that_allows_nothing_is_not_the_shortest_policy() -> None:
    source = template()
    optional = source.replace("[\n", '[\n{% if "w" in scopes %}')[:-2] + "{% endif %}]}"
    assert beyond(optional, 0) == beyond(source, 0)


def test_what_is_added_to_each_allow_counts_and_to_no_deny() -> None:
    source = template()[:-3] + DENIES("a")
    added = Condition(operator="StringNotEqualsIfExists", key="aws:SourceVpce", values=("vpce-" + "0" * 60,))
    plain = beyond(source, 0)
    assert plain is not None
    more = len(',"Condition":{"":{"":""}}') + sum(map(len, (added.operator, added.key, added.values[0])))
    assert beyond(source, 0, added) == plain + more
    assert beyond(source, plain + more - 1, added) == plain + more
    assert beyond(source, plain + more, added) is None


def test_no_shortest_policy_is_told_where_there_are_too_many_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    source = template('{% if "a" in scopes %}a{% endif %}{% if "b" in scopes %}b{% endif %}x')
    templates = compile_set(t=source)
    monkeypatch.setattr("authorizer.engine.template.lengths.MAX_BRANCHES", 4)
    assert templates.shortest_beyond(["t"], 0) == len(dump(parse_session(template("x"))))
    monkeypatch.setattr("authorizer.engine.template.lengths.MAX_BRANCHES", 3)
    assert templates.shortest_beyond(["t"], 0) is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (lambda: ClaimTypeInvalid(["a", "b"]), "a; b"),
        (lambda: ValueRefused("is empty"), "is empty"),
        (lambda: ValueMissing("tenant"), "the template needs claim `tenant`, which this user does not have"),
        (lambda: DocumentInvalid(["a", "b"]), "a; b"),
        (lambda: DocumentRefused(["a", "b"], ["id"]), "a; b"),
        (NothingAllowed, "the policy has no statement with Effect Allow"),
        (lambda: PolicyTooLarge(2049, 2048), "the policy has 2049 characters, at most 2048 are taken"),
        (lambda: TemplateInvalid(["a", "b"]), "a\nb"),
        (lambda: CaseInvalid(["a", "b"]), "a\nb"),
    ],
)
def test_every_error_says_what_is_wrong(error: Callable[[], EngineError], said: str) -> None:
    assert str(error()) == said
