"""Problems of a configuration that are rare, each said with its place."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from authorizer.errors import SettingsError
from authorizer.local.personas import load_personas
from authorizer.settings.load import load
from tests.make import ACCESS, PERSONAS, make_settings, sample_environment, sample_templates
from tests.tokens.minting import key_set

POOL = {"user_pool": "eu-west-1_EXAMPLE01", "client_ids": ["app"], "token_use": ["id"]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"session": {"end_with_token": "yes"}}, "expected true or false, found", id="a text for a flag"),
        pytest.param({"session": {"end_with_token": 1}}, "expected true or false, found", id="a number for a flag"),
        pytest.param({"variables": {"a-b": "x"}}, "expected a name of letters, digits", id="a variable with a hyphen"),
        pytest.param({"variables": {"bucket": ""}}, "the text is empty", id="an empty text"),
        pytest.param({"issuers": None}, "nobody may sign a token", id="no issuers"),
    ],
)  # fmt: skip
def test_a_problem_is_said(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        make_settings(**changes)
    assert any(said in problem for problem in caught.value.problems)


def test_pinned_keys_may_be_the_document_itself() -> None:
    document = key_set().decode()
    settings = make_settings(issuers=[{**POOL, "pinned_keys": document}])
    assert {issuer.pinned_keys for issuer in settings.issuers.values()} == {document}


def not_utf_8(file: Path) -> None:
    file.write_bytes(b"\xff")


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("spoil", [not_utf_8, a_folder], ids=["not UTF-8", "a folder"])
def test_a_template_that_cannot_be_read(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    shutil.copytree(ACCESS.parent, tmp_path / "policies")
    spoil(tmp_path / "policies" / "templates" / "s3-home.json.j2")
    with pytest.raises(SettingsError, match="policies: cannot be read: "):
        load(tmp_path / "policies" / "access.toml", sample_environment())


def test_every_problem_of_the_personas_is_said(tmp_path: Path) -> None:
    personas = tmp_path / "personas.toml"
    personas.write_text(PERSONAS.read_text() + '\n[late]\nmachine = "no"\nnonsense = 5\n')
    with pytest.raises(SettingsError) as caught:
        load_personas(personas)
    assert len(caught.value.problems) >= 2
    assert all("personas.toml" in problem for problem in caught.value.problems)


def problems(**changes: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        make_settings(**changes)
    return list(caught.value.problems)


@pytest.mark.parametrize("name", ["sub", "issuer", "username", "groups"])
def test_no_claim_is_told_under_a_name_that_says_who_the_caller_is(name: str) -> None:
    [problem] = problems(
        claims={name: {"claim": "custom:other", "type": "slug"}}, gateway={"context_claims": [name]}
    )
    assert f"{name!r} is a reserved name of the context" in problem


@pytest.mark.parametrize(
    "changes", [{"lint": {"ignore": [{"code": "a", "where": "b", "untill": "c"}]}}, {"lint": {"x": 1}}]
)
def test_a_misspelt_setting_of_the_lint_is_told(changes: dict[str, Any]) -> None:
    [problem] = problems(**changes)
    assert "unknown setting" in problem


@pytest.mark.parametrize("value", ["sqs", {}, {"statement": "a"}, 5, ["a"]])
def test_what_is_shared_is_written_as_tables(value: object) -> None:
    [problem] = problems(policies={"s3-home": {"isolates": "sub", "shared": value}})
    assert "expected tables that say of which statement" in problem


def test_one_template_of_several_that_limits_the_time_does_not_go_with_the_tokens_end() -> None:
    timed = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::b/{{ sub }}/*",
                "Condition": {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
            },
        }
    )
    [problem] = problems(
        templates={**sample_templates(), "timed": timed},
        roles={"editor": {"policies": ["s3-home", "timed"]}},
        session={"end_with_token": True},
    )
    assert "limit `aws:CurrentTime` themselves" in problem
