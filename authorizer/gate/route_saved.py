"""A witness of a proof of routes as a case file: what leaks today, as an expectation that fails until it is mended."""

import json

from authorizer.engine.prove import Finding, Witness


def as_route_cases(finding: Finding, witness: Witness) -> str:
    """The text of a file for `policies/cases/`."""
    lines = [
        f"# Found by the prover: two users who differ in `{finding.isolates}` open the same path, by",
        f"# {finding.one} and {finding.other}.",
        "# At least one of these must be denied. Delete the case of a user who should keep it.",
        "",
    ]
    parties = (("one", witness.one), ("other", witness.other))
    for user, party in parties:
        claims = ", ".join(
            f"{json.dumps(name)} = {json.dumps(value if isinstance(value, str) else list(value))}"
            for name, value in party.claims.items()
        )
        lines += [
            f"[users.{user}]",
            f"claims = {{ {claims} }}",
            f"scopes = {json.dumps(sorted(party.scopes))}",
        ]
        lines += [f"issuer = {json.dumps(party.issuer)}"] if party.issuer else []
        lines += [""]
    for user, party in parties:
        method, _, path = party.request.resource.partition(" ")
        lines += [
            "[[routes]]",
            f'name   = "{user} does not open what a user with another `{finding.isolates}` opens"',
            f'user   = "{user}"',
            f"method = {json.dumps(method)}",
            f"path   = {json.dumps(path)}",
            'expect = "deny"',
            "",
        ]
    return "\n".join(lines)
