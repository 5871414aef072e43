"""`make guards`: break each check of every room in turn, and say which test turns red.

``python -m tests.guards [ROOM or MODULE …]`` tries each mutant with the test that turned red the last time, then with
the quick tests of its room that reach it, with all others, and with the slow ones. It fails where a mutant survives
unexplained; ``--list`` names the test of each, and ``--record`` (`make guards RECORD=1`) writes down that the modules
stood the trial.
"""

import argparse
import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.guards.lists import explained, found, keep, record, recorded, standing
from tests.guards.mutants import Mutant, mutants
from tests.guards.reach import measured
from tests.guards.rooms import ROOMS, room_of
from tests.guards.trial import Trial, preload, reds

KEPT_EACH = 200
"""Trials after which what was found is written down."""

Guards = dict[Mutant, str | None]
"""Mutant → the first test that turned red."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.guards", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="rooms or modules, such as identity or vending/cache; all by default"
    )
    parser.add_argument("--record", action="store_true", help="write down which modules stood the trial")
    parser.add_argument("--list", action="store_true", help="name the test that each mutant turned red")
    parser.add_argument("--anew", action="store_true", help="forget which test turned red the last time")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    modules = _modules(parser, arguments.names)
    console = Console(width=None if sys.stdout.isatty() else 160)
    begun = time.monotonic()
    preload(["tests"])
    chosen = [mutant for module in modules for mutant in mutants(module)]
    guards = _guards(chosen, {} if arguments.anew else found(), console, arguments.workers)
    if arguments.list:
        for mutant, red in guards.items():
            console.print(f"{mutant.key} → {red or 'nothing'}", markup=False, highlight=False)
    console.print(_table(guards))
    console.print(f"{len(guards)} mutants in {time.monotonic() - begun:.0f} s")
    return _judged(guards, modules, console, write=arguments.record)


def _modules(parser: argparse.ArgumentParser, names: Iterable[str]) -> list[str]:
    every = [module for modules in ROOMS.values() for module in modules]
    chosen = [module for name in names for module in ROOMS.get(name, (name,))] or every
    if unknown := sorted(set(chosen) - set(every)):
        parser.error(f"no room and no guarded module: {', '.join(unknown)}; rooms are {', '.join(ROOMS)}")
    return chosen


def _guards(chosen: list[Mutant], known: Mapping[str, str], console: Console, workers: int) -> Guards:
    guards: Guards = {}

    def run(title: str, trials: list[Trial]) -> list[Mutant]:
        trying = [trial for trial in trials if trial.tests]
        for number, (mutant, red) in enumerate(
            track(reds(trying, workers=workers), title, len(trying), console=console)
        ):
            guards[mutant] = red
            if number % KEPT_EACH == 0:
                keep(guards)  # whoever ends it goes on from here
        keep(guards)
        return [mutant for mutant in chosen if guards.get(mutant) is None]

    left = run("as the last time", [Trial(mutant=m, tests=[known[m.key]]) for m in chosen if m.key in known])
    if left:
        reach = measured(console, workers)
        gc.freeze()  # no child looks through it, and so copies it
        for test in reach.red:
            console.print(f"[yellow]red without any mutant, and left out:[/] {test}")
        near = [Trial(mutant=mutant, tests=reach.tests(mutant, near=True)) for mutant in left]
        left = run("with its room's own tests", near)
        left = run(
            "with all others",
            [Trial(mutant=mutant, tests=reach.tests(mutant, near=False)) for mutant in left],
        )
        for own in (True, False):
            slow = [Trial(mutant=mutant, tests=reach.tests(mutant, near=own, long=True)) for mutant in left]
            left = run("with the slow ones", slow)
    return {mutant: guards.get(mutant) for mutant in chosen}


def _table(guards: Guards) -> Table:
    table = Table("room", "module", "mutants", "turn a test red", "explained", "unexplained")
    why = explained()
    for module in dict.fromkeys(mutant.module for mutant in guards):
        count = Counter(
            "red" if red else "explained" if mutant.key in why else "unexplained"
            for mutant, red in guards.items()
            if mutant.module == module
        )
        figures = (count.total(), count["red"], count["explained"], count["unexplained"])
        table.add_row(room_of(module), module, *map(str, figures))
    return table


def _judged(guards: Guards, modules: list[str], console: Console, *, write: bool) -> int:
    why = explained()
    unexplained = [mutant for mutant, red in guards.items() if red is None and mutant.key not in why]
    for mutant in unexplained:
        console.print(f"[red]survives:[/] authorizer/{mutant.module}.py:{mutant.lines.start}: ", end="")
        console.print(mutant.key, markup=False, highlight=False)
    needless = [mutant for mutant, red in guards.items() if red is not None and mutant.key in why]
    for mutant in needless:
        console.print(f"[yellow]explained, and yet red:[/] {guards[mutant]}: ", end="")
        console.print(mutant.key, markup=False, highlight=False)
    failed = {mutant.module for mutant in (*unexplained, *needless)}
    if write:
        record(module for module in modules if module not in failed)
    rows = recorded()
    moved = [module for module in modules if module not in failed and rows.get(module) != standing(module)]
    for module in moved:
        console.print(f"[yellow]stood, and is not written down (RECORD=1):[/] {module}")
    console.print(f"{len(unexplained)} survive unexplained")
    return 1 if failed or moved else 0


if __name__ == "__main__":
    sys.exit(main())
