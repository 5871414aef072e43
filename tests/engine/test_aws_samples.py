"""AWS's own sample templates for tenants, of which two do not isolate: the prover says so, with a witness."""

from typing import Any

import pytest

from authorizer.engine.language.claims import declare
from tests.engine.proving import assert_confirmed, prove_plain
from tests.others import OTHERS

SAMPLE_NAMES = (
    "DynamoLeadingKey",
    "EFSAccessPointPerTenant",
    "ParameterStorePathPerTenant",
    "S3FolderPerTenant",
    "SQSTenantQueue",
    "SecretsManagerResourceTag",
)
KINDS: dict[str, dict[str, Any]] = {
    "uuid": {"type": "uuid"},
    "slug": {"type": "slug", "max_length": 32},
    "email": {"type": "email"},
    "digits": {"type": "digits"},
    "enum": {"type": "enum", "values": ["acme", "umbrella"]},
    "opaque": {"type": "opaque"},
}
LEAKS = (
    {("DynamoLeadingKey", kind): "the key's name has a space, so that it is never present" for kind in KINDS}
    | {
        ("S3FolderPerTenant", kind): "a listing of `t1` shows `t10/`"
        for kind in ("slug", "email", "digits", "opaque")
    }
    | {("SQSTenantQueue", "opaque"): "a colon in the tenant moves the fields under `*:*`"}
)


def sample(name: str) -> str:
    text = (OTHERS / "tenant-policy-templates" / f"{name}Template.json").read_text(encoding="utf-8")
    for hole, value in (("{{bucket}}", "bucket"), ("{{table}}", "table"), ("{{tenant_path}}", "{{tenant}}")):
        text = text.replace(hole, value)
    return '{"Version": "2012-10-17", "Statement": [' + text + "]}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_the_samples_of_aws(name: str, kind: str) -> None:
    proof, render = prove_plain(sample(name), {"tenant": declare(KINDS[kind])})
    if (name, kind) in LEAKS:
        assert_confirmed(proof, render)
    else:
        assert proof.verdict == "PROVEN"
        assert proof.findings == ()
