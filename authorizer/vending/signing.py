"""Signature Version 4 for one kind of request: a POST of a form to STS (IAM User Guide, "Create a signed AWS API
request"). A test holds it to botocore's own signer, which takes ten times as long for being able to sign anything.
"""

import hmac
import time
from functools import lru_cache
from hashlib import sha256

CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "sts"


def signed_headers(  # noqa: PLR0917 - a credential has three parts, a place has three
    body: bytes,
    host: str,
    path: str,
    region: str,
    access_key: str,
    secret_key: str,
    session_token: str | None,
    *,
    now: float,
) -> dict[str, str]:
    """The headers of the request but `Host`, which the HTTP client adds. `now` is seconds since the epoch."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    day = moment[:8]
    headers = {"Content-Type": CONTENT_TYPE, "X-Amz-Date": moment}
    canonical = f"content-type:{CONTENT_TYPE}\nhost:{host}\nx-amz-date:{moment}\n"
    names = "content-type;host;x-amz-date"
    if session_token:
        headers["X-Amz-Security-Token"] = session_token
        canonical += f"x-amz-security-token:{session_token}\n"
        names += ";x-amz-security-token"
    request = f"POST\n{path}\n\n{canonical}\n{names}\n{sha256(body).hexdigest()}"
    scope = f"{day}/{region}/{SERVICE}/aws4_request"
    text = f"{ALGORITHM}\n{moment}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(_key(secret_key, day, region), text.encode(), "sha256").hex()
    headers["Authorization"] = (
        f"{ALGORITHM} Credential={access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


@lru_cache(maxsize=2)  # the key of today, and yesterday's around midnight
def _key(secret_key: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, SERVICE, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
