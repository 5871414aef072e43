"""Fresh credentials for a WebSocket's message, before those of its `$connect` are over: asked of the authorizer, and
remembered for the messages that follow.

The backend's role needs `lambda:InvokeFunction` on the authorizer, whose ARN is in `AUTHORIZER_FUNCTION`, and nothing
else: no role trusts the backend, and what it hands back only the authorizer can open.
"""

import hashlib
import json
import os
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from authorizer.aws.blocking import blocking_client
from authorizer.backend.event import Context
from authorizer.errors import CredentialsExpired, RenewalFailed
from authorizer.syntax.json_text import parse_json
from authorizer.syntax.kinds import kind_of
from authorizer.waiting.cooldown import Cooldown

FUNCTION = "AUTHORIZER_FUNCTION"
MAX_REMEMBERED = 1000
"""Connections that one environment remembers, about 4 KB each with their fresh credentials."""
MOST_QUOTED = 200
"""Characters."""
TIMEOUT = 10.0
"""Seconds for one answer of the authorizer, which gives up itself before that."""


@dataclass(slots=True)
class Connection:
    """What this environment knows of one connection and caller."""

    fresh: Context | None = None
    """What the authorizer answered last."""
    pause: Cooldown = field(default_factory=Cooldown)
    """Until it is asked again while old credentials live: its silence must not cost each message its wait."""


_remembered: OrderedDict[tuple[str | None, ...], Connection] = OrderedDict()


def is_renewable(context: Context) -> bool:
    """Whether the context can be renewed here."""
    return bool(context.connection_id and context.fields.get("connection") and os.environ.get(FUNCTION))


def connection_of(context: Context) -> Connection:
    """This connection and caller, as the message has them. The one that was used longest ago is forgotten."""
    connection = _remembered.setdefault(_key(context), Connection())
    _remembered.move_to_end(_key(context))
    if len(_remembered) > MAX_REMEMBERED:
        _remembered.popitem(last=False)
    return connection


def renewed(context: Context) -> Context:
    """The context that the authorizer gives for this connection now.

    Raises `CredentialsExpired` where the caller may do nothing any more, and must connect anew; `RenewalFailed` where
    the authorizer does not answer.
    """
    api_id, _, stage = context.audience.partition("/")
    ask = {
        "type": "RENEW",
        "connection": context.fields["connection"],
        "connectionId": context.connection_id,
        "apiId": api_id,
        "stage": stage,
    }
    fields = _fields(_invoke(ask))
    if fields.get("sub") != context.principal:
        raise RenewalFailed(
            f"the authorizer answered for another caller than the connection's: is {FUNCTION} the one that opened it?"
        )
    return replace(context, fields=fields)


def _key(context: Context) -> tuple[str | None, ...]:
    # Who reaches a backend past the gateway may name another's connection. What is kept of it is the authorizer's
    # alone to open, and so is part of the question.
    kept = hashlib.sha256(context.fields["connection"].encode()).hexdigest()
    return context.audience, context.connection_id, context.principal, kept


def _fields(answer: Mapping[str, Any]) -> dict[str, str]:
    """The context in an answer. One without credentials is a refusal, and says why."""
    fields = answer.get("context")
    if answer.get("policyDocument") is not None or not isinstance(fields, Mapping):
        code = fields.get("code") if isinstance(fields, Mapping) else None
        raise CredentialsExpired(
            f"the caller's credentials are over, and the authorizer gives no others ({_quoted(code)}): close the "
            "connection"
        )
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _invoke(ask: Mapping[str, Any]) -> Mapping[str, Any]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - only where a connection outlives them

    try:
        reply = _client().invoke(FunctionName=os.environ[FUNCTION], Payload=json.dumps(ask).encode())
        answer = parse_json(reply["Payload"].read().decode())
    except ClientError as error:
        raise RenewalFailed(
            f"the authorizer cannot be asked: {error.response['Error']['Code']}; may the backend's role call "
            f"lambda:InvokeFunction on {FUNCTION}?"
        ) from None
    except (BotoCoreError, ValueError) as error:
        raise RenewalFailed(f"the authorizer cannot be asked: {type(error).__name__}") from None
    if not isinstance(answer, Mapping):
        raise RenewalFailed(
            f"the authorizer's answer is no JSON object: found {kind_of(answer)}; is {FUNCTION} the authorizer?"
        )
    if "FunctionError" in reply:
        message = answer.get("errorMessage")
        if message == "Unauthorized":
            raise CredentialsExpired("the caller's credentials are over, and so is the connection: close it")
        raise RenewalFailed(f"the authorizer failed: {_quoted(message)}; its log says why")
    return answer


def _quoted(text: object) -> str:
    """What the invoked function said, as far as a log should hold it: it may not be the authorizer at all."""
    return repr(text)[:MOST_QUOTED]


@cache
def _client() -> Any:
    return blocking_client("lambda", read_timeout=TIMEOUT)
