"""Templates as programs: what is left of a Jinja template once it has been parsed and checked.

Only text, holes, branches and loops remain, so that running one needs no Jinja, and nothing in it can call, look up
or compute anything. Running a program gives *symbolic* text: every claim's value is one placeholder character, and
the facts about this user (`Facts`) only choose which text appears. The values themselves come in last, into text that
has already been parsed (`authorizer.engine.template.prepared`): no value can change a policy's structure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# ── Tests of `{% if %}` ──────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class InScopes:
    """`"files:write" in scopes`"""

    scope: str


@dataclass(frozen=True, slots=True)
class IsDefined:
    """`tenant is defined`"""

    claim: str


@dataclass(frozen=True, slots=True)
class Equals:
    """`plan == "pro"`"""

    claim: str
    value: str


@dataclass(frozen=True, slots=True)
class VariableIs:
    """`stage == "prod"`, of a constant of the deployment. `bind` settles it: no user is ever asked."""

    variable: str
    value: str


@dataclass(frozen=True, slots=True)
class Contains:
    """`"beta" in features`, where `features` is a list"""

    claim: str
    value: str


@dataclass(frozen=True, slots=True)
class HasItems:
    """How many items a list has: no test that an author writes, but what a loop asks."""

    claim: str


@dataclass(frozen=True, slots=True)
class LoopIs:
    """`loop.first`, `loop.last`"""

    which: Literal["first", "last"]


@dataclass(frozen=True, slots=True)
class Not:
    """`not a`"""

    test: "Test"


@dataclass(frozen=True, slots=True)
class Both:
    """`a and b`, or with `either` `a or b`"""

    left: "Test"
    right: "Test"
    either: bool


Question = InScopes | IsDefined | Equals | Contains | VariableIs
"""What a test may ask about a user."""
Atom = Question | HasItems
Test = Question | LoopIs | Not | Both


# ── Nodes ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a template's name and a line of it."""

    template: str
    line: int

    def describe(self, more_lines: int = 0) -> str:
        """`s3-home.json.j2:12`"""
        return f"{self.template}.json.j2:{self.line + more_lines}"


@dataclass(frozen=True, slots=True)
class Text:
    """Text that the author typed, or the value of a variable of the deployment."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Variable:
    """`{{ bucket }}`: a constant of the deployment, known when settings load."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Hole:
    """`{{ tenant }}`, or the variable of a loop"""

    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class If:
    """`{% if tenant is defined %}`"""

    test: Test
    then: tuple["Node", ...]
    otherwise: tuple["Node", ...]
    place: Place


@dataclass(frozen=True, slots=True)
class For:
    """`{% for group in groups %}`"""

    target: str
    claim: str
    body: tuple["Node", ...]
    place: Place


Node = Text | Variable | Hole | If | For
Program = tuple[Node, ...]


def describe_test(test: "Test") -> str:
    """A test as an author writes it: `"files:write" in scopes`."""
    match test:
        case InScopes(scope=scope):
            text = f'"{scope}" in scopes'
        case IsDefined(claim=claim):
            text = f"{claim} is defined"
        case Equals(claim=claim, value=value) | VariableIs(variable=claim, value=value):
            text = f'{claim} == "{value}"'
        case Contains(claim=claim, value=value):
            text = f'"{value}" in {claim}'
        case LoopIs(which=which):
            text = f"loop.{which}"
        case Not(test=inner):
            text = f"not ({describe_test(inner)})"
        case Both(
            left=left, right=right, either=either
        ):  # pragma: no branch - mypy proves that no test is left
            text = f"({describe_test(left)} {'or' if either else 'and'} {describe_test(right)})"
    return text


@dataclass(frozen=True, slots=True)
class Arm:
    """One way that an `{% if %}` can go."""

    place: Place
    test: str
    outcome: bool

    def describe(self) -> str:
        """`tenant-data.json.j2:41: "data:write" in scopes is false`"""
        return f"{self.place.describe()}: {self.test} is {'true' if self.outcome else 'false'}"


# ── Looking through ──────────────────────────────────────────────────────────


def joined(program: Program) -> Program:
    """The program with neighbouring texts in one: faster to run, but only the first text's place remains."""
    nodes: list[Node] = []
    for node in program:
        match node:
            case Text(text=text) if nodes and isinstance(nodes[-1], Text):
                nodes[-1] = Text(nodes[-1].text + text, nodes[-1].place)
            case If(test=test, then=then, otherwise=otherwise, place=place):
                nodes.append(If(test, joined(then), joined(otherwise), place))
            case For(target=target, claim=claim, body=body, place=place):
                nodes.append(For(target, claim, joined(body), place))
            case _:
                nodes.append(node)
    return tuple(nodes)


def texts_of(program: Program) -> Iterator[tuple[str, Place]]:
    """Every text of a program, with its place."""
    for node in program:
        match node:
            case Text(text=text, place=place):
                yield text, place
            case If(then=then, otherwise=otherwise):
                yield from texts_of((*then, *otherwise))
            case For(body=body):
                yield from texts_of(body)


def variables_of(program: Program) -> Iterator[str]:
    """Every variable of the deployment that a program mentions."""
    for node in program:
        match node:
            case Variable(name=name):
                yield name
            case If(test=test, then=then, otherwise=otherwise):
                yield from (part.variable for part in parts_of(test) if isinstance(part, VariableIs))
                yield from variables_of((*then, *otherwise))
            case For(body=body):
                yield from variables_of(body)


def claims_of(program: Program, loops: frozenset[str] = frozenset()) -> Iterator[tuple[str, bool | None]]:
    """Every claim that a program mentions, and whether it is taken for a list (None: it need not be either)."""
    for node in program:
        match node:
            case Hole(name=name) if name not in loops:
                yield name, False
            case If(test=test, then=then, otherwise=otherwise):
                for part in parts_of(test):
                    if isinstance(part, IsDefined):
                        yield part.claim, None
                    elif isinstance(part, Equals | Contains):
                        yield part.claim, isinstance(part, Contains)
                yield from claims_of((*then, *otherwise), loops)
            case For(target=target, claim=claim, body=body):
                yield claim, True
                yield from claims_of(body, loops | {target})


def parts_of(test: Test) -> Iterator[Test]:
    """The questions of a test, without `and`, `or` and `not`."""
    match test:
        case Not(test=inner):
            yield from parts_of(inner)
        case Both(left=left, right=right):
            yield from parts_of(left)
            yield from parts_of(right)
        case _:
            yield test
