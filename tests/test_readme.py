"""The README tells the truth: its commands run, its tables are complete."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from authorizer.settings.places import Path as Keys
from authorizer.settings.reader import Section
from tests.cli.test_commands import run
from tests.make import ROOT, make_settings, sample_settings
from tests.readme_tables import FILE, GENERATED, between

README = FILE.read_text()
TABLES = ("claims", "policies", "roles", "groups")
"""Tables of tables: a row of the README says NAME for the key that a user chooses."""


@pytest.mark.parametrize("marker", GENERATED)
def test_a_table_that_the_code_knows_better_is_that_of_the_code(marker: str) -> None:
    assert between(README, marker) == GENERATED[marker](), "python -m tests.readme_tables writes it anew"


def named(path: Keys) -> str:
    """A key of access.toml as the README's table writes it."""
    steps = list(path)
    if steps[0] in TABLES and len(steps) > 1:
        steps[1] = "NAME"
    if len(steps) > 2 and steps[0] == "issuers" and steps[-2] in ("actors", "claims", "fixed_claims"):
        steps[-1] = "NAME"
    text = ""
    for step in steps:
        text += "[]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every key that reading a configuration asks for."""
    sample_settings()  # the personas have been read: only access.toml is listened to
    keys: set[str] = set()
    get = Section._get

    def noting(self: Section, key: str, *, required: bool) -> object:
        keys.add(named((*self.path, key)))
        return get(self, key, required=required)

    contains = Section.__contains__

    def noting_in(self: Section, key: str) -> bool:
        keys.add(named((*self.path, key)))
        return contains(self, key)

    monkeypatch.setattr(Section, "_get", noting)
    monkeypatch.setattr(Section, "__contains__", noting_in)
    oidc: dict[str, Any] = {"kind": "oidc", "issuer": "https://x", "client_ids": ["a"], "token_use": ["id"]}
    pool = {"user_pool": "eu-west-1_EXAMPLE01", "client_ids": ["a"], "token_use": ["id"]}
    oidc |= {"speaks_for": "any", "actors": {"agent": []}}
    rows = {
        "token_use": ["id"],
        "speaks_for": "any",
        "pools": [{"user_pool": "eu-west-1_Row", "client_ids": ["a"]}],
    }
    rows["pools"][0]["fixed_claims"] = {"tenant": "acme"}  # type: ignore[index] # as TOML has it
    limited: dict[str, Any] = {
        **pool,
        "user_pool": "eu-west-1_EXAMPLE02",
        "speaks_for": {"roles": [], "groups": [], "scopes": [], "claims": {"tenant": "any"}},
        "fixed_claims": {"client": "a"},
    }
    shared = {"statement": "OwnObjects", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/x"]}
    shared |= {"reason": "r", "owner": "o"}
    make_settings(
        policies={"s3-home": {"shared": [shared]}},
        issuers=[{**pool, "speaks_for": "any"}, oidc, rows, limited],
        roles={name: {"source_identity": "{sub}"} for name in ("viewer", "editor", "admin", "importer")},
        session={"context": "sealed"},
        sealing={
            "keys": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:seal",
            "source": "secretsmanager",
        },
        private_sealing={"keys": "{}"},
        shared_cache={"table": "sessions"},
        callers={"origins": []},
        lint={"ignore": [{"code": "scan", "where": "s3-home.json.j2", "reason": "r", "owner": "o"}]},
    )
    return keys


def test_every_setting_is_in_the_table_and_nothing_else_is(asked: set[str]) -> None:
    documented = set(re.findall(r"^\| `([^`]+)`", between(README, "settings"), re.MULTILINE))
    containers = {key for key in asked if any(other.startswith((f"{key}.", f"{key}[")) for other in asked)}
    # What a user names freely: each is one row.
    free = {
        "issuers[].speaks_for",
        "variables.NAME",
        "scopes.NAME",
        "claims.NAME.type",
        "roles.NAME.session_tags",
    }
    chosen = {
        key for key in asked if re.match(r"(variables|scopes)\.|claims$|roles\.NAME\.session_tags\.", key)
    }
    assert documented - free == asked - containers - chosen - {"claims.NAME", "policies.NAME"}


COMMANDS = re.findall(r"^\$ (authorizer .+)$", README, re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_does_what_the_readme_says(line: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    exits = re.search(r"# exits (\d)", line)
    home = Path(tmp_path_factory.getbasetemp())
    done = run(*shlex.split(line, comments=True)[1:], home=home)
    assert done.returncode == int(exits[1] if exits else 0), done.stderr
    assert "Traceback" not in done.stderr


def test_the_make_targets_that_the_readme_names_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z0-9-]*)\b", README)) - {"and"} <= targets


def test_every_path_that_the_readme_names_exists() -> None:
    paths = re.findall(r"`((?:authorizer|policies|events|tests|deploy|benchmarks)/[\w./-]*)`", README)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
