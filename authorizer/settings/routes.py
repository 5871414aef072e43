"""`[scopes]`, `[routes]` and `[gateway]`: the routes that scopes open, and the API in front.

What a path says alone is judged here; what it says of claims, in `authorizer.settings.holes`.
"""

import re
from collections.abc import Iterator

from authorizer.settings.format_text import HOLE
from authorizer.settings.reader import Section
from authorizer.settings.schema import MAX_CHAINED_DURATION, Gateway, Route, Terms
from authorizer.settings.vocabulary import terms
from authorizer.settings.walks import IN_WORDS, walks

HEADER = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
"""The name of a header (RFC 9110 §5.6.2, token)."""
QUERY = r"[A-Za-z0-9._~-]+"
"""The name of a parameter of the query, of characters that mean nothing in a URL (RFC 3986 §2.3): it is written into
templates and commands."""
IDENTITY_SOURCE = rf"(?!\$){HEADER}|[Qq][Uu][Ee][Rr][Yy]:{QUERY}|\$(?:context|stageVariables)\.[A-Za-z0-9_.]+"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY")
ENTRY = rf"(?:{'|'.join(METHODS)}) /.*|\$connect|\$default"
"""What an entry of a scope looks like, for an editor. `_route` says what more it must be."""
_PATH = r"/[A-Za-z0-9._~!&'()+,;=:@%/*-]*"


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
    path = re.sub(r"\{proxy\+\}\Z", "*", path)
    problem = next(_hole_problems(path), None)
    if problem is not None:
        section.problem(scope, f"{text!r} {problem}")
        return None
    if method not in METHODS or not re.fullmatch(_PATH, HOLE.sub("x", path)):
        section.problem(scope, f'expected "METHOD /path", "$connect" or "$default", found {text!r}')
        return None
    if walks(path):
        section.problem(
            scope,
            f"{text!r} opens nothing: a backend may read another path in one that has {IN_WORDS}",
        )
        return None
    return Route(method=method, path=path)


def _hole_problems(path: str) -> Iterator[str]:
    """A hole is a whole segment, so that `a` never opens what is `ab`'s, and it stands before every `*`: a star crosses
    `/`, and behind one no segment has a place of its own."""
    starred = False
    for segment in path.split("/"):
        if starred and "{" in segment:
            yield f"has the hole {segment!r} behind a `*`, which crosses `/`: any segment could be the claim's"
        if ("{" in segment or "}" in segment) and not HOLE.fullmatch(segment):
            yield (
                f"has the path parameter {segment!r}: expected a claim as a whole segment, such as `/{{org}}/`, or "
                "`{proxy+}` at the end"
            )
        starred = starred or "*" in segment


def shared(root: Section) -> dict[str, dict[str, Terms]]:
    """`[routes] shared`: claim → the scopes that are meant to reach what is another user's by it, each with why."""
    section = root.section("routes")
    table = section.section("shared")
    found = {name: dict(_shared(table, name)) for name in table.names()}
    section.done()
    return found


def _shared(table: Section, claim: str) -> Iterator[tuple[str, Terms]]:
    if table.has_tables(claim):
        for section in table.array(claim):
            scope, why = section.text("scope"), terms(section)
            section.done()
            if scope:
                yield scope, why
    else:
        yield from ((scope, Terms()) for scope in table.texts(claim))


def _identity_source(source: str) -> str:
    """API Gateway tells headers apart in any case, and parameters of the query and variables by theirs."""
    place, _, name = source.partition(":")
    if place.lower() == "query":
        return f"query:{name}"
    return source if source.startswith("$") else source.lower()


def gateway(root: Section) -> Gateway:
    """`[gateway]`. The result TTL of an authorizer is 0 to 3,600 s (API Gateway API reference, CreateAuthorizer)."""
    section = root.section("gateway")
    value = Gateway(
        result_ttl=section.seconds("result_ttl", most=3600),
        backend_time=section.seconds("backend_time", "30s", least=1, most=900),
        response=section.choice("response", ("policy", "simple"), "policy"),
        identity_sources=tuple(
            map(
                _identity_source,
                section.texts(
                    "identity_sources",
                    ("authorization",),
                    pattern=IDENTITY_SOURCE,
                    expected="a header's name, query:NAME, $context.NAME or $stageVariables.NAME, with NAMEs of "
                    "letters, digits and few signs",
                ),
            )
        ),
        token_sources=tuple(
            source.lower() if source.startswith("header:") else source
            for source in section.texts(
                "token_sources",
                ("header:authorization",),
                pattern=rf"header:{HEADER}|query:{QUERY}",
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
