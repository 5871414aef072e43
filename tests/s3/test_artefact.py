"""The function as Lambda has it: what `make package` builds, unpacked, under AWS's runtime client, and a real STS."""

import asyncio
import json
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from botocore.exceptions import ClientError

from authorizer.bundle.pythons import HERE, VERSIONS, installed
from tests.make import ROOT, sample_environment
from tests.s3.operations import BUCKET, OBJECT
from tests.s3.population import MACHINE_CALLERS, SUBJECTS, USERS
from tests.s3.stage import APP_CLIENT, POOL, ROLES, Stage, backend_event, role_arn
from tests.servers.runtime_api import ExecutionEnvironment

pytestmark = pytest.mark.s3

HOME, TENANT, READER, _, CLIENT = SUBJECTS
ERIN, OTHER = USERS[0], USERS[10]
IMPORTER = MACHINE_CALLERS[0]
RUNTIME = ("awslambdaric", "simplejson", "snapshot-restore-py")
"""What Lambda's image has under /var/runtime, and no function brings."""


@pytest.fixture(
    scope="module",
    params=[
        # Each is a build of its own: the other versions are for `make test-s3-long`.
        pytest.param(version, marks=() if version == HERE else pytest.mark.nightly)
        for version in VERSIONS
    ],
)
def version(request: pytest.FixtureRequest) -> str:
    wanted: str = request.param
    if wanted not in installed():
        pytest.skip(f"Python {wanted} is not installed: uv python install {wanted}")
    return wanted


@pytest.fixture(scope="module")
def artefact(version: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make package` builds for this machine, with the keys of a local issuer."""
    build = tmp_path_factory.mktemp("build")
    architecture = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    subprocess.run(
        [
            *("make", "--silent", "INSTALLED=", f"RUN={sys.executable}", "package"),
            *(f"BUILD={build}", f"PY={version}", f"ARCH={architecture}"),
        ],
        cwd=ROOT,
        check=True,
    )
    with ZipFile(build / "authorizer.zip") as archive:
        archive.extractall(build / "authorizer")
    access = build / "authorizer" / "policies" / "access.toml"
    pool = 'user_pool  = "env:USER_POOL_ID"'
    text = access.read_text()
    assert pool in text
    access.write_text(text.replace(pool, f'{pool}\npinned_keys = "env:KEYS"'))
    return build / "authorizer"


@pytest.fixture(scope="module")
def backend(artefact: Path) -> Path:
    """The sample backend, built beside the authorizer."""
    return artefact.parent / "backend"


@pytest.fixture(scope="module")
def runtime(version: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runtime client as the image has it, beside the function and not in it."""
    folder = tmp_path_factory.mktemp("runtime")
    pins = re.findall(
        r"^[a-z][^\n]*(?:\n    [^\n]*)*", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE
    )
    wanted = [pin for pin in pins if re.split(r"[=\[ ]", pin, maxsplit=1)[0] in RUNTIME]
    assert len(wanted) == len(RUNTIME)
    (folder / "pins.txt").write_text("\n".join(wanted))
    subprocess.run(
        [
            *(installed()[version], "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--require-hashes", "--target", folder, "-r", folder / "pins.txt"),
        ],
        check=True,
    )
    return folder


def environment(
    stage: Stage, version: str, artefact: Path, runtime: Path, *, snap_start: bool = False
) -> ExecutionEnvironment:
    variables = {
        **sample_environment(),
        **{f"{role.upper()}_ROLE_ARN": role_arn(role) for role in ROLES if role != "writer"},
        "DATA_BUCKET": BUCKET,
        "USER_POOL_ID": POOL,
        "APP_CLIENT_ID": APP_CLIENT,
        "MACHINE_CLIENT_ID": IMPORTER.sub,
        "KEYS": stage.issuers[APP_CLIENT].jwks(),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": stage.site.owner.access_key_id,
        "AWS_SECRET_ACCESS_KEY": stage.site.owner.secret_access_key,
        "AWS_ENDPOINT_URL_STS": stage.site.door.endpoint,
        "PYTHONPATH": str(runtime),
        "PYTHONNOUSERSITE": "1",
    }
    return ExecutionEnvironment(
        handler="authorizer.handler.lambda_handler",
        task_root=artefact,
        variables=variables,
        python=installed()[version],
        snap_start=snap_start,
    )


async def read(stage: Stage, response: Any, key: str) -> bytes:
    """The object, read with the credentials of an answer."""
    async with stage.client(backend_event(response)) as s3:
        return await (await s3.get_object(Bucket=BUCKET, Key=key))["Body"].read()


def test_the_artefact_vends_what_the_server_enforces(
    stage: Stage, version: str, artefact: Path, runtime: Path
) -> None:
    """Started on demand, and from a snapshot where Lambda has those: for Python 3.12 and newer."""
    assert_vends(stage, version, artefact, runtime, snap_start=False)
    if version != "3.11":
        assert_vends(stage, version, artefact, runtime, snap_start=True)


def assert_vends(stage: Stage, version: str, artefact: Path, runtime: Path, *, snap_start: bool) -> None:
    with environment(stage, version, artefact, runtime, snap_start=snap_start) as here:
        assert here.init_error is None, here.log
        if snap_start:
            assert here.restore() is None, here.log
        cold = here.invoke(stage.event(ERIN, HOME))
        assert cold.error is None, here.log
        own, others = (f"{caller.prefix(HOME)}{OBJECT}" for caller in (ERIN, OTHER))
        assert asyncio.run(read(stage, cold.response, own)) == own.encode()
        with pytest.raises(ClientError, match="AccessDenied"):
            asyncio.run(read(stage, cold.response, others))

        for caller, subject in [(user, READER) for user in USERS[::5]] + [(IMPORTER, CLIENT)]:
            warm = here.invoke(stage.event(caller, subject))
            assert warm.error is None, here.log
            key = f"{caller.prefix(subject)}{OBJECT}"
            assert asyncio.run(read(stage, warm.response, key)) == key.encode()

        asked = stage.site.door.requests
        again = here.invoke(stage.event(ERIN, HOME))
        assert again.response["context"]["accessKeyId"] == cold.response["context"]["accessKeyId"]
        assert stage.site.door.requests == asked

        forged = stage.event(ERIN, HOME)
        forged["authorizationToken"] = forged["authorizationToken"][:-8] + "AAAAAAAA"
        refused = here.invoke(forged)
        assert refused.error is not None
        assert refused.error["errorMessage"] == "Unauthorized"
        for context in (cold.response["context"], again.response["context"]):
            assert context["secretAccessKey"] not in here.log
            assert context["sessionToken"] not in here.log


def test_the_sample_backend_shows_callers_their_own_files(
    stage: Stage, version: str, artefact: Path, backend: Path, runtime: Path
) -> None:
    variables = {
        "DATA_BUCKET": BUCKET,
        "AWS_ENDPOINT_URL_S3": stage.site.gateway.endpoint,
        # The backend's own role: it may do nothing, so that all it can do is the caller's.
        "AWS_ACCESS_KEY_ID": "ASIANOBODY",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "PYTHONPATH": str(runtime),
        "PYTHONNOUSERSITE": "1",
    }
    with (
        environment(stage, version, artefact, runtime) as authorizer,
        ExecutionEnvironment(
            handler="files.lambda_handler",
            task_root=backend,
            variables=variables,
            python=installed()[version],
        ) as here,
    ):
        assert here.init_error is None, here.log
        for caller in (ERIN, OTHER):
            context = authorizer.invoke(stage.event(caller, HOME)).response
            answer = here.invoke(backend_event(context)).response
            assert answer["statusCode"] == 200, here.log
            listed = json.loads(answer["body"])["files"]
            assert f"{caller.prefix(HOME)}{OBJECT}" in listed
            assert {key.rpartition("/")[0] + "/" for key in listed} == {caller.prefix(HOME)}


def test_the_artefact_holds_what_lambda_needs_and_no_tool_of_the_laptop(
    artefact: Path, backend: Path
) -> None:
    assert not (backend / "policies").exists()
    names = {path.name for path in artefact.iterdir()}
    assert {"authorizer", "aioboto3", "jwt", "policies"} <= names
    assert not {"jinja2", "moto", "click", "rich", "pytest", "hypothesis", "awslambdaric"} & names
    assert {path.name for path in (artefact / "policies").iterdir()} == {"access.toml", "templates"}
    size = sum(file.stat().st_size for file in artefact.rglob("*") if file.is_file())
    assert size < 250_000_000  # Lambda's limit for an unpacked function
