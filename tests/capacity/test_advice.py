"""What to set, from what was measured."""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from authorizer.capacity import Load, Measured, bars, findings

LOAD = Load(users=1000, rps=100, environments=20, window=100)


def measured(
    calls_per_second: float, *, ttl: float = 300, shared: bool = False, cost: float = 1.0, **counts: int
) -> Measured:
    """10,000 requests, half of which reached the authorizer; `cost` in dollars for a million."""
    found = Measured(load=LOAD, ttl=ttl, shared=shared, calls=round(calls_per_second * 100))
    found.repeated, found.reached = 5000, 5000
    found.write_units = (cost - found.cost) * 1e4 / 0.625
    for name, count in counts.items():
        setattr(found, name, count)
    return found


@pytest.mark.parametrize(
    ("asked", "others", "advice"),
    [
        pytest.param(measured(100), [measured(10, shared=True)], [], id="nothing where there is room"),
        pytest.param(
            measured(500),
            [measured(10, shared=True)],
            ["add [shared_cache]"],
            id="the shared level where STS is short",
        ),
        pytest.param(
            measured(500, ttl=60),
            [measured(10, ttl=60, shared=True), measured(300, ttl=300), measured(900, ttl=0)],
            ["set gateway.result_ttl to 300s"],
            id="another TTL before another table",
        ),
        pytest.param(
            measured(900, ttl=60, shared=True),
            [measured(100, ttl=300, shared=True), measured(200, ttl=300)],
            ["set gateway.result_ttl to 300s"],
            id="another TTL with the table that there is",
        ),
        pytest.param(
            measured(900, ttl=60, shared=True),
            [measured(200, ttl=300)],
            ["set gateway.result_ttl to 300s and leave out [shared_cache]"],
            id="two changes where one is not enough",
        ),
        pytest.param(
            measured(900),
            [measured(800, ttl=600)],
            ["divide the users among accounts or Regions, or ask AWS for more"],
            id="more accounts where nothing helps",
        ),
        pytest.param(
            measured(10, shared=True),
            [measured(20), measured(20, ttl=60), measured(15, shared=True, ttl=60)],
            ["leave out [shared_cache]"],
            id="no table where nobody needs it",
        ),
        pytest.param(measured(10, shared=True), [measured(300)], [], id="the table where it is near"),
        pytest.param(measured(10, failed=3), [], ["look at the deadline"], id="failures that are not STS's"),
        pytest.param(
            measured(10, queued=51), [], ["raise the function's concurrency"], id="requests that queue"
        ),
        pytest.param(measured(10, queued=50), [], [], id="requests that hardly ever queue"),
    ],
)
def test_what_to_set(asked: Measured, others: Sequence[Measured], advice: list[str]) -> None:
    assert [finding.advice for finding in findings(asked, others)] == advice


def test_a_finding_says_why_in_figures() -> None:
    [finding] = findings(measured(500), [measured(10, shared=True, cost=1.5)])
    assert (
        finding.because == "STS is asked 500 times a second of 600; with it 10, for $1.50 a million requests"
    )


def test_a_cost_is_of_invocations_time_and_the_table() -> None:
    found = Measured(load=LOAD, ttl=0, shared=True, reached=1_000_000)
    assert found.cost == pytest.approx(0.20)
    found.busy = 10_000
    assert found.cost == pytest.approx(0.20 + 10_000 * 0.5 * 0.0000133334)
    found.busy, found.read_units, found.write_units = 0, 1e6, 2e6
    assert found.cost == pytest.approx(0.20 + 0.125 + 1.25)


def test_a_picture_is_an_svg_that_says_its_figures_as_text() -> None:
    rows = [(f"<{number}>", float(number)) for number in range(30)]
    svg = ET.fromstring(bars("calls & more", rows, unit="minutes", line=60))
    told = [element.text for element in svg.iter() if element.tag.endswith("title")]
    assert told[0] == "calls & more"
    assert told[1:] == [f"<{number}>: {number:.1f}" for number in range(30)]
    heights = [float(element.attrib["height"]) for element in svg.iter() if element.tag.endswith("rect")][1:]
    assert heights[29] == pytest.approx(29 * heights[1], abs=2)
    assert max(heights) < 182 / 2, "the line at 60 is the top"
    assert len([element for element in svg.iter() if element.tag.endswith("line")]) == 1
    assert "<line" not in bars("nothing", [("0", 0.0)], unit="", line=None)
