"""The steps of a bundle, in order."""

import shutil
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from authorizer.bundle.ahead import asked
from authorizer.bundle.archive import pack
from authorizer.bundle.bytecode import compile_all
from authorizer.bundle.prune import DROPPED, SEALED, dropped
from authorizer.bundle.reach import file_of, reached
from authorizer.bundle.service_data import cut
from authorizer.bundle.symbols import strip
from authorizer.bundle.wheels import Runtime
from authorizer.errors import SettingsError
from authorizer.settings.load import COMPILED, KEY_SETS, SUFFIX
from authorizer.settings.schema import Access
from authorizer.syntax.json_text import JsonInvalid, parse_json
from authorizer.syntax.toml_text import parse_toml

LIBRARIES = "python/"
"""Where a layer for Python keeps them (Lambda Developer Guide, "Working with layers for Python Lambda functions")."""

OURS = frozenset({"authorizer", "policies"})
"""The folders that are no libraries."""
SECRET = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""The members of a JWK that nobody else may know (RFC 7518 §6.2.2, §6.3.2, §6.4.1; RFC 8037 §2)."""
SYMBOLS = "symbols and debugging information of compiled modules"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One library, or ours: files, and their bytes before and after pruning, uncompressed."""

    name: str
    files: int
    installed: int
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What was made."""

    zips: dict[Path, int]
    """Each file, and its bytes."""
    parts: tuple[Part, ...]
    dropped: dict[str, int]
    """Reason → bytes that went for it."""
    byte_code: bool = True
    """False: the runtime's Python is not here, and Lambda compiles the sources at every cold start."""
    ahead: bool = True
    """False: what imports compile besides modules is compiled at every cold start."""

    @property
    def unzipped(self) -> int:
        return sum(part.kept for part in self.parts)


def build(
    loaded: Access,
    access: Path,
    *,
    install: Callable[[Path], None],
    runtime: Runtime,
    output: Path,
    layer: bool,
) -> Bundle:
    """Make `output`, and beside it `…-layer.zip` if the libraries are to be a layer of their own.

    `loaded` is what `access` says. `install` puts the libraries into a folder. Raises `SettingsError`.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        install(folder)
        before = _sizes(folder)
        tables = parse_toml(access.read_text(encoding="utf-8"))
        gone = _prune(folder, tables)
        cut(folder / "botocore" / "data", services(tables))
        gone[SYMBOLS] = strip(folder)
        _copy_ours(folder)
        _copy_policies(loaded, access, folder)
        compiled = ""
        if runtime.interpreter is not None:
            compiled = asked(folder, runtime)
            compile_all(folder, runtime.interpreter, ours="authorizer", asked=compiled)
        if layer:
            names = {path.name for path in folder.iterdir()}
            beside = output.with_name(f"{output.stem}-layer{output.suffix}")
            pack(folder, output, only=sorted(OURS))
            pack(folder, beside, prefix=LIBRARIES, only=sorted(names - OURS))
            zips = [output, beside]
        else:
            pack(folder, output)
            zips = [output]
        return Bundle(
            zips={file: file.stat().st_size for file in zips},
            parts=_parts(before, _sizes(folder)),
            dropped=gone,
            byte_code=runtime.interpreter is not None,
            ahead=bool(compiled),
        )


SEALING = ("sealing", "private_sealing")
"""The tables of access.toml that need a JOSE library."""


def services(tables: dict[str, Any]) -> frozenset[str]:
    """The AWS services that this configuration talks to."""
    found = {"sts"}
    if "shared_cache" in tables:
        found.add("dynamodb")
    sources = {tables.get(table, {}).get("source") for table in SEALING}
    return frozenset(found | (sources & {"secretsmanager", "kms"}))


def _prune(folder: Path, tables: dict[str, Any]) -> dict[str, int]:
    rows = DROPPED if any(table in tables for table in SEALING) else (*DROPPED, *SEALED)
    sizes = _sizes(folder)
    reasons = dropped(sizes, rows)
    gone: dict[str, int] = {}
    for path, reason in reasons.items():
        gone[reason] = gone.get(reason, 0) + sizes[path]
        (folder / path).unlink()
    for place in sorted(folder.rglob("*"), reverse=True):
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()
    return gone


def _copy_ours(folder: Path) -> None:
    package = Path(__file__).parent.parent
    for name in reached(package):
        file = file_of(name, package)
        assert file is not None  # noqa: S101 - `reached` names only modules that have one
        target = folder / file.relative_to(package.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def _copy_policies(loaded: Access, access: Path, folder: Path) -> None:
    sources, target = loaded.settings.template_sources, folder / "policies"
    (target / "templates").mkdir(parents=True)
    shutil.copyfile(access, target / "access.toml")
    # From memory, and those alone that an issuer pins: the folder may hold a private key, or a link to whatever this
    # machine can read, put there by who made the pull request.
    for name, document in loaded.settings.key_sets.items():
        _check_public(access.parent / KEY_SETS / name, document)
        (target / KEY_SETS).mkdir(exist_ok=True)
        (target / KEY_SETS / name).write_text(document, encoding="utf-8")
    for name, source in sources.items():
        (target / "templates" / f"{name}{SUFFIX}").write_text(source, encoding="utf-8")
    (target / "templates" / COMPILED).write_text(loaded.templates.dump(sources), encoding="utf-8")


def _check_public(file: Path, document: str) -> None:
    """A name may lead to any file of this machine. Raises `SettingsError`, which quotes nothing of it."""
    try:
        said = parse_json(document)
    except JsonInvalid:
        said = None
    entries = said.get("keys") if isinstance(said, dict) else None
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("kty"), str) and not SECRET & entry.keys()
        for entry in entries
    ):
        raise SettingsError(
            [
                f"{file}: would go into the bundle: expected a JWKS document of public keys, such as the issuer "
                "publishes, and nothing secret beside them"
            ]
        )


def _sizes(folder: Path) -> dict[str, int]:
    return {
        file.relative_to(folder).as_posix(): file.stat().st_size
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _parts(before: dict[str, int], after: dict[str, int]) -> tuple[Part, ...]:
    def part_of(path: str) -> str:
        head, slash, _ = path.partition("/")
        return head if slash and not head.endswith(".dist-info") else "single files and licences"

    def total(sizes: dict[str, int], name: str) -> int:
        return sum(size for path, size in sizes.items() if part_of(path) == name)

    names: Collection[str] = sorted({part_of(path) for path in (*before, *after)})
    parts = [
        Part(
            name=name,
            files=sum(part_of(path) == name for path in after),
            installed=total(before, name),
            kept=total(after, name),
        )
        for name in names
    ]
    return tuple(sorted(parts, key=lambda part: -part.kept))
