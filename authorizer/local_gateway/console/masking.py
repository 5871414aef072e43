"""Nothing secret in what a browser gets: names that mean secrets, texts that look like tokens, and what is known to be
secret of one decision. Asked for, and then only for that decision, it is shown."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

from authorizer.local_gateway.console.shown import Shown
from authorizer.local_gateway.decisions import MASK, masked

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
_MEMBERS: Final = frozenset(
    (
        *(
            "type",
            "version",
            "methodArn",
            "routeArn",
            "routeKey",
            "resource",
            "path",
            "httpMethod",
            "rawPath",
        ),
        *(
            "accountId",
            "apiId",
            "stage",
            "domainName",
            "domainPrefix",
            "protocol",
            "method",
            "sourceIp",
            "userAgent",
        ),
        *("requestId", "extendedRequestId", "requestTime", "requestTimeEpoch", "time", "timeEpoch"),
        *("resourceId", "resourcePath", "eventType", "messageDirection", "connectedAt", "connectionId"),
    )
)
"""Members of an event, and of its `requestContext`, that may be shown: the request's line, what the gateway says."""
_HEADERS: Final = frozenset(
    (
        *(
            "accept",
            "accept-encoding",
            "accept-language",
            "connection",
            "content-length",
            "content-type",
            "host",
        ),
        *("origin", "upgrade", "user-agent", "sec-websocket-version", "x-amzn-trace-id"),
        *("x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"),
    )
)
"""Headers that may be. Whatever else a client sends may be a secret by any name."""
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
    """The event without all but what is known to be none of a client's secrets, and the answer masked by name. What
    this configuration reads and is no token, the role that was asked for, is shown."""
    if shown.origin is None:
        return None, None
    role = shown.written.access.settings.resolution.role_header
    read = _HEADERS | ({role} if role else set())
    event = shown.origin.event
    told = None if event is None else {key: _member(key, value, read) for key, value in event.items()}
    return told, masked(shown.origin.response)


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


def _member(name: str, value: Any, read: Collection[str]) -> Any:
    """One of an event, or of what stands in its `requestContext`: a list of what may be shown, since one of what may
    not would lack a name."""
    if name in ("headers", "multiValueHeaders") and value:
        return {key: item if key.lower() in read else _nothing_of(item) for key, item in value.items()}
    if name in ("requestContext", "http", "identity") and isinstance(value, Mapping):
        return {key: _member(key, item, read) for key, item in value.items()}
    return value if name in _MEMBERS or name == "pathParameters" else _nothing_of(value)


def _nothing_of(value: Any) -> Any:
    """Masked, whatever it is, in its shape."""
    if isinstance(value, Mapping):
        return {key: _nothing_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_nothing_of(item) for item in value]
    return MASK if value else value
