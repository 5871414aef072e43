"""Tables of the README that the code knows better. `python -m tests.readme_tables` writes them anew."""

import json
from collections.abc import Callable, Mapping
from functools import partial

from authorizer.engine.check.lint import CODES
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.kinds import TYPES
from authorizer.errors import Forbidden, Refusal, ServiceFailure, Unauthorized
from authorizer.metrics import COUNTERS, DECISION
from benchmarks.record import RESULTS, TABLES, replaced
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


OPTIONS: Mapping[str, Mapping[str, object]] = {
    "enum": {"values": ["free", "pro"]},
    "id": {"prefix": "org_", "alphabet": "base36", "length": 12},
}
"""What a type needs to be declared at all."""


def claim_type_table() -> str:
    """Every claim type with its options and what it takes by default, in its own words."""
    rows = ["| claim type | options | takes, by default |", "| --- | --- | --- |"]
    for name, row in TYPES.items():
        expected = declare({"type": name, **OPTIONS.get(name, {})}).expected
        options = ", ".join(f"`{option}`" for option in row.options)
        rows.append(f"| `{name}` | {options} | {expected} |")
    rows += [
        "| any of them with `list = true` | `max_items` | a list, for `{% for %}` |",
        '| with `list = "comma"`, `"space"`, `"json"` | `max_items` | that, or a text: `a,b`, `a b`, `["a","b"]` |',
    ]
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


def _recorded(marker: str) -> str:
    """A table of the recorded run of `make bench`."""
    return TABLES[marker](json.loads((ROOT / RESULTS).read_text()))


GENERATED: Mapping[str, Callable[[], str]] = {
    "refusals": refusal_table,
    "claim types": claim_type_table,
    "lint codes": lint_table,
    "metrics": metric_table,
    "speed": partial(_recorded, "speed"),
    "profile": partial(_recorded, "profile"),
}
"""Marker in the README → what stands there."""

if __name__ == "__main__":
    text = FILE.read_text()
    for marker, table in GENERATED.items():
        text = replaced(text, marker, table())
    FILE.write_text(text)
