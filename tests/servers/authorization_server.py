"""A strict authorization server on loopback: OAuth 2.0 with PKCE, as RFC 6749, RFC 7636 and RFC 7009 have it.

It knows one public app client and signs everybody in as the same persona, at once. A code serves once, for the client,
redirect URI and challenge that it was given to; used twice, it ends what came of it (RFC 6749 §4.1.2).
"""

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from authorizer.local.issuer import LIFETIME, LocalIssuer, keys_on_disk
from authorizer.local.personas import Persona
from tests.servers.serving import QuietHandler, serve

CLIENT = "1example23456789app"
PATH = "/pool"
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
"""RFC 7636 §4.1."""


_keys = cache(keys_on_disk)


class Refused(Exception):
    """The token endpoint's error (RFC 6749 §5.2)."""


@dataclass(kw_only=True)
class Grant:
    """What a code was given for."""

    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    used: bool = False
    refresh: str = ""


@dataclass
class Lies:
    """What it does otherwise than it should. Each gets what would be said and gives what is."""

    metadata: Callable[[dict[str, Any]], dict[str, Any]] = lambda said: said
    redirect: Callable[[dict[str, str]], dict[str, str]] = lambda said: said
    claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda said: said
    tokens: Callable[[dict[str, Any]], Any] = lambda said: said
    keys: Callable[[Any], Any] = lambda said: said
    status: Mapping[str, int] = field(default_factory=dict)
    """Path → the status that it answers, whatever is asked."""


class AuthorizationServer:
    """Close it. `asked` has each request: path and parameters."""

    def __init__(self, persona: Persona, keys: Path, role_arns: Mapping[str, str] | None = None) -> None:
        self.persona = persona
        self.role_arns = role_arns or {}
        self.lies = Lies()
        self.life = float(LIFETIME)
        self.rotates = False
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.codes: dict[str, Grant] = {}
        self.live: dict[str, str] = {}
        """Refresh token → whose."""
        outer = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                outer._answer(self, urlsplit(self.path).query)

            def do_POST(self) -> None:
                outer._answer(self, self.body().decode())

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}{PATH}"
        self._minting = LocalIssuer(self.issuer, client_id=CLIENT, machine_client_id=CLIENT, keys=_keys(keys))
        self.close = serve(self._server)

    def count(self, path: str) -> int:
        return len([each for each, _ in self.asked if each == path])

    def _answer(self, handler: QuietHandler, query: str) -> None:
        path = urlsplit(handler.path).path.removeprefix(PATH)
        given = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
        self.asked.append((path, given))
        if path in self.lies.status:
            handler.reply(self.lies.status[path], b"<html>")
            return
        if path == "/authorize":
            handler.reply(302, b"", {"Location": self._redirect(given)})
            return
        try:
            status, said = 200, self._said(path, given, handler)
        except Refused as refused:
            status, said = 400, {"error": str(refused)}
        handler.reply(status, json.dumps(said).encode(), {"Content-Type": "application/json"})

    def _said(self, path: str, given: Mapping[str, str], handler: QuietHandler) -> Any:
        if path == "/.well-known/openid-configuration":
            return self.lies.metadata(self.metadata())
        if path == "/jwks":
            return self.lies.keys(json.loads(self._minting.jwks()))
        if handler.command != "POST" or given.get("client_id") != CLIENT:
            raise Refused("invalid_client")
        if path == "/token":
            return self._tokens(given)
        assert path == "/revoke"
        self.live.pop(given["token"], None)
        return {}

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": True,
            "code_challenge_methods_supported": ["S256"],
        }

    def _redirect(self, given: Mapping[str, str]) -> str:
        assert given["response_type"] == "code"
        assert given["code_challenge_method"] == "S256"
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", given["code_challenge"])
        assert "openid" in given["scope"].split()
        target = urlsplit(given["redirect_uri"])
        assert (target.scheme, target.hostname, target.path) == ("http", "127.0.0.1", "/callback")
        said = {"state": given["state"], "iss": self.issuer}
        return f"{given['redirect_uri']}?{urlencode(self.lies.redirect({**said, 'code': self.code(given)}))}"

    def code(self, given: Mapping[str, str], **changes: Any) -> str:
        """A fresh code for this authorization request."""
        code = secrets.token_urlsafe(16)
        grant = Grant(
            client_id=given["client_id"],
            redirect_uri=given["redirect_uri"],
            challenge=given["code_challenge"],
            nonce=given.get("nonce"),
        )
        self.codes[code] = replace(grant, **changes)
        return code

    def _tokens(self, given: Mapping[str, str]) -> Any:
        if given["grant_type"] == "refresh_token":
            if given["refresh_token"] not in self.live:
                raise Refused("invalid_grant")
            said = self.minted({})
            if self.rotates:
                del self.live[given["refresh_token"]]
                said["refresh_token"] = self._refresh_token()
            return self.lies.tokens(said)
        assert given["grant_type"] == "authorization_code"
        grant = self.codes.get(given.get("code", ""))
        if grant is None or grant.client_id != given["client_id"]:
            raise Refused("invalid_grant")
        if grant.used:
            self.live.pop(grant.refresh, None)
            raise Refused("invalid_grant")
        grant.used = True
        verifier = given.get("code_verifier", "")
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if not VERIFIER.fullmatch(verifier) or digest != grant.challenge:
            raise Refused("invalid_grant")
        if given.get("redirect_uri") != grant.redirect_uri:
            raise Refused("invalid_grant")
        grant.refresh = self._refresh_token()
        nonce = {"nonce": grant.nonce} if grant.nonce else {}
        return self.lies.tokens({**self.minted(nonce), "refresh_token": grant.refresh})

    def _refresh_token(self) -> str:
        token = f"refresh-canary-{secrets.token_urlsafe(16)}"
        self.live[token] = self.persona.sub
        return token

    def minted(self, claims: Mapping[str, object]) -> dict[str, Any]:
        """Both tokens, with these claims in the ID token."""
        issued_ago = LIFETIME - int(self.life)
        now = time.time()
        told = self.lies.claims(dict(claims))
        person = replace(self.persona, issued_ago=issued_ago, claims={**self.persona.claims, **told})
        return {
            "token_type": "Bearer",
            "expires_in": int(self.life),
            "id_token": self._minting.mint(person, "id", role_arns=self.role_arns, now=now),
            "access_token": self._minting.mint(person, "access", role_arns=self.role_arns, now=now),
        }
