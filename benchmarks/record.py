"""A recorded run: `results.json`, and the tables of the guide, which a test holds to it. Both are written together."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.table import Result, as_json

PAGE = Path("docs") / "speed.md"
RESULTS = Path("benchmarks") / "results.json"


def record(rows: Sequence[Result], root: Path) -> None:
    """Write `rows` into the checkout at `root`. Raises `ValueError` if its page has no place for a table; nothing is
    written then."""
    results = as_json(rows)
    text = (root / PAGE).read_text()
    for marker, table in TABLES.items():
        text = replaced(text, marker, table(json.loads(results)))
    (root / RESULTS).write_text(results)
    (root / PAGE).write_text(text)


def replaced(text: str, marker: str, table: str) -> str:
    """`text` with `table` between a pair of markers. Raises `ValueError` if they are not there."""
    begin, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
    if text.count(begin) != 1 or end not in text.partition(begin)[2]:
        raise ValueError(
            f"the page has no place for a table: expected one {begin.strip()} and {end} after it"
        )
    head, _, rest = text.partition(begin)
    return f"{head}{begin}{table}\n{end}{rest.partition(end)[2]}"


def speed_table(results: Mapping[str, Any]) -> str:
    """Ratios only, since times are a machine's own; and what could not be measured."""
    rows = ["| what | peer | ratio | target | |", "| --- | --- | --- | --- | --- |"]
    for row in results["rows"].values():
        sign = "≥" if row["more_is_better"] else "≤"
        target = "" if row["target"] is None else f"{sign} {row['target']:g}"
        met = {True: "met", False: "**missed**", None: ""}[row["met"]]
        rows.append(f"| {row['what']} | {row['peer']} | {row['ratio']:g} | {target} | {met} |")
    machine = results["machine"]
    rows.append(f"\nPython {machine['python']}, {machine['system']}, {machine['cores']} cores.")
    rows += [f"Not measured there: `{key}`, {reason}." for key, reason in results["skipped"].items()]
    return "\n".join(rows)


def profile_table(results: Mapping[str, Any]) -> str:
    """Where the time goes, in the same run."""
    profiles = results["profile"].values()
    stages = list(next(iter(profiles))["shares"])
    return "\n".join(
        [
            f"| | {' | '.join(stages)} |",
            f"| --- {'| --- ' * len(stages)}|",
            *(
                f"| {profile['what']} | {' | '.join(f'{share:.0%}' for share in profile['shares'].values())} |"
                for profile in profiles
            ),
        ]
    )


TABLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {"speed": speed_table, "profile": profile_table}
"""Marker in the page → what stands there."""
