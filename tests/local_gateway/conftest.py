"""The servers that all tests here share: started once a run."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from authorizer.local.aws import EmbeddedAws
from tests.local_gateway.stage import Stage, staged
from tests.make import sample_settings


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stage]]:
    """A stage by its kind, made when it is first asked for."""
    outside = dict(os.environ)
    keys: Path = tmp_path_factory.mktemp("keys")
    made: dict[str, Stage] = {}
    with ExitStack() as stack:
        aws = EmbeddedAws("eu-west-1", sample_settings().roles)
        stack.callback(_put_back, outside)
        stack.callback(aws.close)

        def stage(kind: str) -> Stage:
            if kind not in made:
                made[kind] = stack.enter_context(staged(kind, aws, keys, outside))
            made[kind].fresh()
            return made[kind]

        yield stage


def _put_back(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
