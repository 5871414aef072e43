"""Debian's chromium, driven by Playwright: for pages as people see them."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser of Playwright's. Ends the run where it is not installed: what was not looked at is not tested."""
    playwright: Any = importlib.import_module("playwright.sync_api")

    if not Path(CHROMIUM).exists():
        pytest.exit("the page was not tested: apt-get install --no-install-recommends chromium", returncode=1)
    playwright.expect.set_options(timeout=60_000)  # a busy machine's
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()
