"""Uploads in signed chunks (`aws-chunked`): taken out of their wrapping, each chunk's signature checked.

Source: S3, "Signature calculations for the authorization header: transferring payload in multiple chunks", and the same
"including trailing headers".
"""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from authorizer.local_aws.refusals import Refused
from authorizer.local_aws.sessions import same
from authorizer.local_aws.wire import Received

STREAMING: Final = (
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
)
_SIZE = re.compile(rb"(?P<size>[0-9A-Fa-f]{1,8})(;chunk-signature=(?P<signature>[0-9a-f]{64}))?\r\n")
_TRAILER = re.compile(rb"(?P<name>x-amz-checksum-[a-z0-9]+):(?P<value>[A-Za-z0-9+/=]{1,100})\r?\n(\r\n)?")
_TRAILER_SIGNATURE = re.compile(rb"x-amz-trailer-signature:(?P<signature>[0-9a-f]{64})\r\n")
_EMPTY = sha256(b"").hexdigest()


def unwrapped(request: Received, kind: str, sign: Callable[[str], str], seed: str, scope: str) -> bytes:
    """The body within. `sign` signs a text with the request's key; `seed` is the request's own signature; `scope` the
    moment and the credential scope, two lines. Raises `Refused` for a chunk that was changed, moved, added or left out.
    """
    body, at, previous = request.body, 0, seed
    signed = not kind.startswith("STREAMING-UNSIGNED")
    pieces = []
    while True:
        head = _SIZE.match(body, at)
        if head is None or signed is (head["signature"] is None):
            raise _broken("a chunk does not begin with its size and, where chunks are signed, its signature")
        at = head.end()
        piece = body[at : at + int(head["size"], 16)]
        if len(piece) != int(head["size"], 16):
            raise _broken("a chunk is shorter than it says")
        at += len(piece)
        if signed:
            text = f"AWS4-HMAC-SHA256-PAYLOAD\n{scope}\n{previous}\n{_EMPTY}\n{sha256(piece).hexdigest()}"
            previous = sign(text)
            if not same(previous, head["signature"].decode()):
                raise Refused("SignatureDoesNotMatch", "the signature of a chunk does not match", status=403)
        if not piece:
            break
        if body[at : at + 2] != b"\r\n":
            raise _broken("a chunk does not end with CR LF")
        at += 2
        pieces.append(piece)
    _check_trailer(body[at:], kind, sign, previous, scope)
    whole = b"".join(pieces)
    if request.headers.get("x-amz-decoded-content-length") != str(len(whole)):
        raise _broken("x-amz-decoded-content-length is not the length of what the chunks hold")
    return whole


def _check_trailer(rest: bytes, kind: str, sign: Callable[[str], str], previous: str, scope: str) -> None:
    """The one trailing checksum, where the kind has it, and its signature."""
    if not kind.endswith("-TRAILER"):
        if rest not in (b"\r\n", b""):
            raise _broken("something follows the last chunk")
        return
    found = _TRAILER.match(rest)
    if found is None:
        raise _broken("the trailer is not one x-amz-checksum-… line")
    rest = rest[found.end() :]
    if kind.startswith("STREAMING-UNSIGNED"):
        if rest not in (b"\r\n", b""):
            raise _broken("something follows the trailer")
        return
    signature = _TRAILER_SIGNATURE.match(rest)
    if signature is None or rest[signature.end() :] not in (b"\r\n", b""):
        raise _broken("the trailer has no signature, or something follows it")
    digest = sha256(found["name"] + b":" + found["value"] + b"\n").hexdigest()
    if not same(
        sign(f"AWS4-HMAC-SHA256-TRAILER\n{scope}\n{previous}\n{digest}"), signature["signature"].decode()
    ):
        raise Refused("SignatureDoesNotMatch", "the signature of the trailer does not match", status=403)


def _broken(message: str) -> Refused:
    return Refused("IncompleteBody", f"the chunked upload is malformed: {message}")
