"""The schemas of what people write: they take what is read, refuse what is not, and name every key once."""

import copy
import json
import re
import subprocess
import sysconfig
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import tomlkit
from jsonschema import Draft7Validator
from typing_extensions import override

from authorizer.cli.schema import NAMES
from authorizer.engine import CaseInvalid
from authorizer.engine.check import parse_case_file
from authorizer.engine.language.kinds import TYPES
from authorizer.gate import surroundings
from authorizer.library import KINDS
from authorizer.local.personas import read_personas
from authorizer.schemas import FIRST_LINES, FOLDER, SCHEMAS, named, schema_text
from authorizer.schemas.claim_rows import claim_row
from authorizer.settings.causes import TABLES
from authorizer.settings.reader import Problems, Section
from authorizer.settings.readers import READERS
from tests.cli.test_commands import run
from tests.guide.test_reference import rows_of
from tests.make import ROOT, sample_access
from tests.mistakes.score import try_mistake
from tests.mistakes.table import MISTAKES
from tests.needs import node

POLICIES, EVENTS = ROOT / "policies", ROOT / "events"
MADE = {name: json.loads(schema_text(name)) for name in SCHEMAS}
CASES = sorted((POLICIES / "cases").glob("*.toml"))


def plain(value: object) -> object:
    """TOML's days as texts: JSON has none, and editors hand them over so."""
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def problems(name: str, value: object, schema: Any = None) -> list[str]:
    validator = Draft7Validator(schema or MADE[name], format_checker=Draft7Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(plain(value))]


def toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_is_shipped_is_what_the_readers_make(name: str) -> None:
    Draft7Validator.check_schema(MADE[name])
    shipped = (POLICIES / FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert shipped == schema_text(name), "authorizer schema --output policies/schemas writes it anew"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("access", POLICIES / "access.toml"),
        ("personas", EVENTS / "personas.toml"),
        *(("cases", each) for each in CASES),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else value,
)
def test_a_sample_is_as_its_schema_says_and_names_it_first(name: str, path: Path) -> None:
    assert problems(name, toml(path)) == []
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    assert first == FIRST_LINES[name]
    assert (path.parent / first.removeprefix("#:schema ")).resolve() == POLICIES / FOLDER / f"{name}.json"


def test_a_line_is_put_in_front_once() -> None:
    once = named("cases", "role = 'a'\n")
    assert once == f"{FIRST_LINES['cases']}\nrole = 'a'\n"
    assert named("cases", once) == once


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_files_of_the_library_are_as_the_schemas_say(kind: Any) -> None:
    assert problems("cases", tomllib.loads(kind.cases)) == []
    rows = {**MADE["access"], "required": []}  # they are added to an access.toml that has the rest
    assert problems("access", tomllib.loads(kind.rows), rows) == []


def test_what_init_writes_of_the_library_names_its_schema(tmp_path: Path) -> None:
    assert run("init", str(tmp_path / "new"), "--policy", "sqs").returncode == 0
    policies = tmp_path / "new" / "policies"
    assert problems("access", toml(policies / "access.toml")) == []
    for path in (policies / "cases").glob("*.toml"):
        assert path.read_text().startswith(FIRST_LINES["cases"]), path
    # `policy add` names it where it is, and nowhere else.
    assert run("policy", "add", "sns", cwd=tmp_path / "new").returncode == 0
    assert (policies / "cases" / "sns.toml").read_text().startswith(FIRST_LINES["cases"])
    (policies / FOLDER / "cases.json").unlink()
    assert run("policy", "add", "ssm", cwd=tmp_path / "new").returncode == 0
    assert "#:schema" not in (policies / "cases" / "ssm.toml").read_text()


def keys_of(schema: Any, path: str = "") -> Iterator[str]:
    """Every key of a schema, as the reference writes it: `issuers[].pools[].client_ids`, `roles.NAME.arn`."""
    for shape in (schema, *schema.get("anyOf", ())):
        for key, inner in (shape.get("properties") or {}).items():
            if isinstance(inner, dict) and "const" not in inner:
                yield f"{path}.{key}".lstrip(".")
                yield from keys_of(inner, f"{path}.{key}")
        if isinstance(shape.get("additionalProperties"), dict):
            yield f"{path}.NAME".lstrip(".")
            yield from keys_of(shape["additionalProperties"], f"{path}.NAME")
        if isinstance(shape.get("items"), dict):
            yield from keys_of(shape["items"], f"{path}[]")


def test_every_key_of_the_reference_is_in_the_schema() -> None:
    assert set(MADE["access"]["properties"]) == set(READERS) == set(TABLES)
    assert rows_of("settings.md", "settings") <= set(keys_of(MADE["access"]))
    assert rows_of("personas.md", "persona keys") <= set(keys_of(MADE["personas"]))
    assert rows_of("cases.md", "case keys") <= set(keys_of(MADE["cases"]))


def test_every_option_of_a_claim_type_has_a_shape() -> None:
    row = claim_row({"properties": {}})
    options = {option for kind in TYPES.values() for option in kind.options}
    assert options <= row["properties"].keys()


RICH: dict[str, Any] = {
    "issuers": [
        {"kind": "oidc", "issuer": "https://x", "client_ids": ["a"], "token_use": ["id"], "speaks_for": "any",
         "jwks_uri": "https://x/jwks", "max_lifetime": "1h", "max_auth_age": "1h", "leeway": "1s",
         "audiences": ["api"], "algorithm": "RS256", "actors": {"agent": ["data:read"]}},
        {"user_pool": "eu-west-1_EXAMPLE01", "client_ids": "any", "token_use": ["id"], "regions": ["us-west-2"],
         "issuer_forms": ["original"], "fixed_claims": {"tenant": "acme"},
         "speaks_for": {"roles": [], "groups": "any", "scopes": ["a"], "claims": {"tenant": ["acme"], "a": "any"}}},
        {"token_use": ["id"], "speaks_for": "any", "pools": [{"user_pool": "eu-west-1_Row", "client_ids": ["a"]}]},
    ],
    "keys": {"timeout": "2s", "max_age": "1h", "grace": "24h", "cooldown": "10s"},
    "claims": {
        "tenant": {"claim": "custom:t", "type": "slug", "max_length": 32, "lower_case": True, "fallback": "none"},
        "level": {"type": "integer", "min": 1, "max": 9, "user_writable": True},
        "org": {"type": "id", "prefix": "o_", "alphabet": "base36", "length": 9, "list": "comma", "max_items": 5},
        "kind": {"type": "enum", "values": ["a", "b"]},
        "net": {"type": "ip", "widest": 16},
        "note": {"type": "opaque", "exclude": ":,"},
    },
    "variables": {"bucket": "env:DATA_BUCKET"},
    "policies": {
        "name": {"isolates": ["tenant"], "shared": [
            {"statement": "text", "actions": ["sqs:ListQueues"], "resources": ["arn:aws:sqs:eu-west-1:1:q"],
             "reason": "r", "owner": "o", "until": date(2027, 1, 31)}]},
    },
    "roles": {"editor": {
        "arn": "arn:aws:iam::123456789012:role/editor", "policies": ["name"], "session_name": "{sub}",
        "session_tags": {"tenant": "tenant"}, "transitive_tags": ["tenant"], "source_identity": "{sub}",
        "external_id": "env:X", "managed_policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"], "duration": "1h"}},
    "groups": {"editors": {"role": "editor", "precedence": 1, "scopes": ["data:read"]}},
    "rules": [{"claim": "custom:x", "match": "Equals", "value": "a", "role": "editor"}],
    "resolution": {"role_header": "x-role", "ambiguous": "deny"},
    "scopes": {"data:read": ["GET /data"]},
    "routes": {"shared": {"tenant": ["data:read"], "org": [{"scope": "a", "reason": "r", "until": "2027-01-31"}]}},
    "gateway": {
        "result_ttl": "5m", "backend_time": "30s", "response": "policy", "identity_sources": ["authorization"],
        "token_sources": ["header:authorization"], "context_claims": ["tenant"], "usage_key_claim": "tenant",
        "token_scopes": "ignore", "connection_time": "30m", "renew_connections": False},
    "session": {"name": "{sub}", "duration": "1h", "context": "plain", "end_with_token": True, "cache_entries": 9},
    "sealing": {"source": "environment", "keys": "env:K"},
    "private_sealing": {"source": "kms", "keys": "env:K"},
    "shared_cache": {"table": "sessions", "region": "eu-west-1"},
    "callers": {"roles": {"editor": "own"}, "origins": ["https://a.example"], "same_address": True, "sessions": 5},
    "lint": {"ignore": [{"code": "scan", "where": "name", "reason": "r", "owner": "o", "until": "2027-01-31"}]},
}  # fmt: skip
"""Every setting once."""
PEOPLE: dict[str, Any] = {
    "environment": {"A": "b"},
    "erin": {"sub": "1", "username": "e", "groups": ["g"], "roles": ["r"], "preferred_role": "r", "scopes": ["s"],
             "claims": {"a": 1}, "access_claims": {"b": [True]}, "issued_ago": 60},
    "robot": {"machine": True, "scopes": ["s"]},
}  # fmt: skip
FILE: dict[str, Any] = {
    "templates": ["s3-home"],
    "users": {"ann": {"claims": {"sub": "11111111-1111-4111-8111-111111111111"}, "scopes": "a", "groups": ["editors"]},
              "mal": {"claims": {"sub": "*"}}},
    "cases": [
        {"name": "one", "user": "ann", "action": "s3:GetObject", "resource": ["arn:aws:s3:::{bucket}/x"],
         "context": {"s3:prefix": ["a"]}, "expect": "deny", "statement": "OwnObjects"},
        {"name": "two", "user": "mal", "expect": "refused"},
    ],
    "routes": [{"name": "three", "user": "ann", "method": ["GET"], "path": "/files/1", "expect": "allow",
                "route": "GET /files/*"}],
}  # fmt: skip
WRONG: tuple[Any, ...] = (
    "",
    "no such",
    7,
    -1,
    True,
    1.5,
    [],
    ["a", "a"],
    [7],
    [""],
    {},
    {"unknown": 1},
    [{"a": 1}],
)
_OF_SHAPE = re.compile(
    r"expected (a text,|a table|tables|a list of texts|text or a list|a duration such|true or false|one of .*found"
    r"|a whole number from [0-9]+ to)|is required(?! where)|is missing|unknown (setting|type|key)|the text is empty"
    r"|the list is empty|stands here twice|has no option|has no name|is given, and no"
)
"""What a reader says of a shape, and not of what a name or a value is of elsewhere."""


def spoiled(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every change of one place: another value there, nothing there, one key more."""
    root = value
    for part in path:
        value = value[part]
    if path:
        for wrong in WRONG:
            yield f"{path} = {wrong!r}", _with(root, path, wrong)
        if isinstance(path[-1], str):
            yield f"{path} gone", _with(root, path, None)
    if isinstance(value, dict):
        yield f"{path} and one more", _with(root, (*path, "qqq"), "x")
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from spoiled(root, (*path, key))


def _with(root: Any, path: tuple[str | int, ...], value: object) -> Any:
    changed = copy.deepcopy(root)
    inner = changed
    for part in path[:-1]:
        inner = inner[part]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return changed


def _access(tables: Any) -> list[str]:
    """What the readers say of the tables, each of its own: nothing of what a name is elsewhere."""
    found = Problems("x", "")
    root = Section(tables, path=(), problems=found, environment=Anything())
    for name, (reader, _) in READERS.items():
        root.raw(name)
        reader(root)
    root.done()
    return found.found


class Anything(dict[str, str]):
    """An environment in which every variable says the same."""

    @override
    def get(self, key: str, default: object = None) -> Any:
        return "slug"


def _personas(tables: Any) -> list[str]:
    found = Problems("x", "")
    read_personas(Section(tables, path=(), problems=found, environment={}))
    return found.found


def _cases(tables: Any) -> list[str]:
    try:
        parse_case_file(tomlkit.dumps(tables), file="x", around=AROUND)
    except CaseInvalid as error:
        return list(error.problems)
    return []


AROUND = surroundings(sample_access())


@pytest.mark.parametrize(
    ("name", "value", "reader"),
    [("access", RICH, _access), ("personas", PEOPLE, _personas), ("cases", FILE, _cases)],
    ids=list(SCHEMAS),
)
def test_schema_and_reader_are_of_one_mind_of_every_key_spoilt(
    name: str, value: Any, reader: Callable[[Any], list[str]]
) -> None:
    assert problems(name, value) == []
    assert [problem for problem in reader(value) if _OF_SHAPE.search(problem)] == []
    agreed, differ = 0, []
    for change, changed in spoiled(value):
        said, seen = reader(changed), problems(name, changed)
        of_shape = [problem for problem in said if _OF_SHAPE.search(problem)]
        if seen and not said:
            differ.append(f"{change}: the schema refuses what is read: {seen}")
        if of_shape and not seen:
            differ.append(f"{change}: the reader alone refuses it: {of_shape}")
        agreed += bool(seen)
    assert differ == []
    assert agreed > len(keys := set(keys_of(MADE[name]))), keys


EDITED = {"access.toml": "access", "personas.toml": "personas"}
MISTAKEN = [
    mistake
    for mistake in MISTAKES
    if any(edit.new is not None and edit.file.endswith(".toml") for edit in mistake.edits)
]
OF_SHAPE = {
    "an issuer speaks for a list",
    "a case expects nothing",
    "a group has a list of roles",
    "a setting is misspelt",
    "a table is misspelt, which every template needs",
    "a key that is required is misspelt",
    "the type of a claim is misspelt",
    "the method of a route is misspelt",
    "a duration is written in words",
    "a duration is a number",
    "a role is given by its name in place of its ARN",
    "a list is written as a text",
    "a key of a case is misspelt",
    "a case expects what is no verdict",
}
"""Of `tests/mistakes`, those of a shape: an editor underlines them while they are made. Four more are no TOML, and the
other eleven are of what a name, a bound or a claim is elsewhere."""


def test_mistakes_of_shape_are_refused_by_the_schema_too(tmp_path: Path) -> None:
    assert run("init", str(tmp_path / "starter"), "--sample").returncode == 0
    found: dict[str, str] = {}
    for number, mistake in enumerate(MISTAKEN):
        folder = tmp_path / str(number)
        try_mistake(replace(mistake, command="--version"), tmp_path / "starter", folder)
        for edit in mistake.edits:
            path = folder / edit.file
            if path.suffix != ".toml":
                continue
            name = EDITED.get(path.name, "cases")
            try:
                seen = problems(name, toml(path))
            except tomllib.TOMLDecodeError:
                continue  # every editor says so without a schema
            if seen:
                found[mistake.name] = seen[0]
    print(f"{len(found)} of {len(MISTAKEN)} mistakes in TOML files are refused by a schema")
    assert found.keys() == OF_SHAPE


def test_every_pattern_is_one_of_ecma_262() -> None:
    patterns = sorted(set(_patterns(MADE)))
    assert len(patterns) > 10
    code = "for (const p of JSON.parse(process.argv[1])) new RegExp(p, 'u')"
    done = subprocess.run(
        [node(), "-e", code, json.dumps(patterns)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def _patterns(value: Any) -> Iterator[str]:
    for key, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        if key == "pattern" and isinstance(inner, str):
            yield inner
        else:
            yield from _patterns(inner)


TAPLO = Path(sysconfig.get_path("scripts")) / "taplo"


@pytest.mark.skipif(not TAPLO.exists(), reason="not installed: pip install taplo")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(("", ""), "", id="the sample"),
        pytest.param(
            ('duration = "1h" ', 'duraton = "1h" '), "'duraton' was unexpected", id="a misspelt key"
        ),
    ],
)
def test_taplo_finds_the_schema_by_the_first_line(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    copytree(POLICIES, tmp_path / "policies")
    copytree(EVENTS, tmp_path / "events")
    access = tmp_path / "policies" / "access.toml"
    access.write_text(access.read_text().replace(*change, 1))
    files = [access, tmp_path / "events" / "personas.toml", *(tmp_path / "policies" / "cases").glob("*.toml")]
    done = subprocess.run([TAPLO, "lint", *files], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (int(bool(said)), True), done.stderr


def test_the_command_prints_one_or_writes_all(tmp_path: Path) -> None:
    assert run("schema", "cases").stdout == schema_text("cases")
    assert run("schema", "--output", str(tmp_path / "new")).returncode == 0
    assert {file.name for file in (tmp_path / "new").iterdir()} == {f"{name}.json" for name in SCHEMAS}
    assert tuple(SCHEMAS) == NAMES
    for words in ((), ("access", "--output", str(tmp_path))):
        done = run("schema", *words)
        assert (done.returncode, "expected one of access, personas, cases" in done.stderr) == (2, True)
    (tmp_path / "file").write_text("")
    done = run("schema", "--output", str(tmp_path / "file" / "x"))
    assert (done.returncode, "cannot be written: Not a directory" in done.stderr) == (2, True)
