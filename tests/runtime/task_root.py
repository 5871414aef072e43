"""/var/task, as Lambda unpacks it."""

import shutil
from pathlib import Path

from tests.make import ROOT

POOL = 'user_pool  = "env:USER_POOL_ID"'


def make_root(folder: Path, **gateway: str) -> Path:
    """A task root with the bundled policies, whose keys come from `JWKS_URI`."""
    shutil.copytree(ROOT / "policies", folder / "policies")
    file = folder / "policies" / "access.toml"
    text = file.read_text()
    assert POOL in text
    text = text.replace(POOL, f'{POOL}\njwks_uri   = "env:JWKS_URI"')
    for old, new in gateway.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)
    return folder
