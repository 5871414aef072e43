"""The reference tells the truth: its tables are those of the code, whole, and nothing else is in them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from authorizer.cli.case_files import read_cases
from authorizer.engine.check import case_file
from authorizer.local.personas import load_personas
from authorizer.metrics import COUNTERS, DECISION
from authorizer.settings.coherence import RESERVED_CONTEXT_KEYS
from authorizer.settings.reader import Section
from authorizer.syntax.places import Path as Keys
from tests.guide.tables import DOCS, GENERATED, between
from tests.make import ROOT, make_settings, sample_access, sample_settings
from tests.test_events import EVENTS, Allowed
from tests.world import running

TABLES = ("claims", "policies", "roles", "groups")
"""Tables of tables: a row of the page says NAME for the key that a user chooses."""


@pytest.mark.parametrize("marker", GENERATED)
def test_a_table_that_the_code_knows_better_is_that_of_the_code(marker: str) -> None:
    page, table = GENERATED[marker]
    assert between(page.read_text(), marker) == table(), "python -m tests.guide.tables writes it anew"


def rows_of(page: str, marker: str) -> set[str]:
    """The first cell of each row of a table."""
    return set(re.findall(r"^\| `([^`]+)`", between((DOCS / page).read_text(), marker), re.MULTILINE))


def named(path: Keys) -> str:
    """A key of access.toml as the table writes it."""
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
    documented = rows_of("settings.md", "settings")
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


# ── Personas, cases, the record and the context ──────────────────────────────────────────────────────────────────────


def test_every_key_of_a_persona_is_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    get = Section._get

    def noting(self: Section, key: str, *, required: bool) -> object:
        if len(self.path) < 2 and self.path[:1] != ("environment",):
            asked.add(f"NAME.{key}" if self.path else key)
        return get(self, key, required=required)

    monkeypatch.setattr(Section, "_get", noting)
    people = load_personas(ROOT / "events" / "personas.toml").people
    assert rows_of("personas.md", "persona keys") == asked - {name for name in asked if name in people}


def test_every_key_of_a_case_file_is_in_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, set[str]] = {}
    only = case_file._File._only

    def noting(self: Any, tree: Mapping[str, object], keys: Sequence[str], where: str, path: Any) -> Any:
        known[re.sub(r" .*", "", where.removeprefix("the "))] = set(keys)
        return only(self, tree, keys, where, path)

    monkeypatch.setattr(case_file._File, "_only", noting)
    read_cases(sample_access(), sorted((ROOT / "policies" / "cases").glob("*.toml")))
    expected = {"templates", "role"} | known["file"] - {"users", "cases", "routes"}
    expected |= {f"users.NAME.{key}" for key in known["user"]}
    expected |= {f"{kind}s[].{key}" for kind in ("case", "route") for key in known[kind]}
    assert rows_of("cases.md", "case keys") == expected


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], set[str]]:
    """The members of the records, and the fields of the contexts, that all sample events leave behind."""
    members, fields = set[str](), set[str]()
    with running(tmp_path_factory.mktemp("keys")) as world:
        for name, expected in EVENTS.items():
            decision, _ = world.sample(name)
            members |= world.last.keys()
            if isinstance(expected, Allowed) and decision.response is not None:
                response: Any = decision.response
                fields |= response["context"].keys()
    return members, fields


def test_every_member_of_the_record_is_in_the_table(told: tuple[set[str], set[str]]) -> None:
    counted = {*COUNTERS, *DECISION}
    assert rows_of("record.md", "members") == (told[0] | {"actors"}) - counted - {"_aws"}


def test_every_field_of_the_context_is_in_the_table(told: tuple[set[str], set[str]]) -> None:
    claims = set(sample_settings().gateway.context_claims)
    once = {"credentials", "connection"}  # where they are sealed, and where a connection renews them
    assert rows_of("context.md", "context") == told[1] - claims - {"code"} | once
    assert rows_of("context.md", "context") <= RESERVED_CONTEXT_KEYS
