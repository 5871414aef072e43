"""Findings: their place to the column, their code, what suppresses them, and every format that they are printed in."""

import json
import re
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from authorizer.cli.carets import locate
from authorizer.cli.codes import CODES, DEFAULTS, GIVEN, LINT, PROBLEMS, code_of
from authorizer.cli.findings import Found, at_line, lines_of, of_problems, sifted
from authorizer.cli.formats import FORMATS
from authorizer.engine.check.lint import CODES as LINT_CODES
from authorizer.errors import Refusal
from tests.cli.test_commands import run
from tests.make import ROOT
from tests.test_runtime import refusals

COMMANDS = ("check", "policy check", "policy test", "policy prove")
PARTITION = ("arn:{{ partition }}:s3:::{{ bucket }}/home", "arn:aws:s3:::{{ bucket }}/home")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the bundled policies and events, with one finding of the lint in it."""
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    change(tmp_path, "templates/s3-home.json.j2", *PARTITION)
    return tmp_path


def change(project: Path, file: str, old: str, new: str) -> None:
    path = project / "policies" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


# ── Codes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_code_that_can_be_told_is_in_the_table_once() -> None:
    rows = (*PROBLEMS, *DEFAULTS, *GIVEN, *LINT)
    assert len({row.name for row in rows}) == len(rows) == len(CODES)
    # `unknown-action` is found by the lint and told of cases, too: one row, in PROBLEMS.
    assert set(LINT_CODES) == {row.name for row in LINT} | {"unknown-action"}
    given = set()
    for file in (ROOT / "authorizer/cli").glob("*.py"):
        given |= set(re.findall(r'code="([a-z-]+)"', file.read_text()))
    assert given <= CODES.keys()
    for row in rows:
        assert all((row.meaning, row.example, row.remedy)), row.name


@pytest.mark.parametrize(
    ("problem", "file", "code"),
    [
        ("session.duraton: unknown setting; did you mean 'duration'?", "policies/access.toml", "unknown-key"),
        ("roles.x.arn: is required", "policies/access.toml", "missing"),
        ("a simple answer needs a TTL of 0s", "policies/access.toml", "incoherent"),
        ("the cache would answer for others", "policies/access.toml", "incoherent"),
        ("no `Action`", "policies/templates/t.json.j2", "document"),
        ("case 'x' is odd", "policies/cases/x.toml", "case-file"),
        ("not JSON: a comma before a closing bracket (leave it out)", "t.json.j2", "not-json"),
    ],
)
def test_a_problem_that_is_told_in_a_sentence_has_a_code(problem: str, file: str, code: str) -> None:
    assert code_of(problem, file) == code


def test_why_explains_a_code_and_lists_all() -> None:
    done = run("why", "open-prefix")
    assert done.returncode == 0
    row = CODES["open-prefix"]
    assert all(
        part in done.stdout
        for part in (row.meaning, row.example, row.remedy, "authorizer: ignore open-prefix")
    )
    assert "authorizer: ignore" not in run("why", "[not-toml]").stdout
    listed = run("why").stdout
    assert all(re.search(rf"^{name} ", listed, re.MULTILINE) for name in CODES)


@pytest.mark.parametrize("refusal", [each for each in refusals() if "code" in vars(each)])
def test_why_explains_a_refusal_in_the_words_of_its_class(refusal: type[Refusal]) -> None:
    done = run("why", refusal.code)
    assert done.returncode == 0
    assert done.stdout.startswith(f"{refusal.code} (")
    assert " ".join((refusal.__doc__ or "").split()).startswith(
        done.stdout.partition("): ")[2].split("\n")[0]
    )
    assert f"API Gateway answers {done.stdout.partition('(')[2][:3]}." in done.stdout


def test_why_lists_the_refusals_and_knows_what_was_meant() -> None:
    listed = run("why").stdout
    assert re.search(r"^no_role  +403: Nothing leads", listed, re.MULTILINE)
    assert "did you mean 'route_closed'?" in run("why", "rout_closed").stderr


def test_why_of_no_code_names_the_nearest() -> None:
    done = run("why", "open-prefx")
    assert (done.returncode, "did you mean 'open-prefix'?" in done.stderr) == (2, True)
    assert "did you mean" not in run("why", "zzzz").stderr


# ── Places ───────────────────────────────────────────────────────────────────────────────────────────────────────────

TEMPLATE = ["{", '  "Sid": "A",', '  "Action": [', '    "s3:GetObjekt"', "  ]", "}", '{ "s3:GetObjekt" }']


@pytest.mark.parametrize(
    ("lines", "line", "key", "text", "found"),
    [
        pytest.param(
            TEMPLATE, 1, "", "`s3:GetObjekt` is no action", (4, 5, 14), id="further on in a statement"
        ),
        pytest.param(TEMPLATE, 1, "", "`s3:Other` is no action", (1, 1, 1), id="not in the statement"),
        pytest.param(['x = ["a", "b"]'], 1, "t.x", "there is no role 'b'", (1, 11, 3), id="an item"),
        pytest.param(
            ["x = [", '  "b",', "]"], 1, "t.x", "there is no role 'b'", (2, 3, 3), id="a later line"
        ),
        pytest.param(
            ['x = "ab"  # b'], 1, "t.x", "there is no role 'b'", (1, 5, 4), id="a comment does not count"
        ),
        pytest.param(["x = 12"], 1, "t.x", "expected 1 to 2, found 12", (1, 5, 2), id="a number"),
        pytest.param(["y = 1"], 1, "t.x", "is required", (1, 1, 5), id="a key that is not there"),
        pytest.param([], 3, "", "x", (3, 1, 1), id="a line that is not there"),
        pytest.param(["  , ]"], 1, "", "a comma before a closing bracket", (1, 3, 1), id="a comma"),
        pytest.param(['"a b" = 1'], 1, 'scopes."a b"', "unknown key", (1, 2, 3), id="a quoted key"),
        pytest.param(["{{ a.b }}"], 1, "", "a hole is a plain name", (1, 4, 3), id="a hole that is no name"),
        pytest.param(["{{ a }}"], 1, "", "a hole is a plain name", (1, 1, 7), id="a hole that is one"),
        pytest.param(["x = {}"], 1, "t.x", "expected a text", (1, 5, 1), id="an empty table"),
    ],
)
def test_a_caret_points_at_what_the_words_are_about(
    lines: list[str], line: int, key: str, text: str, found: tuple[int, int, int]
) -> None:
    assert locate(lines, line, key, text) == found


def test_a_problem_without_a_file_is_told_as_it_is() -> None:
    [found] = of_problems(["nobody may sign a token"])
    assert (found.file, found.place, found.excerpt, found.code) == ("", "", (), "missing")


def test_what_cannot_be_read_has_no_lines(tmp_path: Path) -> None:
    assert lines_of(str(tmp_path / "gone.toml")) == ()
    (tmp_path / "latin.toml").write_bytes(b"\xff")
    assert at_line(str(tmp_path / "latin.toml"), 1, code="missing", text="x").excerpt == ()


# ── Suppressed beside the line ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("comment", "exit_code", "said"),
    [
        pytest.param("{# authorizer: ignore partition: AWS alone #}", 0, "ignored: AWS alone", id="a reason"),
        pytest.param("{# authorizer: ignore partition #}", 1, "without a reason", id="no reason"),
        pytest.param("{# authorizer: ignore scan: x #}", 1, "[partition]", id="of another code"),
        pytest.param("", 1, "[partition]", id="no comment"),
    ],
)
def test_a_finding_is_suppressed_beside_its_line(
    project: Path, comment: str, exit_code: int, said: str
) -> None:
    change(
        project,
        "templates/s3-home.json.j2",
        '      "Resource": "arn:aws',
        f'{comment}\n      "Resource": "arn:aws',
    )
    done = run("policy", "check", cwd=project)
    assert done.returncode == exit_code
    assert said in done.stdout


def test_what_does_not_load_cannot_be_suppressed(tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    file.write_text("x = 1  # authorizer: ignore missing: never mind\n")
    found = [at_line(str(file), 1, code="missing", text="x"), at_line(str(file), 1, code="unused", text="x")]
    assert sifted(found)[0] == found
    file.write_text("# authorizer: ignore unused: never mind\nx = 1\n")
    below = at_line(str(file), 2, code="unused", text="x")
    assert sifted([below]) == ([], [(below, "never mind")])


# ── Formats ──────────────────────────────────────────────────────────────────────────────────────────────────────────

ODD = Found(
    file="a,b:c.toml", line=3, column=2, length=4, code="leak", text="50 % of\n\x1b users", remedy="none"
)


def test_json_has_every_part() -> None:
    told = json.loads(FORMATS["json"]([ODD], "check"))
    assert told == {
        "command": "check",
        "findings": [
            {
                "file": "a,b:c.toml", "line": 3, "column": 2, "level": "error", "code": "leak", "key": None,
                "text": "50 % of\n\x1b users", "remedy": "none",
            }
        ],
    }  # fmt: skip


def test_github_reads_an_annotation_of_one_line() -> None:
    assert FORMATS["github"]([ODD], "check") == (
        "::error file=a%2Cb%3Ac.toml,line=3,col=2,title=leak::50 %25 of%0A\\u001b users%0Anone"
    )
    bare = Found(file="", code="unused", text="x")
    assert FORMATS["github"]([bare], "check") == "::warning title=unused::x"


def test_sarif_names_the_rule_and_the_region() -> None:
    bare = Found(file="", code="unused", text="x")
    told: dict[str, Any] = json.loads(FORMATS["sarif"]([ODD, bare], "check"))
    [ran] = told["runs"]
    assert [rule["id"] for rule in ran["tool"]["driver"]["rules"]] == ["leak", "unused"]
    first, second = ran["results"]
    assert (first["ruleId"], first["ruleIndex"], first["level"]) == ("leak", 0, "error")
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a,b%3Ac.toml"},
        "region": {"startLine": 3, "startColumn": 2, "endColumn": 6},
    }
    assert (second["ruleIndex"], "locations" in second) == (1, False)


def test_junit_has_a_case_for_each_finding_or_one_that_passed() -> None:
    root = ET.fromstring(FORMATS["junit"]([ODD], "check"))
    [suite] = root
    assert (suite.tag, suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
        "testsuite",
        "1",
        "1",
        "0",
    )
    [case] = suite
    assert (case.get("classname"), case.get("file"), case.get("line")) == ("a,b:c.toml", "a,b:c.toml", "3")
    [failure] = case
    assert failure.get("type") == "leak"
    assert "\N{REPLACEMENT CHARACTER} users" in (failure.text or "")
    [passed] = ET.fromstring(FORMATS["junit"]([], "check"))[0]
    assert (passed.get("name"), len(passed)) == ("check", 0)
    [bare] = ET.fromstring(FORMATS["junit"]([Found(file="", code="unused", text="x")], "check"))[0]
    assert (bare.get("classname"), bare.get("file"), bare.get("line")) == ("authorizer", None, None)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_that_finds_things_speaks_every_format(command: str, form: str, project: Path) -> None:
    change(project, "access.toml", 'ambiguous   = "deny"', 'ambiguous   = "nobody"')
    done = run(*command.split(), "--format", form, cwd=project)
    assert done.returncode == (1 if command == "check" else 2)
    assert "access.toml" in done.stdout
    assert "unknown-name" in done.stdout
    assert "nobody" in done.stdout


@pytest.mark.parametrize(
    ("command", "code"), [("policy check", "partition"), ("check", None), ("policy test", None)]
)
def test_findings_and_their_absence_are_told_in_a_format(
    command: str, code: str | None, project: Path
) -> None:
    done = run(*command.split(), "--format", "json", cwd=project)
    assert done.returncode == (1 if code else 0)
    found = json.loads(done.stdout)["findings"]
    assert [each["code"] for each in found] == ([code] if code else [])


def test_a_case_that_fails_and_what_no_case_covers_are_findings(project: Path) -> None:
    change(
        project, "cases/s3-home.toml", 'expect    = "allow"\nstatement = "OwnListing"', 'expect    = "deny"'
    )
    (project / "policies/cases/s3-client.toml").unlink()
    done = run("policy", "test", "--format", "json", cwd=project)
    assert done.returncode == 1
    found = json.loads(done.stdout)["findings"]
    assert {each["code"] for each in found} == {"case-failed", "no-cases"}
    failed = next(each for each in found if each["code"] == "case-failed")
    lines = (project / failed["file"]).read_text().splitlines()
    assert "lists her own folder" in lines[failed["line"] - 1]


def test_a_leak_is_a_finding_where_its_statement_stands(project: Path) -> None:
    change(project, "templates/s3-tenant.json.j2", "/{{ tenant }}/*", "/{{ tenant }}*")
    done = run("policy", "prove", "s3-tenant", "--format", "json", cwd=project)
    assert done.returncode == 1
    found = json.loads(done.stdout)["findings"]
    assert {each["code"] for each in found} == {"leak"}
    assert {each["file"] for each in found} == {"policies/templates/s3-tenant.json.j2"}
    assert all(each["line"] and each["column"] for each in found)


def test_an_action_that_aws_does_not_have_is_proven_nothing_of(project: Path) -> None:
    change(project, "templates/s3-home.json.j2", '"s3:GetObject"', '"s3:GetObjekt"')
    assert "[unknown-action]" in run("policy", "prove", "s3-home", cwd=project).stdout
    with (project / "policies/access.toml").open("a") as file:
        file.write('[[lint.ignore]]\ncode = "unknown-action"\nwhere = "s3-home"\nreason = "of next year"\n')
    assert run("policy", "prove", "s3-home", cwd=project).returncode == 0


def test_who_may_do_more_is_a_finding(project: Path) -> None:
    change(
        project, "templates/s3-home.json.j2", '"s3:DeleteObject",', '"s3:DeleteObject", "s3:PutObjectAcl",'
    )
    change(project, "access.toml", '"GET /files", "GET', '"GET /files", "PUT /more", "GET')
    done = run("policy", "diff", str(ROOT / "policies"), "--format", "json", cwd=project)
    assert done.returncode == 1
    found = json.loads(done.stdout)["findings"]
    assert {each["code"] for each in found} == {"wider"}
    assert any("s3:PutObjectAcl" in each["text"] for each in found)
    assert any("/more" in each["text"] for each in found)
