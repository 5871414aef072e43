"""The stage of the isolation tests, where callers hold their credentials themselves: each role of theirs has a twin
that `callers.roles` hands out, and what they get is what `GET /credentials` answers."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aioboto3
from typing_extensions import override

from authorizer.engine.document.document import parse_identity, parse_session
from authorizer.own import OwnCredentials
from tests.make import ACCESS
from tests.s3.population import Caller, Subject
from tests.s3.stage import ROLES, Granted, Site, Stage, handed, role_arn, role_policy, staged
from tests.servers.rgw import ACCOUNT, compact

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

ROUTE = "GET /credentials"


def tables(origins: Sequence[str] = (), **callers: object) -> dict[str, Any]:
    """What access.toml says for it besides."""
    bundled = tomllib.loads(ACCESS.read_text())
    writer = {"policies": ["tenant-data"], "session_tags": {"tenant": "tenant"}}
    own = {**bundled["roles"], "writer": writer}
    twins = {
        handed(role): {
            **own[role],
            "arn": role_arn(handed(role)),
            "duration": "15m",
            "session_name": "own-{client}" if role == "importer" else "own-{sub}",
        }
        for role in ROLES
    }
    opening = ("data:read", "imports/write")
    return {
        "roles": {"writer": {**writer, "arn": role_arn("writer")}, **twins},
        "callers": {"roles": {role: handed(role) for role in ROLES}, "origins": list(origins), **callers},
        "scopes": {scope: [*bundled["scopes"][scope], ROUTE] for scope in opening},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStage(Stage):
    """Ask it for what a caller is handed."""

    own: OwnCredentials

    def call(self, token: str, **headers: str) -> dict[str, Any]:
        """An HTTP API's event for `GET /credentials`."""
        return call("GET", "/credentials", {"authorization": f"Bearer {token}", **headers})

    @override
    def grant(self, caller: Caller, subject: Subject) -> Granted:
        """The body that the caller is answered with is in `event`."""
        decision, record = self.own.authorizer.decide(self.call(self.token(caller, subject)))
        if decision.verdict != "allow" or decision.response is None or record.policy is None:
            raise AssertionError(f"{caller.name} of {caller.tenant}, {subject.policy}: {decision}")
        return Granted(
            event=decision.response,
            session_policy=parse_session(record.policy.text),
            role_policy=(parse_identity(compact(role_policy(subject.role))),),
        )

    @override
    def client(self, event: Mapping[str, Any]) -> AbstractAsyncContextManager["S3Client"]:
        """An S3 client of a caller who was answered so."""
        return self._client(
            aioboto3.Session(
                aws_access_key_id=event["AccessKeyId"],
                aws_secret_access_key=event["SecretAccessKey"],
                aws_session_token=event["SessionToken"],
            )
        )


def call(method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """What an HTTP API makes of a request."""
    return {
        "version": "2.0",
        "headers": dict(headers),
        "rawPath": path,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": "isolation0",
            "stage": "live",
            "requestId": "r-1",
            "routeKey": f"{method} {path}",
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1"},
        },
    }


@contextmanager
def handing_out(site: Site, origins: Sequence[str] = (), **callers: object) -> Iterator[OwnStage]:
    """`GET /credentials` before `site`."""
    with staged(site, **tables(origins, **callers)) as stage:
        own = OwnCredentials(stage.access, emit=json.loads)
        try:
            yield OwnStage(
                site=site, access=stage.access, authorizer=stage.authorizer, issuers=stage.issuers, own=own
            )
        finally:
            own.authorizer.close()
