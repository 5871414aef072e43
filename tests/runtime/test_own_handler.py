"""What Lambda is pointed at behind GET /credentials, imported as Lambda does."""

import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from authorizer.errors import SettingsError
from tests.make import sample_environment
from tests.runtime.task_root import make_root
from tests.world import World

Importing = Callable[[str], ModuleType]
NAME = "authorizer.own_handler"
CALLERS = """
[roles.browser]
arn = "arn:aws:iam::123456789012:role/browser"
policies = ["s3-home"]

[callers]
roles = { editor = "browser" }
"""


@pytest.fixture
def importing(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Importing]:
    """Imports the handler anew, with these lines at the end of access.toml."""
    made: list[ModuleType] = []

    def imported(lines: str) -> ModuleType:
        root = make_root(tmp_path)
        access = root / "policies" / "access.toml"
        access.write_text(access.read_text() + lines)
        given = {
            **sample_environment(),
            "JWKS_URI": next(iter(world.local.access.settings.issuers.values())).jwks_uri,
            "LAMBDA_TASK_ROOT": str(root),
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, NAME, raising=False)
        made.append(importlib.import_module(NAME))
        return made[-1]

    yield imported
    for module in made:
        module.lambda_handler.authorizer.close()
    sys.modules.pop(NAME, None)
    gc.unfreeze()


def test_it_answers_by_the_configuration_beside_it(world: World, importing: Importing) -> None:
    context = {"accountId": "123456789012", "apiId": "a", "stage": "live", "routeKey": "GET /files"}
    sent = {
        "version": "2.0",
        "headers": {"authorization": f"Bearer {world.local.mint('editor')}"},
        "requestContext": context,
    }
    answer = importing(CALLERS).lambda_handler(sent, None)
    assert answer["statusCode"] == 200
    assert world.sts.requests[-1]["RoleArn"].endswith(":role/browser")


def test_without_anything_to_hand_out_it_does_not_start(importing: Importing) -> None:
    with pytest.raises(SettingsError, match=r"\[callers\] is missing"):
        importing("")
