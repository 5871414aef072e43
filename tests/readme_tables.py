"""Tables of the README that the code knows better. `python -m tests.readme_tables` writes them anew."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from authorizer.engine.claims import TYPES, declare
from authorizer.engine.lint import CODES
from authorizer.errors import Forbidden, Refusal, ServiceFailure, Unauthorized
from authorizer.metrics import COUNTERS, DECISION
from tests.make import ROOT
from tests.test_runtime import refusals

FILE = ROOT / "README.md"
FAMILIES: Mapping[type[Refusal], str] = {Unauthorized: "401", Forbidden: "403", ServiceFailure: "500"}


def between(text: str, marker: str) -> str:
    """What stands between a pair of markers."""
    return text.split(f"<!-- {marker} -->\n")[1].split(f"<!-- /{marker} -->", maxsplit=1)[0].strip()


def refusal_table() -> str:
    """Every refusal with its status and the first paragraph of its docstring."""
    rows = ["| code | status | meaning |", "| --- | --- | --- |"]
    for family, status in FAMILIES.items():
        for refusal in refusals(family):
            if "code" in vars(refusal):
                meaning = " ".join((refusal.__doc__ or "").split("\n\n")[0].split())
                rows.append(f"| `{refusal.code}` | {status} | {meaning} |")
    return "\n".join(rows)


OPTIONS: Mapping[str, Mapping[str, object]] = {"enum": {"values": ["free", "pro"]}}
"""What a type needs to be declared at all."""


def claim_type_table() -> str:
    """Every claim type with its options and what it takes by default, in its own words."""
    rows = ["| claim type | options | takes, by default |", "| --- | --- | --- |"]
    for name, row in TYPES.items():
        expected = declare({"type": name, **OPTIONS.get(name, {})}).expected
        options = ", ".join(f"`{option}`" for option in row.options)
        rows.append(f"| `{name}` | {options} | {expected} |")
    rows.append("| any of them with `list = true` | `max_items` | a list, for `{% for %}` |")
    return "\n".join(rows)


def lint_table() -> str:
    """Every code of a finding, and what it is about."""
    rows = [
        "| finding | about |",
        "| --- | --- |",
        *(f"| `{code}` | {about} |" for code, about in CODES.items()),
    ]
    return "\n".join(rows)


def metric_table() -> str:
    """Every metric of the decision record."""
    rows = ["| metric | unit | meaning |", "| --- | --- | --- |"]
    for name, metric in {**DECISION, **COUNTERS}.items():
        rows.append(f"| `{name}` | {metric.unit} | {metric.meaning} |")
    return "\n".join(rows)


def _results() -> dict[str, Any]:
    results: dict[str, Any] = json.loads((ROOT / "benchmarks" / "results.json").read_text())
    return results


def speed_table() -> str:
    """The latest run of `make bench`: ratios only, since times are a machine's own."""
    results = _results()
    rows = ["| what | peer | ratio | target | |", "| --- | --- | --- | --- | --- |"]
    for row in results["rows"].values():
        sign = "≥" if row["more_is_better"] else "≤"
        target = "" if row["target"] is None else f"{sign} {row['target']:g}"
        met = {True: "met", False: "**missed**", None: ""}[row["met"]]
        rows.append(f"| {row['what']} | {row['peer']} | {row['ratio']:g} | {target} | {met} |")
    machine = results["machine"]
    rows.append(f"\nPython {machine['python']}, {machine['system']}, {machine['cores']} cores.")
    return "\n".join(rows)


def profile_table() -> str:
    """Where the time goes, in the same run."""
    profiles = _results()["profile"].values()
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


GENERATED: Mapping[str, Callable[[], str]] = {
    "refusals": refusal_table,
    "claim types": claim_type_table,
    "lint codes": lint_table,
    "metrics": metric_table,
    "speed": speed_table,
    "profile": profile_table,
}
"""Marker in the README → what stands there."""

if __name__ == "__main__":
    text = FILE.read_text()
    for marker, table in GENERATED.items():
        begin, end = f"<!-- {marker} -->\n", f"<!-- /{marker} -->"
        head, _, rest = text.partition(begin)
        text = f"{head}{begin}{table()}\n{end}{rest.partition(end)[2]}"
    FILE.write_text(text)
