"""Whether a role's own policy and a smaller session policy, together, allow what one session policy did.

A session may do what its role *and* its session policy allow (IAM User Guide, "Policy evaluation logic"). So what was
one set of templates may become a static policy of the role, in which `${aws:PrincipalTag/…}` says whose it is, and a
remainder of templates. Here both are held to the original, for all users at once: on each way, what the original allows
each of both allows, and what both allow the original does.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice

from authorizer.engine.document import Condition, Document, Statement
from authorizer.engine.evaluate import MANY, Parts, Variable, Wild, parse_action, parse_resource
from authorizer.engine.language import is_placeholder
from authorizer.engine.prove.automaton import find_overlap
from authorizer.engine.prove.containment import find_excess
from authorizer.engine.prove.diff import MAX_WAYS
from authorizer.engine.prove.inclusion import find_uncovered, part_early
from authorizer.engine.prove.sides import Side, Sides
from authorizer.engine.prove.symbolic import SymbolicStatement, read_statement
from authorizer.engine.prove.users import Way, placeholders_of
from authorizer.engine.prove.ways import in_words, shown
from authorizer.engine.template import IsDefined, TemplateSet

_TAG = re.compile(r"\$\{aws:PrincipalTag/([^},]+)\}", re.IGNORECASE)


def differences(
    templates: TemplateSet,
    names: Sequence[str],
    remainder: Sequence[str],
    *,
    role: Document,
    tags: Mapping[str, str],
) -> Iterator[str]:
    """What keeps `role` and `remainder`, a session's policies together, from being shown to allow exactly what `names`
    do, in words; nothing where they are. `tags`: session tag key → claim; each is always passed, so that a user without
    the claim has no session.

    That nothing comes is a proof.
    """
    sides = Sides(
        Side(templates=templates, names=tuple(names)), Side(templates=templates, names=tuple(remainder))
    )
    own = _of_tags(role, {key.lower(): chr(sides.placeholders.codes[claim]) for key, claim in tags.items()})

    def read(statement: Statement) -> SymbolicStatement:
        holes = {char: sides.placeholders.origin(char)[0] for char in placeholders_of(statement)}
        return read_statement(statement, holes=holes, claims=sides.claims, isolates=None)

    def told(way: Way, statement: Statement) -> str:
        resources = ", ".join(shown(each, sides.placeholders.origin) for each in statement.resources)
        users = ", ".join(map(in_words, way.items())) or "of any kind"
        return f"{', '.join(statement.actions)} on {resources} for users {users}"

    ways = list(islice(sides.ways(), MAX_WAYS + 1))
    if len(ways) > MAX_WAYS:
        yield f"there are more than {MAX_WAYS} ways through the templates"
        return
    for way, whole, rest in ways:
        if any(way.get(IsDefined(claim)) is False for claim in tags.values()):
            continue
        for excess in find_excess(whole, own, read=read):
            yield f"the role's policy may not allow {told(way, excess.statement)}"
        for excess in find_excess(whole, rest, read=read):
            yield f"the remainder may not allow {told(way, excess.statement)}"
        for excess in find_excess(_both(own, rest), whole, read=read):
            yield f"both together may allow {told(way, excess.statement)}"


def _of_tags(document: Document, holes: Mapping[str, str]) -> Document:
    """Tags are claims: a session's tag is its user's claim."""

    def filled(text: str) -> str:
        return _TAG.sub(lambda tag: holes.get(tag[1].lower(), tag[0]), text)

    def conditions(found: Sequence[Condition]) -> tuple[Condition, ...]:
        return tuple(replace(each, values=tuple(map(filled, each.values))) for each in found)

    return Document(
        statements=tuple(
            replace(
                each, resources=tuple(map(filled, each.resources)), conditions=conditions(each.conditions)
            )
            for each in document.statements
        )
    )


def _both(one: Document, other: Document) -> Document:
    """At least all that two policies allow together: each Allow of the one with each of the other, and every Deny."""
    allows = []
    for left in one.statements:
        for right in other.statements:
            if left.effect != "Allow" or right.effect != "Allow":
                continue
            actions = _narrower(left.actions, right.actions, parse_action)
            resources = _narrower(left.resources, right.resources, parse_resource)
            if actions and resources:
                conditions = dict.fromkeys((*left.conditions, *right.conditions))
                allows.append(
                    replace(
                        left, sid=None, actions=actions, resources=resources, conditions=tuple(conditions)
                    )
                )
    denies = [each for each in (*one.statements, *other.statements) if each.effect != "Allow"]
    return Document(statements=(*allows, *denies))


def _narrower(ones: Sequence[str], others: Sequence[str], parse: Callable[[str], Parts]) -> tuple[str, ...]:
    """Patterns that match at least what one of the ones and one of the others do."""
    found: dict[str, None] = {}
    for one in ones:
        for other in others:
            narrower = _narrower_of(parse(one), parse(other))
            if narrower is not None:
                found[(one, other)[narrower]] = None
    return tuple(found)


@lru_cache(maxsize=16_384)
def _narrower_of(one: Parts, other: Parts) -> int | None:
    """Which of two patterns matches at least what both do, 0 or 1; None where no text matches both."""
    mine, theirs = _opened(one), _opened(other)
    if part_early(mine, theirs):
        return None
    if find_uncovered(one, [other]) is None:
        return 0
    if find_uncovered(other, [one]) is None or find_overlap(mine, theirs) is not None:
        return 1
    return None


def _opened(parts: Parts) -> tuple[str | Wild, ...]:
    """What has no value yet may be any text."""
    opened: list[str | Wild] = []
    for part in parts:
        if isinstance(part, Variable):
            opened.append(MANY)
        elif isinstance(part, Wild):
            opened.append(part)
        else:
            opened += [MANY if is_placeholder(char) else char for char in str(part)]
    return tuple(opened)
