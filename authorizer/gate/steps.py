"""How one value beside another is judged: what the new one lets happen that the old one did not, and the other way.

A judge takes the old value and the new one and yields a step for each difference. Where a set or a bound may be None,
None is "any".
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, Final, Literal, TypeAlias

from authorizer.engine import ClaimType, EngineError
from authorizer.engine.prove import is_within, samples
from authorizer.syntax.json_text import parse_json

Direction: TypeAlias = Literal["WIDER", "UNKNOWN", "NARROWER"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One difference between two values."""

    direction: Direction
    what: str
    """What may now happen and could not, or the other way; or, for a row with a text of its own, what stands in it."""
    whom: str = ""
    """Of whom it is true, in words. Empty: of the issuer, role or claim that is judged, or of everybody."""
    identity: Mapping[str, object] = field(default_factory=dict)
    """Of whom it is true, as far as the difference itself says."""
    request: Mapping[str, object] | None = None
    """What they may now ask for. None: whatever their role and scopes give them."""


Steps: TypeAlias = Iterator[Step]
Judge: TypeAlias = Callable[[Any, Any], Steps]
"""Old value, new value. The types are those of the row that it stands in."""

ANY: Final = "any"


def members(old: frozenset[str] | None, new: frozenset[str] | None) -> Steps:
    """Each member lets something happen."""
    if old is None or new is None:
        if old is not new:
            yield Step(direction="WIDER" if new is None else "NARROWER", what=ANY)
        return
    yield from (Step(direction="WIDER", what=repr(each)) for each in sorted(new - old))
    yield from (Step(direction="NARROWER", what=repr(each)) for each in sorted(old - new))


def members_by_name(
    old: Mapping[str, frozenset[str] | None], new: Mapping[str, frozenset[str] | None]
) -> Steps:
    """The same, where a name that is not there allows any."""
    for name in dict.fromkeys([*old, *new]):
        for step in members(old.get(name), new.get(name)):
            yield Step(direction=step.direction, what=f"`{name}` {step.what}")


def at_most(old: float | None, new: float | None) -> Steps:
    """A bound: the higher, the more happens."""
    before, now = (float("inf") if bound is None else bound for bound in (old, new))
    if before != now:
        told = (
            f"{'any' if new is None else _number(new)}, where it was {'any' if old is None else _number(old)}"
        )
        yield Step(direction="WIDER" if now > before else "NARROWER", what=told)


def counted(old: int, new: int) -> Steps:
    """The same for a number of things."""
    if old != new:
        yield Step(direction="WIDER" if new > old else "NARROWER", what=f"{new}, where it was {old}")


def ordered(*values: object) -> Judge:
    """Values from the narrowest to the widest."""

    def judge(old: object, new: object) -> Steps:
        if old != new:
            wider = values.index(new) > values.index(old)
            yield Step(
                direction="WIDER" if wider else "NARROWER", what=f"{_word(new)}, where it was {_word(old)}"
            )

    return judge


def changed(old: object, new: object) -> Steps:
    """Neither is known to be the wider one."""
    if old != new:
        yield Step(direction="UNKNOWN", what=f"{_word(new)}, where it was {_word(old)}")


def replaced(old: object, new: object) -> Steps:
    """Another value is another authority: what the new one lets happen, the old one did not."""
    if old != new:
        yield Step(direction="WIDER", what=f"{_word(new)}, where it was {_word(old)}")


def demanded(old: object | None, new: object | None) -> Steps:
    """Something that is asked for, or that a session is bound to. Its value is not told: it may be a secret."""
    if old != new:
        if old is None or new is None:
            gone = new is None
            yield Step(
                direction="UNKNOWN" if gone else "NARROWER", what="none any more" if gone else "one, now"
            )
        else:
            yield Step(direction="UNKNOWN", what="another than before")


def brought(old: object | None, new: object | None) -> Steps:
    """Something that adds to who is believed or what is kept. Its value is not told: it may be a secret."""
    if old != new:
        yield Step(
            direction="NARROWER" if new is None else "WIDER" if old is None else "UNKNOWN",
            what="none any more" if new is None else "one, now" if old is None else "another than before",
        )


def audiences(old: frozenset[str], new: frozenset[str]) -> Steps:
    """None listed: only a token without `aud` is taken."""
    none = frozenset({"none at all"})
    yield from members(old or none, new or none)


def fixed(old: Mapping[str, str], new: Mapping[str, str]) -> Steps:
    """A claim that is fixed: a token that says nothing has it, and one that says another value is refused."""
    for name in dict.fromkeys([*old, *new]):
        before, now = old.get(name), new.get(name)
        if before == now:
            continue
        if now is None:
            yield Step(
                direction="WIDER", what=f"`{name}` of the token's own choice, where {before!r} was fixed"
            )
            continue
        told = f"`{name}` = {now!r} whatever their token leaves out"
        yield Step(direction="WIDER", what=told, identity={"claims": {}})
        yield Step(direction="NARROWER", what=f"`{name}` other than {now!r}")


def acting(old: Mapping[str, frozenset[str]], new: Mapping[str, frozenset[str]]) -> Steps:
    """Who may act for users, and the scopes for it."""
    for name in dict.fromkeys([*old, *new]):
        if name not in old or name not in new:
            yield Step(
                direction="WIDER" if name in new else "NARROWER",
                what=f"{name!r} in person",
                identity={"actor": name},
            )
        for step in members(old.get(name, frozenset()), new.get(name, frozenset())):
            yield Step(
                direction=step.direction, what=f"{name!r} with scope {step.what}", identity={"actor": name}
            )


def tags(old: Mapping[str, str], new: Mapping[str, str]) -> Steps:
    """Session tags, for what the role's own policy and resources say by them."""
    for key in dict.fromkeys([*old, *new]):
        before, now = old.get(key), new.get(key)
        if before == now:
            continue
        if now is None:
            told = f"no tag {key!r} any more: what forbids by it, or asks for the claim, does so no longer"
            yield Step(direction="UNKNOWN", what=told)
            continue
        told = f"the tag {key!r} of the claim `{now}`" + (f", where it was `{before}`" if before else "")
        yield Step(direction="WIDER", what=told, identity={"tags": {key: f"{{{{ {now} }}}}"}})


def types(old: ClaimType, new: ClaimType) -> Steps:
    """What a claim may be, and how a token's value becomes that."""
    yield from _readings(old, new)
    before, now = (replace(kind, language=kind.own) for kind in (old, new))
    if not is_within(now, before):
        ends = (
            "".join(min(each.chars) * count(each) for each in sequence)
            for sequence in now.language.alternatives
            for count in (attrgetter("max"), attrgetter("min"))
        )
        tried = (*samples(now.language), *ends)
        value = next((text for text in tried if _takes(new, text) and not _takes(old, text)), None)
        if value is None:
            yield Step(direction="UNKNOWN", what="values of a type that may take more")
        else:
            yield Step(direction="WIDER", what=f"values such as {value!r}", identity={"value": value})
    elif not is_within(before, now):
        yield Step(direction="NARROWER", what="some values")


def cache_keys(old: frozenset[str] | None, new: frozenset[str] | None) -> Steps:
    """What no longer tells two answers of a cache apart; None is no cache."""
    for source in sorted((old or frozenset()) - new) if new is not None else ():
        yield Step(direction="UNKNOWN", what=f"one answer for whatever stands in {source!r}")


def _readings(old: ClaimType, new: ClaimType) -> Steps:
    if new.written != old.written:
        before, now = (f"text by {kind.written}" if kind.written else "text" for kind in (old, new))
        way: Direction = "WIDER" if new.written else "NARROWER"
        yield Step(direction=way, what=f"lists written as {now if new.written else before}")
    if new.of_json != old.of_json:
        sides: tuple[tuple[ClaimType, Direction, str], ...] = (
            (new, "WIDER", "were"),
            (old, "NARROWER", "are"),
        )
        for kind, direction, tense in sides:
            if kind.of_json is not None:
                yield Step(
                    direction=direction,
                    what=f"{_OF_JSON[kind.name]} of JSON, where texts alone {tense} taken",
                    identity={"value": parse_json(samples(kind.own)[0])},
                )
    if new.lower_case != old.lower_case:
        yield Step(
            direction="WIDER" if new.lower_case else "NARROWER",
            what="values in upper case, for those in lower case",
        )
    if new.fallback == old.fallback:
        return
    if new.fallback is None:
        told = f"no value, where {old.fallback!r} was that of users whose token says nothing"
        yield Step(direction="UNKNOWN", what=told, identity={"claims": {}})
        return
    was = "" if old.fallback is None else f", where it was {old.fallback!r}"
    told = f"{new.fallback!r} for users whose token says nothing{was}"
    yield Step(direction="WIDER", what=told, identity={"claims": {}})


_OF_JSON: Final = {"integer": "numbers", "boolean": "true and false"}
"""Type → what it takes that is no text."""


def _takes(kind: ClaimType, text: str) -> bool:
    try:
        kind.said(kind.of_one(text))
    except EngineError:
        return False
    return True


def _word(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | frozenset):
        return ", ".join(map(str, sorted(value) if isinstance(value, frozenset) else value)) or "none"
    return f"{value}" or "none"


def _number(value: float) -> str:
    return f"{value:g} s"
