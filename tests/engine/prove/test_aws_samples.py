"""AWS's own sample templates for tenants, of which two do not isolate: the prover says so, with a witness."""

from typing import Any

import pytest

from authorizer.engine.language.declaring import declare
from tests.engine.proving import assert_confirmed, prove_plain
from tests.library.adding import proof_of, with_kind
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


READY = {
    # Sample → the library's kind for the same service. It has none for EFS, whose sample is proven.
    "DynamoLeadingKey": "dynamodb",
    "ParameterStorePathPerTenant": "ssm",
    "S3FolderPerTenant": "s3",
    "SQSTenantQueue": "sqs",
    "SecretsManagerResourceTag": "secrets-manager",
}


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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", READY)
def test_the_library_keeps_apart_what_a_sample_lets_meet(name: str, kind: str) -> None:
    """The sample is a leak above, in the same test run; ours is proven with the same type of tenant. The one that is
    not, says so on its page: a `#` ends a tenant's name there, and `opaque` may have one."""
    proof = proof_of(READY[name], with_kind(READY[name], tenant=KINDS[kind]))
    assert proof.verdict == ("LEAK" if (name, kind) == ("DynamoLeadingKey", "opaque") else "PROVEN")
