"""`authorizer policy prove --smt`: each question a file, and nothing of yours overwritten."""

from pathlib import Path

from tests.cli.test_commands import Done, run
from tests.engine.smt.solver import answer


def prove(folder: Path, *names: str) -> Done:
    return run("policy", "prove", *names, "--smt", str(folder))


def test_every_question_is_written_and_counted(tmp_path: Path) -> None:
    done = prove(tmp_path / "questions", "s3-home", "s3-client")
    assert done.returncode == 0
    assert "wrote 4 questions" in done.stderr
    assert "4 exact, 0 partial, 0 not expressed" in done.stderr
    files = sorted((tmp_path / "questions").iterdir())
    assert [file.name for file in files] == [
        "0001-client-s3-client-7-s3-client-7.smt2",
        "0002-sub-s3-home-9-s3-home-9.smt2",
        "0003-sub-s3-home-9-s3-home-21.smt2",
        "0004-sub-s3-home-21-s3-home-21.smt2",
    ]
    assert answer(files[0].read_text()) == "unsat"
    assert "PROVEN" in done.stdout


def test_an_older_export_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "9999-old.smt2").write_text("old")
    assert prove(tmp_path, "s3-client").returncode == 0
    assert [file.name for file in tmp_path.iterdir()] == ["0001-client-s3-client-7-s3-client-7.smt2"]


def test_a_folder_with_other_files_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "0001-old.smt2").write_text("old")
    (tmp_path / "mine.txt").write_text("mine")
    done = prove(tmp_path, "s3-client")
    assert done.returncode == 2
    assert "mine.txt is no question; name an empty folder" in " ".join(done.stderr.replace("│", " ").split())
    assert sorted(file.name for file in tmp_path.iterdir()) == ["0001-old.smt2", "mine.txt"]
