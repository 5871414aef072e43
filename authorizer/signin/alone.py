"""One process at a time, for one account: of ten that find its token over, one renews it, and a sign-out is not undone
by a renewal that was under way.

An advisory lock on an empty file (flock(2)): the kernel gives it back when its holder ends, however that happens, so
that none is ever left over.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from authorizer.errors import SignInFailed

PATIENCE: Final = 40.0
"""Seconds until whoever waits gives up: a renewal asks three times, for 12 seconds each at most."""
STEP: Final = 0.05


def folder() -> Path:
    """The user's cache folder, readable by the user alone."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cognito-authorizer"


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Within it, no other process is within it for the same `name`. Raises `SignInFailed`."""
    file = folder() / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.lock"
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise SignInFailed(
            f"{file} cannot be locked: {error.strerror}: it is where commands take turns"
        ) from None
    try:
        _take(descriptor)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise SignInFailed(
                    f"another command has been renewing this sign-in for {PATIENCE:g} s: end it, or try again"
                ) from None
            time.sleep(STEP)
        else:
            return
