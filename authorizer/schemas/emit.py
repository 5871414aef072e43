"""What was recorded of a table → its JSON Schema."""

from collections.abc import Callable, Sequence

from authorizer.schemas.recorder import Condition, Table, Visit
from authorizer.schemas.shapes import ANY, Json, described, one_of
from authorizer.schemas.shapes import table as table_shape

Words = Callable[[tuple[str, ...]], str | None]
"""The path of a key, with `ANY` for names, → what it is."""


def emitted(table: Table, words: Words, path: tuple[str, ...] = ()) -> Json:
    """The schema of the table at `path`."""
    shapes = {key: list(values) for key, values in table.values.items()}
    needed = set[str]()
    for key, (form, inner) in table.tables.items():
        shape = emitted(inner, words, (*path, key))
        if form == "table" and key != ANY and key in table.needed and shape.get("required"):
            needed.add(key)
        if form == "list":
            # Where something else may stand in their place, an empty list is that.
            shape = {"type": "array", "items": shape, **({"minItems": 1} if key in shapes else {})}
        shapes.setdefault(key, []).append(shape)
    # Without a visit the reader has refused every stand-in, as of a claim that has no type: its keys are known still.
    variants = _merged(table.visits) or [Visit(frozenset(), frozenset(), frozenset(shapes))]
    known = frozenset[str]().union(*(visit.known for visit in variants))
    for key in known - shapes.keys() - {ANY}:
        shapes[key] = [{}]  # asked for as it is
    properties = {
        key: described(one_of(values), words((*path, key))) for key, values in shapes.items() if key != ANY
    }
    common = frozenset.intersection(*map(_there, variants))
    others: Json | bool = table.open
    if ANY in shapes:
        others = described(one_of(shapes[ANY]), words((*path, ANY)))
    made = table_shape(properties, [*(common | needed)], others=others)
    if len(variants) > 1:
        made["anyOf"] = [_variant(visit, common, known) for visit in variants]
    return made


def _there(visit: Visit) -> frozenset[str]:
    """The keys that a table has which is read so."""
    return visit.required | {key for key, told, _ in visit.conditions if told is True}


def _variant(visit: Visit, common: frozenset[str], known: frozenset[str]) -> Json:
    required, properties = set(_there(visit) - common), dict[str, Json | bool]()
    for key, told, options in visit.conditions:
        if told is True:
            continue
        if told is False:
            properties[key] = False
        else:
            properties[key] = {"const": {"true": True, "false": False}.get(str(told), told)}
            if told != options[0]:  # the first is what a table without the key says
                required.add(key)
    properties |= dict.fromkeys(known - visit.known, False)
    return {
        **({"properties": dict(sorted(properties.items()))} if properties else {}),
        **({"required": sorted(required)} if required else {}),
    }


def _merged(visits: Sequence[Visit]) -> list[Visit]:
    """The visits without the conditions that nothing depends on."""
    optional = {key for visit in visits for key, told, _ in visit.conditions if told is not True}
    alike: dict[frozenset[Condition], list[Visit]] = {}
    for visit in visits:
        there = {each for each in visit.conditions if each[0] not in optional}
        required = visit.required | {key for key, _, _ in there}
        alike.setdefault(visit.conditions - there, []).append(
            Visit(visit.conditions - there, required, visit.known)
        )
    left = [_union(conditions, several) for conditions, several in alike.items()]
    before = 0
    while before != len(left):
        before = len(left)
        for key in sorted({key for visit in left for key, _, _ in visit.conditions}):
            left = _without(key, left)
    return left


def _union(conditions: frozenset[Condition], visits: Sequence[Visit]) -> Visit:
    """Visits that nothing of this table tells apart: what lies in other tables does."""
    return Visit(
        conditions,
        frozenset.intersection(*(visit.required for visit in visits)),
        frozenset().union(*(visit.known for visit in visits)),
    )


def _without(key: str, visits: Sequence[Visit]) -> list[Visit]:
    """Visits that differ in what they were told of `key` alone, and came to the same by all of it, as one."""
    alike: dict[frozenset[Condition], list[Visit]] = {}
    for visit in visits:
        alike.setdefault(frozenset(each for each in visit.conditions if each[0] != key), []).append(visit)
    left = []
    for rest, several in alike.items():
        told = [each for visit in several for each in visit.conditions if each[0] == key]
        outcomes = {(visit.required - {key}, visit.known - {key}) for visit in several}
        if told and {each[1] for each in told} == set(told[0][2]) and len(outcomes) == 1:
            left.append(_union(rest, several))
        else:
            left += several
    return list(dict.fromkeys(left))
