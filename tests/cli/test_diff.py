"""`authorizer policy diff`: against a folder and against git, for a person and for a machine."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from authorizer.cli.policy import policy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / "new" / folder)
        shutil.copytree(ROOT / folder, tmp_path / "old" / folder)
    return tmp_path / "new"


def run(project: Path, old: str, *arguments: str) -> Result:
    access = str(project / "policies" / "access.toml")
    return CliRunner().invoke(policy, ["diff", old, "--access", access, *arguments])


def against_old(project: Path, *arguments: str) -> Result:
    return run(project, str(project.parent / "old" / "policies"), *arguments)


def change(project: Path, name: str, old: str, new: str) -> None:
    file = project / "policies" / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def git(folder: Path, *arguments: str) -> None:
    who = {
        f"GIT_{role}_{what}": "test@example.com"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **who, **alone}
    )


def test_nothing_changed(project: Path) -> None:
    result = against_old(project)
    assert result.exit_code == 0
    assert result.stdout.count("NO WIDER") == 5
    assert "NO WIDER, all in all" in result.stdout


def test_a_wider_template_is_shown_with_a_user_and_a_request(project: Path) -> None:
    change(project, "templates/s3-home.json.j2", "home/{{ sub }}/*", "home/*")
    result = against_old(project)
    assert result.exit_code == 1
    assert "WIDER editor: the new policy allows a request that the old one did not" in result.stdout
    assert "/home/*" in result.stdout
    assert "for example a user with" in result.stdout
    assert "may now s3:" in result.stdout
    assert "viewer   │ NO WIDER" in result.stdout


def test_a_narrower_template_is_fine_and_what_was_lost_is_told(project: Path) -> None:
    change(project, "templates/tenant-data.json.j2", '"s3:DeleteObject",', "")
    result = against_old(project)
    assert result.exit_code == 0
    assert "- s3:DeleteObject on arn:aws:s3:::" in result.stdout
    assert "with scope data:write" in result.stdout


def test_a_role_that_came_and_one_that_went(project: Path) -> None:
    change(project, "access.toml", "[roles.importer]", "[roles.exporter]")
    change(project, "access.toml", '"importer"', '"exporter"')
    result = against_old(project)
    assert result.exit_code == 1
    assert "WIDER exporter" in result.stdout
    assert "NO WIDER importer" in result.stdout


def test_json_for_machines(project: Path) -> None:
    change(project, "templates/s3-home.json.j2", "home/{{ sub }}/*", "home/*")
    results: dict[str, Any] = json.loads(against_old(project, "--json").stdout)
    by_role = {result["role"]: result for result in results["policies"]}
    assert by_role["viewer"]["verdict"] == "NO WIDER"
    assert by_role["viewer"]["witness"] is None
    assert by_role["editor"]["verdict"] == "WIDER"
    assert by_role["editor"]["witness"]["action"].startswith("s3:")
    assert by_role["editor"]["gained"][0]["resource"].startswith("arn:aws:s3:::")


def test_against_a_commit(project: Path) -> None:
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "--message=first")
    assert run(project, "main").exit_code == 0
    change(project, "templates/s3-home.json.j2", "home/{{ sub }}/*", "home/*")
    result = run(project, "HEAD")
    assert result.exit_code == 1
    assert "WIDER editor" in result.stdout


def test_a_commit_without_a_configuration_cannot_run(project: Path) -> None:
    git(project, "init", "--quiet", "--initial-branch=main")
    (project / "note").write_text("nothing here yet", encoding="utf-8")
    git(project, "add", "note")
    git(project, "commit", "--quiet", "--message=first")
    result = run(project, "main")
    assert result.exit_code == 2
    assert "'main' has no policies/access.toml" in " ".join(result.output.split())


@pytest.mark.parametrize("old", ["nowhere", "--output=/tmp/x", "HEAD; true"])
def test_what_is_no_commit_cannot_run(project: Path, old: str) -> None:
    git(project, "init", "--quiet")
    access = str(project / "policies" / "access.toml")
    result = CliRunner().invoke(policy, ["diff", "--access", access, "--", old])
    assert result.exit_code == 2
    assert "neither a folder nor a commit" in " ".join(result.output.replace("│", " ").split())


def test_a_folder_without_a_configuration_cannot_run(project: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run(project, str(tmp_path / "empty"))
    assert result.exit_code == 2
    assert "has no access.toml" in " ".join(result.output.split())


def test_what_was_gained_and_lost_is_told_with_who_and_a_request(project: Path) -> None:
    change(project, "access.toml", '["GET /files", "GET /files/*"]', '["GET /files", "ANY /*"]')
    change(project, "access.toml", 'result_ttl       = "env:RESULT_TTL"', 'result_ttl       = "1s"')
    result = against_old(project)
    assert result.exit_code == 1
    said = " ".join(result.stdout.replace("│", " ").split())
    assert said.index("Gained") < said.index("Lost")
    assert "routes of scopes" in said
    assert 'scopes ["files:read"], groups ["admins"] may now ask for route "DELETE /' in said
    assert "WIDER, all in all" in said


def test_json_tells_all_in_all_and_each_difference(project: Path) -> None:
    change(project, "access.toml", "[session]\n", "[session]\nend_with_token = true\n")
    narrower: dict[str, Any] = json.loads(against_old(project, "--json").stdout)
    assert narrower["verdict"] == "NO WIDER"
    [shift] = narrower["authority"]
    assert (shift["aspect"], shift["direction"], shift["identity"]) == ("end_with_token", "NARROWER", {})
    access = str(project.parent / "old" / "policies" / "access.toml")
    back = CliRunner().invoke(policy, ["diff", str(project / "policies"), "--access", access, "--json"])
    assert back.exit_code == 1
    wider = json.loads(back.stdout)
    assert wider["verdict"] == "WIDER"
    assert wider["authority"][0]["direction"] == "WIDER"
    assert wider["authority"][0]["request"]["action"]
