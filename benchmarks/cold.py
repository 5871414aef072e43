"""Cold start: CPU time from the start of the process to the first answer, and the size of what is deployed.

CPU time, since a small Lambda has a fraction of a core and a cold start is all computing; and since wall clock on a
machine that does other things says more about those.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.pythons import bare_python
from benchmarks.scene import Scene, write_events
from benchmarks.table import Row, best_of

MEGABYTE = 1e6
FIRST = """
import json, os, sys
event = json.load(open(sys.argv[1]))
{load}
answer = lambda_handler(event, None)
assert "accessKeyId" in answer["context"]
os._exit(0)
"""
"""Ends at the first answer: taking the process down is no part of it."""
OURS = FIRST.format(load="from authorizer.handler import lambda_handler")
TWIN = FIRST.format(load="from benchmarks.twin import lambda_handler")


def rows(scene: Scene, rounds: int) -> Iterator[Row]:
    file = write_events(scene.folder / "first.json", [scene.event(77)])
    file.write_text(json.dumps(scene.event(77)))
    installs = scene.installs
    bundle, plain, twin = best_of(
        max(3, rounds // 3),
        lambda: _first(OURS, scene, installs.bundle, file),
        lambda: _first(OURS, scene, installs.plain, file),
        lambda: _first(TWIN, scene, installs.twin, file),
    )

    def row(key: str, what: str, peer: str, theirs: float, target: float | None) -> Row:
        return Row(
            key=key, what=what, peer=peer, unit="ms", ours=bundle * 1e3, theirs=theirs * 1e3, target=target
        )

    what = "process start to first answer, bundle: CPU"
    yield row("cold_start", what, "sync twin with its .pyc", twin, 1.0)
    yield row("cold_start_plain", what, "ours from a plain zip without .pyc", plain, 0.4)
    size = installs.bundle_bytes / MEGABYTE
    yield Row(
        key="size",
        what="zipped bundle",
        peer="pip install of the same requirements, zipped",
        unit="MB",
        ours=size,
        theirs=installs.plain_bytes / MEGABYTE,
        target=0.35,
    )
    yield Row(
        key="size_limit",
        what="zipped bundle",
        peer="ten megabytes",
        unit="MB",
        ours=size,
        theirs=10,
        target=1.0,
    )


def _first(code: str, scene: Scene, folder: Path, event: Path) -> float:
    """CPU seconds of one process."""
    environment = {**scene.environment, "PYTHONPATH": str(folder), "LAMBDA_TASK_ROOT": str(folder)}
    process = subprocess.Popen(
        [*bare_python(), "-c", code, str(event)], env=environment, cwd=folder, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("no answer: see its messages above")
    return used.ru_utime + used.ru_stime
