"""How soon the console is painted with 10,000 decisions kept: ``python -m tests.local_gateway.first_paint``.

By the browser's own paint timing, from the beginning of the navigation, over some loads in fresh tabs.
"""

import statistics
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from authorizer.local_gateway.decisions import LENGTH, Served
from tests.browser.chromium import chromium
from tests.local_gateway.showing import showing

LOADS = 9
MOST = 200
"""Milliseconds, of the first paint on loopback."""
PAINTED = """() => new Promise((done) => {
    const look = () => {
        const [first] = performance.getEntriesByName("first-contentful-paint");
        first ? done(first.startTime) : requestAnimationFrame(look);
    };
    look();
})"""


def measured() -> list[float]:
    """Milliseconds of each load."""
    with tempfile.TemporaryDirectory() as folder, showing(Path(folder)) as shown, chromium() as browser:
        stream = shown.made.stream
        kept = stream.decisions
        while len(stream.decisions) < LENGTH:
            stream.add(partial(_again, kept[stream.count % len(kept)]))
        found = []
        for _ in range(LOADS + 1):
            tab = browser.new_page()
            tab.goto(f"{shown.url}/_console")
            found.append(float(tab.evaluate(PAINTED)))
            tab.get_by_role("button", name=str(stream.count), exact=True).wait_for()
            tab.close()
        return found[1:]  # the first starts the browser's own processes


def _again(served: Served, number: int) -> Served:
    return replace(served, number=number)


def main() -> None:
    found = measured()
    median = statistics.median(found)
    print(f"first contentful paint with {LENGTH:,} decisions kept, {LOADS} loads: ", end="")
    print(f"median {median:.0f} ms, {min(found):.0f} to {max(found):.0f} ms; at most {MOST} ms are wanted")


if __name__ == "__main__":
    main()
