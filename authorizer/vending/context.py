"""What the authorizer's context says of the credentials: flat strings, as REST APIs want them."""

from datetime import UTC, datetime

from authorizer.model import Credentials


def instant(moment: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC, whole seconds, rounded down: never later than STS said."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def plain(credentials: Credentials) -> dict[str, str]:
    """The credentials in the clear, under the names that every AWS SDK knows."""
    return {
        "accessKeyId": credentials.access_key_id,
        "secretAccessKey": credentials.secret_access_key,
        "sessionToken": credentials.session_token,
        "expiration": instant(credentials.expiration),
        "roleArn": credentials.role_arn,
    }
