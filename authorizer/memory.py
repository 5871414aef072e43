"""What pure stages remember of earlier requests: bounded, and dropped, in this one place.

A warm environment is asked the same by the same callers, and remembering saves most of a decision's time. Only
functions may be remembered to which nothing enters but their arguments; refusals never are. Keys, credentials and
tokens have memories of their own, which know about time.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, ParamSpec, TypeVar

Asked = ParamSpec("Asked")
Found = TypeVar("Found")

PER_CALLER: Final = 1024
"""Entries that depend on the caller: as many as there are remembered tokens."""
PER_PATH: Final = 256
"""Entries that hold a path: it may be long, and callers choose it."""
FEW: Final = 64
"""Entries that are the same for every caller of a stage."""

_memories: list[Any] = []


def remembered(entries: int) -> Callable[[Callable[Asked, Found]], Callable[Asked, Found]]:
    """A decorator: the function's last `entries` outcomes are answered from memory until `forget`."""

    def of(function: Callable[Asked, Found]) -> Callable[Asked, Found]:
        memory: Any = lru_cache(maxsize=entries)(function)
        _memories.append(memory)
        found: Callable[Asked, Found] = memory
        return found

    return of


def forget() -> None:
    """Drop all of it, as before a snapshot: it holds policies and claims of the callers so far."""
    for memory in _memories:
        memory.cache_clear()
