"""What is printed of files that somebody else wrote: text, and nothing that a terminal or a CI server obeys."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.text import Text
from typing_extensions import override

from authorizer.cli.console import folding_table, literal_console
from authorizer.cli.plain import Plain, data, one_line, plain
from tests.cli.test_commands import run
from tests.make import ROOT

ESCAPE = r"\u001b]0;TITLE\u0007\u009b31m\u202e"
"""As TOML and JSON write it: a terminal's title, a colour by C1, and text from right to left."""
COMMAND = r"\n::stop-commands::x\n  ::add-mask::y\r##[stop-commands]z"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
OURS = re.compile(r"\x1b\[[0-9;]*m|\r(?=\n)")
"""Colours, and what a terminal makes of the end of a line."""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, with names and reasons as a stranger's pull request may have them."""
    folder = tmp_path_factory.mktemp("hostile")
    for name in ("policies", "events"):
        shutil.copytree(ROOT / name, folder / name)
    access = folder / "policies" / "access.toml"
    text = access.read_text()
    text = text.replace("[groups.auditors]", f'[groups."auditors{ESCAPE}"]')
    text = text.replace("[claims]", '[claims]\nextra = { claim = "custom:x", type = "slug" }')
    access.write_text(
        f'{text}\n[[lint.ignore]]\ncode = "unused"\nwhere = "claims.extra"\nreason = "r{ESCAPE}{COMMAND}"\n'
        f'[[lint.ignore]]\ncode = "scan"\nwhere = "x{ESCAPE}{COMMAND}"\nreason = "r"\n'
    )
    personas = folder / "events" / "personas.toml"
    people = personas.read_text().replace('"auditors"', f'"auditors{ESCAPE}"')
    personas.write_text(people.replace("[auditor]", f'["auditor{ESCAPE}"]'))
    for cases in (folder / "policies" / "cases").glob("*.toml"):
        renamed = re.sub(r'(?m)^name *= "', lambda match: f"{match[0]}{ESCAPE}{COMMAND}", cases.read_text())
        cases.write_text(renamed.replace('"auditors"', f'"auditors{ESCAPE}"'))
    file = f'{{"kind": "cases", "name": "x{ESCAPE}{COMMAND}", "sha256": "0"}}'
    (folder / "no-report.json").write_text(
        f'{{"format": 2, "date": null, "changes": null, "scope": {{"files": [{file}]}}}}'
    )
    role = f'{{"Type": "AWS::IAM::Role", "Properties": {{"X": {{"Fn::No{ESCAPE}": 1}}}}}}'
    (folder / "template.json").write_text(f'{{"Resources": {{"A{ESCAPE}{COMMAND}": {role}}}}}')
    (folder / "api.yaml").write_text(
        f'openapi: 3.0.1\npaths: {{"/a{ESCAPE}": {{get: {{security: [{{"x{ESCAPE}": []}}]}}}}}}\n'
    )
    return folder


COMMANDS = [
    "check",
    "check --all",
    "check --all --format github",
    "policy check",
    "policy check --format github",
    "policy test --verbose",
    "policy who-can s3:GetObject arn:aws:s3:::example-data/x",
    "policy reach --group editors",
    "policy diff policies",
    "policy render --role nobody\x1b]0;TITLE\x07 --claim x=y",
    "assure --sample --date 2027-01-31 --out made",
    "assure --sample --verify no-report.json",
    "policy prove --deployment template.json",
    "token nobody\x1b]0;TITLE\x07",
    "serve --port 0 --api api.yaml",
    "invoke events/rest-token-allow.json --explain",
    "revoke --sample --group nobody\x1b]0;TITLE\x07",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_that_somebody_else_wrote_is_obeyed(hostile: Path, command: str) -> None:
    done = run(*command.split(" "), cwd=hostile, home=hostile)
    told = done.stdout + done.stderr
    assert told
    assert RAW.findall(told) == []
    commands = [line for line in told.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    ours = "github" in command
    assert [line for line in commands if not (ours and re.match("::(warning|error) ", line))] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "policy check",
        "policy test --verbose",
        "check --format github",
        "assure --sample --verify no-report.json",
        "policy prove --deployment template.json",
        "serve --port 0 --api api.yaml",
        "token nobody\x1b]0;TITLE\x07",
        "policy render --role nobody\x1b]0;TITLE\x07 --claim x=y",
    ],
)
def test_a_terminal_gets_our_own_colours_and_nothing_else(hostile: Path, command: str) -> None:
    told = on_a_terminal(*command.split(" "), cwd=hostile)
    assert told
    assert RAW.findall(OURS.sub("", told)) == []
    if command.startswith("policy test"):
        assert "\x1b[" in told


def on_a_terminal(*arguments: str, cwd: Path) -> str:
    """What a command prints to a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "PYTHONPATH": str(ROOT)}
    environment = {
        name: value for name, value in environment.items() if name not in {"NO_COLOR", "FORCE_COLOR"}
    }
    command = [sys.executable, "-m", "authorizer", *arguments]
    told = b""
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd=cwd, env=environment
    ):
        os.close(theirs)
        try:
            while some := os.read(ours, 65536):
                told += some
        except OSError:  # Linux says so of a terminal that nobody holds any more
            pass
    os.close(ours)
    return told.decode()


# ── The stream ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Terminal(StringIO):
    @override
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        pytest.param("a\tb\nc", "a\tb\nc", id="tabs and ends of lines stay"),
        pytest.param("é ☃ 𝒳 \\", "é ☃ 𝒳 \\", id="letters stay"),
        pytest.param("\x1b[2J\r\x7f\x9b\u2066\u2028", r"\u001b[2J\u000d\u007f\u009b\u2066\u2028", id="what is obeyed"),
        pytest.param("\x1b\x1b", r"\u001b\u001b", id="one after the other"),
        pytest.param("a\n \t::x::y\n::z::", "a\n \t\\u003a:x::y\n\\u003a:z::", id="commands at the beginning of lines"),
        pytest.param("a ::x:: b", "a ::x:: b", id="none within a line"),
        pytest.param("a ##[group]b ##vso[x]y", r"a \u0023#[group]b \u0023#vso[x]y", id="commands within a line"),
        pytest.param("## a [b]", "## a [b]", id="a heading is none"),
    ],
)  # fmt: skip
def test_a_stream_prints_text(written: str, printed: str) -> None:
    into = StringIO()
    assert Plain(into).write(written) == len(written)
    assert into.getvalue() == printed


def test_a_command_in_two_pieces_is_none_either() -> None:
    into = StringIO()
    stream = Plain(into)
    for piece in ("a\n", "  ", "::x::", " b", "::y::"):
        stream.write(piece)
    assert into.getvalue() == "a\n  \\u003a:x:: b::y::"


def test_no_way_leads_past_it() -> None:
    stream = Plain(StringIO())
    assert not any(hasattr(stream, name) for name in ("buffer", "detach", "reconfigure", "writelines"))


def test_libraries_find_what_they_ask_a_stream_for() -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as beneath:
        stream = Plain(beneath)
        assert (stream.fileno(), stream.isatty()) == (beneath.fileno(), False)
        assert (stream.encoding, stream.errors) == ("utf-8", "strict")
        assert (stream.coloured.encoding, stream.coloured.isatty()) == ("utf-8", False)


def test_what_is_told_on_one_line_stays_on_it() -> None:
    assert one_line("a\nb\x1b") == r"a\nb\u001b"


def test_json_reads_the_same_out_of_it() -> None:
    text = json.dumps("\x9b\u202e\x7f", ensure_ascii=False)
    assert plain(text).isascii()
    assert json.loads(plain(text)) == json.loads(text)


def test_data_is_piped_byte_for_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a: '\x9b\u202e ##[x]'\n::x::\x1b[31m"
    into = StringIO()
    monkeypatch.setattr(sys, "stdout", Plain(into))
    data(text, nl=False)
    assert into.getvalue() == text
    monkeypatch.setattr(sys, "stdout", Plain(Terminal()))
    data(text)
    assert isinstance(sys.stdout, Plain)
    shown = sys.stdout.exact
    assert shown is sys.stdout


def test_data_on_a_terminal_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    into = Terminal()
    monkeypatch.setattr(sys, "stdout", Plain(into))
    data("\x1b[31m\x9b")
    assert into.getvalue() == r"\u001b[31m\u009b" + "\n"


def test_what_machines_read_is_printed_as_data() -> None:
    for file in (ROOT / "authorizer" / "cli").glob("*.py"):
        assert not re.search(r"click\.echo\(\s*json\.dumps\((?!json\.loads\(record)", file.read_text()), file


def test_a_table_has_our_colours_and_others_text(monkeypatch: pytest.MonkeyPatch) -> None:
    into = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", Plain(into))
    table = folding_table("Name")
    table.add_row("a\x1b[2J", style="red")
    table.add_row(Text("c\x1b[8m\x9b", style="green"))
    literal_console(width=60).print(table)
    literal_console(width=60).print("b\x1b[8m", style="bold", soft_wrap=True)
    told = into.getvalue()
    assert "\x1b[31m" in told
    assert RAW.findall(OURS.sub("", told)) == []
    assert [told.count(each) for each in (r"\u001b[2J", r"\u001b[8m", "\x1b[8m", r"\u009b")] == [1, 2, 0, 1]
