"""A Lambda backend behind the authorizer: works on the caller's data with the caller's own credentials.

    GET  /files     the caller's own files: home/SUB/
    GET  /data      the tenant's: tenants/TENANT/
    POST /imports   a machine puts one file under clients/SUB/

The function's role needs no S3 permission at all. Ask for another user's folder here, by mistake or on purpose, and S3
answers AccessDenied, which is a 403 like any other.

A WebSocket's connect is answered at once; its messages say `{"action": "files"}` or `{"action": "data"}`.

With `[session] context = "sealed"`, set AUTHORIZER_SEALING_KEYS; nothing else changes. ALLOW_ORIGIN, if it is set, is
the origin whose pages may read the answers.
"""

import json
import os
from typing import Any

from botocore.exceptions import ClientError

from authorizer.backend import CredentialsAbsent, CredentialsExpired, SealRefused, boto3_session
from authorizer.backend.event import context_of_event


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:  # noqa: PLR0911 - one an answer
    """A request of any API: REST, HTTP API with either payload, or a WebSocket's event."""
    if event.get("requestContext", {}).get("eventType") in ("CONNECT", "DISCONNECT"):
        return _answer(200, {})
    try:
        s3 = boto3_session(event).client("s3")
    except CredentialsExpired as expired:
        return _answer(401, {"message": str(expired)})
    except (CredentialsAbsent, SealRefused) as refused:
        # Not the caller's fault: a route without the authorizer, or keys that do not match.
        print(json.dumps({"refused": type(refused).__name__, "why": str(refused)}))  # noqa: T201 - a Lambda's log
        return _answer(500, {"message": "Internal server error"})
    fields = context_of_event(event).fields
    try:
        match _asked_for(event):
            case "files":
                return _listed(s3, "files", f"home/{fields['sub']}/")
            case "data" if "tenant" in fields:
                return _listed(s3, "data", f"tenants/{fields['tenant']}/")
            case "imports":
                key = f"clients/{fields['sub']}/import.json"
                s3.put_object(
                    Bucket=os.environ["DATA_BUCKET"], Key=key, Body=(event.get("body") or "").encode()
                )
                return _answer(201, {"imported": key})
            case _:
                return _answer(404, {"message": "Not found"})
    except ClientError as refused:
        if refused.response.get("Error", {}).get("Code") != "AccessDenied":
            raise
        return _answer(403, {"message": "Forbidden"})  # this caller's credentials do not reach so far


def _asked_for(event: dict[str, Any]) -> str:
    """The first part of the path, behind the stage where the event has it; of a WebSocket's message the action."""
    context = event["requestContext"]
    if "connectionId" in context:
        try:
            return str(json.loads(event.get("body") or "{}")["action"])
        except (KeyError, TypeError, ValueError):
            return ""
    parts = str(event.get("rawPath") or event.get("path") or "/files").strip("/").split("/")
    return parts[1] if parts[0] == context.get("stage") and len(parts) > 1 else parts[0]


def _listed(s3: Any, name: str, prefix: str) -> dict[str, Any]:
    listed = s3.list_objects_v2(Bucket=os.environ["DATA_BUCKET"], Prefix=prefix)
    return _answer(200, {name: [entry["Key"] for entry in listed.get("Contents", [])]})


def _answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"content-type": "application/json"}
    if origin := os.environ.get("ALLOW_ORIGIN"):
        headers["access-control-allow-origin"] = origin
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}
