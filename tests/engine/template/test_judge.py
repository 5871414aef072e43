"""What templates are held to when they load: each way of theirs, each problem once and at its line."""

import pytest

from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import TemplateInvalid
from authorizer.engine.template import branches
from authorizer.engine.template.template import TemplateSet
from tests.engine.sources import FIRST, in_order
from tests.engine.template.making import CLAIMS, VARIABLES, template

WITH_FALLBACK = {**CLAIMS, "region": declare({"type": "slug", "fallback": "_any"})}
BAD = "${x"
SAID_OF_BAD = "malformed policy variable"


def problems(source: str) -> tuple[str, ...]:
    """What is said of a template; nothing where it loads."""
    try:
        TemplateSet.compile({"t": source}, claims=WITH_FALLBACK, variables={**VARIABLES, "stage": "dev"})
    except TemplateInvalid as invalid:
        return invalid.problems
    return ()


def asking(*tests: str) -> str:
    """A statement within which these tests stand."""
    return template("x".join(f"{{% if {test} %}}a{{% endif %}}" for test in tests) + "{{ tenant }}")


def scopes(count: int) -> str:
    return asking(*(f'"s{number}" in scopes' for number in range(count)))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        pytest.param(
            template(Resource='["arn:aws:s3:::data-1/x",\n]'),
            "t.json.j2:5: not JSON: a comma before a closing bracket (leave it out)",
            id="a comma too many",
        ),
        pytest.param(
            template().replace('"s3:GetObject",', '"s3:GetObject"'),
            "t.json.j2:5: not JSON: expecting ',' delimiter "
            "(a comma is missing in front of this, or a bracket; holes stand inside strings only)",
            id="a comma too few",
        ),
        pytest.param(
            template(Sid="{{ tenant }}"),
            "t.json.j2:6: not JSON: expecting value (holes stand inside strings only)",
            id="a hole outside a string",
        ),
        pytest.param(
            template() + '\n{% if stage == "prod" %}\n"{% endif %}',
            "t.json.j2:7: not JSON: extra data (holes stand inside strings only)",
            id="a quote too many, in another deployment",
        ),
        pytest.param(
            '{"Version": "2012-10-17",\n"Statement": []}',
            "t.json.j2:2: `Statement` is an empty list, whoever it is for: expected at least one statement",
            id="no statement",
        ),
        pytest.param(
            '{"Version": "2012-10-17",\n"Statement": [{% if tenant is defined %}{% endif %}]}',
            "t.json.j2:2: `Statement` is an empty list, whoever it is for: expected at least one statement",
            id="no statement on either way",
        ),
        pytest.param(
            '{"Version": "2012-10-17",\n"Statement": "x"}',
            "t.json.j2:1: `Statement` is text: expected at least one statement",
            id="no list of statements, which has none either",
        ),
        pytest.param(
            template()[:-2] + ",\n" + template("a", Effect='"allow"').partition("[\n")[2],
            't.json.j2:6: `Effect` is \'allow\': expected "Allow" or "Deny"',
            id="the second statement",
        ),
    ],
)
def test_a_problem_is_told_once_at_its_line(source: str, said: str) -> None:
    assert problems(source) == (said,)


def test_a_way_that_no_user_goes_is_not_judged() -> None:
    """Who has not the claim has its fallback."""
    source = template("{% if region is defined %}a{% else %}" + BAD + "{% endif %}")
    assert problems(source) == ()
    (said,) = problems(source.replace("region", "tenant"))
    assert SAID_OF_BAD in said


def test_by_parts_too_a_way_that_no_user_goes_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first statement needs the claim, and so whoever has a policy has it."""
    monkeypatch.setattr(branches, "MAX_WHOLE", 0)
    bad = FIRST.replace("First", "B").replace("{{ tenant }}", BAD)
    source = in_order(FIRST, f"{{% if tenant is undefined %}},{bad}{{% endif %}}")
    assert problems(source) == ()
    (said,) = problems(source.replace("undefined", "defined"))
    assert SAID_OF_BAD in said


def test_a_template_may_run_in_as_many_ways_as_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.engine.template.judge.MAX_BRANCHES", 4)
    assert problems(scopes(2)) == ()
    (said,) = problems(scopes(3))
    assert said.startswith("t.json.j2:1: more than 1024 ways to run")


def scoped(*tests: str) -> str:
    """The template of a statement that needs a claim, and another one with these tests within it."""
    within = "".join(tests) + "x"
    return in_order(FIRST, f",{FIRST.replace('First', 'B').replace('{{ tenant }}', within)}")


def test_as_many_ways_as_are_judged_may_include_one_that_no_user_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(branches, "MAX_WHOLE", 0)
    monkeypatch.setattr("authorizer.engine.template.judge.MAX_BRANCHES", 4)
    one = '{% if "w" in scopes %}a{% endif %}'
    assert problems(scoped(one, f"{{% if tenant is undefined %}}{BAD}{{% endif %}}")) == ()


def test_no_way_is_left_unjudged_because_others_are_gone_by_no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the ways are those of users without the claim; of the other half not all had been looked at."""
    monkeypatch.setattr(branches, "MAX_WHOLE", 0)
    monkeypatch.setattr("authorizer.engine.template.judge.MAX_BRANCHES", 4)
    two = '{% if "w" in scopes %}a{% endif %}{% if "r" in scopes %}b{% endif %}'
    bad = f'{{% if not ("w" in scopes or "r" in scopes) %}}{BAD}{{% endif %}}'
    (said,) = problems(scoped(two, "{% if tenant is defined %}y{% endif %}", bad))
    assert said.startswith("t.json.j2:1: more than 1024 ways to run")


def test_one_part_that_may_run_in_too_many_ways_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branches, "MAX_WHOLE", 0)
    monkeypatch.setattr("authorizer.engine.template.judge.MAX_BRANCHES", 4)
    source = scopes(3).replace("[\n", f"[\n{FIRST},")
    (said,) = problems(source)
    assert said.startswith("t.json.j2:1: more than 1024 ways to run")
