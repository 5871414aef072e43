"""Whose request this is: Signature Version 4, in the Authorization header or in the query of a presigned URL.

The signature is made anew by botocore's own signer from the request as it was read, and compared. Sources: IAM User
Guide, "AWS Signature Version 4 for API requests"; S3, "Authenticating requests: using query parameters".
"""

import re
from calendar import timegm
from dataclasses import dataclass
from hashlib import sha256
from time import strptime
from typing import Any
from urllib.parse import quote

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from authorizer.local_aws.chunks import STREAMING, unwrapped
from authorizer.local_aws.refusals import Refused, refusal
from authorizer.local_aws.sessions import Principal, Principals, same
from authorizer.local_aws.wire import Received

ALGORITHM = "AWS4-HMAC-SHA256"
LEEWAY = 900
"""Seconds that a signer's clock may differ: S3, "RequestTimeTooSkewed"."""
LONGEST_LINK = 604_800
"""Seconds that a presigned URL may be good for: seven days."""
UNSIGNED = "UNSIGNED-PAYLOAD"
IN_QUERY = frozenset(
    {
        *("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders"),
        *("X-Amz-Signature", "X-Amz-Security-Token", "X-Amz-Content-Sha256"),
    }
)
"""The parameters of a presigned URL that are about the signature, and never an operation's own."""
_CREDENTIAL = re.compile(
    r"(?P<key>[A-Z0-9]{16,128})/(?P<day>[0-9]{8})/(?P<region>[a-z]{2}(-[a-z]+)+-[0-9]{1,2})"
    r"/(?P<service>[a-z0-9-]{1,40})/aws4_request"
)
_HEADER = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<credential>[^ ,]+) *, *SignedHeaders=(?P<headers>[^ ,]+) *, *"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)
_MOMENT = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SUM = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the signature says it is for. Nothing of it is believed before `verify`."""

    access_key_id: str
    region: str
    service: str
    moment: str
    """`20260101T000000Z`."""
    day: str
    signed: tuple[str, ...]
    """Names of the signed headers."""
    signature: str
    expires: int | None
    """Seconds that a presigned URL is good for; None: the signature is in the header."""

    @property
    def time(self) -> int:
        """`moment` in seconds since 1970. Raises ValueError."""
        return timegm(strptime(self.moment, "%Y%m%dT%H%M%SZ"))


def peek(request: Received) -> Scope | None:
    """What the request's signature claims; None if it has none. Raises `Refused` for one that is none."""
    in_header, in_query = request.headers.get("authorization"), request.parameter("X-Amz-Algorithm")
    if in_header is None and in_query is None:
        if any(name in IN_QUERY for name, _ in request.query):
            raise _malformed("the query has a part of a signature only")
        return None
    if in_header is not None and any(name in IN_QUERY for name, _ in request.query):
        raise Refused("InvalidArgument", "a signature is in the header and in the query: only one may be")
    if in_header is not None:
        found = _HEADER.fullmatch(in_header)
        if found is None:
            raise _malformed(f"the header is not `{ALGORITHM} Credential=…, SignedHeaders=…, Signature=…`")
        return _scope(
            found["credential"],
            request.headers.get("x-amz-date", ""),
            found["headers"],
            found["signature"],
            None,
        )
    parts = dict(request.query)
    expires = parts.get("X-Amz-Expires", "")
    if (
        in_query != ALGORITHM
        or not re.fullmatch("[0-9]{1,6}", expires)
        or not 1 <= int(expires) <= LONGEST_LINK
    ):
        raise _malformed(
            f"a presigned URL has X-Amz-Algorithm={ALGORITHM} and X-Amz-Expires from 1 to {LONGEST_LINK}"
        )
    signature = parts.get("X-Amz-Signature", "")
    if not _SUM.fullmatch(signature):
        raise _malformed("X-Amz-Signature is not 64 hexadecimal digits")
    return _scope(
        parts.get("X-Amz-Credential", ""), parts.get("X-Amz-Date", ""), parts.get("X-Amz-SignedHeaders", ""),
        signature, int(expires),
    )  # fmt: skip


def _scope(credential: str, moment: str, headers: str, signature: str, expires: int | None) -> Scope:
    found = _CREDENTIAL.fullmatch(credential)
    if found is None or not _MOMENT.fullmatch(moment) or not moment.startswith(found["day"]):
        raise _malformed(
            "the credential is not KEY/DAY/REGION/SERVICE/aws4_request, or its day is not X-Amz-Date's"
        )
    signed = tuple(headers.split(";"))
    if list(signed) != sorted(set(signed)) or "host" not in signed or headers != headers.lower():
        raise _malformed("SignedHeaders is not a sorted list of names in lower case with `host` among them")
    return Scope(
        access_key_id=found["key"], region=found["region"], service=found["service"], moment=moment,
        day=found["day"], signed=signed, signature=signature, expires=expires,
    )  # fmt: skip


def verify(
    request: Received, scope: Scope, principals: Principals, *, protocol: str, now: float
) -> tuple[Principal, bytes]:
    """Who signed the request, and its body without the wrapping of a chunked upload.

    Raises `Refused`: nobody has that key, its token is another, it expired, the clock is off, a link is stale,
    something was changed, or a header that AWS reads was not signed.
    """
    principal = principals.find(scope.access_key_id)
    if principal is None:
        raise refusal(
            "unknown key", protocol, "The AWS Access Key Id you provided does not exist in our records."
        )
    token = request.headers.get("x-amz-security-token") or request.parameter("X-Amz-Security-Token")
    if not same(principal.session_token, token):
        raise refusal("wrong token", protocol, "The security token included in the request is invalid.")
    _check_time(scope, protocol, now)
    if unsigned := sorted(
        name
        for name in request.headers
        if name.startswith("x-amz-") and name not in scope.signed and name not in _NEVER_SIGNED
    ):
        names = ", ".join(unsigned)
        raise refusal(
            "denied", protocol, f"There were headers present in the request which were not signed: {names}"
        )
    if missing := [name for name in scope.signed if name not in request.headers]:
        raise refusal(
            "signature", protocol, f"the signed headers {', '.join(missing)} are not in the request"
        )
    signer = _signer(scope, principal)
    signable = _signable(request, scope)
    text = signer.string_to_sign(signable, signer.canonical_request(signable))
    if not same(signer.signature(text, signable), scope.signature):
        raise refusal("signature", protocol, _WRONG)
    # Only who holds the secret is told that it is too late.
    if principal.expires is not None and now >= principal.expires:
        raise refusal("expired", protocol, "The provided token has expired.")
    return principal, _body(request, scope, signer, signable, protocol)


_NEVER_SIGNED = frozenset({"x-amz-user-agent"})
_WRONG = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method."
)


def _check_time(scope: Scope, protocol: str, now: float) -> None:
    try:
        made = scope.time
    except ValueError:
        raise _malformed("X-Amz-Date is no moment") from None
    if scope.expires is not None:
        if made > now + LEEWAY:
            raise refusal("stale link", protocol, "Request is not yet valid")
        if now >= made + scope.expires:
            raise refusal("stale link", protocol, "Request has expired")
    elif abs(now - made) > LEEWAY:
        raise refusal(
            "skew", protocol, "The difference between the request time and the server's time is too large."
        )


def _body(request: Received, scope: Scope, signer: Any, signable: AWSRequest, protocol: str) -> bytes:
    """The body, if it is the one that was signed."""
    said = _said_sum(request, scope)
    if said is None or said == UNSIGNED:
        return request.body
    if said in STREAMING:
        return unwrapped(
            request, said, lambda text: str(signer.signature(text, signable)), scope.signature,
            f"{scope.moment}\n{signer.credential_scope(signable)}",
        )  # fmt: skip
    if not same(sha256(request.body).hexdigest(), said):
        raise refusal(
            "body", protocol, "The provided 'x-amz-content-sha256' header does not match what was computed."
        )
    return request.body


def _said_sum(request: Received, scope: Scope) -> str | None:
    """What the signer says the body's sum is; None: it is in the signature itself."""
    said = request.headers.get("x-amz-content-sha256") or request.parameter("X-Amz-Content-Sha256")
    if said is None and scope.service == "s3":
        if scope.expires is None:
            raise Refused("InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
        return UNSIGNED
    if said is not None and not (
        _SUM.fullmatch(said) or (scope.service == "s3" and said in (UNSIGNED, *STREAMING))
    ):
        raise Refused(
            "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-…, or a valid sha256 value.",
        )
    return said


def _signable(request: Received, scope: Scope) -> AWSRequest:
    """The request as botocore's signer takes it: with the headers that were signed, and no other."""
    headers = {name: request.headers[name] for name in scope.signed}
    query = [(name, value) for name, value in request.query if name != "X-Amz-Signature"]
    made = AWSRequest(
        method=request.method,
        url=f"http://{request.headers['host']}{request.path}",
        headers=headers,
        data=request.body,
    )
    made.context["door.query"] = query
    made.context["timestamp"] = scope.moment
    said = _said_sum(request, scope)
    if said is not None and "x-amz-content-sha256" not in headers:
        # Of a presigned URL's body the signature says this alone.
        made.headers["X-Amz-Content-SHA256"] = said
    made.context["door.signed"] = scope.signed
    return made


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")


class _Recomputing:
    """Signs exactly the headers that were signed, whatever botocore itself would leave out or add."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        headers = HTTPHeaders()
        for name in request.context["door.signed"]:
            headers[name] = request.headers[name]
        return headers

    def canonical_query_string(self, request: AWSRequest) -> str:
        pairs = sorted((_quoted(name), _quoted(value)) for name, value in request.context["door.query"])
        return "&".join(f"{name}={value}" for name, value in pairs)


class _S3(_Recomputing, S3SigV4Auth):
    """S3 takes a path as it is."""


class _Other(_Recomputing, SigV4Auth):
    """Every other service normalizes it, and encodes it once more."""

    def _should_sha256_sign_payload(self, _: AWSRequest) -> bool:
        return True


def _signer(scope: Scope, principal: Principal) -> Any:
    kind = _S3 if scope.service == "s3" else _Other
    credentials = Credentials(principal.access_key_id, principal.secret_access_key, principal.session_token)
    return kind(credentials, scope.service, scope.region)


def _malformed(message: str) -> Refused:
    return Refused("AuthorizationHeaderMalformed", f"The authorization is malformed: {message}")
