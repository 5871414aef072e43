"""Each check of each room is guarded: breaking it turns a test red. `make guards` breaks them all; here is shown that
what it wrote down is of the code as it stands, and that the program itself would notice."""

import importlib.util
import subprocess
import sys

import pytest

from tests.guards.lists import GUARDED, SURVIVORS, explained, recorded, standing
from tests.guards.mutants import SOURCES, imported_as, mutants
from tests.guards.rooms import LEFT_OUT, NEAR, ROOMS, UNTRIED
from tests.make import ROOT

pytestmark = pytest.mark.slow

MODULES = [module for modules in ROOMS.values() for module in modules]
MUTANT = "gateway/arns: parse_route_arn: never `if not isinstance(text, str)`"
INNER = "engine/language/escape: literal: never `if _SPECIAL.search(text)`"
RED = "tests/gateway/test_arns.py::test_a_route"


def is_left_out(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}/") for name in LEFT_OUT)


def test_every_module_is_guarded_or_left_out_for_a_reason() -> None:
    modules = {str(file.relative_to(SOURCES).with_suffix("")) for file in SOURCES.rglob("*.py")}
    empty = {module for module in modules if not mutants(module)}
    assert not [module for module in MODULES if is_left_out(module)]
    assert modules - set(MODULES) - empty == {module for module in modules - empty if is_left_out(module)}
    assert set(MODULES) <= modules
    assert [name for name in LEFT_OUT if not (SOURCES / name).is_dir() and name not in modules] == []
    assert set(NEAR) == set(ROOMS)


@pytest.mark.parametrize("module", MODULES)
def test_the_module_that_is_broken_is_the_one_that_is_imported(module: str) -> None:
    """Under another name it would never be put in place, and nothing could notice what is broken in it."""
    found = importlib.util.find_spec(imported_as(module))
    assert found is not None
    assert found.origin == str(SOURCES / f"{module}.py")


def test_every_module_stood_the_trial_as_it_is() -> None:
    known = recorded()
    changed = [module for module, checks in known.items() if checks != standing(module)]
    assert changed == [], f"run `python -m tests.guards --record {' '.join(changed)}`"
    assert sorted(known.keys() - set(MODULES)) == []


def test_a_module_is_written_down_or_still_to_be_tried() -> None:
    """The second list only ever gets shorter: a new module goes to the first."""
    assert set(MODULES) - recorded().keys() == UNTRIED


def test_every_explanation_is_of_a_check_as_it_stands() -> None:
    checks = {mutant.key for module in MODULES for mutant in mutants(module)}
    assert sorted(explained().keys() - checks) == []


def trial(key: str, tests: str) -> str:
    """What the program says of one mutant and one file of tests."""
    script = (
        "import sys; from tests.guards.mutants import mutants; from tests.guards.trial import Trial, preload, reds;"
        f"[one] = [mutant for mutant in mutants({key.partition(':')[0]!r}) if mutant.key == {key!r}];"
        f"preload([{tests!r}]); [(_, red)] = reds([Trial(mutant=one, tests=[{tests!r}])], workers=1); print(red)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("mutant", "tests", "red"),
    [
        pytest.param(
            MUTANT, "tests/gateway/test_parse.py", "tests/gateway/test_parse.py::", id="about it: red"
        ),
        pytest.param(
            INNER,
            "tests/engine/language/test_escape.py",
            "tests/engine/language/test_escape.py::",
            id="in a room in a room",
        ),
        pytest.param(MUTANT, "tests/identity/test_globs.py", "None", id="about something else: green"),
    ],
)
def test_a_broken_check_is_seen_by_a_test(mutant: str, tests: str, red: str) -> None:
    assert trial(mutant, tests).startswith(red)


@pytest.mark.parametrize(
    ("red", "why", "written", "said"),
    [
        pytest.param(None, {}, "as it is", "1 survive unexplained", id="a survivor"),
        pytest.param(RED, {MUTANT: "so"}, "as it is", "explained, and yet red", id="a needless reason"),
        pytest.param(RED, {}, "of before", "stood, and is not written down", id="a check that is new"),
    ],
)  # fmt: skip
def test_what_is_amiss_fails_and_nothing_is_written(
    red: str | None, why: dict[str, str], written: str, said: str
) -> None:
    """`make guards` of one module with the outcome of its trial given."""
    before = [file.read_bytes() for file in (GUARDED, *SURVIVORS)]
    script = f"""
import sys
from tests.guards import __main__ as guards
guards._guards = lambda chosen, *_: {{mutant: {red!r} if mutant.key == {MUTANT!r} else {RED!r} for mutant in chosen}}
guards.explained = lambda: {why!r}
guards.keep = guards.preload = lambda _: None
guards.recorded = lambda: {{"gateway/arns": guards.standing("gateway/arns") if {written == "as it is"} else ""}}
sys.argv[1:] = ["gateway/arns"]
sys.exit(guards.main())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert said in done.stdout
    assert [file.read_bytes() for file in (GUARDED, *SURVIVORS)] == before


@pytest.mark.nightly
def test_every_broken_check_turns_a_test_red() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.guards"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
