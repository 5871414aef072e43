"""What is written down of the mutants: why some may survive (`survivors/ROOM.toml`, by hand), which modules stood the
trial as they are (`guarded.json`, by ``make guards RECORD=1``), and, untracked, what turned red (`build/guards`)."""

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from tests.guards.mutants import Mutant, mutants
from tests.guards.rooms import ROOMS
from tests.guards.trial import KEPT

GUARDED: Final = Path(__file__).with_name("guarded.json")
SURVIVORS: Final = tuple(Path(__file__).with_name("survivors") / f"{room}.toml" for room in ROOMS)
FOUND: Final = KEPT / "found.json"


def explained() -> dict[str, str]:
    """Mutant that may survive → the reason."""
    files = (tomllib.loads(file.read_text(encoding="utf-8")) for file in SURVIVORS)
    return {
        mutant: row["because"]
        for file in files
        for row in file.get("survivors", ())
        for mutant in row["mutants"]
    }


def found() -> dict[str, str]:
    """Mutant → the test that turned red the last time; empty where `make guards` never ran."""
    known: dict[str, str] = json.loads(FOUND.read_text(encoding="utf-8")) if FOUND.exists() else {}
    return known


def keep(guards: Mapping[Mutant, str | None]) -> None:
    """Remember what turned red, for the next time. What `guards` does not speak of stays."""
    now = {mutant.key: red for mutant, red in guards.items() if red is not None}
    FOUND.parent.mkdir(parents=True, exist_ok=True)
    FOUND.write_text(json.dumps(found() | now, indent=0, ensure_ascii=False), encoding="utf-8")


def standing(module: str) -> str:
    """All checks of a module as they are now: how many, and a digest of them."""
    keys = sorted(mutant.key for mutant in mutants(module))
    digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()
    return f"{len(keys)} {digest[:16]}"


def recorded() -> dict[str, str]:
    """Module → its checks as they were when each of them turned a test red or was explained."""
    rows: dict[str, str] = json.loads(GUARDED.read_text(encoding="utf-8"))
    return rows


def record(modules: Iterable[str]) -> None:
    """`modules` have stood the trial."""
    rows = recorded() | {module: standing(module) for module in modules}
    ordered = {module: rows[module] for room in ROOMS.values() for module in room if module in rows}
    GUARDED.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
