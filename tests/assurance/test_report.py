"""The report: what it says of a configuration, and what keeps it from saying HOLDS."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest

from authorizer.assurance import Assumption, Deployed, ReportInvalid, Since, report, written
from authorizer.cli.case_files import case_files, read_cases, run_cases
from authorizer.engine.prove.proof import RESTS_ON
from tests.assurance.factories import DAY, SCOPE, TODAY, evidence, whole
from tests.make import ACCESS, make_access, sample_templates

SHARED = {"statement": "OwnObjects", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/x"]}


@cache
def plain() -> dict[str, Any]:
    return report(whole())


def parts(found: dict[str, Any]) -> set[str]:
    return {finding["part"] for finding in found["findings"]}


def test_the_bundled_configuration_holds_and_says_by_what() -> None:
    found = plain()
    assert (found["verdict"], found["findings"], found["date"]) == ("HOLDS", [], DAY)
    assert {proof["verdict"] for proof in found["proofs"]} == {"PROVEN"}
    assert found["cases"]["passed"] == found["cases"]["cases"] > 20
    assert found["scope"]["files"] == [*SCOPE["files"]]
    assert found["scope"]["versions"]["authorizer"] == "1"
    assert "version" in found["scope"]["versions"]["prover"]


def test_each_proof_says_of_which_kind_it_is() -> None:
    kinds = {proof["subject"]: proof["kind"] for proof in plain()["proofs"]}
    assert kinds["policy s3-home"] == "a policy by itself"
    assert kinds["role editor"] == "the policies of a role"
    assert kinds["all roles"] == "all roles against one another"


def test_every_assumption_is_open_until_somebody_has_looked() -> None:
    rows = plain()["assumptions"]
    assert set(RESTS_ON) <= {row["text"] for row in rows}
    assert {row["state"] for row in rows} == {"OPEN"}
    assert plain()["open"] == len(rows)
    assert not any("of the prover" in row["text"] for row in rows)
    (row,) = (row for row in rows if row["text"].startswith("`s3:prefix`"))
    assert "policy s3-home" in row["proofs"]
    assert "policy dynamodb-tenant" not in row["proofs"]


def test_an_assumption_that_was_looked_at_is_told_with_its_place() -> None:
    known = Assumption(text=RESTS_ON[3], state="CHECKED", place="template.yaml:12")
    found = report(replace(whole(), assumptions=[known]))
    states = {row["text"]: (row["state"], row["place"]) for row in found["assumptions"]}
    assert states[RESTS_ON[3]] == ("CHECKED", "template.yaml:12")
    assert found["open"] == plain()["open"] - 1


def test_an_assumption_of_no_proof_is_not_told() -> None:
    stray = Assumption(text="the moon is far", state="CHECKED", place="p")
    assert "moon" not in json.dumps(report(evidence(assumptions=[stray])))


def test_what_a_deployment_is_asked_beside_stands_below_without_a_proof() -> None:
    beside = Assumption(text="each role takes its terms", state="CHECKED", place="p", printed=False)
    *_, last = report(replace(whole(), assumptions=[beside]))["assumptions"]
    assert last == {"text": "each role takes its terms", "state": "CHECKED", "place": "p", "proofs": []}


def test_an_assumption_that_does_not_hold_is_a_finding() -> None:
    refuted = Assumption(text=RESTS_ON[3], state="REFUTED", place="t.yaml:3: everybody may")
    found = report(replace(whole(), assumptions=[refuted]))
    assert (found["verdict"], parts(found)) == ("FINDINGS", {"assumptions"})
    assert found["findings"][0]["text"] == f"{RESTS_ON[3]}: t.yaml:3: everybody may"
    assert found["open"] == len(found["assumptions"]) - 1


def test_with_a_deployment_proofs_are_about_its_values_and_shown_as_it_names_them() -> None:
    asked: list[str] = []

    def rule(lines: Iterable[str]) -> list[Assumption]:
        asked.extend(lines)
        return [Assumption(text=RESTS_ON[3], state="CHECKED", place="t.yaml:3")]

    home = sample_templates()["s3-home"].replace("home/{{ sub }}/*", "home/*")
    leaking = make_access(
        variables={"bucket": "zq00000made"}, templates={**sample_templates(), "s3-home": home}
    )
    deployed = Deployed(access=leaking, show=lambda text: text.replace("zq00000made", "${Bucket}"), rule=rule)
    found = report(replace(whole(), deployed=deployed))
    assert parts(found) == {"proofs"}, "cases, matrix and lint are about the environment's values"
    assert "${Bucket}" in written(found).decode()
    assert "zq0" not in written(found).decode()
    assert RESTS_ON[3] in asked
    states = {row["text"]: row["state"] for row in found["assumptions"]}
    assert states[RESTS_ON[3]] == "CHECKED"


def test_without_cases_and_with_uncovered_templates_it_does_not_hold() -> None:
    found = report(evidence())
    assert found["verdict"] == "FINDINGS"
    assert parts(found) == {"cases", "lint"}
    assert {"part": "cases", "text": "there is no case"} in found["findings"]


def test_what_two_users_may_both_touch_in_the_cases_is_a_finding_of_the_matrix() -> None:
    home = sample_templates()["s3-home"].replace("home/{{ sub }}/*", "home/*")
    access = make_access(templates={**sample_templates(), "s3-home": home})
    results = run_cases(access.templates, read_cases(access, case_files(ACCESS)))
    told = [
        each["text"]
        for each in report(evidence(access=access, results=results))["findings"]
        if each["part"] == "matrix"
    ]
    assert told
    assert all("s3-home: s3:" in text for text in told)
    assert all(text.endswith(" is allowed to two users with another `sub`") for text in told)


def test_a_leak_is_a_finding_with_its_witness() -> None:
    home = sample_templates()["s3-home"].replace("home/{{ sub }}/*", "home/*")
    found = report(evidence(access=make_access(templates={**sample_templates(), "s3-home": home})))
    assert {"part": "proofs", "text": "policy s3-home: LEAK"} in found["findings"]
    (proof,) = (proof for proof in found["proofs"] if proof["subject"] == "policy s3-home")
    one, other = proof["findings"][0]["witness"]
    assert one["claims"]["sub"] != other["claims"]["sub"]


def test_what_could_not_be_proven_is_a_finding() -> None:
    home = sample_templates()["s3-home"].replace("s3:prefix", "aws:PrincipalTag/x")
    found = report(evidence(access=make_access(templates={**sample_templates(), "s3-home": home})))
    assert {"part": "proofs", "text": "policy s3-home: UNKNOWN"} in found["findings"]


def test_where_nothing_is_claimed_nothing_holds_and_nothing_is_assumed() -> None:
    access = make_access(
        policies=None, scopes={"reports:read": None}, groups={"auditors": {"scopes": ["data:read"]}}
    )
    found = report(evidence(access=access))
    assert {"part": "proofs", "text": "nothing is claimed, so that nothing is proven"} in found["findings"]
    assert found["assumptions"] == []


def test_a_case_that_fails_is_told_with_its_reasons() -> None:
    broken = [
        replace(result, status="FAIL", reasons=("it did not",)) if number == 0 else result
        for number, result in enumerate(whole().results)
    ]
    found = report(replace(whole(), results=broken))
    assert parts(found) == {"cases"}
    assert (found["cases"]["failed"], found["cases"]["errors"]) == (1, 0)
    (failure,) = found["cases"]["failures"]
    assert failure["reasons"] == ["it did not"]
    assert found["findings"][0]["text"].endswith(f"{failure['name']}: FAIL")


def test_places_and_case_files_are_called_as_the_report_calls_files() -> None:
    named = replace(evidence(), name=lambda name: "A" if name == "policies/access.toml" else name)
    access = make_access(groups={"ghosts": {}})
    lint = report(replace(named, access=access))["lint"]
    assert any(row["place"].startswith("A:") or row["place"] == "A" for row in lint)
    assert not any("policies/" in row["place"] for row in lint)


# ── Exceptions ───────────────────────────────────────────────────────────────────────────────────────────────────────

IGNORED = {"code": "no-cases", "where": "s3-home", "reason": "r", "owner": "o", "until": DAY}


def exceptions(day: date | None = TODAY, **changes: Any) -> list[dict[str, Any]]:
    found = report(evidence(access=make_access(**changes), date=day))
    rows: list[dict[str, Any]] = found["exceptions"]
    return rows


@pytest.mark.parametrize(
    ("row", "day", "state"),
    [
        pytest.param({}, TODAY, "in force", id="on its last day"),
        pytest.param({"until": "2027-01-14"}, TODAY, "ended", id="the day after"),
        pytest.param({"until": "2027-01-14"}, None, "in force", id="where nobody says what day it is"),
        pytest.param({"where": "s3-tenant.x"}, TODAY, "void", id="where nothing is found"),
        pytest.param({"reason": None}, TODAY, "void", id="without a reason"),
    ],
)
def test_a_finding_that_is_kept_quiet_has_a_state(row: dict[str, Any], day: date | None, state: str) -> None:
    said = {key: value for key, value in {**IGNORED, **row}.items() if value is not None}
    (found,) = exceptions(day, lint={"ignore": [said]})
    assert found["state"] == state
    assert (found["kind"], found["owner"]) == ("finding", "o")
    assert found["about"] == f"no-cases at {said['where']}"


def test_what_is_shared_is_an_exception_with_its_terms() -> None:
    shared = {**SHARED, "reason": "r", "owner": "o", "until": "2027-01-14"}
    (found,) = exceptions(policies={"s3-home": {"shared": [shared]}})
    assert found == {
        "kind": "shared",
        "about": "s3-home: OwnObjects: s3:GetObject on arn:aws:s3:::b/x",
        "reason": "r",
        "owner": "o",
        "until": "2027-01-14",
        "state": "ended",
    }


def test_a_scope_that_shares_routes_is_an_exception_in_force() -> None:
    found = exceptions(
        claims={"org": {"claim": "custom:org", "type": "slug", "max_length": 12}},
        scopes={"own": ["GET /o/{org}"], "staff": ["GET /o/*"]},
        routes={"shared": {"org": [{"scope": "staff", "reason": "support", "until": "2027-12-31"}]}},
        groups={},
    )
    assert {
        "kind": "shared",
        "about": "routes by org: scope staff",
        "reason": "support",
        "owner": None,
        "until": "2027-12-31",
        "state": "in force",
    } in found


def test_an_exception_that_has_ended_is_a_finding() -> None:
    shared = {**SHARED, "until": "2027-01-14"}
    found = report(evidence(access=make_access(policies={"s3-home": {"shared": [shared]}})))
    assert any(
        "suppression" in each["text"] and "ended on 2027-01-14" in each["text"] for each in found["findings"]
    )


# ── Since ────────────────────────────────────────────────────────────────────────────────────────────────────────────

AUTHORITY = {"verdict": "WIDER", "policies": [], "authority": []}


def since(**changes: Any) -> Since:
    return Since(sha256="dd", report={**plain(), **changes}, authority=AUTHORITY)


def changed(**last: Any) -> dict[str, Any]:
    found: dict[str, Any] = report(replace(whole(), since=since(**last)))["changes"]
    return found


def test_nothing_has_changed_since_the_same() -> None:
    found = changed()
    assert found["since"] == {"sha256": "dd", "date": DAY, "verdict": "HOLDS"}
    assert found["authority"] == AUTHORITY
    for name in ("files", "environment", "versions", "proofs", "assumptions", "exceptions"):
        assert found[name] == []
    assert found["cases"]["cases"] == {"then": 46, "now": 46}


def test_what_came_what_went_and_what_is_another_is_told() -> None:
    scope = {
        **plain()["scope"],
        "files": [{**SCOPE["files"][0], "sha256": "old"}, {**SCOPE["files"][1], "name": "gone"}],
    }
    found = changed(scope=scope)
    assert found["files"] == [
        {"name": "access.toml", "then": "old", "now": "aa"},
        {"name": "gone", "then": "bb", "now": None},
        {"name": "templates/s3-home.json.j2", "then": None, "now": "bb"},
    ]


def test_a_verdict_that_changed_is_told() -> None:
    proofs = [
        {**proof, "told": "LEAK"} if proof["subject"] == "all roles" else proof for proof in plain()["proofs"]
    ]
    assert changed(proofs=proofs)["proofs"] == [{"subject": "all roles", "then": "LEAK", "now": "PROVEN"}]


def test_a_secret_that_came_is_told_though_it_has_no_digest() -> None:
    secret = {"name": "KEY", "sha256": None, "sample": False}
    scope = {**plain()["scope"], "environment": [*SCOPE["environment"], secret]}
    assert changed(scope=scope)["environment"] == [{"name": "KEY", "then": None, "now": None}]


@pytest.mark.parametrize("last", [{"scope": {}}, {"scope": None}, {"proofs": ["x"]}, {"cases": {}}])
def test_a_last_report_of_another_form_is_refused(last: dict[str, Any]) -> None:
    with pytest.raises(ReportInvalid, match="the last report is none"):
        changed(**last)


def test_it_is_written_the_same_each_time() -> None:
    assert written(report(whole())) == written(plain())
    assert written(plain()).endswith(b"\n}\n".replace(b"\n}", b"}"))
