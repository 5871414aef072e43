"""Signing in as a persona: a page, and a POST that returns tokens as Cognito's token endpoint does.

The page runs no script. Sources: Amazon Cognito Developer Guide, "The token issuer endpoint" (`id_token`,
`access_token`, `token_type`, `expires_in`; a machine's grant has the access token alone).
"""

import base64
import json
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from string import Template
from typing import Final
from urllib.parse import parse_qs

from authorizer.errors import SettingsError
from authorizer.local.issuer import LIFETIME
from authorizer.local.world import Local
from authorizer.local_gateway.responses import Reply
from authorizer.syntax.json_text import parse_json

PLACE: Final = "/_local"
MOST_BYTES: Final = 4096
_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
)
_POLICY: Final = Template(
    "default-src 'none'; style-src 'sha256-$style'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_STYLE: Final = """
:root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5 }
body { max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .35rem .5rem .35rem 0; vertical-align: top; border-bottom: 1px solid #8884 }
textarea { width: 100%; height: 7rem; font-family: ui-monospace, monospace }
button { font: inherit; padding: .2rem .8rem }
"""
_PAGE: Final = Template(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title</title><style>$style</style></head>
<body><main><h1>$title</h1>$body</main></body></html>
"""
)


def people_page(local: Local) -> Reply:
    """Everybody who can sign in, with a button each."""
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{escape(who.username or 'a machine')}</td>"
        f"<td>{escape(', '.join(who.groups) or 'no groups')}</td><td><form method=post action={PLACE}/sign-in>"
        f'<button name=persona value="{escape(name)}" aria-label="sign in as {escape(name)}">sign in</button>'
        "</form></td></tr>"
        for name, who in local.personas.people.items()
    )
    head = "<tr><th scope=col>persona<th scope=col>user<th scope=col>groups<td></tr>"
    return _page("Sign in", f"<table>{head}{rows}</table>")


def tokens_page(local: Local, body: bytes) -> Reply:
    """The tokens of one persona, to copy."""
    try:
        name, tokens = _tokens(local, body)
    except SettingsError as error:
        return _page("Not signed in", f"<p>{escape('; '.join(error.problems))}</p>", status=400)
    shown = "".join(
        f"<h2><label for={kind}>{kind}</label></h2><textarea readonly id={kind}>{escape(str(tokens[kind]))}</textarea>"
        for kind in ("id_token", "access_token")
        if kind in tokens
    )
    back = f"<p><a href={PLACE}/>somebody else</a></p>"
    return _page(
        f"Signed in as {name}", f"<p>Good for {LIFETIME // 60} minutes, here alone.</p>{shown}{back}"
    )


def tokens_json(local: Local, body: bytes) -> Reply:
    """The same for a program: `persona=NAME`, as a form or as JSON."""
    try:
        _, tokens = _tokens(local, body)
    except SettingsError as error:
        said = {"error": "invalid_request", "error_description": "; ".join(error.problems)}
        return _json(said, status=400)
    return _json(tokens)


def nobody() -> Reply:
    """Where real tokens are taken, nobody signs in here."""
    said = "the server takes the tokens of the real issuers: sign in there"
    return _json({"error": "invalid_request", "error_description": said}, status=404)


def _tokens(local: Local, body: bytes) -> tuple[str, dict[str, object]]:
    """Raises `SettingsError` for a persona that is not there."""
    name = _persona(body)
    if name is None:
        raise SettingsError(["expected `persona=NAME`, as a form or as JSON"])
    access = local.mint(name, "access")
    tokens: dict[str, object] = {"access_token": access, "expires_in": LIFETIME, "token_type": "Bearer"}
    if not local.personas.people[name].machine:
        tokens = {"id_token": local.mint(name, "id"), **tokens}
    return name, tokens


def _persona(body: bytes) -> str | None:
    text = body[:MOST_BYTES].decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        try:
            said = parse_json(text)
        except ValueError:
            return None
        name = said.get("persona") if isinstance(said, dict) else None
        return name if isinstance(name, str) else None
    found = parse_qs(text).get("persona", [])
    return found[0] if len(found) == 1 else None


def _page(title: str, body: str, *, status: int = 200) -> Reply:
    text = _PAGE.substitute(title=escape(title), style=_STYLE, body=body)
    policy = _POLICY.substitute(style=_digest(_STYLE))
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy),
        *_HEADERS,
    )
    return Reply(status=status, headers=headers, body=text.encode())


def _digest(text: str) -> str:
    return base64.b64encode(sha256(text.encode()).digest()).decode()


def _json(said: Mapping[str, object], *, status: int = 200) -> Reply:
    return Reply(
        status=status,
        headers=(("Content-Type", "application/json"), *_HEADERS),
        body=json.dumps(said).encode(),
    )
