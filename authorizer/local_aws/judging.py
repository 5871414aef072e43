"""What IAM would say: role ∩ session policy ∩ boundary, an explicit Deny first, and what a resource's own policy adds.

It is the engine's evaluator that decides, the one that the prover is held to. Source of how resource policies join in:
IAM User Guide, "Policy evaluation logic", "Evaluating identity-based policies with resource-based policies".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from authorizer.engine import Document
from authorizer.engine.evaluate import AccessRequest, Outcome, describe, evaluate
from authorizer.local_aws.keys import unknown
from authorizer.local_aws.needs import Need, Service
from authorizer.local_aws.principals import Meant, meant
from authorizer.local_aws.sessions import Principal, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to one need, and why: first the decision, then a line for each statement."""

    need: Need
    allowed: bool
    because: str
    """`no session policy allows the s3:GetObject action`, as AWS ends its sentence; empty where it is allowed."""
    why: tuple[str, ...] = field(repr=False)


def judge(
    need: Need,
    principal: Principal,
    role: Role | None,
    context: Mapping[str, str | Sequence[str]],
    service: Service,
) -> Verdict:
    """Raises `Refused` where a resource's policy cannot be judged."""
    request = AccessRequest(action=need.action, resource=need.resource, context={**context, **need.keys})
    theirs = meant(need.policy, principal, what=f"the policy of {need.resource}")
    if principal.is_owner or role is None:
        return _owner(need, theirs, request, service)
    every = (*role.policies, *_some(principal.session), *_some(role.boundary), *theirs.by.values())
    if (key := unknown(every, need.action, service.keys)) is not None:
        because = f"the door cannot fill the condition key {key} for {need.action}"
        return Verdict(need=need, allowed=False, because=because, why=(f"refused: {because}",))
    # Where the resource must hand the question over first, what it does not hand over is denials alone.
    handed = not service.delegates or _allows(theirs.document("account"), request)
    own = role.policies if handed else _denials(role.policies)
    joined = (*own, *theirs.document("role"), *_denials(tuple(theirs.by.values())))
    outcome = evaluate(identity=joined, session=principal.session, boundary=role.boundary, request=request)
    if outcome.verdict == "implicit deny" and _allows(theirs.document("session"), request):
        # Named by its session, or as everybody: then neither session policy nor boundary limits it.
        outcome = evaluate(identity=theirs.document("session"), session=None, boundary=None, request=request)
        return _told(need, outcome, 0)
    return _told(need, outcome, len(own))


def _owner(need: Need, theirs: Meant, request: AccessRequest, service: Service) -> Verdict:
    """The account's root: nothing narrows it but what a resource denies, or does not hand over where it must."""
    documents = tuple(theirs.by.values())
    outcome = evaluate(identity=documents, session=None, boundary=None, request=request)
    must = service.delegates and need.policy is not None
    if outcome.verdict == "explicit deny" or (must and not outcome.allowed):
        return _told(need, outcome, 0)
    return Verdict(need=need, allowed=True, because="", why=("allowed: the owner of the account",))


def _allows(documents: Sequence[Document], request: AccessRequest) -> bool:
    return evaluate(identity=documents, session=None, boundary=None, request=request).allowed


def _denials(documents: Sequence[Document]) -> tuple[Document, ...]:
    """What of a grant that does not count still does: its denials."""
    return tuple(
        Document(statements=tuple(each for each in document.statements if each.effect == "Deny"))
        for document in documents
    )


def _some(document: Document | None) -> tuple[Document, ...]:
    return () if document is None else (document,)


_NAMES: Mapping[str, str] = {
    "identity": "identity-based policy",
    "session": "session policy",
    "boundary": "permissions boundary",
}


def _told(need: Need, outcome: Outcome, own: int) -> Verdict:
    """`own`: how many of the identity documents are the role's; the others are of the resource's policy."""
    because = ""
    if outcome.verdict == "explicit deny":
        place = outcome.deciding[0]
        named = (
            "resource-based policy"
            if place.layer == "identity" and place.document >= own
            else _NAMES[place.layer]
        )
        because = f"with an explicit deny in {'an' if named.startswith('i') else 'a'} {named}"
    elif not outcome.allowed:
        layers = " and no ".join(_NAMES[layer] for layer in outcome.missing)
        because = f"because no {layers} allows the {need.action} action"
    return Verdict(
        need=need,
        allowed=outcome.allowed,
        because=because,
        why=tuple(
            _IDENTITY.sub(lambda found: _whose(int(found[1]), own), line) for line in describe(outcome)
        ),
    )


_IDENTITY = re.compile(r"of the identity policy (\d+)")


def _whose(number: int, own: int) -> str:
    return f"of the role's policy {number}" if number <= own else "of the resource's policy"


def sentence(verdict: Verdict, principal: Principal) -> str:
    """What AWS tells a caller who is refused."""
    return (
        f"User: {principal.arn} is not authorized to perform: {verdict.need.action} "
        f"on resource: {verdict.need.resource} {verdict.because}"
    )
