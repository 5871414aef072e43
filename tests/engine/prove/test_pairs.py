"""The comparison with others' pairs, on a corpus of three policies: the real one is read by hand, from its checkout."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.prove.pairs import Compared, compare, main
from tests.engine.proving import statement

BUCKET = "arn:aws:s3:::bucket"
OWN = statement(Resource=f"{BUCKET}/own/*", Principal="*")
MORE = statement(Resource=f"{BUCKET}/*")
TABLE = "|[../samples/{0}](../samples/{0})|[../samples/{1}](../samples/{1})|{2}|12.5|-|{3}|8.25|-|\n"
ORIGINAL, MUTANT = "s3/exp_single/folder/policy.json", "mutations/s3/exp_single/folder/policy/0_1.json"


def write(corpus: Path, name: str, *statements: dict[str, Any]) -> None:
    path = corpus / "samples" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"Statement": [*statements] if len(statements) > 1 else statements[0]}))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    write(tmp_path, ORIGINAL, OWN)
    write(tmp_path, MUTANT, MORE)
    write(tmp_path, "mutations/s3/exp_single/nobody/policy/0_1.json", MORE)
    write(tmp_path, "s3/exp_multiple/two/one.json", OWN, MORE)
    write(tmp_path, "s3/exp_multiple/two/other.json", statement(Action="*"))
    return tmp_path


def record(corpus: Path, *tables: str) -> None:
    for number, text in enumerate(tables):
        path = corpus / "results" / str(number) / "s3.md"
        path.parent.mkdir(parents=True)
        path.write_text(text)


def test_each_pair_is_compared_both_ways_and_what_is_no_template_is_left_out(corpus: Path) -> None:
    found = compare(corpus)
    assert (found.verdicts, found.left_out, found.recorded) == ({"NO WIDER": 1, "WIDER": 1}, 2, 0)
    assert found.describe() == (
        "2 pairs: 1 NO WIDER, 1 WIDER; UNKNOWN 0.0%; 0 held to a recorded answer; 0 wrong; 2 left out"
    )


def test_who_is_not_a_principal_is_part_of_no_session_policy(corpus: Path) -> None:
    write(corpus, MUTANT, statement(NotPrincipal="*"))
    assert compare(corpus).left_out == 4


def test_a_recorded_answer_contradicts_a_verdict(corpus: Path) -> None:
    record(corpus, TABLE.format(MUTANT, ORIGINAL, "SAT", "unsat"))
    assert (compare(corpus).recorded, compare(corpus).wrong) == (2, [])
    record(corpus / "results", TABLE.format(MUTANT, ORIGINAL, "SAT", "unsat"))
    (corpus / "results/0/s3.md").write_text(TABLE.format(MUTANT, ORIGINAL, "UNSAT", "SAT"))
    (corpus / "results/results/0/s3.md").unlink(missing_ok=True)
    assert len(compare(corpus).wrong) == 2


def test_two_answers_to_one_question_are_none(corpus: Path) -> None:
    record(
        corpus, *(TABLE.format(MUTANT, ORIGINAL, *said) for said in (("SAT", "UNSAT"), ("UNSAT", "UNSAT")))
    )
    assert compare(corpus).recorded == 1


def test_a_request_contradicts_a_verdict(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.engine.prove.diff.find_excess", lambda *_, **__: ())
    (wrong,) = compare(corpus).wrong
    assert wrong.startswith(f"NO WIDER, but {MUTANT} allows AccessRequest(")


def test_the_command_fails_where_it_cannot_tell_or_tells_wrong(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(corpus: Path) -> int:
        monkeypatch.setattr("sys.argv", ["pairs", str(corpus)])
        return main()

    assert run(corpus) == 0
    assert run(corpus / "nothing") == 1
    record(corpus, TABLE.format(MUTANT, ORIGINAL, "UNSAT", "SAT"))
    assert run(corpus) == 1
    assert "  WIDER, and recorded is NO WIDER" in capsys.readouterr().out
    unknown = Compared()
    unknown.verdicts.update({"UNKNOWN": 1, "WIDER": 9})
    monkeypatch.setattr("tests.engine.prove.pairs.compare", lambda _: unknown)
    assert run(corpus) == 1
