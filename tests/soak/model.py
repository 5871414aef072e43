"""What must become of a request, told from the guide and DESIGN and not from the code.

The model knows who asks, with what token and for which route, and what issuers and STS were seen to answer; it knows
nothing of how the authorizer remembers. Where that decides (does it still hold this session, has it fetched that key?)
the model looks at what left the authorizer: a call that was not made must have been answered from memory, and then the
memory must have been right.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

ACCOUNT: Final = "arn:aws:iam::123456789012:role/vend/"
MACHINE: Final = "1example23456789machine"
"""The app client that a rule gives the role importer."""

GROUPS: Final[Mapping[str, tuple[int, str, frozenset[str]]]] = {
    # The guide: lower precedence wins. From policies/access.toml: precedence, role, scopes.
    "admins": (
        1,
        "admin",
        frozenset({"data:read", "data:write", "files:read", "files:write", "users:manage"}),
    ),
    "editors": (10, "editor", frozenset({"data:read", "data:write", "files:read", "files:write"})),
    "viewers": (20, "viewer", frozenset({"data:read"})),
    "auditors": (10, "viewer", frozenset({"data:read", "reports:read"})),
}
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    "data:read": ("GET /data", "GET /data/*", "$connect"),
    "data:write": ("POST /data", "PUT /data/*", "DELETE /data/*"),
    "files:read": ("GET /files", "GET /files/*"),
    "files:write": ("PUT /files/*", "DELETE /files/*"),
    "reports:read": ("GET /tenants/{tenant}/reports/*",),
    "users:manage": ("ANY /users", "ANY /users/*"),
    "imports/write": ("POST /imports", "PUT /imports/*"),
}
NEEDS: Final = {"viewer": "tenant", "editor": "tenant", "admin": "tenant", "importer": "client"}
"""Role → the claim without which it has neither policy nor tag."""
ALWAYS_WRITE: Final = frozenset({"editor", "admin", "importer"})
"""Roles whose policies let write whatever the scopes are; a viewer's does so with `data:write`."""

RESULT_TTL, BACKEND_TIME, CONNECTION_TIME = 300.0, 30.0, 1800.0
NO_ROLE_IN_PARTICULAR: Final = "default"
"""What the role header says for callers who ask for none: the gateway demands the header."""
KEYS_LAST, COOLDOWN = 3600.0 + 24 * 3600.0, 10.0
DENIAL_LASTS = 5.0
SURELY_REMEMBERED = 300
"""Role sessions; `session.cache_entries` promises 1,000."""

STS_SAYS: Final = {
    "throttled": "sts_throttled",
    "down": "sts_unavailable",
    "slow": "sts_unavailable",
    "fault": "sts_unavailable",
    "denied": "assume_role_denied",
    "garbage": "sts_refused",
    "short": "credentials_too_short",
}
UNAUTHORIZED: Final = frozenset(
    (
        *("token_missing", "token_ambiguous", "scheme_refused", "token_too_large", "token_malformed"),
        *(
            "algorithm_refused",
            "critical_header_refused",
            "token_type_refused",
            "issuer_unknown",
            "key_unknown",
        ),
        *("signature_invalid", "token_use_refused", "client_refused", "audience_refused", "token_expired"),
        *("token_not_yet_valid", "token_claim_missing", "token_claim_malformed"),
    )
)
FORBIDDEN: Final = frozenset(
    (
        *(
            "role_not_listed",
            "requested_role_refused",
            "role_ambiguous",
            "no_role",
            "no_route",
            "route_closed",
        ),
        *("claim_refused", "claim_absent", "nothing_granted"),
    )
)
BEFORE_THE_KEY: Final = frozenset(
    (
        *("token_missing", "token_ambiguous", "scheme_refused", "token_too_large", "token_malformed"),
        *("algorithm_refused", "critical_header_refused", "issuer_unknown", "event_unknown"),
    )
)
"""Defects that are seen before anybody asks for a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request, as whoever sent it knows it."""

    shape: str
    method: str
    path: str
    """`$connect` for a WebSocket."""
    defect: str | None
    """The code for the one thing that is wrong with the event or the token; None: nothing is."""
    pool: int
    kid: str
    expires_at: float
    access: bool
    machine: bool
    sub: str
    tenant: str | None
    groups: tuple[str, ...]
    scopes: tuple[str, ...]
    """The access token's own."""
    requested: str | None
    """What the role header says."""


class KeySet(NamedTuple):
    """What an issuer answered."""

    at: float
    kids: frozenset[str]


@dataclass(slots=True)
class Pool:
    """What an issuer was seen to do."""

    answers: list[KeySet] = field(default_factory=list)
    """The two latest that were good, the later one last."""
    attempts: list[tuple[float, bool]] = field(default_factory=list)
    """When it was last asked, and whether it answered well: the two latest."""
    settled: bool = True
    """False while an answer may have been given and not yet been read."""


@dataclass(slots=True)
class Seen:
    """What happened outside while one request was answered."""

    now: float
    pools: list[Pool]
    fetched: bool
    """Whether the issuer of this token was asked."""
    sts: str | None
    """What is wrong with STS."""
    calls: list[dict[str, str]]
    """The forms of all AssumeRole calls that reached it."""
    granted: list["Session"]
    """What it granted."""


class Outcome(NamedTuple):
    """How the gateway answers its caller."""

    status: int
    code: str


class Session(NamedTuple):
    """A role session that STS granted."""

    form: dict[str, str]
    """What was asked for."""
    expiration: float


class Key(NamedTuple):
    """Everything that tells one session from another: whom it is for, and what it may."""

    sub: str
    role: str
    tenant: str | None
    writes: bool


class Model:
    """Judges one answer after the other."""

    def __init__(self) -> None:
        self._granted: dict[Key, list[Session]] = {}
        self._recent: OrderedDict[Key, None] = OrderedDict()
        self._denied: dict[Key, float] = {}

    def observe(self, seen: Seen) -> None:
        """What STS granted may come from memory from now on, and what it denied for a moment: also where a renewal was
        denied behind an answer that came from memory."""
        for session in seen.granted:
            key = _key_of(session.form)
            # All that have not ended: a session may outlive later ones, which STS made too short to be of use.
            lasting = [each for each in self._granted.get(key, ()) if each.expiration > seen.now]
            self._granted[key] = [*lasting, session]
        if seen.sts == "denied":
            self._denied |= {_key_of(form): seen.now for form in seen.calls}

    def expected(self, asked: Asked, seen: Seen) -> tuple[set[str], Key | None]:
        """The codes that may come of it; `allowed`, where it is among them, for this session alone."""
        if asked.defect in BEFORE_THE_KEY:
            return {asked.defect}, None
        codes, genuine = _of_key(asked, seen)
        if not genuine:
            return codes, None
        if asked.defect is not None:
            return codes | {asked.defect}, None
        if seen.now >= asked.expires_at:
            return codes | {"token_expired"}, None
        role, refusal = _role(asked)
        if role is None:
            return codes | {refusal}, None
        if asked.tenant is not None and not _is_slug(asked.tenant):
            return codes | {"claim_refused"}, None
        scopes = _scopes(asked)
        if not list(_patterns(asked.shape, scopes)):
            return codes | {"no_route"}, None
        if NEEDS[role] == "tenant" and asked.tenant is None:
            return codes | {"claim_absent"}, None
        tenant = asked.tenant if NEEDS[role] == "tenant" else None
        key = Key(asked.sub, role, tenant, role in ALWAYS_WRITE or "data:write" in scopes)
        vended = self._of_vending(key, asked.shape, seen)
        if "allowed" in vended and not is_open(asked):
            vended = vended - {"allowed"} | {"route_closed"}
        return codes | vended, key

    def _of_vending(self, key: Key, shape: str, seen: Seen) -> set[str]:
        serves = any(_serves(session, shape, seen.now) for session in self._granted.get(key, ()))
        called = any(_key_of(form) == key for form in seen.calls)
        codes: set[str] = set()
        if serves:
            codes.add("allowed")
        if called and seen.sts is not None and not (serves and key in self._recent):
            codes.add(STS_SAYS[seen.sts])
        if self._denied.get(key, 0.0) + DENIAL_LASTS > seen.now and not called:
            codes.add("assume_role_denied")
        return codes

    def note_allowed(self, key: Key) -> None:
        """What was handed out just now is remembered for a while."""
        self._recent[key] = None
        self._recent.move_to_end(key)
        while len(self._recent) > SURELY_REMEMBERED:
            self._recent.popitem(last=False)

    def forget(self) -> None:
        """The environment began anew: nothing that was granted before may come again."""
        self._granted.clear()
        self._recent.clear()
        self._denied.clear()

    def wrong_credentials(
        self, key: Key, shape: str, seen: Seen, form: dict[str, str], expiration: float
    ) -> str | None:
        """What is wrong with the credentials of an answer that opens something."""
        if _key_of(form) != key:
            return f"are {_key_of(form)}"
        if problem := _wrong_policy(form["Policy"], key):
            return problem
        if expiration < seen.now + _need(shape):
            return "end before the answer does"
        if not any(form == session.form for session in self._granted.get(key, ())):
            return "were granted to nobody"
        return None


def _need(shape: str) -> float:
    """Seconds for which an answer is used."""
    return CONNECTION_TIME if shape == "WebSocket" else RESULT_TTL + BACKEND_TIME


def _serves(session: Session, shape: str, now: float) -> bool:
    return session.expiration >= now + _need(shape)


def _key_of(form: dict[str, str]) -> Key:
    return Key(
        form["RoleSessionName"],
        form["RoleArn"].removeprefix(ACCOUNT),
        next(
            (
                form[name[:-3] + "Value"]
                for name, key in form.items()
                if name.endswith(".Key") and key == "tenant"
            ),
            None,
        ),
        "s3:PutObject" in form["Policy"],
    )


def _of_key(asked: Asked, seen: Seen) -> tuple[set[str], bool]:
    """Codes that are about the key alone, and whether the key may also have been found."""
    pool = seen.pools[asked.pool]
    candidates = pool.answers[-1:] if pool.settled else pool.answers
    holding = [keys for keys in candidates if asked.kid in keys.kids and seen.now <= keys.at + KEYS_LAST]
    if len(holding) == len(candidates) and candidates:
        return set(), True
    codes = set()
    at, well = pool.attempts[-1] if pool.attempts else (-1e9, False)
    lately = bool(pool.answers) and seen.now - pool.answers[-1].at <= COOLDOWN
    if lately and well:
        codes.add("key_unknown")
    else:
        codes.add("keys_unavailable")
    if not pool.settled:
        codes |= {"key_unknown", "keys_unavailable"}
    if not seen.fetched and abs(seen.now - at) > COOLDOWN:
        codes = {"a fetch that was not made"}
    return codes, bool(holding)


def _role(asked: Asked) -> tuple[str | None, str]:
    """The one role, or the code of the refusal: The guide, "The role"."""
    by_groups = [GROUPS[group] for group in dict.fromkeys(asked.groups) if group in GROUPS]
    own = {role for _, role, _ in by_groups}
    if asked.requested not in (None, NO_ROLE_IN_PARTICULAR):
        named = str(asked.requested).removeprefix(ACCOUNT)
        unasked, _ = _role(replace(asked, requested=None))
        return (named, "") if named in own or named == unasked else (None, "requested_role_refused")
    if asked.machine:
        return ("importer", "") if asked.sub == MACHINE else (None, "no_role")
    if not by_groups:
        return None, "no_role"
    best = min(precedence for precedence, _, _ in by_groups)
    first = {role for precedence, role, _ in by_groups if precedence == best}
    if len(first) == 1:
        return first.pop(), ""  # as `cognito:preferred_role`, or by the group map
    if not asked.access and len(own) == 1:
        return own.pop(), ""  # as the only one of `cognito:roles`
    return None, "role_ambiguous"


def _scopes(asked: Asked) -> frozenset[str]:
    of_token = frozenset(scope for scope in asked.scopes if scope in OPENS)
    if asked.machine:
        return of_token
    return frozenset().union(of_token, *(GROUPS[group][2] for group in asked.groups if group in GROUPS))


def _patterns(shape: str, scopes: frozenset[str]) -> Iterator[str]:
    """What the scopes open on an API of this kind."""
    for scope in scopes:
        for route in OPENS[scope]:
            if (route == "$connect") == (shape == "WebSocket"):
                yield route


def is_open(asked: Asked) -> bool:
    """Whether the route of this very request is open to the caller."""
    for route in _patterns(asked.shape, _scopes(asked)):
        if route == "$connect":
            return True
        method, path = route.replace("{tenant}", asked.tenant or "{tenant}").split(" ")
        if method in (asked.method, "ANY") and (
            asked.path == path or (path.endswith("*") and asked.path.startswith(path[:-1]))
        ):
            return True
    return False


def _is_slug(text: str) -> bool:
    """The guide: 1 to 63 (here 32) of A-Z a-z 0-9 - _, beginning with a letter or a digit."""
    return (
        1 <= len(text) <= 32
        and text[0].isalnum()
        and text.isascii()
        and text.replace("-", "").replace("_", "").isalnum()
    )


def _wrong_policy(text: str, key: Key) -> str | None:
    """Whose data the session policy reaches, besides its holder's."""
    folder, owner = FOLDERS[key.role](key)
    statements: Any = json.loads(text)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        resources = statement["Resource"]
        condition = json.dumps(statement.get("Condition", {}))
        for resource in [resources] if isinstance(resources, str) else resources:
            service, name = resource.split(":")[2], resource.split(":", 5)[5]
            if service == "s3" and "/" in name and not name.endswith(f"/{folder}/{owner}/*"):
                return f"reach {name}"
            if service == "s3" and "/" not in name and f'"{folder}/{owner}/*"' not in condition:
                return f"list {name}"
            if service == "dynamodb" and f'"{key.tenant}"' not in condition:
                return f"reach items of every tenant in {name}"
    return None


FOLDERS: Final[Mapping[str, Callable[[Key], tuple[str, str | None]]]] = {
    "viewer": lambda key: ("tenants", key.tenant),
    "admin": lambda key: ("tenants", key.tenant),
    "editor": lambda key: ("home", key.sub),
    "importer": lambda key: ("clients", key.sub),
}
"""Role → whose folder of the bucket it reaches."""


def status_of(code: str) -> int:
    """The guide, "What is refused, and how"."""
    return 401 if code in UNAUTHORIZED else 403 if code in FORBIDDEN else 500
