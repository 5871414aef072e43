"""The pinned libraries of the request path. They travel in the package; a user's own stand beside them.

A checkout has them in `requirements/lambda.txt`, where `make pins` writes them. A wheel is built with that file in it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name

from authorizer.errors import SettingsError

_ROW = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\=]+)\s*(?:;(?P<marker>.*?))?"
    r"(?P<hashes>(?:\s+--hash=\S+)*)\s*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One library of one version, and the digests of its files."""

    name: str
    """Normalised (PyPA, "Names and normalization")."""
    version: str
    marker: str
    """For which Pythons and machines it is (PEP 508); empty for all."""
    row: str
    """As pip reads it, on one line."""
    place: str
    """The file that it is from."""

    def is_for(self, environment: dict[str, str]) -> bool:
        """Whether it is installed where `environment` holds: the variables of PEP 508."""
        return not self.marker or Marker(self.marker).evaluate(environment)


def shipped() -> Path:
    """Where the package's own are: inside an installed one, in `requirements/` of a checkout."""
    packed = Path(__file__).with_name("lambda.txt")
    return packed if packed.is_file() else Path(__file__).parents[2] / "requirements" / "lambda.txt"


def read_pins(files: Iterable[Path]) -> tuple[Pin, ...]:
    """The libraries of all files; where two pin the same one, the later file's row counts.

    A name may have several rows of one file, each for other Pythons. Raises `SettingsError` for whatever is no row
    `NAME==VERSION --hash=…`: neither another index nor another file is followed.
    """
    found: dict[str, list[Pin]] = {}
    problems: list[str] = []
    for file in files:
        own: dict[str, list[Pin]] = {}
        for number, line in _lines(file):
            place = f"{file}:{number}"
            row = _ROW.fullmatch(line)
            marker = (row["marker"] or "").strip() if row else ""
            if row is None or not _is_marker(marker):
                problems.append(f"{place}: expected NAME==VERSION --hash=sha256:…, found {line[:80]!r}")
                continue
            name = canonicalize_name(row["name"])
            pin = Pin(name=name, version=row["version"], marker=marker, row=line, place=str(file))
            own.setdefault(name, []).append(pin)
        found |= own
    if problems:
        raise SettingsError(problems)
    return tuple(pin for _, rows in sorted(found.items()) for pin in rows)


def replaced(pins: Iterable[Pin], base: Iterable[Pin]) -> tuple[str, ...]:
    """What of `base` has another version in `pins`: `cryptography 50.0.3 in place of 50.0.2`."""
    ours = {(pin.name, pin.marker): pin.version for pin in base}
    names = {name for name, _ in ours}
    return tuple(
        f"{pin.name} {pin.version} in place of {ours.get((pin.name, pin.marker), 'others')}"
        for pin in pins
        if pin.name in names and ours.get((pin.name, pin.marker)) != pin.version
    )


def _lines(file: Path) -> list[tuple[int, str]]:
    """Logical lines with the number of their first: a backslash at the end goes on, `#` begins a comment."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{file}: cannot be read: {error}"]) from error
    found: list[tuple[int, str]] = []
    start, parts = 0, list[str]()
    for number, line in enumerate([*text.splitlines(), ""], 1):
        start = start if parts else number
        bare = re.sub(r"(^|\s)#.*", "", line).strip()
        parts.append(bare.removesuffix("\\").strip())
        if not bare.endswith("\\"):
            if whole := " ".join(filter(None, parts)):
                found.append((start, whole))
            parts = []
    return found


def _is_marker(text: str) -> bool:
    try:
        return not text or bool(Marker(text))
    except InvalidMarker:
        return False
