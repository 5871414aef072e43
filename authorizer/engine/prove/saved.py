"""A witness as a case file: what leaks today, as an expectation that fails until it is mended."""

import json
from collections.abc import Mapping, Sequence

from authorizer.engine.prove.proof import Finding
from authorizer.engine.prove.witness import Party, Witness


def as_cases(finding: Finding, witness: Witness, names: Sequence[str]) -> str:
    """The text of a file for `policies/cases/`, in the format of `authorizer.engine.check.case_file`: the cases of
    those users whose policy is rendered from the templates `names`."""
    parties = (("one", witness.one), ("other", witness.other))
    lines = [
        f"# Found by the prover: two users who differ in `{finding.isolates}` touch the same thing, by the statements",
        f"# at {finding.one} and {finding.other}.",
        "# At least one of these must be denied. Delete the case of a user who should keep it.",
        f"templates = {json.dumps(list(names))}",
        "",
    ]
    for user, party in parties:
        lines += [f"[users.{user}]", f"claims = {_table(party.claims)}"]
        lines += [f"scopes = {json.dumps(sorted(party.scopes))}"] if party.scopes else []
        lines += [""]
    for user, party in parties:
        if party.templates != tuple(names):
            continue
        lines += [*_case(user, party, finding.isolates), ""]
    return "\n".join(lines)


def _case(user: str, party: Party, isolates: str) -> list[str]:
    request = party.request
    return [
        "[[cases]]",
        f'name     = "{user} does not reach what a user with another `{isolates}` reaches"',
        f'user     = "{user}"',
        f"action   = {json.dumps(request.action)}",
        f"resource = {json.dumps(request.resource)}",
        *([f"context  = {_table(request.context)}"] if request.context else []),
        'expect   = "deny"',
    ]


def _table(values: Mapping[str, str | Sequence[str]]) -> str:
    """An inline table of TOML. Its strings and lists are JSON's, for text below U+0100."""
    members = (
        f"{json.dumps(key)} = {json.dumps(value if isinstance(value, str) else list(value))}"
        for key, value in values.items()
    )
    return "{ " + ", ".join(members) + " }" if values else "{}"
