"""Is a new set of policies no wider than the old one? If it is wider: who may now do what they could not before.

Both sets speak about the same user. Every way through both sets of templates together is explored, so that a scope, a
claim that is absent or a list's length means the same on both sides, and with lists as long as can make a difference
(`authorizer.engine.template.loops`). A user for whom the old set renders no policy, because of a claim that is absent
or a list that is now a text, could do nothing before. Users whom the old set failed otherwise are not compared: those
whose policy was longer than STS takes, and those with a malformed claim that the new set does not look at any more.

NO WIDER is proven by containment of what each way renders to; WIDER needs a request that the new policy allows and the
old one does not, both really rendered; anything between is UNKNOWN.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal, TypeAlias

from authorizer.engine.document import Condition, Document, Statement, parse_session
from authorizer.engine.evaluate import evaluate
from authorizer.engine.language import ClaimType, EngineError, Placeholders, ValueMissing, is_placeholder
from authorizer.engine.prove.containment import Excess, find_excess
from authorizer.engine.prove.solve import meet, requests_for
from authorizer.engine.prove.symbolic import SymbolicStatement, read_statement
from authorizer.engine.prove.users import Way, fill_in, find_user, placeholders_of
from authorizer.engine.prove.witness import Party, samples
from authorizer.engine.template import (
    Atom,
    Choices,
    Equals,
    InScopes,
    IsDefined,
    Program,
    Run,
    TemplateSet,
    examine_symbolic,
    lengths_to_compare,
)

Verdict: TypeAlias = Literal["NO WIDER", "WIDER", "UNKNOWN"]
MAX_WAYS: Final = 4096
"""Most ways through both sets that are explored; beyond them the verdict is UNKNOWN."""
MAX_ATTEMPTS: Final = 400
"""Most requests tried to show that the new set is wider."""


NOTHING: Final = Document(statements=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two sets: what a role's session policy is rendered from."""

    templates: TemplateSet
    names: tuple[str, ...]
    sources: Mapping[str, str] = field(default_factory=dict)
    """By name in templates, where the token has each claim: another source may mean other values."""

    @property
    def programs(self) -> tuple[Program, ...]:
        return tuple(map(self.templates.program, self.names))

    @property
    def claims(self) -> Mapping[str, ClaimType]:
        """The claims that it looks at."""
        uses = frozenset[str]().union(*map(self.templates.uses, self.names))
        return {name: kind for name, kind in self.templates.claims.items() if name in uses}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that a role gained or lost."""

    action: str
    resource: str
    """Claims as in templates: `{{ tenant }}`."""
    conditions: tuple[str, ...]
    users: tuple[str, ...]
    """For which users, in words; empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDiff:
    """What became of one role."""

    role: str
    verdict: Verdict
    reason: str
    gained: tuple[Change, ...]
    lost: tuple[Change, ...]
    witness: Party | None
    """Who may now do what they could not before."""


def diff_role(role: str, *, old: Side | None, new: Side | None) -> RoleDiff:
    """Compare what a role's session policies allow. A side is None where the role does not exist."""
    return _Diff(role, old, new).result()


class _Diff:
    def __init__(self, role: str, old: Side | None, new: Side | None) -> None:
        self._role, self._old, self._new = role, old, new
        before, now = old.claims if old else {}, new.claims if new else {}
        self._claims: dict[str, ClaimType] = {
            **(old.templates.claims if old else {}),
            **(new.templates.claims if new else {}),
            **before,
            **now,
        }
        """What a claim is: to the new set if that looks at it, else to the old one."""
        self._refused_before = [
            name for name in now if name in before and before[name].is_list != now[name].is_list
        ]
        """What the old set refused as no list, or as no text, whatever it was."""
        self._placeholders = Placeholders(self._claims)
        self._lengths = lengths_to_compare(
            self._claims, old.programs if old else (), new.programs if new else ()
        )

    def result(self) -> RoleDiff:
        ways = list(islice(self._ways(), MAX_WAYS + 1))
        gained = [(way, excess) for way, old, new in ways for excess in self._excess(new, old)]
        lost = [(way, excess) for way, old, new in ways for excess in self._excess(old, new)]
        doubts = self._doubts(len(ways))
        witness = self._witness(gained, ways) if gained or doubts else None
        if witness is not None:
            verdict: Verdict = "WIDER"
            reason = "the new policy allows a request that the old one did not"
        elif gained:
            verdict, reason = (
                "UNKNOWN",
                "not shown to be contained, and no request found that only the new one allows",
            )
        elif doubts:
            verdict, reason = "UNKNOWN", "; ".join(doubts)
        else:
            verdict, reason = "NO WIDER", "whatever the new policy allows, the old one did"
        return RoleDiff(
            role=self._role,
            verdict=verdict,
            reason=reason,
            gained=self._changes(gained, ways),
            lost=self._changes(lost, ways),
            witness=witness,
        )

    def _ways(self) -> Iterator[tuple[Way, Document, Document]]:
        """Every way that renders a policy on at least one side: what was chosen, and what each side renders to."""
        todo: list[dict[Atom, bool | int]] = [{}]
        while todo:
            choices = _Choices(todo.pop(), self._lengths)
            new = self._render(self._new, choices)
            refused = any(choices.holds(IsDefined(name)) for name in self._refused_before)
            old = NOTHING if refused else self._render(self._old, choices)
            todo += choices.untried
            if old.statements or new.statements:
                yield dict(choices.made), old, new

    def _render(self, side: Side | None, choices: "_Choices") -> Document:
        """Both sides' programs ask the same choices; a side without a policy for this user allows nothing."""
        if side is None:
            return NOTHING
        statements: list[Statement] = []
        try:
            for program in side.programs:
                document, _ = examine_symbolic(Run(choices, self._placeholders.codes).run(program).text)
                statements += document.statements
        except ValueMissing:
            return NOTHING
        return Document(statements=tuple(statements))

    def _excess(self, policy: Document, other: Document) -> tuple[Excess, ...]:
        return find_excess(policy, other, read=self._read)

    def _read(self, statement: Statement) -> SymbolicStatement:
        holes = {char: self._placeholders.origin(char)[0] for char in placeholders_of(statement)}
        return read_statement(statement, holes=holes, claims=self._claims, isolates=None)

    def _doubts(self, ways: int) -> list[str]:
        """What containment of documents does not see."""
        doubts = [f"more than {MAX_WAYS} ways to compare"] if ways > MAX_WAYS else []
        if self._old is not None and self._new is not None:
            used, old = self._new.claims, self._old.templates.claims
            doubts += [
                f"claim `{name}` takes values that its type refused before"
                for name in sorted(used.keys() & old.keys())
                if not _is_within(used[name], old[name])
            ]
            doubts += [
                f"claim `{name}` is read from `{source}`, and was from `{self._old.sources[name]}`"
                for name, source in self._new.sources.items()
                if name in used and self._old.sources.get(name, source) != source
            ]
        return doubts

    def _witness(
        self, gained: Sequence[tuple[Way, Excess]], ways: Sequence[tuple[Way, Document, Document]]
    ) -> Party | None:
        # A claim's wider type is a gain of everything, for users with a value that the old type refused.
        everything = [(way, Excess(statement=each)) for way, _, new in ways for each in new.statements]
        documents = {id(way): old for way, old, _ in ways}
        parties = (
            party
            for way, excess in [*gained, *everything]
            for party in self._parties(way, excess, documents[id(way)])
        )
        return next(filter(self._is_new, islice(parties, MAX_ATTEMPTS)), None)

    def _parties(self, way: Way, excess: Excess, old: Document) -> Iterator[Party]:
        origin = self._placeholders.origin
        items = dict(map(origin, placeholders_of(excess.statement)))
        for texts in self._texts():
            user = find_user(self._claims, way, texts, items)
            if user is None:
                continue
            values, scopes = user
            mine = fill_in(excess.statement, values, origin)
            if excess.lifted is not None:
                both = meet(mine, fill_in(excess.lifted, values, origin))
                requests = iter(both[:1] if both else ())
            else:
                others = [fill_in(each, values, origin) for each in old.statements]
                requests = requests_for(mine, unlike=others)
            for request in requests:
                yield Party(claims=values, scopes=scopes, request=request)

    def _texts(self) -> Iterator[dict[str, str]]:
        """Nothing in particular, then for each claim whose type changed a value that the old type refused."""
        yield {}
        if self._old is None or self._new is None:
            return
        for name, kind in self._new.templates.claims.items():
            before = self._old.templates.claims.get(name)
            if before is not None and not _is_within(kind, before):
                longest = "".join(next(iter(sorted(s.chars))) * s.max for s in kind.language.alternatives[0])
                yield from ({name: text} for text in (*samples(kind.language), longest))

    def _is_new(self, party: Party) -> bool:
        return self._allowed(self._new, party) and not self._allowed(self._old, party)

    def _allowed(self, side: Side | None, party: Party) -> bool:
        if side is None:
            return False
        try:
            session = parse_session(side.templates.render(side.names, party.claims, scopes=party.scopes))
        except EngineError:
            return False  # this user gets no policy, and so no credentials
        return evaluate(identity=None, session=session, boundary=None, request=party.request).allowed

    def _changes(
        self, found: Iterable[tuple[Way, Excess]], ways: Sequence[tuple[Way, Document, Document]]
    ) -> tuple[Change, ...]:
        users: dict[tuple[str, str, tuple[str, ...]], list[Way]] = {}
        for way, excess in found:
            statement = excess.statement
            conditions = [*statement.conditions, *(excess.lifted.conditions if excess.lifted else ())]
            key = (
                ", ".join(statement.actions),
                ", ".join(map(self._show, statement.resources)),
                tuple(self._describe(condition) for condition in conditions),
            )
            users.setdefault(key, []).append(way)
        return tuple(
            Change(
                action=action,
                resource=resource,
                conditions=conditions,
                users=() if len(found_on) == len(ways) else tuple(sorted(set(map(_in_words, found_on)))),
            )
            for (action, resource, conditions), found_on in users.items()
        )

    def _describe(self, condition: Condition) -> str:
        values = " or ".join(repr(self._show(value)) for value in condition.values)
        return f"{condition.operator} {condition.key} {values}"

    def _show(self, text: str) -> str:
        return "".join(
            f"{{{{ {self._placeholders.origin(char)[0]} }}}}" if is_placeholder(char) else char
            for char in text
        )


@dataclass(slots=True)
class _Choices(Choices):
    """Choices of which a claim's absence is one: the other side may not need it."""

    def need(self, claim: str) -> None:  # type: ignore[explicit-override]  # `typing.override` came with 3.12
        if not self._choose(IsDefined(claim), (True, False)):
            raise ValueMissing(claim)


def _is_within(narrow: ClaimType, wide: ClaimType) -> bool:
    """Whether every value of the one type is a value of the other; never wrongly True."""
    if narrow.is_list != wide.is_list or narrow.max_items > wide.max_items:
        return False
    return all(
        any(
            len(one) == len(other)
            and all(
                mine.chars <= theirs.chars and mine.min >= theirs.min and mine.max <= theirs.max
                for mine, theirs in zip(one, other, strict=True)
            )
            for other in wide.language.alternatives
        )
        for one in narrow.language.alternatives
    )


def _in_words(way: Way) -> str:
    """Which users go this way: `with scope data:write, without tenant`."""
    words = []
    for atom, chosen in way.items():
        if isinstance(atom, InScopes):
            words.append(f"{'with' if chosen else 'without'} scope {atom.scope}")
        elif isinstance(atom, IsDefined):
            words += [] if chosen else [f"without {atom.claim}"]
        elif isinstance(atom, Equals):
            words.append(f"{atom.claim} {'is' if chosen else 'is not'} {atom.value}")
    return ", ".join(words) or "others"
