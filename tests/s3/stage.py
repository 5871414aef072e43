"""Everything between a person and the gateway, put together: the roles of `deploy/template.yaml`, the bundled
configuration, a local issuer, the real authorizer, the backend kit."""

import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import aioboto3
from botocore.config import Config
from botocore.loaders import Loader
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from authorizer.backend import session as backend_session
from authorizer.engine.document.document import parse_identity, parse_session
from authorizer.engine.document.statement import Document
from authorizer.local.issuer import TOKEN_USES, LocalIssuer, make_key
from authorizer.model import Decision
from authorizer.record import Record
from authorizer.runtime import Authorizer
from authorizer.settings.schema import Access
from tests.deploy.sam import resolve, template
from tests.make import make_access, merged
from tests.s3.operations import BUCKET, OBJECT, UPLOAD
from tests.s3.population import OUTSIDE, SUBJECTS, Caller, Subject, callers
from tests.servers.rgw import ACCOUNT, CLIENT, Keys, RadosGateway, compact
from tests.servers.sts_door import StsDoor

if TYPE_CHECKING:
    from types_aiobotocore_s3.client import S3Client

POOL = "eu-west-1_ISOLATION"
ISSUER = f"https://cognito-idp.eu-west-1.amazonaws.com/{POOL}"
APP_CLIENT = "app"
ROLES = ("viewer", "editor", "admin", "importer", "writer")
DEPLOYED = {"writer": "AdminRole"}
"""Where a role's permissions stand in deploy/template.yaml, if not under its own name."""
HANDED = "own-"
LOADER = Loader()
"""Shared, since reading botocore's model of S3 anew for each of many sessions would take most of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a caller got from the authorizer, and what it was made of."""

    event: Mapping[str, Any] = field(repr=False)
    """What the function behind the API is called with."""
    session_policy: Document
    role_policy: tuple[Document, ...]


class Server(Protocol):
    """Whoever serves S3."""

    @property
    def endpoint(self) -> str: ...


class Door(Protocol):
    """The way to STS, and how many asked for it."""

    requests: int

    @property
    def endpoint(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What stands at the gateway: the owner's bucket, the roles, the way to STS. Made by `built`, once a gateway."""

    gateway: "Server"
    owner: Keys
    door: "Door"
    uploads: Mapping[str, str]
    """Prefix → id of the unfinished upload there."""
    config: Config = CLIENT
    """What its S3 clients are made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Ask it for a caller's credentials. Made by `staged`."""

    site: Site
    access: Access
    authorizer: Authorizer
    issuers: Mapping[str, LocalIssuer]

    def token(self, caller: Caller, subject: Subject, *, now: float | None = None) -> str:
        """A fresh token of `caller`'s."""
        machine = subject.group is None
        issuer = self.issuers[caller.sub if machine else APP_CLIENT]
        return issuer.mint(
            caller.persona(subject),
            "access" if machine else "id",
            role_arns={},
            now=time.time() if now is None else now,
        )

    def event(self, caller: Caller, subject: Subject) -> dict[str, Any]:
        """A REST API's event for a request of `caller`, with a fresh token."""
        token = self.token(caller, subject)
        route = "GET/data" if subject.group else "POST/imports"
        return {
            "type": "TOKEN",
            "authorizationToken": f"Bearer {token}",
            "methodArn": f"arn:aws:execute-api:eu-west-1:{ACCOUNT}:isolation0/live/{route}",
        }

    def decide(self, caller: Caller, subject: Subject) -> tuple[Decision, Record]:
        """The authorizer's answer to a request of `caller`."""
        return self.authorizer.decide(self.event(caller, subject))

    def grant(self, caller: Caller, subject: Subject) -> Granted:
        """The credentials in the authorizer's context, as API Gateway hands them to a REST API's backend."""
        decision, record = self.decide(caller, subject)
        if decision.verdict != "allow" or decision.response is None or record.policy is None:
            raise AssertionError(f"{caller.name} of {caller.tenant}, {subject.policy}: {decision}")
        return Granted(
            event=backend_event(decision.response),
            session_policy=parse_session(record.policy.text),
            role_policy=(parse_identity(compact(role_policy(subject.role))),),
        )

    def client(self, event: Mapping[str, Any]) -> AbstractAsyncContextManager["S3Client"]:
        """An S3 client made by the backend kit from a backend's event."""
        return self._client(backend_session(event))

    def owner_client(self) -> AbstractAsyncContextManager["S3Client"]:
        """An S3 client of the bucket's owner, whom nothing narrows."""
        return self._client(
            aioboto3.Session(
                aws_access_key_id=self.site.owner.access_key_id,
                aws_secret_access_key=self.site.owner.secret_access_key,
            )
        )

    def _client(self, session: aioboto3.Session) -> AbstractAsyncContextManager["S3Client"]:
        session._session.register_component("data_loader", LOADER)
        client: AbstractAsyncContextManager[S3Client] = session.client(
            "s3", endpoint_url=self.site.gateway.endpoint, config=self.site.config
        )
        return client


def backend_event(response: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a REST API's proxy event that the kit reads: API Gateway puts the authorizer's answer there."""
    return {
        "requestContext": {
            "apiId": "isolation0",
            "stage": "live",
            "authorizer": {"principalId": response["principalId"], **response["context"]},
        }
    }


def role_policy(role: str) -> dict[str, Any]:
    """What the deployed role of this name may do in S3: the gateway calls a policy with other services malformed.

    It knows no session tags either, so that a `*` stands for each: what keeps callers apart here is the session policy
    alone, as if the role were everybody's.
    """
    properties = template("template.yaml")["Resources"][DEPLOYED.get(role, f"{role.title()}Role")][
        "Properties"
    ]
    [policy] = properties["Policies"]
    known = {"DataBucket.Arn": f"arn:aws:s3:::{BUCKET}", "DataTable.Arn": "arn:aws:dynamodb:::"}
    document: dict[str, Any] = resolve(policy["PolicyDocument"], known)
    statements = [s for s in document["Statement"] if "dynamodb" not in str(s["Action"])]
    untagged: dict[str, Any] = json.loads(_TAG.sub("*", json.dumps({**document, "Statement": statements})))
    return untagged


_TAG = re.compile(r"\$\{!?aws:PrincipalTag/[^}]*\}")


def handed(role: str) -> str:
    """The role that callers get themselves where `role` is theirs (tests/s3/handed_out.py): it may do the same."""
    return HANDED + role


def role_arn(role: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{role}"


def isolation_access(jwks: str, **changes: object) -> Access:
    """The bundled configuration, with a group and role for writers, machines enough, and an issuer that is here."""
    issuer = {"user_pool": POOL, "client_ids": "any", "token_use": ["id", "access"], "pinned_keys": jwks}
    machines = [caller.sub for subject in SUBJECTS if not subject.group for caller in callers(subject)]
    rules = [
        {"claim": "client_id", "match": "Equals", "value": name, "role": "importer"} for name in machines
    ]
    writer = {"arn": role_arn("writer"), "policies": ["tenant-data"], "session_tags": {"tenant": "tenant"}}
    group = {"role": "writer", "precedence": 15, "scopes": ["data:read", "data:write"]}
    tables: dict[str, Any] = {
        "issuers": [issuer],
        "rules": rules,
        "roles": {"writer": writer},
        "groups": {"writers": group},
    }
    environment = {"DATA_BUCKET": BUCKET} | {f"{role.upper()}_ROLE_ARN": role_arn(role) for role in ROLES}
    for key, value in changes.items():
        tables = merged(tables, {key: value})
    return make_access(environment=environment, **tables)


@contextmanager
def built(gateway: RadosGateway) -> Iterator[Site]:
    """The owner, the bucket with all its places, the roles of the deployment, the door to STS."""
    owner = gateway.user("owner")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:user/owner"]},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }
    for role in (*ROLES, *map(handed, ROLES)):
        made = gateway.role(
            role,
            by=owner,
            policy=role_policy(role.removeprefix(HANDED)),
            trust={"Version": "2012-10-17", "Statement": [trust]},
        )
        if made != role_arn(role):
            raise AssertionError(f"the role {role!r} has the ARN {made!r}")
    s3 = gateway.client("s3", owner)
    s3.create_bucket(Bucket=BUCKET)
    with StsDoor(gateway, owner) as door:
        yield Site(gateway=gateway, owner=owner, door=door, uploads=dict(seeded(s3, everywhere())))


def everywhere() -> set[str]:
    """Every place that any caller has, and those that nobody has."""
    own = {caller.prefix(subject) for subject in SUBJECTS for caller in callers(subject)}
    return {*own, *(f"{prefix[:-1]}0/" for prefix in own), *OUTSIDE}


def seeded(s3: Any, places: Iterable[str]) -> Iterator[tuple[str, str]]:
    """An object and an unfinished upload in each place."""
    for prefix in sorted(places):
        key = prefix + OBJECT
        s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
        yield prefix, s3.create_multipart_upload(Bucket=BUCKET, Key=prefix + UPLOAD)["UploadId"]


@cache
def _keys() -> dict[str, RSAPrivateKey]:
    """Made once: finding two primes takes longer than most tests."""
    return {use: make_key() for use in TOKEN_USES}


@contextmanager
def staged(site: Site, **changes: object) -> Iterator[Stage]:
    """The authorizer before `site`, with `changes` laid over the tables of its settings."""
    keys = _keys()
    names = [APP_CLIENT, *(caller.sub for caller in callers(SUBJECTS[-1]))]
    issuers = {
        name: LocalIssuer(ISSUER, client_id=APP_CLIENT, machine_client_id=name, keys=keys) for name in names
    }
    access = isolation_access(issuers[APP_CLIENT].jwks(), **changes)
    with environment(site.owner, site.door.endpoint):
        # Every line of the log must be JSON, or the request fails here.
        authorizer = Authorizer(access, emit=json.loads)
        try:
            yield Stage(site=site, access=access, authorizer=authorizer, issuers=issuers)
        finally:
            authorizer.close()


@contextmanager
def environment(keys: Keys, sts: str) -> Iterator[None]:
    """What the function's environment would say: whose credentials call which STS."""
    before = dict(os.environ)
    os.environ.update(
        AWS_REGION="eu-west-1",
        AWS_DEFAULT_REGION="eu-west-1",
        AWS_ACCESS_KEY_ID=keys.access_key_id,
        AWS_SECRET_ACCESS_KEY=keys.secret_access_key,
        AWS_ENDPOINT_URL_STS=sts,
        AWS_EC2_METADATA_DISABLED="true",
    )
    os.environ.pop("AWS_SESSION_TOKEN", None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
