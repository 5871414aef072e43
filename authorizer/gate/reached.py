"""What the templates of one role give some of its users, a line for each statement, each shown by somebody who may."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from authorizer.engine import (
    Branch,
    HasItems,
    InScopes,
    IsDefined,
    Place,
    Statement,
    TemplateSet,
)
from authorizer.engine.evaluate import AccessRequest, show
from authorizer.engine.prove import (
    Asker,
    Found,
    Literals,
    fill_in,
    in_template,
    in_words,
    placeholders_of,
    requests_for,
    shown,
    simplify,
    ways_of,
)
from authorizer.gate.callers import ways_in
from authorizer.gate.looking import ComeBy, Context, Example, Looking, may, needed, tagged
from authorizer.model import Identity, Role
from authorizer.settings.schema import Access, Issuer

MAX_REQUESTS: Final = 24
"""Most requests that are tried to show one statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One statement, for those whom a role's templates give it to."""

    role: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    """Claims as in templates: `{{ tenant }}`."""
    conditions: tuple[str, ...]
    users: tuple[str, ...]
    """For whom, each a way of its own, in words; empty: for all of them."""
    places: tuple[str, ...]
    example: Example | None
    """Somebody, and a request that they may make by it; None where none was found, as where a Deny takes it all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whose:
    """Whom it is about."""

    roles: Sequence[Role]
    sure: frozenset[str]
    """Scopes that they have."""
    possible: frozenset[str]
    """Scopes that they may have, those among them."""
    lost: frozenset[str] = frozenset()
    """Scopes that a session may lack all the same, because somebody acts for them."""
    issuers: Sequence[Issuer] | None = None
    come_by: ComeBy = ways_in
    notes: tuple[str, ...] = ()


class Statements:
    """What one role's templates give them."""

    def __init__(self, access: Access, role: Role, whose: Whose) -> None:
        self._access, self._role, self._whose = access, role, whose
        self._templates = access.templates
        self._lengths: dict[str, set[int]] = {}

    def rows(self) -> Iterator[Reached]:
        branches = [branch for branch in ways_of(self._templates, self._role.policies) if self._goes(branch)]
        for branch in branches:
            for atom, count in branch.chosen.items():
                if isinstance(atom, HasItems):
                    self._lengths.setdefault(atom.claim, set()).add(int(count))
        groups: dict[Statement, list[tuple[Branch, Statement, Place]]] = {}
        for branch in branches:
            for statement, place in zip(branch.document.statements, branch.places, strict=True):
                row = row_of(self._role.name, statement, [place], self._templates)
                key = Statement(
                    effect=statement.effect,
                    actions=row.actions,
                    resources=row.resources,
                    not_resources=row.conditions,
                )
                groups.setdefault(key, []).append((branch, statement, place))
        whole = self._simple(branches)
        for found in groups.values():
            ways = self._simple([branch for branch, _, _ in found])
            users = () if ways == whole else tuple(", ".join(sorted(map(in_words, way))) for way in ways)
            yield row_of(
                self._role.name,
                found[0][1],
                [place for _, _, place in found],
                self._templates,
                users=users,
                example=self._example(ways, found) if found[0][1].effect == "Allow" else None,
            )

    def _goes(self, branch: Branch) -> bool:
        """Whether any of them may go this way and have a session."""
        required = needed(self._role)
        for atom, chosen in branch.chosen.items():
            if (
                isinstance(atom, InScopes)
                and not chosen
                and atom.scope in self._whose.sure - self._whose.lost
            ):
                return False
            if isinstance(atom, InScopes) and chosen and atom.scope not in self._whose.possible:
                return False
            if isinstance(atom, IsDefined) and not chosen and atom.claim in required:
                return False
        return any(statement.effect == "Allow" for statement in branch.document.statements)

    def _simple(self, branches: Sequence[Branch]) -> list[Literals]:
        """Without what is so of all of them: scopes that they have, claims that every session of the role needs."""
        required = needed(self._role)
        settled = self._settled()
        ways = [
            {
                atom: chosen
                for atom, chosen in branch.chosen.items()
                if not (isinstance(atom, InScopes) and atom.scope in settled)
                and not (isinstance(atom, IsDefined) and atom.claim in required)
            }
            for branch in branches
        ]
        return simplify(ways, lengths=self._lengths)

    def _settled(self) -> frozenset[str]:
        return (self._whose.sure - self._whose.lost) | (
            frozenset(self._access.settings.scopes) - self._whose.possible
        )

    def _example(
        self, ways: Sequence[Literals], found: Sequence[tuple[Branch, Statement, Place]]
    ) -> Example | None:
        asker = Asker(
            ways=tuple(ways),
            values=frozenset(),
            conditions=(),
            but=(),
            places=(),
            found=tuple(
                Found(
                    way=branch.chosen,
                    values=frozenset(),
                    conditions=statement.conditions,
                    but=(),
                    place=place,
                    statement=statement,
                )
                for branch, statement, place in found[:MAX_REQUESTS]
            ),
        )
        for _, statement, _ in found[:MAX_REQUESTS]:

            def confirm(identity: Identity, _: Context, mine: Statement = statement) -> AccessRequest | None:
                return request_of(mine, identity, self._templates)

            looking = Looking(
                self._access,
                self._role,
                confirm,
                issuers=self._whose.issuers,
                come_by=self._whose.come_by,
            )
            for way in ways:
                looking.at(asker, way)
                if looking.kinds:
                    return looking.kinds[0].example
        return None


def request_of(statement: Statement, identity: Identity, templates: TemplateSet) -> AccessRequest | None:
    """A request of this identity that the statement allows, and so does the whole policy; None where none was found,
    as for an identity without a claim that the statement asks for."""
    claims = {templates.origin(char)[0] for char in placeholders_of(statement)}
    if not all(identity.claims.get(name) for name in claims):
        return None
    mine = _with_tags(fill_in(statement, identity.claims, templates.origin), identity)
    for request in islice(requests_for(mine, unlike=()), MAX_REQUESTS):
        # Actions have no case; shown is the author's.
        named = next(
            (name for name in statement.actions if name.lower() == request.action.lower()), request.action
        )
        whole = tagged(replace(request, action=named), identity, {})
        if may(templates, identity, whole):
            return whole
    return None


def _with_tags(statement: Statement, identity: Identity) -> Statement:
    """The statement with the session's tags in place of the variables that stand for them."""
    found = statement
    for key, claim in identity.role.session_tags.items():
        pattern = re.compile(re.escape(f"${{aws:PrincipalTag/{key}}}"), re.IGNORECASE)
        text = show((str(identity.claims[claim]),))

        def fill(value: str, pattern: re.Pattern[str] = pattern, text: str = text) -> str:
            return pattern.sub(lambda _: text, value)

        found = replace(
            found,
            resources=tuple(map(fill, found.resources)),
            conditions=tuple(
                replace(each, values=tuple(map(fill, each.values))) for each in found.conditions
            ),
        )
    return found


def row_of(
    role: str,
    statement: Statement,
    places: Sequence[Place],
    templates: TemplateSet,
    *,
    users: tuple[str, ...] = (),
    example: Example | None = None,
) -> Reached:
    """A statement as a reader sees it; those that look alike are one."""

    def listed(texts: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
        found = [shown(text, templates.origin) for text in texts]
        found += [f"anything but {shown(text, templates.origin)}" for text in other]
        return tuple(dict.fromkeys(found))

    return Reached(
        role=role,
        effect=statement.effect,
        actions=listed(statement.actions, statement.not_actions),
        resources=listed(statement.resources, statement.not_resources),
        conditions=tuple(dict.fromkeys(in_template(each, templates.origin) for each in statement.conditions)),
        users=users,
        places=tuple(dict.fromkeys(place.describe() for place in places)),
        example=example,
    )
