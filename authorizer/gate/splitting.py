"""A session policy that is too long, as two: a static policy of the role, and a small remainder of the session.

What every user's session has in common, but for claims that session tags carry, can stand in the role's own policy,
with `${aws:PrincipalTag/…}` for the claims. The session policy then only has to say, coarsely, which actions of that
this user has: what is tested in templates stays there, and so does whatever no tag can say. Whether both together are
what the one was is proven (`authorizer.engine.prove.differences`): the texts here are only proposed.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from authorizer.engine import (
    MAX_CHARACTERS,
    PARTITIONS,
    ClaimType,
    Document,
    Equals,
    HasItems,
    InScopes,
    IsDefined,
    Statement,
    TemplateInvalid,
    TemplateSet,
    covers_action,
    dump,
)
from authorizer.engine.prove import Literals, Undecided, differences, role_policy, shown, simplify, ways_of
from authorizer.model import Role
from authorizer.settings.limits import LIMITS
from authorizer.settings.schema import Access

MAX_ROLE_POLICY: Final = 10_240
"""Most characters of all inline policies of a role together, white space not counted (IAM quotas)."""
WHOLE, NAMED, SERVICE, ANY_ACTION = range(4)
"""How much of a statement stays in the remainder: all of it; its actions, on its resources with `*` for claims; its
actions, on all of their service; all actions of the service. The later, the shorter."""
PLANS: Final = (
    *(
        (plain, gated, apart)
        for plain in (NAMED, SERVICE, ANY_ACTION)
        for gated in (NAMED, WHOLE)
        for apart in (False, True)
    ),
    (WHOLE, WHOLE, False),
)
"""What is tried in turn, until it is proven and fits: for statements that everybody has, for those that some have, and
whether those stay whole that share an action with others which somebody else has: between two such, an action does not
say which of them is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One role's policy in two."""

    role: str
    policy: Document
    """The role's own, static."""
    remainder: str
    """The template that takes the place of the role's templates."""
    tags: Mapping[str, str]
    """`session_tags` that the role needs: tag key → claim."""
    added: tuple[str, ...]
    """Those of its keys that access.toml does not have yet."""
    stays: tuple[str, ...]
    """What stays in the remainder whole, and why."""
    before: int
    after: int
    """Characters of the longest session policy, before and after."""
    problems: tuple[str, ...]
    """Why it is no split to take: what could not be proven, and what does not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """One statement as the author means it, for whom."""

    statement: Statement
    """With placeholders; of a list, its first item's for all of them."""
    ways: tuple[Literals, ...]
    why: str
    """Why no tag can say it; empty where one can."""


def split(access: Access, role: Role) -> Split:
    """The role's templates in two. Raises `Undecided` where there are too many ways through them."""
    settings, templates = access
    marked = TemplateSet.compile(
        settings.template_sources,
        claims=templates.claims,
        variables={
            name: value if value in PARTITIONS else _marker(name)
            for name, value in settings.variables.items()
        },
    )
    always = _always(templates, role)
    refused = {
        name: why for name in templates.claims if (why := _no_tag(name, templates.claims[name], always))
    }
    tags = _tags(role, templates, refused)
    made = role_policy(templates, role.policies, tags=tags)
    pieces = _pieces(marked, role, refused, always)
    stays = tuple(dict.fromkeys(f"{_told(piece)}: {piece.why}" for piece in pieces if piece.why))
    before = templates.worst_case_length(role.policies)
    best: Split | None = None
    # Where everything stays whole, all plans come to the same: each text is proven once.
    for text in dict.fromkeys(_named(_template(pieces, marked, plan), settings.variables) for plan in PLANS):
        found = _judged(access, role, text, made.document, tags)
        if found is None:
            continue
        after, problems = found
        attempt = Split(
            role=role.name,
            policy=made.document,
            remainder=text,
            tags=tags,
            added=tuple(key for key in tags if key not in role.session_tags),
            stays=stays,
            before=before,
            after=after,
            problems=problems,
        )
        if not problems:
            return attempt
        if best is None or (len(problems), after) < (len(best.problems), best.after):
            best = attempt
    if best is None:
        raise Undecided("no remainder of these templates loads")
    return best


def _judged(
    access: Access, role: Role, text: str, policy: Document, tags: Mapping[str, str]
) -> tuple[int, tuple[str, ...]] | None:
    """Length of the longest remainder, and what is wrong with this split; None where the remainder is no template."""
    settings, templates = access
    name = "split-remainder"
    try:
        both = TemplateSet.compile(
            {**settings.template_sources, name: text}, claims=templates.claims, variables=settings.variables
        )
    except TemplateInvalid:
        return None
    problems = list(islice(differences(both, role.policies, [name], role=policy, tags=tags), 8))
    after = both.worst_case_length([name])
    if after > MAX_CHARACTERS:
        problems.append(
            f"the longest remainder has {after} characters, {after - MAX_CHARACTERS} more than STS takes"
        )
    size = len(dump(policy))
    if size > MAX_ROLE_POLICY:
        problems.append(
            f"the role's policy has {size} characters, {size - MAX_ROLE_POLICY} more than a role's inline policies may"
        )
    return after, tuple(problems)


def _always(templates: TemplateSet, role: Role) -> frozenset[str]:
    """The claims that every user with a session of the role has."""
    ways = [branch.chosen for branch in ways_of(templates, role.policies)]
    tagged = frozenset(role.session_tags.values())
    return tagged | frozenset(
        name for name in templates.claims if ways and all(way.get(IsDefined(name)) is True for way in ways)
    )


def _no_tag(name: str, kind: ClaimType, always: Collection[str]) -> str:
    """Why a claim can be no session tag; empty where it can."""
    limit = LIMITS["Tags.Value"]
    sequences = kind.language.alternatives
    chars = {char for sequence in sequences for segment in sequence for char in segment.chars}
    longest = max(sum(segment.max for segment in sequence) for sequence in sequences)
    if kind.is_list:
        return f"`{name}` is a list, and a tag has one value"
    if longest > limit.most:
        return f"`{name}` may have {longest} characters, and a tag's value {limit.most}"
    if beyond := "".join(sorted(char for char in chars if not limit.takes(char))):
        return f"`{name}` may hold {beyond[:12]!r}, which no tag's value can"
    if name not in always:
        return f"`{name}` may be absent, and a tag is always passed"
    return ""


def _tags(role: Role, templates: TemplateSet, refused: Mapping[str, str]) -> dict[str, str]:
    """Its tags, and one more for each claim of its templates that can be one."""
    tags = dict(role.session_tags)
    used = frozenset[str]().union(*map(templates.uses, role.policies))
    for name in sorted(used - set(tags.values())):
        if name not in refused and name.lower() not in {key.lower() for key in tags}:
            tags[name] = name
    return tags


def _pieces(
    templates: TemplateSet, role: Role, refused: Mapping[str, str], always: Collection[str]
) -> list[_Piece]:
    """Every statement that somebody has, once, with whoever has it."""
    branches = ways_of(templates, role.policies)
    lengths: dict[str, set[int]] = {}
    found: dict[Statement, list[dict[object, bool | int]]] = {}
    for branch in branches:
        for atom, count in branch.chosen.items():
            if isinstance(atom, HasItems):
                lengths.setdefault(atom.claim, set()).add(int(count))
        way = {
            atom: chosen
            for atom, chosen in branch.chosen.items()
            if not (isinstance(atom, IsDefined) and atom.claim in always)
        }
        for statement in branch.document.statements:
            found.setdefault(_canonical(statement, templates), []).append(way)  # type: ignore[arg-type]
    pieces = []
    for statement, ways in found.items():
        claims = dict.fromkeys(templates.origin(char)[0] for char in _chars(statement))
        why = "; ".join(refused[claim] for claim in claims if claim in refused)
        if not why and statement.effect != "Allow":
            why = "a Deny"
        pieces.append(
            _Piece(statement=statement, ways=tuple(simplify(ways, lengths=lengths)), why=why)  # type: ignore[arg-type]
        )
    return pieces


def _canonical(statement: Statement, templates: TemplateSet) -> Statement:
    """Without its Sid, and with a list's first item in place of all of them."""
    first = {}
    for char in _chars(statement):
        _, item = templates.origin(char)
        first[char] = chr(ord(char) - item)

    def made(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys("".join(first.get(char, char) for char in text) for text in texts))

    return replace(
        statement,
        sid=None,
        resources=made(statement.resources),
        conditions=tuple(replace(each, values=made(each.values)) for each in statement.conditions),
    )


def _chars(statement: Statement) -> Iterator[str]:
    for text in (*statement.resources, *(text for each in statement.conditions for text in each.values)):
        yield from (char for char in text if char > "ÿ")


# ── the remainder as text ────────────────────────────────────────────────────────────────────────────────────────────


def _template(pieces: Sequence[_Piece], templates: TemplateSet, plan: tuple[int, int, bool]) -> str:
    """The remainder as a template: statements for everybody first, then each of the others behind its test."""
    plain, gated, apart = plan
    groups: dict[tuple[str, int], list[Statement]] = {}
    for number, piece in enumerate(pieces):
        test = _test(piece.ways)
        whole = piece.why or (apart and any(_shares(piece, other) for other in pieces))
        level = WHOLE if whole else gated if test else plain
        coarse = _coarse(piece.statement, level)
        # What stays whole is nobody else's business: each is a statement of its own.
        groups.setdefault((test, -number - 1 if level == WHOLE else level), []).append(coarse)
    ordered = sorted(groups.items(), key=lambda group: group[0][0] != "")
    text, before = "", list[str]()
    for (test, _), statements in ordered:
        body = _written(_joined(statements), templates)
        if not test:
            text += f",\n    {body}" if before else f"\n    {body}"
            before = [""]
            continue
        comma = ""
        if before:
            comma = (
                ","
                if "" in before
                else f"{{% if {' or '.join(f'({each})' for each in before)} %}},{{% endif %}}"
            )
        text += f"\n    {{% if {test} %}}{comma}{body}{{% endif %}}"
        before.append(test)
    return f'{{\n  "Version": "2012-10-17",\n  "Statement": [{text}\n  ]\n}}\n'


def _shares(one: _Piece, other: _Piece) -> bool:
    """Whether the two are of different users, and one action may be of both."""
    if one.ways == other.ways:
        return False
    return any(
        covers_action(left, right) or covers_action(right, left)
        for left in one.statement.actions
        for right in other.statement.actions
    )


def _coarse(statement: Statement, level: int) -> Statement:
    if level == WHOLE:
        return statement
    actions, resources = statement.actions, statement.resources
    if level >= SERVICE and "*" not in resources:
        resources = tuple(dict.fromkeys(_of_service(text) for text in resources))
    if level >= ANY_ACTION and "*" not in resources:
        actions = tuple(dict.fromkeys(f"{action.partition(':')[0]}:*" for action in actions))
    starred = tuple(
        dict.fromkeys("".join("*" if char > "ÿ" else char for char in text) for text in resources)
    )
    return replace(statement, actions=actions, resources=starred, conditions=())


def _of_service(text: str) -> str:
    _, partition, service, *_ = text.split(":")
    return f"arn:{partition}:{service}:*:*:*"


def _joined(statements: Sequence[Statement]) -> Statement:
    """One for all of them: they are of one kind."""
    return replace(
        statements[0],
        actions=tuple(dict.fromkeys(action for each in statements for action in each.actions)),
        resources=tuple(dict.fromkeys(text for each in statements for text in each.resources)),
    )


def _test(ways: Sequence[Literals]) -> str:
    """What a template asks of those who go one of these ways; empty for everybody."""
    if any(not way for way in ways):
        return ""
    return " or ".join(" and ".join(_asked(literal) for literal in sorted(way, key=_order)) for way in ways)


def _order(literal: tuple[object, bool | int]) -> tuple[bool, str]:
    # Whether a claim is there comes before what it is.
    return not isinstance(literal[0], IsDefined), repr(literal)


def _asked(literal: tuple[object, bool | int]) -> str:
    atom, chosen = literal
    if isinstance(atom, InScopes):
        text = f'"{atom.scope}" in scopes'
    elif isinstance(atom, IsDefined):
        text = f"{atom.claim} is defined"
    elif isinstance(atom, Equals):
        text = f'{atom.claim} == "{atom.value}"'
    else:
        text = f'"{getattr(atom, "value", "")}" in {getattr(atom, "claim", "")}'
    return text if chosen else f"not ({text})"


def _written(statement: Statement, templates: TemplateSet) -> str:
    members = [f'"Effect": "{statement.effect}"', f'"Action": {json.dumps(list(statement.actions))}']
    members.append(f'"Resource": {_texts(statement.resources, templates)}')
    if statement.conditions:
        blocks: dict[str, list[str]] = {}
        for each in statement.conditions:
            blocks.setdefault(each.operator, []).append(
                f"{json.dumps(each.key)}: {_texts(each.values, templates)}"
            )
        members.append(
            '"Condition": { '
            + ", ".join(f'"{name}": {{ {", ".join(keys)} }}' for name, keys in blocks.items())
            + " }"
        )
    return "{ " + ", ".join(members) + " }"


def _texts(texts: Sequence[str], templates: TemplateSet) -> str:
    """A list of texts, and a loop for each that has an item of a list in it."""
    written = []
    for text in texts:
        lists = {templates.origin(char)[0] for char in text if char > "ÿ"}
        lists = {name for name in lists if templates.claims[name].is_list}
        quoted = shown(json.dumps(text, ensure_ascii=False), templates.origin)
        for name in sorted(lists):
            inside = quoted.replace(f"{{{{ {name} }}}}", "{{ item }}")
            quoted = f"{{% for item in {name} %}}{inside}{{% if not loop.last %}},{{% endif %}}{{% endfor %}}"
        written.append(quoted)
    return f"[{', '.join(written)}]"


def _told(piece: _Piece) -> str:
    actions = ", ".join(piece.statement.actions)
    return f"{piece.statement.effect} {actions}"


def _marker(name: str) -> str:
    """Text that no policy has, in place of a constant's value: from it the constant's name is told again."""
    return f"zzq{name.encode().hex()}qzz"


def _named(text: str, variables: Mapping[str, str]) -> str:
    """With the names of constants in place of their markers. A partition has none: only known ones load."""
    for name, value in variables.items():
        text = text.replace(_marker(name), f"{{{{ {name} }}}}")
        if value in PARTITIONS:
            text = text.replace(f"arn:{value}:", f"arn:{{{{ {name} }}}}:")
    return text
