"""Lambda's init phase: loading libraries quickly, so that what they made for themselves meanwhile trusts no CA, and
leaving nothing in a snapshot."""

import _sre  # type: ignore[import-not-found]
import dataclasses
import gc
import importlib.util
import marshal
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from re import _compiler  # type: ignore[attr-defined]  # private: what is put in its place is tried on each Python
from types import CodeType
from typing import Any, Final

CERTIFICATES = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
"""Where OpenSSL looks for CAs by default (openssl-env(7))."""
AHEAD: Final = Path(__file__).with_name("ahead.bin")
"""In a bundle alone (`authorizer.bundle.ahead`)."""
HEAD: Final = importlib.util.MAGIC_NUMBER + _sre.MAGIC.to_bytes(4, "little")
"""How the file begins that this Python can read: its byte code, and its patterns."""

Texts = Mapping[str, CodeType]
"""What `dataclass` writes for a class → its code."""
Patterns = Mapping[tuple[str | bytes, int], tuple[Any, ...]]
"""A pattern and its flags → what `re` hands to its engine besides the pattern."""


@contextmanager
def compiled_ahead(file: Path = AHEAD) -> Iterator[None]:
    """Within it, imports find compiled what they would compile: the methods that `dataclass` writes as text, and
    patterns. Both together are near a quarter of a cold start, and no .pyc has them.

    A text or a pattern is taken as it stands or not at all: what is not in the file is compiled as ever. Without the
    file, or with one that another Python has made, everything is.
    """
    content = file.read_bytes() if file.exists() else b""
    texts, patterns = marshal.loads(content[len(HEAD) :]) if content.startswith(HEAD) else ({}, {})  # noqa: S302 - as a .pyc is, and beside them
    with compiling(texts, patterns):
        yield


@contextmanager
def compiling(texts: Texts, patterns: Patterns) -> Iterator[None]:
    """Within it, `dataclass` and `re` look there before they compile."""
    compile_pattern = _compiler.compile

    def run(text: str, *scopes: dict[str, Any]) -> None:
        exec(texts.get(text, text), *scopes)  # noqa: S102 - what dataclasses does there

    def pattern(text: str | bytes, flags: int = 0) -> object:
        found = patterns.get((text, flags))
        return compile_pattern(text, flags) if found is None else _sre.compile(text, *found)

    dataclasses.exec = run  # type: ignore[attr-defined]  # before the built-in one
    _compiler.compile = pattern
    try:
        yield
    finally:
        del dataclasses.exec  # type: ignore[attr-defined]
        _compiler.compile = compile_pattern


@contextmanager
def without_default_cas() -> Iterator[None]:
    """Within it, imports neither walk the garbage, of which they make none (a fifth of their time), nor read CAs.

    aiohttp reads all CAs twice when it is imported, for default TLS contexts. Those made here are without CAs and so
    trust nobody, for as long as the process lives: what would use one by mistake is refused. Key sets and STS are
    asked with `tls.context()`.
    """
    before = {name: os.environ.get(name) for name in CERTIFICATES}
    collecting = gc.isenabled()
    gc.disable()
    os.environ.update(CERTIFICATES)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if collecting:
            # What was imported lives as long as the process: later collections need not walk it either.
            gc.freeze()
            gc.enable()


def follow_snapshots(forget: Callable[[], None], restart: Callable[[], None]) -> None:
    """Where Lambda is about to take a snapshot (SnapStart): one serves many environments, so that what it holds would
    be shared, and dead sockets are no connections."""
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "snap-start":
        return
    # Lambda's managed runtimes ship this module (Lambda Developer Guide, "Runtime hooks for Lambda SnapStart").
    from snapshot_restore_py import (  # type: ignore[import-untyped]  # noqa: PLC0415 - nowhere else; it has no types
        register_after_restore,
        register_before_snapshot,
    )

    register_before_snapshot(forget)
    register_after_restore(restart)
