"""A Cognito of one's own: keys, a JWKS endpoint on loopback, and tokens of Cognito's exact shape.

No emulator puts `cognito:roles` and `cognito:preferred_role` into its ID tokens, and those decide the role.
"""

import errno
import json
import os
import threading
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from typing_extensions import override

from authorizer.errors import SettingsError
from authorizer.local.personas import Persona

LIFETIME = 3600
"""Seconds that a minted token lives: Cognito's default for ID and access tokens."""
TOKEN_USES = ("id", "access")
ALGORITHM = "RS256"
"""What it signs with, as Cognito does, whatever the issuer in its place has pinned."""


class LocalIssuer:
    """Signs for one issuer URL. As in Cognito, ID and access tokens have different keys."""

    def __init__(
        self, iss: str, *, client_id: str, machine_client_id: str, keys: Mapping[str, rsa.RSAPrivateKey]
    ) -> None:
        self.iss = iss
        self._client_id = client_id
        self.machine_client_id = machine_client_id
        self._keys = keys

    def jwks(self) -> str:
        """The public halves, as a Cognito JWKS document."""
        keys = [
            {
                "kid": kid(use),
                "alg": ALGORITHM,
                "use": "sig",
                **_public(self._keys[use]),
            }
            for use in TOKEN_USES
        ]
        return json.dumps({"keys": keys})

    def mint(self, persona: Persona, token_use: str, *, role_arns: Mapping[str, str], now: float) -> str:
        """A signed token for `persona`. `role_arns` gives the ARN of each role name (Cognito Developer Guide,
        "Understanding the ID token", "Understanding the access token")."""
        issued = int(now) - persona.issued_ago
        payload: dict[str, object] = {
            "iss": self.iss,
            "token_use": token_use,
            "auth_time": issued,
            "iat": issued,
            "exp": issued + LIFETIME,
            "jti": str(uuid.uuid4()),
        }
        if persona.machine:
            payload |= {
                "token_use": "access",
                "sub": self.machine_client_id,
                "client_id": self.machine_client_id,
                "scope": " ".join(persona.scopes),
                "version": 2,
            }
            token_use = "access"
        elif token_use == "id":
            payload |= {
                "sub": persona.sub,
                "aud": self._client_id,
                "cognito:username": persona.username,
                "origin_jti": str(uuid.uuid4()),
                "event_id": str(uuid.uuid4()),
                **persona.claims,
            }
            if persona.roles:
                payload["cognito:roles"] = [role_arns[role] for role in persona.roles]
            if persona.preferred_role:
                payload["cognito:preferred_role"] = role_arns[persona.preferred_role]
        else:
            payload |= {
                "sub": persona.sub,
                "client_id": self._client_id,
                "username": persona.username,
                "origin_jti": str(uuid.uuid4()),
                "event_id": str(uuid.uuid4()),
                "scope": " ".join(persona.scopes) or "aws.cognito.signin.user.admin",
                "version": 2,
                **persona.access_claims,
            }
        if persona.groups and not persona.machine:
            payload["cognito:groups"] = list(persona.groups)
        return jwt.encode(
            payload, self._keys[token_use], ALGORITHM, headers={"kid": kid(token_use), "typ": None}
        )


def kid(token_use: str) -> str:
    """The key id of the local key for ID or access tokens. Cognito's hold `=` and `/` too, so readers must not mind."""
    return f"local/{token_use}+key="


_NOT_OURS: Final = (errno.EACCES, errno.EPERM, errno.EROFS)


def keys_on_disk(folder: Path | None = None) -> dict[str, rsa.RSAPrivateKey]:
    """The laptop's own signing keys, made on first use, so that a printed token is good for the next command too.

    They are trusted by nothing but local runs. Default folder: the user's cache folder, readable by the user alone.
    """
    folder = cache_folder() if folder is None else folder
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return {use: _key_in(folder / f"local-{use}.pem") for use in TOKEN_USES}
    except OSError as error:
        if error.errno not in _NOT_OURS:
            raise
        raise SettingsError(
            [
                f"{folder}: cannot be written: {error.strerror}: what local runs keep stands there; let XDG_CACHE_HOME "
                "name a folder that can be"
            ]
        ) from error


def cache_folder() -> Path:
    """The user's own, for what local runs keep: `~/.cache/cognito-authorizer`."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "cognito-authorizer"


def make_key() -> rsa.RSAPrivateKey:
    """A fresh RSA key of the size that Cognito uses."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _key_in(file: Path) -> rsa.RSAPrivateKey:
    if file.exists():
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        if isinstance(key, rsa.RSAPrivateKey):
            return key
    key = make_key()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # Written aside and moved, so that two commands at once never read half a key.
    draft = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)
    draft.replace(file)
    return key


def _public(key: rsa.RSAPrivateKey) -> dict[str, str]:
    full = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {name: str(full[name]) for name in ("kty", "n", "e")}


class JwksServer:
    """Serves one JWKS document on a free loopback port, for every path, until closed."""

    def __init__(self, document: str) -> None:
        body = document.encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            @override
            def log_message(self, format: str, *args: object) -> None:
                """Nothing: standard error belongs to the command's own words."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self._server.server_address[1]}/.well-known/jwks.json"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
