"""What is proven with one deployment's values is not proven with another's, and says so."""

import json
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from authorizer.cli.policy import policy
from authorizer.cli.values import read_env
from tests.cli.test_commands import run as at_the_sample

ROOT = Path(__file__).parents[2]
TEMPLATE = """{"Version": "2012-10-17", "Statement": [
  {"Sid": "Own", "Effect": "Allow", "Action": "s3:GetObject",
   "Resource": "arn:aws:s3:::example-data/{{ tenant }}/*"},
  {"Sid": "Scratch", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
   "Resource": "arn:aws:s3:::{{ scratch }}/{{ client }}/{{ tenant }}/*"}
]}"""
"""Two users meet only where both buckets are one: whose `client` is the other's `tenant`."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The bundled configuration with one policy more, whose bucket comes by the environment."""
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "policies" / "templates" / "scratch.json.j2").write_text(TEMPLATE)
    access = tmp_path / "policies" / "access.toml"
    text = access.read_text(encoding="utf-8")
    text = text.replace("[variables]\n", '[variables]\nscratch = "env:SCRATCH"\n')
    text = text.replace("[policies]\n", '[policies]\nscratch = { isolates = "tenant" }\n')
    access.write_text(text, encoding="utf-8")
    return tmp_path


def run(project: Path, command: str, *arguments: str) -> Result:
    access = str(project / "policies" / "access.toml")
    return CliRunner().invoke(policy, [command, *arguments, "--access", access])


def values(project: Path, name: str = "prod.env", **changed: str) -> str:
    """A file of everything that the configuration reads, as `docker --env-file` and shells take it."""
    from authorizer.local.personas import load_personas

    sample = load_personas(ROOT / "events" / "personas.toml").environment
    lines = [f"{key}={value}" for key, value in {**sample, "SCRATCH": "scratch-dev", **changed}.items()]
    (project / name).write_text("# production\n\n" + "\n".join(lines), encoding="utf-8")
    return str(project / name)


@pytest.mark.parametrize(("scratch", "verdict"), [("scratch-dev", "PROVEN"), ("example-data", "LEAK")])
def test_the_value_of_a_variable_decides_and_is_named(project: Path, scratch: str, verdict: str) -> None:
    file = values(project, SCRATCH=scratch)
    result = run(project, "prove", "scratch", "--env", file)
    assert result.exit_code == (0 if verdict == "PROVEN" else 1)
    assert "holds for these values of [variables], and is not shown for any other:" in result.stdout
    assert f"  - scratch = {scratch} (SCRATCH)\n" in result.stdout
    assert "table = " not in result.stdout
    (plain,) = json.loads(run(project, "prove", "scratch", "--env", file, "--json").stdout)
    assert (plain["verdict"], plain["values"]) == (verdict, {"scratch": scratch})


def test_a_deployment_s_file_stands_above_the_environment_and_takes_no_sample(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRATCH", "example-data")
    result = run(project, "prove", "scratch", "--env", values(project))
    assert result.exit_code == 0
    assert "sample values" not in result.stderr
    (project / "few.env").write_text("SCRATCH=scratch-dev\n")
    result = run(project, "prove", "scratch", "--env", str(project / "few.env"))
    assert result.exit_code != 0
    assert "is not set" in result.stderr


def test_without_a_file_the_sample_s_values_are_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRATCH", "scratch-dev")
    result = run(project, "prove")
    assert "sample values of ACCOUNT_ID" in result.stderr
    assert "  - bucket = example-data (DATA_BUCKET)\n" in result.stdout
    assert "  - partition = aws\n" in result.stdout


def test_check_and_diff_take_a_deployment_s_values_too(project: Path) -> None:
    file = values(project)
    assert "no case is about" in run(project, "check", "--env", file).stdout
    result = run(project, "diff", str(project / "policies"), "--env", file)
    assert result.exit_code == 0
    assert "Compared with these values of [variables], and no others:" in result.stdout
    assert "  - scratch = scratch-dev (SCRATCH)\n" in result.stdout
    plain = json.loads(run(project, "diff", str(project / "policies"), "--env", file, "--json").stdout)
    assert plain["values"]["scratch"] == "scratch-dev"


def test_a_configuration_without_variables_names_none(project: Path) -> None:
    access = project / "policies" / "access.toml"
    (project / "policies" / "templates" / "plain.json.j2").write_text(
        TEMPLATE.replace("{{ scratch }}", "other")
    )
    access.write_text(
        access.read_text().replace("[policies]\n", '[policies]\nplain = { isolates = "tenant" }\n')
    )
    result = run(project, "prove", "plain", "--env", values(project))
    assert result.exit_code == 0
    assert "values of [variables]" not in result.stdout


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.env", "export SCRATCH='scratch-dev'\nOTHER=\"x=y\"\nPLAIN=a#b", None),
        ("a.toml", '[environment]\nSCRATCH = "scratch-dev"', None),
        ("a.env", "SCRATCH\n", "a.env:1: expected NAME=VALUE, or a line that begins with #"),
        ("a.env", "\nnot a name=hidden\n", "a.env:2: expected NAME=VALUE"),
        ("a.toml", "[environment", "a.toml: not TOML"),
        ("a.toml", "[environment]\nSCRATCH = 1", "a.toml: expected a table [environment] of texts"),
        ("a.toml", 'SCRATCH = "x"', "a.toml: expected a table [environment] of texts"),
    ],
)
def test_a_file_of_values_is_lines_or_toml(tmp_path: Path, name: str, text: str, said: str | None) -> None:
    (tmp_path / name).write_text(text)
    if said is None:
        found = read_env(tmp_path / name)
        assert found["SCRATCH"] == "scratch-dev"
        assert found.get("OTHER", "x=y") == "x=y"
        assert found.get("PLAIN", "a#b") == "a#b"
        return
    with pytest.raises(click.BadParameter) as caught:
        read_env(tmp_path / name)
    assert said in caught.value.message
    assert "hidden" not in caught.value.message


@pytest.mark.parametrize("name", ["a.env", "a.toml"])
def test_a_file_of_values_that_is_no_text_is_told(tmp_path: Path, name: str) -> None:
    """Of UTF-16, as some editors write it, the first byte is none of UTF-8."""
    (tmp_path / name).write_bytes("[environment]\nSCRATCH = 'hidden'\n".encode("utf-16"))
    done = at_the_sample("check", "--env", str(tmp_path / name))
    assert done.returncode == 2
    assert f"{name}:1: is not UTF-8 (byte 0xff): save it as UTF-8: expected" in " ".join(done.stderr.split())
    assert "hidden" not in done.stderr


@pytest.mark.parametrize("name", ["a.env", "a.toml"])
def test_a_file_of_values_with_a_byte_order_mark_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("\ufeff[environment]\nSCRATCH = 'hidden'\n")
    with pytest.raises(click.BadParameter, match=f"{name}: begins with a byte order mark: save it as UTF-8"):
        read_env(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "text"), [("a.env", ""), ("b.env", "# nothing\n"), ("a.toml", "[environment]\n")]
)
def test_a_file_of_values_that_has_none_is_told_by_its_name(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(click.BadParameter, match=f"{name}: names no variable: expected lines NAME=VALUE"):
        read_env(tmp_path / name)
    assert read_env(Path("/dev/null")) == {}
