"""What `make test-newest` makes of versions and of pytest's report. What it installs nobody installs here."""

import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.version import Version
from rich.console import Console

from tests import newest
from tests.make import ROOT
from tests.newest import Failure, Round, asked, failures, grouped, holders, pinned, repinned, show, verdict


def install(folder: Path, name: str, *requires: str) -> None:
    """All that is asked of a library here: what it says of itself."""
    said = folder / f"{name}-1.0.dist-info" / "METADATA"
    said.parent.mkdir()
    said.write_text("".join([f"Name: {name}\n", *(f"Requires-Dist: {text}\n" for text in requires)]))


def versions(**told: str) -> dict[str, Version]:
    return {name: Version(version) for name, version in told.items()}


def test_what_is_asked_for_is_asked_for_without_its_caps() -> None:
    project = {
        "project": {
            "dependencies": ["aioboto3>=15.5,<16", "PyJWT"],
            "optional-dependencies": {
                "sealed": ["joserfc~=1.4"],
                "cli": [],
                "login": ["keyring"],
                "local": ["moto[iam,sts]>=5.1,!=5.3"],
            },
        },
        "dependency-groups": {"dev": ["runtime>=3; sys_platform == 'linux'"], "deploy": ["sam"]},
    }
    assert asked(project) == [
        "aioboto3>=15.5",
        "PyJWT",
        'runtime>=3; sys_platform == "linux"',
        "joserfc",
        "keyring",
        "moto[iam,sts]!=5.3,>=5.1",
    ]


PINS = """\
aioboto3==15.5.0 \\
    --hash=sha256:00 \\
    --hash=sha256:01
PyJWT==2.10 \\
    --hash=sha256:02
networkx==3.6 ; python_full_version >= '3.11' \\
    --hash=sha256:03
networkx==3.4 ; python_full_version < '3.11' \\
    --hash=sha256:04
"""


def test_pins_are_those_of_this_python_without_their_hashes() -> None:
    assert pinned(PINS) == versions(aioboto3="15.5.0", pyjwt="2.10", networkx="3.6")
    assert {"aioboto3", "aiobotocore", "botocore", "pytest"} <= pinned(newest.PINS.read_text()).keys()


def test_what_is_shipped_is_pinned_to_what_is_here() -> None:
    here = versions(aioboto3="16.0", pyjwt="2.11", pytest="9.0")
    assert repinned(PINS, here) == "aioboto3==16.0\npyjwt==2.11\n"


@pytest.mark.parametrize(
    ("requires", "held"),
    [
        pytest.param(["aiobotocore[boto3]==2.25.1"], True, id="one version alone"),
        pytest.param(["aiobotocore>=2,<3"], True, id="a cap below the newest"),
        pytest.param(["aiobotocore<4"], False, id="a cap above the newest"),
        pytest.param(["aiobotocore"], False, id="no cap"),
        pytest.param(["aiobotocore<3; python_version < '3'"], False, id="a cap for another Python"),
        pytest.param(["aiobotocore<3; extra == 'old'"], False, id="a cap of an extra that nobody asked for"),
        pytest.param(["aiobotocore<3; extra == 'new'"], True, id="a cap of an extra that somebody asked for"),
        pytest.param(["AioBotocore<3", "aiobotocore>2"], True, id="another spelling of the name"),
    ],
)
def test_a_library_is_held_by_who_does_not_let_it_be_its_newest(
    requires: list[str], held: bool, tmp_path: Path
) -> None:
    install(tmp_path, "Aioboto3", *requires)
    install(tmp_path, "backend", "aioboto3[new]")
    found = holders(versions(aiobotocore="3.10.0"), distributions(path=[str(tmp_path)]))
    assert found == ({"aiobotocore": ["aioboto3"]} if held else {})


REPORT = """\
<testsuites><testsuite>
<testcase classname="tests.test_a" name="one" file="tests/test_a.py"/>
<testcase classname="tests.test_a" name="two" file="tests/test_a.py">
  <failure message="TypeError: cannot await&#10;  more">text</failure><error message="failed on teardown"/></testcase>
<testcase classname="" name="tests.test_b"><error message="collection failure"/></testcase>
<testcase classname="tests.test_c" name="three"><skipped message="not here"/></testcase>
<testcase classname="tests.test_d" name="four" file="tests/test_d.py"><failure message=""/></testcase>
</testsuite></testsuites>
"""


def test_a_report_tells_what_fails_and_what_cannot_be_collected() -> None:
    assert list(failures(ET.fromstring(REPORT))) == [
        Failure(file="tests/test_a.py", test="two", reason="TypeError: cannot await"),
        Failure(file="tests/test_a.py", test="two", reason="failed on teardown"),
        Failure(file="tests/test_b", test="tests.test_b", reason="collection failure"),
        Failure(file="tests/test_d.py", test="four", reason="without a word"),
    ]


def red(file: str, test: str, reason: str) -> Failure:
    return Failure(file=file, test=test, reason=reason)


def test_failures_are_grouped_by_file_and_the_worst_is_first() -> None:
    found = [
        red("c.py", "1", "x"),
        red("b.py", "1", "x"),
        red("a.py", "1", "y"),
        red("a.py", "2", "x"),
        red("a.py", "3", "x"),
    ]
    assert grouped(found) == [
        ("a.py", Counter({"x": 2, "y": 1})),
        ("b.py", Counter({"x": 1})),
        ("c.py", Counter({"x": 1})),
    ]


def test_a_test_that_fails_in_its_teardown_too_is_counted_once() -> None:
    assert grouped([red("a.py", "1", "x"), red("a.py", "1", "y")]) == [("a.py", Counter({"x": 1}))]


def make_round(
    title: str = "past aioboto3",
    there: Mapping[str, Version] | None = None,
    *,
    held: Mapping[str, Sequence[str]] | None = None,
    found: Sequence[Failure] = (),
    code: int = 0,
) -> Round:
    return Round(
        title=title,
        versions=there or {},
        held=held or {},
        failures=tuple(found),
        tests=7,
        code=code,
        seconds=61.4,
    )


@pytest.mark.parametrize(
    ("each", "said"),
    [
        pytest.param(make_round(), "7 tests in 61 s, and nothing breaks", id="all pass"),
        pytest.param(
            make_round(code=1, found=[red("a", "1", "x"), red("b", "1", "x"), red("b", "2", "x")]),
            "3 of 7 tests break: b, a",
            id="some break",
        ),
        pytest.param(
            make_round(code=4), "pytest ended with 4, see above", id="the suite does not even begin"
        ),
    ],
)
def test_the_verdict_says_how_much_breaks(each: Round, said: str) -> None:
    assert verdict(each) == f"past aioboto3: {said}"


def test_the_table_has_a_row_for_what_is_newer_or_could_be_and_for_nothing_else() -> None:
    pins = versions(aioboto3="15.5.0", aiobotocore="2.25.1", rich="15.0", ruff="0.17.5", click="8.2")
    first = versions(aioboto3="15.5.0", aiobotocore="2.25.1", rich="15.0", ruff="0.17.10", click="8.2")
    latest = versions(aiobotocore="3.10.0")
    console = Console(width=160, record=True, quiet=True)
    with console.capture() as shown:
        console.quiet = False
        rounds = [
            make_round("as asked", first, held={"aiobotocore": ["aioboto3"]}),
            make_round(
                "past it",
                {**first, **latest},
                held={"aiobotocore": ["aioboto3"]},
                found=[red("tests/a.py", "1", "no [await]")],
                code=1,
            ),
        ]
        show(pins, latest, rounds, console)
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.get().splitlines()]
    assert [row for row in rows if row] == [
        ["aiobotocore", "2.25.1", "3.10.0", "as pinned, held by aioboto3", "3.10.0"],
        ["ruff", "0.17.5", "0.17.10", "0.17.10", "0.17.10"],
        ["tests/a.py", "1", "no [await]"],
    ]
    assert "3 more are pinned at their newest" in shown.get()


@pytest.mark.parametrize(
    ("held", "codes", "expected"),
    [
        pytest.param(True, [0, 0], 0, id="held back, and nothing breaks"),
        pytest.param(True, [0, 1], 1, id="what is past the holder breaks"),
        pytest.param(False, [0], 0, id="nothing is held back: one round"),
        pytest.param(False, [1], 1, id="one round, which breaks"),
    ],
)
def test_one_round_that_breaks_fails_the_whole(
    held: bool, codes: list[int], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, ...]] = []
    waiting = iter(codes)

    def pip(*arguments: str) -> str:
        said.append(arguments)
        return "[]"

    def tested(title: str, *_: object) -> Round:
        return make_round(title, held={"aiobotocore": ["aioboto3"]} if held else {}, code=next(waiting))

    monkeypatch.setattr(subprocess, "run", lambda *_, **__: None)
    monkeypatch.setattr(newest, "pip", pip)
    monkeypatch.setattr(newest, "tested", tested)
    assert newest.main([]) == expected
    assert list(waiting) == []
    assert ((*newest.UPGRADE, *newest.PAST) in said) == held


def test_neither_the_pins_nor_an_index_are_named_to_pip() -> None:
    source = (ROOT / "tests" / "newest.py").read_text()
    assert "--index" not in source
    assert "://" not in source
    assert "require-hashes" not in source
