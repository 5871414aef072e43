"""What every test stands on: no network but loopback, and keys that are made once a run."""

import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.others import OTHERS, TESTS
from tests.servers.https import HttpsServer, https_serving
from tests.world import World, running

# No deadline: how long an example takes says how busy the machine is. `HYPOTHESIS_PROFILE=thorough` looks longer.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=50)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

# Whoever starts the suite in the background of a script hands SIGINT down ignored, and what tests start would never be
# interrupted. A handler is not handed down, so that theirs begins as it does in a terminal.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

collect_ignore = [] if OTHERS.is_dir() else [*TESTS]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def pytest_collection_finish() -> None:
    """Fourteen thousand tests are no garbage: looking through them stops the process for seconds, and servers with it,
    at which clients with a clock give up."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches for another machine fails at once, in place of hanging or, worse, succeeding."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in LOOPBACK:
            raise AssertionError(f"a test tried to connect to {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the local issuer keeps its keys for this run."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def world(key_folder: Path) -> Iterator[World]:
    """The whole authorizer on loopback with the bundled configuration."""
    with running(key_folder) as here:
        yield here


@pytest.fixture
async def https_server(tmp_path: Path) -> AsyncIterator[HttpsServer]:
    """A server that a stranger runs."""
    async with https_serving(tmp_path) as server:
        yield server
