"""Whether a role's own policy and a smaller session policy, together, allow what one session policy did.

A session may do what its role *and* its session policy allow (IAM User Guide, "Policy evaluation logic"). So what was
one set of templates may become a static policy of the role, in which `${aws:PrincipalTag/…}` says whose it is, and a
remainder of templates. Here both are held to the original, for all users at once: on each way, what the original allows
each of both allows, and what both allow the original does.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from authorizer.engine.document import Condition, Document, Statement
from authorizer.engine.evaluate import parse_action, parse_resource
from authorizer.engine.prove.containment import find_excess
from authorizer.engine.prove.diff import MAX_WAYS
from authorizer.engine.prove.sides import Side, Sides
from authorizer.engine.prove.symbolic import SymbolicStatement, read_statement
from authorizer.engine.prove.texts import narrower
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
            actions = narrower(parse_action, left.actions, right.actions)
            resources = narrower(parse_resource, left.resources, right.resources)
            if actions and resources:
                conditions = dict.fromkeys((*left.conditions, *right.conditions))
                allows.append(
                    replace(
                        left, sid=None, actions=actions, resources=resources, conditions=tuple(conditions)
                    )
                )
    denies = [each for each in (*one.statements, *other.statements) if each.effect != "Allow"]
    return Document(statements=(*allows, *denies))
