"""The embedded AWS of local runs: moto's server for STS and IAM, on a free loopback port.

It takes any AssumeRole and ignores the session policy, so it shows what is sent and never what a policy means.
"""

import json
import logging
import os
from collections.abc import Mapping
from urllib.request import Request, urlopen

from authorizer.model import Role


class EmbeddedAws:
    """A running moto server. `environment` points AWS's SDKs at it."""

    def __init__(self, region: str) -> None:
        from moto.server import ThreadedMotoServer  # noqa: PLC0415 - a second of imports that `--aws` must not pay

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.endpoint = f"http://{host}:{port}"
        # moto keeps its state in the process: a second run in one process begins as empty as the first.
        urlopen(Request(f"{self.endpoint}/moto-api/reset", method="POST")).close()  # noqa: S310 - our own loopback
        self.environment = {
            "AWS_ENDPOINT_URL_STS": self.endpoint,
            "AWS_ENDPOINT_URL_IAM": self.endpoint,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            # moto's own convention for credentials that are none.
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        os.environ.update(self.environment)
        os.environ.pop("AWS_PROFILE", None)

    def create_roles(self, roles: Mapping[str, Role]) -> None:
        """The roles that access.toml names, each trusting the embedded account."""
        import boto3  # noqa: PLC0415 - as above

        iam = boto3.client("iam", endpoint_url=self.endpoint)
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
        }
        for role in roles.values():
            path, _, name = role.arn.partition(":role")[2].rpartition("/")
            iam.create_role(Path=f"{path}/", RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))

    def close(self) -> None:
        self._server.stop()
