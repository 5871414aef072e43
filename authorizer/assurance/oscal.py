"""The report as OSCAL assessment results (NIST, OSCAL 1.1.3, JSON format), for tools of auditors.

Each thing that was looked at is an observation; what was found, and each assumption that is open, is a risk; one
finding says what became of the objective. Nothing but the report goes in: identifiers are made of its digest.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid5

from authorizer.assurance.report import written
from authorizer.assurance.scope import digest

VERSION: Final = "1.1.3"
CONTROL: Final = "ac-3"
"""Access enforcement (NIST SP 800-53, revision 5): what isolation by session policies is a part of."""
OBJECTIVE: Final = "ac-3_obj"
"""Its assessment objective in NIST's catalogue of that revision."""
_SPACE: Final = UUID("8b0d7ac4-5f0e-5d1f-9d0a-3a5a0a6c3f52")
"""Of all identifiers here: any one will do that is never changed."""
_TOOL: Final = "authorizer assure"
_ROLE: Final = "tool"


def as_oscal(found: Mapping[str, Any]) -> dict[str, Any]:
    """The assessment results of a report. It must have a date: OSCAL asks when each thing was seen."""
    return _Results(found).document()


class _Results:
    def __init__(self, found: Mapping[str, Any]) -> None:
        self._found = found
        self._digest = digest(written(found))
        self._at = f"{found['date']}T00:00:00Z"

    def document(self) -> dict[str, Any]:
        found, versions = self._found, self._found["scope"]["versions"]
        return {
            "assessment-results": {
                "uuid": self._id("document"),
                "metadata": {
                    "title": "Isolation of users by session policies",
                    "last-modified": self._at,
                    "version": self._digest[:16],
                    "oscal-version": VERSION,
                    "props": [{"name": "marking", "value": f"report {self._digest}"}],
                    "roles": [{"id": _ROLE, "title": "The program that assessed"}],
                    "parties": [
                        {
                            "uuid": self._id("party"),
                            "type": "organization",
                            "name": f"{_TOOL} {versions.get('authorizer', '')}".rstrip(),
                        }
                    ],
                    "responsible-parties": [{"role-id": _ROLE, "party-uuids": [self._id("party")]}],
                },
                "import-ap": {
                    "href": f"#{self._id('plan')}",
                    "remarks": "There is no plan beside the program: it always asks the same.",
                },
                "results": [self._result()],
                "back-matter": {"resources": [*self._resources(found["scope"]["files"])]},
            }
        }

    def _result(self) -> dict[str, Any]:
        observations, risks = [*self._observations()], [*self._risks()]
        return {
            "uuid": self._id("result"),
            "title": "Proofs, cases and lint of one configuration",
            "description": "Session policies were judged for all users, cases were run, the configuration was linted.",
            "start": self._at,
            "end": self._at,
            "reviewed-controls": {
                "control-selections": [{"include-controls": [{"control-id": CONTROL}]}],
                "control-objective-selections": [{"include-objectives": [{"objective-id": OBJECTIVE}]}],
            },
            "observations": observations,
            **({"risks": risks} if risks else {}),
            "findings": [self._finding(observations, risks)],
        }

    def _finding(
        self, observations: Sequence[Mapping[str, Any]], risks: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        found = self._found
        state, reason = "not-satisfied", "fail"
        if found["verdict"] == "HOLDS":
            state, reason = ("not-satisfied", "other") if found["open"] else ("satisfied", "pass")
        said = f"{found['verdict']}: {len(found['findings'])} findings, {found['open']} assumptions open."
        return {
            "uuid": self._id("finding"),
            "title": "Users are kept apart by their session policies",
            "description": said,
            "target": {
                "type": "objective-id",
                "target-id": OBJECTIVE,
                "status": {"state": state, "reason": reason},
            },
            "related-observations": [{"observation-uuid": each["uuid"]} for each in observations],
            **({"related-risks": [{"risk-uuid": each["uuid"]} for each in risks]} if risks else {}),
        }

    def _observations(self) -> Iterator[dict[str, Any]]:
        found = self._found
        for proof in found["proofs"]:
            said = f"{proof['told']}: {proof['branches']} branches, {proof['pairs']} pairs of statements compared."
            yield self._observation(f"Proof of {proof['subject']} ({proof['kind']})", said)
        cases, matrix = found["cases"], found["matrix"]
        yield self._observation(
            "Cases",
            f"{cases['cases']} cases in {cases['files']} files: {cases['passed']} passed, {cases['failed']} failed, "
            f"{cases['errors']} could not be judged.",
        )
        yield self._observation(
            "Matrix",
            f"{matrix['checks']} checks of {matrix['users']} users: {matrix['allowed']} allowed, {matrix['denied']} "
            f"denied, {matrix['refused']} without a policy, {len(matrix['crossed'])} crossed.",
        )
        yield self._observation("Lint", f"{len(found['lint'])} findings.")
        for number, row in enumerate(found["exceptions"]):
            terms = "; ".join(f"{name}: {row[name] or 'not said'}" for name in ("reason", "owner", "until"))
            yield self._observation(f"Exception {number + 1}: {row['about']}", f"{row['state']}; {terms}.")

    def _observation(self, title: str, description: str) -> dict[str, Any]:
        return {
            "uuid": self._id(f"observation {title}"),
            "title": title,
            "description": description,
            "methods": ["TEST"],
            "relevant-evidence": [{"href": f"#{self._id('plan')}", "description": "The report."}],
            "collected": self._at,
        }

    def _risks(self) -> Iterator[dict[str, Any]]:
        for number, finding in enumerate(self._found["findings"]):
            yield self._risk(
                f"finding {number}", f"{finding['part']}: {finding['text']}", "Found by the assessment."
            )
        for number, row in enumerate(self._found["assumptions"]):
            if row["state"] == "OPEN":
                yield self._risk(f"assumption {number}", f"Assumed: {row['text']}", row["place"])

    def _risk(self, what: str, title: str, statement: str) -> dict[str, Any]:
        return {
            "uuid": self._id(what),
            "title": title,
            "description": title,
            "statement": statement,
            "status": "open",
        }

    def _resources(self, files: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        yield {
            "uuid": self._id("plan"),
            "title": "The report that these results are made of",
            "rlinks": [
                {"href": "report.json", "hashes": [{"algorithm": "SHA-256", "value": self._digest}]},
            ],
        }
        for row in files:
            yield {
                "uuid": self._id(f"file {row['name']}"),
                "title": f"{row['kind']}: {row['name']}",
                "rlinks": [
                    {"href": row["name"], "hashes": [{"algorithm": "SHA-256", "value": row["sha256"]}]},
                ],
            }

    def _id(self, what: str) -> str:
        return str(uuid5(_SPACE, f"{self._digest} {what}"))
