"""The flow, on one page. Every stage either returns what the next one needs or raises a `Refusal`: there is no branch
here, and so no branch that could end in an allow by mistake."""

from dataclasses import dataclass

from authorizer.gateway.parse import parse
from authorizer.gateway.respond import Response, allow
from authorizer.identity.permit import permit
from authorizer.identity.resolve import resolve
from authorizer.record import Record
from authorizer.render import render
from authorizer.settings.schema import Settings
from authorizer.tokens.verifier import Verifier
from authorizer.vending.vendor import Vendor


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """What the flow runs on: the settings, and the two stages that talk to a network."""

    settings: Settings
    verifier: Verifier
    vendor: Vendor

    def counted(self) -> dict[str, int]:
        """What these two have counted since the last time, in the background too."""
        return {**self.verifier.counts.take(), **self.vendor.counts.take()}


async def authorize(
    event: object, stages: Stages, *, now: float, deadline: float, record: Record
) -> Response:
    """One authorizer event → the response that allows it. `record` is told what each stage made of it."""
    settings = stages.settings

    request = record.parsed(parse(event, settings))
    claims = record.verified(await stages.verifier.verify(request.token, now))
    identity = record.resolved(resolve(claims, request, settings))
    routes = record.permitted(permit(identity, request, settings))
    policy = record.rendered(render(identity, settings))
    credentials = record.vended(await stages.vendor.vend(identity, policy, now, deadline))
    secrets = record.sealed(await stages.vendor.context(credentials, identity, request.route))
    return record.responded(allow(request, identity, routes, secrets, settings))
