"""One HTTP exchange with a limit to everything: with an authorization server, or with `GET /credentials`.

HTTPS alone, with Python's defaults for certificates, through the proxy that the environment names; plain HTTP to this
machine alone, and to that without a proxy. A redirect is an answer like any other: nobody is sent on with a token.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, IncompleteRead
from queue import Empty, SimpleQueue
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from authorizer import tls
from authorizer.errors import SignInFailed
from authorizer.syntax.json_text import JsonInvalid, parse_json, strict_decoder

TIMEOUT: Final = 12.0
"""Seconds for one exchange in all, however slowly the other side writes."""
MAX_ANSWER: Final = 262_144
"""Longest body, in bytes: a set of 100 keys with certificates has about 250,000, all else much less."""
MAX_URL: Final = 2048
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever its status."""

    place: str
    """The URL that was asked, without its query."""
    status: int
    body: bytes = field(repr=False)

    def members(self) -> Mapping[str, Any]:
        """The body's JSON object. Raises `SignInFailed` for anything else, and for a name that it says twice."""
        try:
            found = parse_json(self.body.decode(), strict_decoder(_once))
        except ValueError as error:  # no UTF-8, or no JSON
            told = f": {error}" if isinstance(error, JsonInvalid) else ""
            raise SignInFailed(
                f"{self.place} answers {self.status} with no JSON{told}: is the URL right?"
            ) from None
        if not isinstance(found, dict):
            raise SignInFailed(f"{self.place} answers {self.status} with no JSON object: is the URL right?")
        return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonInvalid("a name stands twice in one object")
    return found


def is_loopback(url: str) -> bool:
    """Whether only this machine can answer."""
    return urlsplit(url).hostname in LOOPBACK


def checked(url: str, what: str) -> str:
    """`url`, if something secret may be sent there. Raises `SignInFailed`; `what` names it to a person."""
    try:
        parts = urlsplit(url)
        known = parts.hostname and parts.port != 0
    except ValueError:
        known = None
    if not (known and url.isascii() and url.isprintable() and " " not in url and len(url) <= MAX_URL):
        raise SignInFailed(f"{what} is no URL: expected https://HOST/PATH")
    if parts.username is not None or parts.fragment:  # no password without a user, be it an empty one
        raise SignInFailed(f"{what} has a user, a password or a fragment in it: expected https://HOST/PATH")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(url)):
        raise SignInFailed(
            f"{what} is {parts.scheme}://{parts.hostname}, which anybody on the way could read: expected https; "
            "plain http is for this machine alone"
        )
    return url


def ask(
    url: str, what: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """GET `url`, or POST `form` to it. Raises `SignInFailed` where no whole answer comes in time."""
    request = Request(  # noqa: S310 - `checked` knows the scheme
        checked(url, what),
        data=None if form is None else urlencode(form).encode(),
        headers={"Accept": "application/json", "User-Agent": "cognito-authorizer", **(headers or {})},
    )
    place = url.partition("?")[0]
    done: SimpleQueue[Answer | Exception] = SimpleQueue()

    def exchange() -> None:
        try:
            with _opener(url).open(request, timeout=TIMEOUT) as reply:
                body = reply.read(MAX_ANSWER + 1)
                cut = reply.length and len(body) <= MAX_ANSWER
                answer = Answer(place=place, status=reply.status, body=body)
                done.put(IncompleteRead(b"", reply.length) if cut else answer)
        except Exception as error:  # it is judged below, in the thread that waits
            done.put(error)

    # The socket's own timeout begins anew with each byte.
    threading.Thread(target=exchange, daemon=True).start()
    try:
        answer = done.get(timeout=TIMEOUT)
    except Empty:
        raise SignInFailed(f"{place} did not answer within {TIMEOUT:g} s: try again later") from None
    if isinstance(answer, Exception):
        if not isinstance(answer, OSError | HTTPException | ValueError):
            raise answer
        reason = answer.reason if isinstance(answer, URLError) else answer
        told = f"{type(reason).__name__}: {reason}" if isinstance(reason, OSError) else type(reason).__name__
        raise SignInFailed(f"{place} cannot be asked: {told}") from None
    if len(answer.body) > MAX_ANSWER:
        raise SignInFailed(f"{place} answers with more than {MAX_ANSWER:,} bytes: is the URL right?")
    return answer


def _opener(url: str) -> OpenerDirector:
    """Neither a handler of redirects nor one of errors, cookies or files: each status is an answer."""
    opener = OpenerDirector()
    opener.add_handler(HTTPSHandler(context=tls.context()))
    opener.add_handler(HTTPHandler() if is_loopback(url) else ProxyHandler())
    return opener


def told_code(code: object) -> str:
    """A short code of somebody else's, if it can be shown on a terminal."""
    shown = isinstance(code, str) and code.isascii() and code.replace("_", "").isalnum() and len(code) <= 64
    return str(code) if shown else "no code"


def told_name(name: object) -> str:
    """What somebody else's token calls a person, for a terminal: letters of any language, and no more than a line."""
    return "".join(each if each.isprintable() else "?" for each in str(name)[:200])


def told_text(text: object) -> str:
    """A sentence of somebody else's, for a terminal; empty if there is none."""
    if not isinstance(text, str):
        return ""
    plain = "".join(each if each.isascii() and each.isprintable() else "?" for each in text[:200])
    return f" ({json.dumps(plain)})" if plain else ""
