"""Cold start: CPU time from the start of the process to the first answer, and the size of what is deployed.

CPU time, since a small Lambda has a fraction of a core and a cold start is all computing; and since wall clock on a
machine that does other things says more about those. Wall clock on a third of a core is what a user waits for.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.pythons import bare_python
from benchmarks.scene import Scene, write_events
from benchmarks.servers import serving
from benchmarks.table import Row, Skipped, best_of
from benchmarks.throttle import third_of_a_core

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
REFERENCE = FIRST.format(load="from benchmarks.reference import lambda_handler")
LATENCY = 0.02
"""Seconds to keys and STS within a Region, with TLS."""
RESTORED = """
import json, os, sys, time
event = json.load(open(sys.argv[1]))
from authorizer.handler import lambda_handler
lambda_handler.forget()
began = time.process_time()
lambda_handler.restart()
answer = lambda_handler(event, None)
assert "accessKeyId" in answer["context"]
print(time.process_time() - began, flush=True)
os._exit(0)
"""
"""What the hooks around a snapshot do (`startup.follow_snapshots`), and the first answer."""


def rows(scene: Scene, rounds: int) -> Iterator[Row | Skipped]:
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
    restored = min(_restored(scene, file) for _ in range(max(3, rounds // 3)))
    yield Row(
        key="restore",
        what="restore from a snapshot to first answer: CPU",
        peer="cold start of the bundle",
        unit="ms",
        ours=restored * 1e3,
        theirs=bundle * 1e3,
        target=0.3,
    )
    yield from _on_a_small_function(scene, file, rounds)
    size = installs.bundle_bytes / MEGABYTE
    yield Row(
        key="size",
        what="zipped bundle",
        peer="pip install of the same requirements, zipped",
        unit="MB",
        ours=size,
        theirs=installs.plain_bytes / MEGABYTE,
        target=0.3,
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


def _on_a_small_function(scene: Scene, file: Path, rounds: int) -> Iterator[Row | Skipped]:
    """Wall clock, with keys and STS 20 ms away: what waits for them costs nothing there, what computes three times."""
    what = f"process start to first answer, a third of a core, keys and STS {LATENCY * 1000:.0f} ms away: wall clock"
    installs = scene.installs
    peers = {"cold_wall": ("sync twin", "twin", TWIN, 0.9)}
    if installs.reference is None:
        yield Skipped(key="cold_wall_reference", what=what, reason="the reference cannot be installed here")
    else:
        peers["cold_wall_reference"] = ("the serverless-SaaS reference", "reference", REFERENCE, 0.6)
    try:
        with third_of_a_core() as group, serving(scene.folder / "jwks.json", seconds=LATENCY) as url:
            away = {"AWS_ENDPOINT_URL_STS": url, "JWKS_URI": f"{url}/jwks.json"}
            ours, *theirs = best_of(
                max(3, rounds // 6),
                lambda: _wall(OURS, scene, installs.bundle, file, away, group),
                *(
                    partial(_wall, code, scene, installs.folder(subject), file, away, group)
                    for _, subject, code, _ in peers.values()
                ),
            )
    except OSError as error:
        for key in peers:
            yield Skipped(key=key, what=what, reason=f"no control group can be made here: {error.strerror}")
        return
    for (key, (peer, _, _, target)), seconds in zip(peers.items(), theirs, strict=True):
        yield Row(
            key=key, what=what, peer=peer, unit="ms", ours=ours * 1e3, theirs=seconds * 1e3, target=target
        )


def _wall(code: str, scene: Scene, folder: Path, event: Path, changes: dict[str, str], group: Path) -> float:
    """Seconds of one process, which joins the group before it begins."""
    joining = 'echo $$ > "$0" && shift 0 && exec "$@"'
    began = time.perf_counter()
    subprocess.run(
        ["/bin/sh", "-c", joining, str(group / "cgroup.procs"), *bare_python(), "-c", code, str(event)],
        env={**_environment(scene, folder), **changes},
        cwd=folder,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began


def _restored(scene: Scene, event: Path) -> float:
    """CPU seconds from the restore to the first answer."""
    folder = scene.installs.bundle
    ran = subprocess.run(
        [*bare_python(), "-c", RESTORED, str(event)],
        env=_environment(scene, folder),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ran.stdout.splitlines()[-1])


def _environment(scene: Scene, folder: Path) -> dict[str, str]:
    return {**scene.environment, "PYTHONPATH": str(folder), "LAMBDA_TASK_ROOT": str(folder)}


def _first(code: str, scene: Scene, folder: Path, event: Path) -> float:
    """CPU seconds of one process."""
    process = subprocess.Popen(
        [*bare_python(), "-c", code, str(event)],
        env=_environment(scene, folder),
        cwd=folder,
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError("no answer: see its messages above")
    return used.ru_utime + used.ru_stime
