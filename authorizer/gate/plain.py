"""Proofs and comparisons as plain data: what `--json` prints and what a report keeps."""

from dataclasses import asdict

from authorizer.engine.prove import Change, Finding, Party, Proof, RoleDiff
from authorizer.gate.comparison import Comparison
from authorizer.gate.issuers import payload
from authorizer.settings.schema import Settings


def plain_proof(proof: Proof, settings: Settings) -> dict[str, object]:
    """A proof with its findings, and the two tokens of a leak between issuers. `settings` are what it is about."""
    return {
        "subject": proof.subject,
        "verdict": proof.verdict,
        "told": proof.told,
        "isolates": _promised(proof),
        "branches": proof.ways,
        "pairs": proof.pairs,
        "findings": [_finding(finding, settings) for finding in proof.findings],
        "shared": [asdict(sharing) for sharing in proof.shared],
        "rests_on": list(proof.rests_on),
        "values": dict(proof.values),
    }


def _promised(proof: Proof) -> dict[str, str | list[str]]:
    """Each template and its claim, or its claims, as access.toml has them."""
    found: dict[str, list[str]] = {}
    for name, claim in proof.isolates:
        found.setdefault(name, []).append(claim)
    return {name: claims if len(claims) > 1 else claims[0] for name, claims in found.items()}


def plain_comparison(comparison: Comparison) -> dict[str, object]:
    """What became of a configuration, with an identity and a request for each gain."""
    return {
        "verdict": comparison.verdict,
        "policies": [_policies(result) for result in comparison.policies],
        "authority": [
            {**asdict(shift), "identity": dict(shift.identity), "request": dict(shift.request)}
            for shift in comparison.shifts
        ],
    }


def _finding(finding: Finding, settings: Settings) -> dict[str, object]:
    witness = finding.witness
    return {
        "isolates": finding.isolates,
        "statements": [finding.one, finding.other],
        "reason": finding.reason,
        "witness": None
        if witness is None
        else [_party(party, settings) for party in (witness.one, witness.other)],
    }


def _party(party: Party, settings: Settings) -> dict[str, object]:
    return {
        **_asked(party),
        "allowed": party.allowed,
        "templates": list(party.templates),
        "token": payload(party, settings) if party.issuer else None,
    }


def _asked(party: Party) -> dict[str, object]:
    request = party.request
    return {
        "claims": dict(party.claims),
        "scopes": sorted(party.scopes),
        "action": request.action,
        "resource": request.resource,
        "context": dict(request.context),
    }


def _policies(result: RoleDiff) -> dict[str, object]:
    return {
        "role": result.role,
        "verdict": result.verdict,
        "reason": result.reason,
        "gained": [_change(change) for change in result.gained],
        "lost": [_change(change) for change in result.lost],
        "witness": None if result.witness is None else _asked(result.witness),
    }


def _change(change: Change) -> dict[str, object]:
    return {
        "action": change.action,
        "resource": change.resource,
        "conditions": list(change.conditions),
        "users": list(change.users),
    }
