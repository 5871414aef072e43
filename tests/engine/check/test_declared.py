"""Cases about claims that are more than text: said as a token says them, and meant as the policy has them."""

import pytest

from authorizer.engine.check.case_file import parse_cases
from authorizer.engine.check.cases import run_case
from authorizer.engine.check.lint import lint
from authorizer.engine.check.surroundings import Surroundings
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import CaseInvalid
from authorizer.engine.template.template import TemplateSet
from tests.engine.proving import objects, template

CLAIMS = {
    "mail": declare({"type": "email", "lower_case": True}),
    "beta": declare({"type": "boolean"}),
    "level": declare({"type": "integer"}),
    "teams": declare({"type": "slug", "list": "comma", "max_items": 3}),
    "region": declare({"type": "slug", "fallback": "_any"}),
}
SOURCE = template(
    objects("home/{{ mail }}/*"),
    "{% if beta and level in [1, 2] %},",
    objects("beta/{{ region }}/*"),
    "{% endif %}{% for team in teams %},",
    objects("teams/{{ team }}/*"),
    "{% endfor %}",
)
TEMPLATES = TemplateSet.compile({"t": SOURCE}, claims=CLAIMS, variables={})
AROUND = Surroundings(templates=TEMPLATES, variables={"bucket": "bucket"}, roles={}, groups={})
ERIN = '{ mail = "Erin@B.org", beta = true, level = 2, teams = "red,blue" }'


def ask(path: str, expect: str, claims: str = ERIN) -> None:
    text = f"""
templates = ["t"]
[users.erin]
claims = {claims}
[[cases]]
name = "it"
user = "erin"
action = "s3:GetObject"
resource = "arn:aws:s3:::{{bucket}}/{path}"
expect = "{expect}"
"""
    [case] = parse_cases(text, file="t.toml", around=AROUND)
    result = run_case(case, TEMPLATES)
    assert result.status == "PASS", result.reasons


@pytest.mark.parametrize(
    ("path", "expect"),
    [
        ("home/{mail}/x", "allow"),
        ("home/erin@b.org/x", "allow"),
        ("home/Erin@B.org/x", "deny"),
        ("home/{erin.mail}/x", "allow"),
        ("beta/_any/x", "allow"),
        ("beta/{region}/x", "allow"),
        ("beta/{beta}/x", "deny"),
        ("beta/{level}/x", "deny"),
        ("teams/blue/x", "allow"),
        ("teams/green/x", "deny"),
    ],
)
def test_a_case_says_what_a_token_says_and_names_what_the_policy_has(path: str, expect: str) -> None:
    ask(path, expect)


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param('{ mail = "a@b", beta = 1, level = 2, teams = "red" }', id="a number for a boolean"),
        pytest.param(
            '{ mail = "a@b", beta = true, level = 2.5, teams = "red" }', id="a fraction for a number"
        ),
        pytest.param(
            '{ mail = "a@b", beta = true, level = 2, teams = "red, blue" }', id="white space in a list"
        ),
        pytest.param('{ mail = "a@b", beta = true, level = 2, teams = "*" }', id="a wildcard in a list"),
        pytest.param(
            '{ mail = "a*@b", beta = true, level = 2, teams = "red" }', id="a wildcard in an address"
        ),
    ],
)
def test_a_case_may_be_about_a_value_that_is_refused(claims: str) -> None:
    ask("home/x", "refused", claims)


def test_a_hole_of_a_value_that_is_refused_is_as_it_is_said() -> None:
    ask("home/{mail}/x", "refused", '{ mail = "A*@b", beta = true, level = 2, teams = "red" }')
    with pytest.raises(CaseInvalid, match=r"\{teams\}` is no variable"):
        ask("home/{teams}/x", "deny")
    with pytest.raises(CaseInvalid, match=r"\{beta\}` is no variable"):
        ask("home/{beta}/x", "deny", '{ mail = "a@b" }')


DENIED = {"Effect": "Deny", "Action": "s3:GetObject", "NotResource": "arn:{{ p }}:s3:::bucket/{{ mail }}/*"}
EXCEPTED = {
    "Effect": "Deny",
    "NotAction": ["s3:GetObjekt", "s3:GetObject"],
    "Resource": "arn:{{ p }}:s3:::bucket/*",
}
LIMITED = objects(
    "{{ mail }}/*",
    Condition={"NumericLessThan": {"s3:max-keys": ["{{ level }}", "5"], "s3:signatureAge": "9"}},
)


def test_lint_reads_what_a_deny_leaves_out_and_numbers_that_are_claims() -> None:
    source = template(LIMITED, DENIED, EXCEPTED).replace("arn:aws:", "arn:{{ p }}:")
    templates = TemplateSet.compile({"t": source}, claims=CLAIMS, variables={"p": "aws"})
    found = lint(templates, user_writable=["mail"], groupings={}, isolates={"t": ("mail", "region")})
    assert {finding.code for finding in found} == {"unknown-action", "condition-key", "user-writable"}
    assert [finding.text for finding in found if finding.code == "unknown-action"] == [
        "`s3:GetObjekt` is no action of `s3` (closest: s3:GetObject)"
    ]
    assert len([finding for finding in found if finding.code == "user-writable"]) == 1  # all on one line
