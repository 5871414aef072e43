"""Tables of the guide that the code knows better. `python -m tests.guide.tables` writes them anew."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from authorizer.cli.codes import REFUSALS
from authorizer.engine.check.lint import CODES
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.kinds import TYPES
from authorizer.gateway.parse import SHAPES
from authorizer.metrics import COUNTERS, DECISION
from benchmarks.record import PAGE, RESULTS, TABLES, replaced
from tests.guide.command_line import command_line
from tests.make import ROOT
from tests.test_events import EVENTS, Allowed

DOCS = ROOT / "docs"


def between(text: str, marker: str) -> str:
    """What stands between a pair of markers."""
    return text.split(f"<!-- {marker} -->\n")[1].split(f"<!-- /{marker} -->", maxsplit=1)[0].strip()


def refusal_table() -> str:
    """Every refusal with its status and the first paragraph of its docstring."""
    rows = ["| code | status | meaning |", "| --- | --- | --- |"]
    rows += [f"| `{code}` | {row.status} | {row.meaning} |" for code, row in REFUSALS.items()]
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


def event_table() -> str:
    """Every sample event: its shape, and what it comes to."""
    rows = ["| sample | shape | verdict, code | role |", "| --- | --- | --- | --- |"]
    for name, expected in EVENTS.items():
        event = json.loads((ROOT / "events" / f"{name}.json").read_text())
        shape = next((row.shape.value for row in SHAPES if row.recognises(event)), "none")
        verdict, code = expected.decided if isinstance(expected, Allowed) else expected
        role = expected.role if isinstance(expected, Allowed) else ""
        rows.append(f"| `{name}.json` | {shape} | {verdict}, `{code}` | {role} |")
    return "\n".join(rows)


GENERATED: Mapping[str, tuple[Path, Callable[[], str]]] = {
    "refusals": (DOCS / "codes.md", refusal_table),
    "lint codes": (DOCS / "codes.md", lint_table),
    "claim types": (DOCS / "templates.md", claim_type_table),
    "metrics": (DOCS / "record.md", metric_table),
    "events": (DOCS / "events.md", event_table),
    "commands": (DOCS / "cli.md", command_line),
    "speed": (ROOT / PAGE, partial(_recorded, "speed")),
    "profile": (ROOT / PAGE, partial(_recorded, "profile")),
}
"""Marker → the page that has it, and what stands there."""


def main() -> None:
    for marker, (page, table) in GENERATED.items():
        page.write_text(replaced(page.read_text(), marker, table()))


if __name__ == "__main__":
    main()
