"""Is the API in front configured as `[gateway]` of access.toml says? What an event shows of it is checked when a
request comes (`authorizer.gateway.keyed`); here is the rest.

Sources: API Gateway Developer Guide, "Use API Gateway Lambda authorizers" (identity sources, caching, token
validation), "Control access to HTTP APIs with AWS Lambda authorizers" (payload format, simple responses).
"""

import re
from collections.abc import Iterator
from typing import Final

from authorizer.deployed import ApiAuthorizer, is_open
from authorizer.gate.fronting import nowhere
from authorizer.gate.rulings import REWRITE, Note, Notes, World, checked, left_open, refuted
from authorizer.settings.schema import Gateway

_ALPHABET: Final = "eyJABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_LENGTHS: Final = ((96, 700, 342), (90, 1500, 86), (40, 300, 683))
"""Characters of header, payload and signature of usual tokens: RSA of 2,048 bits, ES256, RSA of 4,096 bits."""
_NESTED: Final = re.compile(r"\)(?:[*+]|\{\d+,\})")
"""A group that is repeated without end: to match it may take longer than anybody waits."""
_SAY: Final = "say it in the file: AuthorizerResultTtlInSeconds"


def repeating(world: World) -> Notes:
    """The gateway repeats an answer for no longer than access.toml says, and to nobody else."""
    for authorizer, gateway in _asked(world):
        yield from _repeated(world, authorizer, gateway)
    if not world.fronts:
        yield nowhere()


def form(world: World) -> Notes:
    """The gateway takes the answers in the form that they are given in."""
    for authorizer, gateway in _asked(world):
        yield _form(world, authorizer, gateway)
    if not world.fronts:
        yield nowhere()


def tokens(world: World) -> Notes:
    """The gateway hands the authorizer every token, from where access.toml says."""
    for authorizer, gateway in _asked(world):
        yield _token(world, authorizer, gateway)
    if not world.fronts:
        yield nowhere()


def _asked(world: World) -> Iterator[tuple[ApiAuthorizer, Gateway]]:
    """Each authorizer of an API that asks ours, with `[gateway]` as that very function reads it."""
    for authorizer in world.fronts:
        gateway = world.gateway_of(authorizer.function or "")
        if gateway is not None:  # None: it does not start, as another ruling says
            yield authorizer, gateway


def _repeated(world: World, authorizer: ApiAuthorizer, gateway: Gateway) -> Iterator[Note]:
    name, place, ttl = world.show(authorizer.id), authorizer.place, authorizer.ttl
    if authorizer.kind == "WEBSOCKET":
        yield checked(f"{name} is asked for each connection", place)
        return
    if ttl is None:
        yield left_open(f"{name}: for how long its answers are repeated is open", place, closes=_SAY)
        return
    if ttl > gateway.result_ttl:
        yield refuted(
            f"{name}: API Gateway repeats an answer for {ttl} s, and gateway.result_ttl is {gateway.result_ttl:g} s",
            place,
        )
    if (
        ttl == 0 or authorizer.type == "TOKEN"
    ):  # a TOKEN authorizer's cache is keyed by the token, and sees no role
        missing: list[str] = []
    elif authorizer.identity_sources is None:
        yield left_open(f"{name}: what its cache is keyed by is open", place, closes=REWRITE)
        return
    else:
        missing = [each for each in gateway.identity_sources if each not in authorizer.identity_sources]
    if missing:
        yield refuted(
            f"{name}: the cache is not keyed by {', '.join(missing)}, which gateway.identity_sources has: callers who "
            "differ there alone get one answer",
            place,
        )
    elif ttl <= gateway.result_ttl:
        yield checked(f"{name} repeats an answer for {ttl} s, as access.toml says or less", place)


def _form(world: World, authorizer: ApiAuthorizer, gateway: Gateway) -> Note:
    name, place = world.show(authorizer.id), authorizer.place
    if authorizer.kind != "HTTP":
        return checked(f"{name} takes a policy, and is given one", place)
    if authorizer.simple is None or (authorizer.payload or "") not in ("1.0", "2.0"):
        return left_open(
            f"{name}: which form of answer it takes is open",
            place,
            closes="say it in the file: AuthorizerPayloadFormatVersion, EnableSimpleResponses",
        )
    takes = "simple" if authorizer.simple else "policy"
    if authorizer.simple and authorizer.payload == "1.0":
        return refuted(f"{name} takes simple responses, which payload 1.0 does not have", place)
    gives = gateway.response if authorizer.payload == "2.0" else "policy"
    if takes != gives:
        return refuted(
            f"{name} takes the answer {takes!r}, and gateway.response of its function is {gives!r}: every request is "
            "answered 500",
            place,
        )
    return checked(f"{name} takes the answer {takes!r}, payload {authorizer.payload}", place)


def _token(world: World, authorizer: ApiAuthorizer, gateway: Gateway) -> Note:
    name, place = world.show(authorizer.id), authorizer.place
    if authorizer.type != "TOKEN":
        return checked(f"{name} hands on the whole request", place)
    if not authorizer.identity_sources:
        return left_open(f"{name}: which header it takes the token from is open", place, closes=REWRITE)
    others = [each for each in authorizer.identity_sources if f"header:{each}" not in gateway.token_sources]
    if others:
        return refuted(
            f"{name} takes the token from the header {', '.join(others)}, which gateway.token_sources does not have",
            place,
        )
    if authorizer.expression is None:
        return checked(f"{name} hands on the header, whatever stands in it", place)
    return _expression(name, authorizer.expression, place)


def _expression(name: str, expression: str, place: str) -> Note:
    what = f"{name}: the token validation expression"
    try:
        pattern = re.compile(expression)
    except re.error:
        return left_open(f"{what} could not be read", place, closes=REWRITE)
    if is_open(expression) or _NESTED.search(expression):
        return left_open(
            f"{what} is not tried: it is open, or repeats a group without end", place, closes=REWRITE
        )
    headers = [f"Bearer {_sample(lengths)}" for lengths in _LENGTHS]
    if all(map(pattern.fullmatch, headers)):
        return checked(f"{name} hands on what is a token by its expression", place)
    if all(map(pattern.search, headers)):
        return left_open(
            f"{what} matches a part of tokens", place, closes="begin it with ^ and end it with $"
        )
    return refuted(f"{what} refuses tokens that issuers sign: their users are answered 401", place)


def _sample(lengths: tuple[int, ...]) -> str:
    """A text of a token's form, with every character that one may have."""
    return ".".join((_ALPHABET * (1 + length // len(_ALPHABET)))[:length] for length in lengths)
