"""AWS Signature Version 4 of a POST to STS. Pure.

botocore signs any request of any service and takes 150 µs for it, a third of what a whole AssumeRole costs
this process; this signs one kind of request in 25 µs. A test holds it to botocore's own signature for any
body, key and time.

Source: IAM User Guide, "Create a signed AWS API request".
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Target:
    """Where the request goes, as it is signed."""

    host: str
    """The `Host` header, with its port unless that is the scheme's own."""
    path: str
    region: str


def signed_headers(
    body: bytes, target: Target, *, access_key: str, secret_key: str, token: str | None, at: datetime
) -> dict[str, str]:
    """The headers to send with `body`; `at` is the time now, in UTC."""
    stamp = at.strftime("%Y%m%dT%H%M%SZ")
    headers = {"content-type": CONTENT_TYPE, "host": target.host, "x-amz-date": stamp}
    if token:
        headers["x-amz-security-token"] = token
    names = ";".join(headers)  # in alphabetical order, as they must be
    canonical = "\n".join(
        [
            *("POST", target.path, ""),
            *(f"{name}:{value}" for name, value in headers.items()),
            *("", names, hashlib.sha256(body).hexdigest()),
        ]
    )
    scope = f"{stamp[:8]}/{target.region}/sts/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    signature = hmac.digest(
        _signing_key(secret_key, stamp[:8], target.region), to_sign.encode(), "sha256"
    ).hex()
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


@lru_cache(maxsize=4)
def _signing_key(secret_key: str, day: str, region: str) -> bytes:
    """The key of one day, Region and service: the same for every call of that day."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "sts", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
