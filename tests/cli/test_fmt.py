"""The one layout of templates: it stays as it is, and says what was said before."""

import errno
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from authorizer.cli import cli, watching
from authorizer.cli.completing import names_in, templates
from authorizer.cli.folders import files_in
from authorizer.engine import TemplateSet
from authorizer.engine.check import formatted
from tests.cli.test_commands import run
from tests.make import ROOT, sample_access, sample_templates


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the bundled policies and events."""
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "laid_out"),
    [
        pytest.param('{"a":"b","c":[ "d" ,"e" ]}', '{ "a": "b", "c": ["d", "e"] }\n', id="marks"),
        pytest.param('{\n"a": [\n"b"\n]\n}', '{\n  "a": [\n    "b"\n  ]\n}\n', id="brackets"),
        pytest.param("\n\n{}\n\n\n[]  \n\n", "{}\n\n[]\n", id="empty lines"),
        pytest.param('"{{x}}/{{  y }}"', '"{{ x }}/{{ y }}"\n', id="holes in a string"),
        pytest.param('{%if "a" in scopes%}\n{\n{%-else-%}\n[\n{% endif %}',
                     '{% if "a" in scopes %}\n{\n{%- else -%}\n[\n{% endif %}\n', id="tags"),
        pytest.param("{# a\n     b #}\n{}", "{# a\n     b #}\n{}\n", id="a comment of several lines"),
        pytest.param("tr{{ x }}ue 1 {{ x }}2", "tr{{ x }}ue 1 {{ x }}2\n", id="next to a hole"),
        pytest.param('"a  :  b"', '"a  :  b"\n', id="white space in a string"),
        pytest.param("]]", "]]\n", id="more closed than opened"),
        pytest.param("{% endif %}{% else %}", "{% endif %}{% else %}\n", id="tags that close nothing"),
        pytest.param("", "", id="nothing"),
        pytest.param('"open', '"open\n', id="an open string"),
    ],
)  # fmt: skip
def test_a_template_is_laid_out_in_one_way(text: str, laid_out: str) -> None:
    assert formatted(text) == laid_out
    assert formatted(laid_out) == laid_out


@given(
    st.sampled_from(sorted(sample_templates())),
    st.lists(st.sampled_from(["", " ", "\n", "  \n\n "]), min_size=8),
)
def test_white_space_between_marks_says_nothing(name: str, spaces: list[str]) -> None:
    """Whatever stands around the marks outside of strings, it is laid out alike when it is done again, and compiles to
    the same policies."""
    sources = dict(sample_templates())
    given_spaces = iter(spaces * 200)
    pieces = re.split(
        r'("(?:\{\{.*?\}\}|[^"])*"|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\})', sources[name], flags=re.DOTALL
    )
    loose = "".join(
        piece
        if index % 2
        else re.sub(r"[,:\[\]{}]", lambda mark: f"{next(given_spaces)}{mark[0]}{next(given_spaces)}", piece)
        for index, piece in enumerate(pieces)
    )
    laid_out = formatted(loose)
    assert formatted(laid_out) == laid_out
    if not name.startswith("_"):
        claims, variables = sample_access().templates.claims, sample_access().settings.variables
        after = TemplateSet.compile({**sources, name: laid_out}, claims=claims, variables=variables)
        before = sample_access().templates
        assert [each.document for each in after.branches([name])] == [
            each.document for each in before.branches([name])
        ]


def test_the_samples_are_laid_out_so() -> None:
    assert run("fmt", "--check").returncode == 0


def test_fmt_writes_what_check_finds(project: Path) -> None:
    file = project / "policies/templates/s3-home.json.j2"
    before = file.read_text()
    file.write_text(before.replace('"Sid": "OwnObjects"', '"Sid":"OwnObjects"'))
    found = run("fmt", "--check", "--format", "github", cwd=project)
    assert (found.returncode, "s3-home.json.j2" in found.stdout, "title=layout" in found.stdout) == (
        1,
        True,
        True,
    )
    assert run("fmt", str(file), cwd=project).stdout == f"formatted {file}\n"
    assert file.read_text() == before
    assert "every template" in run("fmt", cwd=project).stdout


def test_fmt_lays_out_nothing_that_is_no_template(project: Path) -> None:
    """A layout of brackets would take a program its indentation."""
    script = project / "script.py"
    script.write_text("if True:\n    print()\n")
    home, access = project / "policies/templates/s3-home.json.j2", project / "policies/access.toml"
    home.write_text(home.read_text().replace('"Sid": "OwnObjects"', '"Sid":"OwnObjects"'))
    before = [file.read_text() for file in (script, home, access)]
    done = run("fmt", str(script), str(home), str(access), cwd=project)
    assert done.returncode == 2
    assert (
        f"{script}, {access}: no template, and nothing was written: expected files named *.json.j2"
        in done.stderr
    )
    assert [file.read_text() for file in (script, home, access)] == before


def test_fmt_names_the_template_that_is_not_utf_8(project: Path) -> None:
    home = project / "policies/templates/s3-home.json.j2"
    home.write_bytes(b"\xff")
    done = run("fmt", str(home), cwd=project)
    assert (done.returncode, f"{home}: cannot be read: 'utf-8' codec" in done.stderr) == (2, True)


@pytest.mark.parametrize("option", [(), ("--check",)], ids=["to write", "to look"])
@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param("", 1, "is empty: expected a policy", id="empty"),
        pytest.param(" \n", 1, "is empty: expected a policy", id="white space"),
        pytest.param("\ufeff{}\n", 1, "begins with a byte order mark: save it as UTF-8", id="a BOM"),
        pytest.param('{\n  "a": "{{ sub }"\n}\n', 2, "is not closed: expected }} behind it", id="a hole"),
        pytest.param('["{{ a\n}}",\n"{{ b }",\n"{{ c }}"]', 3, '`{{ b }",` is not closed', id="behind one that is"),
        pytest.param("{% if a }\n{}\n", 1, "is not closed: expected %} behind it", id="a tag"),
        pytest.param("{}\n{# a\n", 2, "is not closed: expected #} behind it", id="a comment"),
    ],
)  # fmt: skip
def test_fmt_does_not_say_of_what_has_no_layout_that_it_is_laid_out(
    text: str, line: int, said: str, option: tuple[str, ...], project: Path
) -> None:
    """Nor does it write anything, of this file or of another."""
    broken, home = project / "policies/templates/new.json.j2", project / "policies/templates/s3-home.json.j2"
    broken.write_text(text)
    home.write_text(home.read_text().replace('"Sid": "OwnObjects"', '"Sid":"OwnObjects"'))
    before = [broken.read_text(), home.read_text()]
    done = run("fmt", *option, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"new.json.j2:{line}:" in done.stderr
    assert said in done.stderr
    assert [broken.read_text(), home.read_text()] == before


@pytest.mark.parametrize(
    ("command", "folder"),
    [
        pytest.param(("fmt", "--check"), "templates", id="fmt"),
        pytest.param(("policy", "check"), "cases", id="policy check"),
        pytest.param(("policy", "test"), "cases", id="policy test"),
    ],
)
def test_a_folder_that_may_not_be_read_is_not_taken_for_an_empty_one(
    command: tuple[str, ...], folder: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The listing raises here: where tests run as root, no mode keeps them out."""
    listing = Path.iterdir

    def refused(path: Path) -> Iterator[Path]:
        if path.name == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(Path, "iterdir", refused)
    done = run(*command, cwd=project)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"policies/{folder}: cannot be read: Permission denied" in done.stderr


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text("")
    (tmp_path / "a.toml").write_text("")
    (tmp_path / "a.txt").write_text("")
    assert files_in(tmp_path / "gone", ".toml") == []
    assert files_in(tmp_path, ".toml") == [tmp_path / "a.toml", tmp_path / "b.toml"]


# ── All at once ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_of_the_sample_is_fine() -> None:
    done = run("check", "--all")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("nothing found") == 4


def test_all_that_is_found_is_told_together(project: Path) -> None:
    home = project / "policies/templates/s3-tenant.json.j2"
    home.write_text(home.read_text().replace("/{{ tenant }}/*", "/{{tenant}}*", 1))
    done = run("check", "--all", cwd=project)
    assert done.returncode == 1
    for code in ("layout", "open-prefix", "leak", "case-failed"):
        assert f"[{code}]" in done.stdout or code == "case-failed"
    assert run("check", "--all", "--format", "sarif", cwd=project).returncode == 1


# ── Watched ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_change_runs_the_command_once_more(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    access = project / "policies/access.toml"

    def changes(*folders: Path) -> Iterator[set[tuple[int, str]]]:
        assert [folder.name for folder in folders] == ["policies", "events"]
        access.write_text(access.read_text().replace('"deny"', '"nobody"'))
        yield {(1, str(access))}

    monkeypatch.setitem(sys.modules, "watchfiles", SimpleNamespace(watch=changes))
    done = run("check", "--watch", cwd=project)
    assert done.stdout.count("── fine") == 1
    assert "── access.toml changed ──" in done.stdout
    assert "── exit code 1; waiting ──" in done.stdout
    assert "nobody" in done.stderr


def test_ctrl_c_is_how_watching_ends(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decided was told: it is not said that nothing was."""

    def interrupted(*_: Path) -> Iterator[set[tuple[int, str]]]:
        raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "watchfiles", SimpleNamespace(watch=interrupted))
    done = run("check", "--watch", cwd=project)
    assert (done.returncode, "── fine" in done.stdout) == (130, True)
    assert "interrupted" not in done.stderr


def test_what_ends_without_a_code_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    watching._run(lambda: None)
    assert "── fine" in capsys.readouterr().out


# ── Completed ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_shell_completes_names_of_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    def completed(words: str) -> list[str]:
        variables = {
            "_AUTHORIZER_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        }
        done = CliRunner().invoke(cli, [], prog_name="authorizer", env=variables)
        return [line.partition(",")[2] for line in done.output.split()]

    monkeypatch.chdir(ROOT)
    assert completed("authorizer policy render --role ed") == ["editor"]
    assert completed("authorizer policy render --group aud") == ["auditors"]
    assert completed("authorizer policy render --scope data:r") == ["data:read"]
    assert completed("authorizer policy render --template s3-h") == ["s3-home"]
    assert completed("authorizer token edi") == ["editor"]
    assert completed("authorizer why open-p") == ["open-prefix"]


def test_where_nothing_can_be_read_nothing_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ctx = cli.make_context("authorizer", ["why"])
    parameter = cli.params[0]
    assert names_in("roles")(ctx, parameter, "") == []
    assert templates(ctx, parameter, "") == []


# ── In other people's tools ──────────────────────────────────────────────────────────────────────────────────────────


def test_the_hooks_and_the_action_call_commands_that_there_are() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    action = yaml.safe_load((ROOT / "deploy/github/action.yml").read_text())
    called = [hook["entry"] for hook in hooks] + [
        step["run"] for step in action["runs"]["steps"] if "run" in step
    ]
    commands = [words for words in called if words.startswith("authorizer ")]
    assert len(commands) == 3
    for words in commands:
        _, command, *options = words.split()
        found = cli.get_command(cli.make_context("a", ["why"]), command)
        assert found is not None
        named = {option for each in found.params for option in each.opts}
        assert {option for option in options if option.startswith("--")} <= named
    assert re.match(hooks[0]["files"], "policies/templates/s3-home.json.j2")
