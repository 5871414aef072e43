"""The fixtures for other people's backends: the sample's backend, tested as its owner would."""

import os
import re
import shutil
import subprocess
import sys

import boto3
import pytest

from tests.make import ROOT

pytest_plugins = ("pytester",)

CONFTEST, BACKEND = re.findall(
    r"^```python\n(.*?)^```", (ROOT / "docs/test-a-backend.md").read_text(), re.MULTILINE | re.DOTALL
)
"""The example of the page, as it stands there."""
ITSELF = """

def test_the_backend_itself_may_do_nothing(enforcing_aws):
    import os
    import boto3
    from botocore.exceptions import ClientError

    assert os.environ["DATA_BUCKET"] == "example-data"
    with pytest.raises(ClientError, match="AccessDenied"):
        boto3.client("s3").get_object(Bucket="example-data", Key=f"home/{ANN}/notes.txt")
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in ("policies", "events"):
        shutil.copytree(ROOT / name, pytester.path / name)
    shutil.copy(ROOT / "deploy/backends/python/files.py", pytester.path)
    pytester.makeini("[pytest]\npythonpath = .\n")
    for name in ("AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return pytester


def outcomes(project: pytest.Pytester) -> pytest.RunResult:
    return project.runpytest_inprocess(
        *(
            "-p",
            "no:authorizer",
            "-p",
            "authorizer.pytest_fixtures",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:hypothesispytest",
        ),
        *("-p", "no:asyncio", "-W", "ignore::pytest.PytestAssertRewriteWarning"),
    )


def test_nothing_of_the_developers_environment_leads_elsewhere(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a test would write to a server that others share."""
    astray = {
        "AWS_PROFILE": "nobody",
        "AWS_DEFAULT_PROFILE": "nobody",
        "AWS_ENDPOINT_URL_S3": "http://minio.example:9000",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    }
    for name, value in astray.items():
        monkeypatch.setenv(name, value)
    project.makeconftest(CONFTEST)
    project.makepyfile(BACKEND)
    outcomes(project).assert_outcomes(passed=5)
    assert {name: os.environ[name] for name in astray} == astray, "and what was there is there again"


def test_a_foreign_read_of_a_backend_is_refused(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dict(os.environ)
    stale = boto3.Session("AKIA", "a", "b", region_name="a/b")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", stale)
    project.makeconftest(CONFTEST)
    project.makepyfile(BACKEND + ITSELF)
    outcomes(project).assert_outcomes(passed=6)
    assert {name for name in os.environ if name.startswith("AWS_")} == {
        name for name in before if name.startswith("AWS_")
    }
    assert boto3.DEFAULT_SESSION is stale


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ('"nobody", "GET /files"', "*there is no persona 'nobody'*"),
        (
            '"editor", "GET /nowhere"',
            "*no scope of *access.toml has the route 'GET /nowhere': expected one of *",
        ),
        ('"viewer", "GET /files"', "*viewer is not let through to 'GET /files': route_closed*"),
        (
            '"editor", "GET /files", kind="soap"',
            "*there is no kind of API 'soap': expected one of rest-token*",
        ),
    ],
    ids=["a persona", "a route", "a route that is closed", "a kind"],
)
def test_what_cannot_be_had_fails_the_test_with_the_reason(
    project: pytest.Pytester, arguments: str, said: str
) -> None:
    project.makepyfile(f"def test_it(vended_event):\n    vended_event({arguments})\n")
    result = outcomes(project)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([said])
    told = result.stdout.str()
    assert "During handling" not in told
    assert "in the configuration" not in told


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ((('["header:authorization", "query:token"]', '["query:token"]'),
          ('["authorization", ', '["query:token", ')), "http-2"),
        ((('RESPONSE          = "policy"', 'RESPONSE          = "simple"'),
          ('RESULT_TTL        = "5m"', 'RESULT_TTL        = "0s"')), "http-simple"),
    ],
    ids=["a token in the query", "simple responses"],
)  # fmt: skip
def test_the_event_is_of_the_kind_that_the_configuration_is_for(
    project: pytest.Pytester, changes: tuple[tuple[str, str], ...], kind: str
) -> None:
    for old, new in changes:
        for name in ("policies/access.toml", "events/personas.toml"):
            path = project.path / name
            path.write_text(path.read_text().replace(old, new))
    project.makepyfile(
        f"""
        def test_it(vended_event):
            event = vended_event("editor", "GET /files?a=b", kind={kind!r}, token_use="access", body="x")
            assert event["version"] == "2.0"
            assert event["requestContext"]["authorizer"]["lambda"]["accessKeyId"].startswith("ASIA")
            assert event["queryStringParameters"]["a"] == "b"
        """
    )
    outcomes(project).assert_outcomes(passed=1)


def test_what_is_not_installed_is_named(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "authorizer.local.world", None)
    project.makepyfile("def test_it(vended_event):\n    pass\n")
    result = outcomes(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*is not installed: pip install 'cognito-authorizer?cli,local?'*"])


def test_a_configuration_that_does_not_load_is_told(project: pytest.Pytester) -> None:
    (project.path / "policies/access.toml").write_text("[claim]\n")
    project.makepyfile("def test_it(vended_event):\n    pass\n")
    result = outcomes(project)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*problem*"])


def test_the_plugin_imports_nothing_that_a_run_without_it_lacks() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import authorizer.pytest_fixtures\n"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "['authorizer', 'authorizer.pytest_fixtures']"
