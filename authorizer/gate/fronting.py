"""Does the authorizer stand before every route of its APIs, and does nothing else open one?

Sources: API Gateway Developer Guide, "How API Gateway resource policies affect authorization workflow" (table A: an
Allow of the API's policy wins over an authorizer's silence), "Control and manage access to WebSocket APIs" ($connect
alone has an authorizer); Fetch standard, "CORS-preflight fetch" (no credentials).
"""

from collections.abc import Iterator

from authorizer.deployed import Api, ApiRoute, is_open, same
from authorizer.gate.behind import reaches
from authorizer.gate.rulings import (
    GIVE,
    NAME_IT,
    OWN_HANDLER,
    REWRITE,
    Note,
    Notes,
    World,
    checked,
    if_meant,
    left_open,
    refuted,
)


def nowhere() -> Note:
    """What is said where no API of the files asks the authorizer."""
    return left_open(
        "no API in these files asks the authorizer",
        "",
        closes="give the file that has the API, or what the account says (docs/deployed.md)",
    )


def fronting(world: World) -> Notes:
    """The authorizer stands before every route, and no resource policy of the API opens more."""
    for authorizer in world.deployment.authorizers:
        if authorizer.function is None and authorizer.type in ("TOKEN", "REQUEST"):
            name = world.show(authorizer.id)
            yield left_open(f"{name}: which function it asks is open", authorizer.place, closes=REWRITE)
        elif any(same(authorizer.function or "", each.arn) is None for each in world.authorizers):
            name = world.show(authorizer.id)
            yield left_open(
                f"{name}: whether it asks the authorizer is open", authorizer.place, closes=NAME_IT
            )
    if not world.fronts:
        yield nowhere()
    known = {api.id: api for api in world.deployment.apis}
    for api_id in dict.fromkeys(authorizer.api for authorizer in world.fronts):
        if api_id in known:
            yield from _routes(world, known[api_id])
            yield from _policies(world, known[api_id])
        else:
            place = next(each.place for each in world.fronts if each.api == api_id)
            yield left_open(f"the API {world.show(api_id)} is not in these files", place, closes=GIVE)
    yield from _other_ways(world)
    yield from world.unread("apis")


def _routes(world: World, api: Api) -> Notes:
    name = world.show(api.id)
    known = [(route, same(route.api, api.id)) for route in world.deployment.routes]
    every = [route for route, theirs in known if theirs]
    routes = [route for route in every if api.kind != "WEBSOCKET" or route.path == "$connect"]
    for route, theirs in known:
        if theirs is None and (api.kind != "WEBSOCKET" or route.path == "$connect"):
            yield from (if_meant(theirs, note) for note in _before(world, route))
    if not every:
        yield left_open(f"no route of {name} is in these files", api.place, closes=GIVE)
    elif not routes:
        yield refuted(f"{name} has no route $connect, so that nobody is asked who connects", api.place)
    found = [note for route in routes for note in _before(world, route)]
    yield from found
    if routes and not found:
        yield checked(f"{name}: it stands before each of {len(routes)} routes", api.place)


def _before(world: World, route: ApiRoute) -> Iterator[Note]:
    """What is wrong with one route."""
    what = f"{world.show(route.entry)} of {world.show(route.api)}"
    if _is_behind(world, route):
        return
    others = {each.id: each for each in world.deployment.authorizers if each.api == route.api}
    other = others.get(route.authorizer or "")
    if route.authorization is None or (route.authorization == "CUSTOM" and other is None):
        yield left_open(f"{what}: which authorizer stands before it is open", route.place, closes=REWRITE)
    elif other is not None and other.function is None and other.type in ("TOKEN", "REQUEST"):
        return  # said of the authorizer itself
    elif route.authorization != "NONE":
        by = world.show(route.authorizer or route.authorization)
        yield refuted(f"{what} stands behind {by}, and not behind the authorizer", route.place)
    elif not _needs_none(world, route):
        yield _without(world, route, f"{what} has no authorizer")


def _is_behind(world: World, route: ApiRoute) -> bool:
    """Whether the authorizer stands before it."""
    ours = {(authorizer.api, authorizer.id) for authorizer in world.fronts}
    return route.authorization == "CUSTOM" and (route.api, route.authorizer) in ours


def _without(world: World, route: ApiRoute, what: str) -> Note:
    """What a route without an authorizer is. A preflight carries no token, and who answers it need not be asked for
    one: but whoever sends OPTIONS gets through to the backend."""
    named = any(
        entry.method == "OPTIONS" for entries in world.access.settings.scopes.values() for entry in entries
    )
    if route.method != "OPTIONS" or named:
        return refuted(f"{what}: it is open to everybody", route.place)
    if route.integration is None:
        return left_open(f"{what}, and what it reaches is not in these files", route.place, closes=GIVE)
    return left_open(
        f"{what}: what the backend makes of a preflight is its own",
        route.place,
        closes="the backend's own code: that it answers OPTIONS as a preflight asks, and does nothing else",
        closable=False,
    )


def _needs_none(world: World, route: ApiRoute) -> bool:
    """Whether nothing of anybody's is behind a route, or what is there asks for the token itself."""
    behind = route.integration
    if behind is None:
        return False
    handlers = {function.arn: function.handler for function in world.deployment.functions}
    return behind.type == "MOCK" or handlers.get(behind.function or "") == OWN_HANDLER


def _other_ways(world: World) -> Notes:
    """Routes of other APIs to what stands behind the authorizer."""
    apis = {authorizer.api for authorizer in world.fronts}
    behind = {
        _target(route): route.integration for route in world.deployment.routes if _is_behind(world, route)
    }
    for route in world.deployment.routes:
        if route.api in apis:
            continue
        found = {reaches(route.integration, each) for each in behind.values()} - {False}
        if found:
            yield from (if_meant(True in found, note) for note in _before(world, route))


def _target(route: ApiRoute) -> str:
    behind = route.integration
    return "" if behind is None else f"{behind.type} {behind.function or behind.uri}"


def _policies(world: World, api: Api) -> Notes:
    for policy in world.deployment.policies:
        on = policy.arn.split(":", 5)
        meant = same(on[5].partition("/")[0], api.id) if on[2:3] == ["execute-api"] else False
        if meant is False:
            continue
        for rule in policy.policy.rules:
            name = world.show(api.id)
            if rule.statement is None:
                text = f"a statement of the policy of {name} could not be read: {rule.problem}"
                yield left_open(text, rule.place, closes=REWRITE)
            elif rule.statement.effect == "Allow":
                if rule.not_principals or any(each.value == "*" for each in rule.principals):
                    note = refuted(
                        f"the policy of {name} allows everybody {', '.join(rule.statement.actions)}, which wins over "
                        "an authorizer that is silent on a route: deny those who are not meant, and allow nobody",
                        rule.place,
                    )
                    yield if_meant(meant, note)
                elif any(is_open(each.value) for each in rule.principals):
                    text = f"whom the policy of {name} allows is open"
                    yield left_open(text, rule.place, closes=REWRITE)
