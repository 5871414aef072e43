"""A third of a core, as a function of 512 MB has it (Lambda Developer Guide, "Configure Lambda function memory": one
vCPU at 1,769 MB), by the kernel's own quota."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PERIOD: Final = 20_000
"""Microseconds; Lambda's own."""
QUOTA: Final = PERIOD // 3
CGROUPS: Final = Path("/sys/fs/cgroup")


@contextmanager
def third_of_a_core(root: Path = CGROUPS) -> Iterator[Path]:
    """A control group; a process joins it by writing its number into `cgroup.procs`. Raises `OSError` where none can
    be made: it needs root, and a kernel that hands the processor's controller over."""
    whole = (root / "cgroup.controllers").exists()
    folder = (root if whole else root / "cpu") / f"authorizer-benchmark-{os.getpid()}"
    folder.mkdir()
    try:
        if whole:
            (folder / "cpu.max").write_text(f"{QUOTA} {PERIOD}")
        else:
            (folder / "cpu.cfs_period_us").write_text(str(PERIOD))
            (folder / "cpu.cfs_quota_us").write_text(str(QUOTA))
        yield folder
    finally:
        folder.rmdir()
