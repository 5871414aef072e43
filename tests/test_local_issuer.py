"""The laptop's issuer stands in for whichever one is configured first, whatever that one signs with."""

import time
from pathlib import Path
from shutil import copytree

from authorizer.local.world import local
from authorizer.tokens.verifier import Verifier
from tests.make import ACCESS, PATIENT, PERSONAS

POOL = 'user_pool  = "env:USER_POOL_ID"\n'


async def test_a_provider_that_signs_on_a_curve_is_stood_in_for(tmp_path: Path, key_folder: Path) -> None:
    copytree(ACCESS.parent, tmp_path / "policies")
    copytree(PERSONAS.parent, tmp_path / "events")
    access = tmp_path / "policies" / ACCESS.name
    source = access.read_text()
    assert POOL in source
    provider = 'kind = "oidc"\nissuer = "https://id.example.com"\nalgorithm = "ES256"\naudiences = ["api"]\n'
    access.write_text(source.replace(POOL, provider))
    with local(access, {}, keys=key_folder) as laptop:
        person = next(name for name, one in laptop.personas.people.items() if not one.machine)
        token = laptop.mint(person, "id")
        verifier = Verifier(laptop.access.settings.issuers, laptop.access.settings.keys)
        claims = await verifier.verify(token, time.time(), PATIENT)
        await verifier.close()
    assert claims.issuer == "https://id.example.com"
