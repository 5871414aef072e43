"""A Lambda backend behind the authorizer: lists the caller's own files with the caller's own credentials.

The function's role needs no S3 permission at all. Ask for another user's folder here, by mistake or on purpose, and S3
answers AccessDenied.

With `[session] context = "sealed"`, set AUTHORIZER_SEALING_KEYS; nothing else changes.
"""

import json
import os
from typing import Any

from authorizer.backend import CredentialsAbsent, CredentialsExpired, SealRefused, boto3_session
from authorizer.backend.event import context_of_event


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`GET /files` of any API: REST, HTTP API with either payload, or a WebSocket message."""
    try:
        s3 = boto3_session(event).client("s3")
    except CredentialsExpired as expired:
        return _answer(401, {"message": str(expired)})
    except (CredentialsAbsent, SealRefused) as refused:
        # Not the caller's fault: a route without the authorizer, or keys that do not match.
        print(json.dumps({"refused": type(refused).__name__, "why": str(refused)}))  # noqa: T201 - a Lambda's log
        return _answer(500, {"message": "Internal server error"})
    sub = context_of_event(event).principal
    listed = s3.list_objects_v2(Bucket=os.environ["DATA_BUCKET"], Prefix=f"home/{sub}/")
    return _answer(200, {"files": [entry["Key"] for entry in listed.get("Contents", [])]})


def _answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
