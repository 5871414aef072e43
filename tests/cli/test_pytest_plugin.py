"""The pytest plugin: cases as tests of somebody else's run."""

import shutil

import pytest

from tests.make import ROOT, sample_environment

pytest_plugins = ("pytester",)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    for name in ("policies", "events"):
        shutil.copytree(ROOT / name, pytester.path / name)
    pytester.makeconftest('pytest_plugins = ["authorizer.cli.pytest_plugin"]')
    return pytester


def outcomes(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:asyncio", *arguments
    )


def change(pytester: pytest.Pytester, file: str, old: str, new: str) -> None:
    path = pytester.path / "policies" / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_every_case_is_a_test(project: pytest.Pytester) -> None:
    outcomes(project, "policies").assert_outcomes(passed=46)


def test_the_run_says_which_values_are_the_samples(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sample_environment().items():
        monkeypatch.setenv(name, value)
    assert "sample values" not in outcomes(project, "policies").stdout.str()
    monkeypatch.delenv("DATA_BUCKET")
    outcomes(project, "policies").stdout.fnmatch_lines(
        ["*policies/access.toml: sample values of DATA_BUCKET"]
    )


def test_a_case_that_fails_is_a_failure_with_its_explanation(project: pytest.Pytester) -> None:
    change(project, "templates/s3-home.json.j2", '"s3:DeleteObject",', "")
    result = outcomes(project, "policies/cases/s3-home.toml")
    result.assert_outcomes(passed=7, failed=1)
    result.stdout.fnmatch_lines(["*s3-home.json.j2:9 (OwnObjects), Allow: action does not match*"])


def test_a_case_that_cannot_be_judged_is_an_error(project: pytest.Pytester) -> None:
    change(
        project,
        "cases/s3-tenant.toml",
        'expect = "refused"',
        'expect = "deny"\naction = "s3:GetObject"\nresource = "*"',
    )
    result = outcomes(project, "policies/cases/s3-tenant.toml")
    result.assert_outcomes(passed=5, errors=1)
    result.stdout.fnmatch_lines(["*no policy is rendered for this user*"])


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param("cases/s3-home.toml", '"refused"', '"x"', "*`expect` is 'x'*", id="a case file"),
        pytest.param(
            "access.toml", "[claims]", "[claim]", "*problem*in the configuration*", id="the configuration"
        ),
    ],
)
def test_what_cannot_be_read_is_an_error(
    project: pytest.Pytester, file: str, old: str, new: str, said: str
) -> None:
    change(project, file, old, new)
    result = outcomes(project, "policies/cases/s3-home.toml")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])


def test_other_toml_files_are_none_of_its_business(project: pytest.Pytester) -> None:
    for name in ("cases", "policies/cases/deeper", "policies/other"):
        (project.path / name).mkdir()
        (project.path / name / "x.toml").write_text("not TOML")
    (project.path / "policies/cases/note.txt").write_text("x")
    outcomes(project).assert_outcomes(passed=46)


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        pytest.param("setup", {"errors": 3}, id="before a case is judged: an error"),
        pytest.param("call", {"failed": 3}, id="after it: a failure"),
    ],
)
def test_what_nobody_foresaw_is_told_with_its_traceback(
    phase: str, told: dict[str, int], project: pytest.Pytester
) -> None:
    project.makeconftest(
        'pytest_plugins = ["authorizer.cli.pytest_plugin"]\n'
        f"def pytest_runtest_{phase}(item):\n"
        "    raise ZeroDivisionError('nobody foresaw this')\n"
    )
    result = outcomes(project, "policies/cases/s3-client.toml")
    result.assert_outcomes(**told)
    result.stdout.fnmatch_lines(["*ZeroDivisionError: nobody foresaw this*"])
