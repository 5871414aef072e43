"""Problems of a configuration that are rare, each said with its place."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from authorizer.errors import SettingsError
from authorizer.local.personas import load_personas
from authorizer.settings.load import load
from tests.make import ACCESS, PERSONAS, make_settings, sample_environment
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
