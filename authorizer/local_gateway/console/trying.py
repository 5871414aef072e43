"""Panel 7: an action on a resource → allowed or not by a session policy, statement by statement."""

from typing import Any

from authorizer.engine import EngineError
from authorizer.engine.check import action_problems
from authorizer.engine.evaluate import AccessRequest, describe, evaluate, explain
from authorizer.local_gateway.console.sources import in_templates
from authorizer.local_gateway.written import Written
from authorizer.model import Identity
from authorizer.record import Record


def tried(written: Written, record: Record, asked: AccessRequest) -> dict[str, Any]:
    """For the caller of this record. Raises ValueError for an action that AWS does not have.

    Judged is the session policy by itself: the role's own policies can only take away from it, and what managed session
    policies add is not seen.
    """
    if wrong := next(iter(action_problems(asked.action)), None):
        raise ValueError(wrong)
    if record.identity is None or record.policy is None:
        why = f"{record.refusal.code}: {record.refusal}" if record.refusal else "the authorizer was not asked"
        return {"state": "no session", "heading": f"nobody has a session here: {why}", "statements": []}
    return judged(written, record.identity, asked)


def judged(written: Written, identity: Identity, request: AccessRequest) -> dict[str, Any]:
    templates = written.access.templates
    try:
        branch = templates.trace(identity.role.policies, identity.claims, scopes=identity.scopes)
    except EngineError as error:
        return {"state": "no session", "heading": str(error), "statements": []}
    outcome = evaluate(identity=None, session=branch.document, boundary=None, request=request)
    places = branch.places
    return {
        "state": "allowed" if outcome.allowed else "denied",
        "verdict": outcome.verdict,
        "heading": describe(outcome, [place.describe() for place in places])[0],
        "statements": [
            {
                "place": places[finding.place.statement].describe(),
                "sid": finding.place.sid or f"statement {finding.place.statement + 1}",
                "effect": finding.effect,
                "matched": finding.matched,
                "decided": finding.decided,
                "checks": [
                    {
                        "element": check.element,
                        "holds": check.holds,
                        "wanted": check.wanted,
                        "got": check.got,
                    }
                    for check in finding.checks
                ],
                "lines": in_templates(written, [places[finding.place.statement]]),
            }
            for finding in explain(outcome)
        ],
    }
