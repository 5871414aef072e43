"""Reading one table of `access.toml`: each value is asked for by name and type; what nobody asked for is a problem.

Problems are collected, not raised, so that one run shows them all. A reader that meets one answers with a
stand-in of the right type; the stand-ins never leave `load`, because `load` raises when there is any problem
at all.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import TypeVar

from authorizer.syntax.places import Path, dotted, line_of

DURATION = re.compile(r"(?:([0-9]{1,9})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,9})s)?")
ENVIRONMENT = "env:"
"""What a text begins with that is read from the environment."""

T = TypeVar("T", bound=str)


class Problems:
    """What is wrong with a configuration, each entry with its file, line and key."""

    def __init__(self, place: str, source: str) -> None:
        self.found: list[str] = []
        self._place = place
        self._source = source
        self._paths: set[Path] = set()
        self._unset: set[str] = set()

    def add(self, path: Path, message: str) -> None:
        line = line_of(self._source, path)
        where = f"{self._place}:{line}" if line else self._place
        self.found.append(f"{where}: {dotted(path)}: {message}" if path else f"{where}: {message}")
        self._paths.add(path)

    def of_template(self, problem: str) -> None:
        """Note what is wrong with a template, where its text begins with the place, `NAME.json.j2:LINE: …`."""
        if re.match(r"\S+\.json\.j2:\d", problem):
            self.found.append(f"{PurePath(self._place).parent / 'templates'}/{problem}")
        else:
            self.add((), problem)

    def about(self, path: Path) -> bool:
        """Whether there is a problem with this key already: what follows from it says nothing new."""
        return path in self._paths

    def below(self, path: Path) -> bool:
        """The same of this key, or of anything inside it."""
        return any(each[: len(path)] == path for each in self._paths)

    def unset(self, path: Path, variable: str, environment: Iterable[str]) -> None:
        """Note a variable that the environment lacks: once, however often it is named."""
        if variable not in self._unset:
            # Of one form are many: EDITOR_ROLE_ARN is no misspelt VIEWER_ROLE_ARN.
            close = _closest(variable, set(environment) - {variable}, alike=0.9)
            said = f": did you mean {close}?" if close else ""
            self.add(path, f"the environment variable {variable} is not set{said}")
        self._unset.add(variable)
        self._paths.add(path)


class Section:
    """One table. Each method reads one key; `done` reports the keys that no method asked for."""

    def __init__(
        self, table: object, *, path: Path, problems: Problems, environment: Mapping[str, str]
    ) -> None:
        self.path = path
        self._problems = problems
        self._environment = environment
        self._asked: set[str] = set()
        if not isinstance(table, dict):
            self.problem("", f"expected a table, found {_kind(table)}")
        self._table: dict[str, object] = table if isinstance(table, dict) else {}

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def problem(self, key: str, message: str) -> None:
        """Note what is wrong with `key`, or with the table itself where `key` is empty."""
        self._problems.add((*self.path, key) if key else self.path, message)

    def is_wrong(self, key: str) -> bool:
        """Whether there is a problem with `key`, or with anything inside it."""
        return self._problems.below((*self.path, key))

    def text(self, key: str, default: str | None = None, *, pattern: str = "", expected: str = "") -> str:
        """A text, required unless there is a default. `pattern` must match it whole; `expected` says so in words."""
        value = self._get(key, required=default is None)
        if value is None:
            return default or ""
        return self._text(key, value, pattern, expected)

    def raw(self, key: str) -> object:
        """The value as TOML gave it, or None."""
        return self._get(key, required=False)

    def says(self, key: str, word: str) -> bool:
        """Whether the value is this word, which stands for all of something."""
        return self._get(key, required=False) == word

    def has_tables(self, key: str) -> bool:
        """Whether the value is a list with a table in it."""
        value = self._get(key, required=False)
        return isinstance(value, list) and any(isinstance(row, dict) for row in value)

    def day(self, key: str) -> str | None:
        """A day such as `2027-01-31`, with quotes or as TOML's own date. None where the key is absent."""
        value = self._get(key, required=False)
        if value is None:
            return None
        from datetime import date  # noqa: PLC0415 - only an exception with an end pays for it

        try:
            day = date.fromisoformat(str(value)).isoformat() if isinstance(value, str | date) else None
        except ValueError:
            day = None
        if day is None:
            self.problem(key, "expected a day such as 2027-01-31")
        return day

    def optional_text(self, key: str, *, pattern: str = "", expected: str = "") -> str | None:
        """A text, or None where the key is absent."""
        self._asked.add(key)
        return self.text(key, pattern=pattern, expected=expected) if key in self else None

    def choice(self, key: str, choices: Sequence[T], default: T) -> T:
        """One of `choices`."""
        value = self.text(key, default)
        for choice in choices:
            if value == choice:
                return choice
        if self._problems.about((*self.path, key)):
            return default
        self.problem(key, f"expected one of {', '.join(map(repr, choices))}, found {value!r}")
        return default

    def texts(
        self, key: str, default: Sequence[str] | None = None, *, pattern: str = "", expected: str = ""
    ) -> tuple[str, ...]:
        """A list of distinct texts. Required and not empty unless there is a default."""
        value = self._get(key, required=default is None)
        if value is None:
            return tuple(default or ())
        if not isinstance(value, list):
            self.problem(key, f"expected a list of texts, found {_kind(value)}")
            return ()
        if not value and default is None:
            self.problem(key, "the list is empty: nothing is granted by an empty list; name at least one")
        items = tuple(self._text(key, item, pattern, expected) for item in value)
        for repeated in sorted({item for item in items if item and items.count(item) > 1}):
            self.problem(key, f"{repeated!r} stands here twice")
        return items

    def text_or_texts(self, key: str) -> tuple[str, ...]:
        """A text, or a list of several; none where the key is absent."""
        value = self._get(key, required=False)
        if value is None:
            return ()
        return self.texts(key) if isinstance(value, list) else (self.text(key),)

    def seconds(
        self, key: str, default: str | None = None, *, least: float = 0, most: float = 86_400
    ) -> float:
        """A duration such as `"90s"`, `"5m"` or `"1h30m"`, in seconds. The default stands in for one that is none, so
        that nothing else is a problem because of it."""
        if not isinstance(self._table.get(key, ""), str):
            self._asked.add(key)
            found = _kind(self._table[key])
            self.problem(key, f'expected a duration such as "30s", "5m" or "1h", found {found}')
            return _seconds(default or "") or least
        text = self.text(key, default)
        value = _seconds(text)
        if value is not None and least <= value <= most:
            return value
        if value is not None:
            self.problem(key, f"expected {span(least)} to {span(most)}, found {text}")
        elif text:  # else it has been reported
            self.problem(key, f'expected a duration such as "30s", "5m" or "1h", found {text!r}')
        usual = _seconds(default or "")
        return least if usual is None else usual

    def optional_seconds(self, key: str, *, most: float = 86_400) -> float | None:
        """A duration, or None where the key is absent."""
        self._asked.add(key)
        return self.seconds(key, most=most) if key in self else None

    def integer(self, key: str, *, least: int, most: int) -> int | None:
        """A whole number, or None where the key is absent."""
        value = self._get(key, required=False)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.problem(key, f"expected a whole number from {least} to {most}, found {value!r}")
            return None
        return value

    def flag(self, key: str) -> bool:
        """true or false; false where the key is absent."""
        value = self._get(key, required=False)
        if value is None:
            return False
        if not isinstance(value, bool):
            self.problem(key, f"expected true or false, found {_kind(value)}")
            return False
        return value

    def mapping(self, key: str) -> dict[str, str]:
        """A table of texts; empty where the key is absent."""
        value = self._get(key, required=False)
        if value is None:
            return {}
        section = self._child(key, value)
        return {name: section.text(name) for name in section._table}

    def section(self, key: str) -> "Section":
        """A sub-table; an empty one where the key is absent."""
        value = self._get(key, required=False)
        return self._child(key, {} if value is None else value)

    def sections(self, key: str) -> Iterator[tuple[str, "Section"]]:
        """Every sub-table of a table of tables, by name."""
        outer = self.section(key)
        for name, table in outer._table.items():
            yield name, outer._child(name, table)

    def array(self, key: str) -> Iterator["Section"]:
        """Every table of an array of tables."""
        value = self._get(key, required=False)
        if value is None:
            return
        if not isinstance(value, list):
            self.problem(key, f"expected tables, written [[{key}]], found {_kind(value)}")
            return
        for index, table in enumerate(value):
            yield Section(
                table,
                path=(*self.path, key, index),
                problems=self._problems,
                environment=self._environment,
            )

    def rest(self) -> dict[str, object]:
        """All keys that nobody has asked for yet, now asked for."""
        rest = {key: value for key, value in self._table.items() if key not in self._asked}
        self._asked.update(rest)
        return rest

    def names(self) -> tuple[str, ...]:
        """Every key of the table."""
        return tuple(self._table)

    def done(self) -> None:
        """Report the keys that no method asked for: a misspelt setting must not pass for a default."""
        for key in self._table:
            if key not in self._asked:
                self.problem(key, f"unknown setting; {_suggestion(key, self._asked)}")

    def _get(self, key: str, *, required: bool) -> object:
        self._asked.add(key)
        value = self._table.get(key)
        if value is None and required:
            meant = _closest(key, self._table.keys() - self._asked)
            if meant is None:
                self.problem(key, "is required")
                return None
            # Read as what was meant: one misspelt key is one problem.
            self._asked.add(meant)
            self.problem(meant, f"unknown setting; did you mean {key!r}?")
            return self._table[meant]
        return value

    def _child(self, key: str, table: object) -> "Section":
        return Section(table, path=(*self.path, key), problems=self._problems, environment=self._environment)

    def _text(self, key: str, value: object, pattern: str, expected: str) -> str:
        if not isinstance(value, str):
            self.problem(key, f"expected a text, found {_kind(value)}")
            return ""
        origin = repr(value)
        if value.startswith(ENVIRONMENT):
            variable = value.removeprefix(ENVIRONMENT)
            found = self._environment.get(variable, "")
            if not found:
                self._problems.unset((*self.path, key), variable, self._environment)
                return ""
            # The value may be a secret (an external id): a problem with it names the variable alone.
            value, origin = found, f"the value of the environment variable {variable}"
        if not value:
            self.problem(key, "the text is empty")
        elif pattern and not re.fullmatch(pattern, value):
            self.problem(key, f"expected {expected or pattern}, found {origin}")
        return value


def _seconds(text: str) -> float | None:
    match = DURATION.fullmatch(text)
    if not text or match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return float(hours * 3600 + minutes * 60 + seconds)


def _kind(value: object) -> str:
    names: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (str, "a text"),
        (int, "a number"),
        (float, "a number"),
        (list, "a list"),
        (dict, "a table"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), type(value).__name__)


def span(seconds: float) -> str:
    for size, unit in ((3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def _suggestion(key: str, known: set[str]) -> str:
    close = _closest(key, known)
    return f"did you mean {close!r}?" if close else f"expected one of {', '.join(sorted(known))}"


def _closest(word: str, words: Iterable[str], *, alike: float = 0.6) -> str | None:
    import difflib  # noqa: PLC0415 - only a broken configuration pays for it

    return next(iter(difflib.get_close_matches(word, sorted(words), n=1, cutoff=alike)), None)
