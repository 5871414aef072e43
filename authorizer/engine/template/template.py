"""Session policy templates: compiled once, rendered for each user.

Rendering takes four steps, of which the costly ones are done once for each shape that a policy can have::

    facts about the user ─ run programs ─→ symbolic text ─ parse, pack ─→ prepared ─ values in ─→ policy

A *prepared* policy is canonical text, cut at its placeholders. Since the text was parsed and judged before
any value came in, and values come in escaped, a value can only ever be a value. The first rendering of a
shape pays for the parse; every further one is a run, a look-up and a join.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Self

from authorizer.engine.document import MAX_CHARACTERS, Condition, Document, Statement, dump, pack
from authorizer.engine.language import (
    FORBIDDEN,
    MAX_CLAIMS,
    PATTERN,
    PRINTABLE,
    ClaimType,
    ClaimValue,
    NothingAllowed,
    Placeholders,
    PolicyTooLarge,
    RenderFailed,
    TemplateInvalid,
    as_pattern,
    is_placeholder,
    literal,
)
from authorizer.engine.template.compiled import dump_programs, load_programs
from authorizer.engine.template.holes import examine_symbolic
from authorizer.engine.template.loops import lengths_for_forms
from authorizer.engine.template.places import place_at, statement_places
from authorizer.engine.template.program import (
    Arm,
    Atom,
    Place,
    Program,
    bind,
    claims_of,
    joined,
    texts_of,
    variables_of,
)
from authorizer.engine.template.run import Run, UserFacts, explore
from authorizer.syntax.json_text import JsonInvalid, parse_json

MAX_BRANCHES = 1024
"""Most ways that one template may run. Each is parsed and judged when templates load."""
_PLACEHOLDER = re.compile(f"({PATTERN})")
_INDENT = re.compile(r"\s*\n\s*")
"""White space that no JSON string holds."""
_ESCAPED = re.compile(r"\\U(000f[0-9a-f]{4})")
_TRUSTED = PRINTABLE | FORBIDDEN
MAX_PREPARED = 512
"""Most shapes kept; then all are dropped and made anew. Long lists of varying length make many shapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way in which templates can run together: what the prover and the linter judge."""

    chosen: Mapping[Atom, bool | int]
    """What was assumed about the user."""
    document: Document
    """The joined document, not packed; each value to come is one placeholder character (`TemplateSet.origin`)."""
    places: tuple[Place, ...]
    """Where each of its statements stands."""
    arms: frozenset[Arm] = frozenset()
    """Which way each `{% if %}` went."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A packed policy, cut at its placeholders: text, placeholder, text, placeholder, …, text."""

    pieces: tuple[str, ...]
    slots: tuple[tuple[int, str, int], ...]
    """Index of each placeholder in `pieces`, its claim, and which of its items."""


class TemplateSet:
    """All templates of one configuration. Made by `compile`."""

    def __init__(
        self,
        programs: Mapping[str, Program],
        claims: Mapping[str, ClaimType],
        variables: Mapping[str, str],
    ) -> None:
        self._claims = dict(claims)
        self._placeholders = Placeholders(claims)
        self._codes = self._placeholders.codes
        self._sources = dict(programs)
        self._programs = {name: bind(program, variables) for name, program in programs.items()}
        self._fast = {name: joined(program) for name, program in self._programs.items()}
        self._uses = {
            name: frozenset(name for name, _ in claims_of(program))
            for name, program in self._programs.items()
        }
        self._prepared: dict[str, _Prepared] = {}

    @classmethod
    def compile(
        cls, sources: Mapping[str, str], *, claims: Mapping[str, ClaimType], variables: Mapping[str, str]
    ) -> Self:
        """Templates by name (without `.json.j2`), ready to render; names that begin with `_` are only for includes.

        Every branch of every template is run and judged here. Raises `TemplateInvalid` with every problem.
        """
        from authorizer.engine.template.jinja import RESERVED, Compiler  # noqa: PLC0415 - costs 23–41 ms

        taken = sorted((claims.keys() & variables.keys()) | (RESERVED & {*claims, *variables}))
        if taken:
            raise TemplateInvalid([f"the name `{name}` is taken twice, or reserved" for name in taken])
        compiler = Compiler(sources, claims, variables.keys())
        programs = {name: compiler.compile(name) for name in sorted(sources) if not name.startswith("_")}
        if compiler.problems:
            raise TemplateInvalid(compiler.problems)
        return cls._judged(programs, claims, variables)

    @classmethod
    def load(
        cls,
        compiled: str,
        sources: Mapping[str, str],
        *,
        claims: Mapping[str, ClaimType],
        variables: Mapping[str, str],
    ) -> Self:
        """As `compile`, from what `dump` gave for the same sources: Jinja is not imported. Every branch is
        judged again, since claim types and variables may have changed. Raises `TemplateInvalid`."""
        programs = load_programs(compiled, sources)
        problems = [
            f"{name}.json.j2:1: `{used}` is no longer declared as it was when this was compiled: compile again"
            for name, program in programs.items()
            for used in sorted(_undeclared(program, claims, variables))
        ]
        if problems:
            raise TemplateInvalid(problems)
        return cls._judged(programs, claims, variables)

    def dump(self, sources: Mapping[str, str]) -> str:
        """The compiled templates as text for `load`. `sources` are those that were compiled."""
        return dump_programs(self._sources, sources)

    @classmethod
    def _judged(
        cls, programs: Mapping[str, Program], claims: Mapping[str, ClaimType], variables: Mapping[str, str]
    ) -> Self:
        if len(claims) > MAX_CLAIMS:
            raise TemplateInvalid([f"{len(claims)} claims are declared: at most {MAX_CLAIMS} can be"])
        strange = [name for name, value in variables.items() if not (value and _TRUSTED.issuperset(value))]
        if strange:
            said = "is empty, or holds a character that STS does not take"
            raise TemplateInvalid([f"variable `{name}` {said}" for name in strange])
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

    @property
    def claims(self) -> Mapping[str, ClaimType]:
        """The declared claims by their names in templates."""
        return self._claims

    def program(self, name: str) -> Program:
        """What a template was compiled to, with the deployment's constants in it."""
        return self._programs[name]

    def uses(self, name: str) -> frozenset[str]:
        """The claims that a template mentions, its includes and tests included."""
        return self._uses[name]

    def origin(self, placeholder: str) -> tuple[str, int]:
        """The claim that a placeholder of a `Branch` stands for, and which of its items (0 for a single value)."""
        return self._placeholders.origin(placeholder)

    def render(
        self, names: Sequence[str], values: Mapping[str, ClaimValue], *, scopes: frozenset[str]
    ) -> str:
        """The session policy of these templates, joined, for one user: canonical text of at most `MAX_CHARACTERS`.

        `values` are claims by their names in templates; those that the templates do not mention are not looked at.
        Raises `ValueRefused`, `ValueMissing`, `NothingAllowed`, `PolicyTooLarge` or `RenderFailed`.
        """
        checked = self._check(names, values)
        facts = UserFacts(checked, scopes)
        symbolic = "\0".join([Run(facts, self._codes).run(self._fast[name]).text for name in names])
        prepared = self._prepared.get(symbolic)
        if prepared is None:
            prepared = self._prepare(symbolic)
        pieces = list(prepared.pieces)
        for index, claim, item in prepared.slots:
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
                if is_placeholder(char):
                    length += self._claims[self.origin(char)[0]].max_length - 1
            longest = max(longest, length)
        return longest

    def shortest_beyond(
        self, names: Sequence[str], limit: int, *, on_allows: Sequence[Condition] = ()
    ) -> int | None:
        """Length of the shortest policy that these templates can render to, in characters, where every one is longer
        than `limit`; None where some user's fits, with `on_allows` added to each Allow.

        Stops at the first way that fits, which for most templates is the first at all. Lists have one to three items.
        None, too, where no way allows anything, and where there are more than `MAX_BRANCHES` ways.
        """
        lengths = {name: range(1, min(3, kind.max_items) + 1) for name, kind in self._claims.items()}
        at_most = sum(len(each.operator + each.key) + len("".join(each.values)) + 30 for each in on_allows)
        shortest = None
        ways = explore([self._programs[name] for name in names], self._codes, lengths)
        for count, (chosen, runs) in enumerate(ways):
            raw = "".join(_INDENT.sub("", run.text) for run in runs)
            if count == MAX_BRANCHES:
                return None
            if '"Allow"' not in raw:
                continue
            # Parsing and packing cost a millisecond, and only ever shorten: what fits without them fits.
            length = self._least(raw) + raw.count('"Allow"') * at_most
            if length > limit:
                statements = pack(_branch(chosen, runs).document).statements
                limited = tuple(_limited(statement, on_allows) for statement in statements)
                length = self._least(dump(Document(statements=limited)))
            if length <= limit:
                return None
            shortest = min(length, shortest or length)
        return shortest

    def _least(self, text: str) -> int:
        """Length of a symbolic text with the shortest values that its claims can have."""
        holes = (self._claims[self.origin(char)[0]] for char in text if is_placeholder(char))
        return len(text) + sum(claim.language.min_length - 1 for claim in holes)

    def branches(self, names: Sequence[str], *, full_lists: bool = False) -> Iterator[Branch]:
        """Every way in which these templates can run together, for lists of every length that matters
        (`authorizer.engine.template.loops` says which).

        With `full_lists` also for lists of as many items as their types allow.
        """
        programs = [self._programs[name] for name in names]
        lengths: dict[str, Sequence[int]] = dict(lengths_for_forms(self._claims, programs))
        if full_lists:
            lengths = {name: sorted({*few, self._claims[name].max_items}) for name, few in lengths.items()}
        for chosen, runs in explore(programs, self._codes, lengths):
            yield _branch(chosen, runs)

    def trace(
        self, names: Sequence[str], values: Mapping[str, ClaimValue], *, scopes: frozenset[str]
    ) -> Branch:
        """What `render` renders, as its author wrote it: statements with their Sids and places, values filled in.

        Raises `ValueRefused`, `ValueMissing` or `RenderFailed`; an empty policy is for the caller to judge.
        """
        checked = self._check(names, values)
        facts = UserFacts(checked, scopes)
        branch = _branch({}, [Run(facts, self._codes).run(self._programs[name]) for name in names])

        def fill(text: str) -> str:
            if text.isascii():
                return text
            return "".join(self._value(char, checked) if is_placeholder(char) else char for char in text)

        statements = tuple(
            replace(
                statement,
                resources=tuple(map(fill, statement.resources)),
                conditions=tuple(
                    replace(condition, values=tuple(map(fill, condition.values)))
                    for condition in statement.conditions
                ),
            )
            for statement in branch.document.statements
        )
        return replace(branch, document=Document(statements=statements))

    def texts(self, name: str) -> Iterator[tuple[str, Place]]:
        """What the author of a template typed between holes and tests, its includes included."""
        return texts_of(self._sources[name])

    def _check(self, names: Sequence[str], values: Mapping[str, ClaimValue]) -> dict[str, ClaimValue]:
        used = frozenset().union(*(self._uses[name] for name in names))
        return {name: self._claims[name].check(values[name]) for name in used if name in values}

    def _value(self, placeholder: str, checked: Mapping[str, ClaimValue]) -> str:
        claim, item = self.origin(placeholder)
        value = checked[claim]
        return as_pattern(value if isinstance(value, str) else value[item])

    def _prepare(self, symbolic: str) -> _Prepared:
        statements: list[Statement] = []
        for text in symbolic.split("\0"):
            document, problems = examine_symbolic(text)
            if problems:
                raise RenderFailed("; ".join(problem.describe() for problem in problems))
            statements += document.statements
        if not any(statement.effect == "Allow" for statement in statements):
            raise NothingAllowed
        packed = dump(pack(Document(statements=tuple(statements))))
        pieces = tuple(_PLACEHOLDER.split(packed))  # text, placeholder, text, …: every second one
        slots = tuple((index, *self.origin(pieces[index])) for index in range(1, len(pieces), 2))
        if len(self._prepared) >= MAX_PREPARED:
            self._prepared.clear()
        prepared = self._prepared[symbolic] = _Prepared(pieces, slots)
        return prepared

    def _readable(self, text: str) -> str:
        """A problem's text with the claims' names for their placeholders, which messages show escaped."""
        return _ESCAPED.sub(lambda found: f"{{{{ {self.origin(chr(int(found[1], 16)))[0]} }}}}", text)

    def _judge(self, name: str) -> Iterator[str]:
        program = self._programs[name]
        runs = explore([program], self._codes, lengths_for_forms(self._claims, [program]))
        for count, (_, (run,)) in enumerate(runs):
            if count == MAX_BRANCHES:
                said = "use fewer independent tests, and shorter lists where a loop stands inside a text"
                yield f"{name}.json.j2:1: more than {MAX_BRANCHES} ways to run: {said}"
                return
            _, problems = examine_symbolic(run.text)
            if problems:
                places = statement_places(run)
                for problem in problems:
                    place = Place(name, 1)
                    if problem.statement is not None and problem.statement < len(places):
                        place = places[problem.statement]
                    yield f"{place.describe()}: {self._readable(problem.text)}"

    def _not_json(self, programs: Mapping[str, Program]) -> Iterator[str]:
        """What is no JSON, with every variable as `x`: a variable outside a string could be a whole
        statement, and whether a template is in order must not depend on a variable's value."""
        for name, program in programs.items():
            stand_in = bind(program, dict.fromkeys(variables_of(program), "x"))
            lengths = lengths_for_forms(self._claims, [stand_in])
            for _, (run,) in islice(explore([stand_in], self._codes, lengths), MAX_BRANCHES):
                try:
                    parse_json(run.text)
                except JsonInvalid as invalid:
                    place = place_at(run, invalid.position or 0, Place(name, 1))
                    said = f"{invalid.cause} (holes stand inside strings only)"
                    yield f"{place.describe()}: {said}"


def _branch(chosen: Mapping[Atom, bool | int], runs: Sequence[Run]) -> Branch:
    statements: list[Statement] = []
    places: list[Place] = []
    for run in runs:
        document, problems = examine_symbolic(run.text)
        if problems:
            raise RenderFailed("; ".join(problem.describe() for problem in problems))
        statements += document.statements
        places += statement_places(run)
    return Branch(
        chosen=chosen,
        document=Document(statements=tuple(statements)),
        places=tuple(places),
        arms=frozenset().union(*(run.arms for run in runs)),
    )


def _limited(statement: Statement, conditions: Sequence[Condition]) -> Statement:
    if statement.effect != "Allow":
        return statement
    return replace(statement, conditions=(*statement.conditions, *conditions))


def _undeclared(
    program: Program, claims: Mapping[str, ClaimType], variables: Mapping[str, str]
) -> Iterator[str]:
    yield from sorted(set(variables_of(program)) - variables.keys())
    for name, is_list in claims_of(program):
        if name not in claims or is_list not in {None, claims[name].is_list}:
            yield name
