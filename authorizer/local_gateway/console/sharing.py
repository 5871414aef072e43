"""A decision as a command and an event, to be run by somebody else: without secrets."""

import json
import shlex
from collections.abc import Collection, Mapping
from typing import Any

from authorizer.local_gateway.console.masking import event_of, hidden, secrets_of
from authorizer.local_gateway.console.rehearsal import replaced
from authorizer.local_gateway.console.shown import Shown, persona_of


def command(shown: Shown) -> dict[str, str] | None:
    """None where the authorizer was not asked. The token of a persona becomes `local:NAME`, which `authorizer invoke`
    signs in; any other is masked. The event stands in the command as what it reads: no line of JSON ends it early."""
    origin = shown.origin
    if origin is None or origin.event is None:
        return None
    text = json.dumps(_event(shown), indent=2)
    access = shlex.quote(shown.written.access.settings.place)
    return {
        "event": text,
        "command": f"authorizer invoke - --access {access} --explain <<'EVENT'\n{text}\nEVENT\n",
    }


def _event(shown: Shown) -> Any:
    stood_in = _stand_in(shown)
    request = shown.record.request
    event, _ = event_of(shown)
    hidden_event = hidden(event, secrets_of(shown))
    if stood_in is None or request is None or shown.origin is None:
        return hidden_event
    # Gateways say the role beside the token, and the authorizer compares them.
    known = {stood_in, f"Bearer {stood_in}", *([request.requested_role] if request.requested_role else [])}
    return _unmasked(hidden_event, replaced(shown.origin.event, request.token, stood_in), known)


def _stand_in(shown: Shown) -> str | None:
    claims = shown.record.claims
    if claims is None:
        return None
    name = persona_of(claims.sub, shown.local)
    use = ":access" if claims.token_use == "access" and not claims.machine else ""
    return None if name is None else f"local:{name}{use}"


def _unmasked(masked: Any, meant: Any, known: Collection[str]) -> Any:
    """The masked event, with what holds the stand-in or the role and nothing else as it is meant: in a query string as
    it was sent there is more, so that it stays masked."""
    if isinstance(meant, Mapping) and isinstance(masked, Mapping):
        return {key: _unmasked(masked[key], value, known) for key, value in meant.items()}
    if isinstance(meant, list):
        those = masked if isinstance(masked, list) else [masked] * len(meant)
        return [_unmasked(each, value, known) for each, value in zip(those, meant, strict=True)]
    alone = isinstance(meant, str) and all(part in known for part in meant.split(","))
    return meant if alone else masked
