"""Are two Allow statements of two different users apart, whatever the users' claims?

They are if no service is common, or no resource, or if one condition key keeps them apart. Whether the
actions are the same does not matter: who may overwrite what another may read is not apart from them.

A key can only separate if it says *what is touched*: `aws:UserAgent` or a principal tag says who calls and
how, and both callers may reach the same object each in their own way. The keys that count are the rows of
`KEYS`; on any other key nothing is ever proven.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal, TypeAlias

from authorizer.engine.evaluate import MANY
from authorizer.engine.prove.automaton import Overlap, SymbolicPattern, find_overlap
from authorizer.engine.prove.inside import wholes
from authorizer.engine.prove.symbolic import EVERYTHING, SymbolicCondition, SymbolicStatement, fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A condition key whose value tells what a request touches."""

    pattern: str
    """Regular expression for the whole key, in lower case."""
    single: bool
    """Whether a request has at most one value for it."""
    single_in: frozenset[str] = frozenset()
    """Actions, in lower case, whose requests have exactly one value for it, where others may have more."""
    prefix: bool = False
    """Whether a request with value v touches everything that begins with v."""
    rests_on: str


KEYS: Final = (
    Key(
        pattern=r"s3:prefix",
        single=True,
        prefix=True,
        rests_on="`s3:prefix`: a listing shows the names that begin with its prefix",
    ),
    Key(
        pattern=r"s3:existingobjecttag/.+",
        single=True,
        rests_on="`s3:ExistingObjectTag/…`: nobody can change the tags of objects that are not theirs",
    ),
    Key(
        pattern=r"[a-z0-9-]+:resourcetag/.+",
        single=True,
        rests_on="`aws:ResourceTag/…`: nobody can change the tags of resources that are not theirs",
    ),
    Key(
        pattern=r"aws:resourceaccount|s3:resourceaccount",
        single=True,
        rests_on="`aws:ResourceAccount`: it is the account that owns the resource",
    ),
    Key(
        pattern=r"dynamodb:(leadingkeys|(first|second|third|fourth)partitionkeyvalues)",
        single=False,
        # `GetItem` and the like are asked for each item of a transaction, too.
        single_in=frozenset({"dynamodb:query"}),
        rests_on="`dynamodb:LeadingKeys`: it lists every partition key that a request touches (of an "
        "index, the index's own)",
    ),
    Key(
        pattern=r"kms:encryptioncontext:.+",
        single=True,
        rests_on="`kms:EncryptionContext:…`: each ciphertext is bound to its encryption context",
    ),
)
"""Sources: Service Authorization Reference, "Actions, resources, and condition keys" of Amazon S3, DynamoDB
and AWS KMS; Amazon DynamoDB Developer Guide, "Query" (exactly one partition key) and "Transactions and IAM"; IAM User
Guide, "AWS global condition context keys". To let another key separate, add its row."""


def find_key(key: str) -> Key | None:
    """The row of a key in lower case, or None if the key cannot separate."""
    for row in KEYS:
        if re.fullmatch(row.pattern, key):
            return row
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Why two statements never meet."""

    by: Literal["service", "resource", "condition"]
    key: Key | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Two patterns that may match one text, and which."""

    left: SymbolicPattern
    right: SymbolicPattern
    overlap: Overlap
    inside: tuple[SymbolicPattern, SymbolicPattern] | None = None
    """Where no text is both: the two that lie inside what meets, or one of them, under ARNs of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """Two statements that could not be shown to be apart, and where they may meet."""

    resources: tuple[Hit, ...]
    keys: Mapping[str, tuple[Hit, ...]]
    """For each key that could have separated them: where its values meet."""


LeftOut: TypeAlias = Collection[tuple[int, int]]
"""Pairs of resources, of the one statement and of the other, by their numbers."""


def compare(one: SymbolicStatement, other: SymbolicStatement, *, left_out: LeftOut = ()) -> Apart | Meeting:
    """Whether a request of the one user and a request of the other can touch the same thing.

    Pairs that are `left_out` do not count: the author declared one of the two common to all.
    """
    if not any(_hits([*map(_service, one.actions)], [*map(_service, other.actions)])):
        return Apart(by="service")
    resources = tuple(_hits(one.resources, other.resources, left_out)) or tuple(
        _inside(one.resources, other.resources, left_out)
    )
    if not resources:
        return Apart(by="resource")
    keys: dict[str, tuple[Hit, ...]] = {}
    for condition, counterpart, key in _separating(one, other):
        folded = condition.folded or counterpart.folded
        hits = tuple(_hits(_reach(condition, key, folded), _reach(counterpart, key, folded)))
        if not hits:
            return Apart(by="condition", key=key)
        keys[condition.key] = hits
    return Meeting(resources=resources, keys=keys)


def _hits(
    left: Sequence[SymbolicPattern], right: Sequence[SymbolicPattern], left_out: LeftOut = ()
) -> Iterator[Hit]:
    for number, one in enumerate(left):
        for other_number, other in enumerate(right):
            overlap = None if (number, other_number) in left_out else find_overlap(one, other)
            if overlap is not None:
                yield Hit(left=one, right=other, overlap=overlap)


def _inside(
    left: Sequence[SymbolicPattern], right: Sequence[SymbolicPattern], left_out: LeftOut
) -> Iterator[Hit]:
    """Where no text is both: what lies inside one resource is touched by who names that, or another inside of it."""
    for number, one in enumerate(left):
        for other_number, other in enumerate(right):
            if (number, other_number) in left_out:
                continue
            for mine, theirs in product((one, *wholes(one)), (other, *wholes(other))):
                overlap = find_overlap(mine, theirs)
                if overlap is not None:
                    yield Hit(left=mine, right=theirs, overlap=overlap, inside=(one, other))
                    break


def _separating(
    one: SymbolicStatement, other: SymbolicStatement
) -> Iterator[tuple[SymbolicCondition, SymbolicCondition, Key]]:
    """The pairs of conditions, one of each statement, on a key that can separate them."""
    for condition in one.conditions:
        key = find_key(condition.key)
        if key is None or not _binds(one, condition, key):
            continue
        for counterpart in other.conditions:
            if counterpart.key == condition.key and _binds(other, counterpart, key):
                yield condition, counterpart, key


def _binds(statement: SymbolicStatement, condition: SymbolicCondition, key: Key) -> bool:
    """Whether every request that the condition lets pass has the key, and only values that the condition lists."""
    operator = condition.operator
    if condition.patterns is None:
        return False
    if (operator.if_exists or operator.qualifier == "ForAllValues") and not must_be_there(
        statement, condition
    ):
        return False
    # With several values in one request, one of them would do: `ForAnyValue` says so, and what an operator
    # without a prefix makes of several values AWS leaves open.
    return operator.qualifier == "ForAllValues" or is_single(statement, key)


def is_single(statement: SymbolicStatement, key: Key) -> bool:
    """Whether each request that the statement is about has one value for the key at most."""
    written = statement.statement
    actions = {action.lower() for action in written.actions}
    return key.single or (not written.not_actions and actions <= key.single_in)


def must_be_there(statement: SymbolicStatement, condition: SymbolicCondition) -> bool:
    """Whether the statement says that the condition's key is there: only `Null: false` on it does where the condition
    itself holds without it."""
    return any(
        present.key == condition.key
        and present.operator.kind == "null"
        and {value.lower() for value in present.condition.values} == {"false"}
        for present in statement.conditions
    )


def _reach(condition: SymbolicCondition, key: Key, folded: bool) -> list[SymbolicPattern]:
    """What is touched by the requests that the condition lets pass, as patterns."""
    patterns = [fold(pattern) if folded else pattern for pattern in condition.patterns or ()]
    return [(*pattern, MANY) for pattern in patterns] if key.prefix else patterns


def _service(action: SymbolicPattern) -> SymbolicPattern:
    """Every action of the services that an action pattern names."""
    head = action[0] if action else ""
    service = head.partition(":")[0] if isinstance(head, str) and ":" in head else None
    return EVERYTHING if service is None else (f"{service}:", MANY)
