"""How commands end that cannot do their work."""

import errno
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from authorizer.cli.closed import closed_because
from authorizer.cli.ending import EXTRAS, ended
from authorizer.cli.invoke import invoke
from authorizer.cli.person import read_token
from authorizer.errors import SignInFailed
from authorizer.record import Record
from tests.cli.test_commands import run
from tests.make import ACCESS, ROOT, sample_access


def raising(error: BaseException) -> Callable[[], object]:
    def command() -> object:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        pytest.param(KeyboardInterrupt(), 130, "authorizer x: interrupted", id="Ctrl-C"),
        pytest.param(click.Abort(), 130, "authorizer x: interrupted", id="Ctrl-C at a question"),
        pytest.param(click.ClickException("wrong"), 1, "Error: wrong", id="a refusal of click's"),
        pytest.param(
            ModuleNotFoundError("no", name="moto.s3"), 2, "pip install 'cognito-authorizer[local]'", id="an extra"
        ),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device", "a.txt"), 2, "a.txt: No space left on device; make room",
            id="a full disk",
        ),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device"), 2,
            "authorizer x: what it prints: No space left on device; make room", id="a full disk behind a redirection",
        ),
        pytest.param(
            PermissionError(errno.EACCES, "Permission denied", "a.txt"), 2, "authorizer x: a.txt: Permission denied\n",
            id="a file that is not ours",
        ),
    ],
)  # fmt: skip
def test_a_command_that_cannot_go_on_says_why(
    error: BaseException,
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What an interrupted process no longer tells, the next test does.
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(logging.getLogger("asyncio"), "disabled", False)
    with pytest.raises(SystemExit) as end:
        ended(raising(error), "authorizer x")
    assert end.value.code == code
    assert said in capsys.readouterr().err


def test_ctrl_c_while_a_class_is_made_is_one_like_any_other(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.11 tells it as a fault of the class."""
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(logging.getLogger("asyncio"), "disabled", False)
    wrapped = RuntimeError("Error calling __set_name__ on 'cached_property' instance")
    wrapped.__cause__ = KeyboardInterrupt()
    with pytest.raises(SystemExit) as end:
        ended(raising(wrapped), "authorizer x")
    assert end.value.code == 130
    assert "authorizer x: interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["json", "github"])
@pytest.mark.parametrize("command", [("check",), ("policy", "check"), ("policy", "test")], ids=" ".join)
def test_two_forms_at_once_are_refused(command: tuple[str, ...], form: str) -> None:
    done = run(*command, "--json", "--format", form)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"and --format {form} the findings alone: one of them" in " ".join(done.stderr.split())


def test_what_is_said_twice_or_not_both_at_once_is_refused_of_render() -> None:
    both = run("policy", "render", *USER, "--json", "--compact")
    assert (both.returncode, both.stdout) == (2, "")
    assert "--compact prints the policy's own text, and --json more than that: one of them" in both.stderr
    twice = run("policy", "render", *USER, "--claim", "tenant=other")
    assert (twice.returncode, twice.stdout) == (2, "")
    assert "tenant is given twice: expected one value of it" in twice.stderr


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("of our own"),
        ModuleNotFoundError("no", name="nonsense"),
        ModuleNotFoundError("no"),
        OSError("unheard of"),
        OSError(errno.EIO, "unheard of"),
    ],
)
def test_a_fault_of_our_own_is_shown_whole(error: BaseException) -> None:
    with pytest.raises(type(error)):
        ended(raising(error), "authorizer x")


@pytest.mark.parametrize(("value", "code"), [(None, 0), (3, 3)])
def test_a_command_that_is_done_ends_with_its_code(value: object, code: int) -> None:
    with pytest.raises(SystemExit) as end:
        ended(lambda: value, "authorizer x")
    assert end.value.code == code


def test_every_extra_that_is_named_is_one_of_the_package() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert all(f"\n{extra} = [" in text for extra in EXTRAS.values())


def test_an_option_that_is_none_is_no_claim_where_there_are_no_claims() -> None:
    assert "--claim" not in run("check", "--tenant", "acme").stderr
    assert "--claim tenant=VALUE" in run("policy", "render", "--tenant", "acme").stderr


def test_without_the_extra_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from authorizer.__main__ import main

    monkeypatch.setitem(sys.modules, "authorizer.cli", None)
    with pytest.raises(ModuleNotFoundError):
        main()
    monkeypatch.delitem(sys.modules, "authorizer.cli")
    monkeypatch.setitem(sys.modules, "click", None)
    with pytest.raises(SystemExit, match=r"click is not installed: pip install 'cognito-authorizer\[cli\]'"):
        main()


UNENDED = """
import asyncio
from authorizer.cli.ending import ended

async def stubborn():
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(60)

def command():
    loop = asyncio.new_event_loop()
    task = loop.create_task(stubborn())
    failed = loop.create_future()
    failed.set_exception(OSError("never asked for"))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    raise KeyboardInterrupt

ended(command, "authorizer x")
"""


def test_ctrl_c_leaves_no_traceback_of_what_waited() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNENDED], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 130
    assert done.stderr == (
        "authorizer x: interrupted: nothing was decided, and what was written may be incomplete\n"
    )


# ── What it prints to ────────────────────────────────────────────────────────────────────────────────────────────────


def shell(line: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A line of bash that has `authorizer`, at the sample."""
    command = f"set -o pipefail; authorizer() {{ '{sys.executable}' -m authorizer \"$@\"; }}; {line}"
    environment = {**os.environ, **variables}
    return subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    "command",
    [pytest.param("check", id="by click"), pytest.param("policy reach --group editors", id="by rich")],
)
def test_a_reader_that_goes_away_is_no_finding(command: str) -> None:
    done = shell(f"authorizer {command} 2>/dev/null | true; echo ${{PIPESTATUS[0]}}")
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_a_reader_that_goes_away_while_a_problem_is_told_is_one_too() -> None:
    with pytest.raises(SystemExit) as end:
        ended(raising(BrokenPipeError(errno.EPIPE, "Broken pipe")), "authorizer x")
    assert end.value.code == 141


@pytest.mark.parametrize("command", ["check", "policy reach --group editors"])
def test_what_finds_no_room_says_so_once(command: str) -> None:
    done = shell(f"authorizer {command} >/dev/full", DATA_BUCKET="data")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith(
        "what it prints: No space left on device; make room and run it again"
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_letters_that_a_terminal_has_not_are_told_by_their_numbers() -> None:
    done = shell("authorizer capacity --users 100 --rps 1", PYTHONIOENCODING="latin-1", COLUMNS="120")
    assert "Traceback" not in done.stderr
    assert "$/10\\u2076" in done.stdout


def test_standard_input_that_is_closed_is_told() -> None:
    done = shell("authorizer invoke - <&-")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert "standard input, which is closed" in done.stderr


# ── Which configuration ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_configuration_is_the_nearest_above(tmp_path: Path) -> None:
    run("init", str(tmp_path))
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    done = run("check", cwd=below)
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "../../policies/access.toml")


def test_the_environment_names_the_configuration(tmp_path: Path) -> None:
    run("init", str(tmp_path / "other"))
    done = run("check", cwd=tmp_path, variables={"AUTHORIZER_ACCESS": "other/policies/access.toml"})
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "other/policies/access.toml")
    gone = run("check", cwd=tmp_path, variables={"AUTHORIZER_ACCESS": "gone.toml"})
    assert (gone.returncode, "gone.toml: there is no such file: run it" in gone.stderr) == (2, True)


def test_a_folder_is_not_taken_for_the_configuration() -> None:
    done = run("check", "--access", "policies")
    assert done.returncode == 2
    assert (
        "policies: that is a folder: expected the file in it that is the configuration, such as"
        in done.stderr
    )
    assert "policies/access.toml" in done.stderr


def test_a_route_that_is_closed_says_what_would_open_it(tmp_path: Path) -> None:
    done = run("invoke", "events/closed-route-deny.json", home=tmp_path)
    assert (
        "DELETE /data/figures is closed to this caller, whose scopes are data:read: it is open by DELETE /data/* of "
        "scope data:write" in done.stderr
    )
    other = run("invoke", "events/other-tenant-deny.json", home=tmp_path)
    assert "to callers with another claim" in other.stderr


def test_the_policy_is_explained_below_as_it_can_be_copied(tmp_path: Path) -> None:
    done = run("invoke", "events/rest-token-allow.json", "--explain", home=tmp_path)
    assert '\n{\n  "Version": "2012-10-17",\n' in done.stderr
    assert "packed" not in done.stderr


def test_of_a_route_that_was_not_judged_nothing_is_said() -> None:
    assert closed_because(Record(0), sample_access().settings) == ""


# ── As JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────────

USER = ("--role", "editor", "--claim", "tenant=acme")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(("policy", "check"), id="check"),
        pytest.param(("policy", "test"), id="test"),
        pytest.param(("policy", "prove"), id="prove"),
        pytest.param(("policy", "diff", "."), id="diff"),
        pytest.param(("policy", "who-can", "GET /data/x"), id="who-can"),
        pytest.param(("policy", "reach", "--group", "editors"), id="reach"),
        pytest.param(("policy", "explain", *USER, "--route", "GET /data/x"), id="explain"),
        pytest.param(("policy", "render", *USER), id="render"),
        pytest.param(("policy", "split", "editor"), id="split"),
        pytest.param(("capacity", "--users", "100", "--rps", "1"), id="capacity"),
        pytest.param(("bundle", "--sample"), id="bundle"),
        pytest.param(("revoke", "--before", "now", "--sample"), id="revoke"),
    ],
)
def test_a_configuration_that_does_not_load_is_the_same_json_everywhere(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    run("init", "--sample", str(tmp_path))
    access = tmp_path / "policies/access.toml"
    access.write_text(access.read_text().replace('"data:read"', '"data:reed"', 1))
    asked = run("check", "--json", cwd=tmp_path)
    done = run(*command, "--json", cwd=tmp_path)
    assert (asked.returncode, done.returncode) == (1, 2)
    assert json.loads(done.stdout) == json.loads(asked.stdout) != []


def test_all_that_is_found_is_one_list(tmp_path: Path) -> None:
    run("init", "--sample", str(tmp_path))
    fine = run("check", "--all", "--json", cwd=tmp_path)
    assert (fine.returncode, json.loads(fine.stdout)) == (0, [])
    home = tmp_path / "policies/templates/s3-home.json.j2"
    home.write_text(home.read_text().replace('"Sid": "OwnObjects"', '"Sid":"OwnObjects"'))
    found = run("check", "--all", "--json", cwd=tmp_path)
    assert found.returncode == 1
    assert json.loads(found.stdout) == [
        "policies/templates/s3-home.json.j2: the template is laid out otherwise"
    ]


def test_a_file_of_cases_that_cannot_be_read_is_json_too(tmp_path: Path) -> None:
    run("init", "--sample", str(tmp_path))
    (tmp_path / "policies/cases/odd.toml").write_text("odd = 1")
    for command in (("check", "--all"), ("policy", "test")):
        assert json.loads(run(*command, "--json", cwd=tmp_path).stdout)


def test_a_command_that_a_library_ended_when_its_reader_went_away_ends_with_141() -> None:
    def told() -> None:
        try:
            raise BrokenPipeError  # noqa: TRY301 - what a library does inside
        except BrokenPipeError:
            sys.exit(1)  # as rich does

    with pytest.raises(SystemExit) as end:
        ended(told, "authorizer check")
    assert end.value.code == 141


def test_a_token_is_not_read_from_standard_input_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SignInFailed, match="standard input is closed"):
        read_token()


def test_an_event_is_not_read_from_standard_input_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(click.UsageError, match="standard input, which is closed"):
        invoke.main(["-", "--access", str(ACCESS)], standalone_mode=False)
