"""What the sections of `access.toml` say together: names that lead nowhere, and combinations that can never hold.

A configuration that would make a cached answer wrong, or credentials expire in a backend's hands, does not load.
"""

from collections.abc import Container, Iterator, Mapping

from authorizer.engine import ClaimType, Condition, TemplateSet
from authorizer.model import Role
from authorizer.settings import authority, callers, holes
from authorizer.settings.format_text import holes as holes_of
from authorizer.settings.limits import LIMITS, breaches
from authorizer.settings.reader import Problems
from authorizer.settings.schema import CLOCK_SKEW, DEFAULT_ROLE, Claim, Settings
from authorizer.syntax.claim_path import path_of, spelled
from authorizer.syntax.places import Path

RESERVED_CONTEXT_KEYS = frozenset(
    # Siblings of ours in the backend's event, and what this project emits itself (API Gateway Developer
    # Guide, "Output from an API Gateway Lambda authorizer"; `claims` is reserved for HTTP API 1.0 responses).
    (
        *("principalId", "integrationLatency", "claims", "scopes", "error", "latency", "status"),
        *("integrationStatus", "requestId", "jwt", "iam", "lambda"),
        *(
            "accessKeyId",
            "secretAccessKey",
            "sessionToken",
            "expiration",
            "roleArn",
            "credentials",
            "connection",
        ),
        *("sub", "issuer", "username", "groups"),
    )
)


def check(settings: Settings, templates: TemplateSet, problems: Problems, *, too_long: bool) -> None:
    """Add every disagreement between sections to `problems`; with `too_long` not that a role's policy fits nobody."""
    _check_names(settings, problems)
    authority.check(settings, problems)
    callers.check(settings, problems)
    holes.check(settings, problems)
    _check_paths(settings, problems)
    _check_claims(settings, problems)
    _check_assume_role(settings, templates, problems, too_long=too_long)
    _check_cache(settings, problems)
    _check_lifetimes(settings, problems)
    _check_sealing(settings, problems)


def _check_names(settings: Settings, problems: Problems) -> None:
    def known(kind: str, name: str | None, names: Container[str], *path: str | int) -> None:
        if name is not None and name not in names and not problems.about(path):
            problems.add(path, f"there is no {kind} {name!r}")

    if DEFAULT_ROLE in settings.roles:
        problems.add(
            ("roles", DEFAULT_ROLE),
            f"no role may be called {DEFAULT_ROLE!r}: the role header says it for no role in particular",
        )
    for role in settings.roles.values():
        for policy in role.policies:
            known("template", policy, settings.template_sources, "roles", role.name, "policies")
    for group in settings.groups.values():
        known("role", group.role, settings.roles, "groups", group.name, "role")
        for scope in group.scopes:
            known("scope", scope, settings.scopes, "groups", group.name, "scopes")
    for index, rule in enumerate(settings.rules):
        known("role", rule.role, settings.roles, "rules", index, "role")
    known("role", settings.resolution.ambiguous, settings.roles, "resolution", "ambiguous")
    for policy_row in settings.policies.values():
        for claim in policy_row.isolates:
            known("claim", claim, settings.claims, "policies", policy_row.name, "isolates")

    by_arn: dict[str, str] = {}
    for role in settings.roles.values():
        if problems.about(("roles", role.name, "arn")):
            continue
        if (other := by_arn.setdefault(role.arn, role.name)) != role.name:
            problems.add(
                ("roles", role.name, "arn"),
                f"is the ARN of role {other!r} too: a token naming it is ambiguous",
            )


_FLAT = frozenset(
    (
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "scope",
        "client_id",
        "token_use",
        "username",
        "auth_time",
        "email",
    )
)
"""Claims that are no object in any token (RFC 7519 §4.1; RFC 8693 §4; OpenID Connect Core 1.0 §5.1)."""


def _check_paths(settings: Settings, problems: Problems) -> None:
    """A claim that no token can have is a misspelt one: its users would be refused, or its rule never match."""
    delegated = any(issuer.actors for issuer in settings.issuers.values())
    named: list[tuple[Path, str]] = [
        (("claims", claim.name, "claim"), claim.claim) for claim in settings.claims.values()
    ]
    named += [(("rules", index, "claim"), rule.claim) for index, rule in enumerate(settings.rules)]
    for place, claim in named:
        if problems.about(place):
            continue
        path = path_of(claim)
        if not all(path):
            problems.add(
                place, f"expected a claim such as `sub`, or `act.sub` inside an object, found {claim!r}"
            )
        elif spelled(path) != claim:
            problems.add(
                place, f"quotes are for a name with a dot in it: expected {spelled(path)!r}, found {claim!r}"
            )
        elif len(path) > 1 and path[0] in _FLAT:
            problems.add(place, f"no token has {claim!r}: its `{path[0]}` is no object")
        elif path[0] == "act" and not delegated:
            problems.add(place, f"no token that is taken has {claim!r}: no issuer lists `actors`")


def _check_claims(settings: Settings, problems: Problems) -> None:
    claims = settings.claims
    for name in sorted(set(claims) & set(settings.variables)):
        problems.add(("variables", name), "is the name of a claim too")
    for role in settings.roles.values():
        for key, claim in role.session_tags.items():
            for problem in _tag_problems(claim, claims):
                problems.add(("roles", role.name, "session_tags"), f"tag {key!r}: {problem}")
        for setting, text in (("session_name", role.session_name), ("source_identity", role.source_identity)):
            for problem in _format_problems(text, claims) if text else ():
                problems.add(("roles", role.name, setting), problem)
    gateway = settings.gateway
    for claim in gateway.context_claims:
        if claim not in claims:
            problems.add(("gateway", "context_claims"), f"there is no claim {claim!r}")
        if claim in RESERVED_CONTEXT_KEYS:
            problems.add(("gateway", "context_claims"), f"{claim!r} is a reserved name of the context")
    if gateway.usage_key_claim is not None:
        for problem in _single_problems(gateway.usage_key_claim, claims):
            problems.add(("gateway", "usage_key_claim"), problem)


def _single_problems(name: str, claims: Mapping[str, Claim]) -> Iterator[str]:
    """Why a claim cannot be one text, where one text is needed."""
    if name not in claims:
        yield f"there is no claim {name!r}"
    elif claims[name].type.is_list:
        yield f"the claim {name!r} is a list: expected one that is a single text"


def _tag_problems(name: str, claims: Mapping[str, Claim]) -> Iterator[str]:
    yield from _single_problems(name, claims)
    if name in claims and not _may_be_tag(claims[name].type):
        most = LIMITS["Tags.Value"].most
        yield f"no value of the claim {name!r} is a tag's: at most {most} letters, digits, spaces and _ . : / = + - @"


def _may_be_tag(kind: ClaimType) -> bool:
    """Whether any value of the type is one that STS takes as a tag's."""
    limit = LIMITS["Tags.Value"]
    return any(
        sum(segment.min for segment in sequence) <= limit.most
        and all(any(map(limit.takes, segment.chars)) for segment in sequence)
        for sequence in kind.language.alternatives
    )


def _format_problems(text: str, claims: Mapping[str, Claim]) -> Iterator[str]:
    try:
        names = holes_of(text)
    except ValueError as error:
        yield str(error)
        return
    if not names:
        yield f"{text!r} names no claim: one name for everybody leaves CloudTrail without a user"
    for name in dict.fromkeys(names):
        yield from _single_problems(name, claims)


_TOKEN_END = Condition(operator="DateLessThan", key="aws:CurrentTime", values=("2000-01-01T00:00:00Z",))
"""What `session.end_with_token` puts on each Allow, as long as it is for any token."""
_ADDRESS = Condition(operator="IpAddress", key="aws:SourceIp", values=("192.0.2.1",))
"""What `callers.same_address` puts there."""


def _check_assume_role(
    settings: Settings, templates: TemplateSet, problems: Problems, *, too_long: bool
) -> None:
    """What STS would refuse to everybody: a role that loads can be assumed for someone."""
    for role in settings.roles.values():
        for path, text in [
            (("roles", role.name, breach.setting), breach.text)
            for breach in breaches(role)
            if not problems.about(("roles", role.name, breach.setting))
        ]:
            problems.add(path, text)
        if not too_long and all(name in templates.names for name in role.policies):
            _check_policy(role, settings, templates, problems)


def _check_policy(role: Role, settings: Settings, templates: TemplateSet, problems: Problems) -> None:
    arns, limit = sum(map(len, role.managed_policies)), LIMITS["Policy"].most
    on_allows = _on_allows(role, settings)
    shortest = templates.shortest_beyond(role.policies, limit - arns, on_allows=tuple(on_allows))
    if shortest is not None:
        with_arns = f", and {shortest + arns} with the ARNs of its managed policies" if arns else ""
        problems.add(
            ("roles", role.name, "managed_policies" if arns else "policies"),
            f"the shortest session policy has {shortest} characters{with_arns}: STS takes {limit}; move what is the "
            f"same for everybody into the role's own policy: `authorizer policy split {role.name}` does",
        )
    if role.managed_policies and on_allows:
        name = ".".join(map(str, next(iter(on_allows.values()))))
        problems.add(
            ("roles", role.name, "managed_policies"),
            f"what the template allows is limited for each session ({name}), and what a managed policy allows is not: "
            "write it into a template",
        )
    for limit_of_session, place in on_allows.items():
        if any(_limits(name, limit_of_session, settings, templates) for name in role.policies):
            problems.add(
                place,
                f"the templates of role {role.name!r} limit `{limit_of_session.key}` themselves: of two values the "
                "wider would count",
            )


def _on_allows(role: Role, settings: Settings) -> dict[Condition, Path]:
    """What is put on each Allow of the role's sessions → the setting that puts it there."""
    handed_out = role.name in settings.callers.handed_out
    found: dict[Condition, Path] = {}
    if settings.session.end_with_token or handed_out:
        found[_TOKEN_END] = (
            ("session", "end_with_token") if settings.session.end_with_token else ("callers", "roles")
        )
    if settings.callers.same_address and handed_out:
        found[_ADDRESS] = ("callers", "same_address")
    return found


def _limits(name: str, condition: Condition, settings: Settings, templates: TemplateSet) -> bool:
    """Whether a template puts on an Allow what a session's own limit would be put beside."""
    operator, key = condition.operator, condition.key.casefold()
    if not any(key.partition(":")[2] in text.casefold() for text in settings.template_sources.values()):
        return False  # hardly any does, and to look at every branch takes its time
    return any(
        condition.operator == operator and condition.key.casefold() == key
        for branch in templates.branches([name])
        for statement in branch.document.statements
        if statement.effect == "Allow"
        for condition in statement.conditions
    )


def _check_cache(settings: Settings, problems: Problems) -> None:
    """The gateway answers from its cache whenever the identity sources are equal: all that the answer depends
    on must be among them."""
    gateway = settings.gateway
    if not gateway.token_sources:
        problems.add(("gateway", "token_sources"), "the list is empty: no request could carry a token")
    if not gateway.result_ttl:
        return
    # One is enough: where an answer may be cached, `parse` looks for a token in no other.
    if not gateway.keyed_token_sources:
        problems.add(
            ("gateway", "identity_sources"),
            f"none of {', '.join(gateway.token_sources)} is listed, and one of them carries the token: one caller "
            "would get another's answer from the cache; list a header by its name, a parameter as query:NAME",
        )
    header = settings.resolution.role_header
    if header and header not in gateway.identity_sources:
        problems.add(
            ("gateway", "identity_sources"),
            f"{header!r} decides the role and is not listed: the cache would answer with the role of an "
            "earlier request; add it to the authorizer's identity sources and here, or set result_ttl to 0s",
        )
    if gateway.response == "simple":
        # `$context.routeKey` is no way out: one key such as `ANY /{proxy+}` stands for many methods and paths, and even
        # `GET /files/{id}` for paths that walk.
        problems.add(
            ("gateway", "response"),
            "a simple response decides one request, and the gateway's cache would repeat it for others, whatever it is "
            'keyed by: set result_ttl to 0s, or response to "policy", which may be cached and opens the same routes',
        )


def _check_lifetimes(settings: Settings, problems: Problems) -> None:
    """Of what gateways repeat. What callers are handed no gateway keeps, and they ask again by themselves."""
    gateway = settings.gateway
    need = gateway.result_ttl + gateway.backend_time + CLOCK_SKEW
    kept = [role for role in settings.roles.values() if role.name not in settings.callers.handed_out]
    for role in kept:
        if role.duration < need:
            problems.add(
                ("roles", role.name, "duration"),
                f"sessions of {role.duration} s end before gateway.result_ttl + gateway.backend_time + "
                f"{CLOCK_SKEW:.0f} s of clock skew = {need:.0f} s: a backend would get expired credentials",
            )
    if not any(route.path == "$connect" for routes in settings.scopes.values() for route in routes):
        return
    lasting = gateway.connection_time + CLOCK_SKEW
    for role in kept:
        if role.duration < lasting:
            problems.add(
                ("roles", role.name, "duration"),
                f"sessions of {role.duration} s end before gateway.connection_time + {CLOCK_SKEW:.0f} s of clock skew "
                f"= {lasting:.0f} s: a WebSocket's messages carry what $connect was answered; lower connection_time, "
                "or let no scope open $connect",
            )


def _check_sealing(settings: Settings, problems: Problems) -> None:
    """What is to be sealed needs keys: it never travels, or lies in a table, in the clear instead. And each purpose has
    keys of its own: a backend that could open the table would hold the sessions of everybody."""
    if settings.sealing is None and settings.session.context == "sealed":
        problems.add(("session", "context"), "sealed credentials need keys: add a [sealing] table")
    if settings.private_sealing is None and settings.gateway.renew_connections:
        problems.add(
            ("gateway", "renew_connections"),
            "who a connection is for is sealed with keys that no backend holds: add a [private_sealing] table",
        )
    if settings.private_sealing is None and settings.shared_cache is not None:
        problems.add(
            ("shared_cache",),
            "what is shared is sealed with keys that no backend holds: add a [private_sealing] table",
        )
    if (
        settings.sealing
        and settings.private_sealing
        and settings.sealing.keys == settings.private_sealing.keys
    ):
        problems.add(
            ("private_sealing", "keys"),
            "are those of [sealing], which backends hold: expected keys of the authorizer's own",
        )
