"""Lint of a configuration: one change for each finding, told at its line."""

import re
import tomllib

import pytest

from authorizer.gate.lint import lint_settings
from authorizer.settings.load import read
from authorizer.settings.schema import Access
from tests.make import ACCESS, sample_environment, sample_templates

SOURCE = ACCESS.read_text()
UNTAGGED = SOURCE.replace('session_tags = { client = "client" }\n', "")
"""Without a tag for the importer."""
EMPTY = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}}'


def found(
    old: str = "", new: str = "", templates: dict[str, str] | None = None
) -> list[tuple[str, int, str]]:
    """Code, line and text of every finding after one change to the bundled configuration."""
    assert old in SOURCE
    return findings_of(SOURCE.replace(old, new, 1), templates)


def settings_of(source: str, templates: dict[str, str] | None = None) -> Access:
    return read(
        tomllib.loads(source),
        source=source,
        place="access.toml",
        templates={**sample_templates(), **(templates or {})},
        environment=sample_environment(),
    )


def findings_of(source: str, templates: dict[str, str] | None = None) -> list[tuple[str, int, str]]:
    settings = settings_of(source, templates)
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
            "s3-home         = {}",
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
            'type = "slug", max_length = 32 }',
            'type = "slug", max_length = 32, lower_case = true }',
            "merged",
            "tenant = { claim",
            "`tenant` keeps users apart, and tokens that differ there in case alone are one user",
            id="an isolating claim in lower case",
        ),
        pytest.param(
            'type = "slug", max_length = 32 }',
            'type = "slug", max_length = 32, fallback = "_none" }',
            "merged",
            "tenant = { claim",
            "`tenant` keeps users apart, and all whose token says nothing are '_none', one user or one tenant",
            id="an isolating claim with a fallback",
        ),
        pytest.param(
            "[[issuers]]\n",
            '[[issuers]]\nspeaks_for = "any"\nuser_pool = "eu-west-1_Partner01"\nclient_ids = ["partner"]\n'
            'token_use = ["id"]\n[[issuers]]\nspeaks_for = "any"\n',
            "issuers",
            "[[issuers]]",
            "2 issuers speak for everything",
            id="a second user pool that is not limited",
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


NICK = 'nick = { claim = "nickname", type = "slug", user_writable = true }\nclient = {'


@pytest.mark.parametrize(
    ("where", "setting", "said"),
    [
        pytest.param(
            "[roles.editor]",
            'session_name = "{sub}-{nick}"',
            "role 'editor': the session name",
            id="a session name",
        ),
        pytest.param(
            "[roles.editor]",
            'source_identity = "{nick}"',
            "role 'editor': the source identity",
            id="a source identity",
        ),
        pytest.param(
            "[roles.importer]",
            'session_tags = { who = "nick" }',
            "role 'importer': the session tag 'who'",
            id="a session tag",
        ),
        pytest.param("[gateway]", 'usage_key_claim = "nick"', "the usage key", id="a usage key"),
    ],
)
@pytest.mark.parametrize("flag", ["itself", "by another name"])
def test_what_names_a_caller_is_not_made_of_a_claim_that_users_can_change(
    where: str, setting: str, said: str, flag: str
) -> None:
    claims = NICK
    if flag == "by another name":
        claims = f'alias = {{ claim = "nickname", type = "slug" }}\n{NICK}'
        setting = setting.replace("nick", "alias")
    source = UNTAGGED.replace("client = {", claims, 1).replace(where, f"{where}\n{setting}", 1)
    findings = [each for each in findings_of(source) if each[0] == "user-writable"]
    ((_, number, text),) = findings
    assert number == line(setting, source)
    assert said in text
    assert "which users can change: they choose whom it names" in text


def test_a_session_name_of_all_roles_is_found_in_each() -> None:
    source = SOURCE.replace("client = {", NICK, 1).replace('"{sub}"', '"{nick}"')
    texts = [text for code, _, text in findings_of(source) if code == "user-writable"]
    assert [text.split("'")[1] for text in texts] == ["viewer", "editor", "admin"]


@pytest.mark.parametrize(
    ("kind", "found_there"),
    [
        pytest.param('type = "opaque"', True, id="an ampersand or a comma"),
        pytest.param('type = "digits", max_length = 257', True, id="more than 256 characters"),
        pytest.param('type = "enum", values = ["a", "b,c"]', True, id="one of two"),
        pytest.param('type = "digits", max_length = 256', False, id="256 characters"),
        pytest.param('type = "slug"', False, id="what a tag takes"),
        pytest.param('type = "enum", values = ["a b", "c:d"]', False, id="all of them"),
    ],
)
def test_a_tag_that_some_values_of_its_claim_cannot_be_is_found(kind: str, found_there: bool) -> None:
    source = UNTAGGED.replace("client = {", f'site = {{ claim = "site", {kind} }}\nclient = {{', 1)
    source = source.replace("[roles.importer]", '[roles.importer]\nsession_tags = { site = "site" }', 1)
    findings = [each for each in findings_of(source) if each[0] == "tag-value"]
    assert bool(findings) is found_there
    if found_there:
        ((_, number, text),) = findings
        assert number == line("site =", source[source.index("[roles.importer]") :]) + source[
            : source.index("[roles.importer]")
        ].count("\n")
        assert "some values of `site`" in text


@pytest.mark.parametrize(
    ("setting", "sessions", "more"),
    [
        pytest.param("", "", None, id="nothing beside the policy"),
        pytest.param('managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]', "", 38, id="an ARN"),
        pytest.param("", "end_with_token = true", 72, id="the end of the token"),
    ],
)
def test_a_policy_that_is_too_large_only_with_what_is_added_is_found(
    setting: str, sessions: str, more: int | None
) -> None:
    resources = ",".join(f'"arn:aws:s3:::b/{{{{ tenant }}}}/{"a" * 435}{number}"' for number in range(4))
    statement = f'{{"Effect":"Allow","Action":"s3:GetObject","Resource":[{resources}]}}'
    template = f'{{"Version":"2012-10-17","Statement":[{statement}]}}'
    source = SOURCE.replace("[roles.admin]", f"[roles.admin]\n{setting}", 1)
    source = source.replace("[session]", f"[session]\n{sessions}", 1)
    source = source.replace('["s3-tenant", "dynamodb-tenant"]', '["s3-tenant"]')
    findings = findings_of(source, {"s3-tenant": template})
    texts = [text for code, _, text in findings if code == "too-large"]
    if more is None:
        assert texts == []
        return
    (text,) = texts
    longest, together = map(int, re.findall(r"\d{4}", text)[:2])
    assert longest <= 2048 < together == longest + more


def test_a_policy_that_is_too_large_by_itself_is_found_once() -> None:
    resources = ",".join(f'"arn:aws:s3:::b/{{{{ tenant }}}}/{"a" * 440}{number}"' for number in range(4))
    template = EMPTY.replace('"*"', f"[{resources}]").replace("ListAllMyBuckets", "GetObject")
    source = SOURCE.replace('["s3-tenant", "dynamodb-tenant"]', '["s3-tenant"]')
    source = source.replace(
        "[roles.admin]", '[roles.admin]\nmanaged_policies = ["arn:aws:iam::aws:policy/X"]', 1
    )
    assert "too-large" not in [code for code, _, _ in findings_of(source, {"s3-tenant": template})]
    settings = settings_of(source, {"s3-tenant": template})
    found_there = [each.place for each in lint_settings(settings, source) if each.code == "too-large"]
    assert found_there == ["role admin"]


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


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        pytest.param("arn:aws:s3:::{{ bucket }}/tenants/*", "that is one user's own", id="one user's own"),
        pytest.param("arn:aws:s3:::{{ bucket }}/common/*", "shares nothing by", id="nothing of it"),
    ],
)
def test_a_declaration_of_what_is_not_common_is_found(resource: str, said: str) -> None:
    row = f'{{ statement = "Objects", actions = ["s3:GetObject"], resources = ["{resource}"] }}'
    template = EMPTY.replace('"*"', '"arn:aws:s3:::{{ bucket }}/tenants/{{ tenant }}/*"')
    template = template.replace("s3:ListAllMyBuckets", "s3:GetObject").replace(
        '{"Eff', '{"Sid": "Objects", "Eff'
    )
    findings = found(
        's3-tenant       = { isolates = "tenant" }',
        f's3-tenant       = {{ isolates = "tenant", shared = [{row}] }}',
        {"s3-tenant": template},
    )
    ((where, text),) = [(number, text) for code, number, text in findings if code == "shared"]
    assert where == line("s3-tenant  ")
    assert said in text


def test_a_scope_of_several_groups_that_opens_every_route_is_found() -> None:
    ((code, where, text),) = found('"GET /files/*"]', '"GET /files/*", "ANY /*"]')
    assert (code, where) == ("open-route", line('"files:read"     ='))
    assert "'admins', 'editors'" in text
    assert found('["ANY /users", ', '["ANY /users", "ANY /*", ') == []


def test_an_issuer_whose_app_clients_are_not_listed_is_found() -> None:
    ((code, where, _),) = found('["env:APP_CLIENT_ID", "env:MACHINE_CLIENT_ID"]', '"any"')
    assert (code, where) == ("any-client", line("client_ids"))


def test_a_branch_on_a_scope_that_does_not_exist_is_found() -> None:
    template = sample_templates()["tenant-data"].replace('"data:write" in scopes', '"data:wriet" in scopes')
    ((code, _, text),) = found(templates={"tenant-data": template})
    assert code == "dead-end"
    assert "'data:wriet'" in text


def test_a_template_beside_the_table_of_policies_is_found_twice() -> None:
    assert [code for code, _, _ in found(templates={"extra": EMPTY})] == ["no-promise", "unused"]


PARTNER = """[[issuers]]
issuer = "https://login.partner.example"
jwks_uri = "https://login.partner.example/keys"
client_ids = ["partner"]
audiences = ["https://api.example.com"]
token_use = ["access"]
speaks_for = { ROLES, groups = [], scopes = [], claims = { CLAIMS } }
FIXED
"""
OF_ONE_TENANT = PARTNER.replace("FIXED", 'fixed_claims = { tenant = "partner" }').replace("CLAIMS", "")
POOL = """[[issuers]]
user_pool = "eu-west-1_Partner01"
client_ids = ["partner"]
token_use = ["access"]
speaks_for = { roles = ["viewer"], groups = [], scopes = [], claims = { tenant = "any" } }
"""


@pytest.mark.parametrize(
    ("another", "role", "finds"),
    [
        pytest.param(PARTNER, "", True, id="a partner who writes any sub"),
        pytest.param(POOL, "", False, id="a second user pool, whose subs Cognito draws"),
        pytest.param(
            PARTNER.replace("ROLES", "roles = []"), "", False, id="a partner whose users have another role"
        ),
        pytest.param(
            OF_ONE_TENANT,
            'session_name = "{tenant}-{sub}"\n',
            True,
            id="a name with a claim of theirs, which the pool can say too",
        ),
        pytest.param(
            OF_ONE_TENANT + OF_ONE_TENANT.replace("login", "other"),
            'session_name = "{tenant}-{sub}"\n',
            True,
            id="two who say the same",
        ),
    ],
)
def test_a_session_name_is_one_that_one_issuer_alone_can_sign_for(
    another: str, role: str, finds: bool
) -> None:
    another = (
        another.replace("ROLES", 'roles = ["viewer"]')
        .replace("FIXED", "")
        .replace("CLAIMS", 'tenant = "any"')
    )
    source = SOURCE.replace("[[issuers]]\n", f'{another}[[issuers]]\nspeaks_for = "any"\n', 1).replace(
        "[roles.viewer]\n", f"[roles.viewer]\n{role}", 1
    )
    told = [text for code, _, text in findings_of(source) if code == "shared-name"]
    assert [text.partition(":")[0] for text in told] == (["role 'viewer'"] if finds else [])
    assert all("partner.example' can sign" in text for text in told)


def test_a_claim_that_no_two_issuers_can_both_say_makes_the_name_one_of_theirs() -> None:
    """Each has a value of its own, the first one too."""
    mine = '[[issuers]]\nfixed_claims = { tenant = "own" }\nspeaks_for = "any"\n'
    partner = OF_ONE_TENANT.replace("ROLES", 'roles = ["viewer"]')
    source = SOURCE.replace("[[issuers]]\n", partner + mine, 1)
    assert "shared-name" in [code for code, _, _ in findings_of(source)]
    named = source.replace("[roles.viewer]\n", '[roles.viewer]\nsession_name = "{tenant}-{sub}"\n', 1)
    assert "shared-name" not in [code for code, _, _ in findings_of(named)]
