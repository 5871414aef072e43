"""Quick loading: nothing of it lasts, and what it leaves out is never missed."""

import gc
import importlib
import json
import os
import re
import ssl
import subprocess
import sys

import pytest

from authorizer import tls
from authorizer.startup import CERTIFICATES, without_default_cas
from authorizer.tokens.fetch import FetchFailed, HttpFetch
from tests.make import ACCESS, ROOT, sample_environment
from tests.servers.https import HttpsServer
from tests.world import AWS

NOT_LOADED = (
    # What one request does not need must not be loaded on the way to it.
    *(
        "jinja2",
        "markupsafe",
        "click",
        "rich",
        "moto",
        "joserfc",
        "hypothesis",
        "cvc5",
        "boto3.s3",
        "s3transfer",
    ),
    *("authorizer.cli", "authorizer.local", "authorizer.backend", "authorizer.bundle", "aiofiles"),
    *(
        "authorizer.engine.template.jinja",
        "authorizer.engine.prove.prove",
        "authorizer.engine.evaluate.evaluate",
    ),
    *("authorizer.engine.evaluate.explain", "authorizer.sealing.seal", "authorizer.vending.shared"),
)


def test_inside_contexts_trust_nobody_and_outside_all_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "mine.pem")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    assert gc.isenabled()
    with without_default_cas():
        assert not gc.isenabled()
        context = ssl.create_default_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert not context.get_ca_certs()
    assert gc.isenabled()
    assert os.environ["SSL_CERT_FILE"] == "mine.pem"
    assert "SSL_CERT_DIR" not in os.environ


def test_an_import_that_fails_leaves_nothing_behind() -> None:
    before = dict(os.environ)
    with pytest.raises(ModuleNotFoundError), without_default_cas():
        importlib.import_module("absent_module")
    assert gc.isenabled()
    assert dict(os.environ) == before


def test_the_one_context_checks_certificates_and_names() -> None:
    context = tls.context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert tls.context() is context


async def test_keys_come_only_from_a_certificate_that_is_trusted(https_server: HttpsServer) -> None:
    fetch = HttpFetch()
    with pytest.raises(FetchFailed, match="Certificate"):
        await fetch(https_server.url, 2.0)
    await fetch.close()


ASK = """
import json, sys
sys.modules["httpx"] = None  # as in the bundle: aiobotocore loads it wherever it finds it
import authorizer.handler as handler
import aiohttp.connector as connector
from authorizer import tls
print(json.dumps({
    "modules": sorted(sys.modules),
    "aiohttp": len(connector._SSL_CONTEXT_VERIFIED.get_ca_certs()),
    "ours": tls.context().cert_store_stats()["x509_ca"],
}))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What is there once the handler is loaded, from a folder as a bundle has it: with compiled templates."""
    folder = tmp_path_factory.mktemp("task") / "policies"
    (folder / "templates").mkdir(parents=True)
    from authorizer.settings.load import COMPILED, load

    settings, templates = load(ACCESS, sample_environment())
    pool = 'user_pool  = "env:USER_POOL_ID"\n'
    source = ACCESS.read_text()
    assert pool in source
    # Key sets are asked for at init: a closed port of this machine fails at once.
    (folder / "access.toml").write_text(source.replace(pool, f'{pool}jwks_uri = "http://127.0.0.1:9/"\n'))
    for name, source in settings.template_sources.items():
        (folder / "templates" / f"{name}.json.j2").write_text(source)
    (folder / "templates" / COMPILED).write_text(templates.dump(settings.template_sources))
    ran = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=ROOT,
        env={
            **sample_environment(),
            **AWS,
            "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9",
            "LAMBDA_TASK_ROOT": str(folder.parent),
            **{name: os.environ[name] for name in os.environ if name in ("PATH", *CERTIFICATES)},
        },
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, object] = json.loads(ran.stdout.splitlines()[-1])
    return told


def test_the_bundle_has_no_httpx() -> None:
    """Its command line and the rest of it cost a cold start 60 ms, and aiobotocore does without."""
    pins = (ROOT / "requirements" / "lambda.txt").read_text(encoding="utf-8")
    assert re.search("^httpx", pins, re.MULTILINE) is None


def test_the_handler_loads_nothing_that_a_request_does_not_need(loaded: dict[str, object]) -> None:
    modules = loaded["modules"]
    assert isinstance(modules, list)
    assert "authorizer.pipeline" in modules
    unwanted = tuple(f"{name}." for name in NOT_LOADED)
    assert not [name for name in modules if f"{name}.".startswith(unwanted)]


def test_in_lambda_the_default_contexts_trust_nobody_and_ours_the_systems_authorities(
    loaded: dict[str, object],
) -> None:
    assert loaded["aiohttp"] == 0
    system = ssl.create_default_context().cert_store_stats()["x509_ca"]
    assert loaded["ours"] == system
