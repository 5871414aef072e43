"""`[scopes]` and `[gateway]`: the routes that scopes open, and the API in front."""

import re

from authorizer.settings.reader import Section
from authorizer.settings.schema import MAX_CHAINED_DURATION, Gateway, Route
from authorizer.settings.walks import IN_WORDS, walks

HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
"""The name of a header (RFC 9110 §5.6.2, token)."""
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY")
_PATH = r"/[A-Za-z0-9._~!&'()+,;=:@%/*-]*(?:\{proxy\+\})?"


def scopes(root: Section) -> dict[str, tuple[Route, ...]]:
    """`[scopes]`: scope → routes, each `METHOD /path`, `$connect` or `$default`."""
    section = root.section("scopes")
    found = {}
    for name in section.names():
        if not re.fullmatch(r"[\x21\x23-\x5B\x5D-\x7E]+", name):  # RFC 6749 §3.3, scope-token
            section.problem(name, "expected a scope without white space, quotes and backslashes")
        found[name] = tuple(
            route for text in section.texts(name) if (route := _route(section, name, text)) is not None
        )
    return found


def _route(section: Section, scope: str, text: str) -> Route | None:
    if text in ("$connect", "$default"):
        return Route(method="", path=text)
    method, _, path = text.partition(" ")
    if re.search(r"\{(?!proxy\+\}$)", path):
        # `GET /users/{id}` would compile to `GET/users/*`, which also opens `/users/1/secrets`: `*` crosses
        # `/`.
        section.problem(
            scope,
            f"{text!r} has a path parameter that a policy cannot express: write `*`, which also matches "
            "deeper paths",
        )
        return None
    if method not in _METHODS or not re.fullmatch(_PATH, path):
        section.problem(scope, f'expected "METHOD /path", "$connect" or "$default", found {text!r}')
        return None
    if walks(path):
        section.problem(
            scope,
            f"{text!r} opens nothing: a backend may read another path in one that has {IN_WORDS}",
        )
        return None
    return Route(method=method, path=path.replace("{proxy+}", "*"))


def gateway(root: Section) -> Gateway:
    """`[gateway]`. The result TTL of an authorizer is 0 to 3,600 s (API Gateway API reference, CreateAuthorizer)."""
    section = root.section("gateway")
    value = Gateway(
        result_ttl=section.seconds("result_ttl", most=3600),
        backend_time=section.seconds("backend_time", "30s", least=1, most=900),
        response=section.choice("response", ("policy", "simple"), "policy"),
        identity_sources=tuple(
            source if source.startswith("$") else source.lower()
            for source in section.texts("identity_sources", ("authorization",))
        ),
        token_sources=tuple(
            source.lower() if source.startswith("header:") else source
            for source in section.texts(
                "token_sources",
                ("header:authorization",),
                pattern=rf"header:{HEADER}|query:[\w.-]+",
                expected='"header:NAME" or "query:NAME"',
            )
        ),
        context_claims=section.texts("context_claims", ()),
        usage_key_claim=section.optional_text("usage_key_claim"),
        token_scopes=section.choice("token_scopes", ("ignore", "either", "both"), "ignore"),
        connection_time=section.seconds("connection_time", "30m", least=1, most=MAX_CHAINED_DURATION),
        renew_connections=section.flag("renew_connections"),
    )
    section.done()
    return value
