"""What `access.toml` says, as frozen values. `authorizer.settings.load` is the only maker.

Durations are seconds. A name ending in `_claim` or a mapping to claim names refers to a name declared under
`[claims]`. Nothing here reads a file or the environment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from authorizer.model import Role
from authorizer.settings.callers import NOBODY, Callers
from authorizer.syntax.claim_path import path_of

if TYPE_CHECKING:
    from authorizer.engine import ClaimType, Sharing, TemplateSet

MIN_DURATION = 900
"""Shortest session that AssumeRole makes, in seconds (STS API reference, AssumeRole, DurationSeconds)."""
MAX_CHAINED_DURATION = 3600
"""Longest session under role chaining, in seconds. A Lambda function's own credentials are a role session, so
every AssumeRole from Lambda is role chaining (IAM User Guide, "Methods to assume a role")."""
CLOCK_SKEW = 10.0
"""Seconds by which this machine's clock and that of STS may differ, plus the AssumeRole call itself.
Loading adds it: sessions must be that much longer than an answer needs. So does what environments tell each other of a
user's seats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """What an issuer may speak for: `[issuers.speaks_for]`. None, written `"any"`, is all that access.toml names."""

    roles: frozenset[str] | None = None
    """Names of roles that its users may have, by whatever way."""
    groups: frozenset[str] | None = None
    """Groups that its tokens may name."""
    scopes: frozenset[str] | None = None
    """Scopes that its users may have, of a group's or the token's own."""
    claims: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    """Names under [claims] → the values that its tokens may say. None, and one that is not here: any of its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who may sign tokens, and what theirs must say. One `[[issuers]]` table with `user_pool` makes one of
    these for each form of the pool's issuer URL."""

    name: str
    """The user pool's id, or the issuer's URL: one name for all forms of `iss` that one party signs with."""
    place: tuple[str | int, ...] = ("issuers", 0)
    """Where access.toml has it: a table, or a row of its `pools`."""

    kind: str
    """A row of `authorizer.settings.kinds`."""
    issuer: str
    """The exact `iss`."""
    jwks_uri: str
    algorithm: str = "RS256"
    """What it signs with: a row of `authorizer.tokens.algorithms` that its kind may have pinned."""
    client_ids: frozenset[str] | None
    """App clients whose tokens are taken. None, written `client_ids = "any"`, skips the check."""
    token_use: frozenset[str]
    """Subset of `id`, `access`; never empty."""
    audiences: frozenset[str] = frozenset()
    """What an access token's `aud` may be: the names of this API. Empty: only one without `aud` is taken, as Cognito
    signs it where no resource was asked for."""
    leeway: float
    """Clock skew allowed for `exp`, `nbf`, `iat` and `auth_time`."""
    max_lifetime: float | None
    """Longest `exp - iat` taken; None: any."""
    max_auth_age: float | None
    """Longest time since `auth_time`; None: any."""
    pinned_keys: str | None = field(repr=False)
    """A JWKS document (JSON text) that serves a new environment for `Keys.cooldown` without a fetch."""
    speaks_for: Authority = Authority()
    fixed_claims: Mapping[str, str] = field(default_factory=dict)
    """Names under [claims] → the value that each of its users has. A token that says another is refused."""
    actors: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """`act.sub` of those who may act for its users → the scopes that they may use. Empty: no delegated token is taken
    (RFC 8693 §4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The life cycle of fetched keys: `[keys]`."""

    timeout: float
    """Longest fetch."""
    max_age: float
    """Age at which they are fetched anew, before the next request is answered."""
    grace: float
    """How much longer than `max_age` keys serve while fetches fail."""
    cooldown: float
    """Shortest time between two attempts to fetch one key set, however they end; shorter where a request that finds no
    key had too little time for one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One row of `[claims]`: a claim that may reach a policy, a tag, a session name or the context."""

    name: str
    """Its name in templates."""
    claim: str
    """Its name in the token."""
    type: "ClaimType"
    user_writable: bool
    """True if users can change it themselves: it must not decide a boundary, and the linter says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Why an exception is made, by whom, and for how long. Each None where the author left it out. Nothing but lint and
    `authorizer assure` reads them."""

    reason: str | None = None
    owner: str | None = None
    until: str | None = None
    """The last day on which it counts, as `2027-01-31`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One row of `[policies]`: a template in `templates/` and what it promises."""

    name: str
    isolates: tuple[str, ...]
    """The claims whose distinct values must never share a permission: what the prover proves of each. Two users who
    differ in any of them have nothing in common. Empty: the template promises nothing."""
    shared: tuple["Sharing", ...]
    """What the author declares common to all, of which statement; the prover leaves it out and says so."""
    terms: tuple[Terms, ...]
    """Of each of `shared`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One row of `lint.ignore`: a finding that the author knows of and means to keep. Nothing but the lint reads it."""

    code: str
    where: str
    """A template, or a key of access.toml: `s3-home`, `roles.viewer`."""
    terms: Terms
    """Without a reason the row counts for nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What membership of a group brings: `[groups.NAME]`."""

    name: str
    role: str | None
    precedence: int | None
    """Lower wins; None is last."""
    scopes: tuple[str, ...]


Match = Literal["Equals", "NotEqual", "StartsWith", "Contains"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One `[[rules]]` table, with the semantics of an identity pool's mapping rule."""

    claim: str
    """The claim's name in the token, such as `custom:department`."""
    match: Match
    value: str
    role: str


DEFAULT_ROLE = "default"
"""What the role header says for "no role in particular". API Gateway answers 401 itself where an identity source is
empty, so that every request must say something. No role may be called so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """`[resolution]`: how a role is chosen."""

    role_header: str | None
    """Lower-case name of the header with which a caller may ask for one of their roles, or for `DEFAULT_ROLE`."""
    ambiguous: str | None
    """Role for callers with several equally good roles; None denies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One entry of a scope, as written: `GET /files/*`, `GET /orgs/{org}/files/*`, `ANY /admin/*`, `$connect`."""

    method: str
    """An HTTP method, `ANY`, or "" for `$connect`."""
    path: str
    """With `*` for `{proxy+}`. `{org}` is a hole, a segment of its own: the caller's claim goes in there."""

    @property
    def holes(self) -> tuple[str, ...]:
        """The claims that its path names, in order."""
        return tuple(segment[1:-1] for segment in self.path.split("/") if segment.startswith("{"))

    @property
    def entry(self) -> str:
        """As access.toml has it: `GET /files/*`, `$connect`."""
        return f"{self.method} {self.path}".lstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """`[gateway]`: what the API in front is configured with. Events do not say, or not all, so the settings must."""

    result_ttl: float
    """The authorizer's result TTL, 0–3,600 s."""
    backend_time: float
    """Longest time a backend works with the credentials of one request."""
    response: Literal["policy", "simple"]
    """`simple` only for an HTTP API with payload 2.0 and simple responses enabled."""
    identity_sources: tuple[str, ...]
    """What the gateway's cache is keyed by: header names in lower case, `query:NAME`, or a variable such as
    `$context.routeKey`."""
    token_sources: tuple[str, ...]
    """Where the token may stand: `header:authorization`, `query:token`, `header:sec-websocket-protocol`."""
    context_claims: tuple[str, ...]
    """Claims handed to the backend under their own names."""
    usage_key_claim: str | None
    """Claim that is the caller's API key (`usageIdentifierKey`), REST only."""
    token_scopes: Literal["ignore", "either", "both"]
    """How an access token's own `scope` joins the scopes of the groups: not at all, as a union, or as an
    intersection. An ID token has none, so that its intersection is empty."""
    connection_time: float = 1800.0
    """Shortest time for which the credentials of a WebSocket's $connect serve: its messages carry no others."""
    renew_connections: bool = False
    """True hands a WebSocket's backend, sealed, what it needs to ask for fresh credentials while the connection
    lasts."""

    @property
    def keyed_token_sources(self) -> tuple[str, ...]:
        """Those of `token_sources` that the gateway's cache is keyed by."""
        return tuple(
            source for source in self.token_sources if source.removeprefix("header:") in self.identity_sources
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """`[session]`: what is common to all role sessions. A role's length of session is `Role.duration`."""

    context: Literal["plain", "sealed", "none"] = "plain"
    """How credentials travel to the backend: as four plain fields, as one JWE, or not at all."""
    end_with_token: bool = False
    """True puts `DateLessThan aws:CurrentTime` with the token's expiry on every Allow of the session policy."""
    cache_entries: int = 1000
    """Role sessions that one environment remembers, about 2 KB each; the least recently used goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """`[sealing]`: where the keys are that seal credentials for backends, or `[private_sealing]`: those that the
    authorizer alone holds, for what it puts down and reads again itself."""

    source: Literal["environment", "secretsmanager", "kms"]
    keys: str = field(repr=False)
    """`environment`: a JWK Set (RFC 7517 §5) of `oct` keys; `secretsmanager`: the ARN of the secret that holds one;
    `kms`: a JSON object `{"keys": [{"kid": …, "ciphertext": …}]}` of data keys that KMS has encrypted."""
    private: bool = False
    """Whether this is `[private_sealing]`."""

    @property
    def table(self) -> str:
        """Its name in access.toml."""
        return "private_sealing" if self.private else "sealing"


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCache:
    """`[shared_cache]`: a DynamoDB table in which environments share their role sessions, each sealed."""

    table: str
    region: str | None
    """None: the function's own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settings:
    """All of `access.toml`, checked. Believed everywhere else. One equals only itself: pure stages remember their
    outcomes by the settings and the values that they read, and nothing else enters."""

    place: str
    """The file it came from, for messages."""
    issuers: Mapping[str, Issuer]
    """By `iss`."""
    keys: Keys
    claims: Mapping[str, Claim]
    variables: Mapping[str, str]
    """Constants of the deployment that templates may mention, such as the bucket's name."""
    policies: Mapping[str, Policy]
    template_sources: Mapping[str, str]
    """The text of templates by name, from `templates/NAME.json.j2`."""
    roles: Mapping[str, Role]
    roles_by_arn: Mapping[str, Role]
    groups: Mapping[str, Group]
    rules: tuple[Rule, ...]
    resolution: Resolution
    scopes: Mapping[str, tuple[Route, ...]]
    gateway: Gateway
    session: Session
    sealing: Sealing | None = None
    """Needed when `session.context` is `sealed`. Backends hold these keys too."""
    private_sealing: Sealing | None = None
    """Needed for a shared cache. No backend holds these: who could open one entry of the table could open all."""
    shared_cache: SharedCache | None = None
    callers: Callers = NOBODY
    suppressions: tuple[Suppression, ...] = ()
    shared_routes: Mapping[str, Mapping[str, Terms]] = field(default_factory=dict)
    """`[routes] shared`: claim → scopes whose routes are meant to reach what is another user's by that claim, each with
    why. Only the proof and the lint read it."""
    key_sets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The JWKS documents of `keys/` that issuers pin, by the names of their files. Only a bundle needs them: issuers
    have their own (`pinned_keys`)."""

    @property
    def claims_read(self) -> frozenset[str]:
        """What is read of tokens, by its name there, besides the claims that every decision reads."""
        rules = (rule.claim for rule in self.rules)
        declared = (claim.claim for claim in self.claims.values())
        return frozenset(path_of(name)[0] for name in (*rules, *declared))


class Access(NamedTuple):
    """What was loaded: `access.toml`, and the templates beside it, compiled. Like settings, a set of templates equals
    only itself."""

    settings: Settings
    templates: "TemplateSet"
