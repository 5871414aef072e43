"""What a compiled module loses is nothing that is loaded."""

import struct
import subprocess
import sys
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from authorizer.bundle.symbols import MAGIC, strip, stripped

MODULE = Path(str(import_module("multidict._multidict").__file__))
HEADER = 64
"""Octets of an ELF file's own header."""


def segments(module: bytes) -> list[bytes]:
    """What a loader reads, as elf(5) lays it out; written apart from what is tested."""
    begin = int.from_bytes(module[32:40], "little")
    size = int.from_bytes(module[54:56], "little")
    count = int.from_bytes(module[56:58], "little")
    found = []
    for number in range(count):
        row = module[begin + number * size :]
        offset, length = int.from_bytes(row[8:16], "little"), int.from_bytes(row[32:40], "little")
        found.append(module[max(offset, HEADER) : offset + length])
    return found


def test_every_segment_is_there_octet_for_octet_and_nothing_behind_the_last() -> None:
    whole = MODULE.read_bytes()
    loaded = stripped(whole)
    assert segments(loaded) == segments(whole)
    assert len(loaded) < len(whole)
    assert loaded.endswith(max(segments(loaded), key=lambda segment: whole.rindex(segment) + len(segment)))


def test_of_its_header_it_loses_where_sections_were() -> None:
    whole = MODULE.read_bytes()
    loaded = stripped(whole)
    assert loaded[:40] == whole[:40]
    assert loaded[40:48] == bytes(8)
    assert loaded[48:58] == whole[48:58]
    assert loaded[58:64] == bytes(6)


def test_it_loads_and_works(tmp_path: Path) -> None:
    name = f"_multidict{EXTENSION_SUFFIXES[0]}"
    (tmp_path / name).write_bytes(MODULE.read_bytes())
    (tmp_path / "readme.so.txt").write_text("no module")
    gone = strip(tmp_path)
    assert gone == MODULE.stat().st_size - (tmp_path / name).stat().st_size > 0
    assert (tmp_path / "readme.so.txt").read_text() == "no module"
    code = "import _multidict; print(_multidict.__file__, _multidict.CIMultiDict(a='1')['A'])"
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == f"{tmp_path / name} 1\n"


def test_what_is_cut_is_cut_once() -> None:
    once = stripped(MODULE.read_bytes())
    assert stripped(once) == once


@pytest.mark.parametrize(
    "module",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"#!/bin/sh\n", id="a script"),
        pytest.param(b"\x7fELF\x01\x01" + bytes(100), id="a file of 32 bits"),
        pytest.param(b"\x7fELF\x02\x02" + bytes(100), id="a file with the highest octet first"),
        pytest.param(MODULE.read_bytes()[:60], id="a header that is cut short"),
        pytest.param(
            MAGIC + bytes(26) + struct.pack("<QQIHHH", 64, 0, 0, 64, 56, 2) + bytes(60),
            id="fewer program headers than it has",
        ),
    ],
)
def test_what_is_no_whole_module_stays_as_it_is(module: bytes) -> None:
    assert stripped(module) == module
