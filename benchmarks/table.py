"""Rows, and the one table they make."""

import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement: ours against a peer, in the same unit and the same run."""

    key: str
    """Its name in the JSON result."""
    what: str
    peer: str
    unit: str
    ours: float
    theirs: float
    target: float | None
    """What `ratio` is to be at most, or at least where `more` is set; None: told for comparison only."""
    more: bool = False
    """True where more is better: a throughput."""

    @property
    def ratio(self) -> float:
        return self.ours / self.theirs

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.ratio >= self.target if self.more else self.ratio <= self.target


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A row that could not be measured here, and why."""

    key: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Where the time of one kind of request goes."""

    key: str
    what: str
    shares: Mapping[str, float]
    """Stage → its part of the whole; together 1."""


Result = Row | Skipped | Profile


def show(rows: Sequence[Result], console: Console) -> None:
    """The tables for people."""
    for profile in (row for row in rows if isinstance(row, Profile)):
        parts = Table(title=f"where the time goes: {profile.what}", title_justify="left")
        for stage in profile.shares:
            parts.add_column(stage, justify="right")
        parts.add_row(*(f"{share:.0%}" for share in profile.shares.values()))
        console.print(parts)
    table = Table(title="ours against the peer, in one run", title_justify="left")
    for name in ("what", "ours", "peer", "", "ratio", "target", " "):
        table.add_column(name, justify="right" if name in ("ours", "ratio", "target") else "left")
    for row in rows:
        if isinstance(row, Profile):
            continue
        if isinstance(row, Skipped):
            table.add_row(row.what, "", "", f"skipped: {row.reason}", "", "", "")
            continue
        sign = "≥" if row.more else "≤"
        target = f"{sign} {row.target:g}" if row.target is not None else ""
        style = {True: "green", False: "red", None: ""}[row.met]
        table.add_row(
            row.what,
            f"{row.ours:.4g} {row.unit}",
            f"{row.theirs:.4g} {row.unit}",
            row.peer,
            f"[{style}]{row.ratio:.2f}[/]" if style else f"{row.ratio:.2f}",
            target,
            {True: "met", False: "MISSED", None: ""}[row.met],
        )
    console.print(table)


def as_json(rows: Sequence[Result]) -> str:
    """Ratios only: the times behind them are this machine's."""
    measured = {
        row.key: {
            "what": row.what,
            "peer": row.peer,
            "ratio": float(f"{row.ratio:.3g}"),
            "target": row.target,
            "more_is_better": row.more,
            "met": row.met,
        }
        for row in rows
        if isinstance(row, Row)
    }
    skipped = {row.key: row.reason for row in rows if isinstance(row, Skipped)}
    profile = {
        row.key: {"what": row.what, "shares": {name: round(share, 2) for name, share in row.shares.items()}}
        for row in rows
        if isinstance(row, Profile)
    }
    machine = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }
    return (
        json.dumps({"machine": machine, "rows": measured, "profile": profile, "skipped": skipped}, indent=2)
        + "\n"
    )


def write(rows: Sequence[Result], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(as_json(rows))


def best_of(rounds: int, *measures: Callable[[], float]) -> tuple[float, ...]:
    """The least of `rounds` of each, taken in turn, so that a busy moment of the machine hits all of them."""
    found: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for values, measure in zip(found, measures, strict=True):
            values.append(measure())
    return tuple(min(values) for values in found)
