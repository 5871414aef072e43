"""What scopes open, now and before, and what comes of fewer scopes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice, product
from typing import Final

from typing_extensions import override

from authorizer.engine import ClaimType, ClaimValue, InScopes
from authorizer.engine.prove import find_uncovered, samples
from authorizer.gate.delegation import gained, with_fewer_scopes
from authorizer.gate.route_patterns import SPECIAL, is_open, methods, parts
from authorizer.gate.steps import Step, Steps
from authorizer.settings.schema import Access, Route, Settings

MAX_TRIED: Final = 1000
"""Most requests that are tried for one that shows a route."""


@dataclass(frozen=True, slots=True)
class _Beyond:
    """A route that others do not cover."""

    entry: str
    example: str
    """A request that it opens and they do not."""
    certain: bool
    """Whether that one is really open by it, and not by them."""
    claims: Mapping[str, ClaimValue] = field(default_factory=dict)
    """Of who may ask for it."""


def scopes_of_groups(old: Access, new: Access) -> Steps:
    """The scopes that membership brings."""
    before, now = old.settings, new.settings
    for name in dict.fromkeys([*now.groups, *before.groups]):
        had, has = _brought(name, before), _brought(name, now)
        for scope in sorted(has - had):
            open_already = [route for each in had if each in before.scopes for route in before.scopes[each]]
            opened = next(_beyond(now.scopes[scope], open_already, now, before), None)
            yield Step(
                direction="WIDER",
                what=f"scope {scope!r}" + (f", which opens {opened.entry}" if opened else ""),
                whom=f"group {name}",
                identity={"groups": [name], **_who(opened)},
                request={"route": opened.example} if opened else {"scope": scope},
            )
        for scope in sorted(had - has):
            yield Step(direction="NARROWER", what=f"scope {scope!r}", whom=f"group {name}")


def _brought(name: str, settings: Settings) -> frozenset[str]:
    group = settings.groups.get(name)
    return frozenset(() if group is None else group.scopes)


def routes_of_scopes(old: Access, new: Access) -> Steps:
    """The routes that each scope opens, for those whom groups bring it, and for tokens of their own."""
    before, now = old.settings, new.settings
    for scope in dict.fromkeys([*now.scopes, *before.scopes]):
        had, has = before.scopes.get(scope, ()), now.scopes.get(scope, ())
        for group in _holders(scope, now) or _holders(scope, before) or [""]:
            whom = f"group {group}" if group else f"scope {scope}"
            identity: dict[str, object] = {"scopes": [scope], **({"groups": [group]} if group else {})}
            for gained_route in _beyond(has, had, now, before):
                yield Step(
                    direction="WIDER" if gained_route.certain else "UNKNOWN",
                    what=f"{gained_route.entry}, by scope {scope!r}",
                    whom=whom,
                    identity={**identity, **_who(gained_route)},
                    request={"route": gained_route.example},
                )
            for lost in _beyond(had, has, before, now):
                yield Step(direction="NARROWER", what=f"{lost.entry}, by scope {scope!r}", whom=whom)


def _who(found: _Beyond | None) -> Mapping[str, object]:
    return {"claims": dict(found.claims)} if found is not None and found.claims else {}


def _holders(scope: str, settings: Settings) -> list[str]:
    return [group.name for group in settings.groups.values() if scope in group.scopes]


def _beyond(
    routes: Sequence[Route], others: Sequence[Route], of: Settings, those: Settings
) -> Iterator[_Beyond]:
    """Each route of the configuration `of` that the others, of `those`, do not cover, and a request that shows it."""
    for route in routes:
        if route.path in SPECIAL:
            if route not in others:
                yield _Beyond(route.entry, route.path, certain=True)
            continue
        for method in methods(route):
            rivals = [each for each in others if each.path not in SPECIAL and method in methods(each)]
            wide = [_pattern(each.path, those, of) for each in rivals]
            path = find_uncovered(_pattern(route.path, of, those), wide)
            if path is None:
                continue
            # With nothing in place of a star, `/x/*/y` would be `/x//y`, which nobody may ask for.
            filled = find_uncovered(_pattern(route.path.replace("*", "?*"), of, those), wide)
            paths = [each for each in (filled, path) if each is not None]
            yield _shown(route, method, paths, rivals, (of, those))
            break


def _shown(
    route: Route,
    method: str,
    paths: Sequence[str],
    rivals: Sequence[Route],
    settings: tuple[Settings, Settings],
) -> _Beyond:
    """A request that the route opens and none of its rivals does, asked of the authorizer's own code. `settings` of the
    route, and of its rivals."""
    of, those = settings
    kinds = {name: of.claims[name].type for name in route.holes}
    tried = product(paths, product(*(samples(kind.language) for kind in kinds.values())))
    for path, values in islice(tried, MAX_TRIED):
        texts = dict(zip(kinds, values, strict=True))
        asked = reduce(lambda text, name: text.replace(f"{{{name}}}", texts[name]), texts, path)
        claims = {name: kinds[name].of_one(text) for name, text in texts.items()}
        before = {
            name: claims[mine]
            for name, claim in those.claims.items()
            for mine in claims
            if claim.claim == of.claims[mine].claim and claim.type.accepts(claims[mine])
        }
        if is_open(route, claims, method, asked) and not any(
            is_open(rival, before, method, asked) for rival in rivals
        ):
            return _Beyond(route.entry, f"{method} {asked}", certain=True, claims=claims)
    return _Beyond(route.entry, f"{method} {paths[0]}", certain=False)


@dataclass(frozen=True, slots=True)
class _Own:
    """The caller's own value of a claim: the same on both sides, where both read it from the same place as the same."""

    source: str
    kinds: frozenset[ClaimType]
    """Its type; both, where both sides have a claim of this name: what became of that is another row's."""
    name: str = field(compare=False)

    @override
    def __str__(self) -> str:
        return f"{{{self.name}}}"


def _pattern(path: str, settings: Settings, other: Settings) -> tuple[object, ...]:
    def own(name: str) -> _Own:
        claim, namesake = settings.claims[name], other.claims.get(name)
        return _Own(claim.claim, frozenset({claim.type, (namesake or claim).type}), name)

    return parts(path, own)


def catch_all(old: Access, new: Access) -> Steps:
    """Only a simple response can be about the catch-all route of an HTTP API."""
    sides = [access.settings.gateway.response == "simple" for access in (old, new)]
    if sides[0] != sides[1]:
        for scope, routes in new.settings.scopes.items():
            if any(route.path == "$default" for route in routes):
                yield Step(
                    direction="WIDER" if sides[1] else "NARROWER",
                    what=f"$default for scope {scope!r}",
                    identity={"scopes": [scope]},
                    request={"route": "$default"},
                )


def fewer_scopes(old: Access, new: Access) -> Steps:
    """A template may give more to who has fewer scopes, and an issuer that may not speak for a scope is refused with
    it, and not without."""
    lost = _lost(old.settings, new.settings)
    if not lost:
        return
    settings, templates = new
    for role in settings.roles.values():
        tested = {
            atom.scope for branch in templates.branches(role.policies) for atom in branch.chosen
            if isinstance(atom, InScopes)
        }  # fmt: skip
        if not tested & lost:
            continue
        result = with_fewer_scopes(role, templates)
        if result.verdict != "NO WIDER":
            more = gained(result)
            party = result.witness
            yield Step(
                direction="UNKNOWN",
                what=f"what role {role.name!r} allows for want of {', '.join(sorted(tested & lost))}: {more}",
                identity={} if party is None else {"claims": dict(party.claims)},
            )
    for issuer in (*old.settings.issuers.values(), *settings.issuers.values()):
        may = issuer.speaks_for.scopes
        if may is not None and lost - may:
            yield Step(
                direction="UNKNOWN",
                what=f"users of {issuer.name}, who were refused for {', '.join(sorted(lost - may))}: it may not speak "
                "for that",
                identity={"issuer": issuer.issuer},
            )


def _lost(before: Settings, now: Settings) -> frozenset[str]:
    """Scopes that some caller may have had, and has no more."""
    lost = frozenset(before.scopes) - frozenset(now.scopes)
    for name in before.groups:
        lost |= _brought(name, before) - _brought(name, now)
    if before.gateway.token_scopes != now.gateway.token_scopes:
        lost |= frozenset(before.scopes)
    for iss, issuer in before.issuers.items():
        actors = now.issuers[iss].actors if iss in now.issuers else issuer.actors
        for name, scopes in issuer.actors.items():
            lost |= scopes - actors.get(name, scopes)
    return lost
