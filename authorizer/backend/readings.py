"""What a text in a native authorizer's event may have been in the token: API Gateway writes every claim as text, and
neither of its two ways can be read backwards.

::

    in the token      HTTP API (JWT)     REST API (COGNITO_USER_POOLS)
    "a"               a                  a
    ["a", "b"]        [a b]              a,b
    7, true           7, true            7, true
    {"a": "b"}        map[a:b]           {"a":"b"}

So `[non admin]` may be one text, two members or one, and `7` a text or a number. A claim that decides the role is read
in every way that is left, and a caller whose role depends on which one it was is refused: another verdict than the
authorizer's, on the token itself, is never given. What `access.toml` declares under `[claims]`, as a text or as a list,
is read as declared. (Observed in events; the Developer Guide does not describe it.)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

from authorizer.errors import Forbidden, TokenClaimMalformed
from authorizer.identity.roles import choose, matches
from authorizer.model import Claims
from authorizer.settings.schema import Rule, Settings
from authorizer.syntax.claim_path import path_of
from authorizer.syntax.json_text import parse_json

TEXTS = frozenset(
    {"sub", "iss", "jti", "origin_jti", "client_id", "scope", "token_use", "username", "cognito:username"}
)
"""Claims that Cognito itself always writes as text (Developer Guide, "Understanding the identity (ID) token", "…access
token"), beside those that the reading of groups and roles has settled."""
MAX_MEMBERS = 8
"""A list of more members has more groupings than are worth looking at."""

Reading = str | list[str] | None
"""None: something that no rule matches, such as a number or an object."""


def check_certain(claims: Claims, requested: str | None, settings: Settings, *, http: bool) -> None:
    """Raise `TokenClaimMalformed` where the caller's role depends on what a claim was in the token."""
    paths = [path_of(rule.claim) for rule in settings.rules]
    for name, *deeper in paths:
        if deeper and isinstance(claims.values.get(name), str):
            raise TokenClaimMalformed(
                f"a rule looks into {name!r}, and API Gateway's own authorizer writes an object as text, which cannot "
                "be read backwards: use this project's authorizer"
            )
    unsure = {
        name: list(readings(value, is_list=_declared(name, settings), http=http))
        for name, *_ in paths
        if isinstance(value := claims.values.get(name), str) and name not in TEXTS
    }
    outcomes = {_outcome(claims, requested, settings)}
    for read in _ways(unsure, settings.rules):
        outcomes.add(_outcome(replace(claims, values={**claims.values, **read}), requested, settings))
    if len(outcomes) > 1:
        raise TokenClaimMalformed(
            f"the role depends on whether {' and '.join(map(repr, sorted(unsure)))} was a text, a list or something "
            "else in the token, which API Gateway's own authorizer does not tell: declare it under [claims] with its "
            "type, or use this project's authorizer"
        )


def _ways(unsure: Mapping[str, list[Reading]], rules: Sequence[Rule]) -> Iterator[dict[str, Reading]]:
    """For each rule about an unsure claim that can be the first of them to match, a reading of all these claims with
    which it is; and one with which none matches, if there is one. The rules decide by the first that matches and each
    looks at one claim, so that what one claim was limits no other: a walk through them, where all readings of one with
    all of another are 2ⁿ."""
    left = dict(unsure)  # with which none of the rules so far matches
    for rule in rules:
        name, *_ = path_of(rule.claim)
        others = {other: of[0] for other, of in left.items()}
        if name not in left:
            continue  # it matches or does not, whatever the others were
        matching = [reading for reading in left[name] if matches(rule, {name: reading})]
        if matching:
            yield {**others, name: matching[0]}
        left[name] = [reading for reading in left[name] if not matches(rule, {name: reading})]
        if not left[name]:
            return
    yield {name: of[0] for name, of in left.items()}


def _declared(name: str, settings: Settings) -> bool | None:
    """Whether access.toml says that this claim of the token is a list; None: it says nothing, or both. A list that may
    be written as text is both."""
    types = [declared.type for declared in settings.claims.values() if path_of(declared.claim) == (name,)]
    if any(kind.written is not None for kind in types):
        return None
    said = {kind.is_list for kind in types}
    return said.pop() if len(said) == 1 else None


def _outcome(claims: Claims, requested: str | None, settings: Settings) -> object:
    try:
        return choose(claims, requested, settings).role
    except Forbidden as refusal:
        return type(refusal)


def readings(text: str, *, is_list: bool | None, http: bool) -> Iterator[Reading]:
    """Everything that `text` may have been; of what is declared a text or a list, that alone. Raises
    `TokenClaimMalformed` for a list that is too long to look at."""
    pieces = pieces_of(text, http=http)
    if is_list is not True or pieces is None:
        yield text
    if is_list is False:
        return
    if pieces is not None:
        yield from _groupings(pieces, " " if http else ",")
    if (is_list is None or pieces is None) and any(map(_is_no_text, (text, *(pieces or ())))):
        yield None


def pieces_of(text: str, *, http: bool) -> list[str] | None:
    """The most members that a list written as `text` can have had; None: no list is written like this."""
    if not http:
        return text.split(",")
    if not (text.startswith("[") and text.endswith("]")):
        return None
    return text[1:-1].split(" ") if text != "[]" else []


def _groupings(pieces: list[str], separator: str) -> Iterator[list[str]]:
    """Every list that joins to the same text: a member may hold the separator itself."""
    if len(pieces) > MAX_MEMBERS:
        raise TokenClaimMalformed(
            f"a claim that decides the role is a list of up to {len(pieces)} members: expected {MAX_MEMBERS} at most; "
            "declare it under [claims] with its type, or use this project's authorizer"
        )
    for joined in product((False, True), repeat=max(0, len(pieces) - 1)):
        members = pieces[:1]
        for piece, joins in zip(pieces[1:], joined, strict=True):
            if joins:
                members[-1] += separator + piece
            else:
                members.append(piece)
        yield members


def _is_no_text(written: str) -> bool:
    """Whether a number, true, null or an object may be written like this."""
    if written.startswith(("map[", "{", "<nil>", "[[", "[map[")):
        return True
    try:
        return not isinstance(parse_json(written), str)
    except ValueError:
        return False


def _may_have_been_a_list(text: str, written: str | None, *, http: bool) -> bool:
    """Whether API Gateway may have made it of a real list, with other members than those of the text: of a JSON text
    it makes nothing else, and by commas it writes lists itself."""
    if http:
        return written in ("comma", "space") and pieces_of(text, http=True) is not None
    return written == "space" and "," in text


def settled(payload: Mapping[str, object], settings: Settings, *, http: bool) -> dict[str, object]:
    """`payload` with each claim that is declared a list as one, where only one list is written like it: of one member,
    or of none. A longer one is left as text, which no list type takes: `a b` may have been one member. Of a list that
    a token may write as text, what may have been a real one is nothing that any type takes."""
    found = dict(payload)
    for declared in settings.claims.values():
        name, *deeper = path_of(declared.claim)
        text = None if deeper else payload.get(name)
        if isinstance(text, str) and _may_have_been_a_list(text, declared.type.written, http=http):
            found[name] = None
        elif isinstance(text, str) and _declared(name, settings):
            pieces = pieces_of(text, http=http)
            if pieces is not None and len(pieces) <= 1:
                found[name] = pieces
    return found
