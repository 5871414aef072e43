"""Requests as bytes, signed by hand: what no SDK would send."""

import hmac
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from http.client import HTTPResponse
from urllib.parse import quote

from authorizer.local_aws import LocalAws, Principal
from tests.local_aws.stage import REGION


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One request; `headers` are sent in their order, as they are."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(default=b"", repr=False)

    def without(self, name: str) -> "Raw":
        return replace(self, headers=tuple(each for each in self.headers if each[0].lower() != name))

    def plus(self, *headers: tuple[str, str]) -> "Raw":
        """With more headers, behind those that are there."""
        return replace(self, headers=(*self.headers, *headers))


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int
    body: bytes


def send(aws: LocalAws, raw: Raw) -> Reply:
    """What the door answers."""
    host, _, port = aws.endpoint.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in raw.headers)
        connection.sendall(f"{raw.method} {raw.target} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + raw.body)
        response = HTTPResponse(connection, method=raw.method)
        response.begin()
        return Reply(status=response.status, body=response.read())


def stamp(now: float | None = None) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if now is None else now))


def scope_of(moment: str, service: str, region: str = REGION) -> str:
    return f"{moment[:8]}/{region}/{service}/aws4_request"


def signature_of(secret: str, text: str, moment: str, service: str, region: str = REGION) -> str:
    key = f"AWS4{secret}".encode()
    for part in (moment[:8], region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), sha256).digest()
    return hmac.new(key, text.encode(), sha256).hexdigest()


def canonical_text(
    method: str, path: str, query: Sequence[tuple[str, str]], headers: Sequence[tuple[str, str]], payload: str
) -> str:
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query)
    lowered = sorted((name.lower(), " ".join(value.split())) for name, value in headers)
    return "\n".join(
        [
            method,
            path,
            "&".join(f"{name}={value}" for name, value in pairs),
            *(f"{name}:{value}" for name, value in lowered),
            "",
            ";".join(name for name, _ in lowered),
            payload,
        ]
    )


def target_of(path: str, query: Sequence[tuple[str, str]]) -> str:
    pairs = "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in query)
    return path + (f"?{pairs}" if pairs else "")


def signed(
    aws: LocalAws,
    who: Principal,
    method: str = "GET",
    path: str = "/",
    *,
    query: Sequence[tuple[str, str]] = (),
    headers: Sequence[tuple[str, str]] = (),
    unsigned: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    service: str = "s3",
    region: str = REGION,
    now: float | None = None,
    payload: str | None = None,
    path_to_sign: str | None = None,
) -> Raw:
    """A request with its signature in the header. `payload`: what x-amz-content-sha256 says."""
    moment = stamp(now)
    payload = sha256(body).hexdigest() if payload is None else payload
    to_sign = [
        ("Host", aws.endpoint.removeprefix("http://")),
        ("X-Amz-Date", moment),
        ("X-Amz-Content-Sha256", payload),
        *headers,
    ]
    if who.session_token is not None:
        to_sign.append(("X-Amz-Security-Token", who.session_token))
    text = canonical_text(method, path if path_to_sign is None else path_to_sign, query, to_sign, payload)
    to = f"AWS4-HMAC-SHA256\n{moment}\n{scope_of(moment, service, region)}\n{sha256(text.encode()).hexdigest()}"
    names = ";".join(sorted(name.lower() for name, _ in to_sign))
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={who.access_key_id}/{scope_of(moment, service, region)}, "
        f"SignedHeaders={names}, Signature={signature_of(who.secret_access_key, to, moment, service, region)}"
    )
    return Raw(
        method=method,
        target=target_of(path, query),
        headers=(
            *to_sign,
            ("Authorization", authorization),
            *unsigned,
            *((("Content-Length", str(len(body))),) if body or method in ("PUT", "POST") else ()),
        ),
        body=body,
    )


def presigned(
    aws: LocalAws,
    who: Principal,
    method: str = "GET",
    path: str = "/",
    *,
    query: Sequence[tuple[str, str]] = (),
    expires: str = "60",
    now: float | None = None,
    body: bytes = b"",
) -> Raw:
    """A request with its signature in the query."""
    moment = stamp(now)
    host = aws.endpoint.removeprefix("http://")
    full = [
        *query,
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", f"{who.access_key_id}/{scope_of(moment, 's3')}"),
        ("X-Amz-Date", moment),
        ("X-Amz-Expires", expires),
        ("X-Amz-SignedHeaders", "host"),
    ]
    if who.session_token is not None:
        full.append(("X-Amz-Security-Token", who.session_token))
    text = canonical_text(method, path, full, [("host", host)], "UNSIGNED-PAYLOAD")
    to = f"AWS4-HMAC-SHA256\n{moment}\n{scope_of(moment, 's3')}\n{sha256(text.encode()).hexdigest()}"
    full.append(("X-Amz-Signature", signature_of(who.secret_access_key, to, moment, "s3")))
    return Raw(
        method=method,
        target=target_of(path, full),
        headers=(("Host", host), *((("Content-Length", str(len(body))),) if body else ())),
        body=body,
    )


def chunked(
    aws: LocalAws, who: Principal, path: str, pieces: Sequence[bytes], *, trailer: bool = False
) -> Raw:
    """An upload in signed chunks."""
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    whole = b"".join(pieces)
    extra = [("X-Amz-Decoded-Content-Length", str(len(whole))), ("Content-Encoding", "aws-chunked")]
    extra += [("X-Amz-Trailer", "x-amz-checksum-crc32")] if trailer else []
    made = signed(aws, who, "PUT", path, headers=extra, payload=kind)
    authorization = dict(made.headers)["Authorization"]
    previous, moment = authorization.rpartition("=")[2], dict(made.headers)["X-Amz-Date"]
    scope = f"{moment}\n{scope_of(moment, 's3')}"
    body = b""
    for piece in (*pieces, b""):
        text = (
            f"AWS4-HMAC-SHA256-PAYLOAD\n{scope}\n{previous}\n"
            f"{sha256(b'').hexdigest()}\n{sha256(piece).hexdigest()}"
        )
        previous = signature_of(who.secret_access_key, text, moment, "s3")
        body += (
            f"{len(piece):x};chunk-signature={previous}\r\n".encode() + piece + (b"\r\n" if piece else b"")
        )
    if trailer:
        line = b"x-amz-checksum-crc32:AAAAAA=="
        text = f"AWS4-HMAC-SHA256-TRAILER\n{scope}\n{previous}\n{sha256(line + bytes([10])).hexdigest()}"
        last = signature_of(who.secret_access_key, text, moment, "s3")
        body += line + b"\n\r\n" + f"x-amz-trailer-signature:{last}\r\n".encode()
    body += b"\r\n"
    headers = tuple((n, str(len(body)) if n == "Content-Length" else v) for n, v in made.headers)
    return replace(made, headers=headers, body=body)
