"""The nouns of the project, each a frozen value that one stage makes and the next ones read.

Trust is in the type: `Request` holds what a stranger sent, `Claims` what an issuer signed, `Identity` what
`access.toml` makes of it. Secrets are `repr=False`, so that no log line, exception or debugger shows one by accident.
Times are seconds since the epoch (UTC), durations are seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

from authorizer.memory import PER_CALLER, remembered

MAX_ACTORS = 4
"""Most actors in a row: one that acts for the user, and three that it acts for."""


@remembered(PER_CALLER)
def instant(moment: float) -> str:
    """Seconds since the epoch as the answer and the record tell a time: ISO 8601 in UTC, whole seconds, rounded down,
    so that nothing lasts longer than it says."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Shape(StrEnum):
    """The five event shapes an API Gateway Lambda authorizer is called with, named as AWS names them."""

    REST_TOKEN = "REST TOKEN"
    REST_REQUEST = "REST REQUEST"
    HTTP_1 = "HTTP API 1.0"
    HTTP_2 = "HTTP API 2.0"
    WEBSOCKET = "WebSocket"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteArn:
    """`arn:{partition}:execute-api:{region}:{account_id}:{api_id}/{stage}/{method}/{path}`.

    `path` starts with `/` and may itself hold `/` and `:`. For a WebSocket, `method` is "" and `path` is `$connect`.
    """

    partition: str
    region: str
    account_id: str
    api_id: str
    stage: str
    method: str
    path: str

    @property
    def stage_arn(self) -> str:
        """The ARN up to and including the stage: what every route of this API's stage begins with."""
        return f"arn:{self.partition}:execute-api:{self.region}:{self.account_id}:{self.api_id}/{self.stage}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What API Gateway asks about: made by `gateway.parse`; all of it chosen by a stranger."""

    shape: Shape
    route: RouteArn
    route_key: str | None
    """The matched route as configured, `GET /files/{id}` or `$default`; HTTP API 2.0 and WebSocket only."""
    token: str = field(repr=False)
    requested_role: str | None
    """The value of the configured role header: a role's name in `access.toml`, its ARN, or `DEFAULT_ROLE`."""
    request_id: str | None
    connection_id: str | None = None
    """The connection that a WebSocket asks for."""
    address: str | None = None
    """The caller's IP address, where the session is to serve from there alone."""
    origin: str | None = None
    """Whose page asks for credentials of its own (RFC 6454 §7)."""
    simple_response: bool
    """True where the API expects `isAuthorized`, which decides this one route, in place of a policy."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claims:
    """What an issuer signed about the caller, in one vocabulary for every kind of issuer.

    Only `authorizer.tokens` makes one, and only after every check has passed: holding a `Claims` is the proof. The
    signature was checked here, by API Gateway's own authorizer, or at the `$connect` of the connection in question. One
    equals only itself, so that what is remembered of one token can never answer for another.
    """

    issuer: str
    """The `iss` claim, equal to a configured issuer."""
    token_use: str
    """`id` or `access`."""
    sub: str
    client_id: str | None
    """The app client: `aud` of an ID token, `client_id` of an access token."""
    username: str | None
    machine: bool
    """True for a client-credentials token: it speaks for an app client, not for a user."""
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    """`cognito:roles`: role ARNs, in the token's order. Only ID tokens have them."""
    preferred_role: str | None
    scopes: tuple[str, ...]
    """The token's own `scope`, split at spaces. Only access tokens have one."""
    issued_at: float
    expires_at: float
    actors: tuple[str, ...] = ()
    """Who acts for the caller, and for whom that one acts, outermost first: `act.sub`, `act.act.sub` (RFC 8693 §4.1).
    Empty: the caller alone."""
    values: Mapping[str, object] = field(repr=False)
    """Every claim of the payload under its own name, as JSON gave it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Role:
    """A role that may be assumed: `[roles.NAME]`. One equals only itself."""

    name: str
    arn: str
    policies: tuple[str, ...]
    """Template names, joined into one session policy. Never empty."""
    session_name: str
    """Format text with `{claim}` holes, `{sub}` by default."""
    session_tags: Mapping[str, str]
    """Tag key → claim name."""
    transitive_tags: tuple[str, ...]
    source_identity: str | None
    """Format text with `{claim}` holes, as `session_name`."""
    external_id: str | None = field(repr=False)
    managed_policies: tuple[str, ...]
    """ARNs of managed policies that also count as session policies. They are joined, not intersected: the session may
    do what its own policy or one of them allows (IAM User Guide, "Policy evaluation logic"; within the role)."""
    duration: int
    """Seconds asked of AssumeRole: `[session] duration`, or the role's own."""
    uses: frozenset[str]
    """Every declared claim that its templates, tags, session name or source identity mention."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Identity:
    """Who the request acts for, and as what: the one role, the scopes, and the claims that may reach a policy. One
    equals only itself, as `Claims`."""

    principal: str
    """`sub` of the token."""
    issuer: str
    username: str | None
    machine: bool
    token_use: str
    role: Role
    rule: str
    """Which rule chose the role, in words for the decision record."""
    groups: tuple[str, ...]
    scopes: frozenset[str]
    claims: Mapping[str, "str | tuple[str, ...]"] = field(repr=False)
    """The claims that the role, the context and the routes use, under their names in `access.toml`, each of its
    declared type."""
    expires_at: float
    """When the token that proved all this expires."""
    actors: tuple[str, ...] = ()
    """`Claims.actors`: each is listed by the issuer's table, and the scopes are those that all of them may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """What the caller's scopes open on this API and stage."""

    patterns: tuple[str, ...]
    """Resource ARNs for the answer's Allow statement, valid for the whole stage and so safe to cache. Empty only where
    a simple response opens the catch-all route."""
    closed: tuple[str, ...]
    """Resource ARNs for its Deny statement: paths that no scope opens (`settings.walks`). Empty for a WebSocket."""
    matched: str | None
    """The entry of [scopes] that opens the route of this very request, as `access.toml` has it, with `*` for
    `{proxy+}`: `ANY /users/*`, `GET /orgs/{org}/*`. None: this route is closed, and the answer is about others. Never
    None where a simple response is expected."""

    @property
    def this_route(self) -> bool:
        """Whether the route of this very request is open."""
        return self.matched is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """The session policy for one identity: canonical, minified, never empty, at most 2,048 characters."""

    text: str = field(repr=False)
    digest: str
    """The first 16 hex digits of the text's SHA-256, for the decision record."""
    templates: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Temporary credentials of one role session, narrowed by a session policy."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    expiration: float
    """When they end: the role session, or with the token where its permissions do."""
    role_arn: str
    session_name: str
    packed_policy_size: int | None
    """STS's percentage of the packed size limit; absent where STS did not say."""
    issued_at: float
    """When they were asked for; with `expiration` it tells when fresh ones are due."""
    session_token_utilization: int | None = None
    """STS's percentage of the largest session token; absent where STS did not say, and from a seal."""


Verdict = Literal["allow", "deny", "unauthorized", "failure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to one request: what the Lambda returns, or raises."""

    verdict: Verdict
    """What becomes of this request. It is `deny` too where the answer opens other routes than the one asked for."""
    code: str
    """`allowed`, or the code of the refusal."""
    response: Mapping[str, object] | None = field(repr=False)
    """The response for API Gateway. None where only an exception gives the right status (401 and 500)."""
