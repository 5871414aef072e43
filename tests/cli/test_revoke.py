"""`authorizer revoke`, run as a person runs it; and what it prints, run as a person pastes it."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
from moto import mock_aws

from authorizer.engine.document.document import parse_identity
from authorizer.engine.document.statement import Document
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from tests.cli.test_commands import Done, edit, run
from tests.make import ROOT, SUB, sample_environment, sample_settings

ACCOUNT = "123456789012"
ABROAD = {"VIEWER_ROLE_ARN": "arn:aws:iam::210987654321:role/team/viewer"}
NINE = "2026-11-21T09:00:00Z"
PRIVATE_KEYS = '[private_sealing]\nsource = "secretsmanager"\nkeys = "own"\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the bundled policies and events, to be changed."""
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def revoke(*arguments: str, **options: Any) -> Done:
    ran = run("revoke", "--sample", *arguments, **options)
    assert ran.returncode == 0, ran.stderr
    return ran


def printed(*arguments: str, **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(revoke(*arguments, "--json", **options).stdout)
    return found


def condition(role: str, *arguments: str, **options: Any) -> dict[str, Any]:
    [statement] = printed(*arguments, **options)["policies"][role]["policy"]["Statement"]
    found: dict[str, Any] = statement["Condition"]
    return found


# ── Whom ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_revoke_ends_the_sessions_of_one_user() -> None:
    assert condition("viewer", "--sub", SUB, "--before", "2026-11-21T09:00:00") == {
        "StringLike": {"aws:userid": f"*:{SUB}"},
        "DateLessThan": {"aws:TokenIssueTime": "2026-11-21T09:00:01Z"},
    }
    told = revoke("--sub", SUB, "--before", NINE).stderr
    assert "role importer: its sessions carry nothing of this claim" in told
    assert "sessions made after that time" in told


def test_revoke_by_any_claim_names_the_roles_that_carry_nothing_of_it() -> None:
    found = printed("--claim", "client=abc")
    assert list(found["policies"]) == ["importer"]
    assert found["unreachable"] == ["viewer", "editor", "admin"]
    told = revoke("--claim", "client=abc").stderr
    assert "role viewer: its sessions carry nothing of this claim; add a session tag" in told


def test_revoke_without_a_time_says_that_nobody_gets_back_in() -> None:
    assert "DateLessThan" not in condition("viewer", "--tenant", "acme")
    told = revoke("--tenant", "acme").stderr
    assert "until the policy is removed" in told
    assert "To let these callers in again, remove them" in told
    assert printed("--tenant", "acme")["removable_from"] is None


def test_revoke_everybody_until_now() -> None:
    found = printed("--before", "now")
    assert len(found["policies"]) == 4
    for entry in found["policies"].values():
        assert list(entry["policy"]["Statement"][0]["Condition"]) == ["DateLessThan"]


def test_a_tenant_is_told_by_the_claim_that_templates_isolate_by_whatever_its_name(
    project: Path,
) -> None:
    for file in (project / "policies").rglob("*.j2"):
        file.write_text(file.read_text().replace("{{ tenant }}", "{{ org }}"))
    access = project / "policies" / "access.toml"
    text = access.read_text().replace('isolates = "tenant"', 'isolates = "org"')
    text = text.replace("tenant = { claim", "org = { claim").replace('tenant = "tenant"', 'unit = "org"')
    text = text.replace("/tenants/{tenant}/", "/tenants/{org}/")
    access.write_text(text.replace('context_claims   = ["tenant"]', 'context_claims   = ["org"]'))
    assert condition("viewer", "--tenant", "acme", cwd=project) == {
        "StringEquals": {"aws:PrincipalTag/unit": "acme"}
    }


def test_a_template_that_no_role_renders_has_no_say_in_who_the_tenant_is(project: Path) -> None:
    edit(project, "client = {", 'team = { type = "slug" }\nclient = {')
    edit(project, "s3-home         = {", 's3-team = { isolates = "team" }\ns3-home         = {')
    templates = project / "policies" / "templates"
    (templates / "s3-team.json.j2").write_text(
        (templates / "s3-tenant.json.j2").read_text().replace("{{ tenant }}", "{{ team }}")
    )
    assert condition("viewer", "--tenant", "acme", cwd=project) == {
        "StringEquals": {"aws:PrincipalTag/tenant": "acme"}
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(
            'isolates = "tenant"', 'isolates = "sub"', "by no claim but single callers'", id="by none"
        ),
        pytest.param(
            's3-tenant       = { isolates = "tenant" }',
            's3-tenant       = { isolates = "team" }',
            "by several claims, tenant, team: say --claim NAME=VALUE, NAME one of tenant, team",
            id="by several",
        ),
    ],
)
def test_where_it_cannot_be_told_which_claim_is_the_tenant_it_has_to_be_said(
    project: Path,
    old: str,
    new: str,
    said: str,
) -> None:
    edit(project, "client = {", 'team = { type = "slug" }\nclient = {')
    edit(project, old, new)
    ran = run("revoke", "--sample", "--tenant", "acme", cwd=project)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert said in ran.stderr


def test_a_claim_without_its_value_is_told_what_is_expected() -> None:
    ran = run("revoke", "--sample", "--claim", "tenant")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "--claim tenant: expected NAME=VALUE, such as tenant=acme" in ran.stderr


def test_a_user_is_told_by_the_tokens_sub_whatever_the_claim_is_called(project: Path) -> None:
    for file in (project / "policies").rglob("*.j2"):
        file.write_text(file.read_text().replace("{{ sub }}", "{{ user }}"))
    access = project / "policies" / "access.toml"
    text = access.read_text().replace("sub    = {", 'user = { claim = "sub",').replace('"{sub}"', '"{user}"')
    access.write_text(
        text.replace('isolates = "sub"', 'isolates = "user"').replace('sub = "sub"', 'sub = "user"')
    )
    assert condition("viewer", "--sub", SUB, cwd=project) == {"StringLike": {"aws:userid": f"*:{SUB}"}}
    access.write_text(access.read_text().replace('claim = "sub"', 'claim = "custom:id"'))
    ran = run("revoke", "--sample", "--sub", SUB, cwd=project)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "declares no claim that is the token's `sub`: say --claim NAME=VALUE" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        pytest.param([], "expected one of --sub", id="nobody to revoke"),
        pytest.param(["--sub", SUB, "--tenant", "acme"], "expected one of --sub", id="two at once"),
        pytest.param(["--tenant", "a", "--claim", "sub=x"], "expected one of --sub", id="a claim beside"),
        pytest.param(["--claim", "nobody=x"], "there is no claim 'nobody'", id="an undeclared claim"),
        pytest.param(["--claim", "tenant="], "tenant is empty", id="a claim without a value"),
        pytest.param(["--sub", ""], "sub is empty", id="an empty user"),
        pytest.param(["--tenant", "*"], "tenant holds one of", id="a wildcard"),
        pytest.param(["--sub", SUB, "--before", "soon"], "expected `now`", id="a time that is none"),
        pytest.param(["--before", "9999-12-31T23:59:59Z"], "from 1971 to 9998", id="the end of time"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(arguments: list[str], problem: str) -> None:
    ran = run("revoke", "--sample", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert problem in " ".join(ran.stderr.split())


def test_a_claim_that_no_session_carries_is_no_revocation(project: Path) -> None:
    teams = 'team = { type = "slug" }\nteams = { type = "slug", list = true, max_items = 2 }'
    edit(project, "client = {", f"{teams}\nclient = {{")
    ran = run("revoke", "--sample", "--claim", "team=a", cwd=project)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "no role's sessions carry anything of `team`" in ran.stderr
    ran = run("revoke", "--sample", "--claim", "teams=a", cwd=project)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "teams is a list" in ran.stderr


# ── When ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "denied_until"),
    [
        pytest.param("2026-11-21T09:00:00.400Z", "2026-11-21T09:00:01Z", id="within a second"),
        pytest.param("2026-11-21T09:00:00.999999Z", "2026-11-21T09:00:01Z", id="at the end of one"),
        pytest.param(
            "2026-11-21T09:00:00Z", "2026-11-21T09:00:01Z", id="at the beginning: rounded or cut, it is over"
        ),
        pytest.param("2026-11-21T10:00:00.5+01:00", "2026-11-21T09:00:01Z", id="elsewhere on the earth"),
    ],
)
def test_nothing_that_was_issued_before_survives(before: str, denied_until: str) -> None:
    assert condition("editor", "--before", before) == {"DateLessThan": {"aws:TokenIssueTime": denied_until}}


def test_now_is_late_enough_for_a_clock_that_is_behind() -> None:
    with mock.patch("time.time", return_value=1_795_251_600.25):  # 09:00:00.25
        found = condition("editor", "--before", "now")
    assert found == {"DateLessThan": {"aws:TokenIssueTime": "2026-11-21T09:00:11Z"}}


def test_what_can_be_removed_again_is_told() -> None:
    told = revoke("--tenant", "acme", "--before", NINE).stderr
    assert "From 2026-11-21T10:00:01Z on, when all that they deny has ended by itself, remove them:" in told
    script = revoke("--tenant", "acme", "--before", NINE).stdout
    names = re.findall(r"put-role-policy --role-name (\w+) --policy-name (\S+)", script)
    assert re.findall(r"delete-role-policy --role-name (\w+) --policy-name (\S+)", told) == names
    assert len(names) == 3
    assert re.search(r"Each takes \d{3} of the 10,240 characters", told)


# ── Pasted ───────────────────────────────────────────────────────────────────────────────────────────────────────────

STAND_IN = """#!/bin/sh
# What `aws` is asked, one argument a record, and a line of its own behind each call.
case "$1 $2" in
"sts get-caller-identity") echo "$CALLER" ;;
*)
    [ "$4" = "$FAILS" ] && exit 254
    printf '%s\\0' "$@" >> "$CALLS"
    ;;
esac
"""


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell in which `aws` writes down what it is asked, and the IAM that is then asked the same."""

    folder: Path
    iam: Any

    def paste(self, text: str, *, caller: str = ACCOUNT, fails: str = "") -> subprocess.CompletedProcess[str]:
        calls = self.folder / "calls"
        calls.write_bytes(b"")
        environment = {
            "PATH": f"{self.folder}:/usr/bin:/bin",
            "CALLER": caller,
            "CALLS": str(calls),
            "FAILS": fails,
        }
        done = subprocess.run(
            ["sh"], input=text, env=environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        asked = calls.read_text().split("\0")[:-1]
        for at in range(0, len(asked), 8):
            service, verb, *options = asked[at : at + 8]
            assert (service, verb) == ("iam", "put-role-policy")
            assert options[::2] == ["--role-name", "--policy-name", "--policy-document"]
            role, name, document = options[1::2]
            self.iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
        return done

    def names(self, role: str) -> list[str]:
        found: list[str] = self.iam.list_role_policies(RoleName=role)["PolicyNames"]
        return found

    def in_force(self, role: str) -> list[Document]:
        """The role's policies as IAM has them, beside one that allows everything."""
        everything = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
        documents = [
            self.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for name in self.names(role)
        ]
        return [parse_identity(text) for text in (everything, *map(json.dumps, documents))]

    def verdict(self, role: str, *, tenant: str, issued: str = NINE, user: str = "x") -> str:
        request = AccessRequest(
            action="s3:GetObject",
            resource="arn:aws:s3:::bucket/key",
            context={
                "aws:PrincipalTag/tenant": tenant,
                "aws:PrincipalTag/sub": user,
                "aws:TokenIssueTime": issued,
                "aws:userid": f"AROAEXAMPLE:{user}",
            },
        )
        return evaluate(identity=self.in_force(role), session=None, boundary=None, request=request).verdict


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "aws").write_text(STAND_IN)
    (folder / "aws").chmod(0o755)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        iam = boto3.client("iam")
        for role in sample_settings().roles:
            iam.create_role(RoleName=role, Path="/vend/", AssumeRolePolicyDocument="{}")
        yield Shell(folder, iam)


DENIED, ALLOWED = "explicit deny", "allow"


def test_what_is_printed_runs_as_it_is_and_denies_the_tenant_alone(shell: Shell) -> None:
    done = shell.paste(revoke("--tenant", "acme", "--before", NINE).stdout)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for role in ("viewer", "editor", "admin"):
        assert shell.verdict(role, tenant="acme") == DENIED
        assert shell.verdict(role, tenant="acme", issued="2026-11-21T09:00:01Z") == ALLOWED
        assert shell.verdict(role, tenant="globex") == ALLOWED
    assert shell.names("importer") == []


def test_a_second_revocation_leaves_the_first_in_force(shell: Shell) -> None:
    for arguments in (
        ["--tenant", "acme"],
        ["--tenant", "globex"],
        ["--sub", SUB],
        ["--before", "2026-11-20T00:00:00Z"],
    ):
        assert shell.paste(revoke(*arguments).stdout).returncode == 0
    assert len(shell.names("editor")) == 4
    assert shell.verdict("editor", tenant="acme") == DENIED
    assert shell.verdict("editor", tenant="globex") == DENIED
    assert shell.verdict("editor", tenant="initech", user=SUB) == DENIED
    assert shell.verdict("editor", tenant="initech", issued="2026-11-19T00:00:00Z") == DENIED
    assert shell.verdict("editor", tenant="initech") == ALLOWED


def test_a_later_revocation_of_the_same_tenant_leaves_the_earlier_one_too(shell: Shell) -> None:
    for before in (NINE, "2026-11-21T08:00:00Z"):
        shell.paste(revoke("--tenant", "acme", "--before", before).stdout)
    assert shell.verdict("editor", tenant="acme") == DENIED


def test_the_same_revocation_twice_is_one(shell: Shell) -> None:
    for _ in range(2):
        shell.paste(revoke("--tenant", "acme").stdout)
    assert len(shell.names("editor")) == 1


def test_it_says_that_connections_outlive_the_token_where_they_are_renewed(project: Path) -> None:
    """Whoever waits for the token's end would take it for over."""
    told = "has new sessions made for up to two hours after $connect"
    assert told not in revoke("--sub", SUB, "--before", NINE, cwd=project).stderr
    edit(project, "[gateway]", PRIVATE_KEYS + "[gateway]\nrenew_connections = true")
    assert told in revoke("--sub", SUB, "--before", NINE, cwd=project).stderr


def test_what_a_claim_holds_is_no_command(shell: Shell, project: Path) -> None:
    """An `opaque` claim takes what a shell takes for its own."""
    edit(project, 'type = "slug", max_length = 32', 'type = "opaque"')
    edit(project, "/tenants/{tenant}/", "/tenants/*/")
    edit(project, "[roles.viewer]", '[roles.viewer]\nsource_identity = "{tenant}"')
    value = "it's;touch pwned&`touch pwned`!(#|<>~é"
    text = revoke("--tenant", value, cwd=project).stdout
    done = shell.paste(text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(shell.folder.glob("pwned*"))
    assert shell.verdict("viewer", tenant=value) == DENIED
    assert shell.verdict("viewer", tenant="it's") == ALLOWED


def test_a_role_of_the_same_name_in_another_account_is_left_alone(shell: Shell) -> None:
    text = revoke("--tenant", "acme", variables=ABROAD).stdout
    done = shell.paste(text)
    assert done.returncode == 1, "one account is missing still"
    assert done.stderr == "nothing is revoked in account 210987654321: run this with its credentials, too\n"
    assert shell.names("viewer") == []
    assert len(shell.names("editor")) == 1
    shell.iam.delete_role_policy(RoleName="editor", PolicyName=shell.names("editor")[0])
    done = shell.paste(text, caller="210987654321")
    assert "account 123456789012" in done.stderr
    assert len(shell.names("viewer")) == 1
    assert shell.names("editor") == []


def test_one_command_that_fails_keeps_no_other_from_its_role(shell: Shell) -> None:
    done = shell.paste(revoke("--tenant", "acme").stdout, fails="viewer")
    assert done.returncode == 1
    assert shell.names("viewer") == []
    assert shell.verdict("admin", tenant="acme") == DENIED


def test_nothing_that_is_printed_needs_comments() -> None:
    """zsh takes none at its prompt, and reads their quotes and brackets as its own."""
    lines = revoke("--tenant", "acme").stdout.splitlines()
    assert not [line for line in lines if line.lstrip().startswith("#")]


# ── About production ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_deployment_is_revoked_by_its_own_names() -> None:
    real = {**sample_environment(), "VIEWER_ROLE_ARN": "arn:aws:iam::123456789012:role/real/reader"}
    ran = run("revoke", "--tenant", "acme", variables=real)
    assert ran.returncode == 0
    assert "--role-name reader " in ran.stdout
    assert "sample" not in (ran.stdout + ran.stderr).lower()
    ran = run("revoke", "--tenant", "acme", variables={**real, "VIEWER_ROLE_ARN": ""})
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "roles.viewer.arn: the environment variable VIEWER_ROLE_ARN is not set" in ran.stderr


def test_what_is_printed_about_the_sample_says_so_in_every_form() -> None:
    ran = revoke("--tenant", "acme")
    for text in (ran.stdout, ran.stderr, printed("--tenant", "acme")["sample"]):
        assert "policies/access.toml: sample values of ACCOUNT_ID, " in text


def test_a_claim_that_is_read_in_lower_case_is_denied_in_lower_case(project: Path) -> None:
    edit(project, "max_length = 32 }", "max_length = 32, lower_case = true }")
    assert condition("viewer", "--tenant", "ACME", cwd=project) == {
        "StringEquals": {"aws:PrincipalTag/tenant": "acme"}
    }
