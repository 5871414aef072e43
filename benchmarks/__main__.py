"""`python -m benchmarks [GROUP …]`: measure, print the table, and leave it as JSON in `build/`, which nobody tracks.

`--record` writes what the repository tells of the last run as well.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks import beside_reference, cold, local, memory, profile, scaling, table, users, verify
from benchmarks.record import PAGE, RESULTS, record
from benchmarks.scene import ROOT, Scene, set_up

GROUPS: dict[str, Callable[[Scene, int], Iterator[table.Result]]] = {
    "verify": verify.rows,
    "users": users.rows,
    "profile": profile.rows,
    "cold": cold.rows,
    "memory": memory.rows,
    "scaling": scaling.rows,
    "reference": beside_reference.rows,
    "local": local.rows,
}

LATEST = Path("build") / "bench.json"


def main(arguments: list[str], root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "groups", nargs="*", default=list(GROUPS), help=f"of {', '.join(GROUPS)}; all by default"
    )
    parser.add_argument(
        "--rounds", type=int, default=30, help="measurements of each kind; the best one counts"
    )
    parser.add_argument(
        "--json", type=Path, default=root / LATEST, help=f"where to write the result: {LATEST}"
    )
    parser.add_argument("--record", action="store_true", help=f"write {RESULTS} and the tables of {PAGE} too")
    parser.add_argument("--strict", action="store_true", help="end with 1 where a target is missed")
    chosen = parser.parse_args(arguments)
    if unknown := sorted(set(chosen.groups) - set(GROUPS)):
        parser.error(f"unknown: {', '.join(unknown)}")
    if chosen.record and set(chosen.groups) != set(GROUPS):
        parser.error("--record: only a whole run is recorded")
    console = Console(stderr=True)
    rows: list[table.Result] = []
    with set_up() as scene, Progress(console=console, transient=True) as progress:
        task = progress.add_task("measuring", total=len(chosen.groups))
        for name in chosen.groups:
            progress.update(task, description=name)
            rows += GROUPS[name](scene, chosen.rounds)
            progress.advance(task)
    table.show(rows, Console(width=140 if not sys.stdout.isatty() else None))
    table.write(rows, chosen.json)
    if chosen.record:
        record(rows, root)
    missed = [row.key for row in rows if isinstance(row, table.Row) and row.met is False]
    if missed:
        console.print(f"missed: {', '.join(missed)}", markup=False, highlight=False)
    return 1 if chosen.strict and missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
