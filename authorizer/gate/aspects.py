"""Every way in which one configuration can give more authority than another: one literal table.

Each row is judged as if all others were equal, and a chain of such steps leads from the old configuration to the new
one. So no row that is wider, and none that is undecided, means that nobody may do more.
"""

from collections.abc import Mapping
from typing import Final

from authorizer.gate import choosing, opening, reading, speaking, steps
from authorizer.gate.aspect import Aspect

ASPECTS: Final = (
    # ── Whose tokens are taken ──
    Aspect(
        name="issuers", fields=("Settings.issuers", "Issuer.issuer"),
        read=lambda access: frozenset(access.settings.issuers), judge=steps.members, says="tokens of the issuer {}",
    ),
    Aspect(
        name="kind of issuer", fields=("Issuer.kind",), of="issuer",
        read=lambda issuer: issuer.kind, judge=steps.changed, says="claims read as of the kind {}",
    ),
    Aspect(
        name="algorithm", fields=("Issuer.algorithm",), of="issuer",
        read=lambda issuer: issuer.algorithm, judge=steps.replaced, says="tokens signed with {}",
    ),
    Aspect(
        name="key set", fields=("Issuer.jwks_uri",), of="issuer",
        read=lambda issuer: issuer.jwks_uri, judge=steps.replaced, says="tokens signed by a key of {}",
    ),
    Aspect(
        name="pinned keys", fields=("Issuer.pinned_keys",), of="issuer",
        read=lambda issuer: issuer.pinned_keys, judge=steps.brought, says="a pinned key set: {}",
    ),
    Aspect(
        name="client ids", fields=("Issuer.client_ids",), of="issuer",
        read=lambda issuer: issuer.client_ids, judge=steps.members, says="tokens for the app client {}",
    ),
    Aspect(
        name="token use", fields=("Issuer.token_use",), of="issuer",
        read=lambda issuer: issuer.token_use, judge=steps.members, says="tokens of the use {}",
    ),
    Aspect(
        name="audiences", fields=("Issuer.audiences",), of="issuer",
        read=lambda issuer: issuer.audiences, judge=steps.audiences, says="access tokens with the audience {}",
    ),
    Aspect(
        name="leeway", fields=("Issuer.leeway",), of="issuer",
        read=lambda issuer: issuer.leeway, judge=steps.at_most, says="tokens past their end for {}",
    ),
    Aspect(
        name="max_lifetime", fields=("Issuer.max_lifetime",), of="issuer",
        read=lambda issuer: issuer.max_lifetime, judge=steps.at_most, says="tokens that live for {}",
    ),
    Aspect(
        name="max_auth_age", fields=("Issuer.max_auth_age",), of="issuer",
        read=lambda issuer: issuer.max_auth_age, judge=steps.at_most, says="users who signed in so long ago: {}",
    ),
    Aspect(
        name="roles spoken for", fields=("Issuer.speaks_for", "Authority.roles"), of="issuer",
        read=lambda issuer: issuer.speaks_for.roles, judge=steps.members, says="its users in the role {}",
    ),
    Aspect(
        name="groups spoken for", fields=("Authority.groups",), of="issuer",
        read=lambda issuer: issuer.speaks_for.groups, judge=steps.members, says="its users in the group {}",
    ),
    Aspect(
        name="scopes spoken for", fields=("Authority.scopes",), of="issuer",
        read=lambda issuer: issuer.speaks_for.scopes, judge=steps.members, says="its users with the scope {}",
    ),
    Aspect(
        name="said elsewhere", fields=(),
        read=reading.whole, judge=speaking.said_elsewhere,
        says="tokens with what their issuer may not speak for in {}",
    ),
    Aspect(
        name="claims spoken for", fields=("Authority.claims",), of="issuer",
        read=lambda issuer: issuer.speaks_for.claims, judge=steps.members_by_name, says="its users with {}",
    ),
    Aspect(
        name="fixed claims", fields=("Issuer.fixed_claims",), of="issuer",
        read=lambda issuer: issuer.fixed_claims, judge=steps.fixed, says="its users with {}",
    ),
    Aspect(
        name="actors", fields=("Issuer.actors",), of="issuer",
        read=lambda issuer: issuer.actors, judge=steps.acting, says="acting for its users: {}",
    ),
    Aspect(
        name="age of keys", fields=("Settings.keys", "Keys.max_age"),
        read=lambda access: access.settings.keys.max_age, judge=steps.at_most,
        says="a key that its issuer withdrew, for {}",
    ),
    Aspect(
        name="grace of keys", fields=("Keys.grace",),
        read=lambda access: access.settings.keys.grace, judge=steps.at_most,
        says="old keys while fetches fail, for {}",
    ),
    Aspect(
        name="cooldown of keys", fields=("Keys.cooldown",),
        read=lambda access: access.settings.keys.cooldown, judge=steps.at_most,
        says="keys before the next attempt to fetch them, for {}",
    ),
    # ── What claims mean ──
    Aspect(
        name="source of a claim", fields=("Settings.claims", "Claim.claim"), of="claim",
        read=lambda claim: claim.claim, judge=steps.replaced, says="whatever their token says in {}",
    ),
    Aspect(
        name="type of a claim", fields=("Claim.type",), of="claim",
        read=lambda claim: claim.type, judge=steps.types,
    ),
    Aspect(
        name="user_writable", fields=("Claim.user_writable",), of="claim",
        read=lambda claim: claim.user_writable, judge=steps.ordered(False, True),
        says="users who change it themselves: {}",
    ),
    # ── Who is what ──
    Aspect(
        name="roles of groups", fields=("Settings.groups", "Group.name", "Group.role", "Group.precedence"),
        read=reading.whole, judge=choosing.roles_of_groups,
    ),
    Aspect(
        name="rules", fields=("Settings.rules", "Rule.claim", "Rule.match", "Rule.value", "Rule.role"),
        read=reading.whole, judge=choosing.rules,
    ),
    Aspect(
        name="ambiguous", fields=("Settings.resolution", "Resolution.ambiguous"),
        read=lambda access: access.settings.resolution.ambiguous, judge=choosing.ambiguous,
        says="{} for callers with several equally good ones",
    ),
    Aspect(
        name="role header", fields=("Resolution.role_header",),
        read=lambda access: access.settings.resolution.role_header, judge=choosing.asking,
    ),
    # ── Which routes ──
    Aspect(
        name="scopes of groups", fields=("Group.scopes",),
        read=reading.whole, judge=opening.scopes_of_groups,
    ),
    Aspect(
        name="routes of scopes", fields=("Settings.scopes", "Route.method", "Route.path"),
        read=reading.whole, judge=opening.routes_of_scopes,
    ),
    Aspect(
        name="fewer scopes", fields=(),
        read=reading.whole, judge=opening.fewer_scopes,
    ),
    Aspect(
        name="scopes of tokens", fields=("Settings.gateway", "Gateway.token_scopes"),
        read=lambda access: access.settings.gateway.token_scopes, judge=steps.ordered("both", "ignore", "either"),
        says="scopes of access tokens, beside those of groups: {}",
    ),
    Aspect(
        name="catch-all route", fields=("Gateway.response",),
        read=reading.whole, judge=opening.catch_all,
    ),
    Aspect(
        name="places of tokens", fields=("Gateway.token_sources",),
        read=reading.token_sources, judge=steps.members, says="a token in {}",
    ),
    Aspect(
        name="key of the gateway's cache", fields=("Gateway.identity_sources",),
        read=reading.cache_key, judge=steps.cache_keys,
    ),
    Aspect(
        name="result_ttl", fields=("Gateway.result_ttl",),
        read=lambda access: access.settings.gateway.result_ttl, judge=steps.at_most,
        says="an answer that is repeated for {}",
    ),
    Aspect(
        name="claims told", fields=("Gateway.context_claims",),
        read=lambda access: frozenset(access.settings.gateway.context_claims), judge=steps.members,
        says="backends are told the claim {}",
    ),
    Aspect(
        name="usage key", fields=("Gateway.usage_key_claim",),
        read=lambda access: access.settings.gateway.usage_key_claim, judge=steps.changed,
        says="an API key by the claim {}",
    ),
    Aspect(
        name="renewed connections", fields=("Gateway.renew_connections",),
        read=lambda access: access.settings.gateway.renew_connections, judge=steps.ordered(False, True),
        says="fresh credentials while a connection lasts: {}",
    ),
    # ── Which AWS actions, as which role, for how long ──
    Aspect(
        name="roles", fields=("Settings.roles", "Role.name"),
        read=reading.nameable, judge=steps.members,
        says="the role {}, for tokens that name its ARN",
    ),
    Aspect(
        name="ARN of a role", fields=("Settings.roles_by_arn", "Role.arn"), of="role",
        read=lambda role: role.arn, judge=steps.replaced, says="sessions of {}",
    ),
    Aspect(
        name="managed policies", fields=("Role.managed_policies",), of="role",
        read=lambda role: frozenset(role.managed_policies), judge=steps.members,
        says="what the managed policy {} allows",
    ),
    Aspect(
        name="session tags", fields=("Role.session_tags",), of="role",
        read=lambda role: role.session_tags, judge=steps.tags, says="sessions with {}",
    ),
    Aspect(
        name="transitive tags", fields=("Role.transitive_tags",), of="role",
        read=lambda role: frozenset(role.transitive_tags), judge=steps.changed,
        says="tags that go on into the next role: {}",
    ),
    Aspect(
        name="session name", fields=("Role.session_name",), of="role",
        read=lambda role: role.session_name, judge=steps.changed, says="sessions called {}",
    ),
    Aspect(
        name="source identity", fields=("Role.source_identity",), of="role",
        read=lambda role: role.source_identity, judge=steps.demanded, says="the source identity of sessions: {}",
    ),
    Aspect(
        name="external id", fields=("Role.external_id",), of="role",
        read=lambda role: role.external_id, judge=steps.demanded, says="the external id that is sent: {}",
    ),
    Aspect(
        name="duration", fields=("Role.duration",), of="role",
        read=lambda role: role.duration, judge=steps.at_most, says="sessions of {}",
    ),
    Aspect(
        name="end_with_token", fields=("Settings.session", "Session.end_with_token"),
        read=lambda access: access.settings.session.end_with_token, judge=steps.ordered(True, False),
        says="sessions end with their token: {}",
    ),
    Aspect(
        name="credentials' way", fields=("Session.context",),
        read=lambda access: access.settings.session.context, judge=steps.ordered("none", "sealed", "plain"),
        says="credentials for whoever sees the context: {}",
    ),
    Aspect(
        name="sealing keys", fields=("Settings.sealing", "Sealing.keys", "Sealing.source"),
        read=reading.keys_of("sealing"), judge=steps.brought, says="keys that open credentials: {}",
    ),
    Aspect(
        name="private sealing keys", fields=("Settings.private_sealing",),
        read=reading.keys_of("private_sealing"), judge=steps.brought, says="keys that open what is kept: {}",
    ),
    Aspect(
        name="shared cache", fields=("Settings.shared_cache", "SharedCache.table", "SharedCache.region"),
        read=reading.shared_cache, judge=steps.brought, says="a table that holds sessions, sealed: {}",
    ),
    # ── Which credentials callers hold themselves ──
    Aspect(
        name="callers' own", fields=("Settings.callers", "Callers.roles"),
        read=reading.handed_out, judge=steps.members, says="callers hold sessions themselves: {}",
    ),
    Aspect(
        name="origins", fields=("Callers.origins",),
        read=lambda access: access.settings.callers.origins, judge=steps.members,
        says="credentials for pages of {}",
    ),
    Aspect(
        name="same address", fields=("Callers.same_address",),
        read=lambda access: access.settings.callers.same_address, judge=steps.ordered(True, False),
        says="callers' sessions serve from one address alone: {}",
    ),
    Aspect(
        name="sessions of one user", fields=("Callers.sessions",),
        read=lambda access: access.settings.callers.sessions, judge=steps.counted,
        says="sessions of one user at once: {}",
    ),
)  # fmt: skip
"""An aspect a row. What session policies allow is compared beside them (`authorizer.engine.prove.diff`)."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "Role.policies": "what session policies allow is compared, statement by statement",
    "Role.uses": "made of what the role's templates, tags and names mention",
    "Settings.template_sources": "what session policies allow is compared",
    "Settings.variables": "compared where a template mentions them",
    "Settings.policies": "a promise grants nothing: `authorizer policy prove` holds templates to it",
    "Policy.name": "a promise grants nothing",
    "Policy.isolates": "a promise grants nothing",
    "Policy.shared": "a promise grants nothing",
    "Policy.terms": "why a promise leaves something out grants nothing",
    "Settings.suppressions": "a finding that is kept quiet grants nothing",
    "Settings.shared_routes": "a promise grants nothing: `authorizer policy prove` holds routes to it",
    "Settings.place": "the file's name",
    "Settings.key_sets": "the pinned keys of each issuer are compared",
    "Issuer.name": "what messages call an issuer",
    "Issuer.place": "where the file has it",
    "Claim.name": "templates, tags and names mention it, and are compared",
    "Keys.timeout": "how long a fetch may take",
    "Gateway.backend_time": "asks sessions to last: their length is compared",
    "Gateway.connection_time": "asks sessions to last: their length is compared",
    "Session.cache_entries": "how much is remembered",
    "Sealing.private": "which of the two tables it is",
}
"""`Class.field` without a row → why."""
