"""Settings, identities and policies of one kind; each call says only what differs."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

from authorizer.model import Credentials, Identity, Role, RouteArn, SessionPolicy
from authorizer.sealing import seal
from authorizer.settings.schema import Gateway, Keys, Resolution, Session, Settings
from authorizer.vending import shared
from tests import make

ON_DEMAND = (seal, shared)
"""The authorizer imports them where they are needed first. Here that must be no single test: `make guards` would take
it for the only one that runs what they do when they are imported."""
NOW, SUB = make.NOW, make.SUB
EDITOR = "arn:aws:iam::123456789012:role/editor"
ROUTE = RouteArn(
    partition="aws",
    region="eu-central-1",
    account_id="123456789012",
    api_id="abcdef1234",
    stage="prod",
    method="GET",
    path="/files/a",
)

POOL = "eu-central-1_pool"
ISSUERS = {
    iss: replace(next(iter(make.sample_settings().issuers.values())), name=POOL, issuer=iss)
    for iss in (
        f"https://cognito-idp.eu-central-1.amazonaws.com/{POOL}",
        f"https://issuer-cognito-idp.eu-central-1.amazonaws.com/{POOL}",
    )
}
"""One pool, in both forms of its `iss`."""


def make_role(**changes: Any) -> Role:
    values: dict[str, Any] = {
        "name": "editor",
        "arn": EDITOR,
        "policies": ("s3-home",),
        "session_name": "{sub}",
        "session_tags": {},
        "transitive_tags": (),
        "source_identity": None,
        "external_id": None,
        "managed_policies": (),
        "duration": 3600,
        "uses": frozenset({"sub", "tenant"}),
    }
    return Role(**{**values, **changes})


def make_identity(*, role: Role | None = None, **changes: Any) -> Identity:
    sub = changes.get("principal", SUB)
    values: dict[str, Any] = {
        "principal": sub,
        "issuer": next(iter(ISSUERS)),
        "username": "ada",
        "machine": False,
        "token_use": "id",
        "role": role or make_role(),
        "rule": "preferred role",
        "groups": ("editors",),
        "scopes": frozenset({"files:read"}),
        "claims": {"sub": sub, "tenant": "acme"},
        "expires_at": NOW + 3600,
    }
    return Identity(**{**values, **changes})


def make_policy(resource: str = f"arn:aws:s3:::bucket/{SUB}/*", *, text: str | None = None) -> SessionPolicy:
    if text is None:
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
        text = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return SessionPolicy(text=text, digest=digest, templates=("s3-home",))


def make_gateway(**changes: Any) -> Gateway:
    values: dict[str, Any] = {
        "result_ttl": 300.0,
        "backend_time": 30.0,
        "response": "policy",
        "identity_sources": ("authorization",),
        "token_sources": ("header:authorization",),
        "context_claims": (),
        "usage_key_claim": None,
        "token_scopes": "ignore",
    }
    return Gateway(**{**values, **changes})


def make_settings(*, role: Role | None = None, **changes: Any) -> Settings:
    role = role or make_role()
    values: dict[str, Any] = {
        "place": "access.toml",
        "issuers": ISSUERS,
        "keys": Keys(timeout=2.0, max_age=3600.0, grace=86400.0, cooldown=10.0),
        "claims": {},
        "variables": {},
        "policies": {},
        "template_sources": {},
        "roles": {role.name: role},
        "roles_by_arn": {role.arn: role},
        "groups": {},
        "rules": (),
        "resolution": Resolution(role_header=None, ambiguous=None),
        "scopes": {},
        "gateway": make_gateway(),
        "session": Session(),
    }
    return Settings(**{**values, **changes})


def make_credentials(**changes: Any) -> Credentials:
    values: dict[str, Any] = {
        "access_key_id": "ASIACANARY",
        "secret_access_key": "canary-secret/+=",
        "session_token": "canary-session/+==",
        "expiration": NOW + 3600,
        "role_arn": EDITOR,
        "session_name": SUB,
        "packed_policy_size": 12,
        "issued_at": NOW,
    }
    return Credentials(**{**values, **changes})


def make_jwk(kid: str = "a", fill: int = 1) -> dict[str, str]:
    """A key of 32 equal bytes: different `fill`, different key."""
    key = base64.urlsafe_b64encode(bytes([fill]) * 32).decode().rstrip("=")
    return {"kty": "oct", "kid": kid, "k": key}


def jwk_set(*keys: dict[str, str]) -> str:
    return json.dumps({"keys": keys or [make_jwk()]})
