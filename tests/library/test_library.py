"""The library's policies do what they say: proven, tested, and broken by the mistake that their service invites."""

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from authorizer.engine.check import parse_cases, run_case
from authorizer.gate import surroundings
from authorizer.library import FOLDER, KINDS
from tests.cli.test_commands import run
from tests.engine.proving import assert_confirmed
from tests.guide.tables import between
from tests.library.adding import EVERY, LEAKS, TYPES, proof_of, with_kind
from tests.library.page import PAGE, tables
from tests.make import sample_environment

every_kind = pytest.mark.parametrize("name", EVERY)


def test_every_kind_has_its_three_files_and_no_file_is_left_over() -> None:
    found = {folder: {file.name for file in (FOLDER / folder).iterdir()} for folder in ("access", "cases")}
    assert found["access"] == found["cases"] == {f"{name}.toml" for name in EVERY}
    assert {file.name for file in (FOLDER / "templates").iterdir()} == {f"{name}.json.j2" for name in EVERY}
    assert len(EVERY) == len(KINDS) == 16


# ── In a fresh repository ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """What `authorizer init` writes."""
    assert run("init", cwd=tmp_path).returncode == 0
    return tmp_path


def assert_sound(repository: Path, *names: str) -> None:
    """`policy test` passes and covers everything, `policy check` finds nothing, and `policy prove` proves all."""
    tested = run("policy", "test", "--json", cwd=repository)
    assert tested.returncode == 0, tested.stdout
    answer = json.loads(tested.stdout)
    files = {case["file"] for case in answer["cases"]}
    assert {f"policies/cases/{name}.toml" for name in names} <= files
    covered = {each["template"]: each["percent"] for each in answer["coverage"]}
    assert covered.keys() >= set(names)
    assert set(covered.values()) == {100}

    checked = run("policy", "check", cwd=repository)
    assert checked.returncode == 0, checked.stdout

    proven = run("policy", "prove", "--json", cwd=repository)
    assert proven.returncode == 0, proven.stdout
    proofs = {proof["subject"]: proof for proof in json.loads(proven.stdout)}
    for name in names:
        for subject in (f"policy {name}", f"role tenant-{name}"):
            assert proofs[subject]["verdict"] == "PROVEN"
            assert proofs[subject]["isolates"] == {name: "tenant"}
            assert len(proofs[subject]["shared"]) == EVERY[name].shared
    assert proofs["all roles"]["verdict"] == "PROVEN"


@pytest.mark.slow
@every_kind
def test_a_kind_in_a_fresh_repository_is_tested_and_proven(repository: Path, name: str) -> None:
    added = run("policy", "add", name, cwd=repository)
    assert added.returncode == 0, added.stderr
    assert_sound(repository, name)


def test_all_kinds_in_one_repository_are_tested_and_proven(repository: Path) -> None:
    added = run("policy", "add", *EVERY, cwd=repository)
    assert added.returncode == 0, added.stderr
    assert_sound(repository, *EVERY)


def test_all_kinds_one_after_the_other_come_to_the_same(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    assert run("init", cwd=other).returncode == 0
    assert run("policy", "add", *EVERY, cwd=other).returncode == 0
    for name in EVERY:
        assert run("policy", "add", name, cwd=repository).returncode == 0
    assert (repository / "policies" / "access.toml").read_bytes() == (
        other / "policies" / "access.toml"
    ).read_bytes()


# ── Broken ───────────────────────────────────────────────────────────────────────────────────────────────────────────

NULL = """,
        "Null": { "dynamodb:LeadingKeys": "false" }"""
TWINS = {
    # Kind → the mistake in words, what it replaces, and with what.
    "s3": (
        "a listing prefix without its closing slash",
        '"s3:prefix": "tenants/{{ tenant }}/*"',
        '"s3:prefix": "tenants/{{ tenant }}*"',
    ),
    "s3-access-point": (
        "every access point whose name begins with the tenant, and all that is in it",
        "{{ tenant }}/object/tenants/{{ tenant }}/*",
        "{{ tenant }}*/object/*",
    ),
    "s3-vectors": (
        "one index for all, told apart by a metadata filter",
        "index/{{ tenant }}.*",
        "index/docs",
    ),
    "dynamodb": ("ForAllValues alone, which holds of a request without keys", NULL, ""),
    "sqs": ("a star for the dead-letter queue", '-{{ tenant }}"', '-{{ tenant }}*"'),
    "sns": (
        "one topic for all, told apart by filter policies",
        ":{{ sns_topic }}-{{ tenant }}",
        ":{{ sns_topic }}",
    ),
    "kms": (
        "the encryption context's key without its value",
        '"StringEquals": { "kms:EncryptionContext:tenant": "{{ tenant }}" },',
        "",
    ),
    "secrets-manager": (
        "a star for the six characters behind a secret's name",
        "secret:tenants/{{ tenant }}/*",
        "secret:{{ tenant }}-*",
    ),
    "ssm": (
        "the path above every tenant's",
        'parameter/tenants/{{ tenant }}",',
        'parameter/tenants",',
    ),
    "eventbridge": (
        "a star for the bus's rules, which a slash should have begun",
        "rule/{{ event_bus }}-{{ tenant }}/*",
        "rule/{{ event_bus }}-{{ tenant }}*",
    ),
    "step-functions": (
        "one machine for all, told apart by the execution's name",
        "execution:{{ state_machine }}-{{ tenant }}:*",
        "execution:{{ state_machine }}:{{ tenant }}-*",
    ),
    "execute-api": ("a star for the method, which crosses slashes", "/GET/tenants", "/*/tenants"),
    "bedrock": (
        "the tag only where there is one",
        '"StringEquals": { "aws:ResourceTag/tenant"',
        '"StringEqualsIfExists": { "aws:ResourceTag/tenant"',
    ),
    "rds-db": ("a star for the tenant's several users", "/tenant_{{ tenant }}", "/{{ tenant }}_*"),
    "lambda": (
        "the bare function in tenant isolation mode: the caller names the tenant",
        ":{{ lambda_function }}:tenant-{{ tenant }}",
        ":{{ lambda_function }}",
    ),
    "logs": ("a star in place of the closing colon", "/tenants/{{ tenant }}:*", "/tenants/{{ tenant }}*"),
}


def test_every_kind_has_its_wrong_twin() -> None:
    assert list(TWINS) == list(EVERY)


@pytest.mark.parametrize("name", TWINS, ids=[f"{name}: {twin[0]}" for name, twin in TWINS.items()])
def test_the_mistake_that_a_service_invites_is_a_leak_with_a_witness(name: str) -> None:
    _, right, wrong = TWINS[name]
    template = EVERY[name].template
    assert right in template
    assert proof_of(name, with_kind(name)).verdict == "PROVEN"

    access = with_kind(name, template=template.replace(right, wrong))
    proof = proof_of(name, access)
    # What one mistake brings together besides may be UNKNOWN.
    confirmed = tuple(finding for finding in proof.findings if finding.witness is not None)
    assert_confirmed(
        replace(proof, findings=confirmed),
        lambda party: access.templates.render(party.templates, party.claims, scopes=party.scopes),
    )


@pytest.mark.parametrize("name", TWINS)
def test_the_cases_of_a_kind_notice_its_wrong_twin(name: str) -> None:
    _, right, wrong = TWINS[name]
    access = with_kind(name, template=EVERY[name].template.replace(right, wrong))
    cases = parse_cases(EVERY[name].cases, file=name, around=surroundings(access))
    results = [run_case(case, access.templates) for case in cases]
    assert [
        result.case.name for result in results if result.status == "FAIL" and result.case.expect == "deny"
    ]


NOT_PROVEN = {
    # Mistakes by which each tenant says who it is, and not what it touches: no one request serves both tenants, but
    # each sends its own.
    "eventbridge": (
        "one bus for all, told apart by the source that the sender names",
        'event-bus/{{ event_bus }}-{{ tenant }}"',
        'event-bus/{{ event_bus }}", "Condition": {"StringEquals": {"events:source": "{{ tenant }}"}}',
    ),
    "bedrock": (
        "the caller's tag in place of the resource's",
        "aws:ResourceTag/tenant",
        "aws:PrincipalTag/tenant",
    ),
    "sns": (
        "one topic for all, told apart by the endpoint that it delivers to",
        """:{{ sns_topic }}-{{ tenant }}",
      "Condition\"""",
        """:{{ sns_topic }}",
      "Condition\"""",
    ),
}


@pytest.mark.parametrize("name", NOT_PROVEN, ids=[f"{name}: {twin[0]}" for name, twin in NOT_PROVEN.items()])
def test_a_mistake_that_says_who_asks_and_not_for_what_is_seen(name: str) -> None:
    _, right, wrong = NOT_PROVEN[name]
    assert right in EVERY[name].template
    proof = proof_of(name, with_kind(name, template=EVERY[name].template.replace(right, wrong)))
    assert proof.verdict == "LEAK"
    for finding in proof.findings:
        assert finding.witness is not None
        assert finding.witness.one.request.resource == finding.witness.other.request.resource
        assert finding.witness.one.request.context != finding.witness.other.request.context


@pytest.mark.parametrize("tenant", TYPES)
@every_kind
def test_another_type_of_tenant_is_proven_but_where_it_has_what_ends_the_name(name: str, tenant: str) -> None:
    proof = proof_of(name, with_kind(name, tenant=TYPES[tenant]))
    assert proof.verdict == ("LEAK" if (name, tenant) in LEAKS else "PROVEN")


# ── What stands in it ────────────────────────────────────────────────────────────────────────────────────────────────


@every_kind
def test_a_case_file_has_another_tenant_and_nobody_and_a_hostile_one(name: str) -> None:
    cases = parse_cases(EVERY[name].cases, file=name, around=surroundings(with_kind(name)))
    asked = {claims.get("tenant") for claims in (case.user.claims for case in cases)}
    assert {"acme", "*", None} <= asked
    assert "acme-west" in EVERY[name].cases
    assert {case.expect for case in cases} == {"allow", "deny", "refused"}


@every_kind
def test_no_policy_of_the_library_is_too_long_for_any_tenant(name: str) -> None:
    access = with_kind(name)
    assert access.templates.worst_case_length([name]) <= 2048


@every_kind
def test_no_file_of_the_library_needs_what_the_sample_s_environment_lacks(name: str) -> None:
    asked = {word for word in EVERY[name].rows.replace('"', " ").split() if word.startswith("env:")}
    assert {word.removeprefix("env:") for word in asked} <= set(sample_environment())


# ── What is said of it ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("marker", tables())
def test_a_table_of_the_page_is_that_of_the_templates(marker: str) -> None:
    text = PAGE.read_text()
    assert between(text, marker) == tables()[marker], "python -m tests.library.page writes it anew"


def test_the_page_has_a_section_for_every_kind_in_their_order_and_names_what_to_set() -> None:
    sections = re.findall(r"^## (\S+)\n(.+?)^<!--", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert [name for name, _ in sections] == list(EVERY)
    for name, text in sections:
        own = set(tomllib.loads(EVERY[name].rows)["variables"]) - {"partition", "region", "account"}
        assert set(re.findall(r"`variables\.(\w+)`", text)) == own
