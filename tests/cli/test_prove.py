"""`authorizer policy prove`: what a person and a machine read, and the exit codes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from authorizer.cli.options import environment_of
from authorizer.cli.policy import policy
from authorizer.engine.check.case_file import parse_cases
from authorizer.engine.check.cases import run_case
from authorizer.engine.check.surroundings import Surroundings
from authorizer.settings.load import load

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the bundled configuration, to change."""
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def run(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(
        policy, ["prove", "--access", str(project / "policies" / "access.toml"), *arguments]
    )


def change(project: Path, name: str, old: str, new: str) -> None:
    file = project / "policies" / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def leak(project: Path) -> None:
    """A listing without a closing slash."""
    change(project, "templates/s3-tenant.json.j2", "tenants/{{ tenant }}/", "tenants/{{ tenant }}")


def test_the_bundled_policies_are_proven() -> None:
    result = run(ROOT)
    assert result.exit_code == 0
    assert "LEAK" not in result.stdout
    assert "UNKNOWN" not in result.stdout
    assert "no resource policy grants the session's ARN" in result.stdout
    assert result.stdout.count("PROVEN") >= 9


def test_a_leak_is_shown_with_two_users_and_a_request(project: Path) -> None:
    leak(project)
    result = run(project)
    assert result.exit_code == 1
    assert "LEAK policy s3-tenant" in result.stdout
    assert "LEAK role admin" in result.stdout
    assert "a user with tenant='a" in result.stdout
    assert "may s3:" in result.stdout
    assert "s3-tenant.json.j2:" in result.stdout


def test_only_what_is_named_is_judged(project: Path) -> None:
    leak(project)
    assert run(project, "s3-home", "editor").exit_code == 0
    result = run(project, "s3-tenant")
    assert result.exit_code == 1
    assert "role admin" not in result.stdout


def test_an_unknown_name_cannot_run(project: Path) -> None:
    result = run(project, "s3-nobody")
    assert result.exit_code == 2
    assert "'s3-nobody'" in result.output


def test_what_is_shared_is_told(project: Path) -> None:
    change(
        project,
        "templates/s3-tenant.json.j2",
        '"Statement": [',
        '"Statement": [{"Sid": "Names", "Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"},',
    )
    assert "LEAK policy s3-tenant" in run(project).stdout
    row = 'shared = [{ statement = "Names", actions = ["s3:ListAllMyBuckets"], resources = ["*"] }]'
    declared = f's3-tenant       = {{ isolates = "tenant", {row} }}'
    change(project, "access.toml", 's3-tenant       = { isolates = "tenant" }', declared)
    result = run(project)
    assert result.exit_code == 0
    assert "PROVEN, less 1 shared" in result.stdout
    assert "Names: s3:ListAllMyBuckets on * (policy s3-tenant)" in result.stdout
    proofs = {proof["subject"]: proof for proof in json.loads(run(project, "--json").stdout)}
    assert proofs["policy s3-tenant"]["told"] == "PROVEN, less 1 shared"
    assert proofs["policy s3-home"]["told"] == "PROVEN"
    assert proofs["policy s3-tenant"]["shared"] == [
        {"statement": "Names", "actions": ["s3:ListAllMyBuckets"], "resources": ["*"]}
    ]


def test_json_for_machines(project: Path) -> None:
    leak(project)
    proofs: list[dict[str, Any]] = json.loads(run(project, "--json").stdout)
    verdicts = {proof["subject"]: proof["verdict"] for proof in proofs}
    assert verdicts["policy s3-home"] == "PROVEN"
    assert verdicts["policy s3-tenant"] == "LEAK"
    (proof,) = [proof for proof in proofs if proof["subject"] == "policy s3-tenant"]
    one, other = proof["findings"][0]["witness"]
    assert one["claims"]["tenant"] != other["claims"]["tenant"]
    assert one["resource"] == other["resource"]


def test_what_cannot_be_told_is_told_and_fails(project: Path) -> None:
    change(project, "templates/s3-home.json.j2", "s3:prefix", "aws:PrincipalTag/x")
    result = run(project)
    assert result.exit_code == 1
    assert "UNKNOWN policy s3-home" in result.stdout
    assert "`aws:PrincipalTag/x`" in result.stdout


def own_root(project: Path) -> None:
    """Each tenant's folder at the top of the bucket, where `home/` is too: proven by itself, and so is `s3-home`."""
    change(project, "templates/s3-tenant.json.j2", "tenants/{{ tenant }}", "{{ tenant }}")


def test_users_of_two_roles_are_held_against_each_other(project: Path) -> None:
    own_root(project)
    assert run(project, "s3-tenant", "s3-home", "admin", "editor").exit_code == 0
    result = run(project)
    assert result.exit_code == 1
    assert "LEAK all roles" in result.stdout
    assert "a user with tenant='home'" in result.stdout
    assert "by s3-tenant, dynamodb-tenant" in result.stdout
    assert "by s3-home, dynamodb-tenant" in result.stdout


def test_a_leak_between_roles_is_saved_as_one_file_for_each(project: Path) -> None:
    own_root(project)
    cases = project / "policies" / "cases"
    run(project, "roles", "--save", str(cases))
    files = sorted(cases.glob("leak-all-roles-1[ab].toml"))
    assert len(files) == 2
    assert_all_fail(project, files)


def test_nothing_is_proven_about_a_claim_that_users_can_change(project: Path) -> None:
    change(project, "access.toml", "max_length = 32 }", "max_length = 32, user_writable = true }")
    result = run(project, "s3-tenant")
    assert result.exit_code == 1
    assert "UNKNOWN policy s3-tenant: users can change `tenant`" in result.stdout
    assert run(project, "s3-home").exit_code == 0


def test_nothing_is_proven_about_a_role_with_managed_policies(project: Path) -> None:
    arn = '"arn:aws:iam::aws:policy/AmazonS3FullAccess"'
    change(project, "access.toml", "[roles.editor]\n", f"[roles.editor]\nmanaged_policies = [{arn}]\n")
    result = run(project)
    assert result.exit_code == 1
    assert "UNKNOWN role editor: role editor passes managed_policies" in result.stdout
    assert "UNKNOWN all roles: role editor passes managed_policies" in result.stdout
    assert run(project, "admin", "s3-home").exit_code == 0


def assert_all_fail(project: Path, files: list[Path]) -> None:
    access = project / "policies" / "access.toml"
    settings, templates = load(access, environment_of(access, aws=False))
    around = Surroundings(templates=templates, variables=settings.variables, roles={}, groups={})
    assert files
    for file in files:
        for case in parse_cases(file.read_text(encoding="utf-8"), file=file.name, around=around):
            assert run_case(case, templates).status == "FAIL"


def test_a_saved_witness_is_a_case_that_fails(project: Path) -> None:
    leak(project)
    cases = project / "policies" / "cases"
    result = run(project, "s3-tenant", "--save", str(cases))
    assert result.exit_code == 1
    assert_all_fail(project, sorted(cases.glob("leak-*.toml")))


def test_a_saved_witness_may_hold_scopes_and_lists(project: Path, tmp_path: Path) -> None:
    change(project, "templates/tenant-data.json.j2", "tenants/{{ tenant }}/*", "tenants/{{ tenant }}*")
    change(project, "templates/_dynamodb-keys.json.j2", "ForAllValues:", "ForAnyValue:")
    run(project, "tenant-data", "--save", str(tmp_path / "leaks"))
    access = project / "policies" / "access.toml"
    settings, templates = load(access, environment_of(access, aws=False))
    around = Surroundings(templates=templates, variables=settings.variables, roles={}, groups={})
    texts = [file.read_text(encoding="utf-8") for file in sorted((tmp_path / "leaks").glob("*.toml"))]
    assert any("scopes = " in text for text in texts)
    assert any('LeadingKeys" = [' in text for text in texts)
    for text in texts:
        for case in parse_cases(text, file="leak.toml", around=around):
            assert run_case(case, templates).status == "FAIL"


def test_nothing_is_saved_of_a_finding_without_a_witness(project: Path, tmp_path: Path) -> None:
    change(project, "templates/s3-home.json.j2", "s3:prefix", "aws:PrincipalTag/x")
    result = run(project, "s3-home", "--save", str(tmp_path / "leaks"))
    assert result.exit_code == 1
    assert list((tmp_path / "leaks").iterdir()) == []


def test_each_of_several_claims_is_told(project: Path) -> None:
    change(
        project,
        "access.toml",
        's3-home         = { isolates = "sub" }',
        's3-home = { isolates = ["sub", "tenant"] }',
    )
    result = run(project, "--json", "s3-home")
    assert result.exit_code == 1
    [proof] = [proof for proof in json.loads(result.stdout) if proof["subject"] == "policy s3-home"]
    assert proof["isolates"] == {"s3-home": ["sub", "tenant"]}
    assert {finding["isolates"] for finding in proof["findings"]} == {"tenant"}


def test_a_fallback_that_tokens_may_say_is_shown_with_a_user_who_says_nothing(project: Path) -> None:
    change(project, "access.toml", "max_length = 32 }", 'max_length = 32, fallback = "public" }')
    result = run(project, "s3-tenant", "--save", str(project / "leaks"))
    assert result.exit_code == 1
    assert "a user with nothing, by s3-tenant" in result.stdout
    assert "a user with tenant='public', by s3-tenant" in result.stdout
    assert "a token may say the fallback 'public' too" in result.stdout
    assert (
        "`tenant` is 'public' where a token says nothing: all of those users have one value" in result.stdout
    )
    [saved] = (project / "leaks").glob("leak-policy-s3-tenant-1a.toml")
    assert "claims = {}" in saved.read_text()
