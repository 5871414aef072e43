"""Resources' own policies, and the other ARNs of what templates name.

A policy on a resource is judged by what it opens that templates open too: the engine's own comparison of statements
says whether the two can touch the same thing, by resource or by a condition key.

Source: IAM User Guide, "AWS services that work with IAM" (which have resource-based policies).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from authorizer.deployed import Door, ResourcePolicy, Rule, is_open, same, widened
from authorizer.engine import Statement
from authorizer.engine.language import is_placeholder
from authorizer.engine.prove import Apart, compare
from authorizer.gate.reaching import Reach, overlap, reach
from authorizer.gate.rulings import (
    GIVE,
    REWRITE,
    Allowed,
    Note,
    Notes,
    World,
    checked,
    if_meant,
    left_open,
    refuted,
)

WITH_POLICIES: Final = frozenset(
    {
        *(
            "backup",
            "dynamodb",
            "ecr",
            "elasticfilesystem",
            "es",
            "events",
            "kinesis",
            "kms",
            "lambda",
            "logs",
            "s3",
        ),
        *("s3-object-lambda", "s3express", "s3tables", "secretsmanager", "sns", "sqs"),
    }
)
"""Services whose resources can have a policy of their own, which is read here."""
WITHOUT_POLICIES: Final = frozenset(
    {
        *(
            "athena",
            "cassandra",
            "cloudwatch",
            "cognito-identity",
            "cognito-idp",
            "dax",
            "ecs",
            "elasticache",
        ),
        *(
            "firehose",
            "geo",
            "neptune-db",
            "polly",
            "rds",
            "rds-data",
            "rds-db",
            "scheduler",
            "states",
            "swf",
        ),
        *("textract", "timestream", "transcribe", "translate"),
    }
)
"""Services whose resources have none. Of any other it is not known here, or it has some that are not read."""
CLOSE_ACCOUNT: Final = "say which account this is: --parameter AWS::AccountId=…"


def granting(world: World) -> Notes:
    """No policy on a resource gives a session, or everybody, what templates open."""
    yield from _grants(world, "sessions", "open")
    policies = {each.arn: each.policy.place for each in world.deployment.policies}
    for pattern, places in _named(world):
        if not places:
            yield left_open(
                f"what has a policy of its own is not in these files: {world.show(pattern)}", "", closes=GIVE
            )
        for arn, place in places:
            found = policies.get(arn)
            text = (
                "has no policy of its own" if found is None else "has a policy that gives no session anything"
            )
            yield checked(f"{world.show(arn)} {text}", found or place)
    for text in _resources(world):
        service = text.split(":")[2]
        if service not in WITH_POLICIES | WITHOUT_POLICIES:
            yield left_open(
                f"{world.show(text)}: policies on resources of {service} are not read",
                "",
                closes="look in the account whether one gives it to sessions or to everybody",
                closable=False,
            )
    yield from world.unread("policies", "resources")


def outside(world: World) -> Notes:
    """No policy on a resource gives another account what templates open."""
    found = [*_grants(world, "elsewhere")]
    yield from found
    if not found:
        for each in world.deployment.policies:
            if _touched(world, each):
                yield checked(f"{world.show(each.arn)} is open to no other account", each.policy.place)
    if not world.deployment.policies:
        yield checked("no resource in these files has a policy of its own", world.deployment.files[0])
    yield from world.unread("policies")


def _grants(world: World, *wanted: Reach) -> Notes:
    roles = [role.arn for role in world.roles]
    for each in world.deployment.policies:
        for rule in each.policy.rules:
            if rule.statement is None:
                if "open" in wanted and _touched(world, each):
                    text = f"{world.show(each.arn)}: {world.show(rule.problem)}"
                    yield left_open(text, rule.place, closes=REWRITE)
                continue
            if rule.statement.effect != "Allow":
                continue
            reached = reach(rule, roles, each.policy.rules)
            met = _meets(world, each, rule.statement) if reached in wanted else None
            if met is not None:
                yield _told(world, reached, each, rule, met)


def _told(world: World, reached: Reach, each: ResourcePolicy, rule: Rule, met: Allowed) -> Note:
    who = ", ".join(sorted({world.show(principal.value) for principal in rule.principals}))
    who = f"everybody but {who}" if rule.not_principals else who
    actions = ", ".join(rule.statement.actions or ("all but a few",)) if rule.statement is not None else ""
    text = f"{world.show(each.arn)} gives {who} {actions}, where template {met.template} keeps users apart"
    if reached == "open":
        return left_open(
            f"{text}: whether that is a session cannot be told", rule.place, closes=CLOSE_ACCOUNT
        )
    return refuted(text, rule.place)


def _touched(world: World, each: ResourcePolicy) -> bool:
    arns = [each.arn, *(door.opens for door in _doors(world, each))]
    return any(touches(text, arn) for text in _resources(world) for arn in arns)


def _doors(world: World, each: ResourcePolicy) -> Iterator[Door]:
    """The access point that a policy is on, where it is on one."""
    yield from world.doors_at.get(each.arn, ())


def _meets(world: World, each: ResourcePolicy, opening: Statement) -> Allowed | None:
    """A statement of the templates that touches what the rule opens; None where none does."""
    for allowed in world.allowed:
        named = " ".join(allowed.statement.resources)
        texts = _opened(opening, each.arn, named)
        behind = (_seen(text, door, door.opens) for door in _doors(world, each) for text in texts)
        opened = replace(opening, resources=(*texts, *behind), not_resources=())
        if not isinstance(compare(world.symbolic(opened), world.symbolic(allowed.statement)), Apart):
            return allowed
    return None


def _opened(statement: Statement, arn: str, named: str) -> tuple[str, ...]:
    """What a policy opens of the resource that it is on, with stand-ins as wide as they may be `beside` the templates'
    own."""
    whole = (arn, f"{arn}/*", f"{arn}:*")
    texts = statement.resources
    if statement.not_resources or "*" in texts or any(not _is_of(text, arn) for text in texts):
        texts = whole
    return tuple(widened(text, beside=named) for text in texts)


def _is_of(text: str, arn: str) -> bool:
    """Whether a text plainly begins with a resource's ARN: any other may mean all of it."""
    return text.startswith(arn) and "*" not in arn and not is_open(text)


# ── what templates name ──────────────────────────────────────────────────────────────────────────────────────────────


def _resources(world: World) -> Iterator[str]:
    """Every resource that a template names, with `*` in place of claims."""
    for text in dict.fromkeys(text for allowed in world.allowed for text in allowed.statement.resources):
        if text != "*":
            yield starred(text)


def starred(text: str) -> str:
    """A resource as rendered, with `*` in place of claims."""
    return "".join("*" if is_placeholder(char) else char for char in text)


def touches(text: str, arn: str) -> bool:
    """Whether what a template names, claims still open, may be this resource, or lie in it."""
    text = starred(text)
    wide = widened(arn, beside=text)
    return any(overlap(text, pattern) for pattern in (wide, f"{wide}/*", f"{wide}:*"))


def is_named(text: str, arn: str) -> bool:
    """The same of this resource itself, and of nothing in it."""
    text = starred(text)
    return overlap(text, widened(arn, beside=text))


def _named(world: World) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Everything that templates name and that may have a policy: (what they name, [(ARN, place)] of the files)."""
    told: set[str] = set()
    for text in _resources(world):
        if text.split(":")[2] not in WITH_POLICIES:
            continue
        places = [(each.arn, each.place) for each in world.deployment.resources if touches(text, each.arn)]
        fresh = [(arn, place) for arn, place in places if arn not in told]
        told |= {arn for arn, _ in places}
        if fresh or not places:
            yield text, fresh


# ── other ARNs ───────────────────────────────────────────────────────────────────────────────────────────────────────


def doors(world: World) -> Notes:
    """What templates keep apart under one ARN, they keep apart under every other."""
    for pattern, places in _named(world):
        if not places and not any(touches(pattern, door.arn) for door in world.deployment.doors):
            yield left_open(
                f"what else leads to it is not in these files: {world.show(pattern)}", "", closes=GIVE
            )
        for arn, place in places:
            beside = [
                (door, opens) for door in world.deployment.doors if (opens := _opens(door, arn)) is not False
            ]
            if not beside:
                yield checked(f"{world.show(arn)} has no access point and no replica in these files", place)
            for door, opens in beside:
                yield if_meant(opens, _through(world, door, arn))
    yield from world.unread("resources")


def _opens(door: Door, arn: str) -> bool | None:
    """Whether a resource is behind a door; None where that cannot be told."""
    return touches(door.opens, arn) if "*" in door.opens else same(door.opens, arn)


def _through(world: World, door: Door, arn: str) -> Note:
    """One access point or replica: named by no template, or apart as the resource itself is."""
    name = f"the {door.what} {world.show(door.arn)} of {world.show(arn)}"
    inside = [
        each for each in world.allowed if any(touches(text, door.arn) for text in each.statement.resources)
    ]
    if not inside:
        return checked(f"{name} is named by no template", door.place)
    for each in inside:
        seen = replace(
            each.statement, resources=tuple(_seen(text, door, arn) for text in each.statement.resources)
        )
        for other in world.allowed:
            for claim in other.isolates or each.isolates:
                one, two = (
                    world.symbolic(statement, isolates=claim) for statement in (seen, other.statement)
                )
                if not isinstance(compare(one, two), Apart):
                    return refuted(
                        f"{name}: by it template {each.template} reaches what template {other.template} keeps apart",
                        door.place,
                    )
    return checked(f"{name} keeps users apart as {world.show(arn)} does", door.place)


def _seen(text: str, door: Door, arn: str) -> str:
    """A resource behind a door as the resource that it is."""
    for prefix in (f"{door.arn}/object/", f"{door.arn}/"):
        if text.startswith(prefix):
            return f"{arn}/{text.removeprefix(prefix)}"
    if text == door.arn:
        return arn
    return f"{arn}*" if touches(text, door.arn) else text
