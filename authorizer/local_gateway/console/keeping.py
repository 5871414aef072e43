"""What was seen on the page as a file of `policies/cases/`, in the format of `authorizer.engine.check.case_file`."""

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from authorizer.engine import CaseInvalid
from authorizer.engine.check import RouteCase, parse_case_file, run_case, run_route
from authorizer.engine.evaluate import AccessRequest
from authorizer.gate import surroundings
from authorizer.local_gateway.console.trying import judged
from authorizer.local_gateway.written import Written
from authorizer.record import Record

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
MOST_TITLE: Final = 100
"""Characters of a case's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A file that was written."""

    file: str
    text: str
    now: tuple[str, ...]
    """What its cases say of what is served now: PASS, or FAIL with the reasons."""


class FileIsThere(Exception):
    """There is a file of that name, and nobody said that it may be replaced."""


def case_text(title: str, written: Written, record: Record, asked: AccessRequest | None) -> str:
    """A case of the caller's route, and of what was tried with their credentials; each expects what `written` decides.
    Raises ValueError where the record has no caller who is known."""
    identity, request = record.identity, record.request
    if identity is None or request is None:
        raise ValueError("nobody was resolved: there is no user to write a case of")
    title = "".join(char for char in title if char.isprintable())[:MOST_TITLE] or "what was seen on the page"
    lines = [
        "# Kept from the console of `authorizer serve`.",
        f"role = {json.dumps(identity.role.name)}",
        "",
        "[users.caller]",
        f"claims = {_table(identity.claims)}",
        f"scopes = {json.dumps(sorted(identity.scopes))}",
        "",
    ]
    if asked is not None:
        state = judged(written, identity, asked)["state"]
        lines += [
            "[[cases]]",
            f"name     = {_text(f'{title}: {asked.action}')}",
            'user     = "caller"',
            f"action   = {_text(asked.action)}",
            f"resource = {_text(asked.resource)}",
            *([f"context  = {_table(asked.context)}"] if asked.context else []),
            f'expect   = "{"allow" if state == "allowed" else "deny"}"',
            "",
        ]
    is_open = record.routes is not None and record.routes.this_route
    lines += [
        "[[routes]]",
        f"name   = {_text(f'{title}: the route')}",
        'user   = "caller"',
        *([f"method = {_text(request.route.method)}"] if request.route.method else []),
        f"path   = {_text(request.route.path)}",
        f'expect = "{"allow" if is_open else "deny"}"',
        "",
    ]
    return "\n".join(lines)


def keep(folder: Path, name: str, text: str, written: Written, *, replace: bool) -> Kept:
    """Write the file into the folder. Raises ValueError for a name that is none or a text that is no case file,
    `FileIsThere`, and OSError."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"{name[:70]!r} is no name: expected lower-case letters, digits and hyphens, at most 63"
        )
    file = folder / f"{name}.toml"
    around = surroundings(written.access)
    try:
        cases = parse_case_file(text, file=str(file), around=around)
    except CaseInvalid as error:
        raise ValueError("\n".join(error.problems)) from None
    folder.mkdir(exist_ok=True)
    _write(file, text, replace=replace)
    results = [
        run_route(case) if isinstance(case, RouteCase) else run_case(case, written.access.templates)
        for case in cases
    ]
    now = tuple(
        f"{result.status} {result.case.name}{''.join(f'; {reason}' for reason in result.reasons)}"
        for result in results
    )
    return Kept(file=str(file), text=text, now=now)


def _write(file: Path, text: str, *, replace: bool) -> None:
    """As a whole or not at all; whatever is replaced, a link is not followed."""
    handle, aside = tempfile.mkstemp(dir=file.parent, prefix=".", suffix=".writing")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(aside).chmod(0o644)
        if replace:
            Path(aside).replace(file)
        else:
            os.link(aside, file)
    except FileExistsError:
        raise FileIsThere(file.name) from None
    finally:
        Path(aside).unlink(missing_ok=True)


def _text(text: str) -> str:
    """A string of TOML: JSON's are, but for what is escaped there by halves and here not at all."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _table(values: Mapping[str, str | Sequence[str]]) -> str:
    members = (
        f"{_text(key)} = {_text(value) if isinstance(value, str) else _list(value)}"
        for key, value in values.items()
    )
    return "{ " + ", ".join(members) + " }" if values else "{}"


def _list(values: Sequence[Any]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"
