"""`python -m benchmarks`: measure, print the table, write it as JSON. `--only KEY…` for some of it."""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from benchmarks import cold, memory, profile, scaling, table, users, verify
from benchmarks.scene import Scene, set_up

GROUPS: dict[str, Callable[[Scene, int], Iterator[table.Result]]] = {
    "verify": verify.rows,
    "users": users.rows,
    "profile": profile.rows,
    "cold": cold.rows,
    "memory": memory.rows,
    "scaling": scaling.rows,
}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "groups", nargs="*", default=list(GROUPS), help=f"of {', '.join(GROUPS)}; all by default"
    )
    parser.add_argument(
        "--rounds", type=int, default=30, help="measurements of each kind; the best one counts"
    )
    parser.add_argument("--json", type=Path, default=None, help="where to write the result")
    chosen = parser.parse_args(arguments)
    if unknown := sorted(set(chosen.groups) - set(GROUPS)):
        parser.error(f"unknown: {', '.join(unknown)}")
    console = Console(stderr=True)
    rows: list[table.Result] = []
    with set_up() as scene, Progress(console=console, transient=True) as progress:
        task = progress.add_task("measuring", total=len(chosen.groups))
        for name in chosen.groups:
            progress.update(task, description=name)
            rows += GROUPS[name](scene, chosen.rounds)
            progress.advance(task)
    table.show(rows, Console(width=140 if not sys.stdout.isatty() else None))
    if chosen.json:
        table.write(rows, chosen.json)


if __name__ == "__main__":
    main(sys.argv[1:])
