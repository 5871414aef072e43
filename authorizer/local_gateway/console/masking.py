"""Nothing secret in what a browser gets: names that mean secrets, texts that look like tokens, and what is known to be
secret of one decision. Asked for, and then only for that decision, it is shown."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from authorizer.local_gateway.console.shown import Shown
from authorizer.local_gateway.decisions import MASK, masked
from authorizer.settings.schema import Settings

_COMPACT: Final = re.compile(r"eyJ[\w-]+\.[\w-]*(?:\.[\w-]*)*")
"""A JOSE header in base64url begins so, of signed and of encrypted ones (RFC 7515 §3.1, RFC 7516 §3.1)."""
_LITERAL: Final = re.compile(
    r"""
    (?P<head> (?:^|[\s{,.]) (?P<quote>["']?) (?:keys|external_id) (?P=quote) \s*=\s* )
    (?! ["']env:\w+["'] \s* (?:[,}\#]|$) )
    (?P<value> (?P<quotes>\'{3}|"{3}) [\s\S]*? (?P=quotes) .* | \S.* )$
    """,
    re.MULTILINE | re.VERBOSE,
)
"""Settings that may hold a secret by themselves, in place of `env:NAME`, wherever TOML lets them stand: with what is
behind them in their line."""
_SHORTEST: Final = 8
"""Characters of a secret that is looked for in other texts: a shorter one would be found in half of them."""


def secrets_of(shown: Shown) -> frozenset[str]:
    """What is known to be secret, wherever it turns up."""
    record, settings = shown.record, shown.written.access.settings
    sealings = (settings.sealing, settings.private_sealing)
    written = {
        *(role.external_id for role in settings.roles.values()),
        *(sealing.keys for sealing in sealings if sealing and sealing.source == "environment"),
    }
    found = {text for text in written if text and len(text) >= _SHORTEST}
    if record.request is not None:
        found.add(record.request.token)
    if record.credentials is not None:
        found |= {record.credentials.secret_access_key, record.credentials.session_token}
    return frozenset(found)


def hidden(value: Any, secrets: Collection[str] = ()) -> Any:
    """A copy for the page: without these, and without what looks like a token."""
    if isinstance(value, Mapping):
        return {_text(f"{key}", secrets): hidden(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [hidden(item, secrets) for item in value]
    return _text(value, secrets) if isinstance(value, str) else value


def event_of(shown: Shown) -> tuple[Any, Any]:
    """Event and answer, masked by name, too: also by the names under which this configuration takes tokens."""
    if shown.origin is None:
        return None, None
    names = _token_names(shown.written.access.settings)
    return _named(masked(shown.origin.event), names), masked(shown.origin.response)


def source_shown(text: str) -> str:
    """A configuration's text without the secrets that are written into it, line by line."""
    return _LITERAL.sub(
        lambda found: found["head"] + "\n".join([MASK] * len(found["value"].splitlines())), text
    )


def source_meant(edited: str, original: str) -> str:
    """The other way: the first line that is masked means what the first did that was masked, and so on."""
    pairs = zip(source_shown(original).splitlines(), original.splitlines(), strict=True)
    meant = iter([line for seen, line in pairs if seen != line])
    lines = (next(meant, line) if line.endswith(MASK) else line for line in edited.splitlines())
    return "\n".join(lines) + "\n"


def _text(text: str, secrets: Collection[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return _COMPACT.sub(MASK, text)


def _named(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, Mapping):
        return {
            key: MASK if f"{key}".lower() in names else _named(item, names) for key, item in value.items()
        }
    return [_named(item, names) for item in value] if isinstance(value, list) else value


def _token_names(settings: Settings) -> frozenset[str]:
    return frozenset(source.partition(":")[2].lower() for source in settings.gateway.token_sources)
