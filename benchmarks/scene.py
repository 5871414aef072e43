"""What every measurement stands on: the bundled configuration, an issuer's keys, tokens, and an environment."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import botocore

from authorizer.local.issuer import LocalIssuer, keys_on_disk
from authorizer.local.personas import load_personas
from benchmarks import installs
from benchmarks.servers import serving

ROOT = Path(__file__).parent.parent
REST_TOKEN_ARN = "arn:aws:execute-api:eu-west-1:123456789012:rest0token/prod/GET/files/report.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A folder with `policies/`, and the environment in which ours and the twin run there."""

    folder: Path
    policies: Path
    issuer: LocalIssuer
    environment: dict[str, str]
    installs: installs.Installs

    def token(self, user: int, number: int = 0) -> str:
        """The `number`th ID token of the `user`th user, an editor."""
        people = load_personas(ROOT / "events" / "personas.toml").people
        persona = replace(people["editor"], sub=str(UUID(int=user)), username=f"user-{user}")
        arns = {
            name: self.environment[f"{name.upper()}_ROLE_ARN"]
            for name in ("viewer", "editor", "admin", "importer")
        }
        return self.issuer.mint(persona, "id", role_arns=arns, now=time.time() - 1 - number)

    def event(self, user: int, number: int = 0) -> dict[str, str]:
        return token_event(self.token(user, number))


def token_event(token: str) -> dict[str, str]:
    """A REST API's TOKEN event."""
    return {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": REST_TOKEN_ARN}


@contextmanager
def set_up() -> Iterator[Scene]:
    """A scene in a temporary folder, with servers without latency."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        environment = dict(load_personas(ROOT / "events" / "personas.toml").environment)
        iss = f"https://cognito-idp.eu-west-1.amazonaws.com/{environment['USER_POOL_ID']}"
        issuer = LocalIssuer(
            iss,
            client_id=environment["APP_CLIENT_ID"],
            machine_client_id=environment["MACHINE_CLIENT_ID"],
            keys=keys_on_disk(folder / "keys"),
        )
        (folder / "jwks.json").write_text(issuer.jwks())
        with serving(folder / "jwks.json") as url:
            policies = folder / "policies"
            shutil.copytree(ROOT / "policies", policies)
            access = (policies / "access.toml").read_text()
            marker = 'user_pool  = "env:USER_POOL_ID"\n'
            assert marker in access
            access = access.replace(marker, marker + 'jwks_uri   = "env:JWKS_URI"\n')
            (policies / "access.toml").write_text(access)
            environment |= {
                "PATH": os.environ.get("PATH", ""),
                "PYTHONDONTWRITEBYTECODE": "1",
                "ISSUER": iss,
                "JWKS_URI": f"{url}/jwks.json",
                "AWS_ENDPOINT_URL_STS": url,
                "AWS_DEFAULT_REGION": environment["AWS_REGION"],
                "AWS_ACCESS_KEY_ID": "ASIAEXAMPLEEXAMPLE00",
                "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "AWS_SESSION_TOKEN": "FwoGZXIvYXdzE" + "y" * 600,
                "AWS_EC2_METADATA_DISABLED": "true",
                # Loopback speaks no TLS. Ours reads 150 CAs all the same, for key sets and STS, the twin does not, and
                # on AWS both would: one CA each keeps that out of the comparison.
                **dict.fromkeys(("AWS_CA_BUNDLE", "SSL_CERT_FILE"), str(_one_authority(folder))),
            }
            made = installs.make(folder / "installs", policies / "access.toml", environment)
            yield Scene(
                folder=folder,
                policies=made.bundle / "policies",
                issuer=issuer,
                environment=environment,
                installs=made,
            )


def _one_authority(folder: Path) -> Path:
    """The first of botocore's CAs, in a file of its own."""
    end = "-----END CERTIFICATE-----\n"
    first, _, _ = (Path(botocore.__file__).parent / "cacert.pem").read_text().partition(end)
    file = folder / "ca.pem"
    file.write_text(first[first.index("-----BEGIN") :] + end)
    return file


def write_events(file: Path, events: list[dict[str, str]]) -> Path:
    file.write_text(json.dumps(events))
    return file
