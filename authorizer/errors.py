"""Everything that can end a request early, drawn as one tree.

::

    AuthorizerError
    ├── SettingsError      the configuration does not load; lists every problem
    ├── SignInFailed       on a person's machine: no tokens, or no credentials for them
    ├── SealRefused        in a backend: sealed credentials do not open
    ├── CredentialsAbsent  in a backend: there are none
    ├── CredentialsExpired in a backend: they are over
    ├── RenewalFailed      in a backend: the authorizer could not be asked for fresh ones
    └── Refusal            a request ends here
        ├── Unauthorized   the caller must act: prove who you are                → 401
        ├── Forbidden      an administrator must act: nothing is granted         → 403
        └── ServiceFailure we must act: it cannot be told whether to allow       → 500

A refusal is one class here, with its family (its parent) and its `code`. The code is stable: it stands in the
decision record, in metrics and in the table of docs/codes.md. The message is for the operator who reads the log: what
was refused, where, what was expected, what to do. It never holds a token, a credential, or the value of a
claim that `access.toml` does not list.
"""

from collections.abc import Iterable
from typing import ClassVar


class AuthorizerError(Exception):
    """Root of every error that this package raises on purpose."""


class SettingsError(AuthorizerError):
    """The configuration cannot be used. `problems` has every one of them, each with its place."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        heading = f"{count} problem{'s' if count != 1 else ''} in the configuration:"
        super().__init__("\n".join([heading, *(f"  - {problem}" for problem in self.problems)]))


class SignInFailed(AuthorizerError):
    """A person's command line has no tokens, or gets no credentials for them. The text says what to do, and holds
    neither."""


class SealRefused(AuthorizerError):
    """Sealed credentials do not open. `reason` is one of `size`, `form`, `key`, `tampered`, `audience`, `principal`,
    `life`, `expired`, and `plain` where they are not sealed and should be. Raised where they are opened, in a backend
    or by the shared cache: no request of the authorizer ends in it."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class CredentialsAbsent(AuthorizerError):
    """What a backend was called with holds no credentials of this authorizer."""


class CredentialsExpired(AuthorizerError):
    """The credentials that a backend was called with are over."""


class RenewalFailed(AuthorizerError):
    """A backend asked the authorizer for a connection's fresh credentials, and got no answer."""


class Refusal(AuthorizerError):
    """A request that is not allowed, whatever the reason. Only its three children are raised."""

    code: ClassVar[str]


# ── 401 ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Unauthorized(Refusal):
    """The caller has not proved who they are. API Gateway answers 401."""


class TokenMissing(Unauthorized):
    """The request carries no token where the API expects one."""

    code = "token_missing"


class TokenAmbiguous(Unauthorized):
    """The request carries several tokens, so that two readers could pick different ones."""

    code = "token_ambiguous"


class RequestedRoleAmbiguous(Unauthorized):
    """The role header comes several times, so that the gateway's cache and this function could pick different ones."""

    code = "requested_role_ambiguous"


class SchemeRefused(Unauthorized):
    """The Authorization header is not of the form `Bearer <token>` (RFC 6750 §2.1)."""

    code = "scheme_refused"


class TokenTooLarge(Unauthorized):
    """The token is longer than anything an issuer of ours signs: it is not read at all."""

    code = "token_too_large"


class TokenMalformed(Unauthorized):
    """The token is not a signed JWT in compact form (RFC 7515 §7.1), read strictly."""

    code = "token_malformed"


class AlgorithmRefused(Unauthorized):
    """The token's `alg` is not the algorithm that its issuer has pinned: `issuers[].algorithm`, for Cognito RS256."""

    code = "algorithm_refused"


class CriticalHeaderRefused(Unauthorized):
    """The token's header has `crit` (RFC 7515 §4.1.11): an extension that is not understood here."""

    code = "critical_header_refused"


class TokenTypeRefused(Unauthorized):
    """The token's `typ` says that it is something else than an ID or access token (RFC 8725 §3.11)."""

    code = "token_type_refused"


class IssuerUnknown(Unauthorized):
    """The token's `iss` is not exactly one of the configured issuers."""

    code = "issuer_unknown"


class KeyUnknown(Unauthorized):
    """The issuer's key set, fetched lately, has no usable key with the token's `kid`."""

    code = "key_unknown"


class SignatureInvalid(Unauthorized):
    """The token's signature does not match the issuer's key."""

    code = "signature_invalid"


class TokenClaimMissing(Unauthorized):
    """The token lacks a claim that every token of its kind has, such as `exp`, `iat`, `sub`."""

    code = "token_claim_missing"


class TokenClaimMalformed(Unauthorized):
    """A claim that decides something has the wrong JSON type, such as a text for `exp` or for the groups."""

    code = "token_claim_malformed"


class TokenUseRefused(Unauthorized):
    """The token is an ID token where an access token is taken, or the other way round."""

    code = "token_use_refused"


class ClientRefused(Unauthorized):
    """The token was issued to an app client that `client_ids` does not list."""

    code = "client_refused"


class AudienceRefused(Unauthorized):
    """The access token was asked for another API: its `aud` names none that `audiences` lists."""

    code = "audience_refused"


class DelegationRefused(Unauthorized):
    """Somebody acts for the user, and the issuer's `actors` do not list them."""

    code = "delegation_refused"


class TokenExpired(Unauthorized):
    """The token's `exp` is past."""

    code = "token_expired"


class TokenNotYetValid(Unauthorized):
    """The token's `nbf`, `iat` or `auth_time` lies in the future."""

    code = "token_not_yet_valid"


class TokenLifetimeTooLong(Unauthorized):
    """The token lives longer from `iat` to `exp` than `max_lifetime` allows."""

    code = "token_lifetime_too_long"


class ConnectionOver(Unauthorized):
    """A backend asks for a WebSocket's fresh credentials after the two hours that a connection lasts, or after the
    token where sessions end with it."""

    code = "connection_over"


class ConnectionRefused(Unauthorized):
    """A backend hands back something that was not sealed here, for this very connection."""

    code = "connection_refused"


class AuthenticationTooOld(Unauthorized):
    """The user last signed in (`auth_time`) longer ago than `max_auth_age` allows."""

    code = "authentication_too_old"


# ── 403 ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Forbidden(Refusal):
    """The caller is known, and nothing is granted to them. API Gateway answers 403."""


class RoleNotListed(Forbidden):
    """The token names an IAM role that `access.toml` does not list."""

    code = "role_not_listed"


class IssuerNotEntitled(Forbidden):
    """The token says, or leads to, what its issuer may not speak for."""

    code = "issuer_not_entitled"


class RequestedRoleRefused(Forbidden):
    """The caller asked for a role that is not among their own."""

    code = "requested_role_refused"


class RoleAmbiguous(Forbidden):
    """Several roles fit equally well, and no default is configured."""

    code = "role_ambiguous"


class NoRole(Forbidden):
    """Nothing leads from this caller to a role."""

    code = "no_role"


class NoRoute(Forbidden):
    """The caller's scopes open no route of this API."""

    code = "no_route"


class RouteClosed(Forbidden):
    """The caller's scopes open other routes and not this one, or its path is one that no scope opens."""

    code = "route_closed"


class TooManyRoutes(Forbidden):
    """A list in the token fills more routes than an answer may hold."""

    code = "too_many_routes"


class ClaimRefused(Forbidden):
    """A claim that the caller's policy, tags, session name or routes need does not have its declared type."""

    code = "claim_refused"


class ClaimAbsent(Forbidden):
    """A claim that the role's policy, tags or session name need is not in the token."""

    code = "claim_absent"


class NotForCallers(Forbidden):
    """The caller's role is one whose credentials backends alone get."""

    code = "not_for_callers"


class OriginRefused(Forbidden):
    """A page asks that `callers.origins` does not list."""

    code = "origin_refused"


class TooManySessions(Forbidden):
    """As many of the user's own role sessions are alive as `callers.sessions` allows; `GET /credentials` says 429."""

    code = "too_many_sessions"


class NothingGranted(Forbidden):
    """The role's templates render to a policy without an Allow. Never an AssumeRole without a policy."""

    code = "nothing_granted"


# ── 500 ─────────────────────────────────────────────────────────────────────────────────────────────────────


class ServiceFailure(Refusal):
    """It cannot be told whether the caller is allowed. API Gateway answers 500."""


class EventUnknown(ServiceFailure):
    """The event has none of the five shapes that API Gateway sends to an authorizer."""

    code = "event_unknown"


class GatewayMismatch(ServiceFailure):
    """The event shows a gateway that is not configured as `[gateway]` says, so that its cache could give one caller
    another's answer."""

    code = "gateway_mismatch"


class KeysUnavailable(ServiceFailure):
    """The issuer's keys cannot be had, so that it cannot be told whether a token is genuine."""

    code = "keys_unavailable"


class PolicyInvalid(ServiceFailure):
    """A template rendered to something that is no session policy of this project."""

    code = "policy_invalid"


class PolicyTooLarge(ServiceFailure):
    """The rendered policy has more characters than STS takes."""

    code = "policy_too_large"


class VendingFailure(ServiceFailure):
    """No credentials came of a request for them. Its children say why, and to whom the repair falls."""


class RequestInvalid(VendingFailure):
    """An AssumeRole parameter breaks a limit of STS, seen before the call. `parameter` is its API name."""

    code = "request_invalid"

    def __init__(self, parameter: str, problem: str) -> None:
        self.parameter = parameter
        super().__init__(f"AssumeRole parameter `{parameter}` {problem}")


class PackedPolicyTooLarge(VendingFailure):
    """STS's packed form of policy and tags is over its limit. `percent` is STS's own figure, if it gave one."""

    code = "packed_policy_too_large"

    def __init__(self, message: str, *, percent: int | None) -> None:
        self.percent = percent
        super().__init__(message)


class PolicyMalformed(VendingFailure):
    """STS does not take the rendered policy for one."""

    code = "policy_malformed"


class AssumeRoleDenied(VendingFailure):
    """STS refuses the role to this function. `role_arn` is the role."""

    code = "assume_role_denied"

    def __init__(self, message: str, *, role_arn: str) -> None:
        self.role_arn = role_arn
        super().__init__(message)


class StsThrottled(VendingFailure):
    """STS takes no more calls of this account for now, after every retry that the deadline allowed."""

    code = "sts_throttled"


class StsUnavailable(VendingFailure):
    """STS did not answer, or answered with a fault of its own, until the deadline."""

    code = "sts_unavailable"


class StsRegionDisabled(VendingFailure):
    """STS is switched off in this Region."""

    code = "sts_region_disabled"


class CallerCredentialsRefused(VendingFailure):
    """STS does not take the function's own credentials: expired, unknown, wrongly signed, or none at all."""

    code = "caller_credentials_refused"


class StsRefused(VendingFailure):
    """STS refuses the call for a reason that has no class of its own; `sts_code` is STS's word for it."""

    code = "sts_refused"

    def __init__(self, message: str, *, sts_code: str) -> None:
        self.sts_code = sts_code
        super().__init__(message)


class CredentialsTooShort(VendingFailure):
    """Credentials would expire while a cached answer still carries them. `missing`: seconds too early."""

    code = "credentials_too_short"

    def __init__(self, message: str, *, missing: float) -> None:
        self.missing = missing
        super().__init__(message)


class SealTooLarge(VendingFailure):
    """Sealed credentials are longer than what the gateway's headers carry. `size` is theirs, in characters."""

    code = "seal_too_large"

    def __init__(self, message: str, *, size: int) -> None:
        self.size = size
        super().__init__(message)


class SealingKeysUnavailable(VendingFailure):
    """The keys that seal credentials could not be read, and credentials do not travel in the clear instead."""

    code = "sealing_keys_unavailable"


class ResponseTooLarge(ServiceFailure):
    """The answer is larger than API Gateway takes from an authorizer."""

    code = "response_too_large"


class Unforeseen(ServiceFailure):
    """An exception that nobody planned for. Its text stays out of the record: it may hold anything."""

    code = "unforeseen"
