"""What the authorizer's context says of the credentials: flat strings, as REST APIs want them."""

from typing import TYPE_CHECKING

from authorizer.model import Credentials, RouteArn, instant

if TYPE_CHECKING:
    from authorizer.sealing.seal import Seal


def plain(credentials: Credentials) -> dict[str, str]:
    """The credentials in the clear, under the names that every AWS SDK knows."""
    return {
        "accessKeyId": credentials.access_key_id,
        "secretAccessKey": credentials.secret_access_key,
        "sessionToken": credentials.session_token,
        "expiration": instant(credentials.expiration),
        "roleArn": credentials.role_arn,
    }


def sealed(credentials: Credentials, *, seal: "Seal", route: RouteArn, principal: str) -> dict[str, str]:
    """The credentials as one JWE, for a backend of this API and stage. Raises `SealTooLarge`."""
    return {
        "credentials": seal.close(
            credentials, audience=audience(route.api_id, route.stage), principal=principal
        ),
        "expiration": instant(credentials.expiration),
        "roleArn": credentials.role_arn,
    }


def audience(api_id: str, stage: str) -> str:
    """What sealed credentials are bound to: both ends read it from their own event."""
    return f"{api_id}/{stage}"
