"""What a deployment of one access.toml is made of, whatever it is written in. Pure.

A writer (`cloudformation`, `terraform`) puts a plan into a format. Texts of a plan hold stand-ins (`standins`), for
which a writer says what stands there: a parameter, an ARN that is known once the role is made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from authorizer.deployment import key_access
from authorizer.deployment.standins import Reference, StandIn
from authorizer.deployment.trust import Policy, execution_policy, trust_policy
from authorizer.model import Role
from authorizer.settings.schema import CLOCK_SKEW, MAX_CHAINED_DURATION, Settings

Roles = Literal["auto", "new", "existing"]

EXECUTION_ROLE: Final = "arn:zzqpartitionqzz:iam::zzqaccountqzz:role/zzqexecutionqzz"
FUNCTION: Final = "arn:zzqpartitionqzz:lambda:zzqregionqzz:zzqaccountqzz:function:zzqfunctionqzz"
CREDENTIALS_ROLE: Final = "arn:zzqpartitionqzz:iam::zzqaccountqzz:role/zzqhandingroleqzz"
CREDENTIALS_FUNCTION: Final = "arn:zzqpartitionqzz:lambda:zzqregionqzz:zzqaccountqzz:function:zzqhandingqzz"
"""Of `GET /credentials`."""
OWN_MARKERS: Final[Mapping[str, Reference]] = {
    EXECUTION_ROLE: Reference(kind="execution-role"),
    CREDENTIALS_ROLE: Reference(kind="credentials-role"),
    "zzqhandingqzz": Reference(kind="credentials-function"),
    "zzqpartitionqzz": Reference(kind="partition"),
    "zzqregionqzz": Reference(kind="region"),
    "zzqaccountqzz": Reference(kind="account"),
    "zzqfunctionqzz": Reference(kind="function"),
}
"""What a deployment knows of itself."""

TOKEN: Final = (
    "^[Bb][Ee][Aa][Rr][Ee][Rr] +[A-Za-z0-9_-]{34,10240}[.][A-Za-z0-9_-]{34,10240}[.][A-Za-z0-9_-]{86,1366}$"
)
"""What a REST API's TOKEN authorizer takes for a signed token: anything else is a 401 without an invocation. Three
parts in base64url: the least header has 34 characters, a signature 86 (ES256, EdDSA) to 1,366 (RSA of 8,192 bits);
REST APIs take 10,240 bytes of headers. No group and no alternative, and no repeat goes on into the next: one pass
decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRole:
    """One role of access.toml."""

    role: Role
    exists: bool
    """True: its trust is to be patched, and nothing is made."""
    handed_out: bool
    """True: callers hold its sessions themselves, and the function behind `GET /credentials` alone may make them."""
    variable: str | None
    """The `env:` name of its ARN; None: access.toml has the ARN."""
    trust: Policy
    """The statements of its trust policy that are ours."""
    own: Policy
    """What its templates allow at all, of anybody; without statements where they allow nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the authorizers of each kind of API are configured with; `[gateway]` says it."""

    keyed: tuple[str, ...]
    """Identity sources, as access.toml writes them: `authorization`, `query:token`, `$context.path`."""
    token: tuple[str, ...]
    """Where a token may stand: `header:authorization`, `query:token`."""
    ttl: int | None
    """Seconds; None: a parameter."""
    response: Literal["policy", "simple"] | None
    """None: a parameter."""

    @property
    def token_header(self) -> str | None:
        """The header that a TOKEN authorizer reads; None where tokens stand in none."""
        found = (source.removeprefix("header:") for source in self.token if source.startswith("header:"))
        return next(found, None)

    @property
    def connect(self) -> str:
        """Where a WebSocket's `$connect` has the token: in the query if access.toml allows it, since browsers set no
        header there."""
        return next((source for source in self.token if source.startswith("query:")), self.token[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The whole deployment."""

    place: str
    """The access.toml that it is of."""
    variables: tuple[StandIn, ...]
    """What its function has in its environment, in the file's order; nothing that Lambda sets itself."""
    unknown: tuple[str, ...]
    """Further names, of whose form nothing is known."""
    roles: tuple[PlannedRole, ...]
    execution: Policy
    """What the execution role may do besides writing its log."""
    handing_out: Policy | None
    """The same for the function behind `GET /credentials`; None where callers hold nothing themselves."""
    doors: Doors
    table: Reference | None
    """The shared table where the deployment makes it, or is told its name."""
    issuers: tuple[str, ...]
    """One `iss` for each party that signs tokens."""
    scopes: tuple[str, ...]
    groups: tuple[str, ...]
    attributes: tuple[str, ...]
    """Custom attributes of a user pool that are declared as claims: `custom:tenant_id`."""
    role_header: str | None
    most_ttl: int
    """Longest result TTL with which the settings load, in seconds."""
    markers: Mapping[str, Reference]


def plan(
    settings: Settings,
    stand_ins: Mapping[str, StandIn],
    names: Sequence[str],
    *,
    role_policies: Mapping[str, Policy],
    roles: Roles,
) -> Plan:
    """The deployment of `settings`, loaded with the values of `stand_ins`.

    `names` are all `env:` names of the file. `role_policies` has what each role may do at most. `roles`: `auto` makes
    those whose ARN the file takes from the environment, and takes those that it names for existing.
    """
    markers = {**OWN_MARKERS}
    for stand_in in stand_ins.values():
        markers |= stand_in.markers
    by_arn = {stand_in.value: name for name, stand_in in stand_ins.items() if stand_in.kind == "role"}
    handed_out = settings.callers.handed_out
    planned = tuple(
        PlannedRole(
            role=role,
            handed_out=role.name in handed_out,
            exists=roles == "existing" or (roles == "auto" and role.arn not in by_arn),
            variable=by_arn.get(role.arn),
            trust=trust_policy(role, CREDENTIALS_ROLE, [CREDENTIALS_FUNCTION])
            if role.name in handed_out
            else trust_policy(role, EXECUTION_ROLE, [FUNCTION]),
            own=role_policies[role.name],
        )
        for role in settings.roles.values()
    )
    given = tuple(stand_in for stand_in in stand_ins.values() if stand_in.kind != "region")
    ttl_given = any(stand_in.kind == "ttl" for stand_in in given)
    response_given = any(stand_in.kind == "response" for stand_in in given)
    return Plan(
        place=settings.place,
        variables=given,
        unknown=tuple(name for name in dict.fromkeys(names) if name not in stand_ins),
        roles=planned,
        execution=execution_policy(
            (one.role for one in planned if not one.handed_out),
            table_arn=table_arn(settings, FUNCTION),
            keys=key_access.of_the_authorizer(settings, EXECUTION_ROLE),
            functions=[FUNCTION],
        ),
        handing_out=execution_policy(
            (one.role for one in planned if one.handed_out),
            table_arn=table_arn(settings, CREDENTIALS_FUNCTION),
            seats=True,
            keys=key_access.of_the_authorizer(settings, CREDENTIALS_ROLE),
            functions=[CREDENTIALS_FUNCTION],
        )
        if handed_out
        else None,
        doors=Doors(
            keyed=settings.gateway.identity_sources,
            token=settings.gateway.token_sources,
            ttl=None if ttl_given else int(settings.gateway.result_ttl),
            response=None if response_given else settings.gateway.response,
        ),
        table=next((Reference(kind="table", name=one.name) for one in given if one.kind == "table"), None),
        issuers=_issuers(settings),
        scopes=tuple(settings.scopes),
        groups=tuple(settings.groups),
        attributes=tuple(
            claim.claim for claim in settings.claims.values() if claim.claim.startswith("custom:")
        ),
        role_header=settings.resolution.role_header,
        most_ttl=_most_ttl(settings),
        markers=markers,
    )


def _issuers(settings: Settings) -> tuple[str, ...]:
    """Of a party's several forms of `iss` the first."""
    found: dict[str, str] = {}
    for issuer in settings.issuers.values():
        found.setdefault(issuer.name, issuer.issuer)
    return tuple(found.values())


def _most_ttl(settings: Settings) -> int:
    """Sessions must outlast a repeated answer and what a backend does with it; API Gateway repeats for an hour at
    most."""
    answered = (role for role in settings.roles.values() if role.name not in settings.callers.handed_out)
    shortest = min((role.duration for role in answered), default=MAX_CHAINED_DURATION)
    return int(min(shortest - settings.gateway.backend_time - CLOCK_SKEW, 3600))


def table_arn(settings: Settings, function_arn: str) -> str | None:
    """The shared table's ARN, in the function's account; None where nothing is shared."""
    shared = settings.shared_cache
    if shared is None or shared.table.startswith("arn:"):
        return None if shared is None else shared.table
    _, partition, _, region, account, _ = function_arn.split(":", 5)
    return f"arn:{partition}:dynamodb:{shared.region or region}:{account}:table/{shared.table}"
