"""`authorizer invoke`, `token` and `check`, run as a person runs them."""

import contextlib
import errno
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import jwt
import pytest

from authorizer.cli import main
from tests.make import ROOT
from tests.test_events import EVENTS, Allowed

SAMPLES = (
    "rest-token-allow",
    "closed-route-deny",
    "no-role-deny",
    "expired-unauthorized",
    "unknown-shape-failure",
)
EXIT_CODES = {"deny": 1, "unauthorized": 1, "failure": 2}


@dataclass(frozen=True, kw_only=True)
class Done:
    """What a command printed, and how it ended."""

    returncode: int
    stdout: str
    stderr: str


def run(
    *arguments: str,
    cwd: Path = ROOT,
    home: Path | None = None,
    stdin: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Done:
    """The command's own entry point, in this process: with an environment, a folder and streams of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    cache = {"XDG_CACHE_HOME": str(home)} if home else {}
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.dict(os.environ, {**kept, "COLUMNS": "120", **cache, **(variables or {})}, clear=True),
        mock.patch.object(sys, "argv", ["authorizer", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO(stdin or "")),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return Done(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder of its own for the local issuer's keys."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the bundled policies and events, to be changed."""
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def edit(project: Path, old: str, new: str) -> None:
    file = project / "policies" / "access.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_the_exit_code_says_what_the_gateway_would_do(name: str, home: Path) -> None:
    expected = EVENTS[name]
    done = run("invoke", f"events/{name}.json", home=home)
    if isinstance(expected, Allowed):
        assert done.returncode == (0 if expected.route else 1), done.stderr
        assert expected.route or "deny: route_closed: the caller's scopes do not open" in done.stderr
        return
    assert done.returncode == EXIT_CODES[expected.verdict], done.stderr
    assert expected.code in done.stderr
    shown = json.loads(done.stdout)
    if expected.verdict == "unauthorized":
        assert shown["errorMessage"] == "Unauthorized"
    if expected.verdict == "failure":
        assert shown["errorMessage"] == f"authorizer failure: {expected.code}"


def test_secrets_are_masked_unless_asked_for(home: Path) -> None:
    masked = json.loads(run("invoke", "events/rest-token-allow.json", home=home).stdout)["context"]
    shown = json.loads(run("invoke", "events/rest-token-allow.json", "--show-secrets", home=home).stdout)[
        "context"
    ]
    assert masked["secretAccessKey"] == masked["sessionToken"] == "****"
    assert len(shown["secretAccessKey"]) == 40
    assert shown["sessionToken"] != "****"
    assert masked["accessKeyId"].startswith("ASIA")


def test_an_explanation_names_every_stage_on_standard_error_and_no_secret(home: Path) -> None:
    done = run("invoke", "events/rest-token-allow.json", "--explain", "--show-secrets", home=home)
    for stage in ("parse", "verify", "resolve", "permit", "render", "vend", "respond"):
        assert stage in done.stderr
    assert "cognito:preferred_role" in done.stderr
    assert "\x1b[" not in done.stderr, "colours are for terminals"
    context = json.loads(done.stdout)["context"]
    assert context["sessionToken"] not in done.stderr
    assert context["secretAccessKey"] not in done.stderr


def test_an_explanation_of_a_closed_route_says_that_the_answer_opens_others(home: Path) -> None:
    done = run("invoke", "events/closed-route-deny.json", "--explain", home=home)
    assert done.returncode == 1
    assert "this route: closed" in done.stderr
    assert "deny: 403 for this route; the answer opens others" in done.stderr
    opened = run("invoke", "events/rest-token-allow.json", "--explain", home=home)
    assert "this route: open by 'GET /data/*'" in opened.stderr


def test_what_a_stranger_typed_does_nothing_to_the_terminal(home: Path) -> None:
    event = json.loads((ROOT / "events" / "rest-token-allow.json").read_text())
    event["methodArn"] += "/[/red]/[bold]\x1b]0;owned\x07"
    done = run("invoke", "-", "--explain", home=home, stdin=json.dumps(event))
    assert done.returncode in {0, 1}, done.stderr
    assert "[bold]" in done.stderr
    assert "\x1b]0" not in done.stderr


def test_an_explained_refusal_says_why(home: Path) -> None:
    done = run("invoke", "events/hostile-claim-deny.json", "--explain", home=home)
    assert done.returncode == 1
    assert "claim_refused" in done.stderr
    assert "custom:tenant_id" in done.stderr


@pytest.mark.parametrize(
    ("name", "passed", "code"),
    [
        pytest.param("unknown-shape-failure", [], "event_unknown", id="what is no event"),
        pytest.param("expired-unauthorized", ["parse"], "token_expired", id="a token that is over"),
        pytest.param(
            "hostile-claim-deny", ["parse", "verify"], "claim_refused", id="a claim of another type"
        ),
    ],
)
def test_an_explanation_ends_with_the_stage_that_refused(
    name: str, passed: list[str], code: str, home: Path
) -> None:
    done = run("invoke", f"events/{name}.json", "--explain", home=home)
    stages = ("parse", "verify", "resolve", "permit", "render", "vend", "respond")
    rows = [line.split("│")[1].strip() for line in done.stderr.splitlines() if line.startswith("│")]
    assert [row for row in rows if row in stages] == passed
    assert "refused" in rows
    assert f"{code}: " in done.stderr


def test_a_printed_token_is_good_for_the_next_command(home: Path) -> None:
    token = run("token", "viewer", "--use", "access", home=home).stdout.strip()
    assert jwt.decode(token, options={"verify_signature": False})["token_use"] == "access"
    event = {
        "type": "TOKEN",
        "authorizationToken": f"Bearer {token}",
        "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abc/prod/GET/data",
    }
    done = run("invoke", "-", home=home, stdin=json.dumps(event))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["context"]["roleArn"].endswith("/viewer")


def test_a_token_for_nobody_names_those_who_exist(home: Path) -> None:
    done = run("token", "nobody", home=home)
    assert done.returncode == 2
    assert "there is no persona 'nobody'" in done.stderr
    assert "Traceback" not in done.stderr


def test_keys_are_the_user_s_alone(home: Path) -> None:
    run("token", "viewer", home=home)
    files = list((home / "cognito-authorizer").iterdir())
    assert {file.name for file in files} == {"local-id.pem", "local-access.pem"}
    assert all(file.stat().st_mode & 0o077 == 0 for file in files)


@pytest.mark.parametrize("text", ["", "{"])
def test_an_event_that_is_no_json_is_undecided(text: str, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(text)
    done = run("invoke", str(file))
    assert done.returncode == 2
    assert "cannot be read: " in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b'{\n"a": "caf\xe9"}', ":2: is not UTF-8 (byte 0xe9): save it as UTF-8", id="Latin-1"),
        pytest.param(b"\xef\xbb\xbf{}", ": begins with a byte order mark: save it as UTF-8", id="a BOM"),
    ],
)
def test_an_event_in_another_encoding_is_told_by_its_place(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_bytes(content)
    done = run("invoke", str(file))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{file}{said}" in done.stderr


def test_a_case_file_in_another_encoding_is_told_by_its_line(project: Path) -> None:
    file = project / "policies" / "cases" / "s3-home.toml"
    file.write_bytes(b"# one\n# caf\xe9\n" + file.read_bytes())
    done = run("policy", "test", cwd=project)
    assert done.returncode == 2
    assert "s3-home.toml:2" in done.stderr
    assert "is not UTF-8 (byte 0xe9): save it as UTF-8 [unreadable]" in done.stderr


def test_personas_that_name_nobody_are_told_by_their_file(project: Path, home: Path) -> None:
    personas = project / "events" / "personas.toml"
    text = personas.read_text()
    personas.write_text(text[: text.index("[editor]")])
    done = run("token", "editor", cwd=project, home=home)
    assert done.returncode == 2
    assert (
        "events/personas.toml: names nobody: expected a table for each persona, such as [editor]"
        in done.stderr
    )


def test_a_cache_that_may_not_be_written_is_told_with_what_to_do(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The making of the folder raises here: where tests run as root, no mode keeps them out."""
    making = Path.mkdir

    def refused(self: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        if self.name == "cognito-authorizer":
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        making(self, mode, parents, exist_ok)

    monkeypatch.setattr(Path, "mkdir", refused)
    done = run("token", "editor", home=home)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{home}/cognito-authorizer: cannot be written: Permission denied" in done.stderr
    assert "let XDG_CACHE_HOME name a folder that can be" in done.stderr


def test_a_broken_configuration_is_told_in_full_and_without_a_traceback(project: Path, home: Path) -> None:
    edit(project, '"env:APP_CLIENT_ID"', '"env:NOBODY"')
    edit(project, 'ambiguous   = "deny"', 'ambiguous   = "nobody"')
    for command in (("check",), ("invoke", "events/rest-token-allow.json")):
        done = run(*command, cwd=project, home=home)
        assert done.returncode in (1, 2)
        assert "2 problems" in done.stderr
        assert (
            "access.toml:13:15: issuers[0].client_ids: the environment variable NOBODY is not set"
            in done.stderr
        )
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [(), ("--all",)], ids=["alone", "with all the rest"])
def test_pinned_keys_that_no_function_could_start_with_do_not_pass(
    project: Path, arguments: tuple[str, ...]
) -> None:
    access = project / "policies" / "access.toml"
    access.write_text(access.read_text().replace("[[issuers]]", '[[issuers]]\npinned_keys = "pool.json"', 1))
    (project / "policies" / "keys").mkdir()
    (project / "policies" / "keys" / "pool.json").write_text('{"keys": []}')
    done = run("check", *arguments, cwd=project)
    assert (done.returncode, done.stdout) == (1, "")
    assert "has pinned keys that cannot be used: " in done.stderr
    assert "it is empty" in done.stderr


def test_check_lists_problems_as_json(project: Path) -> None:
    edit(project, 'ambiguous   = "deny"', 'ambiguous   = "nobody"')
    done = run("check", "--json", cwd=project)
    problems: Any = json.loads(done.stdout)
    assert done.returncode == 1
    assert len(problems) == 1
    assert "resolution.ambiguous" in problems[0]


def test_check_is_quiet_about_nothing() -> None:
    done = run("check")
    assert done.returncode == 0
    assert "fine" in done.stdout


def test_check_can_judge_the_environment_of_a_deployment() -> None:
    done = run("check", "--aws")
    assert done.returncode == 1
    assert "USER_POOL_ID is not set" in done.stderr


def test_with_aws_the_environment_and_the_issuers_are_the_real_ones(home: Path) -> None:
    # Nothing answers at the pinned endpoint: the point is that no embedded server and no local issuer steps in.
    from tests.make import sample_environment

    done = run(
        "invoke", "-", "--aws", home=home, stdin='{"type":"TOKEN","authorizationToken":"Bearer local:editor",'
        '"methodArn":"arn:aws:execute-api:eu-west-1:123456789012:abc/prod/GET/data"}',
        variables={**sample_environment(), "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "token_malformed" in done.stderr


def test_help_is_instant_because_it_imports_no_server() -> None:
    code = """
import sys
from authorizer.cli import cli
cli(["--help"], standalone_mode=False)
print("moto" in sys.modules, "rich" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("False False")
    assert "invoke" in done.stdout


def test_objects_are_asked_for_with_the_callers_credentials(home: Path) -> None:
    own = "example-data/home/11111111-1111-4111-8111-111111111111/notes.txt"
    other = "example-data/home/22222222-2222-4222-8222-222222222222/notes.txt"
    done = run("invoke", "events/rest-token-allow.json", "--get", own, "--get", other, home=home)
    assert done.returncode == 0
    told = " ".join(done.stderr.split())
    assert "200" in told
    assert "403" in told
    assert "denied: nothing in the session" in told
    assert "secretAccessKey" in done.stdout


def test_nobody_who_is_denied_asks_for_objects(home: Path) -> None:
    done = run("invoke", "events/hostile-claim-deny.json", "--get", "example-data/a", home=home)
    assert done.returncode == 1
    assert "with these credentials" not in done.stderr


def test_objects_are_not_put_into_the_real_aws(home: Path) -> None:
    done = run("invoke", "events/rest-token-allow.json", "--aws", "--get", "b/k", home=home)
    assert done.returncode == 2
    assert "--get puts objects into the local AWS" in done.stderr


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("s3://example-data/home/x", id="a URL"),
        pytest.param("example-data", id="a bucket alone"),
        pytest.param("example-data/", id="no key"),
    ],
)
def test_what_is_no_object_cannot_be_asked_for(place: str) -> None:
    done = run("invoke", "events/rest-token-allow.json", "--get", place)
    assert done.returncode == 2
    assert f"{place!r} is no object: expected BUCKET/KEY" in done.stderr


def test_a_key_that_s3_does_not_take_is_told(home: Path) -> None:
    done = run("invoke", "events/rest-token-allow.json", "--get", f"{'b' * 300}/k", home=home)
    assert (done.returncode, "cannot be put into the local AWS" in done.stderr) == (2, True)
