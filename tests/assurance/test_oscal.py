"""OSCAL assessment results: made of the report alone, and what they say of it."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

from authorizer.assurance import Assumption, as_oscal, report, written
from authorizer.assurance.scope import digest
from tests.assurance.factories import DAY, evidence, whole
from tests.make import make_access


def results(found: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = as_oscal(found)["assessment-results"]["results"][0]
    return result


def status(found: dict[str, Any]) -> tuple[str, str]:
    (finding,) = results(found)["findings"]
    state = finding["target"]["status"]
    return state["state"], state["reason"]


def all_checked() -> dict[str, Any]:
    known = [
        Assumption(text=row["text"], state="CHECKED", place="p") for row in report(whole())["assumptions"]
    ]
    return report(replace(whole(), assumptions=known))


def test_the_objective_is_met_where_nothing_was_found_and_nothing_is_open() -> None:
    assert status(all_checked()) == ("satisfied", "pass")
    assert "risks" not in results(all_checked())


def test_an_open_assumption_keeps_the_objective_open() -> None:
    found = report(whole())
    assert status(found) == ("not-satisfied", "other")
    risks = results(found)["risks"]
    assert [risk["title"] for risk in risks] == [f"Assumed: {row['text']}" for row in found["assumptions"]]


def test_a_finding_fails_the_objective() -> None:
    found = report(evidence())
    assert status(found) == ("not-satisfied", "fail")
    risks = results(found)["risks"]
    assert len(risks) == len(found["findings"]) + found["open"]
    assert risks[0]["title"] == f"cases: {found['findings'][0]['text']}"


def test_each_proof_the_cases_the_matrix_the_lint_and_each_exception_is_an_observation() -> None:
    ignore = {"code": "no-cases", "where": "s3-home", "reason": "r", "owner": "o"}
    found = report(evidence(access=make_access(lint={"ignore": [ignore]})))
    observations = {each["title"]: each["description"] for each in results(found)["observations"]}
    assert observations["Proof of all roles (all roles against one another)"].startswith("PROVEN: 6 branches")
    assert (
        observations["Exception 1: no-cases at s3-home"] == "in force; reason: r; owner: o; until: not said."
    )
    assert {"Cases", "Matrix", "Lint"} < observations.keys()
    assert len(observations) == len(found["proofs"]) + 4
    (finding,) = results(found)["findings"]
    related = {each["observation-uuid"] for each in finding["related-observations"]}
    assert related == {each["uuid"] for each in results(found)["observations"]}


def test_identifiers_are_made_of_the_report_and_each_is_another() -> None:
    found = report(whole())
    text = written(as_oscal(found)).decode()
    made = re.findall(r'"uuid": "([0-9a-f-]{36})"', text)
    assert len(made) == len(set(made)) > 20
    assert written(as_oscal(found)).decode() == text
    later = report(replace(whole(), date=date(2027, 1, 16)))
    assert set(made).isdisjoint(re.findall(r'"uuid": "([0-9a-f-]{36})"', written(as_oscal(later)).decode()))


def test_each_file_is_a_resource_with_its_digest_and_so_is_the_report() -> None:
    found = report(whole())
    document = as_oscal(found)["assessment-results"]
    hashes = {
        each["rlinks"][0]["href"]: each["rlinks"][0]["hashes"][0]["value"]
        for each in document["back-matter"]["resources"]
    }
    assert hashes == {
        "report.json": digest(written(found)),
        **{row["name"]: row["sha256"] for row in found["scope"]["files"]},
    }
    assert document["metadata"]["last-modified"] == f"{DAY}T00:00:00Z"
    plan = document["import-ap"]["href"].removeprefix("#")
    assert plan in {each["uuid"] for each in document["back-matter"]["resources"]}
