"""200 clients at once, for a minute, and not one wrong verdict: `python -m tests.local_gateway.load`.

The server runs as a person starts it, in a process of its own. Each client is a persona who asks for routes in turn;
what each may is written out here, and an answer must also name the one who asked.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from typing_extensions import override

from authorizer.local.personas import load_personas
from tests.make import ROOT

CLIENTS: Final = 200
SECONDS: Final = 60.0
ROUTES: Final = (
    ("GET", "/data"),
    ("GET", "/files/a"),
    ("PUT", "/data/x"),
    ("PATCH", "/users/1"),
    ("POST", "/imports"),
)
MAY: Final[Mapping[str, str]] = {
    # Persona → what each of ROUTES is answered: 2 opened, 3 a 403, 1 a 401.
    "editor": "22233",
    "viewer": "23333",
    "auditor": "23333",
    "admin": "22223",
    "two-roles": "22223",
    "no-groups": "33333",
    "hostile": "33333",
    "expired": "11111",
    "machine": "33332",
    "nobody": "11111",
}
STATUS: Final = {"1": 401, "2": 200, "3": 403}


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it."""

    answers: Counter[int]
    wrong: tuple[str, ...]
    seconds: float

    @property
    def rate(self) -> float:
        return self.answers.total() / self.seconds

    @override
    def __str__(self) -> str:
        told = ", ".join(f"{count:,} x {status}" for status, count in sorted(self.answers.items()))
        return (
            f"{self.answers.total():,} requests in {self.seconds:.0f} s, {self.rate:,.0f} a second: {told}; "
            f"{len(self.wrong)} wrong"
        )


@contextmanager
def served(cache: Path) -> Iterator[str]:
    """The command, as a process; its URL."""
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(cache),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "authorizer", "serve", "--port", "0"]
    command += ["--backend", "tests/local_gateway/echo.py:handler"]
    log = cache / "log"
    with log.open("w") as out, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out) as process:
        try:
            until = time.monotonic() + 60
            while "sign in" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.05)
            yield log.read_text().split()[1]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


async def run(url: str, *, clients: int, seconds: float) -> Load:
    """Ask for that long."""
    people = load_personas(ROOT / "events" / "personas.toml").people
    answers: Counter[int] = Counter()
    wrong: list[str] = []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(url, connector=connector, timeout=aiohttp.ClientTimeout(60)) as session:
        tokens = {}
        for name in people:
            async with session.post("/_local/token", data={"persona": name}) as answer:
                said = await answer.json()
                tokens[name] = said.get("id_token", said["access_token"])
        subs = {name: who.sub or "1example23456789machine" for name, who in people.items()}
        begun = time.monotonic()

        async def client(number: int) -> None:
            name = list(MAY)[number % len(MAY)]
            headers = {"Authorization": f"Bearer {tokens[name]}"} if name in tokens else {}
            chosen = random.Random(number)
            while time.monotonic() < begun + seconds:
                at = chosen.randrange(len(ROUTES))
                method, path = ROUTES[at]
                async with session.request(method, path, headers=headers) as answer:
                    text = await answer.text()
                answers[answer.status] += 1
                expected = STATUS[MAY[name][at]]
                if answer.status != expected or (expected == 200 and text != subs[name]):
                    wrong.append(f"{name} {method} {path}: {answer.status} {text[:80]}, expected {expected}")

        await asyncio.gather(*(client(number) for number in range(clients)))
        return Load(answers, tuple(wrong), time.monotonic() - begun)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=CLIENTS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as url:
        load = asyncio.run(run(url, clients=chosen.clients, seconds=chosen.seconds))
    print(f"{chosen.clients} clients: {load}")
    for line in load.wrong[:20]:
        print(line)
    sys.exit(bool(load.wrong))


if __name__ == "__main__":
    main()
