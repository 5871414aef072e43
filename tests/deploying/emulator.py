"""moto's server, with CloudFormation's macro for SAM, which AWS's own library expands.

moto's CloudFormation passes over authorizers, aliases and alarms: what those come to is shown with Terraform, which
calls their APIs itself.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.awslambda.models import lambda_backends
from moto.cloudformation.models import CloudFormationBackend
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.server import ThreadedMotoServer

from tests.make import ROOT

REGION = "eu-west-1"
ACCOUNT = "123456789012"
EXPAND = """
import json, sys
from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

class NoManagedPolicies:
    def load(self):
        return {}

asked = json.load(sys.stdin)
tree = yaml_parse(asked["template"])
print(json.dumps(transform(tree, asked["parameters"], NoManagedPolicies()) if "Transform" in tree else tree))
"""
"""Runs in SAM's own environment, which has the library."""


class Emulator:
    """One account in one Region, on loopback."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    def code(self, function: str) -> bytes:
        """The function's zip, as it was deployed."""
        code: bytes = lambda_backends[ACCOUNT][REGION].get_function(function).code_bytes
        return code


def expanded(template: str, parameters: dict[str, str]) -> str:
    """A template without SAM's macro."""
    python = ROOT / ".venv-deploy" / "bin" / "python"
    asked = json.dumps({"template": template, "parameters": parameters})
    done = subprocess.run(
        [python, "-c", EXPAND],
        input=asked,
        capture_output=True,
        text=True,
        env={"AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An account with nothing in it."""
    create = CloudFormationBackend.create_change_set

    def with_macro(
        self: CloudFormationBackend,
        stack_name: str,
        change_set_name: str,
        template: str,
        parameters: dict[str, str],
        *more: Any,
        **named: Any,
    ) -> tuple[str, str]:
        plain = expanded(template, parameters)
        return create(self, stack_name, change_set_name, plain, parameters, *more, **named)

    monkeypatch.setattr(CloudFormationBackend, "create_change_set", with_macro)
    BackendDict.reset()  # moto's state is the process's: what another test deployed is gone
    reset_model_data()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        here = Emulator(server.get_host_and_port()[1])
        yield here
    finally:
        server.stop()


def project(folder: Path, zip_file: bytes) -> Path:
    """A repository in which `authorizer bundle` was run."""
    (folder / "dist").mkdir()
    (folder / "dist" / "authorizer.zip").write_bytes(zip_file)
    return folder
