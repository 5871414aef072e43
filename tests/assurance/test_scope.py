"""The scope of a report: each file and each name of the environment by digest, and no secret."""

import hashlib
import json
from pathlib import Path

from authorizer.assurance import digest, inputs, scope, told

ACCESS = """
[roles.r]
arn = "env:ROLE"
external_id = "env:EXTERNAL"
[sealing]
keys = "env:SEAL"
[[issuers]]
client_ids = ["env:APP"]
pinned_keys = "env:PINS"
pools = [{ pinned_keys = "env:APP2", client_ids = ["env:EXTERNAL"] }]
"""


def project(folder: Path) -> Path:
    for name, text in {
        "policies/access.toml": ACCESS,
        "policies/templates/b.json.j2": "b",
        "policies/templates/a.json.j2": "a",
        "policies/templates/notes.txt": "n",
        "policies/keys/k.json": "{}",
        "policies/cases/c.toml": "c",
        "events/personas.toml": "p",
    }.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder / "policies" / "access.toml"


def test_every_file_is_told_by_its_bytes(tmp_path: Path) -> None:
    access = project(tmp_path)
    rows = inputs(access, cases=[access.parent / "cases/c.toml"], personas=tmp_path / "events/personas.toml")
    assert [(row["kind"], row["name"]) for row in rows] == [
        ("access", "access.toml"),
        ("template", "templates/a.json.j2"),
        ("template", "templates/b.json.j2"),
        ("keys", "keys/k.json"),
        ("cases", "cases/c.toml"),
        ("personas", "events/personas.toml"),
    ]
    assert rows[1] == {
        "kind": "template",
        "name": "templates/a.json.j2",
        "sha256": hashlib.sha256(b"a").hexdigest(),
        "bytes": 1,
    }


def test_compiled_templates_are_an_input_and_absent_personas_are_none(tmp_path: Path) -> None:
    access = project(tmp_path)
    (access.parent / "templates" / "compiled.json").write_text("{}")
    rows = inputs(access, cases=[], personas=tmp_path / "none.toml")
    assert "templates/compiled.json" in {row["name"] for row in rows}
    assert "personas" not in {row["kind"] for row in rows}


def test_a_file_from_elsewhere_is_told_by_its_name_alone(tmp_path: Path) -> None:
    assert told(Path("/elsewhere/deep/x.toml"), tmp_path) == "x.toml"


def test_a_value_is_told_by_its_digest_and_a_secret_not_at_all(tmp_path: Path) -> None:
    environment = dict.fromkeys(("ROLE", "EXTERNAL", "SEAL", "APP", "PINS", "APP2"), "value")
    found = scope(project(tmp_path), [], environment=environment, samples=["APP"])
    rows = {row["name"]: (row["sha256"], row["sample"]) for row in found["environment"]}
    assert rows == {
        "APP": (digest(b"value"), True),
        "APP2": (None, False),
        "EXTERNAL": (None, False),  # a secret in one place is one in every place
        "PINS": (None, False),
        "ROLE": (digest(b"value"), False),
        "SEAL": (None, False),
    }
    assert "value" not in json.dumps(found)
