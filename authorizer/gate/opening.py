"""What scopes open, now and before, and what comes of fewer scopes."""

from collections.abc import Iterator
from typing import Final

from authorizer.engine import InScopes
from authorizer.engine.evaluate import Parts, parse_pattern
from authorizer.engine.prove import find_uncovered
from authorizer.gate.delegation import gained, with_fewer_scopes
from authorizer.gate.steps import Step, Steps
from authorizer.identity.permit import METHODS
from authorizer.settings.schema import Access, Route, Settings
from authorizer.settings.walks import walks

_SPECIAL: Final = ("$connect", "$default")


def scopes_of_groups(old: Access, new: Access) -> Steps:
    """The scopes that membership brings."""
    before, now = old.settings, new.settings
    for name in dict.fromkeys([*now.groups, *before.groups]):
        had, has = _brought(name, before), _brought(name, now)
        for scope in sorted(has - had):
            open_already = [route for each in had if each in before.scopes for route in before.scopes[each]]
            opened = next(iter(_beyond(now.scopes[scope], open_already)), None)
            yield Step(
                direction="WIDER",
                what=f"scope {scope!r}" + (f", which opens {opened[0]}" if opened else ""),
                whom=f"group {name}",
                identity={"groups": [name]},
                request={"route": opened[1]} if opened else {"scope": scope},
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
            for route, example, certain in _beyond(has, had):
                yield Step(
                    direction="WIDER" if certain else "UNKNOWN",
                    what=f"{route}, by scope {scope!r}",
                    whom=whom,
                    identity=identity,
                    request={"route": example},
                )
            for route, _, _ in _beyond(had, has):
                yield Step(direction="NARROWER", what=f"{route}, by scope {scope!r}", whom=whom)


def _holders(scope: str, settings: Settings) -> list[str]:
    return [group.name for group in settings.groups.values() if scope in group.scopes]


def _beyond(
    routes: tuple[Route, ...], others: list[Route] | tuple[Route, ...]
) -> Iterator[tuple[str, str, bool]]:
    """Each route that the others do not cover; a request that shows it; and whether that one is really open."""
    for route in routes:
        written = f"{route.method} {route.path}".lstrip()
        if route.path in _SPECIAL:
            if route not in others:
                yield written, route.path, True
            continue
        for method in METHODS if route.method == "ANY" else (route.method,):
            wide = [
                _path(other.path)
                for other in others
                if other.path not in _SPECIAL and other.method in (method, "ANY")
            ]
            path = find_uncovered(_path(route.path), wide)
            if path is None:
                continue
            # With nothing in place of a star, `/x/*/y` would be `/x//y`, which nobody may ask for.
            filled = find_uncovered(_path(route.path.replace("*", "?*")), wide) or path
            path = path if walks(filled) else filled
            yield written, f"{method} {path}", not walks(path)
            break


def _path(path: str) -> Parts:
    return parse_pattern(path, variables=False)


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
