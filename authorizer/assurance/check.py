"""An old report against the inputs of today: what was said, and what is found now."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

from authorizer.assurance.report import FORMAT, ReportInvalid, written
from authorizer.syntax.json_text import JsonInvalid, parse_json

MOST: Final = 40
"""Most differences that are told one by one."""
_ABSENT: Final = object()


def read_report(content: bytes) -> dict[str, Any]:
    """A report as it was written. Raises `ReportInvalid`.

    Only as much of its form is looked at as tells a report from another file: whoever compares it with one that was
    made anew sees the rest (`differences`).
    """
    try:
        found = parse_json(content.decode())
    except (UnicodeDecodeError, JsonInvalid) as error:
        cause = str(error) if isinstance(error, JsonInvalid) else "not UTF-8"
        raise ReportInvalid(f"no report: {cause}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise ReportInvalid(f"no report of format {FORMAT}, the only one that is read here")
    if not _is_day(found.get("date")) or not isinstance(found.get("changes"), dict | None):
        raise ReportInvalid(
            "no report: its `date` or its `changes` are neither null nor what is written there"
        )
    return found


def _is_day(said: object) -> bool:
    """None, or a day as `date.isoformat` writes it. What only resembles one would be made again as it stands, and be
    said by the same bytes: by " 2026-11-22" no exception ends."""
    try:
        return said is None or (isinstance(said, str) and date.fromisoformat(said).isoformat() == said)
    except ValueError:
        return False


def differences(content: bytes, again: Mapping[str, Any]) -> tuple[str, ...]:
    """What a report says otherwise than `again`, which was made anew of the inputs of today. Empty: every byte is as it
    would be written. Inputs come first: where one of them is another, so is what follows. Raises `ReportInvalid`."""
    told = read_report(content)
    inputs = [*_inputs(told.get("scope"), again["scope"])]
    rest = [*_walk(told, again, "")]
    found = [*inputs, *(line for line in rest if not line.startswith("scope."))]
    if not found and content != written(again):
        at = next(
            (
                at
                for at, (one, other) in enumerate(zip(content, written(again), strict=False))
                if one != other
            ),
            min(len(content), len(written(again))),
        )
        found = rest or [f"the same is said, and not as it is written: byte {at}"]
    more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
    return (*found[:MOST], *more)


def _inputs(told: object, again: Mapping[str, Any]) -> Iterator[str]:
    """Files, names of the environment and versions that are not those of the report."""
    scope = told if isinstance(told, dict) else {}
    for part, what in (("files", "the file"), ("environment", "the environment variable")):
        before, now = _by_name(scope.get(part)), _by_name(again[part])
        for name in dict.fromkeys([*before, *now]):
            if name not in now:
                yield f"{what} {name} is in the report, and not here"
            elif name not in before:
                yield f"{what} {name} is here, and not in the report"
            elif before[name] != now[name]:
                yield f"{what} {name} is another: {before[name]} in the report, {now[name]} here"
    versions = scope.get("versions")
    yield from _walk(versions if isinstance(versions, dict) else {}, again["versions"], "version of ")


def _by_name(rows: object) -> dict[str, str]:
    return {
        str(row.get("name")): ", ".join(f"{key} {value}" for key, value in row.items() if key != "name")
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict)
    }


def _walk(told: object, again: object, path: str) -> Iterator[str]:
    """Each place at which two values of JSON differ."""
    if isinstance(told, dict) and isinstance(again, Mapping):
        for key in dict.fromkeys([*told, *again]):
            here = f"{path}{key}" if not path or path.endswith(" ") else f"{path}.{key}"
            yield from _walk(told.get(key, _ABSENT), again.get(key, _ABSENT), here)
    elif isinstance(told, list) and isinstance(again, list) and len(told) == len(again):
        for number, (one, other) in enumerate(zip(told, again, strict=True)):
            yield from _walk(one, other, f"{path}[{number}]")
    elif type(told) is not type(again) or told != again:
        yield f"{path}: {_shown(told)} in the report, {_shown(again)} by what is here"


def _shown(value: object) -> str:
    if value is _ABSENT:
        return "nothing"
    if isinstance(value, list):
        return f"{len(value)} rows"
    return "a table" if isinstance(value, Mapping) else repr(value)
