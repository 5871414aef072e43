"""Running a program: facts about a user → *symbolic* text.

Every claim's value is one placeholder character, and the facts only choose which text appears. The values
themselves come in last, into text that has already been parsed (`authorizer.engine.template.prepared`): no value can
change a policy's structure. The same interpreter runs for a user and, with nothing settled, through every
branch there is (`explore`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from authorizer.engine.language import ClaimType, ValueMissing
from authorizer.engine.template.program import (
    Arm,
    Atom,
    Both,
    Contains,
    Equals,
    For,
    HasItems,
    Hole,
    If,
    InScopes,
    IsDefined,
    LoopIs,
    Node,
    Not,
    Program,
    Question,
    Test,
    Text,
    VariableIs,
    describe_test,
)


class Facts(Protocol):
    """What a program may ask about a user."""

    def holds(self, question: Question) -> bool: ...

    def count(self, atom: HasItems) -> int: ...

    def need(self, claim: str) -> None:
        """Raises `ValueMissing` where the user does not have the claim."""


@dataclass(slots=True)
class Run:
    """One run of one program: its symbolic text in pieces, each with the node it came from."""

    facts: Facts
    codes: Mapping[str, int]
    """Claim → its first placeholder (`Placeholders.codes`)."""
    pieces: list[tuple[str, Node]] = field(default_factory=list)
    taken: list[tuple[If, bool]] = field(default_factory=list)
    """Which way each `{% if %}` went."""
    _items: dict[str, int] = field(default_factory=dict)
    _loops: list[tuple[bool, bool]] = field(default_factory=list)
    """Of each loop around, the innermost last: whether this is its first item, and its last."""

    @property
    def arms(self) -> frozenset[Arm]:
        """Which way each `{% if %}` went, for coverage."""
        return frozenset(Arm(node.place, describe_test(node.test), outcome) for node, outcome in self.taken)

    @property
    def text(self) -> str:
        return "".join([piece for piece, _ in self.pieces])

    def run(self, program: Program) -> "Run":
        for node in program:
            if isinstance(node, Text):
                self.pieces.append((node.text, node))
            elif isinstance(node, Hole):
                self.pieces.append((self._placeholder(node.name), node))
            elif isinstance(node, If):
                outcome = self._test(node.test)
                self.taken.append((node, outcome))
                self.run(node.then if outcome else node.otherwise)
            elif isinstance(node, For):
                self._repeat(node)
            else:
                raise TypeError(f"variable `{node.name}` has no value yet")
        return self

    def _placeholder(self, name: str) -> str:
        code = self._items.get(name)
        if code is None:
            self.facts.need(name)
            code = self.codes[name]
        return chr(code)

    def _repeat(self, node: For) -> None:
        self.facts.need(node.claim)
        count = self.facts.count(HasItems(node.claim))
        for index in range(count):
            self._items[node.target] = self.codes[node.claim] + index
            self._loops.append((index == 0, index == count - 1))
            self.run(node.body)
            self._loops.pop()
            del self._items[node.target]

    def _test(self, test: Test) -> bool:
        if isinstance(test, Not):
            return not self._test(test.test)
        if isinstance(test, Both):
            left = self._test(test.left)
            return self._test(test.right) if left != test.either else left
        if isinstance(test, LoopIs):
            return self._loops[-1][0 if test.which == "first" else 1]
        if isinstance(test, Equals | Contains):
            self.facts.need(test.claim)
        return self.facts.holds(test)


@dataclass(frozen=True, slots=True)
class UserFacts:
    """The facts about one user."""

    values: Mapping[str, str | tuple[str, ...]]
    scopes: frozenset[str]

    def holds(self, question: Question) -> bool:
        if isinstance(question, InScopes):
            return question.scope in self.scopes
        if isinstance(question, IsDefined):
            return question.claim in self.values
        if isinstance(question, VariableIs):
            raise TypeError(f"variable `{question.variable}` has no value yet")
        value = self.values[question.claim]
        return question.value == value if isinstance(question, Equals) else question.value in value

    def count(self, atom: HasItems) -> int:
        return len(self.values[atom.claim])

    def need(self, claim: str) -> None:
        if claim not in self.values:
            raise ValueMissing(claim)


@dataclass(slots=True)
class Choices:
    """Facts that nobody has settled: each question is answered by what was chosen, or by the first
    possibility, and the others are kept for a later run."""

    made: dict[Atom, bool | int]
    lengths: Mapping[str, Sequence[int]]
    """List claim → the numbers of items to try."""
    first: bool = True
    """Which answer to a question is tried first."""
    untried: list[dict[Atom, bool | int]] = field(default_factory=list)

    def _choose(self, atom: Atom, options: Sequence[bool | int]) -> bool | int:
        if atom not in self.made:
            self.untried += [{**self.made, atom: option} for option in options[1:]]
            self.made[atom] = options[0]
        return self.made[atom]

    def holds(self, question: Question) -> bool:
        if isinstance(question, Equals | VariableIs) and any(
            chosen and _excludes(other, question) for other, chosen in self.made.items()
        ):
            return False
        return bool(self._choose(question, (self.first, not self.first)))

    def count(self, atom: HasItems) -> int:
        return int(self._choose(atom, self.lengths[atom.claim]))

    def need(self, claim: str) -> None:
        if self.made.get(IsDefined(claim)) is False:
            raise ValueMissing(claim)
        self.made[IsDefined(claim)] = True


def _excludes(atom: Atom, question: Equals | VariableIs) -> bool:
    """Whether both ask for the value of one thing, and for another one."""
    if isinstance(question, Equals):
        return isinstance(atom, Equals) and atom.claim == question.claim and atom.value != question.value
    return (
        isinstance(atom, VariableIs) and atom.variable == question.variable and atom.value != question.value
    )


def always(claims: Mapping[str, ClaimType]) -> dict[Atom, bool | int]:
    """What holds of every user: who has not a claim that has a fallback has the fallback."""
    return {IsDefined(name): True for name, kind in claims.items() if kind.fallback is not None}


def may_agree(one: Mapping[Atom, bool | int], other: Mapping[Atom, bool | int]) -> bool:
    """Whether both can have been chosen about one user."""
    if any(other.get(atom, chosen) != chosen for atom, chosen in one.items()):
        return False
    asked = [atom for atom, chosen in one.items() if isinstance(atom, Equals | VariableIs) and chosen]
    return not any(chosen and _excludes(atom, each) for atom, chosen in other.items() for each in asked)


def explore(
    programs: Sequence[Program],
    codes: Mapping[str, int],
    lengths: Mapping[str, Sequence[int]],
    *,
    given: Mapping[Atom, bool | int] = MappingProxyType({}),
    first: bool = True,
) -> Iterator[tuple[Mapping[Atom, bool | int], list[Run]]]:
    """Every way in which these programs can run together: what was chosen, `given` and all, and one run for each. The
    way on which every test is `first` comes first.

    Ways that need a claim which they chose to be absent render nothing, and are left out.
    """
    todo: list[dict[Atom, bool | int]] = [dict(given)]
    while todo:
        choices = Choices(todo.pop(), lengths, first)
        try:
            runs = [Run(choices, codes).run(program) for program in programs]
        except ValueMissing:
            continue
        finally:
            todo += choices.untried
        yield dict(choices.made), runs
