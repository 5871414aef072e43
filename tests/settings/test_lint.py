"""Lint of a configuration: one change for each finding, told at its line."""

import re
import tomllib

import pytest

from authorizer.settings.lint import lint_settings
from authorizer.settings.load import read
from tests.make import ACCESS, sample_environment, sample_templates

SOURCE = ACCESS.read_text()
EMPTY = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}}'


def found(
    old: str = "", new: str = "", templates: dict[str, str] | None = None
) -> list[tuple[str, int, str]]:
    """Code, line and text of every finding after one change to the bundled configuration."""
    assert old in SOURCE
    source = SOURCE.replace(old, new, 1)
    settings = read(
        tomllib.loads(source),
        source=source,
        place="access.toml",
        templates={**sample_templates(), **(templates or {})},
        environment=sample_environment(),
    )
    findings = lint_settings(settings, source)
    assert all(finding.remedy for finding in findings)
    return [
        (finding.code, int(re.sub(r".*:", "", finding.place)), finding.text)
        for finding in findings
        if ":" in finding.place
    ]


def line(text: str, source: str = SOURCE) -> int:
    return next(number for number, each in enumerate(source.splitlines(), start=1) if text in each)


def test_the_bundled_configuration_has_no_finding() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("old", "new", "code", "where", "said"),
    [
        pytest.param(
            's3-home         = { isolates = "sub" }',
            "",
            "no-promise",
            "[policies]",
            "'s3-home' isolates",
            id="no row",
        ),
        pytest.param(
            's3-home         = { isolates = "sub" }',
            's3-home         = { shared = ["arn:aws:s3:::x"] }',
            "no-promise",
            "s3-home  ",
            "'s3-home' isolates",
            id="a row without a promise",
        ),
        pytest.param(
            '["s3-client"]',
            '["s3-home"]',
            "unused",
            "s3-client  ",
            "no role renders template 's3-client'",
            id="no role",
        ),
        pytest.param(
            'token_scopes     = "either"',
            'token_scopes     = "ignore"',
            "unused",
            '"imports/write" ',
            "no group brings scope 'imports/write'",
            id="a scope that nobody brings",
        ),
        pytest.param(
            "[groups.auditors]",
            "[groups.nobody]\n[groups.auditors]",
            "dead-end",
            "[groups.auditors]",
            "'nobody' leads",
            id="a group",
        ),
        pytest.param(
            "[claims]\n",
            '[claims]\ncolour = { type = "slug" }\n',
            "unused",
            "sub    =",
            "`colour` reaches no",
            id="a claim",
        ),
        pytest.param(
            "[[issuers]]\n",
            '[[issuers]]\nuser_pool = "eu-west-1_Partner01"\nclient_ids = ["partner"]\n'
            'token_use = ["id"]\n[[issuers]]\n',
            "issuers",
            "[[issuers]]",
            "2 issuers are believed alike",
            id="a second user pool",
        ),
        pytest.param(
            "[roles.editor]\n",
            '[roles.editor]\nmanaged_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]\n',
            "managed-policies",
            "[roles.editor]",
            "its own policy or a managed one",
            id="managed policies",
        ),
    ],
)
def test_finds(old: str, new: str, code: str, where: str, said: str) -> None:
    ((found_code, found_line, text),) = found(old, new)
    assert found_code == code
    assert said in text
    assert found_line in (line(where), line(where) + 1)


def test_a_claim_that_users_can_change_is_found_in_the_promise_and_in_every_statement() -> None:
    findings = found('claim = "custom:tenant_id",', 'claim = "custom:tenant_id", user_writable = true,')
    assert {code for code, _, _ in findings} == {"user-writable"}
    assert {each for _, each, text in findings if "isolates" in text} == {
        line("s3-tenant  "),
        line("dynamodb-tenant "),
        line("tenant-data  "),
    }
    assert sum("decides what this statement is about" in text for _, _, text in findings) >= 4


def test_a_claim_that_users_can_change_is_found_where_a_rule_or_a_test_asks_for_it() -> None:
    template = sample_templates()["tenant-data"].replace('"data:write" in scopes', 'plan == "pro"')
    findings = found(
        "[variables]\n",
        'plan = { claim = "custom:plan", type = "slug", user_writable = true }\n'
        '[[rules]]\nclaim = "custom:plan"\nvalue = "pro"\nrole = "admin"\n[variables]\n',
        {"tenant-data": template},
    )
    told = [text for code, _, text in findings if code == "user-writable"]
    assert len(told) == 2
    assert any("rule 1 asks for 'custom:plan'" in text for text in told)
    assert any("a test asks for claim `plan`" in text for text in told)


def test_a_branch_on_a_scope_that_does_not_exist_is_found() -> None:
    template = sample_templates()["tenant-data"].replace('"data:write" in scopes', '"data:wriet" in scopes')
    ((code, _, text),) = found(templates={"tenant-data": template})
    assert code == "dead-end"
    assert "'data:wriet'" in text


def test_a_template_beside_the_table_of_policies_is_found_twice() -> None:
    assert [code for code, _, _ in found(templates={"extra": EMPTY})] == ["no-promise", "unused"]
