"""From "they may meet" to "look, here they meet": two users' claims and their requests.

A guess is made from where the automata met and from sample values of the claim types, then confirmed by the
evaluator on both really rendered policies. What is not confirmed is no witness.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from authorizer.engine.evaluate import AccessRequest
from authorizer.engine.language import ClaimValue, Language
from authorizer.engine.prove.automaton import Hole, find_overlap
from authorizer.engine.prove.separation import Hit, Meeting
from authorizer.engine.prove.symbolic import fill

Values: TypeAlias = Mapping[str, ClaimValue]

_MOST = 24
"""Most sample values of a claim type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """One of the two users of a witness, and what they ask for."""

    claims: Values
    scopes: frozenset[str]
    request: AccessRequest
    templates: tuple[str, ...] = ()
    """What their policy is rendered from."""
    allowed: bool = True
    """Whether they may make the request, or just may not."""
    issuer: str | None = None
    """`iss` of their token, where it makes a difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """Two users who differ in the isolating claim and touch the same thing. Their requests are one and the
    same, but where they differ only in how they reach it: two actions on one resource, or a listing that
    shows the other's names.
    """

    one: Party
    other: Party

    @property
    def policies(self) -> tuple[tuple[str, ...], ...]:
        """The templates of both, or of each where they differ."""
        return tuple(dict.fromkeys((self.one.templates, self.other.templates)))

    @property
    def same_request(self) -> bool:
        return self.one.request == self.other.request


@lru_cache(maxsize=256)
def samples(language: Language) -> tuple[str, ...]:
    """A few texts of a language: short ones, ones that differ in one character, and ones that begin with another."""
    found: dict[str, None] = {}
    for sequence in language.alternatives[:_MOST]:
        shortest = "".join(_preferred(segment.chars)[0] * segment.min for segment in sequence)
        if shortest:
            found[shortest] = None
        for at, segment in enumerate(sequence):
            before = "".join(_preferred(each.chars)[0] * each.min for each in sequence[:at])
            after = "".join(_preferred(each.chars)[0] * each.min for each in sequence[at + 1 :])
            chars = _preferred(segment.chars)
            for char in chars[:6]:
                usual = chars[0] * segment.min
                if segment.max > segment.min:
                    found[before + usual + char + after] = None
                if segment.min:
                    found[before + usual[:-1] + char + after] = None
            if segment.max >= segment.min + 2 and len(chars) > 1:
                found[before + chars[0] * segment.min + chars[1] + chars[0] + after] = None
    found.pop("", None)
    return tuple(sorted(found, key=len))[:_MOST]


@lru_cache(maxsize=256)
def _preferred(chars: frozenset[str]) -> str:
    """The characters with the telling ones first: a letter, then what separates words, then the rest."""
    first = [char for char in "ab-/_.:0A@ " if char in chars]
    return "".join(first + sorted(chars.difference(first)))


Texts: TypeAlias = dict[str, str]
"""A text for some of a user's claims. Of a list, it is one item."""


def assignments(
    meeting: Meeting, *, isolates: str, ones: Sequence[str], others: Sequence[str]
) -> Iterator[tuple[Texts, Texts]]:
    """Two users' claims to try, the most promising first: as the automata met, then for each pair of the
    values that the isolating claim might have for `ones` and for `others`, what the other claims must be for
    the patterns to meet.
    """
    hits = [*(hit for hits in meeting.keys.values() for hit in hits), *meeting.resources]
    found = _merge(hit_texts for hit in hits if (hit_texts := _texts(hit)) is not None)
    pairs = [
        (left, right) for left in _own(found[0], isolates, ones) for right in _own(found[1], isolates, others)
    ]
    yield from (
        ({**found[0], isolates: left}, {**found[1], isolates: right}) for left, right in pairs[:_MOST]
    )
    for left, right in sorted(product(ones, others), key=lambda pair: len(pair[0]) + len(pair[1])):
        again = [refilled for hit in hits if (refilled := _refill(hit, isolates, left, right)) is not None]
        merged = _merge(hit_texts for hit in again if (hit_texts := _texts(hit)) is not None)
        yield {**merged[0], isolates: left}, {**merged[1], isolates: right}


def _own(texts: Texts, isolates: str, values: Sequence[str]) -> Sequence[str]:
    return [texts[isolates]] if isolates in texts else values


def _refill(hit: Hit, isolates: str, left: str, right: str) -> Hit | None:
    """Where the patterns meet when the isolating claim has these values."""
    one, other = fill(hit.left, {isolates: left}), fill(hit.right, {isolates: right})
    overlap = find_overlap(one, other)
    return None if overlap is None else Hit(left=one, right=other, overlap=overlap)


def _texts(hit: Hit) -> tuple[Texts, Texts] | None:
    """What stands in the holes where two patterns met; None if one claim would need two values."""
    sides = []
    for pattern, values in ((hit.left, hit.overlap.left), (hit.right, hit.overlap.right)):
        names = [part.claim for part in pattern if isinstance(part, Hole)]
        chosen: Texts = {}
        for name, value in zip(names, values, strict=True):
            if chosen.setdefault(name, value) != value:
                return None
        sides.append(chosen)
    return sides[0], sides[1]


def _merge(found: Iterable[tuple[Texts, Texts]]) -> tuple[Texts, Texts]:
    left: Texts = {}
    right: Texts = {}
    for one, other in found:
        left |= {name: value for name, value in one.items() if name not in left}
        right |= {name: value for name, value in other.items() if name not in right}
    return left, right
