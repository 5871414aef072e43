"""The sync twin: the authorizer that a competent engineer writes in an afternoon with boto3 and PyJWT.

Keys are kept, the client is made once, every check of the token that Cognito's documentation asks for is there. It has
no cache of credentials, no routes, no settings, one event shape, and says little when something fails.
"""

import json
import os
from typing import Any
from urllib.request import urlopen

import boto3
import jwt

ISSUER = os.environ["ISSUER"]
JWKS_URI = os.environ["JWKS_URI"]
CLIENT_IDS = {os.environ["APP_CLIENT_ID"], os.environ["MACHINE_CLIENT_ID"]}
BUCKET = os.environ["DATA_BUCKET"]
ROLES = {
    os.environ[name] for name in ("VIEWER_ROLE_ARN", "EDITOR_ROLE_ARN", "ADMIN_ROLE_ARN", "IMPORTER_ROLE_ARN")
}

sts = boto3.client("sts")
keys: dict[str, Any] = {}


def lambda_handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    token = event["authorizationToken"].removeprefix("Bearer ")
    kid = jwt.get_unverified_header(token)["kid"]
    if kid not in keys:
        with urlopen(JWKS_URI, timeout=5) as response:
            keys.update({str(key.key_id): key.key for key in jwt.PyJWKSet.from_json(response.read()).keys})
    claims = jwt.decode(
        token,
        keys[kid],
        algorithms=["RS256"],
        issuer=ISSUER,
        options={"require": ["exp", "iat", "sub"], "verify_aud": False},
    )
    if claims["token_use"] != "id" or claims["aud"] not in CLIENT_IDS:
        raise Exception("Unauthorized")  # noqa: TRY002 - what AWS's own samples raise
    role = claims["cognito:preferred_role"]
    if role not in ROLES:
        raise Exception("Unauthorized")  # noqa: TRY002 - what AWS's own samples raise
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
                "Resource": f"arn:aws:s3:::{BUCKET}/home/{claims['sub']}/*",
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": f"arn:aws:s3:::{BUCKET}",
                "Condition": {"StringLike": {"s3:prefix": f"home/{claims['sub']}/*"}},
            },
        ],
    }
    credentials = sts.assume_role(
        RoleArn=role,
        RoleSessionName=claims["sub"],
        Policy=json.dumps(policy),
        DurationSeconds=3600,
        Tags=[{"Key": "tenant", "Value": claims["custom:tenant_id"]}],
    )["Credentials"]
    api = event["methodArn"].split("/")
    print(json.dumps({"principal": claims["sub"], "role": role}))
    return {
        "principalId": claims["sub"],
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": f"{api[0]}/{api[1]}/*/files/*",
                }
            ],
        },
        "context": {
            "accessKeyId": credentials["AccessKeyId"],
            "secretAccessKey": credentials["SecretAccessKey"],
            "sessionToken": credentials["SessionToken"],
            "expiration": credentials["Expiration"].isoformat(),
        },
    }
