"""What readers of the three formats find, put together: policies go to their roles, texts of managed ones to who has
them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from authorizer.deployed.deployment import (
    AREAS,
    Area,
    DeployedRole,
    Deployment,
    Domain,
    Door,
    Function,
    Key,
    Mapped,
    Policy,
    Pool,
    PoolClient,
    Resource,
    ResourcePolicy,
    Table,
    Unread,
)
from authorizer.deployed.found_apis import FoundApis
from authorizer.deployed.names import Names, is_open, same
from authorizer.deployed.policies import read_policy, unreadable


@dataclass(slots=True, kw_only=True)
class FoundRole:
    """A role, before all that is attached to it was found."""

    name: str
    arn: str
    place: str
    trust: object
    max_session: int | None
    policies: list[Policy] = field(default_factory=list)
    managed: list[str] = field(default_factory=list)
    boundary: str | None = None


@dataclass(slots=True)
class Gathered:
    """All that the files say, as it is being read."""

    names: Names = field(default_factory=Names)
    files: list[str] = field(default_factory=list)
    parameters: set[str] = field(default_factory=set)
    """What templates take a value of: their parameters, and resources whose names AWS makes."""
    roles: list[FoundRole] = field(default_factory=list)
    documents: dict[str, Policy] = field(default_factory=dict)
    """Texts of managed policies, by ARN."""
    attached: list[tuple[str, Policy | str, str]] = field(default_factory=list)
    """A role's name, a policy or the ARN of one that it has, and where that stands."""
    functions: list[Function] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    policies: list[ResourcePolicy] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    domains: list[Domain] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    pools: list[Pool] = field(default_factory=list)
    clients: list[PoolClient] = field(default_factory=list)
    mapped: list[Mapped] = field(default_factory=list)
    apis: FoundApis = field(default_factory=FoundApis)
    unread: list[Unread] = field(default_factory=list)

    def leave(self, area: Area, place: str, why: str) -> None:
        """Something here could not be read."""
        self.unread.append(Unread(area=area, place=place, why=why))

    def leave_all(self, place: str, why: str) -> None:
        """Something here could not be read, and may be about anything."""
        for area in AREAS:
            self.leave(area, place, why)

    def policy_on(self, arn: str, document: object, place: str) -> None:
        """A policy on a resource; none where there is no document."""
        if document is not None:
            self.put_on(arn, read_policy(document, place))

    def put_on(self, arn: str, policy: Policy | None) -> None:
        """A policy that was read; none where there is none."""
        if policy is not None:
            self.policies.append(ResourcePolicy(arn=arn, policy=policy))

    def deployment(self) -> Deployment:
        """All of it, frozen."""
        self._leave_twice("roles", [(role.arn, role.place) for role in self.roles])
        self._leave_twice("pools", [(pool.id, pool.place) for pool in self.pools])
        self._leave_twice("apis", [(api.id, api.place) for api in self.apis.apis])
        self._attach()
        return Deployment(
            files=tuple(self.files),
            names=self.names,
            roles=tuple(map(self._role, self.roles)),
            functions=tuple(self.functions),
            resources=tuple(self.resources),
            policies=tuple(self.policies),
            tables=tuple(self.tables),
            keys=tuple(self.keys),
            domains=tuple(self.domains),
            doors=tuple(self.doors),
            pools=tuple(self.pools),
            clients=tuple(self.clients),
            mapped=tuple(self.mapped),
            apis=tuple(self.apis.apis),
            authorizers=self.apis.all_authorizers(),
            routes=self.apis.all_routes(),
            stages=tuple(self.apis.stages),
            unread=tuple(self.unread),
        )

    def _attach(self) -> None:
        """Policies to their roles. To a role of no file they say nothing here, unless that may be one of these."""
        known: dict[str, list[FoundRole]] = {}
        for role in self.roles:
            known.setdefault(role.name, []).append(role)
        for name, policy, place in self.attached:
            for role in known.get(name, ()):
                if isinstance(policy, str):
                    role.managed.append(policy)
                else:
                    role.policies.append(policy)
            may_be = [] if name in known else [other for other in known if same(name, other) is None]
            if is_open(name):
                self.leave("roles", place, f"it is attached to {name}, which may be any role")
            elif may_be:
                named = " or ".join(may_be)
                self.leave("roles", place, f"it is attached to {name}, which may be the role {named}")
            elif len(known.get(name, ())) > 1:
                self.leave("roles", place, f"it is attached to {name}, and several roles have that name")

    def _leave_twice(self, area: Area, found: Iterable[tuple[str, str]]) -> None:
        """What two files describe is described by neither: they may differ."""
        seen: set[str] = set()
        for name, place in found:
            if name in seen:
                self.leave(area, place, f"{name} is in these files twice: give the one that is deployed")
            seen.add(name)

    def _role(self, role: FoundRole) -> DeployedRole:
        trust = (
            unreadable(role.place, "the role has no trust policy that could be read")
            if role.trust is None
            else read_policy(role.trust, role.place)
        )
        return DeployedRole(
            name=role.name,
            arn=role.arn,
            place=role.place,
            trust=trust,
            policies=(*role.policies, *self._texts(role.managed)),
            unseen=tuple(arn for arn in role.managed if arn not in self.documents),
            boundary=None if role.boundary is None else self.documents.get(role.boundary),
            boundary_arn=role.boundary,
            max_session=role.max_session,
        )

    def _texts(self, arns: Iterable[str]) -> list[Policy]:
        return [self.documents[arn] for arn in arns if arn in self.documents]


def whole(value: object) -> int | None:
    """A whole number, however a file writes it; None where it is none, or is open."""
    text = str(value)
    return int(text) if text.isdigit() and len(text) < 10 else None


def truth(value: object) -> bool | None:
    """Whether a file says yes; no where it says nothing, None where it is open."""
    if value is None or isinstance(value, bool):
        return bool(value)
    return None if not isinstance(value, str) or is_open(value) else value.lower() == "true"


def texts(value: object) -> tuple[str, ...] | None:
    """A list of texts; None where it is none."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(value)
