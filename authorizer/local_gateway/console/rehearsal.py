"""A request decided once more, without AWS: by other settings, or for somebody else. The stages are the authorizer's;
only vending and sealing, which would ask AWS, are left out."""

from collections.abc import Mapping
from typing import Any

from authorizer.gateway.parse import parse
from authorizer.gateway.respond import Response, allow
from authorizer.identity.permit import permit
from authorizer.identity.resolve import resolve
from authorizer.local.world import Local
from authorizer.local_gateway.console.shown import Shown
from authorizer.model import Decision
from authorizer.pipeline import Stages
from authorizer.record import Record
from authorizer.render import render
from authorizer.runtime import Authorizer
from authorizer.settings.schema import Access
from authorizer.waiting.deadline import Deadline


def rehearse(access: Access, event: object, now: float) -> tuple[Decision, Record]:
    """What would be decided at `now`, in seconds since the epoch. Blocks; never raises an `Exception`."""
    authorizer = Authorizer(access, flow=_without_aws, clock=lambda: now, emit=_silent)
    try:
        return authorizer.decide(event)
    finally:
        authorizer.close()


async def _without_aws(
    event: object, stages: Stages, *, now: float, deadline: Deadline, record: Record
) -> Response:
    settings = stages.settings
    request = record.parsed(parse(event, settings))
    claims = record.verified(await stages.verifier.verify(request.token, now, deadline))
    identity = record.resolved(resolve(claims, request.requested_role, settings))
    routes = record.permitted(permit(identity, request, settings))
    record.rendered(render(identity, stages.templates, settings))
    return record.responded(allow(request, identity, routes, {}, settings))


def asked_by(shown: Shown, persona: str, local: Local) -> dict[str, Any]:
    """The same request as this persona would send it, or, where it had no token, one for the same route. Raises
    `SettingsError` for a persona that is not there."""
    token = local.mint(persona, "access" if local.personas.people[persona].machine else "id")
    request, event = shown.record.request, shown.origin.event if shown.origin else None
    if request is None or event is None:
        arn = shown.served.arn or shown.written.apis[0].arn("GET", "/")
        return {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": arn}
    found: dict[str, Any] = replaced(event, request.token, token)
    return found


def replaced(value: Any, old: str, new: str) -> Any:
    """A copy with another text wherever the old one stands."""
    if isinstance(value, Mapping):
        return {key: replaced(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, old, new) for item in value]
    return value.replace(old, new) if isinstance(value, str) else value


def _silent(_: str) -> None:
    """A rehearsal leaves no record."""
