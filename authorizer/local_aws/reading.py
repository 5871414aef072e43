"""Which operation a request is, and its parameters: read by moto's router and parsers from botocore's models.

Whatever the models do not know of a request is refused: a parameter that is dropped in silence is one that was not
judged.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree as ET

from botocore.utils import parse_timestamp
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from authorizer.local_aws.refusals import Refused
from authorizer.local_aws.rewriting import Canonical, canonical
from authorizer.local_aws.signature import IN_QUERY
from authorizer.local_aws.wire import Received
from authorizer.syntax.json_text import JsonInvalid, parse_json, strict_decoder

if TYPE_CHECKING:
    from moto.core.model import OperationModel

MODELS: Final[Mapping[str, str]] = {
    # Name in the credential scope → botocore's name of the service's model.
    "s3": "s3", "sts": "sts", "iam": "iam", "dynamodb": "dynamodb", "sqs": "sqs", "sns": "sns", "kms": "kms",
    "secretsmanager": "secretsmanager", "ssm": "ssm", "events": "events", "states": "stepfunctions",
    "lambda": "lambda",
}  # fmt: skip
"""The services that the door lets anybody speak to."""


Normal: TypeAlias = Callable[["Asked"], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as an operation and its parameters."""

    service: str
    """The name in the credential scope."""
    operation: str
    protocol: str
    region: str
    parameters: Mapping[str, Any] = field(repr=False)
    said: Mapping[str, Any] = field(repr=False)
    """The parameters as they came, before they were written in one way."""
    model: "OperationModel" = field(repr=False)


def protocol_of(service: str, request: Received) -> str:
    """The protocol that an error about this request is told in; for a service that is none of ours, S3's."""
    if service not in MODELS:
        return "rest-xml"
    try:
        return str(
            determine_request_protocol(
                get_service_model(MODELS[service]), request.headers.get("content-type")
            )
        )
    except NotImplementedError:
        return str(get_service_model(MODELS[service]).protocol)


def read(
    request: Received, body: bytes, *, service: str, region: str, normal: Normal
) -> tuple[Asked, Canonical]:
    """The operation, and the one way to write it. `normal` writes parameters that have a grammar of their own in one
    way. Raises `Refused` for a service, an operation or a parameter that is not known, and for a body that cannot be
    read."""
    if service not in MODELS:
        known = ", ".join(MODELS)
        raise Refused(
            "NotImplemented", f"the door does not know the service {service!r}: it knows {known}", status=501
        )
    _check_body(request, body)
    asked = _parsed(request, body, service, region)
    asked = replace(asked, parameters=normal(asked))
    # STS, which is ours, has words of its own for what the model does not allow.
    written = canonical(asked.model, asked.protocol, asked.parameters, validated=service != "sts")
    _check_lost(request, body, asked, written)
    return asked, written


def _parsed(request: Received, body: bytes, service: str, region: str) -> Asked:
    query = [(name, value) for name, value in request.query if name not in IN_QUERY]
    headers = {name: value for name, value in request.headers.items() if name not in _NOT_MOTOS}
    made = Request.from_primitives(request.method, f"http://127.0.0.1/?{urlencode(query)}", headers, body)
    made.environ["RAW_URI"] = request.path
    try:
        protocol = determine_request_protocol(get_service_model(MODELS[service]), made.content_type)
        model, in_path = get_service_router(MODELS[service]).match(made)
        if protocol == "rest-xml" and not _raw(model) and _DOCUMENT_TYPE.search(body):
            raise Refused(
                "MalformedXML", "the body has a document type, which could make it say more than it shows"
            )
        parser = PROTOCOL_PARSERS[protocol](model, timestamp_parser=_moment)
        parameters = parser.parse(
            {
                "method": request.method, "headers": made.headers, "body": body, "url_path": request.path,
                "values": made.values if protocol == "query" else made.args, "url_params": in_path,
            }
        )  # fmt: skip
    except (HTTPException, NotImplementedError):
        raise Refused(
            "NotImplemented", f"no operation of {service} is asked for like this", status=501
        ) from None
    except (RequestParserError, ValueError, TypeError, AttributeError, KeyError):
        raise Refused("SerializationException", "the request cannot be read as what it says it is") from None
    present = _present(parameters, model)
    return Asked(
        service=service, operation=model.name, protocol=protocol, region=region, parameters=present, said=present,
        model=model,
    )  # fmt: skip


_NOT_MOTOS = frozenset({"host", "authorization", "user-agent", "content-length", "content-encoding"})
_DOCUMENT_TYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def _moment(text: Any) -> datetime:
    return parse_timestamp(text).astimezone(UTC)


def _present(parameters: Mapping[str, Any], model: "OperationModel") -> dict[str, Any]:
    """What moto's parsers give without what they put there themselves: an empty map where no header of a family is
    there. A header's name has no case, and they write it in theirs."""
    present: dict[str, Any] = {}
    for name, value in parameters.items():
        if _members(model)[name].serialization.get("location") == "headers":
            if value:
                present[name] = {key.lower(): each for key, each in value.items()}
        else:
            present[name] = value
    return present


def _raw(model: "OperationModel") -> bool:
    """Whether the body is a parameter as it is: an object of S3's, a function's payload."""
    shape = model.input_shape
    payload = None if shape is None else shape.serialization.get("payload")
    return payload is not None and _members(model)[payload].type_name in ("blob", "string")


def _members(model: "OperationModel") -> Mapping[str, Any]:
    shape = model.input_shape
    return {} if shape is None else shape.members


def _check_body(request: Received, body: bytes) -> None:
    """JSON with one name twice is two readings."""
    if "x-amz-target" in request.headers:
        try:
            parse_json(body.decode(), strict_decoder(_once))
        except (UnicodeDecodeError, JsonInvalid) as error:
            raise Refused("SerializationException", f"the body is not JSON in UTF-8: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise JsonInvalid("the same name twice in one object")
    return dict(pairs)


# ── what was lost on the way ─────────────────────────────────────────────────────────────────────────────────────────


def _check_lost(request: Received, body: bytes, asked: Asked, written: Canonical) -> None:
    """Every name in the request stands in what was read of it."""
    told = ("x-id", asked.operation)  # some SDKs say once more what the path says
    query = Counter(name for name, value in request.query if name not in IN_QUERY and (name, value) != told)
    headers = Counter(
        name for name in request.headers if name.startswith("x-amz-") and not _OF_TRANSPORT.fullmatch(name)
    )
    kept = Counter(name.lower() for name in written.headers)
    lost = [
        *(f"the query parameter {name!r}" for name in query - Counter(name for name, _ in written.query)),
        *(f"the header {name}" for name in headers - kept),
        *(f"the element {name!r} of the body" for name in _names(asked, body) - _names(asked, written.body)),
    ]
    if lost:
        raise Refused("InvalidArgument", f"{asked.operation} knows nothing of {', '.join(sorted(lost)[:4])}")


_OF_TRANSPORT = re.compile(
    "x-amz-(date|security-token|content-sha256|target|user-agent|decoded-content-length|trailer|api-version)"
    "|x-amz-checksum-[a-z0-9]+"
)
"""Headers of every operation, about how it is sent. Checksums of a body have no other say."""


def _names(asked: Asked, body: bytes) -> Counter[str]:
    """The names in a body, by their place, as often as they are there."""
    if not body or _raw(asked.model):
        return Counter()
    try:
        if asked.protocol == "query":
            return Counter(name for name, _ in parse_qsl(body.decode(), keep_blank_values=True))
        if asked.protocol in ("json", "rest-json"):
            return Counter(_in_json(parse_json(body.decode(), strict_decoder(_once)), ""))
        return Counter(_in_xml(ET.fromstring(body), ""))  # noqa: S314 - none with a document type comes so far
    except (UnicodeDecodeError, JsonInvalid, ET.ParseError) as error:
        raise Refused("SerializationException", f"the body cannot be read: {error}") from None


def _in_json(value: object, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if member is not None:
                yield f"{place}.{name}"
                yield from _in_json(member, f"{place}.{name}")
    elif isinstance(value, list):
        for member in value:
            yield f"{place}[]"
            yield from _in_json(member, f"{place}[]")


def _in_xml(node: "ET.Element", place: str) -> Iterator[str]:
    for child in node:
        name = f"{place}.{child.tag.rpartition('}')[2]}"
        yield name
        yield from _in_xml(child, name)
