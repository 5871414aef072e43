"""The console over HTTP: one page, its files, and what it asks for.

The API that is served has the same origin, and a page of a backend's may hold anything. So the page here is given to
a browser's navigation alone, in a browsing context of its own, and holds a key without which nothing is answered (Fetch
Metadata Request Headers, §2; HTML, "Cross-origin opener policies"). Whom the server answers at all, `guard` says.
"""

import json
import secrets
from collections.abc import Mapping
from hmac import compare_digest
from pathlib import Path
from string import Template
from typing import Any, Final

from authorizer.local_gateway.console.answers import ASKED, Answers
from authorizer.local_gateway.console.said import Refused
from authorizer.local_gateway.incoming import Incoming
from authorizer.local_gateway.responses import Reply
from authorizer.local_gateway.serving import Serving
from authorizer.syntax.json_text import JsonInvalid, parse_json

PLACE: Final = "/_console"
KEY: Final = "x-console"
"""The header in which the page brings its key."""
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of what the page says: a configuration's texts."""
FILES: Final = Path(__file__).parent / "static"
TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_HEADERS: Final = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Frame-Options", "DENY"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_POLICY: Final = Template(
    "default-src 'none'; script-src $own/; style-src $own/; connect-src $own/api/; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing of the API's own paths is run, though it has the same origin."""


class Console:
    """One for a server: its key is good as long as that runs."""

    def __init__(self, serving: Serving) -> None:
        self._answers = Answers(serving)
        self._key = secrets.token_urlsafe(24)
        self._files = {file.name: file for file in FILES.iterdir() if file.suffix in TYPES}

    async def reply(self, incoming: Incoming) -> Reply:
        name = incoming.path.removeprefix(PLACE).removeprefix("/")
        if name.startswith("api/"):
            return await self._answer(incoming, name.removeprefix("api/"))
        if incoming.method != "GET":
            return _text(405, "expected GET")
        if not name:
            return self._page(incoming)
        file = self._files.get(name)
        if file is None:
            return _text(404, "there is no such page")
        headers = (("Content-Type", TYPES[file.suffix]), *_HEADERS)
        return Reply(status=200, headers=headers, body=file.read_bytes())

    def _page(self, incoming: Incoming) -> Reply:
        if incoming.header("sec-fetch-dest") not in (None, "document"):
            return _text(403, "the console opens in a window of its own")
        if incoming.header("sec-fetch-site") not in (None, "none"):
            # A page that opens it could be of a backend's, with the same opener policy, and read it.
            return _text(403, "no page opens the console: type its address, or follow it from the terminal")
        text = Template((FILES / "index.html").read_text(encoding="utf-8")).substitute(key=self._key)
        policy = _POLICY.substitute(own=f"http://{incoming.values('host')[0]}{PLACE}")
        headers = (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", policy),
            *_HEADERS,
        )
        return Reply(status=200, headers=headers, body=text.encode())

    async def _answer(self, incoming: Incoming, name: str) -> Reply:
        if not compare_digest((incoming.header(KEY) or "").encode(), self._key.encode()):
            return _json(403, {"error": f"expected the page's own key in {KEY}: load the page anew"})
        asked = ASKED.get((incoming.method, name))
        if asked is None:
            return _json(404, {"error": "there is nothing of that name and method"})
        try:
            said = dict(incoming.parameters) if incoming.method == "GET" else _body(incoming.body)
            return _json(200, await asked(self._answers, said))
        except Refused as refused:
            return _json(refused.status, {"error": str(refused)})
        except ValueError as error:
            return _json(400, {"error": str(error)})


def is_here(path: str) -> bool:
    return path == PLACE or path.startswith(f"{PLACE}/")


def _body(body: bytes) -> dict[str, Any]:
    """Raises `Refused`."""
    if len(body) > MOST_BYTES:
        raise Refused(413, f"expected at most {MOST_BYTES:,} bytes")
    try:
        found = parse_json(body.decode())
    except (JsonInvalid, UnicodeDecodeError):
        raise Refused(400, "expected a JSON object") from None
    if not isinstance(found, dict):
        raise Refused(400, "expected a JSON object")
    return found


def _json(status: int, said: Mapping[str, Any]) -> Reply:
    headers = (("Content-Type", "application/json"), *_HEADERS)
    return Reply(status=status, headers=headers, body=json.dumps(said, default=str).encode())


def _text(status: int, said: str) -> Reply:
    headers = (("Content-Type", "text/plain; charset=utf-8"), *_HEADERS)
    return Reply(status=status, headers=headers, body=f"{said}\n".encode())
