"""What a report is about, by digest: the files, and what the `env:` names of the configuration mean."""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from authorizer.settings.load import COMPILED, KEY_SETS, SUFFIX
from authorizer.settings.reader import ENVIRONMENT
from authorizer.syntax.toml_text import parse_toml

SECRET: Final = frozenset({"external_id", "keys", "pinned_keys"})
"""Settings whose values are no one's to see, not even as a digest: one of a short text is found by trying."""


def scope(
    access: Path,
    files: Sequence[Mapping[str, Any]],
    *,
    environment: Mapping[str, str],
    samples: Collection[str],
    parameters: Collection[str] = (),
) -> dict[str, Any]:
    """What a report is about: the `files`; the `environment`, each name of it with the SHA-256 of its value and whether
    that is the sample's (`samples`), and the names of the `parameters` that a deployment was read with, each of which
    may be secret. No value is told; of a secret not even its digest.

    `access` has been loaded with `environment`: it is TOML, and every name in it is there. Raises `OSError`.
    """
    names: dict[str, bool] = {}
    for name, is_secret in _names(parse_toml(access.read_text(encoding="utf-8")), is_secret=False):
        names[name] = names.get(name, False) or is_secret
    return {
        "files": [*files],
        "environment": [
            {
                "name": name,
                "sha256": None if names[name] else digest(environment[name].encode()),
                "sample": name in samples,
            }
            for name in sorted(names)
        ],
        "parameters": sorted(parameters),
    }


def inputs(access: Path, *, cases: Collection[Path], personas: Path) -> list[dict[str, Any]]:
    """Every file that a report is made of, each with its kind, its name from the configuration's folder, its SHA-256
    and its size in bytes. They need not load. Raises `OSError`."""
    beside = [
        *(("cases", file) for file in sorted(cases)),
        *(("personas", file) for file in (personas,) if file.exists()),
    ]
    return [*configuration(access), *(described_file(kind, file, access.parent) for kind, file in beside)]


def configuration(access: Path) -> list[dict[str, Any]]:
    """Those of them that loading `access` reads."""
    folder = access.parent
    named = [
        ("access", access),
        *(("template", file) for file in sorted((folder / "templates").glob(f"*{SUFFIX}"))),
        *(("template", file) for file in (folder / "templates" / COMPILED,) if file.exists()),
        *(("keys", file) for file in sorted((folder / KEY_SETS).glob("*.json"))),
    ]
    return [described_file(kind, file, folder) for kind, file in named]


def digest(content: bytes) -> str:
    """The SHA-256 of it, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def told(file: Path, folder: Path) -> str:
    """A file's name in a report: from the configuration's folder, or from the one above. No report names a folder of
    the machine that it was made on."""
    for root in (folder.resolve(), folder.resolve().parent):
        if file.resolve().is_relative_to(root):
            return file.resolve().relative_to(root).as_posix()
    return file.name


def described_file(kind: str, file: Path, folder: Path) -> dict[str, Any]:
    """One file, with its kind, its name from `folder`, that of the configuration, its SHA-256 and its size in bytes.
    Raises `OSError`."""
    content = file.read_bytes()
    return {"kind": kind, "name": told(file, folder), "sha256": digest(content), "bytes": len(content)}


def _names(value: object, *, is_secret: bool) -> Iterator[tuple[str, bool]]:
    if isinstance(value, str) and value.startswith(ENVIRONMENT):
        yield value.removeprefix(ENVIRONMENT), is_secret
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _names(each, is_secret=is_secret or key in SECRET)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each, is_secret=is_secret)
