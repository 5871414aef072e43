"""Findings that are known and meant: kept quiet for a reason, and only as long as there is one."""

from datetime import date
from typing import Any

import pytest

from authorizer.engine.check import Finding
from authorizer.gate import suppress
from authorizer.settings.schema import Settings
from tests.make import ACCESS, make_access, make_settings

SOURCE = ACCESS.read_text()
LISTED = Finding(place="s3-home.json.j2:12", code="scan", text="t", remedy="r")
ROLE = Finding(place="access.toml:9", code="too-large", text="t", remedy="r", key="roles.viewer.policies")
RULE = Finding(place="access.toml:9", code="user-writable", text="t", remedy="r", key="rules[0].claim")


def row(code: str, where: str, **changes: Any) -> dict[str, Any]:
    return {"code": code, "where": where, "reason": "it is meant", **changes}


def settings(*rows: dict[str, Any]) -> Settings:
    return make_access(lint={"ignore": list(rows)}).settings


@pytest.mark.parametrize(
    ("finding", "where", "is_suppressed"),
    [
        pytest.param(LISTED, "s3-home.json.j2", True, id="a template's file"),
        pytest.param(LISTED, "s3-home", True, id="a template's name"),
        pytest.param(LISTED, "s3", False, id="the beginning of a name of a file"),
        pytest.param(LISTED, "s3-home.json.j2:12", False, id="a line, which moves"),
        pytest.param(ROLE, "roles.viewer.policies", True, id="a key"),
        pytest.param(ROLE, "roles.viewer", True, id="a table that it is in"),
        pytest.param(ROLE, "roles.view", False, id="the beginning of a name"),
        pytest.param(ROLE, "roles.editor", False, id="another table"),
        pytest.param(RULE, "rules", True, id="a list that it is in"),
    ],
)
def test_a_finding_is_suppressed_where_it_is(finding: Finding, where: str, is_suppressed: bool) -> None:
    left, suppressed = suppress([finding], settings(row(finding.code, where)), SOURCE)
    assert suppressed == (((finding, "it is meant"),) if is_suppressed else ())
    assert [each.code for each in left] == ([] if is_suppressed else [finding.code, "suppression"])


def test_a_finding_of_another_code_is_left() -> None:
    left, suppressed = suppress([LISTED], settings(row("partition", "s3-home.json.j2")), SOURCE)
    assert (left[0], suppressed) == (LISTED, ())


def test_one_row_is_for_every_finding_there() -> None:
    left, suppressed = suppress([LISTED, LISTED], settings(row("scan", "s3-home.json.j2")), SOURCE)
    assert (len(left), len(suppressed)) == (0, 2)


def test_a_row_without_a_reason_counts_for_nothing_and_is_found() -> None:
    rows = settings({"code": "scan", "where": "s3-home.json.j2"})
    (kept, found), suppressed = suppress([LISTED], rows, SOURCE)
    assert (kept, suppressed) == (LISTED, ())
    assert (found.code, found.key) == ("suppression", "lint.ignore[0]")
    assert "has no reason" in found.text


def test_a_row_that_suppresses_nothing_is_found_at_its_line() -> None:
    source = SOURCE + "\n[[lint.ignore]]\ncode = 'scan'\nwhere = 's3-home.json.j2'\nreason = 'r'\n"
    (found,), _ = suppress([], settings(row("scan", "s3-home.json.j2")), source)
    assert found.text == "nothing is found of code `scan` at s3-home.json.j2"
    assert found.place.endswith(f":{source.count(chr(10)) - 3}")


SHARED = {"statement": "OwnObjects", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/x"]}


@pytest.mark.parametrize(
    ("today", "counts"),
    [
        pytest.param(None, True, id="where nobody says what day it is"),
        pytest.param(date(2027, 1, 31), True, id="on its last day"),
        pytest.param(date(2027, 2, 1), False, id="the day after"),
    ],
)
def test_a_row_counts_until_its_day(today: date | None, counts: bool) -> None:
    rows = settings(row("scan", "s3-home", until="2027-01-31", owner="ops"))
    left, suppressed = suppress([LISTED], rows, SOURCE, today)
    assert len(suppressed) == counts
    if not counts:
        assert left[0] == LISTED
        assert (left[1].code, left[1].key) == ("suppression", "lint.ignore[0]")
        assert left[1].text == "the suppression of `scan` at s3-home ended on 2027-01-31"


def test_what_is_shared_past_its_day_is_found_and_still_shared() -> None:
    shared = {**SHARED, "until": "2027-01-31"}
    access = make_access(policies={"s3-home": {"shared": [{**SHARED, "actions": ["s3:PutObject"]}, shared]}})
    assert suppress([], access.settings, SOURCE, date(2027, 1, 31)).left == ()
    ((found,), _) = suppress([], access.settings, SOURCE, date(2027, 2, 1))
    assert found.key == "policies.s3-home.shared[1]"
    assert found.text == (
        "what is declared common to all ended on 2027-01-31: OwnObjects: s3:GetObject on arn:aws:s3:::b/x"
    )
    assert access.settings.policies["s3-home"].shared[1].actions == ("s3:GetObject",)


def test_routes_that_are_shared_past_their_day_are_found_and_still_shared() -> None:
    rows = [{"scope": "data:read", "until": "2027-01-31"}, {"scope": "data:write", "reason": "r"}]
    changed = make_settings(routes={"shared": {"tenant": rows}})
    assert suppress([], changed, SOURCE, date(2027, 1, 31)).left == ()
    ((found,), _) = suppress([], changed, SOURCE, date(2027, 2, 1))
    assert (found.code, found.key) == ("suppression", "routes.shared.tenant")
    assert found.text == "what scope 'data:read' shares of routes by `tenant` ended on 2027-01-31"
    assert "data:read" in changed.shared_routes["tenant"]


def test_a_suppression_is_not_suppressed() -> None:
    rows = settings(row("scan", "x"), row("suppression", "lint"))
    left, suppressed = suppress([], rows, SOURCE)
    assert (len(left), suppressed) == (2, ())
