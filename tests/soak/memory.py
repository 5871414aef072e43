"""How much a handler keeps: the sizes of everything in it that can grow."""

import asyncio
import os
import sys
from collections.abc import Iterator, Sized
from pathlib import Path
from types import ModuleType
from typing import Any

from authorizer.engine import TemplateSet
from authorizer.settings.schema import Settings


def resident() -> int:
    """Bytes of memory of this process (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors() -> int:
    """Files and sockets that this process has open (proc(5), fd)."""
    return len(list(Path("/proc/self/fd").iterdir()))


def sizes(handler: object) -> dict[str, int]:
    """Entries of each collection that the handler holds, and of each `lru_cache` of the package."""
    found = {place: len(held) for place, held in _held(handler, type(handler).__name__, set())}
    for name, module in _package():
        found |= {f"{name}.{each}": size for each, size, _ in remembered(module)}
    return found


def forget() -> None:
    """Empty each `lru_cache` of the package."""
    for _, module in _package():
        for _, function in _caching(module):
            function.cache_clear()


def remembered(module: ModuleType) -> Iterator[tuple[str, int, int | None]]:
    """Each `lru_cache` of a module: its name, how many outcomes it holds, and how many it may."""
    for name, function in _caching(module):
        info = function.cache_info()
        yield name, info.currsize, info.maxsize


def _package() -> list[tuple[str, ModuleType]]:
    return [each for each in sys.modules.items() if each[0].startswith("authorizer.")]


def _caching(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) == module.__name__ and hasattr(value, "cache_info"):
            yield name, value


def _held(value: Any, place: str, met: set[int]) -> Iterator[tuple[str, Sized]]:
    """Every dict, list and set that is reached through attributes of our own objects, but for what was loaded."""
    if id(value) in met or isinstance(value, Settings | TemplateSet | asyncio.AbstractEventLoop):
        return
    met.add(id(value))
    if isinstance(value, dict | list | set | tuple):
        if not isinstance(value, tuple):
            yield place, value
        if len(value) <= 16:  # few, and so perhaps our own objects rather than what they remember
            for number, each in enumerate(value.values() if isinstance(value, dict) else value):
                yield from _held(each, f"{place}[{number}]", met)
    elif type(value).__module__.startswith(("authorizer.", "tests.soak.scene")):
        slots = [slot for kind in type(value).__mro__ for slot in getattr(kind, "__slots__", ())]
        for name in [*getattr(value, "__dict__", ()), *slots]:
            if name != "_scene" and hasattr(value, name):
                yield from _held(getattr(value, name), f"{place}.{name}", met)
