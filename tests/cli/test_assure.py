"""`authorizer assure`: what it writes, what it says, and that no byte of an input or of the report goes unseen."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from authorizer.cli import paper
from tests.cli.test_commands import Done, run
from tests.make import ROOT, sample_environment

pytestmark = pytest.mark.slow

DAY = "2027-01-15"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the bundled configuration, to change."""
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


@pytest.fixture(scope="module")
def assured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with its report, to copy."""
    folder = tmp_path_factory.mktemp("assured")
    for name in ("policies", "events"):
        shutil.copytree(ROOT / name, folder / name)
    assure(folder, "--date", DAY)
    return folder


def assure(
    project: Path, *arguments: str, sample: bool = True, variables: Mapping[str, str] | None = None
) -> Done:
    said = ("--sample",) if sample else ()
    return run("assure", *said, *arguments, cwd=project, home=project, variables=variables)


def made(project: Path, name: str = "assurance") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((project / name / "report.json").read_text())
    return found


def change(project: Path, name: str, old: str, new: str) -> None:
    file = project / "policies" / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def git(project: Path, *arguments: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=e")
    subprocess.run(["git", *who, *arguments], cwd=project, check=True, capture_output=True)


def committed(project: Path) -> None:
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "x")


def test_a_report_is_written_in_every_form_and_summed_up(project: Path) -> None:
    done = assure(project, "--date", DAY)
    assert done.returncode == 0
    assert sorted(file.name for file in (project / "assurance").iterdir()) == [
        "report.html",
        "report.json",
        "report.oscal.json",
    ]
    assert "role editor: PROVEN" in done.stdout
    assert "46 of 46 cases pass; 179 checks of the matrix" in done.stdout
    assert done.stdout.endswith("HOLDS, 11 assumptions open\n")
    assert made(project)["date"] == DAY


def test_the_same_inputs_give_the_same_bytes_wherever_they_lie(project: Path, tmp_path: Path) -> None:
    assure(project, "--date", DAY)
    other = tmp_path / "other place"
    for folder in ("policies", "events"):
        shutil.copytree(project / folder, other / folder)
    assure(tmp_path, "--date", DAY, "--access", str(other / "policies" / "access.toml"), "--out", "there")
    for file in (project / "assurance").iterdir():
        assert file.read_bytes() == (tmp_path / "there" / file.name).read_bytes()
        assert str(tmp_path).encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "variables", "day"),
    [
        pytest.param((), {}, None, id="no clock is asked"),
        pytest.param((), {"SOURCE_DATE_EPOCH": "1800000000"}, DAY, id="the environment's"),
        pytest.param(
            ("--date", "2027-02-01"), {"SOURCE_DATE_EPOCH": "1800000000"}, "2027-02-01", id="the one named"
        ),
    ],
)
def test_the_day_is_said(
    project: Path, arguments: tuple[str, ...], variables: dict[str, str], day: str | None
) -> None:
    done = assure(project, *arguments, variables=variables)
    assert done.returncode == 0
    assert made(project)["date"] == day
    assert (project / "assurance" / "report.oscal.json").exists() == (day is not None)
    assert ("no report.oscal.json: it needs a day" in done.stderr) == (day is None)


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        pytest.param(("--date", "tomorrow"), {}, "expected a day such as 2027-01-31", id="no day"),
        pytest.param((), {"SOURCE_DATE_EPOCH": "x"}, "expected seconds since 1970", id="no seconds"),
        pytest.param(
            (), {"SOURCE_DATE_EPOCH": "9" * 30}, "expected seconds since 1970", id="too many seconds"
        ),
        pytest.param(("--verify", "policies"), {}, "there is no report.json in policies", id="no report"),
    ],
)
def test_what_cannot_be_done_is_said(
    project: Path, arguments: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    done = assure(project, *arguments, variables=variables)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (project / "assurance").exists()


def test_it_is_about_a_deployment_unless_the_sample_is_asked_for(project: Path) -> None:
    assert assure(project, sample=False).returncode == 2
    done = assure(project, sample=False, variables=sample_environment())
    assert done.returncode == 0
    assert not any(row["sample"] for row in made(project)["scope"]["environment"])
    assert "sample" not in done.stdout + done.stderr
    done = assure(project, "--out", "sample")
    assert (
        f"with sample values of {', '.join(sorted(sample_environment()))}: about no deployment" in done.stdout
    )
    assert all(row["sample"] for row in made(project, "sample")["scope"]["environment"])


def test_findings_exit_1_and_are_named(project: Path) -> None:
    change(project, "templates/s3-home.json.j2", "/home/{{ sub }}/*", "/home/*")
    done = assure(project)
    assert done.returncode == 1
    assert "proofs: policy s3-home: LEAK" in done.stdout
    assert "FINDINGS" in done.stdout


def test_case_files_that_cannot_be_read_end_it(project: Path) -> None:
    change(project, "cases/s3-home.toml", "[[cases]]", "[[case]]")
    done = assure(project)
    assert done.returncode == 2
    assert "s3-home.toml" in done.stderr


def test_an_exception_with_an_end_asks_for_a_day(project: Path) -> None:
    shared = (
        'shared = [{ statement = "OwnObjects", actions = ["s3:GetObject"], resources = ["arn:aws:s3:::b/x"], '
    )
    row = f's3-home         = {{ isolates = "sub", {shared} until = 2027-01-31 }}] }}'
    change(project, "access.toml", 's3-home         = { isolates = "sub" }', row)
    done = assure(project)
    assert done.returncode == 2
    assert "an exception has an end" in done.stderr
    assure(project, "--date", "2027-01-31")
    assert not any("ended" in finding["text"] for finding in made(project)["findings"])
    assert assure(project, "--date", "2027-02-01").returncode == 1
    assert any("ended on 2027-01-31" in finding["text"] for finding in made(project)["findings"])
    assert made(project)["exceptions"][0]["until"] == "2027-01-31"


def test_an_ignored_finding_with_an_end_asks_for_a_day_too(project: Path) -> None:
    rows = '\n[[lint.ignore]]\ncode = "scan"\nwhere = "s3-home"\nreason = "r"\nuntil = 2027-01-31\n'
    with (project / "policies" / "access.toml").open("a") as file:
        file.write(rows)
    assert assure(project).returncode == 2


def test_an_exception_counts_no_longer_for_a_day_that_only_looks_like_one(project: Path) -> None:
    rows = '\n[[lint.ignore]]\ncode = "scan"\nwhere = "s3-home"\nreason = "r"\nuntil = 2025-01-31\n'
    with (project / "policies" / "access.toml").open("a") as file:
        file.write(rows)
    assert assure(project, "--date", DAY).returncode == 1
    report = project / "assurance" / "report.json"
    report.write_text(report.read_text().replace(f'"date": "{DAY}"', f'"date": " {DAY}"'))
    done = assure(project, "--verify", "assurance/report.json")
    assert (done.returncode, "its `date`" in done.stdout) == (1, True)


# ── Verify ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_is_verified_by_the_inputs_alone(project: Path) -> None:
    assure(project, "--date", DAY)
    done = assure(project, "--verify", "assurance")
    assert (done.returncode, done.stdout) == (
        0,
        "as said: report.json, report.html, report.oscal.json, every byte, by these inputs, "
        "for the day 2027-01-15: HOLDS\n",
    )
    done = assure(project, "--verify", "assurance/report.json")
    assert (done.returncode, done.stdout) == (
        0,
        "as said: report.json, every byte, by these inputs, for the day 2027-01-15: HOLDS\n",
    )


def test_a_report_without_a_date_is_verified_without_oscal(project: Path) -> None:
    assure(project)
    assert assure(project, "--verify", "assurance").stdout == (
        "as said: report.json, report.html, every byte, by these inputs, for no day: HOLDS\n"
    )


@pytest.mark.parametrize("other", [("--date", DAY), ("--pdf",)], ids=["a day", "a printed page"])
def test_what_is_verified_is_asked_for_no_other_way(project: Path, other: tuple[str, ...]) -> None:
    """A report of another day would else hold, whatever day was asked for."""
    assure(project)
    done = assure(project, "--verify", "assurance", *other)
    assert done.returncode == 2
    assert "as it says it was made" in done.stderr


INPUTS = (
    *(
        "policies/access.toml",
        "policies/templates/s3-home.json.j2",
        "policies/templates/_dynamodb-keys.json.j2",
    ),
    *("policies/cases/s3-tenant.toml", "events/personas.toml"),
)
REPORTS = ("assurance/report.json", "assurance/report.html", "assurance/report.oscal.json")


@pytest.mark.parametrize("at", [0, 0.31, 0.62, 0.999])
@pytest.mark.parametrize("name", [*INPUTS, *REPORTS])
def test_a_flipped_byte_fails_and_says_in_which_file(
    assured: Path, tmp_path: Path, name: str, at: float
) -> None:
    project = shutil.copytree(assured, tmp_path / "copy")
    file = project / name
    content = bytearray(file.read_bytes())
    content[int(at * len(content))] ^= 1
    file.write_bytes(content)
    done = assure(project, "--verify", "assurance")
    assert done.returncode == 1
    assert name.removeprefix("policies/").removeprefix("assurance/") in done.stdout
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["report.html", "report.oscal.json"])
def test_a_file_of_the_report_that_is_gone_is_told(project: Path, name: str) -> None:
    assure(project, "--date", DAY)
    (project / "assurance" / name).unlink()
    done = assure(project, "--verify", "assurance")
    assert (done.returncode, done.stdout) == (1, f"{name}: is not what this report is written as\n")


def test_a_file_more_and_a_file_less_are_told(project: Path) -> None:
    assure(project)
    (project / "policies" / "templates" / "_more.json.j2").write_text("")
    (project / "policies" / "cases" / "s3-home.toml").unlink()
    done = assure(project, "--verify", "assurance")
    assert done.returncode == 1
    assert "templates/_more.json.j2 is not the file of the report: expected SHA-256 of no file" in done.stdout
    assert "cases/s3-home.toml is not the file of the report" in done.stdout
    assert "found no file" in done.stdout


def test_another_environment_is_told_by_its_name(project: Path) -> None:
    assure(project)
    done = assure(project, "--verify", "assurance", variables={"DATA_BUCKET": "another"})
    assert done.returncode == 1
    assert "the environment variable DATA_BUCKET is another" in done.stdout
    assert "another-" not in done.stdout


def test_a_verdict_that_somebody_wrote_is_found(project: Path) -> None:
    change(project, "templates/s3-home.json.j2", "/home/{{ sub }}/*", "/home/*")
    assure(project)
    found = made(project)
    found |= {"verdict": "HOLDS", "findings": []}
    for proof in found["proofs"]:
        proof |= {"verdict": "PROVEN", "told": "PROVEN", "findings": []}
    (project / "assurance" / "report.json").write_text(json.dumps(found, indent=2) + "\n")
    done = assure(project, "--verify", "assurance/report.json")
    assert done.returncode == 1
    assert "verdict: 'HOLDS' in the report, 'FINDINGS' by what is here" in done.stdout


def test_a_report_whose_scope_is_none_is_told(project: Path) -> None:
    assure(project)
    file = project / "assurance" / "report.json"
    file.write_text(json.dumps({**made(project), "scope": 1}))
    done = assure(project, "--verify", "assurance")
    assert (done.returncode, done.stdout[:24]) == (1, "report.json: no report: ")


# ── Since ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def first(project: Path) -> None:
    """A report, a commit of what it is about, and then a wider viewer."""
    assure(project, "--date", DAY, "--out", "last")
    committed(project)
    change(
        project,
        "access.toml",
        'role       = "viewer"\nprecedence = 20',
        'role       = "admin"\nprecedence = 20',
    )


LAST = ("--since", "last/report.json", "--date", "2027-02-15")


def test_what_changed_is_told_with_a_witness_of_the_configuration_in_git(project: Path) -> None:
    first(project)
    done = assure(project, *LAST)
    assert "since the last report: WIDER" in done.stdout
    found = made(project)["changes"]
    assert found["since"]["date"] == DAY
    assert [row["name"] for row in found["files"]] == ["access.toml"]
    (shift,) = (row for row in found["authority"]["authority"] if row["direction"] == "WIDER")
    assert shift["identity"]["groups"] == ["viewers"]
    assert shift["request"]
    assert "Changes since the last report" in (project / "assurance" / "report.html").read_text()


def test_nothing_changed_needs_no_git(project: Path) -> None:
    assure(project, "--date", DAY, "--out", "last")
    assert "since the last report: NO WIDER" in assure(project, *LAST).stdout


def test_the_old_configuration_can_be_named(project: Path) -> None:
    first(project)
    shutil.copytree(project / "policies", project / "other")
    done = assure(project, *LAST, "--old", "HEAD")
    assert "since the last report: WIDER" in done.stdout
    done = assure(project, *LAST, "--old", "other")
    assert done.returncode == 2
    assert "'other' has not the configuration of the last report" in " ".join(done.stderr.split())


def test_an_old_configuration_that_is_nowhere_is_asked_for(project: Path) -> None:
    first(project)
    git(project, "checkout", "-q", "--orphan", "new")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "y")
    done = assure(project, *LAST)
    assert done.returncode == 2
    assert "name its commit or its folder with --old" in " ".join(done.stderr.split())


def test_the_commit_is_found_where_only_a_template_differs(project: Path) -> None:
    assure(project, "--date", DAY, "--out", "last")
    committed(project)
    change(project, "templates/s3-client.json.j2", "machine", "Machine")
    git(project, "commit", "-aqm", "y")
    assert "NO WIDER" in assure(project, *LAST).stdout
    assert [row["name"] for row in made(project)["changes"]["files"]] == ["templates/s3-client.json.j2"]


def test_a_last_report_that_is_none_is_refused(project: Path) -> None:
    (project / "last.json").write_text("{}")
    done = assure(project, "--since", "last.json")
    assert done.returncode == 2
    assert "no report of format 2" in done.stderr


def test_a_report_of_changes_is_verified_with_the_last_one(project: Path) -> None:
    first(project)
    assure(project, *LAST)
    assert "name that with --since" in assure(project, "--verify", "assurance").stderr
    assert assure(project, "--verify", "assurance", "--since", "last/report.json").returncode == 0
    last = project / "last" / "report.json"
    last.write_text(last.read_text() + " ")
    done = assure(project, "--verify", "assurance", "--since", "last/report.json")
    assert done.returncode == 1
    assert "changes.since.sha256" in done.stdout


# ── Paper ────────────────────────────────────────────────────────────────────────────────────────────────────────────

BROWSER = """#!/bin/sh
for word in "$@"; do case "$word" in --print-to-pdf=*) file="${word#--print-to-pdf=}" ;; esac; done
echo "$@" >"$LOG"
printf '%%PDF-1.4 /CreationDate (D:%s) /ModDate (D:2026) end' "$(date +%Y%m%d%H%M%S%N)" >"$file"
"""


def browser(project: Path, text: str = BROWSER) -> dict[str, str]:
    folder = project / "bin"
    folder.mkdir()
    (folder / "chromium").write_text(text)
    (folder / "chromium").chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "LOG": str(project / "log")}


@pytest.mark.parametrize("user", [0, 1000])
def test_the_page_is_printed_the_same_each_time(
    project: Path, monkeypatch: pytest.MonkeyPatch, user: int
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    variables = browser(project)
    assert assure(project, "--pdf", variables=variables).returncode == 0
    pdf = project / "assurance" / "report.pdf"
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF-1.4 /CreationDate (D:19700101000000+00'00'00) /ModDate (D:1970) end")
    assert ("--no-sandbox" in (project / "log").read_text()) == (user == 0)
    assure(project, "--pdf", variables=variables)
    assert pdf.read_bytes() == content


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("#!/bin/sh\necho no display >&2\nexit 1\n", "no display", id="it fails"),
        pytest.param("#!/bin/sh\nexit 0\n", "could not print", id="it writes nothing"),
        pytest.param("#!/bin/sh\nexec sleep 60\n", "took longer than 0.2 seconds", id="it never ends"),
    ],
)
def test_a_browser_that_does_not_print_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setattr(paper, "SECONDS", 0.2 if "sleep" in text else 60)
    done = assure(project, "--pdf", variables=browser(project, text))
    assert done.returncode == 1
    assert said in done.stderr


def test_no_browser_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "BROWSERS", ("no-such-browser",))
    done = assure(project, "--pdf")
    assert done.returncode == 2
    assert "needs a browser, one of no-such-browser" in done.stderr


@pytest.mark.skipif(
    shutil.which("chromium") is None, reason="no chromium: apt-get install chromium to print a page for real"
)
def test_chromium_prints_a_page(tmp_path: Path) -> None:
    page = tmp_path / "a page.html"
    page.write_text("<!doctype html><title>t</title><p>hello")
    paper.print_page(page, tmp_path / "one.pdf")
    paper.print_page(page, tmp_path / "two.pdf")
    assert (tmp_path / "one.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()
