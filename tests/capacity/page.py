"""The tables and pictures of `docs/capacity.md`. ``python -m tests.capacity.page`` writes them from what was recorded,
and with ``--record`` records anew first: some minutes, two runs at a time.
"""

import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from unittest import mock

from authorizer.capacity import FACTS, Load, Measured, bars, longest_ttl, simulated, spread, suited
from tests.make import ROOT, make_settings

PAGE: Final = ROOT / "docs" / "capacity.md"
RESULTS: Final = Path(__file__).with_name("results.json")
PICTURES: Final = {
    "ttl": ROOT / "docs" / "capacity-ttl.svg",
    "spread": ROOT / "docs" / "capacity-renewals.svg",
}
TABLE: Final = Load(users=100_000, rps=1000, environments=300)
TTLS: Final = (0.0, 60.0, 300.0, 3600.0)
MILLION: Final = Load(users=1_000_000, rps=4000, environments=10_000, window=600, lead=600)
RUSH: Final = Load(users=40_000, rps=2000, environments=100, window=3600)
NOISY: Final = Load(
    users=200_000, rps=4000, environments=400, tenants=20, noisy=50, window=60, lead=60, session=60
)


def row(ttl: float, *, shared: bool) -> dict[str, Any]:
    """One row of the table. A TTL that does not load stands for the longest one that does."""
    settings = make_settings()
    ttl = min(ttl, longest_ttl(settings))
    return simulated(settings, suited(TABLE, ttl), ttl=ttl, shared=shared).plain()


def million(shared: bool) -> dict[str, Any]:
    """All of a million users on ten thousand environments, and the seconds of one core that it took."""
    begun = time.process_time()
    found = simulated(make_settings(), MILLION, ttl=300, shared=shared)
    return {**found.plain(), "decisions": found.reached, "seconds": round(time.process_time() - begun, 1)}


def rush() -> list[int]:
    """Calls of STS in each minute where everybody came in the first one."""
    return list(spread(make_settings(), RUSH, ttl=300, shared=True).values())


def rush_together() -> list[int]:
    """The same, were all sessions renewed after four fifths of their time."""
    with mock.patch("authorizer.vending.lifetime._turn", return_value=0.0):
        return rush()


def noisy(*, fair: bool, shared: bool) -> dict[str, Any]:
    """What one tenant with fifty times as many sessions, and each of the others, met; also where templates isolate
    nothing."""
    settings = make_settings() if fair else replace(make_settings(), policies={})
    found: Measured = simulated(settings, NOISY, ttl=60, shared=shared)
    loud, quiet = found.tenants_of(noisy=True), found.tenants_of(noisy=False)
    return {
        "calls": round(found.calls_per_second, 1),
        "noisy": round(loud.failure_rate, 4),
        "others": round(quiet.failure_rate, 4),
    }


def recorded() -> dict[str, Any]:
    """Everything, anew."""
    with ProcessPoolExecutor(2, max_tasks_per_child=1) as pool:
        millions = [pool.submit(million, shared) for shared in (False, True)]
        rows = [pool.submit(row, ttl, shared=shared) for ttl in TTLS for shared in (False, True)]
        loud = [pool.submit(noisy, fair=fair, shared=shared) for fair, shared in LOUD]
        spreads = [pool.submit(rush), pool.submit(rush_together)]
        return {
            "rows": [each.result() for each in rows],
            "million": [each.result() for each in millions],
            "noisy": [each.result() for each in loud],
            "spread": [each.result() for each in spreads],
        }


def table_of_rows(results: Mapping[str, Any]) -> str:
    lines = [
        "| TTL | shared level | STS calls a second | left of the quota | gateway | memory | table | p50 | p99 | failed "
        "| $ a million |",
        f"|{' --- |' * 11}",
    ]
    for ttl, found in zip([each for each in TTLS for _ in (0, 1)], results["rows"], strict=True):
        said = f"{ttl:.0f} s" if ttl == found["ttl"] else f"{found['ttl']:.0f} s, the longest that loads"
        lines.append(f"| {said} | {'yes' if found['shared'] else 'no'} | {_cells(found)} |")
    return "\n".join(lines)


def _cells(found: Mapping[str, Any]) -> str:
    return " | ".join(
        (
            f"{found['sts_calls_per_second']:,.1f}",
            f"{found['sts_headroom']:.0%}",
            f"{found['gateway_rate']:.1%}",
            f"{found['memory_rate']:.1%}",
            f"{found['shared_rate']:.1%}",
            f"{1000 * found['p50']:.0f} ms",
            f"{1000 * found['p99']:.0f} ms",
            f"{found['failure_rate']:.2%}",
            f"{found['dollars_per_million']:.3f}",
        )
    )


def table_of_the_million(results: Mapping[str, Any]) -> str:
    lines = [
        "| shared level | STS calls a second | left of the quota | gateway | memory | table | p50 | p99 | failed "
        "| $ a million | decisions measured | seconds of one core |",
        f"|{' --- |' * 12}",
    ]
    for found in results["million"]:
        told = f"{_cells(found)} | {found['decisions']:,} | {found['seconds']:.0f}"
        lines.append(f"| {'yes' if found['shared'] else 'no'} | {told} |")
    return "\n".join(lines)


def table_of_the_noisy(results: Mapping[str, Any]) -> str:
    lines = [
        "| templates isolate `tenant` | shared level | STS calls a second | the noisy tenant's requests that fail "
        "| the others' |",
        f"|{' --- |' * 5}",
    ]
    for (fair, shared), found in zip(LOUD, results["noisy"], strict=True):
        said = f"{'yes' if fair else 'no'} | {'yes' if shared else 'no'}"
        lines.append(f"| {said} | {found['calls']:,.0f} | {found['noisy']:.1%} | {found['others']:.1%} |")
    return "\n".join(lines)


def table_of_facts(_: Mapping[str, Any]) -> str:
    lines = ["| figure | what | source |", "| --- | --- | --- |"]
    return "\n".join(
        [*lines, *(f"| {fact.value:,.10g} | {fact.of} | {fact.source} |" for fact in FACTS.values())]
    )


LOUD: Final = ((False, False), (True, False), (True, True))
"""Whether the templates isolate tenants, and whether environments share sessions."""
TABLES: Final = {
    "rows": table_of_rows,
    "million": table_of_the_million,
    "noisy": table_of_the_noisy,
    "facts": table_of_facts,
}


def pictures(results: Mapping[str, Any]) -> dict[Path, str]:
    """Each picture's file and text."""
    calls = [
        (f"{found['ttl']:.0f} s{', shared' if found['shared'] else ''}", found["sts_calls_per_second"])
        for found in results["rows"]
    ]
    minutes = [(str(minute), float(number)) for minute, number in enumerate(results["spread"][0])]
    return {
        PICTURES["ttl"]: bars(
            "STS calls a second, by result_ttl", calls, unit="TTL; dashed: the quota", line=600
        ),
        PICTURES["spread"]: bars(
            "STS calls a minute where everybody came in the first one", minutes, unit="minutes since"
        ),
    }


def page(results: Mapping[str, Any], text: str) -> str:
    """The page with its tables anew."""
    for name, table in TABLES.items():
        begin, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = head + begin + table(results) + end + tail
    return text


def main() -> None:
    if "--record" in sys.argv[1:]:
        RESULTS.write_text(json.dumps(recorded(), indent=2) + "\n")
    results = json.loads(RESULTS.read_text())
    PAGE.write_text(page(results, PAGE.read_text()))
    for file, picture in pictures(results).items():
        file.write_text(picture)


if __name__ == "__main__":
    main()
