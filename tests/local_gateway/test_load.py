"""The short form of `python -m tests.local_gateway.load`."""

from pathlib import Path

import pytest

from tests.local_gateway.load import run, served

pytestmark = pytest.mark.slow


async def test_many_clients_at_once_get_no_wrong_verdict(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        load = await run(url, clients=50, seconds=1)
    assert load.wrong == ()
    assert set(load.answers) == {200, 401, 403}
