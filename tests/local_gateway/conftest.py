"""The servers that the tests of a file share.

Not one for all files: moto keeps its state in the process, and a test that resets it between two files ends what the
local AWS knows of its sessions.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from unittest import mock

import pytest

from authorizer.local.aws import EmbeddedAws
from tests.local_gateway.stage import Stage, staged
from tests.make import sample_settings


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stage]]:
    """A stage by its kind, made when it is first asked for."""
    outside = {**os.environ, "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}
    made: dict[str, Stage] = {}
    with ExitStack() as stack:
        # What an authorizer's clients are made with; nothing of it stays for other tests.
        with mock.patch.dict(os.environ, outside):
            aws = EmbeddedAws("eu-west-1", sample_settings().roles)
        stack.callback(aws.close)

        def stage(kind: str) -> Stage:
            if kind not in made:
                with mock.patch.dict(os.environ, {**outside, **aws.environment}):
                    made[kind] = stack.enter_context(staged(kind, aws, outside))
            made[kind].fresh()
            return made[kind]

        yield stage
