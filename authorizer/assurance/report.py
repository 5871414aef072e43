"""The report as plain data: what was asked of a configuration, and what came of it.

Nothing here reads a file, a clock or the environment, so that the same evidence gives the same bytes.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final, Literal

from authorizer.assurance.exceptions import exceptions
from authorizer.assurance.matrix import matrix
from authorizer.engine.check import (
    CaseResult,
    Finding,
    RouteResult,
    lint_coverage,
    measure,
    measure_routes,
    named_in,
)
from authorizer.gate import (
    entries,
    lint_route_coverage,
    lint_settings,
    plain_proof,
    prove_settings,
    suppress,
)
from authorizer.settings.schema import Access

FORMAT: Final = 2
"""Of the report. One of another format is neither compared nor checked."""
PROVER: Final = "of the prover"
"""How the line of a proof ends that says which prover it is of: a version, and no assumption."""
BAD: Final = frozenset({"LEAK", "UNKNOWN"})
OPEN: Final = "nobody has looked: this report sees the configuration, and not what is deployed"
KINDS: Final = (
    ("policy ", "a policy by itself"),
    ("role ", "the policies of a role"),
    ("all roles", "all roles against one another"),
    ("routes by ", "the routes that a claim is tied to"),
    ("issuers of ", "the users of several issuers"),
    ("acting as ", "somebody who acts for a user"),
)
"""How the subject of a proof begins → what kind of proof it is."""


class ReportInvalid(ValueError):
    """The text is no report of this format. The text says what it is instead, and quotes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """What became of something that a proof rests on."""

    text: str
    """As the proof says it."""
    state: Literal["CHECKED", "OPEN", "REFUTED"]
    place: str
    """Where it was seen to hold, or not to; of an open one, what would close it."""
    printed: bool = True
    """Whether proofs rest on it; else it is about the deployment alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What is deployed, as `authorizer policy prove --deployment` sees it."""

    access: Access
    """The configuration with the values of the deployed function: proofs are about these."""
    show: Callable[[str], str]
    """A text as a person reads it: names that AWS makes are those of the template."""
    rule: Callable[[Iterable[str]], Sequence[Assumption]]
    """What proofs rest on → what became of each, and of what a deployment is asked beside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """The last report, and how authority has changed since."""

    sha256: str
    """Of its bytes."""
    report: Mapping[str, Any]
    authority: Mapping[str, Any]
    """As `authorizer.gate.plain_comparison` gives it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that a report is made of."""

    access: Access
    source: str
    """The text of access.toml."""
    results: Sequence[CaseResult | RouteResult]
    scope: Mapping[str, Any]
    """As `authorizer.assurance.scope` gives it."""
    versions: Mapping[str, str]
    """What judged, each with its version."""
    date: date | None
    """The day of the report. None: no exception's end is judged."""
    name: Callable[[str], str]
    """What a file is called in the report, by its path as the loaders were given it."""
    assumptions: Sequence[Assumption] = field(default=())
    """What is known of the deployment. What is not here is OPEN."""
    deployed: Deployed | None = None
    """None: proofs are about the values of the environment, and nobody looked at the deployment."""
    since: Since | None = None


def report(evidence: Evidence) -> dict[str, Any]:
    """The report. Each value is JSON's own: texts, numbers, truths, lists, tables. Raises `ReportInvalid` where the
    last report is none."""
    settings, templates = evidence.access
    proofs, known = _proven(evidence)
    coverage = measure(evidence.results, templates)
    routes = measure_routes(evidence.results, entries(settings))
    sifted = suppress(
        [
            *lint_settings(evidence.access, evidence.source),
            *lint_coverage(coverage, threshold=100, named=named_in(evidence.results)),
            *lint_route_coverage(routes, settings, evidence.source, threshold=100),
        ],
        settings,
        evidence.source,
        evidence.date,
    )
    parts: dict[str, Any] = {
        "scope": {**evidence.scope, "versions": {**evidence.versions, **_provers(proofs)}},
        "proofs": proofs,
        "assumptions": _assumptions(proofs, known),
        "cases": {**_cases(evidence, coverage), "routes": [asdict(each) for each in routes]},
        "matrix": matrix(evidence.results, settings, templates, evidence.name),
        "lint": [_lint(finding, evidence.name) for finding in sifted.left],
        "exceptions": exceptions(settings, sifted.suppressed, evidence.date),
    }
    findings = [*_findings(parts)]
    found: dict[str, Any] = {
        "format": FORMAT,
        "date": None if evidence.date is None else evidence.date.isoformat(),
        "verdict": "FINDINGS" if findings else "HOLDS",
        "findings": findings,
        "open": sum(row["state"] == "OPEN" for row in parts["assumptions"]),
        **parts,
    }
    plain: dict[str, Any] = json.loads(json.dumps(found))
    since = evidence.since
    plain["changes"] = None if since is None else json.loads(json.dumps(changes(since, plain)))
    return plain


def written(found: Mapping[str, Any]) -> bytes:
    """The report as a file."""
    return (json.dumps(found, indent=2, ensure_ascii=False) + "\n").encode()


def changes(since: Since, now: Mapping[str, Any]) -> dict[str, Any]:
    """What is otherwise than in the last report. A verdict of then is what that report said. Raises `ReportInvalid`
    where that is none."""
    try:
        return _changes(since, since.report, now)
    except (KeyError, TypeError, AttributeError) as error:
        raise ReportInvalid("the last report is none: a part of it is missing, or of another form") from error


def _changes(since: Since, then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "since": {"sha256": since.sha256, "date": then["date"], "verdict": then["verdict"]},
        "files": _shifts(then["scope"]["files"], now["scope"]["files"], "name", "sha256"),
        "environment": _shifts(then["scope"]["environment"], now["scope"]["environment"], "name", "sha256"),
        "versions": _shifts(
            _rows(then["scope"]["versions"]), _rows(now["scope"]["versions"]), "name", "value"
        ),
        "proofs": _shifts(then["proofs"], now["proofs"], "subject", "told"),
        "assumptions": _shifts(then["assumptions"], now["assumptions"], "text", "state"),
        "exceptions": _shifts(then["exceptions"], now["exceptions"], "about", "state"),
        "cases": {
            name: {"then": then["cases"][name], "now": now["cases"][name]}
            for name in ("cases", "passed", "failed", "errors")
        },
        "authority": dict(since.authority),
    }


def _rows(table: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in table.items()]


def _shifts(
    then: Sequence[Mapping[str, Any]], now: Sequence[Mapping[str, Any]], by: str, what: str
) -> list[dict[str, Any]]:
    """The rows that came, went, or have another `what`; None is what was not there."""
    before, after = ({row[by]: row[what] for row in rows} for rows in (then, now))
    return [
        {by: name, "then": before.get(name), "now": after.get(name)}
        for name in dict.fromkeys([*before, *after])
        if (name in before, before.get(name)) != (name in after, after.get(name))
    ]


def _proven(evidence: Evidence) -> tuple[list[dict[str, Any]], Sequence[Assumption]]:
    """The proofs, and what is known of what they rest on."""
    deployed = evidence.deployed
    access = evidence.access if deployed is None else deployed.access
    proofs = [_proof(plain_proof(proof, access.settings)) for proof in prove_settings(access)]
    if deployed is None:
        return proofs, evidence.assumptions
    lines = (line for proof in proofs for line in proof["rests_on"])
    return [_shown(proof, deployed.show) for proof in proofs], (*evidence.assumptions, *deployed.rule(lines))


def _shown(value: Any, show: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return show(value)
    if isinstance(value, Mapping):
        return {key: _shown(each, show) for key, each in value.items()}
    return [_shown(each, show) for each in value] if isinstance(value, list | tuple) else value


def _proof(plain: dict[str, Any]) -> dict[str, Any]:
    kind = next(kind for start, kind in KINDS if plain["subject"].startswith(start))
    return {"kind": kind, **plain}


def _provers(proofs: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    lines = sorted({line for proof in proofs for line in proof["rests_on"] if line.endswith(PROVER)})
    return {"prover": "; ".join(lines)} if lines else {}


def _assumptions(proofs: Sequence[Mapping[str, Any]], known: Sequence[Assumption]) -> list[dict[str, Any]]:
    """Each line that a proof rests on, once, with the proofs that do; then what a deployment is asked beside. Proofs
    that claim nothing rest on nothing."""
    resting: dict[str, list[str]] = {}
    for proof in proofs:
        for line in proof["rests_on"] if proof["verdict"] != "NOT CLAIMED" else ():
            if not line.endswith(PROVER):
                resting.setdefault(line, []).append(proof["subject"])
    resting |= {row.text: [] for row in known if not row.printed}
    states = {row.text: row for row in known}
    usual = {text: Assumption(text=text, state="OPEN", place=OPEN) for text in resting}
    return [
        {"text": text, "state": row.state, "place": row.place, "proofs": subjects}
        for text, subjects in resting.items()
        for row in (states.get(text, usual[text]),)
    ]


def _cases(evidence: Evidence, coverage: Sequence[Any]) -> dict[str, Any]:
    counts = dict.fromkeys(("PASS", "FAIL", "ERROR"), 0)
    for result in evidence.results:
        counts[result.status] += 1
    return {
        "files": len({result.case.file for result in evidence.results}),
        "cases": len(evidence.results),
        "passed": counts["PASS"],
        "failed": counts["FAIL"],
        "errors": counts["ERROR"],
        "failures": [
            {
                "file": evidence.name(result.case.file),
                "name": result.case.name,
                "status": result.status,
                "reasons": list(result.reasons),
            }
            for result in evidence.results
            if result.status != "PASS"
        ],
        "coverage": [asdict(each) for each in coverage],
    }


def _lint(finding: Finding, name: Callable[[str], str]) -> dict[str, Any]:
    file, colon, line = finding.place.rpartition(":")
    place = f"{name(file)}:{line}" if colon and line.isdigit() else name(finding.place)
    return {"place": place, "code": finding.code, "text": finding.text, "remedy": finding.remedy}


def _findings(parts: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """What keeps the report from saying HOLDS, each with the part that it is of."""
    claimed = [proof for proof in parts["proofs"] if proof["verdict"] != "NOT CLAIMED"]
    if not claimed:
        yield {"part": "proofs", "text": "nothing is claimed, so that nothing is proven"}
    for proof in claimed:
        if proof["verdict"] in BAD:
            yield {"part": "proofs", "text": f"{proof['subject']}: {proof['verdict']}"}
    for row in parts["assumptions"]:
        if row["state"] == "REFUTED":
            yield {"part": "assumptions", "text": f"{row['text']}: {row['place']}"}
    cases = parts["cases"]
    if not cases["cases"]:
        yield {"part": "cases", "text": "there is no case"}
    for failure in cases["failures"]:
        yield {"part": "cases", "text": f"{failure['file']}: {failure['name']}: {failure['status']}"}
    for crossing in parts["matrix"]["crossed"]:
        said = f"{crossing['file']}: {crossing['policy']}: {crossing['action']} on {crossing['resource']}"
        yield {
            "part": "matrix",
            "text": f"{said} is allowed to two users with another `{crossing['isolates']}`",
        }
    for finding in parts["lint"]:
        yield {"part": "lint", "text": f"{finding['place']}: {finding['code']}: {finding['text']}"}
