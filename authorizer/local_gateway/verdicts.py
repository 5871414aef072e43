"""What the gateway makes of an authorizer's answer: is it one, and does it open this route?

Sources: API Gateway Developer Guide, "Output from an API Gateway Lambda authorizer", "Control access to HTTP APIs with
AWS Lambda authorizers". An answer that is none is a 500 there, and so is one here that cannot be judged.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from authorizer.engine import Document, EngineError, parse_identity
from authorizer.engine.evaluate import AccessRequest, describe, evaluate
from authorizer.local_gateway.kinds import Kind, Quotas

INVOKE = "execute-api:Invoke"


class Malformed(Exception):
    """The authorizer's answer is not what its kind of API takes. The text says how, without quoting a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An authorizer's answer that is one: what a cache repeats."""

    principal: str
    policy: Document | None
    """None: a simple response."""
    authorized: bool
    """Of a simple response."""
    context: Mapping[str, Any] = field(repr=False)
    """As backends of this kind of API see it."""
    usage_key: str | None = field(default=None, repr=False)
    session: str | None = None
    """ARN of the session that was vended with it, where one is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Whether one route is open, and why: first the decision, then a line for each statement."""

    allowed: bool
    explicit: bool
    """A denial in so many words."""
    why: tuple[str, ...]


def read_answer(response: object, kind: Kind, quotas: Quotas, *, session: str | None = None) -> Answer:
    """Raises `Malformed`."""
    if not isinstance(response, Mapping):
        raise Malformed("it is no JSON object")
    size = len(json.dumps(response, separators=(",", ":")).encode())
    if size > quotas.result_bytes:
        raise Malformed(f"it has {size:,} bytes: this kind of API takes {quotas.result_bytes:,}")
    context = _context(response.get("context") or {}, kind)
    if kind.simple:
        authorized = response.get("isAuthorized")
        if not isinstance(authorized, bool):
            raise Malformed("`isAuthorized` is no boolean, and the API expects simple responses")
        return Answer(principal="", policy=None, authorized=authorized, context=context, session=session)
    principal, document = response.get("principalId"), response.get("policyDocument")
    if not isinstance(principal, str) or not principal:
        raise Malformed("`principalId` is no text")
    if not isinstance(document, Mapping):
        raise Malformed("`policyDocument` is no object, and the API expects a policy")
    usage_key = response.get("usageIdentifierKey")
    if usage_key is not None and not isinstance(usage_key, str):
        raise Malformed("`usageIdentifierKey` is no text")
    return Answer(
        principal=principal,
        policy=_policy(json.dumps(document), quotas.resource_characters),
        authorized=False,
        context=context,
        usage_key=usage_key,
        session=session,
    )


def judge(answer: Answer, arn: str) -> Judged:
    """Whether the answer opens the route of this ARN: anew for each request, cached or not."""
    if answer.policy is None:
        why = f"`isAuthorized` is {str(answer.authorized).lower()}"
        return Judged(allowed=answer.authorized, explicit=False, why=(why,))
    outcome = evaluate(
        identity=(answer.policy,),
        session=None,
        boundary=None,
        request=AccessRequest(action=INVOKE, resource=arn),
    )
    return Judged(
        allowed=outcome.allowed, explicit=outcome.verdict == "explicit deny", why=tuple(describe(outcome))
    )


@lru_cache(maxsize=1024)
def _policy(text: str, longest: int) -> Document:
    try:
        document = parse_identity(text)
    except EngineError as error:
        raise Malformed(f"`policyDocument` cannot be read: {error}") from None
    for statement in document.statements:
        if statement.conditions:
            # Which keys the gateway fills is not documented: a guess could open what the real one keeps closed.
            raise Malformed("`policyDocument` has a Condition, which this gateway cannot judge")
        if any(len(resource) > longest for resource in statement.resources):
            raise Malformed(f"a Resource has more than {longest} characters")
    return document


def _context(said: object, kind: Kind) -> Mapping[str, Any]:
    """REST and WebSocket: texts, numbers and booleans alone, and all of them handed on as text. HTTP: as they are."""
    if not isinstance(said, Mapping):
        raise Malformed("`context` is no object")
    if kind.protocol == "HTTP":
        return dict(said)
    for name, value in said.items():
        if value is None or isinstance(value, Mapping | list):
            raise Malformed(f"the context's {name!r} is neither text, number nor boolean")
    return {name: _text(value) for name, value in said.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
