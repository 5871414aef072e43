"""Panel 6: the session policy: the template beside what was rendered, the caller's claims marked."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from authorizer.engine import MAX_CHARACTERS, ClaimValue, dump
from authorizer.local_gateway.console.shown import Shown
from authorizer.local_gateway.console.sources import template_file

_HOLE: Final = re.compile(r"\{\{\s*(\w+)[^{}]*\}\}")
PACKED: Final = "known to AWS alone, which packs it: the local AWS does not"


def session_policy(shown: Shown) -> dict[str, Any] | None:
    """None where none was rendered."""
    record, (settings, templates) = shown.record, shown.written.access
    if record.policy is None or record.identity is None:
        return None
    identity = record.identity
    branch = templates.trace(identity.role.policies, identity.claims, scopes=identity.scopes)
    pretty = json.dumps(json.loads(dump(branch.document)), indent=2)
    used = {name for policy in identity.role.policies for name in templates.uses(policy)}
    claims = {name: value for name, value in identity.claims.items() if name in used}
    return {
        "templates": [
            {
                "file": template_file(shown.written, name),
                "text": marked_template(settings.template_sources[name], settings.claims),
            }
            for name in identity.role.policies
        ],
        "rendered": marked(pretty, claims),
        "sent": marked(record.policy.text, claims),
        "characters": len(record.policy.text),
        "limit": MAX_CHARACTERS,
        "packed": PACKED,
        "digest": record.policy.digest,
    }


def marked_template(text: str, claims: Mapping[str, object]) -> list[dict[str, str | None]]:
    """The template's text in pieces, each with the claim that it is a hole for."""
    pieces: list[dict[str, str | None]] = []
    at = 0
    for hole in _HOLE.finditer(text):
        if hole[1] in claims:
            pieces += [_piece(text[at : hole.start()]), _piece(hole[0], hole[1])]
            at = hole.end()
    return [piece for piece in [*pieces, _piece(text[at:])] if piece["text"]]


def marked(text: str, claims: Mapping[str, ClaimValue]) -> list[dict[str, str | None]]:
    """A policy's text in pieces, each with the claim whose value it is, the longest value first. A value is marked
    wherever it stands between others than letters and digits."""
    names: dict[str, str] = {}
    for name, value in claims.items():
        for each in _values(value):
            names.setdefault(each, name)
    if not names:
        return [_piece(text)]
    longest = sorted(names, key=len, reverse=True)
    found = re.split(rf"(?<!\w)({'|'.join(map(re.escape, longest))})(?!\w)", text)
    return [_piece(each, names.get(each) if at % 2 else None) for at, each in enumerate(found) if each]


def _values(value: ClaimValue) -> Sequence[str]:
    return (value,) if isinstance(value, str) else value


def _piece(text: str, claim: str | None = None) -> dict[str, str | None]:
    return {"text": text, "claim": claim}
