"""Rows for somebody's `access.toml`: added where they belong, and nothing that stands there is touched."""

import tomllib

import pytest
import tomlkit

from authorizer.library import Kept, RowsRefused, add_rows
from tests.make import ACCESS, ROOT

ROWS = """\
[claims]
tenant = { claim = "custom:tenant_id", type = "slug", max_length = 32 }

[variables]
account = "env:ACCOUNT_ID"
queue   = "jobs"   # queues up to the tenant

[policies]
sqs = { isolates = "tenant" }

[roles.tenant-sqs]
arn      = "arn:aws:iam::123456789012:role/tenant-sqs"   # yours
policies = ["sqs"]
"""
NAMES = ("claims.tenant", "variables.account", "variables.queue", "policies.sqs", "roles.tenant-sqs")


def assert_grown(before: str, after: str) -> None:
    """Every line is still there, in its order, comments and all, and the tables are those and the rows."""
    rest = iter(after.splitlines())
    assert [line for line in before.splitlines() if line not in rest] == []
    old, rows, new = tomllib.loads(before), tomllib.loads(ROWS), tomllib.loads(after)
    assert new.keys() == old.keys() | rows.keys()
    for table, value in old.items():
        if table not in rows:
            assert new[table] == value
    for table, value in rows.items():
        assert new[table] == {**value, **old.get(table, {})}


ACCESSES = {
    "nothing": "",
    "a comment alone": "# ours\n",
    "tables with comments behind and between": (
        "# head\n[claims]   # who\nsub = { type = 'uuid' }   # a user\n\n# ── constants ──\n\n[variables]\n"
        "region = 'eu-west-1'   # where\n# none other\n\n\n[roles.a]\narn = 'x'\n# the end\n"
    ),
    "no line break at the end": "[variables]\nregion = 'eu-west-1'",
    "tables of tables": "[claims.sub]\ntype = 'uuid'\n[policies.a]\nisolates = 'sub'\n[roles.a]\narn = 'x'\n",
    "roles here and there": "[roles.a]\narn = 'x'\n[groups.g]\nrole = 'a'\n[roles.b]\narn = 'y'\n[session]\n",
    "dotted names": "variables.region = 'eu-west-1'\nclaims.sub.type = 'uuid'\n[session]\nname = '{sub}'\n",
    "dotted names in a table": "[claims]\nsub.type = 'uuid'\n[variables]\nregion = 'x'\n",
    "quoted names": "['claims']\n'sub' = { type = 'uuid' }\n[\"variables\"]\nregion = 'x'\n",
    "indented": "  [variables]\n    region = 'eu-west-1'\n  [policies]\n    a = { isolates = 'sub' }\n",
    "arrays of tables": "[[issuers]]\nkind = 'a'\n[[issuers]]\n[variables]\nregion = 'x'\n[[rules]]\nrole = 'a'\n",
    "many lines in a value": "[variables]\na = '''\n# b\n'''\n[roles.a]\npolicies = [\n  'x',  # one\n  'y',\n]\n",
}


@pytest.mark.parametrize("text", ACCESSES.values(), ids=list(ACCESSES))
def test_rows_are_added_to(text: str) -> None:
    result = add_rows(text, ROWS)
    assert result.added == NAMES
    assert result.kept == ()
    assert_grown(text, result.text)
    assert "# queues up to the tenant" in result.text
    assert "# yours" in result.text


@pytest.mark.parametrize("text", ACCESSES.values(), ids=list(ACCESSES))
def test_the_same_rows_again_change_nothing(text: str) -> None:
    once = add_rows(text, ROWS).text
    again = add_rows(once, ROWS)
    assert again.text == once
    assert (again.added, again.kept) == ((), ())


def test_the_bundled_file_grows_by_the_rows_that_it_lacks() -> None:
    text = ACCESS.read_text()
    result = add_rows(text, ROWS)
    assert result.added == ("variables.queue", "policies.sqs", "roles.tenant-sqs")
    assert_grown(text, result.text)
    # Behind the last row of its table, and before the heading of the next one.
    lines = [line for line in result.text.splitlines() if line]
    at = lines.index('queue = "jobs"   # queues up to the tenant')
    assert (lines[at - 1][:6], lines[at + 1][:4]) == ("table ", "# ──")
    at = lines.index("[roles.tenant-sqs]")
    assert lines[at - 1] == 'session_tags = { client = "client" }'
    assert lines[at + 3].startswith("# ── Groups")


def test_lines_that_end_as_windows_ends_them_go_on_so() -> None:
    text = "# ours\r\n[variables]\r\nregion = 'x'\r\n"
    result = add_rows(text, ROWS).text
    assert_grown(text, result)
    assert result.count("\n") == result.count("\r\n")


def test_a_row_that_says_something_else_stays_and_is_named() -> None:
    text = (
        "[claims]\ntenant = { type = 'uuid' }\n[variables]\nqueue = 'mine'   # ours\n"
        "[policies]\nsqs = { isolates = 'tenant', shared = ['x'] }\n[roles.tenant-sqs]\narn = 'y'\n"
    )
    result = add_rows(text, ROWS)
    assert result.added == ("variables.account",)
    assert_grown(text, result.text)
    assert [row.name for row in result.kept] == [name for name in NAMES if name != "variables.account"]
    assert result.kept[0] == Kept(
        name="claims.tenant",
        theirs='{type = "uuid"}',
        ours='{claim = "custom:tenant_id", type = "slug", max_length = 32}',
    )
    assert result.kept[1] == Kept(name="variables.queue", theirs='"mine"', ours='"jobs"')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[variables\n", "not TOML"),
        ("variables = 1\n", "`variables` is no table"),
        ("[[variables]]\na = 1\n", "`variables` is no table"),
        ("a = " + "[" * 200 + "]" * 200, "nested too deeply"),
    ],
)
def test_a_file_that_has_no_place_for_them_is_refused(text: str, said: str) -> None:
    with pytest.raises(RowsRefused, match=said):
        add_rows(text, ROWS)


def test_a_table_on_one_line_is_refused() -> None:
    """Its line would have to change, which is for its owner to do."""
    with pytest.raises(RowsRefused, match="no place for further rows"):
        add_rows("variables = { region = 'x' }   # ours\n", ROWS)


def test_every_access_toml_of_the_checkout_can_be_added_to() -> None:
    files = [ACCESS, *(ROOT / "tests").rglob("access*.toml")]
    for file in files:
        assert_grown(file.read_text(), add_rows(file.read_text(), ROWS).text)


def test_a_result_that_is_not_the_file_and_the_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the library that edits TOML may make of a file: what it made is read again."""
    dumps = tomlkit.dumps
    monkeypatch.setattr(tomlkit, "dumps", lambda document: dumps(document) + "\n[groups.g]\nrole = 'a'\n")
    with pytest.raises(RowsRefused, match="no place for further rows"):
        add_rows("[variables]\nregion = 'x'\n", ROWS)
