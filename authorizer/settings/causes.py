"""One cause, one problem: what follows from a misspelt name says nothing new.

Only a configuration that does not load pays for this.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Final

TABLES: Final = (
    *("callers", "claims", "gateway", "groups", "issuers", "keys", "lint", "policies", "private_sealing"),
    *("resolution", "roles", "routes", "rules", "scopes", "sealing", "session", "shared_cache", "variables"),
)
"""Every table of `access.toml`."""
_NOWHERE: Final = re.compile(r"there is no (claim|role|scope|template) '([^']*)'")
_UNDECLARED: Final = re.compile(r"undeclared name `([^`]*)`")


def misspelt(tables: Mapping[str, object]) -> dict[str, str]:
    """Tables that nobody knows → those that are not there and are spelt nearly so. Read as what was meant, one of them
    is one problem, and not one for each name in it."""
    found: dict[str, str] = {}
    for name in sorted(tables.keys() - set(TABLES)):
        close = next(iter(get_close_matches(name, TABLES, n=1)), None)
        if close is not None and close not in tables and close not in found.values():
            found[name] = close
    return found


def one_for_each(problems: Iterable[str], known: Mapping[str, Collection[str]]) -> list[str]:
    """The problems, those about one name that leads nowhere as one: the first in `access.toml`, with a name that was
    likely meant. `known` are the names of each kind: claims, roles, scopes, templates."""
    found: list[str] = []
    about: dict[str, list[str]] = {}
    for problem in problems:
        name = _nowhere(problem)
        if name is not None:
            if name in about:
                about[name].append(problem)
                continue
            about[name] = [problem]
        found.append(problem)
    folded: dict[str, str] = {}
    for several in about.values():
        first = next((each for each in several if _NOWHERE.search(each)), several[0])
        more = len(several) - 1
        also = f" (and in {more} more place{'s' if more > 1 else ''})" if more else ""
        folded[several[0]] = "".join(_suggested(first, known)) + also
    return [folded.get(problem, problem) for problem in found]


def _nowhere(problem: str) -> str | None:
    match = _NOWHERE.search(problem)
    if match is not None:
        return match[2] if match[1] == "claim" else f"{match[1]} {match[2]}"
    match = _UNDECLARED.search(problem)
    return None if match is None else match[1]


def _suggested(problem: str, known: Mapping[str, Collection[str]]) -> Iterator[str]:
    match = _NOWHERE.search(problem)
    if match is None:
        yield problem
        return
    close = get_close_matches(match[2], known.get(match[1], ()), n=1)
    yield problem[: match.end()]
    if close and "did you mean" not in problem:
        yield f": did you mean {close[0]!r}?"
        yield problem[match.end() :].replace(": ", " ", 1)
    else:
        yield problem[match.end() :]
