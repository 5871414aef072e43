"""`authorizer.handler`, imported as Lambda's runtime imports it: what it reads, and what it registers."""

import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from authorizer.errors import SettingsError
from tests.make import sample_environment
from tests.runtime.task_root import make_root
from tests.world import World, sample_event

Importing = Callable[..., ModuleType]


@pytest.fixture
def importing(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Importing]:
    """Imports the handler anew, with the variables that a test gives it beside those of a deployment."""
    made: list[ModuleType] = []
    root = make_root(tmp_path)

    def imported(**variables: str) -> ModuleType:
        given = {
            **sample_environment(),
            "JWKS_URI": next(iter(world.local.access.settings.issuers.values())).jwks_uri,
            "LAMBDA_TASK_ROOT": str(root),
            **variables,
        }
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delitem(sys.modules, "authorizer.handler", raising=False)
        made.append(importlib.import_module("authorizer.handler"))
        return made[-1]

    yield imported
    for module in made:
        module.lambda_handler.close()
    sys.modules.pop("authorizer.handler", None)
    gc.unfreeze()


def test_it_answers_by_the_configuration_beside_it(world: World, importing: Importing) -> None:
    handler = importing().lambda_handler
    answer = handler(world.local.sign_in(sample_event("rest-token-allow")), None)
    assert answer["principalId"] == world.local.personas.people["editor"].sub


def test_another_file_may_be_named(importing: Importing) -> None:
    with pytest.raises(SettingsError, match=r"elsewhere\.toml"):
        importing(AUTHORIZER_ACCESS="elsewhere.toml")


@pytest.mark.parametrize(
    ("initialization", "registered"),
    [
        pytest.param("on-demand", [], id="an ordinary start registers nothing"),
        pytest.param("snap-start", ["forget", "restart"], id="a snapshot is forgotten, and begun anew from"),
    ],
)
def test_hooks_are_for_snapshots(
    initialization: str, registered: list[str], importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks: list[Any] = []
    lambdas = SimpleNamespace(
        register_before_snapshot=lambda hook: hooks.append(("before", hook)),
        register_after_restore=lambda hook: hooks.append(("after", hook)),
    )
    monkeypatch.setitem(sys.modules, "snapshot_restore_py", lambdas)
    handler = importing(AWS_LAMBDA_INITIALIZATION_TYPE=initialization).lambda_handler
    expected = [("before", handler.forget), ("after", handler.restart)] if registered else []
    assert hooks == expected
    assert [hook.__name__ for _, hook in hooks] == registered
