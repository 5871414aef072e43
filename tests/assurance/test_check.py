"""An old report against the inputs of today: every difference is found, and where."""

import copy
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from authorizer.assurance import ReportInvalid, differences, read_report, report, written
from authorizer.assurance.check import MOST
from authorizer.assurance.report import FORMAT
from tests.assurance.factories import evidence, whole


@cache
def again() -> dict[str, Any]:
    return report(whole())


def told(change: Callable[[dict[str, Any]], object]) -> tuple[str, ...]:
    other = copy.deepcopy(again())
    change(other)
    return differences(written(other), again())


def test_a_report_is_as_it_is_made_again() -> None:
    assert differences(written(again()), again()) == ()
    assert read_report(written(again())) == again()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            lambda it: it["scope"]["files"][0].update(sha256="x"),
            "the file access.toml is another: kind access, sha256 x, bytes 1 in the report, kind access, sha256 aa, "
            "bytes 1 here",
            id="another file",
        ),
        pytest.param(
            lambda it: it["scope"]["files"].pop(),
            "the file templates/s3-home.json.j2 is here, and not in the report",
            id="a file more",
        ),
        pytest.param(
            lambda it: it["scope"]["environment"].append({"name": "X"}),
            "the environment variable X is in the report, and not here",
            id="a name less",
        ),
        pytest.param(
            lambda it: it["scope"]["versions"].update(authorizer="0"),
            "version of authorizer: '0' in the report, '1' by what is here",
            id="another version",
        ),
        pytest.param(
            lambda it: it["proofs"][0].update(verdict="LEAK"),
            "proofs[0].verdict: 'LEAK' in the report, 'PROVEN' by what is here",
            id="another verdict",
        ),
        pytest.param(
            lambda it: it["cases"].update(passed=True),
            "cases.passed: True in the report, 46 by what is here",
            id="a truth for a number",
        ),
        pytest.param(
            lambda it: it["proofs"].pop(),
            "proofs: 10 rows in the report, 11 rows by what is here",
            id="a proof less",
        ),
        pytest.param(
            lambda it: it.pop("matrix"),
            "matrix: nothing in the report, a table by what is here",
            id="a part less",
        ),
        pytest.param(
            lambda it: it.update(more=None), "more: None in the report, nothing by what is here", id="more"
        ),
    ],
)
def test_a_difference_is_told_with_its_place(change: Callable[[dict[str, Any]], object], said: str) -> None:
    assert told(change) == (said,)


@pytest.mark.parametrize("scope", [None, {}, {"files": "x", "environment": [1], "versions": []}])
def test_a_scope_of_another_form_differs(scope: object) -> None:
    assert "the file access.toml is here, and not in the report" in told(lambda it: it.update(scope=scope))


def test_what_is_said_within_the_scope_beside_its_rows_is_looked_at_too() -> None:
    assert told(lambda it: it["scope"].update(more=1)) == (
        "scope.more: 1 in the report, nothing by what is here",
    )


def test_each_byte_counts_even_where_it_says_nothing() -> None:
    content = written(again())
    assert differences(content.replace(b"{\n  ", b"{\n\t ", 1), again()) == (
        "the same is said, and not as it is written: byte 2",
    )
    assert differences(content + b"\n", again()) == (
        f"the same is said, and not as it is written: byte {len(content)}",
    )


def test_of_very_many_differences_only_the_first_are_told() -> None:
    found = told(lambda it: it["cases"].update({str(number): number for number in range(MOST + 3)}))
    assert len(found) == MOST + 1
    assert found[-1] == "and 3 more"


def test_every_flipped_bit_of_a_report_is_seen() -> None:
    small = report(evidence())
    content = written(small)
    step = max(1, len(content) // 400)
    for at in range(0, len(content), step):
        flipped = content[:at] + bytes((content[at] ^ 1,)) + content[at + 1 :]
        try:
            assert differences(flipped, small), at
        except ReportInvalid:
            continue


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xff", id="no text"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b"[]", id="no table"),
        pytest.param(b'{"format": 1}', id="another format"),
    ],
)
def test_what_is_no_report_is_refused(content: bytes) -> None:
    with pytest.raises(ReportInvalid, match="no report"):
        read_report(content)


@pytest.mark.parametrize("member", ["date", "changes"])
def test_a_report_with_a_member_of_another_kind_is_none(member: str) -> None:
    content = json.dumps({"format": FORMAT, member: 5}).encode()
    with pytest.raises(ReportInvalid, match="its `date` or its `changes` are neither null nor"):
        read_report(content)


@pytest.mark.parametrize(
    "date",
    [
        pytest.param(" 2026-11-22", id="a blank before it: as a text it is before every day"),
        pytest.param("2026-11-22 (checked)", id="words behind it"),
        pytest.param("0", id="a number"),
        pytest.param("20261122", id="another form of ISO 8601"),
        pytest.param("2026-W47-7", id="a day of a week"),
        pytest.param("2026-02-30", id="a day that is none"),
        pytest.param("\u0662026-11-22", id="other scripts' digits"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_report_of_no_day_is_none(date: str) -> None:
    """By such a text an exception that ended long ago would count."""
    with pytest.raises(ReportInvalid, match="no report: its `date`"):
        read_report(written({**again(), "date": date}))


def test_a_report_without_a_day_is_one() -> None:
    assert read_report(written({**again(), "date": None}))["date"] is None
