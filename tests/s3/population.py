"""Who lives in the isolation tests: fifty users in five tenants, ten machines, and names chosen to be confused."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from authorizer.local.personas import Persona

TENANTS = ("t1", "t10", "t1-0", "a", "a-b")
"""Each name but the last of a family is the beginning of another: a prefix without its `/` leaks."""
USERS_PER_TENANT = 10
MACHINES = ("m", "m1", "m10", "m1-0", "m-1", "M1", "m_1", "m1m", "mm", "m01")

Relation = Literal["own", "colleague", "other tenant", "overlapping name", "outside"]
RELATIONS: tuple[Relation, ...] = ("own", "colleague", "other tenant", "overlapping name", "outside")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One kind of session policy under test: the templates, and how a caller comes by them."""

    policy: str
    """The S3 template, and `writing` where it branches on the scope."""
    role: str
    """Name in access.toml."""
    group: str | None
    """None: the caller is a machine."""
    folder: str
    """Where the template keeps people apart: `home/`, `tenants/`, `clients/`."""


SUBJECTS = (
    Subject(policy="s3-home", role="editor", group="editors", folder="home"),
    Subject(policy="s3-tenant", role="admin", group="admins", folder="tenants"),
    Subject(policy="tenant-data", role="viewer", group="viewers", folder="tenants"),
    Subject(policy="tenant-data, writing", role="writer", group="writers", folder="tenants"),
    Subject(policy="s3-client", role="importer", group=None, folder="clients"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody with a token. A machine has no tenant."""

    name: str
    sub: str
    tenant: str | None

    def persona(self, subject: Subject) -> Persona:
        """Who the local issuer mints a token for."""
        claims = {"custom:tenant_id": self.tenant}
        return Persona(
            name=self.name,
            machine=subject.group is None,
            sub=self.sub,
            username=self.name,
            groups=(subject.group,) if subject.group else (),
            roles=(),
            preferred_role=None,
            scopes=() if subject.group else ("imports/write",),
            claims=claims,
            access_claims=claims,
            issued_ago=0,
        )

    def prefix(self, subject: Subject) -> str:
        """What is theirs under this policy."""
        key = {"home": self.sub, "tenants": self.tenant, "clients": self.sub}[subject.folder]
        return f"{subject.folder}/{key}/"


USERS = tuple(
    Caller(
        name=f"user{number}",  # the same names in every tenant
        sub=f"{index}0000000-0000-4000-8000-{number:012d}",
        tenant=tenant,
    )
    for index, tenant in enumerate(TENANTS)
    for number in range(USERS_PER_TENANT)
)
MACHINE_CALLERS = tuple(Caller(name=name, sub=name, tenant=None) for name in MACHINES)
FOLDERS = ("home", "tenants", "clients")
OUTSIDE = ("", *(f"{folder}/" for folder in FOLDERS))
"""What belongs to nobody: the root of the bucket and of each folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A place in the bucket, and whose it is from the caller's point of view."""

    prefix: str
    relation: Relation


def callers(subject: Subject) -> tuple[Caller, ...]:
    return USERS if subject.group else MACHINE_CALLERS


def targets(caller: Caller, subject: Subject) -> Iterator[Target]:
    """The caller's own place, and every kind of place that is not."""
    own = caller.prefix(subject)
    yield Target(prefix=own, relation="own")
    seen = {own}
    for other in _others(caller, subject):
        prefix = other.prefix(subject)
        if prefix not in seen:
            seen.add(prefix)
            yield Target(prefix=prefix, relation=_relation(caller, other))
    # A name that only the closing `/` tells from one's own.
    yield Target(prefix=f"{own[:-1]}0/", relation="overlapping name")
    for prefix in OUTSIDE:
        yield Target(prefix=prefix, relation="outside")


def _others(caller: Caller, subject: Subject) -> Iterator[Caller]:
    if subject.group is None:
        yield from (other for other in MACHINE_CALLERS if other != caller)
        return
    place = USERS.index(caller)
    tenant, number = divmod(place, USERS_PER_TENANT)
    if subject.folder == "home":
        for step in (1, 2):
            yield USERS[tenant * USERS_PER_TENANT + (number + step) % USERS_PER_TENANT]
    for other in range(len(TENANTS)):
        if other != tenant:
            yield USERS[other * USERS_PER_TENANT + number]


def _relation(caller: Caller, other: Caller) -> Relation:
    if caller.tenant == other.tenant and caller.tenant is not None:
        return "colleague"
    mine, theirs = (caller.tenant or caller.sub), (other.tenant or other.sub)
    if mine.startswith(theirs) or theirs.startswith(mine):
        return "overlapping name"
    return "other tenant"
