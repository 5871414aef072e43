"""The flow, on one page, and its three other ways: for a WebSocket's backend that asks again, for a caller who asks for
credentials of their own, and for a backend behind API Gateway's own authorizer. Every stage either returns what the
next one needs or raises a `Refusal`: there is no branch here, and so no branch that could end in an allow by mistake.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from authorizer.gateway.calls import call_of, request_of
from authorizer.gateway.parse import parse
from authorizer.gateway.respond import Response, allow, own_credentials, refresh
from authorizer.identity.permit import permit, permit_own
from authorizer.identity.resolve import resolve, resolve_own
from authorizer.model import Claims, Credentials, Shape
from authorizer.record import Record
from authorizer.render import render
from authorizer.settings.schema import Access, Settings
from authorizer.waiting.deadline import Deadline

if TYPE_CHECKING:
    # A backend that takes the third way has neither tokens to verify nor connections to keep.
    from authorizer.connections import Connections
    from authorizer.engine import TemplateSet
    from authorizer.sealing.sealers import Sealers
    from authorizer.tokens.verifier import Verifier
    from authorizer.vending.vendor import Vendor


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What the flow runs on: the settings, the compiled templates, and the stages that talk to a network."""

    settings: Settings
    templates: "TemplateSet"
    verifier: "Verifier"
    vendor: "Vendor"
    sealers: "Sealers"
    connections: "Connections"

    def counted(self) -> dict[str, int]:
        """What they have counted since the last time."""
        stages = (self.verifier, self.vendor, self.sealers)
        return {name: count for stage in stages for name, count in stage.counts.take().items()}


async def authorize(
    event: object, stages: Stages, *, now: float, deadline: Deadline, record: Record
) -> Response:
    """One authorizer event → the response that allows it. `record` is told what each stage made of it."""
    settings = stages.settings

    request = record.parsed(parse(event, settings))
    claims = record.verified(await stages.verifier.verify(request.token, now, deadline))
    identity = record.resolved(resolve(claims, request.requested_role, settings))
    routes = record.permitted(permit(identity, request, settings))
    policy = record.rendered(render(identity, stages.templates, settings))
    credentials = record.vended(await stages.vendor.vend(identity, policy, request.shape, now, deadline))
    secrets = await stages.sealers.context(credentials, identity, request.route, now, deadline)
    kept = await stages.connections.keep(claims, request, now, deadline)
    context = record.sealed({**secrets, **kept})
    return record.responded(allow(request, identity, routes, context, settings))


async def renew(event: object, stages: Stages, *, now: float, deadline: Deadline, record: Record) -> Response:
    """One event of a WebSocket's backend → fresh credentials for the caller who opened the connection."""
    settings = stages.settings

    asked = await stages.connections.take_up(event, now, deadline)
    request, claims = record.parsed(asked.request), record.verified(asked.claims)
    identity = record.resolved(resolve(claims, request.requested_role, settings))
    routes = record.permitted(permit(identity, request, settings))
    policy = record.rendered(render(identity, stages.templates, settings))
    credentials = record.vended(await stages.vendor.vend(identity, policy, request.shape, now, deadline))
    secrets = record.sealed(await stages.sealers.context(credentials, identity, request.route, now, deadline))
    return record.responded(refresh(identity, routes, secrets, settings))


async def hand_out(
    event: object, stages: Stages, *, now: float, deadline: Deadline, record: Record
) -> Response:
    """One call of `GET /credentials` → the caller's own, for a page or a command line to hold."""
    settings = stages.settings

    request = record.parsed(request_of(call_of(event), settings))
    claims = record.verified(await stages.verifier.verify(request.token, now, deadline))
    identity = record.resolved(resolve_own(claims, request.requested_role, settings))
    record.permitted(permit_own(identity, request, settings))
    policy = record.rendered(render(identity, stages.templates, settings))
    credentials = record.vended(
        await stages.vendor.vend(identity, policy, request.shape, now, deadline, address=request.address)
    )
    return record.responded(own_credentials(credentials))


async def assume(
    claims: Claims,
    requested_role: str | None,
    access: Access,
    vendor: "Vendor",
    *,
    now: float,
    deadline: Deadline,
) -> Credentials:
    """Claims that API Gateway's own authorizer has verified → the caller's credentials. Which routes are open has been
    decided by the gateway, and all shapes that stand behind such an authorizer need credentials for as long."""
    settings, templates = access

    identity = resolve(claims, requested_role, settings)
    policy = render(identity, templates, settings)
    return await vendor.vend(identity, policy, Shape.REST_REQUEST, now, deadline)
