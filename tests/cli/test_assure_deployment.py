"""`authorizer assure --deployment`: what is deployed, in the report and in its check."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from authorizer.cli.assure import assure
from tests.make import ROOT

DAY = "2027-01-15"


@pytest.fixture(scope="module")
def assured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled configuration and what deploys it, with their report: to copy."""
    folder = tmp_path_factory.mktemp("assured")
    for name in ("policies", "events"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "deploy").mkdir()
    for name in ("template.yaml", "alarms.yaml"):
        shutil.copy(ROOT / "deploy" / name, folder / "deploy")
    done = run(folder, "--date", DAY)
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def project(assured: Path, tmp_path: Path) -> Path:
    return shutil.copytree(assured, tmp_path / "copy")


def run(project: Path, *arguments: str, deployment: bool = True) -> Result:
    given = [
        str(project / argument) if argument.startswith("assurance") else argument for argument in arguments
    ]
    files = ["--deployment", str(project / "deploy" / "template.yaml")] if deployment else []
    access, out = project / "policies" / "access.toml", project / "assurance"
    return CliRunner().invoke(
        assure, ["--sample", "--access", str(access), "--out", str(out), *files, *given]
    )


def made(project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / "assurance" / "report.json").read_text())
    return found


def change(project: Path, old: str, new: str) -> None:
    file = project / "deploy" / "template.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_the_report_has_each_assumption_with_its_place(assured: Path) -> None:
    found = made(assured)
    rows = {row["text"]: row for row in found["assumptions"]}
    trust = rows["each role's trust policy lets only the authorizer assume it"]
    assert trust["state"] == "CHECKED"
    assert trust["place"].startswith("deploy/template.yaml:")
    (apart,) = (row for text, row in rows.items() if text.startswith("`s3:prefix`"))
    assert (apart["state"], apart["place"][:54]) == (
        "OPEN",
        "no file shows it; what would close it: no file; AWS: S",
    )
    assert not rows["each role takes the terms of access.toml, and no others"]["proofs"]
    assert (found["verdict"], found["open"]) == ("HOLDS", 3)
    text = (assured / "assurance" / "report.json").read_text()
    assert "zq0" not in text
    assert str(assured) not in text


def test_files_and_the_stacks_that_they_nest_are_its_scope(assured: Path) -> None:
    kinds = {row["name"]: row["kind"] for row in made(assured)["scope"]["files"]}
    assert kinds["deploy/template.yaml"] == "deployment"
    assert kinds["deploy/alarms.yaml"] == "nested stack"


def test_the_page_says_what_is_of_the_deployment(assured: Path) -> None:
    page = (assured / "assurance" / "report.html").read_text()
    assert "of the deployment" in page
    assert "The deployment was read with values of" not in page


def test_what_is_refuted_fails_and_is_told_with_its_place(project: Path) -> None:
    change(project, "AWS: !GetAtt AuthorizerRole.Arn", 'AWS: "*"')
    done = run(project, "--date", DAY)
    assert done.exit_code == 1
    assert "role viewer may be assumed by everybody" in done.output
    found = made(project)
    assert found["verdict"] == "FINDINGS"
    (row,) = (row for row in found["assumptions"] if row["state"] == "REFUTED")
    assert row["place"].startswith("deploy/template.yaml:")
    risks = json.loads((project / "assurance" / "report.oscal.json").read_text())
    assert "role viewer may be assumed by everybody" in json.dumps(risks)
    assert "REFUTED" in (project / "assurance" / "report.html").read_text()


def test_parameters_are_told_by_their_names_alone(project: Path) -> None:
    given = ("--parameter", "AlarmTopicArn=arn:aws:sns:eu-west-1:123456789012:ours")
    assert run(project, "--date", DAY, *given).exit_code == 0
    assert made(project)["scope"]["parameters"] == ["AlarmTopicArn"]
    assert "12:ours" not in (project / "assurance" / "report.json").read_text()
    assert "read with values of AlarmTopicArn" in (project / "assurance" / "report.html").read_text()
    assert run(project, "--verify", "assurance", *given).exit_code == 0
    done = run(project, "--verify", "assurance")
    assert (done.exit_code, "scope.parameters" in done.output) == (1, True)


def test_it_is_verified_with_the_same_files(project: Path) -> None:
    done = run(project, "--verify", "assurance")
    assert (done.exit_code, "as said: report.json, report.html, report.oscal.json" in done.output) == (
        0,
        True,
    )


@pytest.mark.parametrize("name", ["deploy/template.yaml", "deploy/alarms.yaml"])
@pytest.mark.parametrize("at", [0, 0.37, 0.71, 0.999])
def test_a_flipped_byte_of_what_is_deployed_fails(project: Path, name: str, at: float) -> None:
    file = project / name
    content = bytearray(file.read_bytes())
    content[int(at * len(content))] ^= 1
    file.write_bytes(content)
    done = run(project, "--verify", "assurance")
    assert done.exit_code == 1, done.output
    assert name in done.output


def test_a_nested_stack_that_is_gone_fails(project: Path) -> None:
    (project / "deploy" / "alarms.yaml").unlink()
    done = run(project, "--verify", "assurance")
    assert (done.exit_code, "deploy/alarms.yaml" in done.output) == (1, True)


def test_a_report_of_a_deployment_is_not_checked_without_one(project: Path) -> None:
    done = run(project, "--verify", "assurance", deployment=False)
    assert (done.exit_code, "name its files with --deployment" in done.output) == (2, True)


def test_a_deployment_that_the_report_has_not_is_told(project: Path) -> None:
    assert run(project, deployment=False).exit_code == 0
    done = run(project, "--verify", "assurance")
    assert done.exit_code == 1
    assert "deploy/template.yaml is not the file of the report: expected SHA-256 of no file" in done.output


def test_what_cannot_be_read_ends_it(project: Path) -> None:
    (project / "deploy" / "template.yaml").write_text("[]")
    done = run(project)
    assert (done.exit_code, "has no Resources" in done.output) == (2, True)


def test_a_parameter_wants_a_template(project: Path) -> None:
    done = run(project, "--parameter", "A=b", deployment=False)
    assert (done.exit_code, "name one with --deployment" in done.output) == (2, True)


def test_two_files_of_one_name_are_refused(project: Path, tmp_path: Path) -> None:
    others = [tmp_path / name / "account.json" for name in ("a", "b")]
    for file in others:
        file.parent.mkdir()
        file.write_text(json.dumps({"authorization": {"RoleDetailList": []}}))
    done = run(project, *(text for file in others for text in ("--deployment", str(file))))
    assert (done.exit_code, "by one name" in done.output) == (2, True)
