"""OSCAL's own models read the assessment results, and refuse what is broken: compliance-trestle, in an environment of
its own, which `make check-oscal` installs."""

import copy
import json
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from authorizer.assurance import Assumption, as_oscal, report
from authorizer.engine.prove.proof import RESTS_ON
from tests.assurance.factories import evidence, whole
from tests.make import ROOT, make_access, sample_templates

PYTHON = ROOT / ".venv-oscal" / "bin" / "python"
READING = """
import json, pathlib, sys
from trestle.common.err import TrestleError
from trestle.oscal.assessment_results import AssessmentResults
said = {}
for name in sys.argv[1:]:
    try:
        said[name] = AssessmentResults.oscal_read(pathlib.Path(name)).results[0].title
    except TrestleError as error:
        said[name] = f"refused: {error}"
print(json.dumps(said))
"""


KNOWN = (
    Assumption(text=RESTS_ON[3], state="REFUTED", place="t.yaml:3: everybody may"),
    Assumption(text="each role takes its terms", state="CHECKED", place="t.yaml:4", printed=False),
    Assumption(text="each role lasts", state="OPEN", place="it is not here", printed=False),
)


def broken(document: dict[str, Any], *, without: str = "", state: str = "satisfied") -> dict[str, Any]:
    other = copy.deepcopy(document)
    result = other["assessment-results"]["results"][0]
    result["findings"][0]["target"]["status"]["state"] = state
    result.pop(without, None)
    return other


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is made of each file, all by one process: to load the models takes seconds."""
    if not PYTHON.exists():
        pytest.skip("no compliance-trestle: make check-oscal installs it, apart from all else")
    folder = tmp_path_factory.mktemp("oscal")
    home = sample_templates()["s3-home"].replace("home/{{ sub }}/*", "home/*")
    ignore = {"code": "no-cases", "where": "s3-tenant", "reason": "<&>"}
    leaking = make_access(templates={**sample_templates(), "s3-home": home}, lint={"ignore": [ignore]})
    holds = as_oscal(report(whole()))
    documents = {
        "holds.json": holds,
        "leaks.json": as_oscal(report(evidence(access=leaking))),
        "deployed.json": as_oscal(report(replace(whole(), assumptions=KNOWN))),
        "perhaps.json": broken(holds, state="perhaps"),
        "undated.json": broken(holds, without="start"),
    }
    for name, document in documents.items():
        (folder / name).write_text(json.dumps(document))
    done = subprocess.run(
        [PYTHON, "-c", READING, *documents],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", ["holds.json", "leaks.json", "deployed.json"])
def test_it_is_read(said: dict[str, str], name: str) -> None:
    assert said[name] == "Proofs, cases and lint of one configuration"


@pytest.mark.parametrize(("name", "where"), [("perhaps.json", "status.state"), ("undated.json", "start")])
def test_what_is_no_such_file_is_refused(said: dict[str, str], name: str, where: str) -> None:
    assert said[name].startswith("refused: ")
    assert where in said[name]
