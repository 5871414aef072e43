"""Environments, each a real vendor on a model's wire, and whom they vend for."""

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, cast

from authorizer.capacity.clock import VirtualLoop
from authorizer.capacity.facts import fact
from authorizer.capacity.surroundings import StsModel, TableModel
from authorizer.model import Credentials, Identity, Role, SessionPolicy, Shape
from authorizer.sealing.sealers import Sealers
from authorizer.settings.schema import Settings
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline

NOBODY = cast("Any", object())
"""An aioboto3 session that no client is made from: the clients are the models."""


class Environment:
    """One execution environment. `started` once a request has come by; `ends` in seconds since the epoch."""

    __slots__ = ("ends", "started", "vendor")

    def __init__(self, vendor: Vendor, ends: float) -> None:
        self.vendor = vendor
        self.ends = ends
        self.started = False


class Fleet:
    """All environments of one function."""

    def __init__(
        self,
        settings: Settings,
        loop: VirtualLoop,
        chance: random.Random,
        *,
        sts: StsModel,
        table: TableModel,
    ) -> None:
        self._settings = settings
        self._loop = loop
        self._chance = chance
        self._sts = sts
        self._table = table
        # One for all: each would read the same keys when it starts.
        self._sealers = Sealers(settings)
        if settings.private_sealing:
            asyncio.run(self._sealers.warm(0.0))
        self._role = role_of(settings)
        self._alive: set[Environment] = set()
        self._gone: Counter[str] = Counter()

    def environment(self) -> Environment:
        """One with an empty memory."""
        vendor = Vendor(self._settings, session=NOBODY, sealers=self._sealers, pause=asyncio.sleep)
        vendor._sts._query = cast("Any", self._sts)
        if vendor._shared:
            vendor._shared._client = cast("Any", self._table)
            vendor._shared._was_used = True  # as `open` leaves it
        made = Environment(vendor, self._loop.now + self._chance.expovariate(1 / fact("life")))
        self._alive.add(made)
        return made

    def after(self, environment: Environment) -> Environment:
        """`environment` once it has answered; a new one where its life is over."""
        if environment.ends > self._loop.now:
            return environment
        self._alive.discard(environment)
        self._gone.update(vars(environment.vendor.counts))
        return self.environment()

    def counted(self) -> Counter[str]:
        """What all of them have counted so far."""
        counted = Counter(self._gone)
        for environment in self._alive:
            counted.update(vars(environment.vendor.counts))
        return counted

    def vend(
        self, environment: Environment, user: int, tenant: int, limit: float
    ) -> Coroutine[Any, Any, Credentials]:
        """The decision's call of the vendor, not begun yet. `limit` in seconds."""
        now = self._loop.now
        identity, policy = whoever(user, tenant, self._role, now)
        deadline = Deadline(now + limit, self._loop.time)
        return environment.vendor.vend(identity, policy, Shape.REST_REQUEST, now, deadline)


def role_of(settings: Settings) -> Role:
    """A role as the first one that backends get, without what only a token could fill in."""
    kept = [role for role in settings.roles.values() if role.name not in settings.callers.handed_out]
    return replace(
        kept[0],
        session_name="{sub}",
        session_tags={},
        transitive_tags=(),
        source_identity=None,
        managed_policies=(),
    )


def whoever(user: int, tenant: int, role: Role, now: float) -> tuple[Identity, SessionPolicy]:
    """A user, and a policy as long as most are."""
    sub, name = f"{user:08x}-0000-4000-8000-000000000000", f"tenant-{tenant}"
    resource = f"arn:aws:s3:::example-data/home/{sub}/*"
    text = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],'
        f'"Resource":"{resource}"}},{{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::example-data",'
        f'"Condition":{{"StringLike":{{"s3:prefix":"home/{sub}/*"}}}}}}]}}'
    )
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    identity = Identity(
        principal=sub,
        issuer="https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE",
        username=None,
        machine=False,
        token_use="access",  # noqa: S106 - the kind of token
        role=role,
        rule="model",
        groups=(),
        scopes=frozenset(),
        claims={"sub": sub, "tenant": name},
        expires_at=now + 3600,
    )
    return identity, SessionPolicy(text=text, digest=digest, templates=())
