"""What `Globals` of a SAM template adds to a resource's own properties.

Sources: SAM Developer Guide, "Globals section of the AWS SAM template", "Overridable properties"; the SAM translator's
own merge, `samtranslator/plugins/globals/globals.py` (`_merge_lists`, `_merge_dict`, `_prefer_local`).
"""

from collections.abc import Iterator, Mapping
from typing import Any


def merged_globals(
    shared: Mapping[str, Any], own: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Maps member by member, lists one after the other, of everything else the resource's own; and what is a map or a
    list in one of both places alone, where nobody can tell what the translator makes of it."""
    merged = {**shared}
    for name, value in own.items():
        merged[name] = _merged(shared[name], value) if name in shared else value
    return merged, tuple(_clashes(shared, own, ""))


def _merged(shared: Any, own: Any) -> Any:
    if isinstance(shared, dict) and isinstance(own, dict):
        return merged_globals(shared, own)[0]
    if isinstance(shared, list) and isinstance(own, list):
        return [*shared, *own]
    return own


def _clashes(shared: Mapping[str, Any], own: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shared.keys() & own.keys():
        here, there = shared[name], own[name]
        if isinstance(here, dict) and isinstance(there, dict):
            yield from _clashes(here, there, f"{path}{name}.")
        elif _kind(here) != _kind(there):
            yield f"{path}{name}"


def _kind(value: object) -> str:
    return "map" if isinstance(value, dict) else "list" if isinstance(value, list) else "text"
