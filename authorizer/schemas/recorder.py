"""What a reader of settings would take, told by the reader itself: a `Section` that answers with stand-ins and notes
each question.

Where a reader's next question depends on an answer, whether a key is there or what it says, the reader is run once for
each answer. So a schema has what the readers ask for, and nothing else: there is no second list of keys.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from typing_extensions import override

from authorizer.schemas.shapes import ANY, Json, Shapes
from authorizer.settings.reader import Problems, Section, T
from authorizer.syntax.places import Path

Condition = tuple[str, object, tuple[object, ...]]
"""A key, what the reader was told of it, and all that it could have been told. `True` and `False`: the key is there, or
is not."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One run through one table: under which conditions it asked for what."""

    conditions: frozenset[Condition]
    required: frozenset[str]
    known: frozenset[str]


@dataclass(slots=True)
class Table:
    """All that is known of one table."""

    values: dict[str, list[Json]] = field(default_factory=dict)
    """Key → the shapes that were asked for. `ANY` stands for every name."""
    tables: dict[str, tuple[Literal["table", "list"], "Table"]] = field(default_factory=dict)
    needed: set[str] = field(default_factory=set)
    """Of `tables`, those that are read whether they are there or not."""
    open: bool = False
    """Whether keys that no reader knows are taken as they are."""
    visits: list[Visit] = field(default_factory=list)


class _Name(str):
    """A stand-in for the name of a table that its author chooses."""

    __slots__ = ()


class _Choices:
    """The answers of one run. The script is that of an earlier run, its last answer another."""

    def __init__(self, script: Sequence[int]) -> None:
        self._script = script
        self.taken: list[tuple[int, int]] = []

    def among(self, options: Sequence[Any]) -> Any:
        at = len(self.taken)
        index = self._script[at] if at < len(self._script) else 0
        self.taken.append((index, len(options)))
        return options[index]

    def next(self) -> list[int] | None:
        """The script of the run after this one; None: every answer has been given."""
        while self.taken and self.taken[-1][0] + 1 == self.taken[-1][1]:
            self.taken.pop()
        if not self.taken:
            return None
        return [*(index for index, _ in self.taken[:-1]), self.taken[-1][0] + 1]


def recorded(reader: Callable[[Section], object], shapes: Shapes) -> Table:
    """What `reader` asks of the table that it is given."""
    table = Table()
    script: list[int] | None = []
    while script is not None:
        choices = _Choices(script)
        recorder = _Recorder(table, choices, shapes, ())
        reader(recorder)
        recorder.end()
        script = choices.next()
    return table


_NAME: Final = _Name("name")


class _Recorder(Section):
    def __init__(self, table: Table, choices: _Choices, shapes: Shapes, path: Path) -> None:
        super().__init__({}, path=path, problems=Problems("", ""), environment={})
        self._into = table
        self._choices = choices
        self._shapes = shapes
        self._told: dict[tuple[str, str], Any] = {}
        self._conditions: set[Condition] = set()
        self._required: set[str] = set()
        self._known: set[str] = set()
        self._taken: set[str] = set()
        self._wrong = self._rest = False
        self._children: list[_Recorder] = []

    def end(self) -> None:
        """Note what this run has shown, of the tables inside, too."""
        for child in self._children:
            child.end()
        if self._wrong:
            return  # the reader would have refused such a table
        self._into.open |= self._rest
        visit = Visit(frozenset(self._conditions), frozenset(self._required), frozenset(self._known))
        if visit not in self._into.visits:
            self._into.visits.append(visit)

    def _decide(self, kind: str, key: str, options: Sequence[Any]) -> Any:
        if (kind, key) not in self._told:
            self._told[kind, key] = self._choices.among(options)
        return self._told[kind, key]

    def _require(self, key: str) -> None:
        if not isinstance(key, _Name):
            self._required.add(key)

    def _note(self, key: str, shape: Json) -> None:
        name = ANY if isinstance(key, _Name) else key
        self._taken.add(key)
        if name is key:
            self._known.add(key)
        shapes = self._into.values.setdefault(name, [])
        if shape not in shapes:
            shapes.append(shape)

    @override
    def __contains__(self, key: str) -> bool:
        if isinstance(key, _Name):
            return True  # it is one of those that are there
        there = bool(self._decide("in", key, (True, False)))
        self._conditions.add((key, there, (True, False)))
        return there

    @override
    def problem(self, key: str, message: str) -> None:
        if not key:
            self._wrong = True
        elif ("in", key) in self._told and key not in self._taken:
            self._wrong = True  # that it is there, or is not, is what is wrong

    @override
    def is_wrong(self, key: str) -> bool:
        return False

    @override
    def text(self, key: str, default: str | None = None, *, pattern: str = "", expected: str = "") -> str:
        if default is None:
            self._require(key)
        self._note(key, self._shapes.text(pattern, expected, default))
        return "text" if default is None else default

    @override
    def optional_text(self, key: str, *, pattern: str = "", expected: str = "") -> str | None:
        self._note(key, self._shapes.text(pattern, expected))
        return None

    @override
    def choice(self, key: str, choices: Sequence[T], default: T) -> T:
        self._note(key, self._shapes.choice(choices, default))
        ordered = (default, *(choice for choice in choices if choice != default))
        found: T = self._decide("choice", key, ordered)
        self._conditions.add((key, found, ordered))
        return found

    @override
    def texts(
        self, key: str, default: Sequence[str] | None = None, *, pattern: str = "", expected: str = ""
    ) -> tuple[str, ...]:
        if default is None:
            self._require(key)
        self._note(key, self._shapes.texts(pattern, expected, default))
        return ("text",) if default is None else tuple(default)

    @override
    def text_or_texts(self, key: str) -> tuple[str, ...]:
        self._note(key, self._shapes.text())
        self._note(key, self._shapes.texts())
        return ()

    @override
    def seconds(
        self, key: str, default: str | None = None, *, least: float = 0, most: float = 86_400
    ) -> float:
        if default is None:
            self._require(key)
        self._note(key, self._shapes.seconds(least, most, default))
        return least

    @override
    def optional_seconds(self, key: str, *, most: float = 86_400) -> float | None:
        self._note(key, self._shapes.seconds(0, most))
        return None

    @override
    def integer(self, key: str, *, least: int, most: int) -> int | None:
        self._note(key, {"type": "integer", "minimum": least, "maximum": most})
        return None

    @override
    def flag(self, key: str) -> bool:
        self._note(key, {"type": "boolean", "default": False})
        said = bool(self._decide("flag", key, (False, True)))
        self._conditions.add((key, str(said).lower(), ("false", "true")))
        return said

    @override
    def mapping(self, key: str) -> dict[str, str]:
        self._note(key, {"type": "object", "additionalProperties": self._shapes.text()})
        return {}

    @override
    def day(self, key: str) -> str | None:
        self._note(key, {"type": "string", "format": "date"})
        return None

    @override
    def says(self, key: str, word: str) -> bool:
        said = bool(self._decide("says", key, (True, False)))
        if said:
            self._note(key, {"const": word})
            self._require(key)
        return said

    @override
    def has_tables(self, key: str) -> bool:
        return bool(self._decide("tables", key, (True, False)))

    @override
    def raw(self, key: str) -> object:
        self._known.add(key)
        return None

    @override
    def section(self, key: str) -> Section:
        return self._inner(key, "table")

    @override
    def sections(self, key: str) -> Iterator[tuple[str, Section]]:
        there = key in self
        outer = self._inner(key, "table")
        if there:
            yield _NAME, outer._inner(_NAME, "table")  # noqa: SLF001 - another of this class

    @override
    def array(self, key: str) -> Iterator[Section]:
        if key in self:
            yield self._inner(key, "list")

    @override
    def names(self) -> tuple[str, ...]:
        return (_NAME,)

    @override
    def rest(self) -> dict[str, object]:
        self._rest = True
        return {}

    @override
    def done(self) -> None:
        """Nothing is left over: there is nothing in the table."""

    def _inner(self, key: str, form: Literal["table", "list"]) -> "_Recorder":
        name = ANY if isinstance(key, _Name) else key
        if name is key:
            self._known.add(key)
        table = self._into.tables.setdefault(name, (form, Table()))[1]
        if form == "table" and ("in", key) not in self._told:
            self._into.needed.add(name)
        child = _Recorder(table, self._choices, self._shapes, (*self.path, name))
        self._children.append(child)
        return child
