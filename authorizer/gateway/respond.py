"""The answer, in the form that the shape and the API's configuration expect."""

import json
from collections.abc import Mapping
from urllib.parse import quote

from authorizer.errors import NoRoute, ResponseTooLarge
from authorizer.memory import PER_CALLER, remembered
from authorizer.model import Credentials, Identity, Request, Routes, Shape, instant
from authorizer.settings.schema import Settings

MAX_WEBSOCKET_BYTES = 8192
"""Largest result of a WebSocket authorizer (API Gateway quotas, "AWS Lambda authorizer result size", 8 KB)."""
MAX_LAMBDA_BYTES = 6 * 1024 * 1024
"""Largest response of a synchronous Lambda invocation (Lambda quotas)."""

MAX_PRINCIPAL = 1024
"""No principal and no usage key is longer, in characters: a `sub` has at most 255, a declared claim's value 1,024."""

Response = dict[str, object]


def allow(
    request: Request, identity: Identity, routes: Routes, credentials: Mapping[str, str], settings: Settings
) -> Response:
    """Credentials and all, for the routes that the caller's scopes open.

    `credentials` are the context entries that carry them. Raises `ResponseTooLarge`.
    """
    context = {**context_of(identity, settings), **credentials}
    if request.simple_response:
        response: Response = {"isAuthorized": True, "context": context}
    else:
        response = _policy(identity.principal, _allowing(routes), context)
        usage_key = settings.gateway.usage_key_claim
        if (
            usage_key
            and usage_key in identity.claims
            and request.shape in (Shape.REST_TOKEN, Shape.REST_REQUEST)
        ):
            response["usageIdentifierKey"] = _text(identity.claims[usage_key])
    _check_size(request, response, context, (*routes.patterns, *routes.closed))
    return response


def refresh(
    identity: Identity, routes: Routes, credentials: Mapping[str, str], settings: Settings
) -> Response:
    """The context alone, for a WebSocket's backend that asks again. Raises `NoRoute` where the caller could not connect
    any more."""
    if not routes.this_route:
        raise NoRoute(
            f"the caller's scopes open $connect no longer: found {sorted(identity.scopes)}, expected one with "
            "`$connect` under [scopes]"
        )
    return {"context": {**context_of(identity, settings), **credentials}}


def own_credentials(credentials: Credentials) -> Response:
    """The credentials themselves, in the words of `credential_process` and of a container's endpoint (SDKs and Tools
    Reference Guide, "Process credential provider"). They end with the token, so that whoever holds them asks again."""
    return {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": instant(credentials.expiration),
    }


def deny(request: Request, principal: str | None, code: str) -> Response:
    """An explicit Deny for the whole stage, or `isAuthorized: false`, with the reason's code for a gateway response.

    Explicit, since an API's resource policy that allows would otherwise win over silence ("API Gateway authorization
    flow", table A). For the whole stage, since the answer may be cached and the reason lies with the caller.
    """
    if request.simple_response:
        return {"isAuthorized": False, "context": {"code": code}}
    everything = (f"{request.route.stage_arn}/*",)
    return _policy(principal or "unknown", [_statement("Deny", everything)], {"code": code})


def context_of(identity: Identity, settings: Settings) -> dict[str, str]:
    """What the backend is told about the caller: flat, all strings, lists as JSON.

    REST APIs answer 500 to anything but strings, numbers and booleans, and hand all of them on as text; so that
    backends see the same behind every kind of API, only strings are sent.
    """
    groups, scopes = _lists(identity.groups, identity.scopes)
    context = {
        "sub": identity.principal,
        # A `sub` is somebody's only beside who signed it (RFC 7519 §4.1.2): who keeps things by user needs both.
        "issuer": identity.issuer,
        "username": identity.username or "",
        "groups": groups,
        "scopes": scopes,
    }
    for name in settings.gateway.context_claims:
        if name in identity.claims:
            context[name] = _text(identity.claims[name])
    return context


@remembered(PER_CALLER)
def _lists(groups: tuple[str, ...], scopes: frozenset[str]) -> tuple[str, str]:
    return json.dumps(groups), " ".join(sorted(scopes))


def _allowing(routes: Routes) -> list[Response]:
    """What the scopes open, and what no scope does: `*` crosses `/`, so that `/data/*` alone would also match
    `/data/../users/1`."""
    allowed = _statement("Allow", routes.patterns)
    return [allowed, _statement("Deny", routes.closed)] if routes.closed else [allowed]


def _statement(effect: str, resources: tuple[str, ...]) -> Response:
    return {"Action": "execute-api:Invoke", "Effect": effect, "Resource": list(resources)}


def _policy(principal: str, statements: list[Response], context: dict[str, str]) -> Response:
    """`principalId` is what AWS calls the `sub`."""
    return {
        "principalId": _principal_id(principal),
        "policyDocument": {"Version": "2012-10-17", "Statement": statements},
        "context": context,
    }


@remembered(PER_CALLER)
def _principal_id(principal: str) -> str:
    """The principal as access logs print it, percent-encoded (RFC 3986 §2.1) but for what subjects commonly have.

    API Gateway puts `$context.authorizer.principalId` between the quotes of a log format, and nowhere promises to
    escape it: a `sub` with a quote in it could end the line's JSON, or forge the rest of it. A UUID and an app client's
    id stay as they are. Backends read the context's `sub`, which is the principal itself.
    """
    return quote(principal, safe="|:@/+=,")


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _check_size(
    request: Request, response: Response, context: Mapping[str, str], resources: tuple[str, ...]
) -> None:
    limit = MAX_WEBSOCKET_BYTES if request.shape is Shape.WEBSOCKET else MAX_LAMBDA_BYTES
    if _at_most(context, resources) <= limit:
        return
    size = len(json.dumps(response).encode())
    if size > limit:
        raise ResponseTooLarge(
            f"the answer has {size} bytes: API Gateway takes {limit} from an authorizer of a {request.shape} API; "
            "list fewer context_claims, or shorten the policy so that the session token shrinks"
        )


def _at_most(context: Mapping[str, str], resources: tuple[str, ...]) -> int:
    """At least as many bytes as the answer has as JSON, found without writing it: twelve for every character, which
    is what one outside the BMP takes (RFC 8259 §7), quotes and commas, and what stands around."""
    texts = (*context, *context.values(), *resources)
    return 12 * (sum(map(len, texts)) + 2 * MAX_PRINCIPAL) + 4 * len(texts) + 500
