"""Cases: what a file may say, what comes of a case, and what the cases cover."""

import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from authorizer.engine.check.case_file import parse_cases
from authorizer.engine.check.cases import Case, CaseResult, run_case
from authorizer.engine.check.coverage import measure
from authorizer.engine.check.surroundings import Surroundings
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import CaseInvalid
from authorizer.engine.template.template import TemplateSet
from tests.engine import bundled

TEMPLATE = """
{"Version": "2012-10-17", "Statement": [
  {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::{{ bucket }}/{{ tenant }}/*"},
  {% if "w" in scopes %}
  {"Sid": "Write", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::{{ bucket }}/{{ tenant }}/*"},
  {% endif %}
  {"Sid": "Never", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::{{ bucket }}/{{ tenant }}/secret"}
]}
"""
SCOPED = (
    '{"Version": "2012-10-17", "Statement": [{% if "w" in scopes %}'
    + TEMPLATE.splitlines()[2][:-1]
    + "{% endif %}]}"
)
TEMPLATES = TemplateSet.compile(
    {"t": TEMPLATE, "scoped": SCOPED},
    claims={"tenant": declare({"type": "slug"}), "note": declare({"type": "opaque", "max_length": 1024})},
    variables={"bucket": "b"},
)
AROUND = Surroundings(
    templates=TEMPLATES, variables={"bucket": "b"}, roles={"editor": ["t"]}, groups={"writers": ["w"]}
)
HEAD = """
templates = ["t"]
[users.ann]
claims = { tenant = "acme" }
[users.writer]
claims = { tenant = "acme" }
groups = ["writers"]
[users.nobody]
[users.bob]
claims = { tenant = "bobs" }
scopes = ["w"]
"""


def parse(rows: str, head: str = HEAD) -> tuple[Case, ...]:
    return parse_cases(head + rows, file="t.toml", around=AROUND)


def run(head: str = HEAD, **row: str) -> CaseResult:
    usual = {
        "name": '"x"',
        "user": '"ann"',
        "action": '"s3:GetObject"',
        "resource": '"arn:aws:s3:::{bucket}/{tenant}/a"',
        "expect": '"allow"',
    }
    lines = [f"{key} = {value}" for key, value in (usual | row).items() if value]
    (case,) = parse("\n".join(["[[cases]]", *lines]), head)
    return run_case(case, TEMPLATES)


@pytest.mark.parametrize(
    ("row", "status", "said"),
    [
        pytest.param({}, "PASS", "", id="allowed as expected"),
        pytest.param({"statement": '"Read"'}, "PASS", "", id="allowed by the statement that must decide"),
        pytest.param(
            {"statement": '"Write"'},
            "FAIL",
            "expected statement `Write` to decide, but Read did",
            id="by another",
        ),
        pytest.param(
            {"expect": '"deny"'}, "FAIL", "expected deny\n  allowed by t.json.j2:3 (Read)", id="not denied"
        ),
        pytest.param(
            {"action": '"s3:PutObject"', "expect": '"deny"'}, "PASS", "", id="denied without the scope"
        ),
        pytest.param(
            {"action": '"s3:PutObject"', "user": '"writer"'}, "PASS", "", id="allowed with a group's scope"
        ),
        pytest.param({"action": '"s3:PutObject"', "user": '"bob"'}, "PASS", "", id="allowed with a scope"),
        pytest.param(
            {"resource": '"arn:aws:s3:::b/{bob.tenant}/a"'},
            "FAIL",
            "resource does not match",
            id="not allowed",
        ),
        pytest.param(
            {"resource": '"arn:aws:s3:::b/{tenant}/secret"', "expect": '"deny"', "statement": '"Never"'},
            "PASS",
            "",
            id="denied by the statement that must decide",
        ),
        pytest.param(
            {"resource": '"arn:aws:s3:::b/x"', "expect": '"deny"', "statement": '"Never"'},
            "FAIL",
            "but no statement did",
            id="denied by no statement",
        ),
        pytest.param(
            {"action": '["s3:GetObject", "s3:PutObject"]'},
            "FAIL",
            "s3:PutObject on",
            id="one of two actions is denied",
        ),
        pytest.param(
            {"user": '"nobody"', "resource": '"arn:aws:s3:::b/x"'},
            "ERROR",
            "needs claim `tenant`",
            id="no policy",
        ),
        pytest.param(
            {"user": '"nobody"', "action": "", "resource": "", "expect": '"refused"'},
            "PASS",
            "",
            id="refused",
        ),
        pytest.param({"expect": '"refused"'}, "FAIL", "expected no policy for this user", id="not refused"),
    ],
)
def test_a_case_comes_out(row: dict[str, str], status: str, said: str) -> None:
    result = run(**row)
    assert result.status == status
    assert said in "\n".join(result.reasons)
    assert bool(result.reasons) == (status != "PASS")


def test_a_hostile_claim_is_refused() -> None:
    head = HEAD.replace('claims = { tenant = "acme" }', 'claims = { tenant = "*" }', 1)
    assert run(head, expect='"refused"').status == "PASS"
    assert run(head).status == "ERROR"


def test_a_policy_that_is_too_large_is_an_error_and_no_failure() -> None:
    source = {"t": TEMPLATE.replace("/{{ tenant }}/*", "/{{ note }}/{{ note }}/*")}
    templates = TemplateSet.compile(source, claims=TEMPLATES._claims, variables={"bucket": "b"})
    around = Surroundings(templates=templates, variables={}, roles={}, groups={})
    head = f'templates = ["t"]\n[users.ann]\nclaims = {{ tenant = "a", note = "{"x" * 1024}" }}\nscopes = ["w"]\n'
    row = '[[cases]]\nname = "x"\nuser = "ann"\nexpect = "refused"'
    (case,) = parse_cases(head + row, file="t.toml", around=around)
    result = run_case(case, templates)
    assert result.status == "ERROR"
    assert "PolicyTooLarge" in result.reasons[0]


def test_a_packing_that_changes_a_decision_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    other = TEMPLATES.render(["t"], {"tenant": "other"}, scopes=frozenset())
    monkeypatch.setattr(TemplateSet, "render", lambda *_, **__: other)
    result = run()
    assert result.status == "ERROR"
    assert "packing changed the decision on s3:GetObject from allow to implicit deny" in result.reasons[0]


def test_a_role_stands_for_its_templates() -> None:
    (case,) = parse(
        '[[cases]]\nname = "x"\nuser = "ann"\naction = "s3:GetObject"\nresource = "arn:aws:s3:::b/x"\nexpect = "deny"',
        HEAD.replace('templates = ["t"]', 'role = "editor"'),
    )
    assert case.templates == ("t",)


def test_context_values_are_filled_in_and_keep_their_number() -> None:
    (case,) = parse(
        '[[cases]]\nname = "x"\nuser = "ann"\naction = "s3:GetObject"\nresource = "arn:aws:s3:::b/x"\nexpect = "deny"\n'
        'context = { "s3:prefix" = "{tenant}/", "aws:TagKeys" = ["{bob.tenant}", "b"] }'
    )
    assert case.requests[0].context == {"s3:prefix": "acme/", "aws:TagKeys": ["bobs", "b"]}


GOOD = '[[cases]]\nname = "x"\nuser = "ann"\naction = "s3:GetObject"\nresource = "arn:aws:s3:::b/x"\nexpect = "deny"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("x", ["not TOML"], id="no TOML"),
        pytest.param(
            "",
            ["expected either `templates` or `role`, found neither", "`cases` is missing"],
            id="an empty file",
        ),
        pytest.param(
            'role = "x"\ntemplates = ["t"]\n[users.ann]\n' + GOOD,
            ["found both", "no role 'x': expected one of editor"],
            id="both",
        ),
        pytest.param(
            'templates = ["x"]\n[users.ann]\n' + GOOD,
            ["there is no template 'x': expected one of scoped, t"],
            id="an unknown template",
        ),
        pytest.param(
            "templates = 5\n[users.ann]\n" + GOOD,
            ["`templates` of the file is 5: expected text or a list", "expected either"],
            id="no template",
        ),
        pytest.param('role = ["x"]\n[users.ann]\n' + GOOD, ["there is no role ['x']"], id="a list of roles"),
        pytest.param(HEAD + GOOD.replace('"ann"', '["ann"]'), ["there is no user ['ann']"], id="two users"),
        pytest.param('template = "t"\n' + HEAD + GOOD, ["unknown key `template`"], id="a misspelt key"),
        pytest.param(
            'templates = ["t"]\n[users]\nann = 5\n' + GOOD,
            ["user 'ann' is 5: expected a table"],
            id="no user",
        ),
        pytest.param(
            'users = 5\ntemplates = ["t"]\n' + GOOD,
            ["`users` of the file is 5: expected a table", "no user 'ann'"],
            id="users that are no table",
        ),
        pytest.param(
            HEAD.replace("groups", "group") + GOOD, ["unknown key `group` in user"], id="a misspelt user key"
        ),
        pytest.param(
            HEAD.replace("writers", "x") + GOOD,
            ["there is no group 'x': expected one of writers"],
            id="an unknown group",
        ),
        pytest.param(HEAD + GOOD + GOOD, ["two cases are named 'x'"], id="a name twice"),
        pytest.param(
            HEAD.replace("[users.ann]", "cases = [5]\n[users.ann]"),
            ["case 1 is 5: expected a table"],
            id="no case",
        ),
        pytest.param(HEAD + GOOD.replace('name = "x"', ""), ["case 1 has no name"], id="no name"),
        pytest.param(
            HEAD + GOOD.replace('"deny"', '"no"'), ["`expect` is 'no'"], id="an unknown expectation"
        ),
        pytest.param(
            HEAD + GOOD + 'context = { "s3:prefix" = "a", "S3:Prefix" = "b" }',
            ["in two spellings"],
            id="a key twice",
        ),
        pytest.param(
            HEAD + GOOD + "statement = 5", ["`statement` is 5: expected the Sid"], id="a number as Sid"
        ),
        pytest.param(
            HEAD + GOOD.replace('"deny"', '"refused"') + 'statement = "Own"',
            ["`statement` is given, and no statement decides"],
            id="a Sid where no policy is rendered",
        ),
        pytest.param(
            HEAD + GOOD.replace('"ann"', '"eve"'),
            ["there is no user 'eve': expected one of ann, writer, nobody, bob"],
            id="an unknown user",
        ),
        pytest.param(
            HEAD + GOOD.replace("action", "actions"), ["unknown key `actions`"], id="a misspelt action"
        ),
        pytest.param(
            HEAD + GOOD.replace('action = "s3:GetObject"\n', ""), ["needs an `action`"], id="no action"
        ),
        pytest.param(HEAD + GOOD.replace("b/x", "{y}/x"), ["`{y}` is no variable"], id="an unknown name"),
        pytest.param(
            HEAD + GOOD.replace("b/x", "{eve.y}/x"), ["`{eve.y}` is no variable"], id="of an unknown user"
        ),
    ],
)
def test_a_file_is_refused_with_every_problem(text: str, said: list[str]) -> None:
    with pytest.raises(CaseInvalid) as caught:
        parse(text, "")
    assert len(caught.value.problems) == len(said)
    for part, problem in zip(said, caught.value.problems, strict=True):
        assert re.match(r"t\.toml(:\d+){0,2}: ", problem)
        assert part in problem


@pytest.mark.parametrize(
    "value", ["5", "true", '""', '"x"', "[]", '["x"]', "[[]]", "[{}]", "{}", "{ a = [] }", "2027-01-15"]
)
@pytest.mark.parametrize(
    ("before", "key"),
    [
        *(pytest.param("", key, id=key) for key in ("templates", "role", "users", "cases")),
        *(pytest.param("[users.eve]\n", key, id=key) for key in ("claims", "scopes", "groups")),
        *(
            pytest.param("[[cases]]\n", key, id=key)
            for key in ("name", "user", "action", "resource", "context", "expect", "statement")
        ),
    ],
)
def test_whatever_stands_for_a_key_is_read_or_refused(before: str, key: str, value: str) -> None:
    with suppress(CaseInvalid):
        parse(f"{before}{key} = {value}", "")


def test_coverage_counts_what_decides_and_which_way_tests_go() -> None:
    first, scoped = measure([run()], TEMPLATES)[1], measure([run()], TEMPLATES)[0]
    assert (first.template, first.statements, first.branches) == ("t", 3, 2)
    assert first.statements_missed == (
        "t.json.j2:5: statement Write decides no case",
        "t.json.j2:7: statement Never decides no case",
    )
    assert first.branches_missed == ('t.json.j2:4: "w" in scopes is true: in no case',)
    assert first.percent == pytest.approx(100 * 2 / 5)
    assert (scoped.template, scoped.percent) == ("scoped", 0)


def test_coverage_is_full_when_every_statement_decides_and_every_branch_is_taken() -> None:
    results = [
        run(),
        run(user='"bob"', action='"s3:PutObject"'),
        run(resource='"arn:aws:s3:::b/{tenant}/secret"', expect='"deny"'),
    ]
    assert measure(results, TEMPLATES)[1].percent == 100


def test_a_branch_that_allows_nothing_is_covered_by_a_refusal() -> None:
    head = HEAD.replace('["t"]', '["scoped"]')
    results = [run(head, expect='"refused"'), run(head, user='"writer"')]
    assert [result.status for result in results] == ["PASS", "PASS"]
    assert measure(results, TEMPLATES)[0].percent == 100


# ── What nobody can ask for ──────────────────────────────────────────────────────────────────────────────────────────

REFERENCE = replace(AROUND, reference=True, scopes=["w"])


def problems(row: dict[str, str], *, around: Surroundings = REFERENCE, head: str = HEAD) -> list[str]:
    """Of one case, without their places."""
    usual = {"action": '"s3:GetObject"', "resource": '"arn:aws:s3:::{bucket}/x"', "expect": '"deny"'}
    lines = [f"{key} = {value}" for key, value in (usual | row).items()]
    text = "\n".join((head, "[[cases]]", 'name = "x"', 'user = "ann"', *lines))
    try:
        parse_cases(text, file="t.toml", around=around)
    except CaseInvalid as invalid:
        return [re.sub(r"^t\.toml:\d+: [^:]*: ", "", problem) for problem in invalid.problems]
    return []


OBJECT_ARNS = "expected arn:${Partition}:s3:${Region}:"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(
            {"resource": '"s3://b/acme/x"'},
            ["'s3://b/acme/x' is no ARN: expected arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME, such as arn:"],
            id="an address",
        ),
        pytest.param({"resource": '""'}, ["'' is no ARN"], id="nothing"),
        pytest.param({"resource": '"arn:awz:s3:::b/x"'}, ["is of no partition"], id="another partition"),
        pytest.param(
            {"resource": '"arn:aws:s4:::b/acme/x"'},
            ["'s3:GetObject' never works on 'arn:aws:s4:::b/acme/x': " + OBJECT_ARNS],
            id="another service",
        ),
        pytest.param(
            {"resource": '"arn:aws:s3:::b"'}, ["never works on 'arn:aws:s3:::b'"], id="a bucket for an object"
        ),
        pytest.param(
            {"resource": '["s3://b/x", "", "arn:aws:s4:::b/x", "arn:aws:s3:::b/x"]'},
            ["'s3://b/x' is no ARN", "'' is no ARN", "never works on 'arn:aws:s4:::b/x'"],
            id="each beside one that there is",
        ),
        pytest.param(
            {"context": '{ "s3:prefx" = "a" }'},
            ["there is no condition key 's3:prefx' (closest: s3:prefix): expected one that AWS has"],
            id="a misspelt key",
        ),
        pytest.param(
            {"context": '{ "aws:SurceIp" = "a" }'},
            ["there is no condition key 'aws:SurceIp' (closest: aws:sourceip)"],
            id="a misspelt global key",
        ),
        pytest.param(
            {"context": '{ "s3:prefix" = "a" }', "expect": '"allow"'},
            ["s3:prefix is absent from requests for s3:GetObject: expected a key such as aws:"],
            id="a key of other actions where it is allowed",
        ),
        pytest.param(
            {
                "action": '"s3:ListAllMyBuckets"',
                "resource": '"*"',
                "context": '{ "s3:prefix" = "a" }',
                "expect": '"allow"',
            },
            ["s3:prefix is absent from requests for s3:ListAllMyBuckets: expected a key such as"],
            id="a key of other actions where nothing is asked",
        ),
        pytest.param(
            {"resource": '"{y}"'},
            ["`{y}` is no variable, claim"],
            id="one problem of a name that leads nowhere",
        ),
    ],
)
def test_a_request_that_nobody_can_make_is_refused(row: dict[str, str], said: list[str]) -> None:
    found = problems(row)
    assert len(found) == len(said), found
    for part, problem in zip(said, found, strict=True):
        assert part in problem


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"resource": '"*"'}, id="every resource"),
        pytest.param({"resource": '"arn:aws:s3:::b/acme/*"'}, id="a star as a character"),
        pytest.param(
            {"action": '"s3:ListAllMyBuckets"', "resource": '"arn:aws:s3:::b"'}, id="no resource level"
        ),
        pytest.param(
            {
                "action": '["s3:GetObject", "s3:ListBucket"]',
                "resource": '["arn:aws:s3:::b", "arn:aws:s3:::b/x"]',
            },
            id="a bucket and an object",
        ),
        pytest.param(
            {
                "action": '"ssm:GetParametersByPath"',
                "resource": '["arn:aws:ssm:eu-west-1:1:parameter/x", "arn:aws:ssm:eu-west-1:1:parameter"]',
            },
            id="a path above names",
        ),
        pytest.param(
            {"context": '{ "AWS:SourceIp" = "203.0.113.1" }', "expect": '"allow"'}, id="a global key"
        ),
        pytest.param({"context": '{ "accounts.google.com:sub" = "x" }'}, id="an issuer's key"),
        pytest.param({"context": '{ "s3:prefix" = "x" }'}, id="a key too many where it is denied"),
    ],
)
def test_a_request_that_somebody_can_make_is_none(row: dict[str, str]) -> None:
    assert problems(row) == []


OTHERS = {"resource": '"arn:aws:s4:::b/x"', "context": '{ "s3:prefx" = "a" }'}


def test_without_a_reference_the_form_of_an_arn_is_judged_alone() -> None:
    around = replace(REFERENCE, reference=False)
    assert problems(OTHERS, around=around) == []
    assert problems({"resource": '"s3://b/x"'}, around=around) == [
        "'s3://b/x' is no ARN: expected arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME"
    ]


def test_a_scope_that_there_is_not_is_refused() -> None:
    head = HEAD.replace('scopes = ["w"]', 'scopes = ["w", "ww"]')
    assert problems({}, head=head) == ["there is no scope 'ww': did you mean 'w'? expected one of w"]


CASES = Path(__file__).parents[3] / "policies" / "cases"


def test_the_bundled_cases_pass_and_cover_every_template() -> None:
    templates = bundled.compiled()
    around = Surroundings(
        templates=templates, variables=bundled.VARIABLES, roles={}, groups={"viewers": ["data:read"]}
    )
    results = [
        run_case(case, templates)
        for path in sorted(CASES.glob("*.toml"))
        if path.stem in bundled.NAMES
        for case in parse_cases(path.read_text(), file=path.name, around=around)
    ]
    assert [(result.case.name, result.reasons) for result in results if result.status != "PASS"] == []
    assert {coverage.template: coverage.percent for coverage in measure(results, templates)} == dict.fromkeys(
        bundled.NAMES, 100
    )
