"""Who may make one request: read the other way round, from what is asked for to everybody who may.

A request names one action and one resource, so that a claim in a pattern can only hold a part of that name: each
Allow of each way through the templates says of its holes what they must be, or does not match. What it asks besides, of
the request (`s3:prefix`) or of the user (a session tag), is left over as a condition. A Deny that may apply is an
exception. `authorizer.engine.prove.answers` joins what is found here: whoever it describes may make the request, and
nobody else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from authorizer.engine.document import Condition, Statement
from authorizer.engine.evaluate import (
    Parts,
    Variable,
    Wild,
    judge,
    known_operator,
    parse_pattern,
    parse_resource,
)
from authorizer.engine.language import Language, Placeholders, is_placeholder
from authorizer.engine.prove.fits import Filling, Part, TooManyFillings, fillings
from authorizer.engine.prove.found import (
    Asked,
    Found,
    Spared,
    Undecided,
    acts,
    agree,
    filled,
    literals,
    pieces,
    taken_apart,
)
from authorizer.engine.template import (
    Atom,
    Branch,
    Contains,
    Equals,
    InScopes,
    IsDefined,
    TemplateSet,
    VariableIs,
)

MAX_WAYS: Final = 4096
"""Most ways through a role's templates that are looked at."""


def find_allowing(templates: TemplateSet, names: Sequence[str], asked: Asked) -> list[Found]:
    """All that `names`, joined, allow of the request, to anybody. Raises `Undecided`.

    A user for whom they render nothing, or no Allow, has no session and may nothing.
    """
    reader = _Reader(templates, asked)
    try:
        return [found for branch in ways_of(templates, names) for found in reader.branch(branch)]
    except TooManyFillings:
        raise Undecided(
            f"{asked.resource} fits a pattern with several claims in more ways than are followed"
        ) from None


def ways_of(templates: TemplateSet, names: Sequence[str]) -> list[Branch]:
    """Every way through the templates. Raises `Undecided` where there are too many."""
    branches = list(islice(templates.branches(names), MAX_WAYS + 1))
    if len(branches) > MAX_WAYS:
        raise Undecided(f"there are more than {MAX_WAYS} ways through the templates {', '.join(names)}")
    return branches


class _Reader:
    def __init__(self, templates: TemplateSet, asked: Asked) -> None:
        self._templates, self._asked = templates, asked
        self._holes = {name: chr(code) for name, code in Placeholders(templates.claims).codes.items()}
        """Claim → its placeholder; of a list, its first item's."""

    def branch(self, branch: Branch) -> Iterator[Found]:
        said = frozenset(
            (self._holes[atom.claim], atom.value)
            for atom, chosen in branch.chosen.items()
            if isinstance(atom, Equals) and chosen
        )
        acting = [
            (statement, place)
            for statement, place in zip(branch.document.statements, branch.places, strict=True)
            if acts(statement, self._asked.action)
        ]
        denies = [statement for statement, _ in acting if statement.effect != "Allow"]
        for statement, place in acting:
            if statement.effect != "Allow":
                continue
            found = [
                Found(
                    way=branch.chosen,
                    values=values,
                    conditions=conditions,
                    but=(),
                    place=place,
                    statement=statement,
                )
                for filling in self._resources(statement)
                for values, conditions in self._settled(filling | said, statement.conditions)
            ]
            for deny in denies:
                found = [left for each in found for left in self._spared(each, deny)]
            yield from filter(None, map(self._sorted_out, found))

    def _resources(self, statement: Statement) -> set[Filling]:
        """What the claims, and keys of the request, must be for one of the listed resources to match."""
        listed = statement.resources or statement.not_resources
        return {filling for text in listed for filling in self._fillings(text)}

    def _fillings(self, text: str) -> set[Filling]:
        known: list[str | Wild | Variable] = []
        for part in self._with_claims(parse_resource(text)):
            given = self._asked.context.get(part.key) if isinstance(part, Variable) else None
            if not isinstance(part, Variable):
                known.append(part)
            elif given is None and part.default is not None:
                raise Undecided(f"a resource has a default for {part.key}: say what the request's is")
            elif given is None:
                known.append(part)
            elif len(given) != 1 and part.default is None:
                return set()
            else:
                known.append(given[0] if len(given) == 1 else str(part.default))
        parts, languages = self._opened(known)
        return fillings(parts, self._asked.resource, languages)

    def _opened(
        self, pattern: Iterable[str | Wild | Variable]
    ) -> tuple[list[Part], dict[str, Language | None]]:
        """The pattern with a hole for each claim, and for each variable."""
        languages: dict[str, Language | None] = {}
        parts: list[Part] = []
        for part in pattern:
            if isinstance(part, Variable):
                languages[part.key] = None
                parts.append((part.key,))
            elif not isinstance(part, str):
                parts.append(part)
            else:
                for piece in pieces(part):
                    if is_placeholder(piece):
                        languages[piece] = self._templates.claims[self._templates.origin(piece)[0]].language
                        parts.append((piece,))
                    else:
                        parts.append(piece)
        return parts, languages

    def _with_claims(self, parts: Parts) -> Iterator[str | Wild | Variable]:
        """Session tags are claims."""
        for part in parts:
            claim = self._asked.tags.get(part.key) if isinstance(part, Variable) else None
            yield part if claim is None else self._holes[claim]

    def _settled(
        self, filling: Filling, conditions: Iterable[Condition]
    ) -> list[tuple[Filling, tuple[Condition, ...]]]:
        """With the conditions that are left over; nothing where one of them never holds. Of a tag that must be one of
        several texts, each is a case of its own."""
        values, own = taken_apart(filling)
        cases: list[tuple[Filling, tuple[Condition, ...]]] = [(values, own)]
        for condition in conditions:
            cases = [
                (held | more, (*left, *rest))
                for held, left in cases
                for more, rest in self._condition(condition, held)
            ]
        return cases

    def _condition(
        self, condition: Condition, values: Filling
    ) -> Iterator[tuple[Filling, tuple[Condition, ...]]]:
        claim = self._asked.tags.get(condition.key.lower())
        texts = None if claim is None or self._holes[claim] in dict(values) else literals(condition)
        if claim is not None and texts is not None:
            hole, language = self._holes[claim], self._templates.claims[claim].language
            for text in texts:
                if fillings([(hole,)], text, {hole: language}):
                    yield frozenset({(hole, text)}), ()
            return
        holds = self._holds(condition, values)
        if holds is None and (found := self._read_off(condition)) is not None:
            yield from ((filling, ()) for filling in found)
        elif holds is None:
            yield frozenset(), (condition,)
        elif holds[0]:
            yield frozenset(), ()

    def _read_off(self, condition: Condition) -> set[Filling] | None:
        """What the claims in a condition must be for the text that the request is known to have; None where that is
        not for a text to say."""
        operator, given = known_operator(condition.operator), self._asked.context.get(condition.key.lower())
        if given is None or operator.name not in ("StringEquals", "StringLike") or operator.qualifier:
            return None
        if len(given) != 1:
            return None
        found: set[Filling] = set()
        for text in condition.values:
            pattern = parse_pattern(text, wildcards=operator.takes_wildcards)
            if any(isinstance(part, Variable) for part in pattern):
                return None
            parts, languages = self._opened(pattern)
            found |= fillings(parts, given[0], languages)
        return found

    def _holds(self, condition: Condition, values: Filling) -> tuple[bool | None] | None:
        """The judgement, if all is known that it looks at."""
        said = filled(condition, values).values
        if any(is_placeholder(char) for text in said for char in text):
            return None
        mine = dict(values)
        keys = {condition.key.lower()}
        for text in said:
            keys |= {part.key for part in parse_pattern(text) if isinstance(part, Variable)}
        known: dict[str, tuple[str, ...]] = {}
        for key in keys:
            claim = self._asked.tags.get(key)
            held = None if claim is None else mine.get(self._holes[claim])
            given = self._asked.context.get(key) if claim is None else (held,) if held is not None else None
            if given is None:
                return None
            known[key] = given

        def lookup(key: str) -> str | None:
            return known[key][0] if len(known[key]) == 1 else None

        return (judge(condition.operator, said, known[condition.key.lower()], lookup),)

    def _spared(self, found: Found, deny: Statement) -> Iterator[Found]:
        """The cases in which the Deny does not apply."""
        conditions: list[Condition] = []
        for condition in deny.conditions:
            holds = self._holds(condition, found.values)
            if holds is None:
                conditions.append(condition)
            elif holds[0] is False:
                yield found
                return
        reached = [taken_apart(filling) for filling in self._resources(deny)]
        if not deny.not_resources:
            but = tuple(
                Spared(values=values, conditions=(*own, *conditions))
                for values, own in reached
                if agree(values, found.values)
            )
            yield replace(found, but=(*found.but, *but))
            return
        # Spared is whoever asks for one of these, and whoever the conditions leave alone.
        for values, own in reached:
            if agree(values, found.values):
                yield replace(found, values=found.values | values, conditions=(*found.conditions, *own))
        if conditions:
            yield replace(found, but=(*found.but, Spared(values=frozenset(), conditions=tuple(conditions))))

    def _sorted_out(self, found: Found) -> Found | None:
        """None where nobody can be meant: the way says otherwise, or the Deny leaves nothing."""
        if not self._goes(found.way, found.values):
            return None
        # Which item of a list it is, is for the answer to say, or not to.
        single = frozenset(
            each
            for each in found.values
            if not self._templates.claims[self._templates.origin(each[0])[0]].is_list
        )
        but = []
        for each in found.but:
            if not agree(each.values, found.values):
                continue
            left = Spared(values=each.values - found.values, conditions=each.conditions)
            if not left.values and set(left.conditions) <= set(found.conditions):
                return None  # whoever fulfils the one fulfils the other
            but.append(replace(left, conditions=tuple(filled(one, single) for one in left.conditions)))
        return replace(
            found,
            conditions=tuple(filled(condition, single) for condition in found.conditions),
            but=tuple(dict.fromkeys(but)),
        )

    def _goes(self, way: Mapping[Atom, bool | int], values: Filling) -> bool:
        """Whether what was chosen leaves room for users with these values."""
        mine = dict(values)
        if len(mine) < len(values):
            return False  # one claim would need two values
        for atom, chosen in way.items():
            text = None if isinstance(atom, InScopes | VariableIs) else mine.get(self._holes[atom.claim])
            if isinstance(atom, IsDefined) and not chosen and text is not None:
                return False
            if isinstance(atom, Equals) and text is not None and (text == atom.value) is not chosen:
                return False
            if isinstance(atom, Contains) and not chosen:
                items = [text for char, text in values if self._templates.origin(char)[0] == atom.claim]
                if atom.value in items:
                    return False
        return True
