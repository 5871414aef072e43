"""botocore's data, cut to the services in use: 25 MB and 400 services in, a few files out.

Files that botocore reads for every client are kept: partitions, defaults, retries. Of `endpoints.json`, 1.2 MB that are
parsed at every cold start, the services in use remain.
"""

import gzip
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

SHARED: Final = frozenset(
    {"_retry.json", "endpoints.json", "partitions.json", "sdk-default-configuration.json"}
)
KINDS: Final = frozenset({"service-2.json", "endpoint-rule-set-1.json"})
"""What a client is made of. Paginators, waiters and examples are for those who use them."""


def cut(folder: Path, services: Collection[str]) -> None:
    """Leave in `folder` (botocore's `data`) what clients of `services` read, uncompressed: a zip compresses it anyway,
    and reading it costs one step less."""
    for file in sorted(folder.rglob("*"), reverse=True):
        if file.is_dir():
            if not any(file.iterdir()):
                file.rmdir()
            continue
        inside = file.relative_to(folder)
        name = inside.name.removesuffix(".gz")
        shared = len(inside.parts) == 1 and name in SHARED
        if not shared and not (inside.parts[0] in services and name in KINDS):
            file.unlink()
        elif file.suffix == ".gz":
            file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
            file.unlink()
    endpoints = folder / "endpoints.json"
    document = json.loads(endpoints.read_text(encoding="utf-8"))
    endpoints.write_text(json.dumps(_of(document, services), separators=(",", ":")), encoding="utf-8")
    for file in sorted(folder.rglob("*.json")):
        # Minified: less to read at every cold start.
        text = json.dumps(json.loads(file.read_text(encoding="utf-8")), separators=(",", ":"))
        file.write_text(text, encoding="utf-8")


def _of(endpoints: dict[str, Any], services: Collection[str]) -> dict[str, Any]:
    partitions = [
        {
            **partition,
            "services": {name: entry for name, entry in partition["services"].items() if name in services},
        }
        for partition in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}
