"""The one way to write an operation and its parameters, and moto's answer to it.

moto reads requests otherwise than AWS: an `Action` anywhere beats the target, a Region in any URL beats the signed one,
a copy source ends at a `#`. So nothing that a client sent reaches it: it gets what botocore's own serializer makes of
the parameters that were judged.
"""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from botocore.exceptions import ParamValidationError
from botocore.serialize import create_serializer

from authorizer.local_aws.refusals import Refused
from authorizer.local_aws.wire import Answer
from authorizer.syntax.json_text import JsonInvalid, parse_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.model import OperationModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """A request as the door writes it. `path` is percent-encoded, `query` is not."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


_SERIALIZERS: Final = {
    (name, validated): create_serializer(name, include_validation=validated)
    for name in ("rest-xml", "query", "json", "rest-json")
    for validated in (True, False)
}
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


def canonical(
    model: "OperationModel", protocol: str, parameters: Mapping[str, Any], *, validated: bool = True
) -> Canonical:
    """Raises `Refused` for parameters that the model does not allow; not `validated`, for what cannot be written."""
    try:
        made = _SERIALIZERS[protocol, validated].serialize_to_request(dict(parameters), model)
    except (ParamValidationError, ValueError, TypeError, AttributeError, KeyError) as error:
        said = (
            " ".join(str(error).split())
            if isinstance(error, ParamValidationError)
            else "they cannot be written"
        )
        raise Refused("ValidationException", f"{model.name}: the parameters are not valid: {said}") from None
    path, _, fixed = str(made["url_path"]).partition("?")
    more = made["query_string"]
    query = [
        *parse_qsl(fixed, keep_blank_values=True),
        *(more.items() if isinstance(more, Mapping) else more),
    ]
    headers = {name: str(value) for name, value in made["headers"].items()}
    body = made["body"]
    if isinstance(body, Mapping):
        body = urlencode(body).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
    elif protocol in ("json", "rest-json") and body:
        body = _plain_json(body)
    if protocol.startswith("rest") and headers.get("Content-Type", "").lower().startswith(_FORMS):
        raise Refused(
            "InvalidArgument", f"{headers['Content-Type']}: moto would read an object of this type as a form"
        )
    return Canonical(
        method=made["method"],
        path=path,
        query=tuple((str(n), _text(v)) for n, v in query),
        headers=headers,
        body=body,
    )


def _text(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _plain_json(body: bytes) -> bytes:
    """The same JSON without `&` and `=` in its strings: moto looks for a form's `Action=…` in every body. Raises
    `Refused` for a payload that is no JSON, where they could stand outside."""
    try:
        parse_json(body.decode())
    except (UnicodeDecodeError, JsonInvalid):
        raise Refused("InvalidRequestContentException", "the payload is not JSON") from None
    return body.replace(b"&", b"\\u0026").replace(b"=", b"\\u003d")


class Moto:
    """moto's own application, in this process."""

    def __init__(self, application: "Callable[..., Iterable[bytes]]", endpoint: str) -> None:
        self._application = application
        self._host = endpoint.partition("://")[2]

    def answer(self, request: Canonical, *, service: str, region: str, account: str, key: str) -> Answer:
        """What moto says to a request that was judged."""
        status: list[str] = []
        headers: list[tuple[str, str]] = []

        def start_response(line: str, fields: list[tuple[str, str]], _: object = None) -> None:
            status[:] = [line]
            headers[:] = fields

        made = self._application(self._environ(request, service, region, account, key), start_response)
        try:
            body = b"".join(made)
        finally:
            getattr(made, "close", lambda: None)()
        return Answer(status=int(status[0].split()[0]), headers=tuple(headers), body=body)

    def _environ(
        self, request: Canonical, service: str, region: str, account: str, key: str
    ) -> dict[str, Any]:
        query = "&".join(
            f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in request.query
        )
        # With a Region in its host no other one in the URL is looked at; who has neither path nor query there needs
        # none, and makes links to the host that it was asked under.
        plain = request.path == "/" and not query
        host = self._host if plain else f"{service}.{region}.amazonaws.com"
        environ: dict[str, Any] = {
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": io.StringIO(), "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
            "REQUEST_METHOD": request.method, "SCRIPT_NAME": "", "QUERY_STRING": query,
            "PATH_INFO": unquote(request.path).encode().decode("latin-1"),
            "RAW_URI": request.path + (f"?{query}" if query else ""), "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": host.partition(":")[0], "SERVER_PORT": host.partition(":")[2] or "80", "HTTP_HOST": host,
            "REMOTE_ADDR": "127.0.0.1", "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_AUTHORIZATION": (
                f"AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/{service}/aws4_request, "
                "SignedHeaders=host, Signature=0"
            ),
            "HTTP_X_MOTO_ACCOUNT_ID": account,
        }  # fmt: skip
        names = {}
        for name, value in request.headers.items():
            known = name.upper().replace("-", "_")
            environ["CONTENT_TYPE" if known == "CONTENT_TYPE" else f"HTTP_{known}"] = value
            if "_" in name:
                names[f"HTTP_{known}"] = name
        environ["moto.preserved_header_names"] = names
        return environ
