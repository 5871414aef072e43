"""A function for the load: says whom the authorizer named."""

from typing import Any


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    return {"statusCode": 200, "body": event["requestContext"]["authorizer"]["sub"]}
