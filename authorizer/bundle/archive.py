"""A folder → a zip with the same bytes every time: sorted, one date, one permission."""

from collections.abc import Iterable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

DATE = (1980, 1, 1, 0, 0, 0)
"""The first that a zip can hold."""
MODE = 0o100644
"""A regular file that everybody may read: Lambda runs as a user of its own (Lambda Developer Guide, "Working with .zip
file archives for Python Lambda functions")."""


def pack(folder: Path, target: Path, *, prefix: str = "", only: Iterable[str] | None = None) -> None:
    """Write every file of `folder`, or those whose path begins with one of `only`, under `prefix`."""
    chosen = tuple(only) if only is not None else ("",)
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(folder.rglob("*")):
            path = file.relative_to(folder).as_posix()
            if file.is_file() and path.startswith(chosen):
                entry = ZipInfo(prefix + path, DATE)
                entry.compress_type = ZIP_DEFLATED
                entry.external_attr = MODE << 16
                entry.create_system = 3
                archive.writestr(entry, file.read_bytes())
