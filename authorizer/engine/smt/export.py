"""Every question of a proof, each as a file."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import Literal, Protocol, TypeAlias

from authorizer.engine.document import WITHOUT_RESOURCE_LEVEL, Sharing, Statement
from authorizer.engine.language import PATTERN, ClaimType, Placeholders
from authorizer.engine.smt.script import Held, LeftOut, Script, Way
from authorizer.engine.smt.spared import Spared
from authorizer.engine.smt.tags import with_tags
from authorizer.engine.smt.terms import Wild, holes_of, parts_of
from authorizer.engine.template import TemplateSet

Tags: TypeAlias = Mapping[str, str]
"""Condition key, `aws:PrincipalTag/tenant` → the claim that is its value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One question."""

    name: str
    """The file's."""
    text: str
    kind: Literal["exact", "partial", "not expressed"]
    """`partial`: `unsat` is a proof, and `sat` says nothing. `not expressed`: there are comments alone."""
    subjects: tuple[str, ...]
    """The proofs that it is a part of: `policy s3-home`, `role editor`."""


class Promised(Protocol):
    """What a template promises, as `authorizer.engine.prove.Promise` has it."""

    @property
    def isolates(self) -> Sequence[str]: ...

    @property
    def shared(self) -> Sequence[Sharing]: ...


_Side: TypeAlias = tuple[str, Statement, tuple[Statement, ...], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    claim: str
    one: Held
    other: Held


def export(
    templates: TemplateSet,
    *,
    subjects: Mapping[str, Sequence[str]],
    promises: Mapping[str, Promised],
    claims: Mapping[str, ClaimType],
    tags: Mapping[str, Mapping[str, Tags]] = MappingProxyType({}),
    beyond: Sequence[str] = (),
) -> list[Exported]:
    """Every pair of statements that the proofs of `subjects` compare, each once, whatever number of proofs it is a part
    of.

    `subjects` are templates by the name of the proof that is about them, `tags` what every session with them has there;
    `beyond` are proofs that ask something else: each of these becomes a file of comments.
    """
    known: dict[tuple[str, frozenset[tuple[str, str]]], list[Held]] = {}
    asked: dict[tuple[str, frozenset[_Side]], tuple[_Question, list[str]]] = {}
    for subject, names in subjects.items():
        held = {}
        for name in names:
            of_it = tags.get(subject, {}).get(name, {})
            key = name, frozenset(of_it.items())
            if key not in known:
                known[key] = _held(templates, name, of_it)
            held[name] = known[key]
        for question in _questions(names, promises, held):
            sides = frozenset(
                (each.template, each.statement, each.denies, each.tags)
                for each in (question.one, question.other)
            )
            _, of = asked.setdefault((question.claim, sides), (question, []))
            if subject not in of:
                of.append(subject)
    width = max(4, len(str(len(asked) + len(beyond))))
    writer = _Writer(templates, promises, claims)
    found = [
        writer.exported(f"{number:0{width}d}", question, tuple(of))
        for number, (question, of) in enumerate(asked.values(), start=1)
    ]
    return [
        *found,
        *(_beyond(f"{len(found) + at:0{width}d}", each) for at, each in enumerate(beyond, start=1)),
    ]


def _held(templates: TemplateSet, name: str, tags: Tags) -> list[Held]:
    """Every Allow statement that the template may render to, each once for what is denied beside it."""
    codes = Placeholders(templates.claims).codes
    holes = {key.lower(): chr(codes[claim]) for key, claim in tags.items()}
    ways: dict[tuple[Statement, tuple[Statement, ...]], list[Way]] = {}
    places: dict[Statement, str] = {}
    for branch in templates.branches([name]):
        statements = [with_tags(each, holes) for each in branch.document.statements]
        denies = tuple(replace(each, sid=None) for each in statements if each.effect == "Deny")
        for place, statement in zip(branch.places, statements, strict=True):
            if statement.effect == "Allow":
                places.setdefault(statement, place.describe())
                ways.setdefault((statement, denies), []).append(branch.chosen)
    return [
        Held(
            template=name,
            statement=statement,
            place=places[statement],
            ways=found,
            denies=denies,
            tags=frozenset(tags.values()),
        )
        for (statement, denies), found in ways.items()
    ]


def _questions(
    names: Sequence[str], promises: Mapping[str, Promised], held: Mapping[str, Sequence[Held]]
) -> Iterator[_Question]:
    """What a template gives one user against what any template of `names` may give another."""
    for name in names:
        for claim, other in product(promises[name].isolates, names):
            for at, one in enumerate(held[name]):
                for another in held[other][at:] if other == name else held[other]:
                    yield _Question(claim=claim, one=one, other=another)


@dataclass(frozen=True, slots=True)
class _Writer:
    """From a question to its file."""

    templates: TemplateSet
    promises: Mapping[str, Promised]
    claims: Mapping[str, ClaimType]

    def exported(self, number: str, question: _Question, of: tuple[str, ...]) -> Exported:
        one, other = question.one, question.other
        places = (held.place.replace(".json.j2:", "-") for held in (one, other))
        script = self._script(question, left_out := self._left_out(question))
        notes = [f"Left out: {each}." for each in script.left_out]
        if left_out:
            notes.append(f"Not asked, because declared common to all: {len(left_out)} pairs of resources.")
        return Exported(
            name=file_name("-".join((number, question.claim, *places))),
            text=_head(question, of, notes) + script.text(),
            kind="partial" if script.left_out else "exact",
            subjects=of,
        )

    def _script(self, question: _Question, left_out: LeftOut) -> Script:
        script = Script(claims=self.claims, origin=self.templates.origin)
        script.differ(question.claim)
        for user, held in (("one", question.one), ("other", question.other)):
            script.comes_by(user, held)
            script.conditions(user, held)
            Spared(script, user, held.statement).say(held.denies)
        script.same_service(question.one.statement, question.other.statement)
        script.same_resource(question.one.statement, question.other.statement, left_out)
        return script

    def _left_out(self, question: _Question) -> LeftOut:
        """The pairs of resources that are not asked about, by their numbers."""
        one, other = question.one, question.other
        own = frozenset((question.claim,)).union(
            *(self.promises[held.template].isolates for held in (one, other))
        )
        mine, theirs = (self._declared(held, own) for held in (one, other))
        return {
            (number, at)
            for number, resource in enumerate(one.statement.resources)
            for at, another in enumerate(other.statement.resources)
            if (number in mine and self._gives_way(one, other, another, own))
            or (at in theirs and self._gives_way(other, one, resource, own))
        }

    def _declared(self, held: Held, own: frozenset[str]) -> frozenset[int]:
        """Which resources of the statement a declaration makes common to all."""
        statement = held.statement
        return frozenset(
            number
            for number, resource in enumerate(statement.resources)
            for row in self.promises[held.template].shared
            if row.statement == statement.sid
            and not self._is_own(statement, resource, own)
            and all(
                _is_among(each.lower(), [one.lower() for one in row.actions]) for each in statement.actions
            )
            and _is_among(resource, row.resources)
        )

    def _gives_way(self, shared: Held, other: Held, resource: str, own: frozenset[str]) -> bool:
        """Whether what is shared is left out beside this resource of another statement: not where that is one user's
        own, unless what is shared reaches nothing that has a name."""
        if WITHOUT_RESOURCE_LEVEL.issuperset(map(str.lower, shared.statement.actions)):
            return True
        return not self._is_own(other.statement, resource, own)

    def _is_own(self, statement: Statement, resource: str, own: frozenset[str]) -> bool:
        texts = (resource, *(value for condition in statement.conditions for value in condition.values))
        return any(self.templates.origin(char)[0] in own for text in texts for char in holes_of(text))


def _beyond(number: str, subject: str) -> Exported:
    lines = [
        f"{subject}",
        "NOT EXPRESSED: this proof compares users whose issuers differ, or sets of statements of one user; it is no",
        "question about a pair of statements and one claim.",
    ]
    return Exported(
        name=file_name(f"{number}-{subject}"), text=comments(lines), kind="not expressed", subjects=(subject,)
    )


def _head(question: _Question, of: Sequence[str], notes: Sequence[str]) -> str:
    one, other = question.one, question.other
    shown = [
        f"{who}: statement {held.statement.sid or 'without a Sid'} at {held.place}, on {_shown(held.statement)}"
        for who, held in (("one", one), ("other", other))
    ]
    return comments(
        [
            f"May two users whose `{question.claim}` differs touch the same thing, each by one of these statements?",
            *shown,
            "unsat: no, whatever their claims. sat: yes, and the model shows whom and what.",
            f"A part of: {', '.join(of)}.",
            *notes,
        ]
    )


def _shown(statement: Statement) -> str:
    return re.sub(PATTERN, "<claim>", ", ".join(statement.resources))


def file_name(text: str) -> str:
    """A name for a question's file, on every system."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)[:120] + ".smt2"


def comments(lines: Sequence[str]) -> str:
    """Comments, each on its own lines: nothing that a template's author wrote can end one."""
    plain = (re.sub(r"[^\x20-\x7e\xa1-ÿ]", "_", line) for line in lines)
    return "".join(f"; {line}\n" for line in plain)


def _is_among(pattern: str, others: Sequence[str]) -> bool:
    """Whether one of the patterns says all that this one does: the same text, with a wildcard for any part of it."""
    forms = {Wild.MANY: ".*", Wild.ONE: r"[^*]"}
    return any(
        re.fullmatch(
            "".join(
                forms[part] if isinstance(part, Wild) else re.escape(part)
                for part in parts_of(other, wildcards=True)
            ),
            pattern,
            re.DOTALL,
        )
        for other in others
    )
