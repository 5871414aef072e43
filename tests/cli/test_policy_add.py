"""`authorizer policy add`, run as a person runs it."""

from pathlib import Path

import pytest

from authorizer.cli import EXIT_UNDECIDED
from authorizer.library import KINDS
from tests.cli.test_commands import Done, run
from tests.make import ACCESS


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder with policies of somebody's own."""
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "access.toml").write_text(ACCESS.read_text())
    return tmp_path


def add(repository: Path, *arguments: str) -> Done:
    return run("policy", "add", *arguments, cwd=repository)


def contents(repository: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(repository)): file.read_bytes()
        for file in repository.rglob("*")
        if file.is_file()
    }


def test_files_are_written_where_the_configuration_is_and_rows_are_named(repository: Path) -> None:
    done = add(repository, "sqs")
    assert done.returncode == 0, done.stderr
    [sqs] = [kind for kind in KINDS if kind.name == "sqs"]
    written = contents(repository)
    assert written.keys() == {
        "policies/access.toml",
        "policies/templates/sqs.json.j2",
        "policies/cases/sqs.toml",
    }
    assert written["policies/templates/sqs.json.j2"].decode() == sqs.template
    assert written["policies/cases/sqs.toml"].decode() == sqs.cases
    assert "policies/templates/sqs.json.j2: written" in done.stdout
    assert "verdict PROVEN" in done.stdout
    assert "added variables.sqs_queue" in done.stdout
    assert "yours to set: variables.sqs_queue, roles.tenant-sqs.arn" in done.stdout
    assert "authorizer policy prove sqs" in done.stdout


def test_a_row_that_is_there_is_named_and_kept(repository: Path) -> None:
    done = add(repository, "s3")
    assert 'kept variables.bucket = "env:DATA_BUCKET"; ours would be "example-data"' in done.stdout
    assert 'bucket    = "env:DATA_BUCKET"\n' in (repository / "policies" / "access.toml").read_text()


def test_where_every_row_is_there_nothing_is_left_to_set(repository: Path) -> None:
    add(repository, "sqs")
    for file in ("templates/sqs.json.j2", "cases/sqs.toml"):
        (repository / "policies" / file).unlink()
    done = add(repository, "sqs")
    assert done.returncode == 0, done.stderr
    assert "added" not in done.stdout
    assert "yours to set" not in done.stdout


def test_another_configuration_has_its_files_beside_it(repository: Path) -> None:
    (repository / "other").mkdir()
    (repository / "policies" / "access.toml").rename(repository / "other" / "access.toml")
    assert add(repository, "logs", "--access", "other/access.toml").returncode == 0
    assert (repository / "other" / "templates" / "logs.json.j2").exists()


@pytest.mark.parametrize("link", [False, True], ids=["a file", "a link to nothing"])
@pytest.mark.parametrize("taken", ["templates/sqs.json.j2", "cases/sqs.toml"])
def test_nothing_is_written_where_something_is(repository: Path, taken: str, link: bool) -> None:
    file = repository / "policies" / taken
    file.parent.mkdir()
    if link:
        file.symlink_to("nowhere")
    else:
        file.write_text("mine")
    before = contents(repository)
    done = add(repository, "kms", "sqs")
    assert done.returncode == EXIT_UNDECIDED
    assert f"policies/{taken}: exists already" in done.stderr
    assert "nothing was written" in done.stderr
    assert contents(repository) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "expected the name of a kind, such as sqs"),
        (("sqs", "elasticache"), "not in the library: 'elasticache': expected s3, s3-access-point,"),
        (("sqs", "--access", "nowhere.toml"), "nowhere.toml"),
    ],
    ids=["no kind", "an unknown kind", "no configuration"],
)
def test_what_cannot_be_added_is_refused(repository: Path, arguments: tuple[str, ...], said: str) -> None:
    before = contents(repository)
    done = add(repository, *arguments)
    assert done.returncode == EXIT_UNDECIDED
    assert said in " ".join(done.stderr.split())
    assert contents(repository) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[variables\n", "not TOML"),
        (b"variables = { region = 'x' }\n", "no place for further rows"),
        (b"# \xff\n", "codec can't"),
    ],
    ids=["no TOML", "a table on one line", "no UTF-8"],
)
def test_a_configuration_that_rows_cannot_be_added_to_gets_them_printed(
    repository: Path, text: bytes, said: str
) -> None:
    (repository / "policies" / "access.toml").write_bytes(text)
    done = add(repository, "sqs")
    assert done.returncode == EXIT_UNDECIDED
    assert "policies/access.toml: cannot be added to" in done.stderr
    assert said in done.stderr
    assert 'sqs = { isolates = "tenant" }' in done.stderr
    assert contents(repository) == {"policies/access.toml": text}


@pytest.mark.parametrize("taken", ["templates", "cases", "access.toml.new"])
def test_what_cannot_be_written_leaves_nothing_behind(repository: Path, taken: str) -> None:
    """Here a file stands where a folder should, or the other way round."""
    place = repository / "policies" / taken
    if taken.endswith(".new"):
        place.mkdir()
    else:
        place.write_text("mine")
    before = contents(repository)
    done = add(repository, "sqs")
    assert done.returncode == EXIT_UNDECIDED
    assert f"policies/{taken}: cannot be written: File exists\nnothing was written" in done.stderr
    assert contents(repository) == before


def test_the_configuration_stays_as_private_as_it_is(repository: Path) -> None:
    (repository / "policies" / "access.toml").chmod(0o600)
    assert add(repository, "sqs").returncode == 0
    assert (repository / "policies" / "access.toml").stat().st_mode & 0o777 == 0o600


def test_lines_that_end_as_windows_ends_them_are_written_so(repository: Path) -> None:
    access = repository / "policies" / "access.toml"
    access.write_bytes(access.read_bytes().replace(b"\n", b"\r\n"))
    assert add(repository, "sqs").returncode == 0
    assert b"\r\nsqs = {" in access.read_bytes()
    assert access.read_bytes().count(b"\n") == access.read_bytes().count(b"\r\n")


def test_a_kind_that_is_named_twice_is_added_once(repository: Path) -> None:
    done = add(repository, "sqs", "sqs")
    assert done.returncode == 0
    assert done.stdout.count("with the verdict") == 1


def test_the_list_shows_every_kind_and_writes_nothing(repository: Path) -> None:
    before = contents(repository)
    done = add(repository, "--list")
    assert done.returncode == 0
    for kind in KINDS:
        [line] = [line for line in done.stdout.splitlines() if f" {kind.name} " in line]
        assert kind.opens in line
        assert f" {kind.verdict} " in line
    assert contents(repository) == before
