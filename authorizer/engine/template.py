"""Session policy templates: compiled once, rendered for each user.

Rendering takes four steps, of which the costly ones are done once for each shape that a policy can have::

    facts about the user ─ run programs ─→ symbolic text ─ parse, pack ─→ prepared ─ values in ─→ policy

A *prepared* policy is canonical text, cut at its placeholders. Since the text was parsed and judged before
any value came in, and values come in escaped, a value can only ever be a value. The first rendering of a
shape pays for the parse; every further one is a run, a look-up and a join.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Self

from authorizer.engine.claims import FORBIDDEN, PRINTABLE, ClaimType, ClaimValue
from authorizer.engine.document import Document, Problem, dump, examine
from authorizer.engine.errors import (
    NothingAllowed,
    PolicyTooLarge,
    RenderFailed,
    TemplateInvalid,
)
from authorizer.engine.escape import literal, quoted
from authorizer.engine.operators import TAKES_VARIABLES, parse_operator
from authorizer.engine.pack import MAX_CHARACTERS, pack
from authorizer.engine.program import (
    FIRST_PLACEHOLDER,
    ITEMS_PER_CLAIM,
    Atom,
    Contains,
    Equals,
    For,
    Hole,
    If,
    IsDefined,
    Node,
    Place,
    Program,
    Run,
    Test,
    Text,
    UserFacts,
    Variable,
    explore,
    placeholders,
)
from authorizer.engine.statement import Statement

MAX_BRANCHES = 4096
"""Most ways that one template may run. Each is parsed and judged when templates load."""
_TRUSTED = PRINTABLE | FORBIDDEN
MAX_PREPARED = 512
"""Most shapes kept; then all are dropped and made anew. Long lists of varying length make many shapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way in which templates can run together: what the prover and the linter judge."""

    chosen: Mapping[Atom, bool | int]
    """What was assumed about the user."""
    document: Document
    """The joined document, not packed; each value to come is one placeholder character
    (`TemplateSet.origin`)."""
    places: tuple[Place, ...]
    """Where each of its statements stands."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A packed policy, cut at its placeholders: text, placeholder, text, placeholder, …, text."""

    pieces: tuple[str, ...]
    slots: tuple[tuple[int, str], ...]
    """Index of each placeholder in `pieces`, and the placeholder."""


class TemplateSet:
    """All templates of one configuration. Made by `compile`."""

    def __init__(
        self,
        programs: Mapping[str, Program],
        claims: Mapping[str, ClaimType],
        variables: Mapping[str, str],
    ) -> None:
        self._claims = dict(claims)
        self._codes = placeholders(tuple(claims))
        self._programs = {name: _bind(program, variables) for name, program in programs.items()}
        self._uses = {name: frozenset(_mentioned(program)) for name, program in self._programs.items()}
        self._names = sorted(claims)
        self._prepared: dict[str, _Prepared] = {}

    @classmethod
    def compile(
        cls, sources: Mapping[str, str], *, claims: Mapping[str, ClaimType], variables: Mapping[str, str]
    ) -> Self:
        """Templates by name (without `.json.j2`), ready to render; names that begin with `_` are only for
        includes.

        Every branch of every template is run and judged here. Raises `TemplateInvalid` with every problem.
        """
        from authorizer.engine.jinja import RESERVED, Compiler  # noqa: PLC0415 - costs 23–41 ms

        taken = sorted((claims.keys() & variables.keys()) | (RESERVED & {*claims, *variables}))
        if taken:
            raise TemplateInvalid([f"the name `{name}` is taken twice, or reserved" for name in taken])
        strange = [name for name, value in variables.items() if not (value and _TRUSTED.issuperset(value))]
        if strange:
            said = "is empty, or holds a character that STS does not take"
            raise TemplateInvalid([f"variable `{name}` {said}" for name in strange])
        compiler = Compiler(sources, claims, variables.keys())
        programs = {name: compiler.compile(name) for name in sorted(sources) if not name.startswith("_")}
        if compiler.problems:
            raise TemplateInvalid(compiler.problems)
        templates = cls(programs, claims, variables)
        problems = list(templates._not_json(programs))
        if not problems:
            problems = [problem for name in programs for problem in templates._judge(name)]
        if problems:
            raise TemplateInvalid(dict.fromkeys(problems))
        return templates

    @property
    def names(self) -> tuple[str, ...]:
        """Every template that can be rendered."""
        return tuple(self._programs)

    def uses(self, name: str) -> frozenset[str]:
        """The claims that a template mentions, its includes and tests included."""
        return self._uses[name]

    def origin(self, placeholder: str) -> tuple[str, int]:
        """The claim that a placeholder of a `Branch` stands for, and which of its items (0 for a single
        value)."""
        claim, item = divmod(ord(placeholder) - FIRST_PLACEHOLDER, ITEMS_PER_CLAIM)
        return self._names[claim], item

    def render(
        self, names: Sequence[str], values: Mapping[str, ClaimValue], *, scopes: frozenset[str]
    ) -> str:
        """The session policy of these templates, joined, for one user: canonical text of at most
        `MAX_CHARACTERS`.

        `values` are claims by their names in templates; those that the templates do not mention are not
        looked at. Raises `ValueRefused`, `ValueMissing`, `NothingAllowed`, `PolicyTooLarge` or
        `RenderFailed`.
        """
        used = frozenset().union(*(self._uses[name] for name in names))
        checked = {name: self._claims[name].check(values[name]) for name in used if name in values}
        facts = UserFacts(checked, scopes)
        symbolic = "\0".join([Run(facts, self._codes).run(self._programs[name]).text for name in names])
        prepared = self._prepared.get(symbolic)
        if prepared is None:
            prepared = self._prepare(symbolic)
        pieces = list(prepared.pieces)
        for index, placeholder in prepared.slots:
            claim, item = self.origin(placeholder)
            value = checked[claim]
            pieces[index] = literal(value if isinstance(value, str) else value[item])
        text = "".join(pieces)
        if len(text) > MAX_CHARACTERS:
            raise PolicyTooLarge(len(text), MAX_CHARACTERS)
        return text

    def worst_case_length(self, names: Sequence[str]) -> int:
        """Length of the longest policy that these templates can render to, in characters, found from the
        claim types.

        It may pass `MAX_CHARACTERS`: then some users get no policy, and the configuration should be changed.
        """
        longest = 0
        for branch in self.branches(names, full_lists=True):
            text = dump(pack(branch.document))
            length = len(text)
            for char in text:
                if char > "ÿ":
                    length += self._claims[self.origin(char)[0]].max_length - 1
            longest = max(longest, length)
        return longest

    def branches(self, names: Sequence[str], *, full_lists: bool = False) -> Iterator[Branch]:
        """Every way in which these templates can run together, for lists of one, two and three items:
        with three there is an item that is neither first nor last.

        With `full_lists` also for lists of as many items as their types allow.
        """
        lengths = {
            name: sorted({*range(1, min(3, claim.max_items) + 1), *([claim.max_items] if full_lists else [])})
            for name, claim in self._claims.items()
            if claim.is_list
        }
        for chosen, runs in explore([self._programs[name] for name in names], self._codes, lengths):
            statements: list[Statement] = []
            places: list[Place] = []
            for run in runs:
                document, _ = self._examine(run.text)
                statements += document.statements
                places += _places(run)
            yield Branch(chosen=chosen, document=Document(statements=tuple(statements)), places=tuple(places))

    def _examine(self, symbolic: str) -> tuple[Document, list[Problem]]:
        if _HIGH_ESCAPE.search(symbolic):  # such an escape could spell a placeholder
            text = r"an escape \u… beyond U+00FF: STS takes only U+0020 to U+00FF"
            return Document(statements=()), [Problem(statement=None, text=text, rule=None)]
        document, problems = examine(symbolic, session=True, fragment=True, holes=_Placeholders())
        return document, problems or list(_misplaced(document))

    def _prepare(self, symbolic: str) -> _Prepared:
        statements: list[Statement] = []
        for text in symbolic.split("\0"):
            document, problems = self._examine(text)
            if problems:
                raise RenderFailed("; ".join(problem.describe() for problem in problems))
            statements += document.statements
        if not any(statement.effect == "Allow" for statement in statements):
            raise NothingAllowed
        packed = dump(pack(Document(statements=tuple(statements))))
        pieces: list[str] = [""]
        slots: list[tuple[int, str]] = []
        for char in packed:
            if char > "ÿ":
                slots.append((len(pieces), char))
                pieces += [char, ""]
            else:
                pieces[-1] += char
        if len(self._prepared) >= MAX_PREPARED:
            self._prepared.clear()
        prepared = self._prepared[symbolic] = _Prepared(tuple(pieces), tuple(slots))
        return prepared

    def _judge(self, name: str) -> Iterator[str]:
        lengths = {claim: range(1, min(3, kind.max_items) + 1) for claim, kind in self._claims.items()}
        runs = explore([self._programs[name]], self._codes, lengths)
        for count, (_, (run,)) in enumerate(runs):
            if count == MAX_BRANCHES:
                yield f"{name}.json.j2:1: more than {MAX_BRANCHES} ways to run: use fewer independent tests"
                return
            _, problems = self._examine(run.text)
            if problems:
                places = _places(run)
                for problem in problems:
                    place = Place(name, 1)
                    if problem.statement is not None and problem.statement < len(places):
                        place = places[problem.statement]
                    yield f"{place.describe()}: {problem.text}"

    def _not_json(self, programs: Mapping[str, Program]) -> Iterator[str]:
        """What is no JSON, with every variable as `x`: a variable outside a string could be a whole
        statement, and whether a template is in order must not depend on a variable's value."""
        lengths = dict.fromkeys(self._claims, (1,))
        for name, program in programs.items():
            stand_in = _bind(program, dict.fromkeys(_variables(program), "x"))
            for _, (run,) in islice(explore([stand_in], self._codes, lengths), MAX_BRANCHES):
                try:
                    json.loads(run.text)
                except json.JSONDecodeError as error:
                    place = _place_at(run, error.pos) or Place(name, 1)
                    said = f"not JSON here: {error.msg} (holes stand inside strings only)"
                    yield f"{place.describe()}: {said}"


def _place_at(run: Run, position: int) -> Place | None:
    for piece, node in run.pieces:
        if position < len(piece):
            return Place(node.place.template, node.place.line + piece.count("\n", 0, position))
        position -= len(piece)
    return run.pieces[-1][1].place if run.pieces else None


def _places(run: Run) -> list[Place]:
    """Where each statement of a symbolic text begins."""
    places: list[Place] = []
    text, depth, at, in_list = run.text, 0, 0, False
    while at < len(text):
        char = text[at]
        if char == '"':
            string = _STRING.match(text, at)
            at = string.end() if string else len(text)
            continue
        if char in "{[":
            if char == "{" and ((depth == 2 and in_list) or depth == 1):
                place = _place_at(run, at)
                if place is not None:
                    places.append(place)
            in_list = in_list or (char == "[" and depth == 1)
            depth += 1
        elif char in "}]":
            depth -= 1
        at += 1
    return places


_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_HIGH_ESCAPE = re.compile(r"\\u(?!00)", re.IGNORECASE)


class _Placeholders:
    """The set of all placeholder characters."""

    def __contains__(self, char: object) -> bool:
        return isinstance(char, str) and char >= chr(FIRST_PLACEHOLDER)


def _has_hole(text: str) -> bool:
    return not text.isascii() and max(text) > "ÿ"


def _has_dollar_hole(text: str) -> bool:
    """`${{ tenant }}`: with a value in braces it would be a policy variable of the caller's choice."""
    return any(before == "$" and char > "ÿ" for before, char in pairwise(text))


def _misplaced(document: Document) -> Iterator[Problem]:
    """Holes where IAM resolves no variable: escapes would not be read as such there, and a value could reach
    further than itself. (Elsewhere than in resources and conditions the stricter rules have refused them
    already.)"""
    for index, statement in enumerate(document.statements):
        plain = [statement.sid or "", *statement.actions]
        for resource in statement.resources:
            plain += resource.split(":", 5)[:5]
        for condition in statement.conditions:
            plain += [condition.operator, condition.key]
            operator = parse_operator(condition.operator)
            if operator is None or operator.kind not in TAKES_VARIABLES:
                plain += condition.values
        if any(map(_has_hole, plain)):
            text = (
                "a claim where IAM resolves no variable: it may stand in a resource after its fifth colon, "
                "and in values of String and Arn operators"
            )
            yield Problem(statement=index, text=text, rule=None)
        values = [value for condition in statement.conditions for value in condition.values]
        if any(map(_has_dollar_hole, (*statement.resources, *values))):
            yield Problem(
                statement=index, text="a claim right behind `$`: write `${$}` for a dollar", rule=None
            )


def _bind(program: Program, variables: Mapping[str, str]) -> Program:
    """The program with the values of the deployment's variables in it, neighbouring texts of one file
    joined."""
    bound: list[Node] = []
    for node in program:
        match node:
            case Variable(name=name, place=place):
                bound.append(Text(quoted(variables[name]), place))
            case If(test=test, then=then, otherwise=otherwise, place=place):
                bound.append(If(test, _bind(then, variables), _bind(otherwise, variables), place))
            case For(target=target, claim=claim, body=body, place=place):
                bound.append(For(target, claim, _bind(body, variables), place))
            case _:
                bound.append(node)
    return tuple(bound)


def _variables(program: Program) -> Iterator[str]:
    for node in program:
        match node:
            case Variable(name=name):
                yield name
            case If(then=then, otherwise=otherwise):
                yield from _variables((*then, *otherwise))
            case For(body=body):
                yield from _variables(body)


def _mentioned(program: Program, loops: frozenset[str] = frozenset()) -> Iterator[str]:
    for node in program:
        match node:
            case Hole(name=name) if name not in loops:
                yield name
            case If(test=test, then=then, otherwise=otherwise):
                yield from _tested(test)
                yield from _mentioned((*then, *otherwise), loops)
            case For(target=target, claim=claim, body=body):
                yield claim
                yield from _mentioned(body, loops | {target})


def _tested(test: Test) -> Iterator[str]:
    match test:
        case IsDefined(claim=claim) | Equals(claim=claim) | Contains(claim=claim):
            yield claim
        case _:
            for part in ("test", "left", "right"):
                inner = getattr(test, part, None)
                if inner is not None:
                    yield from _tested(inner)
