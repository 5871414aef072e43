"""The sample, served as `authorizer serve` does, with some requests behind it: for whoever looks at the console."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import httpx

from authorizer.local_gateway.configured import Options
from authorizer.local_gateway.start import Started, running, started
from tests.make import ROOT

MARKUP = "/files/%3Cimg src=x onerror=alert(1)%3E"
SENT = (
    ("editor", "/files/notes.txt"),
    ("viewer", "/files"),
    ("hostile", "/data"),
    ("expired", "/data"),
    ("ambiguous", "/data"),
    ("auditor", "/tenants/globex/reports/q1"),
    ("viewer", "/data"),
    (None, "/data"),
    ("editor", MARKUP),
    ("editor", "/files"),
)
"""Who asks for what, in this order. The last is answered from the cache."""


@dataclass(frozen=True, kw_only=True)
class Showing:
    """A server with decisions to look at."""

    url: str
    made: Started
    cases: Path

    def ask(self, persona: str | None, path: str, **more: Any) -> httpx.Response:
        headers = {} if persona is None else {"Authorization": f"Bearer {self.token(persona)}"}
        return httpx.get(f"{self.url}{path}", headers={**headers, **more}, trust_env=False, timeout=60)

    def token(self, persona: str) -> str:
        local = self.made.serving.configured.local
        assert local is not None
        if persona not in TOKENS:
            TOKENS[persona] = local.mint(persona)
        return TOKENS[persona]


TOKENS: dict[str, str] = {}
"""One a persona, so that the cache has something to repeat."""


@contextmanager
def showing(folder: Path, access: Path | None = None) -> Iterator[Showing]:
    """`folder` gets a copy of the sample, which may be changed, unless `access` says which other is served."""
    if access is None:
        for name in ("policies", "events"):
            shutil.copytree(ROOT / name, folder / name)
        access = folder / "policies" / "access.toml"
    TOKENS.clear()
    options = Options(access=access)
    with (
        mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(folder / "cache")}),
        started(options, backend=None, port=0, told=lambda _: None, folder=folder / "cache") as made,
        running(made) as url,
    ):
        shown = Showing(url=url, made=made, cases=access.parent / "cases")
        for persona, path in SENT:
            shown.ask(persona, path)
        yield shown
