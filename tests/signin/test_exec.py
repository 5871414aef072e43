"""`authorizer exec -- COMMAND`: what the child sees, and how it ends. Real processes: this one is replaced."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from authorizer.cli.exec import DROPPED
from tests.make import ROOT
from tests.signin.conftest import Machine

SEES = "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:]]))"


@pytest.fixture
def machine(machine: Machine) -> Machine:
    assert machine.login().returncode == 0
    return machine


def started(machine: Machine, *command: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "authorizer", "exec", *machine.whom, "--", *command],
        cwd=ROOT,
        env={**os.environ, **machine.keyring.environment, "XDG_CACHE_HOME": str(machine.home), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_child_has_the_credentials_and_nobody_elses(machine: Machine) -> None:
    stale = dict.fromkeys((*DROPPED, "AWS_BEARER_TOKEN_BEDROCK"), "stale")
    child = started(machine, sys.executable, "-c", SEES, "a b", "--url", "x", **stale, AWS_REGION="eu-west-1")
    out, err = child.communicate()
    assert (child.returncode, err) == (0, "")
    seen, arguments = json.loads(out)
    assert arguments == ["a b", "--url", "x"]
    aws = {name: value for name, value in seen.items() if name.startswith("AWS_")}
    assert aws.pop("AWS_CREDENTIAL_EXPIRATION").endswith("Z")
    assert aws.pop("AWS_ACCESS_KEY_ID").startswith("ASIAOWN")
    expected = {"AWS_SECRET_ACCESS_KEY": "canary-secret-key", "AWS_SESSION_TOKEN": "canary-session-token"}
    assert expected.items() <= aws.items()
    assert "stale" not in seen.values()
    assert aws["AWS_REGION"] == "eu-west-1"
    assert machine.keyring.entry["token"] not in out


def test_its_exit_code_is_the_one_that_is_seen(machine: Machine) -> None:
    child = started(machine, "sh", "-c", "exit 7")
    child.communicate()
    assert child.returncode == 7


def test_signals_reach_it_and_it_is_left_none_that_python_ignores(machine: Machine) -> None:
    # This Python ignores SIGPIPE itself: what it was started with stands in /proc alone.
    child = started(machine, "sh", "-c", "grep SigIgn /proc/$$/status; echo $$; exec sleep 60")
    assert child.stdout is not None
    ignored = int(child.stdout.readline().split()[1], 16)
    assert not ignored & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1))
    assert int(child.stdout.readline()) == child.pid
    child.terminate()
    child.communicate()
    assert child.returncode == -signal.SIGTERM


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("no-such-command", 127, "'no-such-command' is not found"),
        (str(ROOT / "README.md"), 126, "cannot be run: PermissionError"),
        ("nul\0l", 126, "cannot be run: ValueError"),
    ],
)
def test_a_command_that_cannot_be_run_is_told_as_a_shell_does(
    machine: Machine, command: str, code: int, words: str
) -> None:
    done = machine.run("exec", command)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "canary" not in done.stderr
    # Left at its default, the next pipe that this process writes to ends it without a word.
    assert signal.getsignal(signal.SIGPIPE) is signal.SIG_IGN


def test_without_credentials_nothing_is_run(machine: Machine, tmp_path: Path) -> None:
    machine.api.wrong = (401, b"{}", {})
    done = machine.run("exec", "--", "touch", str(tmp_path / "it"))
    assert done.returncode == 2
    assert not (tmp_path / "it").exists()
