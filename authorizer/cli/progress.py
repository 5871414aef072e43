"""A bar on a terminal for what takes longer than a second; nothing where nobody watches."""

import sys
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Final, TypeVar

T = TypeVar("T")
_PATIENCE: Final = 1.0
"""Seconds before the bar appears."""


def watched(items: Sequence[T], doing: str) -> Iterator[T]:
    """The items, one by one, with a bar on standard error from when they take longer than a second."""
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import Progress

    begun, bar = monotonic(), Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task(doing, total=len(items))
    try:
        for number, item in enumerate(items):
            if monotonic() - begun > _PATIENCE:
                bar.start()
                bar.update(task, completed=number)
            yield item
    finally:
        bar.stop()
