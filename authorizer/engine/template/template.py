"""Session policy templates: compiled once, rendered for each user.

Rendering takes four steps, of which the costly ones are done once for each shape that a policy can have::

    facts about the user ─ run programs ─→ symbolic text ─ parse, pack ─→ prepared ─ values in ─→ policy

The first rendering of a shape pays for the parse (`authorizer.engine.template.prepared`); every further one is a run, a
look-up and a join.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Self

from authorizer.engine.document import MAX_CHARACTERS, Condition, Document
from authorizer.engine.language import (
    ClaimType,
    ClaimValue,
    Placeholders,
    PolicyTooLarge,
    TemplateInvalid,
    as_pattern,
    is_placeholder,
)
from authorizer.engine.template.binding import bind
from authorizer.engine.template.branches import Branch, Ways, branch_of, ways_of
from authorizer.engine.template.compiled import dump_programs, load_programs
from authorizer.engine.template.judge import changed, misdeclared, misshapen
from authorizer.engine.template.lengths import longest, shortest_beyond
from authorizer.engine.template.loops import lengths_for_forms
from authorizer.engine.template.prepared import Prepared
from authorizer.engine.template.program import Place, Program, claims_of, joined, texts_of, variables_of
from authorizer.engine.template.run import Run, UserFacts, always, explore

MAX_PREPARED = 512
"""Most shapes kept; then all are dropped and made anew. Long lists of varying length make many shapes."""


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
        self._given = always(claims)
        self._fallbacks = {name: kind.fallback for name, kind in claims.items() if kind.fallback is not None}
        self._sources = dict(programs)
        self._variables = dict(variables)
        self._programs = {name: bind(program, variables) for name, program in programs.items()}
        self._fast = {name: joined(program) for name, program in self._programs.items()}
        self._uses = {
            name: frozenset(name for name, _ in claims_of(program))
            for name, program in self._programs.items()
        }
        self._prepared: dict[str, Prepared] = {}
        self._parts: dict[tuple[tuple[str, ...], bool], Sequence[Ways]] = {}

    @classmethod
    def compile(
        cls, sources: Mapping[str, str], *, claims: Mapping[str, ClaimType], variables: Mapping[str, str]
    ) -> Self:
        """Templates by name (without `.json.j2`), ready to render; names that begin with `_` are only for includes.

        Every branch of every template is run and judged here. Raises `TemplateInvalid` with every problem.
        """
        from authorizer.engine.template.jinja import RESERVED, Compiler  # noqa: PLC0415 - costs 23–41 ms

        twice = [f"`{name}` is a claim and a variable" for name in sorted(claims.keys() & variables.keys())]
        reserved = [f"the name `{name}` is reserved" for name in sorted(RESERVED & {*claims, *variables})]
        if twice or reserved:
            raise TemplateInvalid([*twice, *reserved])
        compiler = Compiler(sources, claims, variables.keys())
        programs = {name: compiler.compile(name) for name in sorted(sources) if not name.startswith("_")}
        if not compiler.problems:
            return cls._judged(programs, claims, variables)
        problems = compiler.problems
        try:  # those that compile have problems of their own to tell
            sound = {name: each for name, each in programs.items() if name not in compiler.broken}
            cls._judged(sound, claims, variables)
        except TemplateInvalid as error:
            problems += error.problems
        raise TemplateInvalid(problems)

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
        if problems := changed(programs, claims, variables):
            raise TemplateInvalid(problems)
        return cls._judged(programs, claims, variables)

    def dump(self, sources: Mapping[str, str]) -> str:
        """The compiled templates as text for `load`. `sources` are those that were compiled."""
        return dump_programs(self._sources, sources)

    @classmethod
    def _judged(
        cls, programs: Mapping[str, Program], claims: Mapping[str, ClaimType], variables: Mapping[str, str]
    ) -> Self:
        if problems := misdeclared(claims, variables):
            raise TemplateInvalid(problems)
        templates = cls(programs, claims, variables)
        if problems := misshapen(programs, variables, claims, templates._placeholders):
            raise TemplateInvalid(problems)
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

    def variables(self, name: str) -> Mapping[str, str]:
        """The variables of the deployment that a template mentions, with their values."""
        return {each: self._variables[each] for each in sorted(set(variables_of(self._sources[name])))}

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
        text = prepared.filled(checked)
        if len(text) > MAX_CHARACTERS:
            raise PolicyTooLarge(len(text), MAX_CHARACTERS)
        return text

    def worst_case_length(self, names: Sequence[str]) -> int:
        """Length of the longest policy that these templates can render to, in characters, found from the claim types.

        It may pass `MAX_CHARACTERS`: then some users get no policy, and the configuration should be changed. Where the
        templates are judged in parts, it is the policy of a user who goes the longest way through each.
        """
        parts = self.parts(names, full_lists=True)
        return longest(parts, lambda char: self._claims[self.origin(char)[0]].max_length)

    def shortest_beyond(
        self, names: Sequence[str], limit: int, *, on_allows: Sequence[Condition] = ()
    ) -> int | None:
        """Length of the shortest policy that these templates can render to, in characters, where every one is longer
        than `limit`; None where some user's fits, with `on_allows` added to each Allow.

        Stops at the first way that fits, which for most templates is the first at all: tests are false first. Lists
        have one to three items. None, too, where no way allows anything, and where it is too long to find out.
        """
        lengths = {name: range(1, min(3, kind.max_items) + 1) for name, kind in self._claims.items()}
        programs = [self._programs[name] for name in names]
        ways = explore(programs, self._codes, lengths, given=self._given, first=False)
        return shortest_beyond(
            ways, lambda char: self._claims[self.origin(char)[0]].language.min_length, limit, on_allows
        )

    def branches(self, names: Sequence[str]) -> Iterator[Branch]:
        """Every way in which these templates can run together, for lists of every length that matters
        (`authorizer.engine.template.loops` says which); or of `parts`, where there are more than `MAX_WHOLE`.

        Each statement that is ever rendered is in one of them, with what it takes.
        """
        for ways in self.parts(names):
            yield from ways

    def parts(self, names: Sequence[str], *, full_lists: bool = False) -> Sequence[Ways]:
        """The same by part: whatever these templates render to is one way through each part. A single part where they
        are judged whole.

        With `full_lists` also for lists of as many items as their types allow.
        """
        key = (tuple(names), full_lists)
        if key not in self._parts:
            programs = [self._programs[name] for name in names]
            lengths: dict[str, Sequence[int]] = dict(lengths_for_forms(self._claims, programs))
            if full_lists:
                lengths = {
                    name: sorted({*few, self._claims[name].max_items}) for name, few in lengths.items()
                }
            self._parts[key] = ways_of(programs, self._codes, lengths, self._given)
        return self._parts[key]

    def trace(
        self, names: Sequence[str], values: Mapping[str, ClaimValue], *, scopes: frozenset[str]
    ) -> Branch:
        """What `render` renders, as its author wrote it: statements with their Sids and places, values filled in.

        Raises `ValueRefused`, `ValueMissing` or `RenderFailed`; an empty policy is for the caller to judge.
        """
        checked = self._check(names, values)
        facts = UserFacts(checked, scopes)
        branch = branch_of({}, [Run(facts, self._codes).run(self._programs[name]) for name in names])

        def fill(text: str) -> str:
            if text.isascii():
                return text
            return "".join(self._value(char, checked) if is_placeholder(char) else char for char in text)

        statements = tuple(
            replace(
                statement,
                resources=tuple(map(fill, statement.resources)),
                not_resources=tuple(map(fill, statement.not_resources)),
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
        said = {**self._fallbacks, **values} if self._fallbacks else values
        return {name: self._claims[name].check(said[name]) for name in used if name in said}

    def _value(self, placeholder: str, checked: Mapping[str, ClaimValue]) -> str:
        claim, item = self.origin(placeholder)
        value = checked[claim]
        return as_pattern(value if isinstance(value, str) else value[item])

    def _prepare(self, symbolic: str) -> Prepared:
        prepared = Prepared.of(symbolic, self._placeholders.origin)
        if len(self._prepared) >= MAX_PREPARED:
            self._prepared.clear()
        self._prepared[symbolic] = prepared
        return prepared
