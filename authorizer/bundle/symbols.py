"""Compiled modules, cut to what a loader reads: a third of them is for linkers and debuggers.

A loader maps the segments that the program headers list, and looks at nothing behind the last of them: section
headers, the symbols of static functions, and debugging information, which some wheels are published with (aiohttp's
parser: 3.3 MB, of which 0.6 MB are mapped). The code stays octet for octet what the wheel has.

Source: System V Application Binary Interface, "ELF Header", "Program Header"; elf(5).
"""

import struct
from pathlib import Path
from typing import Final

MAGIC: Final = b"\x7fELF\x02\x01"
"""A file of 64 bits, the lowest octet first: both of Lambda's processors."""
PROGRAM_HEADERS: Final = struct.Struct("<32xQ14xHH")
"""Of the file's header: where they begin, the size of each, how many."""
SEGMENT: Final = struct.Struct("<8xQ16xQ16x")
"""Of a program header: where the segment begins in the file, and how many octets of the file it has."""
SECTION_OFFSET: Final = (40, 8)
SECTION_COUNTS: Final = (58, 6)
"""Of the file's header: where section headers begin; their size, how many, and which of them has their names. All 0: a
file without any."""


def strip(folder: Path) -> int:
    """Cut every compiled module in `folder`; how many octets went."""
    gone = 0
    for file in sorted(folder.rglob("*.so*")):
        whole = file.read_bytes()
        loaded = stripped(whole)
        file.write_bytes(loaded)
        gone += len(whole) - len(loaded)
    return gone


def stripped(module: bytes) -> bytes:
    """The file without what lies behind its last segment. One of another make, or cut short, is handed back as it is:
    it is for its loader to refuse."""
    if not module.startswith(MAGIC):
        return module
    try:
        begin, size, count = PROGRAM_HEADERS.unpack_from(module)
        segments = [SEGMENT.unpack_from(module, begin + number * size) for number in range(count)]
    except struct.error:
        return module
    end = max([begin + count * size, *(offset + length for offset, length in segments)])
    loaded = bytearray(module[:end])
    for offset, length in (SECTION_OFFSET, SECTION_COUNTS):
        loaded[offset : offset + length] = bytes(length)
    return bytes(loaded)
