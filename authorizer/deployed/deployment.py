"""What is deployed, whatever said so: roles, resources and their policies, user pools, functions, APIs. Frozen values.

Texts may hold stand-ins for what the files do not say (`Names`). A place is `deploy/template.yaml:213`, an address in a
plan, or a member of an account's answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from authorizer.deployed.apis import Api, ApiAuthorizer, ApiRoute, ApiStage
from authorizer.deployed.names import Names
from authorizer.engine import Statement

Area: TypeAlias = Literal["roles", "policies", "pools", "resources", "apis"]
"""What something that could not be read may be about."""
AREAS: Final[tuple[Area, ...]] = ("roles", "policies", "pools", "resources", "apis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One entry of `Principal`."""

    kind: str
    """`AWS`, `Service`, `Federated` or `CanonicalUser`."""
    value: str
    """`*`, an account's number, an ARN, a service's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One statement of a deployed policy."""

    place: str
    statement: Statement | None
    """None where it could not be read: `problem` says why."""
    principals: tuple[Principal, ...] = ()
    """Empty in a policy that has none, such as a role's own."""
    not_principals: bool = False
    """Whether `principals` are those it is not about."""
    problem: str = ""

    @property
    def names_everybody(self) -> bool:
        """Whether `*` is among its principals, and not all of another kind, such as all services."""
        return any(principal.kind == "AWS" and principal.value == "*" for principal in self.principals)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One policy document."""

    place: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedRole:
    """An IAM role."""

    name: str
    arn: str
    place: str
    trust: Policy
    policies: tuple[Policy, ...]
    unseen: tuple[str, ...]
    """ARNs of managed policies whose text is in none of the files."""
    boundary: Policy | None
    boundary_arn: str | None
    """Of a boundary that may be unseen: then `boundary` is None."""
    max_session: int | None
    """Seconds; None where the files leave it open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A Lambda function."""

    arn: str
    place: str
    handler: str | None
    role: str | None
    """ARN of the role that it runs as."""
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Something that policies name: a bucket, a queue, a key."""

    kind: str
    """CloudFormation's name of the type: `AWS::S3::Bucket`."""
    arn: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A DynamoDB table."""

    arn: str
    place: str
    key: str | None
    """The attribute that is its partition key; None where the files leave it open."""
    indexes: tuple[tuple[str, str | None], ...]
    """Each index, and its own partition key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A KMS key."""

    arn: str
    place: str
    spec: str
    """`SYMMETRIC_DEFAULT`, or another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """An OpenSearch domain."""

    arn: str
    place: str
    names_indexes: bool
    """Whether a request's body may name other indexes than its path (`rest.action.multi.allow_explicit_index`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Another ARN under which something is reached."""

    what: str
    """`access point`, `replica`, in words."""
    arn: str
    opens: str
    """ARN of the resource behind it, or `*` where that is not known."""
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePolicy:
    """A policy on a resource."""

    arn: str
    """The resource's, or a pattern of all that it may be."""
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A user pool."""

    id: str
    place: str
    mutable: Mapping[str, bool]
    """Attributes of its schema, `custom:` and all, and whether their values can change."""
    signs_up: bool
    """Whether people may sign up by themselves, and say their first attributes."""
    trigger: str | None
    """The function that changes claims before a token is signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolClient:
    """An app client of a user pool."""

    id: str
    pool: str
    place: str
    writes: tuple[str, ...] | None
    """Attributes that its users may write; None where there is no such list, and the default holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """An identity provider of a pool, and the attributes that it fills."""

    pool: str
    place: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Something in a file that could not be read."""

    area: Area
    place: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """All that the files say."""

    files: tuple[str, ...]
    names: Names
    roles: tuple[DeployedRole, ...] = ()
    functions: tuple[Function, ...] = ()
    resources: tuple[Resource, ...] = ()
    policies: tuple[ResourcePolicy, ...] = ()
    tables: tuple[Table, ...] = ()
    keys: tuple[Key, ...] = ()
    domains: tuple[Domain, ...] = ()
    doors: tuple[Door, ...] = ()
    pools: tuple[Pool, ...] = ()
    clients: tuple[PoolClient, ...] = ()
    mapped: tuple[Mapped, ...] = ()
    apis: tuple[Api, ...] = ()
    authorizers: tuple[ApiAuthorizer, ...] = ()
    routes: tuple[ApiRoute, ...] = ()
    stages: tuple[ApiStage, ...] = ()
    unread: tuple[Unread, ...] = field(default=())
