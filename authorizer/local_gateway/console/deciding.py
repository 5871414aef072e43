"""The lines of access.toml and of templates on which a stage's outcome rests."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from authorizer.engine import Place
from authorizer.errors import ClaimAbsent, ClaimRefused
from authorizer.gate import RouteTable
from authorizer.local_gateway.console.shown import Shown
from authorizer.local_gateway.console.sources import in_access, in_templates, mentions
from authorizer.local_gateway.console.token_parts import token_of
from authorizer.model import Identity
from authorizer.settings.schema import Settings
from authorizer.syntax.places import Path


def deciding_lines(shown: Shown, stage: str) -> list[dict[str, Any]]:
    """Of a stage that the flow came to: it passed, or it stopped there."""
    lines = in_access(shown.written, *_PATHS[stage](shown))
    return in_templates(shown.written, _places(shown)) + lines if stage == "render" else lines


def _places(shown: Shown) -> Iterable[Place]:
    """Of the statements that were rendered, or where a claim is needed that is not there."""
    record, identity = shown.record, _identity(shown)
    role = identity.role
    if isinstance(record.refusal, ClaimAbsent):
        absent = [name for name in sorted(role.uses) if name not in identity.claims]
        return [place for name in absent for place in mentions(shown.written, role.policies, name)]
    if record.policy is None:
        return ()
    templates = shown.written.access.templates
    return templates.trace(role.policies, identity.claims, scopes=identity.scopes).places


def _identity(shown: Shown) -> Identity:
    """Of stages behind the one that resolves it."""
    identity = shown.record.identity
    assert identity is not None  # noqa: S101 - the flow has come further; this tells the type checker
    return identity


def _of_verify(shown: Shown) -> Iterator[Path]:
    parts = token_of(shown)
    issuer = shown.written.access.settings.issuers.get(str(parts.payload.get("iss"))) if parts else None
    yield issuer.place if issuer else ("issuers", 0)


def _of_resolve(shown: Shown) -> Iterator[Path]:
    record, settings = shown.record, shown.written.access.settings
    if record.identity is not None:
        yield from _of_rule(record.identity, settings)
        yield ("roles", record.identity.role.name)
        return
    said = str(record.refusal)
    if isinstance(record.refusal, ClaimRefused):
        yield from (("claims", claim.name) for claim in settings.claims.values() if repr(claim.claim) in said)
    groups = record.claims.groups if record.claims else ()
    yield from (("groups", name) for name in groups if name in settings.groups)
    if "resolution." in said:
        yield ("resolution", "ambiguous")


def _of_rule(identity: Identity, settings: Settings) -> Iterator[Path]:
    """Which table the rule stands in, by the words with which `identity.roles` names it."""
    rule = identity.rule
    if rule.startswith("rule "):
        yield ("rules", int(rule.removeprefix("rule ").partition(":")[0]) - 1)
    if "group map" in rule:
        yield from (
            ("groups", name)
            for name in identity.groups
            if (group := settings.groups.get(name)) is not None and group.role == identity.role.name
        )
    if "resolution.ambiguous" in rule:
        yield ("resolution", "ambiguous")
    if "requested" in rule:
        yield ("resolution", "role_header")


def _of_permit(shown: Shown) -> Iterator[Path]:
    """The scope that opens the route; where none of theirs does those that would."""
    identity, settings, request = _identity(shown), shown.written.access.settings, shown.record.request
    assert request is not None  # noqa: S101 - as above
    matched = shown.record.routes.matched if shown.record.routes else None
    if matched is not None:
        held = sorted(identity.scopes)
        scopes = [name for name in held if matched in [route.entry for route in settings.scopes[name]]]
    else:
        route = request.route
        answer = RouteTable(settings).answer(identity.claims, identity.scopes, route.method, route.path)
        scopes = sorted({scope for scope, _ in answer.kept})
    yield from (("scopes", scope) for scope in scopes)


def _of_vend(shown: Shown) -> Iterator[Path]:
    yield ("roles", _identity(shown).role.name, "arn")
    yield ("session", "duration")


_PATHS: Final[dict[str, Callable[[Shown], Iterator[Path]]]] = {
    "parse": lambda _: iter([("gateway", "token_sources")]),
    "verify": _of_verify,
    "resolve": _of_resolve,
    "permit": _of_permit,
    "render": lambda shown: iter([("roles", _identity(shown).role.name, "policies")]),
    "vend": _of_vend,
    "seal": lambda _: iter([("session", "context")]),
    "respond": lambda _: iter([("gateway", "response")]),
}
