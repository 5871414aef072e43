"""What `env:` names mean: to what is about production this environment's values, or an error; the sample has to be
asked for, and is told."""

import json
import shutil
from pathlib import Path
from typing import Any

import click
import pytest

from authorizer.bundle.build import Bundle
from authorizer.cli import cli
from authorizer.cli.policy import policy
from tests.bundle.conftest import RUNTIME
from tests.cli.test_commands import Done, run
from tests.make import ROOT, sample_environment

ROLE = "arn:aws:iam::123456789012:role/authorizer"
USER = ["--role", "editor", "--claim", "sub=11111111-1111-4111-8111-111111111111", "--claim", "tenant=acme"]
REQUEST = ["--action", "s3:ListAllMyBuckets", "--resource", "arn:aws:s3:::x"]
PRODUCTION = [
    pytest.param(["trust", "--execution-role", ROLE], id="trust"),
    pytest.param(["trust", "--execution-role", ROLE, "--cloudformation"], id="trust as CloudFormation"),
    pytest.param(["revoke", "--tenant", "acme"], id="revoke"),
    pytest.param(["revoke", "--tenant", "acme", "--json"], id="revoke as JSON"),
    pytest.param(
        [
            *("bundle", "--json", "--installed", "--arch", "x86_64"),
            "--python",
            ".".join(map(str, RUNTIME.python)),
        ],
        id="bundle",
    ),
]
JUDGING = [
    pytest.param(["check"], id="check"),
    pytest.param(["check", "--json"], id="check as JSON"),
    *(
        pytest.param(["policy", *arguments], id=f"policy {arguments[0]}")
        for arguments in (
            *(["check"], ["test"], ["prove"], ["diff", "policies"]),
            *(["render", *USER], ["explain", *USER, *REQUEST]),
        )
    ),
]


@pytest.fixture(autouse=True)
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Bundle(zips={Path("a.zip"): 5}, parts=(), dropped={})
    monkeypatch.setattr("authorizer.cli.bundle.build", lambda *_, **__: made)


def told(done: Done, command: list[str]) -> str:
    """What is told of the problems: on standard output as JSON, or beside an empty one."""
    if "--json" in command:
        return "\n".join(json.loads(done.stdout))
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("command", PRODUCTION)
def test_a_command_about_production_names_what_its_environment_lacks(command: list[str]) -> None:
    done = run(*command)
    assert done.returncode == 2
    for name in sample_environment():
        assert f"the environment variable {name} is not set" in told(done, command)
    assert "--sample takes the values of events/personas.toml instead" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", PRODUCTION)
@pytest.mark.parametrize("value", [None, ""], ids=["missing", "empty"])
def test_one_name_that_is_missing_is_not_the_samples(command: list[str], value: str | None) -> None:
    given = {**sample_environment(), "EDITOR_ROLE_ARN": value}
    done = run(*command, variables={name: text for name, text in given.items() if text is not None})
    assert done.returncode == 2
    assert told(done, command).count("is not set") == 1
    assert "roles.editor.arn: the environment variable EDITOR_ROLE_ARN is not set" in told(done, command)


def test_where_no_name_is_missing_the_sample_is_no_remedy() -> None:
    done = run("revoke", "--tenant", "acme", variables={**sample_environment(), "EDITOR_ROLE_ARN": "editor"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "roles.editor.arn: expected the ARN of an IAM role" in done.stderr
    assert "--sample" not in done.stderr


@pytest.mark.parametrize("command", PRODUCTION)
def test_a_command_about_production_runs_on_its_own_environment_and_does_not_speak_of_the_sample(
    command: list[str],
) -> None:
    done = run(*command, variables=sample_environment())
    assert done.returncode == 0, done.stderr
    assert "sample" not in (done.stdout + done.stderr).lower().replace('"sample_values": []', "")


@pytest.mark.parametrize("command", PRODUCTION)
def test_the_sample_is_told_in_what_is_printed_and_beside_it(command: list[str]) -> None:
    given = {"ACCOUNT_ID": "210987654321", "AWS_REGION": "eu-north-1"}
    done = run(*command, "--sample", variables=given)
    assert done.returncode == 0, done.stderr
    names = sorted(sample_environment().keys() - given.keys())
    assert f"policies/access.toml: sample values of {', '.join(names)}\n" in done.stderr
    for name in names:
        assert name in done.stdout
    assert "ACCOUNT_ID" not in done.stdout, "this environment has it"


@pytest.mark.parametrize("command", JUDGING)
def test_what_judges_the_configuration_says_where_it_does_so_with_the_samples_values(
    command: list[str],
) -> None:
    done = run(*command)
    assert done.returncode in (0, 1), done.stderr
    assert (
        f"policies/access.toml: sample values of {', '.join(sorted(sample_environment()))}\n" in done.stderr
    )
    done = run(*command, variables=sample_environment())
    assert "sample" not in done.stderr
    if "--json" in command:
        json.loads(done.stdout)


@pytest.mark.parametrize("command", JUDGING)
def test_what_judges_the_configuration_can_be_told_to_take_no_sample(command: list[str]) -> None:
    done = run(*command, "--aws")
    assert done.returncode in (1, 2)
    assert "USER_POOL_ID is not set" in done.stderr + done.stdout


def test_an_older_configuration_that_reads_more_of_the_sample_is_told_too(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    shutil.copytree(ROOT / "events", tmp_path / "events")
    new = tmp_path / "policies" / "access.toml"
    assert '"env:RESPONSE"' in new.read_text()
    new.write_text(new.read_text().replace('"env:RESPONSE"', '"policy"'))
    given = {name: value for name, value in sample_environment().items() if name != "RESPONSE"}
    done = run("policy", "diff", str(ROOT / "policies"), "--access", str(new), variables=given)
    assert done.stderr == f"{ROOT / 'policies' / 'access.toml'}: sample values of RESPONSE\n"
    assert done.returncode == 0


def test_every_command_that_reads_a_configuration_says_which_environment_it_reads() -> None:
    """A new command has one of the two options, or a line here."""
    context = click.Context(cli)
    commands: dict[str, Any] = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    commands |= {
        f"policy {name}": policy.get_command(context, name) for name in policy.list_commands(context)
    }
    found = {}
    for name, command in commands.items():
        options = {option for each in command.params for option in each.opts}
        if "--access" in options:
            found[name] = options & {"--sample", "--aws"}
    for name in ("token", "login", "serve"):
        assert found.pop(name) == set(), "the local issuer's: never about a deployment"
    assert found.pop("fmt") == set(), "writes templates, and reads no `env:` name"
    assert found.pop("deploy") == set(), "makes a parameter of each `env:` name, and has no values"
    assert found.pop("policy add") == set(), "writes rows, and reads no `env:` name"
    assert {name for name, options in found.items() if options == {"--sample"}} == {
        "trust",
        "revoke",
        "bundle",
        "assure",
    }
    assert {name for name, options in found.items() if options != {"--sample"}} == {
        name for name, options in found.items() if options == {"--aws"}
    }
