"""What the door says when it refuses, in the form of the protocol that was spoken.

Sources: S3 "Error responses"; IAM and STS "Common errors"; Smithy "AWS JSON protocol", "AWS restJson1 protocol".
"""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final
from xml.sax.saxutils import escape


class Refused(Exception):
    """The request goes no further.

    `code` is AWS's name of the error, `status` that of HTTP; `why` is for the journal, where it says more than the
    caller is told.
    """

    def __init__(self, code: str, message: str, *, status: int = 400, why: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.why = why


CODES: Final[Mapping[str, Mapping[str, tuple[str, int]]]] = {
    # What went wrong → family of protocols → the code and status that AWS has for it there.
    "anonymous": {"s3": ("AccessDenied", 403), "query": ("MissingAuthenticationToken", 403),
                  "json": ("MissingAuthenticationTokenException", 400)},
    "unknown key": {"s3": ("InvalidAccessKeyId", 403), "query": ("InvalidClientTokenId", 403),
                    "json": ("UnrecognizedClientException", 400)},
    "wrong token": {"s3": ("InvalidToken", 400), "query": ("InvalidClientTokenId", 403),
                    "json": ("UnrecognizedClientException", 400)},
    "expired": {"s3": ("ExpiredToken", 400), "query": ("ExpiredToken", 403), "json": ("ExpiredTokenException", 400)},
    "signature": {"s3": ("SignatureDoesNotMatch", 403), "query": ("SignatureDoesNotMatch", 403),
                  "json": ("InvalidSignatureException", 400)},
    "incomplete": {"s3": ("AuthorizationHeaderMalformed", 400), "query": ("IncompleteSignature", 400),
                   "json": ("IncompleteSignatureException", 400)},
    "skew": {"s3": ("RequestTimeTooSkewed", 403), "query": ("SignatureDoesNotMatch", 403),
             "json": ("InvalidSignatureException", 400)},
    "stale link": {"s3": ("AccessDenied", 403), "query": ("SignatureDoesNotMatch", 403),
                   "json": ("InvalidSignatureException", 400)},
    "body": {"s3": ("XAmzContentSHA256Mismatch", 400), "query": ("SignatureDoesNotMatch", 403),
             "json": ("InvalidSignatureException", 400)},
    "denied": {"s3": ("AccessDenied", 403), "query": ("AccessDenied", 403), "json": ("AccessDeniedException", 400)},
}  # fmt: skip


def family(protocol: str) -> str:
    """`s3`, `query` or `json`: who share their errors' names."""
    return {"rest-xml": "s3", "query": "query", "ec2": "query"}.get(protocol, "json")


def refusal(what: str, protocol: str, message: str, *, why: tuple[str, ...] = ()) -> Refused:
    """A refusal of one of the kinds in `CODES`."""
    code, status = CODES[what][family(protocol)]
    return Refused(code, message, status=status, why=why)


def rendered(refused: Refused, protocol: str) -> tuple[int, str, bytes]:
    """Status, content type and body of an error."""
    content_type, body = _FORMS[protocol](refused.code, str(refused), refused.status)
    return refused.status, content_type, body


def _s3(code: str, message: str, _: int) -> tuple[str, bytes]:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{escape(code)}</Code><Message>{_text(message)}</Message><RequestId>door</RequestId></Error>"
    )
    return "application/xml", text.encode()


def _query(code: str, message: str, status: int) -> tuple[str, bytes]:
    blame = "Sender" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "Receiver"
    text = (
        f"<ErrorResponse><Error><Type>{blame}</Type><Code>{escape(code)}</Code>"
        f"<Message>{_text(message)}</Message></Error><RequestId>door</RequestId></ErrorResponse>"
    )
    return "text/xml", text.encode()


def _json(code: str, message: str, _: int) -> tuple[str, bytes]:
    # Both spellings: services differ, and SDKs read either.
    return "application/x-amz-json-1.0", json.dumps(
        {"__type": code, "message": message, "Message": message}
    ).encode()


def _text(message: str) -> str:
    return escape("".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in message))


_FORMS: Final[Mapping[str, Callable[[str, str, int], tuple[str, bytes]]]] = {
    "rest-xml": _s3,
    "query": _query,
    "ec2": _query,
    "json": _json,
    "rest-json": _json,
}
