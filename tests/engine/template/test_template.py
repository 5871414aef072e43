"""Templates: what compiles, what is refused with its line, and what renders."""

import json
from collections.abc import Mapping

import pytest

from authorizer.engine.language.claims import ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import (
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
from tests.engine.template.making import CLAIMS, LISTS, compile_set, render, template


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


BROKEN: Program = (Text("x", Place("t", 1)),)


def test_what_was_never_judged_is_refused_when_it_renders() -> None:
    templates = TemplateSet({"t": BROKEN}, {}, {})
    for judged in (templates.render, templates.trace):
        with pytest.raises(RenderFailed, match="not JSON"):
            judged(["t"], {}, scopes=frozenset())


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


def test_an_included_file_does_not_see_the_loop_around_it() -> None:
    with pytest.raises(TemplateInvalid, match=r"_p\.json\.j2:1: this test is not one of"):
        compile_set(
            _p="{% if loop.first %}x{% endif %}",
            t=template('{% for g in groups %}{% include "_p.json.j2" %}{% endfor %}'),
        )


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


def test_trace_fills_in_each_item_of_a_list() -> None:
    source = template(
        Resource='[{% for t in teams %}"arn:aws:s3:::\u00ff{{ t }}",{% endfor %}"arn:aws:s3:::x"]'
    )
    templates = TemplateSet.compile({"t": source}, claims=LISTS, variables={})
    (statement,) = templates.trace(["t"], {"teams": ("a", "b")}, scopes=frozenset()).document.statements
    assert statement.resources == ("arn:aws:s3:::\u00ffa", "arn:aws:s3:::\u00ffb", "arn:aws:s3:::x")


def test_a_template_says_which_constants_of_the_deployment_it_mentions() -> None:
    source = template('{{ bucket }}{% if partition == "aws" %}{{ tenant }}{% endif %}')
    assert compile_set(t=source).variables("t") == {"bucket": "data-1", "partition": "aws"}


def test_where_one_template_does_not_compile_the_problems_of_the_others_are_told_too() -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_set(a=template("{{ x }}"), b=template(Resource='"*"'), c=template())
    told = [problem.partition(" ")[0] for problem in caught.value.problems]
    assert told == ["a.json.j2:5:", "b.json.j2:3:"]


def test_where_one_template_does_not_compile_the_others_may_be_in_order() -> None:
    with pytest.raises(TemplateInvalid) as caught:
        compile_set(a=template("{{ x }}"), c=template())
    assert len(caught.value.problems) == 1


def test_the_shortest_policy_is_one_that_some_user_has() -> None:
    """Who has not the claim has its fallback."""
    claims = {"region": declare({"type": "slug", "fallback": "_any"})}
    source = template("{% if region is defined %}xxxxxxxx{% else %}x{% endif %}")
    templates = TemplateSet.compile({"t": source}, claims=claims, variables={})
    rendered = templates.render(["t"], {}, scopes=frozenset())
    assert templates.shortest_beyond(["t"], 0) == len(rendered)
