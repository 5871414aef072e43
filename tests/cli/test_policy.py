"""`authorizer policy …`: what it says, and with which exit code."""

import json
import re
import shutil
from pathlib import Path

import pytest

from authorizer.engine.check import edition
from tests.cli.test_commands import run
from tests.make import ROOT, SUB, sample_environment

ANN = ("--template", "s3-home", "--claim", f"sub={SUB}")
READ = ("--action", "s3:GetObject", "--resource", f"arn:aws:s3:::example-data/home/{SUB}/x")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the bundled configuration, to be changed."""
    for name in ("policies", "events"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_the_bundled_configuration_has_no_finding() -> None:
    done = run("policy", "check", variables=sample_environment())
    assert (done.returncode, done.stderr) == (0, "")
    assert "5 templates, 46 cases: no finding" in done.stdout
    assert f"condition keys of {edition()}." in done.stdout
    assert json.loads(run("policy", "check", "--json").stdout) == []


def test_check_tells_findings_with_place_code_and_remedy(project: Path) -> None:
    change(project / "policies/templates/s3-home.json.j2", "/home/{{ sub }}/*", "/home/{{ sub }}*")
    change(
        project / "policies/templates/s3-home.json.j2",
        "arn:{{ partition }}:s3:::{{ bucket }}/",
        "arn:aws:s3:::{{ bucket }}/",
    )
    done = run("policy", "check", cwd=project)
    assert done.returncode == 1
    assert re.search(r"policies/templates/s3-home.json.j2:\d+:\d+: .* \[open-prefix\]", done.stdout)
    assert re.search(r"policies/templates/s3-home.json.j2:19:\d+: .* \[partition\]", done.stdout)
    assert "    → put a separator between them" in done.stdout
    assert "2 findings" in done.stdout
    found = json.loads(run("policy", "check", "--json", cwd=project).stdout)
    assert [finding["code"] for finding in found] == ["partition", "open-prefix"] or len(found) == 2


def test_check_without_cases_says_so_for_every_template(project: Path) -> None:
    shutil.rmtree(project / "policies/cases")
    found = json.loads(run("policy", "check", "--json", cwd=project).stdout)
    assert [finding["code"] for finding in found] == ["no-cases"] * 12  # five templates, seven scopes
    assert "1 finding" in run("policy", "check", cwd=project).stdout or len(found) == 12


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_case_file_that_cannot_be_read_is_told_and_ends_with_2(project: Path, command: str) -> None:
    change(project / "policies/cases/s3-home.toml", 'expect   = "deny"', 'expect   = "denied"')
    (project / "policies/cases/latin.toml").write_bytes(b"\xff")
    done = run("policy", command, cwd=project)
    assert done.returncode == 2
    assert (
        "s3-home.toml:27:12: case 'ann reaches nobody else's files': `expect` is 'denied'"
        in done.stderr.replace('"', "'")
    )
    assert "latin.toml:1" in done.stderr
    assert "is not UTF-8 (byte 0xff): save it as UTF-8" in done.stderr


@pytest.mark.parametrize("command", ["check", "test"])
def test_a_configuration_that_does_not_load_ends_with_2(project: Path, command: str) -> None:
    change(project / "policies/templates/s3-home.json.j2", "{{ sub }}", "{{ subb }}")
    done = run("policy", command, cwd=project)
    assert done.returncode == 2
    assert "s3-home.json.j2:19:66: undeclared name `subb`" in done.stderr


def test_test_passes_and_covers_everything() -> None:
    done = run("policy", "test")
    assert done.returncode == 0
    assert "46 PASS" in done.stdout
    assert done.stdout.count("100 %") == 5 + 7
    assert "s3-home.toml:68:1: a star is no user" in run("policy", "test", "-v").stdout


def test_a_failing_case_is_explained(project: Path) -> None:
    change(project / "policies/templates/s3-home.json.j2", '"s3:DeleteObject",', "")
    done = run("policy", "test", cwd=project)
    assert done.returncode == 1
    assert "FAIL policies/cases/s3-home.toml:15:1: ann works with her own files" in done.stdout
    assert "s3-home.json.j2:9 (OwnObjects), Allow: action does not match" in done.stdout
    assert "45 PASS, 1 FAIL" in done.stdout
    shown = json.loads(run("policy", "test", "--json", cwd=project).stdout)
    assert [case["name"] for case in shown["cases"] if case["status"] == "FAIL"] == [
        "ann works with her own files"
    ]
    assert shown["coverage"][2] == {
        "template": "s3-home",
        "statements": 2,
        "statements_missed": [],
        "branches": 0,
        "branches_missed": [],
        "percent": 100,
    }


def test_a_case_that_cannot_be_judged_is_an_error_and_ends_with_2(project: Path) -> None:
    change(project / "policies/cases/s3-home.toml", f'claims = {{ sub = "{SUB}" }}', "claims = {}")
    change(project / "policies/cases/s3-home.toml", "{sub}", "{bob.sub}")
    done = run("policy", "test", "policies/cases/s3-home.toml", cwd=project)
    assert done.returncode == 2
    assert "ERROR policies/cases/s3-home.toml:15:1: ann works with her own files" in done.stdout
    assert "the template needs claim `sub`" in done.stdout


def test_who_has_a_case_file_is_not_told_to_write_it(project: Path) -> None:
    """Its one case is denied for want of an Allow, so that no statement decides it."""
    cases = project / "policies" / "cases"
    for file in cases.glob("*.toml"):
        file.unlink()
    (cases / "s3-home.toml").write_text(UNDECIDED)
    done = run("policy", "check", cwd=project)
    assert "its cases decide none of its statements [no-cases]" in done.stdout
    assert "→ run `authorizer policy test`, which says what came of each" in done.stdout
    assert "write policies/cases/s3-home.toml" not in done.stdout
    assert "write policies/cases/s3-tenant.toml" in done.stdout


UNDECIDED = """
templates = ["s3-home"]
[users.ann]
claims = { sub = "11111111-1111-4111-8111-111111111111" }
[[cases]]
name = "ann deletes no bucket"
user = "ann"
action = "s3:DeleteBucket"
resource = "arn:aws:s3:::other"
expect = "deny"
"""


def test_too_little_coverage_ends_with_1_unless_single_files_are_run(project: Path) -> None:
    (project / "policies/cases/s3-home.toml").unlink()
    done = run("policy", "test", cwd=project)
    assert done.returncode == 1
    assert "s3-home.json.j2:9: statement OwnObjects decides no case (s3-home)" in done.stdout
    assert run("policy", "test", "--coverage", "0", cwd=project).returncode == 0
    assert run("policy", "test", "policies/cases/s3-tenant.toml", cwd=project).returncode == 0


def test_no_case_at_all_ends_with_1(project: Path) -> None:
    shutil.rmtree(project / "policies/cases")
    done = run("policy", "test", "--coverage", "0", cwd=project)
    assert (done.returncode, "no cases" in done.stdout) == (1, True)


def test_render_prints_the_policy_and_how_much_room_is_left() -> None:
    done = run("policy", "render", *ANN)
    assert done.returncode == 0
    assert json.loads(done.stdout)["Statement"][1]["Condition"] == {
        "StringLike": {"s3:prefix": f"home/{SUB}/*"}
    }
    assert "STS takes 2048" in done.stderr
    compact = run("policy", "render", *ANN, "--compact").stdout.strip()
    assert json.loads(compact) == json.loads(done.stdout)
    shown = json.loads(run("policy", "render", *ANN, "--json").stdout)
    assert (shown["policy"], shown["length"], shown["limit"]) == (json.loads(compact), len(compact), 2048)


def test_render_takes_a_role_with_scopes_and_groups() -> None:
    viewer = ("policy", "render", "--role", "viewer", "--claim", "tenant=acme", "--compact")
    assert "s3:PutObject" not in run(*viewer).stdout
    assert "s3:PutObject" in run(*viewer, "--scope", "data:write").stdout
    assert "s3:PutObject" in run(*viewer, "--group", "editors").stdout


@pytest.mark.parametrize(
    ("written", "said"),
    [
        pytest.param("true", "a,b", id="true"),
        pytest.param('"comma"', "a,b", id="by comma"),
        pytest.param('"space"', "a b", id="by space"),
        pytest.param('"json"', '["a","b"]', id="JSON"),
    ],
)
def test_a_list_claim_is_split_as_its_text_is_written(project: Path, written: str, said: str) -> None:
    access = project / "policies/access.toml"
    change(access, "[claims]\n", f'[claims]\nteams = {{ type = "slug", list = {written}, max_items = 3 }}\n')
    (project / "policies/templates/teams.json.j2").write_text(
        '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ['
        '{% for t in teams %}"arn:{{ partition }}:s3:::b/{{ t }}/*"{% if not loop.last %},{% endif %}{% endfor %}]}}'
    )
    done = run(
        "policy", "render", "--template", "teams", "--claim", f"teams={said}", "--compact", cwd=project
    )
    assert '["arn:aws:s3:::b/a/*","arn:aws:s3:::b/b/*"]' in done.stdout


@pytest.mark.parametrize("command", [("render",), ("explain", *READ)])
def test_a_user_without_a_policy_ends_with_2(command: tuple[str, ...]) -> None:
    done = run("policy", *command, "--template", "s3-home")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no policy for this user: the template needs claim `sub`" in done.stderr
    done = run("policy", *command, "--template", "s3-home", "--claim", "sub=*")
    assert (done.returncode, done.stdout) == (2, "")
    assert "could change the meaning of a policy" in done.stderr


def test_explain_says_what_decides() -> None:
    done = run("policy", "explain", *ANN, *READ)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "allowed by statement 1 (OwnObjects) of the session policy"
    assert "s3-home.json.j2:9: OwnObjects, Allow: decides" in done.stdout
    shown = json.loads(run("policy", "explain", *ANN, *READ, "--json").stdout)
    assert shown["verdict"] == "allow"
    assert [(row["statement"], row["decided"]) for row in shown["statements"]] == [
        ("OwnObjects", True),
        ("OwnListing", False),
    ]


MANAGED = "Not seen: role viewer passes managed_policies: what they allow besides is not seen here"


def managed(project: Path) -> None:
    """Viewers with a managed policy."""
    change(
        project / "policies/access.toml",
        "[roles.viewer]",
        '[roles.viewer]\nmanaged_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]',
    )


def test_explain_says_that_managed_policies_are_not_seen(project: Path) -> None:
    managed(project)
    who = ("--role", "viewer", "--claim", f"sub={SUB}", "--claim", "tenant=acme")
    done = run("policy", "explain", *who, *READ, cwd=project)
    assert (done.returncode, MANAGED in done.stdout) == (1, True)
    assert json.loads(run("policy", "explain", *who, *READ, "--json", cwd=project).stdout)["notes"] == [
        MANAGED.removeprefix("Not seen: ")
    ]
    assert "Not seen" not in run("policy", "explain", *ANN, *READ, cwd=project).stdout


def test_test_says_that_managed_policies_are_not_seen(project: Path) -> None:
    managed(project)
    done = run("policy", "test", cwd=project)
    assert (done.returncode, MANAGED in done.stdout) == (0, True)
    assert json.loads(run("policy", "test", "--json", cwd=project).stdout)["notes"] == [
        MANAGED.removeprefix("Not seen: ")
    ]


def test_explain_says_why_nothing_matches() -> None:
    request = ("--action", "s3:ListBucket", "--resource", "arn:aws:s3:::example-data")
    done = run(
        "policy",
        "explain",
        *ANN,
        *request,
        "--context",
        "s3:prefix=x/",
        "--context",
        "aws:TagKeys=a",
        "--context",
        "aws:TagKeys=b",
    )
    assert done.returncode == 1
    assert (
        f"    condition wanted StringLike s3:prefix 'home/{SUB}/*'\n                 got 'x/'" in done.stdout
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("render",), "say either --role or --template", id="neither role nor template"),
        pytest.param(("render", "--role", "viewer", *ANN), "say either --role or --template", id="both"),
        pytest.param(("render", "--role", "x"), "'x' is not among viewer, editor", id="an unknown role"),
        pytest.param(
            ("render", "--template", "x"), "'x' is not among dynamodb-tenant", id="an unknown template"
        ),
        pytest.param(("render", *ANN, "--claim", "x=1"), "'x': expected NAME=VALUE", id="an unknown claim"),
        pytest.param(
            ("render", *ANN, "--claim", "sub"), "'sub': expected NAME=VALUE", id="a claim without a value"
        ),
        pytest.param(("render", *ANN, "--group", "x"), "'x' is not among admins", id="an unknown group"),
        pytest.param(
            ("explain", *ANN, *READ, "--scope", "data:wriet"),
            "data:wriet' is not among data:read, data:write, files:read",
            id="an unknown scope",
        ),
        pytest.param(
            ("explain", *ANN, "--action", "s3:GetObject", "--resource", "s3://example-data/x"),
            "'s3://example-data/x' is no ARN: expected arn:PARTITION:SERVICE",
            id="no ARN",
        ),
        pytest.param(
            ("explain", *ANN, "--action", "s3:GetObject", "--resource", "arn:aws:s3:::example-data"),
            "'s3:GetObject' never works on 'arn:aws:s3:::example-data': expected arn:",
            id="a bucket for an object",
        ),
        pytest.param(
            ("explain", *ANN, *READ, "--context", "s3:prefx=a"),
            "there is no condition key 's3:prefx' (closest: s3:prefix)",
            id="an unknown condition key",
        ),
        pytest.param(
            ("explain", *ANN, *READ, "--context", "x"), "'x': expected KEY=VALUE", id="a key without a value"
        ),
        pytest.param(
            ("explain", *ANN, *READ, "--context", "s3:prefix=a", "--context", "S3:Prefix=b"),
            "a key in two spellings",
            id="a key in two spellings",
        ),
        pytest.param(("nonsense",), "No such command", id="an unknown command"),
    ],
)
def test_a_wrong_call_ends_with_2(arguments: tuple[str, ...], said: str) -> None:
    done = run("policy", *arguments)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_help_lists_the_subcommands() -> None:
    done = run("policy", "--help")
    assert all(f"  {name}  " in done.stdout for name in ("check", "render", "test", "explain", "prove"))


def test_a_finding_that_is_meant_is_told_with_its_reason_and_fails_nothing(project: Path) -> None:
    change(project / "policies/templates/s3-home.json.j2", "arn:{{ partition }}:", "arn:aws:")
    found = run("policy", "check", cwd=project, variables=sample_environment())
    assert found.returncode == 1
    assert "[partition]" in found.stdout
    with (project / "policies/access.toml").open("a") as file:
        file.write('[[lint.ignore]]\ncode = "partition"\nwhere = "s3-home"\nreason = "never in China"\n')
    meant = run("policy", "check", cwd=project, variables=sample_environment())
    assert (meant.returncode, meant.stderr) == (0, "")
    assert ": partition: ignored: never in China\n" in meant.stdout
