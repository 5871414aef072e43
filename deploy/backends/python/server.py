"""An HTTP backend behind an HTTP integration: the credentials arrive in headers.

Map them on the integration, with `overwrite:` so that a caller's own header never gets through:

    overwrite:header.x-vended-credentials = $context.authorizer.credentials
    overwrite:header.x-vended-sub         = $context.authorizer.sub

and let nobody but API Gateway reach this server (a VPC link). Sealed credentials prove on their own that they come from
the authorizer; plain ones prove nothing, and are refused where AUTHORIZER_SEALING_KEYS is set.

    API_ID=abc123 STAGE=prod DATA_BUCKET=… AUTHORIZER_SEALING_KEYS=… python server.py
"""

import json
import os
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

from authorizer.backend import CredentialsAbsent, CredentialsExpired, SealRefused, credentials_from_headers


class Files(BaseHTTPRequestHandler):
    """`GET /files`."""

    def do_GET(self) -> None:
        audience = f"{os.environ['API_ID']}/{os.environ['STAGE']}"
        sub = self.headers["x-vended-sub"]  # the seal says the same, or does not open
        if sub is None:
            self._answer(HTTPStatus.FORBIDDEN, {"message": "Forbidden"})
            return
        try:
            found = credentials_from_headers(self.headers, audience=audience)
        except CredentialsExpired as expired:
            self._answer(HTTPStatus.UNAUTHORIZED, {"message": str(expired)})
            return
        except (CredentialsAbsent, SealRefused):
            self._answer(HTTPStatus.FORBIDDEN, {"message": "Forbidden"})
            return
        s3 = boto3.client(
            "s3",
            aws_access_key_id=found.access_key_id,
            aws_secret_access_key=found.secret_access_key,
            aws_session_token=found.session_token,
        )
        prefix = f"home/{sub}/"
        listed = s3.list_objects_v2(Bucket=os.environ["DATA_BUCKET"], Prefix=prefix)
        self._answer(HTTPStatus.OK, {"files": [entry["Key"] for entry in listed.get("Contents", [])]})

    def _answer(self, status: HTTPStatus, body: dict[str, object]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Nothing: the headers hold credentials."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8080"))), Files).serve_forever()
