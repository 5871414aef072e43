"""One question as a script: may two users whose claim differs touch the same thing by these two statements?

Everything that a script says of the users and of the request is true of every such pair, so that `unsat` is a proof.
What it leaves out stands in its head; where it leaves nothing out, `sat` is a leak.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from authorizer.engine.document import INSIDE, Inside, Statement, parse_operator
from authorizer.engine.language import PATTERN, ClaimType, Language, Segment, is_placeholder
from authorizer.engine.smt.keys import begins_at, binds
from authorizer.engine.smt.terms import (
    Part,
    Wild,
    both,
    concat,
    either,
    has_variable,
    holes_of,
    is_long,
    is_one_bound,
    longest,
    parts_of,
    regex,
    segment_regex,
    sequence_regex,
    string,
    union,
)
from authorizer.engine.template import Atom, Equals, InScopes, IsDefined

MAX_WAYS: Final = 64
"""Most ways of coming by a statement that are written out; of more than that none is."""

Way: TypeAlias = Mapping[Atom, bool | int]
Origin: TypeAlias = Callable[[str], tuple[str, int]]
LeftOut: TypeAlias = Collection[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An Allow statement that a template may render to, and how users come by it."""

    template: str
    statement: Statement
    """With placeholders."""
    place: str
    """`s3-home.json.j2:4`"""
    ways: Sequence[Way]
    denies: tuple[Statement, ...]
    """What is denied on each of these ways."""
    tags: frozenset[str]
    """The claims that are session tags of every session with the template."""


@dataclass(slots=True)
class Script:
    """A script in the making."""

    claims: Mapping[str, ClaimType]
    origin: Origin
    declared: dict[str, str] = field(default_factory=dict)
    """Constant → its sort."""
    asserted: list[str] = field(default_factory=list)
    left_out: dict[str, None] = field(default_factory=dict)
    """What is not said, in words."""

    def touched(self, key: str) -> str:
        """The constant for the value of a condition key that says what is touched."""
        return self.constant(f"|{_name(key.lower())}|")

    def constant(self, name: str, sort: str = "String") -> str:
        self.declared.setdefault(name, sort)
        return name

    def fresh(self, sort: str = "String") -> str:
        return self.constant(f"f{len(self.declared)}", sort)

    def say(self, term: str) -> None:
        self.asserted.append(term)

    def text(self) -> str:
        """All of it, for a solver."""
        lines = [
            "(set-info :smt-lib-version 2.6)",
            "(set-option :produce-models true)",
            "(set-logic QF_SLIA)",
            *(f"(declare-const {name} {sort})" for name, sort in self.declared.items()),
            *(f"(assert {term})" for term in self.asserted),
            "(check-sat)",
        ]
        return "\n".join(lines) + "\n"

    # ── Users ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def value(self, user: str, claim: str, item: int = 0) -> str:
        """The constant for what a user has as a claim, held to the claim's type the first time."""
        name = f"|{user}: {_name(claim)}" + (f"[{item}]|" if self.claims[claim].is_list else "|")
        if name not in self.declared:
            self.constant(name)
            self.say(self._typed(name, self.claims[claim].language))
        return name

    def has(self, user: str, claim: str) -> str:
        return self.constant(f"|{user} has {_name(claim)}|", "Bool")

    def differ(self, claim: str) -> None:
        """The two users differ in the claim: in its value, or one of them has none, or one says what the other has
        because their token says nothing."""
        one, other = self.has("one", claim), self.has("other", claim)
        if self.claims[claim].is_list:
            self.left_out[f"that the two lists of `{claim}` differ"] = None
            return
        values = f"(not (= {self.value('one', claim)} {self.value('other', claim)}))"
        kind = self.claims[claim]
        if kind.fallback is not None and kind.sayable:
            same = " ".join(
                f"(= {self.value(user, claim)} {string(kind.fallback)})" for user in ("one", "other")
            )
            values = f"(or {values} (and {same}))"
        self.say(f"(or (not (= {one} {other})) (and {one} {other} {values}))")

    def comes_by(self, user: str, held: Held) -> None:
        """The user goes one of the ways that lead to the statement, and has the claims that it mentions."""
        mentioned = {self.origin(char)[0] for each in (held.statement, *held.denies) for char in _holes(each)}
        for claim in sorted(mentioned | held.tags):
            self.say(self.has(user, claim))
        if len(held.ways) > MAX_WAYS:
            self.left_out[
                f"how a user comes by the statement at {held.place}: there are {len(held.ways)} ways"
            ] = None
            return
        ways = [both([*self._facts(user, way)]) for way in held.ways]
        if "true" not in ways:
            self.say(either(list(dict.fromkeys(ways))))

    def _facts(self, user: str, way: Way) -> Iterator[str]:
        for atom, chosen in way.items():
            if isinstance(atom, IsDefined):
                fact = self.has(user, atom.claim)
            elif isinstance(atom, Equals):
                fact = f"(= {self.value(user, atom.claim)} {string(atom.value)})"
            elif isinstance(atom, InScopes):
                fact = self.constant(f"|{user} has the scope {_name(atom.scope)}|", "Bool")
            else:
                self.left_out["what a template asks of a list, whose items are not told apart here"] = None
                continue
            yield fact if chosen else f"(not {fact})"

    def _typed(self, name: str, language: Language) -> str:
        if is_one_bound(language):
            regular = union([sequence_regex(sequence) for sequence in language.alternatives])
            ends = {longest(each) for each in language.alternatives if any(map(is_long, each))}
            return both([f"(str.in_re {name} {regular})", *(f"(<= (str.len {name}) {end})" for end in ends)])
        return either([self._chained(name, sequence) for sequence in language.alternatives])

    def _chained(self, name: str, segments: Sequence[Segment]) -> str:
        """The text as one piece after the other, each long one with its own bound."""
        pieces, terms = [], []
        for segment in segments:
            piece = self.fresh()
            pieces.append(piece)
            terms.append(f"(str.in_re {piece} {segment_regex(segment)})")
            if is_long(segment):
                terms.append(f"(<= (str.len {piece}) {segment.max})")
        return both([f"(= {name} {concat(pieces, 'str.++', string(''))})", *terms])

    # ── Requests ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def matches(
        self, target: str, user: str, pattern: str, *, wildcards: bool = True, folded: bool = False
    ) -> str:
        """That `target` matches a pattern with this user's claims in it."""
        if has_variable(pattern):
            self.left_out["what a policy variable stands for: it may be any text here"] = None
        return self._matches(target, user, parts_of(pattern, wildcards=wildcards), folded=folded)

    def begins(self, target: str, user: str, pattern: str, *, wildcards: bool, folded: bool) -> str:
        """That `target` begins with a text that matches it."""
        parts = [*parts_of(pattern, wildcards=wildcards), Wild.MANY]
        return self._matches(target, user, parts, folded=folded)

    def text_of(self, user: str, parts: Sequence[Part]) -> str:
        """A text without wildcards, with this user's claims in it."""
        pieces: list[str] = []
        for run in _runs(parts):
            if isinstance(run, str):
                pieces.append(self.value(user, *self.origin(run)))
            else:
                pieces += [string(piece) for piece in run if isinstance(piece, str)]
        return concat(pieces, "str.++", string(""))

    def _matches(self, target: str, user: str, parts: Sequence[Part], *, folded: bool) -> str:
        pieces: list[str] = []
        terms: list[str] = []
        runs = _runs(parts)
        for part in runs:
            if isinstance(part, str):
                pieces.append(self._hole(user, part, terms, folded=folded))
                continue
            if len(runs) == 1 or folded:
                pieces.append(target if len(runs) == 1 else self.fresh())
                terms.append(f"(str.in_re {pieces[-1]} {regex(part, folded=folded)})")
                continue
            # Beside a claim a wildcard is a text of its own: solvers are quicker with that than with an expression.
            for piece in part:
                pieces.append(string(piece) if isinstance(piece, str) else self.fresh())
                terms += [f"(= (str.len {pieces[-1]}) 1)"] if piece is Wild.ONE else []
        if pieces == [target]:
            return both(terms)
        return both([f"(= {target} {concat(pieces, 'str.++', string(''))})", *terms])

    def _hole(self, user: str, char: str, terms: list[str], *, folded: bool) -> str:
        claim, item = self.origin(char)
        value = self.value(user, claim, item)
        letters = {
            char
            for sequence in self.claims[claim].language.alternatives
            for segment in sequence
            for char in segment.chars
            if char.lower() != char.upper()
        }
        if not folded or not letters:
            return value
        self.left_out[f"that a value of `{claim}` is the same text in another case"] = None
        piece = self.fresh()
        terms.append(f"(= (str.len {piece}) (str.len {value}))")
        return piece

    def same_service(self, one: Statement, other: Statement) -> None:
        """The two requests go to one service."""
        target = self.constant("service")
        for statement in (one, other):
            services = {action.lower().partition(":")[0] for action in statement.actions}
            self.say(either([self.matches(target, "one", service) for service in sorted(services)]))

    def same_resource(self, one: Statement, other: Statement, left_out: LeftOut) -> None:
        """The two requests are about one resource, or about what lies inside of it; a pair that is `left_out` does not
        count."""
        target = self.constant("resource")
        rows = [row for row in INSIDE if _may_lie_inside(row, one, other)]
        named = [self._inside(target, user, rows) if rows else target for user in ("one", "other")]
        mine = [self.matches(named[0], "one", whole(text)) for text in one.resources]
        theirs = [self.matches(named[1], "other", whole(text)) for text in other.resources]
        if not left_out:
            self.say(either(mine))
            self.say(either(theirs))
            return
        self.say(
            either(
                [
                    f"(and {left} {right})"
                    for number, left in enumerate(mine)
                    for other_number, right in enumerate(theirs)
                    if (number, other_number) not in left_out
                ]
            )
        )

    def _inside(self, target: str, user: str, rows: Sequence[Inside]) -> str:
        """The constant for what a user's request names: `target`, or something inside of it."""
        named, behind = self.constant(f"|resource of {user}|"), self.fresh()
        self.say(f"(= {named} (str.++ {target} {behind}))")
        ways = [f"(= {behind} {string('')})"]
        for row in rows:
            head = parts_of(f"arn:*:{row.service}:*:*:{row.whole}*", wildcards=True)
            tail = parts_of(f"{row.tail}*", wildcards=True)
            ways.append(
                f"(and (str.in_re {target} {regex(head, folded=False)}) "
                f"(str.in_re {behind} {regex(tail, folded=False)}))"
            )
        self.say(either(ways))
        return named

    def conditions(self, user: str, held: Held) -> None:
        """What the conditions of the statement say of what is touched."""
        statement = held.statement
        for condition in statement.conditions:
            operator = parse_operator(condition.operator)
            key = condition.key.lower()
            begins = begins_at(key)
            if operator is not None and operator.kind == "null" and set(condition.values) == {"false"}:
                continue  # a request with the key passes
            if begins is None or operator is None:
                self.left_out[f"`{condition.key}`: it says who asks and how, not what is touched"] = None
            elif not binds(statement, condition, operator):
                self.left_out[
                    f"`{condition.operator}` on `{condition.key}`: some requests pass it with any value"
                ] = None
            else:
                target = self.touched(key)
                matches = self.begins if begins else self.matches
                self.say(
                    either(
                        [
                            matches(
                                target,
                                user,
                                text,
                                wildcards=operator.takes_wildcards,
                                folded=operator.folds_case,
                            )
                            for text in condition.values
                        ]
                    )
                )


def _may_lie_inside(row: Inside, one: Statement, other: Statement) -> bool:
    """Whether both are about its service, and one of them may name what lies inside something."""
    fields = [[text.split(":", 5) for text in each.resources] for each in (one, other)]
    of_both = all(any(each[2:3] == [row.service] for each in side) for side in fields)
    names = (each[5] for side in fields for each in side if len(each) > 5)
    return of_both and any(name.count("/") > 1 or re.search(r"[*?$]", name) for name in names)


def whole(resource: str) -> str:
    """A Resource with the fields that it leaves out: IAM takes any there."""
    missing = 5 - resource.count(":")
    return resource if resource == "*" or missing <= 0 else resource + ":*" * missing


def _runs(parts: Sequence[Part]) -> list[str | list[Part]]:
    """Placeholders one by one, and what stands between them."""
    runs: list[str | list[Part]] = []
    for part in parts:
        pieces = re.split(f"({PATTERN})", part) if isinstance(part, str) else [part]
        for piece in pieces:
            if isinstance(piece, str) and piece and is_placeholder(piece[0]):
                runs.append(piece)
            elif piece != "" and runs and isinstance(runs[-1], list):
                runs[-1].append(piece)
            elif piece != "":
                runs.append([piece])
    return runs


def _holes(statement: Statement) -> Iterator[str]:
    resources = (*statement.resources, *statement.not_resources)
    for text in (*resources, *(text for each in statement.conditions for text in each.values)):
        yield from holes_of(text)


def _name(text: str) -> str:
    """A text inside a quoted symbol, which may hold neither `|` nor a backslash (SMT-LIB 2.6, §3.1)."""
    return re.sub(r"[|\\\x00-\x1f\x7f-\U0010ffff]", "_", text)
