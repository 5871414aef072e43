"""A Lambda backend behind API Gateway's own Cognito authorizer: it assumes the caller's role itself.

No Lambda authorizer in front, and so no cached answer with credentials in it; in exchange each backend carries
`policies/` and may call `sts:AssumeRole` on the listed roles: `authorizer trust --execution-role` of this function's
role.
"""

import asyncio
import json
import os
from typing import Any

import boto3

from authorizer.backend import CredentialsAbsent, assume
from authorizer.errors import Forbidden, Unauthorized

_loop = asyncio.new_event_loop()  # one for the life of the environment: HTTP clients belong to their loop


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`GET /files`."""
    try:
        credentials = _loop.run_until_complete(assume(event))
    except (Unauthorized, CredentialsAbsent):
        return _answer(401, {"message": "Unauthorized"})
    except Forbidden as refused:
        return _answer(403, {"message": "Forbidden", "code": refused.code})
    s3 = boto3.client(
        "s3",
        aws_access_key_id=credentials.access_key_id,
        aws_secret_access_key=credentials.secret_access_key,
        aws_session_token=credentials.session_token,
    )
    listed = s3.list_objects_v2(Bucket=os.environ["DATA_BUCKET"], Prefix=f"home/{credentials.session_name}/")
    return _answer(200, {"files": [entry["Key"] for entry in listed.get("Contents", [])]})


def _answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
