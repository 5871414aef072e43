"""A bar on a terminal for what takes longer than a second; nothing where nobody watches."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Timer
from typing import Final, TypeVar

from authorizer.cli.console import literal_console

T = TypeVar("T")
_PATIENCE: Final = 1.0
"""Seconds before the bar appears."""


def watching(doing: str) -> Callable[[Sequence[T]], Iterable[T]]:
    """What hands on the items that it is given one by one, and shows how far it is: see `watched`."""
    return lambda items: watched(items, doing)


def watched(items: Sequence[T], doing: str) -> Iterator[T]:
    """The items, one by one, with a bar on standard error from when they take longer than a second, be it with one of
    them alone."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield from items
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, console=literal_console(stderr=True), transient=True)
    task = bar.add_task(doing, total=len(items))
    patience = Timer(_PATIENCE, bar.start)
    patience.daemon = True
    patience.start()
    try:
        for number, item in enumerate(items):
            bar.update(task, completed=number)
            yield item
    finally:
        patience.cancel()
        patience.join()
        bar.stop()
