"""What has to stand beside the templates: the function that renders them, its values, tables and keys as conditions
need them, and roles that are no wider than their templates.

Sources: DynamoDB Developer Guide, "Using IAM policy conditions for fine-grained access control" (an index has a leading
key of its own); KMS Developer Guide, "Encryption context" (symmetric keys only); OpenSearch Service Developer Guide,
"Advanced cluster settings".
"""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final, TypeVar

from authorizer.deployed import DeployedRole, Domain, Key, is_open
from authorizer.engine import Document
from authorizer.engine.evaluate import matches, parse_action
from authorizer.engine.prove import Excess, find_excess, role_policy
from authorizer.gate.granting import is_named, touches
from authorizer.gate.reaching import overlap
from authorizer.gate.rulings import (
    GIVE,
    HANDLER,
    REWRITE,
    Notes,
    World,
    checked,
    left_open,
    readable,
    refuted,
)
from authorizer.model import Role

_OfArn = TypeVar("_OfArn", Domain, Key)

_MARK: Final = re.compile(r"\$\{(\w+)\}")
"""A parameter without a value, or a name that AWS makes, as `World.show` writes it."""
MAX_NAMED: Final = 3
"""Things that a role allows too much and that are named; the rest is counted."""


def code(world: World) -> Notes:
    """A claim's type and its escaping are this project's code: does the deployed function run it?"""
    for function in world.authorizers:
        yield checked(f"{world.show(function.arn)} runs {HANDLER}", function.place)
    if not world.authorizers:
        yield left_open(
            f"no function with the handler {HANDLER} is in these files",
            "",
            closes="give the template of the authorizer's functions",
        )


def values(world: World) -> Notes:
    """Are the values of the proof those of the function's environment?"""
    if not world.authorizers:
        yield from code(world)
        return
    first, *others = world.authorizers
    if world.borrowed:
        shown = (world.show(first.environment.get(name, "")) for name in world.borrowed)
        lacking = list(dict.fromkeys(name for text in shown for name in _MARK.findall(text))) or ["NAME"]
        yield left_open(
            f"{', '.join(world.borrowed)}: no value in these files, so that another one was taken",
            first.place,
            closes=f"give what the template lacks: {' '.join(f'--parameter {name}=VALUE' for name in lacking)}",
        )
    else:
        yield checked("all `env:` names have the function's own values", first.place)
    names = sorted(world.differing)
    for function in others:
        if world.gateway_of(function.arn) is None:
            yield refuted(
                f"{world.show(function.arn)} does not start: access.toml does not load with its environment",
                function.place,
            )
        differing = [name for name in names if function.environment.get(name) != first.environment.get(name)]
        if differing:
            yield left_open(
                f"{world.show(function.arn)} has other values of {', '.join(differing)} than the proof",
                function.place,
                closes="prove it with a template of that function alone",
            )


# ── condition keys ───────────────────────────────────────────────────────────────────────────────────────────────────


def leading_keys(world: World) -> Notes:
    """Is the partition key of every index the one of its table?"""
    named = [
        text
        for allowed in world.allowed
        if any("leadingkeys" in each.key.lower() for each in allowed.statement.conditions)
        for text in allowed.statement.resources
    ]
    for text in dict.fromkeys(named):
        tables = [table for table in world.deployment.tables if touches(text, table.arn)]
        if not tables:
            yield left_open(f"the table is not in these files: {world.show(text)}", "", closes=GIVE)
        for table in tables:
            wrong = [
                name
                for name, key in table.indexes
                if key != table.key and is_named(text, f"{table.arn}/index/{name}")
            ]
            if table.key is None:
                yield left_open(
                    f"{world.show(table.arn)}: its keys could not be read", table.place, closes=REWRITE
                )
            elif wrong:
                yield refuted(
                    f"{world.show(table.arn)}: the partition key of {', '.join(wrong)} is not `{table.key}`, and a "
                    "condition on leading keys compares the index's own",
                    table.place,
                )
            else:
                yield checked(f"{world.show(text)}: every partition key is `{table.key}`", table.place)


def encryption_context(world: World) -> Notes:
    """Are the keys symmetric? Others have no encryption context."""
    keys = _touched(world, world.deployment.keys)
    if not keys:
        yield left_open("the key is not in these files", "", closes=GIVE)
    for key in keys:
        if key.spec == "SYMMETRIC_DEFAULT":
            yield checked(f"{world.show(key.arn)} is symmetric", key.place)
        elif is_open(key.spec):
            yield left_open(f"{world.show(key.arn)}: its KeySpec is open", key.place, closes=REWRITE)
        else:
            yield refuted(f"{world.show(key.arn)} is {key.spec}: it has no encryption context", key.place)


def object_tags(world: World) -> Notes:
    """Can a session change tags of objects?"""
    yield from _tagging(world, ("s3:PutObjectTagging", "s3:DeleteObjectTagging"), "s3:existingobjecttag/")


def resource_tags(world: World) -> Notes:
    """Can a session change tags of resources?"""
    yield from _tagging(world, ("tag:TagResources", "tag:UntagResources"), "resourcetag/")


def _tagging(world: World, names: Sequence[str], key: str) -> Notes:
    """Whatever template allows to tag, allows it only where the tag is the user's own."""
    found = False
    for allowed in world.allowed:
        patterns = [parse_action(action) for action in allowed.statement.actions]
        services = {action.partition(":")[0].lower() for action in allowed.statement.actions}
        more = [
            f"{service}:{verb}"
            for service in services
            for verb in ("tagresource", "untagresource", "createtags")
        ]
        tags = any(matches(pattern, name.lower()) for pattern in patterns for name in (*names, *more))
        if tags and not any(key in condition.key.lower() for condition in allowed.statement.conditions):
            found = True
            yield refuted(
                f"template {allowed.template} lets users tag {world.show(', '.join(allowed.statement.resources))}, "
                "whatever its tags are",
                world.access.settings.place,
            )
    if not found:
        yield checked(
            "no template lets users change the tags of what is not theirs", world.access.settings.place
        )


def explicit_index(world: World) -> Notes:
    """Does every domain keep a request to the indexes of its path?"""
    found = _touched(world, world.deployment.domains)
    if not found:
        yield left_open("the domain is not in these files", "", closes=GIVE)
    for domain in found:
        if domain.names_indexes:
            yield refuted(
                f"{world.show(domain.arn)}: a request's body may name any index; set "
                "rest.action.multi.allow_explicit_index to false",
                domain.place,
            )
        else:
            yield checked(f"{world.show(domain.arn)}: a body names no index", domain.place)
    yield left_open(
        "a path may name several indexes",
        "",
        closes="OpenSearch documentation, Index name syntax; `authorizer policy check` says where values let it",
        closable=False,
    )


def _touched(world: World, resources: Sequence[_OfArn]) -> list[_OfArn]:
    """Those that some template names."""
    texts = [text for allowed in world.allowed for text in allowed.statement.resources]
    return [each for each in resources if any(touches(text, each.arn) for text in texts)]


# ── roles by themselves ──────────────────────────────────────────────────────────────────────────────────────────────


def roles_alone(world: World) -> Notes:
    """Were a session ever made without its policy: is the role itself within what its templates allow at all?"""
    yield from world.of_roles(partial(_alone, world))


def _alone(world: World, role: Role, deployed: DeployedRole) -> Notes:
    limit = role_policy(world.access.templates, role.policies, tags=role.session_tags).document
    excess = _excess(world, deployed, limit)
    if excess is None:
        unseen = ", ".join(deployed.unseen)
        why = f"the text of {unseen} is" if unseen else "one of its policies could not be read, or is"
        yield left_open(f"role {role.name}: {why} not in these files", deployed.place, closes=GIVE)
    elif excess:
        named = "; ".join(
            f"{each.statement.actions[0] if each.statement.actions else 'all but a few actions'} on "
            f"{each.statement.resources[0] if each.statement.resources else 'all but a few resources'}"
            for each in excess[:MAX_NAMED]
        )
        more = f"; and {len(excess) - MAX_NAMED} more" if len(excess) > MAX_NAMED else ""
        yield refuted(
            f"role {role.name} by itself allows what none of its templates does: {world.show(named)}{more}",
            deployed.place,
        )
    else:
        yield checked(f"role {role.name} is within its templates", deployed.place)


def _excess(world: World, deployed: DeployedRole, limit: Document) -> tuple[Excess, ...] | None:
    """What the role may do beyond the limit; None where its policies are not all known, and no boundary holds them."""
    boundary = None if deployed.boundary is None else readable([deployed.boundary])
    beyond = None if boundary is None else find_excess(boundary, limit, read=world.symbolic)
    if beyond == ():
        return ()
    own = readable(deployed.policies)
    if own is None or deployed.unseen:
        return None
    excess = find_excess(own, limit, read=world.symbolic)
    if beyond is None:
        return excess
    # Within role and boundary: what both have beyond the limit.
    return tuple(each for each in excess if any(_meet(each, other) for other in beyond))


def _meet(one: Excess, other: Excess) -> bool:
    mine, theirs = one.statement, other.statement
    actions = not (mine.actions and theirs.actions) or any(
        overlap(action.lower(), another.lower()) for action in mine.actions for another in theirs.actions
    )
    resources = not (mine.resources and theirs.resources) or any(
        overlap(resource, another) for resource in mine.resources for another in theirs.resources
    )
    return actions and resources
